"""What a run on the published architecture is made of: its settings, networks and readers."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field, replace
from typing import TypeVar

import torch
from torch import nn

from liveportrait_core.errors import CheckpointError, MediaError
from liveportrait_core.geometry import full_precision
from liveportrait_core.networks.build import build
from liveportrait_core.networks.compact.motion_extractor import CompactMotionExtractor

from ..data.folder import open_folders
from ..data.sets import Sets
from ..engine.validation import ValidatedConfig
from ..losses.adversarial import OBJECTIVES
from ..losses.paper_terms import NEEDS_TRUTH, PaperWeights
from ..models.presets import PUBLISHED, SMALL
from ..models.pretrained.convnext import begin_trunk
from ..models.runs import begin_with, trained_networks
from ..models.spectral_norm import add_spectral_norm

NETWORKS = ("appearance", "motion", "warping", "decoder")
"""F, M, W and G."""
Config = TypeVar("Config", bound="PublishedConfig")


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishedConfig(ValidatedConfig):
    """Stage 1 on the published architecture (preset=paper, or preset=tiny to try it out)."""

    preset: str = "paper"
    """paper: the published sizes. tiny: the same networks with a sixteenth of the channels."""
    init: str = ""
    """Run, model file or published folder whose F, M, W and G training begins with."""
    trunk: str = ""
    """ConvNeXt-V2 file (timm's or the original keys) that M's trunk begins with."""
    reader: str = "default"
    """Compact model that reads head pose and landmarks of frames that carry none, as curated clips
    and rendered heads do; empty: nobody."""
    vgg: str = ""
    """VGG19 file (torchvision's keys) for L_P; without it our own features compare pictures."""
    arcface: str = ""
    """ArcFace file (InsightFace's iresnet keys) for L_faceid."""
    batch: int = 4
    """Pairs at a time and process."""
    total_batch: int = 104
    """Pairs per step of all processes together; `accumulate` follows from it. 0: as it is given."""
    lr: float = 2e-4
    """Adam learning rate of F, M, W and G."""
    judges_lr: float = 2e-4
    """Adam learning rate of the discriminators."""
    clip_norm: float = 10.0
    """Gradients are scaled down to this norm, F to G as one and the discriminators as one."""
    gan: str = "hinge"
    """Objective of the discriminators: hinge or least_squares."""
    clip_px: int = 512
    """Side at which clips are stored, a multiple of 128."""
    final_lr_share: float = 1.0
    """Share of the learning rate that the cosine ends at; 1 keeps it, as the paper seems to."""
    ema_decay: float = 0.999
    """Decay of the moving average of the weights; the average is what is written."""
    weights: PaperWeights = field(default_factory=PaperWeights)
    """Weights of Eq. 4."""

    def __post_init__(self) -> None:
        ValidatedConfig.__post_init__(self)
        if self.preset not in PUBLISHED:
            raise ValueError(
                f"preset is '{self.preset}'; it takes {', '.join((SMALL, *PUBLISHED))}."
            )
        if self.gan not in OBJECTIVES:
            raise ValueError(f"gan is '{self.gan}'; it takes {' or '.join(OBJECTIVES)}.")
        if self.batch < 1:
            raise ValueError(f"batch must be at least 1, got {self.batch}.")
        if (wrong := self.untold) and not any(
            folder.is_far or folder.has_clips for folder in open_folders(self.clips)
        ):  # of curated clips `require_told` knows
            raise ValueError(wrong)
        if self.weights.face_id and not self.arcface:
            raise ValueError(
                "weights.face_id is above 0, and there is no recognition network; give "
                "arcface=FILE, or weights.face_id=0 to train without L_faceid."
            )

    @property
    def begins_with(self) -> str:
        """Whose F, M, W and G training begins with; empty: nobody's."""
        return self.init

    @property
    def untold(self) -> str:
        """What is wrong where the clips do not tell pose and landmarks themselves; or nothing."""
        asked = [name for name in NEEDS_TRUTH if getattr(self.weights, name)]
        if not asked or self.data or self.reader:
            return ""
        return (
            f"Nobody tells the head pose and landmarks of the clips, and {' and '.join(asked)} "
            "weigh more than 0; name a compact model with reader=default, or set "
            f"{' '.join(f'weights.{name}=0' for name in asked)}."
        )

    def for_processes(self: Config, count: int) -> Config:
        """The same with `accumulate` such that `count` processes take `total_batch` together.

        Raises:
            ValueError: They cannot.
        """
        at_a_time = self.batch * count
        if not self.total_batch:
            return self
        if self.total_batch % at_a_time:
            raise ValueError(
                f"total_batch={self.total_batch} is no multiple of {count} processes with "
                f"batch={self.batch}; give another batch, or total_batch=0 and accumulate=N."
            )
        return replace(self, accumulate=self.total_batch // at_a_time)


def trainable_networks(config: PublishedConfig) -> dict[str, nn.Module]:
    """F, M, W and G as training begins with them; G under spectral norm, as the published one.

    Raises:
        CheckpointError: What they should begin with cannot be read, or is of another form.
    """
    built = build(PUBLISHED[config.preset])
    networks = {name: built[name] for name in NETWORKS}
    if config.trunk:
        begin_trunk(networks["motion"], config.trunk)
    if config.begins_with:
        trained = trained_networks(config.begins_with)
        for name, network in networks.items():
            begin_with(network, trained[name])
    add_spectral_norm(networks["decoder"])
    return networks


def compact_reader(place: str) -> CompactMotionExtractor | None:
    """The M of a compact model, frozen: it reads pose and landmarks; None without a place.

    Raises:
        CheckpointError: There is no such model, or it is none of the compact family.
    """
    if not place:
        return None
    motion = compact_networks(place)["motion"]
    assert isinstance(motion, CompactMotionExtractor)
    return motion.eval().requires_grad_(False)


def compact_networks(place: str) -> Mapping[str, nn.Module]:
    """All networks of a compact model that reads for others.

    Raises:
        CheckpointError: There is no such model, or it is none of the compact family.
    """
    networks = trained_networks(place)
    if not isinstance(networks["motion"], CompactMotionExtractor):
        raise CheckpointError(
            f"{place} reads no landmarks: its keypoints have no names. A model of the compact "
            "family was wanted; give reader=default, or reader= for nobody."
        )
    return networks


def require_told(config: PublishedConfig, sets: Sets) -> None:
    """Refuse clips that nobody tells pose and landmarks of, where losses ask for them.

    Raises:
        MediaError: They do.
    """
    if config.untold and not (sets.clips is not None and sets.clips.is_labelled):
        raise MediaError(config.untold)


def safe_for_volumes(device: torch.device) -> AbstractContextManager[object]:
    """Float32 for W on a CPU.

    In torch 2.13 the bfloat16 gradient of a 7 x 7 x 7 convolution like W's may write beyond its
    memory there, by its shape.
    """
    return full_precision(device) if device.type == "cpu" else nullcontext()
