"""docs/library.md and docs/options.md: what they show is so."""

import re
from itertools import islice
from pathlib import Path
from shutil import copyfile

import pytest

from liveportrait_core.media.video import VideoReader
from liveportrait_core.media.video_writer import VideoWriter
from tests.support.speaking import save_sound, tone
from tools import option_tables

DOCS = Path(__file__).resolve().parents[2] / "docs"
EXAMPLES = re.findall(
    r"^## (\d\. .*?)$.*?^```python\n(.*?)^```",
    (DOCS / "library.md").read_text("ascii"),
    re.MULTILINE | re.DOTALL,
)


@pytest.fixture
def demo(tmp_path, monkeypatch):
    """A folder with the demo's portrait, and two frames of its driver and of a sound."""
    copyfile(DOCS / "demo" / "portrait.jpg", tmp_path / "portrait.jpg")
    clip = VideoReader(DOCS / "demo" / "driving.mp4")
    with VideoWriter(tmp_path / "driving.mp4", clip.fps) as writer:
        for frame in islice(clip, 2):
            writer.write(frame)
    save_sound(tmp_path / "speech.wav", tone(0.08))
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("LIVEPORTRAIT_WEIGHTS", raising=False)
    return tmp_path


def test_there_are_seven_examples_of_about_ten_lines():
    assert len(EXAMPLES) == 7
    assert all(len(code.splitlines()) <= 12 for _, code in EXAMPLES)


@pytest.mark.parametrize("code", [pytest.param(code, id=name) for name, code in EXAMPLES])
def test_an_example_of_the_library_runs(demo, code):
    names = {}
    exec(compile(code, "library.md", "exec"), names)  # noqa: S102 - our own document
    if "pictures" in names:
        assert [picture.shape for picture in names["pictures"]] == [names["pictures"][0].shape] * 2
    if "picture" in names:
        assert names["picture"].shape == (1, 3, 512, 512)


def test_the_parts_of_the_paper_are_where_the_page_says():
    page = (DOCS / "training.md").read_text(encoding="utf-8")
    table = page.partition("### Where the paper's parts are")[2].partition("\n## ")[0]
    places = re.findall(r"`((?:train|liveportrait_core)/[^`]+)`", table)
    assert len(places) == 17
    assert [place for place in places if not (DOCS.parent / place).exists()] == []
    networks = DOCS.parent / "liveportrait_core" / "networks"
    text = "".join(path.read_text("ascii") for path in networks.glob("*.py"))
    names = re.findall(r"`([A-Z]\w+)`", table)
    assert [name for name in names if f"class {name}(" in text] == names != []


def test_anchors_of_the_training_page_lead_somewhere():
    page = (DOCS / "training.md").read_text(encoding="utf-8")
    titles = re.findall(r"^#+ (.*)$", page, re.MULTILINE)
    known = {re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-") for title in titles}
    anchors = re.findall(r"\]\(#([^)]+)\)", page)
    assert anchors
    assert set(anchors) <= known


def test_the_tables_of_options_are_up_to_date():
    assert option_tables.PAGE.read_text("ascii") == option_tables.page()
