"""Draw the picture on the help page of Live Portrait: python -m tools.live_picture."""

from __future__ import annotations

from typing import Final

import cv2
import numpy as np

from liveportrait_core import LiveSession, PortraitSession, VideoReader, load_model, read_image
from tests.support.comfyui.stand_in import ROOT

from .demo_strip import CELL_PX, DEMO, FRAMES, GAP_PX, HEAD

PICTURE: Final = ROOT / "web" / "docs" / "LPS_LivePortrait" / "live.jpg"
CELL: Final = CELL_PX // 2
QUALITY: Final = 75


def main() -> None:
    """The driver's frames above, below them the portrait that follows."""
    live = LiveSession(PortraitSession(load_model(), read_image(DEMO / "portrait.jpg").rgb))
    clip = VideoReader(DEMO / "driving.mp4")
    columns: list[np.ndarray] = []
    gap = np.full((GAP_PX, CELL, 3), 255, np.uint8)
    between = np.full((2 * CELL + GAP_PX, GAP_PX, 3), 255, np.uint8)
    for index, frame in enumerate(clip):
        if index and index not in FRAMES:
            continue  # the first one is the neutral frame
        made = live.frame(frame, float(index / clip.fps)).picture
        pair = [
            cv2.resize(one, (CELL, CELL), interpolation=cv2.INTER_AREA)
            for one in (frame, made[HEAD])
        ]
        columns += [between, np.vstack([pair[0], gap, pair[1]])]
    rows = np.hstack(columns[1:])
    PICTURE.write_bytes(
        cv2.imencode(".jpg", rows[:, :, ::-1], [cv2.IMWRITE_JPEG_QUALITY, QUALITY])[1].tobytes()
    )
    print(PICTURE)


if __name__ == "__main__":
    main()
