from dataclasses import replace

import numpy as np
import pytest

from liveportrait_core.config.find_options import FindOptions
from liveportrait_core.errors import FaceNotFoundError
from liveportrait_core.face.clip_crops import CropFraming, fixed_crop, following_crops, smooth_boxes
from liveportrait_core.face.detector import BoxFaceFinder
from liveportrait_core.face.faces import face_from_landmarks
from liveportrait_core.face.gaps import fill_gaps
from liveportrait_core.face.tracking import FaceTracker, TrackingConfig, track_faces
from liveportrait_core.imaging.crop import FaceBox
from liveportrait_core.imaging.landmark_layouts import Landmarks

from .oracle import face_points, frame_picture, oracle_network

FRAMING = CropFraming(scale=2.2, vy_ratio=-0.1, size_px=64)
MOVING = {frame: face_points(centre=(100 + 3 * frame, 120)) for frame in range(12)}


class CountingFinder(BoxFaceFinder):
    def __init__(self, network, box=(75, 90, 60, 60)):
        super().__init__(box, network)
        self.calls = 0

    def find(self, frame):
        self.calls += 1
        return [face for face in super().find(frame) if face.score > 0.5]


def tracked(frames, config=TrackingConfig()):  # noqa: B008 - frozen
    network = oracle_network(MOVING)
    finder = CountingFinder(network)
    return track_faces(frames, finder, network, config), finder


def test_a_moving_face_is_followed_without_searching_again():
    (track,), finder = tracked(frame_picture(number) for number in range(12))
    assert finder.calls == 1
    assert track.validity == (1.0,) * 12
    for number, face in enumerate(track.faces):
        assert np.abs(face.landmarks.points - MOVING[number]).max() < 0.6
        assert face.face_id == 0


def test_a_face_that_moves_too_fast_to_be_followed_is_where_its_speed_takes_it():
    places = np.cumsum([50, 0, 8, 22, 40, 50, 40, 15])  # its box is 54 pixels wide
    network = oracle_network({n: face_points((x, 120)) for n, x in enumerate(places)})
    finder = CountingFinder(network, (25, 90, 60, 60))
    frames = [frame_picture(number) for number in range(len(places))]
    (track,) = track_faces(frames, finder, network)
    assert finder.calls == 1
    assert track.validity == (1.0,) * len(places)
    centres = [face.landmarks.points[14, 0] for face in track.faces]
    np.testing.assert_allclose(centres, places, atol=0.6)


def test_a_short_gap_is_interpolated():
    frames = [frame_picture(number, has_face=number not in (4, 5)) for number in range(12)]
    (track,), _ = tracked(frames)
    assert [face.state for face in track.faces[3:7]] == [
        "measured",
        "interpolated",
        "interpolated",
        "measured",
    ]
    assert np.abs(track.faces[4].landmarks.points - MOVING[4]).max() < 0.8  # it moves steadily


def test_a_long_gap_is_missing_and_keeps_its_place():
    frames = [frame_picture(number, has_face=not 3 <= number < 8) for number in range(12)]
    (track,), _ = tracked(frames, TrackingConfig(max_gap=2))
    assert track.validity == (1.0,) * 3 + (0.0,) * 5 + (1.0,) * 4
    np.testing.assert_array_equal(track.faces[3].landmarks.points, track.faces[2].landmarks.points)


def test_frames_before_the_first_face_are_kept():
    frames = [frame_picture(number, has_face=number >= 3) for number in range(12)]
    (track,), _ = tracked(frames, TrackingConfig(search_every=1))
    assert len(track) == 12
    assert track.validity[:4] == (0.0, 0.0, 0.0, 1.0)


@pytest.mark.parametrize(
    ("longest_wait", "searched"),
    [(40, [0, 1, 3, 7, 15, 31, 63]), (5, [0, 1, 3, 7, *range(12, 53, 5)])],
)
def test_searches_are_never_further_apart_than_the_longest_wait(longest_wait, searched):
    network = oracle_network({number: face_points() for number in range(70)})
    config = TrackingConfig(search_every=1, longest_wait=longest_wait)
    finder = CountingFinder(network)
    tracker = FaceTracker(finder, network, config)
    calls = [0]
    for number in range(70):
        tracker.update(frame_picture(number, has_face=number >= 50))
        calls.append(finder.calls)
    assert list(np.flatnonzero(np.diff(calls))) == searched
    assert searched[-1] > 51


@pytest.mark.parametrize("first", [1, 8, 17])
def test_a_face_that_comes_late_costs_no_frame(first):
    # searched at 0, 1, 3, 7 and 15: what lies before is looked at backwards
    network = oracle_network({number: face_points() for number in range(20)})
    frames = [frame_picture(number, has_face=number >= first) for number in range(36)]
    (track,) = track_faces(
        (frames[min(number, 18)] if number >= first else frames[0] for number in range(36)),
        CountingFinder(network),
        network,
        TrackingConfig(search_every=1),
    )
    assert track.validity == (0.0,) * first + (1.0,) * (36 - first)


