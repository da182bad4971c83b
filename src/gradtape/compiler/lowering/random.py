"""Random bits."""

from __future__ import annotations

from typing import Any

from gradtape.compiler.loops.nodes import Routine, access
from gradtape.compiler.lowering.builder import Builder, has_refs, lowers
from gradtape.random import words


@lowers(words)
def _words(build: Builder, state: Any, *, count: int) -> Any:
    if not count or has_refs(count):
        return NotImplemented
    node = build.node(state)
    node = node if node is access(node)[0] else build.copied(node)
    return build.lowered.add(Routine("philox", build.spec.shape, build.spec.dtype, [node]))
