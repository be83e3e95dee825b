"""What the library offers by name, and how much room its painting takes."""

from dataclasses import replace

import pytest

import liveportrait_core
from liveportrait_core.animation.batching import ChunkSize, memory_estimate
from liveportrait_core.preset import PAPER
from tests.support.tiny import TINY_COMPACT, tiny_compact_model


def test_every_public_name_can_be_had():
    missing = [name for name in liveportrait_core.__all__ if not hasattr(liveportrait_core, name)]
    assert not missing
    assert set(liveportrait_core.__all__) <= set(dir(liveportrait_core))


def test_a_name_that_is_not_there_is_an_attribute_error():
    with pytest.raises(AttributeError, match="has no attribute 'frobnicate'"):
        _ = liveportrait_core.frobnicate


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
