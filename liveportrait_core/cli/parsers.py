"""The commands, put together from the options of `options.py`."""

from __future__ import annotations

from typing import Any, Final

from .. import __version__
from ..command_options import (
    ConvertOptions,
    FeedOptions,
    IdleDriver,
    IdleFileOptions,
    LiveOutputOptions,
    ModelOptions,
    OutputOptions,
    PartOptions,
    ReportOptions,
    ShowOptions,
    SpeechDriver,
    SpeechFileOptions,
    TimelineFileOptions,
)
from ..config.arguments import Parser
from ..motion.expression_options import ExpressionOptions
from ..motion.speech_style import STYLE_VALUES
from ..motion.tool_options import ChangeOptions, JoinOptions, LayerOptions
from ..options import AnimateOptions, Edit
from ..sessions.live_options import LiveOptions
from .parser_models import add_models
from .parser_parts import Subparsers, add_command, add_output, file_name, finish, output_path

ONE_CLIP: Final = ("source_face", "source_framing", "face_models", "chunk")
"""Parts of `AnimateOptions` that a command with one clip has, too."""
NO_DRIVING_PART: Final = ("driving.start", "driving.duration")
"""Keys of `PartOptions` that a command with one clip does not have."""

LIVE: Final = (
    *("source_face", "source_framing", "driving_face", "driving_framing"),
    *("driving", "face_models", "paste_back"),
)
"""Parts of `AnimateOptions` that count while a portrait follows live."""
NOT_LIVE: Final = ("smooth", "smooth_variance", "gain", "compat")
"""A live driver is smoothed in its own way, and `--strength` multiplies."""
NOT_IN_ANIMATE: Final = ("speech.guidance", *(f"speech.{name}" for name in STYLE_VALUES))
"""`motion speech` has these."""


def build_parser() -> Parser:
    """The parser of the whole command line; `args.module` names the module that runs it."""
    parser = Parser(prog="liveportrait", description="Animate a portrait from one picture.")
    parser.add_argument("--version", action="version", version=f"liveportrait-suite {__version__}")
    commands = parser.add_subparsers(metavar="COMMAND", required=True, dest="command")
    _add_animate(commands)
    _add_edit(commands)
    _add_faces(commands)
    _add_live(commands)
    _add_motion(commands)
    add_models(commands)
    doctor = add_command(
        commands,
        "doctor",
        help="what is installed, which devices there are, which weights were found",
        description="List versions, devices, codecs, and weights with their licences.",
    )
    finish(doctor, (ReportOptions,), skip=("progress",))
    return parser


def _add_animate(commands: Subparsers) -> None:
    parser = add_command(
        commands,
        "animate",
        help="move a portrait, or a video of one, as a driver moves",
        description="Move the face of SOURCE as the face of DRIVING moves.",
        usage="%(prog)s SOURCE DRIVING [-o OUT] [options]\n"
        "       %(prog)s SOURCE --idle 10s [-o OUT] [options]",
    )
    parser.add_argument("source", metavar="SOURCE", type=file_name, help="picture or video to move")
    parser.add_argument(
        "driving",
        metavar="DRIVING",
        type=file_name,
        nargs="?",
        help="picture, video, motion file or timeline that shows how, or a sound",
    )
    parser.add_argument(
        "-o",
        "--output",
        metavar="OUT",
        type=output_path,
        help="video (.mp4, .mov, .m4v, .mkv, .webm), animation (.gif, .webp), folder/ or "
        "frames/%%04d.png, or picture of one (default: SOURCE--DRIVING.mp4)",
    )
    finish(
        parser,
        (
            *(IdleDriver, SpeechDriver, AnimateOptions, PartOptions),
            *(OutputOptions, ModelOptions, ReportOptions),
        ),
        skip=NOT_IN_ANIMATE,
    )


