"""Colourings are valid and short, and what they recover is exact."""

from __future__ import annotations

import itertools
import subprocess
import sys
import tracemalloc
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from scipy import sparse

from gradtape.transforms import coloring as module
from gradtape.transforms.coloring import (
    Coloring,
    color_columns,
    color_jacobian,
    color_rows,
    color_symmetric,
)

PATTERNS = arrays(bool, array_shapes(min_dims=2, max_dims=2, min_side=0, max_side=12))
SQUARES = st.integers(0, 12).flatmap(lambda n: arrays(bool, (n, n)))


def banded(n: int, half: int) -> Any:
    offsets = range(-half, half + 1)
    return sparse.diags_array(
        [np.ones(n - abs(k)) for k in offsets], offsets=offsets, shape=(n, n)
    ).tocsr()


def grid(n: int, *, corners: bool = False) -> Any:
    """Five points, or nine with corners, on n by n."""
    line, alone = banded(n, 1), sparse.eye_array(n)
    return (
        sparse.kron(line, line) if corners else sparse.kron(line, alone) + sparse.kron(alone, line)
    )


def arrow(n: int, *, both: bool = True) -> Any:
    found = np.eye(n, dtype=bool)
    found[0] = True
    return found | found.T if both else found


def values(pattern: np.ndarray, symmetric: bool = False) -> np.ndarray:
    """A matrix of small integers: their sums are exact."""
    found = np.random.default_rng(0).integers(1, 1000, pattern.shape).astype(float)
    return (found + found.T if symmetric else found) * pattern


def recovered(coloring: Coloring, matrix: np.ndarray) -> Any:
    return coloring.recover((matrix if coloring.axis else matrix.T) @ coloring.seeds())


def check_recovery(coloring: Coloring, pattern: np.ndarray, *, symmetric: bool = False) -> None:
    matrix = values(pattern, symmetric)
    found = recovered(coloring, matrix)
    assert isinstance(found, sparse.csr_array)
    assert found.shape == pattern.shape
    assert found.nnz == np.count_nonzero(pattern)
    assert found.has_canonical_format
    np.testing.assert_array_equal(found.toarray(), matrix)


def check_numbering(coloring: Coloring) -> None:
    used = coloring.colors[coloring.colors >= 0]
    assert sorted(set(used.tolist())) == list(range(coloring.number))


def check_columns(coloring: Coloring, pattern: np.ndarray) -> None:
    assert coloring.axis == 1
    check_numbering(coloring)
    np.testing.assert_array_equal(coloring.colors >= 0, pattern.any(axis=0))
    for color in range(coloring.number):
        assert pattern[:, coloring.colors == color].sum(axis=1).max() <= 1
    assert pattern.sum(axis=1).max(initial=0) <= coloring.number <= pattern.any(axis=0).sum()
    check_recovery(coloring, pattern)


def has_path_of_two_colors(pattern: np.ndarray, colors: np.ndarray) -> bool:
    """Whether neighbours share a colour, or a path of four vertices has two colours."""
    edges = [(i, j) for i, j in zip(*np.nonzero(pattern), strict=True) if i != j]
    if any(colors[i] == colors[j] for i, j in edges):
        return True
    return any(
        b == c
        and a != d
        and colors[a] == colors[d]
        and pattern[d, e]
        and e not in (a, c, d)
        and colors[e] == colors[c]
        for (a, b), (c, d) in itertools.product(edges, edges)
        for e in range(len(colors))
    )


# -- any pattern --------------------------------------------------------------------------------


@given(PATTERNS)
def test_columns_of_a_colour_share_no_row(pattern: np.ndarray) -> None:
    check_columns(color_columns(pattern), pattern)


@given(PATTERNS)
def test_rows_are_the_columns_of_the_transpose(pattern: np.ndarray) -> None:
    coloring = color_rows(pattern)
    assert coloring.axis == 0
    np.testing.assert_array_equal(coloring.colors, color_columns(pattern.T).colors)
    check_recovery(coloring, pattern)


@given(PATTERNS)
def test_the_shorter_of_the_two_is_chosen(pattern: np.ndarray) -> None:
    coloring = color_jacobian(pattern)
    by_columns, by_rows = color_columns(pattern).number, color_rows(pattern).number
    assert coloring.number == min(by_columns, by_rows)
    if by_columns == by_rows:
        assert coloring.axis == 1
    check_recovery(coloring, pattern)


@given(SQUARES)
def test_a_symmetric_matrix_is_recovered_from_either_place(pattern: np.ndarray) -> None:
    pattern |= pattern.T
    coloring = color_symmetric(pattern)
    check_numbering(coloring)
    assert coloring.number <= pattern.any(axis=0).sum()
    check_recovery(coloring, pattern, symmetric=True)
    noisy = recovered(coloring, pattern * np.random.default_rng(0).normal(size=pattern.shape))
    np.testing.assert_array_equal(noisy.toarray(), noisy.toarray().T)


