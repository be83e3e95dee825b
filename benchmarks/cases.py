"""What is measured: one network, or all that one frame needs, of one model."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from liveportrait_core.constants import NUM_KEYPOINTS
from liveportrait_core.errors import CheckpointError
from liveportrait_core.model import LivePortraitModel, load_model
from liveportrait_core.motion.transform import transform_keypoints
from liveportrait_core.networks.build import NETWORK_NAMES, build
from liveportrait_core.preset import COMPACT, PAPER
from liveportrait_core.stages import (
    extract_appearance,
    extract_motion,
    source_parts,
    stitch,
    warp,
    warp_decode,
)

MODELS = ("default", "paper", "published-code")
"""Ours; the published sizes in our code; the published code itself, when its folder is given."""
FRAME = "frame"
"""All that one driving frame needs: M, keypoints, S, W and G; F and what else depends on the source
alone is done before."""
WHAT = (*NETWORK_NAMES, FRAME)

Run = Callable[[], object]


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One row of the table."""

    model: str
    what: str
    published_code: str | None = None

    @property
    def name(self) -> str:
        """As printed, and as --only matches it."""
        return f"{self.model}.{self.what}"


@dataclass(frozen=True, slots=True)
class Prepared:
    """A case with its weights and inputs on the device, ready to run."""

    run: Run
    num_parameters: int


def cases(published_code: Path | None) -> list[Case]:
    """All cases, the models beside each other."""
    folder = str(published_code.resolve()) if published_code else None
    models = MODELS if folder else MODELS[:-1]
    return [
        Case(model=model, what=what, published_code=folder) for what in WHAT for model in models
    ]


def prepare(case: Case, device: torch.device) -> Prepared:
    """Build a case; weights of the published sizes are random, which costs the same.

    Only what the case runs is kept: the memory of the rest is free again.
    """
    torch.manual_seed(0)
    with torch.no_grad():
        if case.model == MODELS[-1] and case.published_code is not None:
            return _prepare_published(case.what, Path(case.published_code), device)
        return _prepare_ours(our_model(case.model).to(device), case.what)


def our_model(name: str) -> LivePortraitModel:
    """The default model, or one of the published sizes with random weights."""
    if name == "default":
        try:
            return load_model()
        except CheckpointError:  # a checkout without weights: the sizes are what counts
            preset = COMPACT
    else:
        preset = PAPER
    networks: dict[str, Any] = {
        key: net.eval().requires_grad_(False) for key, net in build(preset).items()
    }
    return LivePortraitModel(preset=preset, **networks)


def _prepare_ours(model: LivePortraitModel, what: str) -> Prepared:
    face, source, driving = _inputs(model.preset.face_size_px, model.device)
    networks = model.modules()
    if what in ("stitching", "eyes", "lip"):
        net = networks[what]
        vector = torch.rand((1, next(net.parameters()).shape[1]), device=model.device)
        return Prepared(lambda: net(vector), _num_parameters(net))
    if what == "appearance":
        appearance = model.appearance
        return Prepared(lambda: appearance(face), _num_parameters(appearance))
    if what == "motion":
        motion = model.motion
        return Prepared(lambda: motion(face), _num_parameters(motion))
    volume = extract_appearance(model, face)
    parts = source_parts(model, volume, source)
    if what == "warping":
        return Prepared(
            lambda: warp(model, volume, source, driving, parts=parts),
            _num_parameters(model.warping),
        )
    if what == "decoder":
        decoder, warped = model.decoder, warp(model, volume, source, driving, parts=parts)
        return Prepared(lambda: decoder(warped), _num_parameters(decoder))

    def frame() -> Tensor:
        keypoints = transform_keypoints(extract_motion(model, face))
        if model.stitching is not None:
            keypoints = stitch(model, source, keypoints)
        return warp_decode(model, volume, source, keypoints, parts=parts)

    used = (model.motion, model.stitching, model.warping, model.decoder)
    return Prepared(frame, _num_parameters(*(net for net in used if net is not None)))


