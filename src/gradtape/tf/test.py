"""``tf.test``: gradients held against differences, and a `TestCase` that compares Tensors."""

from __future__ import annotations

import unittest
from collections.abc import Callable
from typing import Any

import numpy as np

from gradtape.tf import nest
from gradtape.tf.dtypes import DType
from gradtape.tf.policy import tensor
from gradtape.tf.tapes import GradientTape, stop_gradient
from gradtape.tf.tensors import IndexedSlices, constant, convert_to_tensor

Jacobians = tuple[tuple[Any, ...], tuple[Any, ...]]


def compute_gradient(f: Callable[..., Any], x: Any, delta: float | None = None) -> Jacobians:
    """The Jacobians of `f` at `x`, by a tape and by central differences.

    Parameters
    ----------
    f
        A function of Tensors with one Tensor as its result.
    x
        The list of its arguments.
    delta
        How far each entry is moved; 1/1024 by default.

    Returns
    -------
    tuple of two tuples of arrays
        One matrix for each argument, of a row for each entry of the result and a column for each
        entry of the argument. A complex entry counts as two, real and imaginary part.

    Raises
    ------
    ValueError
        If `x` is not a list or tuple.

    Examples
    --------
    >>> import gradtape.tf as tf
    >>> theory, differences = tf.test.compute_gradient(tf.math.square, [3.0])
    >>> theory[0], differences[0]
    (array([[6.]], dtype=float32), array([[6.]], dtype=float32))
    """
    if not isinstance(x, (list, tuple)):
        raise ValueError(f"Give the arguments of f as a list: got {type(x).__name__}.")
    args = [convert_to_tensor(arg) for arg in x]
    step = 1.0 / 1024 if delta is None else delta
    positions = range(len(args))
    return (
        tuple(_by_tape(f, args, position) for position in positions),
        tuple(_by_differences(f, args, position, step) for position in positions),
    )


def _reals(value: Any) -> Any:
    """The entries of an array as real numbers, a complex one as two."""
    flat = np.ascontiguousarray(value).ravel()
    return flat.view(flat.real.dtype) if flat.dtype.kind == "c" else flat


def _by_tape(f: Callable[..., Any], args: list[Any], position: int) -> Any:
    """One row for each real number in the result, by one sweep each."""
    args = [stop_gradient(arg) for arg in args]
    source = args[position]
    with GradientTape(persistent=True) as tape:
        tape.watch(source)
        y = convert_to_tensor(f(*args))
    count = _reals(y.numpy()).size
    dtype: DType = source.dtype
    rows = np.zeros((count, _reals(source.numpy()).size), dtype.real_dtype.as_numpy_dtype)
    for row in range(count):
        seed = np.zeros(y.shape, y.dtype.as_numpy_dtype)
        seed.reshape(-1).view(_reals(seed).dtype)[row] = 1
        found = tape.gradient(y, source, constant(seed))
        if found is not None:
            dense = convert_to_tensor(found) if isinstance(found, IndexedSlices) else found
            rows[row] = _reals(dense.numpy())
    return rows


def _by_differences(f: Callable[..., Any], args: list[Any], position: int, delta: float) -> Any:
    """One column for each real number in the argument."""
    values = [arg.numpy() for arg in args]
    entries = _reals(np.array(values[position]))
    columns = []
    for column in range(entries.size):
        ends = []
        for sign in (1, -1):
            moved = entries.copy()
            moved[column] += sign * delta
            shifted = moved.view(values[position].dtype).reshape(np.shape(values[position]))
            given = [*values[:position], shifted, *values[position + 1 :]]
            ends.append(_reals(convert_to_tensor(f(*map(constant, given))).numpy()))
        columns.append((ends[0] - ends[1]) / ends[0].dtype.type(2 * delta))
    if not columns:
        count = _reals(convert_to_tensor(f(*args)).numpy()).size
        return np.zeros((count, 0), entries.dtype)
    return np.stack(columns, 1).astype(entries.dtype)


def is_gpu_available(cuda_only: bool = False, min_cuda_compute_capability: Any = None) -> bool:
    """Always false here."""
    return False


def gpu_device_name() -> str:
    """No name: there is no GPU here."""
    return ""


def is_built_with_cuda() -> bool:
    """Always false here."""
    return False


def is_built_with_rocm() -> bool:
    """Always false here."""
    return False


def is_built_with_gpu_support() -> bool:
    """Always false here."""
    return False


def is_built_with_xla() -> bool:
    """Always false here."""
    return False


def main(argv: Any = None) -> None:
    """Run the tests of the program."""
    unittest.main(argv=argv)


