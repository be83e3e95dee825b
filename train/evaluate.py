"""Evaluation on rendered identities that were never trained on.

    python -m train.evaluate --rendered FOLDER --json FILE
    python -m train.evaluate --rendered --face-model DIR --seed N --json FILE

Each driving frame is repainted from another frame of the same identity by the model's own
keypoints. Openings, gaze and pose of the output are read by the model's M, the network that
also drives it, and compared with the renderer's truth.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from liveportrait_core.errors import LivePortraitError
from liveportrait_core.model import LivePortraitModel, load_model
from liveportrait_core.motion.types import Motion
from liveportrait_core.networks.compact.layers import heat_maps
from liveportrait_core.stages import (
    extract_appearance,
    extract_motion,
    transform_keypoints,
    warp_decode,
)

from .base import model_of
from .data.rendered import FRAMES, SAME_POSE_PAIR, Pairs, RenderedSet
from .losses.keypoints import EYE_POINTS, MOUTH_POINTS, gaze, lid_and_lip_gaps
from .metrics.image import edit_ratio, psnr_db
from .metrics.motion import correlation
from .stage2 import PARTS, faces_of, retargeted

BATCH = 16
OPEN_EYES = 0.035
"""Crop units between the lids from which on gaze is measured: half of a usual opening. Behind a
lid further down there is no iris to see."""
ASKED_OPENINGS = {"eyes": (0.1, 0.2, 0.3, 0.4), "lip": (0.0, 0.15, 0.3, 0.45)}
IDENTITIES = 120
SEED = 9001


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What one batch of pairs came to."""

    pairs: Pairs
    source: Tensor
    """(B, K, 3) M's keypoints of the source."""
    image: Tensor
    """(B, 3, h, h)."""
    read: Motion
    """M's reading of the output."""

    @property
    def keypoints(self) -> Tensor:
        """(B, K, 3) M's keypoints of the output."""
        return transform_keypoints(self.read)


@torch.no_grad()
def outcomes(model: LivePortraitModel, data: RenderedSet) -> Iterator[Outcome]:
    """Every pair of every identity, repainted by the model's own keypoints."""
    for pair in range(FRAMES):
        for start in range(0, len(data), BATCH):
            chosen = np.arange(start, min(start + BATCH, len(data)))
            pairs = data.pairs(chosen, np.full(len(chosen), pair))
            source, driving = (
                transform_keypoints(extract_motion(model, frame.image))
                for frame in (pairs.source, pairs.driving)
            )
            volume = extract_appearance(model, pairs.source.image)
            image = warp_decode(model, volume, source, driving)
            read = extract_motion(model, image)
            yield Outcome(pairs=pairs, source=source, image=image, read=read)


def rendered_measures(model: LivePortraitModel, data: RenderedSet) -> dict[str, float]:
    """All measures on a rendered set; names end in their unit."""
    found = list(outcomes(model, data))
    gains: list[Tensor] = []
    for one in found:
        truth = one.pairs.driving.image
        gains.append(psnr_db(one.image, truth) - psnr_db(one.pairs.source.image, truth))
    psnr = torch.cat([psnr_db(one.image, one.pairs.driving.image) for one in found])
    gaps = torch.cat([lid_and_lip_gaps(one.keypoints) for one in found])
    true_gaps = torch.cat([lid_and_lip_gaps(one.pairs.driving.keypoints) for one in found])
    pose = torch.cat([(one.read.pose_deg - one.pairs.driving.pose_deg).abs() for one in found])
    pitch, yaw, roll = pose.mean(0).tolist()
    return {
        "psnr_db": float(psnr.mean()),
        "psnr_gain_db": float(torch.cat(gains).mean()),
        "eye_r": correlation(gaps[:, :2], true_gaps[:, :2]),
        "lip_r": correlation(gaps[:, 2], true_gaps[:, 2]),
        "mouth_width_r": correlation(gaps[:, 3], true_gaps[:, 3]),
        "gaze_r": _gaze_correlation([one for one in found if bool(one.pairs.same_pose[0])]),
        "pitch_error_deg": pitch,
        "yaw_error_deg": yaw,
        "roll_error_deg": roll,
        **_edit_ratios([one for one in found if bool(one.pairs.same_pose[0])]),
    }


