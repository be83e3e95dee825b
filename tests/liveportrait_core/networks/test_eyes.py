"""The eye branch: where its windows lie, what it sees, what it changes and what it leaves alone."""

import math
from dataclasses import replace

import pytest
import torch

from liveportrait_core.constants import CompactKeypoint as C
from liveportrait_core.networks.build import build
from liveportrait_core.networks.compact.eyes import (
    POINTS,
    EyesBranch,
    EyeView,
    EyeWindow,
    eye_opening,
    iris_colour,
)
from liveportrait_core.networks.compact.layers import pixel_centres
from liveportrait_core.networks.compact.tone import Tone
from liveportrait_core.preset import COMPACT, Preset

SMALL = replace(COMPACT, width=0.25, detail_px=128, blocks=0)
SIZE, SIDE = 128, 64


def level_face():
    """Keypoints of one face: outer corners 0.8 apart, each eye 0.24 wide and 0.08 high."""
    points = torch.zeros(1, len(C), 3)
    for sign, (outer, inner, upper, lower, iris) in zip((-1, 1), POINTS, strict=True):
        for keypoint, (x, y) in {
            outer: (0.4, 0.0),
            inner: (0.16, 0.0),
            upper: (0.28, -0.04),
            lower: (0.28, 0.04),
            iris: (0.28, 0.0),
        }.items():
            points[0, keypoint, :2] = torch.tensor((sign * x, y))
    points[0, C.NOSE_TIP, 1] = 0.3
    return points


def looking_aside(points, by):
    moved = points.clone()
    moved[:, [C.LEFT_IRIS, C.RIGHT_IRIS], 0] += by
    return moved


def trained(seed=0):
    """A branch that adds a colour wherever it may, and weighs in both of the source's pictures."""
    torch.manual_seed(seed)
    branch = EyesBranch(SIDE, SMALL.width).eval().requires_grad_(False)
    branch.out.bias.copy_(torch.tensor((0.2, -0.1, 0.3, 0.3, 0.3)))
    return branch


def face(seed=0, size=SIZE):
    return torch.rand(1, 3, size, size, generator=torch.Generator().manual_seed(seed))


def test_corners_have_their_places_in_the_windows_and_both_eyes_look_alike():
    face_points = level_face()
    for window, points in zip(EyeWindow.of(face_points), POINTS, strict=True):
        places = window.places(face_points[:, list(points)])[0]
        # half a side is a quarter of the eyes' distance: 0.2; corners lie 0.12 off the middle
        expected = torch.tensor([(-0.6, 0.0), (0.6, 0.0), (0.0, -0.2), (0.0, 0.2), (0.0, 0.0)])
        torch.testing.assert_close(places, expected)


def test_a_mirrored_window_is_spread_to_where_it_was_read():
    ramp = pixel_centres(SIZE, torch.zeros(1))
    picture = torch.stack((ramp.expand(SIZE, -1), ramp[:, None].expand(-1, SIZE)))[None]
    for window in EyeWindow.of(level_face()):
        box = window.box(SIZE)
        inside = window.spread(torch.ones(1, 1, SIDE, SIDE), SIZE, box) > 0.999
        back = window.spread(window.read(picture, SIDE), SIZE, box)
        assert inside.sum() > 400
        inside = inside.expand_as(back)
        torch.testing.assert_close(back[inside], picture[(..., *box)][inside], atol=3e-3, rtol=0)


def test_the_source_is_shifted_so_that_its_iris_lies_where_that_of_the_picture_does():
    source = level_face()
    driving = looking_aside(source, 0.06)  # 0.3 half sides to the image's right
    view, _ = EyeView.of(face(), face(1), source, driving, SIDE)
    same, _ = EyeView.of(face(), face(1), source, source, SIDE)
    assert torch.equal(same.moved, same.source)
    # 10 pixels; the right eye is mirrored, so that its iris goes the other way
    for moved, kept, places in zip(
        view.moved,
        view.source,
        ((slice(10, None), slice(-10)), (slice(-10), slice(10, None))),
        strict=True,
    ):
        apart = (moved - kept).abs().mean()
        shifted = (moved[..., places[0]] - kept[..., places[1]]).abs().mean()
        assert shifted < 0.5 * apart


def test_an_untrained_branch_changes_no_bit_of_the_picture():
    torch.manual_seed(0)
    plain = build(SMALL)["decoder"].eval()
    grown = build(replace(SMALL, eyes_px=SIDE))["decoder"].eval()
    grown.load_state_dict({**grown.state_dict(), **plain.state_dict()})
    networks = build(SMALL)
    points = level_face()
    with torch.inference_mode():
        volume = networks["appearance"].eval()(face())
        warped = networks["warping"].eval()(volume, points, points + 0.02)
        assert torch.equal(grown(warped), plain(warped))


