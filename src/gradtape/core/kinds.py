"""The kinds of derivative rules: what each saves of an operation, and how it pulls cotangents back.

A rule says which values its derivative reads (`save`) and how a cotangent of the result becomes
cotangents of the arguments (`pull`). Because it is plain NumPy, running it on Tensors records it in
turn: that is every higher order.
"""

from __future__ import annotations

import dis
import sys
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from gradtape.core.batching import Batching, everywhere
from gradtape.core.cotangents import (
    DEAD,
    FORMS,
    Masked,
    Scattered,
    accumulate,
    expand,
    is_finite,
    only,
    project,
    typed,
)
from gradtape.core.domains import Call, Domain
from gradtape.core.handle import (
    PYTHON_NUMBERS,
    REAL_SCALARS,
    Handle,
    Spec,
    frozen,
    new_spec,
    settled,
)

Function = Callable[..., Any]
Cotangents = dict[int, Any]


class Rule:
    """What the engine knows of one function."""

    def __init__(
        self,
        function: Any,
        *,
        calls: Sequence[Call] = (),
        compute: Any = None,
        batch: Batching | None = None,
    ) -> None:
        self.function = function
        self.compute: Function = compute or function
        self.calls = tuple(calls)
        self.batch = batch

    @property
    def name(self) -> str:
        """The function's name as the user writes it."""
        return name_of(self.function)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} rule of {self.name}>"


class Recorded(Rule):
    """A rule that a tape records."""

    user_code = False
    keeps_scalars = False  # whether scalars of one dtype may be saved as they are, without `save`

    def save(self, y: Any, values: Sequence[Any], ids: Sequence[int], kwargs: Any) -> Any:
        """``(saved, options)``: what `pull` will read; `saved` lines up with (y, *values)."""
        raise NotImplementedError

    def pull(
        self, g: Any, ids: Sequence[int], saved: Any, options: Any, live: Any, into: Cotangents
    ) -> None:
        """Add to `into` the cotangent of each argument whose identity is in `live`."""
        raise NotImplementedError

    def push(self, y: Any, values: Sequence[Any], tangents: Sequence[Any], kwargs: Any) -> Any:
        """The tangent of `y`, which broadcasts to it; None for none.

        A tangent is None where an argument does not move. `NotImplemented` means that the rule
        states no more than `pull`.
        """
        return NotImplemented


_LARGE = 1 << 18
"""Bytes from which a fresh array costs more than finding out that an old one may be used."""

ALONE = [-1]
"""What `sys.getrefcount` says in `pull` of a cotangent that only the sweep holds; it tells."""


class Over:
    """A partial derivative ``1 / divisor``: dividing by it saves a pass over memory."""

    __slots__ = ("divisor",)

    def __init__(self, divisor: Function) -> None:
        self.divisor = divisor


