"""Which keypoints a region moves, for each keypoint space."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final, Literal, get_args

import torch
from torch import Tensor

from ..constants import (
    ANIMAL_SPACE,
    COMPACT_SPACE,
    FACE_PARTS,
    HUMAN_SPACE,
    NUM_KEYPOINTS,
    CompactKeypoint,
    FacePart,
    Region,
)
from ..errors import MotionSpaceError
from .openness import OpeningPair, OpennessPairs

AXES: Final = "xyz"
Side = Literal["left", "right"]
Axes = Mapping[int, str]
"""Keypoint -> the axes of it that count, out of "xyz"."""


C = CompactKeypoint
COMPACT_LIP_KEYPOINTS: Final = tuple(range(C.LEFT_LIP_CORNER, C.CHIN + 1))
"""The chin counts as lip, so that the jaw follows the mouth."""
COMPACT_EYE_KEYPOINTS: Final = tuple(range(C.LEFT_EYE_OUTER, C.RIGHT_IRIS + 1))
COMPACT_BROW_KEYPOINTS: Final = tuple(range(C.LEFT_BROW_MIDDLE, C.RIGHT_BROW_MIDDLE + 1))
COMPACT_LIDS: Final = ((C.LEFT_UPPER_LID, C.LEFT_LOWER_LID), (C.RIGHT_UPPER_LID, C.RIGHT_LOWER_LID))
COMPACT_OPENNESS_PAIRS: Final = OpennessPairs(
    first_eye=OpeningPair(height=COMPACT_LIDS[0], width=(C.LEFT_EYE_OUTER, C.LEFT_EYE_INNER)),
    second_eye=OpeningPair(height=COMPACT_LIDS[1], width=(C.RIGHT_EYE_INNER, C.RIGHT_EYE_OUTER)),
    lip=OpeningPair(
        height=(C.INNER_UPPER_LIP, C.INNER_LOWER_LIP),
        width=(C.LEFT_LIP_CORNER, C.RIGHT_LIP_CORNER),
    ),
)
COMPACT_CLOSING: Final[Mapping[int, float]] = MappingProxyType(
    {C.INNER_UPPER_LIP: 0.4, C.INNER_LOWER_LIP: -0.6, C.LOWER_LIP: -0.6, C.CHIN: -0.3}
)
"""What moves where lips are brought together, by how much of the way from the upper to the lower:
the jaw more than the upper lip, the chin half as far as the lip above it."""
COMPACT_SIDES: Final = (
    tuple(keypoint for keypoint in C if keypoint.name.startswith("LEFT_")),
    tuple(keypoint for keypoint in C if keypoint.name.startswith("RIGHT_")),
)
COMPACT_MIRROR: Final = (
    *(C.RIGHT_BROW_MIDDLE, C.RIGHT_BROW_INNER, C.LEFT_BROW_INNER, C.LEFT_BROW_MIDDLE),
    *(C.RIGHT_EYE_OUTER, C.RIGHT_EYE_INNER, C.LEFT_EYE_INNER, C.LEFT_EYE_OUTER),
    *(C.RIGHT_UPPER_LID, C.RIGHT_LOWER_LID, C.LEFT_UPPER_LID, C.LEFT_LOWER_LID),
    *(C.RIGHT_IRIS, C.LEFT_IRIS, C.NOSE_TIP, C.RIGHT_LIP_CORNER, C.LEFT_LIP_CORNER),
    *(C.INNER_UPPER_LIP, C.INNER_LOWER_LIP, C.LOWER_LIP, C.CHIN),
)
"""For each keypoint, the one on the other side of the face."""
COMPACT_NEUTRAL_FACE: Final = (
    *((-0.25, -0.41, -0.64), (-0.08, -0.39, -0.70), (0.08, -0.39, -0.70), (0.25, -0.41, -0.64)),
    *((-0.29, -0.226, -0.56), (-0.12, -0.215, -0.60), (0.12, -0.215, -0.60), (0.29, -0.226, -0.56)),
    *((-0.22, -0.261, -0.62), (-0.22, -0.198, -0.61), (0.22, -0.261, -0.62), (0.22, -0.198, -0.61)),
    *((-0.206, -0.238, -0.62), (0.206, -0.238, -0.62), (0.0, -0.02, -0.85)),
    *((-0.17, 0.238, -0.66), (0.17, 0.238, -0.66)),
    *((0.0, 0.225, -0.73), (0.0, 0.23, -0.73), (0.0, 0.293, -0.75), (0.0, 0.505, -0.68)),
)
"""Canonical keypoints of a face like many: lids .063 apart, lips closed. With them a source's
lids travel its own opening, so that a blink shuts eyes of any size."""

PUBLISHED_LIP_KEYPOINTS: Final = (6, 12, 14, 17, 19, 20)
PUBLISHED_EYE_KEYPOINTS: Final = (11, 13, 15, 16, 18)
PUBLISHED_BROW_KEYPOINTS: Final = (1, 2)
PUBLISHED_SIDES: Final = ((1, 3, 11, 13), (2, 7, 15, 16))
"""Brow, cheek, eye and lower lid of the image's left and right side."""
PUBLISHED_EXPRESSION_AXES: Axes = MappingProxyType(
    {
        **dict.fromkeys((1, 2, 6, *range(11, NUM_KEYPOINTS)), AXES),
        **{3: "y", 4: "y", 5: "z", 8: "z", 9: "yz"},
    }
)
"""The published keypoints were learnt without names; their other entries carry head and shoulders,
so a masked expression does not move them."""
# The expression that a single driving picture is measured against ("lip array" of the published
# resources, MIT, Kuaishou): a neutral face with its mouth closed. Crop units.
PUBLISHED_NEUTRAL_EXPRESSION: Final = (
    (-9.4524e-05, 2.4222e-04, -4.00974e-05),
    (2.08596e-04, 4.68054e-04, 1.27464e-05),
    (-1.24602e-04, 3.24972e-04, 4.425e-06),
    (1.19652e-04, -4.56624e-04, 5.40852e-05),
    (-2.65254e-04, -7.4598e-05, -1.55280e-05),
    (-3.34884e-05, -1.83036e-04, -3.49404e-06),
    (-4.75428e-07, -4.52466e-07, 1.59498e-06),
    (-5.41296e-04, 2.6328e-03, 7.2486e-06),
    (-1.1694e-05, 5.00502e-06, 9.9888e-06),
    (8.02860e-07, 5.19132e-06, -4.09344e-04),
    (1.66878e-04, -1.98150e-05, -8.8548e-05),
    (-1.51536e-05, 8.2506e-05, 5.94012e-06),
    (-2.61054e-07, 2.7591e-06, 2.21028e-06),
    (-6.6282e-05, -6.8286e-05, -3.45318e-06),
    (-8.3262e-04, -1.79592e-03, -2.59176e-06),
    (6.9714e-06, 3.65514e-05, -1.8978e-06),
    (-4.80876e-06, 7.1148e-06, -1.03236e-05),
    (-6.3684e-04, -1.1661e-03, 5.62314e-05),
    (2.8329e-04, -1.45656e-05, 1.09746e-05),
    (-4.16022e-06, -1.50906e-02, -2.5494e-03),
    (2.22474e-04, 5.62788e-03, 2.72646e-03),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class KeypointSpace:
    """What the keypoints of one space mean for motion."""

    name: str
    lip: tuple[int, ...]
    """Keypoints that the region `lip` moves."""
    eyes: tuple[int, ...]
    """Keypoints that the region `eyes` moves."""
    brows: tuple[int, ...]
    """Keypoints of the brows."""
    expression_axes: Axes = field(
        default_factory=lambda: MappingProxyType(dict.fromkeys(range(NUM_KEYPOINTS), AXES))
    )
    """The axes that a masked expression moves; all by default."""
    neutral: tuple[tuple[float, float, float], ...] | None = None
    """Expression of a neutral face; None where that is zero."""
    face: tuple[tuple[float, float, float], ...] | None = None
    """Canonical keypoints of a usual face, where the keypoints have names."""
    lids: tuple[tuple[int, int], ...] = ()
    """Upper and lower lid of each eye, where the space has such keypoints."""
    irises: tuple[int, ...] = ()
    """The iris of each eye, in the order of `lids`."""
    openness: OpennessPairs | None = None
    """Keypoints that openness of eyes and lips is measured with, where the space has them."""
    closing: Mapping[int, float] = field(default_factory=lambda: MappingProxyType({}))
    """Which keypoints bring the lips together, where they have names (`closing_offset`)."""
    sides: tuple[tuple[int, ...], tuple[int, ...]] = ((), ())
    """Keypoints of the image's left and right side; all others lie in the middle."""
    mirror: tuple[int, ...] | None = None
    """For each keypoint, the one on the other side, where the space has sides."""

    def neutral_expression(self, like: Tensor) -> Tensor:
        """(K, 3) expression of a neutral face, in the type and on the device of `like`."""
        if self.neutral is None:
            return like.new_zeros(NUM_KEYPOINTS, 3)
        return like.new_tensor(self.neutral)

    def expression_mask(
        self, region: Region, *, masked: bool = True, device: torch.device | None = None
    ) -> Tensor:
        """Which entries of an expression a region moves.

        Args:
            region: The region.
            masked: Whether `all` and `expression` keep to `expression_axes`, or move everything.
            device: Where the mask is made.

        Returns:
            (K, 3) bool.
        """
        everything: Axes = dict.fromkeys(range(NUM_KEYPOINTS), AXES)
        whole = self.expression_axes if masked else everything
        axes: Mapping[Region, Axes] = {
            "all": whole,
            "expression": whole,
            "pose": {},
            "lip": dict.fromkeys(self.lip, AXES),
            "eyes": dict.fromkeys(self.eyes, AXES),
        }
        rows = [
            [axis in axes[region].get(keypoint, "") for axis in AXES]
            for keypoint in range(NUM_KEYPOINTS)
        ]
        return torch.tensor(rows, dtype=torch.bool, device=device)

    def part_mask(self, parts: Collection[FacePart], device: torch.device | None = None) -> Tensor:
        """Which keypoints belong to some parts of the face.

        Returns:
            (K, 1) bool.
        """
        named = {"brows": self.brows, "eyes": self.eyes, "lip": self.lip}
        in_rest = set(range(NUM_KEYPOINTS)).difference(*named.values())
        keypoints = {**named, "rest": tuple(sorted(in_rest))}
        mask = torch.zeros(NUM_KEYPOINTS, 1, dtype=torch.bool, device=device)
        for part in parts:
            mask[list(keypoints[part])] = True
        return mask

    def of_side(self, moved: Tensor, side: Side) -> Tensor:
        """What one side of the image has of a movement of both: its own keypoints, half the middle.

        Args:
            moved: (..., K, 3).
            side: The image's.
        """
        own, other = self.sides if side == "left" else self.sides[::-1]
        share = moved.new_full((NUM_KEYPOINTS, 1), 0.5)
        share[list(own)], share[list(other)] = 1, 0
        return moved * share


def closing_offset(keypoints: Tensor, space: KeypointSpace) -> Tensor:
    """What makes the inner lips of a face meet, in a space whose keypoints have names.

    Args:
        keypoints: (B, K, 3).
        space: Theirs, with `openness`.

    Returns:
        (B, K, 3) to be added.
    """
    assert space.openness is not None
    upper, lower = space.openness.lip.height
    apart = keypoints[:, lower] - keypoints[:, upper]
    offset = torch.zeros_like(keypoints)
    for keypoint, share in space.closing.items():
        offset[:, keypoint] = share * apart
    return offset


def parts_of_region(region: Region) -> frozenset[FacePart]:
    """The parts of the face that a region moves."""
    if region in ("all", "expression"):
        return FACE_PARTS
    return FACE_PARTS & {region}


def _published(name: str) -> KeypointSpace:
    return KeypointSpace(
        name=name,
        lip=PUBLISHED_LIP_KEYPOINTS,
        eyes=PUBLISHED_EYE_KEYPOINTS,
        brows=PUBLISHED_BROW_KEYPOINTS,
        sides=PUBLISHED_SIDES,
        expression_axes=PUBLISHED_EXPRESSION_AXES,
        neutral=PUBLISHED_NEUTRAL_EXPRESSION,
    )


_COMPACT = KeypointSpace(
    name=COMPACT_SPACE,
    lip=COMPACT_LIP_KEYPOINTS,
    eyes=COMPACT_EYE_KEYPOINTS,
    brows=COMPACT_BROW_KEYPOINTS,
    face=COMPACT_NEUTRAL_FACE,
    lids=COMPACT_LIDS,
    irises=(C.LEFT_IRIS, C.RIGHT_IRIS),
    openness=COMPACT_OPENNESS_PAIRS,
    closing=COMPACT_CLOSING,
    sides=COMPACT_SIDES,
    mirror=COMPACT_MIRROR,
)
KEYPOINT_SPACES: Mapping[str, KeypointSpace] = MappingProxyType(
    {space.name: space for space in (_published(HUMAN_SPACE), _published(ANIMAL_SPACE), _COMPACT)}
)


def keypoint_space(name: str) -> KeypointSpace:
    """The space of this name.

    Raises:
        MotionSpaceError: No such space is known.
    """
    if name not in KEYPOINT_SPACES:
        raise MotionSpaceError(
            f"The motion is of the keypoint space {name!r}; known are "
            f"{', '.join(KEYPOINT_SPACES)}. Use a motion made by one of these models."
        )
    return KEYPOINT_SPACES[name]


def check_region(region: str) -> None:
    """Refuse a region that does not exist.

    Raises:
        ValueError: The region is unknown.
    """
    if region not in get_args(Region):
        raise ValueError(f"The region is {region!r}; choose one of {', '.join(get_args(Region))}.")
