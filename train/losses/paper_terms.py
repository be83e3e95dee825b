"""The loss table of the paper: Eq. 4, with L_guide of Eq. 3, and the discriminators' own losses.

L_base = L_E + L_L + L_H + L_P,cascade + L_G,cascade + L_delta + L_faceid + L_guide  (Eq. 4)
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Final

import torch
from torch import Tensor

from liveportrait_core.config.fields import check_options, option
from liveportrait_core.constants import CompactKeypoint as C
from liveportrait_core.motion.types import Motion

from ..data.augment import MovedFrames
from ..data.batch import PairBatch
from ..data.splines import unbent
from ..models.discriminators import CASCADE_LAYERS, DiscriminatorOutputs
from ..models.pretrained.picture_features import PictureDistance
from .adversarial import OBJECTIVES, feature_matching
from .identity import identity_distance
from .keypoints import (
    deformation_prior,
    equivariance,
    head_pose_distance,
    keypoint_prior,
    landmark_guidance,
)
from .terms import LossTerm

GUIDED: Mapping[int, C] = {
    11: C.LEFT_UPPER_LID,
    13: C.LEFT_LOWER_LID,
    15: C.RIGHT_UPPER_LID,
    16: C.RIGHT_LOWER_LID,
    18: C.LEFT_IRIS,
    6: C.LEFT_LIP_CORNER,
    12: C.RIGHT_LIP_CORNER,
    20: C.INNER_UPPER_LIP,
    19: C.INNER_LOWER_LIP,
    17: C.LOWER_LIP,
}
"""The N = 10 guided keypoints of Eq. 3 and their landmarks of eyes and lip. The paper does not
say which keypoints it guides: these are the ones that the published inference moves as eyes and
as lip. There are too few eye keypoints for both irises, so only one iris is guided."""


FACE_ID: Final = 10.0
"""Weight of L_faceid where faces are recognised."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PaperWeights:
    """Weights of Eq. 4; the paper gives none. These are face vid2vid's where it has the term."""

    equivariance: float = option(10.0, "L_E: keypoints move with the picture", minimum=0)
    keypoint_prior: float = option(
        10.0, "L_L: keypoints keep apart, about the depth of a face", minimum=0
    )
    head_pose: float = option(20.0, "L_H: L1 of pitch, yaw and roll in degrees", minimum=0)
    deformation: float = option(5.0, "L_delta: mean |delta|", minimum=0)
    perceptual_global: float = option(10.0, "L_P of the whole picture", minimum=0)
    perceptual_face: float = option(10.0, "L_P of the face", minimum=0)
    perceptual_lip: float = option(10.0, "L_P of the lip", minimum=0)
    gan_global: float = option(1.0, "L_G by D_global", minimum=0)
    gan_face: float = option(1.0, "L_G by D_face", minimum=0)
    gan_lip: float = option(1.0, "L_G by D_lip", minimum=0)
    matching: float = option(
        10.0,
        "feature matching of each discriminator; counts times the weight of its `gan_`",
        minimum=0,
    )
    gradient_penalty: float = option(
        0.0,
        "keeps the slopes of the discriminators at 1, as WGAN-GP does; 0 leaves it out",
        minimum=0,
    )
    face_id: float | None = option(
        None,
        "L_faceid: 1 - cosine of ArcFace's embeddings; needs arcface=FILE",
        minimum=0,
        unset=f"{FACE_ID:g} with arcface=FILE, else 0",
    )
    guide: float = option(
        10.0, "L_guide (Eq. 3): Wing loss of the guided keypoints' x and y, crop units", minimum=0
    )

    def __post_init__(self) -> None:
        check_options(self)

    def known_faces(self, *, is_known: bool) -> PaperWeights:
        """The same with a number for L_faceid.

        Args:
            is_known: Whether there is a network that recognises faces.
        """
        if self.face_id is not None:
            return self
        return replace(self, face_id=FACE_ID if is_known else 0.0)


