"""The mouth branch: where its window lies, what it changes and what it leaves alone."""

import math
from dataclasses import replace

import pytest
import torch

from liveportrait_core.constants import CompactKeypoint as C
from liveportrait_core.networks.build import build
from liveportrait_core.networks.compact.layers import pixel_centres
from liveportrait_core.networks.compact.mouth import (
    MouthBranch,
    MouthWindow,
    aperture,
)
from liveportrait_core.networks.compact.skin import skin_chroma, skin_colour
from liveportrait_core.networks.compact.tone import Tone
from liveportrait_core.preset import COMPACT, Preset

SMALL = replace(COMPACT, width=0.25, detail_px=128, blocks=0)
SIZE = 128


def level_face():
    """Keypoints of one face: eyes 0.6 apart, the mouth's centre at (0.1, 0.4)."""
    points = torch.zeros(1, len(C), 3)
    places = {
        C.LEFT_EYE_OUTER: (-0.2, -0.1),
        C.RIGHT_EYE_OUTER: (0.4, -0.1),
        C.LEFT_LIP_CORNER: (-0.05, 0.4),
        C.RIGHT_LIP_CORNER: (0.25, 0.4),
        C.INNER_UPPER_LIP: (0.1, 0.35),
        C.INNER_LOWER_LIP: (0.1, 0.45),
        C.NOSE_TIP: (0.1, 0.2),
    }
    for keypoint, place in places.items():
        points[0, keypoint, :2] = torch.tensor(place)
    return points


def turned_in_plane(points, degrees):
    angle = torch.deg2rad(torch.tensor(float(degrees)))
    cos, sin = float(angle.cos()), float(angle.sin())
    turn = torch.tensor([[cos, sin, 0], [-sin, cos, 0], [0, 0, 1]])  # rows are points
    return points @ turn


def trained(preset=SMALL, seed=0):
    """A branch that adds a colour wherever it may."""
    torch.manual_seed(seed)
    branch = MouthBranch(96, preset.width).eval().requires_grad_(False)
    branch.out.bias.copy_(torch.tensor((0.2, -0.1, 0.3)))
    return branch


def face(seed=0):
    return torch.rand(1, 3, SIZE, SIZE, generator=torch.Generator().manual_seed(seed))


def test_a_point_of_the_mouth_has_its_place_in_the_window_worked_out_by_hand():
    window = MouthWindow.of(level_face())
    torch.testing.assert_close(window.centre, torch.tensor([[0.1, 0.4]]))
    # half a side is half of the eyes' distance: 0.3; so a corner lies at 0.15 / 0.3
    corner = window.points(level_face())[0, C.RIGHT_LIP_CORNER]
    torch.testing.assert_close(corner, torch.tensor([0.5, 0.0, 0.0]))
    lower = window.points(level_face())[0, C.INNER_LOWER_LIP]
    torch.testing.assert_close(lower, torch.tensor([0.0, 0.05 / 0.3, 0.0]))


@pytest.mark.parametrize("degrees", [-40, 15, 90])
def test_the_window_is_level_with_the_face(degrees):
    points = level_face()
    turned = turned_in_plane(points, degrees)
    found = MouthWindow.of(turned).points(turned)
    torch.testing.assert_close(found, MouthWindow.of(points).points(points), atol=1e-5, rtol=0)


def test_a_head_that_turns_aside_keeps_the_size_of_its_window():
    points = level_face()
    angle = torch.deg2rad(torch.tensor(40.0))
    aside = points.clone()
    aside[..., 0], aside[..., 2] = points[..., 0] * angle.cos(), points[..., 0] * angle.sin()
    sides = [MouthWindow.of(x).axes.norm(dim=-1) for x in (points, aside)]
    torch.testing.assert_close(sides[1], sides[0])


def test_what_is_read_in_the_window_is_spread_to_where_it_was():
    window = MouthWindow.of(turned_in_plane(level_face(), 20))
    ramp = pixel_centres(SIZE, torch.zeros(1))
    picture = torch.stack((ramp.expand(SIZE, -1), ramp[:, None].expand(-1, SIZE)))[None]
    box = window.box(SIZE)
    weight = window.spread(torch.ones(1, 1, 96, 96), SIZE, box)
    back = window.spread(window.read(picture, 96), SIZE, box)
    inside = (weight > 0.999).expand_as(back)
    assert inside.sum() > 1000
    torch.testing.assert_close(back[inside], picture[(..., *box)][inside], atol=2e-3, rtol=0)
    elsewhere = torch.ones(SIZE, SIZE, dtype=torch.bool)
    elsewhere[box] = False
    whole = window.spread(torch.ones(1, 1, 96, 96), SIZE, (slice(0, SIZE), slice(0, SIZE)))
    assert not whole[0, 0][elsewhere].any()


