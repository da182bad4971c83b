"""What Tensors and Variables are: operators, indices, text, updates, exceptions."""

from __future__ import annotations

import copy
import pickle

import numpy as np

import gradtape.tf
from compat.cases import case, expressions, operation

INPUTS = {
    "x": lambda tf: tf.constant([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]),
    "v": lambda tf: tf.Variable([1.0, 2.0, 3.0]),
    "i": lambda tf: tf.constant([1, 2, 3]),
    "b": lambda tf: tf.constant([True, False, True]),
    "c": lambda tf: tf.constant([1 + 2j]),
    "s": lambda tf: tf.constant(2.5),
    "n": lambda tf: tf.constant(3),
    "d": lambda tf: tf.constant(2.5, tf.float64),
    "w": lambda tf: tf.Variable(2.5),
    "z": lambda tf: tf.Variable(4),
}

expressions(
    __name__,
    """
    i/2
    n/2
    n//2
    n%2
    -n//2
    -n%2
    n**2
    n**-1
    n**2.0
    i/i
    i+1.5
    i*0.5
    1.5+i
    i<1.5
    i/2.0
    i//2
    i%2
    s//2
    -s//2
    -s%2.
    s**2
    2**s
    2.0**n
    n+True
    n*True
    b+b
    b+1
    b&b
    b|True
    ~b
    ~i
    i&i
    i|1
    i^2
    b^b
    x&x
    -b
    -i
    abs(-i)
    abs(c)
    abs(-s)
    x@x
    x@tf.transpose(x)
    s+None
    s+"a"
    s+1j
    s*np.float64(2)
    np.float64(2)*s
    s+np.ones(2)
    np.ones(2)+s
    [1.,2.,3.]+v
    v+[1.,2.,3.]
    v+[1,2,3]
    i+[1.,2.,3.]
    i+np.array([1.5,2.5,3.5])
    n+np.float32(2.5)
    np.float32(2.5)+n
    n+np.int64(2)
    np.int64(2)+n
    s+np.int64(2)
    v*np.array([1.,2.,3.])
    np.array([1.,2.,3.])*v
    np.array([1,2,3])*v
    np.array([1,2,3])/v
    x==x
    x==[1.,2.,3.]
    x==[1.,2.]
    x!=[1.,2.]
    x==None
    x!=None
    x=="a"
    s==2.5
    s==2
    n==2.5
    n==3
    n!=3
    i==[1,2,3]
    i==[1.5,2,3]
    v==v
    v==[1.,2.,3.]
    s is s
    x<2
    2<x
    x<[1.,2.,3.]
    s<None
    b<b
    c<c
    c==c
    bool(s)
    bool(n)
    bool(x)
    bool(tf.constant([]))
    bool(tf.constant([1.]))
    bool(w)
    len(x)
    len(s)
    list(v)
    list(s)
    list(x)
    [q.shape for q in x]
    int(s)
    int(n)
    int(v)
    float(s)
    float(n)
    float(x)
    float(tf.constant([1.]))
    complex(c)
    complex(s)
    list(range(n))
    [1,2,3,4][n]
    [1,2][b]
    hash(s)
    hash(v)
    s in [s]
    v in [v]
    format(s,".2f")
    f"{s:.2f}"
    f"{s}"
    f"{x}"
    f"{w}"
    "%.2f"%s
    "%d"%n
    "%s"%n
    repr(s)
    repr(x)
    repr(b)
    repr(c)
    repr(i)
    repr(n)
    repr(tf.constant(True))
    repr(tf.constant(1+2j))
    repr(tf.constant([]))
    repr(tf.zeros([2,0,3]))
    repr(tf.zeros([1,2,2]))
    repr(tf.constant(1e-8))
    repr(tf.constant(1e20))
    repr(tf.constant(float("nan")))
    repr(tf.constant([1.5,float("inf")],tf.float64))
    repr(tf.constant(1.5,tf.float16))
    str(s)
    str(x)
    str(b)
    str(tf.constant([]))
    str(tf.constant(True))
    str(tf.constant(1+2j))
    str(c)
    str(tf.zeros([2,0]))
    str(tf.zeros([1,2,2]))
    repr(v)
    str(v)
    repr(w)
    repr(z)
    x[0]
    x[0,1]
    x[-1]
    x[0][1]
    x[2]
    x[-3]
    x[0,5]
    x[0:1]
    x[5:]
    x[::-1]
    x[:,::-2]
    x[:, -1]
    x[...,0]
    x[...]
    x[None]
    x[tf.newaxis,:,0]
    x[:,None]
    x[0,0,0]
    x[...,...]
    x[b[:2]]
    x[np.array([True,False])]
    x[[True,False]]
    x[[0,1]]
    x[(0,1)]
    x[[1]]
    x[[0,1],[0,1]]
    x[i]
    x[np.array([0,1])]
    x[n]
    x[tf.constant(1)]
    x[np.int64(1)]
    x[np.array(1)]
    x[1.0]
    x[s]
    x["a"]
    x[True]
    x[tf.constant(0):tf.constant(1)]
    x[tf.constant(0):2, tf.constant(1)]
    x[0:1.5]
    x[::0]
    x[0:10:2]
    x[-10:10]
    x[x>2]
    x[tf.constant(0,tf.int64)]
    x[z-4]
    s[0]
    s[...]
    s[None]
    v[1]
    v[1:]
    v[v>1]
    v[-1]
    x[:][0]
    x.shape
    x.shape[0]
    x.shape[-1]
    x.shape.as_list()
    x.shape.rank
    x.shape==(2,3)
    x.shape==[2,3]
    x.dtype
    x.dtype.name
    x.ndim
    x.name
    x.op
    x.graph
    x.numpy()
    s.numpy()
    x.get_shape()
    x.set_shape([2,None])
    x.set_shape([3,None])
    x.ref()==x.ref()
    x.ref().deref() is x
    x.get_static_value()
    x.trainable
    max(v[0], v[1])
    min(w, 3.)
    sum([w, w])
    sum(v)
    sorted(v)
    w+w
    w+1
    1-w
    w**2
    -w
    abs(w)
    w//2
    w%2
    w/2
    w@w
    w<3
    w==2.5
    w!=2.5
    v+v[0]
    v*x
    i*n
    tf.constant(1.,tf.float16)+1.5
    tf.constant(1,tf.uint8)-2
    tf.constant(200,tf.uint8)+tf.constant(100,tf.uint8)
    tf.constant(1,tf.int16)/2
    tf.constant(1,tf.int8)/tf.constant(2,tf.int8)
    tf.constant(1,tf.uint16)/2
    tf.constant(1,tf.int64)/2
    n/0
    n//0
    n%0
    i//[0,1,1]
    s/0
    s//0.
    s%0.
    -7//n
    -7%n
    tf.constant(-7)//2
    tf.constant(-7)%3
    tf.constant(-7.5)%2
    tf.constant(7)%-3
    tf.constant(7.)%-3.
    tf.constant(2)**31
    tf.constant(2**31-1)+1
    tf.constant(0)**0
    b==True
    b==1
    b!=b
    b and True
    x+[[1.],[2.]]
    x+[1.,2.]
    x+v
    x-v
    x*np.ones((3,2))
    x+tf.zeros([2,2])
    "a"+s
    s+[None]
    s+{}
    """,
    **INPUTS,
)


