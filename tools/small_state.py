"""The state of a run in half of the bytes, to be carried to another machine.

Convention:
    - weights stay as they are
    - moving averages are kept as what they differ by from the weights, in bfloat16
    - of the optimiser's moments the second are kept in bfloat16; the first, which form anew within
      some ten steps, are left out and begin at 0
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

import torch
from torch import Tensor, nn

FIRST, SECOND = "exp_avg", "exp_avg_sq"
"""Moments, as torch's AdamW names them."""
LEARNED_BYTES: Final = 8
"""Of a number that learns: weight, average and second moment."""
State = Mapping[str, Any]


def smaller(state: State) -> dict[str, Any]:
    """A state of `train.engine.checkpoint` as it is carried."""
    moments = {key: _without_first(of) for key, of in state["optimiser"]["state"].items()}
    return {
        **state,
        "average": _each(state, lambda average, weight: (average - weight).bfloat16()),
        "optimiser": {**state["optimiser"], "state": moments},
    }


def restored(small: State) -> dict[str, Any]:
    """The state that `smaller` was given, but for what it leaves out."""
    moments = {key: _with_first(of) for key, of in small["optimiser"]["state"].items()}
    return {
        **small,
        "average": _each(small, lambda change, weight: weight + change.to(weight.dtype)),
        "optimiser": {**small["optimiser"], "state": moments},
    }


def most_bytes(networks: Mapping[str, nn.Module]) -> int:
    """Bytes of a smaller state in which all of these networks learn, before it is compressed."""
    parameters = (p for network in networks.values() for p in network.parameters())
    return LEARNED_BYTES * sum(p.numel() for p in parameters)


def _each(state: State, change: Callable[[Tensor, Tensor], Tensor]) -> dict[str, Any]:
    """The averages of a state with those of weights changed; counts stay as they are."""
    return {
        network: {
            name: change(tensor, state["modules"][network][name])
            if tensor.is_floating_point()
            else tensor
            for name, tensor in tensors.items()
        }
        for network, tensors in state["average"].items()
    }


def _without_first(moments: State) -> dict[str, Any]:
    kept = {name: value for name, value in moments.items() if name != FIRST}
    return {**kept, SECOND: moments[SECOND].bfloat16()}


def _with_first(moments: State) -> dict[str, Any]:
    second = moments[SECOND].float()
    return {**moments, FIRST: torch.zeros_like(second), SECOND: second}
