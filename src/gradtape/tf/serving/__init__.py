"""Programs written for TensorFlow, served as they stand: their imports reach gradtape.tf."""

from gradtape.tf.serving.finder import install, uninstall
from gradtape.tf.serving.ipython import load_ipython_extension, unload_ipython_extension
from gradtape.tf.serving.missing import guard, missing

__all__ = [
    "guard",
    "install",
    "load_ipython_extension",
    "missing",
    "uninstall",
    "unload_ipython_extension",
]
