import numpy as np

from liveportrait_core.face.recent_frames import RecentFrames

NOISE = np.random.default_rng(0).integers(0, 256, (10, 48, 64, 3), np.uint8)

FRAME_BYTES = 10_000
"""A little more than one of them takes: JPEG cannot make noise smaller than its 9,216 bytes."""


def numbers(recent):
    return [number for number, _ in recent.backwards()]


def kept(num_frames, **bounds):
    recent = RecentFrames(**bounds)
    for number, frame in enumerate(NOISE[:num_frames]):
        recent.append(number, frame)
    return recent


def test_the_last_frames_come_back_backwards():
    recent = kept(5, max_frames=3)
    assert numbers(recent) == [4, 3, 2]
    for number, frame in recent.backwards():
        assert np.abs(frame.astype(int) - NOISE[number]).mean() < 4  # of 255, noise is the worst


def test_frames_take_no_more_than_they_may():
    assert numbers(kept(10, max_frames=40, max_bytes=2 * FRAME_BYTES)) == [9, 8]
    assert numbers(kept(10, max_frames=40, max_bytes=1)) == []


def test_what_is_forgotten_takes_no_bytes():
    recent = kept(2, max_frames=40, max_bytes=2 * FRAME_BYTES)
    for _ in range(3):
        recent.clear()
        recent.append(0, NOISE[0])
        recent.append(1, NOISE[1])
        assert numbers(recent) == [1, 0]
