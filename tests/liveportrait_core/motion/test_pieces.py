"""Long motions, made some frames at a time."""

from dataclasses import replace

import pytest
import torch

from liveportrait_core.constants import COMPACT_SPACE
from liveportrait_core.motion import pieces
from liveportrait_core.motion.layers import layer_motions
from liveportrait_core.motion.life import idle_motion
from liveportrait_core.motion.life_options import IdleOptions
from liveportrait_core.motion.pieces import in_pieces
from liveportrait_core.motion.reference import own_reference
from liveportrait_core.motion.tool_options import LayerOptions
from liveportrait_core.motion.types import tensor_fields
from tests.support.motions import random_motion

FRAMES = 10


def same(one, other):
    for name in tensor_fields():
        first, second = getattr(one, name), getattr(other, name)
        assert (first is None) == (second is None), name
        if first is not None:
            torch.testing.assert_close(first, second, atol=1e-4, rtol=1e-5, msg=name)
    plain = {name: None for name in (*tensor_fields(), "reference")}
    assert replace(one, **plain) == replace(other, **plain)


@pytest.mark.parametrize("size", [1, 3, 5, FRAMES])
def test_pieces_are_joined_in_their_order(monkeypatch, size):
    monkeypatch.setattr(pieces, "PIECE", size)
    motion, asked = random_motion(1, FRAMES, COMPACT_SPACE), []

    def some(frames):
        asked.append(frames.stop - frames.start)
        return motion[frames]

    same(in_pieces(some, FRAMES), motion)
    assert sum(asked) == FRAMES
    assert max(asked) == size


@pytest.mark.parametrize("options", [{"how": "add"}, {"region": "eyes", "strength": 0.4}])
@pytest.mark.parametrize("shots", [False, True])
def test_a_layer_is_the_same_in_pieces(monkeypatch, options, shots):
    base, over = (random_motion(seed, FRAMES, COMPACT_SPACE) for seed in (1, 2))
    if shots:
        shot = torch.arange(FRAMES) // 4
        base = base.describe(shot=shot, reference=own_reference(base)[torch.zeros(3).long()])
    whole = layer_motions(base, over, LayerOptions(**options))
    monkeypatch.setattr(pieces, "PIECE", 3)
    same(layer_motions(base, over, LayerOptions(**options)), whole)


def test_idle_motion_is_the_same_in_pieces(monkeypatch):
    whole = idle_motion(COMPACT_SPACE, IdleOptions(duration=2))
    monkeypatch.setattr(pieces, "PIECE", 7)
    same(idle_motion(COMPACT_SPACE, IdleOptions(duration=2)), whole)


def test_what_is_the_same_in_all_frames_is_held_once_and_what_differs_is_not(monkeypatch):
    monkeypatch.setattr(pieces, "PIECE", 4)
    motion = random_motion(1, FRAMES, COMPACT_SPACE)
    held = in_pieces(lambda frames: motion[frames], FRAMES)
    assert held.canonical.stride(0) == 0
    same(held, motion)
    other = random_motion(2, FRAMES, COMPACT_SPACE)
    mixed = in_pieces(lambda frames: (other if frames.start else motion)[frames], FRAMES)
    assert torch.equal(mixed.canonical[:4], motion.canonical[:4])
    assert torch.equal(mixed.canonical[4:], other.canonical[4:])
