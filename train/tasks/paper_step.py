"""The step of Eq. 4: pairs of frames through F, M, W and G of the paper's architecture.

A pair is two frames of one person, or a picture with itself. M reads both, F and W carry the source
to the driving keypoints, G decodes; all four learn from one table of losses, and three
discriminators from theirs. Head pose and landmarks, which L_H, L_guide and the crops of face and
lip ask for, are the renderer's truth where a frame has it, else what is stored of a curated clip,
and else what a compact M reads.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Protocol, TypeAlias

import torch
from torch import Tensor, nn

from liveportrait_core.geometry import full_precision
from liveportrait_core.imaging.tensors import Pixels, pixels_from_tensor
from liveportrait_core.model import LivePortraitModel
from liveportrait_core.motion.types import Motion
from liveportrait_core.networks.compact.layers import resize
from liveportrait_core.networks.compact.motion_extractor import CompactMotionExtractor
from liveportrait_core.preset import Preset
from liveportrait_core.stages import (
    decode,
    extract_appearance,
    extract_motion,
    transform_keypoints,
    warp,
    warp_decode,
)

from ..data.augment import MovedFrames, augment_pairs, moved_frames
from ..data.batch import PairBatch, concatenate
from ..data.pixels import resized_pixels
from ..data.sets import Sets
from ..data.source import first_pairs
from ..engine.draw import Draw
from ..engine.task import Losses, Networks, device_of
from ..losses.adversarial import gradient_penalty
from ..losses.face_regions import REGIONS, crop_region
from ..losses.paper_terms import PaperStep
from ..losses.terms import LossTerm, weighted_losses
from ..models.discriminators import CASCADE_LAYERS, CascadeDiscriminators
from ..models.pretrained.arcface import embeddings
from ..reports.sample_grid import grid_of

NETWORKS = ("appearance", "motion", "warping", "decoder")
"""F, M, W and G."""
DISCRIMINATORS = "discriminators"


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelledSets:
    """Rendered heads and clips, with the network that reads what clips do not say."""

    sets: Sets
    motion_network: CompactMotionExtractor | None
    """M of a compact model; None for none."""

    @property
    def size_px(self) -> int:
        """Side of the smallest pictures."""
        return min(s.size_px for s in (self.sets.rendered, self.sets.clips) if s is not None)

    def draw(self, draw: Draw, counts: Sequence[int]) -> tuple[PairBatch, ...]:
        """So many rendered pairs and pairs of clips, of each kind that there is."""
        sources = zip((self.sets.rendered, self.sets.clips), counts, strict=True)
        return tuple(
            augment_pairs(source.draw_pairs(draw, count), draw)
            for source, count in sources
            if source is not None and count
        )

    def read(self, parts: Sequence[PairBatch], device: torch.device) -> list[PairBatch]:
        """What was drawn, on a device, with what `motion_network` reads where it is not known."""
        with full_precision(device):
            return [pairs.to(device).with_readings(self.motion_network) for pairs in parts]

    def first(self, count: int) -> PairBatch:
        """The same pairs every time, at most `count`, without readings."""
        return first_pairs((self.sets.rendered, self.sets.clips), None, count)[:count]


DrawnPairs: TypeAlias = tuple[tuple[PairBatch, ...], ...]
"""Parts of a batch, by the sets that they are of."""


class PairBatches(Protocol):
    """Where the step's pairs come from."""

    @property
    def size_px(self) -> int:
        """Side of the smallest pictures."""
        ...

    def draw(self, draw: Draw) -> DrawnPairs:
        """The parts of a batch, a function of the draw alone."""
        ...

    def read(self, drawn: DrawnPairs, device: torch.device) -> PairBatch:
        """The batch on a device, with readings."""
        ...

    def first(self, count: int) -> PairBatch:
        """The same pairs every time, at most `count`: for sample grids."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class PaperBatches:
    """Batches of rendered pairs and pairs of clips."""

    sets: LabelledSets
    batch: int
    clips_in_step: Callable[[int, int], int]
    """How many of a step's pairs are of clips, of a step and its number of pairs."""

    @property
    def size_px(self) -> int:
        """Side of the smallest pictures."""
        return self.sets.size_px

    def draw(self, draw: Draw) -> DrawnPairs:
        """The parts of a batch."""
        of_clips = self.clips_in_step(draw.step, self.batch)
        return (self.sets.draw(draw, (self.batch - of_clips, of_clips)),)

    def read(self, drawn: DrawnPairs, device: torch.device) -> PairBatch:
        """The batch on a device, with readings."""
        (parts,) = drawn
        return concatenate(self.sets.read(parts, device))

    def first(self, count: int) -> PairBatch:
        """The same pairs every time, at most `count`."""
        return self.sets.first(count)


