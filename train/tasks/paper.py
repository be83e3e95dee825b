"""Stage 1 as the paper has it: Eq. 2 to 4 on the published networks, from scratch (Sec. 3.2).

    python -m train.stage1 preset=paper run=runs/paper clips=films steps=200000 device=cuda
    torchrun --nproc_per_node 8 -m train.stage1 preset=paper run=... data=... clips=... steps=...

A pair is two frames of one person, or a still with itself. M reads both, F and W carry the source
to the driving keypoints, G paints; all four learn from one table of losses, and three judges from
theirs. Head pose and landmarks, which L_H, L_guide and the crops of face and lip ask for, are the
renderer's truth where a frame has it, else what is stored of a curated clip, and else what a
compact M reads (`reader`).
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from liveportrait_core.errors import MediaError
from liveportrait_core.geometry import full_precision
from liveportrait_core.imaging.tensors import pixels_from_tensor
from liveportrait_core.model import LivePortraitModel
from liveportrait_core.motion.types import Motion
from liveportrait_core.networks.compact.layers import resize
from liveportrait_core.networks.compact.motion_extractor import CompactMotionExtractor
from liveportrait_core.stages import (
    decode,
    extract_appearance,
    extract_motion,
    transform_keypoints,
    warp,
    warp_decode,
)

from ..data.augment import augment_pairs, moved_frames
from ..data.batch import PairBatch, concatenate
from ..data.sets import open_sets
from ..data.source import PairSource, first_pairs
from ..engine.config import parse
from ..engine.cost import noise_sets, step_cost
from ..engine.distributed import is_first_process, num_processes
from ..engine.draw import Draw
from ..engine.loop import ParameterGroup, fit
from ..engine.sample_grid import grid_of
from ..engine.validation import BEST_NAME, Validation
from ..losses.adversarial import gradient_penalty
from ..losses.paper_terms import PaperStep, paper_terms
from ..losses.terms import weighted_losses
from ..models.discriminators import CASCADE_LAYERS, CascadeDiscriminators
from ..models.export import write_both
from ..models.face_regions import REGIONS, crop_region
from ..models.presets import PUBLISHED
from ..models.pretrained.arcface import embeddings, load_arcface
from ..models.pretrained.picture_features import Vgg19Distance, picture_distance
from ..models.runs import CREDIT
from .paper_parts import (
    NETWORKS,
    PublishedConfig,
    compact_reader,
    require_told,
    safe_for_volumes,
    trainable_networks,
)

JUDGES = "discriminators"
_STRIP_PAIRS = 6
BETAS = (0.5, 0.999)
"""Of Adam (Sec. 4)."""


class PublishedStage1:
    """The task of stage 1 on the published architecture."""

    def __init__(
        self,
        config: PublishedConfig,
        data: PairSource | None,
        clips: PairSource | None = None,
    ) -> None:
        torch.manual_seed(config.seed)
        self.config, self.data, self.clips = config, data, clips
        self.preset = PUBLISHED[config.preset]
        self.reader = compact_reader(config.reader)
        self.kept: Mapping[str, nn.Module] = {}
        """Networks that do not learn here, to be written beside those that do."""
        self.arcface = load_arcface(config.arcface) if config.arcface else None
        self.distance = picture_distance(config.vgg, self.reader)
        self.validation = Validation.open(config, self.reader, self.distance, config.batch)
        self.modules: Mapping[str, nn.Module] = {
            **trainable_networks(config),
            JUDGES: CascadeDiscriminators(self.preset.width),
        }
        self.groups = tuple(
            ParameterGroup(
                modules=names,
                lr=lr,
                betas=BETAS,
                weight_decay=0.0,  # AdamW without it is Adam
                clip_norm=config.clip_norm,
            )
            for names, lr in ((NETWORKS, config.lr), ((JUDGES,), config.judges_lr))
        )
        self.terms = paper_terms(config.weights, self.distance, config.gan)
        sides = [source.size_px for source in (data, clips) if source is not None]
        self.compared_px = min(self.preset.output_size_px, *sides)
        self._say()

    @property
    def metadata(self) -> dict[str, str]:
        """What the written model says of its training."""
        config = self.config
        told = {
            "trained": f"stage1 {config.preset} {config.steps}",
            "perceptual": self.distance.name,
            "gan": config.gan,
        }
        return {**told, "credit": CREDIT} if config.data else told

    def train_step(self, draw: Draw, average: Mapping[str, nn.Module]) -> dict[str, Tensor]:
        """One batch of pairs through all four networks and the judges."""
        del average
        pairs = self._drawn(draw)
        total, rows = weighted_losses(self.terms, self._step(pairs, draw))
        return {"total": total, **rows}

    def strip(self, average: Mapping[str, nn.Module]) -> NDArray[np.uint8]:
        """Source, driving and painted pictures, of validation pairs where there are some."""
        pairs = self._shown(_STRIP_PAIRS).to(self._device())
        with torch.no_grad():
            painted, true = self._paint(average, pairs)
        rows = (resize(pairs.source.image, true.shape[-1]), true, painted)
        return grid_of([list(pixels_from_tensor(row)) for row in rows])

    def watch(self, step: int, average: Mapping[str, nn.Module], *, last: bool) -> None:
        """Measure the moving average on the validation pairs, and keep the best in both layouts."""
        device = self._device()
        if self.validation is not None and self.validation.is_best(
            step, lambda pairs: self._paint(average, pairs.to(device)), last=last
        ):
            self.write(self.config.run / BEST_NAME, average, f"best at step {step}")

    def write(self, folder: Path, average: Mapping[str, nn.Module], note: str = "") -> Path:
        """The model of a moving average, in our layout and in the published one."""
        networks = {**self.kept, **{name: average[name] for name in NETWORKS}}
        metadata = {**self.metadata, "note": note} if note else self.metadata
        return write_both(folder, self.preset, networks, metadata)

    def _shown(self, count: int) -> PairBatch:
        """The pairs of a strip, `count` at most."""
        if self.validation is not None:
            return self.validation.pairs[:count]
        return first_pairs((self.data, self.clips), self.reader, count)[:count]

    def _drawn(self, draw: Draw) -> PairBatch:
        """A batch of rendered pairs and pairs of clips."""
        of_clips = self.config.unlabelled_count(draw.step, self.config.batch)
        counts = (self.config.batch - of_clips, of_clips)
        return concatenate(self._parts(draw, counts, self.data, self.clips, self.reader))

    def _parts(
        self,
        draw: Draw,
        counts: tuple[int, int],
        data: PairSource | None,
        clips: PairSource | None,
        reader: CompactMotionExtractor | None,
    ) -> list[PairBatch]:
        """So many rendered pairs and pairs of clips, of each kind that there is."""
        device = self._device()
        parts: list[PairBatch] = []
        for source, count in zip((data, clips), counts, strict=True):
            if source is not None and count:
                pairs = augment_pairs(source.draw_pairs(draw, count), draw).to(device)
                with full_precision(device):
                    parts.append(pairs.with_readings(reader))
        return parts

    def _step(self, pairs: PairBatch, draw: Draw) -> PaperStep:
        """Everything that the terms look at."""
        model, size = self._model(self.modules), self.preset.face_size_px
        faces = [resize(frame.image, size) for frame in (pairs.source, pairs.driving)]
        moved = moved_frames(faces[1].cpu(), draw).to(faces[1].device)
        motions = _motions(model, [*faces, moved.image])
        canonical = motions[0].canonical
        with full_precision(faces[0].device):
            # Eq. 2: all of them with the canonical keypoints of the source
            points = [transform_keypoints(m.describe(canonical=canonical)) for m in motions]
        volume = extract_appearance(model, faces[0])
        with safe_for_volumes(volume.device):
            warped = warp(model, volume, points[0], points[1])
        picture = decode(model, warped)
        painted, true = self._regions(picture, pairs), self._regions(pairs.driving.image, pairs)
        judges = self.modules[JUDGES]
        return PaperStep(
            pairs=pairs,
            source=motions[0],
            driving=motions[1],
            source_keypoints=points[0],
            driving_keypoints=points[1],
            moved_keypoints=points[2],
            moved=moved,
            painted=painted,
            true=true,
            discriminator_outputs=judges(painted, true),
            penalties=self._penalties(painted, true, draw),
            embeddings=self._embedded(painted["global"], true["global"], pairs),
        )

    def _regions(self, picture: Tensor, pairs: PairBatch) -> dict[str, Tensor]:
        """The picture at the side it is compared at, and its crops of face and lip."""
        whole, at = resize(picture, self.compared_px), pairs.driving
        crops = {n: crop_region(whole, r, at.keypoints, at.valid) for n, r in REGIONS.items()}
        return {"global": whole, **crops}

    def _penalties(
        self, painted: Mapping[str, Tensor], true: Mapping[str, Tensor], draw: Draw
    ) -> dict[str, Tensor]:
        if not self.config.weights.gradient_penalty:
            return {}
        judges = self.modules[JUDGES]
        assert isinstance(judges, CascadeDiscriminators)
        share = draw.uniform(len(true["global"]), 1, 1, 1).to(true["global"].device)
        return {
            name: gradient_penalty(judges.logits_of(name), true[name], painted[name], share)
            for name in CASCADE_LAYERS
        }

    def _embedded(
        self, painted: Tensor, true: Tensor, pairs: PairBatch
    ) -> tuple[Tensor, Tensor] | None:
        if self.arcface is None:
            return None
        landmarks = pairs.driving.keypoints
        with torch.no_grad():
            wanted = embeddings(self.arcface, true, landmarks)
        return embeddings(self.arcface, painted, landmarks), wanted

    def _paint(self, modules: Mapping[str, nn.Module], pairs: PairBatch) -> tuple[Tensor, Tensor]:
        """(B, 3, h, h) painted and true driving frames, at the side they are compared at."""
        model, size = self._model(modules), self.preset.face_size_px
        faces = [resize(frame.image, size) for frame in (pairs.source, pairs.driving)]
        source, driving = _motions(model, faces)
        driving = driving.describe(canonical=source.canonical)
        points = [transform_keypoints(motion) for motion in (source, driving)]
        picture = warp_decode(model, extract_appearance(model, faces[0]), *points)
        return resize(picture, self.compared_px), resize(pairs.driving.image, self.compared_px)

    def _model(self, modules: Mapping[str, nn.Module]) -> LivePortraitModel:
        networks = {name: modules[name] for name in NETWORKS}
        return LivePortraitModel(preset=self.preset, origin="", **networks)

    def _device(self) -> torch.device:
        """Where the networks are; those that only help are brought along."""
        device = next(self.modules["motion"].parameters()).device
        helpers: list[nn.Module | None] = [self.reader, self.arcface]
        if isinstance(self.distance, Vgg19Distance):
            helpers.append(self.distance.network)
        for helper in helpers:
            if helper is not None:
                helper.to(device)
        return device

    def _say(self) -> None:
        """What is not as the paper has it."""
        lines = [f"L_P compares by: {self.distance.name}"]
        if self.compared_px < self.preset.output_size_px:
            lines.append(
                f"the data has {self.compared_px} px, G paints {self.preset.output_size_px}: "
                f"pictures are compared at {self.compared_px}"
            )
        if self.arcface is None:
            lines.append("L_faceid counts 0: no arcface=FILE")
        elif not self.config.weights.face_id:
            lines.append("L_faceid is measured but counts 0: weights.face_id=0")
        if self.clips is not None and self.clips.is_labelled:
            lines.append("L_H and L_guide of clips: by their stored pose and landmarks")
        elif self.clips is not None and self.reader is None:
            lines.append("L_H and L_guide are 0 for clips: no reader tells pose and landmarks")
        if self.validation is None:
            lines.append("no validation_data and no validation_clips: no best state is kept")
        print("\n".join(lines), file=sys.stderr, flush=True)


def _motions(model: LivePortraitModel, faces: list[Tensor]) -> list[Motion]:
    """What M reads in several batches, looked at as one; float32, as coordinates ask for."""
    with full_precision(faces[0].device):
        whole = extract_motion(model, torch.cat(faces))
    ends = [len(faces[0]) * (k + 1) for k in range(len(faces))]
    return [whole[end - len(faces[0]) : end] for end in ends]


def _cost(config: PublishedConfig) -> str:
    """What a step of one process takes, for a dry run."""
    one = replace(config, batch=1, total_batch=0, accumulate=1, validation_data="")
    one = replace(one, validation_clips="", clip_share=1.0 if config.clips else 0.0)

    def alone() -> PublishedStage1:
        sets = noise_sets(one, config.clip_px)
        return PublishedStage1(one, sets.rendered, sets.clips)

    accumulate = config.for_processes(num_processes()).accumulate
    return step_cost([("pair", config.batch, alone)]).told(accumulate)


def main(arguments: list[str]) -> None:
    """Train with the given KEY=VALUE arguments, then write the model in both layouts."""
    config = parse(PublishedConfig, arguments, "python -m train.stage1", _cost)
    try:
        config = config.for_processes(num_processes())
        sets = open_sets(config, annotated=True)
        require_told(config, sets)
    except (ValueError, MediaError) as error:
        print(f"python -m train.stage1: {error}", file=sys.stderr)
        raise SystemExit(2) from None
    task = PublishedStage1(config, sets.rendered, sets.clips)
    average = fit(task, config)
    if is_first_process():
        print(task.write(config.run, average))
