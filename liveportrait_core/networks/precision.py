"""A 16-bit network that overflows continues in float32, and only that one."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass
from functools import partial
from itertools import chain
from typing import Any, Final
from weakref import WeakKeyDictionary

import torch
from torch import Tensor, nn
from torch.utils.hooks import RemovableHandle

_LOG = logging.getLogger(__name__)
_SLOW: Final = "it runs in float32 from now on, which is correct but slower"
_WATCHED: WeakKeyDictionary[nn.Module, RemovableHandle] = WeakKeyDictionary()


def set_precision(net: nn.Module, name: str, dtype: torch.dtype) -> None:
    """Cast a network in place; below float32 its outputs are watched from then on.

    Convention:
        - an output that is not finite, of inputs that are, is made again in float32, and the
          network stays there until the next call of this function; a warning names it once
        - the repetition keeps the weights rounded to 16 bits; only its arithmetic is in float32
        - a network whose weights the type cannot hold runs in float32 from the start, with a
          warning
        - inputs that are not finite are the caller's error; their outputs are left as they are
        - the network's input may be of either type; it casts what it reads

    Args:
        net: F, W or G.
        name: Its name in the warning.
        dtype: Type of its weights. float32 and wider are not watched and cost nothing.
    """
    if (handle := _WATCHED.pop(net, None)) is not None:
        handle.remove()
    narrow = torch.finfo(dtype).bits < torch.finfo(torch.float32).bits
    if narrow and not _holds(net, dtype):
        _LOG.warning("The %s network has weights too large for %s; %s.", name, _word(dtype), _SLOW)
        dtype, narrow = torch.float32, False
    net.to(dtype=dtype)
    if narrow:
        hook = partial(_repeated_in_full, name)
        _WATCHED[net] = net.register_forward_hook(hook, with_kwargs=True)


def kept_finite(net: nn.Module, name: str, inputs: tuple[Any, ...], output: Any) -> Any:
    """What the watch of `set_precision` makes of an output that something else computed.

    Args:
        net: The network.
        name: Its name in the warning.
        inputs: What it was computed from.
        output: The output; it is given back where the network is not watched.
    """
    if net not in _WATCHED:
        return output
    again = _repeated_in_full(name, net, inputs, {}, output)
    return output if again is None else again


def _repeated_in_full(
    name: str, net: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any], output: Any
) -> Any:
    """The output again, in float32, where it overflowed; None leaves it as it is."""
    weight = next(net.parameters())
    dtype = weight.dtype
    if dtype == torch.float32 or _is_finite(output) or not _is_finite((args, kwargs)):
        return None
    _LOG.warning("The %s network overflows in %s; %s.", name, _word(dtype), _SLOW)
    with torch.inference_mode(weight.is_inference()):  # weights stay of the kind they are
        net.float()
    if (handle := _WATCHED.pop(net, None)) is not None:
        handle.remove()
    return net.forward(*args, **kwargs)


def _holds(net: nn.Module, dtype: torch.dtype) -> bool:
    """Whether every finite weight and statistic stays finite as `dtype`."""
    return all(
        bool((value.to(dtype).isfinite() | ~value.isfinite()).all())
        for value in chain(net.parameters(), net.buffers())
        if value.is_floating_point()
    )


def _is_finite(value: Any) -> bool:
    found = [tensor.isfinite().all() for tensor in _floats(value)]
    return not found or bool(torch.stack(found).all())  # a device is waited for once


def _floats(value: Any) -> Iterator[Tensor]:
    """The tensors of floats in nested outputs and arguments."""
    if isinstance(value, Tensor):
        if value.is_floating_point():
            yield value
    elif isinstance(value, Mapping):
        for item in value.values():
            yield from _floats(item)
    elif isinstance(value, tuple | list):
        for item in value:
            yield from _floats(item)
    elif is_dataclass(value):
        for field in fields(value):
            yield from _floats(getattr(value, field.name))


def _word(dtype: torch.dtype) -> str:
    return str(dtype).removeprefix("torch.")
