"""Options as arguments of a command line (argparse)."""

from __future__ import annotations

import argparse
import copy
import difflib
import re
import shutil
import sys
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, NoReturn, TypeVar

from .fields import build, specs_of
from .spec import OptionSpec, default_text

Kind = TypeVar("Kind")
MORE: Final = "more"
"""Heading of the options for experts, which `--help` leaves to `HELP_ALL`."""
HELP_ALL: Final = "--help-all"

WIDTH: Final = 100
"""Columns of help at most."""
HELP_COLUMN: Final = 28


class _HelpFormatter(argparse.HelpFormatter):
    """Help as wide as the terminal, up to `WIDTH` columns; descriptions keep their line breaks."""

    def __init__(self, prog: str, **more: Any) -> None:
        more.setdefault("width", min(WIDTH, shutil.get_terminal_size().columns))
        more.setdefault("max_help_position", HELP_COLUMN)
        super().__init__(prog, **more)

    def _fill_text(self, text: str, width: int, indent: str) -> str:
        lines = text.strip().splitlines()
        return "\n".join(lines) if len(lines) > 1 else super()._fill_text(text, width, indent)

    def _format_action_invocation(self, action: argparse.Action) -> str:
        if isinstance(action, argparse.BooleanOptionalAction):
            return ", ".join(f"--[no-]{flag[2:]}" for flag in action.option_strings[:-1:2])
        return super()._format_action_invocation(action)


class _ShowAll(argparse.Action):
    """Print the help with the options for experts, and leave."""

    def __init__(self, option_strings: Sequence[str], dest: str, **about: Any) -> None:
        super().__init__(option_strings, dest, nargs=0, default=argparse.SUPPRESS, **about)

    def __call__(self, parser: argparse.ArgumentParser, *_: Any) -> NoReturn:
        sys.stdout.write(argparse.ArgumentParser.format_help(parser))
        parser.exit()


class Parser(argparse.ArgumentParser):
    """A parser whose mistakes are one sentence and where to read on."""

    def __init__(self, **about: Any) -> None:
        """Arguments are those of `argparse.ArgumentParser`."""
        about.setdefault("formatter_class", _HelpFormatter)
        about.setdefault("allow_abbrev", False)
        super().__init__(**about)

    def format_help(self) -> str:
        """The help without the options for experts, which `HELP_ALL` shows."""
        usual = copy.copy(self)
        usual._action_groups = [group for group in self._action_groups if group.title != MORE]
        if len(usual._action_groups) < len(self._action_groups):
            usual.epilog = f"More options, for experts, are shown by {HELP_ALL}."
        return argparse.ArgumentParser.format_help(usual)

    def parse_known_args(  # pyright: ignore[reportIncompatibleMethodOverride] - it has overloads
        self, args: Iterable[str] | None = None, namespace: Any = None
    ) -> tuple[Any, list[str]]:
        """As argparse's, but what is left over is refused by the command that it belongs to."""
        chosen, left = super().parse_known_args(args, namespace)
        if left:
            self.error(self._not_known(left))
        return chosen, left

    def error(self, message: str) -> NoReturn:
        """Say what is wrong and leave with 2."""
        text = re.sub(r"^argument ([^:]+): (?=--)", "", message)
        text = re.sub(r"^argument ([^:]+): ", r"\1: ", text)
        end = "" if text.endswith((".", "?")) else "."
        sys.stderr.write(f"{self.prog}: error: {text}{end} See {self.prog} --help.\n")
        raise SystemExit(2)

    def _not_known(self, left: Sequence[str]) -> str:
        """What is said of arguments that no option and no name takes."""
        command = self.prog.rpartition(" ")[2]
        flag = next((text for text in left if text.startswith("-")), None)
        if flag is None:
            return f"{left[0]} is one name too many for {command}. Leave it out."
        flag = flag.partition("=")[0]
        meant = _meant(flag, list(self._option_string_actions))
        return f"{flag} is not an option of {command}.{meant}"

    def _check_value(self, action: argparse.Action, value: Any) -> None:
        """Refuse a word that is none of the choices, as commands are."""
        known = [str(choice) for choice in action.choices or ()]
        if action.choices is not None and value not in action.choices:
            expected = f"one of {', '.join(known)} is expected."
            name = action.metavar or action.dest
            raise argparse.ArgumentError(
                None, f"{name} is '{value}'; {expected}{_meant(str(value), known)}"
            )


def _meant(given: str, known: Sequence[str]) -> str:
    """The known name that is nearest to a given one, as a question; empty without one."""
    begun = [name for name in known if name.startswith(given) and len(given) > len("--")]
    near = begun[:1] or difflib.get_close_matches(given, known, 1, 0.6)
    return f" Did you mean {near[0]}?" if near else ""


