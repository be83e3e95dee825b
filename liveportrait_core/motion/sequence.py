"""Parts of motions, and motions one after another."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction

import torch
from torch import Tensor

from ..errors import about, counted
from .edit import cleared, crossfaded, retime
from .reference import check_motions, own_reference, reference_of_frames, with_absolute
from .tool_options import JoinOptions
from .transfer import relative_motion
from .types import Motion, concatenate


def exact_seconds(seconds: float) -> Fraction:
    """The decimal number that was written."""
    return Fraction(str(seconds))


def trim(motion: Motion, start_s: float = 0.0, duration_s: float | None = None) -> Motion:
    """A part of a motion; what counts as neutral stays.

    `trim(motion, 1.5, 2.0)`

    Convention:
        - times are the decimal numbers that are written, rounded to the nearest frame

    Args:
        motion: The motion.
        start_s: Where it begins; below 0 counts from the end.
        duration_s: How long it is at most; None: to the end.

    Returns:
        One frame or more.

    Raises:
        ValueError: The part has no frame.
    """
    first = round(exact_seconds(start_s) * motion.fps)
    first = max(0, first + len(motion)) if first < 0 else first
    stop = len(motion)
    if duration_s is not None:
        stop = min(stop, first + round(exact_seconds(duration_s) * motion.fps))
    if first >= stop:
        raise ValueError(
            f"The part of the motion has 0 frames; 1 or more are expected, and it lasts "
            f"{float(len(motion) / motion.fps):g} s. Begin earlier, or take a longer part."
        )
    if (first, stop) == (0, len(motion)):
        return motion
    return motion[first:stop].describe(reference_frame=0, reference=own_reference(motion))


def join_motions(
    motions: Sequence[Motion], blend_frames: int = JoinOptions().blend_frames
) -> Motion:
    """Motions one after another, as one.

    `join_motions([nod, smile], blend_frames=5)`

    Convention:
        - all after the first are retimed to its frame rate, and moved from their own neutral frame
          to that of its last frame (Eq. 7, `relative_motion`), from which all are then measured
        - n frames at a seam are those of both motions at once: frame k of 1 to n mixes k / (n + 1)
          of the next one in (`blend`); at n = 0 a new shot begins there
        - what only some of them carry rests in the others; parts of the face with absolute values
          stay absolute where they are so in all, else they are measured from a neutral face
        - openness of more than one motion is not known and left out

    Args:
        motions: One or more, of the same keypoint space.
        blend_frames: n, at most half of the shortest motion.

    Returns:
        A motion of N_1 + ... + N_k - n (k - 1) frames, N_i those of motion i at the first's rate.

    Raises:
        MotionSpaceError: The keypoint spaces differ.
        ValueError: There is none, one cannot be used (`check_motions`), or one is too short.
    """
    if not motions:
        raise ValueError("There are 0 motions; 1 or more are expected. Give a motion.")
    check_motions(**{f"motion_{number}": motion for number, motion in enumerate(motions, 1)})
    if len(motions) == 1:
        return motions[0]
    absolute = frozenset.intersection(*(motion.absolute_parts for motion in motions))
    motions = [with_absolute(cleared(motion), absolute) for motion in motions]
    first = motions[0]
    reference = own_reference(first)
    anchor = reference_of_frames(first, reference)[-1:]
    parts = [first, *(put_onto(anchor, motion, first.fps) for motion in motions[1:])]
    for number, part in enumerate(parts, 1):
        _check_blend(blend_frames, part, number)
    parts = _with_validity(_with_shots(parts, cut=blend_frames == 0))
    pieces = [parts[0]]
    for part in parts[1:]:
        end = pieces.pop()
        stop = len(end) - blend_frames
        seam = [crossfaded(end[stop:], part[:blend_frames])] if blend_frames else []
        pieces += [end[:stop], *seam, part[blend_frames:]]
    joined = concatenate(pieces)
    carried = {
        "absent": frozenset.intersection(*(part.absent for part in parts)),
        "parts": frozenset.union(*(part.carried_parts for part in parts)),
    }
    rows = _reference_rows(reference, anchor, joined).describe(**carried)
    return replace(
        joined.describe(**carried),
        reference_frame=0,
        reference=rows,
        from_shut_lips=all(motion.from_shut_lips for motion in motions),
    )


def put_onto(anchor: Motion, motion: Motion, fps: Fraction) -> Motion:
    """A motion moved from its own neutral frame to another one."""
    reference = own_reference(motion)
    retimed = motion if len(motion) == 1 else retime(motion, fps)
    put = relative_motion(anchor, retimed, reference_of_frames(retimed, reference))
    return replace(put, fps=fps)


def _check_blend(blend_frames: int, motion: Motion, number: int) -> None:
    if not 0 <= blend_frames <= len(motion) // 2:
        with about("blend_frames"):
            raise ValueError(
                f"blend_frames is {blend_frames} and motion {number} has "
                f"{counted(len(motion), 'frame')}; 0 to {len(motion) // 2}, half of them, is "
                "expected. Choose fewer."
            )


def _with_shots(parts: Sequence[Motion], *, cut: bool) -> list[Motion]:
    """The parts with shots that are numbered on from part to part."""
    if not cut and all(part.shot is None for part in parts):
        return list(parts)
    numbered: list[Motion] = []
    last, top = 0, -1
    for part in parts:
        own = part.shot
        if own is None:
            own = torch.zeros(len(part), dtype=torch.long, device=part.expression.device)
        if numbered:
            following = own + top + (1 if cut else 0)
            own = following if cut else torch.where(own == 0, last, following)
        numbered.append(replace(part, shot=own))
        last, top = int(own[-1]), max(top, int(own.max()))
    return numbered


def _with_validity(parts: Sequence[Motion]) -> list[Motion]:
    """The parts with validity, where one of them has it."""
    if all(part.validity is None for part in parts):
        return list(parts)
    return [replace(part, validity=_validity(part)) for part in parts]


def _validity(motion: Motion) -> Tensor:
    if motion.validity is not None:
        return motion.validity
    return motion.expression.new_ones(len(motion))


def _reference_rows(reference: Motion, anchor: Motion, joined: Motion) -> Motion:
    """One neutral frame, or one for each number of a shot: the first's, then the anchor."""
    if len(reference) == 1 or joined.shot is None:
        return reference[:1]
    more = int(joined.shot.max()) + 1 - len(reference)
    return concatenate([reference, *[anchor] * more])
