"""One model file from the networks of several runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import nn

from liveportrait_core.config.arguments import from_arguments, option_parser
from liveportrait_core.config.fields import check_options, option
from liveportrait_core.errors import CheckpointError
from liveportrait_core.media.atomic import make_folder
from liveportrait_core.networks.build import build
from liveportrait_core.preset import Preset

from ..models.runs import have_same_form, open_networks, preset_of, write_model

PARTS: Mapping[str, tuple[str, ...]] = {
    "picture": ("appearance", "warping", "decoder"),
    "motion": ("motion",),
    "retargeting": ("stitching", "eyes", "lip"),
}
"""What is taken from where."""


def networks_of(places: Mapping[str, str], preset: Preset) -> dict[str, nn.Module]:
    """The networks of `PARTS`, each from the run or model file that is named for its part.

    Raises:
        CheckpointError: A place lacks one of its networks, or has it in another form.
    """
    expected = build(preset)
    networks: dict[str, nn.Module] = {}
    for part, names in PARTS.items():
        there = open_networks(places[part])
        missing = [name for name in names if name not in there]
        if missing:
            raise CheckpointError(
                f"{places[part]} has no {' and no '.join(missing)}; a run or a model that has "
                f"them is expected. Name another for --{part}."
            )
        for name in names:
            if not have_same_form(there[name].state_dict(), expected[name].state_dict()):
                raise CheckpointError(
                    f"{places[part]} has another form of '{name}' than {places['picture']}; the "
                    f"parts of one model are expected. Name another for --{part}."
                )
            networks[name] = there[name]
    return networks


def mix_in(networks: Mapping[str, nn.Module], older: Mapping[str, nn.Module], share: float) -> None:
    """Average weights with those of a model that their training began with (Wortsman et al., 2022).

    w = (1 - share) w + share w_older, running statistics too. What the older one does not have
    stays as it is.

    Args:
        networks: Of the newer model, changed in place.
        older: Networks by the same names.
        share: Of the older one.
    """
    for name, network in networks.items():
        before = older[name].state_dict() if name in older else {}
        for key, value in network.state_dict().items():
            has_older = key in before and before[key].shape == value.shape
            if has_older and value.is_floating_point():
                value.copy_(torch.lerp(value, before[key].to(value), share))


@dataclass(frozen=True, slots=True, kw_only=True)
class AssembleOptions:
    """Where each part of the model comes from, and where the model goes."""

    out: Path = option(help="folder of the model", positional=True, metavar="OUT")
    picture: str = option(help="run or model file for appearance, warping, decoder")
    motion: str = option(help="run or model file for motion")
    retargeting: str = option(help="run or model file for stitching, eyes, lip")
    older: str | None = option(
        None,
        "run or model file that the picture's run began with, whose weights are averaged with its "
        "own",
        unset="none",
    )
    older_share: float = option(
        0.25, "weight of the older one in that average", minimum=0, maximum=1
    )

    def __post_init__(self) -> None:
        check_options(self)


def run(arguments: Sequence[str], command: str, description: str | None) -> Path:
    """Write the model into the folder OUT; the file."""
    parser = option_parser(AssembleOptions, prog=command, description=description, group="parts")
    chosen = parser.parse_args(arguments)
    return _assembled(from_arguments(AssembleOptions, chosen))


def _assembled(options: AssembleOptions) -> Path:
    places = {part: getattr(options, part) for part in PARTS}
    make_folder(options.out)
    origin = ", ".join(f"{part} {Path(place).name}" for part, place in places.items())
    preset = preset_of(Path(options.picture))
    networks = networks_of(places, preset)
    if options.older is not None:
        picture = {name: networks[name] for name in PARTS["picture"]}
        mix_in(picture, open_networks(options.older), options.older_share)
        origin += f", {options.older_share:g} of it {Path(options.older).name}"
    return write_model(options.out, preset, networks, origin)
