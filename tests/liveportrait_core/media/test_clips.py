"""Clips that go on after their end."""

from fractions import Fraction
from itertools import islice

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from liveportrait_core.media import clips
from liveportrait_core.media.clips import ExtendedClip, Frames
from liveportrait_core.motion.edit import extended_frames


def numbered(num_frames):
    frames = [np.full((2, 3, 3), index, np.uint8) for index in range(num_frames)]
    return Frames(frames, Fraction(30))


@given(
    length=st.integers(1, 9),
    more=st.integers(0, 30),
    how=st.sampled_from(["hold", "loop", "bounce"]),
    held=st.integers(1, 100),
)
def test_frames_go_on_as_a_motion_does(length, more, how, held):
    """Also where few frames may be held to play backwards."""
    clip = ExtendedClip(numbered(length), length, length + more, how)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(clips, "REVERSED_BYTES", held)
        for _ in range(2):  # more than once
            shown = [int(frame[0, 0, 0]) for frame in clip]
            assert shown == extended_frames(length, length + more, how).tolist()
    assert clip.fps == 30


@pytest.mark.parametrize(
    ("how", "frames"),
    [
        ("hold", [0, 1, 2, 2, 2, 2, 2]),
        ("loop", [0, 1, 2, 0, 1, 2, 0]),
        ("bounce", [0, 1, 2, 1, 0, 1, 2]),
    ],
)
def test_each_way_to_go_on(how, frames):
    assert torch.equal(extended_frames(3, 7, how), torch.tensor(frames))


def test_only_what_is_asked_for_is_read():
    clip = ExtendedClip(numbered(4), 4, 1000, "loop")
    assert len(list(islice(clip, 6))) == 6
