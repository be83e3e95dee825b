"""One motion laid over another: the body of a film, lips from a sound, blinks from life."""

from __future__ import annotations

from dataclasses import replace

import torch
from torch import Tensor

from ..constants import FacePart
from .edit import blend, cleared, fit
from .pieces import in_pieces
from .reference import check_motions, own_reference, reference_of_frames, with_absolute
from .regions import keypoint_space, parts_of_region
from .tool_options import LayerOptions
from .transfer import Selection, relative_motion, select
from .types import Motion


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
        - channels and parts of the face that the motion on top does not carry stay the base's
        - parts with absolute values stay absolute where they are taken whole, in place of the
          base's; else they are measured from a neutral face (`own_reference`)
        - in a space whose keypoints have names, expression turns with the head that it is on, as
          that of sliders does; published expression does not, as the weights expect
        - lids travel the base's own opening where both know their canonical keypoints; where the
          eyes are those of a motion that does not, they travel as far as it says (the canonical
          keypoints of the neutral frame are left out)
        - a strength s mixes: (1 - s) base + s layered (`blend`); what the base does not carry
          goes s as far as in the motion on top
        - openness of a part that moves is not known and left out; whether lips are measured from
          shut ones is said by the motion that they are of

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
    moved = parts_of_region(options.region) & over.carried_parts
    replaced = moved if options.how == "replace" else frozenset[FacePart]()
    absolute = over.absolute_parts & replaced if options.strength == 1 else frozenset[FacePart]()
    made = _layer(cleared(with_absolute(base, ())), cleared(with_absolute(over, absolute)), options)
    neutral = made.reference
    if neutral is not None and "eyes" in replaced and own_reference(over).canonical is None:
        neutral = replace(neutral, canonical=None)
    eyes_open, lip_open = _known_openness(base, moved, len(made))
    return replace(
        made,
        eyes_open=eyes_open,
        lip_open=lip_open,
        absolute=(base.absolute_parts - replaced) | absolute,
        from_shut_lips=(over if "lip" in replaced else base).from_shut_lips,
        reference_frame=0,
        reference=neutral,
    )


def _layer(base: Motion, over: Motion, options: LayerOptions) -> Motion:
    """The layer in the base's time, with its neutral frame."""
    neutral, over_neutral = own_reference(base), own_reference(over)
    timed = base if len(base) > 1 else over
    over = fit(over, timed.fps, len(timed), options.when_shorter)
    over = replace(
        over,
        absent=over.absent | over_neutral.absent,
        parts=over.parts & over_neutral.parts,
    )
    rest = reference_of_frames(base, neutral)
    given = (base, rest, over, reference_of_frames(over, over_neutral))

    def made(frames: slice) -> Motion:
        b, b_0, o, o_0 = (one if len(one) == 1 else one[frames] for one in given)
        return _layered(b, b_0, o, o_0, options)

    num_frames = max(map(len, given))
    if any(one.shot is not None for one in given):  # which are counted over all frames
        layered = made(slice(0, num_frames))
    else:
        layered = in_pieces(made, num_frames)
    return replace(layered, fps=timed.fps, reference=_reference(neutral, rest, layered))


def _layered(
    base: Motion, rest: Motion, over: Motion, over_rest: Motion, options: LayerOptions
) -> Motion:
    """The layer of some frames; `rest` and `over_rest` are the neutral ones."""
    layered = _at_full_strength(base, rest, over, over_rest, options)
    if options.strength == 1:
        return layered
    resting = replace(base, absent=layered.absent, parts=layered.parts)
    return blend(resting, layered, options.strength)


def _at_full_strength(
    base: Motion, rest: Motion, over: Motion, over_rest: Motion, options: LayerOptions
) -> Motion:
    selection = Selection(region=options.region)
    heads = [_in_head(motion) for motion in (base, rest, over, over_rest)]
    base_in_head, rest, over_in_head, over_rest = heads
    moved = relative_motion(rest, over_in_head, over_rest, region=options.region)
    if options.how == "add":
        moved = relative_motion(moved, base_in_head, rest, match_openness=False)
    moved = replace(moved, absent=over.absent, parts=over.parts)
    layered = select(base_in_head, moved, selection)
    expression = _in_head(layered, back=True).expression
    if "pose" not in selection.channels() - over.absent:
        parts = parts_of_region(options.region) & over.carried_parts
        mask = keypoint_space(base.space).part_mask(parts, expression.device)
        expression = torch.where(mask, expression, base.expression)
    return replace(layered, expression=expression)


def _in_head(motion: Motion, *, back: bool = False) -> Motion:
    """A motion whose expression is along the axes of the head instead of the picture, or back."""
    if keypoint_space(motion.space).openness is None:
        return motion
    turn = motion.rotation if back else motion.rotation.mT
    return replace(motion, expression=motion.expression @ turn)


def _known_openness(
    base: Motion, moved_parts: frozenset[FacePart], num_frames: int
) -> tuple[Tensor | None, Tensor | None]:
    """The base's openness of eyes and lip, where they do not move."""
    eyes = None if "eyes" in moved_parts else base.eyes_open
    lip = None if "lip" in moved_parts else base.lip_open
    return (
        None if eyes is None else eyes.expand(num_frames, -1),
        None if lip is None else lip.expand(num_frames, -1),
    )


def _reference(neutral: Motion, rest: Motion, layered: Motion) -> Motion:
    """The base's neutral frame; where its shots have their own, one for each shot of the result."""
    if len(neutral) > 1:
        starts = [frames.start for frames in layered.shot_slices]
        neutral = rest[torch.tensor(starts)] if len(rest) > 1 else rest
    return replace(neutral, absent=layered.absent, parts=layered.parts, shot=None)
