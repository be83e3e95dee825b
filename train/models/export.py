"""A trained model of the paper's architecture, written for us and for everyone else."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import torch
from torch import nn

from liveportrait_core.checkpoints.keymaps import ENTRY_OF_NETWORK
from liveportrait_core.checkpoints.loading import read_model
from liveportrait_core.checkpoints.saving import save_checkpoint, write_published
from liveportrait_core.networks.build import build
from liveportrait_core.preset import Preset

from .runs import MODEL_NAME, zero_initialised
from .spectral_norm import folded_state

PUBLISHED_NAME = "published"
"""Folder with `base_models/*.pth` and their published keys, beside our own file."""


def write_both(
    folder: Path, preset: Preset, networks: Mapping[str, nn.Module], metadata: Mapping[str, str]
) -> Path:
    """Write a model as one file of ours and as the five published files, which do the same.

    The published files hold S, R_eyes and R_lip too, without which no published program loads
    them; where the networks have none, theirs give no offset.

    Args:
        folder: What it wrote there before is replaced.
        preset: Of the networks.
        networks: By the names that `LivePortraitModel` gives them, in eval mode; spectral norm is
            folded in.
        metadata: What our file says of them.

    Returns:
        Our file, in float32.
    """
    path = folder / MODEL_NAME
    plain = {name: network for name, network in build(preset).items() if name in networks}
    for name, network in plain.items():
        network.load_state_dict(folded_state(networks[name]))
    save_checkpoint(path, preset, plain, metadata=metadata)
    shutil.rmtree(folder / PUBLISHED_NAME, ignore_errors=True)
    stored = read_model(path)
    zero = {name: network.state_dict() for name, network in _zero_retargeting(preset).items()}
    write_published(folder / PUBLISHED_NAME, replace(stored, states={**zero, **stored.states}))
    return path


def _zero_retargeting(preset: Preset) -> dict[str, nn.Module]:
    """S, R_eyes and R_lip as stage 2 begins with them: their offset is zero."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        built = build(preset)
    return {name: zero_initialised(built[name]) for name in ENTRY_OF_NETWORK}
