from dataclasses import replace

import pytest

from liveportrait_core.face.faces import FaceTrack, face_from_landmarks
from liveportrait_core.face.visibility import is_cut_off, without_cut_off
from liveportrait_core.imaging.landmark_layouts import Landmarks

from .oracle import face_points

HEIGHT, WIDTH = 240, 320


def face_at(x, y=120.0):
    return face_from_landmarks(Landmarks(face_points((x, y)), "compact-21"), 1.0)


@pytest.mark.parametrize(
    ("x", "y", "cut_off"),
    [
        (160, 120, False),
        (32, 120, False),
        (31, 120, True),
        (26, 120, True),
        (-50, 120, True),
        (294, 120, True),
        (160, 20, True),
        (160, 211, True),
    ],
)
def test_a_landmark_beyond_an_edge_cuts_the_face_off(x, y, cut_off):
    assert is_cut_off(face_at(x, y), HEIGHT, WIDTH) == cut_off


def test_a_face_that_leaves_is_missing_from_where_its_first_landmark_is_outside():
    track = FaceTrack(0, tuple(face_at(160 + 10 * frame) for frame in range(20)))
    seen = without_cut_off(track, HEIGHT, WIDTH)
    # its right edge is 27 px from its middle, and the margin 4.4 px
    assert seen.validity == (1.0,) * 13 + (0.0,) * 7
    assert seen.faces[:13] == track.faces[:13]


def test_a_clip_that_is_cropped_tightly_on_purpose_stays():
    track = FaceTrack(0, tuple(face_at(20 if frame < 6 else 160) for frame in range(10)))
    assert without_cut_off(track, HEIGHT, WIDTH).validity == track.validity


def test_a_clip_with_the_whole_face_stays_and_missing_frames_do_not_count():
    missing = replace(face_at(-100), state="missing", score=0.0)
    whole = FaceTrack(0, (face_at(160), missing, missing, missing))
    assert without_cut_off(whole, HEIGHT, WIDTH).validity == whole.validity


def test_each_shot_is_judged_by_itself():
    places = [160] * 8 + [20] * 2 + [20] * 5
    track = FaceTrack(0, tuple(face_at(place) for place in places), (0, 10))
    seen = without_cut_off(track, HEIGHT, WIDTH).validity
    assert seen == (1.0,) * 8 + (0.0,) * 2 + (1.0,) * 5
