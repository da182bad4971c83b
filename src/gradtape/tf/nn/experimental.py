"""``tf.nn.experimental``: its names."""

from gradtape.tf.nn.normalization import general_dropout, stateless_dropout
