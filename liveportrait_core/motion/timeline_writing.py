"""A timeline written as text, which reads as the same timeline."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence

from .control_options import OPPOSITE, name_of_both, short_name
from .curves import DECIMALS, Easing, Key
from .timeline import Timeline
from .timeline_options import Segment
from .timeline_text import BEZIER, PLAY, SEGMENT_WORDS


def write_timeline(timeline: Timeline) -> str:
    """The text of a timeline, which reads as the same timeline and is written the same again.

    `write_timeline(Timeline(lanes={"jaw_open": (Key(0.8, 0.7),)}))` is "0.8 jaw_open 0.7"
    """
    lines = [] if timeline.length_s is None else [f"length {_plain(timeline.length_s)}"]
    lines += [] if timeline.fps is None else [f"fps {timeline.fps}"]
    lines += ["loop"] if timeline.loop else []
    lines += [segment_line(segment) for segment in timeline.segments]
    moments: dict[float, dict[str, Key]] = defaultdict(dict)
    for name, keys in timeline.lanes.items():
        for key in keys:
            moments[key.time_s][name] = key
    lines += [
        f"{_plain(time_s)} {'; '.join(_items(moments[time_s]))}" for time_s in sorted(moments)
    ]
    return "\n".join(lines) + "\n" * bool(lines)


def segment_line(segment: Segment) -> str:
    """The line of a segment."""
    words = [_plain(segment.at_s), PLAY, str(segment.motion)]
    for word, spec in SEGMENT_WORDS.items():
        value = getattr(segment, spec.name)
        if value != spec.default:
            words += [word, value if isinstance(value, str) else _plain(value)]
    return " ".join(words)


def _items(keys: Mapping[str, Key]) -> list[str]:
    """The keys of a time by their controls; both sides as one where they do the same."""
    items: list[str] = []
    for name, key in keys.items():
        other = OPPOSITE[name]
        together = other != name and keys.get(other) == key
        if together and "right" in name:
            continue
        shown = name_of_both(name) if together else short_name(name)
        items.append(" ".join([shown, _plain(key.value), *_easing_words(key.easing)]))
    return items


def _easing_words(easing: Easing) -> Sequence[str]:
    if easing == "smooth":
        return []
    return [easing] if isinstance(easing, str) else [BEZIER, *map(_plain, easing)]


def _plain(number: float) -> str:
    """The shortest decimal number."""
    return f"{round(number, DECIMALS) + 0.0:.{DECIMALS}f}".rstrip("0").rstrip(".") or "0"
