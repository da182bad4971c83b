"""Colourings: how few products with a vector show every entry of a sparse matrix.

Columns of one colour are added up and multiplied together. A Jacobian ``J`` with ``n`` columns then
takes ``J @ S``, with one column for each colour in ``S``, in place of the ``n`` products of
``J @ I``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

_FEW_PAIRS = 3_000_000  # of entries in one row: what `_saturated` does in about a second

_KEPT = 1_000_000  # the most numbers of a seed matrix that is made once and kept
_SPACIOUS = 4  # how many times its entries a product may hold to be put together before it is read


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
        contiguous in memory, and not to be written into. All of them at once may be large: ask for
        a few at a time.
        """
        start, stop, _ = slice(start, stop).indices(self.number)
        if self.number * self.colors.size <= _KEPT:
            return self._seeds[start:stop].astype(dtype, copy=False).T
        rows = self._seeds_of(np.arange(start, max(start, stop)), dtype)
        return rows.T

    @cached_property
    def _seeds(self) -> NDArray[np.float64]:
        """All columns of the seed matrix, as rows."""
        seeds = self._seeds_of(np.arange(self.number), np.float64)
        seeds.setflags(write=False)
        return seeds

    def _seeds_of(self, numbers: NDArray[Any], dtype: Any) -> NDArray[Any]:
        seeds: NDArray[Any] = (self.colors == numbers[:, None]).astype(dtype)
        return seeds

    def direction(self, dtype: Any = float) -> Any:
        """A random vector that `pattern` can be multiplied by, the same at every call."""
        return self._direction.astype(dtype, copy=False)

    @cached_property
    def _direction(self) -> NDArray[np.float64]:
        size: int = self.pattern.shape[1]
        direction = np.random.default_rng(0).uniform(0.5, 1.5, size)
        direction.setflags(write=False)
        return direction

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

        given = [compressed] if hasattr(compressed, "ndim") else compressed
        blocks: Iterable[NDArray[Any]] = map(np.asarray, given)
        if self.number * self.pattern.shape[1 - self.axis] <= _SPACIOUS * self.pattern.nnz:
            blocks = self._joined(blocks)
        data = None
        start = 0
        for block in blocks:
            stop = start + self._columns(block, start)
            flat = block.ravel(order="F")
            if stop - start == self.number:
                data = flat.take(self._sources)
            else:
                if data is None:
                    data = np.empty(self.pattern.nnz, block.dtype)
                part = slice(self._starts[start], self._starts[stop])
                data[self._entries[part]] = flat[self._places[part] - start * block.shape[0]]
            start = stop
        if start < self.number:
            raise ValueError(self._expected(f"{start} columns"))
        if data is None:
            data = np.empty(0)
        # Copies: SciPy changes indices in place, in eliminate_zeros for example.
        indices, indptr = self.pattern.indices.copy(), self.pattern.indptr.copy()
        return csr_array((data, indices, indptr), shape=self.pattern.shape)

    def _joined(self, blocks: Iterable[NDArray[Any]]) -> Iterator[NDArray[Any]]:
        """All blocks as one, of contiguous columns; none for none."""
        start, columns = 0, []
        for block in blocks:
            start += self._columns(block, start)
            columns.append(block.T)
        if columns:
            yield (columns[0] if len(columns) == 1 else np.concatenate(columns)).T

    @cached_property
    def _sources(self) -> NDArray[np.intp]:
        """Where a column-major product of all the seeds has each stored entry."""
        sources = np.empty(len(self._entries), np.intp)
        sources[self._entries] = self._places
        return sources

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
    free, in their natural order. Unless there are then as few colours as the longest row has
    entries, and so as few as can be, a second order is tried: the most constrained column first
    (DSATUR) where that is quick, or the one with the most neighbours. The better colouring is kept.

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
    coloring problems", SIAM Journal on Numerical Analysis 20 (1983). Brélaz, "New methods to color
    the vertices of a graph", Communications of the ACM 22 (1979).

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
    if found.number - found.axis < max(longest_row, longest_column):  # which the other has at least
        return found
    other = second(pattern)
    return min(found, other, key=lambda coloring: (coloring.number, -coloring.axis))


