"""The loss table of the compact F, W and G: a reconstructed frame against the true one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial

import torch
from torch import Tensor, nn

from liveportrait_core.networks.compact.decoder import CompactDecoder, Composition
from liveportrait_core.networks.compact.layers import heat_maps, resize
from liveportrait_core.networks.compact.motion_extractor import CompactMotionExtractor
from liveportrait_core.networks.compact.warping import CompactWarped

from ..data.batch import PairBatch
from ..models.discriminators import DiscriminatorOutputs
from .adversarial import discriminator_hinge, feature_matching, generator_hinge
from .compact_field_terms import (
    FieldStep,
    coarse_flow_loss,
    flow_loss,
    layout_terms,
)
from .keypoints import EYE_POINTS, MOUTH_POINTS, motion_distance
from .perceptual import feature_distance, pyramid_distance, weighted_l1
from .picture_weights import PictureWeights
from .terms import LossTerm


@dataclass(frozen=True, slots=True)
class FeatureReading:
    """Features and keypoints of M for a picture."""

    features: tuple[Tensor, ...]
    keypoints: Tensor
    """(B, K, 3)."""

    @classmethod
    def of(cls, motion_network: CompactMotionExtractor, image: Tensor) -> FeatureReading:
        """Those of (B, 3, h, h) pictures."""
        features = motion_network.features(image)
        return cls(features, motion_network.read_features(features).keypoints)


@dataclass(frozen=True, slots=True)
class PictureStep(FieldStep):
    """Inputs of the losses of F, W and G."""

    decoded: Composition
    eyes: Tensor
    """(B, 1, h, h) in [0, 1]: near an eye's keypoints."""
    mouth: Tensor
    """(B, 1, h, h) in [0, 1]: near the mouth's keypoints."""
    regions: Tensor
    """(B, 1, h, h) at least 1: how much eyes and mouth count."""
    weights: Tensor
    """(B, 1, h, h): the same, and what the source hides."""
    decoded_reading: FeatureReading
    """Of the decoded frame; the weights of M do not learn from it."""
    true_reading: FeatureReading
    """Of the true frame, without gradient."""
    discriminator_outputs: Mapping[str, DiscriminatorOutputs] = field(default_factory=dict)
    """Outputs of the discriminators by the name of the part; empty without them."""


def picture_terms(
    weights: PictureWeights, *, with_relief: bool = False
) -> tuple[LossTerm[PictureStep], ...]:
    """The loss table of F, W and G.

    Args:
        weights: Of the rows.
        with_relief: Whether F gives the source's relief, which two more rows teach.
    """
    return (
        LossTerm(
            "picture",
            weights.picture,
            lambda s: pyramid_distance(s.decoded.image, s.pairs.driving.image, s.weights),
        ),
        LossTerm("flow", weights.flow, _flow_loss),
        LossTerm("mask", weights.mask, _mask_loss),
        LossTerm("generated", weights.generated, _generated_loss),
        LossTerm(
            "perceptual",
            weights.perceptual,
            lambda s: feature_distance(s.decoded_reading.features, s.true_reading.features),
        ),
        LossTerm(
            "motion",
            weights.motion,
            lambda s: motion_distance(s.decoded_reading.keypoints, s.true_reading.keypoints),
        ),
        *layout_terms(weights, with_relief=with_relief),
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
    motion_network: CompactMotionExtractor,
) -> PictureStep:
    """Reconstruct the driving frames from the sources."""
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
    decoded = decoder.compose(warped)
    with torch.no_grad():
        true_reading = FeatureReading.of(motion_network, pairs.driving.image)
    return PictureStep(
        warped=warped,
        decoded=decoded,
        pairs=pairs,
        eyes=eyes,
        mouth=mouth,
        regions=regions,
        weights=regions + weights.hidden * hidden,
        decoded_reading=FeatureReading.of(motion_network, decoded.image),
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
    """Coarse and refined flow."""
    fine = step.flow_weight * resize(step.regions, step.flow_weight.shape[-1])
    return coarse_flow_loss(step) + flow_loss(step.decoded.flow, step.labels.flow, fine)


def _mask_loss(step: PictureStep) -> Tensor:
    """Visible pixels are warped, for sharpness; hidden ones, which are few, generated."""
    visible = step.labels.visible
    size = visible.shape[-1]
    elsewhere = 1 - resize((step.eyes + step.mouth).clamp(max=1), size)
    wrong = (resize(step.decoded.mask, size) - visible).abs()
    return (wrong * elsewhere).mean() + _mean_where(wrong * elsewhere, 1 - visible)


def _generated_loss(step: PictureStep) -> Tensor:
    truth = step.pairs.driving.image
    generated, mask, visible = (
        resize(x, truth.shape[-1])
        for x in (step.decoded.generated, step.decoded.mask.detach(), step.labels.visible)
    )
    used = weighted_l1(generated, truth, step.weights * (1.05 - mask))
    wrong = (generated - truth).abs().mean(1, keepdim=True)
    return used + _mean_where(wrong, 1 - visible)


def _mean_where(values: Tensor, weight: Tensor) -> Tensor:
    axes = (1, 2, 3)
    return ((values * weight).sum(axes) / weight.sum(axes).clamp(min=1.0)).mean()
