"""Close-ups of eyes and mouth."""

from dataclasses import replace

import pytest
import torch

from liveportrait_core.networks.build import build
from liveportrait_core.networks.compact.close_ups import CloseUps, Window
from liveportrait_core.preset import COMPACT, Preset

SMALL = replace(COMPACT, width=0.25, close_up_px=16)


def points_of(count, seed=0):
    return torch.rand(count, 5, 2, generator=torch.Generator().manual_seed(seed)) - 0.5


def motion_network(preset):
    torch.manual_seed(0)
    return build(preset)["motion"].eval()


def test_a_window_is_level_along_the_corners_and_never_upside_down():
    points = torch.tensor([[[-0.1, 0.0], [0.1, 0.2], [0, 0], [0, 0], [0, 0]]])
    window = Window.around(points)
    torch.testing.assert_close(window.centre, torch.tensor([[0.0, 0.1]]))
    assert float((window.across * window.down).sum()) == pytest.approx(0, abs=1e-6)
    assert float(window.down[0, 1]) > 0
    mirrored = Window.around(points[:, [1, 0, 2, 3, 4]])
    torch.testing.assert_close(mirrored.across, -window.across)
    torch.testing.assert_close(mirrored.down, window.down)


def test_points_go_into_a_window_and_out_again():
    points = points_of(4)
    window = Window.around(points)
    back = window.outside(window.inside(points)) + window.centre[:, None]
    torch.testing.assert_close(back, points, atol=1e-5, rtol=0)
    corners = window.inside(points)[:, :2]
    assert float(corners[..., 1].abs().max()) < 1e-5  # on its horizontal middle
    torch.testing.assert_close(corners[:, 0], -corners[:, 1])


def test_the_grid_reads_what_lies_where_the_points_are():
    points = points_of(1)
    window, size = Window.around(points), 8
    grid = window.grid(size)
    inside = window.inside(grid.flatten(1, 2)).unflatten(1, (size, size))
    centres = (torch.arange(size) + 0.5) / size * 2 - 1
    torch.testing.assert_close(inside[0, 3, :, 0], centres, atol=1e-5, rtol=0)
    torch.testing.assert_close(inside[0, :, 3, 1], centres, atol=1e-5, rtol=0)


def test_a_mirrored_face_is_read_as_the_mirror_of_the_face():
    torch.manual_seed(0)
    network = CloseUps(16, 0.25)
    torch.nn.init.normal_(network.eye.out.weight, std=0.5)
    face, xy = torch.rand(1, 3, 256, 256), torch.zeros(1, 21, 2)
    left, right = [4, 5, 8, 9, 12], [7, 6, 10, 11, 13]
    xy[:, left] = torch.tensor([[-0.4, 0], [-0.2, 0.02], [-0.3, -0.05], [-0.3, 0.05], [-0.3, 0]])
    xy[:, right] = torch.tensor([[0.4, 0], [0.2, 0.1], [0.3, -0.05], [0.3, 0.05], [0.3, 0]])
    flip = torch.tensor([-1.0, 1.0])
    swapped = xy.clone()
    swapped[:, left], swapped[:, right] = xy[:, right] * flip, xy[:, left] * flip
    with torch.no_grad():
        moved, mirrored = network(face, xy), network(face.flip(-1), swapped)
    assert float((moved - xy)[:, left].abs().max()) > 1e-3
    torch.testing.assert_close(mirrored[:, right], moved[:, left] * flip, atol=1e-4, rtol=0)
    torch.testing.assert_close(mirrored[:, left], moved[:, right] * flip, atol=1e-4, rtol=0)


def test_a_network_that_grew_by_close_ups_reads_the_same_until_it_is_trained():
    before, after = motion_network(replace(SMALL, close_up_px=0)), motion_network(SMALL)
    after.load_state_dict({**after.state_dict(), **before.state_dict()})
    face = torch.rand(2, 3, 128, 128)
    with torch.no_grad():
        assert torch.equal(before.read(face).keypoints, after.read(face).keypoints)


def test_points_beside_eyes_and_mouth_stay():
    network = motion_network(SMALL)
    face = torch.rand(2, 3, 128, 128)
    with torch.no_grad():
        before = network.read(face).keypoints
        torch.nn.init.normal_(network.close_ups.eye.out.weight, std=0.5)
        torch.nn.init.normal_(network.close_ups.mouth.out.weight, std=0.5)
        after = network.read(face).keypoints
    moved = (after - before).abs().amax((0, 2)) > 0
    assert moved.nonzero().flatten().tolist() == [*range(4, 14), *range(15, 20)]


def test_mixed_precision_moves_points_alike():
    torch.manual_seed(0)
    network = CloseUps(16, 0.25)
    torch.nn.init.normal_(network.mouth.out.weight, std=0.5)
    face, xy = torch.rand(1, 3, 256, 256), torch.rand(1, 21, 2) - 0.5
    with torch.no_grad(), torch.autocast("cpu", torch.bfloat16):
        mixed = network(face, xy)
    with torch.no_grad():
        torch.testing.assert_close(mixed, network(face, xy), atol=0.02, rtol=0)


def test_a_preset_without_the_field_has_none():
    kept = COMPACT.to_json()
    del kept["close_up_px"]
    assert Preset.from_json(kept).close_up_px == 0
