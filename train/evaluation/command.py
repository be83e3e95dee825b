"""The command `python -m train.evaluate`: rendered heads, clips, and the paper's protocols."""

from __future__ import annotations

import json
import logging
import math
import sys
import tempfile
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from liveportrait_core.config.arguments import from_arguments, option_parser
from liveportrait_core.errors import LivePortraitError
from liveportrait_core.media.atomic import write_whole
from liveportrait_core.model import LivePortraitModel, load_model

from ..data.rendered import RenderedSet
from .clip_reenactment import EVERY, ReenactedClip, clip_measures, reenact_all
from .measured_model import at_size, compact_only
from .mesh_measures import UNAVAILABLE, ClipMesh, mesh_measures, mesh_python, read_mesh
from .options import EvaluateOptions
from .protocol_command import run_protocols, save_page
from .rendered_measures import rendered_measures, retarget_measures
from .seam import seam_measures

IDENTITIES = 120
"""People that are rendered to measure on: as many as the figures of the model cards are of, so
that measures compare with those."""
Measures = dict[str, float | str | list[dict[str, float | str]]]


def rendered(model: LivePortraitModel, data: RenderedSet) -> Measures:
    """The measures of --rendered; the networks work at the set's size."""
    sized = at_size(compact_only(model), data.size_px)
    measures: Measures = {**rendered_measures(sized, data)}
    if model.eyes is not None and model.lip is not None:
        measures |= retarget_measures(sized, data)
    if model.stitching is not None:
        measures |= seam_measures(model, data)
    return {**measures, "identities": len(data), "rendered_size_px": data.size_px}


def clips(model: LivePortraitModel, folder: Path, options: EvaluateOptions) -> Measures:
    """The measures of --clips, a row for each clip among them."""
    every, sized = options.every or EVERY, at_size(model, options.size_px)
    found = reenact_all(sized, load_model(), folder, every)
    measures: Measures = {**clip_measures(found)}
    rows = [clip.row for clip in found]
    meshes = _meshes(found, options)
    if meshes is None:
        measures |= {f"clips_{name}_r": UNAVAILABLE for name in ("eye", "lip", "gaze")}
    else:
        both = mesh_measures([meshes[clip.name] for clip in found])
        measures |= {f"clips_{name}": value for name, value in both.items()}
        rows = [row | mesh_measures([meshes[str(row["clip"])]]) for row in rows]
    return {**measures, "clips_size_px": options.size_px, "clip_rows": rows}


def _meshes(found: list[ReenactedClip], options: EvaluateOptions) -> dict[str, ClipMesh] | None:
    """The independent face meshes of the clips; the images stay where --frames asks for them."""
    python = mesh_python(options.mesh_python)
    with tempfile.TemporaryDirectory() as folder:
        frames: Path = options.frames or Path(folder)
        if python is not None or options.frames is not None:
            for clip in found:
                clip.write(frames)
        return None if python is None else read_mesh(python, frames)


@contextmanager
def _rendered_set(place: Path | str, options: EvaluateOptions) -> Generator[RenderedSet]:
    """The named set, or newly rendered people: animals are not what is measured here."""
    if isinstance(place, Path):
        yield RenderedSet([place])
        return
    from ..rendering.export.dataset import render_set  # noqa: PLC0415 - numba renders alone
    from ..rendering.export.options import PeopleOptions, RenderConfig  # noqa: PLC0415 - as above

    with tempfile.TemporaryDirectory() as folder:
        people = PeopleOptions(heads=options.heads, identities=IDENTITIES, animals=0.0)
        render_set(RenderConfig(folder=Path(folder), people=people), _show_rendered)
        yield RenderedSet([Path(folder)])


def _show_rendered(done: int, total: int) -> None:
    print(f"rendered {done} of {total} people to measure on", file=sys.stderr, flush=True)


def run(arguments: Sequence[str], command: str, description: str | None) -> None:
    """Print the measures that arguments ask for, and write them where they say so.

    Raises:
        LivePortraitError: Nothing is named, or something is missing.
    """
    parser = option_parser(EvaluateOptions, prog=command, description=description, group="measures")
    chosen = parser.parse_args(arguments)
    logging.basicConfig(level=logging.WARNING, format="%(message)s")
    _evaluate(from_arguments(EvaluateOptions, chosen))


def _evaluate(options: EvaluateOptions) -> None:
    """Print the measures that the options ask for, and write them where they say so."""
    if options.measures_nothing:
        raise LivePortraitError(
            "Nothing is named to measure on; give --rendered [FOLDER], --clips FOLDER, --self "
            "FOLDER or --cross FOLDER --portraits FOLDER."
        )
    options = options.with_places()
    model = load_model(options.measured.model, device=options.measured.device)
    measures: Measures = {}
    if options.rendered is not None:
        with _rendered_set(options.rendered, options) as data:
            measures |= rendered(model, data)
    if options.clips is not None:
        measures |= clips(model, options.clips, options)
    reports = run_protocols(model, options)
    _print(measures)
    if options.json is not None:
        found = measures | {report.mode: report.to_json() for report in reports}
        text = json.dumps(_without_nan(found), indent=2, allow_nan=False)
        write_whole(options.json, (text + "\n").encode())
    save_page(options, reports)


def _print(measures: Mapping[str, object]) -> None:
    for name, value in measures.items():
        if isinstance(value, list):
            for row in value:
                print("  " + ", ".join(f"{key} {_format(one)}" for key, one in row.items()))
        else:
            print(f"{name:28} {_format(value)}")


def _format(value: object) -> str:
    return f"{value:.4f}" if isinstance(value, float) else str(value)


def _without_nan(value: object) -> object:
    """A value with null in place of numbers that JSON does not know."""
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, dict):
        return {key: _without_nan(one) for key, one in value.items()}
    return [_without_nan(one) for one in value] if isinstance(value, list) else value
