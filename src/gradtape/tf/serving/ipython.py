"""``%load_ext gradtape.tf`` and ``%unload_ext gradtape.tf`` in IPython and Jupyter."""

from __future__ import annotations

from gradtape.tf.serving.finder import install, uninstall


def load_ipython_extension(ipython: object) -> None:
    """Serve ``import tensorflow`` and ``import keras`` from here on; see `install`."""
    install()


def unload_ipython_extension(ipython: object) -> None:
    """Leave ``import tensorflow`` and ``import keras`` to Python again; see `uninstall`."""
    uninstall()
