"""The eye branch of the compact G: colours of irises and whites, in a window about each eye."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import torch
from torch import Tensor

from ...constants import CompactKeypoint as C
from ...geometry import full_precision
from ...graphs import runs_on_cpu
from .layers import heat_maps, identity_grid
from .skin import skin_chroma, skin_colour, told_of_skin
from .tone import Tone, luminance_of
from .window import FaceWindow, WindowBranch, edges_between, eyes_distance, level_axes

WINDOW_SIDE = 0.5
"""Side of the window in distances between the outer corners of the eyes. An eye is 0.33 wide."""
MARGIN, RIM = 0.0, 0.1
"""How far beyond the lids' keypoints a change is full, and over how much it fades from there, in
half sides of the window: lids and lashes are painted by the rest of G."""
LEAST_GAP = 0.1
"""Height of the opening, in half sides, from which a change is full; where lids meet it is 0."""
IRIS_RADII = (0.1, 0.22)
"""Between these distances from its keypoint, in half sides, an iris has its colour: within is the
pupil. An iris has 0.26."""
SEEN_FRACTION = 0.3
"""Of the ring of one iris; where as much of both eyes' is seen, its colour is fully known."""
BROWN = (0.24, 0.15, 0.10)
"""Colour under white light of an iris that the source does not show: most people's."""
POINTS: Final = (
    (C.LEFT_EYE_OUTER, C.LEFT_EYE_INNER, C.LEFT_UPPER_LID, C.LEFT_LOWER_LID, C.LEFT_IRIS),
    (C.RIGHT_EYE_OUTER, C.RIGHT_EYE_INNER, C.RIGHT_UPPER_LID, C.RIGHT_LOWER_LID, C.RIGHT_IRIS),
)
"""Keypoints of each eye: outer and inner corner, upper and lower lid, iris."""
_IRIS = 4
_HEAT_SIGMA = 0.12
_PICTURES = 9
_CONDITION = 2 * 2 * len(POINTS[0]) + 4 + 4


@dataclass(frozen=True, slots=True)
class EyeWindow(FaceWindow):
    """A square about one eye of each face, level with the face; that of a right eye is mirrored.

    Convention:
        - x runs from the outer towards the inner corner, y towards the chin
        - the centre is the mean of the corners; the side follows the distance of the eyes' outer
          corners in space, which neither an expression nor a turn changes
    """

    @classmethod
    def of(cls, keypoints: Tensor) -> tuple[EyeWindow, EyeWindow]:
        """The windows of the left and the right eyes of (B, K, 3) keypoints, crop units."""
        along = (keypoints[:, C.RIGHT_EYE_OUTER] - keypoints[:, C.LEFT_EYE_OUTER])[:, :2]
        axes = level_axes(along, eyes_distance(keypoints) * (WINDOW_SIDE / 2))
        mirrored = axes * axes.new_tensor((-1.0, 1.0))[:, None]
        left, right = (keypoints[:, list(points[:2]), :2].mean(1) for points in POINTS)
        return cls(left, axes), cls(right, mirrored)

    def moved(self, by: Tensor) -> EyeWindow:
        """The window shifted by (B, 2), in its own units."""
        return EyeWindow(self.centre + (by[:, None] @ self.axes)[:, 0], self.axes)


