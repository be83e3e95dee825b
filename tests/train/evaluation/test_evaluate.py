"""`python -m train.evaluate` from end to end, and the seam of a pasted face."""

import json
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from liveportrait_core.imaging.crop import CropTransform
from liveportrait_core.media.images import read_image
from liveportrait_core.media.video_writer import VideoWriter
from liveportrait_core.model import save_model
from tests.support.rendered import write_rendered
from tests.support.tiny import tiny_compact_model
from train import evaluate
from train.data.rendered import RenderedSet
from train.evaluation import clip_reenactment
from train.evaluation import command as evaluation_command
from train.evaluation.rendered_measures import irises_visible
from train.evaluation.seam import mask_parts, seam_measures
from train.rendering.export import dataset as render
from train.rendering.export.options import HeadOptions, PeopleOptions, RenderConfig

KEYS = {
    "psnr_gain_db",
    "lip_r",
    "eye_r",
    "gaze_r",
    "yaw_error_deg",
    "seam_error_255",
    "retarget_error",
}


@pytest.fixture(scope="module")
def model_file(tmp_path_factory):
    model = tiny_compact_model()
    small = replace(model, preset=replace(model.preset, face_size_px=64, output_size_px=64))
    path = tmp_path_factory.mktemp("model") / "tiny.safetensors"
    save_model(small, path)
    return path


def heads(folder, image=None):
    """A rendered set of one identity; `image` gives each frame's pixels, of any size."""
    write_rendered(folder, identities=1)
    if image is not None:
        shard = folder / "shard-00000.npz"
        with np.load(shard) as arrays:
            changed = {name: arrays[name] for name in arrays.files}
        changed["image"] = np.broadcast_to(image, (1, 3, *image.shape))
        changed["keypoints"] = np.broadcast_to(FACE, (1, 3, 21, 3)).astype(np.float32)
        changed["regions"] = np.zeros_like(changed["regions"])
        changed["regions"][..., 24:40, 24:40] = 2
        np.savez(shard, **changed)
    return folder


# An upright face of .8 by .8 crop units in the middle: eyes above, mouth below.
FACE = np.zeros((21, 3))
FACE[:, 0] = np.linspace(-0.4, 0.4, 21)
FACE[:, 1] = 0.0
FACE[[4, 5, 6, 7], 1] = -0.4
FACE[[15, 16], 1] = 0.4
FACE[[4, 7, 15, 16], 0] = (-0.4, 0.4, -0.2, 0.2)


class Brighter(nn.Module):
    """Gives the source itself, some levels brighter: what changes is known everywhere."""

    def __init__(self, levels):
        super().__init__()
        self.levels = levels

    def forward(self, warped):
        return warped.face + self.levels / 255


def test_a_face_that_is_ten_levels_brighter_is_measured_as_ten(tmp_path):
    data = RenderedSet([heads(tmp_path / "heads", np.full((128, 128, 3), 100, np.uint8))])
    model = tiny_compact_model()
    small = replace(model, preset=replace(model.preset, face_size_px=64, output_size_px=64))
    with torch.no_grad():
        for parameter in small.stitching.parameters():
            parameter.zero_()
    measures = seam_measures(replace(small, decoder=Brighter(10)), data)
    # inside the crop ten levels, but for the fade, which is 1/32 of each of its sides
    assert measures["outside_error_255"] == pytest.approx(10, abs=1.2)
    assert 2 < measures["seam_error_255"] < 8  # the fade goes from ten levels to none
    same = seam_measures(replace(small, decoder=Brighter(0)), data)
    assert same["outside_error_255"] == 0
    assert same["seam_error_255"] < 0.3  # the outermost pixels mix with what is beyond the crop


def test_the_fade_of_the_paste_mask_is_a_frame_along_the_crops_edge():
    # the crop lies upright on 512 pixels from (20, 30); its mask is solid from 16 to 496
    matrix = np.array([[1.0, 0, -20], [0, 1, -30], [0, 0, 1]])
    fade, inside = mask_parts(CropTransform(matrix, 512), 512, (600, 600))
    assert inside.sum() == 512 * 512
    assert not inside[:30].any()
    solid = inside & ~fade
    assert solid[30 + 16 : 30 + 497, 20 + 16 : 20 + 497].all()
    assert fade[30 + 2 : 30 + 15, 200].all()
    assert not fade[30 + 17 : 30 + 495, 20 + 17 : 20 + 495].any()


