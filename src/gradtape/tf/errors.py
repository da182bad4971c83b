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
    "OperatorNotAllowedInGraphError",
    "OutOfRangeError",
    "PermissionDeniedError",
    "ResourceExhaustedError",
    "UnauthenticatedError",
    "UnavailableError",
    "UnimplementedError",
    "UnknownError",
]


# The numbers of the kinds of error.
OK = 0
CANCELLED = 1
UNKNOWN = 2
INVALID_ARGUMENT = 3
DEADLINE_EXCEEDED = 4
NOT_FOUND = 5
ALREADY_EXISTS = 6
PERMISSION_DENIED = 7
RESOURCE_EXHAUSTED = 8
FAILED_PRECONDITION = 9
ABORTED = 10
OUT_OF_RANGE = 11
UNIMPLEMENTED = 12
INTERNAL = 13
UNAVAILABLE = 14
DATA_LOSS = 15
UNAUTHENTICATED = 16


class OpError(Exception):
    """The base of what an operation raises.

    Parameters
    ----------
    node_def, op
        Always None here: there is no graph.
    message
        What went wrong, and what to do.
    """

    error_code = UNKNOWN

    def __init__(self, node_def: Any, op: Any, message: str, *details: Any) -> None:
        super().__init__(node_def, op, message)
        self.node_def, self.op, self.message = node_def, op, message

    def __str__(self) -> str:
        return self.message


class CancelledError(OpError):
    """The operation was cancelled."""

    error_code = CANCELLED


class UnknownError(OpError):
    """An error of no other kind."""


class InvalidArgumentError(OpError, ValueError):
    """An argument has a wrong shape, dtype or value.

    In TensorFlow it is a ValueError only while a function is traced: programs catch either.
    """

    error_code = INVALID_ARGUMENT


class DeadlineExceededError(OpError):
    """It took too long."""

    error_code = DEADLINE_EXCEEDED


class NotFoundError(OpError):
    """Something asked for does not exist."""

    error_code = NOT_FOUND


class AlreadyExistsError(OpError):
    """Something to be made exists."""

    error_code = ALREADY_EXISTS


class PermissionDeniedError(OpError):
    """The caller may not do this."""

    error_code = PERMISSION_DENIED


class ResourceExhaustedError(OpError):
    """Memory, or another resource, ran out."""

    error_code = RESOURCE_EXHAUSTED


class FailedPreconditionError(OpError):
    """The state does not allow the operation."""

    error_code = FAILED_PRECONDITION


class AbortedError(OpError):
    """The operation was aborted."""

    error_code = ABORTED


class OutOfRangeError(OpError):
    """An iteration went past its end."""

    error_code = OUT_OF_RANGE


class UnimplementedError(OpError):
    """The operation does not exist for such arguments."""

    error_code = UNIMPLEMENTED


class InternalError(OpError):
    """An invariant does not hold."""

    error_code = INTERNAL


class UnavailableError(OpError):
    """A service is not there."""

    error_code = UNAVAILABLE


class DataLossError(OpError):
    """Data is lost or corrupt."""

    error_code = DATA_LOSS


class UnauthenticatedError(OpError):
    """The caller is not known."""

    error_code = UNAUTHENTICATED


class OperatorNotAllowedInGraphError(TypeError):
    """Raised while a function is traced, and so never here; programs may name it."""


class InvalidTypeError(InvalidArgumentError, TypeError):
    """A dtype that does not fit, which TensorFlow reports as either of two types."""


class InvalidValueError(ValueError):
    """A value that TensorFlow refuses with a ValueError before any operation runs."""


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
    if isinstance(error, (OpError, InvalidValueError)) or not isinstance(
        error, (ValueError, IndexError)
    ):
        return error
    return invalid(f"Check the arguments of tf.{name}: {error}.".replace("..", "."))