NEEDS_TRUTH = ("head_pose", "guide")
"""Terms that need a head pose or landmarks of another source than M itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PaperStep:
    """Inputs of the terms of Eq. 4."""

    pairs: PairBatch
    source: Motion
    driving: Motion
    """Both as M reads them."""
    source_keypoints: Tensor
    driving_keypoints: Tensor
    """(B, 21, 3) by Eq. 2, with the canonical keypoints of the source."""
    moved_keypoints: Tensor
    """(B, 21, 3) of the moved driving frame, with the same canonical keypoints."""
    moved: MovedFrames
    generated: Mapping[str, Tensor]
    """(B, 3, h, h): "global", the whole picture, and the crops of "face" and "lip"."""
    true: Mapping[str, Tensor]
    """The same of the true picture."""
    discriminator_outputs: Mapping[str, DiscriminatorOutputs]
    penalties: Mapping[str, Tensor] = field(default_factory=dict)
    """Gradient penalty of each discriminator; empty where its weight is 0."""
    embeddings: tuple[Tensor, Tensor] | None = None
    """(B, C) each: identity of the generated and of the true face; None without ArcFace."""


def paper_terms(
    weights: PaperWeights, distance: PictureDistance, objective: str
) -> tuple[LossTerm[PaperStep], ...]:
    """The table of Eq. 4.

    Args:
        weights: Of its terms.
        distance: Compares pictures for L_P.
        objective: Of the GAN: "hinge" or "least_squares".
    """
    return (
        LossTerm("equivariance", weights.equivariance, _equivariance),
        LossTerm(
            "keypoint_prior", weights.keypoint_prior, lambda s: keypoint_prior(s.driving_keypoints)
        ),
        LossTerm("head_pose", weights.head_pose, _head_pose),
        LossTerm(
            "deformation", weights.deformation, lambda s: deformation_prior(s.driving.expression)
        ),
        LossTerm("guide", weights.guide, _guide),
        LossTerm("face_id", weights.face_id or 0.0, _face_id),
        *_perceptual_terms(weights, distance),
        *_adversarial_terms(weights, objective),
    )


def _perceptual_terms(
    weights: PaperWeights, distance: PictureDistance
) -> list[LossTerm[PaperStep]]:
    """L_P,cascade of Eq. 4: whole picture, face and lip."""

    def of(name: str, step: PaperStep) -> Tensor:
        return distance(step.generated[name], step.true[name])

    return [
        LossTerm(f"perceptual_{name}", getattr(weights, f"perceptual_{name}"), partial(of, name))
        for name in CASCADE_LAYERS
    ]


def _adversarial_terms(weights: PaperWeights, objective: str) -> list[LossTerm[PaperStep]]:
    """L_G,cascade of Eq. 4, and the losses of the discriminators.

    A discriminator whose `gan_` weight is 0 does not learn.
    """
    generator_loss, discriminator_loss = OBJECTIVES[objective]
    rows: list[LossTerm[PaperStep]] = []

    def of_generator(name: str, step: PaperStep) -> Tensor:
        return generator_loss(step.discriminator_outputs[name].logits)

    def of_features(name: str, step: PaperStep) -> Tensor:
        return feature_matching(
            step.discriminator_outputs[name].activations,
            step.discriminator_outputs[name].true_activations,
        )

    def of_discriminator(name: str, step: PaperStep) -> Tensor:
        found = step.discriminator_outputs[name]
        return discriminator_loss(found.true_logits, found.detached_logits)

    def of_gradient(name: str, step: PaperStep) -> Tensor:
        return step.penalties[name]

    for name in CASCADE_LAYERS:
        weight: float = getattr(weights, f"gan_{name}")
        learns = float(weight > 0)
        rows += [
            LossTerm(f"gan_{name}", weight, partial(of_generator, name)),
            LossTerm(f"matching_{name}", weight * weights.matching, partial(of_features, name)),
            LossTerm(f"discriminator_{name}", learns, partial(of_discriminator, name)),
        ]
        if weights.gradient_penalty:
            penalty = learns * weights.gradient_penalty
            rows.append(LossTerm(f"penalty_{name}", penalty, partial(of_gradient, name)))
    return rows


def _equivariance(step: PaperStep) -> Tensor:
    """L_E of Eq. 4; the gradient goes to both readings."""
    moved = step.moved
    straight = unbent(step.moved_keypoints, moved.spline)
    return equivariance(straight, step.driving_keypoints, moved.linear, moved.shift)


def _head_pose(step: PaperStep) -> Tensor:
    """L_H of Eq. 4, mean of source and driving frame; 0 for a pair without a valid pose."""
    sides = ((step.source, step.pairs.source), (step.driving, step.pairs.driving))
    distances = [head_pose_distance(motion.pose_deg, frame.pose_deg) for motion, frame in sides]
    return _mean_of_valid(torch.stack(distances).mean(0), step)


def _guide(step: PaperStep) -> Tensor:
    """L_guide (Eq. 3); 0 for a pair without valid landmarks."""
    keypoints, landmarks = list(GUIDED), list(GUIDED.values())
    distance = landmark_guidance(
        step.source_keypoints[:, keypoints],
        step.pairs.source.keypoints[:, landmarks],
        step.driving_keypoints[:, keypoints],
        step.pairs.driving.keypoints[:, landmarks],
    )
    return _mean_of_valid(distance, step)


def _face_id(step: PaperStep) -> Tensor:
    """L_faceid of Eq. 4; 0 for a pair without valid landmarks, and without ArcFace."""
    if step.embeddings is None:
        return step.source_keypoints.new_zeros(())
    return _mean_of_valid(identity_distance(*step.embeddings), step)


def _mean_of_valid(values: Tensor, step: PaperStep) -> Tensor:
    """Mean over the batch with 0 for pairs that are not valid, so that batches may be divided."""
    return torch.where(step.pairs.valid, values, 0.0).mean()
