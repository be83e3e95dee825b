import cv2
import numpy as np
import pytest

from train.render import main
from train.rendering.head.face_model import ICT_PARTS
from train.rendering.head.head_model import KEYPOINT_NAMES, build_head
from train.rendering.head.load import load_head
from train.rendering.head.procedural import build_procedural_model
from train.rendering.motion_sampler import MotionSampler
from train.rendering.raster.rasterise import rasterise

from ..made_up_model import NAMES

INDEX = {name: k for k, name in enumerate(KEYPOINT_NAMES)}
SIZE = 160


@pytest.fixture(scope="module")
def raw():
    return build_procedural_model()


@pytest.fixture(scope="module")
def procedural(raw):
    return build_head(raw)


def points_with(head, **weights):
    """(V, 3) the neutral head with some expressions."""
    points = head.vertices.copy()
    sparse = head.expressions
    for name, weight in weights.items():
        k = head.expression_index(name)
        rows = slice(sparse.starts[k], sparse.starts[k + 1])
        points[sparse.indices[rows]] += weight * sparse.offsets[rows]
    return points


@pytest.fixture
def moved(procedural):
    """How far a keypoint goes with expressions: to the person's left, up, forward."""

    def measure(keypoint, **weights):
        vertex = procedural.keypoints[INDEX[keypoint]]
        return (points_with(procedural, **weights) - procedural.vertices)[vertex]

    return measure


def test_it_has_the_parts_and_expressions_of_the_usual_face_model(raw):
    assert set(raw.parts) == set(ICT_PARTS)
    assert raw.expression_names == NAMES
    assert len(raw.landmarks) == 68
    assert np.isfinite(raw.expressions).all()
    MotionSampler(raw.expression_names).draw(np.random.default_rng(0))


def test_it_is_the_same_every_time(raw):
    again = build_procedural_model()
    np.testing.assert_array_equal(again.vertices, raw.vertices)
    np.testing.assert_array_equal(again.expressions, raw.expressions)


def test_keypoints_lie_where_a_face_has_them(procedural):
    points = {name: procedural.vertices[procedural.keypoints[k]] for name, k in INDEX.items()}
    heights = ["left_brow_inner", "left_iris", "nose_tip", "inner_upper_lip", "lower_lip", "chin"]
    assert [points[name][1] for name in heights] == sorted(
        (points[name][1] for name in heights), reverse=True
    )
    for left in (name for name in KEYPOINT_NAMES if name.startswith("left_")):
        mirrored = points[left.replace("left_", "right_")] * (-1, 1, 1)
        np.testing.assert_allclose(points[left], mirrored, atol=0.35)
        assert points[left][0] < 0  # left in the picture is the person's right
    assert points["nose_tip"][2] == max(point[2] for point in points.values())


def test_no_identity_mode_moves_an_eyeball_out_of_shape(raw):
    for mode in raw.identity_modes:
        for eye in ("eye_left", "eye_right"):
            assert np.ptp(mode[raw.parts[eye]], axis=0).max() < 1e-3


@pytest.mark.parametrize(
    ("side", "shut", "other"), [("_R", "left", "right"), ("_L", "right", "left")]
)
def test_a_blink_brings_the_lids_of_its_eye_together(procedural, side, shut, other):
    points = points_with(procedural, **{"eyeBlink" + side: 1})
    ends = [procedural.keypoints[INDEX[f"{shut}_{lid}_lid"]] for lid in ("upper", "lower")]
    gap, before = (array[ends[0], 1] - array[ends[1], 1] for array in (points, procedural.vertices))
    assert before > 0.7
    assert abs(gap) < 0.12
    still = procedural.keypoints[INDEX[f"{other}_upper_lid"]]
    np.testing.assert_allclose(points[still], procedural.vertices[still], atol=1e-3)


def test_shut_lids_lie_in_front_of_the_eyeball(procedural):
    points = points_with(procedural, eyeBlink_L=1, eyeBlink_R=1)
    regions = draw(procedural, points)
    eye = np.isin(regions, np.flatnonzero(procedural.regions == 4))
    assert draw(procedural, procedural.vertices).max() >= 0
    assert (
        eye.sum()
        <= 0.1
        * np.isin(
            draw(procedural, procedural.vertices), np.flatnonzero(procedural.regions == 4)
        ).sum()
    )


