"""Convolutions against loops, in blocks of any size, as transposes of each other; errors."""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np
import pytest
from scipy import signal
from support import assert_gradient, gradient, tensor

import gradtape as gt
from gradtape.rules.neural import columns, depthwise
from gradtape.rules.neural.convolutions import conv, conv_transpose
from gradtape.rules.neural.windows import placed

rng = np.random.default_rng(0)


def by_loops(x: Any, kernel: Any, strides: Any, padding: Any, dilations: Any, groups: int) -> Any:
    """What `conv` means."""
    windows = placed(x.shape[1:-1], kernel.shape[:-2], strides, padding, dilations)
    ins, outs = kernel.shape[-2], kernel.shape[-1] // groups
    y = np.zeros((x.shape[0], *windows.counts, kernel.shape[-1]), np.result_type(x, kernel))
    for i, j in product(np.ndindex(windows.counts), np.ndindex(windows.sizes)):
        at = [
            a * stride + b * dilation - low
            for a, b, stride, dilation, (low, _) in zip(
                i, j, windows.strides, windows.dilations, windows.pads, strict=True
            )
        ]
        if any(not 0 <= k < n for k, n in zip(at, windows.lengths, strict=True)):
            continue
        for group in range(groups):
            own = slice(group * outs, (group + 1) * outs)
            entries = x[(slice(None), *at, slice(group * ins, (group + 1) * ins))]
            y[(slice(None), *i, own)] += entries @ kernel[(*j, slice(None), own)]
    return y


CASES = [
    ((3, 7, 2), (3, 2, 4), 1, "VALID", 1, 1),
    ((2, 8, 4), (3, 4, 2), 2, "SAME", 1, 1),
    ((2, 6, 7, 4), (3, 2, 4, 5), 1, "SAME", 1, 1),
    ((3, 7, 6, 3), (2, 3, 3, 2), (2, 1), [(1, 0), (2, 1)], (1, 2), 1),
    ((2, 5, 5, 8), (2, 2, 4, 6), 1, "VALID", 1, 2),
    ((2, 5, 5, 4), (2, 3, 2, 4), (1, 2), "SAME", 2, 2),
    ((2, 6, 5, 3), (3, 3, 1, 3), 1, "SAME", 1, 3),
    ((2, 6, 5, 3), (2, 3, 1, 6), 2, "VALID", (1, 2), 3),
    ((1, 4, 3, 5, 2), (2, 3, 2, 2, 3), 1, "SAME", 1, 1),
    ((0, 5, 2), (2, 2, 3), 1, "VALID", 1, 1),
    ((2, 0, 2), (2, 2, 3), 1, "VALID", 1, 1),
    ((2, 4, 5), (1, 5, 2), 3, "VALID", 1, 1),
    ((2, 5, 4), (2, 4, 4), 1, [(3, 3)], 1, 1),
]
"""Shapes of inputs and kernel, strides, padding, dilations, groups."""


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("dtypes", [(float, float), (complex, float), ("f4", "f4"), (int, float)])
def test_against_loops(case: Any, dtypes: Any) -> None:
    shape, kernel_shape, *rest = case
    factors = [9 + 5j if d is complex else 9 for d in dtypes]
    x, kernel = (
        (rng.normal(size=s) * f).astype(d)
        for s, f, d in zip((shape, kernel_shape), factors, dtypes, strict=True)
    )
    y, expected = conv(x, kernel, *rest), by_loops(x, kernel, *rest)
    assert isinstance(y, np.ndarray)
    assert y.dtype == expected.dtype
    tolerance = 1e-3 if "f4" in dtypes else 1e-11
    np.testing.assert_allclose(y, expected, rtol=1e-6, atol=tolerance)


