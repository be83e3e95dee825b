"""Readers of faces: one face followed through the frames of a clip."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from copy import deepcopy
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Final

import torch
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from ..errors import FaceNotFoundError
from ..face.detector import FaceFinder
from ..face.faces import Face, FaceOrder, FaceTrack
from ..face.landmarks import LandmarkNetwork
from ..face.tracking import TrackingConfig, track_faces
from ..imaging.landmark_layouts import COMPACT_21
from ..imaging.tensors import Pixels
from ..model import LivePortraitModel
from ..motion.transform import transform_keypoints
from ..stages import extract_motion

_LOG = logging.getLogger(__name__)

FaceReader = Callable[[Iterable[Pixels]], FaceTrack]
"""Finds one face in every frame of a clip; an entry for each frame, none left out."""

SOURCE_WAIT: Final = 5
"""Frames between two searches for the lost face of a source at most."""
LANDMARK_CROP_PX: Final = 128
"""Side of the crops that a compact model reads landmarks in, where M looks at no more."""
CONVOLUTION_NDIM: Final = 4
"""Weights of 2D convolutions; channels last is the faster layout for them."""


def landmark_network(model: LivePortraitModel) -> LandmarkNetwork:
    """A compact model's M as the landmark network of a face finder.

    Raises:
        ValueError: The model's keypoints are no landmarks: they have no meaning of their own.
    """
    if model.preset.family != "compact":
        raise ValueError(
            f"The {model.preset.name} model was asked for landmarks, but its keypoints carry no "
            "names. Use a compact model's, as the default."
        )
    size_px = max(LANDMARK_CROP_PX, model.preset.detail_px)
    preset = replace(model.preset, face_size_px=size_px)
    small = replace(model, preset=preset, motion=quick_copy(model.motion))

    def read(faces: Tensor) -> Tensor:
        motion = extract_motion(small, faces.to(small.device))
        return transform_keypoints(motion)[..., :2]

    framing = model.preset.source_crop  # what M saw in training, and reads best
    return LandmarkNetwork(
        read=read,
        size_px=size_px,
        layout=COMPACT_21.name,
        scale=framing.scale,
        vy_ratio=framing.vy_ratio,
    )


def quick_copy(network: nn.Module) -> nn.Module:
    """The same function, faster: a copy whose norms are put into their convolutions.

    Args:
        network: In eval mode.
    """
    copied = deepcopy(network).eval()
    for module in list(copied.modules()):
        if isinstance(module, nn.Sequential):
            for index, (conv, norm) in enumerate(pairwise(module)):
                if isinstance(conv, nn.Conv2d) and isinstance(norm, nn.BatchNorm2d):
                    module[index] = fuse_conv_bn_eval(conv, norm)
                    module[index + 1] = nn.Identity()
    for parameter in copied.parameters():
        if parameter.ndim == CONVOLUTION_NDIM:
            parameter.data = parameter.data.contiguous(memory_format=torch.channels_last)
    return copied


@dataclass(frozen=True, slots=True, kw_only=True)
class TrackedFaces:
    """A face reader that follows one face through the frames."""

    finder: FaceFinder
    network: LandmarkNetwork
    face_index: int = 0
    """Which face, from 0."""
    order: FaceOrder = "large-small"
    name: str = "source"
    """What is read, for messages."""
    longest_wait: int = SOURCE_WAIT
    """Frames between two searches for a lost face at most. Short, as a source stays unpainted
    till its face is found; a driver's motion can be made up, and may wait longer."""

    def __call__(self, frames: Iterable[Pixels]) -> FaceTrack:
        """The face in every frame.

        Raises:
            FaceNotFoundError: No frame shows a face, or too few faces are seen.
        """
        seen = _Census(self.finder)
        config = TrackingConfig(
            max_faces=self.face_index + 1,
            order=self.order,
            search_every=1,
            longest_wait=self.longest_wait,
        )
        tracks = track_faces(frames, seen, self.network, config, name=self.name)
        if self.face_index >= len(tracks):
            raise FaceNotFoundError(
                f"Face number {self.face_index} of the {self.name} was asked for, but "
                f"{len(tracks)} can be seen. Choose a face index from 0 to {len(tracks) - 1}."
            )
        if seen.most > 1:
            _LOG.warning(
                "The %s shows %d faces; number %d (from 0, %s) is taken. "
                "Another face index chooses another.",
                *(self.name, seen.most, self.face_index, self.order),
            )
        return tracks[self.face_index]


@dataclass(frozen=True, slots=True)
class KnownFace:
    """A face reader for a clip whose faces were found before."""

    track: FaceTrack

    def __call__(self, frames: Iterable[Pixels]) -> FaceTrack:
        """The face that is known; the frames are not looked at."""
        del frames
        return self.track


@dataclass(frozen=True, slots=True)
class RefinedFinder:
    """A finder whose faces are read again by a network, so that all frames have its layout."""

    finder: FaceFinder
    network: LandmarkNetwork
    openness_only: bool = False
    """Frame the faces by the finder's own landmarks; the network's tell openness alone."""

    @property
    def tried(self) -> str:
        """What it does, for the message when it finds nothing."""
        return self.finder.tried

    def find(self, frame: Pixels) -> list[Face]:
        """The finder's faces with the network's landmarks."""
        network = self.network
        name = "openness_landmarks" if self.openness_only else "landmarks"
        return [
            replace(face, **{name: network.landmarks(frame, network.box(face.landmarks))})
            for face in self.finder.find(frame)
        ]


class _Census:
    """A finder that remembers the most faces it saw at once."""

    def __init__(self, finder: FaceFinder) -> None:
        self._finder = finder
        self.most = 0

    @property
    def tried(self) -> str:
        return self._finder.tried

    def find(self, frame: Pixels) -> list[Face]:
        faces = self._finder.find(frame)
        self.most = max(self.most, len(faces))
        return faces
