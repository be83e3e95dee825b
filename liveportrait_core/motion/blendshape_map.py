"""From blendshapes to the expression of a keypoint space, and back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final

import torch
from torch import Tensor

from ..constants import NUM_KEYPOINTS, FacePart
from ..errors import MotionSpaceError, about
from .blendshapes import ARKIT_SHAPES, Blendshapes
from .edit import neutral_motion
from .openness import OpennessPairs
from .pieces import in_pieces
from .reference import check_motions, own_reference, reference_of_frames
from .regions import KeypointSpace, keypoint_space
from .rotation import rotation_from_degrees
from .types import Motion

OPPOSITES: Final = (
    ("eyeLookUpLeft", "eyeLookDownLeft"),
    ("eyeLookUpRight", "eyeLookDownRight"),
    ("eyeLookOutLeft", "eyeLookInLeft"),
    ("eyeLookOutRight", "eyeLookInRight"),
    ("jawLeft", "jawRight"),
    ("mouthLeft", "mouthRight"),
    ("eyeWideLeft", "eyeBlinkLeft"),
    ("eyeWideRight", "eyeBlinkRight"),
)
"""Shapes of which a face makes one or the other: what is read is their difference."""
NUM_OPENING_FEATURES: Final = 5
"""Of spaces whose keypoints have names: both eyes and their squares, and the lips."""
MAX_READ: Final = 2.0
"""Twice the whole shape: more is a movement that the map has not seen, read as another one."""
MIN_OPENING: Final = 0.01
"""Lower bound of an eye's opening at rest, crop units: shut eyes give no scale."""


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class BlendshapeMap:
    """What the shapes do to the keypoints of one space, and how they are read from them.

    `motion_of_blendshapes(blendshapes, load_blendshape_map(path))`
    """

    space: str
    """Keypoint space."""
    expression: Tensor
    """(52, K, 3) what each whole shape adds to the expression of an upright face, crop units;
    zeros for a shape that the space does not show."""
    reading: Tensor
    """(F, 52) from `features` to shapes."""
    read_r: Mapping[str, float] = field(default_factory=lambda: MappingProxyType({}))
    """Correlation of each shape as it is read with the true one, on people who were left out of
    the fit; a shape that is not named was not measured."""
    producer: str = ""
    """How it was made."""

    @property
    def shown(self) -> frozenset[str]:
        """The shapes that move keypoints of the space."""
        moves = self.expression.flatten(1).any(1).tolist()
        return frozenset(name for name, some in zip(ARKIT_SHAPES, moves, strict=True) if some)

    @property
    def read(self) -> frozenset[str]:
        """The shapes that are read from keypoints of the space."""
        moves = self.reading.any(0).tolist()
        return frozenset(name for name, some in zip(ARKIT_SHAPES, moves, strict=True) if some)

    def __repr__(self) -> str:
        """What it is, without its numbers."""
        return f"BlendshapeMap(space={self.space!r}, producer={self.producer!r})"


def motion_of_blendshapes(blendshapes: Blendshapes, shape_map: BlendshapeMap) -> Motion:
    """What a face does, as a driver for models of the map's keypoint space.

    `animate(portrait, motion_of_blendshapes(curves, blendshape_map(model.preset.space)))`

    delta = delta_0 + sum_i w_i e_i, with e_i what shape i adds; in a space whose keypoints have
    names it turns with the head, as that of sliders does.

    Convention:
        - measured from a face at rest that looks ahead, upright; scale and translation are absent,
          and so is the pose where the head is not known
        - in a space whose keypoints have names the inner lips meet and do not cross, and lids
          travel the source's own opening (`KeypointSpace.face`)
        - parts of the face of which no shape is known are left to the source

    Args:
        blendshapes: B frames.
        shape_map: Of the keypoint space that is wanted.

    Returns:
        B frames.

    Raises:
        MotionSpaceError: The map's keypoint space is unknown.
    """
    return in_pieces(
        lambda frames: _motion_of_piece(blendshapes[frames], shape_map), len(blendshapes)
    )


