"""Our nodes in the stand-in for ComfyUI, on a tiny model; bright squares are faces."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from fractions import Fraction
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from liveportrait_core.preset import COMPACT
from tests.nodes.untouched import changed, snapshot
from tests.support.blobs import SquareFinder, face_frame, square_network
from tests.support.comfyui.calls import Call
from tests.support.comfyui.stand_in import StandIn, active

TINY = replace(COMPACT, name="tiny", width=1 / 8, face_size_px=128, output_size_px=128)
MODEL_FILE = "tiny.safetensors"
STILL = face_frame((50, 30, 60))
"""(120, 160, 3)."""
GOOD = {"blink": -5.0}
"""Of an Expression that always works."""


class Suite:
    """The pack, loaded as ComfyUI loads it, and short ways to run a node of it."""

    def __init__(self, comfyui: StandIn) -> None:
        """Load the pack, as ComfyUI does."""
        comfyui.import_pack()
        self.comfyui = comfyui
        self.core: Any = self.module("liveportrait_core")

    def module(self, name: str) -> Any:
        """A module of the pack, by its name from the pack's folder on."""
        return import_module(f"{self.comfyui.pack.__name__}.{name}")

    def ask(self, kind: str, **inputs: Any) -> Call:
        """What a call of a node came to; that it changed no input is checked with it."""
        before = snapshot(inputs)
        made = self.comfyui.call(kind, inputs)
        assert not changed(before, inputs), f"{kind} changed {changed(before, inputs)}"
        return made

    def __call__(self, kind: str, **inputs: Any) -> Any:
        """The outputs of a node; the output alone, where it has one."""
        made = self.ask(kind, **inputs).check().outputs
        return made[0] if len(made) == 1 else made

    def refusal(self, kind: str, **inputs: Any) -> str:
        """What a node says about inputs that it refuses; the next call works all the same."""
        return self.named_refusal(kind, **inputs)[1]

    def named_refusal(self, kind: str, **inputs: Any) -> tuple[str, str]:
        """Where the fault is ("Crop Face, images"), and what a node says about it."""
        error = self.ask(kind, **inputs).error
        self.still_works()
        assert type(error).__name__ == "LivePortrait", repr(error)
        place, _, message = str(error).partition(": ")
        assert place.split(", ")[0] in self.comfyui.nodes[kind].GET_SCHEMA().display_name
        assert_tells(message)
        return place, message

    def still_works(self) -> None:
        """After an error or a Cancel the next node runs."""
        assert len(self("LPS_Expression", model=self.model(), **GOOD)) == 1

    def model(self) -> Any:
        """The tiny model, as Load Model gives it."""
        if not hasattr(self, "_model"):
            self._model = self("LPS_LoadModel", model_name=MODEL_FILE)
        return self._model

    def forget(self) -> None:
        """Nothing is known of earlier runs."""
        if hasattr(self, "_model"):
            self._model.kept.forget()

    def options(self, **values: Any) -> Any:
        """What Driving Options gives."""
        return self("LPS_DrivingOptions", **values)

    def files(self) -> set[Path]:
        """Everything in the folders for results and for work in progress."""
        folders = (self.comfyui.output, self.comfyui.temp)
        return {file for folder in folders for file in folder.rglob("*") if file.is_file()}


def assert_tells(message: str) -> None:
    """One to four short sentences in plain words, with an end."""
    assert message.endswith((".", ")", "?")), message
    assert "Error:" not in message, message
    assert "\n" not in message, message
    assert 40 < len(message) < 700, message


@contextmanager
def loaded(base: Path, version: str, model_file: Path) -> Iterator[Suite]:
    """The suite in the stand-in of a version, in folders under `base`."""
    with active(base, version) as comfyui, pytest.MonkeyPatch.context() as patch:
        folder = comfyui.models / "liveportrait"
        folder.mkdir(parents=True)
        (folder / MODEL_FILE).symlink_to(model_file)
        suite = Suite(comfyui)
        readers = suite.module("liveportrait_core.animation.face_trackers")
        for name in ("NetworkFaceFinder", "HaarFaceFinder"):
            patch.setattr(readers, name, lambda network, **_: OwnFinder(suite), raising=False)
        patch.setattr(readers, "landmark_network", lambda model: own_network(suite))
        yield suite


class OwnFinder:
    """`SquareFinder`, whose faces are of the classes of the pack's copy of the library."""

    tried = SquareFinder.tried

    def __init__(self, suite: Suite) -> None:
        self._faces = suite.module("liveportrait_core.face.faces")
        self._landmark_layouts = suite.module("liveportrait_core.imaging.landmark_layouts")

    def find(self, frame: Any) -> list[Any]:
        """The bright squares."""
        marks = [face.landmarks for face in SquareFinder().find(frame)]
        own = [self._landmark_layouts.Landmarks(each.points, each.layout) for each in marks]
        return [self._faces.face_from_landmarks(each, 0.9) for each in own]


def own_network(suite: Suite) -> Any:
    """`square_network`, as an object of the pack's copy of the library."""
    kind = suite.module("liveportrait_core.face.landmarks").LandmarkNetwork
    network = square_network()
    return kind(read=network.read, size_px=network.size_px)


def batch(*frames: Any) -> Tensor:
    """Frames (H, W, 3) uint8 as an IMAGE batch."""
    return torch.from_numpy(np.stack(frames)).float() / 255


def pixels(images: Tensor) -> Any:
    """An IMAGE batch as (N, H, W, C) uint8."""
    return (images.float() * 255).round().to(torch.uint8).numpy()


def walk(num_frames: int, step: int = 3, side: int = 50) -> list[Any]:
    """Frames of one square that walks to the right."""
    return [face_frame((40 + step * index, 30, side)) for index in range(num_frames)]


def video(suite: Suite, frames: Any, fps: Fraction = Fraction(25), audio: Any = None) -> Any:
    """A VIDEO in memory, exact to the level."""
    latest: ModuleType = suite.comfyui.latest
    parts = latest.Types.VideoComponents(images=batch(*frames), frame_rate=fps, audio=audio)
    return latest.InputImpl.VideoFromComponents(parts)