class Elementwise(Recorded):
    """``y[i] = f(a[i], b[i], ...)`` with broadcasting; knows ``df/da``, ``df/db``, ..."""

    keeps_scalars = True

    def __init__(
        self,
        function: Any,
        partials: Sequence[Any],
        *,
        domain: Sequence[Domain],
        calls: Sequence[Call] = (),
        compute: Any = None,
        batch: Batching | None = None,
    ) -> None:
        super().__init__(function, calls=calls, compute=compute, batch=batch or everywhere)
        self.partials = tuple(partials)
        self.constant_slopes = all([partial.__class__ is int for partial in partials])
        self.domain = tuple(domain)
        self._plans: dict[int, tuple[bool, list[int]]] = {}

    def _plan(self, tracked: int) -> tuple[bool, list[int]]:
        """Whether to keep y, and at which positions in (y, a, b, ...) to keep an argument."""
        read: set[int] = set()
        for position, partial in enumerate(self.partials):
            if tracked >> position & 1:
                read |= _positions_read(partial)
        positions = range(1, len(self.partials) + 1)  # without what a default argument binds
        plan = self._plans[tracked] = 0 in read, [k for k in positions if k in read]
        return plan

    def save(self, y: Any, values: Sequence[Any], ids: Sequence[int], kwargs: Any) -> Any:
        shape, dtype = y.shape, y.dtype
        plain = dtype.kind != "c"
        tracked, bit = 0, 1
        for ident, value in zip(ids, values):  # noqa: B905 (hot; equal by construction)
            if ident:
                tracked += bit
                if plain and (value.dtype is not dtype or value.shape != shape):
                    plain = False
            bit += bit
        keeps_y, positions = self._plans.get(tracked) or self._plan(tracked)
        kept = [None] * (len(ids) + 1)
        if keeps_y:
            kept[0] = y
        for position in positions:
            value = values[position - 1]
            kept[position] = value if ids[position - 1] else frozen(value)
            if plain and getattr(value, "dtype", dtype) != dtype:
                plain = False
        if plain:
            return kept, None
        return kept, (new_spec(Spec, (shape, dtype)), _specs(values, ids))

    def pull(
        self, g: Any, ids: Sequence[int], saved: Any, options: Any, live: Any, into: Cotangents
    ) -> None:
        if options is not None or g.__class__ in FORMS:
            self._pull_carefully(g, ids, saved, options, live, into)
            return
        if (
            g.__class__ is np.ndarray
            and g.nbytes >= _LARGE
            and sys.getrefcount(g) == ALONE[0]
            and g.base is None
            and g.flags.writeable
        ):
            self._pull_in_place(g, ids, saved, live, into)
            return
        for ident, partial in zip(ids, self.partials):  # noqa: B905
            if ident in live:
                if partial.__class__ is int:
                    c = g if partial == 1 else -g if partial else DEAD
                elif partial.__class__ is Over:
                    c = g / partial.divisor(*saved)
                elif (g.__class__ is int or g.__class__ in REAL_SCALARS) and g == 1:
                    c = partial(*saved)
                else:
                    c = g * partial(*saved)  # NumPy multiplies into the nameless right operand
                if ident in into:
                    accumulate(into, ident, c)
                else:
                    into[ident] = c

    def _pull_in_place(
        self, g: Any, ids: Sequence[int], saved: Any, live: Any, into: Cotangents
    ) -> None:
        """`pull` of an array that nobody else sees: the last product is made in it."""
        pairs = [pair for pair in zip(ids, self.partials, strict=True) if pair[0] in live]
        ours = True
        for left, (ident, partial) in enumerate(pairs, 1 - len(pairs)):
            out = g if ours and not left else None
            if partial.__class__ is int:
                c = g if partial == 1 else np.negative(g, out=out) if partial else DEAD
                ours = ours and c is not g
            elif partial.__class__ is Over:
                c = _combined(np.true_divide, g, partial.divisor(*saved), out)
            else:
                c = _combined(np.multiply, g, partial(*saved), out)
            accumulate(into, ident, c)

    def push(self, y: Any, values: Sequence[Any], tangents: Sequence[Any], kwargs: Any) -> Any:
        saved = self._saved_as(y.dtype, (y, *values))
        total = None
        for partial, t in zip(self.partials, tangents, strict=True):
            if t is None or partial is None or (partial.__class__ is int and not partial):
                continue
            if partial == -1 and total is not None:
                total = total - t
                continue
            if partial.__class__ is int:
                c = t if partial == 1 else -t
            elif partial.__class__ is Over:
                c = _unmoved(t / partial.divisor(*saved), t)
            else:
                c = _unmoved(t * partial(*saved), t)
            total = c if total is None else total + c
        return settled(total)  # or an outer tape would keep a copy of it

    def _pull_carefully(
        self, g: Any, ids: Sequence[int], saved: Any, specs: Any, live: Any, into: Cotangents
    ) -> None:
        """`pull` where shapes or dtypes differ, numbers are complex, or `g` is masked."""
        masked = None
        if g.__class__ is Masked:
            g, masked = g.value, g
        if specs is not None:
            out, own = specs
            if g.__class__ in PYTHON_NUMBERS:
                g = typed(g, out)
            if not self.constant_slopes:
                saved = self._saved_as(out.dtype, saved)
        for position, (ident, partial) in enumerate(zip(ids, self.partials)):  # noqa: B905
            if ident not in live:
                continue
            if partial.__class__ is int:
                c = g if partial == 1 else -g if partial else DEAD
            elif partial is None:
                c = DEAD
            else:
                c = self._contribution(g, partial, saved)
                if masked is not None:
                    c = _repaired(c, masked)
            if c is DEAD:
                pass
            elif specs is not None:
                c = _brought_back(c, masked, out, own[position])
            elif masked is not None:
                c = Masked(c, masked._mask)
            if ident in into:
                accumulate(into, ident, c)
            else:
                into[ident] = c

    def _saved_as(self, dtype: np.dtype[Any], saved: Sequence[Any]) -> list[Any]:
        """``(y, *values)`` as precise as a result of `dtype`."""
        return [
            _promoted(value, dtype) if partial is not None else value
            for value, partial in zip(saved, (1, *self.partials))  # noqa: B905
        ]

    @staticmethod
    def _contribution(g: Any, partial: Any, saved: Any) -> Any:
        if partial.__class__ is Over:
            divisor = partial.divisor(*saved)
            return g / (np.conj(divisor) if is_complex(divisor) else divisor)
        slope = partial(*saved)
        return g * (np.conj(slope) if is_complex(slope) else slope)


