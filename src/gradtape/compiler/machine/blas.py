"""Where the functions of BLAS and LAPACK are: in NumPy's own copy, or those that SciPy exports."""

from __future__ import annotations

import ctypes
import functools
import importlib
from pathlib import Path
from typing import Any

import numpy as np

LETTERS = {"float64": "d", "float32": "s"}
_LAPACK = frozenset({"gesv", "getrf", "potrf", "trtrs"})


@functools.cache
def _numpys() -> Any:
    """NumPy's OpenBLAS, which its wheels bring along: it is loaded already."""
    folder = Path(np.__file__).parent.parent / "numpy.libs"
    for path in folder.glob("libscipy_openblas64_*"):
        try:
            return ctypes.CDLL(str(path))
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
