"""Motion of a driver applied to a source (Eq. 7)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

import torch
from torch import Tensor

from ..constants import Region
from ..errors import MotionSpaceError, counted
from .regions import KeypointSpace, check_region, keypoint_space, parts_of_region
from .rotation import degrees_from_rotation
from .types import CHANNELS, Channel, Motion

MIN_LID_OPENING: Final = 0.02
"""Lower bound of the reference's lid distance, crop units of the unscaled face."""
LID_TRAVEL_LIMITS: Final = (0.6, 2.0)
"""Bounds of the factor of the lids' travel."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """What of a moved face is taken over; the rest stays the source's."""

    region: Region = "all"
    masked_expression: bool = False
    """`all` and `expression` keep to the entries of the space's expression mask."""
    keep_scale: bool = False
    """The scale stays the source's."""
    keep_translation: bool = False
    """The translation stays the source's."""

    def __post_init__(self) -> None:
        check_region(self.region)

    def channels(self) -> frozenset[Channel]:
        """The channels that the selection moves at all."""
        moved: dict[Region, set[Channel]] = {
            "all": set(CHANNELS),
            "pose": {"pose", "translation"},
        }
        kept = {"scale"} if self.keep_scale else set[str]()
        kept |= {"translation"} if self.keep_translation else set[str]()
        return frozenset(moved.get(self.region, {"expression"}) - kept)


ABSOLUTE: Final = Selection(masked_expression=True, keep_scale=True)
"""What the published code takes of a driver as it is: all but its scale and the entries outside
of the expression mask."""


def relative_motion(
    source: Motion,
    driving: Motion,
    reference: Motion,
    *,
    region: Region = "all",
    match_openness: bool | None = None,
) -> Motion:
    """The source moved by as much as the driver moved from its reference  (Eq. 7).

    `relative_motion(source, driving, reference=driving[:1])`

    R = R_i R_0^T R_s, delta = delta_s + delta_i - delta_0, s = s_s s_i / s_0, t = t_s + t_i - t_0.

    Convention:
        - a source image (B = 1) is moved by every frame of the driver; a source of N frames is
          moved frame by frame
        - channels and parts of the face that the driver or the reference lacks stay the source's
        - channels and parts in `driving.absolute` are taken as they are
        - canonical keypoints are the source's; openness is not known and left out

    Args:
        source: B = 1 or N.
        driving: B = 1 or N.
        reference: The driver's neutral frame, B = 1.
        region: `all`; `expression`, `lip`, `eyes` (the head stays); `pose` (the face stays).
        match_openness: Lids travel the source's own opening instead of the driver's. None: where
            the space has lids and both canonical keypoints are known.

    Returns:
        A `Motion` of N frames.

    Raises:
        MotionSpaceError: The motions are of different keypoint spaces.
        ValueError: The frames do not fit, or lids are to be matched and cannot be.
    """
    selection = Selection(region=region)
    space = shared_space(source, driving, reference)
    travel = driving.expression - reference.expression
    if _matches_openness(match_openness, space, source, reference):
        travel = travel * lid_travel(space, source, reference)[..., None]
    rotation = driving.rotation @ reference.rotation.transpose(-1, -2) @ source.rotation
    moved = replace(
        driving,
        expression=source.expression + travel,
        scale=source.scale * driving.scale / reference.scale,
        translation=source.translation + driving.translation - reference.translation,
        rotation=rotation,
        pose_deg=degrees_from_rotation(rotation),
        absent=driving.absent | reference.absent,
        parts=driving.parts & reference.parts,
        shot=_joint_shot(source, driving, num_frames(source, driving)),
    )
    return select(source, _with_absolute(moved, driving, space), selection)


def absolute_motion(
    source: Motion,
    driving: Motion,
    selection: Selection = ABSOLUTE,
) -> Motion:
    """The source with the driver's expression and pose as they are.

    Convention:
        - as in `relative_motion`, except that no reference is needed

    Args:
        source: B = 1 or N.
        driving: B = 1 or N.
        selection: What of the driver is taken over.

    Returns:
        A `Motion` of N frames.

    Raises:
        MotionSpaceError: The motions are of different keypoint spaces.
        ValueError: The frames do not fit.
    """
    shared_space(source, driving)
    return select(source, driving, selection)


def select(source: Motion, moved: Motion, selection: Selection) -> Motion:
    """The source with the selected channels and entries of a moved face.

    Convention:
        - channels and parts of the face that the moved face lacks stay the source's

    Args:
        source: B = 1 or N.
        moved: B = 1 or N.
        selection: What to take.

    Returns:
        A `Motion` of N frames with the source's canonical keypoints.

    Raises:
        ValueError: The frames do not fit.
    """
    frames = num_frames(source, moved)
    space = keypoint_space(source.space)
    taken = selection.channels() - moved.absent
    mask = space.expression_mask(
        selection.region,
        masked=selection.masked_expression,
        device=source.expression.device,
    )
    parts = moved.carried_parts & parts_of_region(selection.region)
    mask &= space.part_mask(parts, mask.device)

    def pick(name: str, channel: Channel) -> Tensor:
        value: Tensor = getattr(moved if channel in taken else source, name)
        return value.expand(frames, *value.shape[1:])

    expression = source.expression
    if "expression" in taken:
        expression = torch.where(mask, moved.expression, source.expression)
    canonical = source.canonical
    absent = source.absent - taken
    return replace(
        source,
        expression=expression.expand(frames, -1, -1),
        scale=pick("scale", "scale"),
        translation=pick("translation", "translation"),
        rotation=pick("rotation", "pose"),
        pose_deg=pick("pose_deg", "pose"),
        canonical=None if canonical is None else canonical.expand(frames, -1, -1),
        eyes_open=None,
        lip_open=None,
        validity=_joint_validity(source, moved, frames),
        shot=_joint_shot(source, moved, frames),
        fps=source.fps if len(source) > 1 else moved.fps,
        absent=absent,
        parts=source.parts if "expression" in absent else source.carried_parts | parts,
        absolute=frozenset[str](),
    )