class Selection(Elementwise):
    """An elementwise function that passes one argument through at each entry; knows the masks.

    What was not selected is `Masked`, so that it contributes nothing even where the derivative
    upstream is infinite or NaN.
    """

    keeps_scalars = False

    def save(self, y: Any, values: Sequence[Any], ids: Sequence[int], kwargs: Any) -> Any:
        saved, specs = super().save(y, values, ids, kwargs)
        # A cotangent that is still a Python number takes its dtype from here.
        return saved, specs or (Spec.of(y), _specs(values, ids))

    def pull(
        self, g: Any, ids: Sequence[int], saved: Any, options: Any, live: Any, into: Cotangents
    ) -> None:
        outer = None
        if g.__class__ is Masked:
            g, outer = g.value, g
        out, specs = options
        if g.__class__ in PYTHON_NUMBERS:
            g = typed(g, out)
        for position, (ident, taken) in enumerate(zip(ids, self.partials, strict=True)):
            if ident not in live or taken is None:
                continue
            mask = raw(taken(*saved))
            if outer is not None:
                mask = np.logical_and(mask, outer.mask)
            count = np.count_nonzero(mask) if isinstance(mask, (np.ndarray, np.generic)) else None
            if count == 0:
                accumulate(into, ident, DEAD)
                continue
            if count is not None and count == mask.size:
                c, masked = g, outer
            else:
                c = only(g, mask)
                masked = Masked(c, mask)
            accumulate(into, ident, _brought_back(c, masked, out, specs[position]))

    def push(self, y: Any, values: Sequence[Any], tangents: Sequence[Any], kwargs: Any) -> Any:
        total = None
        for taken, t in zip(self.partials, tangents, strict=True):
            if t is None or taken is None:
                continue
            c = only(expand(t, y.shape), raw(taken(y, *values)))
            total = c if total is None else total + c
        return total


