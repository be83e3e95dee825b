"""The mouth branch of a compact model, learned on windows about mouths while all else stays."""

from __future__ import annotations

import copy
from dataclasses import dataclass
from functools import partial

import torch
from torch import nn

from liveportrait_core.config.fields import check_options, option, shared
from liveportrait_core.networks.compact.mouth import MouthBranch
from liveportrait_core.networks.compact.tone import LUMINANCE
from liveportrait_core.networks.compact.window import WINDOW_STEP_PX

from ..engine.loop import LoopConfig
from ..engine.task import Task
from ..models.presets import SHIPPED_MOUTH_PX, check_window_px
from .window_branch import BranchConfig, branch_cost, prepare_branch
from .window_making import MOUTH_PART


@dataclass(frozen=True, slots=True, kw_only=True)
class MouthConfig:
    """The mouth branch of a compact model on rendered heads; F, M, W and the rest of G stay."""

    branch: BranchConfig = shared(BranchConfig)
    mouth_px: int = option(
        SHIPPED_MOUTH_PX, "side of the window, a multiple of 8", minimum=WINDOW_STEP_PX, unit="px"
    )
    luminance: float = option(
        0.4,
        "fraction of the change of luminance that the written model keeps; all of it makes teeth "
        "dim and openings of the lips harder to see",
        minimum=0,
        maximum=1,
        more=True,
    )

    def __post_init__(self) -> None:
        check_options(self)
        check_window_px("mouth_px", self.mouth_px)

    @property
    def loop(self) -> LoopConfig:
        """Of the training loop."""
        return self.branch.loop


def prepare(config: MouthConfig) -> Task:
    """The task of a config, its windows made; errors as `prepare_branch`."""
    finish = partial(with_luminance, fraction=config.luminance)
    return prepare_branch(MOUTH_PART, config.branch, config.mouth_px, finish)


def with_luminance(branch: nn.Module, fraction: float) -> MouthBranch:
    """A copy of a branch whose change has a fraction of its luminance, its chroma being kept.

    Convention:
        - in the colours of the branch's last layer: o - (1 - fraction) y(o), with y its luminance
    """
    copied = copy.deepcopy(branch)
    assert isinstance(copied, MouthBranch)
    weight, bias = copied.out.weight, copied.out.bias
    assert bias is not None
    mix = torch.eye(3) - (1 - fraction) * torch.tensor(LUMINANCE).expand(3, 3)
    with torch.no_grad():
        weight.copy_(torch.einsum("ij,jchw->ichw", mix.to(weight), weight))
        bias.copy_(mix.to(bias) @ bias)
    return copied


def cost(config: MouthConfig) -> str:
    """What a step takes, for a dry run."""
    return branch_cost(MOUTH_PART, config.branch, config.mouth_px)
