"""The record of a computation, and the sweep that walks it backwards."""

from __future__ import annotations

import enum
import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import Context, ContextVar
from types import TracebackType
from typing import Any, NoReturn, Self

import numpy as np

from gradtape.core import structure
from gradtape.core.cotangents import DEAD, FORMS, Scattered, accumulate, dense, typed
from gradtape.core.errors import SPELLINGS, library_call, warn_user
from gradtape.core.handle import (
    PYTHON_NUMBERS,
    REAL_SCALARS,
    UNTRACKED,
    Handle,
    Spec,
    new_identity,
    settled,
)
from gradtape.core.kinds import Recorded

_active: ContextVar[tuple[Recorder, ...]] = ContextVar("gradtape recorders", default=())
active = _active.get
"""What records in this thread and async task, the outermost first."""
activate = _active.set
"""Make these recorders the active ones."""

# Branches not taken are evaluated outside their domain: in a sweep, NumPy's warnings are no news.
# A context made once is ten times cheaper than `np.errstate`, but hides the user's own variables.
_QUIET = Context()
_QUIET.run(np.seterr, all="ignore")


def in_quiet(function: Callable[..., Any], *args: Any) -> Any:
    """``function(*args)`` without NumPy's floating-point warnings, under the same recorders."""
    recorders = active()
    if recorders:
        return _QUIET.copy().run(_run_as, recorders, function, *args)
    return _QUIET.copy().run(function, *args)


def _run_as(recorders: tuple[Recorder, ...], function: Callable[..., Any], *args: Any) -> Any:
    activate(recorders)
    return function(*args)


_NO_OPTIONS: dict[str, Any] = {}


class Recorder:
    """Something that is told of every operation while it is active."""

    __slots__ = ()

    _recording = True

    def knows(self, handle: Handle) -> bool:
        """Whether this recorder follows what is computed from `handle`."""
        return False

    def record(
        self,
        rule: Any,
        y: Any,
        values: Sequence[Any],
        args: Sequence[Any],
        kwargs: Any,
        out: Any,
    ) -> Any:
        """Take note of ``y = rule(*values, **kwargs)``, the values of `args`.

        `out` is the identity of `y` (one for each of several results), or `UNTRACKED` when no
        recorder has given it one; so is what is returned.
        """
        raise NotImplementedError

    def record_pair(
        self, rule: Any, y: Any, a: Any, b: Any, left: Any, right: Any, out: int
    ) -> int:
        """`record` of ``y = rule(a, b)``, the values of `left` and `right`; `y` is one value."""
        return self.record(rule, y, (a, b), (left, right), _NO_OPTIONS, out)  # type: ignore[no-any-return]

    def leak(self, handle: Handle) -> None:
        """Take note that `handle` becomes a plain value."""


@contextmanager
def recording(recorder: Recorder) -> Iterator[None]:
    """Make `recorder` active inside ``with``."""
    _active.set((*active(), recorder))
    try:
        yield
    finally:
        _active.set(tuple([other for other in active() if other is not recorder]))


class UnconnectedGradients(enum.Enum):
    """What `GradientTape.gradient` gives for a source that the target does not depend on.

    Examples
    --------
    >>> import gradtape as gt
    >>> x, other = gt.Variable(3.0), gt.Variable([1.0, 2.0])
    >>> with gt.GradientTape() as tape:
    ...     y = x * x
    >>> tape.gradient(y, other, unconnected_gradients=gt.UnconnectedGradients.ZERO)
    Tensor([0. 0.], shape=(2,), dtype=float32)
    """

    NONE = "none"
    ZERO = "zero"

    @classmethod
    def _missing_(cls, value: object) -> NoReturn:
        raise ValueError(f"Give unconnected_gradients 'none' or 'zero': got {value!r}.")


