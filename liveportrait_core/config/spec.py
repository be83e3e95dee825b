"""One option: its values, its range, and how a value is refused."""

from __future__ import annotations

import contextlib
import dataclasses
import difflib
import math
import numbers
import typing
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from ..errors import about, shortened

MISSING: Final = dataclasses.MISSING
_TRUTH: Final[Mapping[str, bool]] = {"true": True, "false": False}
_MEANT: Final[Mapping[str, str]] = {
    **dict.fromkeys(("1", "yes", "on", "y", "t"), "true"),
    **dict.fromkeys(("0", "no", "off", "n", "f"), "false"),
}
"""Words that people give for a truth value."""
_NUMPY_TRUTH: Final = ("bool", "bool_")
"""Names of numpy's truth values; numpy is not loaded for them."""


class OptionError(ValueError):
    """A value that an option does not take."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OptionSpec:
    """Everything that is known of one option."""

    key: str
    """Its name, with the prefixes of the sections that it lies in: `weights.lip`."""
    path: tuple[str, ...]
    """Attributes that lead to it from the config."""
    kind: type[Any]
    """bool, int, float, str or Path; `object` where `read` makes the value."""
    help: str
    """One line: what it does; no default, no range."""
    default: Any = MISSING
    choices: tuple[str, ...] = ()
    words: tuple[str, ...] = ()
    """Words that it takes besides numbers."""
    optional: bool = False
    """Whether it may be None."""
    unset: str = ""
    """What None means, in a few words."""
    minimum: float | None = None
    maximum: float | None = None
    above: float | None = None
    """A limit that the value must exceed, where the limit is not allowed itself."""
    unit: str = ""
    step: float | None = None
    """Of a slider or a spin box."""
    group: str = ""
    """Heading that it stands under in help and tables."""
    more: bool = False
    """For experts: shown after the others."""
    flag: str = ""
    """Its name on the command line, where that is another: `yaw` for `yaw_deg`."""
    short: str = ""
    """A second name on the command line, as `-o`."""
    positional: bool = False
    """Whether it stands on the command line without a name."""
    place: bool = False
    """Whether it names files, folders or URLs that have to be there, with commas between them."""
    several: bool = False
    """Whether its value is a tuple; `check` and `from_text` are about one entry of it."""
    bare: Any = None
    """Value that its name alone means on the command line."""
    metavar: str = ""
    expects: str = ""
    """Which values it takes, in words, where `read` makes them or a text has a form."""
    read: Callable[[str], Any] | None = None
    """Makes a value of a text, for types of other kinds; a ValueError says what is wrong."""

    @property
    def name(self) -> str:
        """Without sections."""
        return self.path[-1]

    @property
    def required(self) -> bool:
        """Whether there is no default."""
        return self.default is MISSING

    @property
    def expected(self) -> str:
        """Which values it takes, in words: "a number from 0 to 4"."""
        if self.read is not None and self.expects:
            return self.expects
        if self.choices:
            return f"one of {', '.join(self.choices)}"
        if self.kind is bool:
            return "true or false"
        if self.kind in (int, float):
            number = "a whole number" if self.kind is int else "a number"
            return " or ".join([*self.words, f"{number}{self._limits}"])
        return self.expects or ("a path" if self.kind is Path else self.metavar or "a text")

    @property
    def range(self) -> str:
        """Its limits or choices, shortly, with the unit: "0 to 4 px"; empty without any."""
        if self.choices:
            return ", ".join(self.choices)
        limits = self._limits.strip().removeprefix("from ")
        if self.words and not limits:
            limits = "a path" if self.kind is Path else "a number"
        shown = " or ".join([*self.words, *([limits] if limits else [])])
        return f"{shown} {self.unit}".strip()

    @property
    def _limits(self) -> str:
        if self.above is not None:
            top = f" up to {self.maximum:.12g}" if self.maximum is not None else ""
            return f" above {self.above:.12g}{top}"
        if self.minimum is not None and self.maximum is not None:
            return f" from {self.minimum:.12g} to {self.maximum:.12g}"
        if self.minimum is not None:
            return f" from {self.minimum:.12g} up"
        return f" up to {self.maximum:.12g}" if self.maximum is not None else ""

    def check(self, value: Any, name: str = "") -> None:
        """Refuse a value that the option does not take.

        Args:
            value: What came.
            name: What to call the option in the message; by default its key.

        Raises:
            OptionError: What came, what is expected, and the nearest right value.
        """
        if not self._takes(value):
            with about(name or self.key):
                raise OptionError(self._refusal(value, name or self.key))

    def plain(self, value: Any) -> Any:
        """A value that the option takes, as the type that it declares.

        Numbers of numpy become Python's, a text that names a path becomes one.
        """
        if self.several:
            return tuple(self._plain(entry) for entry in value)
        return self._plain(value)

    def _plain(self, value: Any) -> Any:
        if isinstance(value, str):
            return Path(value) if self.kind is Path and value not in self.words else value
        if value is None or self.kind not in (bool, int, float) or type(value) in (int, bool):
            return value
        return self.kind(value)

    def from_text(self, text: str, name: str = "") -> Any:
        """The value that a text of the command line stands for, checked.

        Raises:
            OptionError: It stands for none.
        """
        value: Any = text
        try:
            if self.read is not None:
                value = self.read(text)
            elif self.optional and text.lower() in ("", "none") and "none" not in self.choices:
                value = None
            elif self.kind is bool:
                value = _TRUTH[text.lower()]
            elif text and text not in self.words and not self.choices:
                value = self.kind(text)
        except (KeyError, ValueError):
            with about(name or self.key):
                raise OptionError(self._refusal(text, name or self.key)) from None
        self.check(value, name)
        return value

    def _takes(self, value: Any) -> bool:
        if value is None:
            return self.optional
        if self.choices or (isinstance(value, str) and self.words):
            return isinstance(value, str) and value in (self.choices or self.words)
        if self.kind is bool:
            return isinstance(value, bool) or type(value).__name__ in _NUMPY_TRUTH
        if self.kind in (int, float):
            return self._is_number(value) and self._clamped(value) == value
        if value == "" and (self.expects or not isinstance(self.default, str)):
            return False  # of other texts with a default an empty one means none
        return self.kind is object or isinstance(value, str if self.kind is str else (str, Path))

    def _is_number(self, value: Any) -> typing.TypeGuard[float]:
        """Whether a value is a finite number of the option's kind, Python's or numpy's."""
        if isinstance(value, bool):
            return False
        if isinstance(value, numbers.Integral):
            return True
        return self.kind is float and isinstance(value, numbers.Real) and math.isfinite(value)

    def _clamped(self, value: float) -> float | None:
        """The nearest value within the limits; None where there is no nearest one."""
        if self.above is not None and value <= self.above:
            return None
        low = -math.inf if self.minimum is None else self.minimum
        high = math.inf if self.maximum is None else self.maximum
        return min(max(value, low), high)

    def _refusal(self, value: Any, name: str) -> str:
        shown = f"'{value}'" if isinstance(value, str | Path) else shortened(str(value))
        return f"{name} is {shown}; {self.expected} is expected.{self._advice(value)}"

    def _advice(self, value: Any) -> str:
        if self.kind is bool:
            meant = _MEANT.get(str(value).lower())
            return f" Did you mean {meant}?" if meant else f" The default is {default_text(self)}."
        known = self.choices or self.words
        if isinstance(value, str) and known:
            near = difflib.get_close_matches(value, known, 1, 0.5)
            return f" Did you mean '{near[0]}'?" if near else ""
        near_value = None
        if self.kind in (int, float):
            with contextlib.suppress(TypeError, ValueError, OverflowError):
                near_value = self._clamped(float(value))
        if near_value is not None and near_value != value and math.isfinite(near_value):
            rounded = round(near_value) if self.kind is int else near_value
            return f" The nearest is {rounded:g}."
        default = self.default
        if default is MISSING or default is None or isinstance(default, Path) or default == "":
            return ""
        return f" The default is {default}."


def default_text(spec: OptionSpec) -> str:
    """The default of an option in words."""
    if spec.required:
        return "required"
    if spec.default is None:
        return spec.unset or "none"
    if spec.kind is bool:
        return str(spec.default).lower()
    if spec.several:
        return ",".join(str(entry) for entry in spec.default) or "none"
    return f"{spec.default:g}" if isinstance(spec.default, float) else str(spec.default) or "none"
