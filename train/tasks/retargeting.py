"""Stage 2: S, R_eyes and R_lip over a frozen base (Sec. 3.3, Eq. 5 and 6).

    python -m train.stage2 run=runs/retarget base=runs/base data=runs/heads steps=1500
    python -m train.stage2 run=runs/eyes base=runs/paper parts=eyes clips=films steps=20000

The openings that Eq. 6 asks for are read off the painted picture by the frozen M of a compact
base, and, since its keypoints are lids and lips themselves, off the retargeted keypoints as well.
A published base has keypoints without names; there a compact model reads the picture (`reader`).

Folders of pictures and films (`clips`) may stand in for a share of the rendered heads or for all
of them. Of a picture no renderer says what is head; S's mask is then the compact model's: the head
that W sees in the source, a probability for each pixel, and whatever is about M's keypoints,
for W leaves holes in painted and half-lit faces. Only films can drive, so that without
any the drivers are rendered ones.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from liveportrait_core.errors import CheckpointError, LivePortraitError, MediaError
from liveportrait_core.imaging.tensors import pixels_from_tensor
from liveportrait_core.model import LivePortraitModel
from liveportrait_core.networks.compact.layers import heat_maps, resize
from liveportrait_core.stages import stitch

from ..data.augment import augment_pairs
from ..data.rendered import HEAD_REGIONS, RenderedSet
from ..data.sets import DataConfig, open_sets
from ..data.source import PairSource, first_pairs
from ..engine.config import parse
from ..engine.cost import noise_sets, step_cost
from ..engine.distributed import is_first_process
from ..engine.draw import Draw
from ..engine.loop import ParameterGroup, fit
from ..engine.sample_grid import grid_of
from ..losses.perceptual import weighted_l1
from ..models.export import write_both
from ..models.retargeting_networks import SMALL, check_resumable, parts_of, small_networks
from ..models.runs import CREDIT, Base, model_of, opened, write_model
from .paper_parts import NETWORKS, compact_networks
from .retargeting_faces import (
    PARTS,
    Faces,
    driven_keypoints,
    faces_of,
    landmarks_of,
    painted,
    retargeted,
    seen_heads,
)

COMMAND = "python -m train.stage2"
LARGEST_OPENING = 0.8
"""Wanted openings are uniform in [0, .8] (Sec. 3.3)."""
_STRIP_FACES = 4
_STRIP_OPENINGS = (0.0, 0.2, 0.4, 0.6)


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage2Config(DataConfig):
    """Stage 2 on rendered heads, on folders of pictures and films, or on both."""

    base: str
    """Run folder of stage 1, a model file or a published folder; its networks stay as they are."""
    parts: str = ",".join(SMALL)
    """Which networks learn, separated by commas; others are copied from init or base if there."""
    init: str = ""
    """Run folder or model file whose S, R_eyes and R_lip training begins with; none: no offset."""
    reader: str = "default"
    """Compact model that reads lids, lips and heads for a published base; a compact one does so
    itself."""
    batch: int = 3
    """Faces per step and process for each of the three networks."""
    lr: float = 1e-3
    """AdamW learning rate."""
    regulariser: float = 1.0
    """w_reg: weight of the mean absolute offset."""
    condition: float = 3.0
    """w_cond: weight of the openings read off the picture."""
    keypoint_condition: float = 3.0
    """Weight of the openings read off the retargeted keypoints of a compact base."""
    consistency: float = 10.0
    """Weight of what has to stay as it was."""

    def __post_init__(self) -> None:
        DataConfig.__post_init__(self)
        parts_of(self.parts)


class Stage2:
    """The task of stage 2: the small networks over the frozen base, Eq. 5 and 6."""

    def __init__(
        self,
        config: Stage2Config,
        data: RenderedSet | None,
        base: Base,
        clips: PairSource | None = None,
    ) -> None:
        self.config, self.data, self.clips = config, data, clips
        self.parts = parts_of(config.parts)
        lacking = [name for name in NETWORKS if name not in base.networks]
        if lacking:
            raise CheckpointError(
                f"{config.base} has no {', no '.join(lacking)}; a run of stage 1 or a whole model "
                "was wanted. Name another for base."
            )
        self.base: Mapping[str, nn.Module] = {name: base.networks[name] for name in NETWORKS}
        if "stitching" in self.parts and data is None and clips is not None:
            _refuse_stills(clips)
        self.preset = base.preset
        self.published = self.preset.family == "published"
        self.reader = _reading(config.reader) if self.published else None
        self.modules: Mapping[str, nn.Module] = small_networks(
            self.preset, self.parts, config.init, base.networks, config.seed
        )
        check_resumable(config.run, self.parts, tuple(self.modules))
        self.groups = (ParameterGroup(modules=self.parts, lr=config.lr, clip_norm=1.0),)

    @property
    def frozen(self) -> Mapping[str, nn.Module]:
        """The base's networks, and those that read for it."""
        reader = self.reader
        readers = {} if reader is None else {f"reader_{name}": reader[name] for name in NETWORKS}
        return {**self.base, **readers}

    def train_step(self, draw: Draw, average: Mapping[str, nn.Module]) -> dict[str, Tensor]:
        """One batch of sources for all that learn, driven by other identities for S."""
        del average
        config, device = self.config, self._device(self.modules)
        sources, heads = (part.to(device) for part in self._sources(draw))
        drivers: list[Tensor] = []
        if "stitching" in self.parts:
            drivers = [part.to(device) for part in self._drivers(draw)]
        model, reader = self._model(self.modules), self._reader(device)
        faces = faces_of(model, sources, reader)
        wanted = (LARGEST_OPENING * draw.uniform(config.batch, 2)).to(device)
        losses: dict[str, Tensor] = {}
        if drivers:
            heads = self._heads(model, reader, faces, sources, heads)
            losses |= self._stitching_losses(model, faces, heads, *drivers)
        for column, part in enumerate(PARTS):
            if part in self.parts:
                opening = wanted[:, column : column + 1]
                losses |= self._opening_losses(model, reader, faces, part, opening)
        weights = {
            "kept": config.consistency,
            "offset": config.regulariser,
            "picture": config.condition,
            "keypoints": config.keypoint_condition,
        }
        total = sum(
            (weights[name.split("_")[1]] * value for name, value in losses.items()),
            start=faces.keypoints.new_zeros(()),
        )
        return {"total": total, **losses}

    def strip(self, average: Mapping[str, nn.Module]) -> NDArray[np.uint8]:
        """Sources with eyes, then lips, at given openings; of S alone with and without it."""
        opening = [part for part in PARTS if part in self.parts]
        with torch.no_grad():
            columns = self._openings(average, opening) if opening else self._stitched(average)
            size = columns[0].shape[-1]
            shown = [pixels_from_tensor(resize(column, size)) for column in columns]
        return grid_of(list(zip(*shown, strict=True)))

    def write(self, average: Mapping[str, nn.Module]) -> Path:
        """The whole model; of the published family in our layout and in the published one."""
        config, networks = self.config, {**self.base, **average}
        trained = f"stage2 {config.steps}"
        if not self.published:
            return write_model(config.run, self.preset, networks, trained)
        told = {"trained": f"{trained} {','.join(self.parts)}", "base": Path(config.base).name}
        credit = {"credit": CREDIT} if config.data else {}
        return write_both(config.run, self.preset, networks, {**told, **credit})

    def _openings(self, average: Mapping[str, nn.Module], parts: list[str]) -> list[Tensor]:
        pictures: list[Tensor] = []
        if self.data is not None:
            chosen = np.arange(min(_STRIP_FACES, len(self.data)))
            pictures.append(self.data.frames(chosen, np.ones_like(chosen)).image)
        if self.clips is not None:
            pictures.append(self.clips.first_pairs(_STRIP_FACES).source.image)
        device = self._device(average)
        sources = torch.cat(pictures).to(device)
        model = self._model(average)
        faces = faces_of(model, sources, self._reader(device))
        columns = [sources]
        for part in parts:
            for opening in _STRIP_OPENINGS:
                wanted = faces.keypoints.new_full((len(sources), 1), opening)
                columns.append(retargeted(model, faces, part, wanted)[1])
        return columns

    def _stitched(self, average: Mapping[str, nn.Module]) -> list[Tensor]:
        """Source, the next face as its driver, driven, and driven with S."""
        device = self._device(average)
        pairs = first_pairs((self.data, self.clips), None, _STRIP_FACES).to(device)
        sources = pairs.source.image
        drivers = [frame.image.roll(-1, 0) for frame in (pairs.source, pairs.driving)]
        model = self._model(average)
        faces = faces_of(model, sources, self._reader(device))
        driven = driven_keypoints(model, faces.motion, *drivers)
        moved = (driven, stitch(model, faces.keypoints, driven))
        return [
            sources,
            drivers[1],
            *(painted(model, faces.volume, faces.keypoints, x) for x in moved),
        ]

    def _device(self, small: Mapping[str, nn.Module]) -> torch.device:
        return next(small[self.parts[0]].parameters()).device

    def _model(self, small: Mapping[str, nn.Module]) -> LivePortraitModel:
        device = self._device(small)
        for network in self.base.values():
            network.to(device)
        networks = {**self.base, **small}
        if self.published:
            return LivePortraitModel(preset=self.preset, origin="", **networks)
        return model_of(networks, self._size_px)

    def _reader(self, device: torch.device) -> LivePortraitModel | None:
        """The compact model that reads for a published base."""
        if self.reader is None:
            return None
        networks = {name: self.reader[name].to(device) for name in NETWORKS}
        return model_of(networks, self._size_px)

    @property
    def _size_px(self) -> int:
        pictures = self.data or self.clips
        assert pictures is not None
        return pictures.size_px

    def _heads(
        self,
        model: LivePortraitModel,
        reader: LivePortraitModel | None,
        faces: Faces,
        sources: Tensor,
        labelled: Tensor,
    ) -> Tensor:
        """(B, 1, h, h): the heads of the labelled sources, then those that are seen in others."""
        first, size = len(labelled), faces.repainted.shape[-1]
        if reader is None:
            return torch.cat((labelled, seen_heads(model, faces, first)))
        heads = [labelled]
        if first < len(sources):
            heads.append(seen_heads(reader, faces_of(reader, sources[first:]), 0))
        return resize(torch.cat(heads), size)

    def _sources(self, draw: Draw) -> tuple[Tensor, Tensor]:
        """(B, 3, h, h) sources, and (n, 1, h, h) heads of those that are labelled: the first n."""
        of_clips = self.config.unlabelled_count(draw.step, self.config.batch)
        images: list[Tensor] = []
        heads: list[Tensor] = []
        if self.data is not None and (labelled := self.config.batch - of_clips):
            pairs = augment_pairs(self.data.draw_pairs(draw, labelled), draw)
            images.append(pairs.source.image)
            assert pairs.truth is not None
            is_head = pairs.truth.source_regions >= HEAD_REGIONS
            heads.append(resize(is_head.float(), self.data.size_px))
        if self.clips is not None and of_clips:
            pairs = augment_pairs(self.clips.draw_pairs(draw, of_clips), draw)
            images.append(pairs.source.image)
        sources = torch.cat(images)
        return sources, torch.cat([sources.new_zeros(0, 1, *sources.shape[2:]), *heads])

    def _drivers(self, draw: Draw) -> tuple[Tensor, Tensor]:
        """(B, 3, h, h) reference and driving frames."""
        of_clips = 0
        if self.clips is not None and self.clips.has_motion:
            of_clips = self.config.unlabelled_count(draw.step, self.config.batch)
        images: list[tuple[Tensor, Tensor]] = []
        counts = (self.config.batch - of_clips, of_clips)
        for source, count in zip((self.data, self.clips), counts, strict=True):
            if source is not None and count:
                pairs = augment_pairs(source.draw_pairs(draw, count, moving=True), draw)
                images.append((pairs.source.image, pairs.driving.image))
        reference, driving = (torch.cat(parts) for parts in zip(*images, strict=True))
        return reference, driving

    def _stitching_losses(
        self,
        model: LivePortraitModel,
        faces: Faces,
        heads: Tensor,
        reference: Tensor,
        driving: Tensor,
    ) -> dict[str, Tensor]:
        """Eq. 5: what is not the head stays as in the reconstruction."""
        driven = driven_keypoints(model, faces.motion, reference, driving)
        stitched = stitch(model, faces.keypoints, driven)
        image = painted(model, faces.volume, faces.keypoints, stitched)
        return {
            "stitching_kept": weighted_l1(image, faces.repainted, 1 - heads),
            "stitching_offset": (stitched - driven).abs().mean(),
        }

    def _opening_losses(
        self,
        model: LivePortraitModel,
        reader: LivePortraitModel | None,
        faces: Faces,
        part: str,
        wanted: Tensor,
    ) -> dict[str, Tensor]:
        """Eq. 6 for eyes or lip."""
        measure, points, sigma = PARTS[part]
        offset, image = retargeted(model, faces, part, wanted)
        near = heat_maps(faces.landmarks[:, points], image.shape[-1], sigma).sum(1, keepdim=True)
        found = measure(landmarks_of(model, image, reader))
        losses = {
            f"{part}_kept": weighted_l1(image, faces.repainted, 1 - near.clamp(max=1)),
            f"{part}_picture": (found - wanted).abs().mean(),
        }
        if reader is None:  # the keypoints are lids and lips
            moved = measure(faces.keypoints + offset)
            losses[f"{part}_keypoints"] = (moved - wanted).abs().mean()
        return {**losses, f"{part}_offset": offset.abs().mean()}


