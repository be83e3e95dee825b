"""Curves through keys: what a control does over time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, Literal, TypeAlias, get_args

import torch
from torch import Tensor

from ..errors import about

EasingName = Literal["smooth", "linear", "hold", "ease", "ease-in", "ease-out"]
Handles: TypeAlias = tuple[float, float, float, float]
"""x1, y1, x2, y2 of a Bezier curve from (0, 0) to (1, 1), as CSS's cubic-bezier has them."""
Easing: TypeAlias = "EasingName | Handles"

BEZIER_EASINGS: Final[Mapping[str, Handles]] = MappingProxyType(
    {
        "ease": (0.42, 0.0, 0.58, 1.0),
        "ease-in": (0.42, 0.0, 1.0, 1.0),
        "ease-out": (0.0, 0.0, 0.58, 1.0),
    }
)
"""Handles of the easings that have a name, as CSS defines them."""
EASINGS: Final[tuple[EasingName, ...]] = get_args(EasingName)
HANDLE_Y: Final = (-1.0, 2.0)
"""How far a handle may go down and up."""
DECIMALS: Final = 4
"""Of times, values and handles; more could not be told apart."""
_HALVINGS: Final = 32
_ROUNDS: Final = (-1, 0, 1)


@dataclass(frozen=True, slots=True)
class Key:
    """A value at a time: `Key(0.8, 0.7, "ease")`.

    Convention:
        - the easing is that of the way to this key from the one before
    """

    time_s: float
    value: float
    easing: Easing = "smooth"

    def __post_init__(self) -> None:
        for name in ("time_s", "value"):
            object.__setattr__(self, name, round(float(getattr(self, name)), DECIMALS))
        easing = self.easing
        if isinstance(easing, str):
            known = easing in EASINGS
        else:
            easing = tuple(round(float(number), DECIMALS) for number in easing)
            known = len(easing) == len("xyxy") and are_handles(easing)
            object.__setattr__(self, "easing", easing)
        if not known:
            with about("easing"):
                raise ValueError(
                    f"The easing is {easing}; one of {', '.join(EASINGS)} or four numbers x1, y1, "
                    f"x2, y2 with x from 0 to 1 and y from {HANDLE_Y[0]:g} to {HANDLE_Y[1]:g} is "
                    "expected. Choose one of these."
                )


def are_handles(numbers: Sequence[float]) -> bool:
    """Whether numbers x1, y1, x2, y2 lie where handles may be."""
    low, high = HANDLE_Y
    x_fits = all(0 <= x <= 1 for x in numbers[::2])
    return x_fits and all(low <= y <= high for y in numbers[1::2])


def curve_values(keys: Sequence[Key], times_s: Tensor, period_s: float | None = None) -> Tensor:
    """The value of a curve at some times.

    Convention:
        - at a key it is the key's value, before the first key that of the first, after the last
          that of the last
        - hold: the value before until the key, then the key's at once; linear: a straight way
        - smooth: a cubic whose slope at a key is the weighted harmonic mean of the slopes on both
          sides, and 0 at a turn and at both ends (Fritsch and Butland 1984): between two keys it
          never leaves their values
        - all others: a Bezier curve with handles, as CSS has it; it leaves the values of the keys
          only where y of a handle leaves 0 to 1
        - with a period the keys stand on a circle: from the last one the way goes on to the first

    Args:
        keys: One or more, in the order of their times, no two at the same.
        times_s: (N,) any times, with a period from 0 up to it.
        period_s: Length of the circle; all keys lie before it.

    Returns:
        (N,) float64.
    """
    rounds = (0,) if period_s is None else _ROUNDS
    moments, values = (
        torch.tensor([value for part in rounds for value in row(part)], dtype=torch.float64)
        for row in (
            lambda part: [key.time_s + part * (period_s or 0.0) for key in keys],
            lambda part: [key.value for key in keys],
        )
    )
    if len(moments) == 1:
        return values.expand(len(times_s)).clone()
    times = times_s.to(torch.float64)
    start = (torch.searchsorted(moments, times, right=True) - 1).clamp(0, len(moments) - 2)
    way = moments.diff()
    share = ((times - moments[start]) / way[start]).clamp(0, 1)
    easings: list[Easing] = [key.easing for _ in rounds for key in keys]
    low, high = values[start], values[start + 1]
    eased = _eased(share, easings[1:], start)
    smooth = torch.tensor([easing == "smooth" for easing in easings[1:]])[start]
    slopes = _slopes(way, values)
    cubic = _hermite(share, way[start], (low, high), (slopes[start], slopes[start + 1]))
    return torch.where(smooth, cubic, low * (1 - eased) + high * eased)


def _eased(share: Tensor, easings: Sequence[Easing], start: Tensor) -> Tensor:
    """(N,) how far the value has gone of its way at a share of the time."""
    straight = torch.tensor([easing == "linear" for easing in easings])[start]
    eased = torch.where(straight, share, 0.0)
    curved = [index for index, easing in enumerate(easings) if _handles_of(easing) is not None]
    if curved:
        handles = torch.zeros(len(easings), 4, dtype=torch.float64)
        handles[curved] = torch.tensor(
            [_handles_of(easings[index]) for index in curved], dtype=torch.float64
        )
        here = torch.isin(start, torch.tensor(curved))
        x1, y1, x2, y2 = handles[start[here]].unbind(-1)
        eased[here] = _bezier(_parameter(share[here], x1, x2), y1, y2)
    # exact at both ends
    return torch.where((share == 0) | (share == 1), share, eased)


def _handles_of(easing: Easing) -> Handles | None:
    return BEZIER_EASINGS.get(easing) if isinstance(easing, str) else easing


def _parameter(x: Tensor, x1: Tensor, x2: Tensor) -> Tensor:
    """Where a Bezier curve passes x; x never goes back, so that halving finds it."""
    low, high = torch.zeros_like(x), torch.ones_like(x)
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        before = _bezier(middle, x1, x2) < x
        low, high = torch.where(before, middle, low), torch.where(before, high, middle)
    return (low + high) / 2


def _bezier(s: Tensor, first: Tensor, second: Tensor) -> Tensor:
    """One coordinate of a cubic Bezier curve from 0 to 1."""
    return 3 * (1 - s) ** 2 * s * first + 3 * (1 - s) * s**2 * second + s**3


def _slopes(way: Tensor, values: Tensor) -> Tensor:
    """(K,) slopes of the smooth curve at K keys, a value for each second."""
    straight = values.diff() / way
    before, after = straight[:-1], straight[1:]
    turn = before * after <= 0
    # weighted by how long the ways are; a turn, where the mean is not defined, has slope 0
    weights = (2 * way[1:] + way[:-1], way[1:] + 2 * way[:-1])
    means = weights[0] / before.masked_fill(turn, 1) + weights[1] / after.masked_fill(turn, 1)
    inner = (weights[0] + weights[1]) / means
    slopes = torch.zeros_like(values)
    slopes[1:-1] = inner.masked_fill(turn, 0)
    return slopes


def _hermite(
    u: Tensor, way: Tensor, ends: tuple[Tensor, Tensor], slopes: tuple[Tensor, Tensor]
) -> Tensor:
    """A cubic by its values and slopes at both ends, u from 0 to 1 between them."""
    rise = u**2 * (3 - 2 * u)
    inner = way * u * (1 - u) * (slopes[0] * (1 - u) - slopes[1] * u)
    return ends[0] * (1 - rise) + ends[1] * rise + inner
