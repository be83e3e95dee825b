"""What importing the library and asking its command for help load."""

import subprocess
import sys

import pytest

HEAVY = {"av", "cv2", "numpy", "onnxruntime", "safetensors", "scipy", "torch"}


@pytest.mark.parametrize(
    "line",
    [
        "import liveportrait_core",
        "from liveportrait_core.__main__ import main",
    ],
)
def test_importing_loads_nothing_heavy(line):
    code = f"import sys; {line}; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = {name.partition(".")[0] for name in done.stdout.split()}
    assert "liveportrait_core" in loaded
    assert not HEAVY & loaded


def test_a_model_is_loaded_without_what_only_films_faces_files_and_sound_need():
    code = "import sys; from liveportrait_core import load_model; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = set(done.stdout.split())
    assert "torch" in loaded
    assert not {"av", "onnxruntime", "scipy", "torch._dynamo"} & loaded


def test_a_command_animates_without_what_it_does_not_need_yet():
    code = "import sys; from liveportrait_core.cli import animate, runtime; "
    code += "from liveportrait_core.command_options import ModelOptions; "
    code += "runtime.load(ModelOptions()); print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = {name.partition(".")[0] for name in done.stdout.split()}
    assert {"av", "cv2", "torch"} <= loaded
    others = {"hama", "onnxruntime", "sounddevice", "sympy", "timm", "torchvision", "transformers"}
    assert not loaded & (others | {"scipy", "train"})
