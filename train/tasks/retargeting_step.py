"""The step of stage 2: S, R_eyes and R_lip over a frozen base (Sec. 3.3, Eq. 5 and 6).

The openings that Eq. 6 asks for are read in the generated picture by the frozen M of a compact
base, and, since its keypoints are lids and lips themselves, from the retargeted keypoints as well.
A base of the paper's architecture has keypoints without names; there a compact model reads the
picture (`landmark_model`).

M_st, the mask of Eq. 5, is all but the shoulders. Of a picture of a clip no renderer says where
they are; they are then what is below the chin and not the head that the compact model sees: a
probability of W for each pixel, and whatever is about M's keypoints, for W leaves holes in
generated and half-lit faces. Only videos can drive, so that without any the drivers are rendered
ones.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import numpy as np
import torch
from torch import Tensor, nn

from liveportrait_core.config.fields import check_options, option, shared
from liveportrait_core.imaging.tensors import Pixels, pixels_from_tensor
from liveportrait_core.model import LivePortraitModel
from liveportrait_core.networks.compact.layers import heat_maps, resize
from liveportrait_core.preset import Preset
from liveportrait_core.stages import stitch

from ..data.augment import augment_pairs
from ..data.heads import HEAD_REGIONS, TORSO
from ..data.pixels import as_image
from ..data.sets import DataConfig, Sets
from ..data.source import first_pairs
from ..engine.draw import Draw
from ..engine.loop import LoopConfig
from ..engine.task import Losses, Networks, device_of
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
    parts_of,
)
from ..models.runs import (
    CREDIT,
    compact_model,
    write_model,
)
from ..reports.sample_grid import grid_of
from .batching import LR, SharedBatch
from .retargeting_faces import (
    PARTS,
    Faces,
    RetargetingBatch,
    below_chins,
    driven_keypoints,
    faces_of,
    generate,
    landmarks_of,
    retargeted,
    seen_heads,
)

MAX_OPENING = 0.8
"""Target openings are uniform in [0, .8] (Sec. 3.3)."""
SHOULDERS = "shoulders"
GRID_FACES = 4
GRID_OPENINGS = (0.0, 0.2, 0.4, 0.6)


@dataclass(frozen=True, slots=True, kw_only=True)
class RetargetingConfig:
    """Stage 2: S, R_eyes and R_lip over a base, on rendered heads, on clips, or on both."""

    loop: LoopConfig = shared(LoopConfig, final_lr_fraction=1.0, ema_decay=0.999)
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
    kept: Literal["shoulders", "surroundings"] = option(
        "shoulders",
        "what of the picture S has to leave as it was: the shoulders, as in the paper, or all that "
        "is not the head",
    )
    batches: SharedBatch = shared(SharedBatch)
    lr: float = option(LR, "learning rate", above=0)
    optimiser: Literal["adam", "adamw"] = option(
        "adam", "adam: betas .5 and .999, as in the paper; adamw: .8 and .98, and weights decay"
    )
    weights: RetargetingWeights = shared(RetargetingWeights)

    def __post_init__(self) -> None:
        check_options(self)
        parts_of(self.parts)

    def for_processes(self, count: int) -> RetargetingConfig:
        """The same with the parts in which `count` processes take `total_batch` together.

        Raises:
            OptionError: They cannot.
        """
        batches, loop = self.batches.shared(count, self.loop)
        return replace(self, loop=loop, batches=batches)


@dataclass(frozen=True, slots=True, kw_only=True)
class RetargetingStep:
    """One batch of sources through the three networks over the frozen base."""

    config: RetargetingConfig
    sets: Sets
    preset: Preset
    base: Networks
    """F, M, W and G."""
    landmark_networks: Networks | None
    """Those of the compact model that reads for a base of the paper's architecture."""

    @property
    def parts(self) -> tuple[str, ...]:
        """Names of the networks that learn."""
        return parts_of(self.config.parts)

    @property
    def frozen(self) -> dict[str, nn.Module]:
        """The base's networks, and those that read for it."""
        networks = self.landmark_networks or {}
        return {**self.base, **{f"reader_{name}": network for name, network in networks.items()}}

    @property
    def terms(self) -> list[LossTerm[RetargetingInputs]]:
        """The loss table of the parts that learn."""
        learning = [part for part in (STITCHING, *PARTS) if part in self.parts]
        weights = self.config.weights
        return retargeting_terms(learning, weights, named_keypoints=self.landmark_networks is None)

    def batch(self, draw: Draw) -> RetargetingBatch:
        """Sources, drivers and openings."""
        sources, masks = self._sources(draw)
        drivers = self._drivers(draw) if STITCHING in self.parts else ()
        openings = MAX_OPENING * draw.uniform(self.config.batches.batch, 2)
        return RetargetingBatch(sources=sources, masks=masks, drivers=drivers, openings=openings)

    def losses(self, networks: Networks, average: Networks, batch: RetargetingBatch) -> Losses:
        """One batch of sources for all that learn, driven by other identities for S."""
        del average
        device = device_of(networks)
        sources, *drivers = (as_image(part.to(device)) for part in (batch.sources, *batch.drivers))
        masks, target = batch.masks.to(device), batch.openings.to(device)
        model, landmark_model = self.model(networks), self.landmark_model
        faces = faces_of(model, sources, landmark_model)
        stitched: ChangedFaces | None = None
        if drivers:
            masks = self._masks(model, landmark_model, faces, sources, masks)
            stitched = _stitched_faces(model, faces, masks, *drivers)
        opened: dict[str, OpenedFaces] = {}
        for column, part in enumerate(PARTS):
            if part in self.parts:
                opening = target[:, column : column + 1]
                opened[part] = _opened_faces(model, landmark_model, faces, part, opening)
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
        faces = faces_of(model, sources, self.landmark_model)
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
        faces = faces_of(model, sources, self.landmark_model)
        driven = driven_keypoints(model, faces.motion, *drivers)
        moved = (driven, stitch(model, faces.keypoints, driven))
        return [
            sources,
            drivers[1],
            *(generate(model, faces.volume, faces.keypoints, x) for x in moved),
        ]

    def model(self, networks: Networks) -> LivePortraitModel:
        """The base with the three networks."""
        whole = {**self.base, **networks}
        if self.preset.family == "compact":
            return compact_model(whole, self._size_px)
        return LivePortraitModel(preset=self.preset, origin="", **whole)

    @property
    def landmark_model(self) -> LivePortraitModel | None:
        """The compact model that reads for a base of the paper's architecture."""
        networks = self.landmark_networks
        return None if networks is None else compact_model(networks, self._size_px)

    @property
    def _size_px(self) -> int:
        pictures = self.sets.rendered or self.sets.clips
        assert pictures is not None
        return pictures.size_px

    def _masks(
        self,
        model: LivePortraitModel,
        landmark_model: LivePortraitModel | None,
        faces: Faces,
        sources: Tensor,
        labelled: Tensor,
    ) -> Tensor:
        """(B, 1, h, h): M_st of the labelled sources, then what is read of it in the others."""
        first, size = len(labelled), faces.reconstructed.shape[-1]
        masks = [labelled]
        if landmark_model is None:
            masks.append(self._read_mask(model, faces, first))
        elif first < len(sources):
            seen = faces_of(landmark_model, sources[first:])
            masks.append(self._read_mask(landmark_model, seen, 0))
        return resize(torch.cat(masks), size)

    def _read_mask(self, model: LivePortraitModel, faces: Faces, first: int) -> Tensor:
        """(B - first, 1, h, h): M_st as a compact model reads it, from `first` on."""
        heads = seen_heads(model, faces, first)
        if self.config.kept == SHOULDERS:
            return 1 - (1 - heads) * below_chins(faces.landmarks[first:], heads.shape[-1])
        return heads

    def _sources(self, draw: Draw) -> tuple[Tensor, Tensor]:
        """(B, 3, h, h) bytes of sources; (n, 1, h, h) M_st of the labelled ones, the first n."""
        batch = self.config.batches.batch
        of_clips = self.config.sets.unlabelled_count(draw.step, batch)
        images: list[Tensor] = []
        masks: list[Tensor] = []
        if self.sets.rendered is not None and (labelled := batch - of_clips):
            pairs = augment_pairs(self.sets.rendered.draw_pairs(draw, labelled), draw)
            images.append(pairs.source.pixels)
            assert pairs.truth is not None
            regions = pairs.truth.source_regions
            shoulders = self.config.kept == SHOULDERS
            mask = regions.ne(TORSO) if shoulders else regions.ge(HEAD_REGIONS)
            masks.append(resize(mask.float(), self.sets.rendered.size_px))
        if self.sets.clips is not None and of_clips:
            pairs = augment_pairs(self.sets.clips.draw_pairs(draw, of_clips), draw)
            images.append(pairs.source.pixels)
        sources = torch.cat(images)
        return sources, torch.cat([torch.zeros(0, 1, *sources.shape[2:]), *masks])

    def _drivers(self, draw: Draw) -> tuple[Tensor, Tensor]:
        """(B, 3, h, h) bytes of reference and driving frames."""
        of_clips = 0
        if self.sets.clips is not None and self.sets.clips.has_motion:
            of_clips = self.config.sets.unlabelled_count(draw.step, self.config.batches.batch)
        images: list[tuple[Tensor, Tensor]] = []
        counts = (self.config.batches.batch - of_clips, of_clips)
        for source, count in zip((self.sets.rendered, self.sets.clips), counts, strict=True):
            if source is not None and count:
                pairs = augment_pairs(source.draw_pairs(draw, count, moving=True), draw)
                images.append((pairs.source.pixels, pairs.driving.pixels))
        reference, driving = (torch.cat(parts) for parts in zip(*images, strict=True))
        return reference, driving


def _stitched_faces(
    model: LivePortraitModel, faces: Faces, masks: Tensor, reference: Tensor, driving: Tensor
) -> ChangedFaces:
    """The faces driven by others and stitched: what Eq. 5 compares."""
    driven = driven_keypoints(model, faces.motion, reference, driving)
    stitched = stitch(model, faces.keypoints, driven)
    return ChangedFaces(
        image=generate(model, faces.volume, faces.keypoints, stitched),
        reconstructed=faces.reconstructed,
        kept=1 - masks,
        offset=stitched - driven,
    )


def _opened_faces(
    model: LivePortraitModel,
    landmark_model: LivePortraitModel | None,
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
        reconstructed=faces.reconstructed,
        kept=1 - near.clamp(max=1),
        offset=offset,
        target=target,
        picture_opening=measure(landmarks_of(model, image, landmark_model)),
        keypoint_opening=None if landmark_model is not None else measure(faces.keypoints + offset),
    )
