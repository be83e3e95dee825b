"""Stage 1: F, M, W and G from scratch (Sec. 3.2), in its first form on rendered heads.

    python -m train.stage1 run=runs/base data=runs/heads steps=9000
    torchrun --nproc_per_node 2 -m train.stage1 run=... data=... steps=...

M learns from the renderer's keypoints, pose and openness. F, W and G learn to repaint the
driving frame of a pair from its source, with the renderer's flow and visibility as guides;
their keypoints are the truth for one part of each batch and M's own (of the moving average,
without gradient) for the other.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor, nn

from liveportrait_core.imaging.tensors import pixels_from_tensor
from liveportrait_core.networks.build import build
from liveportrait_core.networks.compact.decoder import Decoder, Painted
from liveportrait_core.networks.compact.layers import heat_maps, identity_grid, resize
from liveportrait_core.networks.compact.motion import Motion, MotionReading
from liveportrait_core.networks.compact.warping import CompactWarped
from liveportrait_core.preset import COMPACT, Preset

from .base import begin_with, trained_networks, write_model
from .config import LoopConfig, parse
from .data.augment import augment_frames, augment_pairs
from .data.rendered import HEAD_REGIONS, Frames, Pairs, RenderedSet
from .loop import Draw, ParameterGroup, fit
from .losses.flow import flow_distance, masked_cross_entropy
from .losses.keypoints import (
    EYE_POINTS,
    MOUTH_POINTS,
    POINT_WEIGHTS,
    gaze,
    heat_map_cross_entropy,
    keypoint_distance,
    lid_and_lip_gaps,
)
from .losses.perceptual import pyramid_distance, weighted_l1
from .losses.terms import LossTerm, weighted_losses
from .strips import grid_of

MOTION, PICTURE = "motion", ("appearance", "warping", "decoder")
"""The two halves that are trained side by side, or each alone."""
STATIC = 4e-3
"""A true flow of less than this, in crop units, stays where it is."""
_STRIP_PAIRS = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class MotionWeights:
    """Weights of M's losses."""

    keypoints: float = 20.0
    """L1 of posed keypoints, lids and irises counting double."""
    heat: float = 0.3
    """Cross-entropy of heat-maps."""
    canonical: float = 4.0
    """L1 of canonical keypoints."""
    pose: float = 0.1
    """L1 of pitch, yaw and roll in degrees (L_H)."""
    gaps: float = 30.0
    """L1 of lid and lip openings and of the mouth's width, crop units."""
    gaze: float = 40.0
    """L1 of the irises between their eyes' corners, crop units."""
    expression: float = 0.5
    """Mean |delta| (L_delta)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PictureWeights:
    """Weights of the losses of F, W and G."""

    picture: float = 10.0
    """Pyramid of L1 and gradients, eyes and mouth weighted."""
    flow: float = 12.5
    """L1 of the flow, coarse and refined."""
    mask: float = 1.0
    """Blend mask against visibility, outside eyes and mouth."""
    painted: float = 1.0
    """L1 of the painted picture where it is used."""
    background: float = 1.5
    """Cross-entropy of what stays still, for pairs of different pose."""
    head: float = 1.5
    """Cross-entropy of the source's head mask."""
    eyes: float = 12.0
    """Extra weight of pixels about the eyes; not a loss of its own."""
    mouth: float = 10.0
    """Extra weight of pixels about the mouth; not a loss of its own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage1Config(LoopConfig):
    """Stage 1 on rendered heads."""

    data: str
    """Folders written by train.render, separated by commas."""
    init: str = ""
    """Run folder or model file whose F, M, W and G training begins with; none: from scratch."""
    init_motion: str = ""
    """The same for M alone, over what `init` gave."""
    batch: int = 4
    """Pairs per step and process for F, W and G; 0 leaves them as they are."""
    motion_batch: int = 24
    """Frames per step and process for M; 0 leaves it as it is."""
    same_pose_share: float = 0.5
    """Share of pairs with one head pose and another expression."""
    own_keypoints_share: float = 0.4
    """Share of pairs that are driven by M's keypoints instead of the truth."""
    own_keypoints_from: int = 500
    """First step that uses M's keypoints."""
    lr: float = 1e-3
    """AdamW learning rate of F, W and G."""
    motion_lr: float = 2e-3
    """AdamW learning rate of M."""
    motion_weights: MotionWeights = field(default_factory=MotionWeights)
    """Weights of M's losses."""
    picture_weights: PictureWeights = field(default_factory=PictureWeights)
    """Weights of the losses of F, W and G."""


@dataclass(frozen=True, slots=True)
class MotionStep:
    """What M's losses look at."""

    reading: MotionReading
    truth: Frames


@dataclass(frozen=True, slots=True)
class PictureStep:
    """What the losses of F, W and G look at."""

    warped: CompactWarped
    painted: Painted
    pairs: Pairs
    eyes: Tensor
    """(B, 1, h, h) in [0, 1]: near an eye's keypoints."""
    mouth: Tensor
    """(B, 1, h, h) in [0, 1]: near the mouth's keypoints."""
    weights: Tensor
    """(B, 1, h, h) at least 1."""

    @property
    def half_weights(self) -> Tensor:
        """(B, 1, h / 2, h / 2) for the flow; hidden pixels count .3."""
        visible = self.pairs.visible
        return F.avg_pool2d(self.weights, 2) * (visible + 0.3 * (1 - visible))


