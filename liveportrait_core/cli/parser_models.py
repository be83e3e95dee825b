"""The parser of `liveportrait models`."""

from __future__ import annotations

from ..command_options import DownloadOptions, JoyvasaFiles, ModelOptions, ReportOptions
from ..config.fields import specs_of
from .parser_parts import Subparsers, add_command, file_name, finish


def add_models(commands: Subparsers) -> None:
    """Add the command and its actions."""
    models = commands.add_parser("models", help="list, check, convert and download weights")
    actions = models.add_subparsers(metavar="ACTION", required=True, dest="models_action")
    listing = add_command(
        actions, "list", "models", help="files of weights, their makers and licences"
    )
    finish(listing, (ReportOptions,), skip=("progress",))
    check = add_command(
        actions, "check", "models", help="load models and report whether they are complete"
    )
    check.add_argument(
        "model", metavar="MODEL", nargs="*", help="names or paths (default: default)"
    )
    finish(check, (ReportOptions,), skip=("progress",))
    _add_convert(actions)
    _add_export(actions)
    _add_joyvasa(actions)
    _add_download(actions)


def _add_convert(actions: Subparsers) -> None:
    parser = add_command(
        actions,
        "convert",
        "models",
        help="write a model in the other layout, bit for bit",
        description="IN is our file or a published folder, OUT becomes the other one.",
    )
    parser.add_argument("input", metavar="IN", help="a .safetensors file of ours, or a folder")
    parser.add_argument(
        "output", metavar="OUT", type=file_name, help="a folder, or .safetensors file"
    )
    finish(parser, ())


def _add_export(actions: Subparsers) -> None:
    parser = add_command(
        actions,
        "export",
        "models",
        help="write a model's networks as ONNX, for other programs and --backend onnx",
        description="Write each network of a model into FOLDER as a file of ONNX: float32, batch "
        "1, the model's sizes. Each is compared with torch in ONNX Runtime; one that differs is "
        "not left there.",
    )
    parser.add_argument("folder", metavar="FOLDER", type=file_name, help="it is made if missing")
    finish(
        parser,
        (ModelOptions, ReportOptions),
        skip=[spec.key for spec in specs_of(ModelOptions) if spec.key != "model"],
    )


def _add_joyvasa(actions: Subparsers) -> None:
    parser = add_command(
        actions,
        "joyvasa",
        "models",
        help="make a speech model of JoyVASA's own weights, which you have",
        description="Write JoyVASA's motion generator IN (motion_generator_*.pt) with its template "
        "and audio encoder as the one file OUT, for 'motion speech --weights' and Speech to "
        "Motion. Nothing in the files is run.",
    )
    parser.add_argument("input", metavar="IN", type=file_name, help="motion_generator_*.pt")
    parser.add_argument("output", metavar="OUT", type=file_name, help=".safetensors")
    finish(parser, (JoyvasaFiles,), heading="files")


def _add_download(actions: Subparsers) -> None:
    parser = add_command(
        actions,
        "download",
        "models",
        help="download published weights; nothing else ever downloads",
        description="Download files of weights from where their makers publish them. An "
        "interrupted download continues when the same command is run again.",
    )
    parser.add_argument(
        "name",
        metavar="NAME",
        nargs="+",
        help="human, animal, or file names from 'models list'",
    )
    finish(parser, (DownloadOptions, ReportOptions), skip=("json",))
