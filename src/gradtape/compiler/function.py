"""`function`: a Python function that is recorded once and then runs as a program."""

from __future__ import annotations

import copy
import functools
import os
import struct
import sys
import threading
import warnings
from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from gradtape.compiler.derivative import pulling, recorded_call
from gradtape.compiler.program import GuardError, Program
from gradtape.compiler.recording import LARGEST, Compiled, record
from gradtape.compiler.tracing.variables import is_recording
from gradtape.core import structure
from gradtape.core.batch import LEVELS
from gradtape.core.errors import GradientWarning, UnrecordedError, warn_user
from gradtape.core.handle import Handle
from gradtape.core.tape import active, recording
from gradtape.core.tensor import Variable
from gradtape.custom import Watcher

MOST_PROGRAMS = 64
"""How many programs a function keeps; the oldest goes first."""

MOST_BROKEN = 4
"""After so many programs for one signature, whose guards all failed, the function stays eager."""

_ENABLED = not os.environ.get("GRADTAPE_DISABLE_COMPILE")


def function(f: Callable[..., Any] | None = None, **options: Any) -> Any:
    """Decorate a function: it is recorded when first called, and then runs as a compiled program.

    The first call runs the function as it is written, and writes down every NumPy call: those of
    tapes, transforms and optimizers inside it too. Later calls with arguments of the same shapes
    and dtypes run what was written down, in machine code where there is llvmlite.

    Parameters
    ----------
    f
        A function of numbers, arrays, Tensors, Variables and anything hashable, nested in any way.
        It may read and assign Variables. Plain arrays that it reads besides its arguments are
        constants of the program.
    options
        ``jit_compile`` and others that TensorFlow knows; of no effect.

    Returns
    -------
    Function
        Of the signature of `f`. What `f` returns comes back: arrays, Tensors, in any nesting. Its
        arguments are never written into: `f` works on copies.

    Notes
    -----
    Where Python looks at a value (``if x > 0``, ``float(x)``, ``range(n)``), the program holds only
    while it is the same: otherwise the call is done as written, and recorded as another program.
    After a few of those the function stays as it is written, with a warning that names the line.
    ``print`` and other effects of Python happen while recording only. While recording, array
    arguments are no instances of ``np.ndarray``, and other threads see none of it. Under a tape the
    whole call is one operation, whose derivative is compiled too.

    A call that raises an error assigns no Variable, unless it is being recorded. A function whose
    arguments or results are no values of a program, such as sets, masked arrays, generators or
    tapes, runs as it is written, with one warning. Programs of a method end with its instance.

    The environment variable ``GRADTAPE_DISABLE_COMPILE=1`` leaves every function as it is written.

    References
    ----------
    R. Frostig, M. J. Johnson and C. Leary, "Compiling machine learning programs via high-level
    tracing", SysML 2018.

    Examples
    --------
    >>> import gradtape as gt, numpy as np
    >>> @gt.function
    ... def slope(x):
    ...     return gt.grad(lambda x: np.sum(np.sin(x) ** 2))(x)
    >>> slope(np.array([0.0, 1.0])).round(6)
    array([0.      , 0.909297])
    """
    if f is None:
        return lambda g: function(g, **options)
    if isinstance(f, Function):
        return f
    if isinstance(f, (classmethod, staticmethod)):
        return type(f)(function(f.__func__))
    if not callable(f):
        raise TypeError(f"Give gradtape.function a function: got {type(f).__name__}.")
    return functools.update_wrapper(Function(f), f)


