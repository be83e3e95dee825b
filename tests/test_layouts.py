"""Workflows are readable as they open; tests/comfyui_real/test_canvas.py looks at real nodes."""

import json

import pytest

from tests.comfyui_real.layouts import faults, layout_of
from tests.support.comfyui.stand_in import ROOT

WORKFLOWS = sorted([*ROOT.glob("workflows/*.json"), *ROOT.glob("docs/migration/*.json")])
GROUP = {"title": "Files", "box": [0, 0, 300, 400], "title_height": 34}
PHOTO = {"title": "Photo", "type": "LoadImage", "box": [20, 40, 200, 100], "parts": [], "cut": []}
FILM = {**PHOTO, "title": "Film", "type": "SaveVideo", "box": [20, 200, 200, 100]}


def layout(*nodes, scale=0.7):
    return {"scale": scale, "nodes": nodes, "groups": [GROUP]}


@pytest.mark.parametrize("file", [pytest.param(file, id=file.stem) for file in WORKFLOWS])
def test_nothing_overlaps_and_everything_fits_its_group(file):
    assert faults(layout_of(json.loads(file.read_text("ascii")))) == []


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
