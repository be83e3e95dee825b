"""Rendered people whose blendshapes are known: each at rest, then moved."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Final

import numpy as np

from liveportrait_core.imaging.crop import face_box
from liveportrait_core.imaging.landmark_layouts import COMPACT_21, Landmarks
from liveportrait_core.motion.blendshapes import ARKIT_SHAPES
from liveportrait_core.preset import CropDefaults

from ..rendering.arrays import ByteArray, FloatArray, chance
from ..rendering.camera.backgrounds import bundled_photos
from ..rendering.camera.photograph import PLAIN
from ..rendering.frames.labels import posed_keypoints
from ..rendering.frames.scene import HALF_VIEW, LIDS_FOLLOW_DEG, Scene
from ..rendering.head.head_model import HeadModel
from ..rendering.motion_sampler import HeadMotion
from ..rendering.people.identity import Identity, make_identity
from ..rendering.rotations import CROP_FROM_MODEL
from ..rendering.skin.face_chart import chart_face
from .shape_samples import Weights, alone, mixed, rest

POSE_SPREAD_DEG: Final = (6.0, 9.0, 4.0)
"""Standard deviations of pitch, yaw and roll of heads that are turned."""
POSE_LIMIT: Final = 2.0
"""In standard deviations."""
INNER_LIPS: Final = (62, 66)
"""Landmarks of the face model."""
_INDEX: Final = {name: k for k, name in enumerate(ARKIT_SHAPES)}
_CLOSE: Final = _INDEX["mouthClose"]


@dataclass(frozen=True, slots=True)
class ShapeFrames:
    """A person, first at rest and facing."""

    images: ByteArray
    """(F, S, S, 3) RGB, framed as the model's drivers are."""
    weights: FloatArray
    """(F, 52) in the order of `ARKIT_SHAPES`."""
    upright: FloatArray
    """(F, 21, 3) keypoints of the face model, the head upright and unscaled, crop units."""


