"""Tiny weights in the published layout, written once for all tests of checkpoints."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from liveportrait_core.checkpoints.keymaps import (
    ENTRY_OF_NETWORK,
    FILE_OF_NETWORK,
    RETARGETING_FILE,
)
from tests.support.fill import published_state, write_published_folder
from tests.support.tiny import TINY_WIDTH_ONLY


@pytest.fixture(scope="session")
def written_once(tmp_path_factory):
    """The published hub, human and both animals, without `preset.json`."""
    root = tmp_path_factory.mktemp("weights") / "pretrained_weights"
    write_published_folder(root / "liveportrait", TINY_WIDTH_ONLY, "human")
    animals = root / "liveportrait_animals"
    write_published_folder(animals, TINY_WIDTH_ONLY, "old animal")
    newer = write_published_folder(root / "newer", TINY_WIDTH_ONLY, "new animal")
    (newer / "base_models").rename(animals / "base_models_v1.1")
    shutil.rmtree(newer)
    return root


@pytest.fixture
def hub(written_once, tmp_path) -> Path:
    """A copy of the published hub that a test may spoil."""
    return Path(shutil.copytree(written_once, tmp_path / "pretrained_weights"))


@pytest.fixture(scope="session")
def comfyui_once(tmp_path_factory):
    folder = tmp_path_factory.mktemp("comfyui") / "liveportrait"
    for place, salt in ((folder, "human"), (folder / "animal", "new animal")):
        place.mkdir()
        for network, stem in FILE_OF_NETWORK.items():
            state = published_state(network, TINY_WIDTH_ONLY, salt)
            save_file(state, place / f"{stem}.safetensors")
    small = {
        f"{entry}_module.{key}": value
        for network, entry in ENTRY_OF_NETWORK.items()
        for key, value in published_state(network, TINY_WIDTH_ONLY, "human").items()
    }
    save_file(small, folder / f"{RETARGETING_FILE}.safetensors")
    return folder


def same_weights(first: torch.nn.Module, second: torch.nn.Module) -> bool:
    a, b = first.state_dict(), second.state_dict()
    return a.keys() == b.keys() and all(torch.equal(a[key], b[key]) for key in a)
