"""The mouth branch of the compact G: what lies between the lips, seen in a window about them."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from ...constants import NUM_KEYPOINTS
from ...constants import CompactKeypoint as C
from ...geometry import full_precision
from ...graphs import runs_on_cpu
from .layers import heat_maps
from .skin import skin_chroma, skin_colour, told_of_skin
from .tone import Tone
from .window import FaceWindow, WindowBranch, edges_between, eyes_distance, level_axes

WINDOW_SIDE = 1.0
"""Side of the window in distances between the outer corners of the eyes. Lips are at most 0.8 of
it wide, and 0.7 high where the mouth is wide open."""
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
_CONDITION = 2 * 3 * NUM_KEYPOINTS + 4


@dataclass(frozen=True, slots=True)
class MouthWindow(FaceWindow):
    """A square about the lips of each face, level with the face.

    Convention:
        - x runs along the mouth to the image's right, y towards the chin
        - the centre is the mean of the lip corners and the inner lips; the side is the distance
          of the eyes' outer corners in space, which neither an expression nor a turn changes
    """

    @classmethod
    def of(cls, keypoints: Tensor) -> MouthWindow:
        """The window of (B, K, 3) keypoints, crop units."""
        along = (keypoints[:, _RIGHT] - keypoints[:, _LEFT]).mean(1)[:, :2]
        axes = level_axes(along, eyes_distance(keypoints) * (WINDOW_SIDE / 2))
        return cls(keypoints[:, _CENTRE, :2].mean(1), axes)

    def points(self, keypoints: Tensor) -> Tensor:
        """(B, K, 3) keypoints in window units; z is in half sides from the mean of the lips."""
        squared = self.axes.square().sum(-1)  # (B, 2)
        z = keypoints[..., 2:] - keypoints[:, _CENTRE, 2:].mean(1, keepdim=True)
        half = squared[:, :1].sqrt()[:, None]
        return torch.cat((self.places(keypoints), z / half), -1)


@dataclass(frozen=True, slots=True, kw_only=True)
class MouthSource:
    """What the branch needs of B sources alone; W is the side of its window in pixels."""

    picture: Tensor
    """(B, 3, W, W) the source in the window of its own keypoints."""
    points: Tensor
    """(B, K, 3) units of that window."""
    skin: Tensor
    """(B, 3) colour of the skin."""

    @classmethod
    def of(cls, face: Tensor, keypoints: Tensor, size: int) -> MouthSource:
        """That of (B, 3, P, P) faces with (B, K, 3) keypoints."""
        with full_precision(face.device):
            window = MouthWindow.of(keypoints)
            return cls(
                picture=window.read(face, size),
                points=window.points(keypoints),
                skin=skin_colour(face, keypoints),
            )


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
        window = MouthWindow.of(driving)
        return cls.through(window, image, MouthSource.of(face, source, size), driving), window

    @classmethod
    def through(
        cls, window: MouthWindow, image: Tensor, source: MouthSource, driving: Tensor
    ) -> MouthView:
        """The view of faces whose window and source are known."""
        return cls(
            picture=window.read(image, source.picture.shape[-1]),
            source=source.picture,
            driving_points=window.points(driving),
            source_points=source.points,
            skin=source.skin,
        )


class MouthBranch(WindowBranch):
    """Changes what lies between the lips in the picture of G, to the colours of the source.

    Colours are divided by the chroma of the source's skin and multiplied by it again, so that
    teeth under a yellow lamp are the teeth of a white one, in yellow. An untrained branch changes
    no bit of the picture.
    """

    def __init__(self, size_px: int, width: float = 1.0) -> None:
        super().__init__(_CONDITION, 2 * 3 + len(LIPS), 2 * 3, width=width)
        self.size_px = size_px

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
        seen = MouthSource.of(face, source, self.size_px)
        return self.painted_over(image.clone(), seen, driving, tone, falloff)

    def painted_over(
        self,
        image: Tensor,
        source: MouthSource,
        driving: Tensor,
        tone: Tone,
        falloff: Tensor | None = None,
    ) -> Tensor:
        """The same of sources that are known; in place where no gradient is wanted.

        On a processor nothing is computed where no mouth is open: nothing would change.
        """
        with full_precision(image.device):
            window = MouthWindow.of(driving)
            inside = aperture(window.points(driving), self.size_px)
            if runs_on_cpu(image.device) and not bool(inside.any()):
                return image
            view = MouthView.through(window, image, source, driving)
        change = self.change(view, inside)
        if tone.is_any:
            change = tone.changed(view.picture, change, inside)
        return window.added(image, change, falloff)

    def change(self, view: MouthView, inside: Tensor | None = None) -> Tensor:
        """What is added to the picture of G in the windows of B faces.

        Args:
            view: The mouths.
            inside: Their `aperture`, where it is known.

        Returns:
            (B, 3, W, W), 0 beyond the inner lips.
        """
        chroma = skin_chroma(view.skin)
        cast = chroma[..., None, None]
        told = _condition(view, chroma)
        heat = heat_maps(view.driving_points[:, list(LIPS)], self.size_px, _HEAT_SIGMA)
        seen = torch.cat((view.picture / cast - 0.5, view.source / cast - 0.5, heat), 1)
        if inside is None:
            inside = aperture(view.driving_points, self.size_px)
        return self.painted(seen, told, inside) * cast * inside


def _condition(view: MouthView, chroma: Tensor) -> Tensor:
    """(B, C) what the branch is told: where the keypoints are, and the skin's colour."""
    points = torch.cat((view.driving_points, view.source_points), 1).flatten(1)
    return torch.cat((points / 2, told_of_skin(view.skin, chroma)), 1)


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
    edges = edges_between(left, right, upper, lower, size, roundness=0.5)
    within = torch.minimum(edges.below_upper, edges.above_lower) / RIM + 0.5
    opened = edges.gap / RIM
    return (within.clamp(0, 1) * opened.clamp(0, 1))[:, None]
