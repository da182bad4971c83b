"""Machine code on disk: taken when it is right, ignored when it is not."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import gradtape as gt
from gradtape.compiler.machine import cache, native

PROGRAM = """
import numpy as np, gradtape as gt
from gradtape.compiler.machine import native
def never(self):
    raise SystemExit("compiled again")
if {again}:
    native.Module.optimised = never
f = gt.function(gt.grad(lambda x: np.sum(np.sin(x) ** 2)))
print(f(np.ones(3)), f(np.ones(3)))
"""


def test_a_second_process_does_not_compile(tmp_path: Path) -> None:
    outputs = [
        subprocess.run(
            [sys.executable, "-c", PROGRAM.format(again=again)],
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for again in (False, True)
    ]
    assert outputs[0] == outputs[1] != ""
    assert len(list(tmp_path.iterdir())) == 1


@pytest.mark.parametrize("damage", [b"", b"nonsense", None])
def test_a_damaged_file_is_ignored(tmp_path: Path, damage: bytes | None) -> None:
    for _ in range(2):
        f = gt.function(lambda x: np.cos(x) + 1)
        f(np.zeros(3))
        assert f(np.zeros(3)).tolist() == [2.0, 2.0, 2.0]
        (path,) = tmp_path.iterdir()
        path.write_bytes(path.read_bytes()[:-1] + b"?" if damage is None else damage)


def test_it_can_be_switched_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GRADTAPE_CACHE_DIR", "")
    assert cache.directory() is None
    cache.store("key", b"code")
    assert cache.load("key") is None


def test_a_disk_that_refuses_is_no_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("GRADTAPE_CACHE_DIR", str(tmp_path / "file" / "below"))
    cache.store("key", b"code")
    assert cache.load("key") is None


def test_the_oldest_files_go_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import os

    monkeypatch.setattr(cache, "MOST_BYTES", 250)
    for k in range(4):
        cache.store(f"key{k}", b"x" * 50)
        os.utime(tmp_path / f"key{k}", (k, k))
    cache.store("last", b"x" * 50)
    assert cache.load("key0") is None
    assert cache.load("last") == b"x" * 50


def test_keys_tell_their_parts_apart() -> None:
    assert cache.key_of("ab", "c") != cache.key_of("a", "bc")
    assert native.available()
