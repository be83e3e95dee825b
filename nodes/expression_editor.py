"""Expression Editor: a face changed by controls, shown while they are dragged."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from comfy_api.latest import io
from torch import Tensor

from ..liveportrait_core.assets.shipped_blendshape_maps import shipped_blendshape_map
from ..liveportrait_core.assets.shipped_expressions import expression_files, load_preset
from ..liveportrait_core.assets.shipped_words import controls_from_text
from ..liveportrait_core.config.fields import build, spec_of
from ..liveportrait_core.constants import FACE_PARTS
from ..liveportrait_core.errors import about
from ..liveportrait_core.motion.control_options import EVERYTHING, Controls, CopiedPart
from ..liveportrait_core.motion.control_tools import changed_controls, controls_within
from ..liveportrait_core.motion.controls import motion_of_controls
from ..liveportrait_core.motion.copying import copied_expression
from ..liveportrait_core.motion.expression_options import ExpressionOptions
from ..liveportrait_core.motion.layers import layer_motions
from ..liveportrait_core.motion.tool_options import LayerOptions
from ..liveportrait_core.options import AnimateOptions, FaceOptions
from . import library, runtime
from .adapt.clips import clip_of, fps_of, still_of
from .adapt.images import checked_images, pixels_of
from .adapt.results import face_images, rendered_images
from .fields import FACE_INDEX, fps_field, images_field, model_field
from .schema import field, schema
from .server import films
from .server.fields import Field, Fields, number, one_of, text
from .server.seen import SEEN
from .sockets import LoadedModel, MotionSocket, checked
from .widgets import OptionWidget, check_choice

if TYPE_CHECKING:
    from comfy_api.latest import Input

    from ..liveportrait_core.imaging.tensors import Pixels
    from ..liveportrait_core.motion.types import Motion

WIDGETS: Final = tuple(
    OptionWidget(spec=spec_of(Controls, entry.name), id=entry.name) for entry in fields(Controls)
)
"""In the order of the node; workflows rely on it, so new controls are only appended."""
PRESET, WORDS = "preset", "words"
NO_PRESET: Final = "none"
LIKE: Final = "like"
PARTS: Final[Mapping[str, frozenset[CopiedPart]]] = MappingProxyType(
    {
        "face": frozenset[CopiedPart](FACE_PARTS),
        "eyes": frozenset[CopiedPart](("eyes",)),
        "brows": frozenset[CopiedPart](("brows",)),
        "mouth": frozenset[CopiedPart](("lip",)),
        "head": frozenset[CopiedPart](("head",)),
        "all": EVERYTHING,
    }
)
"""Choices of `like_parts`, and what they take."""
LIKE_STRENGTH, LIKE_FACE_INDEX = (
    OptionWidget(spec=spec_of(ExpressionOptions, name), id=name, prefix="Of the photo 'like': ")
    for name in ("like_strength", "like_face_index")
)
VALUES: Final[Fields] = MappingProxyType(
    {
        PRESET: Field(text, NO_PRESET),
        WORDS: Field(text, ""),
        **{
            widget.id: Field(
                number(widget.spec.minimum or 0.0, widget.spec.maximum or 0.0), widget.spec.default
            )
            for widget in (*WIDGETS, LIKE_STRENGTH)
        },
        "like_parts": Field(one_of(PARTS), "face"),
    }
)
"""The widgets that make the motion, as previews ask for them."""
SEEN_KEY: Final = "lps_seen"
"""Key of the node's output for web/src/expression_editor.ts: what previews may name."""


