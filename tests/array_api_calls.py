"""Calls of every function of the array API standard, as data."""

from __future__ import annotations

import inspect
from typing import Any

import array_api_strict as strict
import numpy as np

from gradtape.core.domains import Call, call, draw, positive, real_only
from gradtape.core.rules import RULES, Elementwise


class DType:
    """A dtype by its name, which each namespace spells its own way."""

    def __init__(self, name: str) -> None:
        self.name = name


F32, F64, C128 = DType("float32"), DType("float64"), DType("complex128")
S, V, M, T = draw(), draw(3), draw(2, 3), draw(2, 3, 2)
RV, RM, RT = (draw(*shape, domain=real_only) for shape in ((3,), (2, 3), (2, 3, 2)))
NUMBERS = np.array([[3, 1, 2], [1, 2, 1]])
DEFINITE = np.array([[[2.0, 1.0], [1.0, 3.0]], [[4.0, 0.5], [0.5, 1.0]]])
TALL = np.array([[1.0, 2.0], [3.0, -1.0], [0.5, 2.0]])


def along(x: Any) -> list[Call]:
    """Calls of a transform along one axis."""
    return [call(x), call(x, n=4, axis=0, norm="ortho")]


def over(x: Any) -> list[Call]:
    """Calls of a transform over several axes."""
    return [call(x), call(x, s=(2, 4), axes=(0, 1), norm="forward")]


CALLS: dict[str, list[Call]] = {
    # creation
    "arange": [call(3), call(1, 7.5, 2), call(0, 3, dtype=F32), call(0, stop=2, step=0.5)],
    "asarray": [
        *(call(M), call(M, dtype=C128), call(M, copy=True), call(np.ones(2), copy=True)),
        *(call(1.5), call(True), call(2j), call([1, 2]), call([[1.0], [2.0]], dtype=F32)),
    ],
    "empty": [call((0, 2)), call(0, dtype=F32)],
    "empty_like": [call(draw(0, 2)), call(draw(0), dtype=F32)],
    "eye": [call(2), call(2, 3, k=1), call(3, dtype=F32)],
    "from_dlpack": [call(M), call(V, copy=None)],
    "full": [call(2, 1.5), call((2, 2), 1), call((), True), call(2, 1, dtype=F32), call(2, 1j)],
    "full_like": [call(M, 2), call(V, 1.5, dtype=F64)],
    "linspace": [call(0, 1, 5), call(0.0, 1.0, num=4, endpoint=False), call(0, 1, 3, dtype=F32)],
    "meshgrid": [call(V, V), call(V, draw(2), indexing="ij"), call(V)],
    "ones": [call(2), call((2, 1), dtype=F32)],
    "ones_like": [call(M), call(V, dtype=F64)],
    "tril": [call(T), call(M, k=1)],
    "triu": [call(T), call(M, k=-1)],
    "zeros": [call(2), call((2, 1), dtype=F32)],
    "zeros_like": [call(M), call(V, dtype=F64)],
    "astype": [call(M, C128), call(RM, F64), call(RV, F64, copy=False)],
    # elementwise, where the arguments are not one or two arrays
    "clip": [call(RM, -0.5, 0.5), call(RM, min=RV), call(RM, max=1), call(RM), call(RM, 0, None)],
    # indexing
    "take": [call(M, np.array([2, 0, 1]), axis=1), call(V, np.array([2, 2]))],
    "take_along_axis": [call(M, np.array([[0], [2]])), call(M, np.array([[0, 1, 1]]), axis=0)],
    # linear algebra
    "matmul": [call(M, draw(3, 2)), call(V, V), call(T, draw(2))],
    "matrix_transpose": [call(T)],
    "tensordot": [call(M, draw(3, 2), axes=1), call(T, T, axes=((0, 1), (0, 1))), call(M, M)],
    "vecdot": [call(M, V), call(draw(3, 2), draw(3, 2), axis=-2)],
    # manipulation
    "broadcast_arrays": [call(M, V), call(S, V)],
    "broadcast_to": [call(V, (2, 3)), call(S, shape=(2,))],
    "concat": [call([M, M]), call((M, draw(2, 1)), axis=1), call([M, V], axis=None)],
    "expand_dims": [call(M, 0), call(M, axis=-1)],
    "flip": [call(M), call(M, axis=1), call(T, axis=(0, 2))],
    "moveaxis": [call(T, 0, 2), call(T, (0, 1), (1, 2))],
    "permute_dims": [call(T, (2, 0, 1)), call(M, axes=(1, 0))],
    "repeat": [call(M, 2), call(M, np.array([1, 0, 2]), axis=1)],
    "reshape": [call(M, (3, 2)), call(M, shape=(-1,), copy=True), call(S, (1,))],
    "roll": [call(M, 1), call(M, shift=(1, 2), axis=(0, 1)), call(V, -1, axis=0)],
    "squeeze": [call(draw(1, 2, 1), 0), call(draw(1, 2, 1), axis=(0, 2))],
    "stack": [call([V, V]), call((V, V), axis=-1)],
    "tile": [call(V, (2, 2)), call(M, (2,))],
    "unstack": [call(M), call(M, axis=1)],
    # searching
    "argmax": [call(RM), call(RM, axis=1), call(RM, axis=0, keepdims=True)],
    "argmin": [call(RM), call(RM, axis=1), call(RM, axis=0, keepdims=True)],
    "count_nonzero": [call(M), call(M, axis=1), call(T, axis=(0, 1), keepdims=True)],
    "nonzero": [call(V), call(M)],
    "searchsorted": [
        call(np.array([-1.0, 0.0, 1.0]), np.array([[0.5], [-3.0]])),
        call(np.array([1, 2, 3]), np.array([2]), side="right"),
        call(np.array([3.0, 1.0, 2.0]), np.array([2.5]), sorter=np.array([1, 2, 0])),
    ],
    "where": [call(np.array([True, False, True]), V, M), call(np.array(True), V, 0)],
    # sets
    "unique_all": [call(RM), call(NUMBERS), call(np.array([2.0, np.nan, np.nan]))],
    "unique_counts": [call(RM), call(NUMBERS)],
    "unique_inverse": [call(RM), call(NUMBERS)],
    # sorting
    "argsort": [call(RM), call(NUMBERS, axis=0, stable=True), call(NUMBERS, descending=True)],
    "sort": [call(RM), call(RM, axis=0, descending=True), call(RV, stable=False)],
    # statistics
    "cumulative_prod": [call(V), call(M, axis=1, include_initial=True), call(V, dtype=C128)],
    "cumulative_sum": [call(V), call(M, axis=1, include_initial=True), call(V, dtype=C128)],
    "max": [call(RM), call(RM, axis=1), call(RT, axis=(0, 2), keepdims=True)],
    "min": [call(RM), call(RM, axis=1), call(RT, axis=(0, 2), keepdims=True)],
    "mean": [call(RM), call(RM, axis=1), call(RT, axis=(0, 2), keepdims=True)],
    "prod": [call(M), call(M, axis=1, dtype=C128), call(T, axis=(0, 2), keepdims=True)],
    "std": [call(RM), call(RM, axis=1, correction=1), call(RM, axis=0, keepdims=True)],
    "sum": [call(M), call(M, axis=1, dtype=C128), call(T, axis=(0, 2), keepdims=True)],
    "var": [call(RM), call(RM, axis=1, correction=1.0), call(RM, axis=0, keepdims=True)],
    # utilities
    "all": [call(M), call(M, axis=1), call(T, axis=(0, 1), keepdims=True)],
    "any": [call(M), call(M, axis=1), call(T, axis=(0, 1), keepdims=True)],
    "diff": [
        *(call(V), call(M, axis=0, n=1), call(draw(5), n=2)),
        call(V, prepend=draw(1), append=draw(2)),
    ],
}