class GradientTape(Recorder):
    """Records what is computed inside ``with``, and differentiates it.

    For a target ``y = f(x)`` and a cotangent ``v`` of `y` (ones unless given as `output_gradients`)
    `gradient` returns ``sum_i v[i] * dy[i]/dx``, of the shape and dtype of `x`, by reverse
    accumulation. Trainable Variables are watched as they are read, other Tensors with `watch`.

    Parameters
    ----------
    persistent
        Keep the record after the first `gradient`, so that more can be asked.
    watch_accessed_variables
        Watch every trainable Variable that is read. Otherwise only what `watch` names.

    Notes
    -----
    Tapes nest to any depth: a gradient taken while an outer tape records is recorded by it, which
    gives higher derivatives. A tape belongs to the thread and async task that entered it.

    The gradient of a complex function follows TensorFlow: for real ``L``,
    ``dL/dRe(z) + 1j * dL/dIm(z)``, so that of a holomorphic ``f`` is ``conj(f'(z))``.

    References
    ----------
    A. Griewank and A. Walther, *Evaluating Derivatives*, SIAM 2008, section 3.2.

    Examples
    --------
    >>> import gradtape as gt
    >>> x = gt.Variable(3.0)
    >>> with gt.GradientTape() as tape:
    ...     y = x * x
    >>> tape.gradient(y, x)
    Tensor(6.0, shape=(), dtype=float32)
    """

    _recording = False
    _used = False
    _runs_user_code = False
    _watched: dict[int, tuple[Handle, int]] | None = None
    _leaks: tuple[tuple[str, int], ...] = ()

    def __init__(self, persistent: bool = False, watch_accessed_variables: bool = True) -> None:
        self._persistent = persistent
        self._automatic = watch_accessed_variables
        self._forget()

    def _forget(self) -> None:
        self._records: list[tuple[Recorded, Any, Any, Any, Any]] = []
        self._known: set[int] = set()
        self._leaves: set[int] = set()
        self._variables: list[Handle] = []

    def _clear(self) -> None:
        self._forget()
        self._watched, self._leaks = None, ()
        self._runs_user_code = self._used = False

    def __enter__(self) -> Self:
        if self._recording:
            raise ValueError("Leave the tape before entering it again: it is recording already.")
        if self._used:  # as in TensorFlow, a new record begins
            self._clear()
        self._recording = True
        _active.set((*active(), self))
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._stop()

    def _stop(self) -> None:
        # Not by ContextVar.reset: an abandoned generator may leave out of order, or elsewhere.
        self._recording = False
        recorders = active()
        if recorders == (self,):
            _active.set(())
        else:
            _active.set(tuple([recorder for recorder in recorders if recorder._recording]))

    def watch(self, tensor: Any) -> None:
        """Record what is computed from `tensor`, a Tensor or any nesting of Tensors.

        Raises
        ------
        TypeError
            If a leaf is not a Tensor or Variable.
        """
        leaves = structure.flatten(tensor)
        for leaf in leaves:
            if not isinstance(leaf, Handle):
                raise TypeError(
                    f"Wrap the value in gradtape.constant before watching it: "
                    f"GradientTape.watch got {type(leaf).__name__}."
                )
        for leaf in leaves:
            if is_discrete(leaf._value):
                warn_user(f"Watch floating-point values: got dtype {leaf._value.dtype}.")
                continue
            if not leaf._id:
                leaf._id = new_identity()
            if leaf._trainable and leaf._id not in self._known:
                self._variables.append(leaf)
            self._known.add(leaf._id)
            self._leaves.add(leaf._id)
            if self._watched is None:
                self._watched = {}
            self._watched[id(leaf)] = (leaf, leaf._id)

    def watched_variables(self) -> tuple[Any, ...]:
        """The trainable Variables that were read (or watched), in that order."""
        return tuple(self._variables)

    @contextmanager
    def stop_recording(self) -> Iterator[None]:
        """Pause this tape: what is computed inside is not recorded."""
        if not self._recording:
            raise ValueError(
                "Use stop_recording inside the tape's own `with`: it is not recording."
            )
        self._stop()
        try:
            yield
        finally:
            if not self._used:
                self._recording = True
                _active.set((*active(), self))

    def reset(self) -> None:
        """Forget everything recorded and watched, and go on recording.

        Raises
        ------
        ValueError
            Outside the tape's own ``with``.
        """
        if not self._recording:
            raise ValueError("Use reset inside the tape's own `with`: it is not recording.")
        self._clear()

    def knows(self, handle: Handle) -> bool:
        """Whether this tape records what is computed from `handle`."""
        return self._recording and (
            handle._id in self._known or (handle._trainable and self._meet(handle))
        )

    def _meet(self, variable: Handle) -> bool:
        """Watch a trainable Variable that is read for the first time."""
        if not self._automatic or is_discrete(variable._value):
            return False
        self._known.add(variable._id)
        self._leaves.add(variable._id)
        self._variables.append(variable)
        return True

    def record(
        self,
        rule: Any,
        y: Any,
        values: Sequence[Any],
        args: Sequence[Any],
        kwargs: Any,
        out: Any,
    ) -> Any:
        """Append ``y = rule(*values, **kwargs)`` if the tape knows one of the Tensors in `args`."""
        if not self._recording:
            return out
        known = self._known
        ids, tracked = [], []
        hit = False
        for arg in args:
            ident = arg._id if isinstance(arg, Handle) else UNTRACKED
            ids.append(ident)
            if ident in known or (ident and arg._trainable and self._meet(arg)):
                hit = True
                tracked.append(ident)
            else:
                tracked.append(UNTRACKED)
        if not hit:
            return out
        saved, options = rule.save(y, values, tracked, kwargs)
        if rule.user_code:
            self._runs_user_code = True
        if y.__class__ is tuple:
            out = out or tuple([UNTRACKED if is_discrete(v) else new_identity() for v in y])
            known.update(filter(None, out))
        else:
            out = out or new_identity()
            known.add(out)
        self._records.append((rule, out, ids, saved, options))
        return out

    def record_pair(
        self, rule: Any, y: Any, a: Any, b: Any, left: Any, right: Any, out: int
    ) -> int:
        """`record` without its loops, for operators on scalars, where all is overhead."""
        if not self._recording:
            return out
        known = self._known
        # In a record stand all identities, for an outer recorder may know what this tape does not.
        first = left._id if isinstance(left, Handle) else UNTRACKED
        second = right._id if isinstance(right, Handle) else UNTRACKED
        i = first if first in known or (first and left._trainable and self._meet(left)) else 0
        j = second if second in known or (second and right._trainable and self._meet(right)) else 0
        if not i and not j:
            return out
        kind = y.__class__
        if (
            kind in REAL_SCALARS
            and (a.__class__ is kind or (not i and a.__class__ in PYTHON_NUMBERS))
            and (b.__class__ is kind or (not j and b.__class__ in PYTHON_NUMBERS))
            and rule.keeps_scalars
        ):
            saved, options = (y, a, b), None
        else:
            saved, options = rule.save(y, (a, b), (i, j), _NO_OPTIONS)
        out = out or new_identity()
        known.add(out)
        self._records.append((rule, out, (first, second), saved, options))
        return out

    def leak(self, handle: Handle) -> None:
        """Remember that a value this tape knows is about to become a plain array."""
        if self.knows(handle):
            self._leaks = (*self._leaks, warn_of_leak())

    def gradient(
        self,
        target: Any,
        sources: Any,
        output_gradients: Any = None,
        unconnected_gradients: UnconnectedGradients | str = UnconnectedGradients.NONE,
    ) -> Any:
        """The gradient of `target` with respect to `sources`.

        Parameters
        ----------
        target
            A Tensor, or nested lists, tuples, dicts or dataclasses of Tensors; they are summed.
        sources
            Tensors or Variables, nested likewise.
        output_gradients
            The cotangent of each target, in the structure and shapes of `target`; ones by default.
        unconnected_gradients
            `UnconnectedGradients.NONE` or "none" gives None for a source that no target depends on,
            `UnconnectedGradients.ZERO` or "zero" gives zeros.

        Returns
        -------
        Tensor or None, in the structure of `sources`
            Each of its source's shape and dtype.

        Raises
        ------
        RuntimeError
            On a second call, unless the tape is persistent.
        TypeError
            If a target or source is not a Tensor.
        ValueError
            If `output_gradients` does not fit `target`.
        """
        if self._used:
            raise RuntimeError(
                "GradientTape.gradient can only be called once on non-persistent tapes."
            )
        if unconnected_gradients is not UnconnectedGradients.NONE:
            unconnected_gradients = UnconnectedGradients(unconnected_gradients)
        targets = [target] if isinstance(target, Handle) else _handles(target, "target")
        handles = [sources] if isinstance(sources, Handle) else _handles(sources, "source")
        seeds = None if output_gradients is None else _seeds(target, targets, output_gradients)
        if not self._persistent:
            if self._recording:
                self._stop()
            self._used = True
        ids = [handle._id for handle in handles]
        if self._watched:
            ids = [self._source_identity(handle) for handle in handles]
        found = self._sweep(targets, seeds, ids)
        gradients = []
        for handle, ident in zip(handles, ids):  # noqa: B905 (hot; equal by construction)
            gradient: Any = found.get(ident)
            value = handle._value
            kind = value.__class__
            if gradient.__class__ is kind and (
                kind in REAL_SCALARS
                or (
                    kind is np.ndarray
                    and gradient.shape == value.shape
                    and gradient.dtype == value.dtype
                )
            ):
                gradient = handle._result(settled(gradient), UNTRACKED)
            else:
                gradient = self._finish(handle, gradient, unconnected_gradients)
            gradients.append(gradient)
        if sources is handles:
            return gradients
        return (
            gradients[0] if isinstance(sources, Handle) else structure.rebuild(sources, gradients)
        )

    @staticmethod
    def _finish(handle: Handle, gradient: Any, unconnected: UnconnectedGradients | str) -> Any:
        """The gradient as the user gets it."""
        value: Any = handle._value
        if gradient.__class__ in PYTHON_NUMBERS and value.__class__ in REAL_SCALARS:
            return handle._result(typed(gradient, Spec.of(value)), UNTRACKED)
        if (
            isinstance(gradient, Handle)
            and gradient._value.__class__ is value.__class__ in REAL_SCALARS
        ):
            return handle._result(gradient._value, gradient._id)
        if is_discrete(handle._value):
            warn_user(
                f"Use a floating-point source: the gradient with respect to one of dtype "
                f"{value.dtype} is None."
            )
        elif gradient is not None:
            gradient = dense(gradient, Spec(value.shape, value.dtype))
            if isinstance(gradient, Handle):  # a new one: it may be another's gradient too
                return handle._result(gradient._value, gradient._id)
            return handle._result(settled(gradient), UNTRACKED)
        if unconnected is UnconnectedGradients.ZERO:
            return handle._result(settled(np.zeros_like(value)), UNTRACKED)
        return None

    def _source_identity(self, handle: Handle) -> int:
        """The identity that was watched, also when the handle was updated in place since."""
        if self._watched is not None and id(handle) in self._watched:
            return self._watched[id(handle)][1]
        return handle._id

    def jacobian(
        self,
        target: Any,
        sources: Any,
        unconnected_gradients: UnconnectedGradients | str = UnconnectedGradients.NONE,
        chunk_size: int | None = None,
    ) -> Any:
        """The Jacobian ``J[i, j] = d target[i] / d source[j]``.

        All rows go through the record at once, as one batch.

        Parameters
        ----------
        target
            A Tensor.
        sources
            Tensors or Variables, nested in any way.
        unconnected_gradients
            As for `gradient`.
        chunk_size
            How many rows to compute at once; all by default. Fewer take less memory.

        Returns
        -------
        Tensor or None, in the structure of `sources`
            Each of shape ``target.shape + source.shape``.

        Raises
        ------
        RuntimeError, TypeError
            As for `gradient`.

        Examples
        --------
        >>> import gradtape as gt
        >>> x = gt.Variable([1.0, 2.0])
        >>> with gt.GradientTape() as tape:
        ...     y = x * x[0]
        >>> tape.jacobian(y, x).numpy()
        array([[2., 0.],
               [2., 1.]], dtype=float32)
        """
        from gradtape.core.basis import pull_basis

        unconnected, handles = self._asked(target, sources, unconnected_gradients)
        found = pull_basis(self, target, handles, chunk_size)
        shapes = [(*target._value.shape, *handle._value.shape) for handle in handles]
        leaves = [_block(*t, unconnected) for t in zip(found, handles, shapes, strict=True)]
        return leaves[0] if isinstance(sources, Handle) else structure.rebuild(sources, leaves)

    def batch_jacobian(
        self,
        target: Any,
        source: Any,
        unconnected_gradients: UnconnectedGradients | str = UnconnectedGradients.NONE,
    ) -> Any:
        """The Jacobian of each example: ``J[b, i, j] = d target[b, i] / d source[b, j]``.

        Only right if ``target[b]`` depends on no other example than ``source[b]``. It takes as many
        directions as one example of the target has entries.

        Parameters
        ----------
        target, source
            Tensors whose first axes, the examples, have the same length.
        unconnected_gradients
            As for `gradient`.

        Returns
        -------
        Tensor or None
            Of shape ``(b, *target.shape[1:], *source.shape[1:])``.

        Raises
        ------
        ValueError
            If the numbers of examples differ.

        Examples
        --------
        >>> import gradtape as gt
        >>> x = gt.constant([[1.0, 2.0], [3.0, 4.0]])
        >>> with gt.GradientTape() as tape:
        ...     tape.watch(x)
        ...     y = x * x
        >>> tape.batch_jacobian(y, x).numpy()[1]
        array([[6., 0.],
               [0., 8.]], dtype=float32)
        """
        from gradtape.core.basis import pull_rows

        shape, other = (getattr(x, "shape", ()) for x in (target, source))
        if not shape or not other or shape[0] != other[0]:
            raise ValueError(
                f"Give batch_jacobian a target and a source with one first axis: got shapes "
                f"{shape} and {other}."
            )
        unconnected, handles = self._asked(target, source, unconnected_gradients)
        inner, size = shape[1:], math.prod(shape[1:])
        basis = np.eye(size, dtype=target._value.dtype).reshape(size, 1, *inner)
        rows = pull_rows(self, target, handles, np.broadcast_to(basis, (size, *shape)))[0]
        if rows is not None:  # (entry of one example, example, ...)
            rows = np.reshape(np.moveaxis(rows, 0, 1), (shape[0], *inner, *other[1:]))
        return _block(rows, handles[0], (shape[0], *inner, *other[1:]), unconnected)

    def _asked(
        self, target: Any, sources: Any, unconnected: UnconnectedGradients | str
    ) -> tuple[UnconnectedGradients, list[Any]]:
        """Check what a Jacobian is asked for, and mark a tape of one use as used."""
        if self._used:
            raise RuntimeError(
                "GradientTape.jacobian can only be called once on non-persistent tapes."
            )
        checked = UnconnectedGradients(unconnected)
        if not isinstance(target, Handle):
            raise TypeError(
                f"Give jacobian one Tensor as target, on a persistent tape one after the other: "
                f"got {type(target).__name__}."
            )
        handles = [sources] if isinstance(sources, Handle) else _handles(sources, "source")
        if not self._persistent:
            if self._recording:
                self._stop()
            self._used = True
        return checked, handles

    def _sweep(
        self,
        targets: list[Any],
        seeds: list[Any] | None,
        sources: list[int],
        keep: bool = False,
    ) -> dict[int, Any]:
        """The cotangents of `sources`; the record is used up unless the tape is to `keep` it."""
        known = self._known
        for target in targets:
            if target._trainable and target._id not in known:
                self._meet(target)  # it is read now
        wanted = known.intersection(sources)
        records = self._records
        if self._persistent or keep:
            records = records.copy()
        else:
            self._records = []
        if not wanted or not targets:
            return {}
        live = known if self._leaves <= wanted else _reachable(records, wanted)
        cotangents: dict[int, Any] = {}
        for position, target in enumerate(targets):
            ident = target._id
            if ident in live:
                seed = seeds[position] if seeds else 1
                if ident in cotangents:
                    accumulate(cotangents, ident, seed)
                else:
                    cotangents[ident] = seed
        recorders = active()
        # Of no spelling of its own: rules are written in NumPy's.
        tensor = Handle._result if recorders else None
        if self._runs_user_code:
            return _walk_aloud(records, cotangents, live, wanted, tensor)
        return in_quiet(_walk_back, records, cotangents, live, wanted, tensor)  # type: ignore[no-any-return]


