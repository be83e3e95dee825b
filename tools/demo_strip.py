"""Make docs/demo/strip.jpg, the picture in the README, from the demo's video: make strip."""

from pathlib import Path

import cv2
import numpy as np

from liveportrait_core import VideoReader, read_image, write_image

ROOT = Path(__file__).resolve().parent.parent
DEMO = ROOT / "docs" / "demo"
VIDEO = ROOT / "demo-output" / "portrait.mp4"
FRAMES = (25, 8, 59, 88, 78)
"""Turn, blink, glance, open mouth, smile; see the tracks of train/rendering/export/clip.py."""
HEAD = (slice(0, 224), slice(112, 336))
"""Rows and columns of the photograph that are shown."""
CELL_PX = 240
GAP_PX = 4


def main() -> None:
    """Put the photograph and some frames of the video in a row."""
    frames = dict(enumerate(VideoReader(VIDEO)))
    pictures = [read_image(DEMO / "portrait.jpg").rgb, *(frames[k] for k in FRAMES)]
    cells = [
        cv2.resize(picture[HEAD], (CELL_PX, CELL_PX), interpolation=cv2.INTER_AREA)
        for picture in pictures
    ]
    gap = np.full((CELL_PX, GAP_PX, 3), 255, np.uint8)
    row = [part for cell in cells for part in (gap, cell)]
    write_image(DEMO / "strip.jpg", np.concatenate(row[1:], axis=1, dtype=np.uint8))


if __name__ == "__main__":
    main()
