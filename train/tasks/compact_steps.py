"""Steps of the compact networks: M learns from frames; F, W and G from pairs.

The two are halves of one task: each can be trained alone, or beside the other.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from liveportrait_core.config.fields import check_options, option
from liveportrait_core.imaging.tensors import Pixels, pixels_from_tensor
from liveportrait_core.networks.compact.motion_extractor import CompactMotionExtractor

from ..data.augment import augment_frames, augment_pairs, moved_frames
from ..data.batch import FrameBatch, PairBatch, concatenate
from ..data.mixed import MixedHeads
from ..data.rendered import RenderedSet
from ..data.source import PairSource
from ..engine.draw import Draw
from ..engine.task import Losses, Networks, device_of
from ..losses.compact_field_terms import FieldStep
from ..losses.compact_motion_terms import EquivarianceStep, MotionStep, split_reading
from ..losses.compact_picture_terms import PictureStep, picture_step
from ..losses.picture_weights import PictureWeights
from ..losses.terms import LossTerm, weighted_losses
from ..reports.sample_grid import grid_of

MOTION, PICTURE = "motion", ("appearance", "warping", "decoder")
"""Networks of the two halves."""
FIELD = ("appearance", "warping")
"""Those of the second half that decide the motion."""
DISCRIMINATORS = "discriminators"
JITTER = 0.006
"""Largest standard deviation of noise on true keypoints, crop units."""
GRID_PAIRS = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class CompactBatches:
    """What a step of the compact networks draws."""

    batch: int = option(
        4, "pairs per step and process for F, W and G; 0 leaves them as they are", minimum=0
    )
    motion_batch: int = option(
        24, "rendered frames per step and process for M; 0 leaves it as it is", minimum=0
    )
    clip_frames: int = option(
        4, "frames of clips per step and process that M reads besides (L_E)", minimum=0
    )
    own_keypoints_fraction: float = option(
        0.4,
        "fraction of rendered pairs that are driven by M's keypoints instead of the true ones",
        minimum=0,
        maximum=1,
    )
    own_keypoints_from: int = option(
        500, "first step that uses M's keypoints, and clips where there is data too", minimum=0
    )

    def __post_init__(self) -> None:
        check_options(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class CompactSources:
    """Where batches come from; at least one of the two is there."""

    heads: RenderedSet | MixedHeads | None
    clips: PairSource | None
    clips_in_step: Callable[[int, int], int]
    """How many of a step's pairs are of clips, of a step and its number of pairs."""
    clips_from: int
    """First step that M can read clips in, where it is trained along."""

    def reads_clips(self, step: int) -> bool:
        """Whether clips are read at a step."""
        return self.clips is not None and (self.heads is None or step >= self.clips_from)


@dataclass(frozen=True, slots=True, kw_only=True)
class MotionHalf:
    """M reads rendered frames, and of clips learns that its keypoints move with the picture."""

    sources: CompactSources
    batches: CompactBatches
    terms: tuple[LossTerm[MotionStep], ...]
    equivariance_terms: tuple[LossTerm[EquivarianceStep], ...]

    def losses(self, networks: Networks, average: Networks, draw: Draw) -> Losses:
        """Rendered frames and, once M can read, frames of clips: in one batch, as its norms are."""
        heads, device = self.sources.heads, device_of(networks)
        assert heads is not None
        frames = heads.draw_frames(draw, self.batches.motion_batch)
        frames = augment_frames(frames, draw).to(device)
        if not self.sources.reads_clips(draw.step) or not self.batches.clip_frames:
            reading = motion_network(networks).read(frames.image)
            return weighted_losses(self.terms, MotionStep(reading, frames))
        return self._losses_with_clips(networks, average, draw, frames)

    def _losses_with_clips(
        self, networks: Networks, average: Networks, draw: Draw, frames: FrameBatch
    ) -> Losses:
        clips, device = self.sources.clips, device_of(networks)
        assert clips is not None
        unlabelled = clips.draw_frames(draw, self.batches.clip_frames).image
        moved = moved_frames(unlabelled, draw).to(device)
        with torch.no_grad():
            keypoints = motion_network(average).read(unlabelled.to(device)).keypoints
        both = motion_network(networks).read(torch.cat((frames.image, moved.image)))
        reading, of_clips = split_reading(both, len(frames.image))
        total, rows = weighted_losses(self.terms, MotionStep(reading, frames))
        step = EquivarianceStep(of_clips.keypoints, keypoints, moved)
        more, more_rows = weighted_losses(self.equivariance_terms, step)
        return total + more, {**rows, **more_rows}