@given(SQUARES.filter(lambda pattern: len(pattern) > 0), st.booleans())
def test_no_path_of_four_has_two_colours(pattern: np.ndarray, by_degree: bool) -> None:
    pattern |= pattern.T
    np.fill_diagonal(pattern, False)
    graph = module._Lists.of(sparse.csr_array(pattern))
    order = np.argsort(-pattern.sum(axis=0)) if by_degree else np.arange(len(pattern))
    colors = module._first_fit_stars(order.tolist(), graph)
    assert not has_path_of_two_colors(pattern, colors)


@given(PATTERNS, st.permutations(range(12)), st.booleans())
def test_each_way_to_colour_columns_is_valid(
    pattern: np.ndarray, order: list[int], saturated: bool
) -> None:
    """Whether rows keep bits or lists, and whichever way `color_columns` would take."""
    order = [j for j in order if j < pattern.shape[1]]
    as_array = sparse.csr_array(pattern)
    half = np.arange(len(pattern)) % 2 == 0
    long, short = (module._Lists.of(as_array[np.flatnonzero(part)]) for part in (half, ~half))
    if saturated:
        colors = module._saturated(list(order), as_array)
    else:
        colors = module._first_fit(order, long, short)
    for color in set(colors.tolist()):
        assert pattern[:, colors == color].sum(axis=1).max(initial=0) <= 1


@given(PATTERNS, st.lists(st.integers(0, 12)))
def test_blocks_of_columns_serve_as_well(pattern: np.ndarray, cuts: list[int]) -> None:
    coloring = color_columns(pattern)
    matrix = values(pattern)
    ends = [0, *sorted(min(cut, coloring.number) for cut in cuts), coloring.number]
    blocks = (matrix @ coloring.seeds(a, b) for a, b in itertools.pairwise(ends))
    np.testing.assert_array_equal(coloring.recover(blocks).toarray(), matrix)


# -- well-known patterns ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("pattern", "columns", "rows", "symmetric"),
    [
        (banded(100_000, 1), 3, 3, 3),
        (banded(1000, 4), 9, 9, 9),
        (grid(40), 5, 5, 5),
        (grid(40, corners=True), 9, 9, 9),
        (arrow(50), 50, 50, 2),
        (arrow(50)[::-1, ::-1], 50, 50, 2),
        (arrow(50, both=False), 50, 2, None),
        (np.ones((30, 30)), 30, 30, 30),
        (np.ones((20, 30)), 30, 20, None),
        (np.eye(30), 1, 1, 1),
        (np.zeros((30, 30)), 0, 0, 0),
        (np.zeros((0, 0)), 0, 0, 0),
        (np.zeros((0, 3)), 0, 0, None),
        (np.zeros((3, 0)), 0, 0, None),
    ],
    ids=lambda value: value if isinstance(value, int) else "",
)
def test_numbers_of_colours(pattern: Any, columns: int, rows: int, symmetric: int | None) -> None:
    assert color_columns(pattern).number == columns
    assert color_rows(pattern).number == rows
    assert color_jacobian(pattern).number == min(columns, rows)
    if symmetric is not None:
        assert color_symmetric(pattern).number == symmetric


def test_a_colour_from_which_nothing_is_read_is_dropped() -> None:
    pattern = arrow(10)
    np.fill_diagonal(pattern, False)
    coloring = color_symmetric(pattern)
    np.testing.assert_array_equal(coloring.colors, [0] + [-1] * 9)
    check_recovery(coloring, pattern, symmetric=True)


def test_a_long_row_with_gaps_takes_linear_memory() -> None:
    """As bits in every row its 10,000 colours would take more than 4 MB, growing as n**2."""
    n = 10_000
    row, diagonal = np.zeros(2 * n, np.intp), np.arange(2 * n)
    columns = np.concatenate([2 * diagonal[:n], diagonal, np.ones(2 * n, np.intp)])
    rows = np.concatenate([row[:n], diagonal, diagonal])
    pattern = sparse.coo_array((np.ones(5 * n, bool), (rows, columns)))
    tracemalloc.start()
    try:
        assert color_columns(pattern).number == n + 1
        assert tracemalloc.get_traced_memory()[1] < 9e6
    finally:
        tracemalloc.stop()


def test_columns_of_large_random_patterns() -> None:
    """Too many pairs for `_saturated`, so by degree."""
    rng = np.random.default_rng(0)
    pattern = sparse.random_array((300, 3000), density=0.04, rng=rng).tocsr()
    assert np.sum(np.diff(pattern.indptr) ** 2.0) > module._FEW_PAIRS
    check_columns(color_columns(pattern), pattern.toarray() != 0)


