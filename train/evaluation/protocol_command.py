"""The options of the paper's protocols, and what they do."""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Final, get_args

from liveportrait_core.errors import LivePortraitError
from liveportrait_core.model import LivePortraitModel, load_model
from liveportrait_core.options import MotionMode

from ..data.rendered import RenderedSet
from ..metrics.feature_extractors import MotionReader, open_readers
from .clip_reenactment import SIZE_PX
from .fid import add_fid
from .html_report import write_page
from .layouts import LAYOUTS, Layout, films_of, layout_of, portraits_of
from .measured_model import at_size
from .mesh_measures import mesh_python
from .paper_tables import Mode
from .protocol import NUM_SOURCES, Setting, cross_reenactment, self_reenactment
from .reenactment import FramingMode, Stage
from .rendered_protocol import is_rendered, rendered_reenactment
from .report import Report
from .results import FilmResults, digest_of, make_folder, sizes_in
from .saved_frames import KeptPictures

TITLE: Final = "Evaluation"
JSON_NAME: Final = "measures.json"
PAGE_NAME: Final = "page.html"
STATISTICS_NAME: Final = "real.npz"
"""In the folder of --out, unless --json, --page and --real-statistics name other places."""


def add_arguments(parser: argparse.ArgumentParser, count: Callable[[str], int]) -> None:
    """The options of the paper's protocols.

    Args:
        parser: Gains a group.
        count: Reads a whole number from 1 on.
    """
    group = parser.add_argument_group("the paper's protocols (Sec. 4, App. A)")
    add = group.add_argument
    add(
        "--self",
        dest="self_films",
        type=Path,
        metavar="FOLDER",
        help="films driven by themselves: Table 2; a folder of train.render is compared with the "
        "renderer's truth",
    )
    add(
        "--cross",
        dest="cross_films",
        type=Path,
        metavar="FOLDER",
        help="films that drive the portraits of --portraits: Table 3",
    )
    add(
        "--portraits",
        type=Path,
        metavar="FOLDER",
        help="FFHQ: its first pictures are animated, its last ones are FID's real ones",
    )
    add(
        "--layout",
        choices=list(LAYOUTS),
        help="how the films lie, and which numbers and tables hold; found out if left out",
    )
    add(
        "--framing",
        choices=get_args(FramingMode),
        default="paste",
        help="paste: the face is cut out, painted and pasted back, whole frames are compared "
        "(default); crop: the face's crop alone; whole: the frames are face crops already",
    )
    add(
        "--motion",
        choices=get_args(MotionMode),
        default="relative",
        help="relative: as Eq. 7 (default); absolute: the driver's own",
    )
    add("--most", type=count, help="frames of a film at most (all; cross 24, VFHQ 6)")
    add("--films", type=count, help="the first so many films alone, for a trial")
    add("--sources", type=count, default=NUM_SOURCES, help=f"portraits to animate ({NUM_SOURCES})")
    add("--real", type=count, help="FID's real pictures, the last ones (38400; VFHQ 15000)")
    add(
        "--real-statistics",
        type=Path,
        metavar="FILE",
        help="FID's real mean and covariance (.npz with mu, sigma): read, or kept there",
    )
    add(
        "--metric-files",
        type=Path,
        metavar="FOLDER",
        help="networks for LPIPS, FID, CSIM, AED, APD and MAE; names in docs/training.md",
    )
    add(
        "--out",
        type=Path,
        metavar="FOLDER",
        help="keep each film's results here: the same command goes on where it was stopped; "
        f"{JSON_NAME}, {PAGE_NAME} and {STATISTICS_NAME} (of --real) are written here, too",
    )
    add("--page", type=Path, metavar="FILE", help="write tables and strips as one HTML file")


def check_places(chosen: argparse.Namespace) -> None:
    """Refuse files that cannot be written before hours of work, not after; make the --out folder.

    Raises:
        LivePortraitError: The folder of one is missing, or that one cannot be made.
    """
    if chosen.out is not None:
        make_folder(chosen.out)
        chosen.json = chosen.json or chosen.out / JSON_NAME
        chosen.page = chosen.page or chosen.out / PAGE_NAME
        chosen.real_statistics = chosen.real_statistics or chosen.out / STATISTICS_NAME
    for path in (chosen.page, chosen.json, chosen.real_statistics):
        if path is not None and not path.absolute().parent.is_dir():
            raise LivePortraitError(
                f"{path} cannot be written: there is no folder {path.parent}. Make it, or choose "
                "another name."
            )


def protocols(model: LivePortraitModel, chosen: argparse.Namespace) -> list[Report]:
    """Every protocol that was asked for, printed.

    Raises:
        LivePortraitError: A folder or a file is not what it should be.
    """
    reports: list[Report] = []
    if chosen.self_films is not None:
        reports.append(_self(model, chosen))
    if chosen.cross_films is not None:
        reports.append(_cross(model, chosen))
    for report in reports:
        print(report.text())
    return reports


