"""The mouth branch of the compact G: what lies between the lips, seen in a window about them."""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ...constants import NUM_KEYPOINTS
from ...constants import CompactKeypoint as C
from ...geometry import full_precision
from .layers import (
    conv,
    double,
    heat_maps,
    identity_grid,
    resize,
    sample,
    scaled,
    zero_initialise,
)
from .tone import LUMINANCE, Tone

WINDOW_SIDE = 1.0
"""Side of the window in distances between the outer corners of the eyes. Lips are at most 0.8 of
it wide, and 0.7 high where the mouth is wide open."""
WINDOW_STEP_PX = 8
"""Its side in pixels is a multiple of this: maps are folded once and halved twice."""
CORNER = 0.06
"""Where the inner lips meet, from a corner of the lips towards the other."""
RIM = 0.06
"""Width of the inner lips' rim over which a change fades, and opening from which it is full, in
half sides of the window."""
LIPS = (
    C.LEFT_LIP_CORNER,
    C.RIGHT_LIP_CORNER,
    C.INNER_UPPER_LIP,
    C.INNER_LOWER_LIP,
    C.LOWER_LIP,
)
"""Keypoints whose heat maps the branch gets."""
_LEFT, _RIGHT = [C.LEFT_EYE_OUTER, C.LEFT_LIP_CORNER], [C.RIGHT_EYE_OUTER, C.RIGHT_LIP_CORNER]
_CENTRE = list(LIPS[:4])
_HEAT_SIGMA = 0.12
_SKIN_SIZE = 32
_SKIN_PLACES = [C.LEFT_LOWER_LID, C.RIGHT_LOWER_LID]
"""Skin is looked at half way from these to the tip of the nose: no beard grows there, and both
sides are seen from where the mouth is."""
MIN_CHROMA, MAX_CHROMA = 0.3, 2.0
"""Limits of the skin's red, green and blue over its luminance."""
_CONDITION = 2 * 3 * NUM_KEYPOINTS + 4


@dataclass(frozen=True, slots=True)
class MouthWindow:
    """A square about the lips of each face, level with the face.

    Convention:
        - window units: [-1, 1] from edge to edge, x along the mouth to the image's right, y
          towards the chin; xy = (crop - centre) / half_side, turned by `axes`
        - the centre is the mean of the lip corners and the inner lips; the side is the distance
          of the eyes' outer corners in space, which neither an expression nor a turn changes
    """

    centre: Tensor
    """(B, 2) crop units."""
    axes: Tensor
    """(B, 2, 2): the window's x and y axis, in half sides, as rows of crop units."""

    @classmethod
    def of(cls, keypoints: Tensor) -> MouthWindow:
        """The window of (B, K, 3) keypoints, crop units."""
        half = (keypoints[:, C.RIGHT_EYE_OUTER] - keypoints[:, C.LEFT_EYE_OUTER]).norm(dim=-1)
        half = half.clamp(min=0.05) * (WINDOW_SIDE / 2)
        along = (keypoints[:, _RIGHT] - keypoints[:, _LEFT]).mean(1)[:, :2]
        along = F.normalize(along, dim=-1) * half[:, None]
        x, y = along.unbind(-1)
        down = torch.stack((-y, x), -1)  # y goes down, so that this is clockwise
        return cls(keypoints[:, _CENTRE, :2].mean(1), torch.stack((along, down), 1))

    def points(self, keypoints: Tensor) -> Tensor:
        """(B, K, 3) keypoints in window units; z is in half sides from the mean of the lips."""
        squared = self.axes.square().sum(-1)  # (B, 2)
        xy = (keypoints[..., :2] - self.centre[:, None]) @ self.axes.transpose(1, 2)
        z = keypoints[..., 2:] - keypoints[:, _CENTRE, 2:].mean(1, keepdim=True)
        half = squared[:, :1].sqrt()[:, None]
        return torch.cat((xy / squared[:, None], z / half), -1)

    def read(self, picture: Tensor, size: int) -> Tensor:
        """What a (B, C, h, h) picture shows in the window, (B, C, size, size)."""
        grid = identity_grid(size, picture)
        return sample(picture, grid @ self.axes[:, None] + self.centre[:, None, None])

    def box(self, size: int) -> tuple[slice, slice]:
        """Rows and columns of a picture of `size` pixels that hold the windows of all faces."""
        reach = self.axes.abs().sum(1)  # of the corners
        first, last = (self.centre - reach).amin(0), (self.centre + reach).amax(0)
        places = ((torch.stack((first, last)) + 1) * (size / 2)).clamp(0, size).tolist()
        left_top, right_bottom = [[int(x) for x in place] for place in places]
        columns, rows = (
            slice(low, min(high + 1, size))
            for low, high in zip(left_top, right_bottom, strict=True)
        )
        return rows, columns

    def spread(self, content: Tensor, size: int, box: tuple[slice, slice]) -> Tensor:
        """A part of a picture that shows (B, C, w, w) in the window, and 0 elsewhere.

        Args:
            content: What the window shows.
            size: Side of the whole picture.
            box: Rows and columns of the part.

        Returns:
            (B, C, rows, columns).
        """
        squared = self.axes.square().sum(-1)[:, None, None]
        away = identity_grid(size, content)[(slice(None), *box)] - self.centre[:, None, None]
        grid = (away @ self.axes.transpose(1, 2)[:, None]) / squared
        return F.grid_sample(content, grid, align_corners=False, padding_mode="zeros")


