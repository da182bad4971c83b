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
    math,
    nest,
    test,
    train,
    version,
)
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
from gradtape.tf.debugging import Assert, assert_equal, assert_greater, assert_less, assert_rank
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
from gradtape.tf.functions import (
    TensorSpec,
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
from gradtape.tf.math import reduce_sum
from gradtape.tf.module import Module
from gradtape.tf.printing import print
from gradtape.tf.scopes import name_scope
from gradtape.tf.serving import (
    guard,
    install,
    load_ipython_extension,
    uninstall,
    unload_ipython_extension,
)
from gradtape.tf.shapes import TensorShape
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
    Variable,
    cast,
    constant,
    convert_to_tensor,
    is_tensor,
)
from gradtape.tf.version import VERSION as __version__

newaxis = None

guard(__name__)
