"""What this processor and its C library offer."""

from __future__ import annotations

import ctypes
import functools

FUNCTIONS = {
    "acos": 1,
    "acosh": 1,
    "asin": 1,
    "asinh": 1,
    "atan": 1,
    "atan2": 2,
    "atanh": 1,
    "cbrt": 1,
    "cos": 1,
    "cosh": 1,
    "erf": 1,
    "erfc": 1,
    "exp": 1,
    "exp2": 1,
    "expm1": 1,
    "fmod": 2,
    "hypot": 2,
    "log": 1,
    "log10": 1,
    "log1p": 1,
    "log2": 1,
    "nextafter": 2,
    "pow": 2,
    "sin": 1,
    "sinh": 1,
    "tan": 1,
    "tanh": 1,
}
"""The functions of the C library that may be called, and how many arguments they take."""


@functools.cache
def name_and_features() -> tuple[str, str]:
    """LLVM's name of this processor and what it can do."""
    import llvmlite.binding as llvm

    return llvm.get_host_cpu_name(), llvm.get_host_cpu_features().flatten()


@functools.cache
def fuses() -> bool:
    """Whether one instruction multiplies and adds, rounding once."""
    import platform

    x86 = platform.machine().lower() in ("x86_64", "amd64")
    return (
        "+fma" in name_and_features()[1].split(",")
        if x86
        else platform.machine() in ("arm64", "aarch64")
    )


@functools.cache
def vectors() -> dict[tuple[str, str, int], str]:
    """The symbol of glibc's vector functions by C name, dtype, lanes; LLVM gets to know them."""
    try:
        library = ctypes.CDLL("libmvec.so.1")
    except OSError:
        return {}
    import llvmlite.binding as llvm

    features = name_and_features()[1]
    letters = {"b": 2}
    if "+avx2" in features:
        letters["d"] = 4
    if "+avx512f" in features:
        letters["e"] = 8
    found = {}
    for name, count in FUNCTIONS.items():
        for letter, lanes in letters.items():
            for dtype, suffix, factor in (("float64", "", 1), ("float32", "f", 2)):
                symbol = f"_ZGV{letter}N{lanes * factor}{'v' * count}_{name}{suffix}"
                function = getattr(library, symbol, None)
                if function is not None:
                    llvm.add_symbol(symbol, ctypes.cast(function, ctypes.c_void_p).value)
                    found[name, dtype, lanes * factor] = symbol
    return found
