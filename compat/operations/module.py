"""tf.Module."""

from compat.cases import case
from compat.operations.control import attempt
from compat.operations.tapes import quietly


def models(tf):
    class Dense(tf.Module):
        def __init__(self, n, name=None):
            super().__init__(name=name)
            self.w = tf.Variable([1.0] * n, name="w")
            self.b = tf.Variable(0.0, name="b", trainable=False)

        def __call__(self, x):
            return tf.reduce_sum(self.w * x) + self.b

    class Net(tf.Module):
        def __init__(self):
            super().__init__()
            self.z = tf.Variable(0.5, name="z")
            self.layers = [Dense(2), Dense(3)]
            self.named = {"y": Dense(4), "x": (tf.Variable(1, name="x"), None, "text")}
            self.again = self.layers[0]
            self.number = 3

    return Dense, Net


@case()
def variables(tf):
    Dense, Net = models(tf)
    net = Net()
    return [
        [(v.name, v.shape) for v in net.variables],
        [(v.name, v.shape) for v in net.trainable_variables],
        [(v.name, v.shape) for v in net.non_trainable_variables],
        [type(m).__name__ for m in net.submodules],
        [m.w.shape for m in net.submodules],
        type(net.variables).__name__,
        net.name,
        Dense(1, name="own").name,
    ]


@case()
def deeper(tf):
    class Leaf(tf.Module):
        def __init__(self, label):
            super().__init__()
            self.v = tf.Variable(1.0, name=label)

    class Middle(tf.Module):
        def __init__(self, label):
            super().__init__()
            self.b = Leaf(label + "b")
            self.a = tf.Variable(1.0, name=label + "a")
            self.c = [Leaf(label + "c"), tf.Variable(1.0, name=label + "d")]

    class Top(tf.Module):
        def __init__(self):
            super().__init__()
            self.second = Middle("2")
            self.first = Middle("1")
            self.first.loop = self
            self.x = tf.Variable(1.0, name="x")
            self.shared = self.first.b

    top = Top()
    return [v.name for v in top.variables], [m.name for m in top.submodules]


@case()
def names(tf):
    class MyDenseLayer2D(tf.Module):
        pass

    class HTTPServer(tf.Module):
        pass

    class A1b(tf.Module):
        pass

    class X(tf.Module):
        pass

    return [
        MyDenseLayer2D().name,
        HTTPServer().name,
        A1b().name,
        X().name,
        tf.Module().name,
        attempt(lambda: tf.Module(name="a b").name),
        attempt(lambda: tf.Module(name="1a").name),
        attempt(lambda: tf.Module(name="").name),
        attempt(lambda: tf.Module(name="a/b").name),
        tf.Module(name="class").name,
    ]


@case()
def name_scope(tf):
    class M(tf.Module):
        @tf.Module.with_name_scope
        def __call__(self, x):
            if not hasattr(self, "w"):
                self.w = tf.Variable(2.0, name="w")
            return self.w * x

    m = M(name="m")
    y = m(tf.constant(3.0))
    with m.name_scope:
        v = tf.Variable(1.0, name="v")
    with tf.name_scope("outer"), tf.name_scope("inner"):
        u = tf.Variable(1.0, name="u")
        t = tf.Variable(1.0)
    return y, m.w.name, v.name, u.name, t.name, M.__call__.__name__, len(m.variables)


@case()
def late_variables(tf):
    m = tf.Module()
    before = len(m.variables)
    m.v = tf.Variable(1.0)
    m.nested = {"a": [tf.Variable(2.0)]}
    after = len(m.variables)
    del m.v
    return before, after, len(m.variables)


@case()
@quietly
def gradient(tf):
    _, Net = models(tf)
    net = Net()
    with tf.GradientTape() as tape:
        y = net.layers[0](tf.constant([1.0, 2.0])) * net.z
    return tape.gradient(y, net.trainable_variables)


@case()
def without_super_init(tf):
    class M(tf.Module):
        def __init__(self):
            self.v = tf.Variable(1.0)

    return len(M().variables), attempt(lambda: M().name)


@case(better="Variables are found under any keys", answer=lambda: 2)
def unsortable_dict(tf):
    m = tf.Module()
    m.d = {"a": tf.Variable(1.0), 2: tf.Variable(2.0)}
    return attempt(lambda: len(m.variables))