@dataclass(frozen=True, slots=True, kw_only=True)
class EyesSource:
    """What the branch needs of B sources alone: of each the left and the right eye."""

    face: Tensor
    """(B, 3, P, P)."""
    keypoints: Tensor
    """(B, K, 3)."""
    picture: Tensor
    """(B, 2, 3, W, W) the source in the windows of its own keypoints."""
    points: Tensor
    """(B, 2, 5, 2) units of these windows."""
    skin: Tensor
    """(B, 3) colour of the skin."""
    iris: Tensor
    """(B, 4) mean colour of the irises, and how far it is known, in [0, 1]."""

    @classmethod
    def of(cls, face: Tensor, keypoints: Tensor, size: int) -> EyesSource:
        """That of (B, 3, P, P) faces with (B, K, 3) keypoints."""
        with full_precision(face.device):
            windows = EyeWindow.of(keypoints)
            points = _points(windows, keypoints)
            picture = torch.cat([window.read(face, size) for window in windows])
            return cls(
                face=face,
                keypoints=keypoints,
                picture=_by_face(picture),
                points=_by_face(points),
                skin=skin_colour(face, keypoints),
                iris=iris_colour(picture, points),
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class EyeView:
    """What the branch sees of the N = 2 B eyes of B faces: the left ones, then the right ones.

    W is the side of a window in pixels. Right eyes are mirrored, so that all are left ones.
    """

    picture: Tensor
    """(N, 3, W, W) what G made, in the window of the driving keypoints, in [0, 1]."""
    source: Tensor
    """(N, 3, W, W) the source in the window of its own keypoints."""
    moved: Tensor
    """(N, 3, W, W) the source, shifted so that its iris lies where that of the picture does."""
    driving_points: Tensor
    """(N, 5, 2) window units."""
    source_points: Tensor
    """(N, 5, 2) units of the source's window."""
    skin: Tensor
    """(N, 3) colour of the source's skin."""
    iris: Tensor
    """(N, 4) mean colour of the source's irises, and how far it is known, in [0, 1]."""

    @classmethod
    def of(
        cls, image: Tensor, face: Tensor, source: Tensor, driving: Tensor, size: int
    ) -> tuple[EyeView, tuple[EyeWindow, EyeWindow]]:
        """The view of the eyes of faces, and the windows that it shows.

        Args:
            image: (B, 3, P, P) what G made.
            face: (B, 3, P, P) the source.
            source: (B, K, 3) its keypoints.
            driving: (B, K, 3) those of the image.
            size: Side of a window in pixels.
        """
        windows, known = EyeWindow.of(driving), EyesSource.of(face, source, size)
        return cls.through(windows, image, known, _points(windows, driving)), windows

    @classmethod
    def through(
        cls,
        windows: tuple[EyeWindow, EyeWindow],
        image: Tensor,
        source: EyesSource,
        placed: Tensor,
    ) -> EyeView:
        """The view of eyes whose windows, source and keypoints in the windows are known."""
        size = source.picture.shape[-1]
        before, was = EyeWindow.of(source.keypoints), _by_side(source.points)
        shifts = (was[:, _IRIS] - placed[:, _IRIS]).chunk(2)
        moved = [window.moved(by) for window, by in zip(before, shifts, strict=True)]
        shown, shifted = (
            torch.cat([window.read(picture, size) for window in of])
            for of, picture in ((windows, image), (moved, source.face))
        )
        return cls(
            picture=shown,
            source=_by_side(source.picture),
            moved=shifted,
            driving_points=placed,
            source_points=was,
            skin=source.skin.repeat(2, 1),
            iris=source.iris.repeat(2, 1),
        )


class EyesBranch(WindowBranch):
    """Changes what lies between the lids in the picture of G to the source's colours.

    It adds a colour of its own and weighs in the source's pixels, as they are and shifted with the
    iris. Colours are divided by the chroma of the source's skin and multiplied by it again. An
    untrained branch changes no bit of the picture. Luminance stays that of G: where the branch
    changed it, gaze was read off the pictures less well.
    """

    def __init__(self, size_px: int, width: float = 1.0) -> None:
        seen = _PICTURES + len(POINTS[0]) + 3
        super().__init__(_CONDITION, seen, _PICTURES, 3 + 2, width)
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
        """The picture with its eyes painted, (B, 3, P, P) in [0, 1].

        Args:
            image: (B, 3, P, P) what G made.
            face: (B, 3, P, P) the source.
            source: (B, K, 3) its keypoints.
            driving: (B, K, 3) those of the image.
            tone: Of the source.
            falloff: (P, P) weight of the change of each pixel; None changes all fully.
        """
        seen = EyesSource.of(face, source, self.size_px)
        return self.painted_over(image.clone(), seen, driving, tone, falloff)

    def painted_over(
        self,
        image: Tensor,
        source: EyesSource,
        driving: Tensor,
        tone: Tone,
        falloff: Tensor | None = None,
    ) -> Tensor:
        """The same of sources that are known; in place where no gradient is wanted.

        On a processor nothing is computed where all eyes are shut: nothing would change.
        """
        with full_precision(image.device):
            windows = EyeWindow.of(driving)
            points = _points(windows, driving)
            inside = eye_opening(points, self.size_px, MARGIN)
            if runs_on_cpu(image.device) and not bool(inside.any()):
                return image
            view = EyeView.through(windows, image, source, points)
        change = self.change(view, inside)
        if tone.is_any:
            both = Tone(tone.curve.repeat(2, 1, 1), tone.weight.repeat(2, 1, 1, 1))
            change = both.changed(view.picture, change, inside)
        for window, one in zip(windows, change.chunk(2), strict=True):
            image = window.added(image, one, falloff)
        return image

    def change(self, view: EyeView, inside: Tensor | None = None) -> Tensor:
        """What is added to the picture of G in the windows of N eyes.

        Args:
            view: The eyes.
            inside: Their `eye_opening`, where it is known.

        Returns:
            (N, 3, W, W), 0 beyond the lids.
        """
        size = self.size_px
        chroma = skin_chroma(view.skin)
        cast = chroma[..., None, None]
        pictures = torch.cat((view.picture, view.moved, view.source), 1)
        neutral = pictures / cast.repeat(1, 3, 1, 1) - 0.5
        if inside is None:
            inside = eye_opening(view.driving_points, size, MARGIN)
        by = view.driving_points[:, _IRIS, None] - view.source_points[:, _IRIS, None]
        shown = [
            eye_opening(points, size, 0.0)
            for points in (view.source_points + by, view.source_points)
        ]
        heat = heat_maps(view.driving_points, size, _HEAT_SIGMA)
        seen = torch.cat((neutral, heat, inside, *shown), 1)
        told = _condition(view, chroma)
        own, weights = self.painted(seen, told, inside).split((3, 2), 1)
        change = own * cast
        for weight, picture in zip(weights.split(1, 1), (view.moved, view.source), strict=True):
            change = change + weight * (picture - view.picture)
        return (change - luminance_of(change)) * inside


def eye_opening(points: Tensor, size: int, margin: float) -> Tensor:
    """How far pixels of the window lie between the lids.

    Convention:
        - each lid is a parabola from corner to corner through its keypoint; 1 inside and up to
          `margin` beyond it, 0 from `RIM` further on, and 0 where they touch

    Args:
        points: (N, 5, 2) keypoints, window units.
        size: Side of the window in pixels.
        margin: In half sides.

    Returns:
        (N, 1, size, size) in [0, 1].
    """
    outer, inner, upper, lower = points[:, :_IRIS, None].unbind(1)  # (N, 1, 2)
    edges = edges_between(outer, inner, upper, lower, size, roundness=1.0)
    within = (torch.minimum(edges.below_upper, edges.above_lower) + margin) / RIM + 1
    opened = edges.gap / LEAST_GAP
    return (within.clamp(0, 1) * opened.clamp(0, 1))[:, None]


def iris_colour(eyes: Tensor, points: Tensor) -> Tensor:
    """Mean colour of the irises of faces as far as both eyes show them, and how far it is known.

    Args:
        eyes: (2 B, 3, W, W) windows of the left and then of the right eyes.
        points: (2 B, 5, 2) their keypoints, window units.

    Returns:
        (B, 4).
    """
    size = eyes.shape[-1]
    ring = iris_ring(points, size)
    weight = ring * eye_opening(points, size, -RIM)
    total = weight.sum((1, 2, 3)).view(2, -1).sum(0)
    colour = (eyes * weight).sum((2, 3)).unflatten(0, (2, -1)).sum(0) / total.clamp(min=1)[:, None]
    whole = ring.sum((1, 2, 3)).view(2, -1).amax(0).clamp(min=1)
    known = (total / (SEEN_FRACTION * whole)).clamp(0, 1)
    return torch.cat((colour, known[:, None]), 1)


def iris_ring(points: Tensor, size: int) -> Tensor:
    """(N, 1, size, size): 1 where an iris has its colour, of (N, 5, 2) keypoints, window units."""
    away = (identity_grid(size, points) - points[:, None, None, _IRIS]).norm(dim=-1)[:, None]
    return ((away > IRIS_RADII[0]) & (away < IRIS_RADII[1])).float()


def _points(windows: tuple[EyeWindow, EyeWindow], keypoints: Tensor) -> Tensor:
    """(2 B, 5, 2) the keypoints of each eye in its window."""
    return torch.cat(
        [
            window.places(keypoints[:, list(points)])
            for window, points in zip(windows, POINTS, strict=True)
        ]
    )


def _by_face(eyes: Tensor) -> Tensor:
    """(2 B, ...) left and then right eyes -> (B, 2, ...)."""
    return eyes.unflatten(0, (2, -1)).transpose(0, 1)


def _by_side(eyes: Tensor) -> Tensor:
    """(B, 2, ...) -> (2 B, ...): the left eyes, then the right ones."""
    return eyes.transpose(0, 1).flatten(0, 1)


def _condition(view: EyeView, chroma: Tensor) -> Tensor:
    """(N, C) what the branch is told: keypoints, the colour of skin and iris."""
    points = torch.cat((view.driving_points, view.source_points), 1).flatten(1)
    colour, known = view.iris.split((3, 1), 1)
    iris = torch.lerp(colour.new_tensor(BROWN).expand_as(colour), colour / chroma, known)
    return torch.cat((points, told_of_skin(view.skin, chroma), 3 * iris - 1, known), 1)
