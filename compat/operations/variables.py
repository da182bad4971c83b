"""Variables: what they are made of, what they say of themselves, assignments."""

from __future__ import annotations

from compat.cases import expressions
from compat.operations.values import INPUTS

expressions(
    __name__,
    """
    repr(tf.Variable([[1,2],[3,4]],name="m"))
    repr(tf.Variable(True))
    repr(tf.Variable([True]))
    repr(tf.Variable(1.,trainable=False,name="q"))
    repr(tf.Variable(np.zeros((0,2))))
    repr(tf.Variable(1+2j))
    x.assign(x)
    v.trainable
    v.name
    v.shape
    v.dtype
    v.numpy()
    v.value()
    v.read_value()
    v.constraint
    v.op
    v.graph
    v.get_shape()
    v.ref()==v.ref()
    v.set_shape([3])
    v.assign([1.,2.])
    v.assign(1.)
    v.assign("a")
    v.assign(None)
    v.assign([1.,2.,3.],read_value=False)
    v.assign_add(1.)
    v.assign_add([1.,2.])
    z.assign(5.5)
    z.assign_add(1.0)
    z.assign(tf.constant(2.))
    w.assign([3.])
    tf.Variable()
    tf.Variable(None)
    tf.Variable(lambda: 3.)
    tf.Variable(lambda: [1,2], dtype=tf.float32)
    tf.Variable(1)
    tf.Variable(1, dtype=tf.float32)
    tf.Variable(1.5, dtype=tf.int32)
    tf.Variable(np.float64(1))
    tf.Variable([1., 2.], shape=[2])
    tf.Variable([1., 2.], shape=[None])
    tf.Variable([1., 2.], shape=[None]).shape
    tf.Variable([1., 2.], shape=[None]).assign([[1.]])
    tf.Variable([1., 2.], shape=[3])
    tf.Variable([1., 2.], name="a/b").name
    tf.Variable(s)
    tf.Variable(w)
    tf.Variable([[1,2],[3]])
    tf.Variable(1., constraint=3)
    tf.Variable(1., constraint=lambda x: x).constraint is None
    tf.Variable(1., trainable=None).trainable
    tf.Variable(1, trainable=None).trainable
    max(w, tf.Variable(1.)) is w
    """,
    **INPUTS,
)