def neutral_reference(picture: Motion) -> Motion:
    """The reference of a driver of one frame: itself with a neutral expression.

    Convention:
        - its pose, scale and translation do not move the source
        - openness of the neutral face is not known

    Args:
        picture: B = 1.

    Returns:
        A `Motion` with B = 1.
    """
    neutral = keypoint_space(picture.space).neutral_expression(picture.expression)
    return replace(
        picture, expression=neutral.expand_as(picture.expression), eyes_open=None, lip_open=None
    )


def shared_space(source: Motion, *others: Motion) -> KeypointSpace:
    """The keypoint space of motions that are to be used together.

    Raises:
        MotionSpaceError: They are of different spaces, or of an unknown one.
    """
    for other in others:
        if other.space != source.space:
            raise MotionSpaceError(
                f"The driving motion is of the keypoint space {other.space!r}"
                f"{f' (made by {other.producer})' if other.producer else ''}, the source of "
                f"{source.space!r}. Extract the driving motion with the source's model, "
                "or convert it (motion convert --to, Convert Motion)."
            )
    return keypoint_space(source.space)


def num_frames(first: Motion, second: Motion) -> int:
    """The number of frames of two motions used together, one of which may have a single frame.

    Raises:
        ValueError: Both have several, and the numbers differ.
    """
    lengths = {len(first), len(second)} - {1}
    if len(lengths) > 1:
        raise ValueError(
            f"The source has {counted(len(first), 'frame')} and the driving motion {len(second)}; "
            "the same number, or 1 for an image, is expected. Cut the longer one."
        )
    return lengths.pop() if lengths else 1


def _with_absolute(moved: Motion, driving: Motion, space: KeypointSpace) -> Motion:
    mask = space.part_mask(driving.absolute_parts, driving.expression.device)
    expression = torch.where(mask, driving.expression, moved.expression)
    names = [name for name in ("scale", "translation") if name in driving.absolute]
    if "pose" in driving.absolute:
        names += ["rotation", "pose_deg"]
    return replace(moved, expression=expression, **{name: getattr(driving, name) for name in names})


def _matches_openness(
    match_openness: bool | None, space: KeypointSpace, source: Motion, reference: Motion
) -> bool:
    possible = bool(space.lids) and source.canonical is not None and reference.canonical is not None
    if match_openness and not possible:
        raise ValueError(
            f"Lids cannot be matched in the keypoint space {space.name!r} with these motions: "
            "lid keypoints and the canonical keypoints of source and reference are needed. "
            "Leave match_openness off."
        )
    return possible if match_openness is None else match_openness


def lid_travel(space: KeypointSpace, source: Motion, reference: Motion) -> Tensor:
    """(B, K) factor of each keypoint's travel: 1 but for the lids of each eye.

    Args:
        space: Of both, with lids.
        source: The face whose opening lids shall travel, with its canonical keypoints.
        reference: The neutral frame that they were measured from, likewise.
    """
    factors = source.expression.new_ones(source.expression.shape[:2])
    for lids in space.lids:
        ratio = _lid_opening(source, lids) / _lid_opening(reference, lids).clamp(
            min=MIN_LID_OPENING
        )
        is_lid = torch.zeros_like(factors[0], dtype=torch.bool)
        is_lid[list(lids)] = True
        factors = torch.where(is_lid, ratio.clamp(*LID_TRAVEL_LIMITS)[:, None], factors)
    return factors


def _lid_opening(motion: Motion, lids: tuple[int, int]) -> Tensor:
    """(B,) distance of two lids in the unscaled face, so that faces near and far compare."""
    assert motion.canonical is not None
    rows = list(lids)
    points = motion.canonical[:, rows] @ motion.rotation + motion.expression[:, rows]
    return (points[:, 0, :2] - points[:, 1, :2]).norm(dim=-1)


def _joint_validity(source: Motion, moved: Motion, frames: int) -> Tensor | None:
    """The smaller validity of the two frames that each frame is made of."""
    parts = [motion.validity for motion in (source, moved) if motion.validity is not None]
    if not parts:
        return None
    return torch.stack([part.expand(frames) for part in parts]).amin(0)


def _joint_shot(source: Motion, moved: Motion, frames: int) -> Tensor | None:
    """Shots that begin wherever one of either motion begins."""
    parts = [motion.shot for motion in (source, moved) if motion.shot is not None]
    if not parts:
        return None
    rows = torch.stack([part.expand(frames) for part in parts])
    begins = (rows.diff(dim=1) != 0).any(0)
    return torch.cat((begins.new_zeros(1), begins)).cumsum(0)
