from dataclasses import replace

import numpy as np
import pytest

from train.rendering.cartoon import cartoon
from train.rendering.cartoon.cartoon import (
    bend_to_cartoon,
    draw_proportions,
    make_cartoon,
    make_character,
)
from train.rendering.cartoon.outlines import draw_outlines
from train.rendering.frames.labels import canonical_keypoints, dense_labels, posed_keypoints
from train.rendering.frames.scene import Scene
from train.rendering.head.head_model import KEYPOINT_NAMES, build_head
from train.rendering.head.procedural import build_procedural_model
from train.rendering.head.warp import make_warp
from train.rendering.regions import Region
from train.rendering.skin.face_chart import chart_face

IRISES = [KEYPOINT_NAMES.index(name) for name in ("left_iris", "right_iris")]
SIZE = 96


@pytest.fixture(scope="module")
def head():
    """Of formulas, which has lids that meet."""
    return build_head(build_procedural_model())


@pytest.fixture(scope="module")
def chart(head):
    return chart_face(head)


@pytest.fixture(scope="module")
def scene(head):
    return Scene(head, SIZE)


@pytest.fixture(scope="module", params=range(3))
def drawn(request, head, chart):
    return make_cartoon(head, chart, [], np.random.default_rng([6, request.param]))


def eye_pixels(identity, frame):
    return int((identity.region_map(frame.nearest) == Region.EYE).sum())


@pytest.mark.parametrize("gaze", [(0, 0), (0, 15), (0, -15)])
def test_irises_lie_within_the_drawn_eyes(head, scene, drawn, motion, gaze):
    bare = replace(drawn, regions=np.where(drawn.regions == Region.GLASSES, 2, drawn.regions))
    frame = scene.draw(bare, motion(gaze))
    regions = bare.region_map(frame.nearest)
    for x, y in (posed_keypoints(head, frame)[IRISES, :2] + 1) / 2 * len(regions):
        around = regions[int(y) - 1 : int(y) + 2, int(x) - 1 : int(x) + 2]
        assert Region.EYE in around


@pytest.mark.parametrize(("gaze", "axis", "sign"), [((20, 0), 1, 1), ((0, 20), 0, -1)])
def test_a_drawn_person_looks_where_the_gaze_says(head, scene, drawn, motion, gaze, axis, sign):
    straight = posed_keypoints(head, scene.draw(drawn, motion()))[IRISES]
    looking = posed_keypoints(head, scene.draw(drawn, motion(gaze)))[IRISES]
    assert ((looking - straight)[:, axis] * sign > 0.02).all()


def test_drawn_eyes_are_larger_than_the_same_persons_and_shut(scene, drawn, motion):
    blink = motion(eyeBlink_L=1, eyeBlink_R=1)
    drawn_open = eye_pixels(drawn, scene.draw(drawn, motion()))
    person = replace(drawn, warp=None)
    assert drawn_open > 1.5 * eye_pixels(person, scene.draw(person, motion()))
    assert eye_pixels(drawn, scene.draw(drawn, blink)) < 0.1 * drawn_open


def test_keypoints_of_a_drawn_face_at_rest_have_the_canonical_proportions(
    head, scene, drawn, motion
):
    posed = posed_keypoints(head, scene.draw(drawn, motion()))
    canonical = canonical_keypoints(head, drawn)
    ratio = np.ptp(posed[:, :2], axis=0) / np.ptp(canonical[:, :2], axis=0)
    assert ratio[0] == pytest.approx(ratio[1], rel=0.1)


def test_flow_of_a_drawn_face_at_rest_is_the_identity(scene, drawn, motion):
    frame = scene.draw(drawn, motion())
    flow = dense_labels(drawn, frame, frame).flow.astype(np.float32)
    centres = (np.arange(SIZE // 2) + 0.5) / (SIZE // 2) * 2 - 1
    np.testing.assert_allclose(flow, np.stack(np.meshgrid(centres, centres), -1), atol=2e-3)


def test_the_skin_of_no_drawn_head_folds(head):
    """Where a bend keeps sides apart, the determinant of its derivatives is positive."""
    marks = head.vertices[head.landmarks]
    skin = head.vertices[np.concatenate([head.parts["face"], head.parts["scalp"]])]
    for seed in range(12):
        looks = draw_proportions(np.random.default_rng(seed))
        bend = bend_to_cartoon(looks, marks, head.eye_centres)
        determinants = np.linalg.det(make_warp(skin, bend, []).jacobian)
        assert determinants.min() > 0, (looks, skin[determinants.argmin()])


def test_the_same_seed_draws_the_same_cartoon(head, chart, scene, motion):
    pictures = [
        scene.draw(make_cartoon(head, chart, [], np.random.default_rng(2)), motion()).image
        for _ in range(2)
    ]
    np.testing.assert_array_equal(*pictures)


@pytest.mark.parametrize("share", [0.0, 1.0])
def test_a_character_is_drawn_as_often_as_the_share_says(head, chart, monkeypatch, share):
    monkeypatch.setattr(cartoon, "CARTOON_PROBABILITY", share)
    character = make_character(head, chart, [], np.random.default_rng(1))
    assert (character.warp is not None) == (share == 1)


def test_lines_run_where_depth_jumps_and_not_along_slopes():
    depth = np.tile(np.linspace(50, 60, 64, dtype=np.float32), (64, 1))
    depth[:, 32:] += 20
    skin = np.full((64, 64), int(Region.SKIN), np.uint8)
    inked = draw_outlines(np.ones((64, 64, 3), np.float32), depth, skin, ink=0.75)
    np.testing.assert_allclose(inked[:, 32], 0.25)
    np.testing.assert_allclose(np.delete(inked, 32, axis=1), 1)


def test_lines_run_round_eyes():
    regions = np.full((64, 64), int(Region.SKIN), np.uint8)
    regions[20:30, 10:20] = Region.EYE
    flat = np.full((64, 64), 50, np.float32)
    inked = draw_outlines(np.ones((64, 64, 3), np.float32), flat, regions, ink=1)
    dark = inked[..., 0] == 0
    # a pixel wide: the first row and column, and those after the last; one corner is shared
    assert dark.sum() == 4 * 10 - 1
    assert dark[20, 10:20].all()
    assert not dark[22:29, 12:19].any()
