"""Gather, scatter, masks, partitions, IndexedSlices."""

from __future__ import annotations

import numpy as np

import gradtape.tf
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
    tf.gather(v,[0,2])
    tf.gather(v,[0,5])
    tf.gather(v,[0,-1])
    tf.gather(x,1)
    tf.gather(x,[0.])
    tf.gather(x,[0,1],axis=1)
    tf.gather(x,[0,1],axis=-1)
    tf.gather(x,[0,1],axis=2)
    tf.gather(x,[[0,1],[1,2]],batch_dims=1)
    tf.gather(x,[[0,1],[1,2]],batch_dims=1,axis=1)
    tf.gather(x,[[0,1],[1,2]],batch_dims=-1)
    tf.gather(x,[[0,1]],batch_dims=1)
    tf.gather(x,[[0,1],[1,2]],batch_dims=2)
    tf.gather(x,[[0,1],[1,2]],batch_dims=1,axis=0)
    tf.gather_nd(x,[0,1])
    tf.gather_nd(x,[[0,1],[1,2]])
    tf.gather_nd(x,[[0],[1]])
    tf.gather_nd(x,[[0,1,2]])
    tf.gather_nd(x,[[0,7]])
    tf.gather_nd(x,[[0,-1]])
    tf.gather_nd(x,[[1],[2]],batch_dims=1)
    tf.gather_nd(x,[])
    tf.gather_nd(x,[[],[]])
    tf.gather_nd(x,tf.zeros([2,0],tf.int32))
    tf.scatter_nd([[0],[2],[0]],[1.,2.,3.],[4])
    tf.scatter_nd([[0],[5]],[1.,2.],[4])
    tf.scatter_nd([[-1]],[1.],[4])
    tf.scatter_nd([[0],[1]],[1.,2.,3.],[4])
    tf.scatter_nd([[0,1]],[1.],[2,2])
    tf.scatter_nd([0],[1.],[2])
    tf.scatter_nd([[0],[2]],[[1,1],[2,2]],[3,2])
    tf.scatter_nd([[0]],[True],[3])
    tf.tensor_scatter_nd_add(x,[[0],[0]],[[1.,1.,1.],[2.,2.,2.]])
    tf.tensor_scatter_nd_update(v,[[0],[0]],[1.,5.])
    tf.tensor_scatter_nd_update(v,[[0],[5]],[1.,5.])
    tf.tensor_scatter_nd_update(v,[[0],[-1]],[1.,5.])
    tf.tensor_scatter_nd_update(v,[[0]],[1])
    tf.tensor_scatter_nd_sub(v,[[0],[0]],[1.,5.])
    tf.tensor_scatter_nd_max(v,[[0],[0]],[1.,5.])
    tf.tensor_scatter_nd_min(v,[[0],[0]],[1.,.5])
    tf.tensor_scatter_nd_min(v,[[0],[0]],[1.,.5,3.])
    tf.boolean_mask(x,[True,False])
    tf.boolean_mask(x,[[True,False,True],[False,False,True]])
    tf.boolean_mask(x,[True,False,True],axis=1)
    tf.boolean_mask(x,[True,False,True])
    tf.boolean_mask(x,True)
    tf.boolean_mask(x,[1,0])
    tf.boolean_mask(x,[True,False],axis=5)
    tf.dynamic_partition(x,[1,0],2)
    tf.dynamic_partition(x,[1,3],2)
    tf.dynamic_partition(x,[[1,0,1],[0,0,1]],2)
    tf.dynamic_partition(x,[1,0,1],2)
    tf.dynamic_partition(x,[0,0],3)
    tf.dynamic_stitch([[0,2],[1]],[[1.,3.],[2.]])
    tf.dynamic_stitch([[0,4],[1]],[[1.,3.],[2.]])
    tf.dynamic_stitch([[0,1],[1]],[[1.,3.],[2.]])
    tf.dynamic_stitch([[0,1],1],[[[1.],[3.]],[2.]])
    tf.dynamic_stitch([[0,-1]],[[1.,2.]])
    """,
    **INPUTS,
)

MATRIX = np.array([[0.5, -1.0, 2.0], [1.5, 0.25, -0.75]], np.float32)
VECTOR = np.array([0.5, -1.0, 2.0], np.float32)

operation("gather", lambda tf, x: tf.gather(x, [1, 0, 1]) ** 3, MATRIX)
operation("gather scalar", lambda tf, x: tf.gather(x, 1) ** 3, MATRIX)
operation("gather axis", lambda tf, x: tf.gather(x, [[2, 0], [1, 1]], axis=1) ** 3, MATRIX)
operation("gather batch", lambda tf, x: tf.gather(x, [[2, 0], [1, 1]], batch_dims=1) ** 3, MATRIX)
CUBE = np.arange(24, dtype=np.float32).reshape(2, 3, 2, 2) / 10
operation(
    "gather batch axis",
    lambda tf, x: tf.gather(x, [[1, 0, 1], [0, 0, 1]], axis=2, batch_dims=1) ** 3,
    CUBE,
)
operation(
    "gather batch matrix",
    lambda tf, x: tf.gather(x, [[[1], [0]], [[0], [1]]], axis=3, batch_dims=1) ** 3,
    CUBE,
)
operation("gather_nd", lambda tf, x: tf.gather_nd(x, [[1, 0], [0, 2], [1, 0]]) ** 3, MATRIX)
operation("gather_nd rows", lambda tf, x: tf.gather_nd(x, [[1], [0], [1]]) ** 3, MATRIX)
operation(
    "gather_nd batch", lambda tf, x: tf.gather_nd(x, [[[1], [0]], [[2], [2]]], 1) ** 3, MATRIX
)
operation(
    "gather_nd batch two",
    lambda tf, x: tf.gather_nd(x, [[[1, 0], [0, 1]], [[2, 1], [2, 1]]], 1) ** 3,
    CUBE,
)
operation(
    "gather_nd all", lambda tf, x: tf.gather_nd(x, tf.zeros([2, 0], tf.int32)), MATRIX, order=0
)
operation("scatter_nd", lambda tf, u: tf.scatter_nd([[2], [0], [2]], u, [4]) ** 3, VECTOR)
operation(
    "scatter_nd matrix", lambda tf, u: tf.scatter_nd([[1, 2], [0, 0]], u, [2, 3]) ** 3, VECTOR[:2]
)
operation("scatter_nd rows", lambda tf, u: tf.scatter_nd([[2], [2]], u, [3, 3]) ** 3, MATRIX)
for kind in ("add", "sub", "max", "min"):
    operation(
        f"tensor_scatter_nd_{kind}",
        lambda tf, x, u, kind=kind: getattr(tf, f"tensor_scatter_nd_{kind}")(
            x**2, [[0, 1], [1, 2], [0, 1]], u**2
        ),
        MATRIX,
        VECTOR,
    )
    operation(
        f"tensor_scatter_nd_{kind} ties",
        lambda tf, x, u, kind=kind: (
            getattr(tf, f"tensor_scatter_nd_{kind}")(x, [[0], [1], [0], [1]], u) ** 3
        ),
        np.array([1.0, 2.0], np.float32),
        np.array([1.0, 3.0, 1.0, 3.0], np.float32),
    )
operation(
    "tensor_scatter_nd_update",
    lambda tf, x, u: tf.tensor_scatter_nd_update(x**2, [[0, 1], [1, 2]], u**2),
    MATRIX,
    VECTOR[:2],
)
operation("boolean_mask", lambda tf, x: tf.boolean_mask(x, x > 0) ** 3, MATRIX)
operation(
    "boolean_mask axis", lambda tf, x: tf.boolean_mask(x, [True, False, True], axis=1) ** 3, MATRIX
)
operation(
    "dynamic_partition", lambda tf, x: [p**3 for p in tf.dynamic_partition(x, [1, 0], 3)], MATRIX
)
operation(
    "dynamic_stitch",
    lambda tf, a, b: tf.dynamic_stitch([[0, 3], [1]], [a, b]) ** 3,
    VECTOR[:2],
    VECTOR[2:],
)
operation("getitem", lambda tf, x: x[1, ::-2] ** 3, MATRIX)
operation("getitem mask", lambda tf, x: x[x > 0] ** 3, MATRIX)
operation("getitem ellipsis", lambda tf, x: x[..., None, 1:] ** 3, MATRIX)


# -- gradients that are rows --------------------------------------------------------------------


def rows(name, function):
    """A case that asks whether the gradient with respect to a Variable is dense."""

    def run(tf):
        v = tf.Variable([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]])
        with tf.GradientTape() as tape:
            y = tf.reduce_sum(function(tf, v) * 2.0)
        return tape.gradient(y, v)

    run.__module__ = __name__
    case(f"rows {name}")(run)


rows("gather", lambda tf, v: tf.gather(v, [0, 2]))
rows("gather repeated", lambda tf, v: tf.gather(v, [2, 0, 2]))
rows("gather matrix", lambda tf, v: tf.gather(v, [[0, 1], [1, 1]]))
rows("gather scalar", lambda tf, v: tf.gather(v, 1))
rows("two gathers", lambda tf, v: tf.gather(v, [0, 2]) + tf.gather(v, [1, 1]))
rows("and dense", lambda tf, v: tf.gather(v, [0, 2]) * v[0])
rows("and the whole", lambda tf, v: tf.reduce_sum(tf.gather(v, [0, 2])) + tf.reduce_sum(v))
rows("gather axis", lambda tf, v: tf.gather(v, [0, 1], axis=1))
rows("gather_nd", lambda tf, v: tf.gather_nd(v, [[0], [1]]))
rows("gather_nd entries", lambda tf, v: tf.gather_nd(v, [[0, 1], [1, 1]]))
rows("sparse_read", lambda tf, v: v.sparse_read([0, 1]))
rows("boolean_mask", lambda tf, v: tf.boolean_mask(v, [True, False, True]))
rows("index", lambda tf, v: v[1])
rows("mask", lambda tf, v: v[tf.constant([True, False, True])])
rows("of a product", lambda tf, v: tf.gather(v * 2, [0, 2]))


def rows_of_a_constant(tf):
    x = tf.constant([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]])
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = tf.gather(x, [2, 0])
    return tape.gradient(y, x)


case()(rows_of_a_constant)

SLICES = {
    "v": lambda tf: tf.Variable([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]),
    "w": lambda tf: tf.Variable(1.0),
    "s": lambda tf: tf.IndexedSlices(
        tf.constant([[1.0, 2.0], [3.0, 4.0]]), tf.constant([0, 0]), tf.constant([3, 2])
    ),
    "far": lambda tf: tf.IndexedSlices(tf.constant([[1.0, 2.0]]), tf.constant([7])),
}
expressions(
    __name__,
    """
    tf.convert_to_tensor(s)
    tf.cast(s, tf.float64)
    -s
    s * 2
    s + 1
    s[0]
    tf.constant(1.0) * s
    tf.reduce_sum(s)
    tf.shape(s)
    tf.stack([s, s])
    s.shape
    s.dtype
    s.values
    s.indices
    s.dense_shape
    tf.is_tensor(s)
    v.assign(s)
    v.assign_add(s)
    v.assign_sub(s)
    v.scatter_sub(s)
    v.scatter_add(s)
    v.scatter_update(s)
    v.scatter_max(s)
    v.scatter_min(s)
    v.scatter_mul(s)
    v.scatter_div(s)
    v.scatter_nd_add([[0, 1]], [1.0])
    v.scatter_nd_update([[0]], [[1.0, 1.0]])
    v.scatter_nd_sub([[0]], [[1.0, 1.0]])
    v.scatter_nd_max([[0]], [[1.0, 9.0]])
    v.scatter_nd_min([[0]], [[1.0, 9.0]])
    v.scatter_add(far)
    v.scatter_update(far)
    v.scatter_add(tf.constant(1.0))
    v.scatter_nd_add([[9]], [[1.0, 1.0]])
    v.scatter_nd_add([[0]], [[1.0]])
    w.scatter_add(s)
    v.sparse_read([2, 1])
    v.sparse_read([9])
    v.gather_nd([[0, 1]])
    tf.convert_to_tensor(far)
    """,
    **SLICES,
)

OVERWRITTEN = "a value that is overwritten has no gradient"


def overwritten(name, function, *answer):
    """Gradients where positions repeat: TensorFlow gives one to what was overwritten, too."""

    def run(tf):
        a, b = tf.constant([1.0, 2.0]), tf.constant([3.0, 4.0])
        with tf.GradientTape() as tape:
            tape.watch([a, b])
            y = tf.reduce_sum(function(tf, a, b) * [1.0, 2.0])
        return [tf.convert_to_tensor(g) for g in tape.gradient(y, [a, b])]

    run.__module__ = __name__
    case(name, better=OVERWRITTEN, answer=lambda: [gradtape.tf.constant(g) for g in answer])(run)


overwritten(
    "tensor_scatter_nd_update repeated",
    lambda tf, a, b: tf.tensor_scatter_nd_update(a, [[0], [0]], b),
    [0.0, 2.0],
    [0.0, 1.0],
)
overwritten(
    "dynamic_stitch repeated",
    lambda tf, a, b: tf.dynamic_stitch([[0, 1], [1, 1]], [a, b]),
    [1.0, 0.0],
    [0.0, 2.0],
)
