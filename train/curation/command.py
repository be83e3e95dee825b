"""Curate films and pictures for training: python -m train.curate IN... -o OUT."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from dataclasses import fields
from pathlib import Path

from liveportrait_core.errors import LivePortraitError

from .curating import MOST_WAIT_S, curate
from .report import PAGE_NAME, table_of_rejections
from .settings import NOTHING, CurationSettings
from .tools import DefaultRecipe


def build_parser() -> argparse.ArgumentParser:
    """The command line."""
    parser = argparse.ArgumentParser(
        prog="python -m train.curate",
        description="Find clips of one person each in films and pictures, leave out bad ones, "
        "crop and annotate the rest, and write them as WebDataset shards with an index. Run the "
        "same command again to resume, or to add new files.",
    )
    parser.add_argument("places", type=Path, nargs="+", metavar="IN", help="folders or files")
    parser.add_argument("-o", "--out", type=Path, required=True, help="where the shards go")
    parser.add_argument(
        "--workers",
        type=int,
        default=os.cpu_count() or 1,
        help="processes; 0 works in this one (one a core)",
    )
    parser.add_argument(
        "--ray", action="store_true", help="run on Ray Data, with --workers actors, one core each"
    )
    parser.add_argument(
        "--most-wait-s",
        type=float,
        default=MOST_WAIT_S,
        metavar="N",
        help="seconds without a new frame after which a file counts as hanging and is left out; 0 "
        f"waits for ever, as --workers 0 does ({MOST_WAIT_S:g})",
    )
    parser.add_argument("--face-models", type=Path, help="face networks, as of liveportrait")
    parser.add_argument(
        "--recognition", type=Path, help="an ArcFace .onnx, to see that a clip shows one person"
    )
    parser.add_argument(
        "--scorer",
        default="",
        metavar="MODULE:FUNCTION",
        help="takes (N, H, W, 3) uint8 frames of a clip and gives a score; for --least-score",
    )
    for entry in fields(CurationSettings):
        kind = type(entry.default)
        shown = "none" if entry.default == NOTHING else entry.default
        parser.add_argument(
            f"--{entry.name.replace('_', '-')}",
            type=kind,
            default=entry.default,
            metavar="N",
            help=f"{entry.metadata['help']} ({shown})",
        )
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; returns the exit code."""
    options = build_parser().parse_args(arguments)
    try:
        settings = CurationSettings(
            **{entry.name: getattr(options, entry.name) for entry in fields(CurationSettings)}
        )
        recipe = DefaultRecipe(
            face_models=options.face_models,
            recognition=options.recognition,
            scorer=options.scorer,
        )
        index = curate(
            options.places,
            options.out,
            settings,
            recipe=recipe,
            workers=options.workers,
            ray=options.ray,
            most_wait_s=options.most_wait_s,
        )
    except (LivePortraitError, ValueError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    print(
        f"{options.out}: {index['films']} clips of film and {index['stills']} stills, "
        f"{index['frames']} frames of {index['files']} files. Left out:\n"
        f"{table_of_rejections(index)}\n{options.out / PAGE_NAME} shows them."
    )
    return 0
