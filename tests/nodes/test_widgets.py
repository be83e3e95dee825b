"""Widgets are what the library's options say, and give the options back."""

from dataclasses import dataclass
from typing import Literal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from liveportrait_core.config.fields import option, spec_of
from tests.support.comfyui.stand_in import NEWEST

pytestmark = pytest.mark.parametrize("suite", [NEWEST], indirect=True)


@dataclass(frozen=True, kw_only=True)
class Made:
    gain: float = option(1.0, "multiplies the motion", minimum=0, maximum=4, step=0.5)
    turn_deg: float = option(0.0, "turns", minimum=-25, maximum=25, unit="degrees")
    frame: int | None = option(None, "neutral frame", minimum=0, maximum=9, unset="the first")
    count: int = option(2, "how many", minimum=1)
    scale: float | None = option(None, "side of the crop", above=0, maximum=8, unset="the model's")
    smooth: bool | None = option(None, "smooth it", unset="for a video")
    cropped: bool | None = option(None, "it is a crop", unset="no")
    stitch: bool = option(True, "no seam")
    mode: Literal["fast", "good"] = option("good", "fast: at once; good: later")
    sound: Literal["driver", "none"] | None = option(None, "whose sound", unset="any")


@pytest.fixture
def made(suite):
    """A widget of an option of `Made`, by the option's name."""
    kind = suite.module("nodes.widgets").OptionWidget
    return lambda name, **about: kind(spec=spec_of(Made, name), id=name, **about)


@pytest.mark.parametrize(
    ("name", "about", "kind", "facts"),
    [
        ("gain", {}, "FLOAT", {"default": 1.0, "min": 0.0, "max": 4.0, "step": 0.5}),
        ("frame", {"unset": -1}, "INT", {"default": -1, "min": -1, "max": 9}),
        ("count", {}, "INT", {"default": 2, "min": 1, "max": 1_000_000}),
        ("scale", {"unset": 0.0}, "FLOAT", {"default": 0.0, "min": 0.0, "max": 8.0}),
        ("smooth", {}, "COMBO", {"default": "auto", "options": ["auto", "on", "off"]}),
        ("cropped", {"unset": False}, "BOOLEAN", {"default": False}),
        ("stitch", {}, "BOOLEAN", {"default": True}),
        ("mode", {}, "COMBO", {"default": "good", "options": ["fast", "good"]}),
        ("sound", {}, "COMBO", {"default": "auto", "options": ["auto", "driver", "none"]}),
    ],
)
def test_a_widget_has_the_range_choices_and_default_of_its_option(made, name, about, kind, facts):
    made_input = made(name, **about).field()
    expected = made_input.as_dict()
    assert (made_input.id, made_input.get_io_type()) == (name, kind)
    assert {key: expected.get(key) for key in ("default", "min", "max", "step", "options")} == {
        **dict.fromkeys(("default", "min", "max", "step", "options")),
        **facts,
    }


@pytest.mark.parametrize(
    ("name", "about", "tooltip"),
    [
        ("gain", {}, "Multiplies the motion."),
        (
            "gain",
            {"prefix": "source: ", "note": "1 is neutral."},
            "Source: multiplies the motion. 1 is neutral.",
        ),
        ("turn_deg", {}, "Turns, degrees."),
        ("frame", {"unset": -1}, "Neutral frame. -1: the first."),
        ("smooth", {}, "Smooth it. auto: for a video."),
        ("cropped", {"unset": False}, "It is a crop."),
        ("mode", {}, "fast: at once; good: later."),
    ],
)
def test_the_tooltip_is_the_help_of_the_option(made, name, about, tooltip):
    assert made(name, **about).tooltip == tooltip


@pytest.mark.parametrize(
    ("name", "about", "values"),
    [
        ("frame", {"unset": -1}, {-1: None, 0: 0, 9: 9}),
        ("scale", {"unset": 0.0}, {0.0: None, 0.5: 0.5}),
        ("smooth", {}, {"auto": None, "on": True, "off": False}),
        ("cropped", {"unset": False}, {False: None, True: True}),
        ("stitch", {}, {True: True, False: False}),
        ("sound", {}, {"auto": None, "none": "none"}),
    ],
)
def test_the_value_of_a_widget_is_a_value_of_the_option(made, name, about, values):
    widget = made(name, **about)
    for given_value, expected in values.items():
        value = widget.value(given_value)
        assert (type(value), value) == (type(expected), expected)  # True and 1 differ
        widget.spec.check(value)  # raises where the option does not take it


def test_driving_options_as_they_stand_are_the_defaults_of_the_library(suite):
    assert suite.options() == suite.module("liveportrait_core.options").AnimateOptions()


@pytest.mark.parametrize("id", ["eyes", "lip", "smooth", "retarget", "limits"])
def test_a_choice_that_a_combo_does_not_have_is_refused(suite, id):
    with pytest.raises(AssertionError, match=r"is 'none of these'; one of .* is expected") as stop:
        suite.options(**{id: "none of these"})
    assert isinstance(stop.value.__cause__.__cause__, ValueError)


@settings(
    max_examples=20,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(data=st.data())
def test_every_widget_of_driving_options_sets_its_own_option(suite, data):
    node = suite.module("nodes.options")
    widget = data.draw(st.sampled_from(node.WIDGETS))
    facts = widget.field().as_dict()
    choices = st.sampled_from(facts["options"]) if "options" in facts else st.booleans()
    if "min" in facts:
        number = st.integers if isinstance(facts["default"], int) else st.floats
        choices = number(facts["min"], facts["max"])
    value = data.draw(choices)
    made = suite.options(**{widget.id: value})
    build = suite.module("liveportrait_core.config.fields").build
    assert made == build(type(made), {widget.spec.key: widget.value(value)})
