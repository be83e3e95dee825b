"""Measures on rendered identities, whose truth is known.

Each driving frame is reconstructed from another frame of the same identity by the model's own
keypoints. Openings, gaze and pose of the output are read by the model's M, the network that
also drives it. What M reads off the true driving picture stands beside them (`motion_...`): a
measure that falls short of it is lost by F, W and G, the rest in reading.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from liveportrait_core.model import LivePortraitModel
from liveportrait_core.motion.types import Motion
from liveportrait_core.networks.compact.decoder import CompactDecoder, Composition
from liveportrait_core.networks.compact.layers import heat_maps
from liveportrait_core.networks.compact.warping import CompactWarped
from liveportrait_core.networks.outputs import Warped
from liveportrait_core.stages import (
    extract_appearance,
    extract_motion,
    transform_keypoints,
    warp,
)

from ..data.batch import FrameBatch, PairBatch
from ..data.heads import SAME_POSE_PAIR, TURNED_DEG
from ..data.rendered import RenderedSet
from ..data.rendered_shards import FRAMES
from ..losses.keypoints import EYE_POINTS, MOUTH_POINTS, gaze, lid_and_lip_gaps
from ..metrics.image import edit_ratio, l1, psnr_db, ssim
from ..metrics.motion_errors import correlation
from ..rendering.regions import Region
from ..tasks.retargeting_faces import PARTS, faces_of, retargeted
from .part_measures import IRISES, iris_mask, part_measures, part_sums, region_mask
from .steadiness import grey_chroma, still_flicker
from .turn_measures import TurnSums, turn_measures, turn_sums

BATCH = 16
OPEN_EYES = 0.035
"""Crop units between the lids from which on gaze is measured: half of a usual opening. Behind a
lid further down there is no iris to see, nor where something else than an eye is nearest."""
ASKED_OPENINGS = {"eyes": (0.1, 0.2, 0.3, 0.4), "lip": (0.0, 0.15, 0.3, 0.45)}
EDITED = {"eyes": (EYE_POINTS, 0.045), "mouth": (MOUTH_POINTS, 0.07)}
"""Keypoints whose surroundings are looked at for missed change, and how far around them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PredictedMotion:
    """What M says about a picture, and the truth."""

    keypoints: Tensor
    """(B, K, 3)."""
    pose_deg: Tensor
    """(B, 3) pitch, yaw, roll."""

    @classmethod
    def of(cls, motion: Motion) -> PredictedMotion:
        """What a motion says."""
        return cls(keypoints=transform_keypoints(motion).cpu(), pose_deg=motion.pose_deg.cpu())


@dataclass(frozen=True, slots=True, kw_only=True)
class ReconstructedBatch:
    """What one batch of pairs came to, on the CPU."""

    pairs: PairBatch
    source: PredictedMotion
    """M on the source."""
    driving: PredictedMotion
    """M on the true driving picture."""
    output: PredictedMotion
    """M on the reconstructed picture."""
    image: Tensor
    """(B, 3, h, h) the reconstructed picture."""
    flow: Tensor
    """(B, 2, 128, 128) where G read each of its pixels in the source."""
    regions: Tensor
    """(B, h / 2, h / 2) labels of the driving frame."""
    iris_visible: Tensor
    """(B, 2) bool: the left and right iris can be seen in both frames."""


@torch.inference_mode()
def reconstructed_batches(
    model: LivePortraitModel, data: RenderedSet, pair: int
) -> Iterator[ReconstructedBatch]:
    """One of the three pairs of every identity, reconstructed by the model's own keypoints."""
    for start in range(0, len(data), BATCH):
        chosen = np.arange(start, min(start + BATCH, len(data)))
        pairs = data.pairs(chosen, np.full(len(chosen), pair))
        there = pairs.to(model.device)
        source, driving = (extract_motion(model, x.image) for x in (there.source, there.driving))
        volume = extract_appearance(model, there.source.image)
        points = (transform_keypoints(source), transform_keypoints(driving))
        generated = _generated(model, warp(model, volume, *points))
        image = generated.image.float()
        yield ReconstructedBatch(
            pairs=pairs,
            source=PredictedMotion.of(source),
            driving=PredictedMotion.of(driving),
            output=PredictedMotion.of(extract_motion(model, image)),
            image=image.cpu(),
            flow=generated.flow.float().cpu(),
            regions=torch.from_numpy(data.rows("regions", chosen, np.full(len(chosen), pair))),
            iris_visible=irises_visible(data, chosen, pair, pairs.driving)
            & irises_visible(data, chosen, pair + 1, pairs.source),
        )


