"""TensorFlow's spelling of gradtape: ``import gradtape.tf as tf``.

Names, arguments, dtypes and exceptions are those of TensorFlow 2.21; the work is done by NumPy
and gradtape's own tape.
"""

from gradtape.tf import (
    autodiff,
    autograph,
    compat,
    config,
    debugging,
    dtypes,
    errors,
    keras,
    linalg,
    math,
    nest,
    random,
    signal,
    test,
    train,
    version,
)
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
from gradtape.tf.blocks import batch_to_space, reverse_sequence, space_to_batch, space_to_batch_nd
from gradtape.tf.clipping import add_n, clip_by_global_norm, clip_by_norm, clip_by_value, scalar_mul
from gradtape.tf.control import (
    case,
    cond,
    foldl,
    foldr,
    map_fn,
    numpy_function,
    py_function,
    scan,
    switch_case,
    vectorized_map,
    while_loop,
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
from gradtape.tf.debugging import Assert, assert_equal, assert_greater, assert_less, assert_rank
from gradtape.tf.decompositions import eig, eigvals
from gradtape.tf.decompositions import sqrtm as matrix_square_root
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
from gradtape.tf.elementwise import (
    abs,
    acos,
    acosh,
    add,
    asin,
    asinh,
    atan,
    atan2,
    atanh,
    complex,
    cos,
    cosh,
    divide,
    equal,
    exp,
    floor,
    greater,
    greater_equal,
    less,
    less_equal,
    logical_and,
    logical_not,
    logical_or,
    maximum,
    minimum,
    multiply,
    negative,
    not_equal,
    pow,
    realdiv,
    round,
    sigmoid,
    sign,
    sin,
    sinh,
    sqrt,
    square,
    subtract,
    tan,
    tanh,
    truediv,
    truncatediv,
    truncatemod,
)
from gradtape.tf.fourier import fftnd, ifftnd, irfftnd, rfftnd
from gradtape.tf.functions import (
    control_dependencies,
    device,
    executing_eagerly,
    function,
    get_current_name_scope,
    get_logger,
    gradients,
    group,
    hessians,
    init_scope,
    inside_function,
    is_symbolic_tensor,
    no_gradient,
    no_op,
    timestamp,
    tuple,
    type_spec_from_value,
)
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
from gradtape.tf.keras import losses, optimizers
from gradtape.tf.module import Module
from gradtape.tf.printing import print
from gradtape.tf.products import einsum, matmul, norm, tensordot
from gradtape.tf.reductions import (
    argmax,
    argmin,
    cumsum,
    reduce_all,
    reduce_any,
    reduce_logsumexp,
    reduce_max,
    reduce_mean,
    reduce_min,
    reduce_prod,
    reduce_sum,
)
from gradtape.tf.scopes import name_scope
from gradtape.tf.serving import (
    guard,
    install,
    load_ipython_extension,
    uninstall,
    unload_ipython_extension,
)
from gradtape.tf.shapes import TensorShape
from gradtape.tf.sorting import argsort, searchsorted, sort, unique, unique_with_counts
from gradtape.tf.tapes import (
    GradientTape,
    UnconnectedGradients,
    custom_gradient,
    grad_pass_through,
    recompute_grad,
    stop_gradient,
)
from gradtape.tf.tensor_array import TensorArray
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
from gradtape.tf.version import VERSION as __version__

newaxis = None

guard(__name__)
