import argparse
import dataclasses
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Literal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from liveportrait_core.config.arguments import OptionGroups, Parser, from_arguments, option_parser
from liveportrait_core.config.fields import (
    OptionError,
    build,
    check_options,
    option,
    section,
    shared,
    spec_of,
    specs_of,
    values_of,
)
from liveportrait_core.config.tables import option_table


@dataclass(frozen=True, slots=True, kw_only=True)
class Weights:
    lip: float = option(1.0, "of the lip", minimum=0)

    def __post_init__(self) -> None:
        check_options(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class Loop:
    run: Path = option(help="folder of the run")
    steps: int = option(10, "steps", minimum=1)
    rate: float = option(0.1, "rate", above=0, unit="1/step")

    def __post_init__(self) -> None:
        check_options(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    loop: Loop = shared(Loop, steps=300)
    weights: Weights = section(Weights, lip=2.0)
    mode: Literal["fast", "good"] = option("good", "which way")
    open: float | Literal["driver"] | None = option(None, "how open", minimum=0, maximum=0.8)
    gan: bool = option(False, "train discriminators")
    smooth: bool | None = option(None, "smooth", unset="for a video", more=True)
    yaw_deg: float = option(0.0, "turn", minimum=-25, maximum=25, unit="degrees", flag="yaw")

    def __post_init__(self) -> None:
        check_options(self)


def test_a_config_is_put_together_with_the_defaults_of_its_owner():
    task = build(Task, {"run": "here"})
    assert task.loop == Loop(run=Path("here"), steps=300)
    assert task.weights.lip == 2.0
    assert build(Task, {"run": "here", "steps": "7", "weights.lip": "0.5"}).loop.steps == 7


def test_keys_of_shared_configs_stand_beside_the_own_ones_and_those_of_sections_behind_a_dot():
    keys = [spec.key for spec in specs_of(Task)]
    own = ["mode", "open", "gan", "smooth", "yaw_deg"]
    assert keys == ["run", "steps", "rate", "weights.lip", *own]
    assert spec_of(Task, "steps").default == 300
    assert spec_of(Task, "weights.lip").default == 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Fixed:
    loop: Loop = shared(Loop, fixed={"rate": 0.5}, hidden=("steps",))
    weights: Weights = section(Weights, fixed={"lip": 0.0})
    task: Task = section(Task, fixed={"weights.lip": 4.0})


def test_what_an_owner_fixes_is_no_option_of_it():
    keys = {spec.key for spec in specs_of(Fixed)}
    assert {"run", "task.steps"} < keys
    assert not {"steps", "rate", "weights.lip", "task.weights.lip"} & keys
    built = build(Fixed, {"run": "here", "task.run": "there"})
    assert (built.loop.rate, built.weights.lip, built.task.weights.lip) == (0.5, 0.0, 4.0)
    assert built.loop.steps == 10
    with pytest.raises(OptionError, match=r"There is no option 'weights\.lip'"):
        build(Fixed, {"run": "here", "weights.lip": "1"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Changed:
    loop: Loop = shared(
        Loop, about={"steps": {"group": "loop", "minimum": 5}, "rate": {"help": "how fast here"}}
    )

    def __post_init__(self):
        check_options(self)


def test_an_owner_may_change_group_and_help_and_narrow_a_limit():
    steps, rate = spec_of(Changed, "steps"), spec_of(Changed, "rate")
    assert (steps.group, steps.minimum, rate.help) == ("loop", 5, "how fast here")
    assert spec_of(Loop, "steps").minimum == 1
    assert build(Changed, {"run": "here", "steps": "5"}).loop.steps == 5
    refusal = r"^steps is 4; a whole number from 5 up is expected\. The nearest is 5\.$"
    with pytest.raises(OptionError, match=refusal):
        build(Changed, {"run": "here", "steps": "4"})
    with pytest.raises(OptionError, match=refusal):
        Changed(loop=Loop(run=Path("here"), steps=4))


def test_values_go_out_and_come_back():
    task = build(Task, {"run": "here", "open": "driver", "gan": "true", "mode": "fast"})
    values = values_of(task)
    weights = {f"weights.{key}": value for key, value in values.pop("weights").items()}
    assert values["steps"] == 300
    assert build(Task, values | weights) == task


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"steps": "0"}, "steps is 0; a whole number from 1 up is expected. The nearest is 1."),
        ({"steps": "x"}, "steps is 'x'; a whole number from 1 up is expected. The default is 300."),
        ({"rate": "0"}, "rate is 0.0; a number above 0 is expected. The default is 0.1."),
        ({"open": "60"}, "open is 60.0; driver or a number from 0 to 0.8 is expected. The nearest"),
        ({"open": "drvier"}, "from 0 to 0.8 is expected. Did you mean 'driver'?"),
        ({"open": "nan"}, "open is nan; driver or a number from 0 to 0.8 is expected."),
        ({"mode": "god"}, "mode is 'god'; one of fast, good is expected. Did you mean 'good'?"),
        ({"gan": "maybe"}, "gan is 'maybe'; true or false is expected. The default is false."),
        ({"gan": "1"}, "gan is '1'; true or false is expected. Did you mean true?"),
        ({"gan": 0}, "gan is 0; true or false is expected. Did you mean false?"),
        ({"run": ""}, "run is ''; a path is expected."),
        ({"weights.lip": "-1"}, "lip is -1.0; a number from 0 up is expected. The nearest is 0."),
        ({"stesp": "1"}, "There is no option 'stesp'. Did you mean 'steps'?"),
    ],
)
def test_a_refusal_says_what_came_what_is_expected_and_the_nearest(values, message):
    with pytest.raises(OptionError) as refusal:
        build(Task, {"run": "here"} | values)
    assert message in str(refusal.value)


