"""Load, Save and make Blendshapes, motions of them, and motions for other models."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

from comfy_api.latest import io, ui

from ..liveportrait_core.assets.shipped_blendshape_maps import shipped_blendshape_map
from ..liveportrait_core.config.fields import build, spec_of
from ..liveportrait_core.errors import MediaError, about, counted
from ..liveportrait_core.media.blendshape_file import (
    CAPTURE_SUFFIXES,
    load_blendshapes,
    save_blendshapes,
)
from ..liveportrait_core.motion.blendshape_map import motion_of_blendshapes
from ..liveportrait_core.motion.blendshape_options import CaptureOptions
from ..liveportrait_core.motion.conversion import convert_motion
from . import runtime
from .adapt.blendshapes import checked_blendshapes
from .adapt.clips import exact_fps
from .adapt.motions import checked_motion
from .fields import DEFAULT_FPS, model_field
from .folder_files import file_named, new_file, offered
from .schema import field, schema
from .sockets import BlendshapesSocket, FaceLandmarksSocket, LoadedModel, MotionSocket, checked
from .widgets import OptionWidget

if TYPE_CHECKING:
    from ..liveportrait_core.motion.conversion import Conversion

FILE_INPUT: Final = "capture_file"
NO_FILE: Final = "none"
"""What is listed where there is no file: an empty combo shows nothing."""
CAPTURE: Final = tuple(
    OptionWidget(spec=spec_of(CaptureOptions, name), id=name)
    for name in ("head", "mirrored", "angles", "level")
)
"""The first two are shown; the last came later, so it is the node's last."""
MADE_FOR: Final = "From Load Model; the motion is made for its keypoints."


def capture_path(name: str) -> Path:
    """The file of face capture that a name means.

    Raises:
        MediaError: There is no such file.
    """
    path = file_named(name, CAPTURE_SUFFIXES)
    if path is None:
        raise MediaError(
            f"There is no file of face capture '{name}'. Put a .csv (Live Link Face), .txt "
            "(iFacialMocap) or .json (MediaPipe) into ComfyUI's input folder, and press R to "
            "refresh the list."
        )
    return path


