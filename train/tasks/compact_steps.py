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

from ..data.augment import MovedFrames, augment_frames, augment_pairs, moved_frames
from ..data.batch import FrameBatch, PairBatch, concatenate
from ..data.heads import RenderedHeads
from ..data.mixed import MixedHeads
from ..data.pixels import as_image
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

    heads: RenderedHeads | MixedHeads | None
    clips: PairSource | None
    clips_in_step: Callable[[int, int], int]
    """How many of a step's pairs are of clips, of a step and its number of pairs."""
    clips_from: int
    """First step that M can read clips in, where it is trained along."""

    def reads_clips(self, step: int) -> bool:
        """Whether clips are read at a step."""
        return self.clips is not None and (self.heads is None or step >= self.clips_from)


@dataclass(frozen=True, slots=True, kw_only=True)
class MotionBatch:
    """What a step of M draws."""

    frames: FrameBatch
    unlabelled: Tensor | None
    """(B, 3, h, h) bytes of frames of clips; None where none are read."""
    moved: MovedFrames | None
    """The same, moved and damaged."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Driving:
    """What drives rendered pairs."""

    jitter: tuple[Tensor, ...]
    """(B, K, 3) noise of the true keypoints, of source and driving frames."""
    own: Tensor
    """Which pairs are driven by M's keypoints."""

    @classmethod
    def drawn(cls, batches: CompactBatches, pairs: PairBatch, draw: Draw) -> Driving:
        """Noise, and which pairs are driven by M: a share of them, from a step on."""
        count = len(pairs)
        jitter = tuple(
            JITTER * draw.uniform(count, 1, 1) * draw.normal(*frames.keypoints.shape)
            for frames in (pairs.source, pairs.driving)
        )
        chosen = (draw.uniform(count) < batches.own_keypoints_fraction).nonzero()[:, 0]
        own = chosen if draw.step >= batches.own_keypoints_from else chosen[:0]
        return cls(jitter=jitter, own=own)


@dataclass(frozen=True, slots=True, kw_only=True)
class PictureBatch:
    """What a step of F, W and G draws."""

    labelled: PairBatch | None
    driving: Driving | None
    """Of the labelled pairs."""
    clips: PairBatch | None


@dataclass(frozen=True, slots=True, kw_only=True)
class MotionHalf:
    """M reads rendered frames, and of clips learns that its keypoints move with the picture."""

    sources: CompactSources
    batches: CompactBatches
    terms: tuple[LossTerm[MotionStep], ...]
    equivariance_terms: tuple[LossTerm[EquivarianceStep], ...]

    def batch(self, draw: Draw) -> MotionBatch:
        """Rendered frames and, once M can read, frames of clips."""
        heads, clips = self.sources.heads, self.sources.clips
        assert heads is not None
        frames = augment_frames(heads.draw_frames(draw, self.batches.motion_batch), draw)
        if clips is None or not self.sources.reads_clips(draw.step) or not self.batches.clip_frames:
            return MotionBatch(frames=frames, unlabelled=None, moved=None)
        unlabelled = clips.draw_frames(draw, self.batches.clip_frames).pixels
        return MotionBatch(
            frames=frames, unlabelled=unlabelled, moved=moved_frames(unlabelled, draw)
        )

    def losses(self, networks: Networks, average: Networks, batch: MotionBatch) -> Losses:
        """Rendered frames and frames of clips: in one batch, as its norms are."""
        device = device_of(networks)
        frames = batch.frames.to(device)
        if batch.unlabelled is None or batch.moved is None:
            reading = motion_network(networks).read(frames.image)
            return weighted_losses(self.terms, MotionStep(reading, frames))
        moved = batch.moved.to(device)
        with torch.no_grad():
            seen = as_image(batch.unlabelled.to(device))
            keypoints = motion_network(average).read(seen).keypoints
        both = motion_network(networks).read(torch.cat((frames.image, moved.image)))
        reading, of_clips = split_reading(both, len(frames.image))
        total, rows = weighted_losses(self.terms, MotionStep(reading, frames))
        step = EquivarianceStep(of_clips.keypoints, keypoints, moved)
        more, more_rows = weighted_losses(self.equivariance_terms, step)
        return total + more, {**rows, **more_rows}


