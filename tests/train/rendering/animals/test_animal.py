from dataclasses import replace

import numpy as np
import pytest

from train.rendering.animals import animal as animal_module
from train.rendering.animals.animal import is_animal, make_animal
from train.rendering.animals.animal_paint import paint_animal
from train.rendering.animals.ears import make_ears
from train.rendering.animals.fur_colour import FurColours
from train.rendering.animals.fur_geometry import grow_tufts
from train.rendering.animals.species import BEAR, CAT, DOG, FOX, HOUND, MONKEY, RABBIT, SHEEP
from train.rendering.export.head_renderer import HeadRenderer
from train.rendering.frames.labels import (
    canonical_keypoints,
    dense_labels,
    openings,
    posed_keypoints,
)
from train.rendering.frames.scene import Scene
from train.rendering.head.head_model import KEYPOINT_NAMES
from train.rendering.regions import Region

KINDS = {
    "cat": CAT,
    "dog": DOG,
    "hound": HOUND,
    "fox": FOX,
    "bear": BEAR,
    "rabbit": RABBIT,
    "sheep": SHEEP,
    "monkey": MONKEY,
}
IRISES = [KEYPOINT_NAMES.index(name) for name in ("left_iris", "right_iris")]
SIZE = 48


@pytest.fixture(scope="module")
def scene(head):
    return Scene(head, SIZE)


@pytest.fixture(scope="module", params=KINDS)
def animal(request, head, chart):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(animal_module, "SPECIES", (KINDS[request.param],))
        return make_animal(head, chart, [], np.random.default_rng(4))


def test_an_animal_shuts_its_eyes_and_opens_its_mouth(head, scene, animal, motion):
    def measured(**weights):
        frame = scene.draw(animal, motion(**weights))
        return openings(posed_keypoints(head, frame)[None])

    (eyes,), (lips,) = measured()
    (blinking,), _ = measured(eyeBlink_L=0.5, eyeBlink_R=0.5)
    _, (gaping,) = measured(jawOpen=1)
    assert (blinking < 0.9 * eyes).all(), (blinking, eyes)
    assert gaping[0] > max(2 * lips[0], 0.08)


@pytest.mark.parametrize(("gaze", "axis", "sign"), [((20, 0), 1, 1), ((0, 20), 0, -1)])
def test_an_animal_looks_where_the_gaze_says(head, scene, animal, motion, gaze, axis, sign):
    straight = posed_keypoints(head, scene.draw(animal, motion()))[IRISES]
    looking = posed_keypoints(head, scene.draw(animal, motion(gaze=gaze)))[IRISES]
    assert ((looking - straight)[:, axis] * sign > 0.01).all()


def test_canonical_keypoints_of_an_animal_are_those_of_its_frontal_frame(
    head, scene, animal, motion
):
    posed = posed_keypoints(head, scene.draw(animal, motion()))
    canonical = canonical_keypoints(head, animal)
    # a similarity apart, as far as perspective allows: compare widths and heights
    ratio = np.ptp(posed[:, :2], axis=0) / np.ptp(canonical[:, :2], axis=0)
    assert ratio[0] == pytest.approx(ratio[1], rel=0.1)


def test_a_picture_of_an_animal_is_finite_and_its_flow_at_rest_is_the_identity(
    scene, animal, motion
):
    frame = scene.draw(animal, motion())
    assert np.isfinite(animal.albedo).all()
    assert animal.albedo.min() >= 0
    assert animal.albedo.max() <= 1
    labels = dense_labels(animal, frame, frame)
    centres = (np.arange(SIZE // 2) + 0.5) / (SIZE // 2) * 2 - 1
    expected = np.stack(np.meshgrid(centres, centres), axis=-1)
    np.testing.assert_allclose(labels.flow.astype(np.float32), expected, atol=2e-3)
    assert {Region.SKIN, Region.EYE} <= set(np.unique(labels.regions))


def test_a_share_of_the_identities_are_animals():
    drawn = [is_animal(3, number, 0.2) for number in range(2000)]
    assert np.mean(drawn) == pytest.approx(0.2, abs=0.03)  # 3 standard deviations
    assert not any(is_animal(3, number, 0.0) for number in range(50))
    assert all(is_animal(3, number, 1.0) for number in range(50))


def test_people_stay_who_they_are_whatever_the_share_of_animals(head):
    number = next(number for number in range(50) if not is_animal(5, number, 0.5))
    alone = HeadRenderer(head, 16).render_identity(5, number)
    among = HeadRenderer(head, 16, 0.5).render_identity(5, number)
    np.testing.assert_array_equal(alone["image"], among["image"])


def test_an_animal_is_the_same_every_time_and_not_the_person_of_that_number(head):
    first, again = (HeadRenderer(head, 16, 1.0).render_identity(5, 1) for _ in range(2))
    np.testing.assert_array_equal(first["image"], again["image"])
    person = HeadRenderer(head, 16).render_identity(5, 1)
    assert (person["image"] != first["image"]).any()


@pytest.mark.parametrize("shape", ["pointed", "round", "long"])
def test_ears_stand_on_both_sides_of_the_head_and_above_it(head, shape):
    bare = head.vertices[np.concatenate([head.parts["face"], head.parts["scalp"]])]
    ears = make_ears(replace(CAT, ear=shape), bare, np.random.default_rng(0))
    left, right = np.split(ears.points, 2)
    assert left[:, 0].max() > 3
    assert right[:, 0].min() < -3
    assert ears.points[:, 1].max() > bare[np.abs(bare[:, 0]) > 3, 1].max() + 2
    assert ears.bare[ears.along > 0.95].max() < 0.3  # tips are furry


def test_hanging_ears_end_below_where_they_begin(head):
    bare = head.vertices[np.concatenate([head.parts["face"], head.parts["scalp"]])]
    ears = make_ears(HOUND, bare, np.random.default_rng(0))
    tips, roots = ears.points[ears.along == 1], ears.points[ears.along == 0]
    assert tips[:, 1].max() < roots[:, 1].min()


def test_tufts_start_at_their_roots_and_rise_from_the_skin():
    roots = np.zeros((50, 3), np.float32)
    up = np.tile(np.float32([0, 0, 1]), (50, 1))
    down = np.tile(np.float32([0, -1, 0]), (50, 1))
    points = grow_tufts(roots, up, down, 1.0, np.random.default_rng(0)).reshape(50, 3, 3)
    sides, tips = points[:, :2].mean(axis=1), points[:, 2]
    np.testing.assert_allclose(sides, np.tile([0, 0, -0.1], (50, 1)), atol=1e-6)
    lengths = np.linalg.norm(tips, axis=1)
    assert lengths.min() > 0.39
    assert lengths.max() < 1.51
    assert tips[:, 1].mean() < -0.5
    assert tips[:, 2].mean() > 0.1


def test_the_pupil_of_a_cat_in_the_sun_is_higher_than_wide(head, chart):
    species = replace(CAT, pupils=("slit",))
    coat = FurColours(species, np.random.default_rng(0))
    paint = paint_animal(head, chart, species, coat, np.random.default_rng(0))
    eye = head.parts["eye_left"]
    black = (paint.albedo[eye] < 0.05).all(axis=1)
    across, up, _ = np.ptp(head.vertices[eye][black], axis=0)
    assert up > 1.5 * across