class OptionGroups:
    """The groups of a parser by their headings, `more` last."""

    def __init__(self, parser: argparse.ArgumentParser) -> None:
        self._parser = parser
        self._groups: dict[str, Any] = {}
        self._later: list[Callable[[], None]] = []

    def add(
        self,
        kind: type[Any],
        *,
        prefix: str = "",
        skip: Collection[str] = (),
        only: Collection[str] = (),
        group: str = "",
        help_of: Mapping[str, str] | None = None,
    ) -> None:
        """Every option of a dataclass as an argument; those with `more` come after all others.

        Args:
            kind: The dataclass.
            prefix: Before the names of the arguments, as `driving-`.
            skip: Keys that are left out.
            only: Keys that are added; none adds all.
            group: Heading for those that name none.
            help_of: Help in place of an option's own, its range and its default, by key.
        """
        for spec in specs_of(kind):
            if spec.key in skip or (only and spec.key not in only):
                continue
            text = (help_of or {}).get(spec.key) or help_text(spec, spec.help)

            def add(spec: OptionSpec = spec, text: str = text) -> None:
                heading = MORE if spec.more else spec.group or group
                _add(self.group(heading), spec, prefix, text)

            if spec.more:
                self._later.append(add)
            else:
                add()

    def group(self, heading: str) -> Any:
        """A group, made when it is first asked for."""
        if heading not in self._groups:
            self._groups[heading] = self._parser.add_argument_group(heading)
        return self._groups[heading]

    def finish(self) -> None:
        """Add what is for experts."""
        text = "show all options and exit" if self._later else argparse.SUPPRESS
        self._parser.add_argument(HELP_ALL, action=_ShowAll, help=text)
        for add in self._later:
            add()
        self._later.clear()


def option_parser(kind: type[Any], *, prog: str, description: str | None, group: str) -> Parser:
    """A command line that takes the options of a dataclass, and no others.

    Args:
        kind: The dataclass.
        prog: How the command is called.
        description: What it does; several lines stay as they are.
        group: Heading for options that name none.
    """
    parser = Parser(prog=prog, description=description)
    groups = OptionGroups(parser)
    groups.add(kind, group=group)
    groups.finish()
    return parser


def from_arguments(
    kind: type[Kind], chosen: argparse.Namespace, *, prefix: str = "", **more: Any
) -> Kind:
    """A config from parsed arguments; what was not given keeps its default.

    Args:
        kind: The dataclass.
        chosen: What the parser gave.
        prefix: As it was given to `OptionGroups.add`.
        **more: Values by key that go before those of the command line.

    Raises:
        OptionError: Two options do not go together.
    """
    given: dict[str, Any] = {}
    for spec in specs_of(kind):
        if hasattr(chosen, destination(spec, prefix)):
            value = getattr(chosen, destination(spec, prefix))
            given[spec.key] = tuple(value) if spec.several else value
    return build(kind, {**given, **more})


def flag_of(spec: OptionSpec, prefix: str = "") -> str:
    """The argument's name with its dashes."""
    return f"--{prefix}{spec.flag or spec.key.replace('_', '-').replace('.', '-')}"


def destination(spec: OptionSpec, prefix: str = "") -> str:
    """Attribute of the parsed arguments."""
    return f"{prefix}{spec.key}".replace("-", "_").replace(".", "_")


def help_text(spec: OptionSpec, text: str) -> str:
    """Help with the range and the default, which stand nowhere else."""
    parts = [] if spec.choices or spec.kind is bool else [spec.range]
    if not spec.required:
        parts += [f"default: {_shown_default(spec)}"]
    shown = "; ".join(part for part in parts if part)
    return (f"{text} ({shown})" if shown else text).replace("%", "%%")


def _shown_default(spec: OptionSpec) -> str:
    if spec.kind is bool and spec.default is not None:
        return "on" if spec.default else "off"
    return default_text(spec)


def _add(group: Any, spec: OptionSpec, prefix: str, text: str) -> None:
    flag = flag_of(spec, prefix)
    names = [spec.short, flag] if spec.short else [flag]
    about: dict[str, Any] = {
        "dest": destination(spec, prefix),
        "default": argparse.SUPPRESS,
        "help": text,
    }
    if spec.kind is bool and spec.default is False:
        group.add_argument(*names, action="store_true", **about)
        return
    if spec.kind is bool:
        group.add_argument(*names, action=argparse.BooleanOptionalAction, **about)
        return
    about["metavar"] = _metavar(spec)
    if spec.positional:
        one = {True: None, False: "?"}
        several = {True: "+", False: "*"}
        about["nargs"] = (several if spec.several else one)[spec.required]
        if not spec.required:  # argparse would read its own mark of "no default" as a value
            about["default"] = spec.default
        group.add_argument(about.pop("dest"), type=_reader(spec, about["metavar"]), **about)
        return
    if spec.several:
        about["action"] = "append"
    if spec.bare is not None:
        about |= {"nargs": "?", "const": spec.bare}
    group.add_argument(*names, type=_reader(spec, flag), required=spec.required, **about)


def _metavar(spec: OptionSpec) -> str:
    if spec.metavar:
        return spec.metavar
    if spec.choices:
        return "{" + ",".join(spec.choices) + "}"
    return {int: "N", float: "X", Path: "PATH"}.get(spec.kind, spec.name.upper())


def _reader(spec: OptionSpec, flag: str) -> Callable[[str], Any]:
    def read(text: str) -> Any:
        try:
            return spec.from_text(text, flag)
        except ValueError as error:
            raise argparse.ArgumentTypeError(str(error)) from None

    return read
