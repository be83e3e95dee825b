"""Blendshape maps without fitting: the default model's, and a coarse published one."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from ..constants import HUMAN_SPACE
from ..errors import MotionSpaceError
from ..media.blendshape_map_file import load_blendshape_map
from ..motion.blendshape_map import BlendshapeMap
from ..motion.regions import keypoint_space
from ..motion.slider_map import slider_map

SHIPPED_MAPS_FOLDER: Final = Path(__file__).resolve().parent / "blendshapes"


def shipped_blendshape_map(space: str) -> BlendshapeMap:
    """The map of a keypoint space, without a file of one's own.

    `motion_of_blendshapes(curves, shipped_blendshape_map(model.preset.space))`

    Convention:
        - of published people that of their sliders, which is coarse (`slider_map`)

    Raises:
        MotionSpaceError: The space is unknown, or of animals.
    """
    path = SHIPPED_MAPS_FOLDER / f"{keypoint_space(space).name}.safetensors"
    if path.is_file():
        return load_blendshape_map(path)
    if space == HUMAN_SPACE:
        return slider_map()
    raise MotionSpaceError(
        f"There is no blendshape map for the keypoint space {space!r}; a space of people is "
        "expected, as blendshapes are theirs. Choose a motion or a model of people."
    )