class _Shaped(Recorded):
    """Shared by the rules that are not elementwise: whole cotangents, one argument at a time."""

    def save(self, y: Any, values: Sequence[Any], ids: Sequence[int], kwargs: Any) -> Any:
        if y.__class__ is tuple:
            out: Any = tuple(map(Spec.of, y))
        else:
            out = new_spec(Spec, (y.shape, y.dtype))
        specs = _specs(values, ids)
        return self.keep(y, values, ids, specs), (kwargs, out, specs)

    def keep(
        self, y: Any, values: Sequence[Any], ids: Sequence[int], specs: Sequence[Any]
    ) -> Sequence[Any]:
        """``(y, *values)`` with a `Spec` for each value that the derivative does not read."""
        raise NotImplementedError

    def pull(
        self, g: Any, ids: Sequence[int], saved: Any, options: Any, live: Any, into: Cotangents
    ) -> None:
        kwargs, out, specs = options
        mask = None
        if out.__class__ is Spec:
            if g.__class__ is Masked:
                g, mask = g.value, expand(g.mask, out.shape)
            if g.__class__ in PYTHON_NUMBERS:
                g = typed(g, out)
            if g.shape != out.shape:
                g = expand(g, out.shape)
        for position, ident in enumerate(ids):
            if ident in live:
                c = self.cotangent(position, g, mask, saved, kwargs)
                if c.__class__ not in FORMS:
                    spec = specs[position]
                    if c.dtype is not spec.dtype:
                        c = _cast(c, spec)
                    if mask is not None:
                        c = self.mask(position, c, mask, saved, kwargs)
                if ident in into:
                    accumulate(into, ident, c)
                else:
                    into[ident] = c

    def cotangent(self, position: int, g: Any, mask: Any, saved: Any, kwargs: Any) -> Any:
        """The cotangent of one argument."""
        raise NotImplementedError

    def mask(self, position: int, c: Any, mask: Any, saved: Any, kwargs: Any) -> Any:
        """`c` with the mask of its live entries, where the rule can tell them."""
        return c


class Linear(_Shaped):
    """A function linear in its leading arguments; knows its transpose.

    With `moves`, every entry of the result is an entry, or a plain sum of entries, of the argument:
    then the transpose also carries masks.
    """

    def __init__(
        self,
        function: Any,
        transposes: Sequence[Function],
        *,
        moves: bool,
        calls: Sequence[Call],
        compute: Any = None,
        batch: Batching | None = None,
    ) -> None:
        super().__init__(function, calls=calls, compute=compute, batch=batch)
        self.transposes = tuple(transposes)
        self.moves = moves

    def keep(
        self, y: Any, values: Sequence[Any], ids: Sequence[int], specs: Sequence[Any]
    ) -> Sequence[Any]:
        if len(values) == 1:
            return None, specs[0]
        linear_in = self.linear_in(len(values))
        kept: list[Any] = [None]
        for position, (value, spec) in enumerate(zip(values, specs)):  # noqa: B905
            if spec is None:
                spec = Spec.of(value) if position < linear_in else frozen(value)
            kept.append(spec)
        return kept

    def linear_in(self, arity: int) -> int:
        """In how many of `arity` leading arguments the function is linear."""
        return len(self.transposes)

    def cotangent(self, position: int, g: Any, mask: Any, saved: Any, kwargs: Any) -> Any:
        if position >= len(self.transposes):
            raise TypeError(not_differentiable(self.name, position))
        _, *values = saved
        c: Any = self.transposes[position](g, *values, **kwargs)
        if mask is None or c is DEAD or c.__class__ not in FORMS:
            return c
        live = self._live(position, mask, saved, kwargs)
        if c.__class__ is Masked:
            return Masked(c.value, live.value != 0)
        scattered: Any = c
        parts = zip(scattered.parts, live.parts, strict=True)
        return Scattered(scattered.spec, [(i, Masked(v, m != 0)) for (i, v), (_, m) in parts])

    def mask(self, position: int, c: Any, mask: Any, saved: Any, kwargs: Any) -> Any:
        return Masked(c, self._live(position, mask, saved, kwargs) != 0) if self.moves else c

    def push(self, y: Any, values: Sequence[Any], tangents: Sequence[Any], kwargs: Any) -> Any:
        count = self.linear_in(len(values))
        if any([t is not None for t in tangents[count:]]):
            return NotImplemented
        moved = [
            np.zeros_like(raw(value)) if t is None else t
            for value, t in zip(values[:count], tangents[:count], strict=True)
        ]
        return invoke(self, [*moved, *values[count:]], kwargs)

    def _live(self, position: int, mask: Any, saved: Any, kwargs: Any) -> Any:
        """The transpose of `mask`: not zero where a live entry of the result came from."""
        values = [raw(value) for value in saved[1:]]
        return self.transposes[position](mask.astype(np.float64), *values, **kwargs)