@dataclass(frozen=True, slots=True, kw_only=True)
class PaperBatch:
    """What a step of Eq. 4 draws."""

    pairs: DrawnPairs
    moved: MovedFrames
    """The driving frames at M's side, turned, shifted, zoomed and damaged, for L_E."""
    penalty_share: Tensor | None
    """(B, 1, 1, 1) where between true and generated the gradient is penalised; None where not."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PaperTrainingStep:
    """One batch of pairs through all four networks and the discriminators."""

    preset: Preset
    batches: PairBatches
    terms: tuple[LossTerm[PaperStep], ...]
    arcface: nn.Module | None
    """Recognises faces, for L_faceid."""
    penalised: bool
    """Whether the terms ask for gradient penalties."""
    bent: bool = False
    """Whether L_E bends pictures by thin plate splines."""

    @property
    def compared_px(self) -> int:
        """Side that pictures are compared at."""
        return min(self.preset.output_size_px, self.batches.size_px)

    def batch(self, draw: Draw) -> PaperBatch:
        """Pairs, and the frames of L_E."""
        pairs = self.batches.draw(draw)
        driving = torch.cat([part.driving.pixels for parts in pairs for part in parts])
        faces = resized_pixels(driving, self.preset.face_size_px)
        moved = moved_frames(faces, draw, bent=self.bent)
        share = draw.uniform(len(driving), 1, 1, 1) if self.penalised else None
        return PaperBatch(pairs=pairs, moved=moved, penalty_share=share)

    def losses(self, networks: Networks, average: Networks, batch: PaperBatch) -> Losses:
        """One batch of pairs."""
        del average
        pairs = self.batches.read(batch.pairs, device_of(networks))
        return weighted_losses(self.terms, self._step(networks, pairs, batch))

    def reconstruct(self, networks: Networks, pairs: PairBatch) -> tuple[Tensor, Tensor]:
        """(B, 3, h, h) generated and true driving frames, at the side they are compared at."""
        model, size = self._model(networks), self.preset.face_size_px
        pairs = pairs.to(device_of(networks))
        faces = [resize(frame.image, size) for frame in (pairs.source, pairs.driving)]
        source, driving = _motions(model, faces)
        driving = driving.describe(canonical=source.canonical)
        points = [transform_keypoints(motion) for motion in (source, driving)]
        picture = warp_decode(model, extract_appearance(model, faces[0]), *points)
        return resize(picture, self.compared_px), resize(pairs.driving.image, self.compared_px)

    def sample_grid(self, pairs: PairBatch, networks: Networks) -> Pixels:
        """Source, driving and generated pictures of some pairs."""
        with torch.no_grad():
            generated, true = self.reconstruct(networks, pairs)
        source = resize(pairs.source.image.to(true.device), true.shape[-1])
        return grid_of([list(pixels_from_tensor(row)) for row in (source, true, generated)])

    def _step(self, networks: Networks, pairs: PairBatch, batch: PaperBatch) -> PaperStep:
        """Everything that the terms are functions of."""
        model, size = self._model(networks), self.preset.face_size_px
        faces = [resize(frame.image, size) for frame in (pairs.source, pairs.driving)]
        moved = batch.moved.to(faces[1].device)
        motions = _motions(model, [*faces, moved.image])
        canonical = motions[0].canonical
        with full_precision(faces[0].device):
            # Eq. 2: all of them with the canonical keypoints of the source
            points = [transform_keypoints(m.describe(canonical=canonical)) for m in motions]
        volume = extract_appearance(model, faces[0])
        with safe_for_volumes(volume.device):
            warped = warp(model, volume, points[0], points[1])
        picture = decode(model, warped)
        generated, true = self._regions(picture, pairs), self._regions(pairs.driving.image, pairs)
        discriminators = networks[DISCRIMINATORS]
        return PaperStep(
            pairs=pairs,
            source=motions[0],
            driving=motions[1],
            source_keypoints=points[0],
            driving_keypoints=points[1],
            moved_keypoints=points[2],
            moved=moved,
            generated=generated,
            true=true,
            discriminator_outputs=discriminators(generated, true),
            penalties=self._penalties(discriminators, generated, true, batch.penalty_share),
            embeddings=self._embedded(generated["global"], true["global"], pairs),
        )

    def _regions(self, picture: Tensor, pairs: PairBatch) -> dict[str, Tensor]:
        """The picture at the side it is compared at, and its crops of face and lip."""
        whole, at = resize(picture, self.compared_px), pairs.driving
        crops = {n: crop_region(whole, r, at.keypoints, at.valid) for n, r in REGIONS.items()}
        return {"global": whole, **crops}

    def _penalties(
        self,
        discriminators: nn.Module,
        generated: Mapping[str, Tensor],
        true: Mapping[str, Tensor],
        share: Tensor | None,
    ) -> dict[str, Tensor]:
        if share is None:
            return {}
        assert isinstance(discriminators, CascadeDiscriminators)
        share = share.to(true["global"].device)
        logits = discriminators.logits_of
        return {
            name: gradient_penalty(logits(name), true[name], generated[name], share)
            for name in CASCADE_LAYERS
        }

    def _embedded(
        self, generated: Tensor, true: Tensor, pairs: PairBatch
    ) -> tuple[Tensor, Tensor] | None:
        if self.arcface is None:
            return None
        landmarks = pairs.driving.keypoints
        with torch.no_grad():
            expected = embeddings(self.arcface, true, landmarks)
        return embeddings(self.arcface, generated, landmarks), expected

    def _model(self, networks: Networks) -> LivePortraitModel:
        parts = {name: networks[name] for name in NETWORKS}
        return LivePortraitModel(preset=self.preset, origin="", **parts)


def safe_for_volumes(device: torch.device) -> AbstractContextManager[object]:
    """Float32 for W on a CPU.

    In torch 2.13 the bfloat16 gradient of a 7 x 7 x 7 convolution like W's may write beyond its
    memory there, by its shape.
    """
    return full_precision(device) if device.type == "cpu" else nullcontext()


def _motions(model: LivePortraitModel, faces: list[Tensor]) -> list[Motion]:
    """What M reads in several batches, read as one; float32, as coordinates ask for."""
    with full_precision(faces[0].device):
        whole = extract_motion(model, torch.cat(faces))
    ends = [len(faces[0]) * (k + 1) for k in range(len(faces))]
    return [whole[end - len(faces[0]) : end] for end in ends]
