"""The newest frame is drawn, and what was left out or late is counted."""

from threading import Event, Thread
from types import SimpleNamespace

import numpy as np
import pytest

from liveportrait_core.errors import MediaError
from liveportrait_core.media.feeds import FeedFrame
from liveportrait_core.sessions.loop import LiveLoop, Newest, RateMeter


def frame(number):
    picture = np.full((2, 2, 3), number, np.uint8)
    return FeedFrame(picture=picture, time_s=float(number), taken_s=float(number))


class Session:
    """Gives the frame back."""

    def frame(self, picture, time_s, *, face_px=None):
        return SimpleNamespace(picture=picture, time_s=time_s, face_px=face_px)


def test_the_newest_wins_and_the_others_are_counted():
    place = Newest[int]()
    assert place.take(0.0) is None
    for number in range(5):
        place.put(number)
    assert place.take(1.0) == 4
    assert (place.num_dropped, place.is_over) == (4, False)
    place.put(5)
    place.close()
    assert not place.is_over
    assert place.take(1.0) == 5
    assert place.is_over
    assert place.take(9.0) is None  # at once


def test_a_thing_that_comes_wakes_who_waits():
    place, taken = Newest[str](), []
    waiting = Thread(target=lambda: taken.append(place.take(10.0)))
    waiting.start()
    place.put("here")
    waiting.join(5)
    assert taken == ["here"]


def test_rate_and_lateness_are_measured_over_the_last_pictures():
    meter = RateMeter()
    assert meter.rate().fps == meter.rate().p50_ms == 0
    for number in range(100):
        meter.add(number / 10, number / 10 + (0.2 if number % 10 == 0 else 0.05))
    rate = meter.rate(num_dropped=7)
    assert rate.fps == pytest.approx(10, rel=0.02)
    assert (rate.p50_ms, rate.p95_ms) == pytest.approx((50, 200))
    assert rate.num_dropped == 7


def test_a_slow_session_draws_the_newest_frame():
    drawn_first, all_came = Event(), Event()

    def feed():
        yield frame(0)
        drawn_first.wait(10)
        for number in range(1, 6):
            yield frame(number)
        all_came.set()

    loop, drawn = LiveLoop(Session(), feed(), clock=lambda: 7.0, face_px=9), []
    for made, shown in loop:
        drawn.append(made.picture[0, 0, 0])
        assert made.picture is shown.picture
        assert made.face_px == 9
        drawn_first.set()
        all_came.wait(10)
    assert drawn == [0, 5]
    assert loop.rate.num_dropped == 4
    assert loop.rate.p95_ms == 7000


def test_a_pause_lets_frames_go():
    loop = LiveLoop(Session(), iter([frame(0), frame(1)]))
    loop.is_paused = True
    assert list(loop) == []
    assert loop.rate.num_dropped == 0


def test_it_ends_when_it_is_told_to():
    def endless():
        number = 0
        while True:
            yield frame(number)
            number = (number + 1) % 200

    loop = LiveLoop(Session(), endless())
    for number, _ in enumerate(loop):
        if number == 3:
            loop.stop.set()
    assert number == 3


def test_a_feed_that_breaks_is_said():
    def broken():
        yield frame(0)
        raise MediaError("Camera 3 gives no frames any more.")

    with pytest.raises(MediaError, match="Camera 3"):
        list(LiveLoop(Session(), broken()))