def _motion_of_piece(blendshapes: Blendshapes, shape_map: BlendshapeMap) -> Motion:
    """`motion_of_blendshapes` of all frames at once."""
    space = keypoint_space(shape_map.space)
    moved = expression_of_shapes(blendshapes.weights, shape_map)
    parts = frozenset[FacePart](part_of_shape(name) for name in blendshapes.known)
    moved = moved * space.part_mask(parts, moved.device)
    head_deg = blendshapes.head_deg
    unmoved = {"scale", "translation"} | (set() if head_deg is not None else {"pose"})
    return driver_of_moves(
        moved,
        space,
        head_deg=moved.new_zeros(len(moved), 3) if head_deg is None else head_deg.to(moved),
        scale=moved.new_ones(len(moved), 1),
        translation=moved.new_zeros(len(moved), 3),
        fps=blendshapes.fps,
        producer=blendshapes.producer,
        absent=frozenset(unmoved),
        parts=parts,
    )


def driver_of_moves(
    moved: Tensor,
    space: KeypointSpace,
    *,
    head_deg: Tensor,
    scale: Tensor,
    translation: Tensor,
    **described: object,
) -> Motion:
    """A driver that is measured from a face at rest, which looks ahead, upright.

    Convention:
        - in a space whose keypoints have names the expression turns with the head, and lids travel
          the source's own opening (`KeypointSpace.face`)

    Args:
        moved: (B, K, 3) what is added to the expression of an upright face, crop units.
        space: Keypoint space.
        head_deg: (B, 3) pitch, yaw, roll.
        scale: (B, 1) against the face at rest.
        translation: (B, 3) crop units.
        **described: Fields of `Motion` that it has, and so has its neutral frame.
    """
    if space.openness is not None:
        moved = moved @ rotation_from_degrees(*head_deg.unbind(-1))
    described["space"] = space.name
    face = None if space.face is None else moved.new_tensor(space.face)[None]
    neutral = neutral_motion(space.name).to(moved.device, moved.dtype)
    reference = neutral.describe(canonical=face, **described)
    return Motion.from_degrees(
        pose_deg=head_deg,
        expression=reference.expression + moved,
        scale=scale,
        translation=translation,
    ).describe(
        canonical=None if face is None else face.expand(len(moved), -1, -1),
        reference=reference,
        **described,
    )


def blendshapes_of_motion(motion: Motion, shape_map: BlendshapeMap) -> Blendshapes:
    """The shapes that a face makes, measured from the motion's own neutral frame.

    `blendshapes_of_motion(extract(model, clip), blendshape_map(model.preset.space))`

    Convention:
        - a neutral frame reads as zeros; no shape is below 0 or above `MAX_READ`, and of two
          opposite shapes (`OPPOSITES`) one is 0
        - the head is the motion's own pose, unless that is absent

    Args:
        motion: N frames.
        shape_map: Of its keypoint space.

    Returns:
        N frames; `known` holds the shapes that the map reads.

    Raises:
        MotionSpaceError: The motion is of another keypoint space.
        ValueError: The motion cannot be used (`check_motions`).
    """
    check_motions(motion=motion)
    if motion.space != shape_map.space:
        with about("motion"):
            raise MotionSpaceError(
                f"The motion is of the keypoint space {motion.space!r} and the map of "
                f"{shape_map.space!r}; one space is expected. Choose the map of the motion's space."
            )
    reference = reference_of_frames(motion, own_reference(motion))
    read = features(motion, reference) @ shape_map.reading.to(motion.expression)
    known = frozenset(n for n in shape_map.read if part_of_shape(n) in motion.carried_parts)
    is_known = read.new_tensor([name in known for name in ARKIT_SHAPES])
    return Blendshapes(
        weights=one_of_opposites(read).clamp(max=MAX_READ) * is_known,
        head_deg=None if "pose" in motion.absent else motion.pose_deg,
        known=known,
        fps=motion.fps,
        producer=motion.producer,
    )


def expression_of_shapes(weights: Tensor, shape_map: BlendshapeMap) -> Tensor:
    """(B, K, 3) what shapes (B, 52) add to the expression of an upright face, crop units."""
    space = keypoint_space(shape_map.space)
    moved = torch.einsum("bs,skc->bkc", weights, shape_map.expression.to(weights))
    return with_meeting_lips(moved, space)


def part_of_shape(name: str) -> FacePart:
    """The part of the face that a shape is of."""
    if name.startswith("brow"):
        return "brows"
    if name.startswith("eye"):
        return "eyes"
    is_mouth = name.startswith(("mouth", "jaw")) or name in {"tongueOut", "cheekPuff"}
    return "lip" if is_mouth else "rest"