class Variadic(Linear):
    """A linear function of any number of arrays; one transpose, given the argument's position."""

    def linear_in(self, arity: int) -> int:
        return arity

    def cotangent(self, position: int, g: Any, mask: Any, saved: Any, kwargs: Any) -> Any:
        return self.transposes[0](g, position, saved[position + 1], **kwargs)

    def _live(self, position: int, mask: Any, saved: Any, kwargs: Any) -> Any:
        value = raw(saved[position + 1])
        return self.transposes[0](mask.astype(np.float64), position, value, **kwargs)


class Bilinear(_Shaped):
    """A function linear in each of two arguments; knows the transpose in each."""

    def __init__(
        self,
        function: Any,
        transposes: Sequence[Function],
        *,
        calls: Sequence[Call],
        compute: Any = None,
        batch: Batching | None = None,
    ) -> None:
        super().__init__(function, calls=calls, compute=compute, batch=batch)
        self.transposes = tuple(transposes)

    def keep(
        self, y: Any, values: Sequence[Any], ids: Sequence[int], specs: Sequence[Any]
    ) -> tuple[Any, ...]:
        a, b, *rest = values
        first, second, *_ = specs
        return (
            None,
            (a if first else frozen(a)) if second else first,
            (b if second else frozen(b)) if first else second,
            *map(frozen, rest),
        )

    def cotangent(self, position: int, g: Any, mask: Any, saved: Any, kwargs: Any) -> Any:
        if position > 1:
            raise TypeError(not_differentiable(self.name, position))
        transpose = self.transposes[position]
        _, *values = saved
        other = values[1 - position]
        c = transpose(g, *values, **kwargs)
        if mask is None or c.__class__ in FORMS:
            return c
        if is_finite(raw(other if other.size < c.size else c), look=True):  # either will do
            return c
        finite = np.isfinite(raw(other))
        # An infinite entry counts only where it meets a live entry of g: 0 * inf is not NaN here.
        values[1 - position] = np.where(finite, other, _zero_like(other))
        c = transpose(g, *values, **kwargs)
        values[1 - position] = ~finite * _generic(finite.shape)
        met = transpose(mask.astype(np.float64), *map(raw, values), **kwargs)
        return np.where(met != 0, np.nan, c)

    def push(self, y: Any, values: Sequence[Any], tangents: Sequence[Any], kwargs: Any) -> Any:
        total = None
        for position, t in enumerate(tangents):
            if t is None:
                continue
            if position > 1:
                return NotImplemented
            moved = list(values)
            moved[position] = t
            c = invoke(self, moved, kwargs)
            total = c if total is None else total + c
        return total

    def mask(self, position: int, c: Any, mask: Any, saved: Any, kwargs: Any) -> Any:
        def live() -> Any:
            values = list(map(raw, saved[1:]))
            values[1 - position] = _generic(values[1 - position].shape)
            return self.transposes[position](mask.astype(np.float64), *values, **kwargs) != 0

        return Masked(c, live)


class Primitive(_Shaped):
    """Any other function: a vector-Jacobian product ``vjp(g, y, *args, **kwargs)`` per argument.

    `reads` names what the products read: "y", and the positions of arguments, as in "y 0"; every
    other value arrives as its `Spec`. ``jvp(tangents, y, *args, **kwargs)``, with None for an
    argument that does not move, reads everything; without it the products are transposed.
    """

    def __init__(
        self,
        function: Any,
        vjps: Sequence[Any],
        *,
        reads: str,
        calls: Sequence[Call],
        jvp: Any = None,
        compute: Any = None,
        batch: Batching | None = None,
    ) -> None:
        super().__init__(function, calls=calls, compute=compute, batch=batch)
        self.vjps = tuple(vjps)
        self.jvp = jvp
        self.reads = frozenset(reads.split())

    def keep(
        self, y: Any, values: Sequence[Any], ids: Sequence[int], specs: Sequence[Any]
    ) -> tuple[Any, ...]:
        kept = [y if "y" in self.reads else None]
        for position, (value, ident) in enumerate(zip(values, ids, strict=True)):
            if ident and str(position) not in self.reads:
                kept.append(specs[position])
            else:
                kept.append(value if ident else frozen(value))
        return tuple(kept)

    def cotangent(self, position: int, g: Any, mask: Any, saved: Any, kwargs: Any) -> Any:
        vjp = self.vjps[position] if position < len(self.vjps) else None
        if vjp is None:
            raise TypeError(not_differentiable(self.name, position))
        return vjp(g, *saved, **kwargs)

    def push(self, y: Any, values: Sequence[Any], tangents: Sequence[Any], kwargs: Any) -> Any:
        if self.jvp is None:
            return NotImplemented
        return self.jvp(tuple(tangents), y, *values, **kwargs)


