"""What is said, once, where a machine draws fewer pictures than come."""

from liveportrait_core.cli.live_pace import LOOKED_AT_S, Pace
from liveportrait_core.sessions.loop import LiveRate


def said(pace, *, drawn_fps, coming_fps, seconds=12, longest_px=480, warm_up=0):
    """The texts of so many seconds of pictures."""
    texts, count = [], int(seconds * drawn_fps)
    for number in range(count):
        now_s = number / drawn_fps
        dropped = warm_up + int(now_s * (coming_fps - drawn_fps)) if number else 0
        rate = LiveRate(fps=drawn_fps, p50_ms=1, p95_ms=1, num_dropped=dropped)
        if pace.is_slow(rate, now_s):
            texts.append((now_s, pace.text(rate, now_s, longest_px)))
    return texts


def test_a_slow_machine_is_told_once_what_helps():
    ((now_s, text),) = said(Pace(pastes=True, has_rate=True), drawn_fps=7, coming_fps=30)
    assert LOOKED_AT_S <= now_s < LOOKED_AT_S + 1
    assert text.startswith("About 30 frames a second come and 7.0 are drawn")
    assert "--fps 7" in text
    assert "pixels" not in text
    large = said(Pace(pastes=True, has_rate=False), drawn_fps=7, coming_fps=30, longest_px=1920)
    assert "a portrait of 720 pixels at most, --no-paste-back" in large[0][1]
    assert "--fps" not in large[0][1]


def test_one_that_keeps_up_is_told_nothing():
    pace = Pace(pastes=True, has_rate=True)
    assert said(pace, drawn_fps=15, coming_fps=15) == []
    # what is left out while the first pictures are drawn does not count
    assert said(Pace(pastes=True, has_rate=True), drawn_fps=15, coming_fps=15, warm_up=40) == []
