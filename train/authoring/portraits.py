"""Strips of real pictures under a few edits: what a model does, to be looked at.

    python -m train.portraits FOLDER --out strips.jpg [--model default]

Each picture is edited whole, stitched and pasted back as `liveportrait edit` does with the face
that the shipped finder finds; the strips show the head and what is around it. With --mesh-python
an independent face mesh says how far each edit went.
"""

from __future__ import annotations

import argparse
import logging
import sys
import tempfile
from pathlib import Path
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray

from liveportrait_core.animation.readers import FaceChoice, FaceReaders
from liveportrait_core.errors import LivePortraitError
from liveportrait_core.imaging.crop import CropTransform, FaceBox, box_transform, crop_pixels
from liveportrait_core.imaging.tensors import Pixels, limit_pixels, resize_pixels
from liveportrait_core.media.images import is_image, read_image, write_image
from liveportrait_core.model import LivePortraitModel, load_model
from liveportrait_core.motion.expression import Expression

from ..engine.sample_grid import caption_row, grid_of
from ..evaluation.mesh_measures import MeshFace, mesh_python, read_mesh
from ..evaluation.seam import edited

EDITS: Final[dict[str, Expression]] = {
    "blink": Expression(blink=-20),
    "smile": Expression(smile=1.3, grin=6),
    "open mouth": Expression(lip_open=75),
    "glance left": Expression(gaze_x=-27),
    "glance right": Expression(gaze_x=27),
    "turn left 15": Expression(yaw_deg=15),
    "turn right 15": Expression(yaw_deg=-15),
    "turn left 25": Expression(yaw_deg=25),
    "turn right 25": Expression(yaw_deg=-25),
}
"""Strong, and yet what a face may do; left and right are the image's."""
SOURCE: Final = "source"
LARGEST_SIDE_PX: Final = 1280
VIEW: Final = 1.1
"""Side of what is shown in sides of the crop: the seam of the paste-back lies inside."""
MESH_PX: Final = 384
"""Side of the views that the face mesh looks at."""


@torch.inference_mode()
def views_of(model: LivePortraitModel, path: Path, side_px: int) -> list[Pixels]:
    """A picture and its edits about the head, each (side, side, 3) uint8.

    Raises:
        FaceNotFoundError: The picture shows no face.
        MediaError: The picture cannot be read.
    """
    frame = limit_pixels(read_image(path).rgb, max_side=LARGEST_SIDE_PX)
    reader = FaceReaders(model, None).reader(FaceChoice(role="source", is_still=True))
    assert reader is not None
    pictures, transform = edited(model, frame, reader, tuple(EDITS.values()))
    view = view_of(transform, side_px)
    return [crop_pixels(picture, view, antialias=True) for picture in (frame, *pictures)]


def reached(seen: list[MeshFace]) -> dict[str, str]:
    """What a face mesh says about a picture's source and edits: from -> to.

    Args:
        seen: Of the source and of each of `EDITS`.
    """
    before, after = seen[0], dict(zip(EDITS, seen[1:], strict=True))
    if before is None:
        return {"source": "no face seen"}
    told: dict[str, str] = {}
    for edit, (name, measures) in _MEASURED.items():
        now = after[edit]
        if now is None:
            told[edit] = "no face seen"
            continue
        first, last = (sum(one[key] for key in measures) / len(measures) for one in (before, now))
        told[edit] = f"{name} {first:.2f} -> {last:.2f}"
        asked = EDITS[edit].yaw_deg
        if asked:
            told[edit] = f"yaw {asked:+.0f} asked, {last - first:+.1f} reached"
    return told


_EYES, _GAZE = ("eye_left", "eye_right"), ("gaze_left_x", "gaze_right_x")
_MEASURED: Final[dict[str, tuple[str, tuple[str, ...]]]] = {
    "blink": ("eyes", _EYES),
    "smile": ("mouth width", ("mouth",)),
    "open mouth": ("lips", ("lip",)),
    "glance left": ("gaze", _GAZE),
    "glance right": ("gaze", _GAZE),
    **{name: ("yaw", ("yaw_deg",)) for name, edit in EDITS.items() if edit.yaw_deg},
}


def view_of(transform: CropTransform, side_px: int) -> CropTransform:
    """The upright square about a crop."""
    middle = (transform.size_px - 1) / 2
    x, y = transform.to_source(np.array([[middle, middle]]))[0]
    side = VIEW * transform.size_px * transform.source_px_per_crop_px
    return box_transform(FaceBox((float(x), float(y)), side, 0.0), size_px=side_px)


def _tell(views: dict[str, list[Pixels]], python: Path) -> None:
    """Print what the mesh sees in each picture."""
    with tempfile.TemporaryDirectory() as folder:
        for name, pictures in views.items():
            stacked: NDArray[np.uint8] = np.stack(pictures)
            np.savez(Path(folder) / f"{name}.npz", views=stacked)
        seen = read_mesh(python, Path(folder))
    for name, found in seen.items():
        print(name + ": " + ", ".join(f"{k} {v}" for k, v in reached(found["views"]).items()))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m train.portraits",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("folder", type=Path, help="pictures of faces")
    parser.add_argument("--out", type=Path, required=True, help="where the strips go")
    parser.add_argument("--model", default="default", help="a model file, or default")
    parser.add_argument("--side", type=int, default=176, help="pixels of one picture (176)")
    parser.add_argument("--mesh-python", type=Path, help="a Python with mediapipe")
    return parser


def main(arguments: list[str]) -> int:
    """Write the strips of every picture in a folder; 0, or 2 with one sentence."""
    chosen = _parser().parse_args(arguments)
    logging.basicConfig(level=logging.WARNING, format="%(message)s")
    views: dict[str, list[Pixels]] = {}
    try:
        model = load_model(chosen.model)
        paths = [path for path in chosen.folder.iterdir() if is_image(path)]
        for path in sorted(paths):
            try:
                views[path.name] = views_of(model, path, max(MESH_PX, chosen.side))
            except LivePortraitError as error:
                print(f"{path.name}: {error}", file=sys.stderr)
        if not views:
            raise LivePortraitError(f"{chosen.folder} has no picture of a face; name another.")
        size = (chosen.side, chosen.side)
        rows = [[resize_pixels(view, size) for view in row] for row in views.values()]
        captions = caption_row([SOURCE, *EDITS], chosen.side)
        write_image(chosen.out, np.concatenate([captions, grid_of(rows)]))
        python = mesh_python(chosen.mesh_python)
        if python is not None:
            _tell(views, python)
    except (LivePortraitError, OSError) as error:
        print(f"python -m train.portraits: {error}", file=sys.stderr)
        return 2
    return 0
