"""Write docs/coverage.md, what gradtape knows of each function of NumPy and `scipy.special`.

Run it as ``python -m tools.coverage_page``. The registry says what is supported; the tables here
say why the rest is not, or is no matter of derivatives. What neither knows is listed as missing,
and counts against the total.
"""

from __future__ import annotations

import importlib
import importlib.util
import textwrap
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import scipy

import gradtape  # noqa: F401 (fills the registry)
from gradtape.core.rules import RULES, Constant

PAGE = Path(__file__).parents[1] / "docs" / "coverage.md"
MODULES = ("numpy", "numpy.linalg", "numpy.fft", "scipy.special")

_Table = dict[str, str]
"""A reason, and the names of the functions that it holds for, between spaces."""

CONSTANT: _Table = {
    "the result is an index or a count": """
        argmax argmin nanargmax nanargmin argsort argpartition lexsort searchsorted digitize
        nonzero flatnonzero argwhere unravel_index ravel_multi_index diag_indices_from
        tril_indices_from triu_indices_from count_nonzero bitwise_count bincount matrix_rank""",
    "the result is a truth value": """
        all any allclose isclose array_equal array_equiv equal not_equal less less_equal greater
        greater_equal logical_and logical_or logical_xor logical_not isfinite isinf isnan isnat
        isneginf isposinf signbit isin in1d iscomplex isreal iscomplexobj isrealobj isscalar
        can_cast shares_memory may_share_memory""",
    "the result is piecewise constant: its derivative is 0 wherever it exists": """
        floor ceil trunc rint fix round around floor_divide spacing""",
    "integers and dates have no derivative": """
        bitwise_and bitwise_or bitwise_xor bitwise_not bitwise_invert bitwise_left_shift
        bitwise_right_shift invert left_shift right_shift gcd lcm packbits unpackbits busday_count
        busday_offset is_busday datetime_as_string""",
    "the result depends on shapes and dtypes only": """
        shape ndim size result_type common_type min_scalar_type zeros_like ones_like empty_like
        einsum_path""",
    "the result is text, or a file": """
        array_repr array_str array2string save savez savez_compressed savetxt""",
}

OTHER_CONSTANT = "the result is piecewise constant, or no number"

CREATES: _Table = {
    "of numbers": """
        arange eye identity indices empty ones zeros tri bartlett blackman hamming hanning
        kaiser diag_indices tril_indices triu_indices mask_indices fftfreq rfftfreq""",
    "of Python functions, text, buffers and files": """
        fromfunction fromiter fromstring frombuffer fromfile fromregex genfromtxt loadtxt load
        from_dlpack frompyfunc""",
}

NO_ARRAYS: _Table = {
    "it looks at names, dtypes, settings and memory": """
        base_repr binary_repr broadcast_shapes datetime_data format_float_positional
        format_float_scientific get_include get_printoptions getbufsize geterr geterrcall info
        isdtype isfortran issubdtype iterable mintypecode nested_iters printoptions promote_types
        set_printoptions setbufsize seterr seterrcall show_config show_runtime typename""",
}

LIKE = """
    array asarray asanyarray ascontiguousarray asfortranarray require full"""
"""The functions that reach a Tensor only through ``like=``."""

THROUGH = {
    "row_stack": "vstack",
    "softplus": "logaddexp",
    "assoc_laguerre": "eval_genlaguerre",
    **dict.fromkeys(["zeta", "lambertw", "jvp", "yvp", "ivp", "kvp", "h1vp", "h2vp"], "a ufunc"),
}
"""Functions that need no rule, for they call others."""

UNSUPPORTED: _Table = {
    "it makes a plain array of a Tensor, and warns": "asarray_chkfinite",
    "`numpy.matrix` means something else by its operators; use `np.block`": "asmatrix bmat",
}

NOTES = """\
NumPy hands `array`, `asarray` and kin to a Tensor only where `like=` names one, as in
`np.asarray([x, y], like=x)`. Without it they make a plain array; whatever does so with a watched
Tensor warns at the user's line. `numpy.vectorize` is a class that takes arrays apart into Python
numbers, and warns too: call the function on the Tensor itself, or on each row with
`np.apply_along_axis`. So do `np.r_` and `np.c_`: write `np.concatenate` or `np.column_stack`."""


@dataclass(frozen=True)
class Entry:
    """One function: its name, what gradtape does with it, and why."""

    name: str
    kind: str
    reason: str = ""


def functions(module: ModuleType) -> Iterator[tuple[str, Any]]:
    """The public functions and ufuncs of `module`, by name; no classes and no constants."""
    for name in sorted(module.__all__):
        value = getattr(module, name)
        kinds = type, ModuleType
        if callable(value) and not isinstance(value, kinds) and hasattr(value, "__name__"):
            yield name, value


