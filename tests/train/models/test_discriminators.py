import torch

from liveportrait_core.networks.compact.layers import identity_grid
from train.losses.adversarial import discriminator_hinge, feature_matching, generator_hinge
from train.models.discriminators import PARTS, Discriminators, Part, crop_part

COUNT, SIZE = 2, 64


def pictures(seed):
    return torch.rand(COUNT, 3, SIZE, SIZE, generator=torch.Generator().manual_seed(seed))


def keypoints():
    return torch.zeros(COUNT, 21, 3)


def test_a_part_is_cut_where_its_keypoints_are():
    ramp = identity_grid(SIZE, torch.zeros(1)).permute(0, 3, 1, 2)  # x, then y
    points = torch.zeros(1, 21, 3)
    points[:, 3:5, 0], points[:, 3:5, 1] = 0.25, -0.5
    cut = crop_part(ramp, points, Part(slice(3, 5), 0.2, 8))
    # centres of 8 cells over +-.2 about (.25, -.5)
    wanted = torch.arange(8) / 8 * 0.4 - 0.2 + 0.025
    torch.testing.assert_close(cut[0, 0, 0], wanted + 0.25, atol=1e-5, rtol=0)
    torch.testing.assert_close(cut[0, 1, :, 0], wanted - 0.5, atol=1e-5, rtol=0)


def test_the_picture_learns_from_the_discriminators_and_they_from_their_own_loss():
    networks, generated = Discriminators(), pictures(0).requires_grad_()
    found = networks(generated, pictures(1), keypoints())
    assert set(found) == set(PARTS)
    sum(generator_hinge(one.logits) for one in found.values()).backward(retain_graph=True)
    assert float(generated.grad.abs().sum()) > 0
    assert all(p.grad is None for p in networks.parameters())
    generated.grad = None
    losses = [discriminator_hinge(j.true_logits, j.detached_logits) for j in found.values()]
    sum(losses).backward()
    assert generated.grad is None
    assert all(p.grad is not None for p in networks.parameters())


def test_pictures_that_are_the_truth_match_in_every_feature():
    found = Discriminators().eval()(pictures(0), pictures(0), keypoints())
    for one in found.values():
        assert float(feature_matching(one.activations, one.true_activations)) < 1e-6


def test_hinges_are_zero_where_the_discriminator_is_sure():
    sure, unsure = torch.full((2, 1), 3.0), torch.zeros(2, 1)
    assert float(discriminator_hinge(sure, -sure)) == 0.0
    assert float(discriminator_hinge(unsure, unsure)) == 2.0
    assert float(generator_hinge(sure)) == -3.0


def test_feature_matching_is_the_mean_distance_over_layers():
    ours, theirs = [torch.zeros(2, 3), torch.zeros(4)], [torch.full((2, 3), 0.5), torch.ones(4)]
    assert float(feature_matching(ours, theirs)) == 0.75