def better(text, reason, answer):
    """An expression whose answer here is better than TensorFlow's."""
    code = compile(text, __name__, "eval")

    def run(tf):
        made = {name: make(tf) for name, make in INPUTS.items() if name in code.co_names}
        return eval(code, {"tf": tf, "np": np, **made})

    run.__module__ = __name__
    case(text, better=reason, answer=lambda: answer)(run)


def made(values, dtype):
    return gradtape.tf.constant(np.array(values, dtype))


MIXED = "Tensors of different dtypes are promoted as NumPy does"
better("i + v", MIXED, made([2, 4, 6], np.float64))
better("v + i", MIXED, made([2, 4, 6], np.float64))
better("d * s", MIXED, made(6.25, np.float64))
better("s - d", MIXED, made(0, np.float64))
better("n + tf.constant(1, tf.int64)", MIXED, made(4, np.int64))
better("x >= i", MIXED, made(np.ones((2, 3)), bool))
better("i == v", MIXED, made([1, 1, 1], bool))
better("tf.convert_to_tensor([s, d])", MIXED, made([2.5, 2.5], np.float64))
better("tf.concat([v, i], 0)", MIXED, made([1, 2, 3, 1, 2, 3], np.float64))
better("v.assign(i)", MIXED, made([1, 2, 3], np.float32))
better("v.assign_sub(i)", MIXED, made([0, 0, 0], np.float32))
NUMPY = "NumPy functions of Tensors give Tensors"
better("np.argmax(x)", NUMPY, made(5, np.int64))
better("np.sum(x, axis=0)", NUMPY, made([5, 7, 9], np.float32))
better("np.sin(tf.constant(0.0))", NUMPY, made(0, np.float32))
better("np.concatenate([v, np.ones(1)])", NUMPY, made([1, 2, 3, 1], np.float32))
better("np.linalg.norm(tf.constant([3.0, 4.0]))", NUMPY, made(5, np.float32))
better("np.mean(v)", NUMPY, made(2, np.float32))
better("[1.0, 2.0, 3.0] @ v", "vectors have a product", made(14, np.float32))