class Composite(Rule):
    """A function expressed in others; `compute` runs on Tensors."""


class Constant(Rule):
    """A function whose result carries no gradient: an index, a comparison, a rounding.

    With `of_outline`, it reads no more than shapes and dtypes.
    """

    def __init__(
        self, function: Any, *, batch: Batching | None = None, of_outline: bool = False
    ) -> None:
        super().__init__(function, batch=batch)
        self.of_outline = of_outline


def name_of(function: Any) -> str:
    """The name of a registry key as the user writes it, such as ``numpy.linalg.norm``."""
    if isinstance(function, tuple):
        return f"{name_of(function[0])}.{function[1]}"
    if isinstance(function, np.ufunc):
        for module in ("numpy", "scipy.special"):
            found = getattr(sys.modules.get(module), function.__name__, None)
            if function in (found, getattr(found, "__wrapped__", None)):
                return f"{module}.{function.__name__}"
        return f"the ufunc {function.__name__}"
    module = getattr(function, "__module__", None) or "numpy"
    return f"{module}.{getattr(function, '__qualname__', repr(function))}"


def not_differentiable(name: str, position: int) -> str:
    """The text of the error for an argument whose derivative no rule gives."""
    return (
        f"Pass argument {position + 1} of {name} through gradtape.stop_gradient: "
        "the function has no derivative with respect to it."
    )


def raw(value: Any) -> Any:
    """The array behind a Tensor, or a batch of arrays behind one of Tensors."""
    if isinstance(value, Handle):
        value = value._value
    if value.__class__ is np.ndarray or value.__class__ in REAL_SCALARS:
        return value
    bare = getattr(value, "bare", None)
    return value if bare is None else bare()


def invoke(rule: Rule, args: Sequence[Any], kwargs: dict[str, Any]) -> Any:
    """The function of `rule`, by NumPy's protocol where an argument is no plain array.

    So it is recorded if it must be, although a private function has no protocol of its own.
    """
    for arg in args:
        if getattr(arg, "_intercepts", False):
            return arg.__array_function__(rule.function, (), args, kwargs)
    return rule.compute(*args, **kwargs)


def surely(condition: Any) -> bool:
    """Whether `condition` holds everywhere; False if its values are not known yet."""
    condition = _all_examples(condition)
    return isinstance(condition, (bool, np.ndarray, np.generic)) and bool(np.all(condition))


def somewhere(condition: Any) -> bool:
    """Whether `condition` holds for some entry; False if its values are not known yet."""
    condition = _all_examples(condition)
    if getattr(condition, "is_known", False):  # of a program that is being recorded
        return bool(np.any(condition))
    return isinstance(condition, (bool, np.ndarray, np.generic)) and bool(np.any(condition))


def _all_examples(value: Any) -> Any:
    """The plain values of `value`, those of all examples of a batch together."""
    value = raw(value)
    while hasattr(value, "examples"):
        value = value.examples
    return value


def is_complex(value: Any) -> bool:
    """Whether an array, Tensor or Python number is complex."""
    dtype = getattr(value, "dtype", None)
    return isinstance(value, complex) if dtype is None else dtype.kind == "c"


