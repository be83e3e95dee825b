"""Pictures, wanted maps and training of the face finder."""

import json
import math

import cv2
import numpy as np
import pytest
import torch

from liveportrait_core.config.fields import build
from liveportrait_core.errors import CheckpointError
from liveportrait_core.face.network_finder import load_finder_network
from liveportrait_core.networks.face_finder import FaceMaps
from tests.support.killing import cut_off_and_resumed
from tests.support.rendered import write_rendered
from train import face_finder
from train.data import degradation, face_scenes
from train.data.degradation import degrade_head, degrade_picture, occlude_part
from train.data.distractors import draw_distractors, faceless_photos
from train.data.face_scenes import FaceScene, FaceScenePainter, PlacedFace
from train.data.rendered import RenderedSet
from train.losses.face_finder_terms import (
    FaceFinderWeights,
    face_finder_losses,
    face_finder_terms,
)
from train.losses.terms import weighted_losses
from train.tasks import face_finder as task
from train.tasks.face_finder import (
    FaceFinderConfig,
    face_finder_task,
    target_maps,
)

QUICK = ["steps=3", "batch=2", "size_px=64", "log_every=1", "save_every=2", "grid_every=3"]
QUICK += ["bfloat16=false"]  # one process has one precision: that of the other tests of training


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return write_rendered(tmp_path_factory.mktemp("rendered"))


@pytest.fixture(scope="module")
def painter(data):
    return FaceScenePainter(RenderedSet([data]), 96)


def head_with_dots():
    """A grey head whose five points are white dots."""
    points = np.array([(50.0, 50.0), (78.0, 50.0), (64.0, 66.0), (54.0, 80.0), (76.0, 82.0)])
    image = np.full((128, 128, 3), 60, np.uint8)
    for x, y in points.astype(int):
        cv2.circle(image, (int(x), int(y)), 4, (255, 255, 255), -1)
    alpha = np.full((128, 128), 255, np.uint8)
    return face_scenes._Head(image, alpha, np.array([64.0, 64.0]), 60.0, 0.0, points)


@pytest.mark.parametrize("mirrored", [False, True])
@pytest.mark.parametrize(("side", "roll"), [(160, 0.3), (60, -0.9), (22, 0.0), (14, 0.5)])
def test_the_points_of_a_placed_head_lie_where_they_are_seen(side, roll, mirrored):
    head = head_with_dots()
    matrix = face_scenes._placing(head, side, roll, np.array([100.0, 90.0]), mirrored=mirrored)
    picture, cover = face_scenes._sampled(head.image, head.alpha, matrix, 192)
    face = face_scenes._moved(head, matrix)
    assert cover.min() == 1
    assert face.side == pytest.approx(side)
    assert face.centre == pytest.approx((100, 90))
    assert face.angle_rad == pytest.approx(roll)
    for x, y in face.points:
        seen = picture[round(y), round(x)].mean()
        assert seen > (200 if side > 20 else 110)
    # the image's left eye stays the image's left eye
    across = face.points[1] - face.points[0]
    assert across @ (math.cos(roll), math.sin(roll)) == pytest.approx(28 * side / 60)


def test_a_head_in_half_the_pixels_has_its_points_where_they_are_seen():
    whole = head_with_dots()
    half = face_scenes._halved(whole)
    assert half.image.shape == (64, 64, 3)
    assert half.side == 30
    # pixels 63 and 64 are the two about the middle: their mean, 63.5, is 31.5 in half the pixels
    np.testing.assert_allclose(half.centre, (31.75, 31.75))
    for x, y in half.points:
        assert half.image[round(y), round(x)].mean() > 200


def test_a_blank_head_has_no_points_left_and_keeps_what_is_around():
    head = head_with_dots()
    image = head.image.copy()
    image[:4] = (200, 0, 0)
    for seed in range(4):
        blank = face_scenes._without_a_face(image, head, np.random.default_rng(seed))
        assert blank.shape == image.shape
        np.testing.assert_array_equal(blank[:4, :20], image[:4, :20])
        # white dots on grey 60 before; grain about one colour now
        inside = blank[45:85, 48:80].astype(float).mean(-1)
        assert np.ptp(cv2.GaussianBlur(inside, (0, 0), 6)) < 90
        seen = [inside[int(y) - 45, int(x) - 48] for x, y in head.points]
        assert np.std(seen) < 60