def test_a_branch_changes_the_picture_between_the_lids_alone():
    points, image = level_face(), face()
    changed = (trained()(image, face(1), points, points, Tone.of(face(1))) != image).any(1)[0]
    # eyes of 0.24 by 0.08 about (+-0.28, 0): columns 39 to 53 and 74 to 88, rows 61 to 66
    for columns in (slice(42, 50), slice(78, 86)):
        assert changed[62:66, columns].all()
    reach = 0.2 * 0.1 * SIZE / 2 + 2
    rows = slice(math.floor(61 - reach), math.ceil(67 + reach))
    for columns in (slice(38, 54), slice(73, 90)):
        changed[rows, columns] = False
    assert not changed.any()


def test_eyes_keep_their_luminance():
    points, grey = level_face(), torch.full((1, 3, SIZE, SIZE), 0.5)
    branch = EyesBranch(SIDE, SMALL.width).eval().requires_grad_(False)
    view, _ = EyeView.of(grey, grey, points, points, SIDE)
    branch.out.bias.copy_(torch.tensor((0.2, 0.2, 0.2, 0.0, 0.0)))
    torch.testing.assert_close(branch.change(view), torch.zeros_like(view.picture))
    colour = torch.tensor((0.1, 0.0, -0.1 * 0.299 / 0.114))  # of no luminance
    branch.out.bias.copy_(torch.cat((colour, torch.zeros(2))))
    torch.testing.assert_close(branch.change(view)[0, :, 32, 32], colour)


def test_eyes_that_are_shut_stay_as_they_are():
    points, image = level_face(), face()
    for _, _, upper, lower, _ in POINTS:
        points[0, upper] = points[0, lower]
    assert torch.equal(trained()(image, face(1), points, points, Tone.of(face(1))), image)


def test_the_opening_is_the_parabola_through_the_lids():
    view, _ = EyeView.of(face(), face(), level_face(), level_face(), SIDE)
    inside = eye_opening(view.driving_points, SIDE, -0.05)  # half way down the fade
    area = 2 * (2 / 3) * 1.2 * 0.2 * (SIDE / 2) ** 2
    assert float(inside[0].sum()) == pytest.approx(area, rel=0.1)
    assert inside[0, 0, 31:33, 31:33].min() == 1
    assert inside[0, 0, :20].max() == 0


def test_the_colour_of_an_iris_is_that_of_its_ring_in_the_eyes_that_show_it():
    points, picture = level_face(), torch.full((1, 3, SIZE, SIZE), 0.9)
    centres = pixel_centres(SIZE, picture)
    for side, colour in zip((-1, 1), ((0.4, 0.2, 0.1), (0.2, 0.2, 0.5)), strict=True):
        away = ((centres - side * 0.28)[None].square() + centres[:, None].square()).sqrt()
        picture[0, :, away < 0.07] = torch.tensor(colour)[:, None]
    both = EyeView.of(picture, picture, points, points, SIDE)[0].iris
    torch.testing.assert_close(both[0], torch.tensor((0.3, 0.2, 0.3, 1.0)), atol=0.02, rtol=0)
    assert torch.equal(both[0], both[1])
    points[0, C.RIGHT_UPPER_LID] = points[0, C.RIGHT_LOWER_LID]
    one = EyeView.of(picture, picture, points, points, SIDE)[0].iris
    torch.testing.assert_close(one[0], torch.tensor((0.4, 0.2, 0.1, 1.0)), atol=0.02, rtol=0)
    points[0, C.LEFT_UPPER_LID] = points[0, C.LEFT_LOWER_LID]
    none = EyeView.of(picture, picture, points, points, SIDE)[0]
    assert float(none.iris[:, 3].max()) == 0
    assert torch.equal(iris_colour(none.source, none.source_points).repeat(2, 1), none.iris)


def test_faces_do_not_depend_on_those_beside_them():
    points = torch.cat((level_face(), looking_aside(level_face(), 0.05)))
    images, faces = (torch.cat((face(a), face(a + 1))) for a in (0, 5))
    branch = trained()
    both = branch(images, faces, points, points + 0.01, Tone.of(faces))
    for k in range(2):
        one = slice(k, k + 1)
        parts = (images[one], faces[one], points[one], points[one] + 0.01)
        torch.testing.assert_close(
            both[one], branch(*parts, Tone.of(faces[one])), atol=1e-5, rtol=0
        )


def test_a_grey_source_gets_grey_eyes():
    grey, points = face(1).mean(1, keepdim=True).expand(-1, 3, -1, -1), level_face()
    painted = trained()(grey, grey, points, points, Tone.of(grey))
    assert not torch.equal(painted, grey)
    assert float((painted.amax(1) - painted.amin(1)).max()) < 0.5 / 255


def test_what_is_held_at_the_edge_stays():
    points, image = level_face(), face()
    falloff = torch.ones(SIZE, SIZE)
    falloff[64:] = 0
    painted = trained()(image, face(1), points, points, Tone.of(face(1)), falloff)
    assert torch.equal(painted[..., 64:, :], image[..., 64:, :])
    assert not torch.equal(painted, image)


def test_a_preset_of_an_earlier_file_has_no_branch():
    kept = SMALL.to_json()
    del kept["eyes_px"]
    assert Preset.from_json(kept).eyes_px == 0