def _add_edit(commands: Subparsers) -> None:
    parser = add_command(
        commands,
        "edit",
        help="change the expression of a picture or video: words, presets, controls, sliders",
        description="Change the face of SOURCE, in every frame of a video. Without an expression "
        "and with sliders at 0 (zoom at 1) it stays as it is.",
        usage="%(prog)s SOURCE -o OUT [options]",
    )
    parser.add_argument(
        "picture", metavar="SOURCE", type=file_name, help="picture or video to change"
    )
    parser.add_argument(
        "-o",
        "--output",
        metavar="OUT",
        type=output_path,
        required=True,
        help="picture to write: .png, .jpg, .webp, .bmp, .tif; of a video as for 'animate'",
    )
    kinds = (ExpressionOptions, Edit, AnimateOptions, PartOptions, ModelOptions, ReportOptions)
    finish(parser, kinds, parts=(*ONE_CLIP, "paste_back"), skip=NO_DRIVING_PART)


def _add_faces(commands: Subparsers) -> None:
    parser = add_command(
        commands,
        "faces",
        help="find the faces, as --box and --face-index of the other commands want them",
        description="List the faces of the first frame of CLIP that shows any, with their numbers "
        "and boxes; follow and draw them through CLIP if OUT is given.",
        usage="%(prog)s CLIP [-o OUT] [options]",
    )
    parser.add_argument("clip", metavar="CLIP", type=file_name, help="picture or video")
    parser.add_argument(
        "-o",
        "--output",
        metavar="OUT",
        type=output_path,
        help="CLIP with the faces drawn: a picture, video, animation or folder/, as for 'animate' "
        "(default: none)",
    )
    finish(
        parser,
        (ShowOptions, AnimateOptions, PartOptions, OutputOptions, ModelOptions, ReportOptions),
        parts=("source_face", "face_models"),
        skip=(
            *("source_face.box", "source_face.index", *NO_DRIVING_PART),
            *("side_by_side", "audio", "mask"),
        ),
    )


def _add_live(commands: Subparsers) -> None:
    parser = add_command(
        commands,
        "live",
        help="let a portrait follow a camera, the screen or a film while it is seen",
        description="Move the face of SOURCE as the face before the camera moves, at once. The "
        "portrait is shown on a page of this computer's browser, with buttons; a new neutral "
        "face is captured there.",
        usage="%(prog)s SOURCE [--film FILE] [-o OUT] [options]",
    )
    parser.add_argument("source", metavar="SOURCE", type=file_name, help="picture or video to move")
    parser.add_argument(
        "-o",
        "--output",
        metavar="OUT",
        type=output_path,
        help="video of it, as for 'animate' (default: none)",
    )
    kinds = (LiveOptions, FeedOptions, LiveOutputOptions, AnimateOptions)
    finish(parser, (*kinds, ModelOptions, ReportOptions), parts=LIVE, skip=NOT_LIVE)


def _add_motion(commands: Subparsers) -> None:
    motion = commands.add_parser("motion", help="extract, show, change and join motion files")
    actions = motion.add_subparsers(metavar="ACTION", required=True, dest="motion_action")
    extract = add_command(
        actions,
        "extract",
        "motion",
        help="extract the motion of a video or picture",
        description="Write the motion of the face in CLIP to a file that can drive a source.",
        usage="%(prog)s CLIP -o OUT [options]",
    )
    extract.add_argument("clip", metavar="CLIP", type=file_name, help="video or picture of a face")
    add_output(extract, "motion file: .safetensors (ours), or .pkl (published template)")
    finish(
        extract,
        (AnimateOptions, PartOptions, ModelOptions, ReportOptions),
        parts=(*ONE_CLIP, "driving_crop"),
        skip=NO_DRIVING_PART,
    )

    show = add_command(actions, "info", "motion", help="show what a motion file holds")
    show.add_argument("file", metavar="FILE", type=file_name, help="motion file")
    finish(show, (ReportOptions,), skip=("progress",))

    idle = add_command(
        actions,
        "idle",
        "motion",
        help="make the motion of a face that does nothing: blinks, glances, breath",
        description="Write a motion that makes a portrait blink, glance and breathe. Its end goes "
        "on with its beginning.",
        usage="%(prog)s OUT [options]",
    )
    idle.add_argument("output", metavar="OUT", type=file_name, help=".safetensors or .pkl")
    finish(idle, (IdleFileOptions, ReportOptions), skip=("progress",))

    speech = add_command(
        actions,
        "speech",
        "motion",
        help="make the motion of a face that says what is heard",
        description="Write a motion of a portrait that says what is heard in SOUND, in time to it.",
        usage="%(prog)s SOUND -o OUT [options]",
    )
    speech.add_argument("sound", metavar="SOUND", type=file_name, help="sound, or video with sound")
    _finish_tool(speech, SpeechFileOptions, heading="speech")
    _add_motion_timeline(actions)
    _add_motion_convert(actions)
    _add_motion_tools(actions)


