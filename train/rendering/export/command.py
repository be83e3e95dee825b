"""Render heads with their truth: python -m train.render OUT_FOLDER [--face-model PATH].

With --clip OUT.mp4 in place of the folder: a short film of one head, to drive portraits with.
"""

import argparse
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from liveportrait_core.errors import LivePortraitError

from ...data.rendered import FRAMES, RenderedSet
from .clip import ClipConfig, write_clip
from .contact_sheet import write_contact_sheet
from .dataset import RenderConfig, render_set

SET_PX = 128
CLIP_PX = 256
CREATURES = 0.08
PROCEDURAL = "No --face-model: heads are procedural, made from formulas alone."


def build_parser() -> argparse.ArgumentParser:
    """The command line."""
    parser = argparse.ArgumentParser(
        prog="python -m train.render",
        description="Render heads with keypoints, pose, gaze, flow, visibility and regions. "
        "Run the same command again to resume.",
    )
    target = parser.add_mutually_exclusive_group(required=True)
    target.add_argument("folder", type=Path, nargs="?", help="where index.json and the shards go")
    target.add_argument("--clip", type=Path, metavar="OUT.mp4", help="film one head instead")
    parser.add_argument(
        "--face-model",
        type=Path,
        help="an .npz face model, or the FaceXModel folder of an ICT-FaceKit clone; without it "
        "heads are procedural",
    )
    parser.add_argument("--identities", type=int, default=1000, help="how many people (1000)")
    parser.add_argument(
        "--creatures",
        type=float,
        default=CREATURES,
        metavar="SHARE",
        help=f"share of the identities that are animals; 1 for animals alone ({CREATURES})",
    )
    parser.add_argument("--seed", type=int, default=0, help="of all random choices (0)")
    parser.add_argument("--size", type=int, help=f"pixels a side ({SET_PX}; a clip: {CLIP_PX})")
    parser.add_argument(
        "--device",
        help="draw with warp on cuda, cuda:1 or cpu (pip install warp-lang); without it numba "
        "draws on the CPU",
    )
    parser.add_argument("--workers", type=int, default=1, help="processes (1)")
    parser.add_argument("--shard-size", type=int, default=64, help="identities in a file (64)")
    parser.add_argument(
        "--webdataset",
        action="store_true",
        help="write WebDataset shards, as train.curate does, with the truth beside; for object "
        "stores. Without it .npz files, which train faster from a disk",
    )
    parser.add_argument("--contact-sheet", type=Path, help="also draw the first ones to this file")
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; returns the exit code."""
    options = build_parser().parse_args(arguments)
    if options.face_model is None:
        print(PROCEDURAL, file=sys.stderr)
    try:
        print(_film(options) if options.clip else _render(options))
    except (LivePortraitError, ValueError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


def _film(options: argparse.Namespace) -> str:
    config = ClipConfig(
        path=options.clip,
        face_model=options.face_model,
        seed=options.seed,
        size_px=CLIP_PX if options.size is None else options.size,
    )
    num_frames = write_clip(config)
    return f"{config.path}: {num_frames} frames, size {config.size_px} px"


def _render(options: argparse.Namespace) -> str:
    start_s = time.monotonic()
    first: list[int] = []

    def show(done: int, total: int) -> None:
        first.append(done)
        rate = FRAMES * (done - first[0]) / max(time.monotonic() - start_s, 1e-6)
        print(f"{done} of {total} identities, {rate:.0f} frames/s", file=sys.stderr, flush=True)

    config = RenderConfig(
        folder=options.folder,
        face_model=options.face_model,
        identities=options.identities,
        seed=options.seed,
        size_px=SET_PX if options.size is None else options.size,
        shard_size=options.shard_size,
        workers=options.workers,
        creatures=options.creatures,
        device=options.device,
        webdataset=options.webdataset,
    )
    rendered = render_set(config, progress=show)
    if options.contact_sheet is not None:
        write_contact_sheet(RenderedSet([config.folder]), options.contact_sheet)
    kept = config.identities - rendered
    return f"{config.folder}: {rendered} identities rendered, {kept} kept, size {config.size_px} px"
