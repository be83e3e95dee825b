"""The command line of `train.render`."""

import sys
import time
from collections.abc import Sequence

from liveportrait_core.config.arguments import OptionGroups, Parser, from_arguments, help_text
from liveportrait_core.config.fields import spec_of
from liveportrait_core.errors import counted
from liveportrait_core.media.atomic import check_output
from liveportrait_core.media.images import IMAGE_SUFFIXES

from ...data.rendered import RenderedSet
from ...data.rendered_shards import FRAMES
from .contact_sheet import write_contact_sheet
from .dataset import render_set
from .options import ClipConfig, HeadOptions, RenderConfig, TargetOptions

PROCEDURAL = "No --face-model: heads are procedural, made from formulas alone."


def build_parser(command: str) -> Parser:
    """The command line of a command by its name."""
    parser = Parser(
        prog=command,
        description="Render heads with keypoints, pose, gaze, flow, visibility and regions. "
        "Run the same command again to resume.",
    )
    groups = OptionGroups(parser)
    groups.add(TargetOptions, group="target")
    size = "width and height of the pictures; of a clip 256 where none is given"
    groups.add(
        HeadOptions,
        group="heads",
        help_of={"size_px": help_text(spec_of(HeadOptions, "size_px"), size)},
    )
    of_target = {"folder", "face_model", "seed", "size_px"}
    groups.add(RenderConfig, group="set", skip=of_target)
    groups.finish()
    return parser


def run(arguments: Sequence[str], command: str) -> str:
    """Render what arguments ask for; what came of it, in words."""
    parser = build_parser(command)
    chosen = parser.parse_args(arguments)
    try:
        target = from_arguments(TargetOptions, chosen)
        if target.clip is not None:
            config = from_arguments(ClipConfig, chosen, path=target.clip)
        else:
            config = from_arguments(RenderConfig, chosen)
    except ValueError as error:
        parser.error(str(error))
    if config.heads.face_model is None:
        print(PROCEDURAL, file=sys.stderr)
    return _render_target(config, target)


def _render_target(config: RenderConfig | ClipConfig, target: TargetOptions) -> str:
    return _render_clip(config) if isinstance(config, ClipConfig) else _render(config, target)


def _render_clip(config: ClipConfig) -> str:
    from .clip import write_clip  # noqa: PLC0415 - clips alone need av

    num_frames = write_clip(config)
    return f"{config.path}: {counted(num_frames, 'frame')}, size {config.heads.size_px} px"


def _render(config: RenderConfig, target: TargetOptions) -> str:
    start_s = time.monotonic()
    first: list[int] = []

    def show(done: int, total: int) -> None:
        first.append(done)
        rate = FRAMES * (done - first[0]) / max(time.monotonic() - start_s, 1e-6)
        print(f"{done} of {total} identities, {rate:.0f} frames/s", file=sys.stderr, flush=True)

    if target.contact_sheet is not None:
        check_output(target.contact_sheet, suffixes=IMAGE_SUFFIXES)
    rendered = render_set(config, progress=show)
    if target.contact_sheet is not None:
        write_contact_sheet(RenderedSet([config.folder]), target.contact_sheet)
    kept = config.people.identities - rendered
    size = config.heads.size_px
    return f"{config.folder}: {rendered} identities rendered, {kept} kept, size {size} px"