def _block(
    found: Any, handle: Handle, shape: tuple[int, ...], unconnected: UnconnectedGradients
) -> Any:
    """A Jacobian of `shape` with respect to `handle`, as the user gets it."""
    if found is None:
        if unconnected is UnconnectedGradients.NONE:
            return None
        found = np.zeros(shape, handle._value.dtype)
    if isinstance(found, Handle):
        return found
    return handle._result(settled(found), UNTRACKED)


def warn_of_leak() -> tuple[str, int]:
    """Warn that a watched Tensor becomes a plain value at the user's line; return the line."""
    call = library_call()
    if call in SPELLINGS:
        return warn_user(
            f"Use {SPELLINGS[call]} instead of {call}, which made a plain array of a watched "
            f"Tensor here: it carries no gradient."
        )
    if call is not None:
        return warn_user(
            f"Write {call} with functions that take Tensors, or pass x.numpy() or stop_gradient(x) "
            f"if no gradient is meant: it made a plain array of a watched Tensor here, which "
            f"carries no gradient."
        )
    return warn_user(
        "Use NumPy functions on the Tensor itself (np.sin for math.sin), join Tensors with "
        "np.stack, write into gradtape.constant(np.zeros(n)) instead of a plain array, or "
        "say x.numpy() or stop_gradient(x) if no gradient is meant: a watched Tensor "
        "became a plain value here, which carries no gradient."
    )


