"""A tiny model in a file, pictures and clips of bright squares, and a command that is run."""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from liveportrait_core.cli.main import main
from liveportrait_core.media.images import write_image
from liveportrait_core.media.video import VideoWriter
from liveportrait_core.model import save_model
from liveportrait_core.preset import COMPACT
from tests.support.blobs import face_frame
from tests.support.tiny import tiny_compact_model

TINY = replace(COMPACT, name="tiny", width=1 / 8, face_size_px=128, output_size_px=128)


@dataclass
class Ran:
    """What a command left."""

    code: int
    out: str
    err: str

    @property
    def err_but_for_boxes(self) -> str:
        """What it complains of, but for boxes: the faces of these tests look like none."""
        lines = self.err.splitlines(keepends=True)
        return "".join(line for line in lines if "shows nothing like a face" not in line)


@pytest.fixture(scope="session")
def model_file(tmp_path_factory):
    path = tmp_path_factory.mktemp("model") / "tiny.safetensors"
    save_model(tiny_compact_model(TINY), path)
    return path


@pytest.fixture
def liveportrait(capsys):
    """Runs the command line in this process."""

    def run(*arguments) -> Ran:
        code = main([str(argument) for argument in arguments])
        captured = capsys.readouterr()
        return Ran(code, captured.out, captured.err)

    return run


@pytest.fixture
def animate(liveportrait, model_file):
    """`liveportrait animate` with the tiny model."""
    return lambda *arguments: liveportrait("animate", *arguments, "--model", model_file)


@pytest.fixture
def files(tmp_path):
    """A portrait, a clip and a blank picture, in a folder of their own."""
    folder = tmp_path / "in"
    folder.mkdir()
    write_image(folder / "portrait.png", face_frame((50, 30, 60)))
    write_image(folder / "blank.png", face_frame())
    write_clip(folder / "clip.mp4", 3)
    return folder


@pytest.fixture
def out(tmp_path):
    """An empty folder for results."""
    folder = tmp_path / "out"
    folder.mkdir()
    return folder


def write_clip(path: Path, num_frames: int, fps: Fraction = Fraction(25)) -> Path:
    """A square that walks to the right."""
    with VideoWriter(path, fps) as writer:
        for index in range(num_frames):
            writer.write(face_frame((40 + 3 * index, 30, 50)))
    return path


def write_pixels(path: Path, *shape: int) -> Path:
    write_image(path, np.full((*shape, 3), 128, np.uint8))
    return path
