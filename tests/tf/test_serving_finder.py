"""``import tensorflow`` and ``import keras``, served in this process and undone again."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest
from tf.programs import python

import gradtape.tf
from gradtape.tf.serving.finder import install, uninstall


def state() -> tuple[list[object], set[str], bool]:
    return list(sys.meta_path), set(sys.modules), hasattr(gradtape.tf.math, "__path__")


@pytest.fixture
def served() -> Iterator[None]:
    install()
    yield
    uninstall()


@pytest.mark.usefixtures("served")
def test_each_name_is_the_module_itself() -> None:
    import tensorflow as tf
    import tensorflow.math as also
    from tensorflow import GradientTape, math

    assert tf is gradtape.tf
    assert math is also is gradtape.tf.math
    assert GradientTape is gradtape.tf.GradientTape
    assert tf.__name__ == "gradtape.tf"


@pytest.mark.usefixtures("served")
def test_modules_below_a_module_that_is_no_package(monkeypatch: pytest.MonkeyPatch) -> None:
    above, below = ModuleType("gradtape.tf.above"), ModuleType("gradtape.tf.above.below")
    vars(above)["below"], vars(below)["thing"] = below, 1
    monkeypatch.setattr(gradtape.tf, "above", above, raising=False)
    from tensorflow.above.below import thing

    assert thing == 1
    with pytest.raises(AttributeError, match=r"^gradtape\.tf has no tf\.above\.below\.other\. "):
        below.other  # noqa: B018
    uninstall()
    assert "__path__" not in vars(above)


@pytest.mark.usefixtures("served")
def test_what_is_missing_is_a_module_not_found_error_at_import() -> None:
    with pytest.raises(ModuleNotFoundError, match=r"gradtape\.tf has no tf\.data\. docs") as caught:
        import tensorflow.data
    assert caught.value.name == "tensorflow.data"
    with pytest.raises(ModuleNotFoundError, match=r"gradtape\.tf has no tf\.compat\.v1\. docs"):
        import tensorflow.compat.v1
    with pytest.raises(ImportError, match=r"gradtape\.tf has no tf\.data\. docs"):
        from tensorflow import data  # noqa: F401
    with pytest.raises(
        ImportError, match=r"Did you mean tf\.math\.reduce_sum.* gradtape\.tf has no"
    ):
        from tensorflow.math import reduce_smu  # noqa: F401
    with pytest.raises(ModuleNotFoundError, match=r"gradtape\.tf has no tf\.constant\. docs"):
        import tensorflow.constant  # noqa: F401


@pytest.mark.usefixtures("served")
def test_names_that_only_begin_alike_are_not_ours() -> None:
    with pytest.raises(ModuleNotFoundError, match=r"^No module named 'tensorflow_datasets'$"):
        import tensorflow_datasets  # noqa: F401


@pytest.mark.usefixtures("served")
def test_a_program_can_ask_whether_tensorflow_is_there() -> None:
    assert importlib.util.find_spec("tensorflow") is not None


def test_uninstall_restores_everything() -> None:
    before = state()
    install()
    install()
    import tensorflow.math

    assert tensorflow.math is gradtape.tf.math
    uninstall()
    uninstall()
    assert state() == before
    with pytest.raises(ModuleNotFoundError, match="^No module named 'tensorflow'$"):
        import tensorflow


@pytest.mark.parametrize("name", ["tensorflow", "keras"])
def test_the_real_one_imported_before_is_an_error(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = ModuleType(name)
    real.__file__ = f"/site-packages/{name}/__init__.py"
    monkeypatch.setitem(sys.modules, name, real)
    before = state()
    with pytest.raises(RuntimeError) as caught:
        install()
    assert str(caught.value) == (
        f"Call gradtape.tf.install() before the first `import {name}`, in a new process: "
        f"{name} was imported from /site-packages/{name}/__init__.py."
    )
    assert state() == before
    uninstall()
    assert sys.modules[name] is real


def test_the_real_one_beside_us_is_not_touched(tmp_path: Path) -> None:
    for name in ("tensorflow", "keras"):
        (tmp_path / f"{name}.py").write_text(f"print('the real {name}')\n")
    program = (
        "import gradtape.tf\n"
        "gradtape.tf.install()\n"
        "import tensorflow\n"
        "print(tensorflow is gradtape.tf)\n"
        "gradtape.tf.uninstall()\n"
        "import tensorflow\n"
        "print(tensorflow.__file__)\n"
    )
    done = python("-c", program, cwd=tmp_path)
    assert done.stderr == ""
    assert done.stdout.splitlines() == ["True", "the real tensorflow", f"{tmp_path}/tensorflow.py"]


def test_the_extension_of_ipython() -> None:
    gradtape.tf.load_ipython_extension(None)
    try:
        import tensorflow

        assert tensorflow is gradtape.tf
    finally:
        gradtape.tf.unload_ipython_extension(None)
    assert "tensorflow" not in sys.modules
