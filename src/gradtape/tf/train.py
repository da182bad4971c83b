"""``tf.train``: checkpoints, kept as NumPy's ``.npz`` files."""

from __future__ import annotations

import contextlib
import os
import warnings
from collections import deque
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from gradtape.core.tensor import Variable as PlainVariable
from gradtape.tf.errors import InvalidArgumentError, NotFoundError
from gradtape.tf.module import Module
from gradtape.tf.shapes import TensorShape
from gradtape.tf.tensors import Variable

_SUFFIX = "/.ATTRIBUTES/VARIABLE_VALUE"
_INDEX = "checkpoint"
"""The file of a directory that names its latest checkpoint."""

_STATE = 'model_checkpoint_path: "{}"\n'


class Checkpoint:
    """Variables that are saved and restored together, by the path of attributes to each.

    The file is ``PREFIX.npz``: one array for each Variable, under a name such as
    ``model/w/.ATTRIBUTES/VARIABLE_VALUE``. Files of TensorFlow are not read. An
    optimizer's state is there once it has been built.

    Parameters
    ----------
    root
        An object whose attributes are saved as if they were given by name.
    kwargs
        Variables, Modules, optimizers, Checkpoints, or lists and dicts of these, by name.

    Raises
    ------
    ValueError
        For anything else.

    Examples
    --------
    >>> import tempfile
    >>> import gradtape.tf as tf
    >>> step = tf.Variable(3)
    >>> checkpoint = tf.train.Checkpoint(step=step)
    >>> with tempfile.TemporaryDirectory() as directory:
    ...     path = checkpoint.save(directory + "/ckpt")
    ...     _ = step.assign(0)
    ...     _ = checkpoint.restore(path).assert_consumed()
    >>> step.numpy()
    np.int32(3)
    """

    def __init__(self, root: Any = None, **kwargs: Any) -> None:
        for name, value in kwargs.items():
            if not _is_tracked(value):
                raise ValueError(
                    f"Give Checkpoint Variables, Modules, optimizers, or lists and dicts of them: "
                    f"got {name}={value!r}."
                )
        self._root = root
        self._counter: Variable | None = None
        self._names = list(kwargs)
        vars(self).update(kwargs)

    @property
    def save_counter(self) -> Variable:
        """How often `save` was called."""
        if self._counter is None:
            self._counter = Variable(np.int64(0), trainable=False, name="save_counter")
        return self._counter

    def _parts(self) -> Iterator[tuple[str, Any]]:
        if self._root is not None:
            yield from _parts(self._root)
        for name in self._names:
            yield name, getattr(self, name)
        if self._counter is not None:
            yield "save_counter", self._counter

    def write(self, file_prefix: Any, options: Any = None) -> str:
        """Save all Variables to ``PREFIX.npz``; returns the prefix."""
        prefix: str = os.fspath(file_prefix)
        values = {path + _SUFFIX: v._value for path, v in _variables(self).items()}
        os.makedirs(os.path.dirname(prefix) or ".", exist_ok=True)
        with open(f"{prefix}.part", "wb") as file:
            np.savez(file, **values)
        os.replace(f"{prefix}.part", f"{prefix}.npz")
        return prefix

    def save(self, file_prefix: Any, options: Any = None) -> str:
        """`write` to the prefix with a number of its own, ``PREFIX-1``, ``PREFIX-2`` ..."""
        number = int(self.save_counter.assign_add(1))
        path = self.write(f"{os.fspath(file_prefix)}-{number}")
        _note(path)
        return path

    def read(self, save_path: Any, options: Any = None) -> Status:
        """Assign the values in ``SAVE_PATH.npz`` to the Variables at the same paths.

        Variables must exist: what is made later keeps its initial value.

        Raises
        ------
        NotFoundError
            If there is no such file.
        ValueError
            If a shape differs; InvalidArgumentError if a dtype does. Nothing is changed then.
        """
        values = _load(save_path)
        found = _variables(self)
        pairs = [
            (v, values[path + _SUFFIX]) for path, v in found.items() if path + _SUFFIX in values
        ]
        for variable, value in pairs:
            _check(variable, value)
        for variable, value in pairs:
            variable.assign(value)
        names = {path + _SUFFIX for path in found}
        return Status(sorted(names - values.keys()), sorted(values.keys() - names))

    def restore(self, save_path: Any, options: Any = None) -> Status:
        """As `read`, and go on counting from what was saved; None restores nothing."""
        if save_path is None:
            return Status(["all: no path was given"], [], quiet=True)
        self.save_counter  # noqa: B018 (from now on it is one of the Variables)
        return self.read(save_path)


