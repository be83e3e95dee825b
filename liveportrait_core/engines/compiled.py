"""Networks compiled by torch.compile for the sizes that they are used with."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from dataclasses import is_dataclass, replace
from typing import Any, Final

import torch
from torch import Tensor, nn

from ..command_options import AUTO
from ..errors import one_line
from ..model import LivePortraitModel
from ..networks.compact.layers import mapped
from ..networks.precision import kept_finite

_LOG = logging.getLogger(__name__)

COMPILED: Final = ("appearance", "motion", "warping", "decoder")
"""F, M, W and G: the others take microseconds."""
GRAPHS_MODE: Final = "reduce-overhead"
"""torch.compile's mode with CUDA graphs."""
PLAIN_MODE: Final = "default"
MOST_LETTERS: Final = 200
"""Of a reason in a warning."""


def compiled(model: LivePortraitModel) -> LivePortraitModel:
    """The same networks, compiled when they are first used; those that cannot be stay as they are.

    `model = compiled(load_model(device="cuda"))`

    Convention:
        - one compilation for each size of a batch, which takes from seconds to minutes; on GPUs
          CUDA graphs replay it
        - what is computed with gradients is not compiled
    """
    networks = model.modules()
    engines = {name: CompiledNetwork(networks[name], name) for name in COMPILED}
    return replace(model, engines={**model.engines, **engines})


def compiled_on(model: LivePortraitModel, choice: str, device: torch.device) -> LivePortraitModel:
    """The model, compiled as `ModelOptions.compile` says: auto compiles on GPUs alone.

    Args:
        model: The model.
        choice: off, on or auto.
        device: Where it will compute.
    """
    wanted = choice == "on" or (choice == AUTO and device.type == "cuda")
    return compiled(model) if wanted else model


class CompiledNetwork:
    """An engine of `LivePortraitModel.engines`: a network compiled by torch.compile."""

    def __init__(self, net: nn.Module, name: str) -> None:
        """A network that is compiled when it is first called.

        Args:
            net: F, M, W or G.
            name: Its name in warnings.
        """
        self._net, self._name = net, name
        self._modes = {"cuda": [GRAPHS_MODE, PLAIN_MODE]}
        self._runs: dict[str, Callable[..., Any]] = {}
        self._sizes: set[int] = set()

    def __call__(self, *inputs: Any) -> Any:
        """What the network gives."""
        first = next(tensors_of(inputs))
        modes = self._modes.setdefault(first.device.type, [PLAIN_MODE])
        while modes and not torch.is_grad_enabled():
            try:
                output = self._computed(inputs, len(first), modes[0])
            except torch.OutOfMemoryError:  # the caller tries fewer rows
                raise
            # A compiler may raise anything; what is wrong with the inputs is raised again below.
            except Exception as error:  # noqa: BLE001
                modes.pop(0)
                self._say(error, goes_on=bool(modes))
            else:
                return kept_finite(self._net, self._name, inputs, output)
        return self._net(*inputs)

    def _computed(self, inputs: tuple[Any, ...], rows: int, mode: str) -> Any:
        """The same, compiled, as a batch of a size that is compiled already where one is enough."""
        if mode not in self._runs:
            self._runs[mode] = torch.compile(self._net.forward, dynamic=False, mode=mode)
        size = rows if rows == 1 else min((s for s in self._sizes if s >= rows), default=rows)
        self._sizes.add(size)
        if mode == GRAPHS_MODE:
            torch.compiler.cudagraph_mark_step_begin()
        output = self._runs[mode](*_with_rows(inputs, rows, size))
        if mode == GRAPHS_MODE:  # the next replay writes over it
            output = _changed(output, Tensor.clone)
        return _with_rows(output, size, rows)

    def _say(self, error: Exception, *, goes_on: bool) -> None:
        rest = "it is compiled without CUDA graphs" if goes_on else "it runs as it is"
        reason = one_line(f"{type(error).__name__}: {error}")[:MOST_LETTERS]
        _LOG.warning("The %s network cannot be compiled here (%s); %s.", self._name, reason, rest)


def tensors_of(value: Any) -> Iterator[Tensor]:
    """The tensors of inputs or outputs, in order."""
    found: list[Tensor] = []
    _changed(value, lambda tensor: found.append(tensor) or tensor)
    return iter(found)


def _changed(value: Any, change: Callable[[Tensor], Tensor]) -> Any:
    """Inputs or outputs with every tensor in them changed."""
    if isinstance(value, Tensor):
        return change(value)
    if isinstance(value, tuple):
        return tuple(_changed(item, change) for item in value)
    if is_dataclass(value) and not isinstance(value, type):
        return mapped(value, change)
    return value


def _with_rows(value: Any, rows: int, wanted: int) -> Any:
    """Inputs or outputs of so many rows with as many as wanted: the last one again, or fewer."""
    if rows == wanted:
        return value

    def change(tensor: Tensor) -> Tensor:
        if len(tensor) != rows:  # one for all rows
            return tensor
        again = tensor[-1:].expand(max(0, wanted - rows), *tensor.shape[1:])
        return torch.cat((tensor[:wanted], again))

    return _changed(value, change)
