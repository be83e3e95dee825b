"""Algorithm 1 on whole motions: what the driver asks of every frame, before a pixel is painted.

Keypoints are small (0.5 KB a frame), so a clip is driven at once and rendered in chunks.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final, Literal

import torch
from torch import Tensor

from .constants import ANIMAL_SPACE
from .driving_options import DrivingOptions, RetargetMode
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
    shared_space,
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
    _check_space(model, source)
    scene = open_scene(
        source, driving, options, reference=reference, source_is_video=source_is_video
    )
    keypoints = move(scene, options)
    if source.space == ANIMAL_SPACE and options.published:
        # the published animals know neither regions nor openness
        options = replace(options, eyes_open=None, lip_open=None, normalize_lip=False)
    retarget: RetargetMode = "replace" if options.replaces else "add"
    if options.eyes_open is not None:
        keypoints = open_eyes(
            model, scene, keypoints, options.eyes_open, retarget, published=options.published
        )
        retarget = "add"  # the eyes' offset stays
    if options.lip_open is not None:
        keypoints = open_lip(model, scene, keypoints, options.lip_open, retarget)
    if options.stitch:
        keypoints = stitch_keypoints(model, keypoints)
    if options.normalize_lip and options.motion == "relative" and not options.retargets:
        keypoints = close_source_lip(model, scene, keypoints)
    if options.source_video_eyes and scene.source_is_video and not options.retargets:
        keypoints = hold_source_eyes(model, scene, keypoints)
    return amplify(keypoints, options.gain)


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """Source and driver cut to the same length, and what kind each is."""

    source: Motion
    driving: Motion
    reference: Motion
    """The driver's neutral frame, B = 1."""
    source_is_video: bool
    driving_is_video: bool

    @property
    def num_frames(self) -> int:
        """Of the result."""
        return max(len(self.source), len(self.driving))


