"""Forward mode: tangents pushed along with the values, while they are computed."""

from __future__ import annotations

from collections.abc import Sequence
from types import TracebackType
from typing import Any, Self

import numpy as np

from gradtape.core import structure
from gradtape.core.cotangents import dense
from gradtape.core.handle import UNTRACKED, Handle, Spec, frozen, new_identity, settled
from gradtape.core.kinds import raw
from gradtape.core.tape import (
    GradientTape,
    Recorder,
    UnconnectedGradients,
    activate,
    active,
    in_quiet,
    is_discrete,
    warn_of_leak,
)


class ForwardAccumulator(Recorder):
    """Computes Jacobian-vector products while the function itself is computed.

    For ``y = f(x)`` and a tangent ``t`` of `x`, `jvp` gives ``dy/dx @ t``, of the shape and dtype
    of `y`: the derivative of `f` along `t`. The whole Jacobian is never formed.

    Parameters
    ----------
    primals
        Tensors or Variables, or any nesting of them.
    tangents
        Arrays or Tensors, in the structure and shapes of `primals`.

    Raises
    ------
    TypeError
        If a primal is not a Tensor or Variable, or holds integers.
    ValueError
        If `tangents` does not have the structure or shapes of `primals`.

    Notes
    -----
    Accumulators nest, and mix with tapes: what an accumulator computes is seen by the recorders
    outside it. Around a `GradientTape` it gives Hessian-vector products, forward over reverse.

    References
    ----------
    A. Griewank and A. Walther, *Evaluating Derivatives*, SIAM 2008, section 3.1.

    Examples
    --------
    >>> import gradtape as gt
    >>> x = gt.constant([1.0, 2.0])
    >>> with gt.ForwardAccumulator(x, [1.0, 0.0]) as accumulator:
    ...     y = x * x
    >>> accumulator.jvp(y)
    Tensor([2. 0.], shape=(2,), dtype=float32)
    """

    _recording = False

    def __init__(self, primals: Any, tangents: Any) -> None:
        handles = structure.flatten(primals)
        given = structure.match(primals, tangents, "tangents")
        checked = [_tangent(*pair) for pair in zip(handles, given, strict=True)]
        self._tangents: dict[int, Any] = {}
        for handle, tangent in zip(handles, checked, strict=True):
            if not handle._id:
                handle._id = new_identity()
            if handle._id in self._tangents:
                raise ValueError("Give each primal once: one Tensor stands twice among primals.")
            self._tangents[handle._id] = tangent

    def __enter__(self) -> Self:
        if self._recording:
            raise ValueError("Leave the accumulator before entering it again: it is recording.")
        self._recording = True
        activate((*active(), self))
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._recording = False
        activate(tuple([recorder for recorder in active() if recorder is not self]))

    def knows(self, handle: Handle) -> bool:
        """Whether `handle` has a tangent here."""
        return self._recording and handle._id in self._tangents

    def leak(self, handle: Handle) -> None:
        """Warn that the tangent of `handle` ends here."""
        if self.knows(handle):
            warn_of_leak()

    def record(
        self,
        rule: Any,
        y: Any,
        values: Sequence[Any],
        args: Sequence[Any],
        kwargs: Any,
        out: Any,
    ) -> Any:
        """Push the tangents of `args` through ``y = rule(*values, **kwargs)``."""
        if not self._recording:
            return out
        known = self._tangents
        tangents = [known.get(arg._id) if isinstance(arg, Handle) else None for arg in args]
        if all([t is None for t in tangents]):
            return out
        inside = active()
        outer = inside[: inside.index(self)]
        activate(outer)
        try:
            pushed = in_quiet(_push, rule, y, values, args, kwargs, tangents, out, outer)
        finally:
            activate(inside)
        if y.__class__ is tuple:
            out = out or tuple([UNTRACKED if is_discrete(v) else new_identity() for v in y])
            known.update((i, t) for i, t in zip(out, pushed, strict=True) if i and t is not None)
        elif pushed is not None:
            out = out or new_identity()
            known[out] = pushed
        return out

    def jvp(
        self,
        target: Any,
        unconnected_gradients: UnconnectedGradients | str = UnconnectedGradients.NONE,
    ) -> Any:
        """The tangent of `target`: its derivative along the tangents of the primals.

        Parameters
        ----------
        target
            A Tensor, or any nesting of Tensors, computed inside ``with``.
        unconnected_gradients
            `UnconnectedGradients.NONE` or "none" gives None for a target that does not depend on
            the primals, `UnconnectedGradients.ZERO` or "zero" gives zeros.

        Returns
        -------
        Tensor or None, in the structure of `target`
        """
        unconnected = UnconnectedGradients(unconnected_gradients)
        leaves = structure.flatten(target)
        for leaf in leaves:
            if not isinstance(leaf, Handle):
                raise TypeError(
                    f"Compute the target from Tensors inside the accumulator: jvp got "
                    f"{type(leaf).__name__}."
                )
        return structure.rebuild(target, [self._found(leaf, unconnected) for leaf in leaves])

    def _found(self, handle: Any, unconnected: UnconnectedGradients) -> Any:
        tangent = self._tangents.get(handle._id)
        if tangent is None:
            if unconnected is UnconnectedGradients.NONE:
                return None
            tangent = np.zeros_like(handle._value)
        if isinstance(tangent, Handle):
            return handle._result(tangent._value, tangent._id)
        return handle._result(settled(tangent), UNTRACKED)