@dataclass(frozen=True, slots=True, kw_only=True)
class MouthView:
    """What the branch sees of B faces; W is the side of its window in pixels."""

    picture: Tensor
    """(B, 3, W, W) what G made, in the window of the driving keypoints, in [0, 1]."""
    source: Tensor
    """(B, 3, W, W) the source in the window of its own keypoints."""
    driving_points: Tensor
    """(B, K, 3) window units."""
    source_points: Tensor
    """(B, K, 3) units of the source's window."""
    skin: Tensor
    """(B, 3) colour of the source's skin."""

    @classmethod
    def of(
        cls, image: Tensor, face: Tensor, source: Tensor, driving: Tensor, size: int
    ) -> tuple[MouthView, MouthWindow]:
        """The view of faces, and the window that it shows.

        Args:
            image: (B, 3, P, P) what G made.
            face: (B, 3, P, P) the source.
            source: (B, K, 3) its keypoints.
            driving: (B, K, 3) those of the image.
            size: Side of the window in pixels.
        """
        window, before = MouthWindow.of(driving), MouthWindow.of(source)
        return cls(
            picture=window.read(image, size),
            source=before.read(face, size),
            driving_points=window.points(driving),
            source_points=before.points(source),
            skin=skin_colour(face, source),
        ), window


class MouthBranch(nn.Module):
    """Changes what lies between the lips in the picture of G, to the colours of the source.

    Colours are divided by the chroma of the source's skin and multiplied by it again, so that
    teeth under a yellow lamp are the teeth of a white one, in yellow. An untrained branch changes
    no bit of the picture.
    """

    def __init__(self, size_px: int, width: float = 1.0) -> None:
        super().__init__()
        self.size_px = size_px
        fine, middle, coarse, told = (scaled(c, width) for c in (24, 64, 96, 96))
        self.told = nn.Sequential(nn.Linear(_CONDITION, told), nn.LeakyReLU(0.2))
        self.enter = conv(4 * (3 + 3 + len(LIPS)), fine)
        self.down1, self.down2 = conv(fine, middle, 3, 2), conv(middle, coarse, 3, 2)
        self.before = _ToldBlock(middle, told)
        self.bottom = _ToldBlock(coarse, told)
        self.up2, self.up1 = conv(coarse, middle, 1), conv(middle, fine, 1)
        self.after, self.fine = _ToldBlock(middle, told), _ToldBlock(fine, told)
        full = scaled(8, width)
        self.up0, self.out = conv(fine, 4 * full), conv(full + 3 + 3, 3)
        zero_initialise(self.out)

    def forward(
        self,
        image: Tensor,
        face: Tensor,
        source: Tensor,
        driving: Tensor,
        tone: Tone,
        falloff: Tensor | None = None,
    ) -> Tensor:
        """The picture with its mouth painted, (B, 3, P, P) in [0, 1].

        Args:
            image: (B, 3, P, P) what G made.
            face: (B, 3, P, P) the source.
            source: (B, K, 3) its keypoints.
            driving: (B, K, 3) those of the image.
            tone: Of the source.
            falloff: (P, P) weight of the change of each pixel; None changes all fully.
        """
        size = image.shape[-1]
        with full_precision(image.device):
            view, window = MouthView.of(image, face, source, driving, self.size_px)
        change = self.change(view)
        if tone.is_any:
            toned = tone.applied((view.picture + change).clamp(0, 1)) - view.picture
            inside = aperture(view.driving_points, self.size_px)
            change = torch.where(tone.weight > 0, toned * inside, change)
        box = window.box(size)
        with full_precision(image.device):
            spread = window.spread(change, size, box)
        if falloff is not None:
            spread = spread * falloff[box]
        place, whole = (..., *box), image.clone()
        whole[place] = (image[place] + spread).clamp(0, 1)
        return whole

    def change(self, view: MouthView) -> Tensor:
        """What is added to the picture of G in the windows of B faces.

        Returns:
            (B, 3, W, W), 0 beyond the inner lips.
        """
        dtype = self.enter.weight.dtype
        chroma = skin_chroma(view.skin)
        cast = chroma[..., None, None]
        told = self.told(_condition(view, chroma).to(dtype))
        heat = heat_maps(view.driving_points[:, list(LIPS)], self.size_px, _HEAT_SIGMA)
        seen = torch.cat((view.picture / cast - 0.5, view.source / cast - 0.5, heat), 1)
        x1 = _leaky(self.enter(F.pixel_unshuffle(seen, 2).to(dtype)))
        x2 = self.before(_leaky(self.down1(x1)), told)
        x3 = self.bottom(_leaky(self.down2(x2)), told)
        x2 = self.after(x2 + double(self.up2(x3)), told)
        x1 = self.fine(x1 + double(self.up1(x2)), told)
        x0 = F.pixel_shuffle(_leaky(self.up0(_leaky(x1))), 2)
        change = self.out(torch.cat((x0, seen[:, :6].to(dtype)), 1)).float()
        return change * cast * aperture(view.driving_points, self.size_px)