def reason_in(table: _Table, name: str) -> str | None:
    """The reason under which `table` has `name`."""
    return next((reason for reason, names in table.items() if name in names.split()), None)


def entry(name: str, function: Any, special: _Table) -> Entry:
    """What the registry and the tables know of `function`."""
    rule = RULES.get(function)
    if isinstance(rule, Constant):
        return Entry(name, "constant", reason_in(CONSTANT, name) or OTHER_CONSTANT)
    if rule is not None:
        return Entry(name, "like" if name in LIKE.split() else "differentiable")
    if name in THROUGH:
        return Entry(name, "differentiable")
    tables = {
        "creates": CREATES,
        "other": NO_ARRAYS,
        "unsupported": {**UNSUPPORTED, **special},
    }
    for kind, table in tables.items():
        reason = reason_in(table, name)
        if reason is not None:
            return Entry(name, kind, reason)
    return Entry(name, "missing", "no rule yet")


def entries(name: str) -> list[Entry]:
    """What is known of each function of the module called `name`."""
    special = _special_reasons() if name == "scipy.special" else {}
    return [entry(*pair, special) for pair in functions(importlib.import_module(name))]


def _special_reasons() -> _Table:
    """Load the rules of `scipy.special`; their module says why some functions have none."""
    if importlib.util.find_spec("gradtape.rules.special") is None:
        return {}
    return getattr(importlib.import_module("gradtape.rules.special"), "UNSUPPORTED", {})


# -- the page -----------------------------------------------------------------------------------


def share(found: Iterable[Entry]) -> tuple[int, int]:
    """How many of the functions that have a derivative work, and how many there are."""
    kinds = [e.kind for e in found]
    works = kinds.count("differentiable") + kinds.count("like")
    return works, works + kinds.count("missing") + kinds.count("unsupported")


def versions() -> str:
    """The minor versions that the page is of."""
    return f"NumPy {_minor(np.__version__)}, SciPy {_minor(scipy.__version__)}"


def _minor(version: str) -> str:
    return ".".join(version.split(".")[:2])


def _names(found: Iterable[Entry]) -> str:
    text = ", ".join(f"`{e.name}`" for e in found)
    return "\n".join(textwrap.wrap(text, 100, break_on_hyphens=False)) or "None."


def _grouped(found: list[Entry]) -> str:
    reasons = list(dict.fromkeys(e.reason for e in found))
    return "\n".join(
        textwrap.fill(
            f"- {reason[:1].upper()}{reason[1:]}: "
            + ", ".join(f"`{e.name}`" for e in found if e.reason == reason),
            100,
            subsequent_indent="  ",
            break_on_hyphens=False,
        )
        for reason in sorted(reasons)
    )


SECTIONS = {
    "differentiable": "Differentiable",
    "like": "Differentiable with `like=`",
    "constant": "No gradient",
    "creates": "Creates arrays",
    "other": "Takes no arrays",
    "unsupported": "Not supported",
    "missing": "Missing",
}


def _section(title: str, found: list[Entry]) -> str:
    grouped = len({e.reason for e in found}) > 1 or title == "Not supported"
    return f"**{title}** ({len(found)})\n\n{_grouped(found) if grouped else _names(found)}\n"


def page() -> str:
    """The text of docs/coverage.md."""
    modules = {name: entries(name) for name in MODULES}
    lines = [
        "# Coverage",
        "",
        f"Of {versions()}: every public function and ufunc. `make coverage-page` writes this page",
        "from the registry; do not edit it.",
        "",
        f"| module | {' | '.join(title.lower() for title in SECTIONS.values())} | works |",
        f"| --- | {' | '.join(['---:'] * (len(SECTIONS) + 1))} |",
    ]
    for name, found in modules.items():
        counts = [sum(e.kind == kind for e in found) for kind in SECTIONS]
        works, total = share(found)
        lines.append(
            f"| `{name}` | {' | '.join(map(str, counts))} | {works} of {total}, "
            f"{100 * works / max(total, 1):.1f} % |"
        )
    lines += ["", "*Works* counts the functions that could have a derivative.", "", NOTES, ""]
    for name, found in modules.items():
        lines += [f"## {name}", ""]
        for kind, title in SECTIONS.items():
            of_kind = [e for e in found if e.kind == kind]
            if of_kind:
                lines.append(_section(title, of_kind))
    return "\n".join(lines).rstrip() + "\n"


if __name__ == "__main__":
    PAGE.write_text(page())
    print(f"Wrote {PAGE}.")
