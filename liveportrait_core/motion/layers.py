"""One motion laid over another: the body of a film, lips from a sound, blinks from life."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import torch
from torch import Tensor

from ..constants import Region
from .edit import blend, fit
from .reference import check_motions, own_reference, reference_of_frames
from .regions import keypoint_space
from .tool_options import LayerOptions
from .transfer import Selection, relative_motion, select
from .types import Motion

EYES: Final = ("all", "expression", "eyes")
"""Regions that move the eyes."""


def layer_motions(base: Motion, over: Motion, options: LayerOptions | None = None) -> Motion:
    """A motion with a region of another one laid over it.

    `layer_motions(film, idle, LayerOptions(region="eyes"))`

    b and o are the two motions, b_0 and o_0 their neutral frames, and m is b_0 moved from o_0 to o
    (Eq. 7, `relative_motion`). In the region `replace` gives m, and `add` gives m moved from b_0 to
    b; elsewhere all stays b.

    Convention:
        - each is measured from its own neutral frame (`own_reference`), of its shot where shots
          have their own; the result is measured from the base's
        - the motion on top is retimed to the base's frame rate, cut to its length, and where it is
          shorter it goes on as `when_shorter` says; a base of one frame takes its rate and length
        - channels that the motion on top does not carry stay the base's
        - in a space whose keypoints have names, expression turns with the head that it is on, as
          that of sliders does; published expression does not, as the weights expect
        - lids travel the base's own opening where both know their canonical keypoints; where the
          eyes are those of a motion that does not, they travel as far as it says (the canonical
          keypoints of the neutral frame are left out)
        - a strength s mixes: (1 - s) base + s layered (`blend`)
        - openness of a part that the region moves is not known and left out

    Args:
        base: Any motion.
        over: The motion on top, of the same keypoint space.
        options: Region and way.

    Returns:
        As many frames as the base; of a base of one frame as many as the motion on top.

    Raises:
        MotionSpaceError: The keypoint spaces differ.
        ValueError: One of the motions cannot be used (`check_motions`).
    """
    options = options or LayerOptions()
    check_motions(base=base, over=over)
    neutral, over_neutral = own_reference(base), own_reference(over)
    timed = base if len(base) > 1 else over
    over = fit(over, timed.fps, len(timed), options.when_shorter)
    rest = reference_of_frames(base, neutral)
    over_rest = reference_of_frames(over, over_neutral)
    lacking = over.absent | over_neutral.absent
    layered = _layered(base, rest, replace(over, absent=lacking), over_rest, options)
    if options.strength < 1:
        layered = blend(base, layered, options.strength)
    neutral = _reference(neutral, rest, layered)
    if options.how == "replace" and options.region in EYES and over_neutral.canonical is None:
        neutral = replace(neutral, canonical=None)
    eyes_open, lip_open = _known_openness(base, options.region, len(layered))
    return replace(
        layered,
        fps=timed.fps,
        eyes_open=eyes_open,
        lip_open=lip_open,
        reference_frame=0,
        reference=neutral,
    )


def _layered(
    base: Motion, rest: Motion, over: Motion, over_rest: Motion, options: LayerOptions
) -> Motion:
    """The layer at full strength; `rest` and `over_rest` are the neutral frames."""
    selection = Selection(region=options.region)
    heads = [_in_head(motion) for motion in (base, rest, over, over_rest)]
    base_in_head, rest, over_in_head, over_rest = heads
    moved = relative_motion(rest, over_in_head, over_rest, region=options.region)
    if options.how == "add":
        moved = relative_motion(moved, base_in_head, rest, match_openness=False)
    layered = select(base_in_head, replace(moved, absent=over.absent), selection)
    expression = _in_head(layered, back=True).expression
    if "pose" not in selection.channels():
        mask = keypoint_space(base.space).expression_mask(
            options.region, masked=False, device=expression.device
        )
        expression = torch.where(mask, expression, base.expression)
    return replace(layered, expression=expression)


def _in_head(motion: Motion, *, back: bool = False) -> Motion:
    """A motion whose expression is along the axes of the head instead of the picture, or back."""
    if keypoint_space(motion.space).openness is None:
        return motion
    turn = motion.rotation if back else motion.rotation.mT
    return replace(motion, expression=motion.expression @ turn)


def _known_openness(
    base: Motion, region: Region, num_frames: int
) -> tuple[Tensor | None, Tensor | None]:
    """The base's openness of eyes and lip, where the region does not move them."""
    kept = {"pose": ("eyes", "lip"), "lip": ("eyes",), "eyes": ("lip",)}.get(region, ())
    eyes = base.eyes_open if "eyes" in kept else None
    lip = base.lip_open if "lip" in kept else None
    return (
        None if eyes is None else eyes.expand(num_frames, -1),
        None if lip is None else lip.expand(num_frames, -1),
    )


def _reference(neutral: Motion, rest: Motion, layered: Motion) -> Motion:
    """The base's neutral frame; where its shots have their own, one for each shot of the result."""
    if len(neutral) > 1:
        starts = [frames.start for frames in layered.shot_slices]
        neutral = rest[torch.tensor(starts)] if len(rest) > 1 else rest
    return replace(neutral, absent=layered.absent, shot=None)