def test_an_untrained_branch_changes_no_bit_of_the_picture():
    torch.manual_seed(0)
    plain = build(SMALL)["decoder"].eval()
    grown = build(replace(SMALL, mouth_px=96))["decoder"].eval()
    grown.load_state_dict({**grown.state_dict(), **plain.state_dict()})
    networks = build(SMALL)
    points = level_face()
    with torch.inference_mode():
        volume = networks["appearance"].eval()(face())
        warped = networks["warping"].eval()(volume, points, points + 0.02)
        assert torch.equal(grown(warped), plain(warped))


def test_a_branch_changes_the_picture_between_the_inner_lips_alone():
    points, image = level_face(), face()
    painted = trained()(image, face(1), points, points, Tone.of(face(1)))
    changed = (painted != image).any(1)[0]
    # the mouth is 0.3 wide and 0.1 high about (0.1, 0.4): pixels 61 to 80 and 86 to 93 of 128
    assert changed[88:91, 67:74].all()
    changed[84:95, 60:81] = False
    assert not changed.any()
    assert painted.min() >= 0
    assert painted.max() <= 1


def test_a_mouth_that_is_shut_stays_as_it_is():
    points, image = level_face(), face()
    points[0, C.INNER_LOWER_LIP] = points[0, C.INNER_UPPER_LIP]
    assert torch.equal(trained()(image, face(1), points, points, Tone.of(face(1))), image)


def test_the_aperture_is_the_ellipse_through_the_inner_lips():
    points = MouthWindow.of(level_face()).points(level_face())
    inside = aperture(points, 96)
    # an ellipse of half axes 0.5 (less the corners' 0.06 of 1) and 0.05 / 0.3, of 48 px a unit
    area = math.pi * 0.44 * (0.05 / 0.3) * 48**2
    assert float(inside.sum()) == pytest.approx(area, rel=0.05)
    # the mouth's middle is the window's; the lips' edge lies at 0.5
    assert inside[0, 0, 47:49, 47:49].min() == 1
    assert float(inside[0, 0, 55:57, 47:49].mean()) == pytest.approx(0.5, abs=0.1)
    assert inside[0, 0, 60:].max() == 0


def test_a_window_beyond_the_picture_is_left_out():
    points, image = level_face() + torch.tensor([5.0, 0.0, 0.0]), face()
    painted = trained()(image, face(1), level_face(), points, Tone.of(face(1)))
    assert torch.equal(painted, image)


def test_faces_do_not_depend_on_those_beside_them():
    points = torch.cat((level_face(), turned_in_plane(level_face(), 10)))
    images, faces = (torch.cat((face(a), face(a + 1))) for a in (0, 5))
    branch = trained()
    both = branch(images, faces, points, points + 0.01, Tone.of(faces))
    for k in range(2):
        one = slice(k, k + 1)
        parts = (images[one], faces[one], points[one], points[one] + 0.01)
        alone = branch(*parts, Tone.of(faces[one]))
        torch.testing.assert_close(both[one], alone, atol=1e-5, rtol=0)


def test_a_grey_source_gets_a_grey_mouth():
    grey = face(1).mean(1, keepdim=True).expand(-1, 3, -1, -1)
    points = level_face()
    painted = trained()(grey, grey, points, points, Tone.of(grey))
    assert not torch.equal(painted, grey)
    assert float((painted.amax(1) - painted.amin(1)).max()) < 0.5 / 255


def test_what_is_held_at_the_edge_stays():
    points, image = level_face(), face()
    falloff = torch.ones(SIZE, SIZE)
    falloff[90:] = 0
    painted = trained()(image, face(1), points, points, Tone.of(face(1)), falloff)
    assert torch.equal(painted[..., 90:, :], image[..., 90:, :])
    assert not torch.equal(painted, image)


def test_the_skin_is_looked_at_beside_the_nose():
    points = level_face()
    points[0, C.LEFT_LOWER_LID, :2] = torch.tensor((-0.1, 0.0))
    points[0, C.RIGHT_LOWER_LID, :2] = torch.tensor((0.3, 0.0))
    picture = torch.zeros(1, 3, SIZE, SIZE)
    picture[..., 64:80, :] = torch.tensor((0.8, 0.5, 0.2)).view(1, 3, 1, 1)  # y from 0 to 0.25
    torch.testing.assert_close(skin_colour(picture, points)[0], torch.tensor((0.8, 0.5, 0.2)))


def test_chroma_is_the_colour_over_its_luminance_within_limits():
    skin = torch.tensor([[0.4, 0.4, 0.4], [0.6, 0.3, 0.1], [0.0, 0.0, 0.9]])
    found = skin_chroma(skin)
    torch.testing.assert_close(found[0], torch.ones(3))
    luminance = 0.299 * 0.6 + 0.587 * 0.3 + 0.114 * 0.1
    torch.testing.assert_close(found[1], torch.tensor([0.6, 0.3, 0.3 * luminance]) / luminance)
    torch.testing.assert_close(found[2], torch.tensor([0.3, 0.3, 2.0]))


def test_a_preset_of_an_earlier_file_has_no_branch():
    kept = SMALL.to_json()
    del kept["mouth_px"]
    assert Preset.from_json(kept).mouth_px == 0
