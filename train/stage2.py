"""Stage 2: S, R_eyes and R_lip over a frozen base (Sec. 3.3, Eq. 5 and 6).

    python -m train.stage2 run=runs/retarget base=runs/base data=runs/heads steps=1500

The openings that Eq. 6 asks for are read off the painted picture by the frozen M, and, since
the compact keypoints are lids and lips themselves, off the retargeted keypoints as well.

Folders of pictures and films (`clips`) may stand in for a share of the rendered heads or for all
of them. Of a picture no renderer says what is head; S's mask is then the base's own: the head
that W sees in the source, a probability for each pixel, and whatever is about M's keypoints,
for W leaves holes in painted and half-lit faces. Only films can drive, so that without
any the drivers are rendered ones.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from liveportrait_core.errors import MediaError
from liveportrait_core.imaging.tensors import pixels_from_tensor
from liveportrait_core.model import LivePortraitModel
from liveportrait_core.motion.types import Motion, concatenate
from liveportrait_core.networks.compact.layers import heat_maps, resize
from liveportrait_core.networks.compact.motion import Motion as MotionNetwork
from liveportrait_core.networks.compact.warping import CompactWarped
from liveportrait_core.networks.retargeting import eyes_mlp, lip_mlp, stitching_mlp
from liveportrait_core.stages import (
    extract_appearance,
    extract_motion,
    relative_motion,
    retarget_eyes,
    retarget_lip,
    stitch,
    transform_keypoints,
    warp,
    warp_decode,
)

from .base import begin_with, model_of, preset_of, trained_networks, write_model
from .config import parse
from .data.augment import augment_pairs, augment_unlabelled
from .data.rendered import HEAD_REGIONS, RenderedSet
from .data.unlabelled import UnlabelledSource
from .draw import Draw
from .loop import ParameterGroup, fit
from .losses.keypoints import EYE_POINTS, MOUTH_POINTS, compact_eyes_open, compact_lip_open
from .losses.perceptual import weighted_l1
from .sets import DataConfig, open_sets
from .strips import grid_of

SMALL = ("stitching", "eyes", "lip")
LARGEST_OPENING = 0.8
"""Wanted openings are uniform in [0, .8] (Sec. 3.3)."""
FACE_SIGMA = 0.15
"""How far about its keypoints a face reaches for sure, crop units."""
_STRIP_FACES = 4
_STRIP_OPENINGS = (0.0, 0.2, 0.4, 0.6)


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage2Config(DataConfig):
    """Stage 2 on rendered heads, on folders of pictures and films, or on both."""

    base: str
    """Run folder of stage 1, or a model file; its networks stay as they are."""
    init: str = ""
    """Run folder or model file whose S, R_eyes and R_lip training begins with; none: no offset."""
    batch: int = 3
    """Faces per step and process for each of the three networks."""
    lr: float = 1e-3
    """AdamW learning rate."""
    regulariser: float = 1.0
    """w_reg: weight of the mean absolute offset."""
    condition: float = 3.0
    """w_cond: weight of the openings read off the picture."""
    keypoint_condition: float = 3.0
    """Weight of the openings read off the retargeted keypoints."""
    consistency: float = 10.0
    """Weight of what has to stay as it was."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Faces:
    """Source faces with everything of them that does not depend on the small networks."""

    volume: Tensor
    keypoints: Tensor
    """(B, K, 3)."""
    motion: Motion
    repainted: Tensor
    """(B, 3, h, h): I_recon, the source driven by itself."""


