"""Small videos for loaders, and what a video holds, read by PyAV alone: a check of our reader."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray

from tests.comfyui_real.server import ROOT
from tests.liveportrait_core.media.clips import make_clip

DEMO = ROOT / "docs" / "demo"


@dataclass(frozen=True)
class Video:
    """All of a video.

    Attributes:
        frames: (N, H, W, 3) uint8.
        times: of each frame in seconds, exact.
        fps: as the container tells it.
        sound: (C, T) float32 samples; None without a sound track.
        sample_rate_hz: of the sound.
    """

    frames: NDArray[np.uint8]
    times: list[Fraction]
    fps: Fraction
    sound: NDArray[np.float32] | None
    sample_rate_hz: int


def read_video(path: Path) -> Video:
    """Decode a video whole."""
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        fps = stream.average_rate
        pictures = list(container.decode(stream))
    frames = np.stack([picture.to_ndarray(format="rgb24") for picture in pictures])
    times = [picture.pts * picture.time_base for picture in pictures]
    with av.open(str(path)) as container:
        if not container.streams.audio:
            return Video(frames, times, fps, None, 0)
        rate = container.streams.audio[0].rate
        heard = [frame.to_ndarray() for frame in container.decode(container.streams.audio[0])]
    return Video(frames, times, fps, np.concatenate(heard, -1), rate)


def part_of(path: Path, source: Path, frames: slice, fps: Fraction, sound_s: float | None) -> Path:
    """Some frames of a video as a video of another rate, with a tone when `sound_s` is given."""
    pictures = list(read_video(source).frames[frames])
    size = (pictures[0].shape[1], pictures[0].shape[0])
    return make_clip(path, len(pictures), frames=pictures, size=size, fps=fps, sound_s=sound_s)


def change(frames: NDArray[np.uint8]) -> NDArray[np.float64]:
    """(N - 1,) mean absolute difference, in levels, of each frame and the next."""
    return np.abs(np.diff(frames.astype(np.int16), axis=0)).mean((1, 2, 3))
