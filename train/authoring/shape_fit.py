"""Least squares between blendshapes and what a model reads of people who make them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import torch
from torch import Tensor

from liveportrait_core.imaging.tensors import tensor_from_pixels
from liveportrait_core.model import LivePortraitModel
from liveportrait_core.motion.blendshape_map import (
    BlendshapeMap,
    features,
    one_of_opposites,
)
from liveportrait_core.motion.blendshapes import ARKIT_SHAPES
from liveportrait_core.motion.regions import keypoint_space
from liveportrait_core.motion.types import concatenate
from liveportrait_core.stages import extract_motion

from .shape_frames import ShapeFrames

FRAMES_AT_ONCE: Final = 16
RIDGE_OF_EXPRESSION: Final = 1e-4
RIDGE_OF_READING: Final = 1e-3
"""Shares of the mean square of what is regressed on, added to its diagonal."""
LEAST_R: Final = 0.3
"""A shape that is read worse than this on people left out is not read at all."""
LEAST_SPREAD: Final = 1e-3


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadPerson:
    """A person as the model reads them; frames after the one at rest."""

    weights: Tensor
    """(F, 52) true shapes."""
    features: Tensor
    """(F, N) of `features`, against the person's own face at rest."""
    moved: Tensor
    """(F, K, 3) what the shapes add to the expression."""


@torch.inference_mode()
def read_person(model: LivePortraitModel, frames: ShapeFrames) -> ReadPerson:
    """What M reads of a person.

    In a space whose keypoints have names they are the renderer's own, so what shapes add is the
    renderer's truth, with lids that travel the opening of the space's usual face.

    Args:
        model: The model.
        frames: The person, first at rest.
    """
    starts = range(0, len(frames.images), FRAMES_AT_ONCE)
    pictures = (frames.images[start : start + FRAMES_AT_ONCE] for start in starts)
    faces = (tensor_from_pixels(one).to(model.device) for one in pictures)
    motion = concatenate([extract_motion(model, face) for face in faces]).to("cpu")
    rest = motion[:1]
    if keypoint_space(motion.space).openness is None:
        moved = motion.expression - rest.expression
    else:
        moved = _true_moves(torch.from_numpy(frames.upright), motion.space)
    return ReadPerson(
        weights=torch.from_numpy(frames.weights)[1:],
        features=features(motion, rest)[1:],
        moved=moved[1:],
    )


def fit(people: Sequence[ReadPerson], space: str, producer: str = "") -> BlendshapeMap:
    """The map that is nearest to what was read, by ridge regression without a constant.

    Args:
        people: Those to fit to.
        space: Keypoint space of the model.
        producer: How it came about.
    """
    weights = torch.cat([person.weights for person in people]).double()
    read = torch.cat([person.features for person in people]).double()
    moved = torch.cat([person.moved for person in people]).double()
    shown = weights.any(0)
    expression = _ridge(weights, moved.flatten(1), RIDGE_OF_EXPRESSION).unflatten(1, (-1, 3))
    return BlendshapeMap(
        space=space,
        expression=(expression * shown[:, None, None]).float(),
        reading=_ridge(read, weights, RIDGE_OF_READING).float(),
        producer=producer,
    )


def correlations(shape_map: BlendshapeMap, people: Sequence[ReadPerson]) -> dict[str, float]:
    """How far the shapes that a map reads go with the true ones, over all frames.

    Args:
        shape_map: A map that was fitted to others.
        people: Those to measure on.

    Returns:
        Pearson's r of each shape that moves; 0 for one that is never read.
    """
    true = torch.cat([person.weights for person in people])
    read = torch.cat([person.features for person in people]) @ shape_map.reading
    read = one_of_opposites(read)
    true, read = true - true.mean(0), read - read.mean(0)
    r = (true * read).sum(0) / (true.norm(dim=0) * read.norm(dim=0)).clamp(min=1e-9)
    r = r.clamp(-1, 1)
    moves = (true.abs().amax(0) > LEAST_SPREAD).tolist()
    return {
        name: value
        for name, value, some in zip(ARKIT_SHAPES, r.tolist(), moves, strict=True)
        if some
    }


def _true_moves(upright: Tensor, space_name: str) -> Tensor:
    """(F, K, 3) how far the face's own keypoints are from rest, lids in a usual eye's opening."""
    space = keypoint_space(space_name)
    moved = upright - upright[:1]
    face = upright.new_tensor(space.face)
    for lids in space.lids:
        upper, lower = lids
        own, usual = ((points[upper] - points[lower])[:2].norm() for points in (upright[0], face))
        moved[:, list(lids)] *= usual / own
    return moved


def _ridge(known: Tensor, wanted: Tensor, share: float) -> Tensor:
    """(N, M) of what maps known (R, N) to wanted (R, M); columns count by their own spread."""
    spread = known.square().mean(0).sqrt().clamp(min=1e-9)
    scaled = known / spread
    normal = scaled.mT @ scaled + share * len(known) * torch.eye(known.shape[1]).to(known)
    return torch.linalg.solve(normal, scaled.mT @ wanted) / spread[:, None]
