from dataclasses import replace

import numpy as np
import pytest

from liveportrait_core.face.clip_crops import (
    FARTHEST,
    CropFraming,
    crop_travel,
    fixed_crops,
    steady_crops,
)
from liveportrait_core.face.faces import FaceTrack, face_from_landmarks
from liveportrait_core.imaging.crop import FaceBox, box_transform
from liveportrait_core.imaging.landmark_layouts import Landmarks

from .oracle import face_points

FRAMING = CropFraming(scale=2.2, vy_ratio=-0.1, size_px=512, rotate=False)
SIGMA = 7.5


def track_of(centres, sizes=None, noise=0.0, shots=(0,)):
    random = np.random.default_rng(0)
    faces = []
    for number, centre in enumerate(centres):
        zoom = 1.0 if sizes is None else sizes[number]
        points = face_points(centre=(0, 0)) * zoom + centre
        points = points + random.normal(0, noise, points.shape)
        faces.append(face_from_landmarks(Landmarks(points, "compact-21"), 0.9))
    return FaceTrack(0, tuple(faces), shots=shots)


def centres_in(crops, track):
    """Of each face in its crop, shares of the side from the middle; and its width in it."""
    points = [
        crop.to_crop(face.landmarks.points) / crop.size_px
        for crop, face in zip(crops, track.faces, strict=True)
    ]
    return np.array([p.mean(0) - 0.5 for p in points]), np.array([np.ptp(p[:, 0]) for p in points])


def places(crops):
    """(N, 3) middle and side of every crop in the frame."""
    corners = [crop.to_source(np.array([[0.0, 0], [crop.size_px, crop.size_px]])) for crop in crops]
    return np.array([[*corner.mean(0), corner[1, 0] - corner[0, 0]] for corner in corners])


def test_the_crop_of_a_still_head_stays_exactly_where_it_is():
    track = track_of([(200, 150)] * 60, noise=1.0)
    crops, base = steady_crops(track, FRAMING, sigma_frames=SIGMA), fixed_crops(track, FRAMING)
    for crop, fixed in zip(crops, base, strict=True):
        np.testing.assert_array_equal(crop.source_to_crop, fixed.source_to_crop)
    np.testing.assert_array_equal(crop_travel(crops, base), [[1, 0, 0]] * 60)


def test_a_head_that_nods_within_the_zone_moves_no_crop():
    side = places(fixed_crops(track_of([(0, 0)]), FRAMING))[0, 2]
    sway = 0.09 * side * np.sin(np.arange(80) / 5)
    crops = steady_crops(track_of([(200 + x, 150) for x in sway]), FRAMING, sigma_frames=SIGMA)
    assert np.ptp(places(crops), axis=0).max() == 0


@pytest.mark.parametrize("speed", [2, 10, 33])
def test_a_face_that_walks_stays_inside_and_its_crop_goes_without_steps(speed):
    track = track_of([(100 + speed * number, 150) for number in range(60)], noise=0.3)
    crops = steady_crops(track, FRAMING, sigma_frames=SIGMA)
    centres, _ = centres_in(crops, track)
    offset = centres_in(fixed_crops(track, FRAMING), track)[0].mean(0)  # of the framing
    assert np.abs(centres - offset).max() < FARTHEST + 0.01
    steps = np.diff(places(crops), axis=0)
    assert steps[:, 0].max() < 1.3 * speed
    assert np.abs(np.diff(steps, axis=0)).max() < 0.2 * speed


def test_a_face_that_comes_nearer_keeps_its_size_in_the_crop():
    sizes = np.linspace(1, 4, 75)
    track = track_of([(300, 300)] * 75, sizes)
    _, widths = centres_in(steady_crops(track, FRAMING, sigma_frames=SIGMA), track)
    assert widths.max() / widths.min() < 1.5
    fixed, many = (
        places(fixed_crops(track, FRAMING))[:, 2],
        places(steady_crops(track, FRAMING, sigma_frames=SIGMA))[:, 2],
    )
    assert many[0] < fixed[0] < many[-1]


def test_each_shot_has_its_own_path_and_one_wrong_frame_counts_for_nothing():
    still = [(200, 150)] * 20
    track = track_of([*still, *[(600, 300)] * 20], shots=(0, 20))
    wrong = replace(track.faces[7], landmarks=track.faces[30].landmarks)
    track = replace(track, faces=(*track.faces[:7], wrong, *track.faces[8:]))
    where = places(steady_crops(track, FRAMING, sigma_frames=SIGMA))
    assert np.ptp(where[:20], axis=0).max() == np.ptp(where[20:], axis=0).max() == 0
    assert np.abs(where[20] - where[0])[0] > 350


def test_frames_that_were_not_measured_lead_no_crop():
    centres = [(200 + 3 * number, 150) for number in range(50)]
    track = track_of(centres)
    astray = [
        replace(face, state="missing", landmarks=track.faces[0].landmarks)
        if 20 <= number < 30
        else face
        for number, face in enumerate(track.faces)
    ]
    found = places(steady_crops(replace(track, faces=tuple(astray)), FRAMING, sigma_frames=SIGMA))
    wanted = places(steady_crops(track, FRAMING, sigma_frames=SIGMA))
    # the base is the mean of fewer frames, and the path of both is nearly that of the face
    assert np.abs(found - wanted)[:, 0].max() < 0.05 * wanted[0, 2]


@pytest.mark.parametrize("seed", range(5))
def test_points_of_a_crop_lie_in_the_base_crop_where_the_travel_says(seed):
    random = np.random.default_rng(seed)

    def crop():
        box = FaceBox(tuple(random.uniform(50, 500, 2)), random.uniform(40, 400), 0.3)
        return box_transform(box, size_px=512, rotate=False)

    here, base = crop(), crop()
    ((k, *d),) = crop_travel([here], [base])
    points = random.uniform(0, 600, (9, 2))
    seen, wanted = (2 * (one.to_crop(points) + 0.5) / 512 - 1 for one in (here, base))
    np.testing.assert_allclose(k * seen + d, wanted, atol=1e-9)
