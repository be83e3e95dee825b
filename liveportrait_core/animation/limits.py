"""Motion beyond what a model can render, bent softly towards the limit."""

from __future__ import annotations

import logging
import math
from dataclasses import dataclass, replace
from typing import Final

import torch
from torch import Tensor

from ..geometry import degrees_from_rotation, rotation_from_vector, rotation_vector
from ..motion.types import Motion
from ..options import DrivingOptions
from ..preset import COMPACT, MotionLimits, Preset
from ..warned import OptionName
from .fading import KNEE, faded_travel
from .frame_numbers import frame_ranges

_LOG = logging.getLogger(__name__)
MIN_SCALE: Final = 1e-6
NAMED: Final = KNEE / 2
"""Share of a limit from which a turn or a travel is named, where both together go beyond."""


def limits_for(preset: Preset, options: DrivingOptions) -> MotionLimits | None:
    """The limits that a driver is held within; None holds it within none.

    Convention:
        - a preset that states no limits has those of the default model where `limits` is on
    """
    if options.limits == "off" or (options.limits == "auto" and options.published):
        return None
    return preset.limits or (COMPACT.limits if options.limits == "on" else None)


def soft_limit(share: Tensor) -> Tensor:
    """A share of a limit, bent so that it stays below 1.

    x up to a = `KNEE`, then a + (1 - a) tanh((x - a) / (1 - a)): monotone, with a continuous
    slope, and the identity up to the knee.

    Args:
        share: Not negative.
    """
    rest = 1 - KNEE
    return torch.where(share > KNEE, KNEE + rest * ((share - KNEE) / rest).tanh(), share)


def limit_motion(
    source: Motion, moved: Motion, limits: MotionLimits, *, keeps_place: bool = False
) -> Motion:
    """A moved face that stays within a distance of the source that a model can render.

    `limit_motion(source, relative_motion(source, driving, reference), COMPACT.limits)`

    Convention:
        - the change from the source is limited: the rotation R_moved R_s^T as a whole about its
          axis, the translation along its direction, the logarithm of the ratio of the scales
        - of rotation and translation together the limits are half axes of one ellipsoid: what a
          turn and a move uncover adds up
        - frames within `KNEE` of the limits keep their bits; expression and t_z are untouched
        - the frames that change are named in one line of the log

    Args:
        source: B = 1 or N.
        moved: N frames.
        limits: The distances.
        keeps_place: The source is a still that keeps its place in the frame: slow travel fades
            (`faded_travel`; of one frame nothing is slow), and `still_translation` and
            `still_scale` count.
    """
    changes = _Changes.between(source, moved, limits, keeps_place=keeps_place)
    bent = changes.beyond
    if not bent.any():
        return moved
    _LOG.warning(
        "The driver needs more than this model can render in %s (of %d, counted from 0): "
        "%s. They are softened; %s off gives the motion as it is.",
        frame_ranges(bent.nonzero().flatten().tolist()),
        len(moved),
        changes.described(),
        OptionName("limits"),
    )
    if keeps_place and len(moved) > 1:
        moved = _in_place(moved, changes, limits)
        changes = _Changes.between(source, moved, limits, keeps_place=True)
    rotation = _where_bent(
        changes.pose_share,
        rotation_from_vector(changes.turn * _factor(changes.pose_share)[:, None]) @ source.rotation,
        moved.rotation,
    )
    travel = torch.nn.functional.pad(changes.travel, (0, 1))  # t_z is not limited
    held = _factor(changes.pose_share)[:, None] - 1
    zoom = changes.zoom * _factor(changes.zoom_share)[:, None]
    return replace(
        moved,
        rotation=rotation,
        pose_deg=_where_bent(changes.pose_share, degrees_from_rotation(rotation), moved.pose_deg),
        translation=_where_bent(
            changes.pose_share, moved.translation + travel * held, moved.translation
        ),
        scale=_where_bent(changes.zoom_share, source.scale * zoom.exp(), moved.scale),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Changes:
    """How far a moved face is from the source, and how large a share of the limits that is."""

    turn: Tensor
    """(N, 3) rotation vector, radians."""
    travel: Tensor
    """(N, 2) crop units."""
    zoom: Tensor
    """(N, 1) logarithm of the ratio of the scales."""
    turn_share: Tensor
    """(N,)."""
    travel_share: Tensor
    """(N,)."""
    zoom_share: Tensor
    """(N,)."""

    @classmethod
    def between(
        cls, source: Motion, moved: Motion, limits: MotionLimits, *, keeps_place: bool
    ) -> _Changes:
        turn = rotation_vector(moved.rotation @ source.rotation.transpose(-1, -2))
        half_axes_deg = (limits.pitch_deg, limits.yaw_deg, limits.roll_deg)
        half_axes = torch.deg2rad(turn.new_tensor(half_axes_deg))
        travel = (moved.translation - source.translation)[:, :2]
        ratio = moved.scale.clamp(min=MIN_SCALE) / source.scale.clamp(min=MIN_SCALE)
        reach = limits.still_translation if keeps_place else limits.translation
        scale = limits.still_scale if keeps_place else limits.scale
        return cls(
            turn=turn,
            travel=travel,
            zoom=ratio.log(),
            turn_share=(turn / half_axes).norm(dim=-1),
            travel_share=travel.norm(dim=-1) / reach,
            zoom_share=ratio.log().abs().flatten() / math.log(scale),
        )

    @property
    def pose_share(self) -> Tensor:
        """(N,) of turn and travel together."""
        return torch.hypot(self.turn_share, self.travel_share)

    @property
    def beyond(self) -> Tensor:
        """(N,) True where something changes."""
        return (self.pose_share > KNEE) | (self.zoom_share > KNEE)

    def described(self) -> str:
        """The largest change of what is limited, in words."""
        parts: list[str] = []
        posed = self.pose_share > KNEE
        if (posed & (self.turn_share > NAMED)).any():
            parts.append(f"it turns by up to {torch.rad2deg(self.turn.norm(dim=-1).max()):.0f} deg")
        if (posed & (self.travel_share > NAMED)).any():
            share = self.travel.norm(dim=-1).max() / 2
            parts.append(f"it moves by up to {share:.0%} of the crop's side")
        if (self.zoom_share > KNEE).any():
            parts.append(f"its size changes by up to {self.zoom.abs().max().exp():.2f} times")
        return ", ".join(parts)


def _in_place(moved: Motion, changes: _Changes, limits: MotionLimits) -> Motion:
    """A moved face without what fades of its scale and translation.

    Convention:
        - a driver who comes k times nearer travels k times as far across the picture: what fades
          of the scale is taken out of the translation, too
    """
    fps, shots = float(moved.fps), moved.shot_slices
    growth = faded_travel(changes.zoom, math.log(limits.still_scale), fps, shots).exp()
    travel = changes.travel / growth
    faded = faded_travel(travel, limits.still_translation, fps, shots)
    gone = changes.travel - travel + faded
    return replace(
        moved,
        translation=moved.translation - torch.nn.functional.pad(gone, (0, 1)),
        scale=moved.scale / growth,
    )


def _factor(share: Tensor) -> Tensor:
    """(N,) what a change is multiplied by; 1 up to the knee."""
    return torch.where(share > KNEE, soft_limit(share) / share.clamp(min=KNEE), 1.0)


def _where_bent(share: Tensor, bent: Tensor, moved: Tensor) -> Tensor:
    beyond = (share > KNEE).view(-1, *[1] * (moved.ndim - 1))
    return torch.where(beyond, bent, moved)