class Stage2:
    """The task of stage 2: three MLPs, the frozen base, Eq. 5 and 6."""

    def __init__(
        self,
        config: Stage2Config,
        data: RenderedSet | None,
        base: Mapping[str, nn.Module],
        clips: UnlabelledSource | None = None,
    ) -> None:
        torch.manual_seed(config.seed)
        self.config, self.data, self.base, self.clips = config, data, base, clips
        if data is None and clips is not None and not clips.has_motion:
            raise MediaError(
                "The clips are stills alone, and S needs faces that move to be driven by. Add "
                "films to clips, or data=FOLDER of train.render."
            )
        self.modules: Mapping[str, nn.Module] = {
            "stitching": _starting_at_zero(stitching_mlp()),
            "eyes": _starting_at_zero(eyes_mlp()),
            "lip": _starting_at_zero(lip_mlp()),
        }
        if config.init:
            trained = trained_networks(config.init)
            for name, network in self.modules.items():
                begin_with(network, trained[name])
        self.groups = (ParameterGroup(modules=tuple(self.modules), lr=config.lr, clip_norm=1.0),)

    def train_step(self, draw: Draw, average: Mapping[str, nn.Module]) -> dict[str, Tensor]:
        """One batch of sources for all three, driven by other identities for S."""
        del average
        config, device = self.config, next(self.modules["eyes"].parameters()).device
        sources, heads = (part.to(device) for part in self._sources(draw))
        drivers = tuple(part.to(device) for part in self._drivers(draw))
        model = self._model(self.modules)
        faces = faces_of(model, sources)
        heads = torch.cat((heads, seen_heads(model, faces, len(heads))))
        wanted = (LARGEST_OPENING * draw.uniform(config.batch, 2)).to(device)
        losses = {
            **self._stitching_losses(model, faces, heads, *drivers),
            **self._opening_losses(model, faces, "eyes", wanted[:, :1]),
            **self._opening_losses(model, faces, "lip", wanted[:, 1:]),
        }
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
        """Sources with eyes, then lips, at given openings."""
        device = next(self.modules["eyes"].parameters()).device
        shown: list[Tensor] = []
        if self.data is not None:
            chosen = np.arange(min(_STRIP_FACES, len(self.data)))
            shown.append(self.data.frames(chosen, np.ones_like(chosen)).image)
        if self.clips is not None:
            shown.append(self.clips.first_pairs(_STRIP_FACES).source)
        pictures = torch.cat(shown).to(device)
        model, count = self._model(average), len(pictures)
        with torch.no_grad():
            faces = faces_of(model, pictures)
            columns = [pictures]
            for part in ("eyes", "lip"):
                for opening in _STRIP_OPENINGS:
                    wanted = faces.keypoints.new_full((count, 1), opening)
                    columns.append(retargeted(model, faces, part, wanted)[1])
        return grid_of(list(zip(*map(pixels_from_tensor, columns), strict=True)))

    def _model(self, small: Mapping[str, nn.Module]) -> LivePortraitModel:
        device = next(small["eyes"].parameters()).device
        for network in self.base.values():
            network.to(device)
        pictures = self.data or self.clips
        assert pictures is not None
        return model_of({**self.base, **small}, pictures.size_px)

    def _sources(self, draw: Draw) -> tuple[Tensor, Tensor]:
        """(B, 3, h, h) sources, and (n, 1, h, h) heads of those that are labelled: the first n."""
        of_clips = self.config.unlabelled_count(draw.step, self.config.batch)
        images: list[Tensor] = []
        heads: list[Tensor] = []
        if self.data is not None and (labelled := self.config.batch - of_clips):
            pairs = augment_pairs(self.data.draw_pairs(draw, labelled, 0.5), draw)
            images.append(pairs.source.image)
            regions = pairs.source_regions
            heads.append(resize((regions >= HEAD_REGIONS).float(), self.data.size_px))
        if self.clips is not None and of_clips:
            images.append(augment_unlabelled(self.clips.draw_pairs(draw, of_clips), draw).source)
        sources = torch.cat(images)
        return sources, torch.cat([sources.new_zeros(0, 1, *sources.shape[2:]), *heads])

    def _drivers(self, draw: Draw) -> tuple[Tensor, Tensor]:
        """(B, 3, h, h) reference and driving frames."""
        of_clips = 0
        if self.clips is not None and self.clips.has_motion:
            of_clips = self.config.unlabelled_count(draw.step, self.config.batch)
        images: list[tuple[Tensor, Tensor]] = []
        if self.data is not None and (labelled := self.config.batch - of_clips):
            pairs = augment_pairs(self.data.draw_pairs(draw, labelled, 0.0), draw)
            images.append((pairs.source.image, pairs.driving.image))
        if self.clips is not None and of_clips:
            drawn = self.clips.draw_pairs(draw, of_clips, moving=True)
            drawn = augment_unlabelled(drawn, draw)
            images.append((drawn.source, drawn.driving))
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
        with torch.no_grad():
            still, moved = (extract_motion(model, image) for image in (reference, driving))
            driven = transform_keypoints(_each(faces.motion, moved, still))
        stitched = stitch(model, faces.keypoints, driven)
        image = warp_decode(model, faces.volume, faces.keypoints, stitched)
        return {
            "stitching_kept": weighted_l1(image, faces.repainted, 1 - heads),
            "stitching_offset": (stitched - driven).abs().mean(),
        }

    def _opening_losses(
        self, model: LivePortraitModel, faces: Faces, part: str, wanted: Tensor
    ) -> dict[str, Tensor]:
        """Eq. 6 for eyes or lip."""
        measure, points, sigma = PARTS[part]
        offset, image = retargeted(model, faces, part, wanted)
        near = heat_maps(faces.keypoints[:, points], image.shape[-1], sigma).sum(1, keepdim=True)
        read = model.motion
        assert isinstance(read, MotionNetwork)
        found = measure(read.read(image).keypoints)
        moved = measure(faces.keypoints + offset)
        return {
            f"{part}_kept": weighted_l1(image, faces.repainted, 1 - near.clamp(max=1)),
            f"{part}_picture": (found - wanted).abs().mean(),
            f"{part}_keypoints": (moved - wanted).abs().mean(),
            f"{part}_offset": offset.abs().mean(),
        }


