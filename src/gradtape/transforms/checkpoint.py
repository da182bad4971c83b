"""`checkpoint`: forget what happened inside a function, and run it again in the backward sweep."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import wraps
from typing import Any

from gradtape.core import structure
from gradtape.core.batch import Level
from gradtape.core.cotangents import accumulate, dense
from gradtape.core.dispatch import renamed
from gradtape.core.handle import UNTRACKED, Handle, Spec, settled
from gradtape.core.kinds import Recorded, name_of
from gradtape.core.tape import GradientTape, Recorder, activate, active, is_discrete
from gradtape.core.tensor import Tensor
from gradtape.custom import record_call


def checkpoint(f: Callable[..., Any]) -> Callable[..., Any]:
    """`f`, of which a tape keeps the arguments only: it runs again when the gradient is taken.

    A chain of `n` equal steps, each a checkpoint, needs memory for `n` results and one step instead
    of for everything in between, and one more evaluation of each.

    Parameters
    ----------
    f
        A function of Tensors, arrays and anything else, with results of any structure. It must
        give the same again: no random numbers, no state but Variables.

    Returns
    -------
    callable
        Of the signature of `f`. Gradients flow to its arguments, and to Variables and watched
        Tensors that it reads.

    Notes
    -----
    Inside `vmap`, a tape outside of it keeps everything: there `f` runs as it is.

    Raises
    ------
    RuntimeError
        When the gradient is taken, if a Variable that `f` reads has been assigned since.

    References
    ----------
    A. Griewank and A. Walther, "Algorithm 799: revolve", ACM TOMS 26, 2000.

    Examples
    --------
    >>> import gradtape as gt, numpy as np
    >>> step = gt.checkpoint(lambda x: np.sin(np.exp(x)))
    >>> gt.grad(lambda x: step(step(x)))(0.0).round(6)
    np.float64(-0.853417)
    """

    @wraps(f)
    def checkpointed(*args: Any, **kwargs: Any) -> Any:
        if any([isinstance(recorder, Level) for recorder in active()]):
            return f(*args, **kwargs)  # what records outside `vmap` sees whole batches only
        inputs = [leaf for leaf in structure.flatten(args) if isinstance(leaf, Handle)]
        captures = Captures(inputs)
        result = apart(captures, f, args, kwargs)
        captured = list(captures.found.values())
        rule = _Checkpoint(f, args, kwargs, captured)
        return record_call(rule, result, [*inputs, *captured])

    return checkpointed


class Captures(Recorder):
    """Finds what a body reads that is not among its arguments."""

    def __init__(self, inputs: Sequence[Handle]) -> None:
        self._inputs = {x._id for x in inputs}
        self._outer = active()
        self.found: dict[int, Handle] = {}

    def record(  # noqa: D102
        self,
        rule: Any,
        y: Any,
        values: Sequence[Any],
        args: Sequence[Any],
        kwargs: Any,
        out: Any,
    ) -> Any:
        for arg in args:
            if isinstance(arg, Handle) and arg._id and arg._id not in self._inputs:
                if arg._trainable or any([recorder.knows(arg) for recorder in self._outer]):
                    self.found.setdefault(arg._id, arg)  # a sweep in the body makes others
        return out


def apart(recorder: Recorder, f: Callable[..., Any], args: Any, kwargs: Any) -> Any:
    """``f(*args, **kwargs)`` seen by `recorder` alone."""
    inside = active()
    activate((recorder,))
    try:
        return f(*args, **kwargs)
    finally:
        activate(inside)


class _Checkpoint(Recorded):
    """One call of a checkpointed function, as a rule of its own."""

    user_code = True

    def __init__(
        self, f: Callable[..., Any], args: Any, kwargs: Any, captured: Sequence[Handle]
    ) -> None:
        super().__init__(f)
        self.leaves = structure.flatten(args)
        self.args = args
        self.kwargs = kwargs
        self.captured = list(captured)

    def save(self, y: Any, values: Sequence[Any], ids: Sequence[int], kwargs: Any) -> Any:
        out = tuple(map(Spec.of, y)) if y.__class__ is tuple else Spec.of(y)
        return (None, *values), (None, out)

    def pull(
        self, g: Any, ids: Sequence[int], saved: Any, options: Any, live: Any, into: dict[int, Any]
    ) -> None:
        _, out = options
        seeds = [dense(g, out)] if out.__class__ is Spec else list(g)
        sources = self._sources(saved[1:])
        with GradientTape(watch_accessed_variables=False) as tape:
            smooth = {i: x for i, x in enumerate(sources) if not is_discrete(x._value)}
            tape.watch(list(smooth.values()))
            targets = self._run(sources)
        pairs = [(t, v) for t, v in zip(targets, seeds, strict=True) if not is_discrete(t._value)]
        found = tape.gradient([t for t, _ in pairs], list(smooth.values()), [v for _, v in pairs])
        for position, c in zip(smooth, found, strict=True):
            if c is not None and ids[position] in live:
                accumulate(into, ids[position], c if active() else c._value)

    def _sources(self, values: Sequence[Any]) -> list[Any]:
        """The arguments under identities of their own, and what `f` reads by itself."""
        count = len(values) - len(self.captured)
        for handle, value in zip(self.captured, values[count:], strict=True):
            if handle._value is not (value._value if isinstance(value, Handle) else value):
                raise RuntimeError(
                    f"Take the gradient before assigning what a checkpointed function reads: "
                    f"{name_of(self.function)} read {handle!r}, which has another value now."
                )
        fresh = [
            renamed(v) if isinstance(v, Handle) else Tensor(settled(v), UNTRACKED)
            for v in values[:count]
        ]
        return [*fresh, *self.captured]

    def _run(self, sources: Sequence[Any]) -> list[Any]:
        remaining = iter(sources)
        leaves = [next(remaining) if isinstance(leaf, Handle) else leaf for leaf in self.leaves]
        result = self.function(*structure.rebuild(self.args, leaves), **self.kwargs)
        leaves = structure.flatten(result)
        numbers = [leaf for leaf in leaves if isinstance(leaf, Handle) or hasattr(leaf, "dtype")]
        return [x if isinstance(x, Handle) else Tensor(settled(x), UNTRACKED) for x in numbers]
