import cv2
import numpy as np
import pytest

from liveportrait_core.face.clip_crops import CropFraming, fixed_crops, following_crops
from liveportrait_core.face.cuts import CutDetector, is_fade
from liveportrait_core.face.faces import FaceTrack, face_from_landmarks
from liveportrait_core.face.gaps import fill_gaps
from liveportrait_core.face.landmarks import LandmarkNetwork
from liveportrait_core.face.tracking import FaceTracker
from liveportrait_core.imaging.landmark_layouts import Landmarks

from .oracle import Oracle, face_points, frame_picture, oracle_network
from .test_tracking import CountingFinder

FRAMING = CropFraming(scale=2.2, size_px=64)


def scene(seed, level=120.0, spread=40.0):
    blocks = np.random.default_rng(seed).normal(level, spread, (12, 16, 3))
    return np.kron(blocks, np.ones((20, 20, 1))).clip(0, 255).astype(np.uint8)


def cuts_of(frames):
    detector = CutDetector()
    cuts = []
    for number, frame in enumerate(frames):
        detector.update(frame)
        if detector.changed or detector.may_be_cut:
            cuts.append(number)
    return cuts


@pytest.mark.parametrize(("level", "spread"), [(120, 40), (25, 12), (220, 20)])
def test_a_cut_is_seen_in_a_dark_and_in_a_light_scene(level, spread):
    frames = [scene(0, level, spread)] * 8 + [scene(1, level, spread)] * 8
    assert cuts_of(frames) == [8]


def test_a_fade_a_weak_flash_and_a_pan_are_no_cuts():
    first, second = scene(0).astype(float), scene(1).astype(float)
    fade = [((1 - k / 40) * first + k / 40 * second).astype(np.uint8) for k in range(41)]
    assert cuts_of(fade) == []
    dark = scene(0, 80, 20)
    assert cuts_of([dark] * 5 + [dark + np.uint8(30)] + [dark] * 5) == []
    assert cuts_of([np.roll(scene(0), 2 * k, 1) for k in range(30)]) == []


def tracker_of(first, second, count=4):
    """A tracker after `count` frames of one place and as many of another."""
    network = oracle_network({0: first, 18: second})
    tracker = FaceTracker(CountingFinder(network), network)
    for number in (0, 18):
        for _ in range(count):
            tracker.update(frame_picture(number))
    return tracker


def test_a_flash_on_a_face_that_stays_begins_no_shot():
    tracker = tracker_of(face_points(), face_points())
    (track,) = tracker.tracks()
    assert track.shots == (0,)


def track_over_a_change(network, finder, *, is_alike):
    """The track of a face at the network's places 0 and 1, four frames each."""
    tracker = FaceTracker(finder, network)
    for number in (0, 0, 0, 0, 1, 1, 1, 1):
        picture = frame_picture(number)
        if number:
            picture[:60, :, 2] += 90  # what is behind changes, too
            if not is_alike:
                picture[90:105, :, 2] += 180
        tracker.update(picture)
    (track,) = tracker.tracks()
    assert [face.state for face in track.faces] == ["measured"] * 8
    return track


class ShortSighted(Oracle):
    """Sees no face that is a third of its side from the middle of the crop."""

    def __call__(self, faces):
        points = super().__call__(faces)
        return points if points.mean(1).abs().max() < 0.25 else self._nothing()


@pytest.mark.parametrize(
    ("is_alike", "growth", "shots"), [(True, 1.0, (0,)), (False, 1.0, (0, 4)), (True, 1.3, (0, 4))]
)
def test_a_fast_move_begins_no_shot_and_a_cut_to_another_face_or_size_does(is_alike, growth, shots):
    points = {0: face_points((110, 120)), 1: face_points((134, 120), 30 * growth)}
    network = LandmarkNetwork(read=ShortSighted(points), size_px=64)
    finder = CountingFinder(network, (92, 90, 60, 60))
    assert track_over_a_change(network, finder, is_alike=is_alike).shots == shots


@pytest.mark.parametrize(
    ("is_alike", "place", "shots"),
    [(True, (128, 120), (0,)), (False, (128, 120), (0, 4)), (False, (110, 120), (0,))],
)
def test_a_cut_to_another_face_beside_the_last_one_is_seen(is_alike, place, shots):
    network = oracle_network({0: face_points((110, 120)), 1: face_points(place)})
    track = track_over_a_change(network, CountingFinder(network), is_alike=is_alike)
    assert track.shots == shots


