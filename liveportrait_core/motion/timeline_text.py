"""A timeline as text: what one writes by hand, and what a widget keeps."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Callable, Generator, Iterable, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from types import MappingProxyType
from typing import Any, Final, NoReturn

import torch

from ..config.fields import specs_of
from ..config.spec import OptionSpec
from ..errors import about, nearest, shortened
from .control_options import NAMES
from .curves import DECIMALS, EASINGS, Easing, Handles, Key
from .life import BLINK_CLOSING_S, BLINK_OPENING_S, BLINK_SHUT_S
from .plain_text import plain_text
from .timeline import TIMELINE_FPS, Timeline, control_spec, lane_values
from .timeline_commands import COMMAND_FORM, Command, read_command, segments_of_commands
from .timeline_keys import NUMBER, after_key, read_key, without_number
from .timeline_lines import TimelineLines
from .timeline_options import Segment
from .tool_options import FRAME_RATES, read_frame_rate

COMMENT: Final = "#"
PLAY: Final = "play"
REST: Final = "rest"
BEZIER: Final = "bezier"
SETTINGS: Final = ("length", "fps", "loop")
_SHORT_EASINGS: Final[Mapping[str, str]] = MappingProxyType({"in": "ease-in", "out": "ease-out"})
_BLINK: Final = (
    (BLINK_CLOSING_S, 1.0),
    (BLINK_CLOSING_S + BLINK_SHUT_S, 1.0),
    (BLINK_CLOSING_S + BLINK_SHUT_S + BLINK_OPENING_S, 0.0),
)
EVENTS: Final[Mapping[str, tuple[tuple[str, ...], tuple[tuple[float, float], ...]]]] = (
    MappingProxyType(
        {
            "blink": (("blink_left", "blink_right"), _BLINK),
            "wink": (("blink_left",), _BLINK),
            "wink_left": (("blink_left",), _BLINK),
            "wink_right": (("blink_right",), _BLINK),
            "nod": (("pitch_deg",), ((0.2, 8.0), (0.45, -2.0), (0.7, 0.0))),
            "shake": (("yaw_deg",), ((0.2, 10.0), (0.5, -10.0), (0.75, 0.0))),
        }
    )
)
"""Movements that take a moment: the controls that they move, and by how much they move on top of
what stands there, so many seconds after their beginning."""
SEGMENT_WORDS: Final[Mapping[str, OptionSpec]] = MappingProxyType(
    {
        spec.flag or spec.name: spec
        for spec in specs_of(Segment)
        if spec.name not in ("motion", "at_s")
    }
)
"""What may follow `play N`."""
_SEPARATORS: Final = re.compile(r"[;,\u3001]")
_TIME: Final = re.compile(
    r"(?:(\d{1,9}):)?(\d+\.?\d*|\.\d+)(ms|s|\u6beb\u79d2|\u79d2)?"  # Chinese ms and s
)
_MILLISECONDS: Final = frozenset(("ms", "\u6beb\u79d2"))


@dataclass(frozen=True, slots=True, kw_only=True)
class TimelineWords:
    """How words are understood."""

    values: Callable[[str], Mapping[str, float]]
    """Gives what words say of the controls that they name, or a ValueError."""
    tokens: Mapping[str, str]
    """What single words of any language are read as: `blink` is an event in all of them."""


def parse_timeline(text: str, words: TimelineWords | None = None) -> Timeline:
    """The timeline that a text describes.

    `parse_timeline("0.8 smile 0.7 ease; yaw 10")`

    Convention:
        - a line is a time and what happens then, with ; or , between several; # begins a comment
        - `NAME VALUE [EASING]` is a key of a control, of both sides where the name has none; the
          easing is that of the way to this key: smooth (without any), linear, hold, ease, ease-in,
          ease-out, or `bezier X1 Y1 X2 Y2`
        - `blink`, `wink left`, `nod` and `shake` take a moment and go back to what was there;
          `rest` brings back every control that has keys
        - `play N` lays motion N beneath, with `from S`, `to S`, `for S`, `speed X`, `blend S`,
          `region NAME`, `then hold|loop|bounce` behind it
        - a line `1 = 5:10` is a command of AdvancedLivePortrait (`segments_of_commands`)
        - `length S`, `fps RATE` and `loop` stand on lines of their own
        - times are seconds (`0.8`, `0.8s`), `800ms` or `1:02.5`
        - letters, digits and signs may be of full width

    Args:
        text: The lines.
        words: How anything else is understood; None: it is refused.

    Raises:
        ValueError: A line cannot be read; the sentence names the line and the word.
    """
    return parse_timeline_lines(text, words)[0]


def parse_timeline_lines(
    text: str, words: TimelineWords | None = None
) -> tuple[Timeline, TimelineLines]:
    """`parse_timeline`, and which line says what."""
    reader = _Reader(words)
    with about("timeline"):
        for number, line in enumerate(text.splitlines(), 1):
            reader.line(number, _said_in(line))
        timeline = reader.timeline()
    return timeline, reader.lines()


def begins_timeline(text: str) -> bool:
    """Whether the first line that says something is one of a timeline; comments alone are one."""
    lines = (_said_in(line).split() for line in text.splitlines())
    words = next((words for words in lines if words), None)
    if words is None:
        return True
    is_timed = _TIME.fullmatch(words[0].lower()) is not None and len(words) > 1
    return is_timed or words[0].lower() in SETTINGS or read_command(" ".join(words)) is not None


def _said_in(line: str) -> str:
    """A line without its comment, its letters and signs of usual width."""
    return plain_text(line).partition(COMMENT)[0].strip()


class _Reader:
    """Lines of a text, put together."""

    def __init__(self, words: TimelineWords | None) -> None:
        self._words = words
        self._number = 0
        self._lanes: dict[str, dict[float, Key]] = {}
        self._lines: dict[tuple[str, float], int] = {}
        self._segments: list[tuple[int, Segment]] = []
        self._settings: dict[str, Any] = {}
        self._set_in: defaultdict[str, list[int]] = defaultdict(list)
        self._rests: list[tuple[int, float, Easing]] = []
        self._rested: defaultdict[int, frozenset[str]] = defaultdict(frozenset)
        self._events: list[tuple[int, float, str]] = []
        self._commands: list[tuple[int, Command]] = []

    def line(self, number: int, line: str) -> None:
        """Read one line, without its comment."""
        self._number = number
        words = line.split()
        if not words:
            return
        if words[0].lower() in SETTINGS:
            self._setting(words[0].lower(), words[1:])
        elif "=" in line:
            command = read_command(line)
            if command is None:
                self._refuse(line, f"{COMMAND_FORM} is expected")
            self._commands.append((number, command))
        else:
            time_s = self._time(words[0])
            items = [item.split() for item in _SEPARATORS.split(line[len(words[0]) :])]
            if not any(items):
                self._refuse(words[0], "a line that says what happens at this time is expected")
            for item in filter(None, items):
                self._item(time_s, item)

    def _setting(self, word: str, rest: list[str]) -> None:
        """A line that says something of the whole."""
        self._set_in[word].append(self._number)
        match word, rest:
            case "loop", []:
                self._set("loop", True)
            case "length", [length]:
                self._set("length_s", self._time(length))
            case "fps", [rate]:
                self._set("fps", self._rate(rate))
            case _:
                wanted = "nothing" if word == "loop" else "one number"
                self._refuse(" ".join(rest) or word, f"{wanted} is expected after '{word}'")

    def timeline(self) -> Timeline:
        """All that was read."""
        for number, time_s, name in self._events:
            self._number = number
            self._happen(time_s, name)
        for number, time_s, easing in self._rests:
            for name, keys in self._lanes.items():
                key = Key(time_s, control_spec(name).default, easing)
                if keys.setdefault(key.time_s, key) is key:
                    self._lines[name, key.time_s] = number
                    self._rested[number] |= {name}
        if self._commands:
            fps = self._settings.get("fps", TIMELINE_FPS)
            numbers, commands = zip(*self._commands, strict=True)
            poses, length_s = segments_of_commands(commands, fps)
            self._settings.setdefault("length_s", length_s)
            self._segments = [*zip(numbers, poses, strict=True), *self._segments]
        lanes = {name: tuple(keys.values()) for name, keys in self._lanes.items()}
        segments = tuple(segment for _, segment in self._segments)
        return Timeline(lanes=lanes, segments=segments, **self._settings)

    def lines(self) -> TimelineLines:
        """Where all of it stands, once `timeline` has put it together."""
        events: defaultdict[int, frozenset[str]] = defaultdict(frozenset)
        for number, _, name in self._events:
            events[number] |= frozenset(EVENTS[name][0])
        return TimelineLines(
            keys=self._lines,
            segments=tuple(number for number, _ in self._segments),
            settings={name: tuple(self._set_in[name]) for name in SETTINGS},
            events=events,
            rests={number: round(time_s, DECIMALS) for number, time_s, _ in self._rests},
            rested=self._rested,
            commands=frozenset(number for number, _ in self._commands),
        )

    def _set(self, name: str, value: object) -> None:
        if name in self._settings:
            self._refuse(name.removesuffix("_s"), "one line of it is expected; there are two")
        self._settings[name] = value

    def _item(self, time_s: float, words: list[str]) -> None:
        """What happens at a time."""
        if words[0].lower() == PLAY:
            self._segments.append((self._number, self._segment(time_s, words[1:])))
            return
        words, easing = self._easing(words)
        phrase = " ".join(words).lower()
        if self._words is not None:
            phrase = self._words.tokens.get(phrase, phrase)
        name = phrase.replace(" ", "_")
        if name == REST:
            self._rests.append((self._number, time_s, easing))
        elif name in EVENTS:
            self._events.append((self._number, time_s, name))
        elif (key := read_key(words)) is not None:
            control, number = key
            for each in NAMES[control]:
                self._add(each, Key(time_s, number, easing))
        else:
            for each, value in self._said(words).items():
                spec = control_spec(each)
                held = min(max(value, spec.minimum or 0.0), spec.maximum or 0.0)
                self._add(each, Key(time_s, held, easing))

    def _said(self, words: list[str]) -> Mapping[str, float]:
        """What words say of controls."""
        if wrong := without_number(words, alone=self._words is None):
            self._refuse(*wrong)
        said, after = " ".join(words), after_key(words)
        try:
            if self._words is not None:
                return self._words.values(said)
        except ValueError as error:
            if not after and not NUMBER.fullmatch(words[-1]):
                raise ValueError(f"Line {self._number}, '{shortened(said)}': {error}") from None
        if after:
            way = "a way to this key, or ';' before what else happens, is expected"
            self._refuse(after, way, [*EASINGS, BEZIER])
        if len(words) > 1 and NUMBER.fullmatch(words[-1]):
            self._refuse(" ".join(words[:-1]), "a control is expected", NAMES)
        near = [*NAMES, *EVENTS, REST, PLAY]
        self._refuse(said, "a control with a number is expected", near)

    def _add(self, control: str, key: Key) -> None:
        with self._in_line():
            control_spec(control).check(key.value, control)
        line = self._lines.setdefault((control, key.time_s), self._number)
        keys = self._lanes.setdefault(control, {})
        if key.time_s in keys:
            raise ValueError(
                f"Line {self._number}: {control} has a key at {key.time_s:g} s already, in line "
                f"{line}; one is expected. Leave one of them out, or choose another time."
            )
        keys[key.time_s] = key

    def _happen(self, time_s: float, name: str) -> None:
        """Add the keys of an event to what its controls do there."""
        controls, steps = EVENTS[name]
        for control in controls:
            moments = [time_s + since for since, _ in ((0.0, 0.0), *steps)]
            keys = self._keys_near(control, moments[0], moments[-1])
            beneath = lane_values(control, keys, torch.tensor(moments, dtype=torch.float64))
            spec = control_spec(control)
            moved = (beneath + torch.tensor([0.0, *(by for _, by in steps)])).clamp(
                spec.minimum, spec.maximum
            )
            for moment, value in zip(moments, moved.tolist(), strict=True):
                key = Key(moment, value)
                if key.time_s not in self._lanes.get(control, {}):
                    self._add(control, key)

    def _keys_near(self, control: str, first_s: float, last_s: float) -> list[Key]:
        """Keys that a curve between two times depends on: those between, and two on each side."""
        keys = self._lanes.get(control, {})
        times_s = sorted(keys)
        start = max(0, bisect_right(times_s, first_s) - 2)
        return [keys[time_s] for time_s in times_s[start : bisect_left(times_s, last_s) + 2]]

    def _segment(self, time_s: float, words: list[str]) -> Segment:
        number = words[0] if words else ""
        if not number.isdecimal():
            self._refuse(number or PLAY, f"the number of a motion is expected after '{PLAY}'")
        chosen: dict[str, Any] = {"motion": int(number), "at_s": time_s}
        for option, value in zip(words[1::2], [*words[2::2], ""], strict=False):
            spec = SEGMENT_WORDS.get(option.lower())
            if spec is None:
                self._refuse(option, "one of these is expected", SEGMENT_WORDS)
            with self._in_line():
                is_time = spec.name.endswith("_s") and value
                chosen[spec.name] = self._time(value) if is_time else spec.from_text(value, option)
        with self._in_line():
            return Segment(**chosen)

    def _easing(self, words: list[str]) -> tuple[list[str], Easing]:
        """The words of an item without its easing, and that."""
        lowered = [word.lower() for word in words]
        if BEZIER in lowered[1:]:
            place = lowered.index(BEZIER, 1)
            return words[:place], self._handles(words[place + 1 :])
        if lowered[-2:-1] == ["ease"] and lowered[-1] in _SHORT_EASINGS:
            words, lowered = words[:-1], [*lowered[:-2], f"ease-{lowered[-1]}"]
        last = _SHORT_EASINGS.get(lowered[-1], lowered[-1])
        if last in EASINGS and len(words) > 1:
            return words[:-1], last
        return words, "smooth"

    def _handles(self, words: list[str]) -> Handles:
        if len(words) == len("xyxy") and all(NUMBER.fullmatch(word) for word in words):
            x1, y1, x2, y2 = (float(word) for word in words)
            with self._in_line():
                Key(0.0, 0.0, (x1, y1, x2, y2))
            return x1, y1, x2, y2
        self._refuse(" ".join([BEZIER, *words]), "four numbers x1 y1 x2 y2 are expected after it")

    @contextmanager
    def _in_line(self) -> Generator[None]:
        """Name the line in errors of the block that do not."""
        try:
            yield
        except ValueError as error:
            if str(error).startswith("Line "):
                raise
            raise ValueError(f"Line {self._number}: {error}") from None

    def _time(self, word: str) -> float:
        found = _TIME.fullmatch(word.lower())
        if found is None:
            self._refuse(word, "a time such as 0.8 is expected", SETTINGS)
        minutes, seconds, unit = found.groups()
        return 60 * int(minutes or 0) + float(seconds) / (1000 if unit in _MILLISECONDS else 1)

    def _rate(self, word: str) -> Fraction:
        try:
            return read_frame_rate(word)
        except ValueError:
            self._refuse(word, f"{FRAME_RATES} is expected")

    def _refuse(self, word: str, expected: str, known: Iterable[str] = ()) -> NoReturn:
        """Say in which line which word is wrong, what was expected, and what is like it."""
        near = nearest(word.lower().replace(" ", "_"), known, 0.6)
        advice = f" Did you mean '{near}'?" if near else ""
        if known is SEGMENT_WORDS and not near:
            advice = f" Choose one of {', '.join(SEGMENT_WORDS)}."
        raise ValueError(f"Line {self._number}, '{shortened(word)}': {expected}.{advice}")