def test_animals_are_drawn_as_often_as_asked(data):
    painter = FaceScenePainter(RenderedSet([data]), 96, animals=[2], animal_fraction=0.75)
    random = np.random.default_rng(0)
    points = [painter._head(random).points for _ in range(1000)]
    frames = painter._data.rows("keypoints", np.full(3, 2), np.arange(3))
    noses = (frames[:, 14, :2] + 1) * 64 - 0.5  # pictures of 128 px
    drawn = sum(bool(np.abs(noses - five[2]).sum(1).min() < 1e-3) for five in points)
    # .75, and a quarter of the others, as the folder holds four identities: .8125
    assert drawn / 1000 == pytest.approx(0.8125, abs=0.05)  # four standard deviations
    only = FaceScenePainter(RenderedSet([data]), 96, animals=[], animal_fraction=0.75)
    assert only._head(np.random.default_rng(1)).side > 0


def test_the_animals_of_several_folders_are_counted_through(tmp_path, data):
    def folder(name, **entries):
        (tmp_path / name).mkdir()
        index = {"shards": [{"identities": 3}, {"identities": 2}], **entries}
        (tmp_path / name / "index.json").write_text(json.dumps(index))
        return tmp_path / name

    people, animals = folder("people", seed=3), folder("animals", seed=5, creatures=1.0)
    assert task.animals_of([people, animals]) == [5, 6, 7, 8, 9]
    assert task.animals_of([data]) == []


def test_the_same_draw_gives_the_same_picture(painter):
    one, other, third = (painter.draw(np.random.default_rng(seed)) for seed in (5, 5, 6))
    np.testing.assert_array_equal(one.picture, other.picture)
    assert not np.array_equal(one.picture, third.picture)
    assert one.picture.shape == (96, 96, 3)
    assert one.picture.dtype == np.uint8


def test_pictures_show_none_one_and_several_faces(painter):
    random = np.random.default_rng(0)
    counts = [len(painter.draw(random).faces) for _ in range(60)]
    assert counts.count(0) >= 5
    assert counts.count(1) >= 15
    assert max(counts) >= 3


def test_a_face_that_is_covered_or_cut_away_is_not_asked_for():
    mask = np.zeros((100, 100), np.float32)
    mask[:, 50:] = 1
    face = PlacedFace(np.array([50.0, 50.0]), 20.0, 0.0, np.zeros((5, 2)))
    assert face_scenes._share_of(mask, face) == pytest.approx(0.5)
    corner = PlacedFace(np.array([100.0, 50.0]), 20.0, 0.0, np.zeros((5, 2)))
    assert face_scenes._share_of(mask, corner) == pytest.approx(0.5)  # the other half is outside
    outside = PlacedFace(np.array([-40.0, 50.0]), 20.0, 0.0, np.zeros((5, 2)))
    assert face_scenes._share_of(mask, outside) == 0


def test_clutter_and_damage_keep_the_size():
    random = np.random.default_rng(1)
    photos = faceless_photos()
    for _ in range(40):  # every addition and every degradation occurs
        picture = draw_distractors(random, photos, 80)
        occlude_part(picture, np.array([40.0, 40.0]), 30.0, random)
        for changed in (degrade_head(picture, random), degrade_picture(picture, random)):
            assert changed.shape == (80, 80, 3)
            assert changed.dtype == np.uint8


def test_strange_coats_change_a_head_but_leave_grey_grey_on_the_whole():
    random = np.random.default_rng(2)
    grey = np.full((64, 64, 3), 0.5, np.float32)
    for _ in range(5):
        strange = degradation._recoloured(grey, random)
        assert strange.shape == grey.shape
        assert strange.std() > 0
        np.testing.assert_allclose(strange, strange.mean(-1, keepdims=True) + 0 * grey, atol=1e-5)


def face_at(x, y, side, *, is_target=True, angle=0.0):
    points = np.array([(x - 8, y), (x + 8, y), (x, y + 4), (x - 4, y + 8), (x + 4, y + 8)], float)
    return PlacedFace(np.array([x, y], float), side, angle, points, is_target)