def keep_page(chosen: argparse.Namespace, reports: list[Report]) -> None:
    """Write the reports as a page where that was asked for.

    Raises:
        MediaError: It cannot be written.
    """
    if chosen.page is not None and reports:
        write_page(chosen.page, f"{TITLE} of {chosen.model}", reports)


def _self(model: LivePortraitModel, chosen: argparse.Namespace) -> Report:
    if is_rendered(chosen.self_films):
        data = RenderedSet([chosen.self_films])
        setting = _setting(model, chosen, LAYOUTS["films"], size_px=data.size_px)
        return rendered_reenactment(setting, data)
    layout = _layout(chosen, chosen.self_films)
    with ExitStack() as stack:
        setting = _kept(_setting(model, chosen, layout), chosen, "self", stack)
        report = self_reenactment(setting, _films(chosen, chosen.self_films, layout))
        return _meshed(report, setting, chosen)


def _cross(model: LivePortraitModel, chosen: argparse.Namespace) -> Report:
    if chosen.portraits is None:
        raise LivePortraitError(
            "--cross needs portraits to animate, and none were named. Give --portraits FOLDER, as "
            "the folder of FFHQ."
        )
    layout = _layout(chosen, chosen.cross_films)
    pictures = list(portraits_of(chosen.portraits).items())
    sources = dict(pictures[: chosen.sources])
    with ExitStack() as stack:
        setting = _kept(_setting(model, chosen, layout), chosen, "cross", stack, sources)
        films = _films(chosen, chosen.cross_films, layout)
        report, tally = cross_reenactment(setting, films, sources)
        if "inception" in setting.readers:
            last = pictures[len(sources) :][-(chosen.real or layout.real) :]
            size_px, statistics = setting.stage.size_px, chosen.real_statistics
            read = setting.readers["inception"]
            add_fid(report, tally, read, dict(last), size_px=size_px, statistics=statistics)
        return _meshed(report, setting, chosen)


def _layout(chosen: argparse.Namespace, folder: Path) -> Layout:
    return LAYOUTS[chosen.layout] if chosen.layout else layout_of(folder)


def _films(chosen: argparse.Namespace, folder: Path, layout: Layout) -> Mapping[str, Path]:
    return dict(list(films_of(folder, layout).items())[: chosen.films])


def _setting(
    model: LivePortraitModel,
    chosen: argparse.Namespace,
    layout: Layout,
    *,
    size_px: int | None = None,
) -> Setting:
    """What both protocols share; a rendered set says its size itself."""
    stage = Stage.of(
        model,
        load_model(device=model.device),
        size_px=size_px or chosen.size or SIZE_PX,
        framing=chosen.framing,
        motion=chosen.motion,
    )
    sized = stage.landmarks if size_px is None else at_size(stage.landmarks, size_px)
    return Setting(
        stage=stage,
        readers=open_readers(chosen.metric_files, MotionReader(sized), device=model.device),
        metric_files=chosen.metric_files,
        layout=layout,
        every=chosen.every,
        most=chosen.most,
    )


def _kept(
    setting: Setting,
    chosen: argparse.Namespace,
    mode: Mode,
    stack: ExitStack,
    sources: Mapping[str, Path] | None = None,
) -> Setting:
    """The setting with places for results and, where a mesh looks at them, for pictures."""
    has_mesh = mesh_python(chosen.mesh_python) is not None
    if chosen.out is not None:
        settings = _told(setting, chosen, mode) | {"mesh": has_mesh}
        if sources is not None:
            portraits = [str(path) for path in sources.values()]
            settings |= {"portraits": portraits, "real": chosen.real or setting.layout.real}
        setting = replace(setting, results=FilmResults(chosen.out / mode, settings))
    if not has_mesh:
        return setting
    if chosen.out is not None:
        pictures: Path = chosen.out / mode / "pictures"
    else:
        pictures = Path(stack.enter_context(tempfile.TemporaryDirectory()))
    return replace(setting, kept=KeptPictures(pictures, setting.stage.size_px))


def _told(setting: Setting, chosen: argparse.Namespace, mode: Mode) -> dict[str, object]:
    """Everything that a film's results depend on."""
    layout, stage = setting.layout, setting.stage
    every, most = (layout.every, layout.most) if mode == "cross" else (1, None)
    return {
        "model": digest_of(stage.model),
        "framing": stage.framing,
        "motion": stage.motion,
        "size": stage.size_px,
        "every": setting.every or every,
        "most": setting.most or most,
        "measures": [one.key for one in setting.begin(mode)[1].measures],
        "metric-files": sizes_in(chosen.metric_files),
    }


def _meshed(report: Report, setting: Setting, chosen: argparse.Namespace) -> Report:
    python = mesh_python(chosen.mesh_python)
    if setting.kept is not None and python is not None:
        report.mesh = setting.kept.measures(python)
    return report
