"""Colourings: how few products with a vector show every entry of a sparse matrix.

Columns of one colour are added up and multiplied together. A Jacobian ``J`` with ``n`` columns then
takes ``J @ S``, with one column for each colour in ``S``, in place of the ``n`` products of
``J @ I``.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class Coloring:
    """A colouring of the columns, or of the rows, of a sparse matrix.

    Attributes
    ----------
    pattern
        The pattern: a boolean `scipy.sparse.csr_array` in canonical form.
    axis
        1 if its columns have the colours, 0 if its rows have.
    colors
        The colour of each column (row), counted from 0; -1 if no product needs it.
    number
        How many colours there are.
    """

    pattern: Any
    axis: int
    colors: NDArray[np.intp]
    number: int
    # The stored entries by colour: which they are, where a column-major product has them, and
    # where each colour starts.
    _entries: NDArray[np.intp] = field(repr=False)
    _places: NDArray[np.intp] = field(repr=False)
    _starts: NDArray[np.intp] = field(repr=False)

    def seeds(self, start: int = 0, stop: int | None = None, dtype: Any = float) -> NDArray[Any]:
        """The columns ``start:stop`` of the seed matrix ``S``: ``S[j, c]`` is 1 if j has colour c.

        One row for each column of the pattern (each row, with ``axis=0``). Every column returned is
        contiguous in memory. All of them at once may be large: ask for a few at a time.
        """
        start, stop, _ = slice(start, stop).indices(self.number)
        numbers = np.arange(start, max(start, stop))
        seeds: NDArray[Any] = (self.colors == numbers[:, None]).astype(dtype)
        return seeds.T

    def recover(self, compressed: Any) -> Any:
        """The matrix, from its products with the seeds.

        Parameters
        ----------
        compressed
            ``J @ S``, with one column for each colour (``J.T @ S`` with ``axis=0``); or an iterable
            of its blocks of columns, from the left, so that they need not all be in memory at once.

        Returns
        -------
        scipy.sparse.csr_array
            Its stored entries are those of `pattern`, in the dtype of the (first) product.

        Raises
        ------
        ValueError
            If `compressed` has another shape.
        """
        from scipy.sparse import csr_array

        blocks = [compressed] if hasattr(compressed, "ndim") else compressed
        data = None
        start = 0
        for block in map(np.asarray, blocks):
            stop = start + self._columns(block, start)
            if data is None:
                data = np.empty(self.pattern.nnz, block.dtype)
            part = slice(self._starts[start], self._starts[stop])
            places = self._places[part] - start * block.shape[0]
            data[self._entries[part]] = block.ravel(order="F")[places]
            start = stop
        if start < self.number:
            raise ValueError(self._expected(f"{start} columns"))
        if data is None:
            data = np.empty(0)
        # Copies: SciPy changes indices in place, in eliminate_zeros for example.
        indices, indptr = self.pattern.indices.copy(), self.pattern.indptr.copy()
        return csr_array((data, indices, indptr), shape=self.pattern.shape)

    def _columns(self, block: NDArray[Any], start: int) -> int:
        """How many columns `block` has, the first of them `start`; its shape is checked."""
        if block.ndim != 2 or block.shape[0] != self.pattern.shape[1 - self.axis]:
            raise ValueError(self._expected(f"shape {block.shape}"))
        if start + block.shape[1] > self.number:
            raise ValueError(self._expected(f"{start + block.shape[1]} columns"))
        return int(block.shape[1])

    def _expected(self, got: str) -> str:
        shape = (self.pattern.shape[1 - self.axis], self.number)
        return f"Give recover the product with all the seeds, of shape {shape}: got {got}."


def color_columns(pattern: Any) -> Coloring:
    """Colour the columns of a matrix so that two of one colour have no row in common.

    Then every entry of ``J`` stands alone in ``J @ S``. Columns are given the first colour that is
    free, in their natural order, then in that of their number of neighbours, then class by class of
    the best colouring so far, which never needs more colours and often fewer. The search stops
    when no colouring can have fewer: as many as the longest row has entries.

    Parameters
    ----------
    pattern
        Where the matrix may be other than zero: a 2-D array, or a `scipy.sparse` array or matrix,
        of which every stored entry counts, also a stored zero.

    Returns
    -------
    Coloring
        With ``axis=1``.

    Raises
    ------
    ValueError
        If `pattern` is not 2-D.

    References
    ----------
    Curtis, Powell and Reid, "On the estimation of sparse Jacobian matrices", IMA Journal of Applied
    Mathematics 13 (1974). Coleman and Moré, "Estimation of sparse Jacobian matrices and graph
    coloring problems", SIAM Journal on Numerical Analysis 20 (1983). Culberson, "Iterated greedy
    graph coloring and the difficulty landscape", University of Alberta (1992).

    Examples
    --------
    >>> import numpy as np
    >>> from gradtape.transforms.coloring import color_columns
    >>> jacobian = np.diag(np.arange(1.0, 6.0)) + np.diag(np.ones(4), 1)
    >>> coloring = color_columns(jacobian)
    >>> coloring.number
    2
    >>> compressed = jacobian @ coloring.seeds()
    >>> np.array_equal(coloring.recover(compressed).toarray(), jacobian)
    True
    """
    pattern = _canonical(pattern, "color_columns")
    rows, columns = _coordinates(pattern)
    colors = _partition(pattern)
    return _coloring(pattern, 1, colors, rows, colors[columns])


def color_rows(pattern: Any) -> Coloring:
    """Colour the rows of a matrix so that two of one colour have no column in common.

    This is `color_columns` of the transpose, and what `Coloring.recover` expects is ``J.T @ S``:
    vector-Jacobian products in place of Jacobian-vector products. The result has ``axis=0``.
    """
    pattern = _canonical(pattern, "color_rows")
    rows, columns = _coordinates(pattern)
    colors = _partition(pattern.T.tocsr())
    return _coloring(pattern, 0, colors, columns, colors[rows])


def color_jacobian(pattern: Any) -> Coloring:
    """`color_columns` or `color_rows`, whichever needs fewer colours; of equals, the columns.

    A row without a zero makes every column a colour of its own, a column without a zero every row.
    """
    pattern = _canonical(pattern, "color_jacobian")
    longest_row, longest_column = _longest(pattern), _longest(pattern.T.tocsr())
    first, second = color_columns, color_rows
    if longest_column < longest_row:
        first, second = second, first
    found = first(pattern)
    if found.number <= max(longest_row, longest_column):  # the other cannot have fewer
        return found
    other = second(pattern)
    return min(found, other, key=lambda coloring: (coloring.number, -coloring.axis))


def color_symmetric(pattern: Any) -> Coloring:
    """Colour the columns of a symmetric matrix so that each entry or its mirror image stands alone.

    This is a star colouring of the graph whose edges are the entries off the diagonal: neighbours
    differ, and no path of four vertices has only two colours. It often needs fewer colours than
    `color_columns`: 2 for an arrow, where that needs one for each column. Vertices are given the
    first colour that is free, in their natural order and in that of their degrees.

    Parameters
    ----------
    pattern
        As for `color_columns`, square and symmetric.

    Returns
    -------
    Coloring
        With ``axis=1``. What it recovers is symmetric to the last bit. An entry off the diagonal is
        read once, in one of its two places.

    Raises
    ------
    ValueError
        If `pattern` is not 2-D, square and symmetric.

    References
    ----------
    Coleman and Moré, "Estimation of sparse Hessian matrices and graph coloring problems",
    Mathematical Programming 28 (1984). Gebremedhin, Manne and Pothen, "What color is your
    Jacobian? Graph coloring for computing derivatives", SIAM Review 47 (2005). Gebremedhin,
    Tarafdar, Manne and Pothen, "New acyclic and star coloring algorithms with application to
    computing Hessians", SIAM Journal on Scientific Computing 29 (2007), algorithm 4.1.

    Examples
    --------
    >>> import numpy as np
    >>> from gradtape.transforms.coloring import color_symmetric
    >>> arrow = np.eye(5)
    >>> arrow[0], arrow[:, 0] = 2.0, 2.0
    >>> coloring = color_symmetric(arrow)
    >>> coloring.number
    2
    >>> np.array_equal(coloring.recover(arrow @ coloring.seeds()).toarray(), arrow)
    True
    """
    pattern = _canonical(pattern, "color_symmetric")
    _require_symmetric(pattern)
    rows, columns = _coordinates(pattern)
    colors = _stars(pattern, rows != columns)
    mirror = _mirror(pattern)
    own = _alone(rows, colors[columns])
    # Where both places would do, the lower colour: then the higher may not be needed at all.
    own &= ~own[mirror] | (colors[columns] <= colors[rows])
    return _coloring(
        pattern, 1, colors, np.where(own, rows, columns), colors[np.where(own, columns, rows)]
    )


# -- patterns -----------------------------------------------------------------------------------


def _canonical(pattern: Any, name: str) -> Any:
    """`pattern` as a boolean csr_array, each row sorted and without duplicates."""
    from scipy.sparse import coo_array, csr_array, issparse

    if not issparse(pattern):
        pattern = np.asarray(pattern)
    if pattern.ndim != 2:
        raise ValueError(f"Give {name} a 2-D pattern: got shape {pattern.shape}.")
    if pattern.__class__ is csr_array and pattern.dtype == bool and pattern.has_canonical_format:
        return pattern
    found = coo_array(pattern)
    return csr_array((np.ones(found.nnz, bool), found.coords), shape=found.shape)


def _require_symmetric(pattern: Any) -> None:
    if pattern.shape[0] != pattern.shape[1]:
        raise ValueError(f"Give color_symmetric a square pattern: got shape {pattern.shape}.")
    alone = (pattern > pattern.T).tocoo()
    if alone.nnz:
        i, j = (int(index[0]) for index in alone.coords)
        raise ValueError(
            f"Give color_symmetric a symmetric pattern, such as pattern + pattern.T: "
            f"got an entry at ({i}, {j}) and none at ({j}, {i})."
        )


def _coordinates(pattern: Any) -> tuple[NDArray[Any], NDArray[Any]]:
    """The row and the column of each stored entry."""
    rows = np.repeat(np.arange(pattern.shape[0], dtype=np.intp), np.diff(pattern.indptr))
    return rows, pattern.indices


def _longest(pattern: Any) -> int:
    """How many entries the longest row has."""
    return int(np.diff(pattern.indptr).max(initial=0))


def _span(pattern: Any) -> int:
    """The most columns that lie between the first and the last entry of a row, both counted."""
    starts, stops = pattern.indptr[:-1], pattern.indptr[1:]
    full = stops > starts
    firsts, lasts = pattern.indices[starts[full]], pattern.indices[stops[full] - 1]
    return int((lasts - firsts).max(initial=-1)) + 1


def _mirror(pattern: Any) -> NDArray[Any]:
    """For each stored entry (i, j) of a symmetric pattern, which one is (j, i)."""
    rows, columns = _coordinates(pattern)
    order: NDArray[np.intp] = np.lexsort((rows, columns))
    return order


def _alone(lines: NDArray[Any], colors: NDArray[Any]) -> NDArray[Any]:
    """For each stored entry, whether no other in its line has its colour."""
    keys = lines * (colors.max(initial=0) + 1) + colors
    _, which, counts = np.unique(keys, return_inverse=True, return_counts=True)
    alone: NDArray[np.bool_] = counts[which] == 1
    return alone


def _coloring(
    pattern: Any, axis: int, colors: NDArray[Any], lines: NDArray[Any], read: NDArray[Any]
) -> Coloring:
    """The `Coloring` that finds each stored entry in its line of the product with a colour."""
    counts = np.bincount(read, minlength=colors.max(initial=-1) + 1)
    kept = np.flatnonzero(counts)
    renumber = np.full(len(counts), -1, np.intp)
    renumber[kept] = np.arange(len(kept))
    read = renumber[read]
    entries = np.argsort(read, kind="stable")
    places = (read * pattern.shape[1 - axis] + lines)[entries]
    starts = np.concatenate([[0], np.cumsum(counts[kept])])
    used = np.diff((pattern.tocsc() if axis else pattern).indptr) > 0
    colors = np.where(used, renumber[colors] if len(counts) else -1, -1)
    return Coloring(pattern, axis, colors, len(kept), entries, places, starts)


# -- colours ------------------------------------------------------------------------------------
#
# A set of colours is a Python integer, with a bit for each: joining two is one operation, and so is
# finding the first that is free.


def _partition(pattern: Any) -> NDArray[np.intp]:
    """Colours of the columns, no two of one colour with a row in common."""
    least = _longest(pattern)
    if _span(pattern) <= least:  # a band: its columns take turns
        return np.arange(pattern.shape[1]) % max(least, 1)
    columns = pattern.tocsc()
    indptr, indices = columns.indptr.tolist(), columns.indices.tolist()
    lines = [indices[a:b] for a, b in itertools.pairwise(indptr)]
    best = _greedy(range(len(lines)), lines, pattern.shape[0])
    if best.max(initial=-1) + 1 > least:
        crowd = np.diff(pattern.indptr)
        degrees = np.add.reduceat(np.append(crowd[columns.indices], 0), columns.indptr[:-1])
        degrees[np.diff(columns.indptr) == 0] = 0
        best = min(best, _greedy(_falling(degrees), lines, pattern.shape[0]), key=np.max)
    if best.max(initial=-1) + 1 > least:
        best = min(best, _greedy(_falling(best), lines, pattern.shape[0]), key=np.max)
    return best


def _falling(keys: NDArray[Any]) -> list[int]:
    """The positions of `keys`, the largest key first."""
    order: list[int] = np.argsort(-keys.astype(np.intp), kind="stable").tolist()
    return order


def _greedy(order: Iterable[int], lines: list[list[int]], rows: int) -> NDArray[np.intp]:
    """The first free colour for each column in `order`; ``lines[j]`` are the rows of column j."""
    taken = [0] * rows
    colors = np.zeros(len(lines), np.intp)
    for j in order:
        used = 0
        for i in lines[j]:
            used |= taken[i]
        free = ~used & (used + 1)
        for i in lines[j]:
            taken[i] |= free
        colors[j] = free.bit_length() - 1
    return colors


def _stars(pattern: Any, off_diagonal: NDArray[np.bool_]) -> NDArray[np.intp]:
    """A star colouring of the graph of the entries `off_diagonal`."""
    rows, columns = _coordinates(pattern)
    degrees = np.bincount(rows[off_diagonal], minlength=pattern.shape[0])
    starts = np.concatenate([[0], np.cumsum(degrees)]).tolist()
    indices = columns[off_diagonal].tolist()
    neighbours = [indices[a:b] for a, b in itertools.pairwise(starts)]
    best = _greedy_stars(_falling(degrees), neighbours)
    if best.max(initial=0) > 1:
        best = min(best, _greedy_stars(range(len(neighbours)), neighbours), key=np.max)
    return best


def _greedy_stars(order: Iterable[int], neighbours: list[list[int]]) -> NDArray[np.intp]:
    """The first colour for each vertex in `order` that leaves no path of four with two colours.

    A vertex differs from its neighbours, from all vertices across an uncoloured neighbour, and
    from those across a coloured one that have a second neighbour of that one's colour.
    """
    count = len(neighbours)
    colors = [0] * count  # as sets of one
    around = [0] * count  # the colours of a vertex's neighbours
    across = [0] * count  # the colours of its neighbours that have another of its own colour
    first: list[dict[int, int]] = [{} for _ in range(count)]  # by colour, the first neighbour
    for v in order:
        used = around[v]
        for w in neighbours[v]:
            used |= across[w] if colors[w] else around[w]
        color = ~used & (used + 1)
        colors[v] = color
        for w in neighbours[v]:
            around[w] |= color
            twin = first[w].setdefault(color, v)
            if twin != v and colors[w]:
                across[twin] |= colors[w]
                across[v] |= colors[w]
    return np.array([color.bit_length() - 1 for color in colors], np.intp).reshape(count)
