import numpy as np
import pytest

from train.rendering.raster.surface import LIT, PLACE, VALUES, Kind, light_vertices, shade_pixels

UP = np.array([0, 1, 0], np.float32)
FRONT = np.array([[0, 0, 1, 0.5, 0.4, 0.3]], np.float32)
AMBIENT = np.array([[0.2, 0.2, 0.2], [0.1, 0.1, 0.1]], np.float32)


def lit(normal, kind=Kind.PLAIN, lights=FRONT, fibre=(0, 0, 0), surface=(0, 0, 1, 1)):
    found = np.empty((1, LIT), np.float32)
    light_vertices(
        np.array([normal], np.float32),
        np.array([fibre], np.float32),
        np.array([kind], np.uint8),
        np.array([surface], np.float32),
        UP,
        lights,
        AMBIENT,
        found,
    )
    return found[0]


def test_a_surface_that_faces_the_light_gets_all_of_it_and_half_of_sky_and_ground():
    # a level normal sees as much sky (.2) as ground (.1)
    np.testing.assert_allclose(lit([0, 0, 1])[:3], [0.65, 0.55, 0.45], rtol=1e-4)


def test_a_surface_turned_by_60_degrees_gets_half_the_light():
    normal = [np.sqrt(3) / 2, 0, 0.5]
    np.testing.assert_allclose(lit(normal)[:3], [0.4, 0.35, 0.3], rtol=1e-4)


def test_in_shadow_only_the_sky_is_left_and_less_where_it_is_hidden():
    np.testing.assert_allclose(lit([0, 0, 1], surface=(0, 0, 0.5, 0))[:3], 0.075, rtol=1e-4)


def test_light_wraps_round_skin_and_redder_than_round_cloth():
    grazing = np.array([[1, 0, 0, 1, 1, 1]], np.float32)
    plain, skin = (lit([0, 0, 1], kind, grazing)[:3] for kind in (Kind.PLAIN, Kind.SKIN))
    np.testing.assert_allclose(plain, 0.15, rtol=1e-4)
    # (0 + wrap) / (1 + wrap) with wraps of .28 and .12
    np.testing.assert_allclose(skin - plain, [0.21875, 0.107143, 0.107143], rtol=1e-3)


def test_a_fibre_along_the_light_stays_dark():
    along, across = (lit([0, 0, 1], Kind.HAIR, fibre=fibre)[0] for fibre in ([0, 0, 1], [1, 0, 0]))
    np.testing.assert_allclose(along, 0.15, rtol=1e-3)
    np.testing.assert_allclose(across, 0.65, rtol=1e-3)


def test_cloth_is_lit_from_either_side_and_plain_surfaces_are_not():
    behind = [0, 0, -1]
    assert lit(behind, Kind.CLOTH)[0] == pytest.approx(lit([0, 0, 1], Kind.CLOTH)[0])
    assert lit(behind, Kind.PLAIN)[0] == pytest.approx(0.15)


def shaded(values, kind, skin, fibre=None):
    triangle = np.array([[0, 0, 1], [0, 8, 1], [8, 0, 1]], np.float32)
    picture = np.full((2, 2, 3), -1, np.float32)
    shade_pixels(
        triangle,
        np.array([[0, 1, 2]], np.int32),
        np.full(3, kind, np.uint8),
        np.array([[0, 0], [0, -1]], np.int32),
        np.tile(values, (3, 1)).astype(np.float32),
        skin,
        np.ones((4, 4), np.float32) if fibre is None else fibre,
        picture,
    )
    return picture


def values_of(light, shine, albedo, place=(0, 0, 0), tilt=(0, 0)):
    values = np.zeros(VALUES)
    values[:3], values[3:6], values[6:8] = light, shine, tilt
    values[LIT:PLACE], values[PLACE:] = albedo, place
    return values


BLANK = np.zeros((4, 4, 6), np.float32)


def test_a_pixel_is_albedo_times_light_plus_highlight_and_empty_pixels_are_left_alone():
    picture = shaded(values_of(0.5, 0.1, [0.8, 0.4, 0.2]), Kind.PLAIN, BLANK)
    np.testing.assert_allclose(picture[0, 0], [0.5, 0.3, 0.2], rtol=1e-5)
    assert (picture[1, 1] == -1).all()


def test_half_a_texture_gives_half_its_colour():
    skin = BLANK.copy()
    skin[..., :3], skin[..., 5] = 0.6, 1
    picture = shaded(values_of(1, 0, 0.2, place=(2, 2, 0.5)), Kind.SKIN, skin)
    np.testing.assert_allclose(picture[0, 0], 0.4, rtol=1e-5)


def test_a_slope_towards_the_light_is_brighter():
    skin = BLANK.copy()
    skin[..., :3], skin[..., 3] = 0.5, 0.2  # rises to the right, so it faces left
    left_light = values_of(1, 0, 0.5, place=(2, 2, 1), tilt=(-0.5, 0))
    np.testing.assert_allclose(shaded(left_light, Kind.SKIN, skin)[0, 0], 0.55, rtol=1e-5)


def test_fibres_repeat_over_hair():
    fibre = np.ones((4, 4), np.float32)
    fibre[1, 2] = 0.5
    picture = shaded(values_of(1, 0, 0.6, place=(6.5, 5.5, 1)), Kind.HAIR, BLANK, fibre)
    np.testing.assert_allclose(picture[0, 0], 0.3, rtol=1e-5)