def _walk_back(
    records: list[Any],
    cotangents: dict[int, Any],
    live: set[int],
    wanted: set[int],
    tensor: type[Handle] | None,
) -> dict[int, Any]:
    """Consume `records` from the last to the first; return the cotangents of `wanted`.

    With `tensor`, values become Tensors again under their identities, so that outer recorders see
    every operation of the sweep.
    """
    found: dict[int, Any] = {}
    pop, take = records.pop, cotangents.pop
    while records:
        rule, out, ids, saved, options = pop()
        g: Any = take(out, None)
        if g is None:
            if out.__class__ is not tuple:
                continue
            g = tuple([take(ident, None) for ident in out])
            found.update(
                (i, c) for i, c in zip(out, g, strict=True) if i in wanted and c is not None
            )
            if all(c is None for c in g):
                continue
            g = tuple(map(_fill, g, options[1]))
        else:
            if out in wanted:
                found[out] = g
            if g.__class__ in FORMS:
                if g is DEAD:
                    for ident in ids:
                        if ident in live:
                            accumulate(cotangents, ident, DEAD)
                    continue
                if g.__class__ is Scattered:
                    g = g.gather()
        if tensor is not None:
            saved = _rewrap(saved, out, ids, tensor)
        rule.pull(g, ids, saved, options, live, cotangents)
    for ident in wanted:
        if ident in cotangents:
            found[ident] = cotangents[ident]
    return found


