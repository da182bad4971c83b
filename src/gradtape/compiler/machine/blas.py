"""Where the functions of BLAS and LAPACK are: in NumPy's own copy, or those that SciPy exports."""

from __future__ import annotations

import ctypes
import functools
import importlib
import os
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

LETTERS = {"float64": "d", "float32": "s"}
_LAPACK = frozenset({"gesv", "getrf", "potrf", "trtrs"})


@functools.cache
def _numpys() -> Any:
    """NumPy's OpenBLAS, which its wheels bring along: it is loaded already."""
    return _library("numpy", "libscipy_openblas64_*")


def _library(package: str, pattern: str) -> Any:
    """A library that the wheels of `package` bring along; None if there is none."""
    folder = Path(np.__file__).parent.parent / f"{package}.libs"
    for path in folder.glob(pattern):
        try:
            return ctypes.PyDLL(str(path))
        except OSError:
            continue
    return None


def _scipys(name: str) -> int | None:
    """The address of a function that SciPy exports to Cython."""
    module = "cython_lapack" if name[1:] in _LAPACK else "cython_blas"
    try:
        exported = importlib.import_module(f"scipy.linalg.{module}").__pyx_capi__[name]
    except (ImportError, AttributeError, KeyError):
        return None
    api = ctypes.pythonapi
    name_of, pointer_of = api.PyCapsule_GetName, api.PyCapsule_GetPointer
    name_of.restype, name_of.argtypes = ctypes.c_char_p, [ctypes.py_object]
    pointer_of.restype, pointer_of.argtypes = ctypes.c_void_p, [ctypes.py_object, ctypes.c_char_p]
    signature = name_of(exported)
    if b"int *" not in signature:
        return None  # its integers are of another width
    address: int | None = pointer_of(exported, signature)
    return address


@functools.cache
def found(name: str) -> tuple[str, str] | None:
    """The symbol of a function such as ``dgemm`` in native code, and LLVM's type of its integers.

    None if there is no such function.
    """
    import llvmlite.binding as llvm

    own = getattr(_numpys(), f"scipy_{name}_64_", None) if _numpys() is not None else None
    address = _scipys(name) if own is None else ctypes.cast(own, ctypes.c_void_p).value
    if address is None:
        return None
    integer = "i32" if own is None else "i64"
    symbol = f"gradtape_{name}_{integer}"
    llvm.add_symbol(symbol, address)
    return symbol, integer


def routine(name: str, dtype: Any) -> tuple[str, str] | None:
    """The function for a dtype: its symbol, and the type of its integers."""
    letter = LETTERS.get(np.dtype(dtype).name)
    return None if letter is None else found(letter + name)


# -- threads ------------------------------------------------------------------------------------


class _Alone:
    """Calls of BLAS that have it to themselves on one thread, and its threads before them."""

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """No calls, as at the beginning and in the child of a fork."""
        self.calls = self.before = 0
        self.lock = threading.Lock()


_ALONE = _Alone()


def alone(function: Callable[..., Any], *args: Any) -> Any:
    """``function(*args)`` while BLAS uses one thread.

    Compiled loops share the cores already: with threads of its own in each of ours, a product takes
    several times as long.
    """
    control = _threads()
    if control is None:
        return function(*args)
    count, set_count = control
    state = _ALONE
    with state.lock:
        if not state.calls:
            state.before = count()
            set_count(1)
        state.calls += 1
    try:
        return function(*args)
    finally:
        with state.lock:
            state.calls -= 1
            if not state.calls:
                set_count(state.before)


@functools.cache
def _threads() -> tuple[Callable[[], int], Callable[[int], None]] | None:
    """How many threads the BLAS of `found` uses, and what sets that; None where nobody knows."""
    for library, ending in ((_numpys(), "64_"), (_library("scipy", "libscipy_openblas-*"), "")):
        if library is not None:
            names = [f"scipy_openblas_{verb}_num_threads{ending}" for verb in ("get", "set")]
            if all(hasattr(library, name) for name in names):
                return getattr(library, names[0]), getattr(library, names[1])
    return None


def _after_fork() -> None:
    if _ALONE.calls and (control := _threads()):
        control[1](_ALONE.before)
    _ALONE.reset()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