def test_an_iris_is_seen_where_an_eye_is_nearest_and_open(tmp_path):
    size, identity = 64, np.array([0])
    folder = heads(tmp_path / "heads", np.zeros((size, size, 3), np.uint8))
    points = np.zeros((1, 3, 21, 3), np.float32)
    points[..., 12:14, 0] = (-0.5, 0.5)  # irises
    points[..., 8, 1], points[..., 9, 1] = -0.1, 0.1  # left lids, apart
    points[..., 10, 1], points[..., 11, 1] = -0.01, 0.01  # right lids, all but shut
    regions = np.full((1, 3, size // 2, size // 2), 2, np.uint8)
    regions[..., 8] = 4  # an eye, a quarter from the left
    shard = folder / "shard-00000.npz"
    with np.load(shard) as arrays:
        np.savez(shard, **{**arrays, "keypoints": points, "regions": regions})
    data = RenderedSet([folder])
    frame = data.frames(identity, np.array([0]))
    assert irises_visible(data, identity, 0, frame).tolist() == [[True, False]]
    frame.keypoints[:, 10:12] *= 10
    assert irises_visible(data, identity, 0, frame).tolist() == [[True, False]]  # skin is nearest
    frame.keypoints[:, 13, 0] = -0.5
    assert irises_visible(data, identity, 3, frame).tolist() == [[True, True]]  # of frame 0 again


def test_every_measure_of_a_rendered_set_of_any_size_is_written(tmp_path, model_file):
    smooth = np.linspace(0, 255, 64).astype(np.uint8)
    image = np.stack([np.tile(smooth, (64, 1))] * 3, -1)
    folder, out = heads(tmp_path / "heads", image), tmp_path / "measures.json"
    options = ["--model", str(model_file), "--rendered", str(folder), "--json", str(out)]
    assert evaluate.main(options) == 0
    measures = json.loads(out.read_text(encoding="utf-8"))
    assert set(measures) >= KEYS
    assert measures["rendered_size_px"] == 64
    assert measures["gaze_r"] is None  # frames that are alike have no change to follow


@pytest.mark.parametrize("face_model", [None, "FaceXModel"])
def test_without_a_folder_people_are_rendered_for_the_purpose(
    face_model, tmp_path, model_file, monkeypatch, capsys
):
    asked = []

    def render_few(config, progress):
        progress(1, config.people.identities)
        asked.append(replace(config, folder=Path("heads")))
        heads(config.folder)
        return 1

    monkeypatch.setattr(render, "render_set", render_few)
    out = tmp_path / "measures.json"
    options = ["--model", str(model_file), "--rendered", "--seed", "5", "--json", str(out)]
    options += ["--face-model", face_model] if face_model else []
    assert evaluate.main(options) == 0
    assert "rendered 1 of 120 people to measure on\n" in capsys.readouterr().err
    model = face_model and Path(face_model)
    chosen = HeadOptions(face_model=model, seed=5, size_px=256)
    people = PeopleOptions(heads=chosen, identities=120, animals=0.0)
    assert asked == [RenderConfig(folder=Path("heads"), people=people)]
    assert json.loads(out.read_text(encoding="utf-8"))["identities"] == 1


def test_a_device_that_is_not_there_is_one_sentence(capsys):
    assert evaluate.main(["--rendered", "--device", "toaster"]) == 2
    assert "The device is toaster, and PyTorch" in capsys.readouterr().err


def test_heads_that_cannot_be_rendered_are_one_sentence(model_file, tmp_path, capsys):
    options = ["--model", str(model_file), "--rendered", "--face-model", str(tmp_path / "no.npz")]
    assert evaluate.main(options) == 2
    assert "is not a face model" in capsys.readouterr().err


def test_without_a_face_mesh_its_measures_are_unavailable(tmp_path, model_file, monkeypatch):
    monkeypatch.setattr(clip_reenactment, "CHUNK", 1)
    video, out = tmp_path / "clips" / "two.mp4", tmp_path / "measures.json"
    video.parent.mkdir()
    portrait = read_image("docs/demo/portrait.jpg").rgb[:256, 96:352]
    with VideoWriter(video, Fraction(25)) as writer:
        writer.write(np.ascontiguousarray(portrait))
        writer.write(np.ascontiguousarray(portrait))
    frames = tmp_path / "frames"
    options = ["--model", str(model_file), "--clips", str(video.parent), "--every", "1"]
    options += ["--size", "64", "--frames", str(frames), "--json", str(out)]
    monkeypatch.setattr(evaluation_command, "mesh_python", lambda _: None)
    assert evaluate.main(options) == 0
    measures = json.loads(out.read_text(encoding="utf-8"))
    assert measures["clips"] == 1
    assert measures["clips_moving"] == 0
    assert measures["clips_psnr_gain_db"] is None
    assert measures["clips_eye_r"].startswith("unavailable (needs mediapipe")
    assert [row["clip"] for row in measures["clip_rows"]] == ["two.mp4"]
    assert (frames / "two.mp4.npz").is_file()


@pytest.mark.parametrize("count", ["0", "-3", "two"])
def test_every_which_frame_must_be_a_number(count, capsys):
    with pytest.raises(SystemExit):
        evaluate.main(["--clips", "x", f"--every={count}"])
    assert "a whole number from 1 up is expected" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("option", "message"),
    [
        ("--size=0", "--size is 0; a whole number from 16 up is expected. The nearest is 16."),
        ("--layout=films", "one of talkinghead-1kh, vfhq, videos is expected."),
        ("--motion=relativ", "Did you mean 'relative'?"),
        ("--sources=0", "a whole number from 1 up is expected"),
    ],
)
def test_an_option_out_of_its_range_is_refused(option, message, capsys):
    with pytest.raises(SystemExit, match="2"):
        evaluate.main(["--clips", "x", option])
    assert message in capsys.readouterr().err
