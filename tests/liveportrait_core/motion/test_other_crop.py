import torch

from liveportrait_core.motion.transform import in_other_crop, transform_keypoints
from liveportrait_core.motion.types import Motion


def some_motion(frames):
    torch.manual_seed(0)
    motion = Motion.from_degrees(
        pose_deg=torch.randn(frames, 3) * 20,
        expression=torch.randn(frames, 21, 3) * 0.1,
        scale=torch.rand(frames, 1) + 0.5,
        translation=torch.randn(frames, 3) * 0.2,
    )
    canonical = torch.randn(1, 21, 3).expand(frames, -1, -1)
    return motion.describe(canonical=canonical).to("cpu", torch.float64)


def test_keypoints_lie_in_the_other_crop_as_its_map_says():
    motion = some_motion(8)
    travel = torch.cat((torch.rand(8, 1) + 0.5, torch.randn(8, 2)), 1).double()
    k, d = travel[:, :1, None], torch.nn.functional.pad(travel[:, 1:], (0, 1))[:, None]
    torch.testing.assert_close(
        transform_keypoints(in_other_crop(motion, travel)), k * transform_keypoints(motion) + d
    )


def test_the_same_crop_leaves_every_bit():
    motion = some_motion(4).to("cpu", torch.float32)
    same = in_other_crop(motion, torch.tensor([[1.0, 0.0, 0.0]]).expand(4, -1))
    for name in ("scale", "translation", "expression", "pose_deg", "rotation"):
        assert torch.equal(getattr(same, name), getattr(motion, name))