_walk_aloud = np.errstate(all="ignore")(_walk_back)


def _rewrap(saved: Any, out: Any, ids: Sequence[int], tensor: type[Handle]) -> list[Any]:
    """`saved`, with each value that has an identity as a Tensor under it."""
    values = list(saved)
    if values[0] is not None:
        if out.__class__ is tuple:
            values[0] = tuple(map(tensor, values[0], out))
        else:
            values[0] = tensor(values[0], out)
    for position, ident in enumerate(ids, 1):
        if ident:
            value = values[position]
            if value is not None and value.__class__ is not Spec:
                values[position] = tensor(value, ident)
    return values


def _reachable(records: list[Any], sources: set[int]) -> set[int]:
    """The identities of all values that depend on `sources`."""
    live = set(sources)
    for _, out, ids, _, _ in records:
        for ident in ids:
            if ident in live:
                if out.__class__ is tuple:
                    live.update(filter(None, out))
                else:
                    live.add(out)
                break
    return live


def _fill(cotangent: Any, spec: Spec) -> Any:
    """A dense cotangent for one of several results."""
    return dense(DEAD if cotangent is None else cotangent, spec)


def _handles(tree: Any, what: str) -> list[Any]:
    """The Tensors in `tree`."""
    if tree.__class__ is list and all([isinstance(leaf, Handle) for leaf in tree]):
        return tree
    leaves = structure.flatten(tree)
    if what == "source":
        advice = "Pass Variables or watched Tensors as sources"
    else:
        advice = "Compute the target from Tensors inside the tape"
    for leaf, path in zip(leaves, structure.paths(tree), strict=True):
        if not isinstance(leaf, Handle):
            raise TypeError(
                f"{advice}: GradientTape.gradient got {type(leaf).__name__} as {what}{path}, which "
                f"carries no record."
            )
    return leaves