def motion_terms(weights: MotionWeights) -> tuple[LossTerm[MotionStep], ...]:
    """The loss table of M."""
    return (
        LossTerm(
            "keypoints",
            weights.keypoints,
            lambda s: keypoint_distance(s.reading.keypoints, s.truth.keypoints, POINT_WEIGHTS),
        ),
        LossTerm(
            "heat",
            weights.heat,
            lambda s: heat_map_cross_entropy(s.reading.log_heat, s.truth.keypoints),
        ),
        LossTerm(
            "canonical",
            weights.canonical,
            lambda s: keypoint_distance(s.reading.canonical, s.truth.canonical),
        ),
        LossTerm(
            "pose", weights.pose, lambda s: (s.reading.pose_deg - s.truth.pose_deg).abs().mean()
        ),
        LossTerm("gaps", weights.gaps, lambda s: _difference(s, lid_and_lip_gaps)),
        LossTerm("gaze", weights.gaze, lambda s: _difference(s, gaze)),
        LossTerm("expression", weights.expression, lambda s: s.reading.expression.abs().mean()),
    )


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
        LossTerm(
            "painted",
            weights.painted,
            _painted_loss,
        ),
        LossTerm("background", weights.background, _background_loss),
        LossTerm("head", weights.head, _head_loss),
    )


class Stage1:
    """The task of stage 1: four networks, two loss tables, one step."""

    def __init__(self, config: Stage1Config, data: RenderedSet, preset: Preset = COMPACT) -> None:
        torch.manual_seed(config.seed)
        self.config, self.data = config, data
        networks = build(preset)
        self.modules: Mapping[str, nn.Module] = {
            name: networks[name] for name in (MOTION, *PICTURE)
        }
        _motion(self.modules).mean_canonical.copy_(data.mean_canonical)
        for place, names in ((config.init, (MOTION, *PICTURE)), (config.init_motion, (MOTION,))):
            if place:
                trained = trained_networks(place)
                for name in names:
                    begin_with(self.modules[name], trained[name])
        groups = (
            ParameterGroup(
                modules=(MOTION,),
                lr=config.motion_lr,
                betas=(0.9, 0.98),
                weight_decay=1e-3,
                clip_norm=10.0,
            ),
            ParameterGroup(modules=PICTURE, lr=config.lr),
        )
        batches = (config.motion_batch, config.batch)
        self.groups = tuple(group for group, n in zip(groups, batches, strict=True) if n)
        self.motion_terms = motion_terms(config.motion_weights)
        self.picture_terms = picture_terms(config.picture_weights)

    def train_step(self, draw: Draw, average: Mapping[str, nn.Module]) -> dict[str, Tensor]:
        """One batch of frames for M, one of pairs for F, W and G."""
        device = next(self.modules[MOTION].parameters()).device
        losses: dict[str, Tensor] = {"total": torch.zeros((), device=device)}
        if self.config.motion_batch:
            losses = _joined(losses, *self._motion_losses(draw, device))
        if self.config.batch:
            losses = _joined(losses, *self._picture_losses(draw, average, device))
        return losses

    def _motion_losses(self, draw: Draw, device: torch.device) -> tuple[Tensor, dict[str, Tensor]]:
        frames = self.data.draw_frames(draw, self.config.motion_batch)
        frames = augment_frames(frames, draw).to(device)
        reading = _motion(self.modules).read(frames.image)
        return weighted_losses(self.motion_terms, MotionStep(reading, frames))

    def _picture_losses(
        self, draw: Draw, average: Mapping[str, nn.Module], device: torch.device
    ) -> tuple[Tensor, dict[str, Tensor]]:
        config = self.config
        pairs = self.data.draw_pairs(draw, config.batch, config.same_pose_share)
        pairs = augment_pairs(pairs, draw).to(device)
        source, driving = self._keypoints(pairs, draw, _motion(average))
        step = picture_step(self.modules, pairs, source, driving, config.picture_weights)
        return weighted_losses(self.picture_terms, step)

    def strip(self, average: Mapping[str, nn.Module]) -> NDArray[np.uint8]:
        """Source, driving, output with true keypoints, output with M's, for a few pairs."""
        count = min(_STRIP_PAIRS, len(self.data))
        device = next(self.modules[MOTION].parameters()).device
        pairs = self.data.pairs(np.arange(count), np.arange(count) % 3).to(device)
        with torch.no_grad():
            read = [_motion(average).read(f.image).keypoints for f in (pairs.source, pairs.driving)]
            true = (pairs.source.keypoints, pairs.driving.keypoints)
            outputs = [
                picture_step(average, pairs, *points, self.config.picture_weights).painted.image
                for points in (true, (read[0], read[1]))
            ]
        rows = (pairs.source.image, pairs.driving.image, *outputs)
        return grid_of([list(pixels_from_tensor(row)) for row in rows])

    def _keypoints(self, pairs: Pairs, draw: Draw, motion: Motion) -> tuple[Tensor, Tensor]:
        """The truth with a little noise, or M's keypoints; (B, K, 3) each."""
        frames = (pairs.source, pairs.driving)
        count = len(pairs.same_pose)
        jitter = [
            0.006 * draw.uniform(count, 1, 1) * draw.normal(*f.keypoints.shape) for f in frames
        ]
        truth = [
            f.keypoints + j.to(f.keypoints.device) for f, j in zip(frames, jitter, strict=True)
        ]
        chosen = (draw.uniform(count) < self.config.own_keypoints_share).nonzero()[:, 0]
        if draw.step < self.config.own_keypoints_from or not len(chosen):
            return truth[0], truth[1]
        with torch.no_grad():
            images = torch.cat([frame.image[chosen.to(frame.image.device)] for frame in frames])
            own = motion.read(images).keypoints.chunk(2)
        for points, read in zip(truth, own, strict=True):
            points[chosen.to(points.device)] = read
        return truth[0], truth[1]