class TestCase(unittest.TestCase):
    """`unittest.TestCase` with assertions about Tensors, arrays and structures of them."""

    def evaluate(self, tensors: Any) -> Any:
        """`tensors` as arrays, in their structure."""
        return nest.map_structure(_array, tensors)

    def get_temp_dir(self) -> str:
        """A directory that lasts as long as the test."""
        import tempfile

        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        return directory.name

    def assertAllEqual(self, a: Any, b: Any, msg: Any = None) -> None:  # noqa: N802
        """Fail unless shapes and all entries are equal; NaN equals NaN."""
        self._each(a, b, lambda x, y: np.testing.assert_array_equal(x, y, _text(msg)))

    def assertNotAllEqual(self, a: Any, b: Any, msg: Any = None) -> None:  # noqa: N802
        """Fail if all entries are equal."""
        try:
            self.assertAllEqual(a, b)
        except AssertionError:
            return
        self.fail(_text(msg) or "The two are equal.")

    def assertAllClose(  # noqa: N802
        self, a: Any, b: Any, rtol: float = 1e-6, atol: float = 1e-6, msg: Any = None
    ) -> None:
        """Fail unless ``|a - b| <= atol + rtol * |b|`` everywhere."""

        def check(x: Any, y: Any) -> None:
            if x.shape != y.shape:
                raise self.failureException(f"Shapes differ: {x.shape} and {y.shape}.")
            np.testing.assert_allclose(x, y, rtol, atol, err_msg=_text(msg))

        self._each(a, b, check)

    def assertNotAllClose(self, a: Any, b: Any, **kwargs: Any) -> None:  # noqa: N802
        """Fail if `assertAllClose` would not."""
        try:
            self.assertAllClose(a, b, **kwargs)
        except AssertionError:
            return
        self.fail("The two are close.")

    def assertAllCloseAccordingToType(  # noqa: N802
        self,
        a: Any,
        b: Any,
        rtol: float = 1e-6,
        atol: float = 1e-6,
        float_rtol: float = 1e-6,
        float_atol: float = 1e-6,
        half_rtol: float = 1e-3,
        half_atol: float = 1e-3,
        bfloat16_rtol: float = 1e-2,
        bfloat16_atol: float = 1e-2,
        msg: Any = None,
    ) -> None:
        """`assertAllClose`, with the tolerances of the less precise dtype."""
        names = {_array(x).dtype.name for x in (a, b)}
        if names & {"float32", "complex64"}:
            rtol, atol = max(rtol, float_rtol), max(atol, float_atol)
        if "float16" in names:
            rtol, atol = max(rtol, half_rtol), max(atol, half_atol)
        self.assertAllClose(a, b, rtol, atol, msg)

    def assertNear(self, f1: Any, f2: Any, err: float, msg: Any = None) -> None:  # noqa: N802
        """Fail unless two numbers differ by at most `err`."""
        self.assertTrue(bool(abs(_array(f1) - _array(f2)) <= err), msg or f"{f1} is not near {f2}.")

    def assertShapeEqual(self, input_a: Any, input_b: Any, msg: Any = None) -> None:  # noqa: N802
        """Fail unless the shapes are equal."""
        self.assertEqual(_array(input_a).shape, _array(input_b).shape, msg)

    def assertDTypeEqual(self, target: Any, expected_dtype: Any) -> None:  # noqa: N802
        """Fail unless the dtype is `expected_dtype`."""
        self.assertEqual(DType(_array(target).dtype), expected_dtype)

    def assertAllGreater(self, a: Any, comparison_target: Any) -> None:  # noqa: N802
        """Fail unless all entries are greater."""
        self.assertTrue(np.all(_array(a) > comparison_target), f"{a} > {comparison_target} fails.")

    def assertAllLess(self, a: Any, comparison_target: Any) -> None:  # noqa: N802
        """Fail unless all entries are less."""
        self.assertTrue(np.all(_array(a) < comparison_target), f"{a} < {comparison_target} fails.")

    def _each(self, a: Any, b: Any, check: Callable[[Any, Any], None]) -> None:
        """`check` all leaves; lists of numbers are arrays, dicts and lists of arrays structures."""
        if isinstance(a, dict) or isinstance(b, dict):
            self.assertEqual(sorted(a), sorted(b))
            for key in a:
                self._each(a[key], b[key], check)
            return
        try:
            arrays = _array(a), _array(b)
        except ValueError:  # of different shapes: one after the other
            self.assertEqual(len(a), len(b))
            for pair in zip(a, b, strict=True):
                self._each(*pair, check)
            return
        check(*arrays)


def _array(value: Any) -> Any:
    if isinstance(value, (list, tuple)):
        return np.array([_array(part) for part in value])
    return np.asarray(tensor(value)._value if hasattr(value, "numpy") else value)


def _text(message: Any) -> str:
    return "" if message is None else str(message)
