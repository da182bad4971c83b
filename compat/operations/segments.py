"""Reductions over segments."""

from __future__ import annotations

import numpy as np

from compat.cases import case, expressions, operation

INPUTS = {
    "x": lambda tf: tf.constant([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]),
    "v": lambda tf: tf.Variable([1.0, 2.0, 3.0]),
    "i": lambda tf: tf.constant([1, 2, 3]),
    "b": lambda tf: tf.constant([True, False, True]),
    "c": lambda tf: tf.constant([1 + 2j]),
}

expressions(
    __name__,
    """
    tf.math.segment_sum(v,[0,0,2])
    tf.math.segment_mean(v,[0,0,2])
    tf.math.segment_max(v,[0,0,2])
    tf.math.segment_min(v,[0,0,2])
    tf.math.segment_prod(v,[0,0,2])
    tf.math.segment_max(i,[0,0,2])
    tf.math.segment_min(i,[0,0,2])
    tf.math.segment_mean(i,[0,0,2])
    tf.math.segment_sum(v,[0,2,1])
    tf.math.segment_sum(v,[0,2])
    tf.math.segment_sum(v,[[0,2,2]])
    tf.math.segment_sum(v,[-1,0,1])
    tf.math.segment_sum(v,[1,1,2])
    tf.math.segment_sum(tf.zeros([0]),tf.zeros([0],tf.int32))
    tf.math.unsorted_segment_sum(v,[0,0,2],4)
    tf.math.unsorted_segment_sum(v,[0,-1,2],4)
    tf.math.unsorted_segment_sum(v,[0,7,2],4)
    tf.math.unsorted_segment_mean(v,[0,0,2],4)
    tf.math.unsorted_segment_max(v,[0,0,2],4)
    tf.math.unsorted_segment_min(v,[0,0,2],4)
    tf.math.unsorted_segment_max(i,[0,0,2],4)
    tf.math.unsorted_segment_min(i,[0,0,2],4)
    tf.math.unsorted_segment_prod(v,[0,0,2],4)
    tf.math.unsorted_segment_sqrt_n(v,[0,0,2],4)
    tf.math.unsorted_segment_mean(i,[0,0,2],4)
    tf.math.unsorted_segment_sqrt_n(i,[0,0,2],4)
    tf.math.unsorted_segment_sum(x,[0,1],2)
    tf.math.unsorted_segment_sum(x,[[0,1,0],[1,1,1]],2)
    tf.math.unsorted_segment_sum(x,[0,1,1],2)
    tf.math.unsorted_segment_sum(x,[0,1],-1)
    tf.math.unsorted_segment_mean(x,[[0,1,0],[1,1,1]],3)
    tf.math.unsorted_segment_sum(x,0,2)
    """,
    **INPUTS,
)

MATRIX = np.array([[0.5, -1.0, 2.0], [1.5, 0.25, -0.75]], np.float32)
VECTOR = np.array([0.5, -1.0, 2.0], np.float32)

for kind in ("sum", "mean", "max", "min", "prod"):
    operation(
        f"segment_{kind}",
        lambda tf, x, kind=kind: getattr(tf.math, f"segment_{kind}")(x**2, [0, 0, 2, 2]),
        np.array([[0.5, 1], [2, 1], [0.25, 0.5], [3, 4]], np.float32),
    )
    operation(
        f"segment_{kind} ties",
        lambda tf, x, kind=kind: getattr(tf.math, f"segment_{kind}")(x, [0, 0, 0, 2]) ** 2,
        np.array([1, 2, 1, 2], np.float32),
    )
    for dtype in ("float64", "int32"):
        case(f"segment_{kind} {dtype}")(
            lambda tf, kind=kind, dtype=dtype: getattr(tf.math, f"segment_{kind}")(
                tf.constant([1, 2, 3], dtype), [0, 0, 1]
            )
        )
for kind in ("sum", "mean", "max", "min", "prod", "sqrt_n"):
    operation(
        f"unsorted_segment_{kind}",
        lambda tf, x, kind=kind: getattr(tf.math, f"unsorted_segment_{kind}")(
            x**2, [2, 0, -1, 2], 3
        ),
        np.array([[0.5, 1], [2, 1], [0.25, 0.5], [3, 4]], np.float32),
    )
    operation(
        f"unsorted_segment_{kind} matrix",
        lambda tf, x, kind=kind: getattr(tf.math, f"unsorted_segment_{kind}")(
            x**2, [[2, 0, 1], [1, 1, 2]], 3
        ),
        MATRIX,
    )
    operation(
        f"unsorted_segment_{kind} ties",
        lambda tf, x, kind=kind: (
            getattr(tf.math, f"unsorted_segment_{kind}")(x, [1, 1, 1, 0], 2) ** 2
        ),
        np.array([3, 2, 3, 2], np.float32),
    )
for kind in ("segment_prod", "unsorted_segment_prod"):
    operation(
        f"{kind} zero",
        lambda tf, x, kind=kind: getattr(tf.math, kind)(
            x, [0, 0, 1, 1], *([2] if kind[0] == "u" else [])
        ),
        np.array([0, 2, 0, 0], np.float32),
        order=1,
    )
