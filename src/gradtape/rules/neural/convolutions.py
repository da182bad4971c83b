"""Convolutions of arrays with channels, of any rank.

Three maps are the transposes of each other, for all pair the same numbers: inputs ``x``, kernels
``k`` and outputs ``g`` in ``sum(x[n, i * stride + j * dilation, c] * k[j, c, o] * g[n, i, o])``.
Each gives the derivative in one of the three, so the three have all derivatives among themselves.
"""

from __future__ import annotations

from collections.abc import Sequence
from types import ModuleType
from typing import Any

import numpy as np

from gradtape.core.batching import spread
from gradtape.core.domains import call, draw
from gradtape.core.kinds import invoke
from gradtape.core.rules import RULES, bilinear, composite
from gradtape.rules.arguments import as_array, conj, of_plain_arrays
from gradtape.rules.neural import columns, depthwise
from gradtape.rules.neural.windows import Windows, per_axis, placed

# -- the three maps -----------------------------------------------------------------------------


@of_plain_arrays("conv")
def correlate(x: Any, kernel: Any, *, windows: Windows, groups: int) -> Any:
    """``y[n, i, o] = sum(x[n, i * stride + j * dilation, c] * kernel[j, c, o])``."""
    return _way(x.shape[-1], groups).outputs(x, kernel, windows, groups)


@of_plain_arrays("conv")
def correlate_inputs(g: Any, kernel: Any, *, windows: Windows, groups: int) -> Any:
    """The transpose of `correlate` in `x`: each window's output, added to what it stood on."""
    return _way(kernel.shape[-2] * groups, groups).inputs(g, kernel, windows, groups)


@of_plain_arrays("conv")
def correlate_kernels(x: Any, g: Any, *, windows: Windows, groups: int) -> Any:
    """The transpose of `correlate` in `kernel`: how each entry of a window goes with outputs."""
    return _way(x.shape[-1], groups).kernels(x, g, windows, groups)


def _way(channels: int, groups: int) -> ModuleType:
    """How to compute: with few channels in a group there is nothing to multiply as matrices."""
    return depthwise if 1 < groups == channels else columns


# -- batches ------------------------------------------------------------------------------------


def _beside(a: Any) -> Any:
    """Examples along the first axis as more channels."""
    return np.reshape(np.moveaxis(a, 0, -2), (*a.shape[1:-1], a.shape[0] * a.shape[-1]))


