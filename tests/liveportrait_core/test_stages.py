"""What the verbs refuse: shapes that are none of the model's."""

import re
from dataclasses import replace

import pytest
import torch

from liveportrait_core.preset import COMPACT
from liveportrait_core.stages import decode, extract_appearance, warp, warp_decode
from tests.support.tiny import tiny_compact_model, tiny_published_model
from train.models.runs import compact_model


def volume_of(model, count=1):
    size = model.preset.face_size_px
    return extract_appearance(model, torch.rand(count, 3, size, size))


def points(count=1):
    return torch.rand(count, 21, 3)


@pytest.fixture(params=["compact", "relief", "published"])
def model(request, model):
    if request.param == "published":
        return tiny_published_model()
    if request.param == "relief":
        tiny = replace(COMPACT, width=1 / 8, face_size_px=128, output_size_px=128, depth_probes=3)
        return tiny_compact_model(tiny)
    return model


@torch.inference_mode()
def test_what_the_model_gives_is_taken(model):
    size = model.preset.output_size_px
    assert warp_decode(model, volume_of(model, 2), points(2), points(2)).shape == (2, 3, size, size)


@torch.inference_mode()
def test_a_volume_of_another_shape_is_one_sentence(model):
    volume = volume_of(model)
    shape = ", ".join(map(str, volume.shape[1:]))
    for wrong in (volume[:, :-1], volume[0], volume[..., :16, :16]):
        with pytest.raises(ValueError, match=re.escape(f"takes (B, {shape}). Give what")):
            warp_decode(model, wrong, points(), points())


@torch.inference_mode()
def test_keypoints_of_another_shape_or_number_are_one_sentence(model):
    volume = volume_of(model)
    with pytest.raises(ValueError, match=r"driving keypoints came in shape \(1, 20, 3\)"):
        warp(model, volume, points(), points()[:, :20])
    with pytest.raises(ValueError, match=r"of 1, the source keypoints of 1 and the .* of 4 faces"):
        warp(model, volume, points(), points(4))


@torch.inference_mode()
def test_only_what_this_model_warped_is_decoded(model):
    volume = volume_of(model)
    with pytest.raises(TypeError, match="Tensor came where the result of warp"):
        decode(model, volume)
    compact = model.preset.family == "compact"
    other = tiny_published_model() if compact else tiny_compact_model()
    warped = warp(other, volume_of(other), points(), points())
    with pytest.raises(ValueError, match="Warp and decode with one model"):
        decode(model, warped)


@torch.inference_mode()
def test_a_model_that_training_puts_together_takes_its_own_volume(model):
    if model.preset.family == "compact":
        model = compact_model(model.modules(), model.preset.face_size_px)
        assert warp_decode(model, volume_of(model), points(), points()).isfinite().all()
