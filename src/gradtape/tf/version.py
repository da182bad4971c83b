"""``tf.version``: which TensorFlow's programming interface this is."""

VERSION = "2.21.0"
"""Of the interface that is spelled here, not of gradtape (``gradtape.__version__``)."""

GIT_VERSION = f"v{VERSION}"
COMPILER_VERSION = "none"
GRAPH_DEF_VERSION = 2474
GRAPH_DEF_VERSION_MIN_CONSUMER = 0
GRAPH_DEF_VERSION_MIN_PRODUCER = 0
