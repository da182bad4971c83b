"""Checkpoints: files, what is refused, what is warned about."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import gradtape.tf as tf


def test_a_file_is_one_of_numpys(tmp_path: Path) -> None:
    v = tf.Variable([1.0, 2.0])
    path = tf.train.Checkpoint(v=v).write(tmp_path / "deep" / "ckpt")
    with np.load(f"{path}.npz") as file:
        np.testing.assert_array_equal(file["v/.ATTRIBUTES/VARIABLE_VALUE"], [1.0, 2.0])
    assert [p.name for p in (tmp_path / "deep").iterdir()] == ["ckpt.npz"]


def test_nothing_changes_unless_all_fits(tmp_path: Path) -> None:
    path = tf.train.Checkpoint(a=tf.Variable(1.0), b=tf.Variable([2.0])).write(tmp_path / "ckpt")
    a, b = tf.Variable(0.0), tf.Variable([0.0, 0.0])
    with pytest.raises(ValueError, match="shape"):
        tf.train.Checkpoint(a=a, b=b).read(path)
    assert a == 0.0


def test_values_without_variables_are_warned_about(tmp_path: Path) -> None:
    path = tf.train.Checkpoint(v=tf.Variable(1.0), w=tf.Variable(2.0)).write(tmp_path / "ckpt")
    checkpoint = tf.train.Checkpoint(v=tf.Variable(0.0))
    status = checkpoint.read(path)
    with pytest.warns(UserWarning, match="w/.ATTRIBUTES"):
        status.__del__()
    status.expect_partial()
    with pytest.raises(AssertionError, match="w/.ATTRIBUTES"):
        checkpoint.read(path).assert_consumed()


def test_a_shared_variable_is_kept_once(tmp_path: Path) -> None:
    v = tf.Variable(3.0)
    module = tf.Module()
    module.again = module
    module.v = v
    path = tf.train.Checkpoint(v=v, module=module).write(tmp_path / "ckpt")
    assert [name for name, _ in tf.train.list_variables(path)] == ["v/.ATTRIBUTES/VARIABLE_VALUE"]
    assert tf.train.load_variable(path, "v/.ATTRIBUTES/VARIABLE_VALUE") == 3.0


def test_a_root_stands_for_its_attributes(tmp_path: Path) -> None:
    module = tf.Module()
    module.v = tf.Variable(3.0)
    path = tf.train.Checkpoint(module).write(tmp_path / "ckpt")
    module.v.assign(0.0)
    tf.train.Checkpoint(root=module).read(path).assert_consumed()
    assert module.v == 3.0


def test_a_manager_keeps_all_or_some(tmp_path: Path) -> None:
    checkpoint = tf.train.Checkpoint(v=tf.Variable(1.0))
    with pytest.raises(ValueError, match="max_to_keep"):
        tf.train.CheckpointManager(checkpoint, tmp_path, max_to_keep=0)
    manager = tf.train.CheckpointManager(checkpoint, tmp_path, max_to_keep=None)
    for _ in range(3):
        manager.save()
    assert len(manager.checkpoints) == len(list(tmp_path.glob("*.npz"))) == 3