def _apart(y: Any, size: int, axis: int = -1) -> Any:
    """`size` examples along the first axis, of which those before the channels at `axis` were."""
    at = y.ndim + axis
    shape = (*y.shape[:at], size, y.shape[at] // size, *y.shape[at + 1 :])
    return np.moveaxis(np.reshape(y, shape), at, 0)


def folded(call: Any, values: Sequence[Any], batched: Sequence[bool], options: Any) -> Any:
    """The batching of a function of examples along the first axis already."""
    a, *rest = values
    y = call(np.reshape(a, (a.shape[0] * a.shape[1], *a.shape[2:])), *rest, **options)
    return np.reshape(y, (*a.shape[:2], *y.shape[1:]))


def _grouped_examples(call: Any, values: Any, batched: Any, options: Any) -> Any:
    """Each example as a group of channels of its own."""
    a, b = spread(values, batched)
    size = a.shape[0]
    options = {**options, "groups": size * options["groups"]}
    return _apart(call(_beside(a), _beside(b), **options), size)


def _correlate_examples(call: Any, values: Any, batched: Any, options: Any) -> Any:
    if not batched[1]:
        return folded(call, values, batched, options)
    if batched[0] or options["groups"] > 1:
        return _grouped_examples(call, values, batched, options)
    return _apart(call(values[0], _beside(values[1]), **options), values[1].shape[0])


def _input_examples(call: Any, values: Any, batched: Any, options: Any) -> Any:
    if not batched[1]:
        return folded(call, values, batched, options)
    return _grouped_examples(call, values, batched, options)


def _kernel_examples(call: Any, values: Any, batched: Any, options: Any) -> Any:
    if all(batched) or options["groups"] > 1:
        return _grouped_examples(call, values, batched, options)
    x, g = values
    if batched[0]:
        return _apart(call(_beside(x), g, **options), x.shape[0], axis=-2)
    return _apart(call(x, _beside(g), **options), g.shape[0])


# -- rules --------------------------------------------------------------------------------------


def _of(function: Any) -> Any:
    """`function` of the file, recorded where it must be, with conjugates as transposes have."""

    def transpose(a: Any, b: Any, options: Any) -> Any:
        return invoke(RULES[function], (a, b), options)

    return transpose


_y, _x, _k = _of(correlate), _of(correlate_inputs), _of(correlate_kernels)

_EXAMPLES = [
    (Windows((5,), (3,), (1,), (1,), ((0, 0),)), 1, 1, 2),
    (Windows((6,), (2,), (2,), (2,), ((1, 0),)), 2, 2, 2),
    (Windows((3, 4), (2, 3), (1, 2), (1, 1), ((1, 0), (1, 1))), 1, 2, 1),
    (Windows((3, 3), (2, 2), (1, 1), (1, 1), ((0, 1), (0, 0))), 1, 4, 2),
    (Windows((2, 2), (2, 1), (1, 1), (1, 1), ((0, 0), (0, 0))), 2, 4, 2),
    (Windows((2, 3, 2), (2, 2, 1), (1, 1, 1), (1, 1, 1), ((0, 0),) * 3), 1, 1, 1),
]
"""Windows, groups, channels of the inputs and of the outputs."""


def _calls(*which: str) -> list[Any]:
    calls = []
    for windows, groups, ins, outs in _EXAMPLES:
        shapes = {
            "x": (2, *windows.lengths, ins),
            "k": (*windows.sizes, ins // groups, outs),
            "g": (2, *windows.counts, outs),
        }
        arrays = [draw(*shapes[name]) for name in which]
        calls.append(call(*arrays, windows=windows, groups=groups))
    return calls


bilinear(
    correlate,
    lambda g, x, kernel, **options: _x(g, conj(kernel), options),
    lambda g, x, kernel, **options: _k(conj(x), g, options),
    calls=_calls("x", "k"),
    batch=_correlate_examples,
)
bilinear(
    correlate_inputs,
    lambda c, g, kernel, **options: _y(c, conj(kernel), options),
    lambda c, g, kernel, **options: _k(c, conj(g), options),
    calls=_calls("g", "k"),
    batch=_input_examples,
)
bilinear(
    correlate_kernels,
    lambda c, x, g, **options: _x(conj(g), c, options),
    lambda c, x, g, **options: _y(conj(x), c, options),
    calls=_calls("x", "g"),
    batch=_kernel_examples,
)

# -- the user's spelling ------------------------------------------------------------------------


def conv(
    x: Any,
    kernel: Any,
    strides: Any = 1,
    padding: Any = "VALID",
    dilations: Any = 1,
    groups: int = 1,
) -> Any:
    """The sums over windows of `x` times `kernel`, channels last: `gradtape.nn.conv`."""
    x, kernel = as_array(x), as_array(kernel)
    _check_ranks("x", x, kernel)
    groups = _check_groups(groups, kernel)
    if x.shape[-1] != groups * kernel.shape[-2]:
        raise ValueError(
            f"Give x {groups * kernel.shape[-2]} channels, {groups} groups of the kernel's "
            f"{kernel.shape[-2]}: got shapes {x.shape} and {kernel.shape}."
        )
    windows = placed(x.shape[1:-1], kernel.shape[:-2], strides, padding, dilations)
    _check_fit(windows)
    return _y(x, kernel, {"windows": windows, "groups": groups})


def conv_transpose(
    x: Any,
    kernel: Any,
    strides: Any = 1,
    padding: Any = "VALID",
    dilations: Any = 1,
    groups: int = 1,
    output_shape: Any = None,
) -> Any:
    """The transpose of `conv` in its input: `gradtape.nn.conv_transpose`."""
    x, kernel = as_array(x), as_array(kernel)
    _check_ranks("x", x, kernel)
    groups = _check_groups(groups, kernel)
    if x.shape[-1] != kernel.shape[-1]:
        raise ValueError(
            f"Give x {kernel.shape[-1]} channels, as many as the kernel's last axis: got shapes "
            f"{x.shape} and {kernel.shape}."
        )
    counts, sizes = x.shape[1:-1], kernel.shape[:-2]
    if output_shape is None:
        output_shape = _least_lengths(counts, sizes, strides, padding, dilations)
    lengths = per_axis("output_shape", output_shape, len(sizes))
    windows = placed(lengths, sizes, strides, padding, dilations)
    if windows.counts != counts:
        raise ValueError(
            f"Give an output_shape on which {counts} windows stand, as x has: got {lengths}, on "
            f"which {windows.counts} stand."
        )
    return _x(x, kernel, {"windows": windows, "groups": groups})


def _least_lengths(
    counts: Sequence[int], sizes: Sequence[int], strides: Any, padding: Any, dilations: Any
) -> tuple[int, ...]:
    """The least lengths on which `counts` windows stand; with "SAME", `counts` times `strides`."""
    windows = placed(counts, sizes, strides, padding, dilations)
    if isinstance(padding, str) and padding.upper() == "SAME":
        return tuple([n * stride for n, stride in zip(counts, windows.strides, strict=True)])
    axes = zip(counts, windows.strides, windows.spans, windows.pads, strict=True)
    return tuple([(n - 1) * stride + span - sum(pads) for n, stride, span, pads in axes])


def _check_ranks(name: str, x: Any, kernel: Any) -> None:
    if x.ndim < 3 or kernel.ndim != x.ndim:
        raise ValueError(
            f"Give {name} and the kernel one rank of 3 or more, (batch, ..., channels) and "
            f"(window ..., channels, outputs): got shapes {x.shape} and {kernel.shape}."
        )
    if 0 in kernel.shape:
        raise ValueError(f"Give a kernel with entries: got shape {kernel.shape}.")


def _check_groups(groups: Any, kernel: Any) -> int:
    (count,) = per_axis("groups", groups, 1)
    if kernel.shape[-1] % count:
        raise ValueError(
            f"Give groups that divide the {kernel.shape[-1]} outputs of the kernel: got {groups}."
        )
    return count


def _check_fit(windows: Windows) -> None:
    if 0 in windows.counts and 0 not in windows.lengths:
        raise ValueError(
            f"Give a window that fits, or padding: it reaches {windows.spans} entries far, on axes "
            f"of {windows.padded} with their padding."
        )


composite(
    conv,
    calls=[
        call(draw(2, 5, 1), draw(3, 1, 2)),
        call(draw(1, 4, 5, 2), draw(2, 3, 2, 2), (1, 2), "SAME"),
        call(draw(2, 4, 4, 2), draw(2, 2, 1, 4), padding="same", dilations=2, groups=2),
        call(draw(1, 3, 1), draw(2, 1, 1), padding=[(2, 1)], strides=2),
    ],
)(conv)
composite(
    conv_transpose,
    calls=[
        call(draw(2, 3, 2), draw(3, 1, 2)),
        call(draw(1, 2, 2, 2), draw(3, 2, 4, 2), 2, "SAME"),
        call(draw(1, 2, 2), draw(3, 1, 2), 2, "SAME", groups=2, output_shape=3),
        call(draw(1, 2, 4), draw(2, 1, 4), padding=[(1, 0)], dilations=2),
    ],
)(conv_transpose)
