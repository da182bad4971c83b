"""Native code for several threads: one takes chunks of work, one waits for more.

Python comes in once for each thread, not once for each chunk: the lock of the interpreter would
cost more than a chunk does.
"""

from __future__ import annotations

import platform

from gradtape.compiler.loops.groups import Group

DONE = 1
"""The cell of a job that says how many chunks are done."""

SPINS = 4000
"""Turns of a loop that waits, about a tenth of a millisecond."""

_PAUSES = {
    "x86_64": "void @llvm.x86.sse2.pause()",
    "AMD64": "void @llvm.x86.sse2.pause()",
    "aarch64": "void @llvm.aarch64.hint(i32 1)",
    "arm64": "void @llvm.aarch64.hint(i32 1)",
}
"""Instructions that let the other thread of a core, or its power supply, rest."""

_PAUSE = _PAUSES.get(platform.machine(), "")
_CALL = f"call {_PAUSE}" if _PAUSE else ""

DECLARED = f"declare {_PAUSE.replace('i32 1', 'i32')}" if _PAUSE else ""
"""What a module with these functions declares."""


def _waiting(before: str, cell: str, order: str, condition: str) -> str:
    """A loop, entered from the block `before`: until the number in a cell meets a condition.

    Or so many turns, ``%spins``. Then it goes on to the block ``end``.
    """
    return f"""test:
  %turn = phi i64 [ 0, %{before} ], [ %again, %stay ]
  %now = load atomic i64, ptr {cell} {order}, align 8
  %met = icmp {condition}
  %last = icmp sge i64 %turn, %spins
  %leave = or i1 %met, %last
  br i1 %leave, label %end, label %stay
stay:
  {_CALL}
  %again = add nsw i64 %turn, 1
  br label %test"""


def shared_name(group: Group) -> str:
    """The name of the function that `shared_text` gives."""
    return f"shared_{group.name}"


def shared_text(group: Group) -> str:
    """The function of a group that each thread calls: it takes chunks until none is left.

    ``%job`` has the number of chunks begun, of chunks done, the address of their tables, and that
    of the bell. The caller (``%calls``) rings it, and stays until all chunks are done, or `%spins`
    turns; it rings here and not in Python, for whoever hears it needs the interpreter's lock.
    """
    return f"""define void @{shared_name(group)}(ptr %job, i64 %calls, i64 %spins) #0 {{
entry:
  %done = getelementptr i64, ptr %job, i64 {DONE}
  %second = getelementptr i64, ptr %job, i64 2
  %tables = load ptr, ptr %second
  %third = getelementptr i64, ptr %job, i64 3
  %bell = load ptr, ptr %third
  %caller = icmp ne i64 %calls, 0
  br i1 %caller, label %ring, label %next
ring:
  %rung = atomicrmw add ptr %bell, i64 1 monotonic
  br label %next
next:
  %k = atomicrmw add ptr %job, i64 1 acquire
  %more = icmp ult i64 %k, {group.chunks}
  br i1 %more, label %chunk, label %out
chunk:
  %low = mul nsw i64 %k, {group.step}
  %after = add nsw i64 %low, {group.step}
  %short = icmp slt i64 %after, {group.rows}
  %high = select i1 %short, i64 %after, i64 {group.rows}
  %skip = mul nsw i64 %k, {8 * len(group.nodes)}
  %table = getelementptr i8, ptr %tables, i64 %skip
  call void @{group.name}(ptr %table, i64 %low, i64 %high)
  %before = atomicrmw add ptr %done, i64 1 release
  br label %next
out:
  br i1 %caller, label %test, label %end
{_waiting("out", "%done", "acquire", f"uge i64 %now, {group.chunks}")}
end:
  ret void
}}"""


WAIT = f"""{DECLARED}

define void @gradtape_wait(ptr %bell, i64 %seen, i64 %spins) #0 {{
entry:
  br label %test
{_waiting("entry", "%bell", "monotonic", "ne i64 %now, %seen")}
end:
  ret void
}}"""
"""``gradtape_wait(bell, seen, spins)``: until the number there is not `seen`, or so many turns."""
