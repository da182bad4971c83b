"""Jacobians and Hessians of functions: all basis directions go through at once, as one batch."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

import numpy as np

from gradtape.core import structure
from gradtape.core.basis import pull_basis, push_basis
from gradtape.core.dispatch import watched
from gradtape.core.forward import Linearization
from gradtape.core.handle import UNTRACKED, Handle, settled
from gradtape.transforms.arguments import Argnums, Arguments, outputs, split_aux
from gradtape.transforms.gradients import gradient_of, recorded


def jacobian(
    f: Callable[..., Any],
    argnums: Argnums = 0,
    has_aux: bool = False,
    chunk_size: int | None = None,
    sparsity: Any = None,
) -> Callable[..., Any]:
    """A function that gives the Jacobian ``J[i, j] = d f(x)[i] / d x[j]``.

    By forward mode if `f` has no more inputs than outputs, by reverse mode otherwise.

    Parameters
    ----------
    f
        A function of numbers, arrays, Tensors, or nested lists, tuples, dicts and dataclasses of
        them, with results of any structure.
    argnums
        Which positional argument to differentiate, or a sequence of them: then a tuple comes back.
    has_aux
        `f` returns ``(value, aux)``; the new function gives ``(jacobian, aux)``.
    chunk_size
        How many basis vectors to push or pull at once; all by default. Fewer take less memory.
    sparsity
        "detect" finds from the record which results depend on which inputs, colours the columns or
        rows of that pattern, takes as many directions as there are colours, and returns a
        `scipy.sparse.csr_array` of shape ``(result.size, argument.size)``. The pattern itself (a
        boolean sparse or dense matrix, as `sparsity_pattern` gives), or a `Coloring` of it, saves
        finding it again; it is checked against one random direction. `f` then takes and gives one
        array.

    Returns
    -------
    callable
        Of the signature of `f`. It gives the structure of the value, with the structure of the
        argument in place of each leaf; each array has shape ``value.shape + argument.shape``.

    Raises
    ------
    TypeError
        If an argument holds integers, or complex numbers, of which `f` may be no linear function
        even to first order: differentiate with respect to real and imaginary parts.

    ValueError
        If a pattern has the wrong shape or misses an entry that is not zero.

    References
    ----------
    A. Griewank and A. Walther, *Evaluating Derivatives*, SIAM 2008, section 3.2 (vector modes).
    A. R. Curtis, M. J. D. Powell and J. K. Reid, "On the estimation of sparse Jacobian matrices",
    IMA J. Appl. Math. 13, 1974.

    Examples
    --------
    >>> import gradtape as gt, numpy as np
    >>> gt.jacobian(lambda x: x[::-1] * x[0])(np.array([1.0, 2.0]))
    array([[2., 1.],
           [2., 0.]])
    >>> gt.jacobian(np.diff, sparsity="detect")(np.arange(4.0)).toarray()
    array([[-1.,  1.,  0.,  0.],
           [ 0., -1.,  1.,  0.],
           [ 0.,  0., -1.,  1.]])
    """
    if sparsity is not None:
        return _sparse_transform("jacobian", f, argnums, has_aux, sparsity, symmetric=False)
    return _transform("jacobian", f, argnums, has_aux, chunk_size, forward=None)


def jacfwd(
    f: Callable[..., Any],
    argnums: Argnums = 0,
    has_aux: bool = False,
    chunk_size: int | None = None,
) -> Callable[..., Any]:
    """`jacobian` by forward mode, a column at a time in one batch: for few inputs.

    Examples
    --------
    >>> import gradtape as gt, numpy as np
    >>> gt.jacfwd(lambda t: np.stack([np.cos(t), np.sin(t)]))(0.0)
    array([-0.,  1.])
    """
    return _transform("jacfwd", f, argnums, has_aux, chunk_size, forward=True)


def jacrev(
    f: Callable[..., Any],
    argnums: Argnums = 0,
    has_aux: bool = False,
    chunk_size: int | None = None,
) -> Callable[..., Any]:
    """`jacobian` by reverse mode, a row at a time in one batch: for few outputs.

    Examples
    --------
    >>> import gradtape as gt, numpy as np
    >>> gt.jacrev(np.prod)(np.array([2.0, 3.0]))
    array([3., 2.])
    """
    return _transform("jacrev", f, argnums, has_aux, chunk_size, forward=False)


def hessian(
    f: Callable[..., Any],
    argnums: Argnums = 0,
    has_aux: bool = False,
    chunk_size: int | None = None,
    sparsity: Any = None,
) -> Callable[..., Any]:
    """A function that gives the Hessian ``H[i, j] = d^2 f(x) / d x[i] d x[j]`` of a scalar `f`.

    Forward over reverse: all columns of the identity are pushed through the gradient in one batch.
    Parameters as for `jacobian`; with nested arguments the structure stands twice, the one for `i`
    outside. With `sparsity` the columns get a star colouring, so that each entry or its mirror
    image can be read off.

    References
    ----------
    A. H. Gebremedhin, F. Manne and A. Pothen, "What color is your Jacobian?", SIAM Review 47, 2005.

    Examples
    --------
    >>> import gradtape as gt, numpy as np
    >>> gt.hessian(lambda x: x[0] ** 2 * x[1])(np.array([1.0, 3.0]))
    array([[6., 2.],
           [2., 0.]])
    """
    gradient = gradient_of("hessian", f, argnums, has_aux)
    if sparsity is not None:
        return _sparse_transform("hessian", gradient, argnums, has_aux, sparsity, symmetric=True)
    return jacfwd(gradient, argnums, has_aux, chunk_size)


def sparsity_pattern(f: Callable[..., Any], argnums: int = 0) -> Callable[..., Any]:
    """A function that gives the pattern of the Jacobian of `f`: which results need which inputs.

    The pattern holds wherever `f` records the same operations: not across a Python ``if`` that
    goes the other way, nor for sorting, of numbers in another order. That of ``gt.grad(f)`` is the
    pattern of the Hessian.

    Returns
    -------
    callable
        Of the signature of `f`, giving a boolean `scipy.sparse.csr_array`.

    Examples
    --------
    >>> import gradtape as gt, numpy as np
    >>> gt.sparsity_pattern(np.diff)(np.arange(3.0)).toarray().astype(int)
    array([[1, 1, 0],
           [0, 1, 1]])
    """
    from gradtape.transforms.sparsity import pattern_of

    @wraps(f)
    def pattern(*args: Any, **kwargs: Any) -> Any:
        arguments = Arguments("sparsity_pattern", args, argnums)
        record, result = recorded(arguments, f, kwargs)
        return pattern_of(record, _single("sparsity_pattern", arguments, result))

    return pattern


def _sparse_transform(
    name: str,
    f: Callable[..., Any],
    argnums: Argnums,
    has_aux: bool,
    sparsity: Any,
    symmetric: bool,
) -> Callable[..., Any]:
    if isinstance(sparsity, str) and sparsity != "detect":
        raise ValueError(f"Give sparsity='detect', a pattern or None: got {sparsity!r}.")
    from gradtape.transforms.sparsity import sparse_jacobian

    @wraps(f)
    def differentiated(*args: Any, **kwargs: Any) -> Any:
        arguments = Arguments(name, args, argnums)
        _refuse_complex(name, arguments)
        record, result = recorded(arguments, f, kwargs)
        value, aux = split_aux(name, result, has_aux)
        target = _single(name, arguments, value)
        if watched([target]):
            raise TypeError(
                f"Take gradtape.{name} without sparsity= where its result is differentiated again: "
                f"a scipy.sparse array carries no gradient."
            )
        matrix = sparse_jacobian(record, target, sparsity, symmetric)
        return (matrix, arguments.returned(aux)) if has_aux else matrix

    return differentiated


def _single(name: str, arguments: Arguments, value: Any) -> Any:
    """The one result, where a matrix must be the answer."""
    targets = outputs(name, value)
    if len(arguments.tensors) != 1 or len(targets) != 1:
        raise TypeError(
            f"Use one array as the argument and one as the result of a function whose sparse "
            f"derivative is wanted: {name} got {len(arguments.tensors)} and {len(targets)}."
        )
    return targets[0]


def _transform(
    name: str,
    f: Callable[..., Any],
    argnums: Argnums,
    has_aux: bool,
    chunk: int | None,
    forward: bool | None,
) -> Callable[..., Any]:
    if chunk is not None and chunk < 1:
        raise ValueError(f"Give chunk_size a positive integer or None: got {chunk!r}.")

    @wraps(f)
    def differentiated(*args: Any, **kwargs: Any) -> Any:
        arguments = Arguments(name, args, argnums)
        _refuse_complex(name, arguments)
        record, result = recorded(arguments, f, kwargs)
        value, aux = split_aux(name, result, has_aux)
        targets = outputs(name, value)
        blocks = _blocks(name, record, arguments, targets, chunk, forward)
        tree = structure.rebuild(value, [arguments.rebuild(row) for row in blocks])
        jacobian = arguments.returned(tree)
        return (jacobian, arguments.returned(aux)) if has_aux else jacobian

    return differentiated


def _blocks(
    name: str,
    record: Linearization,
    arguments: Arguments,
    targets: list[Any],
    chunk: int | None,
    forward: bool | None,
) -> list[list[Any]]:
    """The Jacobian of each target with respect to each argument."""
    tensors = arguments.tensors
    is_complex = any([y.dtype.kind == "c" for y in targets])
    if forward is None:
        inputs, results = sum([x.size for x in tensors]), sum([y.size for y in targets])
        forward = inputs <= results or is_complex
    if forward:
        columns = [push_basis(record, k, targets, chunk) for k in range(len(tensors))]
        rows = [list(row) for row in zip(*columns, strict=True)]
    elif is_complex:
        raise TypeError(
            f"Use gradtape.jacfwd for a complex result, or {name} of its real and imaginary parts."
        )
    else:
        tape = record.as_tape()
        rows = [pull_basis(tape, y, tensors, chunk) for y in targets]
    return [
        [_dense(block, y, x) for block, x in zip(row, tensors, strict=True)]
        for row, y in zip(rows, targets, strict=True)
    ]


def _dense(block: Any, target: Any, source: Any) -> Any:
    """A Jacobian as a Tensor, zeros for None."""
    if block is None:
        block = np.zeros((*target.shape, *source.shape), target.dtype)
    return block if isinstance(block, Handle) else source._result(settled(block), UNTRACKED)


def _refuse_complex(name: str, arguments: Arguments) -> None:
    for tensor in arguments.tensors:
        if tensor.dtype.kind == "c":
            raise TypeError(
                f"Pass real and imaginary parts as arguments of their own to what {name} "
                f"differentiates: got dtype {tensor.dtype}."
            )
