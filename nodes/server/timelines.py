"""What the front end shows of a timeline: its lanes frame by frame, and what lies beneath them."""

from __future__ import annotations

import uuid
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, replace
from math import ceil
from threading import Lock
from typing import TYPE_CHECKING, Final

import numpy as np
import torch

from ...liveportrait_core.assets.shipped_blendshape_maps import shipped_blendshape_map
from ...liveportrait_core.assets.timeline_words import read_timeline
from ...liveportrait_core.motion.timeline import CONTROL_NAMES, control_spec, timeline_values
from ...liveportrait_core.motion.timeline_motion import (
    frame_of_timeline,
    frame_rate,
    num_frames,
    segment_ends,
    timeline_length,
)
from ...liveportrait_core.motion.timeline_writing import segment_line, write_timeline

if TYPE_CHECKING:
    from ...liveportrait_core.media.audio import Waveform
    from ...liveportrait_core.motion.timeline import Timeline
    from ...liveportrait_core.motion.types import Motion
    from ..sockets import LoadedModel

MOST_KEPT: Final = 16
PEAKS_A_SECOND: Final = 50
MOST_PEAKS: Final = 3000
DECIMALS: Final = 4
LATEST_S: Final = 1e6
"""Of a preview; no sound is as long."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Beneath:
    """What is connected to a timeline."""

    motions: tuple[Motion, ...] = ()
    sound_s: float | None = None
    peaks: tuple[float, ...] = ()
    """How loud the sound is, 0 to 1, in equal parts of its time."""


class KeptBeneath:
    """What was connected to the last few timelines that ran."""

    def __init__(self) -> None:
        """Nothing yet."""
        self._entries: OrderedDict[str, Beneath] = OrderedDict()
        self._lock = Lock()

    def note(self, beneath: Beneath) -> str:
        """Keep what a run saw; gives the key of it."""
        key = uuid.uuid4().hex
        with self._lock:
            self._entries[key] = beneath
            while len(self._entries) > MOST_KEPT:
                self._entries.popitem(last=False)
        return key

    def find(self, key: object) -> Beneath | None:
        """What a run saw; None where it is not known, or no longer."""
        with self._lock:
            return self._entries.get(key) if isinstance(key, str) else None


BENEATH: Final = KeptBeneath()
"""Of this server."""


def beneath_of(motions: tuple[Motion, ...], sound: Waveform | None) -> Beneath:
    """What is connected, with the sound as it is drawn."""
    if sound is None:
        return Beneath(motions=motions)
    loud = np.abs(sound.samples).max(0, initial=0.0)
    sound_s = len(loud) / sound.sample_rate_hz
    parts = max(1, min(MOST_PEAKS, ceil(sound_s * PEAKS_A_SECOND), len(loud)))
    peaks = [float(part.max(initial=0.0)) for part in np.array_split(loud, parts)]
    return Beneath(motions=motions, sound_s=sound_s, peaks=tuple(min(1.0, peak) for peak in peaks))


def tracks_of(text: str, beneath: Beneath | None) -> dict[str, object]:
    """A timeline as the front end draws it.

    Args:
        text: Of the node's widget.
        beneath: What was connected in its last run; without it segments have no end of their own.

    Raises:
        ValueError: The text cannot be read, or it plays what there is not.
    """
    timeline = read_timeline(text)
    shown = _known_part(timeline, beneath)
    known = beneath or Beneath()
    length_s = timeline_length(shown, known.motions, sound_s=known.sound_s)
    fps = frame_rate(shown, known.motions)
    times_s = torch.arange(num_frames(length_s, fps), dtype=torch.float64) / float(fps)
    values = timeline_values(shown, times_s, length_s)
    ends = segment_ends(shown, known.motions)
    return {
        "text": write_timeline(timeline),
        "length_s": length_s,
        "fps": float(fps),
        "stated": {
            "length_s": timeline.length_s,
            "fps": None if timeline.fps is None else str(timeline.fps),
            "loop": timeline.loop,
        },
        "lanes": {
            name: {
                "keys": [[key.time_s, key.value, key.easing] for key in keys],
                "values": [round(value, DECIMALS) for value in values[name].tolist()],
            }
            for name, keys in timeline.lanes.items()
        },
        "segments": [
            {"line": segment_line(segment), "at": segment.at_s, "end": end}
            for segment, end in zip(
                timeline.segments, [*ends, *[None] * len(timeline.segments)], strict=False
            )
        ],
        "ranges": {
            spec.name: [spec.minimum, spec.default, spec.maximum]
            for spec in map(control_spec, CONTROL_NAMES)
        },
        "sound_s": known.sound_s,
        "peaks": [round(peak, 3) for peak in known.peaks],
    }


def frame_of(loaded: LoadedModel, values: Mapping[str, object]) -> Motion:
    """What a timeline makes a face do at a time, one frame.

    Args:
        loaded: Whose keypoints are moved.
        values: "timeline", its text; "time_s"; "beneath", the key of what is connected.

    Raises:
        ValueError: The text cannot be read, or the time is none.
    """
    text, time_s = values.get("timeline"), values.get("time_s", 0)
    if (
        not isinstance(text, str)
        or isinstance(time_s, bool)
        or not isinstance(time_s, int | float)
        or not 0 <= time_s <= LATEST_S
    ):
        raise ValueError(
            f"The preview of a timeline asks for the time {time_s!r} of {type(text).__name__}; a "
            f"number from 0 to {LATEST_S:g} and a text are expected. Reload the page."
        )
    beneath = BENEATH.find(values.get("beneath"))
    timeline = _known_part(read_timeline(text), beneath)
    known = beneath or Beneath()
    space = loaded.model.preset.space
    motions = tuple(motion for motion in known.motions if motion.space == space)
    return frame_of_timeline(
        timeline, shipped_blendshape_map(space), float(time_s), motions, sound_s=known.sound_s
    )


def _known_part(timeline: Timeline, beneath: Beneath | None) -> Timeline:
    """A timeline without segments, where it is not known what they play."""
    return timeline if beneath is not None else replace(timeline, segments=())
