"""The frame rate of a video, also of a recording that states none or a wrong one."""

from __future__ import annotations

from fractions import Fraction
from itertools import islice, pairwise
from pathlib import Path
from statistics import median_low
from typing import Final

import av.error
from av.container import InputContainer
from av.video.stream import VideoStream

from .containers import open_container, video_stream

FPS_WHEN_UNKNOWN: Final = Fraction(25)
MAX_GUESSED_FPS: Final = 240
"""A faster rate is believed only where the times of the pictures agree with it."""

# Matroska and WebM state a rate only where they state the length of a picture; FFmpeg guesses
# otherwise. A GIF has a length for each picture.
_FORMATS_WITHOUT_RATE: Final = ("matroska,webm", "gif", "apng")
_NUM_PROBED: Final = 64
# A clock of milliseconds puts a step of 1 / 60 s at 16 or 17 of them.
_MAX_MISMATCH: Final = Fraction(1, 4)
_MAX_ROUNDING_TICKS: Final = 2
_MAX_DENOMINATOR: Final = 1001


def frame_rate(path: Path, container: InputContainer, stream: VideoStream) -> Fraction:
    """Frames per second.

    Convention:
        - the container's mean rate, never rounded, where it has one
        - a rate that the times of the pictures contradict by more than a quarter, in formats
          that need not state one, and any rate above `MAX_GUESSED_FPS` that they contradict, is
          replaced by the median step between them
        - 25 where there are no times either

    Args:
        path: The video.
        container: It, opened; it is not read from.
        stream: Its pictures.
    """
    stated = Fraction(stream.average_rate or 0)
    is_plausible = 0 < stated <= MAX_GUESSED_FPS
    if is_plausible and container.format.name not in _FORMATS_WITHOUT_RATE:
        return stated
    if stated and _agrees(stated, _steps(path, _NUM_PROBED)):
        return stated
    steps = _steps(path)
    if stated and _agrees(stated, steps):
        return stated
    if steps:
        return _rate_of(steps, stream.time_base or Fraction(0))
    guessed = stated or Fraction(stream.guessed_rate or 0)
    return guessed if 0 < guessed <= MAX_GUESSED_FPS else FPS_WHEN_UNKNOWN


def _steps(path: Path, num_packets: int | None = None) -> list[Fraction]:
    """Seconds between pictures that follow each other, by the times of the packets."""
    times: set[Fraction] = set()
    with open_container(path, "video") as container:
        stream = video_stream(container, path)
        try:
            for packet in islice(container.demux(stream), num_packets):
                if packet.pts is not None and packet.time_base is not None:
                    times.add(packet.pts * packet.time_base)
        except av.error.FFmpegError:
            pass  # the times before the damage; whoever decodes the video reports it
    return [later - earlier for earlier, later in pairwise(sorted(times))]


def _agrees(rate: Fraction, steps: list[Fraction]) -> bool:
    return not steps or abs(rate * median_low(steps) - 1) <= _MAX_MISMATCH


def _rate_of(steps: list[Fraction], tick_s: Fraction) -> Fraction:
    """The rate of the median step; steps that differ from it by rounding alone are averaged."""
    middle = median_low(steps)
    near = [step for step in steps if abs(step - middle) <= _MAX_ROUNDING_TICKS * tick_s]
    rate = (len(near) / sum(near, Fraction(0))).limit_denominator(_MAX_DENOMINATOR)
    if rate > MAX_GUESSED_FPS:  # many pictures at nearly the same time
        rate = min(len(steps) / sum(steps, Fraction(0)), Fraction(MAX_GUESSED_FPS))
    return rate
