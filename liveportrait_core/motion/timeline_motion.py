"""The motion that a timeline makes: keys added to the motions beneath them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from math import ceil

import torch
from torch import Tensor

from ..constants import FACE_PARTS
from ..errors import about, counted
from .blendshape_map import BlendshapeMap
from .controls import motion_of_controls
from .curves import DECIMALS
from .edit import blend, extend, neutral_motion
from .layers import layer_motions
from .reference import check_motions, own_reference, with_absolute
from .sequence import exact_seconds, put_onto, trim
from .timeline import TIMELINE_FPS, Timeline, timeline_values
from .timeline_options import Segment
from .tool_options import LayerOptions
from .types import Motion, concatenate


def motion_of_timeline(
    timeline: Timeline,
    shape_map: BlendshapeMap,
    motions: Sequence[Motion] = (),
    *,
    sound_s: float | None = None,
) -> Motion:
    """The motion that a timeline makes: a driver, measured from a neutral face.

    `motion_of_timeline(read_timeline("0.8 smile 1"), shipped_blendshape_map(model.preset.space))`

    Convention:
        - frame i is what stands at time i / fps, so another frame rate shows the same movements
        - segments lie over a face at rest and over one another as layers (`layer_motions`), keys
          are added on top; a segment begins at the frame nearest to its time
        - a segment comes in linearly from 0 at its start to 1 after `blend_s`, and goes out
          likewise before its end; at the end of a timeline that is no loop nothing goes out
        - motions that no segment names play one after another from 0, where there is no segment

    Args:
        timeline: Keys and segments.
        shape_map: Of the keypoint space of the model that it is for (`motion_of_controls`).
        motions: What the segments play, of that space.
        sound_s: Length of a sound, which a timeline without a length covers.

    Returns:
        A motion of length * fps frames, at least one.

    Raises:
        MotionSpaceError: The keypoint space is unknown, or a motion is of another one.
        ValueError: A segment names a motion or a part that there is not, a loop has no room after
            its last key, or there is nothing at all.
    """
    check_something(timeline, motions, sound_s)
    check_played(timeline, len(motions))
    space = shape_map.space
    if motions:
        names = {f"motion_{number}": motion for number, motion in enumerate(motions, 1)}
        check_motions(timeline=neutral_motion(space), **names)
    fps = frame_rate(timeline, motions)
    placed = [(each, _part(each, motions)) for each in played(timeline, motions)]
    length_s = timeline_length(timeline, motions, sound_s=sound_s)
    frames = num_frames(length_s, fps)
    times_s = torch.arange(frames, dtype=torch.float64) / float(fps)
    keyed = _keys_alone(timeline, shape_map, times_s, length_s)
    if placed:
        rest = replace(
            keyed.reference or neutral_motion(space), absent=frozenset(), parts=FACE_PARTS
        )
        beneath = rest.describe(fps=fps, reference=rest)[torch.zeros(frames).long()]
        for segment, part in placed:
            beneath = _laid_over(beneath, part, segment, loop=timeline.loop)
        keyed = layer_motions(beneath, keyed, LayerOptions(region="all", how="add"))
    return keyed.describe(fps=fps, producer="timeline")


def frame_of_timeline(
    timeline: Timeline,
    shape_map: BlendshapeMap,
    time_s: float,
    motions: Sequence[Motion] = (),
    *,
    sound_s: float | None = None,
) -> Motion:
    """The one frame of `motion_of_timeline` that is nearest to a time; keys alone are quick.

    `frame_of_timeline(read_timeline("0.8 smile 1"), shape_map, 0.4)`

    Arguments and errors are those of `motion_of_timeline`.
    """
    fps = frame_rate(timeline, motions)
    length_s = timeline_length(timeline, motions, sound_s=sound_s)
    frame = min(num_frames(length_s, fps) - 1, max(0, round(time_s * float(fps))))
    if motions or timeline.segments:
        return motion_of_timeline(timeline, shape_map, motions, sound_s=sound_s)[frame]
    times_s = torch.tensor([frame], dtype=torch.float64) / float(fps)
    keyed = _keys_alone(timeline, shape_map, times_s, length_s)
    return keyed.describe(fps=fps, producer="timeline")


def check_something(
    timeline: Timeline, motions: Sequence[Motion] = (), sound_s: float | None = None
) -> None:
    """Refuse a timeline that would be one frame of a face at rest, as of comments alone.

    Raises:
        ValueError: It holds no key, plays nothing and has no length.
    """
    if not (timeline.lanes or timeline.segments or timeline.length_s or motions or sound_s):
        with about("timeline"):
            raise ValueError(
                "The timeline moves nothing and has no length; a key, a movement, a motion or a "
                "length is expected ('rest' brings back controls that have keys). Add a line as "
                "'0.8 smile 0.7', '1.2 blink' or 'length 4'."
            )


def check_played(timeline: Timeline, num_motions: int, more: str = "Give more motions") -> None:
    """Refuse a timeline that plays a motion which is not beneath it.

    Args:
        timeline: The timeline.
        num_motions: How many are beneath it.
        more: What to do, where the caller knows how motions are given.

    Raises:
        ValueError: It plays another one.
    """
    for segment in timeline.segments:
        if not 0 <= segment.motion <= num_motions:
            with about("timeline"):
                raise ValueError(
                    f"The timeline plays motion {segment.motion} and has "
                    f"{counted(num_motions, 'motion')} beneath it; a number from 0, a face at "
                    f"rest, to {num_motions} is expected. {more}, or choose another number."
                )


def _keys_alone(
    timeline: Timeline, shape_map: BlendshapeMap, times_s: Tensor, length_s: float
) -> Motion:
    values = timeline_values(timeline, times_s, length_s)
    # a control that is not moved gives all frames, also where there is no key at all
    values.setdefault("yaw_deg", torch.zeros(len(times_s)))
    return motion_of_controls(values, shape_map)


def frame_rate(timeline: Timeline, motions: Sequence[Motion]) -> Fraction:
    """Frames per second: the timeline's, that of the first motion beneath that moves, or 25."""
    moving = (motion.fps for motion in motions if len(motion) > 1)
    return timeline.fps or next(moving, TIMELINE_FPS)


