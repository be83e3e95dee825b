"""Commands of AdvancedLivePortrait as segments of a timeline."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

from .timeline_options import Segment

_COMMAND: Final = re.compile(r"(\d{1,9})\s*=\s*(\d{1,9})\s*:\s*(\d{1,9})")
COMMAND_FORM: Final = "'MOTION = FRAMES TO GET THERE : FRAMES TO STAY', as '1 = 5:10',"


@dataclass(frozen=True, slots=True)
class Command:
    """One line `1 = 5:10`: to motion 1 in 5 frames, and 10 frames there."""

    motion: int
    change_frames: int
    kept_frames: int


def read_command(line: str) -> Command | None:
    """The command of a line; None where it is none."""
    found = _COMMAND.fullmatch(line.strip())
    return None if found is None else Command(*(int(number) for number in found.groups()))


def segments_of_commands(
    commands: Sequence[Command], fps: Fraction
) -> tuple[tuple[Segment, ...], float]:
    """Poses one after another, as segments that each lie over the one before.

    Convention:
        - motion 0 is a face at rest, from which it begins; 1 and up are expressions in the order in
          which they are connected, one frame each
        - frame k of the n to get there mixes k / n of the next pose in; the last pose stays

    Args:
        commands: One or more.
        fps: Frames per second.

    Returns:
        The segments, and the seconds of all frames.
    """
    segments: list[Segment] = []
    frame = 0
    for command in commands:
        segments.append(
            Segment(
                motion=command.motion,
                at_s=float(frame / fps),
                blend_s=float(command.change_frames / fps),
            )
        )
        frame += command.change_frames + command.kept_frames
    return tuple(segments), float(max(1, frame) / fps)
