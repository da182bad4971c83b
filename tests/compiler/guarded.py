"""Memory between pages that may not be touched: what steps over an edge ends the process."""

from __future__ import annotations

import ctypes
import mmap
from typing import Any

import numpy as np

PAGE = mmap.PAGESIZE
_LIBC = ctypes.CDLL(None, use_errno=True)
_LIBC.mprotect.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int]


class Guarded:
    """Arrays with a guard page on either side; they live as long as this object."""

    def __init__(self, at_end: bool) -> None:
        self.at_end = at_end
        self._maps: list[Any] = []

    def empty(self, shape: Any, dtype: Any = float) -> Any:
        """As `np.empty`, ending right before a guard page, or beginning right after one."""
        dtype = np.dtype(dtype)
        size = int(np.prod(shape, dtype=np.int64)) * dtype.itemsize
        pages = max(1, -(-size // PAGE))
        memory = mmap.mmap(-1, (pages + 2) * PAGE)
        self._maps.append(memory)
        start = ctypes.addressof(ctypes.c_char.from_buffer(memory))
        for edge in (start, start + (pages + 1) * PAGE):
            if _LIBC.mprotect(edge, PAGE, mmap.PROT_READ * 0):
                raise OSError(ctypes.get_errno(), "mprotect")
        offset = PAGE + (pages * PAGE - size if self.at_end else 0)
        return np.ndarray(shape, dtype, buffer=memory, offset=offset)

    def array(self, value: Any) -> Any:
        """A copy of `value` in such memory."""
        copy = self.empty(np.shape(value), value.dtype)
        copy[...] = value
        return copy
