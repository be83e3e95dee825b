"""Coming from another pack: what the page names exists, and its workflows fit our nodes."""

import json
import re
from urllib.parse import unquote

import pytest

from tests.support.comfyui.stand_in import ROOT, comfyui
from tools.migration import FOLDER, canvases

__all__ = ["comfyui"]

PAGE = (ROOT / "docs" / "migration.md").read_text("ascii")
WORKFLOWS = sorted(FOLDER.glob("*.json"))
SHOWN_AS_TEMPLATES = {"example_workflows", "example", "examples", "workflow", "workflows"}
BRAND = "LivePortrait"


@pytest.fixture
def nodes(comfyui):
    """Our nodes in /object_info by what stands on them, without the brand."""
    comfyui.import_pack()
    info = comfyui.object_info().values()
    names = {entry["display_name"]: entry for entry in info}
    return {
        name.removeprefix(f"{BRAND}: ").removesuffix(f" ({BRAND})"): entry
        for name, entry in names.items()
    }


def ours(page):
    """The middle column of each table with a column named Ours."""
    for table in re.findall(r"(?:^\|.*\n)+", page, re.MULTILINE):
        head, _, *rows = table.splitlines()
        if head.split("|")[2].strip() == "Ours":
            yield from (re.split(r"(?<!\\)\|", row)[2].strip() for row in rows)


def words_of(entry):
    """What may be named of a node: inputs and options."""
    inputs = {**entry["input"].get("required", {}), **entry["input"].get("optional", {})}
    listed = [kind if isinstance(kind, list) else [] for kind, *_ in inputs.values()]
    listed += [(rest[0] if rest else {}).get("options") or [] for _, *rest in inputs.values()]
    return {*inputs, *(str(word) for choices in listed for word in choices)}


def test_the_page_has_no_dead_link():
    links = re.findall(r"\]\((?!https?:)([^)#]+)\)", PAGE)
    assert len(links) == len(WORKFLOWS)
    assert not [link for link in links if not (ROOT / "docs" / unquote(link)).exists()]


def test_every_equivalent_that_the_page_names_exists(nodes):
    cells = list(ours(PAGE))
    assert len(cells) > 50
    for cell in cells:
        parts = re.split(r"\*\*(.+?)\*\*", cell)
        for name, text in zip(parts[1::2], parts[2::2], strict=True):
            named = set(re.findall("`(.+?)`", text))
            assert not named - words_of(nodes[name]), cell


def test_other_sentences_name_inputs_that_exist(nodes):
    for name, word in re.findall(r"\*\*([A-Z][\w &]+)\*\* `(\w+)`", PAGE):
        assert word in words_of(nodes[name]), (name, word)


def test_there_is_a_workflow_for_each_drawing():
    assert {file.stem for file in WORKFLOWS} == {canvas.name for canvas in canvases()}
    assert FOLDER.name not in SHOWN_AS_TEMPLATES


@pytest.mark.parametrize("canvas", [pytest.param(each, id=each.name) for each in canvases()])
def test_a_workflow_is_the_one_that_its_drawing_draws(canvas):
    workflow = json.loads((FOLDER / f"{canvas.name}.json").read_text("ascii"))
    drawn = sorted(node["type"] for node in canvas.nodes)
    assert sorted(node["type"] for node in workflow["nodes"]) == drawn
    assert len(workflow["links"]) == len(canvas.links)
    notes = [node["widgets_values"][0] for node in workflow["nodes"] if "Note" in node["type"]]
    assert notes == [node["widgets"]["text"] for node in canvas.nodes if "Note" in node["type"]]
