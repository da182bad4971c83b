"""TensorFlow's exceptions, and how NumPy's become them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

__all__ = [
    "AbortedError",
    "AlreadyExistsError",
    "CancelledError",
    "DataLossError",
    "DeadlineExceededError",
    "FailedPreconditionError",
    "InternalError",
    "InvalidArgumentError",
    "NotFoundError",
    "OpError",
    "OutOfRangeError",
    "PermissionDeniedError",
    "ResourceExhaustedError",
    "UnauthenticatedError",
    "UnavailableError",
    "UnimplementedError",
    "UnknownError",
]


class OpError(Exception):
    """The base of what an operation raises.

    Parameters
    ----------
    node_def, op
        Always None here: there is no graph.
    message
        What went wrong, and what to do.
    """

    error_code = 2

    def __init__(self, node_def: Any, op: Any, message: str, *details: Any) -> None:
        super().__init__(node_def, op, message)
        self.node_def, self.op, self.message = node_def, op, message

    def __str__(self) -> str:
        return self.message


class CancelledError(OpError):
    """The operation was cancelled."""

    error_code = 1


class UnknownError(OpError):
    """An error of no other kind."""


class InvalidArgumentError(OpError, ValueError):
    """An argument has a wrong shape, dtype or value.

    In TensorFlow it is a ValueError only while a function is traced: programs catch either.
    """

    error_code = 3


class DeadlineExceededError(OpError):
    """It took too long."""

    error_code = 4


class NotFoundError(OpError):
    """Something asked for does not exist."""

    error_code = 5


class AlreadyExistsError(OpError):
    """Something to be made exists."""

    error_code = 6


class PermissionDeniedError(OpError):
    """The caller may not do this."""

    error_code = 7


class ResourceExhaustedError(OpError):
    """Memory, or another resource, ran out."""

    error_code = 8


class FailedPreconditionError(OpError):
    """The state does not allow the operation."""

    error_code = 9


class AbortedError(OpError):
    """The operation was aborted."""

    error_code = 10


class OutOfRangeError(OpError):
    """An iteration went past its end."""

    error_code = 11


class UnimplementedError(OpError):
    """The operation does not exist for such arguments."""

    error_code = 12


class InternalError(OpError):
    """An invariant does not hold."""

    error_code = 13


class UnavailableError(OpError):
    """A service is not there."""

    error_code = 14


class DataLossError(OpError):
    """Data is lost or corrupt."""

    error_code = 15


class UnauthenticatedError(OpError):
    """The caller is not known."""

    error_code = 16


class InvalidTypeError(InvalidArgumentError, TypeError):
    """A dtype that does not fit, which TensorFlow reports as either of two types."""


def invalid(message: str) -> InvalidArgumentError:
    """An `InvalidArgumentError` with this text."""
    return InvalidArgumentError(None, None, message)


def invalid_type(message: str) -> InvalidTypeError:
    """What is both an `InvalidArgumentError` and a TypeError, with this text."""
    return InvalidTypeError(None, None, message)


@contextmanager
def of_tensorflow(name: str) -> Iterator[None]:
    """Raise as TensorFlow does what NumPy raises inside: wrong shapes, axes and positions."""
    try:
        yield
    except (ValueError, IndexError) as error:
        raise translated(error, name) from error


def translated(error: Exception, name: str) -> Exception:
    """`error` of NumPy as the `InvalidArgumentError` that the operation `name` raises."""
    if isinstance(error, OpError) or not isinstance(error, (ValueError, IndexError)):
        return error
    return invalid(f"Check the arguments of tf.{name}: {error}.".replace("..", "."))
