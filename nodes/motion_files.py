"""Load Motion, Save Motion, Motion Info."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Final

from comfy_api.latest import io, ui

from ..liveportrait_core.assets.shipped_motions import shipped_motions
from ..liveportrait_core.config.fields import build, spec_of
from ..liveportrait_core.constants import FACE_PARTS
from ..liveportrait_core.errors import MediaError, about, counted
from ..liveportrait_core.media.motion_file import READABLE_SUFFIXES, load_motion, save_motion
from ..liveportrait_core.motion.import_options import ImportOptions, TemplateProgram
from . import library, runtime
from .adapt.images import image_of
from .adapt.motions import checked_motion
from .folder_files import file_named, new_file, offered
from .schema import field, schema
from .sockets import MotionSocket
from .widgets import AUTO, OptionWidget, check_choice

if TYPE_CHECKING:
    from ..liveportrait_core.motion.types import Motion

SHIPPED: Final = " (shipped)"
CONSTANTS_ENDINGS: Final = (".pkl", ".npz", ".pt")
FORMATS: Final = ("safetensors", "pkl (published template)", "pkl (FasterLivePortrait)")
PROGRAMS: Final[dict[str, TemplateProgram]] = {FORMATS[2]: "FasterLivePortrait"}
SPACES: Final = {
    "as the file says": None,
    "human": "liveportrait-human-21",
    "animal": "liveportrait-animal-21",
}
FILE_INPUT: Final = "motion_file"
NO_CONSTANTS: Final = "none"
LAYOUT: Final = OptionWidget(spec=spec_of(ImportOptions, "layout"), id="layout")
CONSTANTS: Final = spec_of(ImportOptions, "normalisation")


def motion_names() -> list[str]:
    """What Load Motion offers: ours, the input folder's, the output folder's."""
    names = [name + SHIPPED for name in shipped_motions()]
    return names + offered(READABLE_SUFFIXES)


def motion_path(name: str) -> Path:
    """The file that a name of `motion_names` means.

    Raises:
        MediaError: There is no such file.
    """
    if name.endswith(SHIPPED):
        path = shipped_motions().get(name.removesuffix(SHIPPED))
    else:
        path = file_named(name, READABLE_SUFFIXES)
    if path is None:
        raise MediaError(
            f"There is no motion file '{name}'. Put a motion into ComfyUI's input folder "
            f"({', '.join(sorted(READABLE_SUFFIXES))}), or save one with Save Motion, and press R "
            "to refresh the list."
        )
    return path


def _constants_path(name: str) -> Path | None:
    """The file of means and deviations that a name means; None for none.

    Raises:
        MediaError: There is no such file.
    """
    if name == NO_CONSTANTS:
        return None
    path = file_named(name, CONSTANTS_ENDINGS)
    if path is None:
        raise MediaError(
            f"There is no file of means and deviations '{name}'. Put it into ComfyUI's input "
            "folder and press R to refresh the list."
        )
    return path


class LoadMotion(io.ComfyNode):
    """A motion from a file."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        """Inputs and outputs."""
        return schema(
            node_id="LPS_LoadMotion",
            display_name="Load Motion",
            description="Reads a motion: ours, a driving template (.pkl), or one that JoyVASA, "
            "MoDA, Ditto, KDTalker or AdvancedLivePortrait wrote.",
            stage="motion",
            search_aliases=[
                *("LivePortraitMotionTemplate", "LoadExpData", "pkl", "motion template"),
                *("talking", "lipsync", "audio to motion", "JoyVASA", "Ditto", "MoDA", "KDTalker"),
            ],
            inputs=[
                field(
                    io.Combo,
                    FILE_INPUT,
                    options=motion_names(),
                    tooltip="Motions that come with the pack, and motion files in ComfyUI's input "
                    "and output folders. Nothing in a file is run.",
                ),
                field(
                    io.Combo,
                    "space",
                    options=list(SPACES),
                    default="as the file says",
                    advanced=True,
                    tooltip="Keypoint space of a template whose file names a wrong one.",
                ),
                LAYOUT.field(advanced=True, optional=True),
                field(
                    io.Combo,
                    CONSTANTS.key,
                    options=[NO_CONSTANTS, *offered(CONSTANTS_ENDINGS)],
                    default=NO_CONSTANTS,
                    advanced=True,
                    optional=True,
                    tooltip=f"{CONSTANTS.help[0].upper()}{CONSTANTS.help[1:]}.",
                ),
            ],
            outputs=[
                MotionSocket.Output(
                    "motion", display_name="motion", tooltip="For Animate Portrait, as its driving."
                )
            ],
        )

    @classmethod
    def validate_inputs(cls, motion_file: str, normalisation: str = NO_CONSTANTS) -> bool | str:
        """Whether the files are there; a workflow from elsewhere may name some that are not."""
        try:
            motion_path(motion_file)
            _constants_path(normalisation)
        except MediaError as error:
            return str(error)
        return True

    @classmethod
    def fingerprint_inputs(
        cls, motion_file: str, space: str, layout: str = AUTO, normalisation: str = NO_CONSTANTS
    ) -> tuple[str | int, ...]:
        """Read again when a file changed."""
        chosen = {FILE_INPUT: motion_file, CONSTANTS.key: normalisation}
        stats = [file.stat() for file in paths_of(chosen)]
        changes = [number for stat in stats for number in (stat.st_mtime_ns, stat.st_size)]
        return motion_file, space, layout, normalisation, *changes

    @classmethod
    def execute(
        cls, motion_file: str, space: str, layout: str = AUTO, normalisation: str = NO_CONSTANTS
    ) -> io.NodeOutput:
        """Read the file."""
        chosen = {FILE_INPUT: motion_file, "space": space, LAYOUT.id: layout}
        motion = motion_of_choices({**chosen, CONSTANTS.key: normalisation})
        return io.NodeOutput(runtime.intermediate(motion))


def motion_of_choices(chosen: Mapping[str, str]) -> Motion:
    """The motion that Load Motion gives with these widgets, by their names.

    Raises:
        MediaError: There is no such file, or it cannot be read.
        ValueError: A choice is none.
    """
    space = chosen.get("space", "as the file says")
    check_choice("space", space, SPACES)
    constants = _constants_path(chosen.get(CONSTANTS.key, NO_CONSTANTS))
    options = {LAYOUT.id: LAYOUT.value(chosen.get(LAYOUT.id, AUTO)), CONSTANTS.key: constants}
    with about(FILE_INPUT):
        path = motion_path(chosen.get(FILE_INPUT, ""))
        return load_motion(path, build(ImportOptions, options), space=SPACES[space])


def paths_of(chosen: Mapping[str, str]) -> list[Path]:
    """The files that `motion_of_choices` reads.

    Raises:
        MediaError: One is missing.
    """
    constants = _constants_path(chosen.get(CONSTANTS.key, NO_CONSTANTS))
    return [path for path in (motion_path(chosen.get(FILE_INPUT, "")), constants) if path]


class SaveMotion(io.ComfyNode):
    """A motion to a file."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        """Inputs and outputs."""
        return schema(
            node_id="LPS_SaveMotion",
            display_name="Save Motion",
            description="Writes a motion into ComfyUI's output folder, for Load Motion, the "
            "command line, or the published program.",
            stage="motion",
            search_aliases=["SaveExpData", "export motion"],
            is_output_node=True,
            inputs=[
                field(MotionSocket, "motion", tooltip="From any node that gives a motion."),
                field(
                    io.String,
                    "filename_prefix",
                    default="motions/LivePortrait",
                    tooltip="Name in the output folder; a number is added, so that nothing is "
                    "overwritten.",
                ),
                field(
                    io.Combo,
                    "format",
                    options=list(FORMATS),
                    default=FORMATS[0],
                    tooltip="safetensors keeps everything. pkl is a driving template of another "
                    "program, for motions of the published models.",
                ),
            ],
            outputs=[],
        )

    @classmethod
    def execute(cls, motion: object, filename_prefix: str, format: str) -> io.NodeOutput:
        """Write the file."""
        motion = checked_motion(motion, "motion")
        ending = ".safetensors" if format == FORMATS[0] else ".pkl"
        path, where = new_file(filename_prefix, ending)
        lost = save_motion(motion, path, program=PROGRAMS.get(format, "LivePortrait"))
        return io.NodeOutput(ui=ui.PreviewText("\n".join([f"Saved {where}", *lost])))


class MotionInfo(io.ComfyNode):
    """A motion as curves and in words."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        """Inputs and outputs."""
        return schema(
            node_id="LPS_MotionInfo",
            display_name="Motion Info",
            description="Draws a motion as curves over time and describes it.",
            stage="motion",
            search_aliases=["PrintExpData", "plot", "motion curves", "graph"],
            is_output_node=True,
            has_intermediate_output=True,
            inputs=[
                field(MotionSocket, "motion", tooltip="From any node that gives a motion."),
            ],
            outputs=[
                io.Image.Output("plot", display_name="plot", tooltip="The curves."),
                io.String.Output("info", display_name="info", tooltip="A description in words."),
                io.Int.Output("num_frames", display_name="frames", tooltip="Its length."),
                io.Float.Output("fps", display_name="fps", tooltip="Frames per second."),
            ],
        )

    @classmethod
    def execute(cls, motion: object) -> io.NodeOutput:
        """Draw."""
        motion = checked_motion(motion, "motion")
        plot = image_of(library.motion_plot.plot_motion(motion))[None]
        shown = ui.PreviewImage(plot, cls=cls)
        return io.NodeOutput(plot, _words(motion), len(motion), float(motion.fps), ui=shown)


def _words(motion: Motion) -> str:
    fps = motion.fps
    lines = [
        f"{counted(len(motion), 'frame')} at {fps} frames/s, {float(len(motion) / fps):.2f} s",
        f"keypoint space: {motion.space}",
        f"made by: {motion.producer or 'unknown'}",
        f"neutral frame: {motion.reference_frame if motion.reference is None else 'none of these'}",
    ]
    if motion.absent:
        lines.append(f"lacks: {', '.join(sorted(motion.absent))}")
    if motion.parts != FACE_PARTS:
        lines.append(f"expression of: {', '.join(sorted(motion.parts))}")
    if motion.absolute:
        lines.append(f"absolute: {', '.join(sorted(motion.absolute))}")
    if motion.validity is not None:
        unseen = (motion.validity < 1).nonzero().flatten().tolist()
        lines += [f"not measured: {library.frame_numbers.frame_ranges(unseen)}"] if unseen else []
    return "\n".join(lines)


NODES: tuple[type[io.ComfyNode], ...] = (LoadMotion, SaveMotion, MotionInfo)