def num_frames(length_s: float, fps: Fraction) -> int:
    """Frames of a timeline, one at least."""
    return max(1, round(exact_seconds(length_s) * fps))


def segment_ends(timeline: Timeline, motions: Sequence[Motion]) -> list[float]:
    """Where each segment ends, in seconds; one that lasts to the timeline's end, after its blend.

    Raises:
        ValueError: A segment names a motion or a part that there is not.
    """
    check_played(timeline, len(motions))
    return [_end_s(segment, _part(segment, motions)) for segment in played(timeline, motions)]


def played(timeline: Timeline, motions: Sequence[Motion]) -> tuple[Segment, ...]:
    """The segments of a timeline; where it has none, all motions one after another."""
    return timeline.segments or _one_after_another(motions)


def timeline_length(
    timeline: Timeline, motions: Sequence[Motion] = (), *, sound_s: float | None = None
) -> float:
    """Seconds that a timeline lasts: its length, or else until the end of all that is on it.

    Raises:
        ValueError: A loop has no room after its last key, or a segment cannot be played.
    """
    if timeline.length_s is not None:
        return timeline.length_s
    ends = segment_ends(timeline, motions)
    length_s = max(timeline.last_key_s, sound_s or 0.0, *ends, 0.0)
    if timeline.loop and length_s <= timeline.last_key_s:
        with about("timeline"):
            raise ValueError(
                f"The loop has no length and its last key stands at {timeline.last_key_s:g} s; a "
                "length after the last key is expected, so that it can go back to its beginning. "
                f"Add the line 'length {timeline.last_key_s + 1:g}'."
            )
    # frames stand at both ends of a curve without a loop, so the last key is shown
    frame_s = 0.0 if timeline.loop else float(1 / frame_rate(timeline, motions))
    return max(length_s, timeline.last_key_s + frame_s)


