import pytest
import torch

from liveportrait_core.geometry import (
    degrees_from_rotation,
    fit_similarity,
    rotation_by_quaternion,
    rotation_by_svd,
    rotation_from_degrees,
    rotation_from_vector,
    rotation_vector,
)


def random(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def turn(pitch=0.0, yaw=0.0, roll=0.0):
    return rotation_from_degrees(*(torch.tensor([angle]) for angle in (pitch, yaw, roll)))[0]


def test_convention_roll_turns_right_towards_down():
    # points are rows, x right and y down: a roll of 90 degrees is clockwise as seen
    torch.testing.assert_close(
        torch.tensor([1.0, 0.0, 0.0]) @ turn(roll=90), torch.tensor([0.0, 1.0, 0.0])
    )


def test_convention_yaw_turns_the_nose_to_the_left():
    # z runs into the image, so the nose is at negative z
    torch.testing.assert_close(
        torch.tensor([0.0, 0.0, -1.0]) @ turn(yaw=90), torch.tensor([-1.0, 0.0, 0.0])
    )


def test_convention_pitch_turns_the_nose_down():
    torch.testing.assert_close(
        torch.tensor([0.0, 0.0, -1.0]) @ turn(pitch=90), torch.tensor([0.0, 1.0, 0.0])
    )


def test_convention_pitch_acts_first_and_roll_last():
    x = random(1, 3)
    one_by_one = x @ turn(pitch=20) @ turn(yaw=-30) @ turn(roll=40)
    torch.testing.assert_close(x @ turn(20, -30, 40), one_by_one)


def test_rotations_are_orthonormal_and_read_back():
    pose_deg = torch.stack([random(50, seed=s).clamp(-2, 2) * 40 for s in range(3)], 1)
    rotation = rotation_from_degrees(*pose_deg.unbind(1))
    eye = torch.eye(3).expand(50, 3, 3)
    torch.testing.assert_close(rotation @ rotation.transpose(1, 2), eye, atol=1e-6, rtol=0)
    torch.testing.assert_close(degrees_from_rotation(rotation), pose_deg, atol=1e-3, rtol=0)


@pytest.mark.parametrize("seed", range(3))
def test_a_similarity_is_found_again(seed):
    points = random(4, 21, 3, seed=seed)
    rotation = rotation_from_degrees(*(40 * random(3, 4, seed=seed + 10)))
    targets = 1.3 * points @ rotation + random(4, 1, 3, seed=seed + 20)
    found = fit_similarity(points, targets, torch.ones(21))
    torch.testing.assert_close(found(points), targets, atol=1e-5, rtol=0)
    torch.testing.assert_close(found.rotation, rotation, atol=1e-5, rtol=0)


def test_mirrored_points_are_fitted_without_a_reflection():
    points = random(2, 21, 3)
    found = fit_similarity(points, points * torch.tensor([-1.0, 1.0, 1.0]), torch.ones(21))
    torch.testing.assert_close(torch.det(found.rotation), torch.ones(2))


@pytest.mark.parametrize("seed", range(3))
def test_a_gpu_finds_the_rotation_that_the_svd_finds(seed):
    # of points that were turned and disturbed, in space and in a plane, and of mirrored ones
    points = random(16, 21, 3, seed=seed)
    rotation = rotation_from_degrees(*(60 * random(3, 16, seed=seed + 10)))
    disturbed = points @ rotation + 0.1 * random(16, 21, 3, seed=seed + 20)
    flat = torch.tensor([1.0, 1.0, 0.0])
    for a, b in (
        (points, disturbed),
        (points * flat, disturbed),
        (points * (2 * flat - 1), points),
    ):
        products = a.transpose(1, 2) @ b
        (ours, likeness), (theirs, most) = (
            find(products) for find in (rotation_by_quaternion, rotation_by_svd)
        )
        torch.testing.assert_close(likeness, most, atol=1e-4, rtol=1e-4)
        torch.testing.assert_close((ours * products).sum((1, 2)), most, atol=1e-4, rtol=1e-4)
        torch.testing.assert_close(ours, theirs, atol=2e-3, rtol=0)
        torch.testing.assert_close(torch.det(ours), torch.ones(16), atol=1e-5, rtol=0)


def test_points_of_no_weight_do_not_count():
    points = random(1, 21, 3)
    targets = points.clone()
    targets[:, 0] += 5.0
    weights = torch.ones(21)
    weights[0] = 0.0
    found = fit_similarity(points, targets, weights)
    torch.testing.assert_close(found(points), points, atol=1e-5, rtol=0)


def test_a_rotation_vector_is_the_axis_times_the_angle():
    # a turn about one axis alone: its angle in radians stands at that axis
    for axis, name in enumerate(("pitch", "yaw", "roll")):
        found = rotation_vector(turn(**{name: 90.0})[None])[0]
        torch.testing.assert_close(found, torch.eye(3)[axis] * torch.pi / 2)


@pytest.mark.parametrize("angle", [0.0, 1e-3, 0.5, 1.57, 3.0, 3.1415])
def test_a_rotation_vector_gives_its_rotation_back(angle):
    axes = torch.nn.functional.normalize(random(16, 3, seed=3), dim=-1)
    rotation = rotation_from_vector(axes * angle)
    found = rotation_vector(rotation)
    torch.testing.assert_close(rotation_from_vector(found), rotation, atol=1e-5, rtol=0)
    torch.testing.assert_close(found.norm(dim=-1), torch.full((16,), angle), atol=1e-5, rtol=0)
