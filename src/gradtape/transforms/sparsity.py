"""Sparse Jacobians and Hessians: which outputs depend on which inputs, read from the record.

Each operation of the record links the entries of its result to entries of its arguments. Put
together these links give the pattern of the Jacobian; a colouring of the pattern says how few
directions show every entry of it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from gradtape.core.basis import pull_rows, push_columns
from gradtape.core.cotangents import Masked
from gradtape.core.forward import Linearization
from gradtape.core.handle import Handle
from gradtape.core.kinds import Elementwise, Linear, Primitive, raw
from gradtape.core.tape import GradientTape
from gradtape.transforms.coloring import Coloring, color_jacobian, color_symmetric

_MOST = 50_000_000
"""How many entries of a pattern to store before giving up."""

_TOGETHER = 100_000
"""How many numbers to push or pull at once: what a processor's cache holds."""


def pattern_of(record: Linearization, target: Any) -> Any:
    """Which entries of `target` may depend on which of the one source of `record`.

    Returns
    -------
    scipy.sparse.csr_array
        Boolean, of shape ``(target.size, source.size)``.
    """
    from scipy.sparse import csr_array, eye_array

    source: Any = record.sources[0]
    known = {source._id: eye_array(source.size, dtype=bool, format="csr")}
    for rule, y, values, args, kwargs, out in record.records:
        outs, ys = (out, y) if y.__class__ is tuple else ((out,), (y,))
        for ident, part in zip(outs, ys, strict=True):
            if not ident:
                continue
            total = None
            for position, arg in enumerate(args):
                if isinstance(arg, Handle) and arg._id in known:
                    linked = _through(rule, position, part, y, values, kwargs, known[arg._id])
                    if linked is not None:
                        total = linked if total is None else total + linked
            if total is not None:
                known[ident] = total
    found = known.get(target._id)
    return csr_array((target.size, source.size), dtype=bool) if found is None else found


def _through(
    rule: Any, position: int, part: Any, y: Any, values: Any, kwargs: Any, pattern: Any
) -> Any:
    """What the entries of `part`, a result of `rule`, depend on through one argument."""
    a = values[position]
    links = None
    if isinstance(rule, Elementwise) or _is_ufunc(rule.function):
        if isinstance(rule, Elementwise) and rule.partials[position] in (None, 0):
            return None
        links = np.broadcast_to(np.arange(a.size).reshape(a.shape), part.shape).ravel()
    elif isinstance(rule, Linear) and rule.moves and part is y:
        links = _moved_from(rule, position, values, kwargs)
        if links is None:
            return _gathered(rule, position, values, kwargs, part, pattern)
    elif isinstance(rule, Primitive) and hasattr(rule, "spread"):
        return _gathered(rule, position, values, kwargs, part, pattern)
    if links is None:
        return _everything(rule, part.size, pattern)
    return _rows(pattern, links)


def _is_ufunc(function: Any) -> bool:
    return isinstance(function, np.ufunc) and function.signature is None


def _rows(pattern: Any, links: Any) -> Any:
    """The rows of `pattern` named by `links`; an empty row for -1."""
    if links.size and links.min() >= 0:
        if links.size == pattern.shape[0] and np.array_equal(links, np.arange(links.size)):
            return pattern
        return pattern[links]
    return _one_hot(np.arange(links.size), links, (links.size, pattern.shape[0])) @ pattern


def _one_hot(rows: Any, columns: Any, shape: tuple[int, int]) -> Any:
    """A matrix with a true entry for each pair, none where one of the two is -1."""
    from scipy.sparse import csr_array

    linked = (rows >= 0) & (columns >= 0)
    rows, columns = rows[linked], columns[linked]
    return csr_array((np.ones(rows.size, bool), (rows, columns)), shape=shape)


def _moved_from(rule: Any, position: int, values: Any, kwargs: Any) -> Any:
    """For each result the one entry of an argument that it is, or -1; None if it is more.

    A function that moves entries tells by where it sends numbers.
    """

    def sent(numbers: Any) -> Any:
        count = rule.linear_in(len(values))
        moved = [np.zeros(np.shape(v)) for v in values[:count]]
        moved[position] = numbers
        return np.asarray(rule.compute(*moved, *values[count:], **kwargs)).real.ravel()

    a = values[position]
    links = sent(np.arange(1.0, a.size + 1).reshape(a.shape))
    links = np.where((links >= 1) & (links <= a.size), links, 0).astype(np.intp) - 1
    return links if _agrees(sent, links, a.shape) else None


def _agrees(sent: Callable[[Any], Any], links: Any, shape: tuple[int, ...]) -> bool:
    """Whether `sent` takes random numbers where `links` says."""
    numbers = np.random.default_rng(0).uniform(1, 2, shape)
    expected = np.append(numbers.ravel(), 0.0)[links]
    return np.array_equal(sent(numbers), expected)


