"""`vmap`: a function of one example, applied to many at once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import wraps
from typing import Any

import numpy as np

from gradtape.core import structure
from gradtape.core.batch import Batch, Level, deepest
from gradtape.core.dispatch import watched
from gradtape.core.handle import UNTRACKED, Handle, settled
from gradtape.core.tensor import Tensor
from gradtape.transforms.arguments import returned

Axes = Any
"""An axis, None, or a structure of them that matches an argument from the outside."""


def vmap(f: Callable[..., Any], in_axes: Axes = 0, out_axes: Axes = 0) -> Callable[..., Any]:
    """A function that applies `f` to each example along an axis of its arguments, all at once.

    ``vmap(f)(x)[i] == f(x[i])``. `f` runs once, on a Tensor of the shape of one example; each
    operation in it is done for all examples by one call of NumPy where the rule of the function
    says how, and for one example after the other elsewhere.

    Parameters
    ----------
    f
        A function of arrays, or nested lists, tuples, dicts and dataclasses of arrays.
    in_axes
        Along which axis the examples lie: an integer for all arguments, or a tuple with one entry
        for each. An entry is an integer, None for an argument that all examples share, or a
        structure of these that matches the argument. Keyword arguments are shared.
    out_axes
        Along which axis of the results they are put, likewise.

    Returns
    -------
    callable
        Of the signature of `f`. Arrays give arrays, Tensors give Tensors.

    Raises
    ------
    ValueError
        If the arguments hold different numbers of examples, or none is mapped.
    TypeError
        Where `f` needs the number of one example: in ``if x > 0``, ``float(x)``, ``range(x)``.

    Notes
    -----
    It nests, maps gradients (``vmap(grad(f))`` gives one gradient for each example), and is
    differentiated like any function.

    Examples
    --------
    >>> import gradtape as gt, numpy as np
    >>> x = np.array([[1.0, 2.0], [3.0, 4.0]])
    >>> gt.vmap(gt.grad(lambda v: np.sum(v) ** 2))(x)
    array([[ 6.,  6.],
           [14., 14.]])
    >>> gt.vmap(np.dot, in_axes=(0, None))(x, np.array([1.0, 10.0]))
    array([21., 43.])
    """

    @wraps(f)
    def mapped(*args: Any, **kwargs: Any) -> Any:
        if not args:
            raise ValueError("Pass what vmap shall map as positional arguments: got none.")
        leaves = structure.flatten(args)
        axes = _spread(args, in_axes, "in_axes")
        level = Level(_count(leaves, axes))
        inputs = [
            leaf if axis is None else _batch(leaf, axis, level)
            for leaf, axis in zip(leaves, axes, strict=True)
        ]
        with level:
            result = level.run(lambda: f(*structure.rebuild(args, inputs), **kwargs))
            results = structure.flatten(result)
            axes = _spread(result, out_axes, "out_axes")
            stacked = [_unbatch(y, a, level) for y, a in zip(results, axes, strict=True)]
        tree = structure.rebuild(result, stacked)
        del result, results, stacked  # an array that only the tree holds need not be copied
        return returned(tree, any([isinstance(leaf, Handle) for leaf in leaves]), new=True)

    return mapped


def _spread(tree: Any, axes: Axes, name: str) -> list[Any]:
    """The axis of each leaf of `tree`."""
    if axes is None or isinstance(axes, int):
        return [axes] * len(structure.flatten(tree))
    if not structure.is_nested(tree):
        raise ValueError(f"Give {name} an integer or None where there is one array: got {axes!r}.")
    parts, children = structure.children(axes), structure.children(tree)
    if list(parts) != list(children):
        raise ValueError(
            f"Give {name} one entry for each of the {len(children)} parts: got {len(parts)}."
        )
    return [axis for key in children for axis in _spread(children[key], parts[key], name)]


def _count(leaves: Sequence[Any], axes: Sequence[Any]) -> int:
    """The number of examples, on which all arguments must agree."""
    counts: dict[int, Any] = {}
    for leaf, axis in zip(leaves, axes, strict=True):
        if axis is None:
            continue
        shape = np.shape(leaf._value if isinstance(leaf, Handle) else leaf)
        if not -len(shape) <= axis < len(shape):
            raise ValueError(
                f"Give in_axes an axis of the argument, or None to share it: got {axis} for shape "
                f"{shape}."
            )
        counts[shape[axis]] = shape
    if not counts:
        raise ValueError("Give in_axes an axis of at least one argument: all are None.")
    if len(counts) > 1:
        raise ValueError(
            f"Give all arguments of vmap the same number of examples: got the shapes "
            f"{list(counts.values())} with {list(counts)}."
        )
    (count,) = counts
    return int(count)


def _batch(leaf: Any, axis: int, level: Level) -> Tensor:
    """`leaf` as one example; what is recorded outside stays a Tensor within."""
    value = leaf if hasattr(leaf, "dtype") else np.asarray(leaf)
    if isinstance(leaf, Handle) and not watched([leaf]):
        value = leaf._value
    examples = np.moveaxis(value, axis, 0) if axis else value
    if isinstance(examples, np.ndarray) and examples.flags.writeable:
        examples = settled(examples.copy())
    return Tensor(Batch(examples, level), UNTRACKED)


def _unbatch(y: Any, axis: Any, level: Level) -> Any:
    """The results of all examples along `axis`."""
    value = y._value if isinstance(y, Handle) else y
    if deepest((value,)) is not level:
        if axis is None:
            return Tensor(y._value, y._id) if isinstance(y, Handle) else y
        value = y if hasattr(y, "dtype") else np.asarray(y)
        examples = np.broadcast_to(value, (level.size, *value.shape))
    elif axis is None:
        raise ValueError("Give out_axes an axis: None is for a result that all examples share.")
    else:
        examples = value.examples
    if axis:
        if not -examples.ndim <= axis < examples.ndim:
            raise ValueError(
                f"Give out_axes an axis of the stacked result: got {axis} for shape "
                f"{examples.shape}."
            )
        examples = np.moveaxis(examples, 0, axis)
    if isinstance(examples, Handle):
        return Tensor(examples._value, examples._id)
    return Tensor(settled(examples), UNTRACKED)
