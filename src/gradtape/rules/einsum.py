"""`numpy.einsum`, by contractions of one or two operands."""

from __future__ import annotations

import operator
import string
from collections.abc import Sequence
from typing import Any

import numpy as np

from gradtape.core.cotangents import Masked
from gradtape.core.dispatch import apply
from gradtape.core.domains import call, draw
from gradtape.core.rules import bilinear, composite, constant, linear
from gradtape.rules.arguments import as_array, conj, counting, refuse_out

_LETTERS = string.ascii_uppercase + string.ascii_lowercase


def relabelled(a: Any, *, subscripts: str) -> Any:
    """`einsum` of one operand: a transpose, a diagonal, a sum."""
    return np.einsum(subscripts, a)


def contracted(a: Any, b: Any, *, subscripts: str, optimize: bool = False) -> Any:
    """`einsum` of two operands."""
    return np.einsum(subscripts, a, b, optimize=optimize)


def _relabelled_transpose(g: Any, a: Any, *, subscripts: str) -> Any:
    term, output = subscripts.split("->")
    kept = "".join([label for label in dict.fromkeys(term) if label in output])
    return _spread(np.einsum(f"{output}->{kept}", g), kept, term, a.shape)


def _contracted_first(g: Any, a: Any, b: Any, *, subscripts: str, optimize: bool = False) -> Any:
    terms, output = subscripts.split("->")
    mine, other = terms.split(",")
    # An axis of length 1 may have been broadcast: then its label is summed here.
    long = {label for label, length in zip(mine, a.shape, strict=True) if length != 1}
    kept = "".join([x for x in dict.fromkeys(mine) if x in long and x in output + other])
    c = np.einsum(f"{output},{other}->{kept}", g, conj(b), optimize=optimize)
    return _spread(c, kept, mine, a.shape)


def _contracted_second(g: Any, a: Any, b: Any, *, subscripts: str, optimize: bool = False) -> Any:
    terms, output = subscripts.split("->")
    mine, other = terms.split(",")
    turned = f"{other},{mine}->{output}"
    return _contracted_first(g, b, a, subscripts=turned, optimize=optimize)


def _spread(c: Any, labels: str, term: str, shape: tuple[int, ...]) -> Any:
    """`c`, with axes `labels`, as an array of `shape` with axes `term`.

    It is broadcast along the labels that it lacks, and stands on the diagonal of repeated ones.
    """
    lengths = [1] * len(term)
    for label, length in zip(labels, c.shape, strict=True):
        lengths[term.index(label)] = length
    c = np.reshape(c, lengths)
    diagonal: Any = True
    for axis, label in enumerate(term):
        first = term.index(label)
        if first != axis:
            diagonal = diagonal & (counting(first, shape) == counting(axis, shape))
    if diagonal is True:
        return c if c.shape == shape else np.broadcast_to(c, shape)
    diagonal = np.broadcast_to(diagonal, shape)
    return Masked(np.where(diagonal, c, 0), diagonal)


def _batch(call: Any, values: Any, batched: Any, options: Any) -> Any:
    """One more label, for the examples."""
    terms, output = options["subscripts"].split("->")
    new = next(letter for letter in _LETTERS if letter not in terms + output)
    pairs = zip(terms.split(","), batched, strict=True)
    labelled = ",".join([new + term if own else term for term, own in pairs])
    return call(*values, **{**options, "subscripts": f"{labelled}->{new}{output}"})


linear(
    relabelled,
    _relabelled_transpose,
    moves=True,
    batch=_batch,
    calls=[
        call(draw(2, 3), subscripts="ij->ji"),
        call(draw(2, 3), subscripts="ij->i"),
        call(draw(2, 2, 3), subscripts="iij->ji"),
        call(draw(2, 2, 2), subscripts="iii->"),
    ],
)
bilinear(
    contracted,
    _contracted_first,
    _contracted_second,
    batch=_batch,
    calls=[
        call(draw(2, 3), draw(3, 4), subscripts="ij,jk->ki"),
        call(draw(2, 2), draw(3, 4), subscripts="ii,jk->kj", optimize=True),
        call(draw(2, 1), draw(3, 4), subscripts="ij,jk->ik"),
        call(draw(2, 3), draw(1), subscripts="ij,j->i"),
    ],
)

