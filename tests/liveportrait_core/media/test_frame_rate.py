"""Recordings without a frame rate, as browsers write them."""

from fractions import Fraction

import numpy as np
import pytest

from liveportrait_core.media.video import VideoReader
from tests.liveportrait_core.media.clips import NTSC, index_of, make_clip

MS = Fraction(1, 1000)


def recording(path, times_ms):
    """WebM whose pictures have times of whole milliseconds, and no length."""
    times = [time * MS for time in times_ms]
    make_clip(path, len(times), times=times, codec="libvpx", fps=Fraction(30))
    content = bytearray(path.read_bytes())
    start = content.find(b"\x23\xe3\x83")  # DefaultDuration
    if start >= 0:
        size = content[start + 3] & 0x7F
        content[start : start + 4 + size] = bytes([0xEC, 0x80 | (2 + size)]) + bytes(2 + size)
        path.write_bytes(content)
    return path


def times_of(steps):
    times = [0]
    for step in steps:
        times.append(times[-1] + step)
    return times


@pytest.mark.parametrize("num_frames", [8, 50])
def test_a_browser_recording_gets_the_median_step_of_its_times(tmp_path, num_frames):
    draw = np.random.default_rng(3)
    times = times_of(int(draw.choice([30, 31, 32, 33, 34])) for _ in range(num_frames - 1))
    video = VideoReader(recording(tmp_path / "a.webm", times))
    assert 29 <= video.fps <= 34
    frames = list(video)
    assert abs(len(frames) - num_frames) <= 2
    assert abs(len(frames) / video.fps - times[-1] * MS) <= Fraction(1, 10)


def test_an_uneven_recording_keeps_its_seconds(tmp_path):
    draw = np.random.default_rng(1)
    times = times_of(int(draw.choice([16, 17, 33, 50, 29, 41])) for _ in range(59))
    video = VideoReader(recording(tmp_path / "a.webm", times))
    assert 24 <= video.fps <= 40
    frames = list(video)
    assert abs(len(frames) / video.fps - times[-1] * MS) <= Fraction(1, 10)
    shown = [index_of(frame) for frame in frames[: 28 * 2 // 3]]  # the marks repeat after 28
    assert shown == sorted(shown)


def test_an_even_recording_gives_each_picture_once(tmp_path):
    times = [round(number * 1000 / 30) for number in range(28)]  # 33, 34 and 33 ms apart
    video = VideoReader(recording(tmp_path / "a.webm", times))
    assert abs(video.fps - 30) <= Fraction(1, 10)
    assert [index_of(frame) for frame in video] == list(range(28))


def test_a_pause_does_not_slow_a_recording_down(tmp_path):
    times = times_of([40] * 6 + [2000] + [40] * 6)
    video = VideoReader(recording(tmp_path / "a.webm", times))
    assert video.fps == 25
    assert abs(len(list(video)) - (2480 / 40 + 1)) <= 1


def test_a_rate_above_240_is_never_invented(tmp_path):
    times = times_of([1, 1, 1, 100] * 8)
    video = VideoReader(recording(tmp_path / "a.webm", times))
    assert video.fps <= 240
    assert abs(len(list(video)) / video.fps - Fraction(824, 1000)) <= Fraction(1, 10)


@pytest.mark.parametrize("fps", [Fraction(25), NTSC, Fraction(60), Fraction(480)])
@pytest.mark.parametrize("name", ["a.mp4", "a.mkv"])
def test_a_stated_rate_is_kept(tmp_path, fps, name):
    assert VideoReader(make_clip(tmp_path / name, 24, fps=fps)).fps == fps
