"""What the library offers by name, and how much room its painting takes."""

from dataclasses import replace

import pytest
import torch

import liveportrait_core
from liveportrait_core.animation.batching import ChunkSize, memory_estimate
from liveportrait_core.motion.types import Motion
from liveportrait_core.preset import PAPER
from tests.support.tiny import TINY_COMPACT, tiny_compact_model


def test_every_public_name_can_be_had():
    missing = [name for name in liveportrait_core.__all__ if not hasattr(liveportrait_core, name)]
    assert not missing
    assert set(dir(liveportrait_core)) == {*liveportrait_core.__all__, "__version__"}


def test_a_name_that_is_not_there_is_an_attribute_error():
    with pytest.raises(AttributeError, match="has no attribute 'frobnicate'"):
        _ = liveportrait_core.frobnicate


def test_a_motion_and_a_model_are_shown_in_a_line():
    model = tiny_compact_model(TINY_COMPACT)
    volume = torch.zeros(2, 21, 3)
    motion = Motion.from_degrees(
        pose_deg=torch.zeros(2, 3),
        expression=volume,
        scale=torch.ones(2, 1),
        translation=torch.zeros(2, 3),
    )
    assert repr(motion) == (
        "Motion(num_frames=2, fps=25, space='liveportrait-human-21', producer='')"
    )
    assert repr(model) == (
        f"LivePortraitModel({TINY_COMPACT.name}: appearance, motion, warping, decoder, stitching, "
        "eyes, lip; from seed 0)"
    )


def test_room_is_estimated_for_a_chunk_of_frames():
    model = tiny_compact_model(TINY_COMPACT)
    # 110 bytes for each pixel of 512 x 512, a chunk of two on a processor
    assert memory_estimate(model, 1) == 110 * 512 * 512
    assert memory_estimate(model) == ChunkSize.for_device(model.device).num_frames * 110 * 512 * 512
    paper = replace(model, preset=PAPER)
    assert memory_estimate(paper, 3) == 3 * 1500 * 512 * 512  # 393 MB a frame


@pytest.mark.parametrize("name", sorted({*liveportrait_core.__all__} - {"Pixels"}))
def test_a_public_name_shows_a_line_of_use(name):
    about = getattr(liveportrait_core, name).__doc__
    assert about.count("`") >= 2, name