def _specs(values: Sequence[Any], ids: Sequence[int]) -> Sequence[Spec | None]:
    """The specs of the arguments that are tracked."""
    if len(values) == 1:
        value = values[0]
        return (new_spec(Spec, (value.shape, value.dtype)),)
    specs: list[Spec | None] = []
    for value, ident in zip(values, ids):  # noqa: B905 (hot; equal by construction)
        specs.append(new_spec(Spec, (value.shape, value.dtype)) if ident else None)
    return specs


def _generic(shape: tuple[int, ...]) -> Any:
    """Numbers in general position: where a bilinear map of them is 0, nothing has met.

    With ones, the terms of a map that subtracts, such as a vector product, would cancel.
    """
    return np.random.default_rng(0).uniform(1.0, 2.0, shape)


def _zero_like(value: Any) -> Any:
    """A zero that does not promote `value` in `np.where`."""
    return value.dtype.type(0)


def _repaired(c: Any, masked: Masked) -> Any:
    """`c` with zeros where `masked` is dead: there an infinite slope met a zero.

    A Tensor is always repaired, so that no infinite slope of higher order shows through either.
    """
    if not isinstance(c, Handle) and is_finite(c):
        return c
    return only(c, masked.mask)


def _combined(ufunc: np.ufunc, g: Any, slope: Any, out: Any) -> Any:
    """``ufunc(g, slope)``, in `out` where that fits."""
    if out is None or not (
        slope.__class__ in (int, float)
        or (slope.__class__ is np.ndarray and slope.dtype == g.dtype and slope.shape == g.shape)
    ):
        return ufunc(g, slope)
    return ufunc(g, slope, out=out)


def _unmoved(c: Any, t: Any) -> Any:
    """The tangent `c`, zero where `t` is: an infinite slope does not move what stands still."""
    return c if is_finite(raw(c)) else np.where(t == 0, _zero_like(c), c)


def _promoted(value: Any, dtype: np.dtype[Any]) -> Any:
    """`value`, as precise as a result of `dtype`: NumPy promoted it before it computed."""
    own = getattr(value, "dtype", None)
    if own is None or own == dtype or (own.kind == "c" and dtype.kind != "c"):
        return value
    if own.kind != "c" and dtype.kind == "c":
        dtype = np.finfo(dtype).dtype
    return value if own == dtype else value.astype(dtype)


def _brought_back(c: Any, masked: Masked | None, out: Spec, spec: Spec) -> Any:
    """`c`, the cotangent of an elementwise result, as that of an argument of `spec`."""
    if out.shape == spec.shape:
        if c.dtype != spec.dtype:
            c = _cast(c, spec)
        return c if masked is None else Masked(c, masked._mask)
    c = project(c if c.shape == out.shape else expand(c, out.shape), spec)
    if masked is None:
        return c
    return Masked(c, lambda: _any_onto(expand(masked.mask, out.shape), spec.shape))


def _cast(value: Any, spec: Spec) -> Any:
    """`value` in the dtype of `spec`; a complex cotangent of a real value keeps its real part."""
    return value if value.dtype == spec.dtype else project(value, Spec(value.shape, spec.dtype))


def _any_onto(mask: Any, shape: tuple[int, ...]) -> Any:
    """Which entries of a broadcast input some live entry of the result came from."""
    return project(mask.astype(np.float64), Spec(shape, np.dtype(np.float64))) > 0


def _positions_read(partial: Any) -> frozenset[int]:
    """The positions in (y, a, b, ...) that a partial derivative reads.

    A record keeps only these. They are taken from the function itself, so they cannot disagree
    with it.
    """
    if partial is None or isinstance(partial, int):
        return frozenset()
    code = (partial.divisor if isinstance(partial, Over) else partial).__code__
    names = code.co_varnames[: code.co_argcount]
    used: set[Any] = set()
    for instruction in dis.get_instructions(code):
        if not instruction.opname.startswith(("MAKE_CELL", "COPY_FREE", "STORE")):
            value = instruction.argval
            used.update(value if isinstance(value, tuple) else (value,))
    return frozenset(position for position, name in enumerate(names) if name in used)
