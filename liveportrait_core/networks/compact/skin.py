"""The colour of a face's skin, which tells the branches under which light a picture was taken."""

from __future__ import annotations

import torch
from torch import Tensor

from ...constants import CompactKeypoint as C
from .layers import resize, sample
from .tone import luminance_of

_SKIN_SIZE = 32
_SKIN_PLACES = [C.LEFT_LOWER_LID, C.RIGHT_LOWER_LID]
"""Skin is looked at half way from these to the tip of the nose: no beard grows there, and both
sides are seen from where the mouth is."""
MIN_CHROMA, MAX_CHROMA = 0.3, 2.0
"""Limits of the skin's red, green and blue over its luminance."""


def skin_colour(face: Tensor, keypoints: Tensor) -> Tensor:
    """(B, 3) mean colour of the skin beside the nose, of (B, 3, P, P) and (B, K, 3)."""
    nose = keypoints[:, C.NOSE_TIP, None, :2]
    places = (keypoints[:, _SKIN_PLACES, :2] + nose) / 2
    return sample(resize(face, _SKIN_SIZE), places[:, None]).mean((2, 3))


def skin_chroma(skin: Tensor) -> Tensor:
    """(B, 3) of a colour (B, 3): red, green and blue over its luminance; 1 is grey."""
    return (skin / luminance_of(skin).clamp(min=0.02)).clamp(MIN_CHROMA, MAX_CHROMA)


def told_of_skin(skin: Tensor, chroma: Tensor) -> Tensor:
    """(B, 4) what a branch is told of a colour (B, 3) and its chroma."""
    return torch.cat((chroma - 1, luminance_of(skin) - 0.5), 1)
