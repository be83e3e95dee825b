"""Films of bright squares that stand in for faces, and a factory that processes can be sent."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from liveportrait_core.media.images import write_image
from tests.support.videos import square_faces, write_video
from train.curation.settings import CurationSettings
from train.curation.tools import Tools

WIDTH, HEIGHT = 192, 160
SIZE_PX = 128
DEADLY_PX = 96
HANGING_PX = 80
SETTINGS = CurationSettings(
    size_px=SIZE_PX,
    rate=25.0,
    max_s=2.0,
    min_s=0.4,
    max_blocks=100.0,  # a few drawn edges lie at borders of blocks, or not, by chance
)


def ground(seed: int = 0, light: int = 0) -> np.ndarray:
    """A frame with nobody: dark, with edges to be sharp at."""
    levels = np.random.default_rng(seed).integers(10, 50, (23, 27, 3)).astype(np.uint8)
    return cv2.resize(levels + light, (WIDTH, HEIGHT), interpolation=cv2.INTER_NEAREST)


def person(x: int, y: int, side: int, *more: tuple[int, int, int], seed: int = 0, light: int = 0):
    """A frame with a square face, or several, bright and with edges."""
    picture = ground(seed, light)
    skin = np.random.default_rng(seed + 99).integers(180, 245, (8, 8, 3)).astype(np.uint8)
    for left, top, size in ((x, y, side), *more):
        face = cv2.resize(skin, (size, size), interpolation=cv2.INTER_NEAREST)
        picture[top : top + size, left : left + size] = face
    return picture


def walk(count: int, seed: int = 0, light: int = 0) -> list[np.ndarray]:
    """A face that goes right by a pixel a frame and begins again every ten."""
    return [person(60 + k % 10, 50, 44, seed=seed, light=light) for k in range(count)]


@dataclass(frozen=True)
class SquareTools:
    """Tools that know squares."""

    yaw_deg: float = 0.0
    """What they take every pose for."""
    pause_s: float = 0.0
    """How long they think about a frame."""

    def make(self) -> Tools:
        faces = square_faces()

        def pose(crops):
            return np.tile(np.array([[2.0, self.yaw_deg, 1.0]], np.float32), (len(crops), 1))

        return Tools(finder=Deadly(faces.finder, self.pause_s), network=faces.network, pose=pose)

    def describe(self) -> dict[str, str]:
        return {"finder": "squares"}


@dataclass
class Deadly:
    """A finder that ends its process at frames of a width, as a broken decoder does, and hangs at
    those of another."""

    finder: object
    pause_s: float = 0.0
    tried = "squares"

    def find(self, frame):
        if frame.shape[1] == DEADLY_PX:
            os._exit(7)
        if frame.shape[1] == HANGING_PX:
            time.sleep(3600)
        time.sleep(self.pause_s)
        return self.finder.find(frame)


def write_people(folder: Path) -> Path:
    """Films and a still to be kept, and one file for each reason to leave one out."""
    folder.mkdir(parents=True, exist_ok=True)
    write_video(folder / "a.mp4", walk(30))
    write_video(folder / "cut.mp4", [*walk(15, seed=1), *walk(16, seed=7, light=60)])
    write_image(folder / "still.png", person(70, 50, 48, seed=2))
    write_image(folder / "nobody.png", ground(4))
    write_image(folder / "two.png", person(20, 50, 44, (120, 50, 44), seed=5))
    write_image(folder / "far.png", person(70, 50, 12, seed=6))
    write_video(folder / "short.mp4", walk(5, seed=3))
    (folder / "broken.mp4").write_bytes(b"no film at all")
    (folder / "empty.jpg").write_bytes(b"")
    return folder


REASONS = {
    "broken.mp4": "unreadable",
    "empty.jpg": "empty file",
    "far.png": "face too small",
    "nobody.png": "no face",
    "short.mp4": "too short",
    "two.png": "several faces",
}
KEPT = {"a.mp4": [30], "cut.mp4": [15, 16], "still.png": [1]}