class ShapeRenderer:
    """Renders people with known shapes, framed for one model."""

    def __init__(self, head: HeadModel, size_px: int, framing: CropDefaults) -> None:
        """Prepare what all people share.

        Args:
            head: the face model.
            size_px: width and height of the pictures.
            framing: of drivers, as the model has it.
        """
        self._head, self._framing = head, framing
        self._chart = chart_face(head)
        self._photos = bundled_photos()
        self._scene = Scene(head, size_px)

    def people(self, seed: int, count: int, num_frames: int) -> Iterator[ShapeFrames]:
        """People one after the other, each with so many frames after the one at rest."""
        for number in range(count):
            yield self.person(seed, number, num_frames)

    def person(self, seed: int, number: int, num_frames: int) -> ShapeFrames:
        """One person: a third of the frames show a shape alone, the others mixtures."""
        random = np.random.default_rng([seed, number])
        identity = self._identity(random)
        drawn = [rest()]
        for k in range(num_frames):
            weights, closed = (alone if k % 3 == 0 else mixed)(random)
            drawn.append(self._with_closed_lips(identity, weights, closed))
        poses = [np.zeros(3, np.float32), *(_pose(random) for _ in range(num_frames))]
        motions = [self.motion(one, pose) for one, pose in zip(drawn, poses, strict=True)]
        frames = [self._scene.draw(identity, motion) for motion in motions]
        return ShapeFrames(
            images=np.stack([frame.image for frame in frames]),
            weights=np.stack(drawn),
            upright=np.stack([self._upright(identity, motion) for motion in motions]),
        )

    def faces(self, seed: int, number: int, weights: Sequence[Weights]) -> ByteArray:
        """(F, S, S, 3) one person who faces the camera and makes some shapes."""
        identity = self._identity(np.random.default_rng([seed, number]))
        return np.stack([self._scene.draw(identity, self.motion(one)).image for one in weights])

    def _identity(self, random: np.random.Generator) -> Identity:
        identity = make_identity(self._head, self._chart, self._photos, random)
        return self._framed(replace(identity, photograph=PLAIN))

    def motion(self, weights: Weights, pose_deg: FloatArray | None = None) -> HeadMotion:
        """What the head does for the weights of its shapes; the eyes turn together."""
        still = np.zeros(3, np.float32)
        return HeadMotion(
            expression=weights @ self._columns,
            pose_deg=still if pose_deg is None else pose_deg,
            gaze_deg=gaze_deg(weights),
            shift=still[:2],
            zoom=1.0,
            torso_yaw_deg=0.0,
        )

    @cached_property
    def _columns(self) -> FloatArray:
        """(52, E) which of the face model's expressions a shape moves; gaze is none of them."""
        names = self._head.expression_names
        columns = np.zeros((len(ARKIT_SHAPES), len(names)), np.float32)
        for row, shape in enumerate(ARKIT_SHAPES):
            if not shape.startswith("eyeLook"):
                for name in model_names(shape, names):
                    columns[row, names.index(name)] = 1
        return columns

    def _framed(self, identity: Identity) -> Identity:
        """The person with the face where the model's crop of a driver has it."""
        points = posed_keypoints(self._head, self._scene.draw(identity, self.motion(rest())))
        box = face_box(
            Landmarks(points[:, :2].astype(np.float64), COMPACT_21.name),
            scale=self._framing.scale,
            vx_ratio=self._framing.vx_ratio,
            vy_ratio=self._framing.vy_ratio,
        )
        zoom = 2 / box.side
        shift = (identity.shift - np.array(box.centre) / 2) * zoom
        return replace(identity, scale=identity.scale * zoom, shift=shift.astype(np.float32))

    def _upright(self, identity: Identity, motion: HeadMotion) -> FloatArray:
        weights = self._scene.with_lids(motion)
        points = self._scene.deform(identity, weights, motion.gaze_deg)[self._head.keypoints]
        return (points @ CROP_FROM_MODEL / HALF_VIEW).astype(np.float32)

    def _with_closed_lips(self, identity: Identity, weights: Weights, closed: float) -> Weights:
        """The weights with `mouthClose` at a share of what seals this person's lips."""
        sealing = rest()
        sealing[_CLOSE] = 1
        gap, sealed = (self._lip_gap(identity, one) for one in (weights, weights + sealing))
        if gap <= 0 or gap <= sealed:
            return weights
        return weights + np.float32(min(1.0, closed * gap / (gap - sealed))) * sealing

    def _lip_gap(self, identity: Identity, weights: Weights) -> float:
        """Of the inner lips, model units; below 0 where they cross."""
        still = np.zeros(2, np.float32)
        points = self._scene.deform(identity, weights @ self._columns, still)
        upper, lower = points[self._head.landmarks[list(INNER_LIPS)]]
        return float(upper[1] - lower[1])


def model_names(shape: str, names: Sequence[str]) -> list[str]:
    """Expressions of a face model that make up a shape: itself, one side, or both.

    Returns:
        None for `tongueOut`, which face models of ICT's kind do not have.
    """
    for side in ("Left", "Right"):
        if shape.endswith(side) and shape.removesuffix(side) + "_" + side[0] in names:
            return [shape.removesuffix(side) + "_" + side[0]]
    return [name for name in (shape, shape + "_L", shape + "_R") if name in names]


def gaze_deg(weights: Weights) -> FloatArray:
    """(2,) pitch and yaw of both eyes, the mean of what they are told."""

    def both(*shapes: str) -> float:
        return sum(float(weights[_INDEX[shape]]) for shape in shapes) / 2

    down = both("eyeLookDownLeft", "eyeLookDownRight") - both("eyeLookUpLeft", "eyeLookUpRight")
    # positive yaw looks to the left of the picture, the person's right
    right = both("eyeLookOutRight", "eyeLookInLeft") - both("eyeLookOutLeft", "eyeLookInRight")
    return np.array((down, right), np.float32) * np.float32(LIDS_FOLLOW_DEG)


def _pose(random: np.random.Generator) -> FloatArray:
    """Pitch, yaw and roll of a frame; half of them face the camera."""
    turned = np.clip(random.normal(size=3), -POSE_LIMIT, POSE_LIMIT) * POSE_SPREAD_DEG
    return (turned * chance(random, 0.5)).astype(np.float32)
