import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from liveportrait_core.config.spec import OptionError
from liveportrait_core.errors import CheckpointError
from train.engine.command import deaf_to_interrupts, run_command

COMMANDS = sorted(
    path.stem
    for path in Path(__file__).parents[3].joinpath("train").glob("*.py")
    if path.stem != "__init__"
)
WITHOUT = """
import runpy, sys
class Missing:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] == {package!r}:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)
sys.meta_path.insert(0, Missing())
sys.argv = ["", *{arguments!r}]
runpy.run_module("train.{command}", run_name="__main__")
"""


@pytest.mark.parametrize(
    "error",
    [
        OptionError("lr is 0."),
        CheckpointError("lr is 0."),
        FloatingPointError("lr is 0."),
    ],
)
def test_errors_become_one_sentence_and_code_2(capsys, error):
    def work():
        raise error

    assert run_command("python -m train.compact", work) == 2
    shown = capsys.readouterr()
    assert (shown.out, shown.err) == ("", "python -m train.compact: lr is 0.\n")


def test_an_error_of_the_system_names_the_file_and_what_to_do(capsys, tmp_path):
    assert run_command("python -m train.compact", (tmp_path / "none").read_bytes) == 2
    expected = f"No such file or directory ({tmp_path / 'none'}). Check the file, its folder"
    assert expected in capsys.readouterr().err


def test_faults_of_the_program_are_not_hidden():
    with pytest.raises(ZeroDivisionError):
        run_command("python -m train.compact", lambda: 1 / 0)


def test_what_a_command_gives_is_printed(capsys):
    assert run_command("python -m train.compact", lambda: Path("model")) == 0
    assert run_command("python -m train.compact", lambda: None) == 0
    assert capsys.readouterr().out == "model\n"


@pytest.mark.parametrize("command", COMMANDS)
def test_without_torch_every_command_is_one_sentence(command):
    """No command imports a large package before it can report that it is missing."""
    assert said_without("torch", command, "--help") == missing("torch", command)


@pytest.mark.parametrize(
    ("package", "command", "arguments"),
    [
        ("accelerate", "stage1", ["run=r", "steps=1", "data=d"]),
        ("numba", "render", ["--help"]),
        ("skimage", "curate", ["--help"]),
        ("jinja2", "evaluate", ["--help"]),
    ],
)
def test_a_package_of_the_extra_that_is_missing_is_named(package, command, arguments):
    assert said_without(package, command, *arguments) == missing(package, command)


def said_without(package, command, *arguments):
    code = WITHOUT.format(package=package, command=command, arguments=arguments)
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert ran.returncode == 2, ran.stderr
    return ran.stderr


def missing(package, command):
    return (
        f"python -m train.{command}: this needs {package}, which is not installed. Run pip install "
        "-e '.[train]', or install it alone.\n"
    )


def test_a_package_that_does_not_import_is_one_sentence(capsys):
    def work():
        raise ImportError("numba needs an older numpy", name="numba")

    assert run_command("python -m train.render", work) == 2
    assert "a package does not import (numba needs an older numpy)" in capsys.readouterr().err


def test_a_module_of_ours_that_is_missing_is_a_fault_of_the_program():
    def work():
        raise ModuleNotFoundError("No module named 'train.gone'", name="train.gone")

    with pytest.raises(ModuleNotFoundError):
        run_command("python -m train.render", work)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_request_to_end_is_one_line_and_code_130(capsys, number):
    def work():
        os.kill(os.getpid(), number)
        time.sleep(5)

    assert run_command("python -m train.render", work) == 130
    assert capsys.readouterr().err == "python -m train.render: stopped; finished files are kept.\n"


def test_processes_do_not_hear_ctrl_c_where_the_one_that_starts_them_ends_them():
    wait = [sys.executable, "-c", "import time; print('up', flush=True); time.sleep(60)"]
    with deaf_to_interrupts(), subprocess.Popen(wait, stdout=subprocess.PIPE) as process:
        process.stdout.readline()
        process.send_signal(signal.SIGINT)
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(0.3)
        process.kill()
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
