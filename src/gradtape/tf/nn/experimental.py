"""``tf.nn.experimental``: its names."""

from gradtape.tf.nn.normalization import stateless_dropout
