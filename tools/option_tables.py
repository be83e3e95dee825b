"""Write docs/options.md from the options: python -m tools.option_tables."""

from __future__ import annotations

from pathlib import Path

from liveportrait_core.command_options import (
    ClipPart,
    ConvertOptions,
    DownloadOptions,
    FeedOptions,
    IdleDriver,
    IdleFileOptions,
    JoyvasaFiles,
    LiveOutputOptions,
    ModelOptions,
    OutputOptions,
    ReportOptions,
    ShowOptions,
    TimelineFileOptions,
)
from liveportrait_core.config.tables import option_table
from liveportrait_core.motion.control_options import Controls
from liveportrait_core.motion.expression_options import ExpressionOptions
from liveportrait_core.motion.import_options import ImportOptions
from liveportrait_core.motion.life_options import IdleOptions
from liveportrait_core.motion.slider_options import Sliders
from liveportrait_core.motion.tool_options import (
    ChangeOptions,
    ChannelGains,
    ChannelLimits,
    JoinOptions,
    LayerOptions,
    OneEuroOptions,
)
from liveportrait_core.options import (
    AnimateOptions,
    DrivingOptions,
    Edit,
    FaceOptions,
    Framing,
)
from liveportrait_core.sessions.live_options import LiveOptions

PAGE = Path(__file__).resolve().parent.parent / "docs" / "options.md"
INTRODUCTION = """# Options

Made by `python -m tools.option_tables`; do not edit. Each option stands once, in
`options.py`, `command_options.py` or `motion/` of `liveportrait_core`; the command line and the
widgets of the nodes are made from the same classes. The keys of the library are fields of
the class that a table names. A value outside its range is refused."""
TABLES = (
    ("How a driver moves a source: `DrivingOptions`", DrivingOptions, ""),
    (
        "Which face: `FaceOptions`",
        FaceOptions,
        "`AnimateOptions` has it twice: `source_face`, and `driving_face`, whose names on the "
        "command line begin with `--driving-`.",
    ),
    (
        "How it is cropped: `Framing`",
        Framing,
        "Likewise `source_framing` and `driving_framing`. The command line has no "
        "`--crop-shift-x` and `--crop-shift-y`: it can give the shift whole.",
    ),
    ("The rest of `AnimateOptions`", AnimateOptions, ""),
    (
        "An expression: `ExpressionOptions`",
        ExpressionOptions,
        "Of `edit` alone; [expressions.md](expressions.md) has examples.",
    ),
    (
        "Controls: `Controls`",
        Controls,
        "`edit --set` has them by name; a name without its side means both.",
    ),
    ("Editing: `Edit`", Edit, "Its `sliders` are `Sliders`."),
    ("Sliders: `Sliders`", Sliders, ""),
    ("A face that does nothing: `IdleOptions`", IdleOptions, "`motion idle` has them by name."),
    ("The same as the driver of `animate`: `IdleDriver`", IdleDriver, "Of the command line alone."),
    ("A timeline as a file: `TimelineFileOptions`", TimelineFileOptions, "`motion timeline`'s."),
    ("A motion over another: `LayerOptions`", LayerOptions, "`motion layer` has them by name."),
    ("Motions one after another: `JoinOptions`", JoinOptions, "`motion join` has it by name."),
    (
        "A motion changed: `ChangeOptions`",
        ChangeOptions,
        "In this order: part, smoothing, frame rate, mirror, gains, limits, loop. `motion change` "
        "has them and those of the next three by name.",
    ),
    ("Its `gains`: `ChannelGains`", ChannelGains, ""),
    ("Its `limits`: `ChannelLimits`", ChannelLimits, ""),
    ("Its `one_euro`: `OneEuroOptions`", OneEuroOptions, ""),
    ("Live: `LiveOptions`", LiveOptions, "`live` has them by name, with those of `one_euro`."),
    ("Who drives live: `FeedOptions`", FeedOptions, "Of `live` alone."),
    ("Where it is shown: `LiveOutputOptions`", LiveOutputOptions, "Likewise."),
    ("Model and device: `ModelOptions`", ModelOptions, "Of the command line alone."),
    (
        "Part of a video: `ClipPart`",
        ClipPart,
        "Of the command line alone, `--start` and `--duration` for the source, and with "
        "`--driving-` for the driver.",
    ),
    ("What `animate` writes: `OutputOptions`", OutputOptions, "Of the command line alone."),
    ("`faces`: `ShowOptions`", ShowOptions, "Of the command line alone."),
    ("What a command prints: `ReportOptions`", ReportOptions, "Of the command line alone."),
    ("`motion idle`: `IdleFileOptions`", IdleFileOptions, "Of the command line alone."),
    ("`motion convert`: `ConvertOptions`", ConvertOptions, "Of the command line alone."),
    (
        "Rows of numbers as a motion: `ImportOptions`",
        ImportOptions,
        "`motion convert` has them by name ([formats](motion_files.md)).",
    ),
    (
        "`models joyvasa`: `JoyvasaFiles`",
        JoyvasaFiles,
        "Of the command line alone ([what it makes](motion_files.md#joyvasas-own-weights)).",
    ),
    ("`models download`: `DownloadOptions`", DownloadOptions, "Of the command line alone."),
)


def page() -> str:
    """The whole document."""
    parts = [INTRODUCTION]
    for heading, kind, note in TABLES:
        table = option_table(kind, flags=True, held=False)
        parts.append("\n".join([f"\n## {heading}\n", *([f"{note}\n"] if note else []), table]))
    return "\n".join(parts) + "\n"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="ascii")
