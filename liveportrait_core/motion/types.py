"""Motion: what a face does, frame by frame."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, fields, replace
from fractions import Fraction
from itertools import pairwise
from typing import Literal

import torch
from torch import Tensor

from ..constants import FACE_PARTS, HUMAN_SPACE, FacePart
from .rotation import degrees_from_rotation, rotation_from_degrees

Channel = Literal["expression", "scale", "translation", "pose"]
CHANNELS: tuple[Channel, ...] = ("expression", "scale", "translation", "pose")


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Motion:
    """Motion of one face over B frames, in the paper's parameters (Sec. 3.1).

    `motion[:10].pose_deg`, `len(motion)`, `motion.describe(fps=Fraction(30))`

    Convention:
        - every tensor has a leading frame axis B and is never written to
        - crop units: x right, y down, z into the image, [-1, 1] from edge to edge
        - `pose_deg` and `rotation` hold the same pose; build a motion with `from_degrees` or
          `from_rotation` so that they agree. Only the published video smoothing gives a
          rotation that is not orthonormal; its degrees are then approximate.
        - a channel named in `absent` holds zeros (scale ones): consumers keep the source's
        - so does the expression of parts of the face that are not in `parts`
    """

    expression: Tensor
    """(B, K, 3) delta, crop units."""
    scale: Tensor
    """(B, 1)."""
    translation: Tensor
    """(B, 3) crop units; z is carried but never used."""
    pose_deg: Tensor
    """(B, 3) pitch, yaw, roll in degrees."""
    rotation: Tensor
    """(B, 3, 3), acts on rows: x_c @ R."""
    canonical: Tensor | None = None
    """(B, K, 3) canonical keypoints of this face, or None when unknown."""
    eyes_open: Tensor | None = None
    """(B, 2) eye openings (height over width); first the eye of the image's left side."""
    lip_open: Tensor | None = None
    """(B, 1) lip opening (inner height over width)."""
    validity: Tensor | None = None
    """(B,) 1 measured, 0.5 interpolated, 0 missing; None means all measured."""
    shot: Tensor | None = None
    """(B,) int64, from 0: which shot of its video each frame is of; None means one shot."""
    fps: Fraction = Fraction(25)
    """Frames per second, exact."""
    space: str = HUMAN_SPACE
    """Keypoint space; motion of one space never silently drives a model of another."""
    producer: str = ""
    """Origin: a model, a file, a person."""
    reference_frame: int = 0
    """The neutral frame in relative driving, unless `reference` is given."""
    reference: Motion | None = None
    """The neutral frame where it is none of this motion: B = 1, or one for each number that
    `shot` holds; or None."""
    absent: frozenset[Channel] = field(default_factory=frozenset[Channel])
    """Channels that this motion does not carry."""
    parts: frozenset[FacePart] = FACE_PARTS
    """Parts of the face whose expression it carries, unless the whole expression is absent."""
    absolute: frozenset[str] = field(default_factory=frozenset[str])
    """Channels or parts of the face with absolute values, not relative to the reference."""
    from_shut_lips: bool = False
    """Its lips are measured from shut ones: where the source's are open, they are closed first."""

    @classmethod
    def from_degrees(
        cls, *, pose_deg: Tensor, expression: Tensor, scale: Tensor, translation: Tensor
    ) -> Motion:
        """A motion whose rotation is derived from (B, 3) pitch, yaw, roll in degrees."""
        return cls(
            expression=expression,
            scale=scale,
            translation=translation,
            pose_deg=pose_deg,
            rotation=rotation_from_degrees(*pose_deg.unbind(-1)),
        )

    @classmethod
    def from_rotation(
        cls, *, rotation: Tensor, expression: Tensor, scale: Tensor, translation: Tensor
    ) -> Motion:
        """A motion whose degrees are derived from a (B, 3, 3) rotation on rows."""
        return cls(
            expression=expression,
            scale=scale,
            translation=translation,
            pose_deg=degrees_from_rotation(rotation),
            rotation=rotation,
        )

    @property
    def pitch_deg(self) -> Tensor:
        """(B,) degrees."""
        return self.pose_deg[:, 0]

    @property
    def yaw_deg(self) -> Tensor:
        """(B,) degrees."""
        return self.pose_deg[:, 1]

    @property
    def roll_deg(self) -> Tensor:
        """(B,) degrees."""
        return self.pose_deg[:, 2]

    @property
    def carried_parts(self) -> frozenset[FacePart]:
        """`parts`, or none of them where the expression is absent."""
        return frozenset[FacePart]() if "expression" in self.absent else self.parts

    @property
    def absolute_parts(self) -> frozenset[FacePart]:
        """Parts of the face whose expression is absolute."""
        carried = self.carried_parts
        return carried if "expression" in self.absolute else carried & self.absolute

    @property
    def shot_slices(self) -> tuple[slice, ...]:
        """The frames of each shot; of one that is played twice, two entries."""
        if self.shot is None:
            return (slice(0, len(self)),)
        starts = [0, *((self.shot.diff() != 0).nonzero().flatten() + 1).tolist()]
        return tuple(slice(*ends) for ends in pairwise((*starts, len(self))))

    def __len__(self) -> int:
        return self.expression.shape[0]

    def __repr__(self) -> str:
        """What it is, without its numbers."""
        frames = f"num_frames={len(self)}, fps={self.fps}"
        return f"Motion({frames}, space={self.space!r}, producer={self.producer!r})"

    def __getitem__(self, frames: int | slice | Tensor) -> Motion:
        """Some of the frames, still with a frame axis: an int gives B = 1."""
        if isinstance(frames, int):
            frames = slice(frames, frames + 1 or None)
        return self.map_tensors(lambda tensor: tensor[frames])

    def map_tensors(self, change: Callable[[Tensor], Tensor]) -> Motion:
        """The motion with each of its tensors changed; everything else as it was."""
        tensors = {name: getattr(self, name) for name in tensor_fields()}
        changed = {name: change(value) for name, value in tensors.items() if value is not None}
        return replace(self, **changed)

    def describe(self, **changes: object) -> Motion:
        """The same motion with some of its fields set, as `dataclasses.replace` does."""
        return replace(self, **changes)  # type: ignore[arg-type]

    def to(self, device: torch.device | str, dtype: torch.dtype | None = None) -> Motion:
        """The motion on another device, and in another type when one is given."""
        moved = self.map_tensors(lambda tensor: tensor.to(device=device, dtype=dtype))
        if self.shot is not None:
            moved = replace(moved, shot=self.shot.to(device))
        if self.reference is None:
            return moved
        return replace(moved, reference=self.reference.to(device, dtype))


def tensor_fields() -> tuple[str, ...]:
    """Names of the tensors that a `Motion` may hold."""
    return tuple(entry.name for entry in fields(Motion) if "Tensor" in str(entry.type))


def concatenate(motions: Sequence[Motion]) -> Motion:
    """One motion out of consecutive parts; a tensor that some part lacks is left out.

    Raises:
        ValueError: No parts were given.
    """
    if not motions:
        raise ValueError("There are 0 motions; 1 or more are expected. Give a motion.")
    parts: dict[str, Tensor] = {}
    missing: dict[str, None] = {}
    for name in tensor_fields():
        values = [getattr(motion, name) for motion in motions]
        if all(value is not None for value in values):
            parts[name] = torch.cat(values)
        else:
            missing[name] = None
    return replace(motions[0], **parts, **missing)