class LoadBlendshapes(io.ComfyNode):
    """Face capture from a file."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        """Inputs and outputs."""
        return schema(
            node_id="LPS_LoadBlendshapes",
            display_name="Load Blendshapes",
            description="Reads face capture: a CSV of Live Link Face, messages of iFacialMocap, or "
            "MediaPipe's blendshapes.",
            stage="motion",
            search_aliases=[
                *("ARKit", "Live Link Face", "iFacialMocap", "MediaPipe", "blendshape"),
                *("face capture", "mocap", "motion capture", "csv"),
            ],
            inputs=[
                field(
                    io.Combo,
                    FILE_INPUT,
                    options=offered(CAPTURE_SUFFIXES) or [NO_FILE],
                    tooltip="A .csv, .txt or .json file in ComfyUI's input or output folder; none "
                    "where there is no such file.",
                ),
                *(widget.field() for widget in CAPTURE[:2]),
                CAPTURE[2].field(advanced=True),
                field(
                    io.Float,
                    "capture_fps",
                    default=0.0,
                    min=0.0,
                    max=1000.0,
                    step=0.001,
                    advanced=True,
                    tooltip="Frames per second of the capture. 0: by its time codes.",
                ),
                CAPTURE[3].field(advanced=True),
            ],
            outputs=[_shapes_output()],
        )

    @classmethod
    def validate_inputs(cls, capture_file: str) -> bool | str:
        """Whether the file is there; a workflow from elsewhere may name one that is not."""
        try:
            capture_path(capture_file)
        except MediaError as error:
            return str(error)
        return True

    @classmethod
    def fingerprint_inputs(cls, capture_file: str, **values: object) -> tuple[object, ...]:
        """Read again when the file changed."""
        stat = capture_path(capture_file).stat()
        return capture_file, *values.values(), stat.st_mtime_ns, stat.st_size

    @classmethod
    def execute(cls, capture_file: str, capture_fps: float, **values: object) -> io.NodeOutput:
        """Read the file."""
        chosen = {one.spec.key: one.value(values[one.id]) for one in CAPTURE}
        chosen["capture_fps"] = exact_fps(capture_fps) if capture_fps else None
        with about(FILE_INPUT):
            shapes = load_blendshapes(capture_path(capture_file), build(CaptureOptions, chosen))
        return io.NodeOutput(shapes)


class SaveBlendshapes(io.ComfyNode):
    """Blendshapes to a file."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        """Inputs and outputs."""
        return schema(
            node_id="LPS_SaveBlendshapes",
            display_name="Save Blendshapes",
            description="Writes blendshapes into ComfyUI's output folder as a CSV of Live Link "
            "Face, which Unreal, Blender and others read.",
            stage="motion",
            search_aliases=["export ARKit", "Live Link Face", "csv", "Unreal", "MetaHuman"],
            is_output_node=True,
            inputs=[
                field(
                    BlendshapesSocket,
                    "blendshapes",
                    tooltip="From Motion to Blendshapes or Load Blendshapes.",
                ),
                field(
                    io.String,
                    "filename_prefix",
                    default="motions/Blendshapes",
                    tooltip="Name in the output folder; a number is added, so that nothing is "
                    "overwritten.",
                ),
            ],
            outputs=[],
        )

    @classmethod
    def execute(cls, blendshapes: object, filename_prefix: str) -> io.NodeOutput:
        """Write the file."""
        shapes = checked_blendshapes(blendshapes, "blendshapes", exact_fps(DEFAULT_FPS))
        path, where = new_file(filename_prefix, ".csv")
        save_blendshapes(shapes, path)
        return io.NodeOutput(ui=ui.PreviewText(f"Saved {where}"))


class BlendshapesToMotion(io.ComfyNode):
    """Face capture as a driver."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        """Inputs and outputs."""
        return schema(
            node_id="LPS_BlendshapesToMotion",
            display_name="Blendshapes to Motion",
            description="Makes a motion of face capture: blendshapes of a file, or those that "
            "Detect Face Landmarks finds in pictures.",
            stage="motion",
            search_aliases=["ARKit", "MediaPipe", "face capture", "mocap", "FACE_LANDMARKS"],
            inputs=[
                model_field(MADE_FOR),
                io.MultiType.Input(
                    "blendshapes",
                    types=[BlendshapesSocket, FaceLandmarksSocket],
                    tooltip="From Load Blendshapes, or face_landmarks of Detect Face Landmarks "
                    "(MediaPipe).",
                ),
                field(
                    io.Float,
                    "fps",
                    default=DEFAULT_FPS,
                    min=0.01,
                    max=1000.0,
                    step=0.001,
                    advanced=True,
                    tooltip="Frames per second of FACE_LANDMARKS. Blendshapes have their own.",
                ),
            ],
            outputs=[
                MotionSocket.Output(
                    "motion", display_name="motion", tooltip="For Animate Portrait, as its driving."
                )
            ],
        )

    @classmethod
    def execute(cls, model: LoadedModel, blendshapes: object, fps: float) -> io.NodeOutput:
        """Keypoints; no network is run."""
        space = checked(model, LoadedModel, "model").model.preset.space
        shapes = checked_blendshapes(blendshapes, "blendshapes", exact_fps(fps))
        with about("model"):
            shape_map = shipped_blendshape_map(space)
        return io.NodeOutput(runtime.intermediate(motion_of_blendshapes(shapes, shape_map)))


class MotionToBlendshapes(io.ComfyNode):
    """What a face does, in shapes."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        """Inputs and outputs."""
        return schema(
            node_id="LPS_MotionToBlendshapes",
            display_name="Motion to Blendshapes",
            description="Reads the 52 ARKit shapes and the head's angles off a motion.",
            stage="motion",
            search_aliases=["ARKit", "export", "face capture", "Live Link Face", "MetaHuman"],
            inputs=[field(MotionSocket, "motion", tooltip="From any node that gives a motion.")],
            outputs=[
                _shapes_output(),
                io.String.Output(
                    "info", display_name="info", tooltip="How much of the movement they carry."
                ),
            ],
        )

    @classmethod
    def execute(cls, motion: object) -> io.NodeOutput:
        """Keypoints; no network is run."""
        made = _converted(motion, None)
        words = f"{counted(len(made.blendshapes.known), 'shape')} read. {_loss(made)}"
        return io.NodeOutput(made.blendshapes, words)


class ConvertMotion(io.ComfyNode):
    """A motion for a model of another keypoint space."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        """Inputs and outputs."""
        return schema(
            node_id="LPS_ConvertMotion",
            display_name="Convert Motion",
            description="Makes a motion of one model's keypoints one of another's, through the 52 "
            "ARKit shapes: a published template for the default model, or ours for published ones.",
            stage="motion",
            search_aliases=["keypoint space", "retarget motion", "template", "convert"],
            inputs=[
                field(MotionSocket, "motion", tooltip="From any node that gives a motion."),
                model_field(MADE_FOR),
            ],
            outputs=[
                MotionSocket.Output(
                    "made", display_name="motion", tooltip="For Animate Portrait, as its driving."
                ),
                io.String.Output(
                    "info", display_name="info", tooltip="How much of the movement was lost."
                ),
            ],
        )

    @classmethod
    def execute(cls, motion: object, model: LoadedModel) -> io.NodeOutput:
        """Keypoints; no network is run."""
        space = checked(model, LoadedModel, "model").model.preset.space
        own = checked_motion(motion, "motion")
        if own.space == space:
            return io.NodeOutput(runtime.intermediate(own), "The motion is of this model's space.")
        made = _converted(own, space)
        return io.NodeOutput(runtime.intermediate(made.motion), _loss(made))


def _shapes_output() -> io.Output:
    return BlendshapesSocket.Output(
        "shapes",
        display_name="blendshapes",
        tooltip="For Blendshapes to Motion, or for Save Blendshapes.",
    )


def _converted(motion: object, space: str | None) -> Conversion:
    """A motion through the shapes; without a space into its own."""
    own = checked_motion(motion, "motion")
    with about("motion"):
        source_map = shipped_blendshape_map(own.space)
    with about("model"):
        target_map = source_map if space is None else shipped_blendshape_map(space)
    return convert_motion(own, source_map, target_map)


def _loss(made: Conversion) -> str:
    return f"{made.lost:.0%} of the expression's movement is lost: the shapes do not carry it."


NODES: tuple[type[io.ComfyNode], ...] = (
    LoadBlendshapes,
    SaveBlendshapes,
    BlendshapesToMotion,
    MotionToBlendshapes,
    ConvertMotion,
)
