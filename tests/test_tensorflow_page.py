"""docs/tensorflow.md says what gradtape.tf has."""

from __future__ import annotations

import pytest

import gradtape.tf as tf
from compat import names
from tools import tensorflow_page as tp


def test_the_page_is_of_now() -> None:
    written = tp.PAGE.read_text(encoding="utf-8")
    assert written == tp.page(written), "Run `make coverage-page`."


def test_a_page_without_a_place_for_the_table() -> None:
    with pytest.raises(ValueError, match="Put the line"):
        tp.page("# TensorFlow\n")


def test_a_name_stands_under_one_reason() -> None:
    found = [name for group in tp.NOT_HERE.values() for name in group.split()]
    assert len(found) == len(set(found))


def test_no_reason_for_what_is_here() -> None:
    here = {name for module in tp.modules() for name in module.here}
    assert here & {name for group in tp.NOT_HERE.values() for name in group.split()} == set()


def test_the_names_are_tensorflows() -> None:
    recorded = names.read()
    assert recorded[0] == f"# TensorFlow {tf.__version__}"
    assert {"tf.GradientTape", "tf.math.sin", "tf.keras.optimizers.SGD"} <= set(recorded)


def test_what_is_here_is_told_from_what_is_not() -> None:
    assert tp.has(tf, "GradientTape")
    assert not tp.has(tf, "RaggedTensor")
    assert not tp.has(None, "anything")
