"""Both ends of what is claimed, and the files for public CI."""

import re
from pathlib import Path

import pytest
import yaml
from packaging.specifiers import SpecifierSet

from tools.environments import ENVIRONMENTS, oldest_releases

ROOT = Path(__file__).resolve().parent.parent
PROJECT = (ROOT / "pyproject.toml").read_text("utf-8")
WORKFLOWS = {
    path.stem: yaml.safe_load(path.read_text("utf-8"))
    for path in sorted((ROOT / ".github" / "workflows").glob("*.yml"))
}


def test_the_oldest_releases_are_those_that_are_named():
    assert "torch==2.4.*" in oldest_releases()
    assert "hama==1.7.*" in oldest_releases()


def test_the_oldest_python_is_the_one_that_is_claimed():
    (claimed,) = re.findall(r'^requires-python = "(.*)"$', PROJECT, re.MULTILINE)
    oldest, newest = (one.python.removeprefix("python") for one in ENVIRONMENTS)
    assert claimed == f">={oldest}"
    assert newest in SpecifierSet(claimed)


def test_public_ci_tests_both_ends_on_three_systems():
    ends = WORKFLOWS["tests"]["jobs"]["ends"]["strategy"]["matrix"]["include"]
    tested = {(one["python"], one["releases"]) for one in ends if one["os"] == "ubuntu-latest"}
    assert tested == {(one.python.removeprefix("python"), one.name) for one in ENVIRONMENTS}
    assert {one["os"].partition("-")[0] for one in ends} == {"ubuntu", "windows", "macos"}


def test_public_ci_tests_the_comfyui_that_is_claimed():
    (claimed,) = re.findall(r'^requires-comfyui = ">=(.*)"$', PROJECT, re.MULTILINE)
    versions = WORKFLOWS["comfyui"]["jobs"]["nodes"]["strategy"]["matrix"]["comfyui"]
    assert f"v{claimed}" in versions
    (newest,) = re.findall(
        r"--branch (v[\d.]+) ", (ROOT / "docs" / "testing.md").read_text("ascii")
    )
    assert newest in versions


@pytest.mark.parametrize("name", WORKFLOWS)
def test_commands_of_public_ci_exist(name):
    makefile = (ROOT / "Makefile").read_text("ascii")
    steps = [step for job in WORKFLOWS[name]["jobs"].values() for step in job["steps"]]
    for target in re.findall(r"make ([\w-]+)", " ".join(step.get("run", "") for step in steps)):
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), target
