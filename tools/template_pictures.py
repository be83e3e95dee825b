"""Make the pictures that the template browser shows: what a workflow gets, and what it gives.

COMFYUI_DIR=... python -m tools.template_pictures [name of a workflow ...]

runs each workflow as it opens and writes `workflows/<name>.jpg`.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

from tests.comfyui_real.prompts import prompt_of
from tests.comfyui_real.server import ROOT, ComfyServer, Run
from tests.comfyui_real.videos import read_video

from .workflows import pack_version

SIDE_PX: Final = 512
QUALITY: Final = 88
NUM_FRAMES: Final = 3
"""Of a video, beside the picture of the source."""
WIDE: Final = 1.5
"""A wider picture takes a whole row."""
MOVED: Final = 24
"""Of 255: what moves, and what the video's compression changes."""
STRAY: Final = 3
"""Percent of what moves, on each side, that may lie outside: edges of the crop."""
MARGIN: Final = 1.7
LEAST_PART: Final = 1 / 3
"""Of the picture's shorter side that is shown at least."""
TIMEOUT_S: Final = 1800
CHANGED: Final = {
    "LPS_AnimatePortrait": "source",
    "LPS_AnimateVideo": "source",
    "LPS_ExpressionEditor": "source",
    "LPS_LivePortrait": "source",
    "LPS_PasteBack": "images",
}
"""By node: the input with the picture that it changes."""
Frames = NDArray[np.uint8]


def picture_of(source: Image.Image, frames: Frames) -> Image.Image:
    """A square of what came and what it became: (N, H, W, 3) frames, a video's or one picture."""
    wide = source.width >= WIDE * source.height
    shown = liveliest(frames, 1 if wide else NUM_FRAMES)
    panels = [source, *map(Image.fromarray, shown)]
    if not wide and source.size == panels[1].size:
        box = moving_part(frames)
        panels = [panel.crop(box) for panel in panels]
    columns = 1 if wide else 2
    rows = -(-len(panels) // columns)
    size = SIDE_PX // columns, SIDE_PX // rows
    made = Image.new("RGB", (SIDE_PX, SIDE_PX))
    for index, panel in enumerate(panels):
        row, column = divmod(index, columns)
        fitted = ImageOps.fit(panel.convert("RGB"), size, Image.Resampling.LANCZOS)
        made.paste(fitted, (column * size[0], row * size[1]))
    return made


def liveliest(frames: Frames, count: int) -> list[Frames]:
    """Of each of `count` equal parts of a video the frame that is least like the first one."""
    if len(frames) <= count:
        return list(frames)
    change = np.abs(frames.astype(np.int16) - frames[0]).mean((1, 2, 3))
    parts = np.array_split(np.arange(len(frames)), count)
    return [frames[part[change[part].argmax()]] for part in parts]


def moving_part(frames: Frames) -> tuple[int, int, int, int]:
    """The square (left, top, right, bottom) around all that moves in a video, with some margin."""
    height, width = frames.shape[1:3]
    moved = np.abs(frames.astype(np.int16) - frames[0]).max((0, 3)) > MOVED
    if not moved.any():
        return (0, 0, width, height)
    ends = [np.percentile(places, (STRAY, 100 - STRAY)) for places in np.nonzero(moved)]
    side = MARGIN * max(high - low for low, high in ends)
    side = round(min(max(side, LEAST_PART * min(height, width)), height, width))
    top, left = (
        min(max(0, round((low + high - side) / 2)), whole - side)
        for (low, high), whole in zip(ends, (height, width), strict=True)
    )
    return (left, top, left + side, top + side)


def source_of(prompt: dict[str, Any], inputs: Path) -> Image.Image:
    """The picture, or the first frame of the video, that a workflow changes."""
    loader = next(
        node["inputs"][CHANGED[node["class_type"]]][0]
        for node in prompt.values()
        if node["class_type"] in CHANGED
    )
    values = prompt[loader]["inputs"]
    file = inputs / values.get("image", values.get("file"))
    if file.suffix == ".mp4":
        return Image.fromarray(read_video(file).frames[0])
    return Image.open(file)


def result_of(server: ComfyServer, run: Run) -> Frames:
    """The frames of the video that a run saved, else the picture that it shows."""
    paths = [server.path(file) for file in run.files()]
    videos = [path for path in paths if path.suffix == ".mp4"]
    if videos:
        return read_video(videos[0]).frames
    return np.asarray(Image.open(paths[0]).convert("RGB"))[None]


def main() -> None:
    """Make those that the command line names."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("names", nargs="*", help="workflows (default: all)")
    names = parser.parse_args().names
    files = sorted((ROOT / "workflows").glob("*.json"))
    with tempfile.TemporaryDirectory() as base:
        server = ComfyServer(Path(base))
        server.add_pack(pack_version()["name"])
        with server:
            info = server.object_info()
            for file in files:
                if names and file.stem not in names:
                    continue
                prompt = prompt_of(json.loads(file.read_text("ascii")), info)
                run = server.queue(prompt, TIMEOUT_S).ok()
                made = picture_of(source_of(prompt, Path(base) / "input"), result_of(server, run))
                made.save(file.with_suffix(".jpg"), quality=QUALITY)
                print(file.with_suffix(".jpg"))


if __name__ == "__main__":
    main()