def _generated(model: LivePortraitModel, warped: Warped) -> Composition:
    """What G says besides the picture."""
    assert isinstance(model.decoder, CompactDecoder)
    assert isinstance(warped, CompactWarped)
    return model.decoder.compose(warped)


def rendered_measures(model: LivePortraitModel, data: RenderedSet) -> dict[str, float]:
    """All measures on a rendered set; names end in their unit.

    Args:
        model: A compact model that takes and gives pictures of the set's size.
        data: The set.
    """
    rows: list[dict[str, Tensor]] = []
    turns: list[TurnSums] = []
    parts: dict[str, list[Tensor]] = {}
    ratios: dict[str, float] = {}
    for pair in range(FRAMES):
        found = list(reconstructed_batches(model, data, pair))
        rows += [_row(one) for one in found]
        for name, sums in (entry for one in found for entry in _parts(one).items()):
            parts.setdefault(name, []).append(sums)
        turns += [sums for one in found if (sums := _turned(one)) is not None]
        if pair == SAME_POSE_PAIR:
            ratios = _edit_ratios(found)
    table = {name: torch.cat([row[name] for row in rows]) for name in rows[0]}
    gain, same = table["psnr"] - table["copy_psnr"], table["same_pose"]
    turned = table["turn_deg"] >= TURNED_DEG
    return {
        "psnr_db": float(table["psnr"].mean()),
        "psnr_gain_db": float(gain.mean()),
        "psnr_gain_same_pose_db": float(gain[same].mean()),
        "psnr_gain_turned_db": float(gain[turned].mean()),
        "turned_psnr_db": float(table["psnr"][turned].mean()),
        "turned_copy_psnr_db": float(table["copy_psnr"][turned].mean()),
        **turn_measures(turns),
        **{key: x for name, sums in parts.items() for key, x in part_measures(name, sums).items()},
        "grey_chroma_255": grey_chroma(model, data),
        "still_flicker_255": still_flicker(model, data),
        **{name: float(table[name].mean()) for name in ("ssim", "copy_ssim", "l1")},
        **_motion_measures(table, "output", ""),
        **_motion_measures(table, "driving", "motion_"),
        **ratios,
    }


def irises_visible(
    data: RenderedSet, identities: NDArray[np.integer], frame: int, truth: FrameBatch
) -> Tensor:
    """(B, 2) bool: lids apart, and an eye is nearest at the iris, of each identity's frame."""
    numbers = np.full(len(identities), frame % FRAMES)
    regions = torch.from_numpy(data.rows("regions", identities, numbers))
    size = regions.shape[-1]
    middle = truth.keypoints[:, IRISES, :2]
    columns, rows = ((middle + 1) * size / 2).long().clamp(0, size - 1).unbind(-1)
    labels = regions[torch.arange(len(regions))[:, None], rows, columns]
    apart = lid_and_lip_gaps(truth.keypoints)[:, :2] > OPEN_EYES
    return apart & (labels == Region.EYE)


@torch.inference_mode()
def retarget_measures(model: LivePortraitModel, data: RenderedSet) -> dict[str, float]:
    """Mean distance between the opening asked for and the one read off the picture.

    Args:
        model: A compact model with R_eyes and R_lip, of the set's size.
        data: The set.
    """
    errors: dict[str, list[Tensor]] = {"eyes": [], "lip": []}
    for start in range(0, len(data), BATCH):
        chosen = np.arange(start, min(start + BATCH, len(data)))
        frames = data.frames(chosen, np.full(len(chosen), SAME_POSE_PAIR))
        faces = faces_of(model, frames.image.to(model.device))
        for part, asked in ASKED_OPENINGS.items():
            for opening in asked:
                expected = faces.keypoints.new_full((len(chosen), 1), opening)
                image = retargeted(model, faces, part, expected)[1]
                read = transform_keypoints(extract_motion(model, image))
                errors[part].append((PARTS[part][0](read) - expected).abs().flatten().cpu())
    means = {part: float(torch.cat(found).mean()) for part, found in errors.items()}
    return {
        "retarget_error": max(means.values()),
        **{f"retarget_{part}_error": mean for part, mean in means.items()},
    }


