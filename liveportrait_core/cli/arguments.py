"""Options that several commands share, and how their values are read.

Nothing here imports torch: `--help` and a mistyped option answer at once.
"""

from __future__ import annotations

import argparse
import math
import sys
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Final, NoReturn

DTYPES: Final = ("float32", "float16", "bfloat16")


class Parser(argparse.ArgumentParser):
    """A parser whose mistakes are one sentence and where to read on."""

    def error(self, message: str) -> NoReturn:
        """Say what is wrong and leave with 2."""
        sys.stderr.write(f"{self.prog}: error: {message}. See {self.prog} --help.\n")
        raise SystemExit(2)


def box(text: str) -> tuple[float, float, float, float]:
    """A box x,y,w,h in pixels."""
    try:
        x, y, width, height = (float(part) for part in text.split(","))
    except ValueError as error:
        raise argparse.ArgumentTypeError(
            f"'{text}' is no box; x,y,w,h in pixels is wanted, as 120,80,200,240"
        ) from error
    if not (all(map(math.isfinite, (x, y, width, height))) and min(width, height) > 0):
        raise argparse.ArgumentTypeError(
            f"the box {text} has no area; width and height above 0 are wanted"
        )
    return x, y, width, height


def openness(text: str) -> float | str:
    """A number, or the word driver."""
    if text == "driver":
        return text
    try:
        return number(text)
    except argparse.ArgumentTypeError as error:
        raise argparse.ArgumentTypeError(
            f"'{text}' is no opening; driver or a number is wanted, 0 is shut and 0.8 wide open"
        ) from error


def number(text: str) -> float:
    """A finite number."""
    try:
        value = float(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"'{text}' is no number") from error
    if not math.isfinite(value):
        raise argparse.ArgumentTypeError(f"{text} is not finite")
    return value


def whole_number(least: int) -> Callable[[str], int]:
    """A reader of whole numbers from `least` on."""

    def read(text: str) -> int:
        try:
            value = int(text)
        except ValueError as error:
            raise argparse.ArgumentTypeError(f"'{text}' is no whole number") from error
        if value < least:
            raise argparse.ArgumentTypeError(f"{value} is below {least}, the least")
        return value

    return read


def frame_rate(text: str) -> Fraction:
    """Frames per second above 0: 25, 29.97 or 30000/1001."""
    try:
        value = Fraction(text)
    except (ValueError, ZeroDivisionError) as error:
        raise argparse.ArgumentTypeError(
            f"'{text}' is no frame rate; a number as 25 or 30000/1001 is wanted"
        ) from error
    if value <= 0:
        raise argparse.ArgumentTypeError(f"the frame rate {text} is not above 0")
    return value


def add_model_options(parser: argparse.ArgumentParser) -> None:
    """Which model, and where it runs."""
    group = parser.add_argument_group("model")
    group.add_argument(
        "--model",
        default="default",
        metavar="NAME",
        help="the model: default (ours, in the package), human or animal (published weights that "
        "you have), or a path to a .safetensors file or a folder (default: %(default)s)",
    )
    group.add_argument(
        "--device",
        default="auto",
        help="where to compute: auto, cpu, cuda, cuda:1, mps; auto takes the first of cuda, mps "
        "and cpu that is there (default: %(default)s)",
    )
    group.add_argument(
        "--dtype",
        choices=DTYPES,
        default="float32",
        help="type of the numbers in the networks that paint; bfloat16 also suits recent "
        "processors, float16 only graphics cards (default: %(default)s)",
    )
    group.add_argument(
        "--chunk",
        type=whole_number(1),
        metavar="FRAMES",
        help="frames at a time; halved by itself when memory runs out (default: 2 on a cpu, "
        "8 elsewhere)",
    )


def add_face_options(parser: argparse.ArgumentParser, *, whose: str, prefix: str = "") -> None:
    """How one clip's face is found and framed; `prefix` goes before the options' names."""
    group = parser.add_argument_group(f"{whose}'s face")
    turn = not prefix
    told = ", and the painted crop comes out"
    if not turn:
        told = " (default: no; with --compat published when it is square and has no box)"
    group.add_argument(
        f"--{prefix}box",
        type=box,
        metavar="X,Y,W,H",
        help=f"where the {whose}'s face is in its first frame, brows to chin, pixels "
        "(default: it is looked for)",
    )
    group.add_argument(
        f"--{prefix}already-cropped",
        action="store_true" if turn else argparse.BooleanOptionalAction,
        help=f"the {whose} is a face crop already: nothing is looked for, the whole picture is "
        f"taken{told}",
    )
    group.add_argument(
        f"--{prefix}face-index",
        type=whole_number(0),
        default=0,
        metavar="N",
        help="which face, from 0, the largest first (default: %(default)s)",
    )
    add_crop_options(group, prefix)
    if turn:
        group.add_argument(
            "--no-rotate",
            action="store_true",
            help="do not turn the face upright before it is cropped",
        )


def add_crop_options(group: argparse._ArgumentGroup, prefix: str) -> None:  # pyright: ignore[reportPrivateUsage]
    """The framing of a crop."""
    group.add_argument(
        f"--{prefix}crop-scale",
        type=number,
        metavar="SCALE",
        help="side of the crop over the longer side of the landmarks' box (default: the model's)",
    )
    for axis, towards in (("vx", "to the face's right"), ("vy", "towards the chin")):
        group.add_argument(
            f"--{prefix}crop-{axis}",
            type=number,
            metavar="RATIO",
            help=f"shift of the crop {towards}, in its sides (default: the model's)",
        )


def add_finder_options(parser: argparse.ArgumentParser) -> None:
    """Face networks that the user brings."""
    parser.add_argument_group("face finder").add_argument(
        "--face-models",
        type=Path,
        metavar="FOLDER",
        help="folder with landmark.onnx (203 points), and det_10g.onnx and 2d106det.onnx of "
        "InsightFace (non-commercial), read by onnxruntime; what is there is used "
        "(default: our own face finder and the default model's landmarks)",
    )


def add_report_options(parser: argparse.ArgumentParser) -> None:
    """What the program tells while and after it works."""
    group = parser.add_argument_group("report")
    group.add_argument(
        "--json", action="store_true", help="print a summary as one JSON object on stdout"
    )
    group.add_argument(
        "--progress",
        action=argparse.BooleanOptionalAction,
        help="a progress bar on stderr (default: when stderr is a terminal)",
    )