@dataclass(frozen=True, slots=True, kw_only=True)
class PictureHalf:
    """F, W and G repaint the driving frame of a pair from its source.

    Their keypoints are the true ones for one part of the rendered pairs and those of M (of the
    moving average, without gradient) for the other, and for clips.
    """

    sources: CompactSources
    batches: CompactBatches
    weights: PictureWeights
    terms: tuple[LossTerm[PictureStep], ...]
    unlabelled_terms: tuple[LossTerm[PictureStep], ...]

    def losses(self, networks: Networks, average: Networks, draw: Draw) -> Losses:
        """Labelled and unlabelled pairs, each kind with its table, weighed by their numbers."""
        sources, batch, motion = self.sources, self.batches.batch, motion_network(average)
        device = device_of(networks)
        of_clips = sources.clips_in_step(draw.step, batch) if sources.reads_clips(draw.step) else 0
        total, rows = torch.zeros((), device=device), dict[str, Tensor]()
        if sources.heads is not None and (labelled := batch - of_clips):
            pairs = augment_pairs(sources.heads.draw_pairs(draw, labelled), draw).to(device)
            points = driving_points(self.batches, pairs, draw, motion)
            step = self._repainted(networks, pairs, points, motion)
            loss, rows = weighted_losses(self.terms, step)
            total = total + loss * (labelled / batch)
        if sources.clips is not None and of_clips:
            pairs = augment_pairs(sources.clips.draw_pairs(draw, of_clips), draw).to(device)
            read = read_together(pairs, motion)
            points = (read.source.keypoints, read.driving.keypoints)
            step = self._repainted(networks, read, points, motion)
            loss, more = weighted_losses(self.unlabelled_terms, step)
            total = total + loss * (of_clips / batch)
            rows = {**rows, **{f"clips_{name}": value for name, value in more.items()}}
        return total, rows

    def _repainted(
        self,
        networks: Networks,
        pairs: PairBatch,
        keypoints: tuple[Tensor, Tensor],
        motion: CompactMotionExtractor,
    ) -> PictureStep:
        """The driving frames repainted, and the outputs of the discriminators where there are."""
        step = picture_step(networks, pairs, *keypoints, self.weights, motion)
        if DISCRIMINATORS not in networks:
            return step
        true = pairs.driving
        outputs = networks[DISCRIMINATORS](step.painted.image, true.image, true.keypoints)
        return replace(step, discriminator_outputs=outputs)


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldHalf:
    """F and W learn the motion of a rendered pair; nothing is painted, and G stays as it is."""

    heads: RenderedSet | MixedHeads
    batches: CompactBatches
    terms: tuple[LossTerm[FieldStep], ...]

    def losses(self, networks: Networks, average: Networks, draw: Draw) -> Losses:
        """Those of rendered pairs, which alone have a truth."""
        motion, device = motion_network(average), device_of(networks)
        pairs = augment_pairs(self.heads.draw_pairs(draw, self.batches.batch), draw).to(device)
        points = driving_points(self.batches, pairs, draw, motion)
        volume = networks["appearance"](pairs.source.image)
        warped = networks["warping"](volume, *points)
        return weighted_losses(self.terms, FieldStep(warped, pairs))


