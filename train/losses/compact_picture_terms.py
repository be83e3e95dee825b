"""The loss table of the compact F, W and G: a repainted frame against the true one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from liveportrait_core.config.fields import check_options, option
from liveportrait_core.networks.compact.decoder import CompactDecoder, Painted
from liveportrait_core.networks.compact.layers import heat_maps, identity_grid, resize
from liveportrait_core.networks.compact.motion_extractor import CompactMotionExtractor
from liveportrait_core.networks.compact.warping import CompactWarped

from ..data.batch import PairBatch, PairTruth
from ..data.rendered import HEAD_REGIONS
from ..models.discriminators import DiscriminatorOutputs
from .adversarial import discriminator_hinge, feature_matching, generator_hinge
from .flow import flow_distance, masked_cross_entropy
from .keypoints import EYE_POINTS, MOUTH_POINTS, motion_distance
from .perceptual import feature_distance, pyramid_distance, weighted_l1
from .terms import LossTerm

HIDDEN_FLOW = 0.3
"""Weight of the flow of a pixel that the source hides."""
STATIC = 4e-3
"""A true flow of less than this, in crop units, stays where it is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PictureWeights:
    """Weights of the losses of F, W and G."""

    picture: float = option(10.0, "pyramid of L1 and gradients, eyes and mouth weighted", minimum=0)
    flow: float = option(12.5, "L1 of the flow, coarse and refined", minimum=0)
    mask: float = option(2.0, "blend mask against visibility, outside eyes and mouth", minimum=0)
    painted: float = option(
        2.0,
        "L1 of the painted picture where it is used, and what the source hides",
        minimum=0,
    )
    perceptual: float = option(
        2.0, "features of the model's own M (of the moving average), relative L1", minimum=0
    )
    motion: float = option(
        10.0,
        "keypoints that this M reads in the painted frame against those in the true one",
        minimum=0,
    )
    background: float = option(
        3.0, "cross-entropy of what stays still; 0 for pairs of one pose", minimum=0
    )
    head: float = option(1.5, "cross-entropy of the source's head mask", minimum=0)
    eyes: float = option(
        12.0, "extra weight of pixels about the eyes; not a loss of its own", minimum=0
    )
    mouth: float = option(
        10.0, "extra weight of pixels about the mouth; not a loss of its own", minimum=0
    )
    hidden: float = option(
        2.0, "extra weight of pixels that the source hides; not a loss of its own", minimum=0
    )
    gan_face: float = option(
        0.1, "hinge loss of D_face, where the run has discriminators", minimum=0
    )
    gan_eyes: float = option(0.1, "the same of D_eyes", minimum=0)
    gan_lip: float = option(0.2, "the same of D_lip", minimum=0)
    matching: float = option(2.0, "feature matching of all discriminators", minimum=0)
    discriminators: float = option(1.0, "hinge losses by which they learn", minimum=0)

    def __post_init__(self) -> None:
        check_options(self)


@dataclass(frozen=True, slots=True)
class FeatureReading:
    """Features and keypoints of M for a picture."""

    features: tuple[Tensor, ...]
    keypoints: Tensor
    """(B, K, 3)."""

    @classmethod
    def of(cls, reader: CompactMotionExtractor, image: Tensor) -> FeatureReading:
        """Those of (B, 3, h, h) pictures."""
        features = reader.features(image)
        return cls(features, reader.read_features(features).keypoints)


@dataclass(frozen=True, slots=True)
class PictureStep:
    """Inputs of the losses of F, W and G."""

    warped: CompactWarped
    painted: Painted
    pairs: PairBatch
    eyes: Tensor
    """(B, 1, h, h) in [0, 1]: near an eye's keypoints."""
    mouth: Tensor
    """(B, 1, h, h) in [0, 1]: near the mouth's keypoints."""
    regions: Tensor
    """(B, 1, h, h) at least 1: how much eyes and mouth count."""
    weights: Tensor
    """(B, 1, h, h): the same, and what the source hides."""
    painted_reading: FeatureReading
    """Of the painted frame; the weights of M do not learn from it."""
    true_reading: FeatureReading
    """Of the true frame, without gradient."""
    discriminator_outputs: Mapping[str, DiscriminatorOutputs] = field(default_factory=dict)
    """Outputs of the discriminators by the name of the part; empty without them."""

    @property
    def labels(self) -> PairTruth:
        """The renderer's truth, for rows that need it."""
        assert self.pairs.truth is not None
        return self.pairs.truth

    @property
    def flow_weight(self) -> Tensor:
        """(B, 1, h / 2, h / 2) weight of the flow of each pixel: .3 of a hidden one."""
        return self.labels.visible + HIDDEN_FLOW * (1 - self.labels.visible)


def picture_terms(weights: PictureWeights) -> tuple[LossTerm[PictureStep], ...]:
    """The loss table of F, W and G."""
    return (
        LossTerm(
            "picture",
            weights.picture,
            lambda s: pyramid_distance(s.painted.image, s.pairs.driving.image, s.weights),
        ),
        LossTerm("flow", weights.flow, _flow_loss),
        LossTerm("mask", weights.mask, _mask_loss),
        LossTerm("painted", weights.painted, _painted_loss),
        LossTerm(
            "perceptual",
            weights.perceptual,
            lambda s: feature_distance(s.painted_reading.features, s.true_reading.features),
        ),
        LossTerm(
            "motion",
            weights.motion,
            lambda s: motion_distance(s.painted_reading.keypoints, s.true_reading.keypoints),
        ),
        LossTerm("background", weights.background, _background_loss),
        LossTerm("head", weights.head, _head_loss),
    )


