"""Fit a map between blendshapes and a model's expression on rendered people."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType
from typing import Final

from liveportrait_core.command_options import ModelOptions
from liveportrait_core.config.arguments import from_arguments, option_parser
from liveportrait_core.config.fields import check_options, option, shared
from liveportrait_core.constants import ANIMAL_SPACE
from liveportrait_core.errors import CheckpointError, counted
from liveportrait_core.media.atomic import check_output
from liveportrait_core.media.blendshape_map_file import MAP_SUFFIX, save_blendshape_map
from liveportrait_core.model import LivePortraitModel, load_model
from liveportrait_core.motion.blendshape_map import BlendshapeMap
from liveportrait_core.motion.blendshapes import ARKIT_SHAPES

from ..evaluation.measured_model import at_size
from ..rendering.export.options import HeadOptions
from ..rendering.head.load import load_head
from .shape_fit import LEAST_R, ReadPerson, correlations, fit, read_person
from .shape_frames import ShapeRenderer

COMPACT_PX: Final = 256
"""Side at which a compact model reads faces."""
SAID_EVERY: Final = 20
"""People between two lines of progress."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BlendshapesOptions:
    """What the map is fitted to, and where it goes."""

    out: Path = option(help="the map, a .safetensors file", positional=True, metavar="OUT")
    model: ModelOptions = shared(ModelOptions, hidden=("dtype",))
    heads: HeadOptions = shared(HeadOptions, hidden=("size_px",))
    people: int = option(200, "how many people are rendered", minimum=2)
    frames: int = option(30, "frames of each, besides one at rest", minimum=1)
    left_out: float = option(
        0.2,
        "of the people, the share that the map is measured on",
        above=0,
        maximum=0.9,
        metavar="FRACTION",
    )

    def __post_init__(self) -> None:
        check_options(self)

    @property
    def num_left_out(self) -> int:
        """People that the map is measured on."""
        return min(self.people - 1, max(1, round(self.people * self.left_out)))


def run(arguments: Sequence[str], command: str) -> str:
    """Render, read, fit, measure and write; what came of it, in words."""
    parser = option_parser(
        BlendshapesOptions,
        prog=command,
        description=(
            "Fit a map between the 52 ARKit shapes and a model's expression, on rendered people."
        ),
        group="fit",
    )
    options = from_arguments(BlendshapesOptions, parser.parse_args(arguments))
    check_output(options.out, suffixes=(MAP_SUFFIX,))
    model = load_model(options.model.model, device=options.model.device)
    shape_map = fitted_map(model, options)
    save_blendshape_map(shape_map, options.out)
    return f"{table_of(shape_map)}\n{options.out}: {options.out.stat().st_size:,} bytes"


def fitted_map(model: LivePortraitModel, options: BlendshapesOptions) -> BlendshapeMap:
    """The map of a model, with how well it reads people who were left out.

    Raises:
        CheckpointError: The model is an animals' one.
    """
    if model.preset.space == ANIMAL_SPACE:
        raise CheckpointError(
            f"The {model.preset.name} model is of the keypoint space {ANIMAL_SPACE!r}; one of "
            "people is expected, as blendshapes are theirs. Give --model human or default."
        )
    people = _read_people(model, options)
    fitted_to, left_out = people[: -options.num_left_out], people[-options.num_left_out :]
    producer = (
        f"fitted to {len(fitted_to)} rendered people in {counted(options.frames, 'frame')} each, "
        f"read by {model.preset.name}"
    )
    shape_map = fit(fitted_to, model.preset.space, producer)
    return with_read_r(shape_map, correlations(shape_map, left_out))


def with_read_r(shape_map: BlendshapeMap, read_r: dict[str, float]) -> BlendshapeMap:
    """A map that says how well it reads, and does not read what it cannot tell (`LEAST_R`)."""
    told = [read_r.get(name, 0.0) >= LEAST_R for name in ARKIT_SHAPES]
    reading = shape_map.reading * shape_map.reading.new_tensor(told)
    return replace(shape_map, reading=reading, read_r=MappingProxyType(read_r))


def table_of(shape_map: BlendshapeMap) -> str:
    """How well each shape is read, the best first."""
    rows = sorted(shape_map.read_r.items(), key=lambda row: -row[1])
    lines = [
        f"{name:<20} {r:6.2f}{'' if name in shape_map.read else '  not read'}" for name, r in rows
    ]
    return "\n".join([f"{'shape':<20} {'r':>6}", *lines])


def _read_people(model: LivePortraitModel, options: BlendshapesOptions) -> list[ReadPerson]:
    compact = model.preset.family == "compact"
    reader = at_size(model, COMPACT_PX) if compact else model
    head = load_head(options.heads.face_model)
    renderer = ShapeRenderer(head, reader.preset.face_size_px, model.preset.driving_crop)
    people: list[ReadPerson] = []
    for number in range(options.people):
        frames = renderer.person(options.heads.seed, number, options.frames)
        people.append(read_person(reader, frames))
        if (number + 1) % SAID_EVERY == 0:
            print(f"{number + 1} of {options.people} people", file=sys.stderr, flush=True)
    return people