def open_scene(
    source: Motion,
    driving: Motion,
    options: DrivingOptions,
    *,
    reference: Motion | None = None,
    source_is_video: bool | None = None,
) -> Scene:
    """What `move` and the steps after it work on; see `drive` for the arguments.

    Raises:
        MotionSpaceError: The two are of different keypoint spaces.
        ValueError: No frames, or no such reference frame.
    """
    shared_space(source, driving)
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
    return Scene(
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


def move(scene: Scene, options: DrivingOptions) -> DrivenKeypoints:
    """The source's keypoints and those moved by the driver, before anything else  (Eq. 2, 7)."""
    if scene.source.space == ANIMAL_SPACE and (
        options.published or options.driving_option == "expression-friendly"
    ):
        moved, driven = _carried_over(scene, options)
    else:
        moved = _moved(scene, options)
        driven = transform_keypoints(moved)
    x_s = transform_keypoints(scene.source).expand(scene.num_frames, -1, -1)
    return DrivenKeypoints(source_keypoints=x_s, driving_keypoints=driven, motion=moved)


def _moved(scene: Scene, options: DrivingOptions) -> Motion:
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


def _smooths(scene: Scene, options: DrivingOptions) -> bool:
    automatic = scene.source_is_video and scene.driving_is_video
    if options.published or options.smooth is None:
        return automatic
    return options.smooth and scene.driving_is_video


def _carried_over(scene: Scene, options: DrivingOptions) -> tuple[Motion, Tensor]:
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


def open_eyes(
    model: LivePortraitModel,
    scene: Scene,
    keypoints: DrivenKeypoints,
    eyes_open: float | Literal["driver"],
    retarget: RetargetMode = "add",
    *,
    published: bool = False,
) -> DrivenKeypoints:
    """Driving keypoints with the eyes as open as ordered: + Delta_eyes  (Alg. 1, lines 7, 9).

    Args:
        model: The model.
        scene: What the keypoints were made of.
        keypoints: Of N frames.
        eyes_open: The opening, or "driver" to follow the driver's.
        retarget: add: on top of the driving keypoints; replace: on the source's instead.
        published: Take the driver's first eye as it is.

    Raises:
        ValueError: A motion carries no eye opening.
        CheckpointError: The model lacks R_eyes.
    """
    eyes = _openness(scene.source, "eyes_open", "source")
    target = _eyes_target(scene, eyes, eyes_open, published=published)
    condition = eyes_condition(eyes, target)
    offset = retarget_eyes(model, _source_rows(scene, len(condition)), condition)
    return _with_offset(keypoints, offset, retarget)


def open_lip(
    model: LivePortraitModel,
    scene: Scene,
    keypoints: DrivenKeypoints,
    lip_open: float | Literal["driver"],
    retarget: RetargetMode = "add",
) -> DrivenKeypoints:
    """Driving keypoints with the lip as open as ordered: + Delta_lip  (Alg. 1, lines 8, 9).

    Arguments and errors are those of `open_eyes`, for R_lip.
    """
    lip = _openness(scene.source, "lip_open", "source")
    if lip_open == "driver":
        target = _openness(scene.driving, "lip_open", "driving motion")
    else:
        target = lip.new_full((1, 1), lip_open)
    condition = lip_condition(lip, target)
    offset = retarget_lip(model, _source_rows(scene, len(condition)), condition)
    return _with_offset(keypoints, offset, retarget)


def stitch_keypoints(model: LivePortraitModel, keypoints: DrivenKeypoints) -> DrivenKeypoints:
    """Driving keypoints that keep the shoulders in place  (Alg. 1, lines 5, 10).

    Raises:
        CheckpointError: The model lacks S.
    """
    driven = stitch(model, keypoints.source_keypoints, keypoints.driving_keypoints)
    return replace(keypoints, driving_keypoints=driven)


def close_source_lip(
    model: LivePortraitModel, scene: Scene, keypoints: DrivenKeypoints
) -> DrivenKeypoints:
    """Driving keypoints that begin from a closed lip, where the source's is open.

    Raises:
        ValueError: The source carries no lip opening.
        CheckpointError: The model lacks R_lip.
    """
    lip = _openness(scene.source, "lip_open", "source")
    condition = lip_condition(lip, torch.zeros_like(lip))
    closing = retarget_lip(model, transform_keypoints(scene.source), condition)
    offset = torch.where(lip[:, :, None] >= CLOSED_LIP, closing, 0.0)
    return _with_offset(keypoints, offset)


def hold_source_eyes(
    model: LivePortraitModel, scene: Scene, keypoints: DrivenKeypoints
) -> DrivenKeypoints:
    """Driving keypoints with a source video's eyes as open as in its first frame.

    Raises:
        ValueError: The source carries no eye opening.
        CheckpointError: The model lacks R_eyes.
    """
    eyes = _openness(scene.source, "eyes_open", "source")
    first = eyes[:1].mean(1, keepdim=True)
    target = torch.where(first < SLEEPY_EYES, AWAKE_EYES, first)
    condition = eyes_condition(eyes, target)
    offset = retarget_eyes(model, transform_keypoints(scene.source), condition)
    return _with_offset(keypoints, offset)


def amplify(keypoints: DrivenKeypoints, gain: float) -> DrivenKeypoints:
    """How far the keypoints travel from the source's, multiplied: x_s + gain (x_d - x_s)."""
    if gain == 1:
        return keypoints
    x_s = keypoints.source_keypoints
    driven = x_s + (keypoints.driving_keypoints - x_s) * gain
    return replace(keypoints, driving_keypoints=driven)


def _with_offset(
    keypoints: DrivenKeypoints, offset: Tensor, retarget: RetargetMode = "add"
) -> DrivenKeypoints:
    replaces = retarget == "replace"
    start = keypoints.source_keypoints if replaces else keypoints.driving_keypoints
    return replace(keypoints, driving_keypoints=start + offset)


def _source_rows(scene: Scene, num_rows: int) -> Tensor:
    return transform_keypoints(scene.source).expand(num_rows, -1, -1)


def _eyes_target(
    scene: Scene, eyes: Tensor, eyes_open: float | Literal["driver"], *, published: bool
) -> Tensor:
    if eyes_open != "driver":
        return eyes.new_full((1, 1), eyes_open)
    driving = _openness(scene.driving, "eyes_open", "driving motion")
    if published:
        return driving[:, :1]
    if not scene.driving_is_video and scene.reference.eyes_open is None:
        # a picture alone says how open, not how much more open than at rest
        return driving.mean(1, keepdim=True)
    reference = _openness(scene.reference, "eyes_open", "driver's reference")
    return driven_eyes_open(eyes, driving, reference)


def _openness(motion: Motion, name: Literal["eyes_open", "lip_open"], owner: str) -> Tensor:
    value: Tensor | None = getattr(motion, name)
    if value is None:
        raise ValueError(
            f"The {owner} carries no {name}, which these options need. Measure it from landmarks, "
            "or switch retargeting, lip normalisation and source-video eyes off."
        )
    return value


def _check_space(model: LivePortraitModel, source: Motion) -> None:
    wanted = model.preset.space
    if source.space != wanted:
        raise MotionSpaceError(
            f"The source is of the keypoint space {source.space!r}; the "
            f"{model.preset.name} model takes {wanted!r}. Extract it with this model."
        )