def _refuse_stills(clips: PairSource) -> None:
    if not clips.has_motion:
        raise MediaError(
            "The clips are stills alone, and S needs faces that move to be driven by. Add "
            "films to clips, or data=FOLDER of train.render."
        )


def _reading(place: str) -> Mapping[str, nn.Module]:
    """The networks of the compact model that reads for a published base."""
    if not place:
        raise CheckpointError(
            "The keypoints of a published base have no names, so that somebody has to read lids "
            "and lips. Name a compact model; reader=default is ours."
        )
    return compact_networks(place)


def _cost(config: Stage2Config) -> str:
    """What a step of one process takes, for a dry run."""
    one = replace(config, batch=1, clip_share=1.0 if config.clips else 0.0)
    sets, base = noise_sets(config, config.clip_px), opened(config.base)
    task = Stage2(one, sets.rendered, base, sets.clips)
    return step_cost([("face", config.batch, lambda: task)]).told(config.accumulate)


def main(arguments: list[str]) -> int:
    """Train by KEY=VALUE arguments and write the whole model; 0, or 2 with one sentence."""
    try:
        config = parse(Stage2Config, arguments, COMMAND, _cost)
        base, sets = opened(config.base), open_sets(config)
        task = Stage2(config, sets.rendered, base, sets.clips)
        average = fit(task, config)
        if is_first_process():
            print(task.write(average))
    except (LivePortraitError, FloatingPointError, OSError) as error:
        print(f"{COMMAND}: {error}", file=sys.stderr)
        return 2
    return 0
