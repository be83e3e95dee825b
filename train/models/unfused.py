"""Batch norms put back into a face finder whose norms were folded: finished files train on."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Final

import torch
from torch import Tensor, nn
from torch.utils.hooks import RemovableHandle

from liveportrait_core.face.network_finder import load_finder_network
from liveportrait_core.networks.face_finder import ConvNorm, FaceFinderNetwork

MIN_VARIANCE: Final = 1e-4
"""Of a channel: one that is always the same would be divided by nothing."""


def unfused_network(path: Path, pictures: Iterable[Tensor]) -> FaceFinderNetwork:
    """The network of a finished file with batch norms, the same function in eval mode.

    Convention:
        - the statistics of a norm are those of its convolution's outputs y over the pictures; its
          gain is sqrt(var + eps) and its offset b + mean, b the folded bias, so that
          gain (y - mean) / sqrt(var + eps) + offset = y + b
        - in train mode the function differs by what a batch's statistics differ from these

    Args:
        path: Written by `save_finder_network`.
        pictures: (B, 3, h, w) in [0, 1], as in training.

    Raises:
        CheckpointError: It holds something else.
    """
    fused = load_finder_network(path)
    folded = {name: part for name, part in fused.named_modules() if isinstance(part, ConvNorm)}
    moments = _moments(fused, folded, pictures)
    network = FaceFinderNetwork().eval()
    state = {name: value.clone() for name, value in fused.state_dict().items()}
    for name in folded:
        bias = state.pop(f"{name}.0.bias")
        mean, variance = moments[name]
        norm = network.get_submodule(f"{name}.1")
        assert isinstance(norm, nn.BatchNorm2d)
        state |= {
            f"{name}.1.running_mean": mean,
            f"{name}.1.running_var": variance,
            f"{name}.1.weight": torch.sqrt(variance + norm.eps),
            f"{name}.1.bias": bias + mean,
            f"{name}.1.num_batches_tracked": torch.tensor(0),
        }
    network.load_state_dict(state)
    return network


def _moments(
    fused: FaceFinderNetwork, folded: dict[str, ConvNorm], pictures: Iterable[Tensor]
) -> dict[str, tuple[Tensor, Tensor]]:
    """Mean and variance of each folded convolution's outputs, its bias taken off."""
    sums: dict[str, Tensor] = {}

    def watching(name: str, bias: Tensor) -> Callable[[nn.Module, object, Tensor], None]:
        def see(_conv: nn.Module, _inputs: object, output: Tensor) -> None:
            values = (output - bias[:, None, None]).double()
            count = torch.full((output.shape[1],), values[:, 0].numel(), dtype=torch.float64)
            added = torch.stack((count, values.sum((0, 2, 3)), values.square().sum((0, 2, 3))))
            sums[name] = sums.get(name, torch.zeros_like(added)) + added

        return see

    hooks: list[RemovableHandle] = []
    for name, part in folded.items():
        conv = part[0]
        assert isinstance(conv, nn.Conv2d)
        assert conv.bias is not None
        hooks.append(conv.register_forward_hook(watching(name, conv.bias)))
    try:
        with torch.no_grad():
            for batch in pictures:
                fused(batch)
    finally:
        for hook in hooks:
            hook.remove()
    return {name: _mean_and_variance(total) for name, total in sums.items()}


def _mean_and_variance(total: Tensor) -> tuple[Tensor, Tensor]:
    """Of the rows count, sum, sum of squares."""
    mean = total[1] / total[0]
    variance = (total[2] / total[0] - mean.square()).clamp(min=MIN_VARIANCE)
    return mean.float(), variance.float()