def test_the_jaw_takes_lower_lip_and_chin_along_and_leaves_the_upper_lip(moved):
    assert moved("inner_lower_lip", jawOpen=1)[1] < -1.5
    assert moved("chin", jawOpen=1)[1] < -1.5
    assert abs(moved("inner_upper_lip", jawOpen=1)[1]) < 0.1
    assert abs(moved("nose_tip", jawOpen=1)[1]) < 0.01
    assert -1.6 < moved("left_lip_corner", jawOpen=1)[1] < -0.3


def test_a_smile_takes_the_corners_of_the_mouth_outwards_and_up(moved):
    right = moved("right_lip_corner", mouthSmile_L=1)
    assert right[0] > 0.4
    assert right[1] > 0.4
    assert np.abs(moved("left_lip_corner", mouthSmile_L=1)).max() < 0.05
    assert moved("left_lip_corner", mouthSmile_R=1)[0] < -0.4


def test_a_pucker_narrows_the_mouth_and_pushes_it_forward(moved):
    assert moved("right_lip_corner", mouthPucker=1)[0] < -0.3
    assert moved("inner_upper_lip", mouthPucker=1)[2] > 0.4


@pytest.mark.parametrize(
    ("expression", "moving", "still", "direction"),
    [
        ("mouthUpperUp", "inner_upper_lip", "inner_lower_lip", 1),
        ("mouthLowerDown", "inner_lower_lip", "inner_upper_lip", -1),
    ],
)
def test_each_lip_moves_alone(moved, expression, moving, still, direction):
    both = {expression + side: 1 for side in ("_L", "_R")}
    assert moved(moving, **both)[1] * direction > 0.1
    assert abs(moved(still, **both)[1]) < 0.02


@pytest.mark.parametrize(("expression", "direction"), [("browInnerUp_L", 1), ("browDown_L", -1)])
def test_brows_rise_and_fall(moved, expression, direction):
    assert moved("right_brow_inner", **{expression: 1})[1] * direction > 0.3


def draw(head, points):
    """Number of the triangle each pixel of a frontal picture shows, -1 for none."""
    screen = points.copy()
    screen[:, 0] = (points[:, 0] / 15.5 + 1) * SIZE / 2
    screen[:, 1] = (1 - points[:, 1] / 15.5) * SIZE / 2
    screen[:, 2] = 75 - points[:, 2]
    depth, nearest = np.empty((SIZE, SIZE), np.float32), np.empty((SIZE, SIZE), np.int32)
    one_sided = np.ones(len(head.triangles), np.uint8)
    rasterise(screen, head.triangles, one_sided, depth, nearest)
    return nearest


@pytest.mark.parametrize(
    "weights",
    [
        {},
        {"jawOpen": 1},
        {"jawOpen": 0.5, "mouthFunnel": 1},
        {"eyeBlink_L": 1, "eyeBlink_R": 0.5},
        {"eyeWide_L": 1, "eyeWide_R": 1},
        {"mouthSmile_L": 1, "mouthUpperUp_L": 1, "mouthLowerDown_R": 1, "jawLeft": 1},
    ],
)
def test_no_background_shows_through_the_face(procedural, weights):
    empty = (draw(procedural, points_with(procedural, **weights)) < 0).astype(np.uint8)
    count, labels = cv2.connectedComponents(empty, connectivity=4)
    outside = set(labels[0]) | set(labels[-1]) | set(labels[:, 0]) | set(labels[:, -1])
    holes = [k for k in range(1, count) if k not in outside]
    assert (~empty.astype(bool)).mean() > 0.2
    assert not holes


def test_without_a_face_model_the_command_renders_procedural_heads(tmp_path, capsys):
    folder = tmp_path / "heads"
    assert main([str(folder), "--identities", "1", "--size", "32"]) == 0
    out, err = capsys.readouterr()
    assert out == f"{folder}: 1 identities rendered, 0 kept, size 32 px\n"
    assert err.splitlines()[0] == "No --face-model: heads are procedural, made from formulas alone."
    with np.load(folder / "shard-00000.npz") as shard:
        assert shard["image"].shape == (1, 3, 32, 32, 3)
        assert np.isfinite(shard["keypoints"]).all()


def test_the_head_without_a_face_model_is_the_procedural_one(procedural):
    np.testing.assert_array_equal(load_head(None).vertices, procedural.vertices)
