"""Sample grids of real images under a few edits, to look at what a model does.

Each image is edited whole, stitched and pasted back as `liveportrait edit` does with the face that
the shipped finder finds; a row shows the head and what is around it.
"""

from __future__ import annotations

import logging
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray

from liveportrait_core.animation.face_trackers import FaceTrackers
from liveportrait_core.command_options import ModelOptions
from liveportrait_core.config.arguments import from_arguments, option_parser
from liveportrait_core.config.fields import check_options, option, shared
from liveportrait_core.errors import LivePortraitError
from liveportrait_core.imaging.crop import CropTransform, FaceBox, box_transform, crop_pixels
from liveportrait_core.imaging.tensors import Pixels, limit_pixels, resize_pixels
from liveportrait_core.media.atomic import check_output
from liveportrait_core.media.images import IMAGE_SUFFIXES, is_image, read_image, write_image
from liveportrait_core.model import LivePortraitModel, load_model
from liveportrait_core.motion.slider_options import Sliders

from ..evaluation.mesh_measures import MeshFace, mesh_python, read_mesh
from ..evaluation.seam import edited
from ..reports.sample_grid import caption_row, grid_of

EDITS: Final[dict[str, Sliders]] = {
    "blink": Sliders(blink=-20),
    "smile": Sliders(smile=1.3, grin=6),
    "open mouth": Sliders(lip_open=75),
    "glance left": Sliders(gaze_x=-27),
    "glance right": Sliders(gaze_x=27),
    "turn left 15": Sliders(yaw_deg=15),
    "turn right 15": Sliders(yaw_deg=-15),
    "turn left 25": Sliders(yaw_deg=25),
    "turn right 25": Sliders(yaw_deg=-25),
}
"""Strong, but natural for a face; left and right are the image's."""
SOURCE: Final = "source"
LARGEST_SIDE_PX: Final = 1280
VIEW: Final = 1.1
"""Side of a view in sides of the crop: the seam of the paste-back lies inside."""
MESH_PX: Final = 384
"""Side of the views that the face mesh measures."""


@torch.inference_mode()
def views_of(model: LivePortraitModel, path: Path, side_px: int) -> list[Pixels]:
    """An image and its edits about the head, each (side, side, 3) uint8.

    Raises:
        FaceNotFoundError: The image shows no face.
        MediaError: The image cannot be read.
    """
    frame = limit_pixels(read_image(path).rgb, max_side=LARGEST_SIDE_PX)
    tracker = FaceTrackers(model).tracker("source", is_image=True)
    assert tracker is not None
    pictures, transform = edited(model, frame, tracker, tuple(EDITS.values()))
    view = view_of(transform, side_px)
    return [crop_pixels(picture, view, antialias=True) for picture in (frame, *pictures)]


def reached(faces: list[MeshFace]) -> dict[str, str]:
    """How far each edit went, by a face mesh: from -> to.

    Args:
        faces: Of the source and of each of `EDITS`.
    """
    before, after = faces[0], dict(zip(EDITS, faces[1:], strict=True))
    if before is None:
        return {"source": "no face found"}
    texts: dict[str, str] = {}
    for edit, (name, measures) in _MEASURED.items():
        now = after[edit]
        if now is None:
            texts[edit] = "no face found"
            continue
        first, last = (sum(one[key] for key in measures) / len(measures) for one in (before, now))
        texts[edit] = f"{name} {first:.2f} -> {last:.2f}"
        asked = EDITS[edit].yaw_deg
        if asked:
            texts[edit] = f"yaw {asked:+.0f} asked, {last - first:+.1f} reached"
    return texts


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


def _print_reached(views: dict[str, list[Pixels]], python: Path) -> None:
    """Print how far the edits of each image went, by the mesh."""
    with tempfile.TemporaryDirectory() as folder:
        for name, pictures in views.items():
            stacked: NDArray[np.uint8] = np.stack(pictures)
            np.savez(Path(folder) / f"{name}.npz", views=stacked)
        seen = read_mesh(python, Path(folder))
    for name, found in seen.items():
        print(name + ": " + ", ".join(f"{k} {v}" for k, v in reached(found["views"]).items()))


@dataclass(frozen=True, slots=True, kw_only=True)
class PortraitsOptions:
    """Which images are edited by which model, and where the sample grid goes."""

    folder: Path = option(help="images of faces", positional=True, metavar="FOLDER")
    out: Path = option(help="where the sample grid goes", metavar="FILE")
    measured: ModelOptions = shared(ModelOptions, hidden=("device", "dtype"))
    side_px: int = option(176, "side of an image in the grid", minimum=1, unit="px", flag="side")
    mesh_python: Path | None = option(None, "a Python with mediapipe, to measure the edits")

    def __post_init__(self) -> None:
        check_options(self)


def run(arguments: Sequence[str], command: str, description: str | None) -> Path:
    """Draw a row for every image in a folder; gives the sample grid's file."""
    parser = option_parser(PortraitsOptions, prog=command, description=description, group="images")
    chosen = parser.parse_args(arguments)
    logging.basicConfig(level=logging.WARNING, format="%(message)s")
    return _drawn(from_arguments(PortraitsOptions, chosen))


def _drawn(options: PortraitsOptions) -> Path:
    check_output(options.out, suffixes=IMAGE_SUFFIXES)
    views, side = _views_in(options), options.side_px
    rows = [[resize_pixels(view, (side, side)) for view in row] for row in views.values()]
    captions = caption_row([SOURCE, *EDITS], side)
    write_image(options.out, np.concatenate([captions, grid_of(rows)]))
    python = mesh_python(options.mesh_python)
    if python is not None:
        _print_reached(views, python)
    return options.out


def _views_in(options: PortraitsOptions) -> dict[str, list[Pixels]]:
    """The views of every image with a face, by name; the others are named and left out.

    Convention:
        - the sample grid of an earlier call is no image of a face, where it lies in the folder

    Raises:
        LivePortraitError: There is none.
    """
    model = load_model(options.measured.model)
    views: dict[str, list[Pixels]] = {}
    grid = options.out.resolve()
    for path in sorted(options.folder.iterdir()):
        if path.resolve() == grid or not is_image(path):
            continue
        try:
            views[path.name] = views_of(model, path, max(MESH_PX, options.side_px))
        except LivePortraitError as error:
            text = str(error)
            print(text if path.name in text else f"{path.name}: {text}", file=sys.stderr)
    if not views:
        raise LivePortraitError(
            f"{options.folder} has no image of a face; some are expected. Name another folder."
        )
    return views
