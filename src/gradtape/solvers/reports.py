"""What a solver tells while it runs: the user's callback, and a progress bar."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any, Self

import numpy as np

from gradtape.solvers.parameters import Parameters


class Reports:
    """Tells of each iteration; as a context it closes the bar."""

    def __init__(
        self,
        parameters: Parameters,
        callback: Callable[..., Any] | None,
        progress: bool,
        total: int | None = None,
    ) -> None:
        self._parameters = parameters
        self._callback = callback
        self._wants_result = callback is not None and (
            list(inspect.signature(callback).parameters) == ["intermediate_result"]
        )
        self._bar = _bar(total) if progress else None
        self.wanted = callback is not None or progress
        self.count = 0
        self.stopped_at: Any = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        if self._bar is not None:
            self._bar.close()

    def tell(self, x: Any, value: Callable[[], Any], state: Any = None) -> Any:
        """One iteration, at `x`; `value` is computed if someone wants it, `state` is SciPy's."""
        from scipy.optimize import OptimizeResult

        self.count += 1
        if self._bar is not None:
            self._bar.set_postfix(fun=f"{value():.6g}", refresh=False)
            self._bar.update()
        if self._callback is None:
            return None
        nested = self._parameters.result(x)
        try:
            if not self._wants_result:
                return self._callback(nested)
            result = OptimizeResult({"fun": value(), **(state or {}), "x": nested})
            return self._callback(intermediate_result=result)
        except StopIteration:
            self.stopped_at = np.array(x)
            raise


def _bar(total: int | None) -> Any:
    try:
        from tqdm import tqdm
    except ImportError:
        raise ImportError(
            "Install tqdm for progress=True, as with pip install tqdm, or leave it out."
        ) from None
    return tqdm(total=total, unit="iteration")