class Status:
    """What a restore found: which Variables got no value, and which values no Variable.

    It warns of the latter when it goes, unless `expect_partial` was said.
    """

    def __init__(self, unmatched: list[str], unused: list[str], quiet: bool = False) -> None:
        self._unmatched = unmatched
        self._unused = unused
        self._quiet = quiet

    def assert_consumed(self) -> Status:
        """Raise an AssertionError unless every Variable got a value and every value was used."""
        self.assert_existing_objects_matched()
        if self._unused:
            raise AssertionError(f"No Variables for the saved values {', '.join(self._unused)}.")
        return self

    def assert_existing_objects_matched(self) -> Status:
        """Raise an AssertionError unless every Variable got a value."""
        self._quiet = True
        if self._unmatched:
            raise AssertionError(f"No saved values for the Variables {', '.join(self._unmatched)}.")
        return self

    assert_nontrivial_match = assert_existing_objects_matched

    def expect_partial(self) -> Status:
        """Accept that some saved values are not used."""
        self._quiet = True
        return self

    def __del__(self) -> None:
        if self._unused and not self._quiet:
            warnings.warn(
                f"Make the Variables before restoring, or say expect_partial(): no Variables for "
                f"the saved values {', '.join(self._unused)}.",
                stacklevel=2,
            )


class CheckpointManager:
    """Keeps the latest checkpoints of a directory, and deletes older ones.

    Parameters
    ----------
    checkpoint
        The `Checkpoint`.
    directory
        Where the files go.
    max_to_keep
        How many to keep; None for all.
    keep_checkpoint_every_n_hours
        Not supported; None.
    checkpoint_name
        The prefix of the files.
    """

    def __init__(
        self,
        checkpoint: Checkpoint,
        directory: Any,
        max_to_keep: int | None,
        keep_checkpoint_every_n_hours: float | None = None,
        checkpoint_name: str = "ckpt",
    ) -> None:
        if max_to_keep is not None and max_to_keep <= 0:
            raise ValueError(f"Give max_to_keep a positive number or None: got {max_to_keep}.")
        if keep_checkpoint_every_n_hours is not None:
            raise NotImplementedError("Leave keep_checkpoint_every_n_hours=None, or keep all.")
        self._checkpoint = checkpoint
        self._directory: str = os.fspath(directory)
        self._most = max_to_keep
        self._prefix = os.path.join(self._directory, checkpoint_name)
        latest = latest_checkpoint(directory)
        self._kept: list[str] = [] if latest is None else _saved_before(latest, self._prefix)

    @property
    def checkpoint(self) -> Checkpoint:
        """The `Checkpoint`."""
        return self._checkpoint

    @property
    def directory(self) -> str:
        """Where the files are."""
        return self._directory

    @property
    def checkpoints(self) -> list[str]:
        """The prefixes of the files that are kept, the oldest first."""
        return list(self._kept)

    @property
    def latest_checkpoint(self) -> str | None:
        """The prefix of the latest file, or None."""
        return self._kept[-1] if self._kept else None

    def save(self, checkpoint_number: Any = None) -> str:
        """Save, under the next number or the one given; returns the prefix of the file."""
        if checkpoint_number is None:
            path = self._checkpoint.save(self._prefix)
        else:
            self._checkpoint.save_counter.assign_add(1)
            path = self._checkpoint.write(f"{self._prefix}-{int(checkpoint_number)}")
            _note(path)
        self._kept = [kept for kept in self._kept if kept != path] + [path]
        while self._most is not None and len(self._kept) > self._most:
            with contextlib.suppress(FileNotFoundError):
                os.remove(f"{self._kept.pop(0)}.npz")
        return path

    def restore_or_initialize(self) -> str | None:
        """Restore the latest; returns its prefix, or None if there is none."""
        if self.latest_checkpoint is not None:
            self._checkpoint.restore(self.latest_checkpoint).expect_partial()
        return self.latest_checkpoint