def _tangent(primal: Any, tangent: Any) -> Any:
    """`tangent` in the dtype of `primal`: a plain value, or a Tensor that may be recorded."""
    if not isinstance(primal, Handle):
        raise TypeError(
            f"Wrap the value in gradtape.constant first: a primal of ForwardAccumulator is "
            f"{type(primal).__name__}."
        )
    value = primal._value
    if is_discrete(value):
        raise TypeError(f"Give floating-point primals: got dtype {value.dtype}.")
    shape = np.shape(raw(tangent))
    if shape != value.shape:
        raise ValueError(f"Give a tangent of shape {value.shape}, as its primal: got {shape}.")
    if isinstance(tangent, Handle):
        same = tangent._value.dtype == value.dtype
        return tangent if same else tangent.astype(value.dtype)  # type: ignore[attr-defined]
    if hasattr(tangent, "__array_ufunc__") and not isinstance(tangent, (np.ndarray, np.generic)):
        return tangent.astype(value.dtype)
    return settled(np.array(tangent, dtype=value.dtype))


def _push(
    rule: Any,
    y: Any,
    values: Sequence[Any],
    args: Sequence[Any],
    kwargs: Any,
    tangents: Sequence[Any],
    out: Any,
    outer: Sequence[Recorder],
) -> Any:
    """The tangent of `y`, or of each of several results; None where nothing moves."""
    primals: Sequence[Any] = values
    result = y
    if outer:  # which see the primals under their identities
        tensor = Handle._result  # of no spelling of its own: rules are written in NumPy's
        primals = [
            tensor(value, arg._id) if isinstance(arg, Handle) and arg._id else value
            for arg, value in zip(args, values, strict=True)
        ]
        if y.__class__ is tuple:
            result = tuple(map(tensor, y, out or (UNTRACKED,) * len(y)))
        else:
            result = tensor(y, out or UNTRACKED)
    pushed = rule.push(result, primals, tangents, kwargs or {})
    if pushed is NotImplemented:
        pushed = _transposed(rule, y, result, values, args, kwargs, tangents, outer)
    if y.__class__ is tuple:
        return tuple([None if t is None else _fit(t, v) for t, v in zip(pushed, y, strict=True)])
    return None if pushed is None else _fit(pushed, y)


def _fit(tangent: Any, y: Any) -> Any:
    """`tangent` in the shape and dtype of `y`."""
    return dense(tangent, Spec(y.shape, y.dtype))


def _transposed(
    rule: Any,
    y: Any,
    result: Any,
    values: Sequence[Any],
    args: Sequence[Any],
    kwargs: Any,
    tangents: Sequence[Any],
    outer: Sequence[Recorder],
) -> Any:
    """The tangent by pulling back twice; `result` is `y` as recorders outside know it.

    The pull ``v -> J.T @ v`` is linear, so its own pull, at any `v`, is ``t -> J @ t``.
    """
    moved = [UNTRACKED if t is None else new_identity() for t in tangents]
    saved, options = rule.save(y, values, moved, kwargs)
    if outer:
        kept = list(saved)
        if kept[0] is not None:
            kept[0] = result
        for position, tensor in enumerate(args, 1):
            if isinstance(tensor, Handle) and tensor._id and _is_value(kept[position]):
                kept[position] = Handle._result(kept[position], tensor._id)
        saved = kept
    ys = y if y.__class__ is tuple else (y,)
    vs = [Handle._result(settled(np.zeros_like(v)), UNTRACKED) for v in ys]
    with GradientTape(watch_accessed_variables=False) as tape:
        moving = [v for v in vs if not is_discrete(v._value)]
        tape.watch(moving)
        into: dict[int, Any] = {}
        v: Any = tuple(vs) if y.__class__ is tuple else vs[0]
        rule.pull(v, moved, saved, options, set(filter(None, moved)), into)
        pulled = [
            (dense(into[ident], Spec(value.shape, value.dtype)), t)
            for ident, value, t in zip(moved, values, tangents, strict=True)
            if ident in into
        ]
    pairs = [(c, t) for c, t in pulled if isinstance(c, Handle)]
    seeds = [t for _, t in pairs]
    pushed = iter(tape.gradient([c for c, _ in pairs], moving, output_gradients=seeds))
    found = [None if is_discrete(v._value) else next(pushed) for v in vs]
    plain = found if outer else [None if t is None else t._value for t in found]
    return tuple(plain) if y.__class__ is tuple else plain[0]


