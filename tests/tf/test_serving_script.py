"""``python -m gradtape.tf PROGRAM`` is ``python PROGRAM`` but for ``import tensorflow``."""

from __future__ import annotations

import re
import signal
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest
from tf.programs import python, serve

SETTING = """\
import sys
print(sys.argv, sys.path[0], __name__, __package__, __spec__ and __spec__.name, __doc__)
print(sorted(name for name in globals() if name not in ("__file__", "__cached__")))
print(globals().get("__file__"), getattr(__loader__, "__name__", type(__loader__).__name__))
print(sys.modules["__main__"].__dict__ is globals(), __builtins__)
"""


def same(cwd: Path, *arguments: str, stdin: str | None = None) -> Any:
    """Run both, hold them against each other, and give ours."""
    theirs = python(*arguments, cwd=cwd, stdin=stdin)
    ours = serve(*arguments, cwd=cwd, stdin=stdin)
    assert ours.stdout == theirs.stdout
    assert ours.stderr == re.sub(r'  File "<frozen runpy>".*\n', "", theirs.stderr)
    assert ours.returncode == theirs.returncode
    return ours


@pytest.fixture
def place(tmp_path: Path) -> Path:
    (tmp_path / "below").mkdir()
    (tmp_path / "below" / "setting.py").write_text(SETTING)
    (tmp_path / "below" / "helper.py").write_text("VALUE = 3\n")
    return tmp_path


def test_a_script_finds_the_same_setting(place: Path) -> None:
    assert "setting.py" in same(place, "below/setting.py", "-x", "--output", "a b").stdout


def test_a_link_finds_the_modules_beside_its_target(place: Path) -> None:
    (place / "below" / "program.py").write_text("import helper, sys\nprint(helper, sys.argv)\n")
    (place / "link.py").symlink_to(place / "below" / "program.py")
    assert "helper" in same(place, "link.py").stdout


def test_code_finds_the_same_setting(place: Path) -> None:
    assert "['-c', '-x']" in same(place, "-c", SETTING, "-x").stdout
    assert same(place, "-cprint(1)", "-x").stdout == "1\n"


def test_standard_input_finds_the_same_setting(place: Path) -> None:
    assert "['-', '-x']" in same(place, "-", "-x", stdin=SETTING).stdout


@pytest.mark.parametrize("spelling", [("-m", "below.setting"), ("-mbelow.setting",)])
def test_a_module_finds_the_same_setting(place: Path, spelling: tuple[str, ...]) -> None:
    assert "below.setting" in same(place, *spelling, "-x").stdout


def test_a_package_a_directory_and_a_zip_file(place: Path) -> None:
    (place / "below" / "__main__.py").write_text(SETTING + "import helper\n")
    with zipfile.ZipFile(place / "program.zip", "w") as archive:
        archive.write(place / "below" / "__main__.py", "__main__.py")
        archive.write(place / "below" / "helper.py", "helper.py")
    assert same(place, "below", "-x").returncode == 0
    assert same(place, "program.zip", "-x").returncode == 0


@pytest.mark.parametrize(
    "program",
    [
        "def f():\n    raise ValueError('no')\nf()\n",
        "x = (\n",
        "try:\n    1 / 0\nexcept ZeroDivisionError as e:\n    raise KeyError(1) from e\n",
        "import sys\nsys.exit(3)\n",
        "raise SystemExit('why')\n",
        "raise SystemExit\n",
        "import threading\nthreading.Thread(target=lambda: print('thread')).start()\n1 / 0\n",
        "import atexit\natexit.register(print, 'end')\n1 / 0\n",
        "import sys\nsys.excepthook = lambda k, e, t: print(e, t.tb_frame.f_code.co_name)\n1 / 0\n",
        "import json\njson.loads('{')\n",
        "import sys\nsys.stdout.write('no end of line')\n",
    ],
)
def test_it_ends_as_under_python(place: Path, program: str) -> None:
    (place / "program.py").write_text(program)
    same(place, str(place / "program.py"))


def test_keyboard_interrupt_ends_as_under_python(place: Path) -> None:
    (place / "program.py").write_text("raise KeyboardInterrupt\n")
    assert same(place, str(place / "program.py")).returncode == -signal.SIGINT


@pytest.mark.parametrize(
    "arguments", [("nowhere.py",), ("-m", "nowhere"), ("-m", "nowhere.at.all")]
)
def test_a_program_that_is_not_there(place: Path, arguments: tuple[str, ...]) -> None:
    assert same(place, *arguments).returncode in (1, 2)


