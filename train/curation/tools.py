"""The networks that find and measure faces; every process makes its own from the same options."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Protocol, cast

import numpy as np
import torch
from numpy.typing import NDArray

from liveportrait_core.animation.face_trackers import FaceTrackers, LandmarkTracker
from liveportrait_core.config.fields import check_options, option
from liveportrait_core.config.spec import OptionError
from liveportrait_core.face.detector import FaceFinder
from liveportrait_core.face.landmarks import LandmarkNetwork
from liveportrait_core.imaging.tensors import Pixels, tensor_from_pixels
from liveportrait_core.model import load_model
from liveportrait_core.networks.compact.layers import resize
from liveportrait_core.stages import extract_motion

from .face_recognition import Recognise, load_recognition

PoseReader = Callable[[Sequence[Pixels]], NDArray[np.float32]]
"""N crops of one size -> (N, 3) pitch, yaw, roll in degrees."""
Scorer = Callable[[NDArray[np.uint8]], float]
"""(N, S, S, 3) RGB frames of a clip -> a score, larger is better."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tools:
    """Networks and functions that find and measure faces."""

    finder: FaceFinder
    network: LandmarkNetwork
    pose: PoseReader
    recognise: Recognise | None = None
    scorer: Scorer | None = None


class ToolsFactory(Protocol):
    """Makes tools; small enough to be sent to every process."""

    def make(self) -> Tools:
        """Load the networks."""
        ...

    def describe(self) -> dict[str, str]:
        """Names of the tools for the index; all clips of a folder come from the same tools."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolOptions:
    """The default model's finder, landmarks and pose, and what the user brings besides."""

    face_models: Path | None = option(None, "face networks, as of liveportrait --face-models")
    recognition: Path | None = option(
        None, "an ArcFace .onnx, to check that a clip shows one person"
    )
    scorer: str = option(
        "",
        "takes (N, H, W, 3) uint8 frames of a clip and gives a score, as KVQ does; for --min-score",
        metavar="MODULE:FUNCTION",
    )

    def __post_init__(self) -> None:
        check_options(self)

    def make(self) -> Tools:
        """Load the networks.

        Raises:
            CheckpointError: A file is missing or damaged.
            ValueError: The folder holds no face networks, or the scorer cannot be imported.
        """
        model = load_model("default")
        tracker = FaceTrackers(model, self.face_models).tracker("source")
        assert isinstance(tracker, LandmarkTracker)
        quick = model.reading()
        side = model.preset.face_size_px

        def pose(crops: Sequence[Pixels]) -> NDArray[np.float32]:
            faces = torch.cat([tensor_from_pixels(crop) for crop in crops])
            with torch.inference_mode():
                return extract_motion(quick, resize(faces, side)).pose_deg.numpy()

        return Tools(
            finder=tracker.finder,
            network=tracker.network,
            pose=pose,
            recognise=load_recognition(self.recognition) if self.recognition else None,
            scorer=load_scorer(self.scorer) if self.scorer else None,
        )

    def describe(self) -> dict[str, str]:
        """Names of the files and of the scorer."""
        return {
            "face_models": self.face_models.name if self.face_models else "",
            "recognition": self.recognition.name if self.recognition else "",
            "scorer": self.scorer,
        }


def load_scorer(name: str) -> Scorer:
    """A function named `module:function`.

    Raises:
        OptionError: There is none by this name.
    """
    module, colon, function = name.partition(":")
    try:
        found = getattr(import_module(module), function) if colon and module else None
    except (ImportError, AttributeError) as error:
        raise OptionError(
            f"The scorer {name} cannot be imported ({error}). Name it module:function, and put its "
            "folder on PYTHONPATH."
        ) from error
    if not callable(found):
        raise OptionError(
            f"The scorer {name} is no function; module:function is expected, which takes "
            "(N, H, W, 3) uint8 frames and gives a number. Name another."
        )
    return cast("Scorer", found)