class _ToldBlock(nn.Module):
    """Residual block whose middle is scaled and shifted by what the branch is told."""

    def __init__(self, channels: int, told: int) -> None:
        super().__init__()
        self.conv1, self.conv2 = conv(channels, channels), conv(channels, channels)
        self.modulation = nn.Linear(told, 2 * channels)
        self.conv2.weight.data *= 0.3
        self.modulation.weight.data *= 0.3

    def forward(self, x: Tensor, told: Tensor) -> Tensor:
        scale, shift = self.modulation(told)[..., None, None].chunk(2, 1)
        return x + self.conv2(_leaky(self.conv1(_leaky(x)) * (1 + scale) + shift))


def skin_colour(face: Tensor, keypoints: Tensor) -> Tensor:
    """(B, 3) mean colour of the skin beside the nose, of (B, 3, P, P) and (B, K, 3)."""
    nose = keypoints[:, C.NOSE_TIP, None, :2]
    places = (keypoints[:, _SKIN_PLACES, :2] + nose) / 2
    return sample(resize(face, _SKIN_SIZE), places[:, None]).mean((2, 3))


def skin_chroma(skin: Tensor) -> Tensor:
    """(B, 3) of a colour (B, 3): red, green and blue over its luminance; 1 is grey."""
    luminance = (skin * skin.new_tensor(LUMINANCE)).sum(-1, keepdim=True)
    return (skin / luminance.clamp(min=0.02)).clamp(MIN_CHROMA, MAX_CHROMA)


def _condition(view: MouthView, chroma: Tensor) -> Tensor:
    """(B, C) what the branch is told: where the keypoints are, and the skin's colour."""
    points = torch.cat((view.driving_points, view.source_points), 1).flatten(1)
    luminance = (view.skin * view.skin.new_tensor(LUMINANCE)).sum(-1, keepdim=True)
    return torch.cat((points / 2, chroma - 1, luminance - 0.5), 1)


def aperture(points: Tensor, size: int) -> Tensor:
    """How far pixels of the window lie between the inner lips.

    Convention:
        - each lip is half an ellipse from corner to corner through its inner keypoint; 1 inside,
          0 beyond a rim of `RIM` / 2, and 0 where they touch

    Args:
        points: (B, K, 3) keypoints, window units.
        size: Side of the window in pixels.

    Returns:
        (B, 1, size, size) in [0, 1].
    """
    left, right, upper, lower = points[:, list(LIPS[:4]), None, :2].unbind(1)  # (B, 1, 2)
    left, right = torch.lerp(left, right, CORNER), torch.lerp(right, left, CORNER)
    along = right - left
    length = along.norm(dim=-1, keepdim=True).clamp(min=RIM)
    along = along / length
    down = torch.stack((-along[..., 1], along[..., 0]), -1)

    def placed(xy: Tensor) -> tuple[Tensor, Tensor]:
        away = xy - left
        t = (away * along).sum(-1) / length[..., 0]
        return (4 * t * (1 - t)).clamp(min=0).sqrt(), (away * down).sum(-1)

    bow, place = placed(identity_grid(size, points).flatten(1, 2))
    edges = [height / at.clamp(min=0.3) * bow for at, height in (placed(upper), placed(lower))]
    within = torch.minimum(place - edges[0], edges[1] - place) / RIM + 0.5
    opened = (edges[1] - edges[0]) / RIM
    return (within.clamp(0, 1) * opened.clamp(0, 1)).unflatten(1, (1, size, size))


def _leaky(x: Tensor) -> Tensor:
    return F.leaky_relu(x, 0.2)
