"""A compact model's M as a landmark network: its keypoints have names."""

from __future__ import annotations

from typing import Final

from torch import Tensor

from ..face.landmarks import LandmarkNetwork
from ..imaging.landmark_layouts import COMPACT_21
from ..model import LivePortraitModel
from ..networks.compact.motion_extractor import CompactMotionExtractor

LANDMARK_CROP_PX: Final = 128
"""Side of the crops in which a compact model finds landmarks, where M looks at no more."""


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
    motion = model.reading().motion
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
