"""Evaluation on heads and clips that were never trained on.

    python -m train.evaluate --rendered FOLDER --json FILE
    python -m train.evaluate --rendered --face-model DIR --seed N --json FILE
    python -m train.evaluate --clips FOLDER --mesh-python PATH --json FILE
    python -m train.evaluate --self FILMS --cross FILMS --portraits FFHQ --page FILE

--rendered compares with the renderer's truth, --clips repaints each clip from its own first
frame, --self and --cross are the paper's protocols, with --out FOLDER stopped and gone on with at
will; all may be asked for at once. Measures that need something which is not there say so.
"""

from __future__ import annotations

import argparse
import json
import logging
import math
import sys
import tempfile
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from pathlib import Path

from liveportrait_core.errors import LivePortraitError
from liveportrait_core.model import LivePortraitModel, load_model

from ..data.rendered import RenderedSet
from .clip_reenactment import EVERY, SIZE_PX, Reenacted, clip_measures, reenact_all
from .measured_model import at_size, compact_only
from .mesh_measures import UNAVAILABLE, ClipSeen, mesh_measures, mesh_python, read_mesh
from .protocol_command import add_arguments, check_places, keep_page, protocols
from .rendered_measures import rendered_measures, retarget_measures
from .seam import seam_measures

IDENTITIES = 120
SEED = 9001
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


def clips(model: LivePortraitModel, chosen: argparse.Namespace) -> Measures:
    """The measures of --clips, a row for each clip among them."""
    size_px, every = chosen.size or SIZE_PX, chosen.every or EVERY
    found = reenact_all(at_size(model, size_px), load_model(), chosen.clips, every)
    measures: Measures = {**clip_measures(found)}
    rows = [clip.row for clip in found]
    seen = _mesh(found, chosen)
    if seen is None:
        measures |= {f"clips_{name}_r": UNAVAILABLE for name in ("eye", "lip", "gaze")}
    else:
        both = mesh_measures([seen[clip.name] for clip in found])
        measures |= {f"clips_{name}": value for name, value in both.items()}
        rows = [row | mesh_measures([seen[str(row["clip"])]]) for row in rows]
    return {**measures, "clips_size_px": size_px, "clip_rows": rows}


def _mesh(found: list[Reenacted], chosen: argparse.Namespace) -> dict[str, ClipSeen] | None:
    """What an independent mesh sees; the pictures stay where they are asked for."""
    python = mesh_python(chosen.mesh_python)
    with tempfile.TemporaryDirectory() as folder:
        frames: Path = chosen.frames or Path(folder)
        if python is not None or chosen.frames is not None:
            for clip in found:
                clip.write(frames)
        return None if python is None else read_mesh(python, frames)


@contextmanager
def _rendered_set(chosen: argparse.Namespace) -> Generator[RenderedSet]:
    """The named set, or people made for the purpose: animals are not what is measured here."""
    if chosen.rendered:
        yield RenderedSet([Path(chosen.rendered)])
        return
    from ..rendering.export.command import main as render  # noqa: PLC0415 - numba is only needed to render

    with tempfile.TemporaryDirectory() as folder:
        options = ["--identities", str(IDENTITIES), "--seed", str(chosen.seed)]
        options += ["--size", str(chosen.size or SIZE_PX), "--animals", "0"]
        if chosen.face_model is not None:
            options += ["--face-model", str(chosen.face_model)]
        if render([folder, *options]):
            raise LivePortraitError("The heads to measure on were not rendered; see above.")
        yield RenderedSet([Path(folder)])


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m train.evaluate",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--model", default="default", help="a model file, or default")
    parser.add_argument("--device", default="cpu", help="cpu or cuda")
    parser.add_argument(
        "--rendered",
        nargs="?",
        const="",
        help="a folder that train.render wrote; without it heads of people are rendered",
    )
    parser.add_argument(
        "--face-model", type=Path, help="render them from this face model, not from formulas"
    )
    parser.add_argument("--seed", type=int, default=SEED, help=f"of the rendering ({SEED})")
    parser.add_argument("--clips", type=Path, help="a folder of films of faces, or one film")
    parser.add_argument(
        "--every",
        type=_count,
        help=f"compare every so many-th frame ({EVERY}; --self 1; --cross 10, of VFHQ 5)",
    )
    parser.add_argument(
        "--size",
        type=_count,
        help=f"pixels a side that are rendered and that clips are compared at ({SIZE_PX})",
    )
    parser.add_argument("--frames", type=Path, help="keep the clips' pictures in this folder")
    parser.add_argument(
        "--mesh-python", type=Path, help="a Python with mediapipe, to look at the clips with"
    )
    parser.add_argument("--json", type=Path, help="write the measures here")
    add_arguments(parser, _count)
    return parser


def _count(text: str) -> int:
    if not text.isascii() or not text.isdigit() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is no whole number from 1 on")
    return int(text)


def main(arguments: list[str]) -> int:
    """Print the measures, and write them when asked; 0, or 2 with one sentence."""
    chosen = _parser().parse_args(arguments)
    logging.basicConfig(level=logging.WARNING, format="%(message)s")
    try:
        places = (chosen.rendered, chosen.clips, chosen.self_films, chosen.cross_films)
        if all(place is None for place in places):
            raise LivePortraitError(
                "Nothing to measure on; give --rendered [FOLDER], --clips FOLDER, --self FOLDER or "
                "--cross FOLDER --portraits FOLDER."
            )
        check_places(chosen)
        model = load_model(chosen.model, device=chosen.device)
        measures: Measures = {}
        if chosen.rendered is not None:
            with _rendered_set(chosen) as data:
                measures |= rendered(model, data)
        if chosen.clips is not None:
            measures |= clips(model, chosen)
        reports = protocols(model, chosen)
    except (LivePortraitError, OSError) as error:
        return _refused(error)
    _show(measures)
    try:
        if chosen.json is not None:
            told = measures | {report.mode: report.to_json() for report in reports}
            text = json.dumps(_without_nan(told), indent=2, allow_nan=False)
            chosen.json.write_text(text + "\n", encoding="utf-8")
        keep_page(chosen, reports)
    except (LivePortraitError, OSError) as error:
        return _refused(error)
    return 0


def _refused(error: Exception) -> int:
    print(f"python -m train.evaluate: {error}", file=sys.stderr)
    return 2


def _show(measures: Mapping[str, object]) -> None:
    for name, value in measures.items():
        if isinstance(value, list):
            for row in value:
                print("  " + ", ".join(f"{key} {_told(one)}" for key, one in row.items()))
        else:
            print(f"{name:28} {_told(value)}")


def _told(value: object) -> str:
    return f"{value:.4f}" if isinstance(value, float) else str(value)


def _without_nan(value: object) -> object:
    """What cannot be told is null in the file: JSON knows no other word for it."""
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, dict):
        return {key: _without_nan(one) for key, one in value.items()}
    return [_without_nan(one) for one in value] if isinstance(value, list) else value
