"""A compact model's M as a landmark network: its keypoints have names."""

from __future__ import annotations

from copy import deepcopy
from itertools import pairwise
from typing import Final

import torch
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from ..face.landmarks import LandmarkNetwork
from ..imaging.landmark_layouts import COMPACT_21
from ..model import LivePortraitModel
from ..networks.compact.motion_extractor import CompactMotionExtractor

LANDMARK_CROP_PX: Final = 128
"""Side of the crops in which a compact model finds landmarks, where M looks at no more."""
CONVOLUTION_NDIM: Final = 4
"""Weights of 2D convolutions; channels last is the faster layout for them."""


def landmark_network(model: LivePortraitModel) -> LandmarkNetwork:
    """A compact model's M as the landmark network of a face finder.

    Raises:
        ValueError: The model's keypoints are no landmarks: they have no meaning of their own.
    """
    if model.preset.family != "compact":
        raise ValueError(
            f"The model for landmarks is {model.preset.name}, whose keypoints have no names; a "
            "compact model is expected. Use the default model's."
        )
    size_px = max(LANDMARK_CROP_PX, model.preset.detail_px)
    motion = fused_copy(model.motion)
    assert isinstance(motion, CompactMotionExtractor)

    def read(faces: Tensor) -> Tensor:
        return motion.landmarks(faces.to(model.device).float())

    framing = model.preset.source_crop  # what M saw in training, and reads best
    return LandmarkNetwork(
        read=read,
        size_px=size_px,
        layout=COMPACT_21.name,
        scale=framing.scale,
        vy_ratio=framing.vy_ratio,
    )


def fused_copy(network: nn.Module) -> nn.Module:
    """The same function, faster: a copy whose batch norms are fused into their convolutions.

    Args:
        network: In eval mode.
    """
    copied = deepcopy(network).eval()
    for module in list(copied.modules()):
        if isinstance(module, nn.Sequential):
            for index, (conv, norm) in enumerate(pairwise(module)):
                if isinstance(conv, nn.Conv2d) and isinstance(norm, nn.BatchNorm2d):
                    module[index] = fuse_conv_bn_eval(conv, norm)
                    module[index + 1] = nn.Identity()
    for parameter in copied.parameters():
        if parameter.ndim == CONVOLUTION_NDIM:
            parameter.data = parameter.data.contiguous(memory_format=torch.channels_last)
    return copied
