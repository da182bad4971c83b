"""``tf.nn``: its names, which the files of each family define."""

from gradtape.tf.blocks import depth_to_space, space_to_batch, space_to_depth
from gradtape.tf.clipping import l2_normalize
from gradtape.tf.elementwise import sigmoid, softplus, softsign, tanh
from gradtape.tf.nn import experimental
from gradtape.tf.nn.activations import (
    crelu,
    elu,
    gelu,
    leaky_relu,
    log_softmax,
    relu,
    relu6,
    selu,
    silu,
    softmax,
    swish,
)
from gradtape.tf.nn.convolutions import (
    atrous_conv2d,
    atrous_conv2d_transpose,
    conv1d,
    conv1d_transpose,
    conv2d,
    conv2d_transpose,
    conv3d,
    conv3d_transpose,
    conv_transpose,
    convolution,
    depthwise_conv2d,
    separable_conv2d,
)
from gradtape.tf.nn.embeddings import embedding_lookup
from gradtape.tf.nn.losses import (
    compute_average_loss,
    l2_loss,
    log_poisson_loss,
    scale_regularization_loss,
    sigmoid_cross_entropy_with_logits,
    softmax_cross_entropy_with_logits,
    sparse_softmax_cross_entropy_with_logits,
    weighted_cross_entropy_with_logits,
)
from gradtape.tf.nn.normalization import (
    batch_norm_with_global_normalization,
    batch_normalization,
    bias_add,
    dropout,
    local_response_normalization,
    lrn,
    moments,
    normalize_moments,
    sufficient_statistics,
    weighted_moments,
)
from gradtape.tf.nn.pooling import (
    avg_pool,
    avg_pool1d,
    avg_pool2d,
    avg_pool3d,
    dilation2d,
    erosion2d,
    max_pool,
    max_pool1d,
    max_pool2d,
    max_pool3d,
    max_pool_with_argmax,
    pool,
)
from gradtape.tf.reductions import zero_fraction
from gradtape.tf.sorting import in_top_k, top_k
