from fractions import Fraction

from liveportrait_core.media.window import VideoClock, Window

MP4 = VideoClock(fps=Fraction(25), tick_s=Fraction(1, 12800))  # 512 ticks a frame
MATROSKA = VideoClock(fps=Fraction(30000, 1001), tick_s=Fraction(1, 1000))  # frames at 0, 33, 67 ms


def first(clock, start_s):
    return clock.window(Fraction(start_s), None).first


def test_a_window_holds_the_frames_that_are_due_in_it():
    # Frames 7 and 8 are due at 0.28 and 0.32 s, frame 9 at 0.36.
    assert MP4.window(Fraction("0.28"), Fraction("0.08")) == Window(7, 9)
    assert MP4.window(Fraction("0.25"), Fraction("0.08")) == Window(7, 9)
    assert MP4.window(Fraction("0.29"), Fraction("0.08")) == Window(8, 10)
    assert MP4.window(Fraction(0), None) == Window(0, None)


def test_times_that_were_computed_in_floats_find_their_frame():
    for frame in range(200):
        for clock in (MP4, MATROSKA):
            start = Fraction(frame / float(clock.fps))
            assert clock.window(start, Fraction(1 / float(clock.fps))) == Window(frame, frame + 1)
    # AVI: a tick is a frame, and 0.36 in floats is a hair less than nine of them.
    assert first(VideoClock(fps=Fraction(25), tick_s=Fraction(1, 25)), Fraction(0.36)) == 9


def test_a_time_is_cut_to_ticks():
    assert first(MATROSKA, Fraction("0.067")) == 2
    assert first(MATROSKA, Fraction("0.0679")) == 2
    assert first(MATROSKA, Fraction("0.068")) == 3


def test_sound_that_begins_first_is_where_time_begins():
    # By the file's time the frames come at 0.021, 0.061, 0.101 s.
    late = VideoClock(fps=Fraction(25), tick_s=Fraction(1, 1000), lead_s=Fraction("0.021"))
    assert [first(late, Fraction(ms, 1000)) for ms in (0, 21, 22, 61, 62)] == [0, 0, 1, 1, 2]


def test_a_frame_is_cut_to_the_window():
    assert (Window(2, 5).cut(4), Window(2, 5).cut(9), Window(2).cut(9)) == (4, 5, 9)
