"""Stage 1: F, M, W and G from scratch (Sec. 3.2), on rendered heads and on folders of clips.

This is the task of the compact networks; `train.stage1_published` has that of the published ones.

    python -m train.stage1 run=runs/base data=runs/heads steps=9000
    python -m train.stage1 run=runs/mixed data=runs/heads clips=portraits,films steps=9000
    python -m train.stage1 preset=paper run=... clips=... steps=...
    torchrun --nproc_per_node 2 -m train.stage1 run=... data=... steps=...

M learns from the renderer's keypoints, pose and openness. F, W and G learn to repaint the
driving frame of a pair from its source, with the renderer's flow and visibility as guides;
their keypoints are the truth for one part of each batch and M's own (of the moving average,
without gradient) for the other.

Clips are folders of films and pictures of one person each, nothing of them labelled. They are
prepared on first use: one face found, followed, cropped, stored (`train.data.preparing`). A pair
is two frames of a film, or a picture with itself, which teaches to repaint real skin and hair
as they are; M reads the keypoints of both, and of the loss table only the rows that compare
pictures count. M goes on learning from rendered frames; of clips it learns that its keypoints
move with the picture (L_E). Without `data` M stays as `init` gave it: L_E alone would let the
keypoints drift from what they are named after.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from liveportrait_core.errors import LivePortraitError
from liveportrait_core.imaging.tensors import pixels_from_tensor
from liveportrait_core.networks.build import build
from liveportrait_core.networks.compact.motion_extractor import CompactMotionExtractor
from liveportrait_core.preset import COMPACT, Preset

from ..data.augment import augment_frames, augment_pairs, moved_frames
from ..data.batch import PairBatch, concatenate
from ..data.mixed import MixedHeads
from ..data.rendered import RenderedSet
from ..data.sets import open_sets
from ..data.source import PairSource
from ..engine.config import given, parse
from ..engine.cost import noise_sets, step_cost
from ..engine.distributed import is_first_process
from ..engine.draw import Draw
from ..engine.loop import ParameterGroup, fit
from ..engine.sample_grid import grid_of
from ..engine.validation import BEST_NAME, ValidatedConfig, Validation
from ..losses.compact_motion_terms import (
    EquivarianceStep,
    MotionStep,
    MotionWeights,
    equivariance_terms,
    motion_terms,
    split_reading,
)
from ..losses.compact_picture_terms import (
    PictureStep,
    PictureWeights,
    adversarial_terms,
    picture_step,
    picture_terms,
    unlabelled_terms,
)
from ..losses.terms import weighted_losses
from ..models.discriminators import Discriminators
from ..models.presets import PUBLISHED, SMALL
from ..models.pretrained.picture_features import PyramidDistance
from ..models.runs import begin_with, trained_networks, write_model
from . import paper as stage1_published

MOTION, PICTURE = "motion", ("appearance", "warping", "decoder")
"""The two halves that are trained side by side, or each alone."""
JUDGES = "discriminators"
_STRIP_PAIRS = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage1Config(ValidatedConfig):
    """Stage 1 on rendered heads, on folders of pictures and films, or on both.

    These are the settings of preset=small; `preset=paper --help` lists those of the published
    architecture.
    """

    preset: str = SMALL
    """small: the compact networks that ship. paper: the published ones, trained by Eq. 4. tiny:
    those at a sixteenth of the channels, to try things out."""
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
    """Rendered frames per step and process for M; 0 leaves it as it is."""
    clip_frames: int = 4
    """Frames of clips per step and process that M reads besides (L_E)."""
    own_keypoints_share: float = 0.4
    """Share of pairs that are driven by M's keypoints instead of the truth."""
    own_keypoints_from: int = 500
    """First step that uses M's keypoints, and with them clips where there is `data` too."""
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

    def __post_init__(self) -> None:
        ValidatedConfig.__post_init__(self)
        if self.preset != SMALL:
            known = ", ".join((SMALL, *PUBLISHED))
            raise ValueError(f"preset is '{self.preset}'; it takes {known}.")
        if not self.data and not (self.init or self.init_motion):
            raise ValueError(
                "Without data there is nothing that M could learn its keypoints from; give init, "
                "a trained run or default, or data=FOLDER besides clips."
            )
        if not self.data and not self.batch:
            raise ValueError(
                "Without data M stays as it is, and batch=0 leaves the rest; give a batch."
            )

    @property
    def form(self) -> Preset:
        """What the networks are built from."""
        return replace(COMPACT, detail_px=self.detail_px, blocks=self.blocks)