def _one_after_another(motions: Sequence[Motion]) -> tuple[Segment, ...]:
    """All motions, each from the end of the one before."""
    segments: list[Segment] = []
    at_s = 0.0
    for number, motion in enumerate(motions, 1):
        segments.append(Segment(motion=number, at_s=at_s))
        at_s = round(at_s + float(len(motion) / motion.fps), DECIMALS)
    return tuple(segments)


def _part(segment: Segment, motions: Sequence[Motion]) -> Motion | None:
    """The part of a motion that a segment plays, as fast as it plays it; None for rest."""
    if segment.motion == 0:
        return None
    with about("timeline"):
        whole = motions[segment.motion - 1]
        if len(whole) == 1:
            return whole
        lasts_s = None if segment.to_s is None else segment.to_s - segment.from_s
        part = trim(whole, segment.from_s, lasts_s)
    return part.describe(fps=part.fps * exact_seconds(segment.speed))


def _end_s(segment: Segment, part: Motion | None) -> float:
    """Where a segment ends on the timeline; at its start where it lasts to the timeline's end."""
    if segment.lasts_s is not None:
        return segment.at_s + segment.lasts_s
    if part is None or len(part) == 1:
        return segment.at_s + segment.blend_s
    return segment.at_s + float(len(part) / part.fps)


def _laid_over(beneath: Motion, part: Motion | None, segment: Segment, *, loop: bool) -> Motion:
    """A motion with a segment over those of its frames that the segment covers."""
    fps, length = beneath.fps, len(beneath)
    first = round(exact_seconds(segment.at_s) * fps)
    last = length
    if segment.lasts_s is not None or (part is not None and len(part) > 1):
        seconds = exact_seconds(segment.at_s) + Fraction(_end_s(segment, part) - segment.at_s)
        last = min(length, ceil(round(seconds * fps, DECIMALS)))
    if first >= last:
        return beneath
    window = beneath[first:last]
    layered = _layered(window, part, segment)
    weights = _weights(segment.blend_s * float(fps), len(window), goes_out=loop or last < length)
    blended = blend(window, layered, weights)
    neutral = window.reference
    if neutral is not None and layered.reference is not None:
        neutral = replace(neutral, canonical=layered.reference.canonical)
    parts = [beneath[:first], blended, beneath[last:]]
    return concatenate(parts).describe(reference=neutral, absolute=beneath.absolute)


def _layered(beneath: Motion, part: Motion | None, segment: Segment) -> Motion:
    """A motion with a segment over it at full strength.

    A whole motion takes its place as it drives without a timeline; what carries less, or is of a
    region, is a layer.
    """
    rest = own_reference(beneath)
    over = rest.describe(reference=rest) if part is None else part
    options = LayerOptions(region=segment.region, when_shorter=segment.when_shorter)
    if options.region == "all" and not over.absent and over.parts == FACE_PARTS:
        put = put_onto(rest, with_absolute(over, ()), beneath.fps)
        # as in layers: of lids that travel no face's own opening none is known
        known = rest.canonical if own_reference(over).canonical is not None else None
        put = put.describe(reference=replace(rest, canonical=known))
        return extend(put, len(beneath), options.when_shorter)[: len(beneath)]
    return layer_motions(beneath, over, options)[: len(beneath)]


def _weights(blend_frames: float, frames: int, *, goes_out: bool) -> Tensor:
    """(N,) how far a segment counts at each of its frames."""
    if blend_frames <= 0:
        return torch.ones(frames)
    numbers = torch.arange(frames)
    weights = numbers / blend_frames
    if goes_out:
        weights = torch.minimum(weights, (frames - numbers) / blend_frames)
    return weights.clamp(max=1)
