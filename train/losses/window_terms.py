"""The loss table of the branches of mouth and eyes: a changed window against the true one."""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from liveportrait_core.config.fields import check_options, option
from liveportrait_core.networks.compact.eyes import EyeView, eye_opening
from liveportrait_core.networks.compact.layers import heat_maps
from liveportrait_core.networks.compact.mouth import LIPS, MouthView
from liveportrait_core.networks.compact.tone import luminance_of

from ..data.part_windows import PartWindows
from ..models.discriminators import DiscriminatorOutputs
from .adversarial import discriminator_hinge, feature_matching, generator_hinge
from .perceptual import pyramid_distance, weighted_l1
from .terms import LossTerm

INSIDE_WEIGHT, ABOUT_WEIGHT, ELSEWHERE_WEIGHT = 4.0, 1.5, 0.25
"""How much a pixel counts: of the part, about it (lips, lids), and beyond that."""
LEAST_INSIDE = 0.01
"""Share of a step's windows that is of the part, below which its colours count less."""
MOUTH_COARSE, EYES_COARSE = 4, 2
"""How many times smaller windows are compared: teeth a little beside the true ones are right, too,
and L1 blurs them; an iris has its place."""
LEVELS = 2
"""At how many scales from there."""
_LID_REACH = 0.15
"""How far beyond the lids' keypoints a discriminator sees, in half sides of the window."""
_LIPS_SIGMA, _LIPS_LEVEL = 0.2, 0.25
"""Width of a lip keypoint's surroundings, window units, and the heat from which they are lips."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WindowWeights:
    """Weights of the losses of a branch."""

    picture: float = option(
        10.0, "pyramid of L1 and gradients of the shrunk window, the part most", minimum=0
    )
    chroma: float = option(30.0, "L1 of the part's colours without their luminance", minimum=0)
    gan: float = option(0.3, "hinge loss, where the run has a discriminator", minimum=0)
    matching: float = option(2.0, "feature matching, likewise", minimum=0)
    discriminator: float = option(1.0, "hinge loss by which it learns", minimum=0)

    def __post_init__(self) -> None:
        check_options(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class WindowStep:
    """Inputs of the losses."""

    windows: PartWindows[MouthView] | PartWindows[EyeView]
    """In [0, 1]."""
    image: Tensor
    """(B, 3, W, W) the picture with the change."""
    about: Tensor
    """(B, 1, W, W): 1 at the part and what is around it (lips, lids), 0 elsewhere."""
    coarse: int
    """How many times smaller windows are compared."""
    outputs: DiscriminatorOutputs | None = None

    @property
    def judged(self) -> Tensor:
        """(B, 3, W, W) the part of the image in the true picture: what a discriminator sees."""
        about = F.avg_pool2d(self.about, 5, 1, 2)
        return about * self.image + (1 - about) * self.windows.truth

    @property
    def weights(self) -> Tensor:
        """(B, 1, W, W) how much each pixel counts."""
        return (
            ELSEWHERE_WEIGHT
            + (ABOUT_WEIGHT - ELSEWHERE_WEIGHT) * self.about
            + (INSIDE_WEIGHT - ABOUT_WEIGHT) * self.windows.inside
        )


def mouth_step(windows: PartWindows[MouthView], change: Tensor) -> WindowStep:
    """The step of windows about mouths that were changed."""
    size = windows.inside.shape[-1]
    heat = heat_maps(windows.view.driving_points[:, list(LIPS)], size, _LIPS_SIGMA)
    about = (heat.amax(1, keepdim=True) > _LIPS_LEVEL).float()
    reach = size // 16
    inside = F.max_pool2d(windows.inside, 2 * reach + 1, 1, reach)
    return WindowStep(
        windows=windows,
        image=windows.view.picture + change,
        about=torch.maximum(about, inside),
        coarse=MOUTH_COARSE,
    )


def eyes_step(windows: PartWindows[EyeView], change: Tensor) -> WindowStep:
    """The step of windows about eyes that were changed."""
    opening = eye_opening(windows.view.driving_points, windows.inside.shape[-1], _LID_REACH)
    return WindowStep(
        windows=windows,
        image=windows.view.picture + change,
        about=torch.maximum(opening, windows.inside),
        coarse=EYES_COARSE,
    )


def window_terms(weights: WindowWeights, *, gan: bool) -> tuple[LossTerm[WindowStep], ...]:
    """The loss table, with the rows of a discriminator where there is one."""
    rows: tuple[LossTerm[WindowStep], ...] = (
        LossTerm("picture", weights.picture, _picture_loss),
        LossTerm("chroma", weights.chroma, _chroma_loss),
    )
    if not gan:
        return rows
    return (
        *rows,
        LossTerm("gan", weights.gan, lambda s: generator_hinge(_outputs(s).logits)),
        LossTerm("matching", weights.matching, _matching_loss),
        LossTerm("discriminator", weights.discriminator, _discriminator_loss),
    )


def _picture_loss(step: WindowStep) -> Tensor:
    """Coarse levels alone."""
    seen = (step.image, step.windows.truth, step.weights)
    return pyramid_distance(*(F.avg_pool2d(x, step.coarse) for x in seen), levels=LEVELS)


def _chroma_loss(step: WindowStep) -> Tensor:
    found, true = (_chroma(x) for x in (step.image, step.windows.truth))
    inside = step.windows.inside
    return weighted_l1(found, true, inside) / inside.mean().clamp(min=LEAST_INSIDE)


def _chroma(picture: Tensor) -> Tensor:
    return picture - luminance_of(picture)


def _matching_loss(step: WindowStep) -> Tensor:
    outputs = _outputs(step)
    return feature_matching(outputs.activations, outputs.true_activations)


def _discriminator_loss(step: WindowStep) -> Tensor:
    outputs = _outputs(step)
    return discriminator_hinge(outputs.true_logits, outputs.detached_logits)


def _outputs(step: WindowStep) -> DiscriminatorOutputs:
    assert step.outputs is not None
    return step.outputs
