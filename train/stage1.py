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
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from liveportrait_core.imaging.tensors import pixels_from_tensor
from liveportrait_core.networks.build import build
from liveportrait_core.networks.compact.motion import Motion
from liveportrait_core.preset import COMPACT, Preset

from .base import begin_with, trained_networks, write_model
from .config import LoopConfig, parse
from .data.augment import augment_frames, augment_pairs
from .data.rendered import Pairs, RenderedSet
from .discriminators import Discriminators
from .loop import Draw, ParameterGroup, fit
from .losses.motion_terms import MotionStep, MotionWeights, motion_terms
from .losses.picture_terms import (
    PictureWeights,
    adversarial_terms,
    picture_step,
    picture_terms,
)
from .losses.terms import weighted_losses
from .strips import grid_of

MOTION, PICTURE = "motion", ("appearance", "warping", "decoder")
"""The two halves that are trained side by side, or each alone."""
JUDGES = "discriminators"
_STRIP_PAIRS = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage1Config(LoopConfig):
    """Stage 1 on rendered heads."""

    data: str
    """Folders written by train.render, separated by commas."""
    init: str = ""
    """Run folder or model file whose F, M, W and G training begins with; none: from scratch."""
    init_motion: str = ""
    """The same for M alone, over what `init` gave."""
    detail_px: int = COMPACT.detail_px
    """Side at which M looks and G paints: 128 or 256."""
    blocks: int = COMPACT.blocks
    """Residual blocks beyond the first form of the networks."""
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
    gan: bool = False
    """Train discriminators of face, eyes and lips as well: for the end of training."""
    discriminator_lr: float = 4e-4
    """AdamW learning rate of the discriminators."""
    motion_weights: MotionWeights = field(default_factory=MotionWeights)
    """Weights of M's losses."""
    picture_weights: PictureWeights = field(default_factory=PictureWeights)
    """Weights of the losses of F, W and G."""

    @property
    def preset(self) -> Preset:
        """What the networks are built from."""
        return replace(COMPACT, detail_px=self.detail_px, blocks=self.blocks)


class Stage1:
    """The task of stage 1: four networks, two loss tables, one step."""

    def __init__(self, config: Stage1Config, data: RenderedSet) -> None:
        torch.manual_seed(config.seed)
        self.config, self.data = config, data
        networks = build(config.preset)
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
        if config.gan:
            self.modules = {**self.modules, JUDGES: Discriminators()}
            betas, lr = (0.0, 0.99), config.discriminator_lr
            self.groups += (ParameterGroup(modules=(JUDGES,), lr=lr, betas=betas),)
        self.motion_terms = motion_terms(config.motion_weights)
        self.picture_terms = picture_terms(config.picture_weights)
        if config.gan:
            self.picture_terms += adversarial_terms(config.picture_weights)

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
        reader = _motion(average)
        step = picture_step(self.modules, pairs, source, driving, config.picture_weights, reader)
        if config.gan:
            true = pairs.driving
            judged = self.modules[JUDGES](step.painted.image, true.image, true.keypoints)
            step = replace(step, judged=judged)
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
                picture_step(
                    average, pairs, *points, self.config.picture_weights, _motion(average)
                ).painted.image
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


def _joined(losses: dict[str, Tensor], total: Tensor, more: dict[str, Tensor]) -> dict[str, Tensor]:
    return {**losses, **more, "total": losses["total"] + total}


def _motion(modules: Mapping[str, nn.Module]) -> Motion:
    motion = modules[MOTION]
    assert isinstance(motion, Motion)
    return motion


def main(arguments: list[str]) -> None:
    """Train with the given KEY=VALUE arguments, then write the model without S and R."""
    config = parse(Stage1Config, arguments, "python -m train.stage1")
    data = RenderedSet([Path(folder) for folder in config.data.split(",")])
    networks = dict(fit(Stage1(config, data), config))
    networks.pop(JUDGES, None)
    print(write_model(config.run, config.preset, networks, f"stage1 {config.steps}"))


if __name__ == "__main__":
    main(sys.argv[1:])