_EINSUMS = [
    call("ij,jk", draw(2, 3), draw(3, 2)),
    call("ij, jk -> ki", draw(2, 3), draw(3, 2)),
    call("ba", draw(2, 3)),
    call("ii", draw(3, 3)),
    call("ii->i", draw(3, 3)),
    call("iij->j", draw(2, 2, 3)),
    call("ijij->ij", draw(2, 3, 2, 3)),
    call("ij->", draw(2, 3)),
    call("ij->j", draw(2, 3)),
    call("i,i", draw(3), draw(3)),
    call("i,j->ij", draw(2), draw(3)),
    call("ij,kj->k", draw(2, 3), draw(4, 3)),
    call("ij,kl->", draw(2, 3), draw(2, 2)),
    call("ii,i->i", draw(2, 2), draw(2)),
    call("...ij,...jk", draw(2, 2, 3), draw(3, 2)),
    call("...ij,...jk->...ik", draw(2, 1, 2, 3), draw(4, 3, 2)),
    call("i...->...", draw(2, 3)),
    call("...,...", draw(2, 1), draw(3)),
    call("...ii->...", draw(2, 3, 3)),
    call(",i->i", draw(), draw(3)),
    call("ij,jk,kl->il", draw(2, 3), draw(3, 2), draw(2, 2)),
    call("ij,jk,kl->il", draw(2, 3), draw(3, 2), draw(2, 2), optimize=True),
    call("i,i,i->", draw(3), draw(3), draw(3)),
    call("a,b,c,abc", draw(2), draw(3), draw(2), draw(2, 3, 2), optimize="optimal"),
    call(
        "ij,jk,ki->", draw(2, 3), draw(3, 2), draw(2, 2), optimize=["einsum_path", (1, 2), (0, 1)]
    ),
    call(draw(2, 3), [0, 1], draw(3, 2), [1, 2], [0, 2]),
    call(draw(2, 3), [1, 0]),
    call(draw(2, 2, 3), [..., 0, 1], draw(3, 2), [1, 2]),
]


@composite(np.einsum, calls=_EINSUMS)
def _einsum(
    *operands: Any,
    out: Any = None,
    dtype: Any = None,
    order: str = "K",
    casting: str = "safe",
    optimize: Any = False,
) -> Any:
    """Contracts two operands at a time, so that no derivative needs the product of all others."""
    refuse_out(out, np.einsum)
    subscripts, arrays = _as_subscripts(operands)
    if dtype is not None:
        arrays = [a.astype(dtype) for a in arrays]
    terms, output = _without_ellipses(subscripts, [a.ndim for a in arrays])
    todo = list(zip(arrays, terms, strict=True))
    for group in _path(todo, output, optimize):
        chosen = [todo.pop(position) for position in sorted(group, reverse=True)][::-1]
        todo.append(_contract_all(chosen, todo, output, bool(optimize)))
    ((y, term),) = todo
    if term == output and len(arrays) > 1:
        return y
    return apply(relabelled, (y,), {"subscripts": f"{term}->{output}"})


def _as_subscripts(operands: Sequence[Any]) -> tuple[str, list[Any]]:
    """The subscripts and arrays of either way to call `einsum`."""
    if isinstance(operands[0], str):
        return operands[0].replace(" ", ""), [as_array(a) for a in operands[1:]]

    def spelled(labels: Any) -> str:
        return "".join(["..." if x is ... else _LETTERS[operator.index(x)] for x in labels])

    pairs = len(operands) // 2 * 2
    subscripts = ",".join([spelled(labels) for labels in operands[1:pairs:2]])
    if pairs < len(operands):
        subscripts += "->" + spelled(operands[-1])
    return subscripts, [as_array(a) for a in operands[:pairs:2]]


def _without_ellipses(subscripts: str, ranks: list[int]) -> tuple[list[str], str]:
    """The labels of each operand and of the result, with letters for what ellipses stand for."""
    inputs, arrow, output = subscripts.partition("->")
    terms = inputs.split(",")
    if len(terms) != len(ranks):
        raise ValueError(
            f"Give numpy.einsum one operand for each of {terms}: got {len(ranks)} operands."
        )
    counts = [
        rank - len(term.replace("...", "")) if "..." in term else 0
        for term, rank in zip(terms, ranks, strict=True)
    ]
    spare = "".join([letter for letter in _LETTERS if letter not in subscripts])
    fill = spare[: max(counts)]
    if not arrow:
        once = [x for x in sorted(set(inputs) - set(".,")) if inputs.count(x) == 1]
        output = "..." + "".join(once)
    elif fill and "..." not in output:
        raise ValueError(
            f"Write '...' in the output of numpy.einsum {subscripts!r}, where the axes that it "
            "stands for have to go."
        )
    terms = [
        term.replace("...", fill[len(fill) - count :])
        for term, count in zip(terms, counts, strict=True)
    ]
    return terms, output.replace("...", fill)


def _path(todo: list[Any], output: str, optimize: Any) -> list[Any]:
    """The groups of positions to contract, in order; results are appended at the end."""
    if len(todo) <= 2:
        return [(0, 1)] if len(todo) == 2 else []
    subscripts = ",".join([term for _, term in todo]) + "->" + output
    shapes = [np.broadcast_to(0.0, a.shape) for a, _ in todo]
    how = "greedy" if isinstance(optimize, bool) else optimize
    path = np.einsum_path(subscripts, *shapes, optimize=how)[0][1:]
    left = len(todo) - sum([len(group) - 1 for group in path])
    return [*path, tuple(range(left))] if left > 1 else path


def _contract_all(chosen: list[Any], others: list[Any], output: str, optimize: bool) -> Any:
    """The contraction of `chosen`, pairs of an array and its labels, as such a pair."""
    a, term = chosen[0]
    for position in range(1, len(chosen)):
        b, labels = chosen[position]
        rest = [label for _, label in chosen[position + 1 :] + others]
        result = "".join([x for x in dict.fromkeys(term + labels) if x in output + "".join(rest)])
        result = result if rest else output
        options = {"subscripts": f"{term},{labels}->{result}", "optimize": optimize}
        a, term = apply(contracted, (a, b), options), result
    return a, term


constant(np.einsum_path)
