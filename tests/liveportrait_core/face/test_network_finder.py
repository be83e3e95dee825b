"""Our own face finder: its geometry with a planted network, and the network that ships."""

from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from liveportrait_core.animation.compact_landmarks import landmark_network
from liveportrait_core.errors import CheckpointError
from liveportrait_core.face.animal import AnimalBoxFinder
from liveportrait_core.face.faces import face_from_landmarks
from liveportrait_core.face.mean_face import FIVE_POINTS
from liveportrait_core.face.network_finder import (
    FORMAT,
    NETWORK_FILE,
    PASSES,
    CheckedBoxFinder,
    FinderChain,
    NetworkFaceFinder,
    load_finder_network,
    save_finder_network,
)
from liveportrait_core.face.proposals import (
    Detection,
    DetectionPass,
    augmented_logit,
    find_detections,
)
from liveportrait_core.imaging.landmark_layouts import Landmarks
from liveportrait_core.media.images import read_image
from liveportrait_core.model import load_model
from liveportrait_core.networks.face_finder import FaceFinderNetwork, FaceMaps

from .oracle import face_points, frame_picture, oracle_network

PORTRAIT = Path(__file__).parents[3] / "docs" / "demo" / "portrait.jpg"


class Planted:
    """Sees a face about each spot of pure red: upright, its square 10 cells wide.

    The five points lie a quarter of a side left of, right of, at, and below the middle.
    """

    SIDE_CELLS = 10.0
    POINTS = np.array([(-0.25, 0), (0.25, 0), (0, 0), (-0.25, 0.25), (0.25, 0.25)])

    def __call__(self, pictures):
        red = (pictures[0, 0] > 0.7) & (pictures[0, 1] < 0.3)
        height, width = (side // 8 for side in red.shape)
        heat = torch.full((1, 1, height, width), -10.0)
        offset = torch.zeros(1, 2, height, width)
        points = torch.zeros(1, 10, height, width)
        _, labels = cv2.connectedComponents(red.numpy().astype(np.uint8))
        for label in range(1, labels.max() + 1):
            rows, columns = np.nonzero(labels == label)
            x, y = (columns.mean() + 0.5) / 8 - 0.5, (rows.mean() + 0.5) / 8 - 0.5
            column, row = round(x), round(y)
            heat[0, 0, row, column] = 2.0 + 0.01 * len(rows)
            offset[0, :, row, column] = torch.tensor([x - column, y - row])
            moved = self.POINTS + np.array([x - column, y - row]) / self.SIDE_CELLS
            points[0, :, row, column] = torch.from_numpy(moved.ravel()).float()
        return FaceMaps(
            heat_logit=heat,
            offset=offset,
            log_side=torch.full((1, 1, height, width), float(np.log(self.SIDE_CELLS))),
            axis=torch.tensor([1.0, 0.0]).view(1, 2, 1, 1).expand(1, 2, height, width),
            points=points,
        )


def spotted(*spots, height=480, width=640, size=20):
    """A grey picture with red squares about (x, y)."""
    frame = np.full((height, width, 3), 120, np.uint8)
    for x, y in spots:
        frame[y - size : y + size + 1, x - size : x + size + 1] = (255, 0, 0)
    return frame


@pytest.mark.parametrize("padding", [0.0, 0.2])
@pytest.mark.parametrize("work_px", [160, 320])
def test_a_detection_is_in_pixels_of_the_frame(work_px, padding):
    detection_pass = DetectionPass((work_px,), padding=padding)
    (detection,) = find_detections(Planted(), spotted((400, 150)), detection_pass)
    zoom = 640 / work_px
    assert detection.centre == pytest.approx((400, 150), abs=zoom)
    assert detection.side == pytest.approx(80 * zoom)  # ten cells of 8 pixels
    assert detection.angle_rad == pytest.approx(0, abs=1e-6)
    left, right = detection.points[:2]
    np.testing.assert_allclose(right - left, (40 * zoom, 0), atol=1e-3)
    assert 0.85 < detection.heat < 1


@pytest.mark.parametrize(
    ("quarter_turns", "right_of_face"), [(1, (0, 1)), (2, (-1, 0)), (3, (0, -1))]
)
def test_a_detection_of_a_turned_picture_is_turned_back(quarter_turns, right_of_face):
    detection_pass = DetectionPass((320,), turns=(quarter_turns,))
    (detection,) = find_detections(Planted(), spotted((400, 150)), detection_pass)
    assert detection.centre == pytest.approx((400, 150), abs=2.5)
    axis = np.array([np.cos(detection.angle_rad), np.sin(detection.angle_rad)])
    np.testing.assert_allclose(axis, right_of_face, atol=1e-6)
    across = detection.points[1] - detection.points[0]
    np.testing.assert_allclose(across, 80 * axis, atol=1e-3)  # half a side of 160 pixels


def test_of_two_detections_of_one_face_one_is_kept_and_faces_apart_stay():
    frame = spotted((100, 240), (400, 240))
    frame[225:256, 446:477] = (255, 0, 0)  # a smaller spot beside the second: a lower logit
    detections = find_detections(Planted(), frame, DetectionPass((320,)))
    assert [round(detection.centre[0] / 10) for detection in detections] == [10, 40]


def test_the_crop_is_that_of_the_landmark_network():
    network = oracle_network({})
    detection = Detection(
        centre=(100, 50), side=40, angle_rad=np.pi / 2, heat=1, points=np.zeros((5, 2))
    )
    crop = detection.crop(network)
    side = 40 * network.scale
    assert crop.side == pytest.approx(side)
    # the face lies on its side, chin to the left: down is -x
    assert crop.centre == pytest.approx((100 - network.vy_ratio * side, 50))
    assert crop.angle_rad == pytest.approx(np.pi / 2)


def test_a_detection_that_the_landmark_network_confirms_is_a_face():
    truth = face_points(centre=(120, 120), half=40)
    planted = NetworkFaceFinder(
        oracle_network({0: truth}), finder_network=RedAnywhere(), passes=[DetectionPass((96,))]
    )
    (face,) = planted.find(frame_picture())
    assert np.abs(face.landmarks.points - truth).max() < 0.6
    doubtful = NetworkFaceFinder(
        oracle_network({}), finder_network=RedAnywhere(), passes=[DetectionPass((96,))]
    )
    assert doubtful.find(frame_picture()) == []
    assert doubtful.tried == "it was looked for upright, turned, small and large"


class RedSeen:
    """Sees a face about red, four times as wide: with the given logit in each call."""

    def __init__(self, *logits):
        self.logits = iter(logits)

    def __call__(self, pictures):
        count, height, width = len(pictures), *(side // 8 for side in pictures.shape[2:])
        heat = torch.full((count, 1, height, width), -10.0)
        offset, points = torch.zeros(count, 2, height, width), torch.zeros(count, 10, height, width)
        side = torch.zeros(count, 1, height, width)
        logit = next(self.logits)
        for number, picture in enumerate(pictures):
            rows, columns = torch.nonzero((picture[0] > 0.7) & (picture[1] < 0.3), as_tuple=True)
            x, y = ((float(k.double().mean()) + 0.5) / 8 - 0.5 for k in (columns, rows))
            row, column = round(y), round(x)
            heat[number, 0, row, column] = logit
            offset[number, :, row, column] = torch.tensor([x - column, y - row])
            moved = Planted.POINTS + np.array([x - column, y - row]) / (len(rows) ** 0.5 / 2)
            points[number, :, row, column] = torch.from_numpy(moved.ravel()).float()
            side[number] = np.log(len(rows) ** 0.5 / 2)
        axis = torch.tensor([1.0, 0.0]).view(1, 2, 1, 1).expand(count, 2, height, width)
        return FaceMaps(heat_logit=heat, offset=offset, log_side=side, axis=axis, points=points)


def test_a_detection_without_landmarks_is_a_face_where_augmented_crops_confirm_it():
    frame = spotted((300, 200), height=480, width=480)  # a square of 164 pixels

    def found(*logits, without_landmarks=True):
        finder = NetworkFaceFinder(
            oracle_network({}),
            finder_network=RedSeen(*logits),
            passes=[DetectionPass((96,), allow_without_landmarks=without_landmarks)],
        )
        return finder.find(frame)

    (face,) = found(0.5, 1.0)
    assert face.score == pytest.approx(0.5 / (1 + np.exp(-1)), abs=1e-3)
    five = np.stack([face.landmarks.points[list(group)].mean(0) for group in FIVE_POINTS])
    # the mean face has its nose and mouth elsewhere, so the five points are met on the whole
    expected = Planted.POINTS * 164 + (300, 200)
    np.testing.assert_allclose(five.mean(0), expected.mean(0), atol=6)
    assert np.abs(five - expected).max() < 25
    assert found(0.5, 0.0) == []
    assert found(0.5, 1.0, without_landmarks=False) == []
    assert found(-1.0, 3.0) == []  # dropped before its crops are augmented


def test_augmented_crops_only_count_where_and_as_large_as_the_detection():
    frame = spotted((300, 200), height=480, width=480)
    here = Detection(centre=(300, 200), side=164, angle_rad=0.4, heat=0.6, points=np.zeros((5, 2)))
    assert augmented_logit(RedSeen(0.7), frame, here) == pytest.approx(0.7, abs=1e-6)
    for centre, side in (((380, 200), 164), ((300, 200), 70), ((300, 200), 330)):
        other = Detection(centre=centre, side=side, angle_rad=0, heat=0.6, points=np.zeros((5, 2)))
        assert augmented_logit(RedSeen(0.7), frame, other) == -4.0


def test_a_detection_that_closer_looks_hardly_see_is_none_however_stable_its_landmarks():
    truth = face_points(centre=(120, 120), half=40)
    for logit, count in ((-0.4, 1), (-0.6, 0)):
        planted = NetworkFaceFinder(
            oracle_network({0: truth}),
            finder_network=RedAnywhere(logit),
            passes=[DetectionPass((96,), min_heat=0.3, min_logit=-0.5)],
        )
        assert len(planted.find(frame_picture())) == count


class RedAnywhere:
    """Sees one face in the middle of every picture, four cells wide, of low confidence."""

    def __init__(self, logit=-0.29):
        self.logit = logit

    def __call__(self, pictures):
        frame = spotted((48, 48), height=96, width=96, size=4)
        del pictures
        maps = Planted()(torch.from_numpy(frame).permute(2, 0, 1)[None].float() / 255)
        return FaceMaps(
            heat_logit=maps.heat_logit - maps.heat_logit.max() + self.logit,
            offset=maps.offset,
            log_side=torch.full_like(maps.log_side, float(np.log(4))),
            axis=maps.axis,
            points=maps.points,
        )


class Always:
    """A finder that always finds the same."""

    def __init__(self, tried, *faces):
        self.tried, self.faces = tried, list(faces)

    def find(self, frame):
        del frame
        return self.faces


def test_the_faces_are_those_of_the_first_finder_that_finds_any():
    face = face_from_landmarks(Landmarks(face_points(), "compact-21"), 1.0)
    finder = FinderChain([Always("eyes"), Always("ears", face), Always("nose", face, face)])
    assert finder.find(frame_picture()) == [face]
    assert finder.tried == "eyes; ears; nose"
    assert FinderChain([Always("eyes")]).find(frame_picture()) == []


def test_what_another_finder_finds_must_be_confirmed():
    truth = face_points(centre=(120, 120), half=40)
    face = face_from_landmarks(Landmarks(truth, "compact-21"), 1.0)
    other = Always("ears", face)

    def found(logit, network):
        verifier = NetworkFaceFinder(network, finder_network=SquareSeen(logit), passes=[])
        return FinderChain([verifier, other], verifier=verifier).find(frame_picture())

    assert found(0.5, oracle_network({0: truth})) == [face]
    assert found(-2.0, oracle_network({0: truth})) == []
    assert found(0.5, oracle_network({})) == []  # landmarks of no face are unstable


class SquareSeen:
    """Sees a face of any size at every place, with the given logit."""

    def __init__(self, logit):
        self.logit = logit

    def __call__(self, pictures):
        shape = (len(pictures), 1, pictures.shape[2] // 8, pictures.shape[3] // 8)
        nothing = torch.zeros(shape)
        return FaceMaps(
            heat_logit=nothing + self.logit,
            offset=nothing.expand(-1, 2, -1, -1),
            log_side=nothing + np.log(5),  # of crops of 12 cells, 1.7 to 3.4 sides wide
            axis=nothing.expand(-1, 2, -1, -1),
            points=nothing.expand(-1, 10, -1, -1),
        )


@pytest.fixture(scope="module")
def shipped():
    """The finder as it ships, with the default model's landmarks."""
    return NetworkFaceFinder(landmark_network(load_model()))


@pytest.fixture(scope="module")
def portrait():
    return read_image(PORTRAIT).rgb


def test_the_network_that_ships_is_small():
    assert NETWORK_FILE.stat().st_size < 2_000_000


@pytest.mark.parametrize("quarter_turns", [0, 1, 2, 3])
def test_the_demo_portrait_is_found_whichever_way_it_is_turned(shipped, portrait, quarter_turns):
    turned = np.ascontiguousarray(np.rot90(portrait, quarter_turns))
    (face,) = shipped.find(turned)
    (upright,) = shipped.find(portrait)
    assert face.score > 0.5
    height, width = portrait.shape[:2]
    x, y = upright.centre
    there = [(x, y), (y, width - 1 - x), (width - 1 - x, height - 1 - y), (height - 1 - y, x)]
    distance = np.hypot(*np.subtract(face.centre, there[quarter_turns]))
    assert distance < 0.1 * upright.box[2]


def test_a_small_face_in_a_large_picture_is_found(shipped, portrait):
    small = cv2.resize(portrait, (160, 160 * portrait.shape[0] // portrait.shape[1]))
    frame = np.full((720, 1280, 3), 150, np.uint8)
    frame[200 : 200 + small.shape[0], 700:860] = small
    (face,) = shipped.find(frame)
    assert 700 < face.centre[0] < 860
    assert 200 < face.centre[1] < 200 + small.shape[0]


def test_pictures_without_a_face_show_none(shipped):
    random = np.random.default_rng(4)
    noise = random.integers(0, 256, (200, 300, 3), dtype=np.uint8)
    ramp = np.broadcast_to(np.linspace(0, 255, 300)[None, :, None], (200, 300, 3)).astype(np.uint8)
    for frame in (noise, np.ascontiguousarray(ramp), spotted((100, 100), (300, 200))):
        assert shipped.find(frame) == []


def test_a_picture_of_one_pixel_shows_none(shipped):
    assert shipped.find(np.zeros((1, 1, 3), np.uint8)) == []
    assert shipped.find(np.zeros((1, 900, 3), np.uint8)) == []


def test_a_saved_network_is_read_back(tmp_path):
    torch.manual_seed(3)
    network = FaceFinderNetwork().eval()
    path = tmp_path / "finder.safetensors"
    save_finder_network(network, path, metadata={"trained": "never"})
    pictures = torch.rand(1, 3, 64, 64)
    with torch.no_grad():
        torch.testing.assert_close(
            load_finder_network(path)(pictures).points, network(pictures).points, atol=2e-3, rtol=0
        )


def test_a_file_of_another_kind_is_refused(tmp_path):
    path = tmp_path / "other.safetensors"
    save_file({"weight": torch.zeros(2)}, path)
    with pytest.raises(CheckpointError, match="face-finder', version '1' is expected"):
        load_finder_network(path)
    save_file({"weight": torch.zeros(2)}, path, {"format": FORMAT, "version": "1"})
    load_finder_network.cache_clear()
    with pytest.raises(CheckpointError, match="holds other tensors"):
        load_finder_network(path)


def test_every_pass_differs_from_the_others():
    assert len(set(PASSES)) == len(PASSES)
    assert {turn for one in PASSES for turn in one.turns} == {0, 1, 2, 3}


@pytest.mark.parametrize(
    ("picture", "box", "is_face"),
    [
        ("portrait.jpg", (171, 73, 108, 108), True),
        ("portrait.jpg", (384, 0, 128, 128), False),
        ("cat.jpg", (95, 130, 250, 255), True),
        ("cat.jpg", (0, 0, 120, 120), False),
    ],
)
def test_a_box_that_misses_the_face_is_warned_of_once(caplog, picture, box, is_face):
    frame = read_image(PORTRAIT.with_name(picture)).rgb
    finder = CheckedBoxFinder(AnimalBoxFinder(box), box)
    for _ in range(2):
        (face,) = finder.find(frame)
        assert face.box == box
    assert len(caplog.messages) == (not is_face)
    if not is_face:
        written = ",".join(str(value) for value in box)
        assert caplog.messages[0].startswith(f"The box {written} shows nothing like a face.")
