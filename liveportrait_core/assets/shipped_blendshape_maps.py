"""The blendshape map that ships with the library, for the default model."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from ..errors import MotionSpaceError
from ..media.blendshape_map_file import load_blendshape_map
from ..motion.blendshape_map import BlendshapeMap
from ..motion.regions import keypoint_space

SHIPPED_MAPS_FOLDER: Final = Path(__file__).resolve().parent / "blendshapes"


def shipped_blendshape_map(space: str) -> BlendshapeMap:
    """The map of a keypoint space.

    `motion_of_blendshapes(curves, shipped_blendshape_map(model.preset.space))`

    Raises:
        MotionSpaceError: There is none for this space.
    """
    path = SHIPPED_MAPS_FOLDER / f"{keypoint_space(space).name}.safetensors"
    if not path.is_file():
        raise MotionSpaceError(
            f"No blendshape map ships for the keypoint space {space!r}; one that is fitted to its "
            "model is expected. Make one: python -m train.blendshapes OUT --model human."
        )
    return load_blendshape_map(path)
