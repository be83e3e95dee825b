"""Widgets made of the library's options, and the options' values that the widgets stand for.

A widget has what its option says: range, choices, step, default, and its help as the tooltip. An
option that may be None has a value that means None: 'auto' of a combo, or a number below its range.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from comfy_api.latest import io

from ..liveportrait_core.config.spec import OptionSpec
from .schema import field

AUTO: Final = "auto"
SWITCH: Final = {AUTO: None, "on": True, "off": False}
"""Choices of an option that is true, false or None."""

MAX_NUMBER: Final = 1_000_000
"""Upper end of a widget whose option has none; without one a front end sets its own."""


def check_choice(id: str, value: object, choices: Iterable[str]) -> None:
    """Refuse a value that a combo does not have, in the words that options are refused in.

    Raises:
        OptionError: It is none of the choices.
    """
    spec = OptionSpec(key=id, path=(id,), kind=str, help="", default=None, choices=tuple(choices))
    spec.check(value)


@dataclass(frozen=True, slots=True, kw_only=True)
class OptionWidget:
    """A widget that sets an option of the library."""

    spec: OptionSpec
    id: str
    unset: float | str | None = AUTO
    """Value of the widget that means None, where the option may be None; None: no value does."""
    prefix: str = ""
    """Before the tooltip: which of two like widgets this is, or when it counts."""
    note: str = ""
    """A sentence after the tooltip."""

    def field(
        self, *, default: float | None = None, advanced: bool = False, **values: object
    ) -> io.Input:
        """The input of a node.

        Args:
            default: Where the node has another than the option.
            advanced: As for `schema.field`.
            **values: Further arguments of the input of `comfy_api`.
        """
        spec = self.spec
        known = self.unset if spec.default is None else spec.default
        return field(
            self._kind,
            self.id,
            default=known if default is None else default,
            tooltip=self.tooltip,
            advanced=advanced,
            **self._bounds,
            **values,
        )

    @property
    def tooltip(self) -> str:
        """The option's help as a sentence, with its unit and what the unset value means."""
        spec = self.spec
        text = f"{self.prefix}{spec.help}{f', {spec.unit}' if spec.unit else ''}."
        if text.partition(":")[0] not in spec.choices:  # those stay as the combo shows them
            text = text[0].upper() + text[1:]
        parts = [text]
        if self._may_be_unset and not isinstance(self.unset, bool):
            shown = self.unset if isinstance(self.unset, str) else f"{self.unset:g}"
            parts.append(f"{shown}: {spec.unset}.")
        return " ".join([*parts, *([self.note] if self.note else [])])

    def value(self, value: object) -> object:
        """The value of the option that a value of the widget stands for.

        Raises:
            OptionError: It stands for none; nodes that are linked to the widget may give it.
        """
        if self._may_be_unset and value == self.unset:
            return None
        if self._kind is io.Combo and self.spec.kind is bool:
            check_choice(self.id, value, SWITCH)
            return SWITCH[str(value)]
        self.spec.check(value, self.id)
        return value

    @property
    def _may_be_unset(self) -> bool:
        return self.spec.optional and self.unset is not None

    @property
    def _kind(self) -> type[io.ComfyType]:
        spec = self.spec
        if spec.choices or (spec.kind is bool and self._may_be_unset and self.unset == AUTO):
            return io.Combo
        return {bool: io.Boolean, int: io.Int, float: io.Float}[spec.kind]

    @property
    def _bounds(self) -> dict[str, object]:
        spec = self.spec
        if self._kind is io.Combo:
            choices = [*spec.choices] if spec.choices else list(SWITCH)[1:]
            return {"options": [*([AUTO] if self._may_be_unset else []), *choices]}
        if self._kind is io.Boolean:
            return {}
        number = float if spec.kind is float else int
        low = self.unset if self._may_be_unset else spec.minimum
        high = MAX_NUMBER if spec.maximum is None else spec.maximum
        bounds = {"min": low, "max": high, "step": spec.step}
        return {name: number(limit) for name, limit in bounds.items() if limit is not None}
