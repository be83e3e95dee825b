"""Load Motion, Save Motion, Motion Info."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

import folder_paths
from comfy_api.latest import io, ui

from ..liveportrait_core.assets.shipped_motions import shipped_motions
from ..liveportrait_core.constants import FACE_PARTS
from ..liveportrait_core.errors import MediaError, about, counted
from ..liveportrait_core.media.motion_file import load_motion, save_motion
from . import library, runtime
from .adapt.images import image_of
from .adapt.motions import checked_motion
from .schema import field, schema
from .sockets import MotionSocket

if TYPE_CHECKING:
    from ..liveportrait_core.motion.types import Motion

SHIPPED: Final = " (shipped)"
OUTPUT: Final = " [output]"
ENDINGS: Final = (".safetensors", ".pkl")
FORMATS: Final = ("safetensors", "pkl (published template)")
SPACES: Final = {
    "as the file says": None,
    "human": "liveportrait-human-21",
    "animal": "liveportrait-animal-21",
}
FILE_INPUT: Final = "motion_file"


def motion_names() -> list[str]:
    """What Load Motion offers: ours, the input folder's, the output folder's."""
    names = [name + SHIPPED for name in shipped_motions()]
    names += _files_in(folder_paths.get_input_directory())
    return names + [name + OUTPUT for name in _files_in(folder_paths.get_output_directory())]


def motion_path(name: str) -> Path:
    """The file that a name of `motion_names` means.

    Raises:
        MediaError: There is no such file.
    """
    if name.endswith(SHIPPED):
        path = shipped_motions().get(name.removesuffix(SHIPPED))
    else:
        path = _file_in_folder(name)
    if path is None:
        raise MediaError(
            f"There is no motion file '{name}'. Put a .safetensors or .pkl motion into ComfyUI's "
            "input folder, or save one with Save Motion, and press R to refresh the list."
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
            description="Reads a motion: ours, a published driving template, or JoyVASA's.",
            stage="motion",
            search_aliases=[
                *("LivePortraitMotionTemplate", "LoadExpData", "pkl", "motion template"),
                *("talking", "lipsync", "audio to motion", "JoyVASA"),
            ],
            inputs=[
                field(
                    io.Combo,
                    FILE_INPUT,
                    options=motion_names(),
                    tooltip="Motions that come with the pack, and .safetensors and .pkl files in "
                    "ComfyUI's input and output folders. Nothing in a .pkl is run.",
                ),
                field(
                    io.Combo,
                    "space",
                    options=list(SPACES),
                    default="as the file says",
                    advanced=True,
                    tooltip="Keypoint space of a template whose file names a wrong one.",
                ),
            ],
            outputs=[
                MotionSocket.Output(
                    "motion", display_name="motion", tooltip="For Animate Portrait, as its driving."
                )
            ],
        )

    @classmethod
    def validate_inputs(cls, motion_file: str) -> bool | str:
        """Whether the file is there; a workflow from elsewhere may name one that is not."""
        try:
            motion_path(motion_file)
        except MediaError as error:
            return str(error)
        return True

    @classmethod
    def fingerprint_inputs(cls, motion_file: str, space: str) -> tuple[str | int, ...]:
        """Read again when the file changed."""
        stat = motion_path(motion_file).stat()
        return motion_file, space, stat.st_mtime_ns, stat.st_size

    @classmethod
    def execute(cls, motion_file: str, space: str) -> io.NodeOutput:
        """Read the file."""
        with about(FILE_INPUT):
            motion = load_motion(motion_path(motion_file), space=SPACES[space])
        return io.NodeOutput(runtime.intermediate(motion))


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
                    tooltip="safetensors keeps everything. pkl is the published template, for "
                    "motions of the published models.",
                ),
            ],
            outputs=[],
        )

    @classmethod
    def execute(cls, motion: object, filename_prefix: str, format: str) -> io.NodeOutput:
        """Write the file."""
        motion = checked_motion(motion, "motion")
        if _leads_out(filename_prefix):
            with about("filename_prefix"):
                raise MediaError(
                    f"The filename prefix is '{filename_prefix}'; a name in ComfyUI's output "
                    "folder is expected, as motions/LivePortrait. Leave out '..' and the folder "
                    "before it."
                )
        folder, name, counter, subfolder, _ = folder_paths.get_save_image_path(
            filename_prefix, folder_paths.get_output_directory()
        )
        ending = ".pkl" if format == FORMATS[1] else ".safetensors"
        path = _free_name(Path(folder), name, counter, ending)
        lost = save_motion(motion, path)
        where = Path(subfolder, path.name).as_posix()
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


def _files_in(folder: str) -> list[str]:
    files, _ = folder_paths.recursive_search(folder)
    return sorted(Path(name).as_posix() for name in files if Path(name).suffix in ENDINGS)


def _file_in_folder(name: str) -> Path | None:
    """The file that an annotated name means; None where there is none, or it leads elsewhere."""
    inside, folder = folder_paths.annotated_filepath(name)
    if _leads_out(inside) or Path(inside).suffix not in ENDINGS:
        return None
    path = Path(folder or folder_paths.get_input_directory(), inside)
    return path if path.is_file() else None


def _leads_out(name: str) -> bool:
    """Whether a name may mean something outside of the folder that it is looked up in."""
    return bool(Path(name).anchor) or ".." in Path(name).parts


def _free_name(folder: Path, name: str, counter: int, ending: str) -> Path:
    """The first number without a file; ComfyUI counts only images."""
    while (path := folder / f"{name}_{counter:05}_{ending}").exists():
        counter += 1
    return path


NODES: tuple[type[io.ComfyNode], ...] = (LoadMotion, SaveMotion, MotionInfo)
