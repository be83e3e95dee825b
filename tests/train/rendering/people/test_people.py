"""Skin, lashes, hair and what is before a face, on the made-up model."""

from dataclasses import replace

import numpy as np
import pytest

from train.data.heads import HEAD_REGIONS, OCCLUDER, TORSO
from train.rendering.frames.labels import dense_labels, posed_keypoints
from train.rendering.frames.scene import Scene
from train.rendering.people import occluders
from train.rendering.people.hair_style import STYLES, draw_style
from train.rendering.people.identity import make_identity
from train.rendering.people.occluders import with_occluder
from train.rendering.people.skull import Skull
from train.rendering.people.strands import HairPath
from train.rendering.regions import Region
from train.rendering.skin.creases import CREASES, crease_depths
from train.rendering.skin.lashes import grow_lashes
from train.rendering.skin.skin_base import paint_skin_base
from train.rendering.skin.skin_map import MAP_PX, places_on_map

SIZE = 64


@pytest.fixture(scope="module")
def scene(head):
    return Scene(head, SIZE)


def test_the_map_has_the_nose_in_the_middle_and_mirrors_the_sides():
    points = np.array([[0, 0, 12], [4, 3, 9], [-4, 3, 9]], np.float32)
    nose, left, right = places_on_map(points)
    assert nose[0] == pytest.approx(MAP_PX / 2)
    assert left[0] + right[0] == pytest.approx(MAP_PX, rel=1e-5)
    assert left[1] == right[1] < nose[1]  # higher up, so nearer the top row
    assert nose[2] == left[2] == 1


def test_the_ground_of_the_skin_is_the_tone_times_one_plus_its_layers():
    skin, height = np.empty((4, 4, 3), np.float32), np.empty((4, 4), np.float32)
    noise = np.zeros((1, 4, 4), np.float32)
    noise[0, 1, 2] = 1
    layers = np.zeros((2, 4, 4), np.float32)
    layers[1] = 0.5
    tints = np.array([[0.1, 0.2, 0.3, 2], [-0.2, -0.4, -0.6, -1]], np.float32)
    tone = np.array([0.5, 0.5, 0.5], np.float32)
    shifts, chosen = np.array([[1, 3]], np.int32), np.array([1], np.int32)
    paint_skin_base(tone, noise, shifts, layers, chosen, tints, skin, height)
    np.testing.assert_allclose(skin[2, 2], [0.45, 0.4, 0.35], rtol=1e-5)
    assert height[2, 2] == pytest.approx(-0.5)
    # the noise's only point moves to (1 - 1, 2 - 3), which is column 3 on the other side
    np.testing.assert_allclose(skin[0, 3], [0.5, 0.5, 0.5], rtol=1e-5)
    assert height[0, 3] == pytest.approx(1.5)


def test_wrinkles_come_with_age():
    def depth(age):
        return np.mean(
            [crease_depths(age, np.random.default_rng(seed)) for seed in range(40)], axis=0
        )

    young, old = depth(0.05), depth(1.0)
    assert len(young) == len(CREASES)
    assert (old > 2 * young).all()
    assert young[0] < 0.02


def test_lashes_hang_on_the_lids_and_fall_with_them(head, chart, still):
    lashes = grow_lashes(chart.lash_quads, 1.0, np.random.default_rng(0))
    assert len(lashes.triangles) > 0
    np.testing.assert_allclose(lashes.weights.sum(axis=1), 1, atol=1e-5)
    moved = head.vertices.copy()
    moved[np.unique(lashes.vertices)] -= np.array([0, 0.5, 0], np.float32)
    fallen = lashes.points(moved) - lashes.points(head.vertices)
    np.testing.assert_allclose(fallen, np.tile([0, -0.5, 0], (len(fallen), 1)), atol=1e-4)