def _row(one: ReconstructedBatch) -> dict[str, Tensor]:
    """The numbers of each pair of a batch, (B, ...)."""
    source, driving, truth = one.pairs.source, one.pairs.driving, one.pairs.truth
    assert truth is not None
    row = {
        "psnr": psnr_db(one.image, driving.image),
        "copy_psnr": psnr_db(source.image, driving.image),
        "ssim": ssim(one.image, driving.image),
        "copy_ssim": ssim(source.image, driving.image),
        "l1": l1(one.image, driving.image),
        "same_pose": truth.same_pose,
        "turn_deg": (driving.pose_deg - source.pose_deg)[:, 1].abs(),
        "gaps": lid_and_lip_gaps(driving.keypoints),
        "gaze": gaze(driving.keypoints) - gaze(source.keypoints),
        "sees": one.iris_visible & truth.same_pose[:, None],
    }
    for name, read in (("output", one.output), ("driving", one.driving)):
        row[f"{name}_gaps"] = lid_and_lip_gaps(read.keypoints)
        row[f"{name}_gaze"] = gaze(read.keypoints) - gaze(one.source.keypoints)
        row[f"{name}_pose_error"] = (read.pose_deg - driving.pose_deg).abs()
    return row


def _parts(one: ReconstructedBatch) -> dict[str, Tensor]:
    """Sums over the parts of the driving frames of a batch.

    `opened_irises` are those of pairs whose source has both eyes less open than `OPEN_EYES`, and
    whose driving frame more: their colour is hardly seen in the source.
    """
    driving = one.pairs.driving
    image, truth, size = one.image, driving.image, one.image.shape[-1]
    irises = iris_mask(driving.keypoints, one.regions, size)
    before, after = (lid_and_lip_gaps(x.keypoints)[:, :2] for x in (one.pairs.source, driving))
    opens = (before < OPEN_EYES).all(1) & (after > OPEN_EYES).any(1)
    masks = {
        "mouth": region_mask(one.regions, Region.MOUTH, size),
        "eyes": region_mask(one.regions, Region.EYE, size),
        "irises": irises,
        "opened_irises": irises * opens[:, None, None, None],
    }
    return {name: part_sums(image, truth, inside) for name, inside in masks.items()}


def _turned(one: ReconstructedBatch) -> TurnSums | None:
    """Sums of those pairs of a batch that turn, if any does."""
    truth = one.pairs.truth
    assert truth is not None
    change = (one.pairs.driving.pose_deg - one.pairs.source.pose_deg)[:, 1].abs()
    rows = (change >= TURNED_DEG).nonzero()[:, 0]
    if not len(rows):
        return None
    driving = one.pairs.driving.image
    parts = (one.image, driving, one.flow, truth.flow, truth.visible, one.regions)
    return turn_sums(*(part[rows] for part in parts))


def _motion_measures(table: dict[str, Tensor], read: str, prefix: str) -> dict[str, float]:
    """Openings, change of gaze and pose, as M reads them off `output` or `driving`."""
    gaps, truth, iris_visible = table[f"{read}_gaps"], table["gaps"], table["sees"]
    pitch, yaw, roll = table[f"{read}_pose_error"].mean(0).tolist()
    measures = {
        "eye_r": correlation(gaps[:, :2], truth[:, :2]),
        "lip_r": correlation(gaps[:, 2], truth[:, 2]),
        "mouth_width_r": correlation(gaps[:, 3], truth[:, 3]),
        "gaze_r": correlation(
            table[f"{read}_gaze"][iris_visible][:, 0], table["gaze"][iris_visible][:, 0]
        ),
        "pitch_error_deg": pitch,
        "yaw_error_deg": yaw,
        "roll_error_deg": roll,
    }
    return {f"{prefix}{name}": value for name, value in measures.items()}


def _edit_ratios(same_pose: Sequence[ReconstructedBatch]) -> dict[str, float]:
    """How much of the change about eyes and mouth was missed (0 reached, 1 copied)."""
    image, source, truth, keypoints = (
        torch.cat(parts)
        for parts in (
            [one.image for one in same_pose],
            [one.pairs.source.image for one in same_pose],
            [one.pairs.driving.image for one in same_pose],
            [one.pairs.driving.keypoints for one in same_pose],
        )
    )
    ratios: dict[str, float] = {}
    for name, (points, sigma) in EDITED.items():
        near = heat_maps(keypoints[:, points], image.shape[-1], sigma).sum(1, keepdim=True)
        ratios[f"{name}_edit_ratio"] = float(edit_ratio(image, source, truth, near.clamp(max=1)))
    return ratios