def picture_step(
    modules: Mapping[str, nn.Module],
    pairs: Pairs,
    source_keypoints: Tensor,
    driving_keypoints: Tensor,
    weights: PictureWeights,
) -> PictureStep:
    """Repaint the driving frames from the sources."""
    volume = modules["appearance"](pairs.source.image)
    warped: CompactWarped = modules["warping"](volume, source_keypoints, driving_keypoints)
    decoder = modules["decoder"]
    assert isinstance(decoder, Decoder)
    size = pairs.driving.image.shape[-1]
    eyes, mouth = (
        heat_maps(pairs.driving.keypoints[:, points], size, sigma).sum(1, keepdim=True).clamp(max=1)
        for points, sigma in ((EYE_POINTS, 0.045), (MOUTH_POINTS, 0.07))
    )
    return PictureStep(
        warped=warped,
        painted=decoder.paint(warped),
        pairs=pairs,
        eyes=eyes,
        mouth=mouth,
        weights=1 + weights.eyes * eyes + weights.mouth * mouth,
    )


def _joined(losses: dict[str, Tensor], total: Tensor, more: dict[str, Tensor]) -> dict[str, Tensor]:
    return {**losses, **more, "total": losses["total"] + total}


def _motion(modules: Mapping[str, nn.Module]) -> Motion:
    motion = modules[MOTION]
    assert isinstance(motion, Motion)
    return motion


def _difference(step: MotionStep, measure: Callable[[Tensor], Tensor]) -> Tensor:
    return (measure(step.reading.keypoints) - measure(step.truth.keypoints)).abs().mean()


def _flow_loss(step: PictureStep) -> Tensor:
    """Coarse and refined flow, each at its own size or the truth's, whichever is smaller."""
    total = step.weights.new_zeros(())
    for flow in (step.warped.flow_2d, step.painted.flow):
        size = min(flow.shape[-1], step.pairs.flow.shape[-1])
        parts = (flow, step.pairs.flow, step.half_weights)
        total = total + flow_distance(*(resize(part, size) for part in parts))
    return total


def _mask_loss(step: PictureStep) -> Tensor:
    """Visible pixels are warped (pushed harder, for sharpness), hidden ones painted."""
    visible = step.pairs.visible
    size = visible.shape[-1]
    elsewhere = 1 - resize((step.eyes + step.mouth).clamp(max=1), size)
    wrong = (resize(step.painted.mask, size) - visible).abs()
    return (wrong * elsewhere * (0.6 + 0.9 * visible)).mean()


def _painted_loss(step: PictureStep) -> Tensor:
    truth = step.pairs.driving.image
    painted, mask = (
        resize(x, truth.shape[-1]) for x in (step.painted.painted, step.painted.mask.detach())
    )
    return weighted_l1(painted, truth, step.weights * (1.05 - mask))


def _background_loss(step: PictureStep) -> Tensor:
    """A pair of one pose says nothing of what belongs to the head, so it is left out."""
    identity = identity_grid(step.pairs.flow.shape[-1], step.pairs.flow).permute(0, 3, 1, 2)
    moved = (step.pairs.flow - identity).abs().sum(1, keepdim=True)
    told = (~step.pairs.same_pose).float().view(-1, 1, 1, 1)
    logit = step.warped.background_logit
    still = resize((moved < STATIC).float(), logit.shape[-1])
    return masked_cross_entropy(logit, still, told)


def _head_loss(step: PictureStep) -> Tensor:
    logit = step.warped.head_logit
    head = resize((step.pairs.source_regions >= HEAD_REGIONS).float(), logit.shape[-1])
    return F.binary_cross_entropy_with_logits(logit, head)


def main(arguments: list[str]) -> None:
    """Train with the given KEY=VALUE arguments, then write the model without S and R."""
    config = parse(Stage1Config, arguments, "python -m train.stage1")
    data = RenderedSet([Path(folder) for folder in config.data.split(",")])
    networks = fit(Stage1(config, data), config)
    print(write_model(config.run, networks, f"stage1 {config.steps}"))


if __name__ == "__main__":
    main(sys.argv[1:])
