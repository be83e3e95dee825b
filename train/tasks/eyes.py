"""The eye branch of a compact model, learned on windows about eyes while all else stays."""

from __future__ import annotations

from dataclasses import dataclass

from liveportrait_core.config.fields import check_options, option, shared
from liveportrait_core.networks.compact.window import WINDOW_STEP_PX

from ..engine.loop import LoopConfig
from ..engine.task import Task
from ..models.presets import SHIPPED_EYES_PX, check_window_px
from .window_branch import BranchConfig, branch_cost, prepare_branch
from .window_making import EYES_PART


@dataclass(frozen=True, slots=True, kw_only=True)
class EyesConfig:
    """The eye branch of a compact model on rendered heads; F, M, W and the rest of G stay."""

    branch: BranchConfig = shared(BranchConfig)
    eyes_px: int = option(
        SHIPPED_EYES_PX, "side of a window, a multiple of 8", minimum=WINDOW_STEP_PX, unit="px"
    )

    def __post_init__(self) -> None:
        check_options(self)
        check_window_px("eyes_px", self.eyes_px)

    @property
    def loop(self) -> LoopConfig:
        """Of the training loop."""
        return self.branch.loop


def prepare(config: EyesConfig) -> Task:
    """The task of a config, its windows made; errors as `prepare_branch`."""
    return prepare_branch(EYES_PART, config.branch, config.eyes_px)


def cost(config: EyesConfig) -> str:
    """What a step takes, for a dry run."""
    return branch_cost(EYES_PART, config.branch, config.eyes_px)