def _prepare_published(what: str, folder: Path, device: torch.device) -> Prepared:
    """The same from the published code; keypoints are ready-made, their arithmetic is nothing."""
    make = _PublishedCode(folder, device)
    face, source, driving = _inputs(PAPER.face_size_px, device)
    if what in ("stitching", "eyes", "lip"):
        net = make.small({"eyes": "eye"}.get(what, what))
        vector = torch.rand((1, next(net.parameters()).shape[1]), device=device)
        return Prepared(lambda: net(vector), _num_parameters(net))
    if what in ("appearance", "motion"):
        net = make(*PUBLISHED_CLASSES[what])
        return Prepared(lambda: net(face), _num_parameters(net))
    volume = make(*PUBLISHED_CLASSES["appearance"])(face)
    warping = make(*PUBLISHED_CLASSES["warping"])

    def warped() -> Tensor:
        return warping(volume, kp_source=source, kp_driving=driving)["out"]

    if what == "warping":
        return Prepared(warped, _num_parameters(warping))
    decoder = make(*PUBLISHED_CLASSES["decoder"])
    if what == "decoder":
        features = warped()
        return Prepared(lambda: decoder(feature=features), _num_parameters(decoder))
    motion, stitching = make(*PUBLISHED_CLASSES["motion"]), make.small("stitching")
    both = torch.cat((source.flatten(1), driving.flatten(1)), 1)

    def frame() -> Tensor:
        motion(face)
        stitching(both)
        return decoder(feature=warped())

    return Prepared(frame, _num_parameters(motion, stitching, warping, decoder))


PUBLISHED_CLASSES = {
    "appearance": (
        "appearance_feature_extractor",
        "AppearanceFeatureExtractor",
        "appearance_feature_extractor",
    ),
    "motion": ("motion_extractor", "MotionExtractor", "motion_extractor"),
    "warping": ("warping_network", "WarpingNetwork", "warping_module"),
    "decoder": ("spade_generator", "SPADEDecoder", "spade_generator"),
}
"""Module, class and entry of models.yaml of each large network of the published code."""


class _PublishedCode:
    """Builds networks of the published code from its own configuration."""

    def __init__(self, folder: Path, device: torch.device) -> None:
        settings = folder / "src" / "config" / "models.yaml"
        if not settings.is_file():
            raise FileNotFoundError(
                f"{folder} has no src/config/models.yaml; give the folder of a LivePortrait clone."
            )
        sys.path.insert(0, str(folder))
        yaml: Any = importlib.import_module("yaml")
        self._parameters = yaml.safe_load(settings.read_text("utf-8"))["model_params"]
        self._device = device

    def __call__(self, module: str, name: str, entry: str) -> nn.Module:
        kind = getattr(importlib.import_module(f"src.modules.{module}"), name)
        return self._ready(kind(**self._parameters[f"{entry}_params"]))

    def small(self, name: str) -> nn.Module:
        """S or one of the two R."""
        module = importlib.import_module("src.modules.stitching_retargeting_network")
        sizes = self._parameters["stitching_retargeting_module_params"][name]
        return self._ready(module.StitchingRetargetingNetwork(**sizes))

    def _ready(self, net: nn.Module) -> nn.Module:
        return net.eval().requires_grad_(False).to(self._device)


def _inputs(face_size_px: int, device: torch.device) -> tuple[Tensor, Tensor, Tensor]:
    """A face of noise and two sets of keypoints."""
    face = torch.rand((1, 3, face_size_px, face_size_px), device=device)
    source = torch.rand((1, NUM_KEYPOINTS, 3), device=device) - 0.5
    return face, source, source + 0.05 * torch.randn_like(source)


def _num_parameters(*networks: nn.Module) -> int:
    return sum(parameter.numel() for net in networks for parameter in net.parameters())
