"""The one tone of a grey or sepia picture, so that what is generated has it, too."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from ...geometry import full_precision
from ...graphs import is_graph, solved

LUMINANCE = (0.299, 0.587, 0.114)
"""Weights of red, green and blue (ITU-R BT.601)."""
FULL_DEVIATION, NO_DEVIATION = 1.5 / 255, 3.0 / 255
"""Deviation of the colours from one tone, up to which a picture surely has one, and from which it
has none. Photographs and paintings in colour have 3 to 18 of 255, grey ones with noise up to 1."""
_RIDGE = 1e-6


@dataclass(frozen=True, slots=True)
class Tone:
    """Colour as a function of luminance: chroma = a + b y + c y^2 in each channel.

    `Tone.of(face).applied(generated)`
    """

    curve: Tensor
    """(B, 3, 3): a, b and c by channel."""
    weight: Tensor
    """(B, 1, 1, 1): 1 for pictures of one tone, 0 for those in colour."""

    @classmethod
    @torch.no_grad()
    def of(cls, picture: Tensor) -> Tone:
        """The tone that fits (B, 3, h, w) pictures in [0, 1] best, and how well it fits."""
        with full_precision(picture.device):
            chroma, basis = _split(picture.float())
            chroma, basis = chroma.flatten(2), basis.flatten(2)
            count = basis.shape[-1]
            ridge = _RIDGE * torch.eye(3, device=picture.device)
            products = basis @ basis.transpose(1, 2) / count + ridge
            curve = solved(products, basis @ chroma.transpose(1, 2) / count)
            left = chroma - curve.transpose(1, 2) @ basis
        deviation = left.square().mean((1, 2)).sqrt()
        weight = (NO_DEVIATION - deviation) / (NO_DEVIATION - FULL_DEVIATION)
        return cls(curve.transpose(1, 2), weight.clamp(0, 1).view(-1, 1, 1, 1))

    @property
    def is_any(self) -> bool:
        """Whether any of the pictures has one tone, or may have it where a graph is made."""
        return is_graph() or bool((self.weight > 0).any())

    def applied(self, picture: Tensor) -> Tensor:
        """(B, 3, h, w) pictures in the tone; those of sources in colour stay as they are, by bit.

        Args:
            picture: Of the same sources, in the same order.
        """
        chroma, basis = _split(picture)
        luminance = picture - chroma
        toned = luminance + torch.einsum("bcn,bnhw->bchw", self.curve, basis)
        mixed = torch.lerp(picture, toned.clamp(0, 1), self.weight)
        return torch.where(self.weight > 0, mixed, picture)

    def changed(self, picture: Tensor, change: Tensor, inside: Tensor) -> Tensor:
        """A change of (B, 3, h, w) pictures after which they have the tone, as far as `inside`.

        That of sources in colour stays as it is, by bit.

        Args:
            picture: Of the same sources, in the same order.
            change: What is added to them.
            inside: (B, 1, h, w) weight of the change.
        """
        toned = self.applied((picture + change).clamp(0, 1)) - picture
        return torch.where(self.weight > 0, toned * inside, change)

    def relit(self, light: Tensor) -> Tensor:
        """(B, 6, h, w) gain and offset of light that changes luminance alone, likewise."""
        gain, offset = light.chunk(2, 1)
        middle = 1 + self.curve[:, :, 1] + self.curve[:, :, 2]  # of the curve, at luminance 0.5
        offset = offset.mean(1, keepdim=True) * middle[..., None, None]
        plain = torch.cat((gain.mean(1, keepdim=True).expand_as(gain), offset), 1)
        return torch.where(self.weight > 0, torch.lerp(light, plain, self.weight), light)


def luminance_of(colour: Tensor) -> Tensor:
    """(B, 1, ...) of (B, 3, ...) red, green and blue."""
    weights = colour.new_tensor(LUMINANCE).view(3, *(1 for _ in colour.shape[2:]))
    return (colour * weights).sum(1, keepdim=True)


def _split(picture: Tensor) -> tuple[Tensor, Tensor]:
    """Chroma (B, 3, h, w) beyond luminance, and 1, y and y^2 of the luminance (B, 3, h, w)."""
    luminance = luminance_of(picture)
    basis = torch.cat((torch.ones_like(luminance), luminance, luminance.square()), 1)
    return picture - luminance, basis
