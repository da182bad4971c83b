"""Checkpoints."""

import os
import tempfile

from compat.cases import case
from compat.operations.control import attempt


def model(tf):
    class Model(tf.Module):
        def __init__(self):
            super().__init__()
            self.w = tf.Variable([1.0, 2.0])
            self.parts = [tf.Variable(3.0), {"a": tf.Variable(4)}]

    return Model()


@case()
def save_and_restore(tf):
    with tempfile.TemporaryDirectory() as directory:
        m, step = model(tf), tf.Variable(0)
        checkpoint = tf.train.Checkpoint(model=m, step=step)
        answers = [tf.train.latest_checkpoint(directory)]
        first = checkpoint.save(os.path.join(directory, "ckpt"))
        m.w.assign([5.0, 6.0])
        step.assign(7)
        second = checkpoint.save(os.path.join(directory, "ckpt"))
        answers += [os.path.basename(p) for p in (first, second)]
        answers.append(os.path.basename(tf.train.latest_checkpoint(directory)))
        answers.append(checkpoint.save_counter.numpy())
        checkpoint.restore(first).assert_consumed()
        answers += [m.w.numpy(), step.numpy(), checkpoint.save_counter.numpy()]
        other = tf.train.Checkpoint(model=model(tf), step=tf.Variable(1))
        other.restore(second).assert_existing_objects_matched()
        answers += [other.model.w, other.step, other.model.parts]
        written = checkpoint.write(os.path.join(directory, "own"))
        m.w.assign([0.0, 0.0])
        checkpoint.read(written).assert_consumed()
        names = [name for name, _ in tf.train.list_variables(first) if "CHECKPOINTABLE" not in name]
        return [*answers, m.w.numpy(), os.path.basename(written), names]


@case()
def manager(tf):
    with tempfile.TemporaryDirectory() as directory:
        step = tf.Variable(0)
        kept = tf.train.CheckpointManager(tf.train.Checkpoint(step=step), directory, max_to_keep=2)
        saved = [kept.restore_or_initialize(), kept.latest_checkpoint]
        for _ in range(3):
            step.assign_add(1)
            saved.append(os.path.basename(kept.save()))
        saved.append(os.path.basename(kept.save(checkpoint_number=10)))
        step.assign(0)
        kept.restore_or_initialize()
        again = tf.train.CheckpointManager(tf.train.Checkpoint(step=step), directory, max_to_keep=2)
        return [
            saved,
            step.numpy(),
            [os.path.basename(path) for path in kept.checkpoints],
            [os.path.basename(path) for path in again.checkpoints],
            os.path.basename(kept.latest_checkpoint),
        ]


@case()
def wrong(tf):
    with tempfile.TemporaryDirectory() as directory:
        path = tf.train.Checkpoint(step=tf.Variable(3)).save(os.path.join(directory, "ckpt"))

        def restored(**objects):
            return tf.train.Checkpoint(**objects).restore(path)

        return [
            attempt(f)
            for f in (
                lambda: restored(x=tf.Variable(1.0)).expect_partial().assert_consumed(),
                lambda: (
                    restored(x=tf.Variable(1)).expect_partial().assert_existing_objects_matched()
                ),
                lambda: restored(step=tf.Variable([1, 2])),
                lambda: restored(step=tf.Variable(1.0)),
                lambda: tf.train.Checkpoint(step=tf.Variable(1)).restore(path + "x"),
                lambda: tf.train.Checkpoint(step=tf.Variable(1)).read(path + "x"),
                lambda: tf.train.Checkpoint(step=tf.Variable(1)).restore(None).assert_consumed(),
                lambda: tf.train.Checkpoint(a=3),
            )
        ]
