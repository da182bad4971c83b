"""``tf.test``: gradients held against differences, and a `TestCase` that compares Tensors."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from gradtape.tf.dtypes import DType
from gradtape.tf.serving.missing import missing
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


def __getattr__(name: str) -> Any:
    if name == "TestCase":
        from gradtape.tf.testing import TestCase

        return TestCase
    return missing(__name__, name)


def main(argv: Any = None) -> None:
    """Run the tests of the program."""
    import unittest

    unittest.main(argv=argv)
