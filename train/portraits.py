"""Strips of real pictures under a few edits: what a model does, to be looked at.

    python -m train.portraits FOLDER --out strips.png [--model default]

Columns: the crop, a blink, a smile, an open mouth, glances to both sides, turns to both sides.
"""

from __future__ import annotations

import argparse
import logging
import sys
from pathlib import Path

import torch

from liveportrait_core.clips import Frames, Framing
from liveportrait_core.editing import edit_keypoints
from liveportrait_core.errors import LivePortraitError
from liveportrait_core.face.detector import HaarFaceFinder
from liveportrait_core.finding import TrackedFaces, landmark_network
from liveportrait_core.imaging.tensors import (
    Pixels,
    limit_pixels,
    pixels_from_tensor,
    resize_pixels,
)
from liveportrait_core.media.images import is_image, read_image, write_image
from liveportrait_core.model import LivePortraitModel, load_model
from liveportrait_core.motion.sliders import Expression
from liveportrait_core.sources import crop_of, face_tensor, read_source
from liveportrait_core.stages import extract_appearance, warp_decode

from .strips import grid_of

EDITS = (
    Expression(blink=-20),
    Expression(smile=1.1),
    Expression(lip_open=100),
    Expression(gaze_x=25),
    Expression(gaze_x=-25),
    Expression(yaw_deg=15),
    Expression(yaw_deg=-15),
)
LARGEST_SIDE_PX = 1280


@torch.no_grad()
def strip_of(model: LivePortraitModel, path: Path, side_px: int) -> list[Pixels]:
    """The crop of a picture and its edits, each (side, side, 3) uint8.

    Raises:
        FaceNotFoundError: The picture shows no face.
        MediaError: The picture cannot be read.
    """
    frame = limit_pixels(read_image(path).rgb, max_side=LARGEST_SIDE_PX)
    network = landmark_network(model)
    reader = TrackedFaces(finder=HaarFaceFinder(network), network=network, name=path.name)
    read = read_source(model, Frames([frame]), reader, Framing())
    crop = crop_of(frame, read.transforms[0])
    volume = extract_appearance(model, face_tensor(model, [crop]))
    pictures = [crop]
    for edit in EDITS:
        driven = edit_keypoints(model, read.motion, edit, stitched=False)
        image = warp_decode(model, volume, driven.source_keypoints, driven.driving_keypoints)
        pictures.append(pixels_from_tensor(image[0]))
    return [resize_pixels(picture, (side_px, side_px)) for picture in pictures]


def main(arguments: list[str]) -> int:
    """Write the strips of every picture in a folder; 0, or 2 with one sentence."""
    parser = argparse.ArgumentParser(prog="python -m train.portraits", description=__doc__)
    parser.add_argument("folder", type=Path, help="pictures of faces")
    parser.add_argument("--out", type=Path, required=True, help="where the strips go")
    parser.add_argument("--model", default="default", help="a model file, or default")
    parser.add_argument("--side", type=int, default=192, help="pixels of one picture (192)")
    chosen = parser.parse_args(arguments)
    logging.basicConfig(level=logging.WARNING, format="%(message)s")
    rows: list[list[Pixels]] = []
    try:
        model = load_model(chosen.model)
        for path in sorted(p for p in chosen.folder.iterdir() if is_image(p)):
            try:
                rows.append(strip_of(model, path, chosen.side))
            except LivePortraitError as error:
                print(f"{path.name}: {error}", file=sys.stderr)
        if not rows:
            raise LivePortraitError(f"{chosen.folder} has no picture of a face; name another.")
        write_image(chosen.out, grid_of(rows))
    except (LivePortraitError, OSError) as error:
        print(f"python -m train.portraits: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
