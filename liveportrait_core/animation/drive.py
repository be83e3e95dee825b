"""Algorithm 1 on whole motions: what the driver asks of every frame, before a pixel is rendered.

Keypoints are small (0.5 KB a frame), so a clip is driven at once and rendered in chunks.
"""

from __future__ import annotations

import logging
from dataclasses import replace

from torch import Tensor

from ..constants import ANIMAL_SPACE
from ..model import LivePortraitModel
from ..motion.hull import hull_volume
from ..motion.regions import keypoint_space
from ..motion.smoothing import smooth_motion
from ..motion.transfer import Selection, absolute_motion, relative_motion, select
from ..motion.transform import in_other_crop, transform_keypoints
from ..motion.types import CHANNELS, Motion
from ..options import DrivingOptions, RetargetMode
from ..preset import Preset
from ..stages import stitch
from ..warned import OptionName
from .crops import framing_travel
from .inputs import DrivenKeypoints, DrivingInputs, check_space, prepare_inputs
from .limits import limit_motion, limits_for
from .retarget import close_source_lip, hold_source_eyes, open_eyes, open_lip

_LOG = logging.getLogger(__name__)


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

    `drive(model, extract_motion(model, face), load_motion(path), DrivingOptions(gain=1.2))`

    Convention:
        - an image gives as many frames as the driver has; a source video driven by a video
          the shorter number; a source video driven by a picture its own
        - a driver of one frame is measured against a neutral face, not against itself
        - a source video keeps its own scale and place, and of its expression what does not
          belong to the face
        - motions are on the model's device
        - motion beyond what the model can render is softened (`limit_motion`)
        - the source's lips are closed first where the options say so, or the driver is measured
          from shut ones and the source's can be closed

    Args:
        model: The model; S and R are used only where the options ask for them.
        source: Motion of the source, with its openness where openness is to be changed.
        driving: Motion of the driver, with its openness where that is to be followed.
        options: How to drive.
        reference: The driver's neutral frame (B = 1); None takes the driver's own.
        source_is_video: Needed only for a source video of one frame.

    Returns:
        Keypoints of N frames.

    Raises:
        MotionSpaceError: A motion is not of the model's keypoint space.
        ValueError: No frames, or an option needs openness that a motion does not carry.
        CheckpointError: An option needs a network that the model lacks.
    """
    options = options or DrivingOptions()
    name_idle(options)
    check_space(model, source, "source")
    inputs = prepare_inputs(
        source, driving, options, reference=reference, source_is_video=source_is_video
    )
    keypoints = move(inputs, options, model.preset)
    if source.space == ANIMAL_SPACE and options.published:
        # the published animals know neither regions nor openness
        options = replace(options, eyes_open=None, lip_open=None, normalize_lip=False)
    keypoints = _opened(model, inputs, keypoints, options)
    if options.stitch:
        keypoints = stitch_keypoints(model, keypoints)
    closes = options.normalize_lip or _asks_for_shut_lips(model, inputs, options)
    if closes and options.motion == "relative" and not options.retargets:
        keypoints = close_source_lip(model, inputs, keypoints)
    if options.source_video_eyes and inputs.source_is_video and not options.retargets:
        keypoints = hold_source_eyes(model, inputs, keypoints)
    return amplify(keypoints, options.gain)


def _asks_for_shut_lips(
    model: LivePortraitModel, inputs: DrivingInputs, options: DrivingOptions
) -> bool:
    """Whether the driver's lips are measured from shut ones, and the source's can be closed."""
    source = inputs.source
    if not inputs.driving.from_shut_lips or source.lip_open is None:
        return False
    if source.space == ANIMAL_SPACE and options.published:
        return False
    return keypoint_space(source.space).openness is not None or model.lip is not None


def _opened(
    model: LivePortraitModel,
    inputs: DrivingInputs,
    keypoints: DrivenKeypoints,
    options: DrivingOptions,
) -> DrivenKeypoints:
    """Eyes and lip as open as the options ask for  (Alg. 1, lines 7-9)."""
    retarget: RetargetMode = "replace" if options.replaces else "add"
    if options.eyes_open is not None:
        keypoints = open_eyes(
            model,
            inputs,
            keypoints,
            options.eyes_open,
            retarget,
            strength=options.eyes_strength,
            published=options.published,
        )
        retarget = "add"  # the eyes' offset stays
    if options.lip_open is not None:
        keypoints = open_lip(
            model, inputs, keypoints, options.lip_open, retarget, strength=options.lip_strength
        )
    return keypoints


def _in_source_crop(inputs: DrivingInputs, travel: Tensor) -> DrivingInputs:
    """The driver's motion in crop units of the source."""
    travel = travel.to(inputs.source.translation)
    return replace(
        inputs,
        driving=in_other_crop(inputs.driving, travel),
        reference=in_other_crop(inputs.reference, travel),
    )


