"""What a registry and an installer read: pyproject.toml, requirements.txt, .comfyignore."""

import re
import subprocess
from pathlib import Path

import pytest

tomllib = pytest.importorskip("tomllib", reason="only Python 3.11 and later read TOML")

ROOT = Path(__file__).resolve().parent.parent
SETTINGS = tomllib.loads((ROOT / "pyproject.toml").read_text("ascii"))
PROJECT, COMFY = SETTINGS["project"], SETTINGS["tool"]["comfy"]
BROUGHT_BY_COMFYUI = {"torch", "numpy", "safetensors", "av", "pillow"}
"""In the requirements of ComfyUI 0.3.64 and 0.33 both, so not for us to install or change."""
RAW = "https://raw.githubusercontent.com/"
NEEDED = (
    *("__init__.py", "pyproject.toml", "requirements.txt", "LICENSE", "README.md"),
    *("Makefile", "constraints.txt"),
    *("liveportrait_core", "nodes", "train", "benchmarks", "web", "locales", "workflows"),
    *("docs/demo", "docs/migration"),
)
"""What the archive keeps; train, benchmarks and `make demo` because README tells of them."""


def lines_of(name: str) -> list[str]:
    """The lines of a file without comments and empty ones."""
    lines = (ROOT / name).read_text("ascii").splitlines()
    return [line for line in lines if line.strip() and not line.startswith("#")]


def name_of(requirement: str) -> str:
    """The package of a requirement, as package indexes spell it."""
    return re.sub("[-_.]+", "-", re.match(r"[\w.-]+", requirement)[0]).lower()


def test_what_is_installed_is_what_comfyui_does_not_bring():
    dependencies = {name_of(entry) for entry in PROJECT["dependencies"]}
    installed = [name_of(line) for line in lines_of("requirements.txt")]
    assert sorted(installed) == sorted(dependencies - BROUGHT_BY_COMFYUI)
    assert dependencies >= BROUGHT_BY_COMFYUI


def test_nothing_that_is_installed_is_pinned_but_what_is_read_inside():
    lines = lines_of("requirements.txt")
    bounded = [line for line in lines if not re.fullmatch(r"[a-z0-9-]+", line)]
    assert bounded == [entry for entry in PROJECT["dependencies"] if entry.startswith("hama")]


def test_the_registry_gets_what_it_asks_for():
    assert re.fullmatch(r"[a-z][a-z0-9-]{1,98}", PROJECT["name"])
    assert "comfyui" not in PROJECT["name"]
    assert re.fullmatch(r"\d+\.\d+\.\d+", PROJECT["version"])
    assert PROJECT["license"] == "MIT"
    assert (ROOT / PROJECT["license-files"][0]).read_text("ascii").startswith("MIT License")
    assert PROJECT["classifiers"] == ["Operating System :: OS Independent"]
    assert COMFY["DisplayName"] == "LivePortrait Suite"
    assert COMFY["PublisherId"]
    assert COMFY["requires-comfyui"] == ">=0.3.64"


def test_web_files_are_named_in_one_place():
    # ComfyUI serves a folder under two addresses when it is named in both
    assert 'WEB_DIRECTORY = "./web"' in (ROOT / "__init__.py").read_text("ascii")
    assert "web" not in COMFY


@pytest.mark.parametrize("picture", ["Icon", "Banner"])
def test_the_registrys_pictures_are_files_of_the_repository(picture):
    place = PROJECT["urls"]["Repository"].removeprefix("https://github.com/")
    assert COMFY[picture].startswith(f"{RAW}{place}/main/")
    assert (ROOT / COMFY[picture].removeprefix(f"{RAW}{place}/main/")).is_file()


def test_the_archive_leaves_out_files_that_exist_and_none_that_is_needed():
    left_out = lines_of(".comfyignore")
    for entry in left_out:
        assert re.fullmatch(r"[\w./-]+", entry), "plain paths only, so that this test can read them"
        path = ROOT / entry
        assert path.is_dir() if entry.endswith("/") else path.is_file()
    for needed in NEEDED:
        assert (ROOT / needed).exists()
        assert not [entry for entry in left_out if f"{needed}/".startswith(entry.rstrip("/") + "/")]


def test_no_file_that_is_needed_is_kept_out_of_git():
    # the archive holds what git tracks
    told = subprocess.run(
        ["git", "check-ignore", *NEEDED], cwd=ROOT, capture_output=True, text=True, check=False
    )
    if told.returncode == 128:
        pytest.skip("not a clone")
    assert not told.stdout
