"""What the parsers of all commands are put together from."""

from __future__ import annotations

import argparse
import os
from collections.abc import Collection
from pathlib import Path
from typing import Any, Final

from ..config.arguments import OptionGroups, Parser
from ..config.fields import specs_of
from ..constants import FRAME_NAME
from ..options import AnimateOptions

Subparsers = Any  # argparse's own name for it is private

NOT_HERE: Final = (
    *("source_framing.shift_x", "source_framing.shift_y"),
    *("driving_framing.shift_x", "driving_framing.shift_y", "driving_framing.rotate"),
)
"""A shift can be given whole here, and a driver's crop is never turned."""
_SQUARE_DRIVER: Final = " (default: no; with --compat published yes for a square driver)"
HELP_OF: Final = {
    spec.key: f"--{spec.flag.removeprefix('driving-')} for the driver"
    for spec in specs_of(AnimateOptions)
    if spec.path[0] in ("driving_face", "driving_framing")
}
"""Help in place of an option's own."""
HELP_OF["driving_framing.already_cropped"] += _SQUARE_DRIVER
HELP_OF["speech.amount"] = "where DRIVING is speech: how far the mouth moves (default: 1)"
HELP_OF["speech.life"] = "how much a speaker blinks and moves besides (0 to 2; default: 1)"
HELP_OF["speech.seed"] = "another number gives other blinks and glances (default: 0)"
HELP_OF["source_face.box"] = "the face in the first frame, brows to chin (default: searched for)"
HELP_OF["paste_back"] = "paste the face into its frame, or give its crops (default: on)"
HELP_OF["source_when_shorter"] = "--when-shorter for a source video (default: stop)"
HELP_OF["dtype"] = "number type of F, W and G; float16 on graphics cards alone (default: float32)"
HELP_OF["source_framing.already_cropped"] = (
    "the frames are face crops: taken whole, nothing is pasted (default: no)"
)


def file_name(text: str) -> Path:
    """The name of a file.

    Raises:
        ArgumentTypeError: It is empty.
    """
    if not text:
        raise argparse.ArgumentTypeError(
            "the name is empty; the name of a file is expected. Give one, or look at the variable "
            "that it comes from."
        )
    return Path(text)


def output_path(text: str) -> Path:
    """The name of an output; a folder stands for the numbered frames in it."""
    path = file_name(text)
    is_folder = text.endswith(("/", os.sep)) or (path.is_dir() and not path.suffix)
    return path / FRAME_NAME if is_folder else path


def add_command(commands: Subparsers, name: str, module: str = "", **about: Any) -> Parser:
    """A command, whose `run` lies in the module of its own or of the given name."""
    parser = commands.add_parser(name, **about)
    parser.set_defaults(module=module or name, action=name)
    return parser


def finish(
    parser: Parser,
    kinds: Collection[type[Any]],
    *,
    parts: Collection[str] = (),
    skip: Collection[str] = (),
    heading: str = "files",
) -> None:
    """Add the options of some classes.

    Args:
        parser: Of the command.
        kinds: The classes, in the order of their groups.
        parts: Parts of `AnimateOptions` that are added; none adds all.
        skip: Keys that the command does not have.
        heading: Of the options that name none.
    """
    groups = OptionGroups(parser)
    for kind in kinds:
        keys = [spec.key for spec in specs_of(kind) if spec.path[0] in parts]
        groups.add(
            kind,
            only=keys if kind is AnimateOptions else (),
            skip=(*skip, *NOT_HERE),
            group=heading,
            help_of=HELP_OF,
        )
    groups.finish()


def add_output(parser: Parser, text: str) -> None:
    """Add the output that a command must have."""
    parser.add_argument("-o", "--output", metavar="OUT", type=file_name, required=True, help=text)