def test_target_maps_worked_out_by_hand():
    # pixels 32 to 39 are cell 4: its middle is 35.5; 19.5 is the middle of cell 2
    crowd = FaceScene(np.zeros((64, 64, 3), np.uint8), [face_at(35.5, 19.5, 32.0, angle=0.5)])
    wanted = target_maps([crowd], 64)
    heat = wanted.heat[0, 0]
    assert heat.shape == (8, 8)
    assert heat[2, 4] == 1
    # 32 pixels are 4 cells; the bump's deviation is the least, .6 cells
    assert heat[2, 5] == pytest.approx(math.exp(-1 / 0.72), abs=1e-6)
    x, y, log_side, cos, sin, *points = wanted.description[0, :, 2, 4].tolist()
    assert (x, y) == pytest.approx((0, 0))
    assert log_side == pytest.approx(math.log(4))
    assert (cos, sin) == pytest.approx((math.cos(0.5), math.sin(0.5)))
    # 8 pixels are one cell, which is a quarter of the side
    assert points == pytest.approx([-0.25, 0, 0.25, 0, 0, 0.125, -0.125, 0.25, 0.125, 0.25])
    assert wanted.described[0, 0, 2, 4] == 1
    assert wanted.described[0, 0, 2, 7] == 0
    assert wanted.asked.min() == 1


def test_nothing_is_asked_where_a_face_is_barely_seen():
    faces = [face_at(35.5, 19.5, 32.0, is_target=False), face_at(11.5, 51.5, 12.0)]
    wanted = target_maps([FaceScene(np.zeros((64, 64, 3), np.uint8), faces)], 64)
    assert wanted.heat[0, 0, 2, 4] < 1e-6
    assert wanted.asked[0, 0, 2, 4] < 1e-6
    assert wanted.asked[0, 0, 2, 6] < 1e-6
    assert wanted.asked[0, 0, 2, 7] == 1
    assert wanted.heat[0, 0, 6, 1] == 1


def maps_from(wanted, heat_logit):
    offset, side, axis, points = wanted.description.clone().split((2, 1, 2, 10), 1)
    return FaceMaps(heat_logit=heat_logit, offset=offset, log_side=side, axis=axis, points=points)


def losses(maps, wanted):
    return weighted_losses(face_finder_terms(FaceFinderWeights()), face_finder_losses(maps, wanted))


def test_true_maps_cost_nothing_and_each_fault_costs_something():
    crowd = FaceScene(np.zeros((64, 64, 3), np.uint8), [face_at(35.5, 19.5, 32.0)])
    wanted = target_maps([crowd], 64)
    sure = torch.where(wanted.heat == 1, 12.0, -12.0)
    assert losses(maps_from(wanted, sure), wanted)[0] < 1e-3
    _, missed = losses(maps_from(wanted, torch.full_like(sure, -4.0)), wanted)
    assert missed["heat"] == pytest.approx(math.log1p(math.exp(4)) * 0.982**2, rel=0.01)
    false = sure.clone()
    false[0, 0, 7, 0] = 4.0  # log(1 + e^4), nearly whole weight: sure and far from the face
    assert losses(maps_from(wanted, false), wanted)[1]["heat"] == pytest.approx(
        math.log1p(math.exp(4)) * 0.982**2, rel=0.01
    )
    shifted = maps_from(wanted, sure)
    shifted.log_side.add_(0.5)
    assert losses(shifted, wanted)[1]["square"] == pytest.approx(0.475)  # .5 - beta / 2


def test_a_size_that_has_no_whole_cells_is_refused():
    with pytest.raises(ValueError, match="multiple of 16"):
        build(FaceFinderConfig, {"run": ".", "steps": 1, "data": "d", "size_px": 100})


def test_training_writes_a_network_and_goes_on_where_it_was_killed(tmp_path, data):
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    face_finder.main([f"run={whole}", f"data={data}", "begin_with=", *QUICK])
    network = load_finder_network(whole / "face_finder.safetensors")
    with torch.no_grad():
        assert network(torch.rand(1, 3, 64, 64)).heat_logit.shape == (1, 1, 8, 8)
    assert (whole / "grid-000003.png").is_file()
    options = [f"run={killed}", f"data={data}", "begin_with=", *QUICK]
    assert cut_off_and_resumed(face_finder.main, options, step=2) == 0
    totals = [
        [json.loads(row)["total"] for row in (run / "stats.jsonl").read_text().splitlines()]
        for run in (whole, killed)
    ]
    assert totals[0] == totals[1]


def test_training_goes_on_from_an_earlier_run(tmp_path, data):
    first, second = tmp_path / "first", tmp_path / "second"
    face_finder.main([f"run={first}", f"data={data}", "begin_with=", *QUICK])
    values = {"run": second, "steps": 1, "data": str(data), "init": str(first), "size_px": 64}
    trained = face_finder_task(build(FaceFinderConfig, values), RenderedSet([data]))
    kept = task.trained_weights(first)
    own = trained.networks["face_finder"].state_dict()
    assert all(torch.equal(own[name], tensor) for name, tensor in kept.items())
    with pytest.raises(CheckpointError, match="holds no training of the face finder"):
        task.trained_weights(second)
