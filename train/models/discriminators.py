"""Discriminators of Eq. 4 (L_G): of the whole picture and of face, eyes and lip.

`CascadeDiscriminators` are the paper's, D_global, D_face and D_lip; `Discriminators` are smaller
ones, of face, eyes and lip, for the compact networks.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import pairwise
from types import MappingProxyType

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils.parametrizations import spectral_norm

from ..losses.face_regions import crop_squares
from ..losses.keypoints import EYE_POINTS, MOUTH_POINTS

WIDTHS = (32, 64, 128)
CASCADE_WIDTHS = (64, 128, 256, 512)
CASCADE_LAYERS: Mapping[str, int] = MappingProxyType({"global": 4, "face": 3, "lip": 2})
"""Discriminators of the paper's architecture, and how often each halves its picture."""


@dataclass(frozen=True, slots=True)
class Part:
    """A square about some keypoints."""

    points: slice
    half_side: float
    """Crop units."""
    size_px: int
    """Side that the discriminator sees it at."""


PARTS: Mapping[str, Part] = MappingProxyType(
    {
        "face": Part(slice(0, None), 0.85, 128),
        "eyes": Part(EYE_POINTS, 0.42, 96),
        "lip": Part(MOUTH_POINTS, 0.28, 64),
    }
)


@dataclass(frozen=True, slots=True)
class DiscriminatorOutputs:
    """Outputs of a discriminator for generated and true pictures."""

    true_activations: list[Tensor]
    activations: list[Tensor]
    logits: Tensor
    """Of the generated ones, with the gradient of the picture alone."""
    true_logits: Tensor
    detached_logits: Tensor
    """Both with the gradient of the discriminator alone."""


class PatchDiscriminator(nn.Module):
    """Halvings with spectral norm, then a logit for each patch."""

    def __init__(self, widths: tuple[int, ...] = WIDTHS) -> None:
        super().__init__()
        self.layers = nn.ModuleList(
            spectral_norm(nn.Conv2d(inputs, outputs, 4, 2, 1))
            for inputs, outputs in pairwise((3, *widths))
        )
        # checkpoints of runs hold the last layer by this name
        self.judge = spectral_norm(nn.Conv2d(widths[-1], 1, 3, 1, 1))

    def forward(self, picture: Tensor) -> tuple[list[Tensor], Tensor]:
        """(B, 3, h, h) in [0, 1] -> the activations of each layer, (B, 1, h / 8, h / 8)."""
        x, activations = picture * 2 - 1, list[Tensor]()
        for layer in self.layers:
            x = F.leaky_relu(layer(x), 0.2)
            activations.append(x)
        return activations, self.judge(x)


class Discriminators(nn.Module):
    """A discriminator for each of `PARTS`."""

    def __init__(self) -> None:
        super().__init__()
        self.of = nn.ModuleDict({name: PatchDiscriminator() for name in PARTS})

    def forward(
        self, generated: Tensor, true: Tensor, keypoints: Tensor
    ) -> dict[str, DiscriminatorOutputs]:
        """Outputs for each part of the generated and of the true pictures, (B, 3, h, h).

        Args:
            generated: With the gradient of the generator.
            true: The true pictures.
            keypoints: (B, K, 3) where the parts are, crop units.
        """
        return {
            name: discriminate(
                self.of[name],
                crop_part(generated, keypoints, part),
                crop_part(true, keypoints, part),
            )
            for name, part in PARTS.items()
        }


class CascadeDiscriminators(nn.Module):
    """D_global, D_face and D_lip of Eq. 4, each trained from scratch.

    The smaller a region is shown, the fewer halvings its discriminator has.
    """

    def __init__(self, width: float = 1.0) -> None:
        super().__init__()
        widths = tuple(max(4, round(channels * width)) for channels in CASCADE_WIDTHS)
        self.of = nn.ModuleDict(
            {name: PatchDiscriminator(widths[:count]) for name, count in CASCADE_LAYERS.items()}
        )

    def forward(
        self, generated: Mapping[str, Tensor], true: Mapping[str, Tensor]
    ) -> dict[str, DiscriminatorOutputs]:
        """Outputs for the whole pictures ("global") and the crops of face and lip.

        Args:
            generated: (B, 3, h, h) by name, with the gradient of the generator.
            true: The same of the true pictures.
        """
        return {
            name: discriminate(self.of[name], generated[name], true[name])
            for name in CASCADE_LAYERS
        }

    def logits_of(self, name: str) -> Callable[[Tensor], Tensor]:
        """One of them alone: (B, 3, h, h) to logits."""
        return lambda picture: self.of[name](picture)[1]


def crop_part(picture: Tensor, keypoints: Tensor, part: Part) -> Tensor:
    """The square about a part of each face; beyond the picture its border goes on.

    Args:
        picture: (B, 3, h, h).
        keypoints: (B, K, 3) crop units.
        part: Which, how large.

    Returns:
        (B, 3, size_px, size_px), differentiable in the picture.
    """
    centre = keypoints[:, part.points, :2].mean(1)
    half_side = centre.new_full((len(centre),), part.half_side)
    return crop_squares(picture, centre, half_side, part.size_px)


def discriminate(discriminator: nn.Module, generated: Tensor, true: Tensor) -> DiscriminatorOutputs:
    """Outputs of a discriminator for (B, 3, h, h) pictures.

    Convention:
        - its weights learn from `true_logits` and `detached_logits` alone, the generator from
          `logits` and `activations` alone

    Args:
        discriminator: Pictures to activations and logits.
        generated: With the gradient of the generator.
        true: The true pictures.
    """
    count = len(generated)
    activations, logits = discriminator(torch.cat((generated.detach(), true)))
    discriminator.requires_grad_(False)
    generated_activations, generated_logits = discriminator(generated)
    discriminator.requires_grad_(True)
    return DiscriminatorOutputs(
        true_activations=[x[count:].detach() for x in activations],
        activations=generated_activations,
        logits=generated_logits,
        true_logits=logits[count:],
        detached_logits=logits[:count],
    )
