"""Blendshape maps without fitting: the default model's, and a coarse published one."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from ..media.blendshape_map_file import load_blendshape_map
from ..motion.blendshape_map import BlendshapeMap
from ..motion.regions import keypoint_space
from ..motion.slider_map import slider_map

SHIPPED_MAPS_FOLDER: Final = Path(__file__).resolve().parent / "blendshapes"


def shipped_blendshape_map(space: str) -> BlendshapeMap:
    """The map of a keypoint space, without a file of one's own.

    `motion_of_blendshapes(curves, shipped_blendshape_map(model.preset.space))`

    Convention:
        - of published keypoints that of their sliders, which is coarse (`slider_map`)

    Raises:
        MotionSpaceError: The space is unknown.
    """
    path = SHIPPED_MAPS_FOLDER / f"{keypoint_space(space).name}.safetensors"
    return load_blendshape_map(path) if path.is_file() else slider_map(space)