def test_a_face_that_comes_back_is_followed_backwards():
    network = oracle_network({number: face_points() for number in range(20)})
    config = TrackingConfig(search_every=1, max_gap=0)
    shown = [not 3 <= number < 9 for number in range(20)]
    frames = [frame_picture(number, has_face=is_shown) for number, is_shown in enumerate(shown)]
    (track,) = track_faces(frames, CountingFinder(network), network, config)
    assert [validity == 1 for validity in track.validity] == shown
    error = np.abs(track.faces[9].landmarks.points - face_points()).max()
    assert error < 0.6


def test_a_longest_wait_of_nothing_is_refused():
    with pytest.raises(ValueError, match="longest_wait is 0; a whole number from 1 up is expected"):
        TrackingConfig(longest_wait=0)


def test_what_tells_openness_is_interpolated_too():
    first, last = (
        replace(
            face_from_landmarks(Landmarks(face_points() + shift, "compact-21"), 1.0),
            openness_landmarks=Landmarks(np.full((203, 2), shift), "liveportrait-203"),
        )
        for shift in (0.0, 8.0)
    )
    between = fill_gaps([first, None, last], max_gap=1)[1]
    np.testing.assert_allclose(between.openness_landmarks.points, 4.0)
    np.testing.assert_allclose(between.landmarks.points, face_points() + 4.0)


def test_a_clip_without_a_face_is_named():
    with pytest.raises(FaceNotFoundError, match=r"3 source frames \(the given box\)"):
        tracked([frame_picture(0, has_face=False)] * 3)
    with pytest.raises(FaceNotFoundError, match="0 source frames"):
        tracked([])


def test_a_cut_makes_the_finder_look_again():
    network = oracle_network({0: face_points(), 15: face_points()})
    finder = CountingFinder(network)
    tracker = FaceTracker(finder, network)
    tracker.update(frame_picture(0))
    before = finder.calls
    # another scene: the left half dark, and the blue of frame 15
    scene = frame_picture(15)[:, ::-1].copy()
    tracker.update(scene)
    assert finder.calls == before + 1


def test_ends_of_a_track_are_not_invented():
    face = face_from_landmarks(Landmarks(face_points(), "compact-21"), 1.0)
    filled = fill_gaps([None, face, None], max_gap=10)
    assert [entry.state for entry in filled] == ["missing", "measured", "missing"]
    with pytest.raises(ValueError, match="No frame of the track"):
        fill_gaps([None], max_gap=1)


def test_smoothing_removes_jitter_and_keeps_a_steady_move():
    rng = np.random.default_rng(0)
    steady = [FaceBox((2.0 * frame, 50.0), 80.0, 0.01 * frame) for frame in range(60)]
    jittered = [
        FaceBox((box.centre[0] + rng.normal(), 50 + rng.normal()), box.side, box.angle_rad)
        for box in steady
    ]
    smooth = smooth_boxes(jittered, sigma_frames=3)[12:-12]
    errors = [box.centre[1] - 50 for box in smooth]
    # a Gaussian of sigma 3 leaves 1 / sqrt(2 sqrt(pi) 3) = 0.31 of white noise
    assert np.std(errors) < 0.45
    kept = smooth_boxes(steady, sigma_frames=3)[12:-12]
    assert kept[0].centre[0] == pytest.approx(24.0)
    assert kept[0].angle_rad == pytest.approx(0.12)


def test_smoothing_takes_angles_the_short_way():
    boxes = [FaceBox((0.0, 0.0), 1.0, angle) for angle in (3.1, -3.1, 3.1, -3.1)]
    for box in smooth_boxes(boxes, sigma_frames=1):
        assert abs(np.cos(box.angle_rad)) > 0.99  # all near half a turn


def test_no_smoothing_changes_nothing():
    boxes = [FaceBox((0.0, 0.0), 1.0, 0.0), FaceBox((5.0, 0.0), 1.0, 0.0)]
    assert smooth_boxes(boxes, sigma_frames=0) == boxes


def test_crops_of_a_source_follow_and_the_crop_of_a_driver_stays():
    (track,), _ = tracked(frame_picture(number) for number in range(12))
    crops = following_crops(track, FRAMING, sigma_frames=1.0)
    assert len(crops) == 12
    nose = [crop.to_crop(MOVING[frame][14:15])[0, 0] for frame, crop in enumerate(crops)]
    assert np.ptp(nose[3:-3]) < 0.6
    fixed = fixed_crop(track, FRAMING)
    assert fixed.source_to_crop[0, 1] == 0
    moved = fixed.to_crop(MOVING[11][14:15]) - fixed.to_crop(MOVING[0][14:15])
    assert moved[0, 0] > 5


def test_bad_settings_are_named():
    with pytest.raises(ValueError, match="max_faces is 0"):
        FindOptions(max_faces=0)
