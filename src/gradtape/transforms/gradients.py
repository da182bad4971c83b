"""Derivatives of functions along one direction: gradients, products with Jacobians and Hessians."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import wraps
from typing import Any

import numpy as np

from gradtape.core import structure
from gradtape.core.forward import ForwardAccumulator, Linearization
from gradtape.core.handle import UNTRACKED, Handle, new_identity, settled
from gradtape.core.tape import GradientTape
from gradtape.core.tensor import Tensor
from gradtape.transforms.arguments import Argnums, Arguments, outputs, returned, split_aux

ZERO = "zero"


def value_and_grad(
    f: Callable[..., Any], argnums: Argnums = 0, has_aux: bool = False
) -> Callable[..., Any]:
    """A function that gives both ``f(*args)`` and its gradient, for one evaluation of each.

    For a real scalar ``L = f(x)`` the gradient is ``dL/dx[i]``, of the structure, shapes and dtypes
    of `x`; that of a complex `x` is ``dL/dRe(x) + 1j * dL/dIm(x)``.

    Parameters
    ----------
    f
        A function of numbers, arrays, Tensors, or nested lists, tuples, dicts and dataclasses of
        them. It returns a real number.
    argnums
        Which positional argument to differentiate, or a sequence of them: then a tuple comes back.
    has_aux
        `f` returns ``(value, aux)``, and so does the new function: ``((value, aux), gradient)``.

    Returns
    -------
    callable
        Of the signature of `f`, giving ``(value, gradient)``. Plain numbers and arrays give NumPy
        values (a Python number counts as float64), Tensors give Tensors. An argument that the
        value does not depend on has gradient 0.

    Raises
    ------
    TypeError
        If an argument holds integers, or the value is not a real scalar.
    ValueError
        If `argnums` names an argument that is not there.

    References
    ----------
    A. Griewank and A. Walther, *Evaluating Derivatives*, SIAM 2008, section 3.2.

    Examples
    --------
    >>> import gradtape as gt, numpy as np
    >>> value, gradient = gt.value_and_grad(lambda x: np.sum(x**2))(np.array([1.0, 2.0]))
    >>> float(value), gradient
    (5.0, array([2., 4.]))
    """
    return _value_and_grad("value_and_grad", f, argnums, has_aux)


def _value_and_grad(
    name: str, f: Callable[..., Any], argnums: Argnums, has_aux: bool
) -> Callable[..., Any]:
    @wraps(f)
    def differentiated(*args: Any, **kwargs: Any) -> Any:
        arguments = Arguments(name, args, argnums)
        with GradientTape(watch_accessed_variables=False) as tape:
            tape.watch(arguments.tensors)
            result = arguments.call(f, kwargs)
        value, aux = split_aux(name, result, has_aux)
        target = _scalar(name, value)
        gradient = arguments.rebuild(tape.gradient(target, arguments.tensors, None, ZERO))
        value = (target, aux) if has_aux else target
        return arguments.returned(value), arguments.returned(gradient, new=True)

    return differentiated


def grad(f: Callable[..., Any], argnums: Argnums = 0, has_aux: bool = False) -> Callable[..., Any]:
    """A function that gives the gradient of `f`; errors as for `value_and_grad`.

    Parameters
    ----------
    f
        A function of arguments nested in any way, which returns a real number.
    argnums
        Which positional argument to differentiate, or a sequence of them: then a tuple comes back.
    has_aux
        `f` returns ``(value, aux)``, and the new function ``(gradient, aux)``.

    Returns
    -------
    callable
        Of the signature of `f`, giving ``dL/dx[i]`` for ``L = f(x)`` in the structure, shapes and
        dtypes of `x`; of a complex `x`, ``dL/dRe(x) + 1j * dL/dIm(x)``.

    Examples
    --------
    >>> import gradtape as gt, numpy as np
    >>> gt.grad(np.sin)(0.0)
    np.float64(1.0)
    >>> gt.grad(gt.grad(lambda x: x**3))(2.0)
    np.float64(12.0)
    """
    return gradient_of("grad", f, argnums, has_aux)


def gradient_of(
    name: str, f: Callable[..., Any], argnums: Argnums, has_aux: bool = False
) -> Callable[..., Any]:
    """`grad` for what the user called by `name`, which errors tell."""
    both = _value_and_grad(name, f, argnums, has_aux)

    @wraps(f)
    def gradient(*args: Any, **kwargs: Any) -> Any:
        value, found = both(*args, **kwargs)
        return (found, value[1]) if has_aux else found

    return gradient


def vjp(f: Callable[..., Any], *primals: Any, has_aux: bool = False) -> Any:
    """The value of `f`, and the function that pulls cotangents back: ``v -> v @ df/dx``.

    Parameters
    ----------
    f
        A function of `primals`, with results of any structure.
    primals
        The arguments, nested as for `value_and_grad`.
    has_aux
        `f` returns ``(value, aux)``.

    Returns
    -------
    value
        ``f(*primals)``.
    pull
        A function of a cotangent in the structure and shapes of `value`, giving a tuple with one
        cotangent for each of `primals`. It can be called any number of times.
    aux
        Only with `has_aux`.

    Examples
    --------
    >>> import gradtape as gt, numpy as np
    >>> value, pull = gt.vjp(lambda x: x**2, np.array([1.0, 2.0]))
    >>> pull(np.array([1.0, 10.0]))
    (array([ 2., 40.]),)
    """
    arguments = Arguments("vjp", primals, range(len(primals)))
    with GradientTape(persistent=True, watch_accessed_variables=False) as tape:
        tape.watch(arguments.tensors)
        result = arguments.call(f, {})
    value, aux = split_aux("vjp", result, has_aux)
    targets = outputs("vjp", value)

    def pull(cotangent: Any) -> Any:
        seeds = structure.match(value, cotangent, "the cotangent")
        found = arguments.rebuild(tape.gradient(targets, arguments.tensors, seeds, ZERO))
        given = any([isinstance(seed, Handle) for seed in seeds])
        return returned(found, arguments.are_tensors or given, new=True)

    value = arguments.returned(structure.rebuild(value, list(targets)))
    return (value, pull, arguments.returned(aux)) if has_aux else (value, pull)


def jvp(
    f: Callable[..., Any], primals: Sequence[Any], tangents: Sequence[Any], has_aux: bool = False
) -> Any:
    """The value of `f`, and its derivative along `tangents`: ``df/dx @ t``.

    Parameters
    ----------
    f
        A function with results of any structure.
    primals
        The arguments, as a tuple or list.
    tangents
        The directions, in the structure and shapes of `primals`.
    has_aux
        `f` returns ``(value, aux)``.

    Returns
    -------
    value, tangent
        ``f(*primals)``, and its directional derivative, in the same structure.
    aux
        Only with `has_aux`.

    Examples
    --------
    >>> import gradtape as gt, numpy as np
    >>> gt.jvp(np.sin, (0.0,), (2.0,))
    (np.float64(0.0), np.float64(2.0))
    """
    primals, tangents = _tuples("jvp", primals, tangents)
    arguments = Arguments("jvp", primals, range(len(primals)))
    given = structure.match(arguments.chosen, tangents, "tangents")
    with ForwardAccumulator(arguments.tensors, given) as accumulator:
        result = arguments.call(f, {})
    value, aux = split_aux("jvp", result, has_aux)
    targets = outputs("jvp", value)
    pushed = accumulator.jvp(targets, ZERO)
    as_tensors = arguments.are_tensors or any([isinstance(t, Handle) for t in given])
    both = (
        returned(structure.rebuild(value, list(targets)), as_tensors),
        returned(structure.rebuild(value, pushed), as_tensors),
    )
    return (*both, returned(aux, as_tensors)) if has_aux else both


def linearize(f: Callable[..., Any], *primals: Any, has_aux: bool = False) -> Any:
    """The value of `f`, and the linear map ``t -> df/dx @ t`` as a function to call many times.

    `f` itself is evaluated once; the values in between are kept as long as the map is.

    Parameters
    ----------
    f
        A function of `primals`, with results of any structure.
    primals
        The arguments, nested as for `value_and_grad`.
    has_aux
        `f` returns ``(value, aux)``.

    Returns
    -------
    value
        ``f(*primals)``.
    push
        A function of tangents, one for each of `primals` in its structure and shapes, giving the
        tangent of `value`. It can be called any number of times.
    aux
        Only with `has_aux`.

    Examples
    --------
    >>> import gradtape as gt, numpy as np
    >>> value, push = gt.linearize(lambda x, y: x * y, 2.0, 3.0)
    >>> push(1.0, 0.0), push(0.0, 1.0)
    (np.float64(3.0), np.float64(2.0))
    """
    arguments = Arguments("linearize", primals, range(len(primals)))
    record, result = recorded(arguments, f, {})
    value, aux = split_aux("linearize", result, has_aux)
    targets = outputs("linearize", value)

    def push(*tangents: Any) -> Any:
        given = structure.match(arguments.chosen, tuple(tangents), "tangents")
        accumulator = ForwardAccumulator(arguments.tensors, given)  # checks the tangents
        moved = [accumulator._tangents[tensor._id] for tensor in arguments.tensors]
        pushed = [
            _wrapped(t, target)
            for t, target in zip(record.push(moved, targets), targets, strict=True)
        ]
        as_tensors = arguments.are_tensors or any([isinstance(t, Handle) for t in given])
        return returned(structure.rebuild(value, pushed), as_tensors)

    value_returned = arguments.returned(structure.rebuild(value, list(targets)))
    return (value_returned, push, arguments.returned(aux)) if has_aux else (value_returned, push)


def recorded(
    arguments: Arguments, f: Callable[..., Any], kwargs: dict[str, Any]
) -> tuple[Linearization, Any]:
    """The record of one evaluation of `f`, and what it returned."""
    for tensor in arguments.tensors:
        tensor._id = tensor._id or new_identity()
    with Linearization(arguments.tensors) as record:
        return record, arguments.call(f, kwargs)


def hvp(f: Callable[..., Any], primals: Any, tangents: Any) -> Any:
    """The product of the Hessian of a scalar function with a vector, ``H @ t``.

    Reverse over forward: the gradient of the derivative of `f` along `t`. The Hessian is never
    formed; the product costs a few evaluations of `f`, whatever the dimension.

    Parameters
    ----------
    f
        A function that returns a real scalar.
    primals
        Its arguments as a tuple, or its only argument.
    tangents
        The vector, in the structure and shapes of `primals`.

    Returns
    -------
    In the structure of `primals`.

    References
    ----------
    B. A. Pearlmutter, "Fast exact multiplication by the Hessian", Neural Computation 6, 1994.

    Examples
    --------
    >>> import gradtape as gt, numpy as np
    >>> gt.hvp(lambda x: np.sum(x**3), np.array([1.0, 2.0]), np.array([1.0, 10.0]))
    array([  6., 120.])
    """
    several = isinstance(primals, tuple)
    args, directions = (primals, tangents) if several else ((primals,), (tangents,))
    args, directions = _tuples("hvp", args, directions)
    structure.match(args, directions, "tangents")

    def slope(*args: Any) -> Any:
        value, tangent = jvp(f, args, directions)
        _scalar("hvp", value)
        return tangent

    product = gradient_of("hvp", slope, tuple(range(len(args))))(*args)
    return product if several else product[0]


def _tuples(name: str, primals: Any, tangents: Any) -> tuple[tuple[Any, ...], tuple[Any, ...]]:
    for what, given in (("primals", primals), ("tangents", tangents)):
        if not isinstance(given, (tuple, list)):
            raise TypeError(
                f"Give {name} its {what} as a tuple, one for each argument of the function: got "
                f"{type(given).__name__}."
            )
    return tuple(primals), tuple(tangents)


def _scalar(name: str, value: Any) -> Tensor:
    leaves = outputs(name, value)
    # The rank, for a shape may be one of another spelling, which is true.
    if len(leaves) != 1 or leaves[0].ndim or leaves[0].dtype.kind == "c":
        got = ", ".join([f"shape {leaf.shape}, dtype {leaf.dtype}" for leaf in leaves]) or "nothing"
        raise TypeError(
            f"Return one real number from the function, as np.sum or np.real gives, or use "
            f"gradtape.jacobian or vjp: {name} got {got}."
        )
    tensor: Tensor = leaves[0]
    return tensor


def _wrapped(tangent: Any, target: Any) -> Any:
    """A tangent as a Tensor; zeros for none."""
    if isinstance(tangent, Handle):
        return tangent
    if tangent is None:
        tangent = np.zeros_like(target._value)
    return Tensor(settled(tangent), UNTRACKED)
