"""Order, the largest entries, unique values."""

from __future__ import annotations

import numpy as np

from compat.cases import expressions, operation

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
    tf.sort([3.,1.,2.])
    tf.sort([3.,1.,2.],direction="DESCENDING")
    tf.sort([3.,1.,2.],direction="X")
    tf.sort(x,axis=0,direction="DESCENDING")
    tf.sort(x,axis=3)
    tf.sort(tf.constant(1.))
    tf.sort([3,1,2])
    tf.sort(tf.constant([3,1,0],tf.uint8),direction="DESCENDING")
    tf.sort(tf.constant([3,1,0],tf.uint8))
    tf.sort(b)
    tf.sort([np.nan,1.,2.])
    tf.sort([np.nan,1.,2.],direction="DESCENDING")
    tf.argsort([3.,1.,2.])
    tf.argsort([3.,1.,3.,1.],direction="DESCENDING")
    tf.argsort([3.,1.,3.,1.])
    tf.argsort([3,1,3,1])
    tf.argsort([3,1,3,1],stable=True)
    tf.argsort(tf.constant([3,1,3,1],tf.uint8))
    tf.math.top_k([1.,3.,2.,3.],2)
    tf.math.top_k(x,2)
    tf.math.top_k(x,4)
    tf.math.top_k(x,0)
    tf.math.top_k(x,-1)
    tf.math.top_k(1.)
    tf.math.top_k([[1,2],[3,1]],index_type=tf.int64)
    tf.math.top_k([np.nan,1.,2.],2)
    tf.math.in_top_k([1,2],x,2)
    tf.math.in_top_k([2,0],x,1)
    tf.math.in_top_k([2,5],x,1)
    tf.math.in_top_k([0,0],[[1.,1.,1.],[1.,2.,np.nan]],1)
    tf.unique([3,1,3,2,1])
    tf.unique([3.,1.,3.],out_idx=tf.int64)
    tf.unique([[1]])
    tf.unique_with_counts([3,1,3,2,1])
    tf.searchsorted([1.,3.,5.],[0.,3.,9.])
    tf.searchsorted([1.,3.,5.],[0.,3.,9.],side="right")
    tf.searchsorted([[1.,3.],[2.,4.]],[[2.],[2.]],out_type=tf.int64)
    tf.searchsorted([1,3],[2],side="x")
    """,
    **INPUTS,
)

MATRIX = np.array([[0.5, -1.0, 2.0], [1.5, 0.25, -0.75]], np.float32)
VECTOR = np.array([0.5, -1.0, 2.0], np.float32)

operation("sort", lambda tf, x: tf.sort(x) ** 3, MATRIX)
operation("sort axis", lambda tf, x: tf.sort(x, axis=0, direction="DESCENDING") ** 3, MATRIX)
operation("sort ties", lambda tf, x: tf.sort(x) ** 3, np.array([2, 1, 2, 1], np.float32))
operation(
    "sort ties descending",
    lambda tf, x: tf.sort(x, direction="DESCENDING") ** 3,
    np.array([2, 1, 2, 1], np.float32),
)
operation("top_k", lambda tf, x: tf.math.top_k(x, 2)[0] ** 3, MATRIX)
operation(
    "top_k ties", lambda tf, x: tf.math.top_k(x, 2).values ** 3, np.array([1, 3, 3, 3], np.float32)
)