def travel_in_head(motion: Motion, reference: Motion) -> Tensor:
    """(N, K, 3) how far expression is from that at rest, as `BlendshapeMap.expression` has it.

    Convention:
        - in a space whose keypoints have names along the axes of the head

    Args:
        motion: N frames.
        reference: The neutral frame, B = 1 or N.
    """
    if keypoint_space(motion.space).openness is None:
        return motion.expression - reference.expression
    return motion.expression @ motion.rotation.mT - reference.expression @ reference.rotation.mT


def features(motion: Motion, reference: Motion) -> Tensor:
    """What shapes are read from: how far each keypoint is from where it is at rest.

    Convention:
        - in a space whose keypoints have names along the axes of the head, with the canonical
          keypoints, as M reads them anew in each frame; elsewhere of the expression alone
        - of such a space also how far each eye is open against the face's own at rest, less 1, and
          its square, and how far the lips are apart, in distances between the eyes
        - a canonical face that is not known is a usual one

    Args:
        motion: N frames.
        reference: The neutral frame, B = 1 or N.

    Returns:
        (N, 3 K), or (N, 3 K + 5) in a space whose keypoints have names.
    """
    space = keypoint_space(motion.space)
    if space.openness is None:
        return travel_in_head(motion, reference).flatten(1)
    points, rest = (_in_head(one, space) for one in (motion, reference))
    return torch.cat(((points - rest).flatten(1), _openings(points, rest, space.openness)), 1)


def num_features(space: str) -> int:
    """F of `features` in a keypoint space.

    Raises:
        MotionSpaceError: The keypoint space is unknown.
    """
    has_names = keypoint_space(space).openness is not None
    return 3 * NUM_KEYPOINTS + (NUM_OPENING_FEATURES if has_names else 0)


def one_of_opposites(weights: Tensor) -> Tensor:
    """(B, 52) weights without values below 0, and with one of two opposite shapes at most."""
    first, second = ([ARKIT_SHAPES.index(pair[side]) for pair in OPPOSITES] for side in range(2))
    difference = weights[:, first] - weights[:, second]
    split = weights.clone()
    split[:, first], split[:, second] = difference, -difference
    return split.clamp(min=0)


def _in_head(motion: Motion, space: KeypointSpace) -> Tensor:
    """(B, K, 3) keypoints of the unscaled face along the axes of the head."""
    canonical = motion.canonical
    if canonical is None:
        canonical = motion.expression.new_tensor(space.face)[None]
    return canonical + motion.expression @ motion.rotation.mT


def _openings(points: Tensor, rest: Tensor, pairs: OpennessPairs) -> Tensor:
    """(B, 5) eyes, their squares, lips."""
    eyes = torch.stack(
        [
            _distance(points, eye.height) / _distance(rest, eye.height).clamp(min=MIN_OPENING) - 1
            for eye in (pairs.first_eye, pairs.second_eye)
        ],
        1,
    )
    inner = (pairs.first_eye.width[1], pairs.second_eye.width[0])
    apart = _distance(points, pairs.lip.height) - _distance(rest, pairs.lip.height)
    return torch.cat((eyes, eyes.square(), (apart / _distance(rest, inner))[:, None]), 1)


def _distance(points: Tensor, pair: tuple[int, int]) -> Tensor:
    first, second = pair
    return (points[:, first, :2] - points[:, second, :2]).norm(dim=-1)


def with_meeting_lips(moved: Tensor, space: KeypointSpace) -> Tensor:
    """(B, K, 3) with lips that would cross meet half way, where keypoints have names."""
    if space.openness is None:
        return moved
    return kept_apart(moved, space, space.openness.lip.height)


def kept_apart(
    moved: Tensor, space: KeypointSpace, pair: tuple[int, int], overlap: float = 0.0
) -> Tensor:
    """What moves a usual face, with two keypoints that would cross met half way.

    Args:
        moved: (B, K, 3).
        space: Its keypoint space, with `face`.
        pair: The upper keypoint and the lower.
        overlap: How far they may cross, crop units.
    """
    if space.face is None:
        return moved
    upper, lower = pair
    at_rest = moved.new_tensor(space.face)
    upper_y, lower_y = (at_rest[point, 1] + moved[:, point, 1] for point in pair)
    crossing = (upper_y - lower_y - overlap).clamp(min=0) / 2
    apart = moved.clone()
    apart[:, upper, 1] -= crossing
    apart[:, lower, 1] += crossing
    return apart