def test_a_required_option_has_to_be_given():
    with pytest.raises(OptionError, match=r"'run' is missing.*Give run=VALUE"):
        build(Task, {})


@pytest.mark.parametrize("value", [True, "1", 0.5, None, float("inf")])
def test_values_of_another_type_are_refused_without_a_text(value):
    with pytest.raises(OptionError, match="steps is "):
        Loop(run=Path(), steps=value)


@given(st.floats(allow_nan=True) | st.integers())
def test_numbers_are_taken_exactly_within_the_limits(number):
    spec = spec_of(Task, "yaw_deg")
    inside = -25 <= number <= 25
    try:
        spec.check(number)
    except OptionError:
        assert not inside
    else:
        assert inside


@pytest.mark.parametrize(
    ("kind", "values", "expected"),
    [
        (Task, {"yaw_deg": np.float32(2.5)}, 2.5),
        (Task, {"yaw_deg": np.int64(3)}, 3.0),
        (Task, {"yaw_deg": Fraction(1, 2)}, 0.5),
        (Task, {"steps": np.int16(7)}, 7),
        (Task, {"gan": np.bool_(True)}, True),
        (Task, {"run": Path("there")}, Path("there")),
    ],
)
def test_a_value_of_a_like_type_becomes_the_declared_one(kind, values, expected):
    built = build(kind, {"run": Path("here"), **values})
    (key,) = values
    value = getattr(built.loop if key in ("run", "steps") else built, key)
    assert value == expected
    assert type(value) is type(expected)


def test_a_text_given_for_a_path_becomes_a_path():
    assert Loop(run="here").run == Path("here")
    assert Files(places=("a", Path("b")), out="c").places == (Path("a"), Path("b"))
    assert Files(places=(), out="c", made="new").made == "new"


@pytest.mark.parametrize("value", [np.float32("nan"), np.bool_(True), np.array([1.0]), "2"])
def test_what_only_looks_like_a_number_is_refused(value):
    with pytest.raises(OptionError, match=r"yaw_deg is .*; a number from -25 to 25 is expected"):
        spec_of(Task, "yaw_deg").check(value)


def parser_of(kind: type) -> argparse.ArgumentParser:
    parser = Parser(prog="try")
    groups = OptionGroups(parser)
    groups.add(kind, group="motion")
    groups.finish()
    return parser


def test_the_command_line_is_made_of_the_options(capsys):
    parser = parser_of(Task)
    words = [
        "--run",
        "here",
        "--yaw",
        "-3",
        "--open",
        "driver",
        "--gan",
        "--no-smooth",
        "--weights-lip",
        "4",
    ]
    task = from_arguments(Task, parser.parse_args(words))
    expected = build(Task, {"run": "here", "yaw_deg": -3.0, "open": "driver", "gan": True})
    weights = Weights(lip=4.0)
    assert task == dataclasses.replace(expected, smooth=False, weights=weights)
    with pytest.raises(SystemExit):
        parser.parse_args(["--yaw", "30"])
    told = capsys.readouterr().err
    assert "error: --yaw is 30.0; a number from -25 to 25 is expected. The nearest is 25" in told


def full_help(parser: Parser, capsys: pytest.CaptureFixture[str]) -> str:
    """What `--help-all` prints."""
    with pytest.raises(SystemExit) as left:
        parser.parse_args(["--help-all"])
    assert left.value.code == 0
    return capsys.readouterr().out


def test_help_tells_range_unit_and_default_and_experts_options_last(capsys):
    text = " ".join(full_help(parser_of(Task), capsys).split())
    assert "--yaw X turn (-25 to 25 degrees; default: 0)" in text
    assert text.index("more:") > text.index("--yaw")
    assert "--[no-]smooth smooth (default: for a video)" in text


def test_a_table_has_a_row_for_each_option():
    rows = option_table(Task).splitlines()
    assert len(rows) == 2 + len(specs_of(Task))
    assert "| `yaw_deg` | -25 to 25 degrees | 0 | turn |" in rows
    assert rows[1] == "|---|---|---|---|"
    flags = option_table(Task, flags=True, skip=("run",)).splitlines()
    assert len(flags) == 1 + len(specs_of(Task))
    assert "| `--yaw` | `yaw_deg` | -25 to 25 degrees | 0 | turn |" in flags