@torch.no_grad()
def retarget_measures(model: LivePortraitModel, data: RenderedSet) -> dict[str, float]:
    """Mean distance between the opening asked for and the one read off the picture."""
    errors: dict[str, list[Tensor]] = {"eyes": [], "lip": []}
    for start in range(0, len(data), BATCH):
        chosen = np.arange(start, min(start + BATCH, len(data)))
        faces = faces_of(model, data.frames(chosen, np.full(len(chosen), SAME_POSE_PAIR)).image)
        for part, asked in ASKED_OPENINGS.items():
            for opening in asked:
                wanted = faces.keypoints.new_full((len(chosen), 1), opening)
                image = retargeted(model, faces, part, wanted)[1]
                read = transform_keypoints(extract_motion(model, image))
                errors[part].append((PARTS[part][0](read) - wanted).abs().flatten())
    means = {part: float(torch.cat(found).mean()) for part, found in errors.items()}
    return {
        "retarget_error": max(means.values()),
        **{f"retarget_{part}_error": mean for part, mean in means.items()},
    }


def _gaze_correlation(same_pose: list[Outcome]) -> float:
    """Change of gaze, driving minus source, of eyes that are open in both frames."""
    found: list[Tensor] = []
    truth: list[Tensor] = []
    for one in same_pose:
        source, driving = one.pairs.source.keypoints, one.pairs.driving.keypoints
        lids = torch.minimum(lid_and_lip_gaps(source)[:, :2], lid_and_lip_gaps(driving)[:, :2])
        is_open = lids > OPEN_EYES
        found.append((gaze(one.keypoints) - gaze(one.source))[is_open][:, 0])
        truth.append((gaze(driving) - gaze(source))[is_open][:, 0])
    return correlation(torch.cat(found), torch.cat(truth))


def _edit_ratios(same_pose: list[Outcome]) -> dict[str, float]:
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
    for name, points, sigma in (("eyes", EYE_POINTS, 0.045), ("mouth", MOUTH_POINTS, 0.07)):
        near = heat_maps(keypoints[:, points], image.shape[-1], sigma).sum(1, keepdim=True)
        ratios[f"{name}_edit_ratio"] = float(edit_ratio(image, source, truth, near.clamp(max=1)))
    return ratios


def _rendered(arguments: argparse.Namespace) -> RenderedSet:
    if arguments.rendered:
        return RenderedSet([Path(arguments.rendered)])
    if arguments.face_model is None:
        raise LivePortraitError(
            "--rendered was given no folder and no --face-model; a rendered folder or a face "
            "model to render from was wanted. Give --rendered FOLDER, or --face-model DIR."
        )
    from .render import main as render  # noqa: PLC0415 - numba is only needed to render

    with tempfile.TemporaryDirectory() as folder:
        options = ["--identities", str(IDENTITIES), "--seed", str(arguments.seed)]
        render([folder, "--face-model", str(arguments.face_model), *options])
        return RenderedSet([Path(folder)])


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m train.evaluate", description=__doc__)
    parser.add_argument("--model", default="default", help="a model file, or default")
    parser.add_argument(
        "--rendered", nargs="?", const="", help="a folder that train.render wrote, or nothing"
    )
    parser.add_argument("--face-model", type=Path, help="render the heads from this face model")
    parser.add_argument("--seed", type=int, default=SEED, help=f"of the rendering ({SEED})")
    parser.add_argument("--json", type=Path, help="write the measures here")
    return parser


def main(arguments: list[str]) -> int:
    """Print the measures, and write them when asked; 0, or 2 with one sentence."""
    chosen = _parser().parse_args(arguments)
    try:
        if chosen.rendered is None:
            raise LivePortraitError("Nothing to measure on; give --rendered [FOLDER].")
        loaded = load_model(chosen.model)
        data = _rendered(chosen)
        model = model_of(loaded.modules(), data.size_px)
        measures = rendered_measures(model, data)
        if model.eyes is not None and model.lip is not None:
            measures |= retarget_measures(model, data)
    except LivePortraitError as error:
        print(f"python -m train.evaluate: {error}", file=sys.stderr)
        return 2
    measures["identities"] = len(data)
    for name, value in measures.items():
        print(f"{name:24} {value:.4f}")
    if chosen.json is not None:
        chosen.json.write_text(json.dumps(measures, indent=2) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
