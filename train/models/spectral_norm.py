"""Spectral norm on G while it is trained; what is written has it folded in."""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn.utils import parametrize
from torch.nn.utils.parametrizations import spectral_norm

from liveportrait_core.checkpoints.keymaps import OURS_TO_PUBLISHED

_NORMED = tuple(
    ours.removesuffix(".weight")
    for ours, theirs in OURS_TO_PUBLISHED["decoder"].items()
    if theirs.endswith(".weight_orig")
)
"""Convolutions of G that have spectral norm in the published files."""


def add_spectral_norm(decoder: nn.Module) -> None:
    """Divide the weights of G's residual convolutions by their largest singular value, always."""
    for name in _NORMED:
        spectral_norm(decoder.get_submodule(name))


def folded_state(network: nn.Module) -> dict[str, Tensor]:
    """A network's tensors as without spectral norm, each norm divided into its weight.

    The network has to be in eval mode, where a look at a weight changes nothing. (To remove the
    norms from a copy would take them from the original too: torch lets both share a class.)
    """
    state: dict[str, Tensor] = {}
    for name, value in network.state_dict().items():
        layer, inside, _ = name.partition(".parametrizations.")
        if not inside:
            state[name] = value
            continue
        module = network.get_submodule(layer)
        assert parametrize.is_parametrized(module, "weight")
        weight = module.weight
        assert isinstance(weight, Tensor)
        state[f"{layer}.weight"] = weight.detach()
    return state
