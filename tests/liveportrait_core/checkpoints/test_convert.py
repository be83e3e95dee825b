"""Our file -> published folder -> our file."""

from __future__ import annotations

import pytest
import torch
from safetensors.torch import load_file

from liveportrait_core import stages
from liveportrait_core.checkpoints.convert import convert
from liveportrait_core.errors import CheckpointError
from liveportrait_core.model import load_model, save_model
from tests.support.tiny import tiny_compact_model, tiny_published_model


def stored_bytes(path):
    """Type and bytes of every tensor in a file of ours."""
    return {
        key: (value.dtype, value.shape, value.flatten().view(torch.uint8).numpy().tobytes())
        for key, value in load_file(path).items()
    }


@pytest.mark.parametrize("make", [tiny_published_model, tiny_compact_model])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float16, torch.bfloat16])
def test_weights_come_back_bit_for_bit(make, dtype, tmp_path):
    ours, folder, back = tmp_path / "a.safetensors", tmp_path / "folder", tmp_path / "b.safetensors"
    save_model(make(), ours, dtype=dtype)
    convert(ours, folder)
    convert(folder, back)
    assert stored_bytes(back) == stored_bytes(ours)
    assert load_model(back).preset == load_model(ours).preset


@pytest.mark.parametrize("make", [tiny_published_model, tiny_compact_model])
def test_a_converted_model_paints_the_same_picture(make, tmp_path):
    model = make()
    save_model(model, tmp_path / "model.safetensors")
    convert(tmp_path / "model.safetensors", tmp_path / "folder")
    again = load_model(tmp_path / "folder")
    side = model.preset.face_size_px
    face = torch.rand(1, 3, side, side, generator=torch.Generator().manual_seed(0))

    def painted(net):
        with torch.no_grad():
            keypoints = stages.transform_keypoints(stages.extract_motion(net, face))
            volume = stages.extract_appearance(net, face)
            return stages.warp_decode(net, volume, keypoints, keypoints + 0.02)

    assert torch.equal(painted(again), painted(model))


def test_the_published_folder_has_the_published_names_and_keys(tmp_path):
    save_model(tiny_published_model(), tmp_path / "model.safetensors")
    convert(tmp_path / "model.safetensors", tmp_path / "folder")
    files = {
        str(path.relative_to(tmp_path / "folder"))
        for path in (tmp_path / "folder").rglob("*")
        if path.is_file()
    }
    assert files == {
        "base_models/appearance_feature_extractor.pth",
        "base_models/motion_extractor.pth",
        "base_models/spade_generator.pth",
        "base_models/warping_module.pth",
        "retargeting_models/stitching_retargeting_module.pth",
        "preset.json",
    }
    decoder = torch.load(tmp_path / "folder" / "base_models" / "spade_generator.pth")
    assert len(decoder) == 182
    weight, u, v = (decoder[f"up_0.conv_s.weight_{part}"] for part in ("orig", "u", "v"))
    assert u @ (weight.flatten(1) @ v) == 1


def test_a_folder_in_use_is_left_alone(tmp_path):
    save_model(tiny_compact_model(), tmp_path / "model.safetensors")
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "mine.txt").write_text("mine")
    with pytest.raises(CheckpointError, match="is not empty"):
        convert(tmp_path / "model.safetensors", folder)
    assert [path.name for path in folder.iterdir()] == ["mine.txt"]


def test_a_single_pth_is_no_target(tmp_path):
    with pytest.raises(CheckpointError, match=r"ends in \.pth"):
        convert("default", tmp_path / "model.pth")
