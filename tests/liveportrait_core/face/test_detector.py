from fractions import Fraction

import numpy as np
import pytest

from liveportrait_core.errors import FaceNotFoundError
from liveportrait_core.face import detector
from liveportrait_core.face.animal import AnimalBoxFinder, AnimalFaceFinder
from liveportrait_core.face.detector import (
    ATTEMPTS,
    FRONTAL_CASCADE,
    BoxFaceFinder,
    CroppedFaceFinder,
    HaarFaceFinder,
    cascade_detections,
    load_cascade,
)
from liveportrait_core.face.faces import (
    Faces,
    FaceTrack,
    face_from_landmarks,
    overlap,
    sorted_faces,
)
from liveportrait_core.imaging.crop import FaceBox, box_transform, crop_pixels
from liveportrait_core.imaging.landmark_layouts import Landmarks

from .oracle import face_points, frame_picture, oracle_network

has_cascades = hasattr(detector.cv2, "CascadeClassifier")
needs_cascades = pytest.mark.skipif(not has_cascades, reason="OpenCV 5 has no cascades")


@pytest.fixture(scope="module")
def astronaut():
    """A NASA portrait, public domain; the face's middle is near (224, 115)."""
    data = pytest.importorskip("skimage.data")
    return np.ascontiguousarray(data.astronaut()[:300, 60:420])


FACE = np.array([164.0, 115.0])


@needs_cascades
@pytest.mark.parametrize("attempt", ATTEMPTS[:2])
def test_the_cascade_finds_a_real_face(astronaut, attempt):
    best = cascade_detections(load_cascade(FRONTAL_CASCADE), astronaut, attempt)[0]
    x, y, width, height = best.box
    assert np.hypot(x + width / 2 - FACE[0], y + height / 2 - FACE[1]) < 25
    assert 70 < width < 140


@needs_cascades
@pytest.mark.parametrize("quarter_turns", [1, 2, 3])
def test_a_turned_face_is_found_and_its_crop_is_upright(astronaut, quarter_turns):
    turned = np.ascontiguousarray(np.rot90(astronaut, -quarter_turns))
    cascade = load_cascade(FRONTAL_CASCADE)
    attempt = next(attempt for attempt in ATTEMPTS if attempt.quarter_turns == quarter_turns)
    rough = cascade_detections(cascade, turned, attempt)[0].crop(oracle_network({}))
    crop = crop_pixels(turned, box_transform(rough, size_px=200))
    again = cascade_detections(cascade, crop, ATTEMPTS[0])
    assert again
    assert again[0].box[2] > 70


@needs_cascades
def test_detections_that_the_network_does_not_confirm_are_no_faces(astronaut):
    finder = HaarFaceFinder(oracle_network({}), attempts=ATTEMPTS[:1])
    assert finder.find(astronaut) == []
    assert finder.tried == "it was looked for upright, turned, small and large"


@needs_cascades
def test_a_confirmed_detection_is_a_face_with_landmarks(astronaut):
    # Colours of the oracle's picture tell the place, so the detection itself is put in by hand.
    truth = face_points(centre=(118, 130), half=28)
    finder = HaarFaceFinder(oracle_network({0: truth}), attempts=ATTEMPTS[:1])
    finder._cascade = FixedDetections((90, 95, 60, 60))
    (face,) = finder.find(frame_picture())
    assert np.abs(face.landmarks.points - truth).max() < 0.6
    assert face.landmarks.layout == "compact-21"
    assert face.state == "measured"
    assert face.score > 0.9


class FixedDetections:
    def __init__(self, *boxes):
        self.boxes = boxes

    def detectMultiScale3(self, grey, **_):  # noqa: N802 - OpenCV's name
        return np.array(self.boxes), None, np.ones(len(self.boxes))


@needs_cascades
def test_two_detections_of_one_face_are_one_face():
    finder = HaarFaceFinder(oracle_network({0: face_points()}), attempts=ATTEMPTS[:1])
    finder._cascade = FixedDetections((90, 90, 60, 60), (95, 92, 64, 64))
    assert len(finder.find(frame_picture())) == 1


class Squares:
    """A verifier that keeps what it is asked of and believes in squares left of x = 100."""

    def __init__(self):
        self.asked = []

    def may_be_face(self, frame, square):
        del frame
        self.asked.append(square)
        return square.centre[0] < 100


@needs_cascades
def test_landmarks_are_looked_for_where_the_verifier_sees_something():
    network, verifier = oracle_network({0: face_points()}), Squares()
    finder = HaarFaceFinder(network, attempts=ATTEMPTS[:1], verifier=verifier)
    finder._cascade = FixedDetections((90, 90, 60, 60))
    assert finder.find(frame_picture()) == []
    assert network.read.num_readings == 0
    (square,) = verifier.asked  # .78 of the box, .11 of it below the middle
    assert square.centre == pytest.approx((120, 126.6))
    assert square.side == pytest.approx(46.8)
    finder._cascade = FixedDetections((60, 90, 60, 60))
    finder.find(frame_picture())
    assert network.read.num_readings > 0


