"""What README, Makefile and docs promise, and what every file here has in common."""

import importlib.util
import re
import subprocess
import sys
from pathlib import Path

import pytest
import torch

import liveportrait_core
from benchmarks.__main__ import main as benchmarks_main
from benchmarks.cases import Case, prepare
from liveportrait_core.cli.parsers import build_parser

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text("ascii")
CELLS = re.findall(r"^\| (`(?!liveportrait ).*?) \|", README, re.MULTILINE)
COMMANDS = [
    re.match(r"[a-z ]+", text)[0].split() for cell in CELLS for text in re.findall("`(.*?)`", cell)
]
"""Words of each command of the README's table."""
FOLDERS = ("liveportrait_core", "nodes", "train", "tests", "tools", "benchmarks", "docs", ".ci")
TEXT = {".py", ".md", ".toml", ".txt", ".json", ""}
MOST_LINES = 400
DEFAULT_WEIGHTS = ROOT / "liveportrait_core" / "assets" / "weights" / "default.safetensors"
MOST_WEIGHT_BYTES = 20_000_000


def texts() -> list[Path]:
    files = [file for file in ROOT.iterdir() if file.is_file()]
    files += [file for folder in FOLDERS for file in (ROOT / folder).rglob("*") if file.is_file()]
    return [file for file in files if file.suffix in TEXT and "__pycache__" not in file.parts]


def test_code_and_docs_are_ascii():
    assert not [str(file) for file in texts() if not file.read_bytes().isascii()]


def test_no_file_of_code_is_too_long_to_read():
    long = {
        str(file.relative_to(ROOT)): count
        for folder in ("liveportrait_core", "nodes", "train", "tools", "benchmarks")
        for file in (ROOT / folder).rglob("*.py")
        if (count := len(file.read_text("utf-8").splitlines())) > MOST_LINES
    }
    assert not long


@pytest.mark.parametrize(
    "page", ["README.md", "docs/design.md", "docs/testing.md", "docs/demo/README.md"]
)
def test_links_lead_to_files(page):
    links = re.findall(r"\]\((?!https?:)([^)#]+)\)", (ROOT / page).read_text("ascii"))
    assert not [link for link in links if not ((ROOT / page).parent / link).exists()]


def test_make_commands_of_the_readme_exist():
    makefile = (ROOT / "Makefile").read_text("ascii")
    commands = set(re.findall(r"^    make (\w+)", README, re.MULTILINE))
    assert commands == {"demo", "test"}
    assert all(re.search(rf"^{command}:", makefile, re.MULTILINE) for command in commands)


@pytest.mark.parametrize("command", COMMANDS)
def test_commands_of_the_readme_exist(command, capsys):
    with pytest.raises(SystemExit) as stop:
        build_parser().parse_args([*command, "--help"])
    assert stop.value.code == 0
    assert " ".join(command) in capsys.readouterr().out


def test_modules_of_the_readme_exist():
    modules = set(re.findall(r"-m ((?:train|benchmarks|liveportrait_core)[.\w]*)", README))
    assert modules >= {"train.render", "train.stage1", "train.stage2", "train.evaluate"}
    assert not [name for name in modules if importlib.util.find_spec(name) is None]


def test_the_public_names_are_there():
    missing = [name for name in liveportrait_core.__all__ if not hasattr(liveportrait_core, name)]
    assert not missing


@pytest.mark.skipif(not DEFAULT_WEIGHTS.exists(), reason="a checkout without the default weights")
def test_the_example_of_the_readme_runs():
    (example,) = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
    check = "\nassert picture.shape == (1, 3, 512, 512)\n"
    subprocess.run([sys.executable, "-c", example + check], cwd=ROOT, check=True)


@pytest.mark.skipif(not DEFAULT_WEIGHTS.exists(), reason="a checkout without the default weights")
def test_the_shipped_weights_stay_small():
    assert DEFAULT_WEIGHTS.stat().st_size <= MOST_WEIGHT_BYTES


def test_benchmarks_print_a_row_for_each_case(monkeypatch, capsys):
    monkeypatch.chdir(ROOT)  # where the process of each case starts
    assert benchmarks_main(["--only", "default.lip", "--repeats", "1"]) == 0
    (row,) = [line for line in capsys.readouterr().out.splitlines() if line.startswith("default.")]
    # 65 inputs, layers of 128, 128 and 64, 63 outputs, each with a bias
    weights = 65 * 128 + 128 * 128 + 128 * 64 + 64 * 63
    assert row.split()[1] == f"{(weights + 128 + 128 + 64 + 63) / 1e6:.3f}"


def test_benchmarks_name_the_folder_that_is_not_the_published_code(tmp_path):
    case = Case(model="published-code", what="lip", published_code=str(tmp_path))
    with pytest.raises(FileNotFoundError, match=re.escape(f"{tmp_path} has no src/config")):
        prepare(case, torch.device("cpu"))