def _is_value(kept: Any) -> bool:
    return kept is not None and kept.__class__ is not Spec


class Linearization(Recorder):
    """A record kept whole, through which tangents can be pushed again and again.

    Entered as a context, it follows what is computed from `sources`; `push` then gives the tangents
    of `targets`. Unlike a tape it keeps every value.
    """

    _recording = False

    def __init__(self, sources: Sequence[Handle]) -> None:
        self.sources = tuple(sources)
        self._known = {handle._id for handle in sources}
        self.records: list[tuple[Any, ...]] = []

    def __enter__(self) -> Self:
        self._recording = True
        activate((*active(), self))
        return self

    def __exit__(self, *error: object) -> None:
        self._recording = False
        activate(tuple([recorder for recorder in active() if recorder is not self]))

    def knows(self, handle: Handle) -> bool:
        return self._recording and handle._id in self._known

    def leak(self, handle: Handle) -> None:
        if self.knows(handle):
            warn_of_leak()

    def record(
        self,
        rule: Any,
        y: Any,
        values: Sequence[Any],
        args: Sequence[Any],
        kwargs: Any,
        out: Any,
    ) -> Any:
        if not self._recording or not any(
            [isinstance(arg, Handle) and arg._id in self._known for arg in args]
        ):
            return out
        if y.__class__ is tuple:
            out = out or tuple([UNTRACKED if is_discrete(v) else new_identity() for v in y])
            self._known.update(filter(None, out))
        else:
            out = out or new_identity()
            self._known.add(out)
        # Handles and the user's arrays may be updated in place later: what counts is what is now.
        values = [
            value if isinstance(arg, Handle) else frozen(value)
            for arg, value in zip(args, values, strict=True)
        ]
        kept = [
            arg._result(arg._value, arg._id) if isinstance(arg, Handle) else value
            for arg, value in zip(args, values, strict=True)
        ]
        self.records.append((rule, y, values, kept, kwargs, out))
        return out

    def as_tape(self) -> GradientTape:
        """The same record as a tape, for reverse mode."""
        tape = GradientTape(watch_accessed_variables=False)
        with tape:
            tape.watch(list(self.sources))
            for record in self.records:
                tape.record(*record)
        return tape

    def push(self, tangents: Sequence[Any], targets: Sequence[Handle]) -> list[Any]:
        """The tangent of each target, or None; plain unless a recorder is active."""
        return in_quiet(self._push_all, tangents, targets)  # type: ignore[no-any-return]

    def _push_all(self, tangents: Sequence[Any], targets: Sequence[Handle]) -> list[Any]:
        pairs = zip(self.sources, tangents, strict=True)
        known = {source._id: t for source, t in pairs if t is not None}
        outer = active()
        spent = self._last_uses(targets)
        for (rule, y, values, args, kwargs, out), last in zip(self.records, spent, strict=True):
            moved = [known.get(arg._id) if isinstance(arg, Handle) else None for arg in args]
            if all([t is None for t in moved]):
                continue
            pushed = _push(rule, y, values, args, kwargs, moved, out, outer)
            if y.__class__ is tuple:
                known.update(
                    (i, t) for i, t in zip(out, pushed, strict=True) if i and t is not None
                )
            elif pushed is not None:
                known[out] = pushed
            for ident in last:  # what nothing reads again makes room for what comes
                known.pop(ident, None)
        return [known.get(target._id) for target in targets]

    def _last_uses(self, targets: Sequence[Handle]) -> list[list[int]]:
        """For each record the identities that neither a later one nor `targets` read."""
        read = {target._id for target in targets}
        found = []
        for _, _, _, args, _, _ in reversed(self.records):
            ids = {arg._id for arg in args if isinstance(arg, Handle)} - read
            read |= ids
            found.append(list(ids))
        return found[::-1]