# -- what is given and what comes back ----------------------------------------------------------


@pytest.mark.parametrize(
    "form",
    [
        sparse.coo_array,
        sparse.csr_array,
        sparse.csc_array,
        sparse.lil_array,
        sparse.coo_matrix,
        sparse.csr_matrix,
        sparse.csc_matrix,
    ],
)
@pytest.mark.parametrize("dtype", [bool, np.int8, np.float32])
def test_forms_of_a_pattern(form: Any, dtype: Any) -> None:
    dense = arrow(6, both=False)
    coloring = color_rows(form(dense.astype(dtype)))
    np.testing.assert_array_equal(coloring.colors, color_rows(dense.tolist()).colors)
    assert isinstance(coloring.pattern, sparse.csr_array)
    assert coloring.pattern.dtype == bool
    check_recovery(coloring, dense)


@pytest.mark.parametrize("to", ["tocoo", "tocsr", "tocsc"])
def test_stored_zeros_count_and_duplicates_count_once(to: str) -> None:
    rows, columns, data = [0, 0, 0, 1, 1], [2, 0, 0, 1, 2], [1.0, 5.0, -5.0, 0.0, 1.0]
    pattern = sparse.coo_array((data, (rows, columns)), shape=(2, 3))
    coloring = color_columns(getattr(pattern, to)())
    check_columns(coloring, np.array([[True, False, True], [False, True, True]]))


def test_a_colouring_keeps_no_part_of_what_it_was_given() -> None:
    pattern = sparse.csr_array(np.eye(3, dtype=bool))
    coloring = color_columns(pattern)
    pattern.indices[:] = 0
    first = recovered(coloring, np.diag([1.0, 0.0, 3.0]))
    assert first.nnz == 3
    first.eliminate_zeros()
    np.testing.assert_array_equal(
        recovered(coloring, np.diag([1.0, 2.0, 3.0])).toarray(), np.diag([1.0, 2.0, 3.0])
    )


@pytest.mark.parametrize("dtype", [np.float32, np.complex128])
def test_the_dtype_is_that_of_the_product(dtype: Any) -> None:
    coloring = color_columns(np.eye(3))
    seeds = coloring.seeds(dtype=dtype)
    assert seeds.dtype == dtype
    found = coloring.recover(np.eye(3, dtype=dtype) @ seeds)
    assert found.dtype == dtype


def test_seeds_of_a_range_of_colours() -> None:
    coloring = color_columns(banded(7, 1))
    seeds = coloring.seeds()
    assert seeds.shape == (7, 3)
    assert seeds.flags.f_contiguous
    np.testing.assert_array_equal(seeds.sum(axis=1), 1)
    np.testing.assert_array_equal(coloring.seeds(1, 3), seeds[:, 1:3])
    np.testing.assert_array_equal(coloring.seeds(2), seeds[:, 2:])
    assert coloring.seeds(2, 1).shape == (7, 0)


@pytest.mark.parametrize("color", [color_columns, color_rows, color_jacobian, color_symmetric])
@pytest.mark.parametrize("pattern", [np.ones(3), sparse.coo_array(np.ones(3))])
def test_a_pattern_has_two_axes(color: Any, pattern: Any) -> None:
    with pytest.raises(
        ValueError, match=rf"^Give {color.__name__} a 2-D pattern: got shape \(3,\)\.$"
    ):
        color(pattern)


def test_a_symmetric_pattern_is_square_and_symmetric() -> None:
    with pytest.raises(
        ValueError, match=r"^Give color_symmetric a square pattern: got shape \(2, 3\)\.$"
    ):
        color_symmetric(np.ones((2, 3)))
    with pytest.raises(
        ValueError,
        match=r"^Give color_symmetric a symmetric pattern, such as pattern \+ pattern\.T: "
        r"got an entry at \(0, 2\) and none at \(2, 0\)\.$",
    ):
        color_symmetric([[1, 0, 1], [0, 1, 0], [0, 0, 1]])


@pytest.mark.parametrize(
    ("compressed", "got"),
    [
        (np.ones(4), r"shape \(4,\)"),
        (np.ones((3, 3)), r"shape \(3, 3\)"),
        (np.ones((4, 2)), "2 columns"),
        (np.ones((4, 4)), "4 columns"),
        ([np.ones((4, 2)), np.ones((4, 2))], "4 columns"),
        ([], "0 columns"),
    ],
)
def test_recover_checks_the_shape(compressed: Any, got: str) -> None:
    coloring = color_columns(banded(4, 1))
    with pytest.raises(
        ValueError,
        match=rf"^Give recover the product with all the seeds, of shape \(4, 3\): got {got}\.$",
    ):
        coloring.recover(compressed)


def test_scipy_is_imported_on_first_use() -> None:
    code = "import sys, gradtape.transforms.coloring; sys.exit('scipy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