@case()
def in_place_is_refused_for_variables(tf):
    v = tf.Variable([1.0, 2.0])
    v += 1.0
    return v


@case()
def identity_of_a_reference(tf):
    x, y = tf.constant(1.0), tf.constant(1.0)
    return [x.ref() == x.ref(), x.ref() == y.ref(), x.ref().deref() is x, len({x.ref(), y.ref()})]


@case()
def largest_variable_is_itself(tf):
    a, b = tf.Variable(1.0), tf.Variable(2.0)
    return [max(a, b) is b, min(a, b) is a, max([a, b]) is b]


@case()
def deepcopy_of_a_variable(tf):
    v = tf.Variable([1.0, 2.0], trainable=False, name="v")
    w = copy.deepcopy(v)
    w.assign([3.0, 4.0])
    return [v, w, w.trainable, w is v]


@case()
def deepcopy_of_a_tensor(tf):
    return copy.deepcopy(tf.constant([1.0, 2.0]))


@case()
def pickled_tensor(tf):
    return pickle.loads(pickle.dumps(tf.constant([1, 2])))


@case()
def pickled_dtype(tf):
    return pickle.loads(pickle.dumps(tf.float32))


@case()
def pickled_shape(tf):
    return pickle.loads(pickle.dumps(tf.TensorShape([1, None])))


@case()
def assign_returns_what_follows(tf):
    v = tf.Variable(1.0)
    u = v.assign(2.0)
    v.assign(3.0)
    return u


@case()
def assign_inside_a_tape(tf):
    v = tf.Variable(2.0)
    with tf.GradientTape() as tape:
        y = v * v
        v.assign(5.0)
        z = y + v * v
    return tape.gradient(z, v)


@case()
def gradient_through_assign(tf):
    v, x = tf.Variable(2.0), tf.constant(3.0)
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = v.assign(x * 2.0) * 4.0
    return tape.gradient(y, [v, x])


@case()
def numpy_is_a_copy(tf):
    v = tf.Variable([1.0, 2.0])
    a = v.numpy()
    v.assign([3.0, 4.0])
    return a


@case()
def constant_is_a_copy(tf):
    a = np.array([1.0, 2.0])
    x = tf.constant(a)
    a[0] = 9.0
    return x


@case()
def lists_of_tensors_stay_connected(tf):
    v = tf.Variable(2.0)
    with tf.GradientTape() as tape:
        y = tf.convert_to_tensor([v * v, 3.0, v])
    return tape.gradient(y, v)


@case()
def casts_carry_gradients(tf):
    v = tf.Variable([2.0, 3.0])
    with tf.GradientTape(persistent=True) as tape:
        y = tf.cast(v, tf.float64) ** 2
        z = tf.cast(tf.cast(v, tf.int32), tf.float32)
        c = tf.cast(tf.cast(v, tf.complex64) * (1 + 2j), tf.float32)
    return [tape.gradient(target, v) for target in (y, z, c)]


@case(better="a Tensor may be updated in place", answer=lambda: [made([1, 9], np.float32)] * 2)
def in_place(tf):
    x = tf.constant([1.0, 2.0])
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = x * 1.0
        y[1] = 9.0
    return [y, y]


MATRIX = np.array([[0.5, -1.0, 2.0], [1.5, 0.25, -0.75]], np.float32)
for name, function in {
    "add": lambda a, b: a * a + b * b,
    "subtract": lambda a, b: a * a - b * b * b,
    "multiply": lambda a, b: a * b,
    "divide": lambda a, b: a / b,
    "power": lambda a, b: (a * a + 1) ** b,
    "reflected": lambda a, b: (2 - a) * (1 / b) + 2**a + [1.0, 2.0, 3.0] * b,
    "modulo": lambda a, b: (a * a) % b,
    "floor": lambda a, b: (a // b) * a,
    "matmul": lambda a, b: a @ [[1.0], [2.0], [3.0]] * b,
    "negative": lambda a, b: -a * abs(b),
    "iterate": lambda a, b: sum(row * row for row in a) * b[0],
}.items():
    operation(name, lambda tf, a, b, function=function: function(a, b), MATRIX, MATRIX + 3)
