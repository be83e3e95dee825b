from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

from liveportrait_core.animation.compact_landmarks import landmark_network
from liveportrait_core.face.detector import CascadeDetection
from liveportrait_core.face.faces import FaceTrack, face_from_landmarks
from liveportrait_core.media.images import read_image, write_image
from liveportrait_core.media.video_writer import VideoWriter
from train.evaluation import reenactment

PORTRAIT = "docs/demo/portrait.jpg"
FACE = (100, 86, 60, 89)
"""About where the portrait below has its face; x is from the middle of the picture's width."""


class WhereItWas:
    """Face trackers that look where the portrait's face is, which is a hundred times quicker."""

    def __init__(self, model):
        self._network = landmark_network(model)

    def tracker(self, role, *, is_image):
        del role, is_image
        return self._read

    def _read(self, frames):
        return FaceTrack(0, tuple(self._face(frame) for frame in frames))

    def _face(self, frame):
        x, y, width, height = FACE
        box = (x + (frame.shape[1] - 256) / 2, y, width, height)
        rough = CascadeDetection(box, 1.0).crop(self._network)
        face = face_from_landmarks(self._network.landmarks(frame, rough), 1.0)
        return face if frame.std() > 1 else replace(face, state="missing")


@pytest.fixture(autouse=True)
def quick_faces(monkeypatch):
    monkeypatch.setattr(reenactment, "FaceTrackers", WhereItWas)


def written(path, frames):
    path.parent.mkdir(parents=True, exist_ok=True)
    with VideoWriter(path, Fraction(25), crf=10) as writer:
        for frame in frames:
            writer.write(np.ascontiguousarray(frame))
    return path


@pytest.fixture(scope="package")
def videos(tmp_path_factory):
    """A portrait that stands still, one that slides, one video without a face, and a broken one."""
    folder = tmp_path_factory.mktemp("films")
    portrait = read_image(PORTRAIT).rgb[:256, 96:352]
    written(folder / "still.mp4", [portrait] * 3)
    wide = np.pad(portrait, ((0, 0), (40, 40), (0, 0)), mode="edge")
    written(folder / "wide.mp4", [np.roll(wide, 4 * k, 1) for k in range(4)])
    written(folder / "grey.mp4", [np.full((256, 256, 3), 128, np.uint8)] * 2)
    (folder / "broken.mp4").write_bytes(b"no film at all")
    return folder


@pytest.fixture(scope="package")
def portraits(tmp_path_factory):
    """Two pictures of a face, one without, a broken one, and some pictures for FID."""
    folder = tmp_path_factory.mktemp("portraits")
    portrait = read_image(PORTRAIT).rgb[:256, 96:352]
    write_image(folder / "00000.png", portrait)
    write_image(folder / "00001.png", portrait[:, ::-1])
    write_image(folder / "00002.png", np.full((256, 256, 3), 128, np.uint8))
    (folder / "00003.png").write_bytes(b"no picture")
    random = np.random.default_rng(0)
    for number in range(4, 9):
        noise = random.integers(0, 256, (32, 32, 3), np.uint8)
        write_image(folder / f"{number:05d}.png", noise)
    return folder