class ExpressionEditor(io.ComfyNode):
    """A face with another expression."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        """Inputs and outputs."""
        return schema(
            node_id="LPS_ExpressionEditor",
            display_name="Expression Editor",
            description="Changes the expression of a face: drag on the face or a slider and see "
            "it at once. A film gets the same change on every frame.",
            stage="animate",
            search_aliases=[
                *("ExpressionEditor", "Expression Editor PHM", "face editor", "facial expression"),
                *("smile", "blink", "gaze", "head pose", "emotion", "live preview"),
            ],
            is_output_node=True,
            has_intermediate_output=True,
            inputs=[
                model_field(),
                images_field("source", "Whose face: an image or frames (IMAGE), or a VIDEO."),
                field(
                    io.Combo,
                    PRESET,
                    options=[NO_PRESET, *expression_files()],
                    default=NO_PRESET,
                    tooltip="An expression by its name: one that ships, or that you saved. Words "
                    "and sliders go over it.",
                ),
                field(
                    io.String,
                    WORDS,
                    default="",
                    tooltip="What the face does, as: slight smile, look left, raise the right "
                    "brow. Left and right are the image's. Sliders go over it.",
                ),
                FACE_INDEX.field(),
                *(
                    widget.field(
                        advanced=True,
                        round=False,
                        display_mode=io.NumberDisplay.slider,
                    )
                    for widget in WIDGETS
                ),
                fps_field(),
                field(
                    io.Image,
                    LIKE,
                    optional=True,
                    tooltip="A photo whose expression is added to all of these.",
                ),
                field(
                    io.Combo,
                    "like_parts",
                    options=list(PARTS),
                    default="face",
                    optional=True,
                    advanced=True,
                    tooltip="What is taken from the photo 'like': the face without the head's "
                    "turn, a part of it, the head's turn, or all.",
                ),
                LIKE_STRENGTH.field(advanced=True, optional=True),
                LIKE_FACE_INDEX.field(advanced=True, optional=True),
            ],
            outputs=[
                io.Image.Output("images", display_name="images", tooltip="The changed frames."),
                io.Image.Output(
                    "face", display_name="face", tooltip="The changed face alone, cut out square."
                ),
                MotionSocket.Output(
                    "motion",
                    display_name="motion",
                    tooltip="The change as a motion of one frame: for Animate Portrait, Blend "
                    "Motions or Save Motion.",
                ),
            ],
            hidden=[io.Hidden.unique_id],
        )

    @classmethod
    @runtime.showing_warnings
    def execute(
        cls,
        model: LoadedModel,
        source: Tensor | Input.Video,
        face_index: int,
        fps: float,
        like: Tensor | None = None,
        like_face_index: int = 0,
        **values: object,
    ) -> io.NodeOutput:
        """Every frame with the change, and what previews need."""
        loaded = checked(model, LoadedModel, "model")
        clip = clip_of(source, "source", fps_of(fps))
        net = runtime.on_device(loaded)
        photo = None if like is None else pixels_of(checked_images(like, LIKE)[0])
        read = None if photo is None else face_of(loaded, photo, like_face_index)
        motion = motion_of(loaded, values, read)
        progress = runtime.Progress(runtime.READING_STEPS)
        options = AnimateOptions(
            source_face=FaceOptions(index=face_index), face_models=loaded.face_models
        )
        still = still_of(clip)
        animation = library.pipeline.prepare(
            net,
            still,
            motion,
            options,
            progress=progress.read,
            kept=loaded.kept,
        )
        images, _ = rendered_images(animation, progress, clip, even_size=True)
        faces = face_images(animation, images)
        shown = [films.pictures_of(clip), *([] if photo is None else [films.picture(photo)])]
        seen = [SEEN.note(loaded, pictures) for pictures in shown]
        return io.NodeOutput(images, faces, runtime.intermediate(motion), ui={SEEN_KEY: seen})


def motion_of(
    loaded: LoadedModel, values: Mapping[str, object], like: Motion | None = None
) -> Motion:
    """What the node's widgets make a face do, one frame.

    Args:
        loaded: Whose keypoints are moved.
        values: Of widgets by their names (`controls_of`).
        like: What was read of the photo `like` (`face_of`).

    Raises:
        ValueError: A value is none, or out of its range, or words are not understood.
        MediaError: There is no such preset.
    """
    shape_map = shipped_blendshape_map(loaded.model.preset.space)
    made = motion_of_controls(controls_of(values), shape_map)
    if like is None:
        return made
    parts = str(values.get("like_parts", "face"))
    check_choice("like_parts", parts, PARTS)
    strength = LIKE_STRENGTH.value(values.get("like_strength", LIKE_STRENGTH.spec.default))
    assert isinstance(strength, int | float)
    copied = copied_expression(like, PARTS[parts], strength)
    return layer_motions(made, copied, LayerOptions(region="all", how="add"))


def face_of(loaded: LoadedModel, photo: Pixels, face_index: int = 0) -> Motion:
    """What a face in a photo does, one frame.

    Raises:
        FaceNotFoundError: It shows none, or not so many.
    """
    with about(LIKE):
        return library.pipeline.read_photo(
            loaded.model, photo, face_index=face_index, face_models=loaded.face_models
        )


def controls_of(values: Mapping[str, object]) -> Controls:
    """The controls of the node's widgets: the preset, words over it, sliders over both.

    Args:
        values: Of widgets by their names; those that are left out are at rest.

    Raises:
        ValueError: A value is none, or out of its range, or words are not understood.
        MediaError: There is no such preset.
    """
    known = {widget.id: widget for widget in WIDGETS}
    given = {name: known[name].value(value) for name, value in values.items() if name in known}
    preset, words = (str(values.get(name, "")) for name in (PRESET, WORDS))
    made: dict[str, float] = {}
    with about(PRESET):
        if preset not in ("", NO_PRESET):
            made |= changed_controls(load_preset(preset))
    with about(WORDS):
        if words.strip():
            made |= changed_controls(controls_from_text(words))
    return controls_within(made | changed_controls(build(Controls, given)))


NODES: tuple[type[io.ComfyNode], ...] = (ExpressionEditor,)
