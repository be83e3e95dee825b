"""Which finder and which landmarks the options lead to."""

from dataclasses import dataclass, replace

import numpy as np
import pytest

from liveportrait_core.animation import face_trackers
from liveportrait_core.animation.compact_landmarks import landmark_network
from liveportrait_core.animation.face_trackers import FaceTrackers, LandmarkTracker, ScoredFinder
from liveportrait_core.constants import HUMAN_SPACE
from liveportrait_core.errors import FaceNotFoundError
from liveportrait_core.face.faces import Face
from liveportrait_core.imaging.landmark_layouts import Landmarks
from liveportrait_core.options import FaceOptions
from tests.liveportrait_core.cli.conftest import TINY
from tests.support.blobs import SquareFinder, face_frame, square_network
from tests.support.tiny import tiny_compact_model

pytestmark = pytest.mark.usefixtures("_square_faces")


@dataclass
class Insight:
    """A detector whose landmarks are of a layout of its own."""

    folder: object
    tried = "insight"

    def find(self, frame):
        (face,) = SquareFinder().find(frame)
        points = np.linspace(face.landmarks.points.min(0), face.landmarks.points.max(0), 106)
        points += np.arange(106)[:, None] % 3  # not on one line
        return [Face(box=face.box, landmarks=Landmarks(points, "insightface-106"), score=0.9)]


@pytest.fixture
def folder(tmp_path, monkeypatch):
    for name in ("landmark.onnx", "det_10g.onnx", "2d106det.onnx"):
        (tmp_path / name).write_bytes(b"")
    monkeypatch.setattr(face_trackers, "insightface_finder", Insight)
    monkeypatch.setattr(face_trackers, "landmark_203_network", lambda path: square_network())
    return tmp_path


@pytest.fixture(scope="module")
def model():
    return tiny_compact_model(TINY)


def test_landmarks_of_a_detector_are_read_again_so_that_all_frames_have_one_layout(model, folder):
    reader = FaceTrackers(model, folder).tracker("source")
    assert isinstance(reader, LandmarkTracker)
    track = reader([face_frame((50, 30, 60)), face_frame((53, 30, 60))])
    assert {face.landmarks.layout for face in track.faces} == {"compact-21"}


def test_the_published_way_keeps_a_stills_106_points(model, folder):
    made = FaceTrackers(model, folder, published=True)
    still = made.tracker("source", is_image=True)
    clip = made.tracker("source")
    (face,) = still([face_frame((50, 30, 60))]).faces
    assert face.landmarks.layout == "insightface-106"
    # the network reads in the box that the 106 points give; here its layout has 21
    network = square_network()
    there = network.landmarks(face_frame((50, 30, 60)), network.box(face.landmarks))
    assert face.openness_landmarks.layout == "compact-21"
    np.testing.assert_array_equal(face.openness_landmarks.points, there.points)
    (face,) = clip([face_frame((50, 30, 60))]).faces
    assert (face.landmarks.layout, face.openness_landmarks) == ("compact-21", None)


def test_without_the_203_points_a_stills_openness_is_of_the_106(model, folder):
    (folder / "landmark.onnx").unlink()
    made = FaceTrackers(model, folder, published=True)
    still = made.tracker("source", is_image=True)
    assert isinstance(still.finder, Insight)


def test_a_source_is_searched_more_often_than_a_driver(model, folder):
    waits = [
        FaceTrackers(model, folder).tracker(role).longest_wait for role in ("source", "driver")
    ]
    assert waits == [5, 40]


def test_a_box_goes_before_everything(model, folder):
    reader = FaceTrackers(model, folder).tracker("source", FaceOptions(box=(50, 30, 60, 60)))
    assert reader.finder.tried == "the given box"


def test_a_folder_without_face_networks_is_refused(model, tmp_path):
    with pytest.raises(ValueError, match=r"landmark\.onnx"):
        FaceTrackers(model, tmp_path)


def test_only_a_compact_model_reads_landmarks(model):
    assert landmark_network(model).layout == "compact-21"
    published = replace(model, preset=replace(TINY, family="published", space=HUMAN_SPACE))
    with pytest.raises(ValueError, match="no names"):
        landmark_network(published)


def test_our_own_finder_comes_first_and_the_cascade_is_a_second_opinion(model, monkeypatch):
    monkeypatch.setattr(face_trackers, "NetworkFaceFinder", lambda network, min_score: Named("own"))
    monkeypatch.setattr(face_trackers, "HaarFaceFinder", lambda network, **_: Named("cascade"))
    assert FaceTrackers(model, None).tracker("source").finder.tried == "own; cascade"


def test_without_cascades_our_own_finder_is_alone(model, monkeypatch):
    def missing(network, **_):
        raise FaceNotFoundError("OpenCV 5 has no cascades.")

    monkeypatch.setattr(face_trackers, "NetworkFaceFinder", lambda network, min_score: Named("own"))
    monkeypatch.setattr(face_trackers, "HaarFaceFinder", missing)
    assert FaceTrackers(model, None).tracker("driver").finder.tried == "own"


@dataclass
class Named:
    """A finder that is told by what it tried."""

    tried: str


@dataclass
class Scored:
    """Finds faces of these scores."""

    scores: tuple[float, ...]
    tried = "a list"

    def find(self, frame):
        faces = SquareFinder().find(frame)
        return [replace(faces[0], score=score) for score in self.scores]


@pytest.mark.parametrize(("least", "count"), [(0.1, 3), (0.4, 2), (0.5, 1), (0.95, 0)])
def test_faces_below_the_least_score_are_left_out(least, count):
    found = ScoredFinder(Scored((0.9, 0.4, 0.2)), least).find(face_frame((50, 30, 60)))
    assert len(found) == count
    assert all(face.score >= least for face in found)


def test_a_least_score_goes_to_every_finder(model, monkeypatch):
    asked = []
    for name in ("NetworkFaceFinder", "HaarFaceFinder"):
        monkeypatch.setattr(
            face_trackers,
            name,
            lambda network, min_score, **_: asked.append(min_score) or Scored(()),
        )
    tracker = FaceTrackers(model).tracker("source", FaceOptions(min_score=0.1))
    assert isinstance(tracker.finder, ScoredFinder)
    FaceTrackers(model).tracker("source")
    assert asked == [0.1, 0.1, 0.35, 0.35]