def color_symmetric(pattern: Any) -> Coloring:
    """Colour the columns of a symmetric matrix so that each entry or its mirror image stands alone.

    This is a star colouring of the graph whose edges are the entries off the diagonal: neighbours
    differ, and no path of four vertices has only two colours. It often needs fewer colours than
    `color_columns`: 2 for an arrow, where that needs one for each column. Vertices are given the
    first colour that is free, in their natural order and in that of their degrees; where
    `color_columns` might do better it is tried too, and the best is kept.

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
    colors = _stars(pattern)
    if colors.max(initial=-1) >= _longest(pattern):
        colors = _fewer(colors, _partition(pattern))
    near, far = colors[columns], colors[rows]
    own = _alone(rows, near)
    # Where both places would do, the lower colour: then the higher may not be needed at all.
    own &= ~own[_mirror(pattern)] | (near < far) | ((near == far) & (columns <= rows))
    return _coloring(pattern, 1, colors, np.where(own, rows, columns), np.where(own, near, far))


# -- patterns -----------------------------------------------------------------------------------


def _canonical(pattern: Any, name: str) -> Any:
    """`pattern` as a boolean csr_array, each row sorted and without duplicates."""
    from scipy.sparse import coo_array, csr_array, issparse

    if not issparse(pattern):
        pattern = np.asarray(pattern)
    if pattern.ndim != 2:
        raise ValueError(f"Give {name} a 2-D pattern: got shape {pattern.shape}.")
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
    return np.lexsort((rows, columns))


def _alone(lines: NDArray[Any], colors: NDArray[Any]) -> NDArray[Any]:
    """For each stored entry, whether no other in its line has its colour."""
    keys = lines * (colors.max(initial=0) + 1) + colors
    _, which, counts = np.unique(keys, return_inverse=True, return_counts=True)
    alone: NDArray[Any] = counts[which] == 1
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
    colors = np.where(used, renumber[colors], -1)
    return Coloring(pattern, axis, colors, len(kept), entries, places, starts)


# -- colours ------------------------------------------------------------------------------------


class _Lists(NamedTuple):
    """The columns of a pattern as Python lists, over which loops are quickest."""

    indptr: list[int]
    indices: list[int]
    lines: int

    @classmethod
    def of(cls, pattern: Any) -> _Lists:
        columns = pattern.tocsc()
        return cls(columns.indptr.tolist(), columns.indices.tolist(), pattern.shape[0])

    def column(self, j: int) -> list[int]:
        """The rows of the entries in column j."""
        return self.indices[self.indptr[j] : self.indptr[j + 1]]


def _partition(pattern: Any) -> NDArray[Any]:
    """Colours of the columns; two of one colour share no row."""
    counts, bound = np.diff(pattern.indptr), _longest(pattern)
    if _span(pattern) <= bound:  # a band: its columns take turns
        return np.arange(pattern.shape[1]) % max(bound, 1)
    if bound == len(np.unique(pattern.indices)):
        return _all_different(pattern.indices, pattern.shape[1])
    # The colours in a row are the bits of an integer where the row is long enough to fill them, and
    # a list where it is not: so memory is linear in the entries, also for a great many colours.
    shared, filled = counts > 1, 64 * counts >= bound
    long = _Lists.of(pattern[np.flatnonzero(shared & filled)])
    short = _Lists.of(pattern[np.flatnonzero(shared & ~filled)])
    natural = _first_fit(range(pattern.shape[1]), long, short)
    if natural.max() < bound:  # the fewest there can be
        return natural
    by_degree = np.argsort(pattern.T @ counts, kind="stable")
    if np.sum(counts.astype(float) ** 2) <= _FEW_PAIRS:
        found = _saturated(by_degree.tolist(), pattern)
    else:
        found = _first_fit(by_degree[::-1].tolist(), long, short)
    return _fewer(natural, found)


def _fewer(a: NDArray[Any], b: NDArray[Any]) -> NDArray[Any]:
    """Whichever of two colourings has fewer colours; of equals, the first."""
    return a if a.max() <= b.max() else b


def _all_different(members: NDArray[Any], size: int) -> NDArray[Any]:
    """A colour of its own for each of `members`."""
    colors = np.zeros(size, np.intp)
    members = np.unique(members)
    colors[members] = np.arange(len(members))
    return colors


def _first_fit(order: Iterable[int], long: _Lists, short: _Lists) -> NDArray[Any]:
    """The first colour for each column that no column sharing a row with it has."""
    bits = [0] * long.lines  # of each long row: the colours in it
    lists: list[list[int]] = [[] for _ in range(short.lines)]
    colors = [0] * (len(long.indptr) - 1)
    for j in order:
        taken = 0
        rows = long.column(j)
        for i in rows:
            taken |= bits[i]
        bit = ~taken & (taken + 1)
        if lists:
            others = set().union(*[lists[i] for i in short.column(j)])
            while bit.bit_length() - 1 in others:
                taken |= bit
                bit = ~taken & (taken + 1)
            for i in short.column(j):
                lists[i].append(bit.bit_length() - 1)
        for i in rows:
            bits[i] |= bit
        colors[j] = bit.bit_length() - 1
    return np.array(colors, np.intp)


def _saturated(order: list[int], pattern: Any) -> NDArray[Any]:
    """Colours where the next column is always the one whose neighbours have the most colours.

    Of equals, the one met last, and at first the last in `order`. Neighbours share a row.
    """
    rows, columns = _Lists.of(pattern), _Lists.of(pattern.T)
    taken = [0] * len(order)  # the colours of each column's neighbours, as bits
    colors = [-1] * len(order)
    waiting = [order]  # for each number of colours, the columns that had so many at some time
    while waiting:
        if not waiting[-1]:
            waiting.pop()
            continue
        j = waiting[-1].pop()
        if colors[j] >= 0:
            continue
        bit = ~taken[j] & (taken[j] + 1)
        colors[j] = bit.bit_length() - 1
        for i in rows.column(j):
            for k in columns.column(i):
                if not taken[k] & bit:
                    taken[k] |= bit
                    if colors[k] < 0:
                        saturation = taken[k].bit_count()
                        while saturation >= len(waiting):
                            waiting.append([])
                        waiting[saturation].append(k)
    return np.array(colors, np.intp)


def _stars(pattern: Any) -> NDArray[Any]:
    """Colours of a star colouring of the graph of a symmetric pattern."""
    rows, columns = _coordinates(pattern)
    edges = rows != columns
    counts = np.bincount(rows[edges], minlength=pattern.shape[0])
    ends = np.concatenate([[0], np.cumsum(counts)])
    graph = _Lists(ends.tolist(), pattern.indices[edges].tolist(), len(counts))
    natural = _first_fit_stars(range(len(counts)), graph)
    if natural.max(initial=0) < 3:  # two colours are found wherever they suffice
        return natural
    by_degree = _first_fit_stars(np.argsort(-counts, kind="stable").tolist(), graph)
    return _fewer(natural, by_degree)


def _first_fit_stars(order: Iterable[int], graph: _Lists) -> NDArray[Any]:
    """The first colour for each vertex that closes no path of four with two colours.

    Colours are bits. Of each vertex are kept: its own; `seen` and `twice`, the colours that one, or
    more than one, of its neighbours has; and `centres`, those of the neighbours that have another
    neighbour of this vertex's colour. A new neighbour with such a colour would close a path at its
    end. Where it has two neighbours of one colour it closes a path in the middle if it takes the
    colour of a neighbour of theirs.
    """
    own, seen, twice, centres = ([0] * graph.lines for _ in range(4))
    for v in order:
        neighbours = graph.column(v)
        pairs = twice[v]
        taken = seen[v]
        for w in neighbours:
            taken |= centres[w]
            if own[w] & pairs:
                taken |= seen[w]
        bit = own[v] = ~taken & (taken + 1)
        for w in neighbours:
            color = own[w]
            if color & pairs:
                centres[w] |= bit
            if not seen[w] & bit:
                seen[w] |= bit
            elif not color:
                twice[w] |= bit
            elif twice[w] & bit:
                centres[v] |= color
            else:
                twice[w] |= bit
                for x in graph.column(w):
                    if own[x] == bit:
                        centres[x] |= color
    return np.array([bit.bit_length() - 1 for bit in own], np.intp)
