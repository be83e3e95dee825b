"""The loss table of the mouth branch: a changed window against the true one."""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from liveportrait_core.config.fields import check_options, option
from liveportrait_core.networks.compact.layers import heat_maps
from liveportrait_core.networks.compact.mouth import LIPS

from ..data.augment import LUMINANCE
from ..data.mouth_windows import MouthWindows
from ..models.discriminators import DiscriminatorOutputs
from .adversarial import discriminator_hinge, feature_matching, generator_hinge
from .perceptual import pyramid_distance, weighted_l1
from .terms import LossTerm

INSIDE_WEIGHT, LIPS_WEIGHT, ELSEWHERE_WEIGHT = 4.0, 1.5, 0.25
"""How much a pixel counts: of the inner mouth, about the lips, and beyond them."""
LEAST_INSIDE = 0.01
"""Part of a step's windows that is inner mouth, below which its colours count less."""
COARSE, LEVELS = 4, 2
"""How many times smaller windows are compared, and at how many scales from there."""
_LIPS_SIGMA, _LIPS_LEVEL = 0.2, 0.25
"""Width of a lip keypoint's surroundings, window units, and the heat from which they are lips."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MouthWeights:
    """Weights of the losses of the mouth branch."""

    picture: float = option(
        10.0, "pyramid of L1 and gradients of the shrunk window, the inner mouth most", minimum=0
    )
    chroma: float = option(
        30.0, "L1 of the inner mouth's colours without their luminance", minimum=0
    )
    gan: float = option(0.3, "hinge loss, where the run has a discriminator", minimum=0)
    matching: float = option(2.0, "feature matching, likewise", minimum=0)
    discriminator: float = option(1.0, "hinge loss by which it learns", minimum=0)

    def __post_init__(self) -> None:
        check_options(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class MouthStep:
    """Inputs of the losses."""

    windows: MouthWindows
    """In [0, 1]."""
    image: Tensor
    """(B, 3, W, W) the picture with the change."""
    lips: Tensor
    """(B, 1, W, W): 1 at the lips and in the mouth, 0 elsewhere."""
    outputs: DiscriminatorOutputs | None = None

    @classmethod
    def of(cls, windows: MouthWindows, change: Tensor) -> MouthStep:
        """The step of windows that were changed."""
        size = windows.inside.shape[-1]
        heat = heat_maps(windows.view.driving_points[:, list(LIPS)], size, _LIPS_SIGMA)
        about = (heat.amax(1, keepdim=True) > _LIPS_LEVEL).float()
        reach = size // 16
        inside = F.max_pool2d(windows.inside, 2 * reach + 1, 1, reach)
        return cls(
            windows=windows,
            image=windows.view.picture + change,
            lips=torch.maximum(about, inside),
        )

    @property
    def judged(self) -> Tensor:
        """(B, 3, W, W) the lips of the image in the true picture: what a discriminator sees."""
        lips = F.avg_pool2d(self.lips, 5, 1, 2)
        return lips * self.image + (1 - lips) * self.windows.truth

    @property
    def weights(self) -> Tensor:
        """(B, 1, W, W) how much each pixel counts."""
        return (
            ELSEWHERE_WEIGHT
            + (LIPS_WEIGHT - ELSEWHERE_WEIGHT) * self.lips
            + (INSIDE_WEIGHT - LIPS_WEIGHT) * self.windows.inside
        )


def mouth_terms(weights: MouthWeights, *, gan: bool) -> tuple[LossTerm[MouthStep], ...]:
    """The loss table, with the rows of a discriminator where there is one."""
    rows: tuple[LossTerm[MouthStep], ...] = (
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


def _picture_loss(step: MouthStep) -> Tensor:
    """Coarse levels alone: teeth a little beside the true ones are right, and L1 blurs them."""
    seen = (step.image, step.windows.truth, step.weights)
    return pyramid_distance(*(F.avg_pool2d(x, COARSE) for x in seen), levels=LEVELS)


def _chroma_loss(step: MouthStep) -> Tensor:
    found, true = (_chroma(x) for x in (step.image, step.windows.truth))
    inside = step.windows.inside
    return weighted_l1(found, true, inside) / inside.mean().clamp(min=LEAST_INSIDE)


def _chroma(picture: Tensor) -> Tensor:
    weights = picture.new_tensor(LUMINANCE).view(3, 1, 1)
    return picture - (picture * weights).sum(1, keepdim=True)


def _matching_loss(step: MouthStep) -> Tensor:
    outputs = _outputs(step)
    return feature_matching(outputs.activations, outputs.true_activations)


def _discriminator_loss(step: MouthStep) -> Tensor:
    outputs = _outputs(step)
    return discriminator_hinge(outputs.true_logits, outputs.detached_logits)


def _outputs(step: MouthStep) -> DiscriminatorOutputs:
    assert step.outputs is not None
    return step.outputs
