"""Control flow as functions of functions: ``cond``, ``while_loop``, ``scan``, ``map_fn`` ...

``parallel_iterations``, ``back_prop``, ``swap_memory``, ``infer_shape``, ``shape_invariants`` are
about graphs, and of no effect, as in eager TensorFlow. Every step is recorded like any operation.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from gradtape.core.dispatch import apply
from gradtape.core.errors import at_every_call
from gradtape.core.handle import Handle
from gradtape.tf import nest
from gradtape.tf.dtypes import DType, as_dtype
from gradtape.tf.errors import invalid, invalid_type
from gradtape.tf.policy import lifted, lowered, tensor
from gradtape.tf.tensor_array import TensorArray
from gradtape.tf.tensors import Tensor, TensorSpec, convert_to_tensor

Function = Callable[..., Any]

# -- branches -----------------------------------------------------------------------------------


def cond(pred: Any, true_fn: Any = None, false_fn: Any = None, name: str | None = None) -> Any:
    """``true_fn()`` if `pred`, else ``false_fn()``; the other one is not called.

    Raises
    ------
    TypeError
        If one of the functions is not callable.
    """
    for key, function in (("true_fn", true_fn), ("false_fn", false_fn)):
        if not callable(function):
            raise TypeError(f"Give tf.cond a function {key}: got {function!r}.")
    return true_fn() if pred else false_fn()


def case(
    pred_fn_pairs: Any,
    default: Function | None = None,
    exclusive: bool = False,
    strict: bool = False,
    name: str = "case",
) -> Any:
    """The result of the first function whose predicate holds, else of `default`.

    Raises
    ------
    InvalidArgumentError
        If none holds and there is no `default`, or with `exclusive` more than one.
    TypeError, ValueError
        If `pred_fn_pairs` is not a list of pairs.
    """
    pairs = _checked_pairs(pred_fn_pairs, exclusive)
    if default is not None and not callable(default):
        raise TypeError(f"Give tf.case a function as default: got {default!r}.")
    held = [function for pred, function in pairs if pred]
    if exclusive and len(held) > 1:
        raise invalid(f"Give tf.case predicates of which one holds: {len(held)} do.")
    if not held and default is None:
        raise invalid("Give tf.case a default: none of its predicates holds.")
    return held[0]() if held else default()  # type: ignore[misc]


def _checked_pairs(pairs: Any, exclusive: bool) -> list[tuple[Any, Function]]:
    if not isinstance(pairs, (list, tuple, Mapping)):
        raise TypeError(f"Give tf.case a list of (predicate, function): got {pairs!r}.")
    if isinstance(pairs, Mapping):
        if not exclusive and not isinstance(pairs, OrderedDict):
            raise ValueError("Give tf.case a list of pairs, or exclusive=True: got a dict.")
        pairs = list(pairs.items())
    for pair in pairs:
        if not isinstance(pair, tuple) or len(pair) != 2 or not callable(pair[1]):
            raise TypeError(f"Give tf.case pairs (predicate, function): got {pair!r}.")
        if np.asarray(getattr(pair[0], "_value", pair[0])).dtype.kind != "b":
            raise TypeError(f"Give tf.case booleans as predicates: got {pair[0]!r}.")
    if not pairs:
        raise ValueError("Give tf.case at least one pair (predicate, function).")
    return list(pairs)


def switch_case(
    branch_index: Any, branch_fns: Any, default: Function | None = None, name: str = "switch_case"
) -> Any:
    """The result of the function numbered `branch_index`; `default`, else the last, if none is.

    Raises
    ------
    TypeError, ValueError
        If `branch_fns` is not a list of functions, or of pairs (number, function) for 0, 1, 2 ...
    """
    index = np.asarray(branch_index._value if isinstance(branch_index, Handle) else branch_index)
    if index.dtype.kind not in "iu":
        raise TypeError(f"Give tf.switch_case an integer branch_index: got {branch_index!r}.")
    if not branch_fns:
        raise ValueError("Give tf.switch_case at least one function.")
    if not isinstance(branch_fns, (list, tuple, Mapping)):
        raise TypeError(f"Give tf.switch_case a list of functions: got {branch_fns!r}.")
    pairs: Sequence[Any]
    pairs = list(branch_fns.items()) if isinstance(branch_fns, Mapping) else branch_fns
    if all([callable(pair) for pair in pairs]):
        pairs = list(enumerate(pairs))
    for pair in pairs:
        good = isinstance(pair, tuple) and len(pair) == 2
        if not good or not isinstance(pair[0], int) or not callable(pair[1]):
            raise TypeError(f"Give tf.switch_case pairs (integer, function): got {pair!r}.")
    numbers = sorted(pair[0] for pair in pairs)
    if numbers != list(range(len(pairs))):
        raise ValueError(f"Number the functions of tf.switch_case 0, 1, 2 ...: got {numbers}.")
    functions = [pair[1] for pair in sorted(pairs, key=lambda pair: pair[0])]
    if default is not None:
        functions.append(default)
    where = int(index)
    return functions[where if 0 <= where < len(functions) else -1]()


# -- loops --------------------------------------------------------------------------------------


def while_loop(
    cond: Any,
    body: Any,
    loop_vars: Any,
    shape_invariants: Any = None,
    parallel_iterations: int = 10,
    back_prop: bool = True,
    swap_memory: bool = False,
    maximum_iterations: Any = None,
    name: str | None = None,
) -> Any:
    """Repeat ``loop_vars = body(*loop_vars)`` while ``cond(*loop_vars)``; every step is recorded.

    Parameters
    ----------
    loop_vars
        A list or tuple of Tensors, or of nested structures of them.
    maximum_iterations
        The most steps to take.

    Raises
    ------
    TypeError, ValueError
        If `cond` or `body` is not callable, or `body` returns another structure.
    """
    if not callable(cond) or not callable(body):
        raise TypeError(f"Give tf.while_loop functions: got {cond!r} and {body!r}.")
    if not isinstance(loop_vars, (list, tuple)) or not loop_vars:
        raise ValueError(f"Give tf.while_loop a list of loop_vars: got {loop_vars!r}.")
    most = None if maximum_iterations is None else int(maximum_iterations)
    variables, steps = loop_vars, 0
    while (most is None or steps < most) and cond(*variables):
        steps += 1
        found = body(*variables)
        if not isinstance(found, (list, tuple)):
            found = [found]
        nest.assert_same_structure(list(variables), list(found))
        variables = found
    return _result(variables)


def _result(value: Any) -> Any:
    """`value` with its numbers and arrays as Tensors."""
    return nest.pack_sequence_as(value, [_converted(leaf) for leaf in nest.flatten(value)])


def _converted(leaf: Any) -> Any:
    if leaf.__class__ is Tensor or isinstance(leaf, TensorArray) or hasattr(leaf, "_densely"):
        return leaf
    return convert_to_tensor(leaf)


def _rows(elems: Any, what: str) -> tuple[list[Any], int]:
    """The leaves of `elems` as Tensors, and the length of their first axes.

    Raises
    ------
    ValueError
        If there is no leaf, a scalar, or the lengths differ.
    """
    leaves = [convert_to_tensor(leaf) for leaf in nest.flatten(elems)]
    if not leaves:
        raise ValueError(f"Give {what} at least one Tensor: got {elems!r}.")
    shapes = [leaf._value.shape for leaf in leaves]
    if not all(shapes):
        raise ValueError(f"Give {what} Tensors of rank 1 or more: got the shapes {shapes}.")
    if len({shape[0] for shape in shapes}) > 1:
        raise invalid(f"Give {what} Tensors of one length: got the shapes {shapes}.")
    return leaves, shapes[0][0]


def _row(elems: Any, leaves: Sequence[Any], position: int) -> Any:
    return nest.pack_sequence_as(elems, [leaf[position] for leaf in leaves])


def _joined(parts: Sequence[Any]) -> Any:
    """Tensors of one dtype, stacked."""
    first = parts[0].dtype
    for part in parts:
        if part.dtype != first:
            raise invalid(f"Return one dtype from each step: got {first!r} and {part.dtype!r}.")
        if part.shape != parts[0].shape:
            raise ValueError(
                f"Return one shape from each step: got {parts[0].shape} and {part.shape}."
            )
    return lifted(apply(np.stack, ([lowered(part) for part in parts],)))


def _callable(function: Any, what: str) -> None:
    if not callable(function):
        raise TypeError(f"Give {what} a function first: got {function!r}.")


def map_fn(
    fn: Function,
    elems: Any,
    dtype: Any = None,
    parallel_iterations: int | None = None,
    back_prop: bool = True,
    swap_memory: bool = False,
    infer_shape: bool = True,
    name: str | None = None,
    fn_output_signature: Any = None,
) -> Any:
    """`fn` of each row of `elems`, one after the other, the results stacked.

    Parameters
    ----------
    fn
        A function of one row, in the structure of `elems`.
    elems
        A Tensor, or a structure of Tensors, of one length.
    dtype, fn_output_signature
        The dtypes of the results, in their structure, if these differ from those of `elems`.

    Raises
    ------
    ValueError
        If `elems` is empty or has a scalar, or the result another structure.
    InvalidArgumentError
        If the result has another dtype than was said.
    """
    _callable(fn, "tf.map_fn")
    leaves, count = _rows(elems, "tf.map_fn")
    signature = dtype if fn_output_signature is None else fn_output_signature
    expected = [leaf.dtype for leaf in leaves]
    if signature is not None:
        expected = [_dtype_of(leaf) for leaf in nest.flatten(signature)]
    structure = elems if signature is None else signature
    columns: list[list[Any]] = [[] for _ in expected]
    for position in range(count):
        found = fn(_row(elems, leaves, position))
        nest.assert_same_structure(structure, found)
        for column, wanted, leaf in zip(columns, expected, nest.flatten(found), strict=True):
            column.append(_of_dtype(leaf, wanted, "tf.map_fn"))
    if not count:
        empty = [lifted(np.zeros((0,), wanted.as_numpy_dtype)) for wanted in expected]
        return nest.pack_sequence_as(structure, empty)
    return nest.pack_sequence_as(structure, [_joined(column) for column in columns])


def _dtype_of(spec: Any) -> DType:
    return spec.dtype if isinstance(spec, TensorSpec) else as_dtype(spec)


def _of_dtype(value: Any, wanted: DType, what: str) -> Any:
    """`value` as a Tensor, which must have the dtype `wanted`."""
    made = convert_to_tensor(value, dtype_hint=wanted)
    if made.dtype != wanted:
        raise invalid_type(
            f"Say fn_output_signature={made.dtype!r}: {what} got a result of this dtype, "
            f"expected {wanted!r}."
        )
    return made


def scan(
    fn: Function,
    elems: Any,
    initializer: Any = None,
    parallel_iterations: int = 10,
    back_prop: bool = True,
    swap_memory: bool = False,
    infer_shape: bool = True,
    reverse: bool = False,
    name: str | None = None,
) -> Any:
    """All partial results of ``a = fn(a, row)`` over the rows of `elems`, stacked.

    Parameters
    ----------
    fn
        A function of the result so far and one row.
    elems
        A Tensor, or a structure of Tensors, of one length.
    initializer
        The first `a`; the first row by default.
    reverse
        Go from the last row to the first; the results stay at their rows.
    """
    _callable(fn, "tf.scan")
    leaves, count = _rows(elems, "tf.scan")
    order = list(range(count))[:: -1 if reverse else 1]
    so_far, order, done = _start(elems, leaves, order, initializer, "tf.scan")
    structure = so_far
    results = [nest.flatten(so_far)] if done else []
    for position in order:
        so_far = fn(so_far, _row(elems, leaves, position))
        nest.assert_same_structure(structure, so_far)
        wanted = (leaf.dtype for leaf in nest.flatten(structure))
        flat = zip(nest.flatten(so_far), wanted, strict=True)
        results.append([_of_dtype(leaf, dtype, "tf.scan") for leaf, dtype in flat])
        so_far = nest.pack_sequence_as(structure, results[-1])
    columns = zip(*(reversed(results) if reverse else results), strict=True)
    return nest.pack_sequence_as(structure, [_joined(column) for column in columns])


def _start(
    elems: Any, leaves: Sequence[Any], order: list[int], initializer: Any, what: str
) -> tuple[Any, list[int], bool]:
    """The first value, the rows to go through, and whether the value is a row itself."""
    if initializer is not None:
        return nest.map_structure(convert_to_tensor, initializer), order, False
    if not order:
        raise invalid(f"Give {what} an initializer, or at least one row.")
    return _row(elems, leaves, order[0]), order[1:], True


def _fold(fn: Function, elems: Any, initializer: Any, what: str, step: int) -> Any:
    _callable(fn, what)
    leaves, count = _rows(elems, what)
    order = list(range(count))[::step]
    so_far, order, _ = _start(elems, leaves, order, initializer, what)
    for position in order:
        found = fn(so_far, _row(elems, leaves, position))
        nest.assert_same_structure(so_far, found)
        so_far = found
    return _result(so_far)


def foldl(
    fn: Function,
    elems: Any,
    initializer: Any = None,
    parallel_iterations: int = 10,
    back_prop: bool = True,
    swap_memory: bool = False,
    name: str | None = None,
) -> Any:
    """The last result of ``a = fn(a, row)``, from the first row of `elems` to the last."""
    return _fold(fn, elems, initializer, "tf.foldl", 1)


def foldr(
    fn: Function,
    elems: Any,
    initializer: Any = None,
    parallel_iterations: int = 10,
    back_prop: bool = True,
    swap_memory: bool = False,
    name: str | None = None,
) -> Any:
    """The last result of ``a = fn(a, row)``, from the last row of `elems` to the first."""
    return _fold(fn, elems, initializer, "tf.foldr", -1)


def vectorized_map(
    fn: Function, elems: Any, fallback_to_while_loop: bool = True, warn: bool = True
) -> Any:
    """`fn` of each row of `elems`, all rows at once, as `gradtape.vmap` does.

    Where `fn` asks for the numbers of one row, as in ``if x > 0``, the rows are done one after the
    other, unless `fallback_to_while_loop` is False. `warn` is of no effect.

    Raises
    ------
    ValueError
        If `elems` has a scalar, or Tensors of different lengths.
    """
    from gradtape.transforms.vmap import vmap

    _callable(fn, "tf.vectorized_map")
    leaves, count = _rows(elems, "tf.vectorized_map")

    structure: list[Any] = []

    def flat(*rows: Any) -> list[Any]:
        found = fn(nest.pack_sequence_as(elems, [lifted(row) for row in rows]))
        structure[:] = [found]
        return [tensor(lowered(leaf)) for leaf in nest.flatten(found)]

    try:
        results = vmap(flat)(*[lowered(leaf) for leaf in leaves])
    except TypeError:
        if not fallback_to_while_loop:
            raise
        return _one_by_one(fn, elems, leaves, count)
    return nest.pack_sequence_as(structure[0], [lifted(result) for result in results])


def _one_by_one(fn: Function, elems: Any, leaves: Sequence[Any], count: int) -> Any:
    found = [_result(fn(_row(elems, leaves, position))) for position in range(count)]
    columns = zip(*map(nest.flatten, found), strict=True)
    return nest.pack_sequence_as(found[0], [_joined(column) for column in columns])


# -- Python functions ---------------------------------------------------------------------------


def py_function(func: Any = None, inp: Any = None, Tout: Any = None, name: Any = None) -> Any:
    """``func(*inp)``, its results as Tensors of the dtypes `Tout`; gradients flow through it.

    Without `func`, a decorator.

    Raises
    ------
    InvalidArgumentError
        If a result is a Tensor of another dtype, or their number is another.
    """
    if func is None:
        return lambda f: lambda *args: py_function(f, args, Tout)
    _callable(func, "tf.py_function")
    at_every_call("tf.py_function")
    found = func(*[convert_to_tensor(x) for x in inp or ()])
    if Tout is None:
        raise TypeError("Give tf.py_function the dtypes of its results, Tout.")
    if not isinstance(Tout, (list, tuple)):
        return _returned(found, _dtype_of(Tout))
    many = found if isinstance(found, (list, tuple)) else [] if found is None else [found]
    if len(many) != len(Tout):
        raise invalid(f"Return {len(Tout)} results, as Tout says: got {len(many)}.")
    return [_returned(x, _dtype_of(d)) for x, d in zip(many, Tout, strict=True)]


def _returned(value: Any, wanted: DType) -> Any:
    if isinstance(value, Handle) and value._value.dtype != wanted:
        raise invalid_type(f"Return what Tout says, {wanted!r}: got {value._value.dtype}.")
    return convert_to_tensor(value, wanted)


def numpy_function(
    func: Any = None, inp: Any = None, Tout: Any = None, stateful: bool = True, name: Any = None
) -> Any:
    """``func(*inp)`` of NumPy arrays, its results as Tensors of their own dtypes.

    No gradient flows through it, as in TensorFlow: it is the function to call where none is meant.
    Without `func`, a decorator.
    """
    if func is None:
        return lambda f: lambda *args: numpy_function(f, args, Tout)
    _callable(func, "tf.numpy_function")
    at_every_call("tf.numpy_function")
    found = func(*[np.asarray(convert_to_tensor(x)._value) for x in inp or ()])
    if isinstance(found, (list, tuple)):
        return [convert_to_tensor(x) for x in found]
    return None if found is None else convert_to_tensor(found)
