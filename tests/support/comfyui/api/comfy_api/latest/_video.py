"""VIDEO in memory and in a file."""

from __future__ import annotations

import io
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import av
import numpy as np
import torch

from ._io import IS_NEW


@dataclass
class VideoComponents:
    """A video in memory: images (N, H, W, 3) in [0, 1]."""

    images: torch.Tensor
    frame_rate: Fraction
    audio: Any = None


class VideoFromFile:
    """A video file, by its path or its bytes; a duration of 0 is the rest. Times in seconds."""

    def __init__(
        self, file: str | io.BytesIO, *, start_time: float = 0, duration: float = 0
    ) -> None:
        self._file, self._window = file, (start_time, duration)

    def get_stream_source(self) -> str | io.BytesIO:
        """The file; the trim is not in it."""
        if isinstance(self._file, io.BytesIO):
            self._file.seek(0)
        return self._file

    def get_components(self) -> VideoComponents:
        """All frames; here without the trim and the sound."""
        with av.open(self.get_stream_source()) as container:
            rate = Fraction(container.streams.video[0].average_rate or 1)
            frames = [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]
        return VideoComponents(torch.from_numpy(np.stack(frames)) / 255, rate)

    if TYPE_CHECKING or IS_NEW:

        def get_active_trim_window(self) -> tuple[float, float]:
            return self._window

        def as_trimmed(self, start_time: float = 0, duration: float = 0) -> VideoFromFile:
            return VideoFromFile(self._file, start_time=start_time, duration=duration)


class VideoFromComponents:
    def __init__(self, components: VideoComponents) -> None:
        self._components = components

    def get_components(self) -> VideoComponents:
        return self._components

    def save_to(self, path: str | io.BytesIO) -> None:
        """Write it as an MP4 file; here without the sound."""
        images = self._components.images
        with av.open(path, "w", format="mp4") as output:
            stream = output.add_stream("h264", rate=Fraction(self._components.frame_rate))
            stream.height, stream.width = images.shape[1:3]
            stream.pix_fmt = "yuv420p"
            for image in images:
                levels = (255 * image).clamp(0, 255).byte().numpy()
                output.mux(stream.encode(av.VideoFrame.from_ndarray(levels, format="rgb24")))
            output.mux(stream.encode(None))

    if TYPE_CHECKING or IS_NEW:

        def as_trimmed(
            self, start_time: float | None = None, duration: float | None = None
        ) -> VideoFromFile:
            file = io.BytesIO()
            self.save_to(file)
            return VideoFromFile(file, start_time=start_time or 0, duration=duration or 0)
