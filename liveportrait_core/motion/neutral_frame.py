"""The frame of a driver that is nearest to a neutral face."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

import torch
from torch import Tensor

from ..constants import Region
from .regions import keypoint_space
from .types import Motion

MAX_TURN_DEG: Final = 12.0
"""Largest difference of yaw, pitch and roll in a neutral frame, from the driver's median or from
a head that faces the camera."""
MAX_EYES_SHUT: Final = 0.35
"""Largest share of the median eye opening that is missing in a neutral frame."""
OPEN_QUANTILE: Final = 0.9
"""Quantile of the eye opening that counts as the driver's open eyes; below half of it they are
shut, as they may be for most of a clip."""
MAX_LIP_OPEN: Final = 0.12
"""Largest lip opening of a neutral frame, above that of the driver's shut mouth."""
SHUT_QUANTILE: Final = 0.1
"""Quantile of the lip opening that counts as the driver's shut mouth."""
WINDOW_S: Final = 0.4
"""Seconds after the first neutral frame in which the best one is taken."""
OPENINGS: Final[Mapping[Region, str]] = MappingProxyType({"eyes": "eyes_open", "lip": "lip_open"})
"""The openings of a motion, by their regions."""


def neutral_frame(motion: Motion, driver: Motion | None = None) -> int:
    """The frame that relative motion is measured from  (Eq. 7, i = 0).

    Convention:
        - a frame is near neutral when every part of `distances_from_neutral` is at most 1
        - the first frame where it is near neutral; else the best measured one, by the sum of
          squares, within `WINDOW_S` of the first that is near neutral; without any the best of
          all, where its sum is less than half of the first frame's

    Args:
        motion: Of a driver, or of one of its shots.
        driver: The whole driver; None: `motion` is it.

    Returns:
        The number of the frame, from 0.
    """
    distances = distances_from_neutral(motion, driver)
    near = (distances <= 1).all(1)
    if bool(near[0]):
        return 0
    score = distances.square().sum(1)
    measured = _measured(motion)
    frames = torch.arange(len(near))
    candidates = measured & near
    if bool(candidates.any()):
        start = int(frames[candidates][0])
        candidates &= frames <= start + WINDOW_S * float(motion.fps)
    else:
        candidates = measured & (2 * score < score[0])
    if not bool(candidates.any()):
        return 0
    return int(score.masked_fill(~candidates, torch.inf).argmin())


def distances_from_neutral(motion: Motion, driver: Motion | None = None) -> Tensor:
    """How far each frame is from a neutral face, by the driver's own median.

    Convention:
        - frames that were not measured repeat others, and do not count for what is usual
        - the head's pose is seen by the camera of its shot, and goes by the median of `motion`, or
          by 0 where that is nearer: a head that faces the camera is neutral, though it may be
          turned most of the time
        - how far eyes and mouth open does not depend on the camera, and goes by all of the driver

    Args:
        motion: Of a driver, or of one of its shots.
        driver: The whole driver; None: `motion` is it.

    Returns:
        (B, 3 to 5) >= 0: yaw, pitch and roll, then eyes and lip where they are known; 1 is the
        largest distance of a neutral frame.
    """
    pose = motion.pose_deg.detach().cpu().double()
    usual = pose[_measured(motion)].median(0).values
    turned = (pose - usual).abs().minimum(pose.abs()) / MAX_TURN_DEG
    opened = _opening_distances(motion, motion if driver is None else driver)
    return torch.cat((turned, *(distance[:, None] for distance in opened.values())), 1)


def _opening_distances(motion: Motion, driver: Motion) -> dict[Region, Tensor]:
    """(B,) of each opening that is known; at most 1 in a neutral frame."""
    distances: dict[Region, Tensor] = {}
    rows = _measured(driver)
    if motion.eyes_open is not None and driver.eyes_open is not None:
        eyes, usual = _mean(motion.eyes_open), _usual_eyes(_mean(driver.eyes_open)[rows])
        distances["eyes"] = ((1 - eyes / usual.clamp(min=1e-6)) / MAX_EYES_SHUT).clamp(min=0)
    if motion.lip_open is not None and driver.lip_open is not None:
        lip, shut = _mean(motion.lip_open), _mean(driver.lip_open)[rows].quantile(SHUT_QUANTILE)
        distances["lip"] = ((lip - shut) / MAX_LIP_OPEN).clamp(min=0)
    return distances


def _usual_eyes(eyes: Tensor) -> Tensor:
    """The median opening of the eyes while they are not shut."""
    return eyes[eyes >= eyes.quantile(OPEN_QUANTILE) / 2].median()


def _mean(openings: Tensor) -> Tensor:
    return openings.detach().cpu().double().mean(1)


def _measured(motion: Motion) -> Tensor:
    """(B,) True for the frames that say what is usual: the measured ones, where there are any."""
    measured = torch.ones(len(motion), dtype=torch.bool)
    if motion.validity is not None and bool((motion.validity == 1).any()):
        measured = (motion.validity == 1).cpu()
    return measured


@dataclass(frozen=True, slots=True)
class ShotNeutrals:
    """The neutral face of each shot of a driver."""

    frames: tuple[int, ...]
    """Their numbers in the driver."""
    motion: Motion
    """As many frames."""
    borrowed: tuple[int, ...]
    """Numbers of the shots, from 0, that have their eyes or mouth from another one."""


def neutral_of_shots(motion: Motion) -> ShotNeutrals:
    """What each shot of a driver is measured from: its own neutral frame.

    Convention:
        - where that has its eyes shut or its mouth open, by all frames of the driver, the
          expression of their keypoints and their opening are those of the nearest shot whose
          own are neutral, of two the earlier
        - head pose, place and size are always the shot's own, as they depend on its camera

    Args:
        motion: Of a driver.
    """
    frames = [shot.start + neutral_frame(motion[shot], motion) for shot in motion.shot_slices]
    neutral = motion[torch.tensor(frames)].describe(shot=None)
    borrowed: set[int] = set()
    for region, distance in _opening_distances(neutral, motion).items():
        good = (distance <= 1).nonzero().flatten()
        if not len(good) or len(good) == len(frames):
            continue
        numbers = torch.arange(len(frames))
        nearest = good[(numbers[:, None] - good).abs().argmin(1)]
        nearest = torch.where(distance <= 1, numbers, nearest)
        borrowed |= set((nearest != numbers).nonzero().flatten().tolist())
        expression = neutral.expression
        mask = keypoint_space(motion.space).expression_mask(region, device=expression.device)
        neutral = neutral.describe(
            expression=torch.where(mask, expression[nearest], expression),
            **{OPENINGS[region]: getattr(neutral, OPENINGS[region])[nearest]},
        )
    return ShotNeutrals(tuple(frames), neutral, tuple(sorted(borrowed)))