def latest_checkpoint(checkpoint_dir: Any, latest_filename: str | None = None) -> str | None:
    """The prefix of the last file that was saved in a directory; None if there is none."""
    state = os.path.join(checkpoint_dir, latest_filename or _INDEX)
    if not os.path.exists(state):
        return None
    with open(state, encoding="utf-8") as file:
        prefix = file.read().split('"')[1]
    path = os.path.join(checkpoint_dir, prefix)
    return path if os.path.exists(f"{path}.npz") else None


def list_variables(ckpt_dir_or_file: Any) -> list[tuple[str, list[int]]]:
    """The names and shapes in a checkpoint."""
    return [(name, list(value.shape)) for name, value in sorted(_load(ckpt_dir_or_file).items())]


def load_variable(ckpt_dir_or_file: Any, name: str) -> Any:
    """The array under `name` in a checkpoint."""
    return _load(ckpt_dir_or_file)[name]


def _note(path: str) -> None:
    """Remember the latest file of its directory."""
    folder, name = os.path.split(path)
    with open(os.path.join(folder, _INDEX), "w", encoding="utf-8") as file:
        file.write(_STATE.format(name))


def _saved_before(latest: str, prefix: str) -> list[str]:
    """The files of `prefix`, by their numbers up to the latest."""
    begin, end = f"{os.path.basename(prefix)}-", ".npz"
    found = {}
    for file in os.listdir(os.path.dirname(latest) or "."):
        number = file.removeprefix(begin).removesuffix(end)
        if number.isdigit() and file == f"{begin}{number}{end}":
            found[int(number)] = f"{prefix}-{number}"
    return [found[number] for number in sorted(found)]


def _load(path: Any) -> dict[str, Any]:
    prefix = os.fspath(path)
    if os.path.isdir(prefix):
        prefix = latest_checkpoint(prefix) or prefix
    if not os.path.exists(f"{prefix}.npz"):
        raise NotFoundError(None, None, f"Give the path that save returned: no {prefix}.npz.")
    with np.load(f"{prefix}.npz", allow_pickle=False) as file:
        return dict(file)


def _check(variable: Any, value: Any) -> None:
    if not TensorShape(variable.shape).is_compatible_with(value.shape):
        raise ValueError(
            f"Restore {variable.name!r} from a value of the shape {variable.shape}: got "
            f"{value.shape}."
        )
    if variable._value.dtype != value.dtype:
        raise InvalidArgumentError(
            None,
            None,
            f"Restore {variable.name!r} from a value of {variable.dtype!r}: got {value.dtype}.",
        )


# -- what an object is made of ------------------------------------------------------------------


def _is_tracked(value: Any) -> bool:
    kinds = (PlainVariable, Module, Checkpoint, list, tuple, Mapping)
    return isinstance(value, kinds) or hasattr(value, "variables")


def _parts(value: Any) -> Iterator[tuple[str, Any]]:
    """The tracked parts of an object by name."""
    if isinstance(value, PlainVariable):
        return
    if isinstance(value, Checkpoint):
        yield from value._parts()
        return
    if isinstance(value, Mapping):
        items: Any = value.items()
    elif isinstance(value, (list, tuple)):
        items = enumerate(value)
    elif isinstance(value, Module):
        items = sorted(vars(value).items())
    else:  # an optimizer
        items = enumerate(value.variables)
    for name, part in items:
        if _is_tracked(part):
            yield str(name), part


def _variables(root: Any) -> dict[str, Any]:
    """All Variables below `root` by the shortest path to each."""
    found: dict[str, Any] = {}
    seen = {id(root)}
    queue = deque(_parts(root))
    while queue:
        path, value = queue.popleft()
        if id(value) in seen:
            continue
        seen.add(id(value))
        if isinstance(value, PlainVariable):
            found[path] = value
        queue.extend((f"{path}/{name}", part) for name, part in _parts(value))
    return found
