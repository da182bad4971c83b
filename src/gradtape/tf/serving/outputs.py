"""What the cells of a notebook gave, as the notebook format keeps it."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from gradtape.tf.serving.script import user_frames

if TYPE_CHECKING:
    from gradtape.tf.serving.notebook import Session

Output = dict[str, Any]


class Recorder:
    """Writes into each cell what it gave, while it still reaches the terminal."""

    def __init__(self, session: Session) -> None:
        self._session = session

    @contextmanager
    def recording(self, cell: dict[str, Any]) -> Iterator[None]:
        """Record one cell."""
        outputs: list[Output] = []
        session, streams = self._session, (sys.stdout, sys.stderr)
        before, emit = session.count, session.emit

        def keep(text: str) -> None:
            streams[0].write(f"{text}\n")
            outputs.append(_result(text, session.count))

        session.emit = keep
        sys.stdout = _Tee(streams[0], "stdout", outputs)
        sys.stderr = _Tee(streams[1], "stderr", outputs)
        try:
            yield
        except BaseException as error:
            outputs.append(_failure(error))
            raise
        finally:
            session.emit = emit
            sys.stdout, sys.stderr = streams
            cell["execution_count"] = session.count if session.count > before else None
            cell["outputs"] = [_in_lines(output) for output in outputs]


class _Tee:
    """A stream that also keeps what is written; everything else is the stream's own."""

    def __init__(self, stream: Any, name: str, outputs: list[Output]) -> None:
        self._stream, self._name, self._outputs = stream, name, outputs

    def write(self, text: str) -> int:
        if self._outputs and self._outputs[-1].get("name") == self._name:
            self._outputs[-1]["text"].append(text)
        elif text:
            self._outputs.append({"output_type": "stream", "name": self._name, "text": [text]})
        return int(self._stream.write(text))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


def _failure(error: BaseException) -> Output:
    from traceback import format_exception

    lines = format_exception(type(error), error, user_frames(error.__traceback__))
    return {
        "output_type": "error",
        "ename": type(error).__name__,
        "evalue": str(error),
        "traceback": [line.rstrip("\n") for line in lines],
    }


def _result(text: str, number: int) -> Output:
    data = {"text/plain": text.splitlines(keepends=True)}
    return {
        "output_type": "execute_result",
        "data": data,
        "metadata": {},
        "execution_count": number,
    }


def _in_lines(output: Output) -> Output:
    """A stream's text as the format wants it, in lines rather than as it was written."""
    if output["output_type"] != "stream":
        return output
    return {**output, "text": "".join(output["text"]).splitlines(keepends=True)}
