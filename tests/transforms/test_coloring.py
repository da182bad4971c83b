"""Colourings: valid, few, and enough to recover the matrix."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import scipy.sparse
from hypothesis import given
from hypothesis import strategies as st

from gradtape.transforms.coloring import (
    color_columns,
    color_jacobian,
    color_rows,
    color_symmetric,
)


@st.composite
def patterns(draw, symmetric=False):
    rows = draw(st.integers(0, 9))
    columns = rows if symmetric else draw(st.integers(0, 9))
    density = draw(st.sampled_from([0.0, 0.1, 0.3, 0.6, 1.0]))
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    pattern = rng.random((rows, columns)) < density
    return pattern | pattern.T if symmetric else pattern


def matrix(pattern, symmetric=False):
    values = np.random.default_rng(0).normal(size=pattern.shape)
    return np.where(pattern, values + values.T if symmetric else values, 0.0)


@given(patterns())
def test_every_colouring_recovers_the_matrix(pattern) -> None:
    exact = matrix(pattern)
    for color, product in ((color_columns, exact), (color_rows, exact.T)):
        coloring = color(pattern)
        np.testing.assert_array_equal(coloring.recover(product @ coloring.seeds()).toarray(), exact)
        blocks = (product @ coloring.seeds(c, c + 1) for c in range(coloring.number))
        np.testing.assert_array_equal(coloring.recover(blocks).toarray(), exact)
    best = color_jacobian(pattern)
    assert best.number == min(color_columns(pattern).number, color_rows(pattern).number)


@given(patterns())
def test_columns_of_one_colour_share_no_row(pattern) -> None:
    coloring = color_columns(pattern)
    for color in range(coloring.number):
        assert np.all(pattern[:, coloring.colors == color].sum(axis=1) <= 1)
    assert coloring.number >= pattern.sum(axis=1).max(initial=0)
    np.testing.assert_array_equal(coloring.colors >= 0, pattern.any(axis=0))


@given(patterns(symmetric=True))
def test_star_colouring(pattern) -> None:
    exact = matrix(pattern, symmetric=True)
    coloring = color_symmetric(pattern)
    found = coloring.recover(exact @ coloring.seeds()).toarray()
    np.testing.assert_array_equal(found, found.T)
    np.testing.assert_array_equal(found, exact)
    colors = coloring.colors
    edges = pattern & ~np.eye(len(pattern), dtype=bool)
    read = colors >= 0
    for i, j in zip(*np.nonzero(edges), strict=True):
        assert colors[i] != colors[j]
    for a, b, c, d in itertools.permutations(range(min(len(pattern), 6)), 4):
        if edges[a, b] and edges[b, c] and edges[c, d] and read[[a, b, c, d]].all():
            assert len({colors[a], colors[b], colors[c], colors[d]}) > 2


def test_known_patterns_take_the_fewest_colours() -> None:
    n = 2000
    tridiagonal = scipy.sparse.diags_array([1.0, 1, 1], offsets=[-1, 0, 1], shape=(n, n))
    assert color_columns(tridiagonal).number == 3
    assert color_rows(tridiagonal).number == 3
    assert color_symmetric(tridiagonal).number == 3
    band = scipy.sparse.diags_array([1.0] * 5, offsets=range(-2, 3), shape=(n, n))
    assert color_columns(band).number == 5
    for hub in (0, 7):
        arrow = np.eye(30, dtype=bool)
        arrow[hub], arrow[:, hub] = True, True
        assert color_symmetric(arrow).number == 2
        assert color_columns(arrow).number == 30
    tall = np.eye(30, dtype=bool)
    tall[:, 0] = True
    assert color_jacobian(tall).number == 2
    assert color_jacobian(tall).axis == 1
    assert color_jacobian(tall.T).axis == 0


def test_a_grid_takes_few() -> None:
    side = 40
    line = scipy.sparse.diags_array([1.0, 1, 1], offsets=[-1, 0, 1], shape=(side, side))
    eye = scipy.sparse.eye_array(side)
    laplacian = scipy.sparse.kron(line, eye) + scipy.sparse.kron(eye, line)
    assert color_columns(laplacian).number <= 8
    assert color_symmetric(laplacian).number <= 8


def test_stored_zeros_and_duplicates_count_once() -> None:
    pattern = scipy.sparse.coo_array(([0.0, 1, 1], ([0, 0, 0], [1, 2, 2])), shape=(2, 3))
    for kind in (pattern, pattern.tocsr(), pattern.tocsc(), scipy.sparse.coo_matrix(pattern)):
        coloring = color_columns(kind)
        assert coloring.pattern.nnz == 2
        assert coloring.number == 2


def test_a_recovered_matrix_is_its_own() -> None:
    coloring = color_columns(np.eye(3, dtype=bool))
    first = coloring.recover(np.ones((3, 1)))
    first.data[:] = 0
    first.eliminate_zeros()
    np.testing.assert_array_equal(coloring.recover(np.ones((3, 1))).toarray(), np.eye(3))


@pytest.mark.parametrize(
    ("call", "text"),
    [
        (lambda: color_columns(np.ones(3)), r"Give color_columns a 2-D pattern: got shape \(3,\)"),
        (lambda: color_symmetric(np.ones((2, 3))), r"square pattern: got shape \(2, 3\)"),
        (lambda: color_symmetric(np.triu(np.ones((2, 2)))), r"entry at \(0, 1\) and none at"),
        (
            lambda: color_columns(np.eye(3)).recover(np.ones((2, 1))),
            r"of shape \(3, 1\): got shape \(2, 1\)",
        ),
        (lambda: color_columns(np.eye(3)).recover([]), r"of shape \(3, 1\): got 0 columns"),
        (lambda: color_columns(np.eye(3)).recover(np.ones((3, 2))), "got 2 columns"),
    ],
)
def test_errors(call, text) -> None:
    with pytest.raises(ValueError, match=text):
        call()
