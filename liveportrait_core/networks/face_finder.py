"""The small network that detects faces: a heat map of their middles, and their geometry."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

CELL_PX: Final = 8
"""Pixels a side of the picture for one cell of the maps."""
STRIDE: Final = 16
"""Pictures are a multiple of this wide and high."""
NUM_POINTS: Final = 5
"""Middles of the eyes, tip of the nose, corners of the mouth; left is the image's."""
WIDTHS: Final = (24, 48, 80, 128)
"""Channels at 1/2, 1/4, 1/8 and 1/16 of the picture, as in M."""
NECK_CHANNELS: Final = 64
"""Channels of the joined maps."""
PRIOR_LOGIT: Final = -4.0
"""Initial heat logit: few cells hold a face."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FaceMaps:
    """Predictions for each cell, (B, ..., h / 8, w / 8).

    Convention:
        - the square about a face is that of `imaging.crop.face_box` with scale 1 and no shift
        - positions are counted in cells from the middle of the cell, x right, y down
    """

    heat_logit: Tensor
    """(B, 1, ...): a face's middle is in this cell."""
    offset: Tensor
    """(B, 2, ...): from the cell's middle to the square's."""
    log_side: Tensor
    """(B, 1, ...): logarithm of the square's side."""
    axis: Tensor
    """(B, 2, ...): cosine and sine of the turn of the face's x axis, of any length."""
    points: Tensor
    """(B, 10, ...): x and y of the five points, in sides, from the cell's middle."""


class ConvNorm(nn.Sequential):
    """3x3 convolution and batch norm, which `fuse` makes one convolution."""

    def __init__(self, inputs: int, outputs: int, *, size: int = 3, stride: int = 1) -> None:
        super().__init__(
            nn.Conv2d(inputs, outputs, size, stride, size // 2, bias=False),
            nn.BatchNorm2d(outputs),
        )

    def fuse(self) -> None:
        """Fold the norm's running statistics into the convolution: the same function, faster."""
        conv, norm = self
        if isinstance(conv, nn.Conv2d) and isinstance(norm, nn.BatchNorm2d):
            self[0], self[1] = fuse_conv_bn_eval(conv, norm), nn.Identity()


class Block(nn.Module):
    """Two 3x3 convolutions and a shortcut."""

    def __init__(self, inputs: int, outputs: int, stride: int = 1) -> None:
        super().__init__()
        self.first = ConvNorm(inputs, outputs, stride=stride)
        self.second = ConvNorm(outputs, outputs)
        self.pool = nn.AvgPool2d(stride) if stride > 1 else nn.Identity()
        same = stride == 1 and inputs == outputs
        self.shortcut = nn.Identity() if same else ConvNorm(inputs, outputs, size=1)

    def forward(self, x: Tensor) -> Tensor:
        """(B, inputs, h, w) -> (B, outputs, h / stride, w / stride)."""
        return F.relu(self.shortcut(self.pool(x)) + self.second(F.relu(self.first(x))))


class FaceFinderNetwork(nn.Module):
    """Picture -> maps at an eighth of its size, with the context of a sixteenth.

    The layers up to a sixteenth are those of the compact family's M, so that training can start
    from its weights.
    """

    def __init__(self) -> None:
        super().__init__()
        half, quarter, eighth, sixteenth = WIDTHS
        self.stem = ConvNorm(3, half, stride=2)
        self.down1 = Block(half, quarter, 2)
        self.down2 = Block(quarter, eighth, 2)
        self.down3 = nn.Sequential(Block(eighth, sixteenth, 2), Block(sixteenth, sixteenth))
        self.from_eighth = nn.Conv2d(eighth, NECK_CHANNELS, 1)
        self.from_sixteenth = nn.Conv2d(sixteenth, NECK_CHANNELS, 1)
        self.neck = ConvNorm(NECK_CHANNELS, NECK_CHANNELS)
        self.out = nn.Conv2d(NECK_CHANNELS, 1 + 2 + 1 + 2 + 2 * NUM_POINTS, 1)
        bias = self.out.bias
        assert bias is not None
        nn.init.zeros_(bias)
        bias.data[0] = PRIOR_LOGIT

    def forward(self, pictures: Tensor) -> FaceMaps:
        """Detect faces.

        Args:
            pictures: (B, 3, h, w) RGB in [0, 1], h and w multiples of 16.
        """
        eighth = self.down2(self.down1(F.relu(self.stem(pictures * 2 - 1))))
        wide = double(self.from_sixteenth(self.down3(eighth)))
        maps = self.out(F.relu(self.neck(F.relu(self.from_eighth(eighth) + wide))))
        heat, offset, side, axis, points = maps.float().split((1, 2, 1, 2, 2 * NUM_POINTS), 1)
        return FaceMaps(heat_logit=heat, offset=offset, log_side=side, axis=axis, points=points)

    def fuse(self) -> FaceFinderNetwork:
        """Fold all batch norms, in place: the same function, faster; returns itself.

        Raises:
            RuntimeError: The network is in train mode.
        """
        if self.training:
            raise RuntimeError(
                "The network is in train mode; eval mode is expected. Call eval() first."
            )
        for module in list(self.modules()):
            if isinstance(module, ConvNorm):
                module.fuse()
        return self

    def initialise_from(self, motion: nn.Module) -> None:
        """Copy the layers that the network shares with M of the compact family.

        Raises:
            RuntimeError: The network is another family's M, or of another width.
        """
        names = ("stem.", "down1.", "down2.", "down3.")
        known = {k: v for k, v in motion.state_dict().items() if k.startswith(names)}
        # M's shortcuts pool, convolve and norm in one sequence
        known = {_without_pool(key): value for key, value in known.items()}
        loaded = self.load_state_dict(known, strict=False)
        missing = [key for key in loaded.missing_keys if key.startswith(names)]
        if missing or loaded.unexpected_keys or not known:
            raise RuntimeError(
                "The motion network has other layers than the face finder; that of the default "
                "model is expected. Name another model, or none."
            )


def _without_pool(key: str) -> str:
    return key.replace("shortcut.1.", "shortcut.0.").replace("shortcut.2.", "shortcut.1.")


def double(x: Tensor) -> Tensor:
    """Nearest-neighbour enlargement by two."""
    return F.interpolate(x, scale_factor=2.0)