def _seeds(target: Any, targets: list[Any], output_gradients: Any) -> list[Any]:
    """The cotangent of each target, in its dtype."""
    if isinstance(target, Handle):
        given = [output_gradients]
    else:
        given = structure.match(target, output_gradients, "output_gradients")
    seeds = []
    for t, v in zip(targets, given, strict=True):
        if v is None:
            raise ValueError("Give every target an output gradient: got None for one of them.")
        foreign = hasattr(v, "__array_ufunc__") and not isinstance(v, (np.ndarray, np.generic))
        shape = v.shape if foreign else np.shape(v)
        if shape != t._value.shape:
            raise ValueError(
                f"Give output_gradients the shape of the target, {t._value.shape}: got {shape}."
            )
        dtype = t._value.dtype
        if not foreign:
            v = settled(np.array(v, dtype=dtype))
        elif not isinstance(v, Handle):
            v = v.astype(dtype)
        elif not active():
            v = v._value.astype(dtype, copy=False)
        elif v._value.dtype != dtype:
            v = v.astype(dtype)  # type: ignore[attr-defined]
        seeds.append(v)
    return seeds


def is_discrete(value: Any) -> bool:
    """Whether `value` holds integers or booleans, which have no derivative."""
    return value.dtype.kind not in "fc"
