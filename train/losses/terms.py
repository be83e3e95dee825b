"""The loss table: name, weight, function; the weighted sum, all logged."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from torch import Tensor

Step = TypeVar("Step")
Step_contra = TypeVar("Step_contra", contravariant=True)


@dataclass(frozen=True, slots=True)
class LossTerm(Generic[Step_contra]):
    """One row of the table; weight 0 still logs."""

    name: str
    weight: float
    function: Callable[[Step_contra], Tensor]


def weighted_losses(
    terms: Sequence[LossTerm[Step]], step: Step
) -> tuple[Tensor, dict[str, Tensor]]:
    """The weighted sum, and every term unweighted by name."""
    values = {term.name: term.function(step) for term in terms}
    total = sum((term.weight * values[term.name] for term in terms), start=_zero(values))
    return total, values


def _zero(values: dict[str, Tensor]) -> Tensor:
    return next(iter(values.values())).new_zeros(())