class Function:
    """What `function` makes of a Python function.

    Attributes
    ----------
    programs
        The programs recorded so far.
    stats
        What each of them took, and is made of.
    """

    def __init__(self, f: Callable[..., Any]) -> None:
        self._f = f
        self._programs: OrderedDict[Any, list[Compiled]] = OrderedDict()
        self._eager: set[Any] = set()
        self._lock = threading.Lock()
        self._warned: set[str] = set()
        self._pull: Function | None = None
        self._reads: dict[Any, list[Any] | None] = {}

    def __call__(self, *args: Any, **kwargs: Any) -> Any:  # noqa: D102 (the function's own)
        if not _ENABLED or LEVELS or is_recording():
            return self._f(*args, **kwargs)
        try:
            key = _key(args, kwargs)
        except UnrecordedError as error:
            return self._unrecorded(error, args, kwargs)
        if active():
            return self._recorded(key, args, kwargs)
        return self._run(key, args, kwargs)

    def _run(self, key: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        found = self._programs.get(key)
        if found:
            for compiled in list(found):
                try:
                    return compiled.call(args, kwargs)
                except GuardError as error:
                    broken = error
                except struct.error:  # a Python integer grew larger than the machine's
                    return self._f(*args, **kwargs)
            if len(found) >= MOST_BROKEN:
                return self._give_up(key, broken, args, kwargs)
        return self._record(key, args, kwargs)

    def _recorded(self, key: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """A call that a tape or accumulator around it sees.

        The first one runs as it is written, and shows what the function reads besides its
        arguments; the next are each one operation with a compiled derivative.
        """
        found = self._programs.get(key)
        if key not in self._reads or key in self._eager:
            watcher = Watcher(structure.flatten([list(args), kwargs]))
            with recording(watcher):
                result = self._f(*args, **kwargs)
            variables = list(watcher.variables.values())
            self._reads[key] = None if watcher.captured else variables
            return result
        read = self._reads[key]
        # Variables that are assigned are to be seen by the tape as they were when read.
        if read is None or (found and found[0].assigned):
            return self._f(*args, **kwargs)
        if self._pull is None:
            self._pull = Function(pulling(self._f))
        run = functools.partial(self._run, key)
        return recorded_call(run, self._pull, read, args, kwargs)

    def __copy__(self) -> Function:
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> Function:
        return function(copy.deepcopy(self._f, memo))  # type: ignore[no-any-return]

    def __reduce__(self) -> Any:
        name = getattr(self._f, "__qualname__", "")
        found: Any = sys.modules.get(getattr(self._f, "__module__", ""))
        for part in name.split("."):
            found = getattr(found, part, None)
        return name if found is self else (function, (self._f,))

    def __repr__(self) -> str:
        return f"<gradtape.function {name_of(self._f)}>"

    def __get__(self, instance: Any, owner: Any = None) -> Any:
        if instance is None:
            return self
        # An instance's programs end with it; one made of fields is an argument like any other.
        if structure.is_nested(instance) or type(getattr(instance, "__dict__", None)) is not dict:
            return functools.partial(self, instance)
        return bound(instance, self._f, lambda method: function(method))

    @property
    def programs(self) -> list[Program]:
        """The programs recorded so far."""
        return [compiled.program for group in self._programs.values() for compiled in group]

    def clear(self) -> None:
        """Forget all programs."""
        self._programs.clear()
        self._eager.clear()
        self._reads.clear()
        self._pull = None

    @property
    def stats(self) -> list[dict[str, Any]]:
        """For each program: calls recorded, kernels, NumPy calls left, seconds to compile."""
        return [_stats(compiled) for group in self._programs.values() for compiled in group]

    def program(self, *args: Any, **kwargs: Any) -> str:
        """What will run for such arguments, in NumPy's words, and how it is grouped into loops.

        The function is recorded if it must be, which runs it once.
        """
        compiled = self._compiled(args, kwargs)
        text = str(compiled.program)
        return text if compiled.native is None else f"{text}\n\n{compiled.native}"

    def llvm(self, *args: Any, **kwargs: Any) -> str:
        """The program's code in LLVM's words, after its passes."""
        compiled = self._compiled(args, kwargs)
        if compiled.native is None:
            raise RuntimeError("Install llvmlite for machine code: pip install llvmlite.")
        return str(compiled.native.module.optimised())

    def _compiled(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Compiled:
        key = _key(args, kwargs)
        if key not in self._programs:
            self._record(key, args, kwargs)
        if key not in self._programs:
            raise RuntimeError(f"There is no program of {name_of(self._f)}: it runs eagerly.")
        return self._programs[key][0]

    def _record(self, key: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        if key in self._eager:
            return self._f(*args, **kwargs)
        if not self._lock.acquire(blocking=False):  # another thread records
            return self._f(*args, **kwargs)
        try:
            result, compiled = record(self._f, args, kwargs)
            if compiled is not None:
                self._programs.setdefault(key, []).insert(0, compiled)
                while len(self._programs) > MOST_PROGRAMS:
                    self._programs.popitem(last=False)
            return result
        except UnrecordedError as error:
            self._eager.add(key)
            return self._unrecorded(error, args, kwargs)
        finally:
            self._lock.release()

    def _unrecorded(
        self, error: UnrecordedError, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> Any:
        """The call as it is written, with a warning that says why."""
        if str(error) not in self._warned:
            self._warned.add(str(error))
            warn_user(f"{error}: {name_of(self._f)} runs as it is written.")
        return self._f(*args, **kwargs)

    def _give_up(
        self, key: Any, error: GuardError, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> Any:
        self._eager.add(key)
        self._programs.pop(key, None)
        where = f"{error.line[0]}:{error.line[1]}" if error.line else "an unknown line"
        warnings.warn(
            f"Keep Python's decisions out of {name_of(self._f)}, or pass what they depend on "
            f"as an argument of another type: it runs eagerly from now on, for {error} at {where}.",
            GradientWarning,
            stacklevel=3,
        )
        return self._f(*args, **kwargs)


def bound(instance: Any, f: Any, make: Callable[[Any], Any]) -> Any:
    """What `make` makes of the method `f` of an instance: once, and kept with the instance."""
    kept, name = vars(instance), f"_compiled {name_of(f)}"
    found = kept.get(name)
    if found is None or found.owner is not instance:  # a copy of an instance copies its dict
        found = kept[name] = _Kept(instance, make(f.__get__(instance, type(instance))))
    return found.made


class _Kept:
    """What belongs to one instance alone."""

    __slots__ = ("made", "owner")

    def __init__(self, owner: Any, made: Any) -> None:
        self.owner = owner
        self.made = made

    def __deepcopy__(self, memo: dict[int, Any]) -> None:
        """Nothing: the copy makes its own."""

    def __reduce__(self) -> Any:
        return type(None), ()


def name_of(f: Any) -> str:
    """What a message calls a function."""
    return str(getattr(f, "__qualname__", None) or f"a {type(f).__name__}")


def _stats(compiled: Compiled) -> dict[str, Any]:
    native = compiled.native
    return {
        "calls": len(compiled.program.calls),
        "guards": len(compiled.program.guards),
        "kernels": 0 if native is None else len(native.kernels),
        "numpy_calls": len(compiled.program.calls)
        if native is None
        else len(native.schedule) - len(native.kernels),
        "compile_seconds": compiled.seconds,
    }


def _key(args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    key = tuple(map(_kind, args))
    return (key, tuple(kwargs), tuple(map(_kind, kwargs.values()))) if kwargs else key


_SCALARS = frozenset(
    {float, int, complex, np.float64, np.float32, np.int64, np.int32, np.bool_, np.complex128}
)


def _kind(leaf: Any) -> Any:
    """What a program depends on of an argument."""
    kind = leaf.__class__
    if kind is np.ndarray:
        return leaf.shape, leaf.dtype
    if kind in _SCALARS:
        return kind if kind is not int or -LARGEST <= leaf < LARGEST else leaf
    if isinstance(leaf, Variable):
        return leaf._id
    if isinstance(leaf, Handle):
        value: Any = leaf._value
        return kind, value.shape, value.dtype
    if structure.is_nested(leaf):
        parts = structure.children(leaf)
        return kind, tuple(parts), tuple(map(_kind, parts.values()))
    if isinstance(leaf, (np.ndarray, np.generic)):
        return kind, leaf.shape, leaf.dtype
    if kind is slice:
        leaf = leaf.start, leaf.stop, leaf.step
    try:
        hash(leaf)
    except TypeError:
        raise UnrecordedError(
            f"Pass numbers, arrays and what can be hashed: got {kind.__name__}"
        ) from None
    return kind, leaf


__all__: Sequence[str] = ["Function", "function"]
