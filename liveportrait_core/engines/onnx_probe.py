"""Which networks ONNX Runtime computes faster here than torch."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

import torch

from ..model import LivePortraitModel
from ..stages import source_parts
from .onnx_export import trial_inputs

_LOG = logging.getLogger(__name__)

TRIED: Final = ("appearance", "motion", "warping", "decoder")
"""F, M, W and G; the others take next to nothing, and stay torch's."""
ROUNDS: Final = 3
TOO_SLOW: Final = 1.5
"""Times torch's first run, from which a network is not looked at further."""
_STEP: Final = 0.02

Clock = Callable[[], float]


@dataclass(frozen=True, slots=True, kw_only=True)
class FasterEngines:
    """A model with those of its engines that are faster than torch, and why."""

    model: LivePortraitModel
    reason: str
    """A line for people: what was compared."""


def faster_engines(model: LivePortraitModel, clock: Clock = time.perf_counter) -> FasterEngines:
    """The model, whose engines compute F, M, W and G where they are faster than torch.

    `faster_engines(with_onnx(model, folder)).model`

    Convention:
        - runs in turns, the fastest of a few after a first one; torch gets what depends on the
          source alone made before, and a folded M, as in a clip of a still

    Args:
        model: With engines.
        clock: Gives seconds.
    """
    plain = replace(model.reading(), engines={})
    taken: dict[str, Callable[..., Any]] = {}
    compared: list[str] = []
    with torch.inference_mode():
        for name, inputs in _inputs(plain).items():
            if name not in model.engines:
                continue
            torch_s, engine_s = _seconds(plain, model, name, inputs, clock)
            compared.append(f"{name} {1000 * torch_s:.0f} and {1000 * engine_s:.0f} ms")
            if engine_s < torch_s:
                taken[name] = model.engines[name]
    used = ", ".join(taken) or "none"
    reason = f"torch and ONNX Runtime take {'; '.join(compared)}; by ONNX Runtime: {used}."
    _LOG.info(reason)
    return FasterEngines(model=replace(model, engines=taken), reason=reason)


def _inputs(model: LivePortraitModel) -> Mapping[str, tuple[Any, ...]]:
    every = trial_inputs(model, _STEP)
    inputs = {name: every[name] for name in TRIED}
    parts = source_parts(model, *inputs["warping"][:2])
    return inputs if parts is None else {**inputs, "warping": (*inputs["warping"], parts)}


def _seconds(
    plain: LivePortraitModel,
    model: LivePortraitModel,
    name: str,
    inputs: tuple[Any, ...],
    clock: Clock,
) -> tuple[float, float]:
    """What torch and the engine take."""
    best: list[float] = []
    for turn in range(1 + ROUNDS):
        spent: list[float] = []
        for of in (plain, model):
            start_s = clock()
            of.compute(name, *inputs)
            spent.append(clock() - start_s)
        # The first run of either makes what is kept for the next ones.
        best = spent if turn < 2 else [min(pair) for pair in zip(best, spent, strict=True)]  # noqa: PLR2004
        if turn == 0 and spent[1] > TOO_SLOW * spent[0]:
            break
    return best[0], best[1]
