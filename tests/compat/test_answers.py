"""gradtape.tf gives the answers that TensorFlow gave."""

from __future__ import annotations

import functools
from typing import Any

import gradtape.tf as tf
import pytest

from compat import answers
from compat.__main__ import wanted
from compat.cases import CASES, Case, load

load()
read = functools.cache(answers.read)


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_same_answer(case: Case) -> None:
    recorded = read(case.name.split("/")[0])
    assert case.name in recorded, "Run `make compat`, which asks TensorFlow."
    assert (
        answers.differences(wanted(case, recorded[case.name]), answers.ask(case, tf), case.rtol)
        == []
    )


@pytest.mark.parametrize("module", sorted({name.split("/")[0] for name in CASES}))
def test_no_answer_is_left_over(module: str) -> None:
    assert read(module).keys() == {name for name in CASES if name.split("/")[0] == module}


def test_a_difference_shows() -> None:
    encode: Any = answers.encode
    x = tf.constant([1.0, 2.0])
    assert answers.differences(encode(x), encode(x)) == []
    assert answers.differences(encode(x), encode(x + 1e-3))
    assert answers.differences(encode(x), encode(tf.cast(x, tf.float64)))
    assert answers.differences(encode(x), encode(None))
    assert answers.differences({"raises": "ValueError"}, encode(x))
