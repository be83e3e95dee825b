"""Thin plate splines: pictures and points are bent alike."""

import torch

from train.data.augment import moved_frames
from train.data.splines import SIDE, bends, draw_splines, unbent
from train.engine.draw import Draw
from train.losses.keypoints import equivariance


def test_no_weights_bend_nothing():
    points = torch.rand(2, 7, 3)
    assert unbent(points, None) is points
    torch.testing.assert_close(unbent(points, torch.zeros(2, SIDE**2, 2)), points)


def test_a_control_point_moves_what_is_away_from_it_by_the_formula():
    weights = torch.zeros(1, SIDE**2, 2)
    weights[0, 12] = torch.tensor([0.1, -0.2])  # the middle one, at (0, 0)
    found = unbent(torch.tensor([[[0.0, 0.0, 5.0], [0.3, 0.4, 6.0]]]), weights)
    u = 0.5**2 * torch.log(torch.tensor(0.5)).item()
    expected = torch.tensor([[[0.0, 0.0, 5.0], [0.3 + 0.1 * u, 0.4 - 0.2 * u, 6.0]]])
    torch.testing.assert_close(found, expected, atol=1e-5, rtol=0)


def test_pixels_are_bent_as_points_are():
    weights, size = draw_splines(Draw.of(0, 0, 0), 3), 16
    line = (torch.arange(size) + 0.5) / size * 2 - 1
    pixels = torch.stack(torch.meshgrid(line, line, indexing="xy"), -1).reshape(1, -1, 2)
    found = unbent(pixels.expand(3, -1, -1), weights) - pixels
    for row, bend in zip(found, bends(weights, size), strict=True):
        torch.testing.assert_close(torch.from_numpy(bend).reshape(-1, 2), row, atol=1e-5, rtol=0)


def test_points_of_a_bent_picture_come_back_to_their_places():
    size, count, place = 128, 40, torch.tensor([0.3046875, -0.1953125])  # the middle of a pixel
    image = torch.zeros(count, 3, size, size)
    x, y = ((place + 1) / 2 * size - 0.5).round().long().tolist()
    image[:, :, y - 4 : y + 5, x - 4 : x + 5] = 1.0
    moved = moved_frames(image, Draw.of(0, 0, 0), bent=True)
    assert moved.spline.shape == (count, 25, 2)
    brightness = moved.image.mean(1)
    bright = (brightness - brightness.flatten(1).quantile(0.98, 1)[:, None, None]).clamp(min=0)
    line = (torch.arange(size) + 0.5) / size * 2 - 1
    at = torch.stack(torch.meshgrid(line, line, indexing="xy"), -1)
    found = (bright[..., None] * at).sum((1, 2)) / bright.sum((1, 2))[:, None].clamp(min=1e-6)
    told = place @ moved.linear + moved.shift
    straight = unbent(found[:, None], moved.spline)[:, 0]
    away = [(points - told).norm(dim=1).median().item() for points in (straight, found)]
    assert away[0] < 1 / size < away[1]
    depth = torch.zeros(count, 1, 1)
    keypoints = torch.cat((place.expand(count, 1, 2), depth), 2)
    lost = equivariance(
        torch.cat((straight[:, None], depth), 2), keypoints, moved.linear, moved.shift
    )
    assert lost.isfinite()
