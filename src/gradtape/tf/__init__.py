"""TensorFlow's spelling of gradtape: ``import gradtape.tf as tf``.

Names, arguments, dtypes and exceptions are those of TensorFlow 2.21; the work is done by NumPy
and gradtape's own tape.
"""

from gradtape.tf import autodiff, dtypes, errors, math, nest
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
from gradtape.tf.math import reduce_sum
from gradtape.tf.module import Module
from gradtape.tf.shapes import TensorShape
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
    Variable,
    cast,
    constant,
    convert_to_tensor,
    is_tensor,
)

newaxis = None
