"""The loss tables of stage 2: Eq. 5 of S, and Eq. 6 of R_eyes and R_lip."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from torch import Tensor

from liveportrait_core.config.fields import check_options, option

from .perceptual import weighted_l1
from .terms import LossTerm

STITCHING = "stitching"
"""The part that Eq. 5 trains; Eq. 6 trains the others."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RetargetingWeights:
    """Weights of Eq. 5 and 6."""

    regulariser: float = option(1.0, "w_reg: weight of the mean absolute offset", minimum=0)
    condition: float = option(3.0, "w_cond: weight of the openings read in the picture", minimum=0)
    keypoint_condition: float = option(
        3.0,
        "weight of the openings read from the retargeted keypoints of a compact base",
        minimum=0,
    )
    consistency: float = option(10.0, "weight of what has to stay as it was", minimum=0)

    def __post_init__(self) -> None:
        check_options(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangedFaces:
    """Inputs of the terms of one part: faces generated with its offset."""

    image: Tensor
    """(B, 3, h, h) generated with the offset."""
    reconstructed: Tensor
    """(B, 3, h, h): I_recon, the source driven by itself."""
    kept: Tensor
    """(B, 1, h, h) in [0, 1]: where the picture has to stay as it was."""
    offset: Tensor
    """(B, K, 3) crop units."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenedFaces(ChangedFaces):
    """Inputs of Eq. 6 for eyes or lip."""

    target: Tensor
    """(B, 1) the openings that are asked for."""
    picture_opening: Tensor
    """(B, 1 or 2) read in the generated picture."""
    keypoint_opening: Tensor | None
    """(B, 1 or 2) read from the retargeted keypoints; None where keypoints have no names."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RetargetingInputs:
    """Inputs of all terms, of the parts that learn."""

    stitched: ChangedFaces | None
    opened: Mapping[str, OpenedFaces]
    """By part, "eyes" and "lip"."""

    def of_part(self, part: str) -> ChangedFaces:
        """Those of one part."""
        faces = self.stitched if part == STITCHING else self.opened[part]
        assert faces is not None
        return faces


def stitching_terms(weights: RetargetingWeights) -> list[LossTerm[RetargetingInputs]]:
    """Eq. 5: what is not the head stays as in the reconstruction."""
    return [
        LossTerm("stitching_kept", weights.consistency, partial(_kept, STITCHING)),
        LossTerm("stitching_offset", weights.regulariser, partial(_offset, STITCHING)),
    ]


def opening_terms(
    part: str, weights: RetargetingWeights, *, named_keypoints: bool
) -> list[LossTerm[RetargetingInputs]]:
    """Eq. 6 for eyes or lip.

    Args:
        part: `eyes` or `lip`.
        weights: Of the terms.
        named_keypoints: The base's keypoints are lids and lips, so that they are measured too.
    """
    terms = [
        LossTerm(f"{part}_kept", weights.consistency, partial(_kept, part)),
        LossTerm(f"{part}_picture", weights.condition, partial(_picture_opening, part)),
    ]
    if named_keypoints:
        measured = partial(_keypoint_opening, part)
        terms.append(LossTerm(f"{part}_keypoints", weights.keypoint_condition, measured))
    return [*terms, LossTerm(f"{part}_offset", weights.regulariser, partial(_offset, part))]


def retargeting_terms(
    parts: Sequence[str], weights: RetargetingWeights, *, named_keypoints: bool
) -> list[LossTerm[RetargetingInputs]]:
    """The tables of the parts that learn, in their order."""
    terms: list[LossTerm[RetargetingInputs]] = []
    for part in parts:
        if part == STITCHING:
            terms += stitching_terms(weights)
        else:
            terms += opening_terms(part, weights, named_keypoints=named_keypoints)
    return terms


def _kept(part: str, step: RetargetingInputs) -> Tensor:
    """L1 between the picture and the reconstruction where nothing is to change."""
    faces = step.of_part(part)
    return weighted_l1(faces.image, faces.reconstructed, faces.kept)


def _offset(part: str, step: RetargetingInputs) -> Tensor:
    """The regulariser: mean absolute offset."""
    return step.of_part(part).offset.abs().mean()


def _picture_opening(part: str, step: RetargetingInputs) -> Tensor:
    """Mean distance of the openings in the picture from the target ones."""
    faces = step.opened[part]
    return (faces.picture_opening - faces.target).abs().mean()


def _keypoint_opening(part: str, step: RetargetingInputs) -> Tensor:
    """The same of the openings of the retargeted keypoints."""
    faces = step.opened[part]
    assert faces.keypoint_opening is not None
    return (faces.keypoint_opening - faces.target).abs().mean()
