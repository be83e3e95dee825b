"""What Eq. 4 compares pictures, poses, landmarks and faces by."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from torch import nn

from liveportrait_core.config.fields import check_options, option
from liveportrait_core.errors import CheckpointError, MediaError
from liveportrait_core.networks.compact.motion_extractor import CompactMotionExtractor

from ..data.folder import open_folders
from ..data.sets import DataConfig, Sets, open_sets
from ..engine.task import Networks
from ..losses.paper_terms import NEEDS_TRUTH, PaperWeights
from ..models.pretrained.arcface import load_arcface
from ..models.pretrained.picture_features import (
    PictureDistance,
    Vgg19Distance,
    picture_distance,
)
from ..models.runs import open_networks
from .paper_step import NETWORKS


@dataclass(frozen=True, slots=True, kw_only=True)
class CriteriaOptions:
    """What Eq. 4 compares pictures, poses and landmarks by."""

    landmark_model: str = option(
        "default",
        "compact model that reads head pose and landmarks of frames that carry none, as curated "
        "clips and rendered heads do; empty: none",
        place=True,
    )
    vgg: str = option(
        "",
        "VGG19 file (torchvision's keys) for L_P; without it our own features compare pictures",
        place=True,
    )
    splines: bool = option(
        False, "L_E also bends pictures, by thin plate splines; else it moves them by similarities"
    )
    objective: Literal["hinge", "least_squares"] = option(
        "hinge", "what generator and discriminators minimise (L_G)"
    )

    def __post_init__(self) -> None:
        check_options(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class Criteria:
    """Networks that read and compare, and do not learn."""

    options: CriteriaOptions
    motion_network: CompactMotionExtractor | None
    arcface: nn.Module | None
    distance: PictureDistance

    @property
    def networks(self) -> dict[str, nn.Module]:
        """Those that there are, by name."""
        vgg = self.distance.network if isinstance(self.distance, Vgg19Distance) else None
        named = {"reader": self.motion_network, "arcface": self.arcface, "vgg": vgg}
        return {name: network for name, network in named.items() if network is not None}


def load_criteria(options: CriteriaOptions, arcface: str) -> Criteria:
    """The networks that options name.

    Raises:
        CheckpointError: One cannot be read.
    """
    motion_network = frozen_motion_network(options.landmark_model)
    recognition = load_arcface(arcface) if arcface else None
    distance = picture_distance(options.vgg, motion_network)
    return Criteria(
        options=options, motion_network=motion_network, arcface=recognition, distance=distance
    )


def frozen_motion_network(place: str) -> CompactMotionExtractor | None:
    """The M of a compact model, frozen: it reads pose and landmarks; None without a place.

    Raises:
        CheckpointError: There is no such model, or it is none of the compact family.
    """
    if not place:
        return None
    motion = compact_networks(place)["motion"]
    assert isinstance(motion, CompactMotionExtractor)
    return motion.eval().requires_grad_(False)


def compact_networks(place: str) -> Networks:
    """All networks of a compact model that reads for others.

    Raises:
        CheckpointError: There is no such model, or it is none of the compact family.
    """
    networks = open_networks(place)
    if not isinstance(networks["motion"], CompactMotionExtractor):
        raise CheckpointError(
            f"{place} reads no landmarks: its keypoints have no names. A model of the compact "
            "family is expected; give landmark_model=default, or landmark_model= for none."
        )
    return networks


def landmark_networks(place: str) -> Networks:
    """F, M, W and G of the compact model that reads for a base of the paper's architecture."""
    if not place:
        raise CheckpointError(
            "The keypoints of a base of the paper's architecture have no names, so that another "
            "model has to read lids and lips. Name a compact model; landmark_model=default is ours."
        )
    networks = compact_networks(place)
    return {name: networks[name] for name in NETWORKS}


def open_labelled(
    config: DataConfig, run: Path, weights: PaperWeights, landmark_model: str
) -> Sets:
    """The sets of a run, whose clips carry or get the pose and landmarks that losses ask for.

    Args:
        config: Says where they are.
        run: Folder of the run.
        weights: Of the losses.
        landmark_model: Compact model that reads what clips do not carry, or "".

    Raises:
        MediaError: They lack them, or the sets cannot be opened.
    """
    asked = [name for name in NEEDS_TRUTH if getattr(weights, name)]
    may_lack = bool(asked) and not landmark_model and not config.data
    # other folders carry none, so that they need not be prepared
    if not may_lack or any(f.is_far or f.has_clips for f in open_folders(config.clips)):
        sets = open_sets(config, run, annotated=True)
        if not may_lack or (sets.clips is not None and sets.clips.is_labelled):
            return sets
    raise MediaError(
        f"The clips carry no head pose and no landmarks, and {' and '.join(asked)} weigh more than "
        "0. Name a compact model that reads them with landmark_model=default, or set "
        f"{' '.join(f'weights.{name}=0' for name in asked)}."
    )
