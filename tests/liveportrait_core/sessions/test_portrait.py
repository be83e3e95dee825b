"""A session gives what `animate` gives, and does what concerns the source once."""

import logging
from dataclasses import replace
from threading import Thread

import numpy as np
import pytest
import torch

from liveportrait_core.errors import FaceNotFoundError, MotionSpaceError
from liveportrait_core.motion.life import idle_motion
from liveportrait_core.motion.life_options import IdleOptions
from liveportrait_core.motion.reference import frame_of
from liveportrait_core.motion.slider_options import Sliders
from liveportrait_core.options import DrivingOptions, Edit, FaceOptions, Framing
from liveportrait_core.pipeline import animate
from liveportrait_core.sessions import portrait
from liveportrait_core.sessions.portrait import PortraitSession
from tests.support.blobs import face_frame
from tests.support.squares import PLAIN, square_tracker, walk

STILL = face_frame((50, 30, 60))
CROPPED = replace(PLAIN, source_framing=Framing(already_cropped=True))


@pytest.fixture(scope="module")
def motion(model):
    return idle_motion(model.preset.space, IdleOptions(duration=1))[:12]


def session_of(model, source=STILL, options=PLAIN, **more):
    return PortraitSession(model, source, options, source_faces=square_tracker(), **more)


def animated(model, source, driving, options=PLAIN):
    with torch.inference_mode():
        return list(animate(model, source, driving, options, source_faces=square_tracker()))


@pytest.mark.parametrize(
    "options",
    [
        PLAIN,
        CROPPED,
        replace(PLAIN, paste_back=False),
        replace(PLAIN, driving=DrivingOptions(stitch=False, gain=1.5, region="eyes")),
        replace(PLAIN, driving=DrivingOptions(stitch=False, compat="published")),
    ],
)
def test_a_frame_has_the_bits_of_animate(model, motion, options):
    session = session_of(model, options=options)
    for index in (3, 7):
        one = frame_of(motion, index)
        (expected,) = animated(model, STILL, one, options)
        np.testing.assert_array_equal(session.frame(one).picture, expected)
        np.testing.assert_array_equal(session.frame(motion, index=index).picture, expected)


def test_an_edit_has_the_bits_of_animate(model):
    edit = Edit(sliders=Sliders(smile=0.8, yaw_deg=9), stitch=False)
    (expected,) = animated(model, STILL, edit)
    np.testing.assert_array_equal(session_of(model).frame(edit).picture, expected)


def test_one_frame_is_measured_from_where_its_motion_is(motion):
    driver = motion.describe(reference=None, reference_frame=2, shot=torch.arange(12) // 6)
    one = frame_of(driver, 8)
    assert one.shot is None
    torch.testing.assert_close(one.reference.expression, driver.expression[2:3])
    shots = driver.describe(reference=driver[torch.tensor([2, 9])].describe(shot=None))
    torch.testing.assert_close(frame_of(shots, 8).reference.expression, driver.expression[9:10])
    assert frame_of(driver[:1], 0).reference is None
    with pytest.raises(ValueError, match=r"Frame 12 of a motion of 12 frames.*0 to 11"):
        frame_of(driver, 12)


def test_a_source_clip_is_moved_frame_by_frame_in_any_order(model, motion):
    options = replace(PLAIN, chunk=1)
    clip, one = walk(8), frame_of(motion, 5)
    expected = animated(model, clip, one, options)
    session = session_of(model, clip, options)
    assert (len(session), session.is_video) == (8, True)
    for index in (0, 6, 2, 2, 7):
        made = session.frame(one, source_index=index)
        assert made.index == index
        np.testing.assert_array_equal(made.picture, expected[index])


def test_the_face_alone_comes_at_its_side(model, motion):
    session = session_of(model)
    made = session.frame(motion, face_px=48)
    assert made.picture.shape == (48, 48, 3)
    assert made.source.shape == STILL.shape


def test_what_concerns_the_source_is_done_once(model, motion, monkeypatch):
    session = session_of(model)
    session.frame(motion)
    monkeypatch.setattr(portrait, "extract_appearance", None)
    monkeypatch.setattr(portrait, "crop_of", None)
    session.frame(motion, index=1)


def test_a_long_clip_keeps_few_frames(model, motion):
    session = session_of(model, walk(12))
    for index in range(12):
        session.frame(motion, source_index=index)
    assert len(session._shown) == portrait.KEPT_FRAMES


def test_a_face_too_large_to_keep_its_ground_is_pasted_all_the_same(model, motion, monkeypatch):
    expected = session_of(model).frame(motion, index=4).picture
    monkeypatch.setattr(portrait, "MOST_GROUND_PX", 10)
    session = session_of(model)
    np.testing.assert_array_equal(session.frame(motion, index=4).picture, expected)
    assert session._shown[0].ground is None


def test_a_result_is_the_callers_own(model, motion):
    session = session_of(model)
    session.frame(motion).picture[:] = 0
    assert session.frame(motion).picture.any()
    assert STILL.max() > 0


def test_threads_get_what_they_asked_for(model, motion):
    session = session_of(model, walk(6))
    expected = {k: session.frame(motion, index=k, source_index=k).picture for k in range(6)}
    found = {}

    def ask(k):
        found[k] = session.frame(motion, index=k, source_index=k).picture

    threads = [Thread(target=ask, args=(k,)) for k in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for k, picture in found.items():
        assert np.abs(picture.astype(int) - expected[k]).max() <= 1
    assert len(found) == 6


def test_frames_warn_of_nothing(model, motion, caplog):
    session = session_of(model, options=replace(PLAIN, driving=DrivingOptions(stitch=False)))
    far = motion.describe(translation=motion.translation + torch.tensor([2.0, 0, 0]))
    session.frame(far)
    assert not caplog.records
    logging.getLogger("liveportrait_core.animation.limits").warning("still heard elsewhere")
    assert len(caplog.records) == 1


def test_bad_input_is_named(model, motion):
    with pytest.raises(FaceNotFoundError, match="No face in the source"):
        session_of(model, face_frame())
    with pytest.raises(TypeError, match="str came where LivePortraitModel is expected"):
        session_of("default")
    session = session_of(model)
    with pytest.raises(MotionSpaceError, match="elsewhere"):
        session.frame(motion.describe(space="elsewhere"))
    with pytest.raises(ValueError, match=r"Frame 1 of the source .* has 1 frame; 0 is expected"):
        session.frame(motion, source_index=1)


@pytest.mark.usefixtures("_square_faces")
def test_the_face_is_chosen_by_the_options(model, motion):
    two = face_frame((10, 20, 40), (90, 30, 60), width=200)
    places = []
    for index in (0, 1):
        options = replace(PLAIN, source_face=FaceOptions(index=index))
        session = PortraitSession(model, two, options)
        places.append(session.frame(motion).transform.corners.mean(0)[0])
    assert places[0] > 90 > places[1]
