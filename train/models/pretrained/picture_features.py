"""How alike two pictures look: VGG19 where a user has it, else by what this project brings."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from liveportrait_core.checkpoints.published import shown
from liveportrait_core.checkpoints.reading import as_tensors, read_file
from liveportrait_core.errors import CheckpointError
from liveportrait_core.networks.compact.motion_extractor import CompactMotionExtractor

from ...losses.perceptual import activation_distance, feature_distance, pyramid_distance
from ...metrics.feature_extractors import IMAGENET_DEVIATION, IMAGENET_MEAN

_CONVOLUTIONS = (0, 2, 5, 7, 10, 12, 14, 16, 19, 21, 23, 25, 28)
"""Numbers of VGG19's convolutions up to relu5_1, in `features`."""
_BLOCKS = (0, 5, 10, 19, 28)
"""Those that begin a block; what they give, after ReLU, is compared."""
MIN_PX = 32
"""Side below which VGG19's fifth block sees nothing; smaller scales are left out."""
OWN_FEATURES = 0.2
"""Of our own features beside the pyramid, as in the compact networks' table."""


class PictureDistance(Protocol):
    """A perceptual distance, named for the checkpoints that it taught."""

    name: str

    def __call__(self, generated: Tensor, true: Tensor) -> Tensor:
        """The distance of (B, 3, h, h) pictures in [0, 1]; gradients flow to the first."""
        ...


class PyramidDistance:
    """L1 of pixels and of gradients over a pyramid."""

    name = "pyramid"

    def __call__(self, generated: Tensor, true: Tensor) -> Tensor:
        """As `PictureDistance`."""
        return pyramid_distance(generated, true, torch.ones_like(true[:, :1]))


class OwnDistance:
    """The pyramid, and what a compact M sees in both pictures."""

    name = "pyramid and features of the default motion network"

    def __init__(self, motion: CompactMotionExtractor) -> None:
        self.motion, self.pyramid = motion, PyramidDistance()

    def __call__(self, generated: Tensor, true: Tensor) -> Tensor:
        """As `PictureDistance`."""
        with torch.no_grad():
            target = self.motion.features(true)
        found = self.motion.features(generated)
        return self.pyramid(generated, true) + OWN_FEATURES * feature_distance(found, target)


class Vgg19(nn.Module):
    """The convolutions of VGG19 as far as relu5_1, of the sizes that a file has."""

    mean: Tensor
    deviation: Tensor

    def __init__(self, state: dict[str, Tensor]) -> None:
        """Take the tensors `features.N.weight` and `features.N.bias`; others are ignored."""
        super().__init__()
        self.layers = nn.ModuleList()
        for number in _CONVOLUTIONS:
            weight = state[f"features.{number}.weight"]
            layer = nn.Conv2d(weight.shape[1], weight.shape[0], 3, padding=1)
            layer.load_state_dict({n: state[f"features.{number}.{n}"] for n in ("weight", "bias")})
            self.layers.append(layer)
        self.register_buffer("mean", torch.tensor(IMAGENET_MEAN).view(1, 3, 1, 1))
        self.register_buffer("deviation", torch.tensor(IMAGENET_DEVIATION).view(1, 3, 1, 1))

    def forward(self, picture: Tensor) -> list[Tensor]:
        """(B, 3, h, h) in [0, 1] -> relu1_1, relu2_1, relu3_1, relu4_1, relu5_1."""
        x, found = (picture - self.mean) / self.deviation, list[Tensor]()
        for number, layer in zip(_CONVOLUTIONS, self.layers, strict=True):
            if number in _BLOCKS[1:]:
                x = F.max_pool2d(x, 2)
            x = F.relu(layer(x))
            if number in _BLOCKS:
                found.append(x)
        return found


class Vgg19Distance:
    """Five layers of VGG19 at four scales, as published (Eq. 4, L_P)."""

    def __init__(self, network: Vgg19, name: str, scales: Sequence[int] = (1, 2, 4, 8)) -> None:
        self.network, self.name, self.scales = network, name, tuple(scales)

    def __call__(self, generated: Tensor, true: Tensor) -> Tensor:
        """As `PictureDistance`."""
        total = generated.new_zeros(())
        for scale in self.scales:
            if generated.shape[-1] // scale < MIN_PX:
                break
            small, target = (F.avg_pool2d(x, scale) for x in (generated, true))
            with torch.no_grad():
                truth = self.network(target)
            total = total + activation_distance(self.network(small), truth)
        return total


def picture_distance(vgg: str, motion: CompactMotionExtractor | None) -> PictureDistance:
    """VGG19 where a file is named, else our own features, else the pyramid alone.

    Args:
        vgg: File with torchvision's keys of VGG19, or nothing.
        motion: A compact M, or None.

    Raises:
        CheckpointError: The file is no VGG19.
    """
    if vgg:
        network = load_vgg19(Path(vgg)).eval().requires_grad_(False)
        return Vgg19Distance(network, f"VGG19 of {Path(vgg).name}")
    return PyramidDistance() if motion is None else OwnDistance(motion)


def load_vgg19(path: Path) -> Vgg19:
    """VGG19 of a file.

    Raises:
        CheckpointError: The file cannot be read, or is no VGG19.
    """
    state = as_tensors(read_file(path), path)
    expected = {f"features.{n}.{leaf}" for n in _CONVOLUTIONS for leaf in ("weight", "bias")}
    if expected - state.keys():
        raise CheckpointError(
            f"{path} is no VGG19: it lacks {shown(expected - state.keys())}. A file with "
            "torchvision's keys of vgg19 (features.0.weight to features.28.bias) is expected; "
            "name it with vgg=FILE, or leave vgg out to compare by our own features."
        )
    try:
        return Vgg19(state)
    except RuntimeError as error:
        raise CheckpointError(
            f"{path} is no VGG19: its layers do not follow each other ({error}). A file with "
            "torchvision's keys of vgg19 is expected; name it with vgg=FILE."
        ) from error
