"""Answers as JSON: what a program can see of a value, or the type of the exception."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from compat.cases import Case

HERE = Path(__file__).parent / "answers"

RTOL = {
    "float16": 2e-3,
    "bfloat16": 2e-2,
    "float32": 1e-5,
    "float64": 1e-10,
    "complex64": 1e-5,
    "complex128": 1e-10,
}


def ask(case: Case, tf: Any) -> Any:
    """The answer of one library to one case, encoded."""
    try:
        with np.errstate(all="ignore"):  # TensorFlow says nothing of infinities and NaN
            answer = case.run(tf)
    except Exception as error:  # noqa: BLE001 (its type is the answer)
        return {"raises": raised(error)}
    return encode(answer)


def raised(error: Exception) -> str:
    """The types of an exception, by the names that programs catch it by; the nearest first."""
    names = [kind.__name__ for kind in type(error).__mro__ if kind.__name__ in _KINDS]
    return " ".join(names) or type(error).__name__


def _catches(expected: str, got: str) -> bool:
    """Whether a program that catches what TensorFlow raises catches ours too."""
    return expected.split(maxsplit=1)[0] in got.split()


_KINDS = frozenset(
    {"InvalidArgumentError", "NotFoundError", "OutOfRangeError", "UnimplementedError"}
    | {"FailedPreconditionError", "AttributeError", "NotImplementedError", "RuntimeError"}
    | {"ValueError", "TypeError", "KeyError", "IndexError", "LookupError", "AssertionError"}
)


def encode(value: Any) -> Any:
    """`value` as JSON can hold it."""
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    if isinstance(value, complex):
        return {"complex": [value.real, value.imag]}
    if isinstance(value, Mapping):
        return {"items": {str(key): encode(item) for key, item in value.items()}}
    if hasattr(value, "indices") and hasattr(value, "dense_shape"):
        return {"slices": [encode(value.values), encode(value.indices)]}
    if hasattr(value, "as_numpy_dtype"):
        return {"dtype": value.name}
    if hasattr(value, "as_list"):
        return {"shape": value.as_list()}
    if isinstance(value, (list, tuple)):
        return {"sequence": [encode(item) for item in value]}
    return _encode_array(value)


def _encode_array(value: Any) -> Any:
    kind = "array" if isinstance(value, (np.ndarray, np.generic)) else "tensor"
    array = np.asarray(value.numpy() if kind == "tensor" else value)
    entries = array.ravel()
    if array.dtype.kind == "c":
        flat: Any = [[float(z.real), float(z.imag)] for z in entries]
    elif array.dtype.kind in "OSU":
        flat = [e.decode() if isinstance(e, bytes) else str(e) for e in entries]
    elif array.dtype.kind in "biu":
        flat = entries.tolist()
    else:
        flat = [_shortest(entry) for entry in entries]
    name = "string" if array.dtype.kind in "OSU" else array.dtype.name
    return {kind: flat, "dtype": name, "shape": list(array.shape)}


def _shortest(entry: Any) -> float:
    """The entry with as many digits as its dtype needs."""
    return (
        float(np.format_float_scientific(entry, unique=True))
        if np.isfinite(entry)
        else float(entry)
    )


def differences(expected: Any, got: Any, rtol: float | None = None, where: str = "") -> list[str]:
    """What differs between two encoded answers, in words; nothing if they agree."""
    if isinstance(expected, dict) and isinstance(got, dict):
        if expected.keys() != got.keys():
            return [f"{where}: expected {_brief(expected)}, got {_brief(got)}"]
        if "raises" in expected and _catches(expected["raises"], got["raises"]):
            return []
        if "dtype" in expected and len(expected) == 3:
            return _array_differences(expected, got, rtol, where)
        return [
            text
            for key in expected
            for text in differences(expected[key], got[key], rtol, f"{where}.{key}")
        ]
    if isinstance(expected, list) and isinstance(got, list) and len(expected) == len(got):
        return [
            text
            for position, pair in enumerate(zip(expected, got, strict=True))
            for text in differences(*pair, rtol, f"{where}[{position}]")
        ]
    if isinstance(expected, float) and isinstance(got, (int, float)):
        same = np.isclose(got, expected, rtol=rtol or 1e-6, equal_nan=True)
    else:
        same = expected == got
    return [] if same else [f"{where}: expected {_brief(expected)}, got {_brief(got)}"]


def _array_differences(expected: Any, got: Any, rtol: float | None, where: str) -> list[str]:
    kind = "tensor" if "tensor" in expected else "array"
    for key in ("dtype", "shape"):
        if expected[key] != got[key]:
            return [f"{where}: expected {key} {expected[key]}, got {got[key]}"]
    dtype = expected["dtype"]
    if dtype not in RTOL:
        same = expected[kind] == got[kind]
    else:
        a, b = (np.array(x[kind], float) for x in (expected, got))
        finite = np.abs(a[np.isfinite(a)])
        bound = (rtol or RTOL[dtype]) * max(1e-30, finite.max(initial=0.0))
        same = np.allclose(b, a, rtol=0, atol=bound, equal_nan=True)
    return [] if same else [f"{where}: expected {_brief(expected)}, got {_brief(got)}"]


def _brief(answer: Any) -> str:
    text = json.dumps(answer)
    return text if len(text) < 300 else f"{text[:300]} ..."


def path_of(module: str) -> Path:
    """The file that holds the answers to the cases of `module`."""
    return HERE / f"{module}.json"


def read(module: str) -> dict[str, Any]:
    """The recorded answers to the cases of `module`."""
    path = path_of(module)
    if not path.exists():
        return {}
    loaded: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return loaded


def write(module: str, answers: Mapping[str, Any]) -> None:
    """Record the answers, one case a line, so that a difference shows which changed."""
    HERE.mkdir(exist_ok=True)
    lines = [f"{json.dumps(name)}: {json.dumps(answers[name])}" for name in sorted(answers)]
    path_of(module).write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")
