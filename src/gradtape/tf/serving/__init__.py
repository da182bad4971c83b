"""Serving programs that are written for TensorFlow: their imports, as they stand, reach gradtape.tf."""

from gradtape.tf.serving.finder import install, uninstall
from gradtape.tf.serving.ipython import load_ipython_extension, unload_ipython_extension
from gradtape.tf.serving.missing import missing

__all__ = [
    "install",
    "load_ipython_extension",
    "missing",
    "uninstall",
    "unload_ipython_extension",
]