class Stage1:
    """The task of stage 1: four networks, two loss tables, one step."""

    def __init__(
        self,
        config: Stage1Config,
        data: RenderedSet | MixedHeads | None,
        clips: PairSource | None = None,
    ) -> None:
        torch.manual_seed(config.seed)
        self.config, self.data, self.clips = config, data, clips
        networks = build(config.form)
        self.modules: Mapping[str, nn.Module] = {
            name: networks[name] for name in (MOTION, *PICTURE)
        }
        if data is not None:
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
        batches = (config.motion_batch if data is not None else 0, config.batch)
        self.groups = tuple(group for group, n in zip(groups, batches, strict=True) if n)
        if config.gan:
            self.modules = {**self.modules, JUDGES: Discriminators()}
            betas, lr = (0.0, 0.99), config.discriminator_lr
            self.groups += (ParameterGroup(modules=(JUDGES,), lr=lr, betas=betas),)
        self.motion_terms = motion_terms(config.motion_weights)
        self.equivariance_terms = equivariance_terms(config.motion_weights)
        self.picture_terms = picture_terms(config.picture_weights)
        self.unlabelled_terms = unlabelled_terms(config.picture_weights)
        if config.gan:
            self.picture_terms += adversarial_terms(config.picture_weights)
            self.unlabelled_terms += adversarial_terms(config.picture_weights)
        self.validation = Validation.open(config, None, PyramidDistance(), max(1, config.batch))

    def train_step(self, draw: Draw, average: Mapping[str, nn.Module]) -> dict[str, Tensor]:
        """One batch of frames for M, one of pairs for F, W and G."""
        device = next(self.modules[MOTION].parameters()).device
        losses: dict[str, Tensor] = {"total": torch.zeros((), device=device)}
        if self.config.motion_batch and self.data is not None:
            losses = _joined(losses, *self._motion_losses(self.data, draw, average, device))
        if self.config.batch:
            losses = _joined(losses, *self._picture_losses(draw, average, device))
        return losses

    def _motion_losses(
        self,
        data: PairSource,
        draw: Draw,
        average: Mapping[str, nn.Module],
        device: torch.device,
    ) -> tuple[Tensor, dict[str, Tensor]]:
        """Rendered frames and, once M can read, frames of clips: in one batch, as its norms are."""
        frames = data.draw_frames(draw, self.config.motion_batch)
        frames = augment_frames(frames, draw).to(device)
        if not self._reads_clips(draw.step) or not self.config.clip_frames:
            reading = _motion(self.modules).read(frames.image)
            return weighted_losses(self.motion_terms, MotionStep(reading, frames))
        assert self.clips is not None
        unlabelled = self.clips.draw_frames(draw, self.config.clip_frames).image
        moved = moved_frames(unlabelled, draw).to(device)
        with torch.no_grad():
            keypoints = _motion(average).read(unlabelled.to(device)).keypoints
        both = _motion(self.modules).read(torch.cat((frames.image, moved.image)))
        reading, of_clips = split_reading(both, len(frames.image))
        total, rows = weighted_losses(self.motion_terms, MotionStep(reading, frames))
        step = EquivarianceStep(of_clips.keypoints, keypoints, moved)
        more, more_rows = weighted_losses(self.equivariance_terms, step)
        return total + more, {**rows, **more_rows}

    def _reads_clips(self, step: int) -> bool:
        """Whether M reads clips yet: one that is trained along has to learn it first."""
        begun = self.data is None or step >= self.config.own_keypoints_from
        return self.clips is not None and begun

    def _picture_losses(
        self, draw: Draw, average: Mapping[str, nn.Module], device: torch.device
    ) -> tuple[Tensor, dict[str, Tensor]]:
        """Labelled and unlabelled pairs, each kind with its table, weighed by their numbers."""
        config = self.config
        of_clips = 0
        if self._reads_clips(draw.step):
            of_clips = config.unlabelled_count(draw.step, config.batch)
        total, rows = torch.zeros((), device=device), dict[str, Tensor]()
        if self.data is not None and (labelled := config.batch - of_clips):
            pairs = augment_pairs(self.data.draw_pairs(draw, labelled), draw).to(device)
            points = self._keypoints(pairs, draw, _motion(average))
            loss, rows = weighted_losses(
                self.picture_terms, self._repainted(pairs, *points, average)
            )
            total = total + loss * (labelled / config.batch)
        if self.clips is not None and of_clips:
            pairs = augment_pairs(self.clips.draw_pairs(draw, of_clips), draw).to(device)
            read = _read_together(pairs, _motion(average))
            step = self._repainted(read, read.source.keypoints, read.driving.keypoints, average)
            loss, more = weighted_losses(self.unlabelled_terms, step)
            total = total + loss * (of_clips / config.batch)
            rows = {**rows, **{f"clips_{name}": value for name, value in more.items()}}
        return total, rows

    def _repainted(
        self,
        pairs: PairBatch,
        source: Tensor,
        driving: Tensor,
        average: Mapping[str, nn.Module],
    ) -> PictureStep:
        """The driving frames repainted, and judged where there are judges."""
        weights, reader = self.config.picture_weights, _motion(average)
        step = picture_step(self.modules, pairs, source, driving, weights, reader)
        if not self.config.gan:
            return step
        true = pairs.driving
        outputs = self.modules[JUDGES](step.painted.image, true.image, true.keypoints)
        return replace(step, discriminator_outputs=outputs)

    def strip(self, average: Mapping[str, nn.Module]) -> NDArray[np.uint8]:
        """Source, driving, output with true keypoints, output with M's, for a few pairs.

        Pairs of clips are in columns of their own; of them only M's keypoints are known.
        """
        device = next(self.modules[MOTION].parameters()).device
        columns: list[tuple[Tensor, ...]] = []
        with torch.no_grad():
            if self.data is not None:
                pairs = self.data.first_pairs(_STRIP_PAIRS).to(device)
                columns.append(self._strip_of(pairs, average))
            if self.clips is not None:
                pairs = self.clips.first_pairs(_STRIP_PAIRS).to(device)
                pairs = _read_together(pairs, _motion(average))
                columns.append(self._strip_of(pairs, average))
        rows = [torch.cat(parts) for parts in zip(*columns, strict=True)]
        return grid_of([list(pixels_from_tensor(row)) for row in rows])

    def watch(self, step: int, average: Mapping[str, nn.Module], *, last: bool) -> None:
        """Measure the moving average on the validation pairs, and keep the best."""
        if self.validation is not None and self.validation.is_best(
            step, lambda pairs: self._paint(average, pairs), last=last
        ):
            networks = {name: average[name] for name in (MOTION, *PICTURE)}
            folder = self.config.run / BEST_NAME
            write_model(folder, self.config.form, networks, f"stage1, best at step {step}")

    def _paint(self, average: Mapping[str, nn.Module], pairs: PairBatch) -> tuple[Tensor, Tensor]:
        """Driving frames repainted with M's keypoints, and as they are; (B, 3, h, h) each."""
        pairs = pairs.to(next(self.modules[MOTION].parameters()).device)
        faces = (pairs.source.image, pairs.driving.image)
        source, driving = (_motion(average).read(face).keypoints for face in faces)
        appearance, warping, decoder = (average[name] for name in PICTURE)
        return decoder(warping(appearance(faces[0]), source, driving)), faces[1]

    def _strip_of(self, pairs: PairBatch, average: Mapping[str, nn.Module]) -> tuple[Tensor, ...]:
        """The rows of `strip`, (B, 3, h, h) each."""
        frames, reader = (pairs.source, pairs.driving), _motion(average)
        known = [frame.keypoints for frame in frames]
        read = [reader.read(frame.image).keypoints for frame in frames]
        outputs = [
            picture_step(average, pairs, source, driving, self.config.picture_weights, reader)
            for source, driving in (known, read)
        ]
        return (*(frame.image for frame in frames), *(step.painted.image for step in outputs))

    def _keypoints(
        self, pairs: PairBatch, draw: Draw, motion: CompactMotionExtractor
    ) -> tuple[Tensor, Tensor]:
        """The truth with a little noise, or M's keypoints; (B, K, 3) each."""
        frames = (pairs.source, pairs.driving)
        count = len(pairs)
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


