"""What the front end shows of a timeline: its lanes, and what lies beneath them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from fractions import Fraction
from itertools import pairwise
from math import ceil
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, cast

import torch

from ...liveportrait_core.assets.shipped_blendshape_maps import shipped_blendshape_map
from ...liveportrait_core.assets.timeline_words import read_timeline, read_timeline_lines
from ...liveportrait_core.errors import MediaError, about
from ...liveportrait_core.motion.timeline import CONTROL_NAMES, control_spec, lane_values
from ...liveportrait_core.motion.timeline_motion import (
    check_played,
    frame_of_timeline,
    frame_rate,
    played,
    segment_ends,
    timeline_length,
)
from .. import library
from .asked import BENEATH as ASKED_BENEATH
from .asked import TIME, AskedBeneath, beneath_or_nothing
from .beneath import BENEATH, Beneath
from .fields import Field, Fields, text

if TYPE_CHECKING:
    from ...liveportrait_core.motion.curves import Key
    from ...liveportrait_core.motion.timeline import Timeline
    from ...liveportrait_core.motion.timeline_lines import TimelineLines
    from ...liveportrait_core.motion.timeline_options import Segment
    from ...liveportrait_core.motion.types import Motion
    from ..sockets import LoadedModel

DECIMALS: Final = 4
POINTS_A_WAY: Final = 24
"""Of a curve between two keys; more would not be seen."""
CONNECT: Final = "Connect more motions"
"""What to do where a text plays a motion that there is not."""
VALUES: Final[Fields] = MappingProxyType(
    {
        "timeline": Field(text),
        "time_s": Field(TIME, 0.0),
        "beneath": Field(ASKED_BENEATH, None),
    }
)
"""What a preview of a timeline is of: its text, a time, and what is connected."""
JUST_BEFORE_S: Final = 1e-6
"""Where a value that is held is still what it was."""


def tracks_of(timeline_text: str, asked: AskedBeneath) -> dict[str, object]:
    """A timeline as the front end draws and changes it.

    Args:
        timeline_text: Of the node's widget.
        asked: What is connected; where it is not known, segments have no end of their own.

    Raises:
        ValueError: The text cannot be read, or it plays what there is not.
    """
    timeline, lines = read_timeline_lines(timeline_text)
    said, beneath = "", Beneath(motions=None)
    try:
        beneath = BENEATH.find(asked)
    except (MediaError, ValueError) as error:  # the lanes are there all the same
        said = str(error)
    shown = _known_part(timeline, beneath)
    motions = beneath.motions or ()
    length_s = timeline_length(shown, motions, sound_s=beneath.sound_s)
    fps = frame_rate(shown, motions)
    known = beneath.motions is not None
    segments = played(timeline, motions)
    ends = segment_ends(shown, motions) if known else [None] * len(segments)
    numbers = lines.segments or [None] * len(segments)
    return {
        "length_s": length_s,
        "fps": float(fps),
        "stated": {
            "length_s": timeline.length_s,
            "fps": None if timeline.fps is None else str(timeline.fps),
            "loop": timeline.loop,
        },
        "lanes": {
            name: {
                "keys": [
                    [key.time_s, key.value, key.easing, lines.keys[name, key.time_s]]
                    for key in keys
                ],
                "points": _points(name, keys, length_s, fps, loop=timeline.loop),
            }
            for name, keys in timeline.lanes.items()
        },
        "segments": [
            _segment(segment, end, number)
            for segment, end, number in zip(segments, ends, numbers, strict=True)
        ],
        "lines": _said_by(lines),
        "ranges": {
            spec.name: [spec.minimum, spec.default, spec.maximum]
            for spec in map(control_spec, CONTROL_NAMES)
        },
        "sound_s": beneath.sound_s,
        "peaks": [round(peak, 3) for peak in beneath.sound.peaks] if beneath.sound else [],
        "peak_s": beneath.sound.peak_s if beneath.sound else 0,
        "motions": [float(len(motion) / motion.fps) for motion in motions] if known else None,
        "said": said,
    }


def _said_by(lines: TimelineLines) -> dict[str, object]:
    """The numbers of the text's lines by what they say, keys and segments aside."""
    return {
        "settings": lines.settings,
        "events": {number: sorted(names) for number, names in lines.events.items()},
        "rests": lines.rests,
        "rested": {number: sorted(names) for number, names in lines.rested.items()},
        "commands": sorted(lines.commands),
    }


