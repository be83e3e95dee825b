import torch

from liveportrait_core.networks.compact.layers import identity_grid
from train.losses.face_regions import REGIONS, FaceRegion, crop_region, region_square

SIZE = 64


def ramp(count=1):
    """A picture whose first channel is x and whose second is y."""
    xy = identity_grid(SIZE, torch.zeros(1)).permute(0, 3, 1, 2)
    return torch.cat((xy, torch.zeros(1, 1, SIZE, SIZE)), 1).expand(count, -1, -1, -1)


def landmarks():
    points = torch.zeros(1, 21, 3)
    points[0, 3], points[0, 4] = torch.tensor([0.1, -0.4, 1.0]), torch.tensor([0.4, -0.2, 2.0])
    return points


def test_a_region_is_as_large_as_its_landmarks_reach_times_its_factor():
    region = FaceRegion(slice(3, 5), 2.0, (0.0, 0.0, 1.0), 0.25)
    centre, half_side = region_square(region, landmarks(), torch.tensor([True]))
    # from .1 to .4 and from -.4 to -.2: the longer side is .3
    torch.testing.assert_close(centre, torch.tensor([[0.25, -0.3]]))
    torch.testing.assert_close(half_side, torch.tensor([0.3]))
    cut = crop_region(ramp(), region, landmarks(), torch.tensor([True]))
    assert cut.shape == (1, 3, 16, 16)
    centres = (torch.arange(16) + 0.5) / 16 * 2 - 1
    torch.testing.assert_close(cut[0, 0, 0], 0.25 + 0.3 * centres, atol=1e-5, rtol=0)
    torch.testing.assert_close(cut[0, 1, :, 0], -0.3 + 0.3 * centres, atol=1e-5, rtol=0)


def test_a_face_of_which_nothing_is_valid_is_cut_where_faces_usually_are():
    valid = torch.tensor([False])
    for region in REGIONS.values():
        centre, half_side = region_square(region, landmarks(), valid)
        torch.testing.assert_close(torch.cat((centre[0], half_side)), torch.tensor(region.usual))


def test_the_picture_learns_through_the_crop_and_the_landmarks_do_not():
    picture, points = ramp().clone().requires_grad_(), landmarks().requires_grad_()
    crop_region(picture, REGIONS["face"], points, torch.tensor([True])).sum().backward()
    assert float(picture.grad.abs().sum()) > 0
    assert points.grad is None
