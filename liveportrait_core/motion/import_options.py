"""How motions of other programs are read."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from ..config.fields import check_options, option

MotionLayout = Literal["joyvasa", "moda", "ditto", "kdtalker"]
"""The program that wrote rows of 70 or 265 numbers."""
TemplateProgram = Literal["LivePortrait", "FasterLivePortrait"]
"""The program whose driving templates (.pkl) are written."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportOptions:
    """How a file that holds nothing but numbers is read: `ImportOptions(layout="ditto")`."""

    layout: MotionLayout | None = option(
        None,
        "program that wrote a file of rows of 70 or 265 numbers",
        unset="as the file says",
    )
    normalisation: Path | None = option(
        None,
        "the program's file of means and deviations, where its numbers are normalised: "
        "motion_template.pkl (JoyVASA), norm.npz (KDTalker) or mean.pt (MoDA)",
        unset="none",
        metavar="FILE",
    )

    def __post_init__(self) -> None:
        check_options(self)
