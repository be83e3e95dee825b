"""How far a model can move a face before it breaks: python -m benchmarks.limits."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import numpy as np
import torch
from torch import Tensor

from liveportrait_core.imaging.tensors import tensor_from_pixels
from liveportrait_core.model import LivePortraitModel, load_model
from liveportrait_core.stages import (
    extract_appearance,
    extract_motion,
    transform_keypoints,
    warp_decode,
)
from train.evaluation.measured_model import at_size
from train.metrics.image import psnr_db
from train.rendering.camera.backgrounds import bundled_photos
from train.rendering.frames.labels import posed_keypoints
from train.rendering.frames.scene import Frame, Scene
from train.rendering.head.load import load_head
from train.rendering.motion_sampler import HeadMotion
from train.rendering.people.identity import Identity, make_identity
from train.rendering.regions import Region
from train.rendering.skin.face_chart import chart_face

LEGEND = """\
Rendered heads, still and facing, are driven by the true keypoints of the same head after one
change of pose; the face alone counts, and medians over people and both directions are printed.
psnr: against the true picture, dB. gain: over copying the source, dB. keypoints: how far M reads
the rendered face from its place, per cent of the crop's side; read: the same of the true picture.
held: the keypoints' error where the picture's edge is kept, as in a stitched picture."""
HEADER = (
    f"{'change':<12} {'size':>6} {'psnr':>7} {'gain':>7} {'keypoints':>10} {'read':>6} {'held':>6}"
)
FACE: Final = (Region.SKIN, Region.EYE, Region.MOUTH)
CHANGES: Final = {
    "yaw": (10, 20, 30, 35, 40, 50, 60),
    "pitch": (10, 15, 20, 25, 30, 40),
    "roll": (10, 20, 30, 40, 50),
    "translation": (0.05, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5),
    "scale": (1.05, 1.1, 1.2, 1.3, 1.5, 1.8),
}
"""Degrees, crop units, and a ratio; each is driven in both directions."""
ANGLES: Final = ("pitch", "yaw", "roll")


@dataclass(frozen=True, slots=True)
class Row:
    """One rendered face."""

    psnr_db: float
    gain_db: float
    keypoints: float
    """Root mean square, crop units."""
    read: float
    held: float


def changed(motion: HeadMotion, name: str, size: float) -> Iterator[HeadMotion]:
    """A motion after one change in both directions."""
    if name == "scale":
        yield from (replace(motion, zoom=zoom) for zoom in (size, 1 / size))
        return
    for sign in (1, -1):
        if name == "translation":
            for axis in np.eye(2, dtype=np.float32):
                yield replace(motion, shift=motion.shift + sign * size / 2 * axis)
        else:
            pose = motion.pose_deg.copy()
            pose[ANGLES.index(name)] += sign * size
            yield replace(motion, pose_deg=pose)


class Driver:
    """Drives one rendered person by the renderer's truth."""

    def __init__(self, model: LivePortraitModel, scene: Scene, identity: Identity) -> None:
        """Draw the source, still and facing."""
        self._model, self._scene, self._identity = model, scene, identity
        num_expressions = len(scene.head.expression_names)
        zeros = np.zeros(num_expressions, np.float32)
        still = np.zeros(3, np.float32)
        self.still = HeadMotion(zeros, still, still[:2], still[:2], 1.0, 0.0)
        self._source, self._points, _ = self._drawn(self.still)
        self._volume = extract_appearance(model, self._source)

    def row(self, motion: HeadMotion) -> Row:
        """How well one motion is rendered."""
        truth, points, frame = self._drawn(motion)
        rendered, held = (
            warp_decode(self._model, self._volume, self._points, points, edge_held=edge_held)
            for edge_held in (False, True)
        )
        mask = self._face(frame)
        score = psnr_db(rendered * mask, truth * mask) + 10 * torch.log10(mask.mean())
        copied = psnr_db(self._source * mask, truth * mask) + 10 * torch.log10(mask.mean())
        errors = (self._error(image, points) for image in (rendered, truth, held))
        return Row(float(score), float(score - copied), *errors)

    def _drawn(self, motion: HeadMotion) -> tuple[Tensor, Tensor, Frame]:
        frame = self._scene.draw(self._identity, motion)
        points = posed_keypoints(self._scene.head, frame)
        return tensor_from_pixels(frame.image), torch.from_numpy(points)[None], frame

    def _face(self, frame: Frame) -> Tensor:
        face = np.isin(self._identity.region_map(frame.nearest), FACE)
        wide = torch.from_numpy(face)[None, None].float()
        return torch.nn.functional.avg_pool2d(wide, wide.shape[-1] // self._scene.size_px)

    def _error(self, image: Tensor, points: Tensor) -> float:
        found = transform_keypoints(extract_motion(self._model, image))
        return float((found - points)[..., :2].square().sum(-1).mean().sqrt())


def measure(drivers: Sequence[Driver], name: str, size: float) -> Row:
    """Medians of one change over people and directions."""
    rows = [driver.row(m) for driver in drivers for m in changed(driver.still, name, size)]
    return Row(*(float(np.median([getattr(row, one) for row in rows])) for one in Row.__slots__))


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.limits", description=__doc__)
    parser.add_argument("--face-model", type=Path, help="as for train.render")
    parser.add_argument("--people", type=int, default=4, help="how many are driven (4)")
    parser.add_argument("--size", type=int, default=256, help="pixels of a face (256)")
    options = parser.parse_args(arguments)
    if options.people < 1:
        print("error: --people must be 1 or more.", file=sys.stderr)
        return 2
    try:
        head, model = load_head(options.face_model), at_size(load_model(), options.size)
    except ValueError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    chart, photos = chart_face(head), bundled_photos()
    print(LEGEND, end="\n\n")
    print(HEADER)
    with torch.inference_mode():
        scene = Scene(head, options.size)
        drivers = [
            Driver(model, scene, make_identity(head, chart, photos, np.random.default_rng([1, k])))
            for k in range(options.people)
        ]
        for name, sizes in CHANGES.items():
            for size in sizes:
                print(_line(name, size, measure(drivers, name, size)), flush=True)
    return 0


def _line(name: str, size: float, row: Row) -> str:
    scores = f"{row.psnr_db:7.2f} {row.gain_db:7.2f}"
    errors = f"{50 * row.keypoints:10.2f} {50 * row.read:6.2f} {50 * row.held:6.2f}"
    return f"{name:<12} {size:6g} {scores} {errors}"


if __name__ == "__main__":
    sys.exit(main())
