"""``tf.test.TestCase``, loaded when a program first asks for it: it needs `unittest`."""

from __future__ import annotations

import unittest
from collections.abc import Callable
from typing import Any

import numpy as np

from gradtape.tf import nest
from gradtape.tf.dtypes import DType
from gradtape.tf.policy import tensor
from gradtape.tf.serving.missing import guard


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


guard(__name__)
