"""Feeds by a clock that only they move on; the camera and the screen are stand-ins."""

from fractions import Fraction
from itertools import islice

import cv2
import numpy as np
import pytest
from PIL import Image, ImageGrab

from liveportrait_core.errors import MediaError
from liveportrait_core.media.clips import Frames
from liveportrait_core.media.feeds import FAILED_READS, camera_feed, film_feed, screen_feed
from liveportrait_core.media.virtual_camera import VirtualCamera


class Time:
    """A clock that moves on when somebody sleeps."""

    def __init__(self):
        self.now_s = 50.0

    def clock(self):
        return self.now_s

    def sleep(self, seconds):
        assert seconds >= 0
        self.now_s += seconds


@pytest.fixture
def time():
    return Time()


def pictures(number):
    return [np.full((4, 6, 3), k, np.uint8) for k in range(number)]


def test_a_film_comes_in_real_time(time):
    clip = Frames(pictures(3), Fraction(10))
    feed = film_feed(clip, clock=time.clock, sleep=time.sleep)
    found = []
    for frame in feed:
        found.append((int(frame.picture[0, 0, 0]), frame.time_s, frame.taken_s, time.now_s))
        time.now_s += 0.15 if len(found) == 1 else 0  # who takes it is slow
    assert [number for number, *_ in found] == [0, 1, 2]
    times = [time for _, *times in found for time in times]
    assert times == pytest.approx([0, 50, 50, 0.1, 50.1, 50.15, 0.2, 50.2, 50.2])


def test_a_film_that_is_played_again_goes_on_in_time(time):
    clip = Frames(pictures(2), Fraction(10))
    feed = film_feed(clip, loops=True, clock=time.clock, sleep=time.sleep)
    assert [frame.time_s for frame in islice(feed, 5)] == pytest.approx([0, 0.1, 0.2, 0.3, 0.4])


class Camera:
    """What OpenCV gives: BGR, and sometimes nothing."""

    is_there = True

    def __init__(self, number):
        self.number, self.is_released = number, False
        self.frames = [None, np.array([[[1, 2, 3]]], np.uint8), None, np.zeros((1, 1, 3), np.uint8)]
        Camera.last = self

    def isOpened(self):  # noqa: N802 - OpenCV's name
        return self.is_there

    def set(self, *_):
        return True

    def read(self):
        frame = self.frames.pop(0) if self.frames else None
        return frame is not None, frame

    def release(self):
        self.is_released = True


def test_a_camera_gives_rgb_until_it_is_gone(time, monkeypatch):
    monkeypatch.setattr(cv2, "VideoCapture", Camera)
    feed = camera_feed(2, clock=time.clock, sleep=time.sleep)
    frame = next(feed)
    assert frame.picture.tolist() == [[[3, 2, 1]]]
    assert frame.taken_s == frame.time_s == pytest.approx(50.03)
    next(feed)
    with pytest.raises(MediaError, match="Camera 2 gives no frames any more"):
        next(feed)
    assert time.now_s == pytest.approx(50 + 0.03 * (2 + FAILED_READS))
    assert Camera.last.is_released


def test_a_camera_that_is_not_there_is_named(monkeypatch):
    monkeypatch.setattr(cv2, "VideoCapture", Camera)
    monkeypatch.setattr(Camera, "is_there", False)
    with pytest.raises(MediaError, match="Camera 0 cannot be opened"):
        next(camera_feed(0))


def test_the_screen_comes_as_often_as_asked(time, monkeypatch):
    boxes = []

    def grab(bbox):
        boxes.append(bbox)
        return Image.new("RGBA", (bbox[2] - bbox[0], bbox[3] - bbox[1]), (9, 8, 7, 255))

    monkeypatch.setattr(ImageGrab, "grab", grab)
    feed = screen_feed((10, 20, 40, 30), Fraction(20), clock=time.clock, sleep=time.sleep)
    frames = list(islice(feed, 3))
    assert boxes == [(10, 20, 50, 50)] * 3
    assert [frame.taken_s for frame in frames] == pytest.approx([50, 50.05, 50.1])
    assert frames[0].picture.shape == (30, 40, 3)
    assert frames[0].picture[0, 0].tolist() == [9, 8, 7]


def test_a_screen_that_cannot_be_read_is_named(monkeypatch):
    def grab(bbox):
        raise OSError("X connection failed")

    monkeypatch.setattr(ImageGrab, "grab", grab)
    with pytest.raises(MediaError, match=r"screen cannot be read \(X connection failed\)"):
        next(screen_feed((0, 0, 40, 30), Fraction(20)))


def test_a_virtual_camera_is_a_device(tmp_path):
    with pytest.raises(MediaError, match=r"no video device.*v4l2loopback"):
        VirtualCamera(tmp_path / "video10")
    with (
        pytest.raises(MediaError, match="/dev/null takes no pictures"),
        VirtualCamera("/dev/null") as camera,
    ):
        camera.show(np.zeros((5, 7, 3), np.uint8))