PARTS: Mapping[str, tuple[Callable[[Tensor], Tensor], slice, float]] = {
    "eyes": (compact_eyes_open, EYE_POINTS, 0.08),
    "lip": (compact_lip_open, MOUTH_POINTS, 0.14),
}
"""How each part's opening is read, its keypoints, and how far around them it may change."""


def faces_of(model: LivePortraitModel, image: Tensor) -> Faces:
    """The sources and their reconstruction, without gradient."""
    with torch.no_grad():
        volume, motion = extract_appearance(model, image), extract_motion(model, image)
        keypoints = transform_keypoints(motion)
        repainted = warp_decode(model, volume, keypoints, keypoints)
    return Faces(volume=volume, keypoints=keypoints, motion=motion, repainted=repainted)


@torch.no_grad()
def seen_heads(model: LivePortraitModel, faces: Faces, first: int) -> Tensor:
    """(B - first, 1, h, h): where the heads of the faces from `first` on are, from 0 to 1."""
    volume, keypoints = faces.volume[first:], faces.keypoints[first:]
    size = faces.repainted.shape[-1]
    if not len(volume):
        return faces.repainted.new_zeros(0, 1, size, size)
    warped = warp(model, volume, keypoints, keypoints)
    assert isinstance(warped, CompactWarped)
    near = heat_maps(keypoints, size, FACE_SIGMA).sum(1, keepdim=True).clamp(max=1)
    return torch.maximum(resize(warped.head_logit.sigmoid(), size), near)


def retargeted(
    model: LivePortraitModel, faces: Faces, part: str, wanted: Tensor
) -> tuple[Tensor, Tensor]:
    """The offset and the picture for a wanted (B, 1) opening of `eyes` or `lip`."""
    measure = PARTS[part][0]
    verb = retarget_eyes if part == "eyes" else retarget_lip
    condition = torch.cat((measure(faces.keypoints), wanted), 1)
    offset = verb(model, faces.keypoints, condition)
    image = warp_decode(model, faces.volume, faces.keypoints, faces.keypoints + offset)
    return offset, image


def _each(sources: Motion, driving: Motion, reference: Motion) -> Motion:
    """Relative motion of each source by its own driver and reference."""
    return concatenate(
        [
            relative_motion(sources[i], driving[i], reference[i]).describe(
                canonical=sources[i].canonical
            )
            for i in range(len(sources))
        ]
    )


def _starting_at_zero(network: nn.Module) -> nn.Module:
    """An MLP whose last layer gives zero, so that training starts from no offset."""
    last = [layer for layer in network.modules() if isinstance(layer, nn.Linear)][-1]
    nn.init.zeros_(last.weight)
    nn.init.zeros_(last.bias)
    return network


def main(arguments: list[str]) -> None:
    """Train with the given KEY=VALUE arguments, then write the whole model."""
    config = parse(Stage2Config, arguments, "python -m train.stage2")
    whole, sets = trained_networks(config.base), open_sets(config)
    base = {name: network for name, network in whole.items() if name not in SMALL}
    small = fit(Stage2(config, sets.rendered, base, sets.clips), config)
    networks = {**base, **small}
    print(write_model(config.run, preset_of(Path(config.base)), networks, f"stage2 {config.steps}"))


if __name__ == "__main__":
    main(sys.argv[1:])
