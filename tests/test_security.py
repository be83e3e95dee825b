"""What SECURITY.md says of the code, read off the code."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PAGE = (ROOT / "SECURITY.md").read_text("ascii")
FILES = [
    path
    for folder in ("liveportrait_core", "nodes", "train")
    for path in sorted((ROOT / folder).rglob("*.py"))
]
NETWORK = {"urllib.request", "requests", "httpx", "socket", "ftplib", "aiohttp", "huggingface_hub"}
PROGRAMS = {"subprocess", "os.system", "os.popen", "os.execv", "os.spawnv"}
NAMED_BY_USERS = {
    "train/curation/tools.py",
    "train/evaluation/mesh_measures.py",
    "train/speaking/synthesizers.py",
    "train/authoring/recipe.py",  # our own modules
}


def calls():
    """File, name as it is written, and keywords of every call."""
    for path in FILES:
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call):
                yield path.relative_to(ROOT).as_posix(), ast.unparse(node.func), node.keywords


def imports(path):
    """Names of all modules that a file imports, also inside functions."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (one.name for one in node.names)
        elif isinstance(node, ast.ImportFrom) and not node.level:
            yield node.module
            yield from (f"{node.module}.{one.name}" for one in node.names)


def constant(keywords, name):
    return next((ast.unparse(one.value) for one in keywords if one.arg == name), None)


def test_nothing_is_evaluated_or_unpickled():
    found = list(calls())
    names = [(file, name) for file, name, _ in found]
    assert not [one for one in names if one[1] in {"eval", "exec", "compile", "__import__"}]
    assert not [one for one in names if re.search(r"(pickle|dill|joblib|marshal)\.loads?$", one[1])]
    loads = [(file, words) for file, name, words in found if name == "torch.load"]
    assert loads
    assert all(constant(words, "weights_only") == "True" for _, words in loads)
    arrays = [(file, words) for file, name, words in found if name == "np.load"]
    assert arrays
    allowed = (None, "False")  # the default is False
    assert not [file for file, words in arrays if constant(words, "allow_pickle") not in allowed]


def test_torchscript_is_run_in_one_place():
    assert {file for file, name, _ in calls() if name.endswith("jit.load")} == {
        "train/metrics/metric_files.py"
    }


def test_programs_are_started_by_what_the_page_names_alone():
    starting = {
        path.relative_to(ROOT).as_posix() for path in FILES if PROGRAMS & set(imports(path))
    }
    assert starting <= NAMED_BY_USERS
    for word in ("scorer", "mesh-python", "espeak-ng", "flite", "TorchScript"):
        assert word in PAGE


@pytest.mark.parametrize("folder", ["liveportrait_core", "nodes"])
def test_one_module_opens_connections(folder):
    connecting = {
        path.relative_to(ROOT).as_posix()
        for path in FILES
        if path.is_relative_to(ROOT / folder) and NETWORK & set(imports(path))
    }
    # aiohttp: answers of routes on ComfyUI's server
    assert connecting <= {"liveportrait_core/cli/downloading.py", "nodes/server/routes.py"}


def test_files_that_the_page_names_exist():
    for name in re.findall(r"`((?:tests|media|train)/[\w/.]+)`", PAGE):
        assert (ROOT / name).exists() or (ROOT / "liveportrait_core" / name).exists(), name
