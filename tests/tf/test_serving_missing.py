"""What a program reads when it asks for what gradtape.tf does not have."""

from __future__ import annotations

import sys
from types import ModuleType

import pytest

import gradtape.tf as tf
from gradtape.tf.serving.missing import guard, missing, spelled, text

MODULE = "Write it as a tf.Module, with its Variables as attributes"


def test_an_attribute_is_an_attribute_error_with_what_to_write_instead() -> None:
    with pytest.raises(AttributeError) as caught:
        tf.data.Dataset  # noqa: B018
    assert str(caught.value) == (
        "Feed NumPy arrays, or slices of them, to the training loop: gradtape.tf has no tf.data. "
        "docs/tensorflow.md lists what it has."
    )
    assert caught.value.name == "data"
    assert not hasattr(tf, "data")


def test_an_import_is_an_import_error_with_the_same_text() -> None:
    with pytest.raises(ImportError) as caught:
        from gradtape.tf import data  # noqa: F401
    assert str(caught.value) == text("gradtape.tf", "data")
    assert caught.value.name == "gradtape.tf.data"


def test_an_import_from_a_module_that_is_no_package(monkeypatch: pytest.MonkeyPatch) -> None:
    plain = ModuleType("gradtape.tf.plain")
    monkeypatch.setitem(sys.modules, plain.__name__, plain)
    guard(plain.__name__)
    with pytest.raises(ImportError, match=r"^gradtape\.tf has no tf\.plain\.thing\. docs"):
        from gradtape.tf.plain import thing  # noqa: F401
    with pytest.raises(AttributeError, match=r"^gradtape\.tf has no tf\.plain\.thing\. docs"):
        plain.thing  # noqa: B018


def test_a_module_file_that_was_not_loaded_yet_is_imported(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "gradtape.tf.serving.command", raising=False)
    monkeypatch.delattr(tf.serving, "command", raising=False)
    guard(tf.serving.__name__)
    from gradtape.tf.serving import command

    assert command.USAGE


@pytest.mark.parametrize(
    ("module", "attribute", "start"),
    [
        ("gradtape.tf.keras", "layers", f"{MODULE}: gradtape.tf has no tf.keras.layers."),
        ("gradtape.tf.keras", "Model", f"{MODULE}: gradtape.tf has no tf.keras.Model."),
        ("gradtape.tf.keras", "metrics", "Compute the metric with tf.reduce_mean"),
        ("gradtape.tf", "io", "Read and write with Python and NumPy"),
        ("gradtape.tf", "saved_model", "Save the Variables' values with np.savez"),
        ("gradtape.tf", "distribute", "Leave it out"),
        ("gradtape.tf.compat", "v1", "Use the names of TensorFlow 2"),
        ("gradtape.tf.keras.layers", "Dense", f"{MODULE}: gradtape.tf has no tf.keras.layers.De"),
        ("gradtape.tf", "GradientTap", "Did you mean tf.GradientTape? gradtape.tf has no tf.Grad"),
        ("gradtape.tf", "zyx", "gradtape.tf has no tf.zyx. docs/tensorflow.md lists what it has."),
    ],
)
def test_the_text(module: str, attribute: str, start: str) -> None:
    assert text(module, attribute).startswith(start)


def test_a_name_that_another_module_has_is_suggested(monkeypatch: pytest.MonkeyPatch) -> None:
    place = ModuleType("gradtape.tf.place")
    vars(place).update(__all__=["elsewhere"], elsewhere=1)
    monkeypatch.setattr(tf, "place", place, raising=False)
    assert text("gradtape.tf", "elsewhere").startswith("Did you mean tf.place.elsewhere? ")


def test_python_s_own_questions_get_python_s_answer() -> None:
    with pytest.raises(AttributeError, match="^module 'gradtape.tf' has no attribute '__w"):
        tf.__wrapped__  # noqa: B018


def test_every_module_below_refuses_in_the_same_way() -> None:
    modules = [m for m in vars(tf).values() if isinstance(m, ModuleType)]
    below = [m for m in modules if m.__name__.startswith("gradtape.tf.")]
    assert tf.math in below
    for module in below:
        with pytest.raises(AttributeError, match=r"docs/tensorflow\.md"):
            module.zyx  # noqa: B018


def test_a_module_s_own_getattr_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    own = ModuleType("gradtape.tf.own")
    vars(own)["__getattr__"] = len
    monkeypatch.setitem(sys.modules, own.__name__, own)
    guard(own.__name__)
    assert vars(own)["__getattr__"] is len


def test_it_always_raises() -> None:
    with pytest.raises(AttributeError):
        missing("gradtape.tf", "zyx")


@pytest.mark.parametrize(
    ("module", "name"),
    [
        ("gradtape.tf", "tf"),
        ("gradtape.tf.keras.optimizers", "tf.keras.optimizers"),
        ("tensorflow.keras", "tf.keras"),
        ("keras.optimizers", "tf.keras.optimizers"),
        ("tensorflow_datasets", "tensorflow_datasets"),
    ],
)
def test_modules_are_spelled_as_programs_write_them(module: str, name: str) -> None:
    assert spelled(module) == name