def test_a_program_is_served(place: Path) -> None:
    (place / "program.py").write_text(
        "import tensorflow as tf\n"
        "x = tf.Variable(3.0)\n"
        "with tf.GradientTape() as tape:\n"
        "    y = x * x\n"
        "print(tape.gradient(y, x))\n"
    )
    done = serve("program.py", cwd=place)
    assert done.stderr == ""
    assert done.stdout == "tf.Tensor(6.0, shape=(), dtype=float32)\n"


def test_tensorflow_beside_us_is_not_imported(place: Path) -> None:
    (place / "tensorflow.py").write_text("raise AssertionError('the real one')\n")
    program = "import tensorflow\nprint(tensorflow.__name__)\n"
    assert serve("-c", program, cwd=place, path=[str(place)]).stdout == "gradtape.tf\n"


@pytest.mark.parametrize(
    ("line", "kind"),
    [
        ("tf.data.Dataset", "AttributeError"),
        ("from tensorflow import data", "ImportError"),
        ("import tensorflow.data", "ModuleNotFoundError"),
    ],
)
def test_what_is_missing_fails_at_the_line_of_the_program(
    place: Path, line: str, kind: str
) -> None:
    path = place / "program.py"
    path.write_text(f"import tensorflow as tf\n\ndef f():\n    {line}\n\nf()\n")
    done = serve("program.py", cwd=place)
    marks = re.compile(r"^ +[\^~]+\n", re.MULTILINE)  # under the text, if Python draws them
    assert marks.sub("", done.stderr) == (
        "Traceback (most recent call last):\n"
        f'  File "{path}", line 6, in <module>\n'
        "    f()\n"
        f'  File "{path}", line 4, in f\n'
        f"    {line}\n"
        f"{kind}: Feed NumPy arrays, or slices of them, to the training loop: gradtape.tf has no "
        "tf.data. docs/tensorflow.md lists what it has.\n"
    )
    assert done.returncode == 1


CHILDREN = """\
import multiprocessing, subprocess, sys
import tensorflow as tf

def square(x):
    return float(tf.constant(x) ** 2), tf.__name__

if __name__ == "__main__":
    with multiprocessing.get_context(sys.argv[1]).Pool(1) as pool:
        print(pool.map(square, [3.0]))
    print(subprocess.run([sys.executable, "-c", "import tensorflow"], stderr=-3).returncode)
"""


@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
@pytest.mark.skipif(sys.platform == "win32", reason="has no fork")
def test_children_of_multiprocessing_are_served_and_others_are_not(
    place: Path, method: str
) -> None:
    (place / "program.py").write_text(CHILDREN)
    done = serve("program.py", method, cwd=place)
    assert done.stderr == ""
    assert done.stdout == "[(9.0, 'gradtape.tf')]\n1\n"


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        ((), "name a program"),
        (("-x",), "unknown option -x"),
        (("-m",), "-m takes a module"),
        (("-c",), "-c takes code"),
        (("--output", "a.ipynb"), "--output takes the file to write, and then a notebook"),
        (("--output", "a.ipynb", "b.py"), "--output takes the file to write, and then a notebook"),
    ],
)
def test_a_wrong_command_line(place: Path, arguments: tuple[str, ...], reason: str) -> None:
    done = serve(*arguments, cwd=place)
    assert done.stderr.startswith("usage: python -m gradtape.tf ")
    assert done.stderr.splitlines()[-1] == f"python -m gradtape.tf: {reason}"
    assert done.returncode == 2


def test_help(place: Path) -> None:
    done = serve("--help", cwd=place)
    assert done.stdout.startswith("usage: python -m gradtape.tf ")
    assert done.returncode == 0


def test_children_are_as_their_parent_is_when_it_starts_them(place: Path) -> None:
    undone = "if __name__ == '__main__':\n    tf.uninstall()\n    with"
    (place / "tensorflow.py").write_text("__name__ = 'the real one'\n")
    (place / "program.py").write_text(
        CHILDREN.replace("float(tf.constant(x) ** 2)", "x").replace(
            'if __name__ == "__main__":\n    with', undone
        )
    )
    done = serve("program.py", "spawn", cwd=place, path=[str(place)])
    assert done.stderr == ""
    assert done.stdout == "[(3.0, 'the real one')]\n0\n"
