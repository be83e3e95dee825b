"""Stage 2: S, R_eyes and R_lip over a frozen base (Sec. 3.3, Eq. 5 and 6).

The openings that Eq. 6 asks for are read in the painted picture by the frozen M of a compact base,
and, since its keypoints are lids and lips themselves, from the retargeted keypoints as well. A base
of the paper's architecture has keypoints without names; there a compact model reads the picture
(`landmark_model`).

Of a picture of a clip no renderer says what is head; S's mask is then the compact model's: the head
that W sees in the source, a probability for each pixel, and whatever is about M's keypoints, for W
leaves holes in painted and half-lit faces. Only videos can drive, so that without any the drivers
are rendered ones.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from liveportrait_core.config.fields import check_options, option, shared
from liveportrait_core.errors import CheckpointError, MediaError
from liveportrait_core.imaging.tensors import Pixels, pixels_from_tensor
from liveportrait_core.model import LivePortraitModel
from liveportrait_core.networks.compact.layers import heat_maps, resize
from liveportrait_core.preset import Preset
from liveportrait_core.stages import stitch

from ..data.augment import augment_pairs
from ..data.heads import HEAD_REGIONS
from ..data.pixels import as_image
from ..data.sets import DataConfig, Sets, open_sets
from ..data.source import PairSource, first_pairs
from ..engine.draw import Draw
from ..engine.loop import LoopConfig
from ..engine.task import AdamW, Losses, Networks, ParameterGroup, Task, device_of
from ..losses.retargeting_terms import (
    STITCHING,
    ChangedFaces,
    OpenedFaces,
    RetargetingInputs,
    RetargetingWeights,
    retargeting_terms,
)
from ..losses.terms import LossTerm, weighted_losses
from ..models.export import write_both
from ..models.retargeting_networks import (
    RETARGETING_NETWORKS,
    check_resumable,
    parts_of,
    retargeting_networks,
)
from ..models.runs import (
    CREDIT,
    BaseModel,
    compact_model,
    open_model,
    require_same_run,
    write_model,
)
from ..reports.sample_grid import grid_of
from .cost import noise_sets, step_cost
from .criteria import reading_networks
from .paper_step import NETWORKS
from .retargeting_faces import (
    PARTS,
    Faces,
    RetargetingBatch,
    driven_keypoints,
    faces_of,
    landmarks_of,
    painted,
    retargeted,
    seen_heads,
)

MAX_OPENING = 0.8
"""Target openings are uniform in [0, .8] (Sec. 3.3)."""
OPTIMISER = AdamW(clip_norm=1.0)
"""The norm of the gradient is a fifth of what large networks have, as S, R_eyes and R_lip are
small and start at an offset of nothing."""
GRID_FACES = 4
GRID_OPENINGS = (0.0, 0.2, 0.4, 0.6)


@dataclass(frozen=True, slots=True, kw_only=True)
class RetargetingConfig:
    """Stage 2: S, R_eyes and R_lip over a base, on rendered heads, on clips, or on both."""

    loop: LoopConfig = shared(LoopConfig)
    sets: DataConfig = shared(DataConfig)
    base: str = option(
        help="what the three networks are trained over, and what stays as it is: default (ours), "
        "human or animal (published weights that you have), a run folder of train.stage1 or "
        "train.compact, a model file, or a folder of published files",
        place=True,
    )
    parts: str = option(
        ",".join(RETARGETING_NETWORKS),
        "networks that learn, separated by commas; others are copied from init or base if there",
    )
    init: str = option(
        "",
        "run folder or model file of the initial S, R_eyes and R_lip; by default no offset",
        place=True,
    )
    landmark_model: str = option(
        "default",
        "compact model that reads lids, lips and heads for a base of the paper's architecture; a "
        "compact base does so itself",
        place=True,
    )
    batch: int = option(3, "faces per step and process for each of the three networks", minimum=1)
    lr: float = option(1e-3, "learning rate (AdamW)", above=0)
    weights: RetargetingWeights = shared(RetargetingWeights)

    def __post_init__(self) -> None:
        check_options(self)
        parts_of(self.parts)


def prepare(config: RetargetingConfig) -> Task:
    """The task of a config, on the base and the data that it names.

    Raises:
        CheckpointError: The run was begun over another base.
    """
    require_same_run(config.loop.run, {"base": config.base})
    base = open_model(config.base)
    return retargeting_task(config, base, open_sets(config.sets, config.loop.run))


def retargeting_task(config: RetargetingConfig, base: BaseModel, sets: Sets) -> Task:
    """The three networks over a base and the step of Eq. 5 and 6, put together.

    Raises:
        CheckpointError: Base, landmark model or init lack networks, or the run trains others.
        MediaError: S is to learn, and nothing moves.
    """
    lacking = [name for name in NETWORKS if name not in base.networks]
    if lacking:
        raise CheckpointError(
            f"{config.base} has no {', no '.join(lacking)}; a run of stage 1 or a whole model is "
            "expected. Name another for base."
        )
    parts = parts_of(config.parts)
    if STITCHING in parts and sets.rendered is None and sets.clips is not None:
        _require_motion(sets.clips)
    of_paper = base.preset.family == "published"
    step = RetargetingStep(
        config=config,
        sets=sets,
        preset=base.preset,
        base={name: base.networks[name] for name in NETWORKS},
        reading=reading_networks(config.landmark_model) if of_paper else None,
    )
    networks = retargeting_networks(
        base.preset, parts, config.init, base.networks, config.loop.seed
    )
    check_resumable(config.loop.run, parts, tuple(networks))
    return Task(
        networks=networks,
        groups=(ParameterGroup(modules=parts, lr=config.lr, optimiser=OPTIMISER),),
        steps=(step,),
        frozen=step.frozen,
        sample_grid=step.sample_grid,
        write=step.write,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class RetargetingStep:
    """One batch of sources through the three networks over the frozen base."""

    config: RetargetingConfig
    sets: Sets
    preset: Preset
    base: Networks
    """F, M, W and G."""
    reading: Networks | None
    """Those of the compact model that reads for a base of the paper's architecture."""

    @property
    def parts(self) -> tuple[str, ...]:
        """Names of the networks that learn."""
        return parts_of(self.config.parts)

    @property
    def frozen(self) -> dict[str, nn.Module]:
        """The base's networks, and those that read for it."""
        reading = self.reading or {}
        return {**self.base, **{f"reader_{name}": reading[name] for name in reading}}

    @property
    def terms(self) -> list[LossTerm[RetargetingInputs]]:
        """The loss table of the parts that learn."""
        learning = [part for part in (STITCHING, *PARTS) if part in self.parts]
        weights = self.config.weights
        return retargeting_terms(learning, weights, named_keypoints=self.reading is None)

    def batch(self, draw: Draw) -> RetargetingBatch:
        """Sources, drivers and openings."""
        sources, heads = self._sources(draw)
        drivers = self._drivers(draw) if STITCHING in self.parts else ()
        openings = MAX_OPENING * draw.uniform(self.config.batch, 2)
        return RetargetingBatch(sources=sources, heads=heads, drivers=drivers, openings=openings)

    def losses(self, networks: Networks, average: Networks, batch: RetargetingBatch) -> Losses:
        """One batch of sources for all that learn, driven by other identities for S."""
        del average
        device = device_of(networks)
        sources, *drivers = (as_image(part.to(device)) for part in (batch.sources, *batch.drivers))
        heads, target = batch.heads.to(device), batch.openings.to(device)
        model, reader = self.model(networks), self.reader
        faces = faces_of(model, sources, reader)
        stitched: ChangedFaces | None = None
        if drivers:
            heads = self._heads(model, reader, faces, sources, heads)
            stitched = _stitched_faces(model, faces, heads, *drivers)
        opened: dict[str, OpenedFaces] = {}
        for column, part in enumerate(PARTS):
            if part in self.parts:
                opening = target[:, column : column + 1]
                opened[part] = _opened_faces(model, reader, faces, part, opening)
        return weighted_losses(self.terms, RetargetingInputs(stitched=stitched, opened=opened))

    def sample_grid(self, average: Networks) -> Pixels:
        """Sources with eyes, then lips, at given openings; of S alone with and without it."""
        opening = [part for part in PARTS if part in self.parts]
        with torch.no_grad():
            columns = self._openings(average, opening) if opening else self._stitched(average)
            size = columns[0].shape[-1]
            shown = [pixels_from_tensor(resize(column, size)) for column in columns]
        return grid_of(list(zip(*shown, strict=True)))

    def write(self, average: Networks) -> Path:
        """The whole model; of the paper's architecture in our layout and in the published one."""
        config, networks = self.config, {**self.base, **average}
        run, trained = config.loop.run, f"stage2 {config.loop.length}"
        if self.preset.family == "compact":
            return write_model(run, self.preset, networks, trained)
        metadata = {"trained": f"{trained} {','.join(self.parts)}", "base": Path(config.base).name}
        credit = {"credit": CREDIT} if config.sets.data else {}
        return write_both(run, self.preset, networks, {**metadata, **credit})

    def _openings(self, average: Networks, parts: list[str]) -> list[Tensor]:
        pictures: list[Tensor] = []
        if self.sets.rendered is not None:
            chosen = np.arange(min(GRID_FACES, len(self.sets.rendered)))
            pictures.append(self.sets.rendered.frames(chosen, np.ones_like(chosen)).image)
        if self.sets.clips is not None:
            pictures.append(self.sets.clips.first_pairs(GRID_FACES).source.image)
        device = device_of(average)
        sources = torch.cat(pictures).to(device)
        model = self.model(average)
        faces = faces_of(model, sources, self.reader)
        columns = [sources]
        for part in parts:
            for opening in GRID_OPENINGS:
                target = faces.keypoints.new_full((len(sources), 1), opening)
                columns.append(retargeted(model, faces, part, target)[1])
        return columns

    def _stitched(self, average: Networks) -> list[Tensor]:
        """Source, the next face as its driver, driven, and driven with S."""
        device = device_of(average)
        pairs = first_pairs((self.sets.rendered, self.sets.clips), None, GRID_FACES).to(device)
        sources = pairs.source.image
        drivers = [frame.image.roll(-1, 0) for frame in (pairs.source, pairs.driving)]
        model = self.model(average)
        faces = faces_of(model, sources, self.reader)
        driven = driven_keypoints(model, faces.motion, *drivers)
        moved = (driven, stitch(model, faces.keypoints, driven))
        return [
            sources,
            drivers[1],
            *(painted(model, faces.volume, faces.keypoints, x) for x in moved),
        ]

    def model(self, networks: Networks) -> LivePortraitModel:
        """The base with the three networks."""
        whole = {**self.base, **networks}
        if self.preset.family == "compact":
            return compact_model(whole, self._size_px)
        return LivePortraitModel(preset=self.preset, origin="", **whole)

    @property
    def reader(self) -> LivePortraitModel | None:
        """The compact model that reads for a base of the paper's architecture."""
        return None if self.reading is None else compact_model(self.reading, self._size_px)

    @property
    def _size_px(self) -> int:
        pictures = self.sets.rendered or self.sets.clips
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
        """(B, 3, h, h) bytes of sources; (n, 1, h, h) heads of the labelled ones, the first n."""
        of_clips = self.config.sets.unlabelled_count(draw.step, self.config.batch)
        images: list[Tensor] = []
        heads: list[Tensor] = []
        if self.sets.rendered is not None and (labelled := self.config.batch - of_clips):
            pairs = augment_pairs(self.sets.rendered.draw_pairs(draw, labelled), draw)
            images.append(pairs.source.pixels)
            assert pairs.truth is not None
            is_head = pairs.truth.source_regions >= HEAD_REGIONS
            heads.append(resize(is_head.float(), self.sets.rendered.size_px))
        if self.sets.clips is not None and of_clips:
            pairs = augment_pairs(self.sets.clips.draw_pairs(draw, of_clips), draw)
            images.append(pairs.source.pixels)
        sources = torch.cat(images)
        return sources, torch.cat([torch.zeros(0, 1, *sources.shape[2:]), *heads])

    def _drivers(self, draw: Draw) -> tuple[Tensor, Tensor]:
        """(B, 3, h, h) bytes of reference and driving frames."""
        of_clips = 0
        if self.sets.clips is not None and self.sets.clips.has_motion:
            of_clips = self.config.sets.unlabelled_count(draw.step, self.config.batch)
        images: list[tuple[Tensor, Tensor]] = []
        counts = (self.config.batch - of_clips, of_clips)
        for source, count in zip((self.sets.rendered, self.sets.clips), counts, strict=True):
            if source is not None and count:
                pairs = augment_pairs(source.draw_pairs(draw, count, moving=True), draw)
                images.append((pairs.source.pixels, pairs.driving.pixels))
        reference, driving = (torch.cat(parts) for parts in zip(*images, strict=True))
        return reference, driving