def test_the_frames_of_a_fade_count_as_interpolated():
    network = oracle_network({0: face_points((110, 120)), 1: face_points((128, 120))})
    tracker = FaceTracker(CountingFinder(network), network)
    for frame in range(14):
        share = min(max((frame - 4) / 5, 0), 1)  # of the second picture: frames 5 to 9 change
        picture = frame_picture(int(share > 0.5))
        picture[:60] = np.uint8(200 * share)
        if share > 0.5:
            picture[90:105, :, 2] += 180
        tracker.update(picture)
    (track,) = tracker.tracks()
    assert track.shots == (0, 7)
    states = [face.state for face in track.faces]
    assert states == ["measured"] * 5 + ["interpolated"] * 5 + ["measured"] * 4


@pytest.mark.parametrize(
    ("place", "cut", "shots"),
    [
        ((130, 120), 6, (0, 6)),
        ((130, 120), 4, (0, 4)),
        ((130, 120), 9, (0, 9)),
        ((85, 120), 6, (0,)),
        ((130, 120), None, (0,)),
    ],
)
def test_a_cut_while_no_face_is_seen_counts_when_one_is_found_elsewhere(place, cut, shots):
    network = oracle_network({0: face_points((85, 120)), 1: face_points(place)})
    tracker = FaceTracker(CountingFinder(network), network)
    for frame in range(13):
        number = int(frame >= 9)
        picture = frame_picture(number, has_face=not 4 <= frame < 9)
        if cut is not None and frame >= cut:
            picture[:60, :, 2] += 150  # what is behind the face
        tracker.update(picture)
    (track,) = tracker.tracks()
    assert track.shots == shots
    assert [face.state for face in track.faces[:4]] == ["measured"] * 4
    assert [face.state for face in track.faces[9:]] == ["measured"] * 4
    if len(shots) > 1:  # nothing is interpolated over the cut
        assert [face.state for face in track.faces[4:9]] == ["missing"] * 5


def test_gaps_and_crops_are_those_of_each_shot():
    left, right = (
        face_from_landmarks(Landmarks(face_points((x, 120), half), "compact-21"), 1.0)
        for x, half in ((60, 20), (180, 30))
    )
    shots = (0, 4)
    seen = [left, left, left, None, None, right, right, right]
    faces = fill_gaps(seen, max_gap=12, shots=shots)
    assert [face.state for face in faces[3:5]] == ["missing", "missing"]
    assert faces[3].box == left.box
    assert faces[4].box == right.box
    track = FaceTrack(0, faces, shots)
    for crops in (fixed_crops(track, FRAMING), following_crops(track, FRAMING, sigma_frames=2.5)):
        for face, crop in zip(faces, crops, strict=True):
            np.testing.assert_allclose(
                crop.to_crop(face.landmarks.points).mean(0),
                crops[0].to_crop(left.landmarks.points).mean(0),
                atol=1e-6,
            )


def test_a_shot_without_a_face_repeats_the_nearest_of_the_others():
    face = face_from_landmarks(Landmarks(face_points(), "compact-21"), 1.0)
    faces = fill_gaps([face, face, None, None], max_gap=12, shots=(0, 2))
    assert [entry.state for entry in faces] == ["measured", "measured", "missing", "missing"]


def test_pictures_that_mix_the_ends_are_a_fade_and_a_moving_picture_is_none():
    random = np.random.default_rng(0)
    first, last, other = random.uniform(0, 255, (3, 32, 32)).astype(np.float32)
    noise = random.normal(0, 3, (6, 32, 32)).astype(np.float32)
    shares = np.linspace(0, 1, 6)[:, None, None] ** 2  # not evenly either
    fade = list((1 - shares) * first + shares * last + noise)
    assert is_fade(fade)
    assert not is_fade([first, other, last])
    assert not is_fade([*fade[:3], other, *fade[3:]])
    assert not is_fade([first, last, first])
    moving = [cv2.GaussianBlur(np.roll(first, 3 * k, 1), (0, 0), 1) for k in range(6)]
    assert not is_fade(moving)


def test_a_face_that_moves_at_few_frames_a_second_is_no_fade():
    places = [(80 + 12 * (k % 5), 120) for k in range(12)]
    network = oracle_network({k: face_points(place) for k, place in enumerate(places)})
    tracker = FaceTracker(CountingFinder(network), network)
    random = np.random.default_rng(1)
    for number in range(12):
        picture = frame_picture(number)
        picture[:60] = random.integers(0, 200, (4, 1, 3), np.uint8).repeat(15, 0)
        tracker.update(picture)
    (track,) = tracker.tracks()
    assert {face.state for face in track.faces} == {"measured"}
