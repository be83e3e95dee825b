"""What numba and warp give for the same arrays, function by function."""

import numpy as np
import pytest

from train.rendering.raster.device import kernels_on
from train.rendering.raster.kernels import NUMBA
from train.rendering.raster.rasterise import EMPTY_DEPTH
from train.rendering.raster.surface import LIT, VALUES, Kind

pytest.importorskip("warp", reason="warp-lang, of the extra gpu-render, is not installed")
SIZE = 40


@pytest.fixture(scope="module", params=range(3))
def mesh(request):
    """Points of triangles of all sizes, before, behind and beside the picture."""
    random = np.random.default_rng(request.param)
    middles = random.uniform(-5, SIZE + 5, (200, 1, 3))
    sizes = random.choice([0.5, 4, 30], (200, 1, 1))
    points = (middles + random.normal(size=(200, 3, 3)) * sizes).reshape(-1, 3).astype(np.float32)
    points[:, 2] -= SIZE / 2  # a light's depths have both signs
    return points, np.arange(600, dtype=np.int32).reshape(-1, 3)


@pytest.fixture(scope="module")
def warp():
    return kernels_on("cpu")


def rasterised(kernels, points, triangles):
    depth, nearest = np.empty((SIZE, SIZE), np.float32), np.empty((SIZE, SIZE), np.int32)
    sides = (np.arange(len(triangles)) % 2).astype(np.uint8)
    kernels.rasterise(points, triangles, sides, depth, nearest)
    return depth, nearest


def test_both_see_the_same_triangles_at_the_same_depth(mesh, warp):
    (depth, nearest), (own_depth, own_nearest) = (rasterised(k, *mesh) for k in (NUMBA, warp))
    assert (nearest >= 0).mean() > 0.3
    np.testing.assert_array_equal(own_nearest, nearest)
    np.testing.assert_allclose(own_depth, depth, rtol=1e-5, atol=1e-3)


def test_nothing_is_as_empty_for_both(warp):
    points, triangles = np.zeros((3, 3), np.float32), np.array([[0, 1, 2]], np.int32)
    depth, nearest = rasterised(warp, points, triangles)
    assert (nearest == -1).all()
    assert (depth == np.float32(EMPTY_DEPTH)).all()


def test_both_give_the_same_normals(mesh, warp):
    found = [np.empty_like(mesh[0]) for _ in range(2)]
    for kernels, normals in zip((NUMBA, warp), found, strict=True):
        kernels.vertex_normals(*mesh, normals)
    np.testing.assert_allclose(found[1], found[0], atol=1e-5)


def test_both_light_every_kind_alike(warp):
    random = np.random.default_rng(5)
    units = random.normal(size=(2, 50, 3))
    normals, fibres = (units / np.linalg.norm(units, axis=2, keepdims=True)).astype(np.float32)
    kinds = (np.arange(50) % len(Kind)).astype(np.uint8)
    surfaces = random.random((50, 4), dtype=np.float32)
    lights = np.concatenate([normals[:3], random.random((3, 3), dtype=np.float32)], axis=1)
    up, ambient = np.array([0, 1, 0], np.float32), random.random((2, 3), dtype=np.float32)
    found = [np.full((50, VALUES), 7, np.float32) for _ in range(2)]
    for kernels, lit in zip((NUMBA, warp), found, strict=True):
        kernels.light_vertices(normals, fibres, kinds, surfaces, up, lights, ambient, lit)
    np.testing.assert_allclose(found[1], found[0], rtol=1e-3, atol=1e-5)
    assert (found[1][:, LIT:] == 7).all()


def test_both_shade_every_kind_alike_and_leave_empty_pixels(mesh, warp):
    points, triangles = mesh
    random = np.random.default_rng(6)
    _, nearest = rasterised(NUMBA, points, triangles)
    kinds = np.repeat(np.arange(200) % len(Kind), 3).astype(np.uint8)
    values = random.random((600, VALUES), dtype=np.float32)
    values[:, -3:-1] = random.uniform(-9, 40, (600, 2))  # places, within the texture and beyond
    skin, fibre = random.random((32, 32, 6), np.float32), random.random((16, 16), np.float32)
    found = [np.full((SIZE, SIZE, 3), -1, np.float32) for _ in range(2)]
    for kernels, picture in zip((NUMBA, warp), found, strict=True):
        kernels.shade_pixels(points, triangles, kinds, nearest, values, skin, fibre, picture)
    assert (found[1][nearest < 0] == -1).all()
    different = np.abs(found[1] - found[0]).max(axis=2) > 1e-3
    assert different.mean() < 0.01  # a fibre's texel ends at a whole number: rounding decides


def test_both_interpolate_and_look_for_points_alike(mesh, warp):
    points, triangles = mesh
    depth, nearest = rasterised(NUMBA, points, triangles)
    regions = np.clip(nearest % 4, 0, 3).astype(np.uint8)
    found, seen = [], []
    for kernels in (NUMBA, warp):
        picture = np.full((SIZE, SIZE, 3), EMPTY_DEPTH, np.float32)
        kernels.interpolate(points, triangles, nearest, points * np.float32(1.05), picture)
        found.append(picture)
        seen.append(np.full((SIZE, SIZE), 9, np.uint8))
        kernels.seen_from(found[0], regions, depth, regions, 0.5, seen[-1])
    np.testing.assert_allclose(found[1], found[0], rtol=1e-4, atol=1e-2)
    assert set(np.unique(seen[0])) == {0, 1}
    np.testing.assert_array_equal(seen[1], seen[0])
