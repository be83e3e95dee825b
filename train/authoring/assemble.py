"""One model file from the networks of several runs.

python -m train.assemble OUT --picture runs/picture --motion runs/motion --small runs/retarget
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from torch import nn

from liveportrait_core.errors import CheckpointError, LivePortraitError
from liveportrait_core.networks.build import build
from liveportrait_core.preset import Preset

from ..models.runs import open_networks, preset_of, write_model

PARTS: Mapping[str, tuple[str, ...]] = {
    "picture": ("appearance", "warping", "decoder"),
    "motion": ("motion",),
    "small": ("stitching", "eyes", "lip"),
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
                f"them was wanted. Name another for --{part}."
            )
        for name in names:
            if there[name].state_dict().keys() != expected[name].state_dict().keys():
                raise CheckpointError(
                    f"{places[part]} has another form of '{name}' than {places['picture']}; the "
                    f"parts of one model were wanted. Name another for --{part}."
                )
            networks[name] = there[name]
    return networks


def main(arguments: Sequence[str]) -> int:
    """Write the model into the folder OUT; 0, or 2 with one sentence."""
    parser = argparse.ArgumentParser(prog="python -m train.assemble", description=__doc__)
    parser.add_argument("out", type=Path, help="folder that the model goes into")
    for part, names in PARTS.items():
        parser.add_argument(
            f"--{part}", required=True, help=f"run or model file for {', '.join(names)}"
        )
    chosen = parser.parse_args(arguments)
    places = {part: str(getattr(chosen, part)) for part in PARTS}
    try:
        chosen.out.mkdir(parents=True, exist_ok=True)
        told = ", ".join(f"{part} {Path(place).name}" for part, place in places.items())
        preset = preset_of(Path(places["picture"]))
        print(write_model(chosen.out, preset, networks_of(places, preset), told))
    except (LivePortraitError, OSError) as error:
        print(f"python -m train.assemble: {error}", file=sys.stderr)
        return 2
    return 0
