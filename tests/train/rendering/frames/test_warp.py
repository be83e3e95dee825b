from dataclasses import replace

import numpy as np
import pytest

from train.rendering.animals.animal import make_animal
from train.rendering.camera.photograph import PLAIN
from train.rendering.frames.labels import dense_labels
from train.rendering.frames.scene import Scene
from train.rendering.motion_sampler import MotionSampler
from train.rendering.people import occluders
from train.rendering.people.identity import make_identity
from train.rendering.raster.device import kernels_on
from train.rendering.raster.kernels import NUMBA

pytest.importorskip("warp", reason="warp-lang, of the extra gpu-render, is not installed")
SIZE = 64


@pytest.fixture(scope="module")
def identities(head, chart):
    """A person, and an inked animal behind something, in hard light; compression is not ours."""
    random = np.random.default_rng(8)
    person = make_identity(head, chart, [], random)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(occluders, "OCCLUDER_PROBABILITY", 1)
        animal = make_animal(head, chart, [], random)
        animal = occluders.with_occluder(animal, chart.chin_y, random)
    return [
        replace(who, photograph=PLAIN, lighting=replace(who.lighting, hardness=0.8))
        for who in (person, replace(animal, ink=0.8))
    ]


@pytest.fixture(scope="module")
def both(head, identities):
    """What numba and warp draw of each identity: pairs of (frames, labels)."""
    sampler, random = MotionSampler(head.expression_names), np.random.default_rng(1)
    kernels = (NUMBA, kernels_on("cpu"))
    pairs = []
    for identity in identities:
        motions = [sampler.draw(random) for _ in range(3)]
        pairs.append([draw(head, identity, motions, each) for each in kernels])
    return pairs


def draw(head, identity, motions, kernels):
    scene = Scene(head, SIZE, kernels)
    frames = [scene.draw(identity, motion) for motion in motions]
    following = [*frames[1:], frames[0]]
    pairs = zip(frames, following, strict=True)
    return frames, [dense_labels(identity, *pair, kernels) for pair in pairs]


def frames_of(both):
    return [pair for (numba, _), (drawn, _) in both for pair in zip(numba, drawn, strict=True)]


def labels_of(both):
    return [pair for (_, numba), (_, drawn) in both for pair in zip(numba, drawn, strict=True)]


def test_both_put_every_point_at_the_same_place(both):
    for numba, drawn in frames_of(both):
        np.testing.assert_allclose(drawn.points, numba.points, atol=2e-4)
        assert drawn.magnification == pytest.approx(numba.magnification)


def test_both_see_the_same_triangles_at_the_same_depth(both):
    for numba, drawn in frames_of(both):
        same = numba.nearest == drawn.nearest
        assert same.mean() > 0.9999  # a GPU may round where two triangles share an edge
        np.testing.assert_allclose(drawn.depth[same], numba.depth[same], rtol=1e-5, atol=1e-3)


def test_both_give_the_same_pictures(both):
    for numba, drawn in frames_of(both):
        difference = np.abs(numba.image.astype(int) - drawn.image.astype(int))
        assert numba.image.std() > 10
        assert difference.mean() < 0.1
        assert (difference > 2).mean() < 0.005


def test_both_give_the_same_labels(both):
    for numba, drawn in labels_of(both):
        assert (numba.regions == drawn.regions).mean() > 0.998
        assert (numba.visible == drawn.visible).mean() > 0.995
        near = np.abs(numba.flow.astype(np.float32) - drawn.flow.astype(np.float32)) < 2e-3
        assert near.mean() > 0.998
        types = [drawn.regions.dtype, drawn.visible.dtype, drawn.flow.dtype]
        assert types == [numba.regions.dtype, numba.visible.dtype, numba.flow.dtype]
