from dataclasses import replace

import numpy as np
import pytest
import torch
from torch.testing import assert_close

from liveportrait_core.constants import COMPACT_SPACE, HUMAN_SPACE
from liveportrait_core.errors import CheckpointError
from liveportrait_core.media.blendshape_map_file import load_blendshape_map
from liveportrait_core.model import save_model
from liveportrait_core.motion.blendshape_map import num_features
from liveportrait_core.motion.blendshapes import ARKIT_SHAPES
from liveportrait_core.preset import COMPACT, PAPER_ANIMAL
from tests.support.tiny import tiny_compact_model, tiny_published_model
from train.authoring.blendshapes import BlendshapesOptions, fitted_map, with_read_r
from train.authoring.shape_fit import ReadPerson, correlations, fit
from train.authoring.shape_frames import ShapeRenderer, gaze_deg, model_names
from train.authoring.shape_samples import alone, mixed, rest
from train.blendshapes import main
from train.rendering.head.load import load_head

JAW, CLOSE = ARKIT_SHAPES.index("jawOpen"), ARKIT_SHAPES.index("mouthClose")


def made_person(seed: int, space: str) -> ReadPerson:
    """What a model would read that reads shapes without error."""
    generator = torch.Generator().manual_seed(seed)
    weights = torch.rand(120, len(ARKIT_SHAPES), generator=generator)
    weights[:, -1] = 0  # no tongue
    moves = torch.randn(len(ARKIT_SHAPES), 21, 3, generator=torch.Generator().manual_seed(0))
    moved = torch.einsum("bs,skc->bkc", weights, moves * 0.02)
    features = torch.zeros(len(weights), num_features(space))
    features[:, :63] = moved.flatten(1)
    return ReadPerson(weights=weights, features=features, moved=moved)


def test_least_squares_find_what_shapes_do_and_how_they_are_read():
    people = [made_person(seed, HUMAN_SPACE) for seed in range(4)]
    shape_map = fit(people[:3], HUMAN_SPACE)
    moved = torch.einsum("bs,skc->bkc", people[3].weights, shape_map.expression)
    assert_close(moved, people[3].moved, atol=2e-3, rtol=0)
    assert shape_map.shown == frozenset(ARKIT_SHAPES) - {"tongueOut"}
    r = correlations(shape_map, people[3:])
    assert r["jawOpen"] > 0.95
    assert "tongueOut" not in r


def test_a_shape_that_cannot_be_told_is_not_read():
    shape_map = fit([made_person(0, HUMAN_SPACE)], HUMAN_SPACE)
    told = with_read_r(shape_map, {"jawOpen": 0.9, "mouthPressLeft": 0.1})
    assert told.read == {"jawOpen"}
    assert told.read_r == {"jawOpen": 0.9, "mouthPressLeft": 0.1}


def test_shapes_are_found_in_a_face_model():
    names = load_head(None).expression_names
    assert model_names("eyeBlinkLeft", names) == ["eyeBlink_L"]
    assert model_names("jawLeft", names) == ["jawLeft"]
    assert model_names("browInnerUp", names) == ["browInnerUp_L", "browInnerUp_R"]
    assert model_names("tongueOut", names) == []
    assert all(model_names(name, names) for name in ARKIT_SHAPES if name != "tongueOut")


def test_both_eyes_turn_to_where_they_are_told():
    weights = rest()
    for name in ("eyeLookOutLeft", "eyeLookInRight"):
        weights[ARKIT_SHAPES.index(name)] = 0.5
    assert gaze_deg(weights).tolist() == [0, -15]  # to the person's left, the picture's right
    weights[:] = 0
    weights[ARKIT_SHAPES.index("eyeLookUpLeft")] = 1
    assert gaze_deg(weights).tolist() == [-15, 0]  # half of both


@pytest.mark.parametrize("draw", [alone, mixed])
def test_samples_are_faces_that_people_can_make(draw):
    random = np.random.default_rng(0)
    for _ in range(300):
        weights, closed = draw(random)
        assert ((weights >= 0) & (weights <= 1)).all()
        assert 0 <= closed <= 1
        assert weights[CLOSE] == 0  # it is solved for each head
        up, down = (weights[ARKIT_SHAPES.index(f"eyeLook{way}Left")] for way in ("Up", "Down"))
        assert not up * down
        assert weights[ARKIT_SHAPES.index("tongueOut")] == 0


def test_lips_that_are_closed_do_not_cross():
    renderer = ShapeRenderer(load_head(None), 16, COMPACT.driving_crop)
    person = renderer.person(3, 0, 24)
    upper, lower = person.upright[:, 17, 1], person.upright[:, 18, 1]
    closed = person.weights[:, CLOSE] > 0
    assert closed.any()
    assert ((lower - upper)[closed] > -1e-4).all()
    assert person.images.shape == (25, 16, 16, 3)
    assert not person.weights[0].any()


def test_the_same_seed_gives_the_same_person():
    renderer = ShapeRenderer(load_head(None), 16, COMPACT.driving_crop)
    first, again, other = (renderer.person(1, number, 2) for number in (5, 5, 6))
    assert (first.images == again.images).all()
    assert (first.images != other.images).any()


def options(tmp_path, **changes) -> BlendshapesOptions:
    return BlendshapesOptions(out=tmp_path / "map.safetensors", people=2, frames=3, **changes)


@pytest.mark.parametrize(
    ("make", "space"),
    [(tiny_compact_model, COMPACT_SPACE), (tiny_published_model, HUMAN_SPACE)],
)
def test_a_map_is_fitted_to_any_model_of_people(tmp_path, make, space):
    shape_map = fitted_map(make(), options(tmp_path))
    assert shape_map.space == space
    assert shape_map.reading.shape == (num_features(space), len(ARKIT_SHAPES))
    assert shape_map.expression.isfinite().all()
    assert shape_map.expression.any()
    assert all(-1 <= r <= 1 for r in shape_map.read_r.values())


def test_animals_are_refused(tmp_path):
    model = tiny_published_model()
    animals = replace(model, preset=replace(model.preset, space=PAPER_ANIMAL.space))
    with pytest.raises(CheckpointError, match="blendshapes are theirs"):
        fitted_map(animals, options(tmp_path))


def test_the_command_writes_a_map(tmp_path, capsys):
    model, out = tmp_path / "tiny.safetensors", tmp_path / "map.safetensors"
    save_model(tiny_compact_model(), model)
    sizes = ["--people", "2", "--frames", "3"]
    assert main([str(out), "--model", str(model), *sizes]) == 0
    assert "shape" in capsys.readouterr().out
    shape_map = load_blendshape_map(out)
    assert (
        shape_map.producer == "fitted to 1 rendered people in 3 frames each, read by tiny-compact"
    )


def test_a_name_that_is_no_map_is_refused_before_any_work(tmp_path, capsys):
    assert main([str(tmp_path / "map.npz"), "--model", "nothing"]) == 2
    assert ".safetensors" in capsys.readouterr().err