def _add_motion_timeline(actions: Subparsers) -> None:
    timeline = add_command(
        actions,
        "timeline",
        "motion_tools",
        help="make the motion of a timeline: what a face does when",
        description="Write the motion of the timeline TEXT: keys of controls, and parts of other "
        "motions beneath, which it names by their number ('0 play 1'). Commands of "
        "AdvancedLivePortrait are read, too.",
        usage="%(prog)s TEXT [MOTION ...] -o OUT [options]",
    )
    timeline.add_argument("text", metavar="TEXT", type=file_name, help="text of the timeline")
    timeline.add_argument(
        "files", metavar="MOTION", type=file_name, nargs="*", help="motion files beneath, from 1 on"
    )
    _finish_tool(timeline, TimelineFileOptions)


def _add_motion_convert(actions: Subparsers) -> None:
    convert = add_command(
        actions,
        "convert",
        "motion_convert",
        help="write a motion in another format or keypoint space; face capture as motion, and back",
        description="Read the motion or face capture IN and write it as OUT, whose ending names "
        "its format. Between keypoint spaces, and from and to face capture, a motion goes through "
        "the 52 ARKit blendshapes; what they do not carry is lost, and the command says how much.",
    )
    convert.add_argument(
        "file",
        metavar="IN",
        type=file_name,
        help="motion file, also of another program; face capture: .csv (Live Link Face), .txt "
        "(iFacialMocap), .json (MediaPipe)",
    )
    convert.add_argument(
        "output", metavar="OUT", type=file_name, help=".safetensors, .pkl, or .csv (Live Link Face)"
    )
    finish(convert, (ConvertOptions, ReportOptions), skip=("progress",), heading="motion")


def _add_motion_tools(actions: Subparsers) -> None:
    layer = add_command(
        actions,
        "layer",
        "motion_tools",
        help="lay a region of one motion over another: lips, eyes, the head",
        description="Lay a region of the motion OVER over the motion BASE: the lips of a speaker "
        "or the blinks of 'motion idle' over the head of a film.",
        usage="%(prog)s BASE OVER -o OUT [options]",
    )
    layer.add_argument("base", metavar="BASE", type=file_name, help="motion file")
    layer.add_argument("over", metavar="OVER", type=file_name, help="motion file that is on top")
    _finish_tool(layer, LayerOptions)

    join = add_command(
        actions,
        "join",
        "motion_tools",
        help="play motions one after another",
        description="Write motions one after another as one. All are moved to the neutral frame of "
        "the first.",
        usage="%(prog)s MOTION MOTION ... -o OUT [options]",
    )
    _add_motion_files(join)
    _finish_tool(join, JoinOptions)

    change = add_command(
        actions,
        "change",
        "motion_tools",
        help="trim, smooth, retime, mirror, strengthen, limit or loop a motion",
        description="Change the motion IN. What is asked for is done in this order: part, "
        "smoothing, frame rate, mirror, gains, limits, loop.",
        usage="%(prog)s IN -o OUT [options]",
    )
    change.add_argument("file", metavar="IN", type=file_name, help="motion file")
    _finish_tool(change, ChangeOptions)

    compare = add_command(
        actions,
        "compare",
        "motion_tools",
        help="draw motions over one another",
        description="Draw the curves of two or more motions over one another.",
        usage="%(prog)s MOTION MOTION ... -o OUT",
    )
    _add_motion_files(compare)
    add_output(compare, "picture to write, as plot.png")


def _add_motion_files(parser: Parser) -> None:
    parser.add_argument(
        "files", metavar="MOTION", type=file_name, nargs="+", help="motion files, in order"
    )


def _finish_tool(parser: Parser, kind: type[Any], heading: str = "motion") -> None:
    """Add what tools that write a motion have."""
    add_output(parser, "motion file: .safetensors (ours), or .pkl (published template)")
    finish(parser, (kind, ReportOptions), skip=("progress",), heading=heading)