def name_idle(options: DrivingOptions) -> None:
    """Warn of options that do nothing beside others."""
    beside = "openings of eyes or lip" if options.retargets else "absolute motion"
    idle = {
        "normalize_lip": options.normalize_lip
        and (options.retargets or options.motion == "absolute"),
        "source_video_eyes": options.source_video_eyes and options.retargets,
    }
    for name in (name for name, is_idle in idle.items() if is_idle):
        _LOG.warning("%s does nothing beside %s. Leave one of them out.", OptionName(name), beside)


def move(
    inputs: DrivingInputs, options: DrivingOptions, preset: Preset | None = None
) -> DrivenKeypoints:
    """The source's keypoints and those moved by the driver, before anything else  (Eq. 2, 7).

    Convention:
        - as a compact model frames sources wider than drivers, the driver's motion is converted to
          the source's crop units (`framing_travel`; not `published`)
        - travel of animals that is resized to the face (`expression-friendly`) has no limits

    Args:
        inputs: Source and driver.
        options: How to drive.
        preset: The model's, for its framing and its limits; None has neither.
    """
    limits = limits_for(preset, options) if preset else None
    if preset and preset.family == "compact" and not options.published:
        inputs = _in_source_crop(inputs, framing_travel(preset))
    if inputs.source.space == ANIMAL_SPACE and (
        options.published or options.driving_option == "expression-friendly"
    ):
        moved, driven = _carried_over(inputs, options)
    else:
        moved = _moved(inputs, options)
        if limits is not None:
            keeps_place = options.stitch and not inputs.source_is_video
            moved = limit_motion(inputs.source, moved, limits, keeps_place=keeps_place)
        driven = transform_keypoints(moved)
    x_s = transform_keypoints(inputs.source).expand(inputs.num_frames, -1, -1)
    return DrivenKeypoints(source_keypoints=x_s, driving_keypoints=driven, motion=moved)


def _moved(inputs: DrivingInputs, options: DrivingOptions) -> Motion:
    """The source moved by the driver, smoothed where asked for  (Eq. 7)."""
    source = inputs.source
    relative = options.motion == "relative"
    selection = Selection(
        region=options.region,
        masked_expression=inputs.source_is_video or not relative,
        keep_scale=inputs.source_is_video or not relative,
        keep_translation=inputs.source_is_video and relative,
    )
    if relative:
        whole = relative_motion(
            source,
            inputs.driving,
            inputs.reference,
            match_openness=False if options.published else options.match_openness,
        )
    else:
        whole = absolute_motion(source, inputs.driving, Selection())
    if _smooths(inputs, options):
        # before the selection: what stays the source's stays untouched
        whole = smooth_motion(
            whole,
            options.smooth_variance,
            channels=("expression", "pose") if inputs.source_is_video else CHANNELS,
            entrywise=options.published,
        )
    driving = inputs.driving
    carried = replace(whole, absent=driving.absent, parts=driving.parts)
    return select(source, carried, selection)


def _smooths(inputs: DrivingInputs, options: DrivingOptions) -> bool:
    automatic = inputs.source_is_video and inputs.driving_is_video
    if options.published or options.smooth is None:
        return automatic
    return options.smooth and inputs.driving_is_video


def _carried_over(inputs: DrivingInputs, options: DrivingOptions) -> tuple[Motion, Tensor]:
    """Travel of the absolute keypoints, resized to the source: (x_i - x_0) m + x_s.

    Convention:
        - m is the square root of the ratio of the hulls' volumes, as the published code has it,
          though a length goes with the cube root
    """
    region = "all" if options.published else options.region
    reference = inputs.driving[0] if options.published else inputs.reference
    taken = Selection(region=region, keep_scale=True)
    moved, neutral = (
        absolute_motion(inputs.source, driver, taken) for driver in (inputs.driving, reference)
    )
    x_s, x_0 = transform_keypoints(inputs.source), transform_keypoints(neutral)
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


def stitch_keypoints(model: LivePortraitModel, keypoints: DrivenKeypoints) -> DrivenKeypoints:
    """Driving keypoints that keep the shoulders in place  (Alg. 1, lines 5, 10).

    The result is `stitched`: what is rendered from it keeps the source's edge (`warp`).

    Raises:
        CheckpointError: The model lacks S.
    """
    driven = stitch(model, keypoints.source_keypoints, keypoints.driving_keypoints)
    return replace(keypoints, driving_keypoints=driven, stitched=True)


def amplify(keypoints: DrivenKeypoints, gain: float) -> DrivenKeypoints:
    """How far the keypoints travel from the source's, multiplied: x_s + gain (x_d - x_s)."""
    if gain == 1:
        return keypoints
    x_s = keypoints.source_keypoints
    driven = x_s + (keypoints.driving_keypoints - x_s) * gain
    return replace(keypoints, driving_keypoints=driven)
