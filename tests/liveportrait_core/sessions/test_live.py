"""What a live session makes of the frames of its driver, by the motion that it asks for."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from liveportrait_core.motion.reference import frame_of
from liveportrait_core.options import AnimateOptions, DrivingOptions
from liveportrait_core.sessions import live
from liveportrait_core.sessions.live import LiveSession
from liveportrait_core.sessions.live_options import LiveOptions
from liveportrait_core.sessions.portrait import PortraitSession
from tests.support.blobs import face_frame
from tests.support.squares import PLAIN, square_tracker, walk

from .scripted import FRAME_S, scripted_reader, turned, yaws

STILL = face_frame((50, 30, 60))
PICTURE = np.zeros((8, 8, 3), np.uint8)
ROUGH = LiveOptions(smoothing=False)


@pytest.fixture(scope="module")
def portrait(model):
    return PortraitSession(model, STILL, PLAIN, source_faces=square_tracker())


@pytest.fixture
def session(portrait, monkeypatch):
    def made(*frames, options=ROUGH, of=portrait):
        monkeypatch.setattr(live, "FaceReader", scripted_reader(*frames))
        return LiveSession(of, options)

    return made


def run(session, num_frames, *, step_s=FRAME_S, start_s=100.0):
    return [session.frame(PICTURE, start_s + k * step_s) for k in range(num_frames)]


def motions(frames):
    return [frame.motion for frame in frames]


def test_motion_is_measured_from_the_first_frame_that_faces_the_camera(session):
    frames = run(session(turned(30), turned(5), turned(9), turned(-4)), 4)
    assert yaws(motions(frames)) == [0, 0, 4, -9]
    assert {frame.state for frame in frames} == {"following"}


def test_the_picture_is_that_of_the_same_motion(session, portrait):
    frames = run(session(turned(0), turned(8)), 2)
    expected = portrait.frame(frame_of(frames[1].motion, 0)).picture
    np.testing.assert_array_equal(frames[1].picture, expected)


def test_after_a_second_the_best_frame_of_it_is_neutral(session):
    script = [turned(11)] + [turned(0)] * 19
    frames = run(session(*script), 20)
    # the head's usual direction is 0, so 11 degrees are near it and the first frame stays
    assert yaws(motions(frames))[-1] == -11
    script = [turned(30)] + [turned(25)] * 8 + [turned(24)] * 11
    frames = run(session(*script), 20)
    assert yaws(motions(frames))[:10] == [0] * 10  # none faces the camera: it stays at rest
    assert abs(yaws(motions(frames))[-1]) <= 6


def test_neutral_is_captured_on_request_and_eased(session):
    live_session = session(*[turned(0)] * 12, *[turned(10)] * 12)
    run(live_session, 13)
    live_session.capture_neutral()
    after = yaws(motions(run(live_session, 8, start_s=101.3)))
    assert after[0] == 10
    assert after == sorted(after, reverse=True)
    assert after[4:] == [0] * 4


def test_a_lost_face_is_held_then_goes_to_rest_and_comes_back(session):
    script = [turned(0), turned(8)] + [None] * 20 + [turned(8)] * 5
    frames = run(session(*script), 27)
    states = [frame.state for frame in frames]
    assert states == ["following"] * 2 + ["held"] * 5 + ["resting"] * 15 + ["following"] * 5
    angles = yaws(motions(frames))
    assert angles[2:7] == [8] * 5
    resting = angles[7:22]
    assert resting == sorted(resting, reverse=True)
    assert resting[-1] == 0
    assert angles[22:] == sorted(angles[22:])
    assert 0 < angles[22] < 8 == angles[-1]
    assert max(abs(b - a) for a, b in pairwise(angles[6:])) < 3


def test_without_a_face_the_portrait_rests(session):
    frames = run(session(None, None), 2)
    assert [frame.state for frame in frames] == ["waiting"] * 2
    assert yaws(motions(frames)) == [0, 0]


def test_a_new_shot_has_its_own_neutral_frame(session):
    frames = run(session(turned(0), turned(8), "cut", turned(-9), turned(-7)), 4)
    assert yaws(motions(frames)) == [0, 8, 0, 2]


def test_smoothing_goes_by_the_time_that_passed(session):
    script = [turned(0)] * 3 + [turned(1)] * 3
    slow = yaws(motions(run(session(*script, options=LiveOptions()), 6, step_s=0.5)))
    fast = yaws(motions(run(session(*script, options=LiveOptions()), 6, step_s=0.02)))
    assert 0 < fast[3] < slow[3] < 1


def test_frames_at_one_time_do_no_harm(session):
    frames = run(session(*[turned(k) for k in range(4)], options=LiveOptions()), 4, step_s=0)
    assert all(np.isfinite(yaws(motions(frames))))


def test_strength_multiplies_and_0_gives_the_source(session, portrait):
    still = portrait.frame(frame_of(turned(0).describe(reference=turned(0)), 0)).picture
    for strength in (0, 1, 2):
        live_session = session(turned(0), turned(9), options=replace(ROUGH, strength=strength))
        *_, last = run(live_session, 2)
        assert np.array_equal(last.picture, still) == (strength == 0)


def test_reset_begins_anew(session):
    live_session = session(turned(0), turned(9))
    first = run(live_session, 2)
    live_session.reset()
    again = run(live_session, 2, start_s=7.0)
    for frame, other in zip(first, again, strict=True):
        np.testing.assert_array_equal(frame.picture, other.picture)


def test_far_motion_is_softened_without_a_word(session, model, caplog):
    portrait = PortraitSession(model, STILL, source_faces=square_tracker())
    script = turned(0), turned(0, shift=0.15), turned(0, shift=0.5)
    live_session = session(*script, of=portrait)
    near, far = (
        portrait.keypoints(frame.motion).motion.translation[0, 0].item()
        for frame in run(live_session, 3)[1:]
    )
    rest = portrait.motion.translation[0, 0].item()
    limit = portrait.model.preset.limits.still_translation
    assert near - rest < far - rest < limit  # it stays out there, and does not come back
    assert not caplog.records


def test_a_source_clip_plays_round_and_round(session, model):
    clip = PortraitSession(model, walk(4, fps=10), PLAIN, source_faces=square_tracker())
    frames = run(session(*[turned(0)] * 6, of=clip), 6)
    assert [frame.rendered.index for frame in frames] == [0, 1, 2, 3, 0, 1]


def test_the_face_alone_comes_at_its_side(session):
    made = session(turned(0)).frame(PICTURE, 0.0, face_px=32)
    assert made.picture.shape == (32, 32, 3)


def test_an_opening_that_the_driver_lacks_is_named(session, model):
    options = AnimateOptions(driving=DrivingOptions(stitch=False, eyes_open="driver"))
    portrait = PortraitSession(model, STILL, options, source_faces=square_tracker())
    with pytest.raises(ValueError, match="carries no eyes_open"):
        session(turned(0), of=portrait).frame(PICTURE, 0.0)
