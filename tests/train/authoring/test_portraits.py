"""Sample grids of portraits, and what is printed about them."""

import numpy as np
import pytest

from liveportrait_core.config.fields import specs_of
from liveportrait_core.imaging.crop import FaceBox, box_transform
from liveportrait_core.media.images import read_image, write_image
from liveportrait_core.motion.slider_options import Sliders
from train import portraits as command
from train.authoring import portraits
from train.authoring.portraits import EDITS, VIEW, reached, view_of
from train.reports.sample_grid import caption_row, grid_of

SIDE_PX = 48


def test_a_row_for_every_image_with_a_face(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(portraits, "mesh_python", lambda _: None)
    folder = tmp_path / "pictures"
    out = folder / "grid.png"
    folder.mkdir()
    portrait = read_image("docs/demo/portrait.jpg").rgb[:256, 96:352]
    write_image(folder / "face.png", portrait)
    write_image(folder / "grey.png", np.full((40, 40, 3), 128, np.uint8))
    (folder / "bad.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    out.touch()  # of an earlier call
    assert command.main([str(folder), "--out", str(out), "--side", str(SIDE_PX)]) == 0
    shown = capsys.readouterr()
    assert [line.count(".png") for line in shown.err.splitlines()] == [1, 1]
    assert "grey.png: " in shown.err
    assert shown.out == f"{out}\n"
    sample_grids = read_image(out).rgb
    captions = len(sample_grids) - SIDE_PX
    assert 0 < captions < SIDE_PX / 2
    assert sample_grids.shape[1] == SIDE_PX * (1 + len(EDITS))
    assert sample_grids[:captions].max() == 255
    assert sample_grids[:captions].min() < 100


def test_a_folder_without_faces_is_refused(tmp_path, capsys):
    write_image(tmp_path / "grey.png", np.full((40, 40, 3), 128, np.uint8))
    assert command.main([str(tmp_path), "--out", str(tmp_path / "grid.png")]) == 2
    assert "has no image of a face" in capsys.readouterr().err


def test_a_grid_of_another_ending_is_refused_before_the_work(tmp_path, capsys):
    assert command.main([str(tmp_path), "--out", str(tmp_path / "grid.txt")]) == 2
    assert "ends in '.txt'" in capsys.readouterr().err


def test_edits_stay_within_the_sliders():
    for edit in EDITS.values():
        for spec in specs_of(Sliders):
            assert spec.minimum <= getattr(edit, spec.name) <= spec.maximum


def test_a_view_is_upright_and_larger_than_the_crop():
    # a crop of 100 pixels a side about (60, 80), turned by 30 degrees
    crop = box_transform(FaceBox((60.0, 80.0), 100.0, np.pi / 6), size_px=512)
    view = view_of(crop, 24)
    middle = view.to_source(np.array([[12.0, 12.0]]))[0]
    np.testing.assert_allclose(middle, (60, 80), atol=0.2)
    left, right = view.to_source(np.array([[-0.5, 12.0], [23.5, 12.0]]))
    assert right[0] - left[0] == pytest.approx(100 * VIEW, rel=1e-4)
    assert right[1] == pytest.approx(left[1])


def face(eyes=0.3, yaw=2.0):
    sides = {f"eye_{side}": eyes for side in ("left", "right")}
    gaze = {f"gaze_{side}_x": 0.0 for side in ("left", "right")}
    return {**sides, **gaze, "lip": 0.0, "mouth": 0.4, "yaw_deg": yaw}


def test_what_an_edit_reached_is_told_from_and_to():
    seen = [face(), *(face() for _ in EDITS)]
    names = list(EDITS)
    seen[1 + names.index("blink")] = face(eyes=0.05)
    seen[1 + names.index("turn left 15")] = face(yaw=14.5)
    seen[1 + names.index("smile")] = None
    told = reached(seen)
    assert told["blink"] == "eyes 0.30 -> 0.05"
    assert told["turn left 15"] == "yaw +15 asked, +12.5 reached"
    assert told["smile"] == "no face found"


def test_a_picture_without_a_mesh_is_told_as_such():
    assert reached([None, *(face() for _ in EDITS)]) == {"source": "no face found"}


def test_captions_stand_in_the_middle_of_their_columns():
    row = caption_row(["i", "a long caption indeed"], 100)
    assert row.shape[1] == 200
    dark = np.flatnonzero((row < 128).any((0, 2)))
    first, second = dark[dark < 100], dark[dark >= 100]
    assert first.mean() == pytest.approx(50, abs=3)
    assert second.mean() == pytest.approx(150, abs=8)
    assert second.max() < 200 - 5


def test_a_grid_puts_rows_below_each_other():
    black, white = np.zeros((2, 2, 3), np.uint8), np.full((2, 2, 3), 255, np.uint8)
    grid = grid_of([[black, white], [white, white]])
    assert grid.shape == (4, 4, 3)
    assert grid[:2, :2].max() == 0
    assert grid[2:].min() == 255
