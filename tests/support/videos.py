"""Videos and pictures of bright squares, which stand in for faces (see `blobs`)."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np

from liveportrait_core.animation.face_trackers import LandmarkTracker
from liveportrait_core.media.images import write_image
from liveportrait_core.media.video import VideoWriter

from .blobs import SquareFinder, face_frame, square_network

SIZE_PX = 128


def square_faces() -> LandmarkTracker:
    return LandmarkTracker(finder=SquareFinder(), network=square_network())


def frame(*squares: tuple[int, int, int], seed: int = 0) -> np.ndarray:
    """A frame of squares with a ground and skin that are not plain."""
    picture = face_frame(*squares, width=192, height=160).astype(int)
    coarse = np.random.default_rng(seed).integers(-30, 30, (10, 12, 3)).astype(np.float32)
    grain = cv2.resize(coarse, (192, 160), interpolation=cv2.INTER_CUBIC)
    return (picture + grain).clip(0, 255).astype(np.uint8)


def write_video(path: Path, frames: list[np.ndarray]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with VideoWriter(path, Fraction(25), crf=8) as writer:
        for picture in frames:
            writer.write(picture)
    return path


def moving_video(path: Path, num_frames: int = 9, step: int = 2, seed: int = 0) -> Path:
    """One square of 40 px that moves `step` px a frame to the right."""
    return write_video(path, [frame((60 + step * k, 50, 40), seed=seed) for k in range(num_frames)])


def write_folder(folder: Path) -> Path:
    """Two videos and two images that can be used, and a file for each reason to skip one."""
    moving_video(folder / "a.mp4")
    moving_video(folder / "b.mp4", num_frames=5, step=-3, seed=1)
    write_image(folder / "still.png", frame((70, 50, 44), seed=2))
    (folder / "deeper").mkdir()
    write_image(folder / "deeper" / "still.png", frame((50, 40, 60), seed=3))
    write_image(folder / "nobody.png", frame(seed=4))
    write_image(folder / "two.png", frame((20, 50, 40), (120, 50, 40), seed=5))
    write_image(folder / "far.png", frame((70, 50, 10), seed=6))
    (folder / "broken.mp4").write_bytes(b"no film at all")
    (folder / "empty.jpg").write_bytes(b"")
    (folder / "notes.txt").write_text("not a picture")
    return folder
