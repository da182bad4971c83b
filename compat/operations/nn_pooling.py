"""`tf.nn`'s pooling, dilations and erosions."""

from __future__ import annotations

from typing import Any

import numpy as np

from compat.cases import expressions, operation


def numbers(*shape: int) -> Any:
    count = int(np.prod(shape))
    return (((np.arange(count) * 7) % 11 - 5) / 4).reshape(shape).astype(np.float32)


CALLS: dict[str, Any] = {
    "pool1d": ((1, 5, 1), (lambda nn, x, kind: getattr(nn, f"{kind}_pool1d")(x, 2, 2, "SAME"))),
    "pool1d overlapping": (
        (1, 4, 1),
        (lambda nn, x, kind: getattr(nn, f"{kind}_pool1d")(x, [3], [1], "VALID")),
    ),
    "pool2d": ((1, 3, 3, 2), (lambda nn, x, kind: getattr(nn, f"{kind}_pool2d")(x, 2, 1, "SAME"))),
    "pool2d valid": (
        (1, 4, 3, 1),
        (lambda nn, x, kind: getattr(nn, f"{kind}_pool2d")(x, [1, 2, 2, 1], [1, 2, 1, 1], "VALID")),
    ),
    "pool3d": (
        (1, 2, 3, 2, 1),
        (lambda nn, x, kind: getattr(nn, f"{kind}_pool3d")(x, 2, [1, 1, 2, 1, 1], "SAME")),
    ),
    "pool": (
        (1, 4, 1),
        (lambda nn, x, kind: getattr(nn, f"{kind}_pool")(x, 2, 2, "VALID")),
    ),
    "pool by name": (
        (1, 3, 3, 1),
        (lambda nn, x, kind: nn.pool(x, [2, 2], kind.upper(), padding="SAME")),
    ),
    "pool dilated": (
        (1, 4, 3, 1),
        (lambda nn, x, kind: nn.pool(x, [2, 2], kind.upper(), dilations=[2, 1])),
    ),
}

for kind in ("max", "avg"):
    for name, (shape, function) in CALLS.items():
        operation(
            f"{kind} {name}",
            lambda tf, x, kind=kind, function=function: function(tf.nn, x**2, kind),
            numbers(*shape) + 0.1,
            rtol=2e-6,
            order=1 if "3d" in name else 2,
        )
operation(
    "max_pool2d ties",
    lambda tf, x: tf.nn.max_pool2d(x, 2, 1, "SAME"),
    np.array([[1, 1, 0], [1, 1, 0]], np.float32).reshape(1, 2, 3, 1),
    order=1,
)
operation(
    "max_pool2d explicit",
    lambda tf, x: tf.nn.max_pool2d(x, 2, 2, [[0, 0], [1, 0], [0, 1], [0, 0]]),
    numbers(1, 3, 3, 1),
    order=1,
)
for name in ("dilation2d", "erosion2d"):
    operation(
        name,
        lambda tf, x, k, name=name: getattr(tf.nn, name)(
            x, k, [1, 1, 1, 1], "SAME", "NHWC", [1, 1, 1, 1]
        ),
        numbers(1, 3, 3, 1),
        numbers(2, 2, 1) / 3,
        order=1,
    )
    operation(
        f"{name} strides",
        lambda tf, x, k, name=name: getattr(tf.nn, name)(
            x, k, [1, 2, 1, 1], "VALID", "NHWC", [1, 1, 2, 1]
        ),
        numbers(1, 4, 4, 1),
        numbers(2, 2, 1) / 3,
        order=1,
    )

expressions(
    __name__,
    """
    tf.nn.max_pool2d(x,2,2,"VALID")
    tf.nn.max_pool2d(i,2,2,"VALID")
    tf.nn.avg_pool2d(i,2,2,"VALID")
    tf.nn.avg_pool2d(x,2,2,"VALID",data_format="NHWC")
    tf.nn.max_pool(x,[2,2],[1,1],"SAME")
    tf.nn.max_pool(x,[1,2,2,1],[1,2,2,1],"SAME",data_format="NHWC")
    tf.nn.max_pool(x,2,1,"OTHER")
    tf.nn.max_pool(x,9,1,"VALID")
    tf.nn.max_pool(x,0,1,"VALID")
    tf.nn.max_pool(x,[1,2],1,"VALID").shape
    tf.nn.max_pool(x,[1,2,3],1,"VALID")
    tf.nn.max_pool(x[0,0],2,1,"VALID")
    tf.nn.max_pool1d(x[0],2,1,"SAME")
    tf.nn.avg_pool1d(x[0],2,1,"SAME")
    tf.nn.avg_pool1d(x,2,1,"SAME")
    tf.nn.pool(x,[2,2],"MAX")
    tf.nn.pool(x,[2,2],"AVG",strides=[2,1],padding="SAME")
    tf.nn.pool(x,[2,2],"SUM")
    tf.nn.pool(x[0],[2],"MAX")
    tf.nn.max_pool_with_argmax(x,2,1,"SAME")
    tf.nn.max_pool_with_argmax(x,2,2,"VALID",output_dtype=tf.int32)
    tf.nn.max_pool_with_argmax(tf.concat([x,x],0),[2,2],[2,2],"VALID",include_batch_in_index=True)
    tf.nn.dilation2d(x,tf.ones([2,2,1]),[1,1,1,1],"SAME","NHWC",[1,1,1,1])
    tf.nn.dilation2d(x,tf.ones([2,2,1]),[1,1,1,1],"SAME","NCHW",[1,1,1,1])
    """,
    x=lambda tf: tf.constant(numbers(1, 3, 3, 2)),
    i=lambda tf: tf.constant(np.arange(9).reshape(1, 3, 3, 1)),
)
