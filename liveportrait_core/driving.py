"""Algorithm 1 on whole motions: what the driver asks of every frame, before a pixel is painted.

Keypoints are small (0.5 KB a frame), so a clip is driven at once and rendered in chunks.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final, Literal

import torch
from torch import Tensor

from .constants import ANIMAL_SPACE
from .driving_options import DrivingOptions
from .errors import MotionSpaceError
from .model import LivePortraitModel
from .motion.hull import hull_volume
from .motion.openness import driven_eyes_open, eyes_condition, lip_condition
from .motion.smoothing import smooth_motion
from .motion.transfer import (
    Selection,
    absolute_motion,
    neutral_reference,
    relative_motion,
    select,
)
from .motion.transform import transform_keypoints
from .motion.types import CHANNELS, Motion
from .stages import retarget_eyes, retarget_lip, stitch

CLOSED_LIP: Final = 0.03
"""A source lip less open than this needs no closing."""
SLEEPY_EYES: Final = 0.18
"""A source video whose first frame is less open than this gets `AWAKE_EYES` instead."""
AWAKE_EYES: Final = 0.39


@dataclass(frozen=True, slots=True, kw_only=True)
class DrivenKeypoints:
    """What `warp_decode` needs of every frame."""

    source_keypoints: Tensor
    """(N, K, 3) x_s; a view of one row for a still source."""
    driving_keypoints: Tensor
    """(N, K, 3) x_d, stitched and retargeted."""
    motion: Motion
    """The moved face before stitching and retargeting, N frames."""

    def __len__(self) -> int:
        return len(self.driving_keypoints)

    def __getitem__(self, frames: slice) -> DrivenKeypoints:
        return DrivenKeypoints(
            source_keypoints=self.source_keypoints[frames],
            driving_keypoints=self.driving_keypoints[frames],
            motion=self.motion[frames],
        )


def drive(
    model: LivePortraitModel,
    source: Motion,
    driving: Motion,
    options: DrivingOptions | None = None,
    *,
    reference: Motion | None = None,
    source_is_video: bool | None = None,
) -> DrivenKeypoints:
    """Source and driving keypoints of every frame  (Alg. 1, lines 1-10).

    Convention:
        - a still source gives as many frames as the driver has; a source video driven by a video
          the shorter number; a source video driven by a picture its own
        - a driver of one frame is measured against a neutral face, not against itself
        - a source video keeps its own scale and place, and of its expression what does not
          belong to the face
        - motions are on the model's device

    Args:
        model: The model; S and R are used only where the options ask for them.
        source: Motion of the source, with its openness where openness is to be changed.
        driving: Motion of the driver, with its openness where that is to be followed.
        options: How to drive.
        reference: The driver's neutral frame (B = 1); None takes `driving.reference_frame`.
        source_is_video: Needed only for a source video of one frame.

    Returns:
        Keypoints of N frames.

    Raises:
        MotionSpaceError: A motion is not of the model's keypoint space.
        ValueError: No frames, or an option needs openness that a motion does not carry.
        CheckpointError: An option needs a network that the model lacks.
    """
    options = options or DrivingOptions()
    _check_spaces(model, source, driving)
    scene = _scene(source, driving, reference, source_is_video, options)
    if source.space == ANIMAL_SPACE and (
        options.published or options.driving_option == "expression-friendly"
    ):
        moved, driven = _carried_over(scene, options)
    else:
        moved = _moved(scene, options)
        driven = transform_keypoints(moved)
    if source.space == ANIMAL_SPACE and options.published:
        # the published animals know neither regions nor openness
        options = replace(options, eyes_open=None, lip_open=None, normalize_lip=False)
    frames = scene.num_frames
    source_keypoints = transform_keypoints(scene.source)
    x_s = source_keypoints.expand(frames, -1, -1)
    if options.retargets:
        start = x_s if options.replaces else driven
        driven = start + _retargeting(model, scene, source_keypoints, options)
    if options.stitch:
        driven = stitch(model, x_s, driven)
    if not options.retargets:
        driven = driven + _corrections(model, scene, source_keypoints, options)
    driven = x_s + (driven - x_s) * options.gain
    return DrivenKeypoints(source_keypoints=x_s, driving_keypoints=driven, motion=moved)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Scene:
    """Source and driver cut to the same length, and what kind each is."""

    source: Motion
    driving: Motion
    reference: Motion
    source_is_video: bool
    driving_is_video: bool

    @property
    def num_frames(self) -> int:
        return max(len(self.source), len(self.driving))


def _scene(
    source: Motion,
    driving: Motion,
    reference: Motion | None,
    source_is_video: bool | None,
    options: DrivingOptions,
) -> _Scene:
    if not len(source) or not len(driving):
        raise ValueError(
            f"The source has {len(source)} frames and the driving motion {len(driving)}; at "
            "least one of each is needed. Check that a face was found in both."
        )
    is_video = len(source) > 1 if source_is_video is None else source_is_video
    driving_is_video = len(driving) > 1
    if reference is None and driving_is_video:
        reference = driving[_reference_frame(driving, options)]
    elif reference is None:
        reference = neutral_reference(driving)
        if options.published and options.region == "eyes" and not is_video:
            # the published code measures the eyes of a still against nothing at all
            reference = replace(reference, expression=torch.zeros_like(reference.expression))
    if is_video and driving_is_video:
        frames = min(len(source), len(driving))
        source, driving = source[:frames], driving[:frames]
    return _Scene(
        source=source if is_video else source[:1],
        driving=driving,
        reference=reference,
        source_is_video=is_video,
        driving_is_video=driving_is_video,
    )


def _reference_frame(driving: Motion, options: DrivingOptions) -> int:
    if options.published:
        return 0
    if not 0 <= driving.reference_frame < len(driving):
        raise ValueError(
            f"The driving motion names frame {driving.reference_frame} as its neutral one and has "
            f"{len(driving)} frames. Give a reference, or set reference_frame to one it has."
        )
    return driving.reference_frame


def _moved(scene: _Scene, options: DrivingOptions) -> Motion:
    """The source moved by the driver, smoothed where wanted  (Eq. 7)."""
    source = scene.source
    relative = options.motion == "relative"
    selection = Selection(
        region=options.region,
        masked_expression=scene.source_is_video or not relative,
        keep_scale=scene.source_is_video or not relative,
        keep_translation=scene.source_is_video and relative,
    )
    if relative:
        whole = relative_motion(
            source,
            scene.driving,
            scene.reference,
            match_openness=False if options.published else options.match_openness,
        )
    else:
        whole = absolute_motion(source, scene.driving, masked_expression=False, keep_scale=False)
    if _smooths(scene, options):
        # before the selection: what stays the source's stays untouched
        whole = smooth_motion(
            whole,
            options.smooth_variance,
            channels=("expression", "pose") if scene.source_is_video else CHANNELS,
            entrywise=options.published,
        )
    return select(source, whole, selection)


def _smooths(scene: _Scene, options: DrivingOptions) -> bool:
    automatic = scene.source_is_video and scene.driving_is_video
    if options.published or options.smooth is None:
        return automatic
    return options.smooth and scene.driving_is_video


def _carried_over(scene: _Scene, options: DrivingOptions) -> tuple[Motion, Tensor]:
    """Travel of the absolute keypoints, resized to the source: (x_i - x_0) m + x_s.

    Convention:
        - m is the square root of the ratio of the hulls' volumes, as the published code has it,
          though a length goes with the cube root
    """
    region = "all" if options.published else options.region
    reference = scene.driving[0] if options.published else scene.reference
    moved, neutral = (
        absolute_motion(scene.source, driver, region=region, masked_expression=False)
        for driver in (scene.driving, reference)
    )
    x_s, x_0 = transform_keypoints(scene.source), transform_keypoints(neutral)
    travel = transform_keypoints(moved) - x_0
    return moved, x_s + travel * motion_multiplier(x_s[:1], x_0[:1])


def motion_multiplier(source_keypoints: Tensor, reference_keypoints: Tensor) -> Tensor:
    """How much larger the source's face is: the root of the ratio of the hulls' volumes.

    Args:
        source_keypoints: (B, K, 3).
        reference_keypoints: (B, K, 3) of the driver's neutral frame.

    Returns:
        (B, 1, 1).
    """
    ratio = hull_volume(source_keypoints) / hull_volume(reference_keypoints)
    return ratio.sqrt()[:, None, None]


def _retargeting(
    model: LivePortraitModel, scene: _Scene, x_s: Tensor, options: DrivingOptions
) -> Tensor:
    """Offset that opens eyes and lip as ordered: Delta_eyes + Delta_lip  (Alg. 1, lines 7-9)."""
    offset = torch.zeros_like(x_s[:1])
    if options.eyes_open is not None:
        eyes = _openness(scene.source, "eyes_open", "source")
        target = _eyes_target(scene, eyes, options)
        condition = eyes_condition(eyes, target)
        offset = offset + retarget_eyes(model, x_s.expand(len(condition), -1, -1), condition)
    if options.lip_open is not None:
        lip = _openness(scene.source, "lip_open", "source")
        if options.lip_open == "driver":
            target = _openness(scene.driving, "lip_open", "driving motion")
        else:
            target = lip.new_full((1, 1), options.lip_open)
        condition = lip_condition(lip, target)
        offset = offset + retarget_lip(model, x_s.expand(len(condition), -1, -1), condition)
    return offset


def _eyes_target(scene: _Scene, eyes: Tensor, options: DrivingOptions) -> Tensor:
    if options.eyes_open != "driver":
        return eyes.new_full((1, 1), float(options.eyes_open or 0.0))
    driving = _openness(scene.driving, "eyes_open", "driving motion")
    if options.published:
        return driving[:, :1]
    if not scene.driving_is_video and scene.reference.eyes_open is None:
        # a picture alone says how open, not how much more open than at rest
        return driving.mean(1, keepdim=True)
    reference = _openness(scene.reference, "eyes_open", "driver's reference")
    return driven_eyes_open(eyes, driving, reference)


def _corrections(
    model: LivePortraitModel, scene: _Scene, x_s: Tensor, options: DrivingOptions
) -> Tensor:
    """Offsets that go on after stitching: the source's lip closed, its eyes held open."""
    offset = torch.zeros_like(x_s[:1])
    if options.normalize_lip and options.motion == "relative":
        lip = _openness(scene.source, "lip_open", "source")
        closing = retarget_lip(model, x_s, lip_condition(lip, torch.zeros_like(lip)))
        offset = offset + torch.where(lip[:, :, None] >= CLOSED_LIP, closing, 0.0)
    if options.source_video_eyes and scene.source_is_video:
        eyes = _openness(scene.source, "eyes_open", "source")
        first = eyes[:1].mean(1, keepdim=True)
        target = torch.where(first < SLEEPY_EYES, AWAKE_EYES, first)
        offset = offset + retarget_eyes(model, x_s, eyes_condition(eyes, target))
    return offset


def _openness(motion: Motion, name: Literal["eyes_open", "lip_open"], owner: str) -> Tensor:
    value: Tensor | None = getattr(motion, name)
    if value is None:
        raise ValueError(
            f"The {owner} carries no {name}, which these options need. Measure it from landmarks, "
            "or switch retargeting, lip normalisation and source-video eyes off."
        )
    return value


def _check_spaces(model: LivePortraitModel, source: Motion, driving: Motion) -> None:
    wanted = model.preset.space
    for owner, motion in (("source", source), ("driving motion", driving)):
        if motion.space != wanted:
            raise MotionSpaceError(
                f"The {owner} is of the keypoint space {motion.space!r}; the "
                f"{model.preset.name} model takes {wanted!r}. Extract it with this model."
            )