@dataclass(frozen=True, slots=True, kw_only=True)
class PictureHalf:
    """F, W and G reconstruct the driving frame of a pair from its source.

    Their keypoints are the true ones for one part of the rendered pairs and those of M (of the
    moving average, without gradient) for the other, and for clips.
    """

    sources: CompactSources
    batches: CompactBatches
    weights: PictureWeights
    terms: tuple[LossTerm[PictureStep], ...]
    unlabelled_terms: tuple[LossTerm[PictureStep], ...]

    def batch(self, draw: Draw) -> PictureBatch:
        """Labelled and unlabelled pairs, and how the labelled ones are driven."""
        sources, count = self.sources, self.batches.batch
        of_clips = sources.clips_in_step(draw.step, count) if sources.reads_clips(draw.step) else 0
        labelled: PairBatch | None = None
        driving: Driving | None = None
        if sources.heads is not None and count > of_clips:
            labelled = augment_pairs(sources.heads.draw_pairs(draw, count - of_clips), draw)
            driving = Driving.drawn(self.batches, labelled, draw)
        clips: PairBatch | None = None
        if sources.clips is not None and of_clips:
            clips = augment_pairs(sources.clips.draw_pairs(draw, of_clips), draw)
        return PictureBatch(labelled=labelled, driving=driving, clips=clips)

    def losses(self, networks: Networks, average: Networks, batch: PictureBatch) -> Losses:
        """Labelled and unlabelled pairs, each kind with its table, weighed by their numbers."""
        motion, device = motion_network(average), device_of(networks)
        total, rows = torch.zeros((), device=device), dict[str, Tensor]()
        if batch.labelled is not None and batch.driving is not None:
            pairs = batch.labelled.to(device)
            points = driving_points(pairs, batch.driving, motion)
            step = self._reconstructed(networks, pairs, points, motion)
            loss, rows = weighted_losses(self.terms, step)
            total = total + loss * (len(pairs) / self.batches.batch)
        if batch.clips is not None:
            read = read_together(batch.clips.to(device), motion)
            points = (read.source.keypoints, read.driving.keypoints)
            step = self._reconstructed(networks, read, points, motion)
            loss, more = weighted_losses(self.unlabelled_terms, step)
            total = total + loss * (len(read) / self.batches.batch)
            rows = {**rows, **{f"clips_{name}": value for name, value in more.items()}}
        return total, rows

    def _reconstructed(
        self,
        networks: Networks,
        pairs: PairBatch,
        keypoints: tuple[Tensor, Tensor],
        motion: CompactMotionExtractor,
    ) -> PictureStep:
        """The driving frames reconstructed, and the outputs of discriminators where there are."""
        step = picture_step(networks, pairs, *keypoints, self.weights, motion)
        if DISCRIMINATORS not in networks:
            return step
        true = pairs.driving
        outputs = networks[DISCRIMINATORS](step.decoded.image, true.image, true.keypoints)
        return replace(step, discriminator_outputs=outputs)


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldHalf:
    """F and W learn the motion of a rendered pair; nothing is decoded, and G stays as it is."""

    heads: RenderedHeads | MixedHeads
    batches: CompactBatches
    terms: tuple[LossTerm[FieldStep], ...]

    def batch(self, draw: Draw) -> PictureBatch:
        """Rendered pairs, which alone have a truth."""
        pairs = augment_pairs(self.heads.draw_pairs(draw, self.batches.batch), draw)
        driving = Driving.drawn(self.batches, pairs, draw)
        return PictureBatch(labelled=pairs, driving=driving, clips=None)

    def losses(self, networks: Networks, average: Networks, batch: PictureBatch) -> Losses:
        """Those of the motion field."""
        assert batch.labelled is not None
        assert batch.driving is not None
        pairs = batch.labelled.to(device_of(networks))
        points = driving_points(pairs, batch.driving, motion_network(average))
        volume = networks["appearance"](pairs.source.image)
        warped = networks["warping"](volume, *points)
        return weighted_losses(self.terms, FieldStep(warped, pairs))


def driving_points(
    pairs: PairBatch, driving: Driving, motion: CompactMotionExtractor
) -> tuple[Tensor, Tensor]:
    """Keypoints that drive rendered pairs: the true ones with a little noise, or those of M.

    Args:
        pairs: Rendered.
        driving: What was drawn for them.
        motion: M.

    Returns:
        (B, K, 3) of source and driving frame.
    """
    frames, device = (pairs.source, pairs.driving), pairs.source.image.device
    keypoints = [
        f.keypoints + noise.to(device) for f, noise in zip(frames, driving.jitter, strict=True)
    ]
    if not len(driving.own):
        return keypoints[0], keypoints[1]
    chosen = driving.own.to(device)
    with torch.no_grad():
        images = torch.cat([frame.image[chosen] for frame in frames])
        own = motion.read(images).keypoints.chunk(2)
    for points, read in zip(keypoints, own, strict=True):
        points[chosen] = read
    return keypoints[0], keypoints[1]


def reconstruct(networks: Networks, pairs: PairBatch) -> tuple[Tensor, Tensor]:
    """Driving frames reconstructed with M's keypoints, and as they are; (B, 3, h, h) each."""
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
    return (*(frame.image for frame in frames), *(step.decoded.image for step in outputs))


def read_together(pairs: PairBatch, motion: CompactMotionExtractor) -> PairBatch:
    """Pairs of clips with what M reads in both frames, read as one batch."""
    read = concatenate([pairs.source, pairs.driving]).with_readings(motion)
    return replace(pairs, source=read[: len(pairs)], driving=read[len(pairs) :])


def motion_network(networks: Networks) -> CompactMotionExtractor:
    """M among compact networks."""
    motion = networks[MOTION]
    assert isinstance(motion, CompactMotionExtractor)
    return motion