@needs_cascades
def test_landmarks_that_move_with_their_crop_are_dropped_beside_stable_ones(monkeypatch):
    stable = {30.0: 1.0, 60.0: 0.2}  # by the box's side: a face and a fold twice as large
    faces = [made_face(20, 20, 60.0), made_face(150, 150, 30.0)]
    monkeypatch.setattr(
        detector, "stability", lambda _f, _n, landmarks: stable[np.ptp(landmarks.points[:, 0])]
    )
    finder = HaarFaceFinder(oracle_network({}))
    assert finder._without_outliers(frame_picture(), faces) == faces[1:]
    assert finder._without_outliers(frame_picture(), faces[:1]) == faces[:1]


def test_an_opencv_without_cascades_tells_the_other_ways(monkeypatch):
    monkeypatch.delattr(detector.cv2, "CascadeClassifier", raising=False)
    with pytest.raises(FaceNotFoundError, match=r"no face cascades.*with a box.*face crops"):
        HaarFaceFinder(oracle_network({}))


def test_a_box_by_hand_is_refined():
    truth = face_points(centre=(100, 140), half=25)
    (face,) = BoxFaceFinder((70, 110, 60, 60), oracle_network({0: truth})).find(frame_picture())
    assert np.abs(face.landmarks.points - truth).max() < 0.6


def test_a_face_at_the_edge_is_read_all_the_same():
    truth = face_points(centre=(10, 120), half=30)
    (face,) = BoxFaceFinder((-20, 90, 60, 60), oracle_network({0: truth})).find(frame_picture())
    assert np.abs(face.landmarks.points - truth).max() < 1.0


@pytest.mark.parametrize("box", [(300, 0, 10, 10), (-20, 0, 10, 10), (0, 240, 5, 5)])
def test_a_box_outside_the_picture_is_named(box):
    with pytest.raises(FaceNotFoundError, match="outside the 240x240 picture"):
        BoxFaceFinder(box, oracle_network({})).find(frame_picture())


def test_a_box_without_area_is_named():
    with pytest.raises(ValueError, match="box 1,2,0,4 has no area"):
        BoxFaceFinder((1, 2, 0, 4), oracle_network({}))


def test_a_picture_that_is_a_crop_is_read_once():
    network = oracle_network({0: face_points(half=60)})
    (face,) = CroppedFaceFinder(network).find(frame_picture())
    assert network.read.num_readings == 1
    assert np.abs(face.landmarks.points - face_points(half=60)).max() < 1.0


@needs_cascades
def test_an_animal_detection_gets_landmarks_at_fixed_places():
    finder = AnimalFaceFinder()
    finder._cascade = FixedDetections((20, 10, 100, 100))
    (face,) = finder.find(frame_picture())
    assert face.landmarks.layout == "animal-9"
    np.testing.assert_allclose(face.landmarks.points[4], [70, 76])  # nose: .5 and .66


def test_an_animal_in_a_box_gets_landmarks_at_fixed_places():
    (face,) = AnimalBoxFinder((10, 20, 100, 50)).find(frame_picture())
    np.testing.assert_allclose(face.landmarks.points[4], [60, 53])  # nose: .5 and .66


def made_face(x, y, side, score=1.0):
    return face_from_landmarks(
        Landmarks(np.array([(0, 0), (1, 0), (0.5, 0.5), (0, 1), (1, 1)]) * side + (x, y), "five"),
        score,
    )


def test_faces_come_in_the_order_asked_for():
    large, left, top = made_face(50, 50, 40, 0.5), made_face(0, 60, 10, 0.9), made_face(99, 0, 20)
    faces = [left, top, large]
    assert sorted_faces(faces) == [large, top, left]
    assert sorted_faces(faces, "small-large")[0] is left
    assert sorted_faces(faces, "left-right")[0] is left
    assert sorted_faces(faces, "right-left")[0] is top
    assert sorted_faces(faces, "top-bottom")[0] is top
    assert sorted_faces(faces, "bottom-top")[-1] is top
    assert sorted_faces(faces, "score")[0] is top
    with pytest.raises(ValueError, match="order is 'loud'; one of large-small"):
        sorted_faces(faces, "loud")


def test_a_face_that_is_not_among_those_found_is_refused():
    track = FaceTrack(0, (made_face(0, 0, 9),))
    faces = Faces(tracks=(track,), num_frames=1, width=64, height=64, fps=Fraction(25))
    assert (len(faces), faces[0]) == (1, track)
    with pytest.raises(FaceNotFoundError, match="face index is 2; 0 is expected, for 1 face found"):
        faces[2]


def test_overlap_counts_against_the_smaller_box():
    assert overlap((0, 0, 10, 10), (5, 0, 5, 5)) == 1.0
    assert overlap((0, 0, 10, 10), (5, 0, 10, 10)) == 0.5
    assert overlap((0, 0, 10, 10), (20, 0, 10, 10)) == 0.0
    assert FaceBox((5.0, 5.0), 10.0, 0.0).bounds == (0, 0, 10, 10)