EXTENSION_CALLS: dict[str, dict[str, list[Call]]] = {
    "linalg": {
        "cholesky": [call(DEFINITE), call(DEFINITE, upper=True)],
        "cross": [call(TALL.T, TALL[:, 0]), call(TALL, TALL + 1, axis=-2)],
        "det": [call(DEFINITE)],
        "diagonal": [call(TALL), call(TALL, offset=-1)],
        "eigh": [call(DEFINITE)],
        "eigvalsh": [call(DEFINITE)],
        "inv": [call(DEFINITE)],
        "matmul": [call(TALL, DEFINITE)],
        "matrix_norm": [call(DEFINITE), call(DEFINITE, ord=1, keepdims=True)],
        "matrix_power": [call(DEFINITE, 3)],
        "matrix_rank": [call(DEFINITE), call(TALL, rtol=0.1)],
        "matrix_transpose": [call(DEFINITE)],
        "outer": [call(TALL[0], TALL[1])],
        "pinv": [call(TALL), call(TALL, rtol=0.1)],
        "qr": [call(TALL), call(TALL, mode="complete")],
        "slogdet": [call(DEFINITE)],
        "solve": [call(DEFINITE, TALL[:2])],
        "svd": [call(TALL), call(TALL, full_matrices=False)],
        "svdvals": [call(TALL)],
        "tensordot": [call(TALL, TALL, axes=2)],
        "trace": [call(DEFINITE), call(TALL, offset=1, dtype=F32)],
        "vecdot": [call(TALL, TALL, axis=-2)],
        "vector_norm": [call(TALL), call(TALL, axis=1, ord=3), call(TALL, keepdims=True)],
    },
    "fft": {
        **dict.fromkeys(("rfft", "ihfft"), along(TALL)),
        **dict.fromkeys(("fft", "ifft", "irfft", "hfft"), along(TALL + 0j)),
        "rfftn": over(TALL),
        **dict.fromkeys(("fftn", "ifftn", "irfftn"), over(TALL + 0j)),
        "fftfreq": [call(5), call(4, d=0.1), call(4, dtype=F32)],
        "rfftfreq": [call(5), call(4, d=0.1), call(4, dtype=F32)],
        "fftshift": [call(TALL), call(TALL, axes=0)],
        "ifftshift": [call(TALL), call(TALL, axes=(0, 1))],
    },
}


def parameters(function: Any) -> list[inspect.Parameter]:
    """The parameters of a function in the standard, but for the device."""
    named = inspect.signature(function).parameters.values()
    return [parameter for parameter in named if parameter.name != "device"]


def calls(name: str) -> list[Call]:
    """The calls of one function of the main namespace."""
    if name in CALLS:
        return CALLS[name]
    rule = RULES[getattr(np, name)]
    a, *b = rule.domain if isinstance(rule, Elementwise) else (positive, positive)
    if len(parameters(getattr(strict, name))) == 1:
        return [call(draw(*shape, domain=a)) for shape in ((2, 3), (), (0, 2))]
    shapes = (((2, 3), (3,)), ((2, 1), (1, 3)), ((), ()))
    pairs = [call(draw(*one, domain=a), draw(*other, domain=b[0])) for one, other in shapes]
    number = True if name.startswith("logical") else 2
    return [*pairs, call(draw(2, domain=a), number), call(number, draw(2, domain=b[0]))]
