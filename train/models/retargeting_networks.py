"""Initial weights of S, R_eyes and R_lip in stage 2: which learn, and which are only copied."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import torch
from torch import nn

from liveportrait_core.config.fields import OptionError
from liveportrait_core.errors import CheckpointError
from liveportrait_core.networks.build import build
from liveportrait_core.preset import Preset

from ..engine import checkpoint
from .runs import initialise_from, open_model, saved_settings, zero_initialised

RETARGETING_NETWORKS = ("stitching", "eyes", "lip")


def retargeting_networks(
    preset: Preset, parts: Sequence[str], init: str, base: Mapping[str, nn.Module], seed: int
) -> dict[str, nn.Module]:
    """The three networks in the sizes of a preset, without those that neither has.

    Args:
        preset: Of the base.
        parts: Names of those that learn. They begin with the weights of `init`, else with no
            offset; the others are copied from `init`, else from the base, else left out.
        init: Run folder or model, or "".
        base: The base's networks by name; it may have small ones.
        seed: Of the weights that training begins with.

    Raises:
        CheckpointError: `init` has none of the three, or is of another keypoint space or size.
    """
    found = _of_init(init, preset)
    kept = {**base, **found}
    with torch.device("meta"):  # for the sizes alone
        built = build(preset)
    torch.manual_seed(seed)
    networks: dict[str, nn.Module] = {}
    for name in RETARGETING_NETWORKS:
        network = zero_initialised(_drawn(built[name]))
        trained = (found if name in parts else kept).get(name)
        if trained is not None:
            initialise_from(network, trained)
        if name in parts or trained is not None:
            networks[name] = network.requires_grad_(name in parts)
    return networks


def check_resumable(run: Path, parts: Sequence[str], names: Sequence[str]) -> None:
    """Refuse a run's folder in which other networks were trained.

    Args:
        run: Folder of the run; it may be new.
        parts: Names of the networks that learn.
        names: Of these and of those that come along.

    Raises:
        CheckpointError: The folder holds a checkpoint of others.
    """
    state = checkpoint.load(run)
    if state is None:
        return
    before = parts_of(str(saved_settings(run).get("parts", ",".join(RETARGETING_NETWORKS))))
    if before != tuple(parts) or set(state["modules"]) != set(names):
        raise CheckpointError(
            f"{run} holds a run that trained {', '.join(before)} (networks: "
            f"{', '.join(state['modules'])}), and this command asks for {', '.join(parts)} "
            f"(networks: {', '.join(names)}). Give another folder with run=FOLDER."
        )


def parts_of(text: str) -> tuple[str, ...]:
    """The networks that `parts=` names, in the order of `RETARGETING_NETWORKS`.

    Raises:
        OptionError: It names none, or something else.
    """
    named = [name.strip() for name in text.split(",")]
    if not set(named) <= set(RETARGETING_NETWORKS):
        known = ",".join(RETARGETING_NETWORKS)
        raise OptionError(f"parts is '{text}'; some of {known} are expected.")
    return tuple(name for name in RETARGETING_NETWORKS if name in named)


def _of_init(init: str, preset: Preset) -> dict[str, nn.Module]:
    if not init:
        return {}
    other = open_model(init)
    found = {name: other.networks[name] for name in RETARGETING_NETWORKS if name in other.networks}
    if not found:
        raise CheckpointError(
            f"{init} has no {', no '.join(RETARGETING_NETWORKS)}; a run of stage 2 or a model with "
            "one of them is expected. Name another for init, or leave it out."
        )
    space = other.preset.space
    if space != preset.space:
        raise CheckpointError(
            f"{init} corrects keypoints of the space {space}, and the base has {preset.space}. "
            "Name a run or a model of the base's kind for init, or leave it out."
        )
    return found


def _drawn(network: nn.Module) -> nn.Module:
    """An MLP without memory, filled as torch fills new layers."""
    network.to_empty(device="cpu")
    for layer in network.modules():
        if isinstance(layer, nn.Linear):
            layer.reset_parameters()
    return network