def unlabelled_terms(weights: PictureWeights) -> tuple[LossTerm[PictureStep], ...]:
    """The rows of `picture_terms` that need nothing but the two pictures."""
    alone = ("picture", "perceptual", "motion")
    return tuple(term for term in picture_terms(weights) if term.name in alone)


def adversarial_terms(weights: PictureWeights) -> tuple[LossTerm[PictureStep], ...]:
    """The rows that come with the discriminators (Eq. 4, L_G)."""
    parts = {"face": weights.gan_face, "eyes": weights.gan_eyes, "lip": weights.gan_lip}
    rows: list[LossTerm[PictureStep]] = [
        LossTerm(f"gan_{name}", weight, partial(_generator_loss, name))
        for name, weight in parts.items()
    ]
    return (
        *rows,
        LossTerm("matching", weights.matching, _matching_loss),
        LossTerm("discriminators", weights.discriminators, _discriminator_loss),
    )


def picture_step(
    modules: Mapping[str, nn.Module],
    pairs: PairBatch,
    source_keypoints: Tensor,
    driving_keypoints: Tensor,
    weights: PictureWeights,
    reader: CompactMotionExtractor,
) -> PictureStep:
    """Repaint the driving frames from the sources."""
    volume = modules["appearance"](pairs.source.image)
    warped: CompactWarped = modules["warping"](volume, source_keypoints, driving_keypoints)
    decoder = modules["decoder"]
    assert isinstance(decoder, CompactDecoder)
    size = pairs.driving.image.shape[-1]
    eyes, mouth = (
        heat_maps(pairs.driving.keypoints[:, points], size, sigma).sum(1, keepdim=True).clamp(max=1)
        for points, sigma in ((EYE_POINTS, 0.045), (MOUTH_POINTS, 0.07))
    )
    hidden = 0.0 if pairs.truth is None else resize(1 - pairs.truth.visible, size)
    regions = 1 + weights.eyes * eyes + weights.mouth * mouth
    painted = decoder.paint(warped)
    with torch.no_grad():
        true_reading = FeatureReading.of(reader, pairs.driving.image)
    return PictureStep(
        warped=warped,
        painted=painted,
        pairs=pairs,
        eyes=eyes,
        mouth=mouth,
        regions=regions,
        weights=regions + weights.hidden * hidden,
        painted_reading=FeatureReading.of(reader, painted.image),
        true_reading=true_reading,
    )


def _generator_loss(name: str, step: PictureStep) -> Tensor:
    return generator_hinge(step.discriminator_outputs[name].logits)


def _matching_loss(step: PictureStep) -> Tensor:
    all_parts = [feature_matching(one.activations, one.true_activations) for one in _each(step)]
    return torch.stack(all_parts).mean()


def _discriminator_loss(step: PictureStep) -> Tensor:
    parts = [discriminator_hinge(one.true_logits, one.detached_logits) for one in _each(step)]
    return torch.stack(parts).mean()


def _each(step: PictureStep) -> list[DiscriminatorOutputs]:
    return list(step.discriminator_outputs.values())


def _flow_loss(step: PictureStep) -> Tensor:
    """Coarse and refined flow, each at its own size or the truth's, whichever is smaller.

    The coarse one moves head, hair and shoulders, so all of the picture counts alike there.
    """
    fine = step.flow_weight * resize(step.regions, step.flow_weight.shape[-1])
    total = step.weights.new_zeros(())
    for flow, weights in ((step.warped.flow_2d, step.flow_weight), (step.painted.flow, fine)):
        size = min(flow.shape[-1], step.labels.flow.shape[-1])
        parts = (flow, step.labels.flow, weights)
        total = total + flow_distance(*(resize(part, size) for part in parts))
    return total


def _mask_loss(step: PictureStep) -> Tensor:
    """Visible pixels are warped, for sharpness; hidden ones, which are few, painted."""
    visible = step.labels.visible
    size = visible.shape[-1]
    elsewhere = 1 - resize((step.eyes + step.mouth).clamp(max=1), size)
    wrong = (resize(step.painted.mask, size) - visible).abs()
    return (wrong * elsewhere).mean() + _mean_where(wrong * elsewhere, 1 - visible)


def _painted_loss(step: PictureStep) -> Tensor:
    truth = step.pairs.driving.image
    painted, mask, visible = (
        resize(x, truth.shape[-1])
        for x in (step.painted.painted, step.painted.mask.detach(), step.labels.visible)
    )
    used = weighted_l1(painted, truth, step.weights * (1.05 - mask))
    wrong = (painted - truth).abs().mean(1, keepdim=True)
    return used + _mean_where(wrong, 1 - visible)


def _mean_where(values: Tensor, weight: Tensor) -> Tensor:
    axes = (1, 2, 3)
    return ((values * weight).sum(axes) / weight.sum(axes).clamp(min=1.0)).mean()


def _background_loss(step: PictureStep) -> Tensor:
    """Pairs of one pose do not show what moves with the head, so they are left out."""
    identity = identity_grid(step.labels.flow.shape[-1], step.labels.flow).permute(0, 3, 1, 2)
    moved = (step.labels.flow - identity).abs().sum(1, keepdim=True)
    differs = (~step.labels.same_pose).float().view(-1, 1, 1, 1)
    logit = step.warped.background_logit
    still = resize((moved < STATIC).float(), logit.shape[-1])
    return masked_cross_entropy(logit, still, differs)


def _head_loss(step: PictureStep) -> Tensor:
    logit = step.warped.head_logit
    head = resize((step.labels.source_regions >= HEAD_REGIONS).float(), logit.shape[-1])
    return F.binary_cross_entropy_with_logits(logit, head)
