"""TensorFlow's spelling of gradtape: ``import gradtape.tf as tf``.

Names, arguments, dtypes and exceptions are those of TensorFlow 2.21; the work is done by NumPy
and gradtape's own tape.
"""

from gradtape.tf import autodiff, dtypes, errors, math, nest
from gradtape.tf.arrays import (
    bitcast,
    broadcast_dynamic_shape,
    broadcast_static_shape,
    broadcast_to,
    concat,
    ensure_shape,
    expand_dims,
    guarantee_const,
    identity,
    identity_n,
    pad,
    parallel_stack,
    rank,
    repeat,
    reshape,
    reverse,
    roll,
    shape,
    shape_n,
    size,
    split,
    squeeze,
    stack,
    strided_slice,
    tile,
    transpose,
    unravel_index,
    unstack,
    where,
)
from gradtape.tf.arrays import slice_ as slice
from gradtape.tf.blocks import (
    batch_to_space,
    reverse_sequence,
    space_to_batch,
    space_to_batch_nd,
)
from gradtape.tf.creation import (
    eye,
    fill,
    linspace,
    linspace_nd,
    meshgrid,
    one_hot,
    ones,
    ones_like,
    sequence_mask,
    zeros,
    zeros_like,
)
from gradtape.tf.creation import range_ as range
from gradtape.tf.dtypes import (
    DType,
    as_dtype,
    bool,
    complex64,
    complex128,
    double,
    float16,
    float32,
    float64,
    half,
    int8,
    int16,
    int32,
    int64,
    uint8,
    uint16,
    uint32,
    uint64,
)
from gradtape.tf.functions import function, name_scope
from gradtape.tf.indexing import (
    boolean_mask,
    dynamic_partition,
    dynamic_stitch,
    gather,
    gather_nd,
    scatter_nd,
    tensor_scatter_nd_add,
    tensor_scatter_nd_max,
    tensor_scatter_nd_min,
    tensor_scatter_nd_sub,
    tensor_scatter_nd_update,
)
from gradtape.tf.math import reduce_sum
from gradtape.tf.module import Module
from gradtape.tf.shapes import TensorShape
from gradtape.tf.sorting import argsort, searchsorted, sort, unique, unique_with_counts
from gradtape.tf.tapes import (
    GradientTape,
    UnconnectedGradients,
    custom_gradient,
    recompute_grad,
    stop_gradient,
)
from gradtape.tf.tensors import (
    IndexedSlices,
    Tensor,
    TensorSpec,
    Variable,
    cast,
    constant,
    convert_to_tensor,
    get_static_value,
    is_tensor,
    saturate_cast,
)
from gradtape.tf.variables import VariableAggregation, VariableSynchronization

newaxis = None
