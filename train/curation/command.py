"""Curate videos and images for training: python -m train.curate IN... -o OUT."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from liveportrait_core.config.arguments import OptionGroups, Parser, from_arguments
from liveportrait_core.config.fields import check_options, option, shared, specs_of
from liveportrait_core.errors import counted

from .curating import curate
from .report import PAGE_NAME, rejections
from .settings import CurationSettings
from .tools import ToolOptions
from .workers import WorkerOptions


@dataclass(frozen=True, slots=True, kw_only=True)
class CurateOptions:
    """Everything that the command takes."""

    places: tuple[Path, ...] = option(help="folders or files", positional=True, metavar="IN")
    out: Path = option(help="where the shards go", short="-o")
    workers: WorkerOptions = shared(WorkerOptions)
    tools: ToolOptions = shared(ToolOptions)
    settings: CurationSettings = shared(CurationSettings)

    def __post_init__(self) -> None:
        check_options(self)


def build_parser(command: str) -> Parser:
    """The command line of a command by its name."""
    parser = Parser(
        prog=command,
        description="Find clips of one person each in videos and images, leave out bad ones, "
        "crop and annotate the rest, and write them as WebDataset shards with an index. Run the "
        "same command again to resume, or to add new files.",
    )
    groups = OptionGroups(parser)
    limits = {spec.key for spec in specs_of(CurationSettings)}
    groups.add(CurateOptions, skip=limits, group="files and networks")
    groups.add(CurationSettings, group="clips")
    groups.finish()
    return parser


def run(arguments: Sequence[str], command: str) -> str:
    """Curate as arguments say; what came of it, in words."""
    chosen = build_parser(command).parse_args(arguments)
    return _curated(from_arguments(CurateOptions, chosen))


def _curated(options: CurateOptions) -> str:
    index = curate(
        options.places,
        options.out,
        options.settings,
        factory=options.tools,
        workers=options.workers,
    )
    return (
        f"{options.out}: {counted(index['films'], 'video clip')} and "
        f"{counted(index['stills'], 'image')}, {counted(index['frames'], 'frame')} of "
        f"{counted(index['files'], 'file')}. Left out: {rejections(index)}\n"
        f"{options.out / PAGE_NAME} shows what was kept and what was left out."
    )
