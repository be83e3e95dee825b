"""Options of reading blendshapes from files of face capture."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

from ..config.fields import check_options, option
from .tool_options import frame_rate_option

HeadTurns = Literal["arkit", "unreal", "none"]
AngleUnit = Literal["auto", "radians", "degrees"]


@dataclass(frozen=True, slots=True, kw_only=True)
class CaptureOptions:
    """How a file of face capture is read: `CaptureOptions(head="none")`."""

    capture_fps: Fraction | None = frame_rate_option(
        None,
        "frames per second of the capture",
        unset="by its time codes; 60 where they do not tell, 30 of MediaPipe",
        metavar="FPS",
    )
    head: HeadTurns = option(
        "arkit",
        "which way its head angles turn: arkit (down, to the person's left, counter-clockwise), "
        "unreal (up, to the right, counter-clockwise); none leaves the head out",
    )
    angles: AngleUnit = option(
        "auto",
        "unit of the head angles of a CSV; auto: degrees where one is above 3.2, or else radians",
    )
    mirrored: bool = option(False, "the capture shows a mirror image: left and right change places")
    level: bool = option(
        False, "the head's usual turn, the median, counts as upright: a phone often looks up at it"
    )

    def __post_init__(self) -> None:
        check_options(self)