def pair(text: str) -> tuple[float, float]:
    first, second = text.split(",")
    return float(first), float(second)


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    at: tuple[float, float] | None = option(None, "where", read=pair, expects="X,Y")
    scale: float = option(1.0, "how large", flag="crop-scale")


@dataclass(frozen=True, slots=True, kw_only=True)
class Two:
    to: Path = option(help="folder")
    source: Place = section(Place, flags="", group="source")
    driving: Place = section(Place, flags="driving-", more=True)


def test_a_section_names_its_flags_and_its_group_and_may_be_for_experts(capsys):
    parser = Parser(prog="try")
    groups = OptionGroups(parser)
    groups.add(Two, skip=("driving.scale",))
    groups.finish()
    words = ["--to", "x", "--at", "1,2", "--driving-at", "3,4", "--crop-scale", "2"]
    two = from_arguments(Two, parser.parse_args(words))
    assert two.source == Place(at=(1, 2), scale=2)
    assert two.driving == Place(at=(3, 4))
    usual = parser.format_help().partition("options:")[2]
    assert "--at" in usual
    assert "--driving-at" not in usual
    assert "More options, for experts, are shown by --help-all." in usual
    text = full_help(parser, capsys).partition("options:")[2]
    assert text.index("source:") < text.index("--at") < text.index("more:")
    assert text.index("more:") < text.index("--driving-at")
    assert "--driving-crop-scale" not in text
    for wrong, message in ((["--to", "x", "--at", "1"], "--at is '1'; X,Y is"), ([], "--to")):
        with pytest.raises(SystemExit):
            parser.parse_args(wrong)
        assert message in capsys.readouterr().err


@dataclass(frozen=True, slots=True, kw_only=True)
class Files:
    places: tuple[Path, ...] = option(help="files", positional=True, metavar="IN")
    out: Path = option(help="where to", short="-o")
    without: tuple[Path, ...] = option((), "left out")
    made: Path | Literal["new"] | None = option(None, "a folder", bare="new")

    def __post_init__(self) -> None:
        check_options(self)


def test_several_values_stand_without_a_name_or_behind_one_that_is_repeated():
    parser = parser_of(Files)
    words = ["a", "b", "-o", "c", "--without", "d", "--without", "e"]
    expected = Files(places=(Path("a"), Path("b")), out=Path("c"), without=(Path("d"), Path("e")))
    assert from_arguments(Files, parser.parse_args(words)) == expected
    assert build(Files, {"places": "a,b", "out": "c", "without": "d, e"}) == expected


def test_a_name_may_stand_alone_or_with_a_value():
    parser = parser_of(Files)
    alone = from_arguments(Files, parser.parse_args(["a", "--out", "c", "--made"]))
    assert alone.made == "new"
    assert spec_of(Files, "made").range == "new or a path"
    named = from_arguments(Files, parser.parse_args(["a", "--out", "c", "--made", "d"]))
    assert named.made == Path("d")


@dataclass(frozen=True, slots=True, kw_only=True)
class Perhaps:
    place: Path | None = option(None, "a folder", positional=True)


@pytest.mark.parametrize(("words", "expected"), [([], None), (["a"], Path("a"))])
def test_what_stands_without_a_name_may_be_left_out(words, expected):
    parsed = parser_of(Perhaps).parse_args(words)
    assert from_arguments(Perhaps, parsed).place == expected


@pytest.mark.parametrize(("words", "missing"), [(["a"], "-o/--out"), (["-o", "c"], "IN")])
def test_a_command_line_lacks_what_is_required(words, missing, capsys):
    with pytest.raises(SystemExit):
        parser_of(Files).parse_args(words)
    assert f"required: {missing}." in capsys.readouterr().err


def test_a_tuple_is_checked_entry_by_entry():
    with pytest.raises(OptionError, match="without is 3; a path is expected"):
        Files(places=(), out=Path("c"), without=(Path("a"), 3))


def test_the_description_of_a_command_keeps_its_lines():
    parser = option_parser(
        Weights, prog="try", description="First:\n\n    try --lip 1\n", group="g"
    )
    assert "\n\nFirst:\n\n    try --lip 1\n\n" in parser.format_help()
    assert from_arguments(Weights, parser.parse_args(["--lip", "3"])).lip == 3


def test_a_held_config_of_another_kind_is_refused():
    with pytest.raises(OptionError, match=r"weights is 5; Weights is expected. Give Weights\("):
        Task(loop=Loop(run=Path("here")), weights=5)


@pytest.mark.parametrize("value", [10**400, [1, 2], b"1"])
def test_values_of_no_sense_are_refused_in_a_sentence(value):
    for key in ("mode", "yaw_deg"):
        with pytest.raises(OptionError, match="is expected"):
            spec_of(Task, key).check(value)