@pytest.mark.parametrize("block", [1, 20, 100])
@pytest.mark.parametrize("case", CASES)
def test_blocks_of_any_size(case: Any, block: int, monkeypatch: pytest.MonkeyPatch) -> None:
    shape, kernel_shape, *rest = case
    x, kernel = rng.normal(size=shape), rng.normal(size=kernel_shape)
    y = conv(x, kernel, *rest)
    g = rng.normal(size=y.shape)

    def gradients() -> Any:
        return gt.vjp(lambda x, k: conv(x, k, *rest), x, kernel)[1](g)

    expected = gradients()
    for module, name in ((columns, "GATHERED"), (columns, "ADDED"), (depthwise, "BLOCK")):
        monkeypatch.setattr(module, name, block)
    np.testing.assert_allclose(conv(x, kernel, *rest), y, rtol=1e-12, atol=1e-12)
    for got, e in zip(gradients(), expected, strict=True):
        np.testing.assert_allclose(got, e, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("case", [c for c in CASES if 0 not in c[0]])
def test_gradients_of_every_way_to_compute(case: Any) -> None:
    shape, kernel_shape, *rest = case
    x, kernel = rng.normal(size=shape), rng.normal(size=kernel_shape)
    assert_gradient(lambda x, k: conv(x, k, *rest), x, kernel)


@pytest.mark.parametrize("case", CASES[:-4])
def test_conv_transpose_is_the_transpose(case: Any) -> None:
    shape, kernel_shape, *rest = case
    x, kernel = rng.normal(size=shape), rng.normal(size=kernel_shape)
    y = conv(x, kernel, *rest)
    g = rng.normal(size=y.shape)
    back = conv_transpose(g, kernel, *rest, output_shape=shape[1:-1])
    assert back.shape == x.shape
    np.testing.assert_allclose(np.sum(back * x), np.sum(g * y), rtol=1e-11)


def test_one_channel_is_scipys_correlation() -> None:
    x, kernel = rng.normal(size=(5, 6)), rng.normal(size=(3, 2))
    y = conv(x[None, ..., None], kernel[..., None, None])
    np.testing.assert_allclose(y[0, ..., 0], signal.correlate(x, kernel, "valid"), rtol=1e-12)


def test_lengths_of_a_transpose() -> None:
    x, kernel = np.ones((1, 3, 1)), np.ones((2, 1, 1))
    assert conv_transpose(x, kernel, 3).shape == (1, 8, 1)
    assert conv_transpose(x, kernel, 3, "SAME").shape == (1, 9, 1)
    assert conv_transpose(x, kernel, 3, [(1, 0)]).shape == (1, 7, 1)
    assert conv_transpose(x, kernel, 3, output_shape=10).shape == (1, 10, 1)
    with pytest.raises(ValueError, match=r"Give an output_shape on which \(3,\) windows stand"):
        conv_transpose(x, kernel, 3, output_shape=11)


def test_an_infinite_entry_that_no_live_output_reads() -> None:
    """The gradient in a kernel is not NaN because an entry elsewhere is infinite."""
    x = np.array([1.0, 2.0, np.inf, 3.0]).reshape(1, 4, 1)
    live = np.array([True, False, False]).reshape(1, 3, 1)
    kernel = np.array([1.0, 1.0]).reshape(2, 1, 1)
    found = gradient(lambda k: np.where(live, conv(x, k), 0.0), kernel)
    np.testing.assert_array_equal(found.ravel(), [1.0, 2.0])


def test_a_read_only_array_that_is_not_contiguous() -> None:
    x = rng.normal(size=(2, 3, 6, 5)).transpose(0, 3, 2, 1)
    x.flags.writeable = False
    kernel = rng.normal(size=(2, 2, 2, 3))[..., ::-1].swapaxes(-1, -2)
    rest = (1, "VALID", 1, 1)
    np.testing.assert_allclose(
        conv(x, kernel, *rest), by_loops(x, kernel, *rest), rtol=1e-12, atol=1e-12
    )


def test_examples_with_kernels_of_their_own_are_one_convolution() -> None:
    xs, kernels = rng.normal(size=(3, 2, 5, 4, 2)), rng.normal(size=(3, 2, 2, 2, 4))
    got = gt.vmap(lambda x, k: conv(x, k, padding="SAME"))(xs, kernels)
    expected = [conv(x, k, padding="SAME") for x, k in zip(xs, kernels, strict=True)]
    np.testing.assert_allclose(got, expected, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize(
    ("shapes", "options", "text"),
    [
        (((4,), (2,)), {}, r"Give x and the kernel one rank of 3 or more.*\(4,\) and \(2,\)"),
        (((1, 4, 1), (2, 2, 1, 1)), {}, "one rank of 3 or more"),
        (((1, 4, 2), (2, 3, 1)), {}, "Give x 3 channels, 1 groups of the kernel's 3"),
        (((1, 4, 2), (2, 1, 3)), {"groups": 2}, "Give groups that divide the 3 outputs"),
        (((1, 4, 2), (2, 2, 3)), {"groups": 0}, "Give groups one integer of 1 or more"),
        (((1, 4, 1), (5, 1, 1)), {}, r"Give a window that fits, or padding.*\(5,\).*\(4,\)"),
        (((1, 4, 1), (0, 1, 1)), {}, "Give a kernel with entries"),
        (((1, 4, 1), (2, 1, 1)), {"padding": "FULL"}, "Give padding='VALID', 'SAME'"),
    ],
)
def test_errors(shapes: Any, options: Any, text: str) -> None:
    x, kernel = map(np.ones, shapes)
    for values in ((x, kernel), (tensor(x), kernel)):
        with pytest.raises(ValueError, match=text):
            conv(*values, **options)


def test_a_transpose_needs_the_channels_of_the_outputs() -> None:
    with pytest.raises(ValueError, match="Give x 3 channels, as many as the kernel's last axis"):
        conv_transpose(np.ones((1, 4, 2)), np.ones((2, 2, 3)))


def test_arrays_of_other_libraries_are_refused() -> None:
    da = pytest.importorskip("dask.array")
    with pytest.raises(TypeError, match="Give conv NumPy arrays: got dask"):
        conv(da.ones((1, 4, 1)), np.ones((2, 1, 1)))
