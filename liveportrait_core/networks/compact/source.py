"""What W and G need of a source alone, whatever drives it: made once for many frames."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor

from .eyes import EyesSource
from .layers import mapped
from .mouth import MouthSource
from .relief import Relief
from .tone import Tone


@dataclass(frozen=True, slots=True, kw_only=True)
class WarpingSource:
    """What W makes of B sources: 4 MB each of 512 px, of which 3 are the picture."""

    learned: Tensor
    """(B, 16, 6, 32, 32) learned channels of the volume."""
    face: Tensor
    """(B, 3, P, P)."""
    keypoints: Tensor
    """(B, K, 3)."""
    heat: Tensor
    """(B, K, 32, 32) heat maps of the keypoints."""
    small_face: Tensor
    """(B, 3, 32, 32)."""
    middle_face: Tensor
    """(B, 3, 64, 64)."""
    squeezed: Tensor
    """(B, C, 32, 32) the volume's channels, fewer."""
    head_logit: Tensor
    """(B, 1, 32, 32): the pixel is part of the head."""
    relief: Relief | None
    """Anchored at the keypoints, in a model with `depth_probes`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DecoderSource:
    """What G makes of B sources: 1 MB each in a model with detail."""

    base: Tensor
    """(B, 3, 128, 128) the face."""
    detail: Tensor | None
    """(B, 3, 256, 256), in a model with detail."""
    tone: Tone
    mouth: MouthSource | None
    """In a model with a mouth branch."""
    eyes: EyesSource | None
    """In a model with an eye branch."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CompactSource:
    """Both, of the same B sources."""

    warping: WarpingSource
    decoder: DecoderSource

    def of_batch(self, count: int) -> CompactSource:
        """That of one source for so many frames, as views; of as many sources already it stays."""
        if len(self.warping.face) == count:
            return self
        return mapped(self, lambda tensor: tensor.expand(count, *tensor.shape[1:]))
