"""Workflows are readable as they open; tests/comfyui_real/test_canvas.py looks at real nodes."""

import json

import pytest

from tests.comfyui_real.layouts import faults, layout_of
from tests.support.comfyui.stand_in import ROOT

WORKFLOWS = sorted([*ROOT.glob("workflows/*.json"), *ROOT.glob("docs/migration/*.json")])
WINDOW_PX = (1600, 880)
"""Of the canvas, above the lower bar."""
GROUP = {"title": "Files", "box": [0, 0, 300, 400], "title_height": 34}
PHOTO = {"title": "Photo", "type": "LoadImage", "box": [20, 40, 200, 100], "parts": [], "cut": []}
FILM = {**PHOTO, "title": "Film", "type": "SaveVideo", "box": [20, 200, 200, 100]}


def layout(*nodes, scale=0.7):
    return {"scale": scale, "nodes": nodes, "groups": [GROUP]}


@pytest.mark.parametrize("file", [pytest.param(file, id=file.stem) for file in WORKFLOWS])
def test_nothing_overlaps_and_everything_fits_its_group(file):
    assert faults(layout_of(json.loads(file.read_text("ascii")))) == []


@pytest.mark.parametrize("file", [pytest.param(file, id=file.stem) for file in WORKFLOWS])
def test_the_note_that_says_what_to_do_is_seen_whole_as_it_opens(file):
    workflow = json.loads(file.read_text("ascii"))
    view = workflow["extra"]["ds"]
    notes = [node for node in workflow["nodes"] if node["type"] == "MarkdownNote"]
    assert notes
    for note in notes:
        starts = [place + shift for place, shift in zip(note["pos"], view["offset"], strict=True)]
        ends = [start + size for start, size in zip(starts, note["size"], strict=True)]
        assert min(starts) * view["scale"] > 0
        assert ends[0] * view["scale"] < WINDOW_PX[0]
        assert ends[1] * view["scale"] < WINDOW_PX[1]


@pytest.mark.parametrize(
    ("nodes", "scale", "fault"),
    [
        ((PHOTO, {**FILM, "box": [20, 130, 200, 100]}), 0.7, "Photo lies over Film"),
        (({**PHOTO, "box": [20, 20, 200, 100]},), 0.7, "Photo does not fit into Files"),
        (({**PHOTO, "cut": ["a long name"]},), 0.7, "Photo: 'a long name' is not seen whole"),
        ((PHOTO,), 0.5, "it opens at a zoom of 0.50"),
        (
            ({**PHOTO, "parts": [[30, 130, 180, 60]]}, FILM),
            0.7,
            "a part of Photo leaves it, over its edge",
        ),
        (
            (PHOTO, {**FILM, "box": [20, 160, 200, 50], "parts": [[30, 100, 180, 60]]}),
            0.7,
            "a part of Film leaves it, over Photo",
        ),
    ],
)
def test_a_fault_is_named(nodes, scale, fault):
    assert faults(layout(*nodes, scale=scale)) == [fault]


def test_a_player_may_hang_below_its_node_where_its_group_has_room():
    assert faults(layout(PHOTO, {**FILM, "parts": [[30, 290, 180, 100]]})) == []
