import threading
from fractions import Fraction

import numpy as np
import pytest

from liveportrait_core.media.clips import Frames
from liveportrait_core.media.streamed import StreamedClip, streamed
from liveportrait_core.media.video import VideoReader

from .clips import make_clip


class CountedFrames:
    """Frames that are made anew in each pass, and how often that was."""

    def __init__(self, count, num_frames=None):
        self.num_frames = count if num_frames is None else num_frames
        self.fps, self.passes, self._count = Fraction(25), 0, count
        self.fingerprint = "counted"
        self.height, self.width = 10, 20

    def __iter__(self):
        self.passes += 1
        return (np.full((10, 20, 3), number, np.uint8) for number in range(self._count))


FRAME_BYTES = 600


@pytest.mark.parametrize(("held_frames", "passes"), [(5, 1), (4, 3)], ids=["fits", "does not fit"])
def test_a_clip_that_fits_is_decoded_once(held_frames, passes):
    clip = CountedFrames(5)
    held = StreamedClip(clip, 2, held_frames * FRAME_BYTES)
    for _ in range(3):
        assert [int(frame[0, 0, 0]) for frame in held] == list(range(5))
    assert clip.passes == passes


def test_an_iteration_that_is_broken_off_keeps_nothing():
    clip = CountedFrames(5)
    held = StreamedClip(clip, 2)
    next(iter(held))
    assert len(list(held)) == len(list(held)) == 5
    assert clip.passes == 2
    assert not [one for one in threading.enumerate() if one.name.startswith("liveportrait")]


@pytest.mark.parametrize("said", [0, 3, 8])
def test_a_clip_with_another_length_than_it_says_is_whole(said):
    clip = CountedFrames(5, said)
    held = StreamedClip(clip, 2, 4 * FRAME_BYTES)
    for _ in range(2):
        assert len(list(held)) == 5
    assert clip.passes == 2


def test_it_says_of_itself_what_the_clip_says(tmp_path):
    reader = VideoReader(make_clip(tmp_path / "clip.mp4", 4))
    clip = streamed(reader, 3)
    assert isinstance(clip, StreamedClip)
    for name in ("fps", "num_frames", "height", "width", "fingerprint"):
        assert getattr(clip, name) == getattr(reader, name)
    np.testing.assert_array_equal(list(clip), list(reader))


def test_frames_that_are_there_and_clips_that_may_change_stay_as_they_are():
    frames = Frames([np.zeros((4, 4, 3), np.uint8)])
    assert streamed(frames, 2) is frames
    changing = CountedFrames(2)
    del changing.fingerprint
    assert streamed(changing, 2) is changing
    once = streamed(CountedFrames(2), 2)
    assert streamed(once, 2) is once