def _segment(segment: Segment, end_s: float | None, line: int | None) -> dict[str, object]:
    """A segment by the words of a text; `line` is None where no line says it."""
    return {
        "motion": segment.motion,
        "at": segment.at_s,
        "from": segment.from_s,
        "to": segment.to_s,
        "for": segment.lasts_s,
        "speed": segment.speed,
        "blend": segment.blend_s,
        "region": segment.region,
        "then": segment.when_shorter,
        "end": end_s,
        "number": line,
        "implied": line is None,
    }


def _points(
    name: str, keys: Sequence[Key], length_s: float, fps: Fraction, *, loop: bool
) -> list[tuple[float, float]]:
    """(second, value) of a control's curve where it is no straight line."""
    moments = [*_moments(keys, length_s, fps)]
    times_s = torch.tensor(moments, dtype=torch.float64)
    values = lane_values(name, keys, times_s, length_s if loop else None).tolist()
    points = list(zip(moments, (round(value, DECIMALS) for value in values), strict=True))
    inner = zip(points, points[1:], points[2:], strict=False)
    bent = [here for before, here, after in inner if len({before[1], here[1], after[1]}) > 1]
    return [points[0], *bent, points[-1]]


def _moments(keys: Sequence[Key], length_s: float, fps: Fraction) -> Iterator[float]:
    """Seconds at which a curve is looked at, from 0 to the end."""
    # the way after the last key is there in a loop, where it is that to the first one
    ways = {0.0: keys[0].easing} | {key.time_s: key.easing for key in keys}
    ways.setdefault(length_s, keys[0].easing)
    for (start_s, _), (end_s, easing) in pairwise(sorted(ways.items())):
        many = 1 if easing in ("hold", "linear") else POINTS_A_WAY
        count = max(1, min(many, ceil((end_s - start_s) * fps)))
        for step in range(count):
            yield round(start_s + (end_s - start_s) * step / count, DECIMALS)
        if easing == "hold":
            yield end_s - JUST_BEFORE_S
    yield length_s


def frame_of(loaded: LoadedModel, values: Mapping[str, object]) -> Motion:
    """What a timeline makes a face do at a time, one frame.

    Args:
        loaded: Whose keypoints are moved.
        values: As `VALUES` reads them.

    Raises:
        ValueError: The text cannot be read.
        MotionSpaceError: A motion beneath is of another keypoint space.
    """
    beneath = BENEATH.find(beneath_or_nothing(values["beneath"]))
    timeline = _known_part(read_timeline(cast(str, values["timeline"])), beneath)
    motions = beneath.motions or ()
    for number, motion in enumerate(motions, 1):
        with about(f"motion_{number}"):
            library.inputs.check_space(loaded.model, motion, f"motion_{number}")
    shape_map = shipped_blendshape_map(loaded.model.preset.space)
    time_s = cast(float, values["time_s"])
    return frame_of_timeline(timeline, shape_map, time_s, motions, sound_s=beneath.sound_s)


def _known_part(timeline: Timeline, beneath: Beneath) -> Timeline:
    """A timeline without segments, where it is not known what they play.

    Raises:
        ValueError: It is known, and there is no such motion.
    """
    if beneath.motions is None:
        return replace(timeline, segments=())
    check_played(timeline, len(beneath.motions), CONNECT)
    return timeline
