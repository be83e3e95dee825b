"""Render heads with their truth: python -m train.render OUT_FOLDER --face-model PATH."""

import argparse
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from liveportrait_core.errors import LivePortraitError

from .rendering.contact_sheet import write_contact_sheet
from .rendering.dataset import FRAMES, RenderConfig, render_set


def build_parser() -> argparse.ArgumentParser:
    """The command line."""
    parser = argparse.ArgumentParser(
        prog="python -m train.render",
        description="Render heads with keypoints, pose, gaze, flow, visibility and regions. "
        "Run the same command again to resume.",
    )
    parser.add_argument("folder", type=Path, help="where index.json and the shards go")
    parser.add_argument(
        "--face-model",
        type=Path,
        required=True,
        help="an .npz face model, or the FaceXModel folder of an ICT-FaceKit clone",
    )
    parser.add_argument("--identities", type=int, default=1000, help="how many people (1000)")
    parser.add_argument("--seed", type=int, default=0, help="of all random choices (0)")
    parser.add_argument("--size", type=int, default=128, help="pixels a side (128)")
    parser.add_argument("--workers", type=int, default=1, help="processes (1)")
    parser.add_argument("--shard-size", type=int, default=64, help="identities in a file (64)")
    parser.add_argument("--contact-sheet", type=Path, help="also draw the first ones to this file")
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; returns the exit code."""
    options = build_parser().parse_args(arguments)
    start_s = time.monotonic()
    first: list[int] = []

    def show(done: int, total: int) -> None:
        first.append(done)
        rate = FRAMES * (done - first[0]) / max(time.monotonic() - start_s, 1e-6)
        print(f"{done} of {total} identities, {rate:.0f} frames/s", file=sys.stderr, flush=True)

    try:
        config = RenderConfig(
            folder=options.folder,
            face_model=options.face_model,
            identities=options.identities,
            seed=options.seed,
            size_px=options.size,
            shard_size=options.shard_size,
            workers=options.workers,
        )
        rendered = render_set(config, progress=show)
        if options.contact_sheet is not None:
            write_contact_sheet(config.folder / "shard-00000.npz", options.contact_sheet)
    except (LivePortraitError, ValueError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    kept = config.identities - rendered
    print(f"{config.folder}: {rendered} identities rendered, {kept} kept, size {config.size_px} px")
    return 0


if __name__ == "__main__":
    sys.exit(main())
