import sys

import cv2
import numpy as np
import pytest

from tests.support.gpu import EVERYWHERE
from train.render import main
from train.rendering.export.contact_sheet import (
    CAPTION_PX,
    CELL_PX,
    GAP_PX,
    MARGIN_PX,
    MAX_MOVEMENT,
    flow_colours,
)


def test_the_command_renders_a_set_and_a_contact_sheet(face_model_file, tmp_path, capsys):
    folder, sheet = tmp_path / "heads", tmp_path / "sheet.png"
    command = [str(folder), "--face-model", str(face_model_file), "--identities", "2"]
    command += ["--size", "32", "--contact-sheet", str(sheet)]
    assert main(command) == 0
    out, err = capsys.readouterr()
    assert out == f"{folder}: 2 identities rendered, 0 kept, size 32 px\n"
    assert err.splitlines()[0] == "0 of 2 identities, 0 frames/s"
    step, margins = CELL_PX + GAP_PX, 2 * MARGIN_PX
    # a line of the gallery, the captions, and a line of eight cells for each identity
    height, width = 3 * step + CAPTION_PX + margins, 8 * step - GAP_PX + margins
    assert cv2.imread(str(sheet)).shape == (height, width, 3)
    assert main(command) == 0
    assert capsys.readouterr().out == f"{folder}: 0 identities rendered, 2 kept, size 32 px\n"


def test_a_contact_sheet_that_cannot_be_written_is_refused_before_the_heads(tmp_path, capsys):
    sheet = tmp_path / "none" / "sheet.png"
    assert main([str(tmp_path / "heads"), "--contact-sheet", str(sheet)]) == 2
    assert "folder that does not exist" in capsys.readouterr().err
    assert not (tmp_path / "heads").exists()


def test_a_file_in_place_of_the_folder_is_refused(tmp_path, capsys):
    place = tmp_path / "me.jpg"
    place.write_bytes(b"x")
    assert main([str(place), "--identities", "1"]) == 2
    assert "is a file; a folder is expected" in capsys.readouterr().err


def test_flow_is_shown_red_to_the_right_and_nearly_white_at_rest():
    centres = (np.arange(4, dtype=np.float32) + 0.5) / 4 * 2 - 1
    flow = np.stack(np.meshgrid(centres, centres), axis=-1)
    flow[:, 2:, 0] += MAX_MOVEMENT
    colours = flow_colours(flow)
    bright, rest = round(0.96 * 255), round(0.96 * 0.15 * 255)  # depth of colour is .85
    np.testing.assert_array_equal(colours[:, :2], bright)
    np.testing.assert_allclose(colours[:, 2:], np.tile([bright, rest, rest], (4, 2, 1)), atol=1)


def test_a_missing_face_model_ends_the_command_with_a_reason(tmp_path, capsys):
    assert main([str(tmp_path / "heads"), "--face-model", str(tmp_path / "none.npz")]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith(f"python -m train.render: {tmp_path / 'none.npz'} is not a face model;")
    assert not (tmp_path / "heads").exists()


@EVERYWHERE
def test_the_command_draws_with_warp_where_a_device_is_named(face_model_file, tmp_path, device):
    pytest.importorskip("warp", reason="warp-lang, of the extra gpu-render, is not installed")
    command = ["--face-model", str(face_model_file), "--identities", "1", "--size", "32"]
    assert main([str(tmp_path / "numba"), *command]) == 0
    assert main([str(tmp_path / "warp"), *command, "--device", device]) == 0
    images = [
        np.load(tmp_path / name / "shard-00000.npz")["image"].astype(int)
        for name in ("numba", "warp")
    ]
    assert np.abs(images[0] - images[1]).mean() < 0.1


@pytest.mark.parametrize("device", ["cuda:99", "toaster"])
def test_a_device_that_is_not_there_ends_the_command_with_a_reason(tmp_path, capsys, device):
    pytest.importorskip("warp", reason="warp-lang, of the extra gpu-render, is not installed")
    assert main([str(tmp_path / "heads"), "--device", device]) == 2
    assert f"device is '{device}'; one of cpu" in capsys.readouterr().err
    assert not (tmp_path / "heads").exists()


def test_a_device_without_warp_says_what_to_install(tmp_path, capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, "warp", None)
    monkeypatch.delitem(sys.modules, "train.rendering.raster.warp_device", raising=False)
    assert main([str(tmp_path / "heads"), "--device", "cuda"]) == 2
    err = capsys.readouterr().err
    assert "device is 'cuda', which needs warp" in err
    assert "gpu-render" in err
    assert not (tmp_path / "heads").exists()


def test_help_explains_how_to_resume(capsys):
    with pytest.raises(SystemExit) as stop:
        main(["--help"])
    assert stop.value.code == 0
    assert "Run the same command again to resume" in " ".join(capsys.readouterr().out.split())
