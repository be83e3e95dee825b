"""Smoothing of a motion while its frames come in: the one-euro filter."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

import torch
from torch import Tensor

from ..geometry import degrees_from_rotation, rotation_from_vector, rotation_vector
from .tool_options import OneEuroOptions
from .types import Channel, Motion, concatenate

SPEED_CUTOFF_HZ: Final = 1.0
"""Of the filter of the speed itself, as in the paper."""

Difference = Callable[[Tensor, Tensor], Tensor]
"""The step (..., D) from the second to the first."""
Moved = Callable[[Tensor, Tensor], Tensor]
"""The first moved by a step (..., D)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Track:
    """One channel as it was at the last frame."""

    value: Tensor
    """Smoothed."""
    speed: Tensor
    """(..., D) a second, smoothed."""


class OneEuroFilter:
    """Smooths a motion as its frames come in  (Casiez 2012, Algorithm 1).

    `smoother = OneEuroFilter(); for frames in stream: yield smoother(frames)`

    v = (x_i - y_(i-1)) f, smoothed with a cutoff of 1 Hz;  c = cutoff_hz + beta |v|;
    y_i = y_(i-1) + a (x_i - y_(i-1)),  a = 1 / (1 + f / (2 pi c)),  f frames per second.

    Convention:
        - a keypoint, the translation, the scale and the head's turn are each one signal with one
          speed, in crop units or radians a second; of a rotation x - y is the rotation vector
        - the first frame, also of a shot, stays as it is
        - frames one by one give the same bits as all at once; computed in float64
    """

    def __init__(self, options: OneEuroOptions | None = None) -> None:
        """A filter that has seen no frame.

        Args:
            options: How smooth, and how fast.
        """
        self._options = options or OneEuroOptions()
        self._tracks: dict[Channel, _Track] = {}
        self._shot: int | None = None

    def __call__(self, frames: Motion) -> Motion:
        """The next frames, smoothed; openness, validity and names stay."""
        if not len(frames):
            return frames
        # one at a time: the bits of vector instructions depend on the number of rows
        return concatenate([self._smoothed(frames[index]) for index in range(len(frames))])

    def _smoothed(self, frame: Motion) -> Motion:
        shot = None if frame.shot is None else int(frame.shot)
        if shot != self._shot:
            self._tracks.clear()
        self._shot = shot
        fps = float(frame.fps)
        rotation = self._next("pose", frame.rotation, fps, _turn_between, _turned)
        return replace(
            frame,
            expression=self._next("expression", frame.expression, fps),
            scale=self._next("scale", frame.scale, fps),
            translation=self._next("translation", frame.translation, fps),
            rotation=rotation,
            pose_deg=frame.pose_deg
            if rotation is frame.rotation
            else degrees_from_rotation(rotation),
        )

    def _next(
        self,
        channel: Channel,
        given: Tensor,
        fps: float,
        difference: Difference = torch.sub,
        moved: Moved = torch.add,
    ) -> Tensor:
        """The smoothed value of a channel in the next frame."""
        value, last = given.double(), self._tracks.get(channel)
        if last is None:
            step = difference(value, value)
            self._tracks[channel] = _Track(value=value, speed=torch.zeros_like(step))
            return given
        step = difference(value, last.value)
        known = torch.tensor(SPEED_CUTOFF_HZ, dtype=torch.float64, device=value.device)
        speed = last.speed + _share(known, fps) * (step * fps - last.speed)
        cutoff_hz = self._options.cutoff_hz + self._options.beta * speed.norm(dim=-1, keepdim=True)
        track = _Track(value=moved(last.value, _share(cutoff_hz, fps) * step), speed=speed)
        self._tracks[channel] = track
        return track.value.to(given.dtype)


def _share(cutoff_hz: Tensor, fps: float) -> Tensor:
    """How much of a step is taken at once: a."""
    return 1 / (1 + fps / (2 * math.pi * cutoff_hz))


def _turn_between(rotation: Tensor, other: Tensor) -> Tensor:
    return rotation_vector(rotation @ other.mT)


def _turned(rotation: Tensor, turn: Tensor) -> Tensor:
    return rotation_from_vector(turn) @ rotation