def driving_points(
    batches: CompactBatches, pairs: PairBatch, draw: Draw, motion: CompactMotionExtractor
) -> tuple[Tensor, Tensor]:
    """Keypoints that drive rendered pairs: the true ones with a little noise, or those of M.

    Args:
        batches: Say which share are those of M, and from which step.
        pairs: Rendered.
        draw: The step's.
        motion: M.

    Returns:
        (B, K, 3) of source and driving frame.
    """
    frames, count = (pairs.source, pairs.driving), len(pairs)
    jitter = [JITTER * draw.uniform(count, 1, 1) * draw.normal(*f.keypoints.shape) for f in frames]
    keypoints = [
        f.keypoints + j.to(f.keypoints.device) for f, j in zip(frames, jitter, strict=True)
    ]
    chosen = (draw.uniform(count) < batches.own_keypoints_fraction).nonzero()[:, 0]
    if draw.step < batches.own_keypoints_from or not len(chosen):
        return keypoints[0], keypoints[1]
    with torch.no_grad():
        images = torch.cat([frame.image[chosen.to(frame.image.device)] for frame in frames])
        own = motion.read(images).keypoints.chunk(2)
    for points, read in zip(keypoints, own, strict=True):
        points[chosen.to(points.device)] = read
    return keypoints[0], keypoints[1]


def paint(networks: Networks, pairs: PairBatch) -> tuple[Tensor, Tensor]:
    """Driving frames repainted with M's keypoints, and as they are; (B, 3, h, h) each."""
    pairs = pairs.to(device_of(networks))
    faces = (pairs.source.image, pairs.driving.image)
    source, driving = (motion_network(networks).read(face).keypoints for face in faces)
    appearance, warping, decoder = (networks[name] for name in PICTURE)
    return decoder(warping(appearance(faces[0]), source, driving)), faces[1]


def sample_grid(sources: CompactSources, weights: PictureWeights, networks: Networks) -> Pixels:
    """Source, driving, output with true keypoints, output with M's, for a few pairs.

    Pairs of clips are in columns of their own; of them only M's keypoints are known.
    """
    device, motion = device_of(networks), motion_network(networks)
    columns: list[tuple[Tensor, ...]] = []
    with torch.no_grad():
        if sources.heads is not None:
            pairs = sources.heads.first_pairs(GRID_PAIRS).to(device)
            columns.append(_grid_columns(pairs, weights, networks))
        if sources.clips is not None:
            pairs = read_together(sources.clips.first_pairs(GRID_PAIRS).to(device), motion)
            columns.append(_grid_columns(pairs, weights, networks))
    rows = [torch.cat(parts) for parts in zip(*columns, strict=True)]
    return grid_of([list(pixels_from_tensor(row)) for row in rows])


def _grid_columns(
    pairs: PairBatch, weights: PictureWeights, networks: Networks
) -> tuple[Tensor, ...]:
    """The rows of `sample_grid`, (B, 3, h, h) each."""
    frames, motion = (pairs.source, pairs.driving), motion_network(networks)
    known = [frame.keypoints for frame in frames]
    read = [motion.read(frame.image).keypoints for frame in frames]
    outputs = [
        picture_step(networks, pairs, source, driving, weights, motion)
        for source, driving in (known, read)
    ]
    return (*(frame.image for frame in frames), *(step.painted.image for step in outputs))


def read_together(pairs: PairBatch, motion: CompactMotionExtractor) -> PairBatch:
    """Pairs of clips with what M reads in both frames, read as one batch."""
    read = concatenate([pairs.source, pairs.driving]).with_readings(motion)
    return replace(pairs, source=read[: len(pairs)], driving=read[len(pairs) :])


def motion_network(networks: Networks) -> CompactMotionExtractor:
    """M among compact networks."""
    motion = networks[MOTION]
    assert isinstance(motion, CompactMotionExtractor)
    return motion
