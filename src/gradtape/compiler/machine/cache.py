"""Machine code on disk, so that a second process need not compile again.

A file is taken only if its name, made of the program's text, the processor and the versions, and
the digest at its head are right. Nothing in it is ever unpickled, or run before that.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import sys
import tempfile
from pathlib import Path

_MAGIC = b"gradtape machine code 1\n"
MOST_BYTES = 256 << 20
"""When the files take more than this together, those used longest ago are removed."""


def directory() -> Path | None:
    """Where the files are: `GRADTAPE_CACHE_DIR`, or the user's cache; None for nowhere."""
    chosen = os.environ.get("GRADTAPE_CACHE_DIR")
    if chosen is not None:
        return Path(chosen) if chosen else None
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches" / "gradtape"
    if os.name == "nt":
        local = os.environ.get("LOCALAPPDATA")
        return Path(local) / "gradtape" if local else None
    root = os.environ.get("XDG_CACHE_HOME")
    return (Path(root) if root else Path.home() / ".cache") / "gradtape"


def key_of(*parts: str) -> str:
    """The name of the file for what `parts` say."""
    digest = hashlib.sha256()
    for part in parts:
        data = part.encode()
        digest.update(len(data).to_bytes(8, "little"))
        digest.update(data)
    return digest.hexdigest()


def load(key: str) -> bytes | None:
    """The machine code kept under `key`; None if there is none, or it is damaged."""
    folder = directory()
    if folder is None:
        return None
    path = folder / key
    try:
        data = path.read_bytes()
        os.utime(path)
    except OSError:
        return None
    head = len(_MAGIC) + 32
    code = data[head:]
    if data[: len(_MAGIC)] != _MAGIC or hashlib.sha256(code).digest() != data[len(_MAGIC) : head]:
        return None
    return code


def store(key: str, code: bytes) -> None:
    """Keep `code` under `key`, at once or not at all; a disk that refuses is no error."""
    folder = directory()
    if folder is None:
        return
    with contextlib.suppress(OSError):
        folder.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=folder, prefix=".new-")
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(_MAGIC + hashlib.sha256(code).digest() + code)
            os.replace(temporary, folder / key)
        except BaseException:
            os.unlink(temporary)
            raise
        _trim(folder)


def _trim(folder: Path) -> None:
    """Remove the files used longest ago while there are too many bytes."""
    files = []
    for path in folder.iterdir():
        with contextlib.suppress(OSError):
            found = path.stat()
            files.append((found.st_mtime, found.st_size, path))
    total = sum(size for _, size, _ in files)
    for _, size, path in sorted(files):
        if total <= MOST_BYTES:
            return
        path.unlink(missing_ok=True)
        total -= size
