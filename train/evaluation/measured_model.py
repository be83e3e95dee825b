"""Models as they are measured."""

from __future__ import annotations

from dataclasses import replace

from liveportrait_core.errors import CheckpointError
from liveportrait_core.model import LivePortraitModel


def at_size(model: LivePortraitModel, size_px: int) -> LivePortraitModel:
    """The same networks for crops of another size; compact ones also give pictures of it.

    Raises:
        CheckpointError: The networks take one size alone, and it is another.
    """
    preset = model.preset
    if preset.family == "compact":
        return replace(model, preset=replace(preset, face_size_px=size_px, output_size_px=size_px))
    if preset.face_size_px != size_px:
        raise CheckpointError(
            f"The size is {size_px} px; {preset.face_size_px} px, which the {preset.name} model "
            f"takes, is expected. Give --size {preset.face_size_px}."
        )
    return model


def compact_only(model: LivePortraitModel) -> LivePortraitModel:
    """The model, if its keypoints have the names that rendered heads are compared by.

    Raises:
        CheckpointError: They have none.
    """
    if model.preset.family != "compact":
        raise CheckpointError(
            f"The {model.preset.name} model has keypoints without names; a compact model is "
            "expected for rendered heads. Give one, or measure on --clips."
        )
    return model
