"""Controls made from controls: mirrored, blended, weakened, drawn at random."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Final

import torch
from torch import Generator, Tensor

from ..config.fields import spec_of, specs_of
from ..config.spec import OptionError
from ..errors import shortened
from .control_options import CONTROL_GROUPS, NAMES, OPPOSITE, TURNED_ROUND, Controls, no_control
from .plain_text import plain_text

REST: Final = Controls()

SMILE_SPREAD: Final = 0.45
BROW_SPREAD: Final = 0.35
LID_SPREAD: Final = 0.15
GAZE_SPREAD: Final = 0.3
SIDE_SPREAD: Final = 0.12
"""How unlike both sides are."""
OPEN_MOUTHS: Final = 0.35
"""Share of faces whose jaw drops."""
ROUND_MOUTHS: Final = 0.2
HEAD_SPREADS_DEG: Final = (4.0, 7.0, 4.0)
MAX_SPREADS: Final = 2.0


def mirror_controls(controls: Controls) -> Controls:
    """The face as seen in a mirror: left is right."""
    return Controls(
        **{
            OPPOSITE[name]: -value if name in TURNED_ROUND else value
            for name, value in values_of_controls(controls).items()
        }
    )


def blend_controls(first: Controls, second: Controls, weight: float) -> Controls:
    """The face between two: 0 gives the first, 1 the second."""
    others = values_of_controls(second)
    return Controls(
        **{
            name: (1 - weight) * value + weight * others[name]
            for name, value in values_of_controls(first).items()
        }
    )


def weakened_controls(controls: Controls, strength: float) -> Controls:
    """The face at a strength from 0, at rest, to 1, as it is."""
    return blend_controls(REST, controls, strength)


def only_groups(controls: Controls, groups: Collection[str]) -> Controls:
    """The face with all groups at rest but some of `CONTROL_GROUPS`.

    Raises:
        ValueError: There is no such group.
    """
    for group in groups:
        if group not in CONTROL_GROUPS:
            raise ValueError(
                f"There is no group '{group}' of controls; choose one of "
                f"{', '.join(CONTROL_GROUPS)}."
            )
    kept = {name for group in groups for name in CONTROL_GROUPS[group]}
    return Controls(**{name: v for name, v in values_of_controls(controls).items() if name in kept})


def values_of_controls(controls: Controls) -> dict[str, float]:
    """The value of every control by its name."""
    return {name: getattr(controls, name) for name in OPPOSITE}


def changed_controls(controls: Controls) -> dict[str, float]:
    """The values that are not at rest, by name."""
    rest = values_of_controls(REST)
    return {name: v for name, v in values_of_controls(controls).items() if v != rest[name]}


def controls_within(values: dict[str, float]) -> Controls:
    """Controls out of values by name, each brought into its range.

    Raises:
        ValueError: There is no control of a name.
    """
    specs = {spec.name: spec for spec in specs_of(Controls)}
    held: dict[str, float] = {}
    for name, value in values.items():
        if name not in specs:
            raise ValueError(no_control(name))
        least, most = specs[name].minimum, specs[name].maximum
        assert least is not None
        assert most is not None
        held[name] = min(max(value, least), most)
    return Controls(**held)


def controls_of_settings(settings: Iterable[str]) -> dict[str, float]:
    """Values of controls out of texts as "jaw_open=.4,smile=1".

    Convention:
        - names are those of `NAMES`, in letters of any size and width
        - what comes later holds

    Raises:
        OptionError: A text names none, there is no control of a name, it has no value, or one that
            is out of its range.
    """
    values: dict[str, float] = {}
    for setting in (part for text in settings for part in _settings(text)):
        name, sign, text = (part.strip() for part in setting.lower().partition("="))
        if name not in NAMES:
            raise OptionError(no_control(name, NAMES))
        if not sign:
            expected = spec_of(Controls, NAMES[name][0]).expected
            raise OptionError(
                f"'{setting.strip()}' has no value; {expected} is expected behind it. Write "
                f"{name}=VALUE, as smile=0.5."
            )
        for one in NAMES[name]:
            values[one] = spec_of(Controls, one).from_text(text, name)
    return values


def _settings(text: str) -> list[str]:
    """The parts of a text between its commas."""
    parts = [part for part in plain_text(text).split(",") if part.strip()]
    if not parts:
        raise OptionError(
            f"'{shortened(text)}' names no control; NAME=VALUE is expected, with commas between "
            "several. Write for instance smile=0.5,yaw=-10."
        )
    return parts


def random_controls(seed: int, amount: float = 1.0) -> Controls:
    """A face that somebody might make, drawn at random.

    `random_controls(7, amount=0.6)`

    Convention:
        - both sides are nearly alike, and both eyes look the same way
        - the same seed gives the same face, at each amount the weaker or stronger form of it

    Args:
        seed: Another number gives another face.
        amount: 0 at rest, 1 as lively people.
    """
    draw = Generator().manual_seed(seed)
    drawn: dict[str, float] = {}
    for stem, spread in (
        ("smile", SMILE_SPREAD),
        ("brow", BROW_SPREAD),
        ("brow_inner", BROW_SPREAD / 2),
        ("blink", LID_SPREAD),
    ):
        middle, unlike = (spread * _normal(draw, 2)).tolist()
        apart = SIDE_SPREAD * unlike
        drawn |= {f"{stem}_left": middle - apart, f"{stem}_right": middle + apart}
    for axis in ("x", "y"):
        look = (GAZE_SPREAD * _normal(draw, 1)).item()
        drawn |= {f"gaze_left_{axis}": look, f"gaze_right_{axis}": look}
    opens, rounds, far, round_far, raised = torch.rand(5, generator=draw).tolist()
    drawn["jaw_open"] = 0.6 * far if opens < OPEN_MOUTHS else 0.0
    drawn["lip_round"] = 0.7 * round_far if rounds < ROUND_MOUTHS else 0.0
    drawn["cheek_raise"] = raised * max(0.0, drawn["smile_left"])
    turns = (_normal(draw, 3) * torch.tensor(HEAD_SPREADS_DEG)).tolist()
    drawn |= dict(zip(CONTROL_GROUPS["head"], turns, strict=True))
    return controls_within({name: amount * value for name, value in drawn.items()})


def _normal(draw: Generator, number: int) -> Tensor:
    return torch.randn(number, generator=draw).clamp(-MAX_SPREADS, MAX_SPREADS)
