"""Where windows stand: padding, strides, dilations, and what is refused."""

from __future__ import annotations

from itertools import product
from typing import Any

import pytest

from gradtape.rules.neural.windows import Windows, per_axis, placed, same_pads


@pytest.mark.parametrize("stride", [1, 2, 3])
@pytest.mark.parametrize("span", [1, 2, 3, 5])
@pytest.mark.parametrize("length", [1, 4, 5, 9])
def test_same_padding_gives_a_window_for_each_stride(length: int, span: int, stride: int) -> None:
    low, high = same_pads(length, span, stride)
    assert 0 <= high - low <= 1
    windows = Windows((length,), (span,), (stride,), (1,), ((low, high),))
    assert windows.counts == (-(-length // stride),)


@pytest.mark.parametrize("pads", [(0, 0), (2, 1), (1, 3)])
@pytest.mark.parametrize(("stride", "dilation"), list(product([1, 2, 3], [1, 2])))
@pytest.mark.parametrize(("length", "size"), [(5, 3), (6, 2), (3, 3), (9, 1)])
def test_taps_are_the_entries_that_exist(
    length: int, size: int, stride: int, dilation: int, pads: Any
) -> None:
    windows = Windows((length,), (size,), (stride,), (dilation,), (pads,))
    for k, (outs, ins) in enumerate(windows.taps[0]):
        expected = [
            (i, i * stride + k * dilation - pads[0])
            for i in range(windows.counts[0])
            if 0 <= i * stride + k * dilation - pads[0] < length
        ]
        entries = range(*ins.indices(length))
        assert list(zip(range(outs.start, outs.stop), entries, strict=True)) == expected


def test_spellings_of_padding() -> None:
    assert placed((5,), (3,), 1, "valid", 1).pads == ((0, 0),)
    assert placed((5,), (2,), 1, "Same", 1).pads == ((0, 1),)
    assert placed((5, 4), (3, 3), (1, 2), [(1, 0), [2, 2]], 1).pads == ((1, 0), (2, 2))


@pytest.mark.parametrize("padding", ["full", 1, [1], [(1, 2), (1, 1)], [(-1, 0)], [(0.5, 1)], None])
def test_other_padding_is_refused(padding: Any) -> None:
    with pytest.raises(ValueError, match="Give padding='VALID', 'SAME' or a pair of counts"):
        placed((5,), (3,), 1, padding, 1)


@pytest.mark.parametrize(
    ("value", "error", "text"),
    [
        (0, ValueError, "Give strides one integer of 1 or more, or one for each of 2 axes: got 0"),
        ((1, 2, 3), ValueError, "Give strides one integer"),
        (1.5, TypeError, "Give strides integers: got 1.5"),
        ((1, "2"), TypeError, "Give strides integers"),
    ],
)
def test_numbers_for_axes(value: Any, error: Any, text: str) -> None:
    assert per_axis("strides", 2, 2) == (2, 2)
    with pytest.raises(error, match=text):
        per_axis("strides", value, 2)
