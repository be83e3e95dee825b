"""Runs the paper's protocols with the options of `train.evaluate`."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Final

from liveportrait_core.errors import LivePortraitError
from liveportrait_core.model import LivePortraitModel, load_model

from ..data.rendered import RenderedSet
from ..metrics.feature_extractors import KeypointExtractor, load_extractors
from .fid import add_fid
from .html_report import write_page
from .layouts import LAYOUTS, Layout, layout_of, portraits_of, videos_of
from .measured_model import at_size
from .mesh_measures import mesh_python
from .options import EvaluateOptions
from .paper_tables import Mode
from .protocol import EvaluationSetup, cross_reenactment, self_reenactment
from .reenactment import EvaluatedModel
from .rendered_protocol import is_rendered, rendered_reenactment
from .report import Report
from .results import VideoResults, digest_of, sizes_in
from .saved_frames import SavedFrames

TITLE: Final = "Evaluation"


def run_protocols(model: LivePortraitModel, options: EvaluateOptions) -> list[Report]:
    """Run and print every protocol that the options name.

    Raises:
        LivePortraitError: A folder or a file is not what it should be.
    """
    reports: list[Report] = []
    if options.self_videos is not None:
        reports.append(_self(model, options.self_videos, options))
    if options.cross_videos is not None:
        reports.append(_cross(model, options.cross_videos, options))
    for report in reports:
        print(report.text())
    return reports


def save_page(options: EvaluateOptions, reports: list[Report]) -> None:
    """Write the reports as a page where the options name one.

    Raises:
        MediaError: It cannot be written.
    """
    if options.page is not None and reports:
        write_page(options.page, f"{TITLE} of {options.measured.model}", reports)


def _self(model: LivePortraitModel, folder: Path, options: EvaluateOptions) -> Report:
    if is_rendered(folder):
        data = RenderedSet([folder])
        setup = _setup(model, options, LAYOUTS["videos"], size_px=data.size_px)
        return rendered_reenactment(setup, data)
    layout = _layout(options, folder)
    with ExitStack() as stack:
        setup = _with_places(_setup(model, options, layout), options, "self", stack)
        report = self_reenactment(setup, _videos(options, folder, layout))
        return _meshed(report, setup, options)


def _cross(model: LivePortraitModel, folder: Path, options: EvaluateOptions) -> Report:
    if options.portraits is None:
        raise LivePortraitError(
            "--cross is given without --portraits; portraits to animate are expected. Give "
            "--portraits FOLDER, as the folder of FFHQ."
        )
    layout = _layout(options, folder)
    pictures = list(portraits_of(options.portraits).items())
    sources = dict(pictures[: options.sources])
    with ExitStack() as stack:
        setup = _with_places(_setup(model, options, layout), options, "cross", stack, sources)
        videos = _videos(options, folder, layout)
        report, totals = cross_reenactment(setup, videos, sources)
        if "inception" in setup.extractors:
            last = pictures[len(sources) :][-(options.real or layout.real) :]
            size_px, statistics = setup.evaluated.size_px, options.real_statistics
            read = setup.extractors["inception"]
            add_fid(report, totals, read, dict(last), size_px=size_px, statistics=statistics)
        return _meshed(report, setup, options)


def _layout(options: EvaluateOptions, folder: Path) -> Layout:
    return LAYOUTS[options.layout] if options.layout else layout_of(folder)


def _videos(options: EvaluateOptions, folder: Path, layout: Layout) -> Mapping[str, Path]:
    return dict(list(videos_of(folder, layout).items())[: options.videos])


def _setup(
    model: LivePortraitModel,
    options: EvaluateOptions,
    layout: Layout,
    *,
    size_px: int | None = None,
) -> EvaluationSetup:
    """What both protocols share; a rendered set has a size of its own."""
    evaluated = EvaluatedModel.of(
        model,
        load_model(device=model.device),
        size_px=size_px or options.size_px,
        framing=options.framing,
        motion=options.motion,
    )
    sized = evaluated.landmarks if size_px is None else at_size(evaluated.landmarks, size_px)
    return EvaluationSetup(
        evaluated=evaluated,
        extractors=load_extractors(
            options.metric_files, KeypointExtractor(sized), device=model.device
        ),
        metric_files=options.metric_files,
        layout=layout,
        every=options.every,
        max_frames=options.max_frames,
    )


def _with_places(
    setup: EvaluationSetup,
    options: EvaluateOptions,
    mode: Mode,
    stack: ExitStack,
    sources: Mapping[str, Path] | None = None,
) -> EvaluationSetup:
    """The setup with places for results and, where a mesh measures them, for images."""
    has_mesh = mesh_python(options.mesh_python) is not None
    if options.out is not None:
        settings = _stored_settings(setup, options, mode) | {"mesh": has_mesh}
        if sources is not None:
            portraits = [str(path) for path in sources.values()]
            settings |= {"portraits": portraits, "real": options.real or setup.layout.real}
        setup = replace(setup, results=VideoResults(options.out / mode, settings))
    if not has_mesh:
        return setup
    if options.out is not None:
        pictures: Path = options.out / mode / "pictures"
    else:
        pictures = Path(stack.enter_context(tempfile.TemporaryDirectory()))
    return replace(setup, saved_frames=SavedFrames(pictures, setup.evaluated.size_px))


def _stored_settings(
    setup: EvaluationSetup, options: EvaluateOptions, mode: Mode
) -> dict[str, object]:
    """Everything that a video's results depend on, by the names that stored results have."""
    layout, evaluated = setup.layout, setup.evaluated
    every, max_frames = (layout.every, layout.max_frames) if mode == "cross" else (1, None)
    return {
        "model": digest_of(evaluated.model),
        "framing": evaluated.framing,
        "motion": evaluated.motion,
        "size": evaluated.size_px,
        "every": setup.every or every,
        "most": setup.max_frames or max_frames,
        "measures": [one.key for one in setup.begin(mode)[1].measures],
        "metric-files": sizes_in(options.metric_files),
    }


def _meshed(report: Report, setup: EvaluationSetup, options: EvaluateOptions) -> Report:
    python = mesh_python(options.mesh_python)
    if setup.saved_frames is not None and python is not None:
        report.mesh = setup.saved_frames.measures(python)
    return report