def _gathered(rule: Any, position: int, values: Any, kwargs: Any, y: Any, pattern: Any) -> Any:
    """The links of a function each of whose arguments' entries goes into one result."""
    a = values[position]

    def received(numbers: Any) -> Any:
        g = numbers.reshape(y.shape)
        if hasattr(rule, "spread"):
            c = rule.spread(g, *values, **kwargs)
        else:
            c = rule.cotangent(position, g, None, (None, *values), kwargs)
        c = c.gather() if hasattr(c, "gather") else c
        c = raw(c.value if c.__class__ is Masked else c)
        return np.broadcast_to(c, a.shape).real.ravel()

    share = received(np.ones(y.size))
    share = np.where(share == 0, 1, share)  # a mean divides what it gives back
    where = np.rint(received(np.arange(1.0, y.size + 1)) / share).astype(np.intp) - 1
    numbers = np.random.default_rng(0).uniform(1, 2, y.size)
    inside = (where >= -1) & (where < y.size)
    expected = np.append(numbers, 0.0)[np.where(inside, where, -1)]
    if not np.allclose(received(numbers) / share, expected, rtol=1e-12, atol=0):
        return _everything(rule, y.size, pattern)
    return _one_hot(where, np.arange(a.size), (y.size, a.size)) @ pattern


def _everything(rule: Any, size: int, pattern: Any) -> Any:
    """Every entry of the result on whatever any entry of the argument depends on."""
    from scipy.sparse import csr_array

    used = np.flatnonzero(np.bincount(pattern.indices, minlength=pattern.shape[1]))
    if size * used.size > _MOST:
        raise ValueError(
            f"Give the pattern itself as sparsity=: {rule.name} may make each of its {size} "
            f"results depend on {used.size} inputs, so what gradtape could find is dense."
        )
    indptr = np.arange(0, size * used.size + 1, used.size) if used.size else np.zeros(size + 1, int)
    data = np.ones(size * used.size, bool)
    return csr_array((data, np.tile(used, size), indptr), shape=(size, pattern.shape[1]))


# -- values -------------------------------------------------------------------------------------


def sparse_jacobian(record: Linearization, target: Any, sparsity: Any, symmetric: bool) -> Any:
    """The Jacobian of `target` as a `scipy.sparse.csr_array`, in as few directions as colours."""
    given = not isinstance(sparsity, str)
    coloring = sparsity if isinstance(sparsity, Coloring) else None
    if coloring is None:
        pattern = sparsity if given else pattern_of(record, target)
        coloring = color_symmetric(_both(pattern)) if symmetric else color_jacobian(pattern)
    source: Any = record.sources[0]
    shape = (target.size, source.size)
    if coloring.pattern.shape != shape:
        raise ValueError(
            f"Give a pattern of shape {shape}, results by inputs: got {coloring.pattern.shape}."
        )
    if coloring.axis == 1:
        blocks: Any = _pushed(record, target, source, coloring)
    else:
        blocks = _pulled(record.as_tape(), target, source, coloring)
    jacobian = coloring.recover(blocks)
    if given:
        _check(record, target, source, coloring, jacobian)
    return jacobian


def _both(pattern: Any) -> Any:
    """A pattern with its mirror image: what a symmetric matrix must have."""
    return pattern if isinstance(pattern, np.ndarray) else pattern + pattern.T


def _pushed(record: Linearization, target: Any, source: Any, coloring: Coloring) -> Iterator[Any]:
    step = max(1, _TOGETHER // max(1, source.size))
    for start in range(0, coloring.number, step):
        seeds = coloring.seeds(start, min(start + step, coloring.number), source.dtype).T
        columns = push_columns(record, 0, [target], seeds.reshape(-1, *source.shape))[0]
        yield _matrix(columns, len(seeds), target)


def _pulled(tape: GradientTape, target: Any, source: Any, coloring: Coloring) -> Iterator[Any]:
    step = max(1, _TOGETHER // max(1, target.size))
    for start in range(0, coloring.number, step):
        seeds = coloring.seeds(start, min(start + step, coloring.number), target.dtype).T
        rows = pull_rows(tape, target, [source], seeds.reshape(-1, *target.shape))[0]
        yield _matrix(rows, len(seeds), source)


def _matrix(rows: Any, count: int, like: Any) -> Any:
    if rows is None:
        return np.zeros((like.size, count), like.dtype)
    return raw(rows).reshape(count, like.size).T


def _check(
    record: Linearization, target: Any, source: Any, coloring: Coloring, jacobian: Any
) -> None:
    """Refuse a given pattern that leaves something out: one random direction shows it."""
    t = coloring.direction(source.dtype)
    moved = push_columns(record, 0, [target], t.reshape(1, *source.shape))[0]
    exact = _matrix(moved, 1, target)[:, 0]
    error, limit = jacobian @ t, np.absolute(exact)
    error -= exact
    error = np.absolute(error)
    bound = 1e3 * np.finfo(exact.dtype).eps
    limit *= bound
    fits = error <= limit
    if fits.all():
        return
    wrong = np.flatnonzero(~fits)
    # Unless what cancels in their rows is as large as that.
    size = abs(jacobian[wrong]) @ t + abs(exact[wrong])
    wrong = wrong[error[wrong] > bound * size]
    if wrong.size:
        raise ValueError(
            f"Add what is missing to the pattern, or let sparsity='detect' find it: the "
            f"derivative of result {wrong[0]} has entries outside the pattern given."
        )