def test_hair_ends_above_the_brows_whatever_the_style(head):
    skin = np.concatenate([head.parts["face"], head.parts["scalp"]])
    brow_y = float(head.vertices[head.landmarks[17:27], 1].max())
    skull = Skull(head.vertices[skin], brow_y)
    random = np.random.default_rng(0)
    for _ in range(2 * len(STYLES)):
        path = HairPath(skull, draw_style(random.random(), under_hat=False, random=random))
        turn = np.linspace(0, 2 * np.pi, 60)
        along = path.ends(turn)[:, None] * np.linspace(0, 1, 12)
        points = path.at(turn[:, None] + 0 * along, along, np.full_like(along, 0.3))
        over_face = (np.abs(np.arctan2(points[..., 0], points[..., 2])) < 0.5) & (
            points[..., 2] > 0
        )
        assert points[over_face, 1].min(initial=99) > brow_y


def test_no_hair_lies_over_the_eyes_of_people_who_look_at_the_camera(head, chart, scene, still):
    for seed in range(12):
        identity = make_identity(head, chart, [], np.random.default_rng([40, seed]))
        frame = scene.draw(identity, still)
        regions = dense_labels(identity, frame, frame).regions
        for x, y in (posed_keypoints(head, frame)[12:14, :2] + 1) / 2 * (SIZE // 2):
            assert regions[int(y), int(x)] != Region.HAIR


@pytest.fixture(scope="module")
def with_hand(head, chart):
    identity = make_identity(head, chart, [], np.random.default_rng(3))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(occluders, "OCCLUDER_PROBABILITY", 1.0)
        found = with_occluder(identity, chart.chin_y, np.random.default_rng(4))
    assert len(found.occluder) > 0
    return replace(found, restless=1.0)


def test_most_people_have_nothing_before_their_face(head, chart):
    identity = make_identity(head, chart, [], np.random.default_rng(3))
    found = [with_occluder(identity, chart.chin_y, np.random.default_rng(k)) for k in range(200)]
    share = np.mean([len(one.occluder) > 0 for one in found])
    assert 0.03 < share < 0.17  # .09 expected


def test_what_is_before_a_face_stays_while_the_head_moves(scene, with_hand, still):
    turned = replace(
        still,
        pose_deg=np.array([5, 20, 0], np.float32),
        shift=np.array([0.05, 0.02], np.float32),
        zoom=1.1,
    )
    labels = dense_labels(with_hand, scene.draw(with_hand, still), scene.draw(with_hand, turned))
    hand = labels.regions == Region.OCCLUDER
    assert hand.sum() > 10
    centres = (np.arange(SIZE // 2) + 0.5) / (SIZE // 2) * 2 - 1
    here = np.stack(np.meshgrid(centres, centres), axis=-1)
    np.testing.assert_allclose(labels.flow[hand].astype(np.float32), here[hand], atol=3e-3)
    assert labels.visible[hand].mean() > 0.9


def test_what_is_before_a_face_moves_by_itself_while_the_head_is_still(scene, with_hand, still):
    moved = replace(still, occluder_shift=np.array([2, 0, 0], np.float32))
    labels = dense_labels(with_hand, scene.draw(with_hand, still), scene.draw(with_hand, moved))
    hand = labels.regions == Region.OCCLUDER
    centres = (np.arange(SIZE // 2) + 0.5) / (SIZE // 2) * 2 - 1
    here = np.stack(np.meshgrid(centres, centres), axis=-1)
    step = (labels.flow.astype(np.float32) - here)[..., 0]
    assert step[hand].min() > 0.08  # 2 of about 15 units, nearer than the face
    face = labels.regions == Region.SKIN
    np.testing.assert_allclose(step[face], 0, atol=3e-3)


def test_training_reads_what_is_before_a_face_as_not_the_head():
    assert Region.OCCLUDER >= HEAD_REGIONS  # so it has to be told apart by name
    assert OCCLUDER == Region.OCCLUDER
    assert TORSO == Region.TORSO < HEAD_REGIONS
