"""The expression that options ask for: presets, words, controls, and that of a photo."""

from __future__ import annotations

from dataclasses import dataclass, replace

from ..assets.shipped_blendshape_maps import shipped_blendshape_map
from ..assets.shipped_expressions import load_preset, save_preset
from ..assets.shipped_words import controls_from_text
from ..constants import FACE_PARTS
from ..errors import MediaError, about
from ..model import LivePortraitModel
from ..motion.control_options import Controls
from ..motion.control_tools import (
    controls_of_settings,
    mirror_controls,
)
from ..motion.controls import motion_of_controls
from ..motion.copying import copied_expression
from ..motion.edit import driving_expression, mirror
from ..motion.expression_options import ExpressionOptions
from ..motion.layers import layer_motions
from ..motion.slider_options import Sliders
from ..motion.tool_options import LayerOptions
from ..motion.types import Motion
from ..options import AnimateOptions
from ..pipeline import read_photo
from .inputs import Picture, open_source


@dataclass(frozen=True, slots=True, kw_only=True)
class Expression:
    """What a face is to do."""

    controls: Controls = Controls()
    photo: Picture | None = None
    """A picture whose expression is added."""
    options: ExpressionOptions = ExpressionOptions()

    def motion(self, model: LivePortraitModel, sliders: Sliders, options: AnimateOptions) -> Motion:
        """One frame that drives a source."""
        made = motion_of_controls(self.controls, shipped_blendshape_map(model.preset.space))
        if self.photo is not None:
            with about("like"):
                face = read_photo(
                    model,
                    self.photo.on_white(),
                    face_index=self.options.like_face_index,
                    face_models=options.face_models,
                )
            copied = copied_expression(
                face.describe(producer=self.photo.path.name),
                self.options.like_parts or FACE_PARTS,
                self.options.like_strength,
            )
            copied = mirror(copied) if self.options.mirror else copied
            made = layer_motions(made, copied, LayerOptions(region="all", how="add"))
        return made if sliders == Sliders() else driving_expression(made, sliders)


def open_expression(options: ExpressionOptions) -> Expression | None:
    """The expression with its photo opened, kept under a name if asked for; None for none.

    Raises:
        MediaError: A preset or the photo cannot be used.
        ValueError: Words or names of controls are not understood.
    """
    if not options.is_some:
        if options.save_preset is not None:
            raise MediaError(
                "--save-preset is given without an expression; one is expected. Give --preset, "
                "--words or --set."
            )
        return None
    controls = load_preset(options.preset) if options.preset else Controls()
    if options.words:
        with about("words"):
            controls = controls_from_text(options.words, controls)
    with about("set"):
        controls = replace(controls, **controls_of_settings(options.set))
    if options.mirror:
        controls = mirror_controls(controls)
    if options.save_preset is not None:
        save_preset(options.save_preset, controls)
    return Expression(controls=controls, photo=_photo(options), options=options)


def _photo(options: ExpressionOptions) -> Picture | None:
    if options.like is None:
        return None
    photo = open_source(options.like)
    if not isinstance(photo, Picture):
        raise MediaError(
            f"--like is {options.like}, a video; a picture is expected. Take a frame of it, or "
            "move the source with 'liveportrait animate'."
        )
    return photo