def _read_together(pairs: PairBatch, motion: CompactMotionExtractor) -> PairBatch:
    """Pairs of clips with what M reads in both frames, read as one batch."""
    read = concatenate([pairs.source, pairs.driving]).with_readings(motion)
    return replace(pairs, source=read[: len(pairs)], driving=read[len(pairs) :])


def _motion(modules: Mapping[str, nn.Module]) -> CompactMotionExtractor:
    motion = modules[MOTION]
    assert isinstance(motion, CompactMotionExtractor)
    return motion


def _cost(config: Stage1Config) -> str:
    """What a step takes, for a dry run."""

    def alone(pairs: int, frames: int) -> Stage1:
        one = replace(config, batch=pairs, motion_batch=frames)
        sets = noise_sets(one, config.detail_px)
        return Stage1(one, sets.rendered, sets.clips)

    halves = [("pair", config.batch, lambda: alone(1, 0))]
    if config.data:
        halves.append(("frame", config.motion_batch, lambda: alone(0, 1)))
    return step_cost([half for half in halves if half[1]]).told(config.accumulate)


def main(arguments: list[str]) -> None:
    """Train with the given KEY=VALUE arguments, then write the model without S and R."""
    if given(arguments, "preset") in PUBLISHED:
        stage1_published.main(arguments)
        return
    config = parse(Stage1Config, arguments, "python -m train.stage1", _cost)
    sets = open_sets(config)
    networks = dict(fit(Stage1(config, sets.rendered, sets.clips), config))
    networks.pop(JUDGES, None)
    if is_first_process():
        print(write_model(config.run, config.form, networks, f"stage1 {config.steps}"))


def command(arguments: list[str]) -> int:
    """`main` for a command line: 0, or 2 with one sentence."""
    try:
        main(arguments)
    except (LivePortraitError, FloatingPointError, OSError) as error:
        print(f"python -m train.stage1: {error}", file=sys.stderr)
        return 2
    return 0