def _stitched_faces(
    model: LivePortraitModel, faces: Faces, heads: Tensor, reference: Tensor, driving: Tensor
) -> ChangedFaces:
    """The faces driven by others and stitched: what Eq. 5 compares."""
    driven = driven_keypoints(model, faces.motion, reference, driving)
    stitched = stitch(model, faces.keypoints, driven)
    return ChangedFaces(
        image=painted(model, faces.volume, faces.keypoints, stitched),
        repainted=faces.repainted,
        kept=1 - heads,
        offset=stitched - driven,
    )


def _opened_faces(
    model: LivePortraitModel,
    reader: LivePortraitModel | None,
    faces: Faces,
    part: str,
    target: Tensor,
) -> OpenedFaces:
    """The faces with eyes or lip at a target opening (B, 1): what Eq. 6 compares."""
    measure, points, sigma = PARTS[part]
    offset, image = retargeted(model, faces, part, target)
    near = heat_maps(faces.landmarks[:, points], image.shape[-1], sigma).sum(1, keepdim=True)
    return OpenedFaces(
        image=image,
        repainted=faces.repainted,
        kept=1 - near.clamp(max=1),
        offset=offset,
        target=target,
        picture_opening=measure(landmarks_of(model, image, reader)),
        keypoint_opening=None if reader is not None else measure(faces.keypoints + offset),
    )


def _require_motion(clips: PairSource) -> None:
    if not clips.has_motion:
        raise MediaError(
            "The clips are pictures alone, and S needs faces that move to be driven by. Add "
            "videos to clips, or data=FOLDER of train.render."
        )


def cost(config: RetargetingConfig) -> str:
    """What a step of one process takes, for a dry run."""
    sets = replace(config.sets, clip_fraction=1.0 if config.sets.clips else 0.0)
    one = replace(config, batch=1, sets=sets)
    noise, base = noise_sets(sets, sets.clip_px), open_model(config.base)
    task = retargeting_task(one, base, noise)
    return step_cost([("face", config.batch, lambda: task)]).summary(config.loop.accumulate)
