"""Random motions with a plausible size of everything."""

from __future__ import annotations

from dataclasses import replace

import torch

from liveportrait_core.constants import HUMAN_SPACE, NUM_KEYPOINTS
from liveportrait_core.motion.types import Motion


def random_motion(seed: int, frames: int = 1, space: str = HUMAN_SPACE) -> Motion:
    """A face of `frames` frames, with canonical keypoints and openness."""
    generator = torch.Generator().manual_seed(seed)

    def uniform(*shape: int) -> torch.Tensor:
        return torch.rand(shape, generator=generator) * 2 - 1

    canonical = uniform(1, NUM_KEYPOINTS, 3) * torch.tensor((0.4, 0.4, 0.2))
    motion = Motion.from_degrees(
        pose_deg=uniform(frames, 3) * 20,
        expression=uniform(frames, NUM_KEYPOINTS, 3) * 0.03,
        scale=1.3 + 0.2 * uniform(frames, 1),
        translation=uniform(frames, 3) * 0.1,
    )
    return replace(
        motion,
        canonical=canonical.expand(frames, -1, -1),
        eyes_open=0.3 + 0.1 * uniform(frames, 2),
        lip_open=0.2 + 0.1 * uniform(frames, 1),
        space=space,
    )
