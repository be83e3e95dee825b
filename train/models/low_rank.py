"""Low-rank changes of frozen layers: W + U D, two thin factors that learn (Hu et al., 2021).

`train.models.spectral_norm.folded_state` gives the tensors with the change folded in.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn.utils import parametrize

from liveportrait_core.geometry import full_precision

LAYERS = nn.Conv2d | nn.Conv3d | nn.Linear
NORMS = nn.BatchNorm1d | nn.BatchNorm2d | nn.BatchNorm3d | nn.SyncBatchNorm


class LowRank(nn.Module):
    """A change of a weight: rows (outputs) by columns (inputs, and places of a kernel).

    Convention:
        - U begins as zero, so that nothing changes yet; D begins with variance 1 / rank, so that a
          first step of Adam on U moves a weight about as far as one on the weight itself would:
          a learning rate means the same for any rank
    """

    def __init__(self, weight: Tensor, rank: int) -> None:
        super().__init__()
        rows, columns = len(weight), weight[0].numel()
        rank = min(rank, rows, columns)
        self.up = nn.Parameter(weight.new_zeros(rows, rank))
        """(rows, rank)."""
        self.down = nn.Parameter(torch.randn(rank, columns).to(weight) / rank**0.5)
        """(rank, columns)."""

    def forward(self, weight: Tensor) -> Tensor:
        """The weight with its change, in float32 whatever autocast says: as it will be stored."""
        with full_precision(weight.device):
            return weight + (self.up @ self.down).view(weight.shape)


def add_low_rank(network: nn.Module, rank: int) -> None:
    """Freeze a network but for changes of this rank of its convolutions and linear layers.

    Args:
        network: Its biases and norms stay as they are, too, and so do the statistics of norms.
        rank: At least 1; of a layer that is smaller, all of it.

    Raises:
        ValueError: The rank is less than 1.
    """
    if rank < 1:
        raise ValueError(f"rank must be at least 1, got {rank}.")
    network.requires_grad_(False)
    hold_statistics(network)
    layers = [layer for layer in network.modules() if isinstance(layer, LAYERS)]
    for layer in layers:
        parametrize.register_parametrization(layer, "weight", LowRank(layer.weight, rank))


def hold_statistics(network: nn.Module) -> None:
    """Let batch norms go by what they counted before: few pictures of one person differ from it."""
    network.register_forward_pre_hook(_hold_statistics)


def _hold_statistics(network: nn.Module, inputs: object) -> None:
    del inputs
    for part in network.modules():
        if isinstance(part, NORMS):
            part.eval()


def num_learning(network: nn.Module) -> int:
    """How many numbers of a network learn."""
    return sum(parameter.numel() for parameter in network.parameters() if parameter.requires_grad)
