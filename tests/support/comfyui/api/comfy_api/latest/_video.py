"""VIDEO: files, and frames with sound. Real files through PyAV, none of it our pack's code."""

from __future__ import annotations

import functools
import inspect
import io
import json
import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import Enum
from fractions import Fraction
from typing import Any, TypedDict

import av
import numpy as np
import torch

from ._inputs import NEW, VERSION

IS_NEW = VERSION >= NEW
FORMATS = {"auto": "mp4", "mp4": "mp4", "mkv": "matroska", "webm": "webm"}
LAYOUTS = {1: "mono", 2: "stereo", 6: "5.1"}


def newer(*names: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """A function whose parameters of these names exist from 0.33 on."""

    def decorate(function: Callable[..., Any]) -> Callable[..., Any]:
        if IS_NEW:
            return function
        whole = inspect.signature(function)
        kept = [each for each in whole.parameters.values() if each.name not in names]
        signature = whole.replace(parameters=kept)

        @functools.wraps(function)
        def checked(*args: Any, **kwargs: Any) -> Any:
            signature.bind(*args, **kwargs)
            return function(*args, **kwargs)

        checked.__signature__ = signature  # type: ignore[attr-defined]
        return checked

    return decorate


class AudioInput(TypedDict):
    """AUDIO: waveform (B, C, T) and its rate in Hz."""

    waveform: torch.Tensor
    sample_rate: int


class Choice(str, Enum):
    """A choice that a node offers as a combo."""

    @classmethod
    def as_input(cls) -> list[str]:
        """The values, for a combo."""
        return [member.value for member in cls]


NEW_CODECS = [("AV1", "av1")] if IS_NEW else []
NEW_CONTAINERS = [("MKV", "mkv"), ("WEBM", "webm")] if IS_NEW else []
VideoCodec: Any = Choice("VideoCodec", [("AUTO", "auto"), ("H264", "h264"), *NEW_CODECS])


class Container(Choice):
    """What files have; the members are added below."""

    @classmethod
    def get_extension(cls, value: Any) -> str:
        """The end of the file's name."""
        value = cls(value).value
        return "mp4" if value == "auto" else value


VideoContainer: Any = Container(
    "VideoContainer", [("AUTO", "auto"), ("MP4", "mp4"), *NEW_CONTAINERS]
)


@dataclass
class VideoComponents:
    """A video in memory: images (N, H, W, 3) in [0, 1]."""

    images: torch.Tensor
    frame_rate: Fraction
    audio: Any = None
    metadata: dict[str, Any] | None = None
    if IS_NEW:
        alpha: Any = None


class VideoInput(ABC):
    """What a VIDEO socket carries."""

    @abstractmethod
    def get_components(self) -> VideoComponents:
        """All frames and the sound."""

    @abstractmethod
    @newer("bit_depth", "crf", "color_space")
    def save_to(
        self,
        path: Any,
        format: Any = VideoContainer.AUTO,
        codec: Any = VideoCodec.AUTO,
        metadata: dict[str, Any] | None = None,
        bit_depth: int | None = None,
        crf: float | None = None,
        color_space: str | None = None,
    ) -> None:
        """Writes a file."""

    def get_stream_source(self) -> Any:
        """A path, or the bytes of a file; trims are not in it."""
        buffer = io.BytesIO()
        self.save_to(buffer)
        buffer.seek(0)
        return buffer

    def get_dimensions(self) -> tuple[int, int]:
        """Width and height."""
        images = self.get_components().images
        return images.shape[2], images.shape[1]

    def get_duration(self) -> float:
        """In seconds."""
        components = self.get_components()
        return float(components.images.shape[0] / components.frame_rate)

    def get_container_format(self) -> str:
        """The container's name, such as mp4."""
        with av.open(self.get_stream_source()) as container:
            return container.format.name

    if IS_NEW:

        @abstractmethod
        def as_trimmed(
            self,
            start_time: float | None = None,
            duration: float | None = None,
            strict_duration: bool = False,
        ) -> Any:
            """A part of it, in seconds; None when there is not as much."""

        def get_active_trim_window(self) -> tuple[float, float]:
            """Start and duration in seconds; no duration is until the end."""
            return 0.0, 0.0

        def get_bit_depth(self) -> int:
            """8 or 10."""
            return 8

        def get_color_space(self) -> str:
            """sRGB, or auto when it is not known."""
            return "auto"

        def get_frame_count(self) -> int:
            """How many frames there are."""
            return int(self.get_components().images.shape[0])

        def get_frame_rate(self) -> Fraction:
            """Frames in a second."""
            return self.get_components().frame_rate


class VideoFromFile(VideoInput):
    """A video file."""

    @newer("start_time", "duration")
    def __init__(self, file: Any, *, start_time: float = 0, duration: float = 0) -> None:
        self._file = file
        self._window = (start_time, duration)

    @contextmanager
    def _open(self) -> Iterator[Any]:
        with av.open(self.get_stream_source()) as container:
            if not container.streams.video:
                raise ValueError(f"No video stream found in file '{self._file}'")
            yield container

    def get_stream_source(self) -> Any:
        if isinstance(self._file, io.BytesIO):
            self._file.seek(0)
        return self._file

    def get_dimensions(self) -> tuple[int, int]:
        with self._open() as container:
            return container.streams.video[0].width, container.streams.video[0].height

    def get_duration(self) -> float:
        with self._open() as container:
            whole = float(container.duration / av.time_base)
        start, duration = self._window
        rest = min(whole, -start) if start < 0 else whole - start
        return min(duration, rest) if duration else rest

    def get_components(self) -> VideoComponents:
        start, duration = self._start(), self._window[1]
        end = start + duration if duration else math.inf
        with self._open() as container:
            stream = container.streams.video[0]
            rate = Fraction(stream.average_rate or 1)
            metadata = dict(container.metadata)
            frames = [
                torch.from_numpy(upright(frame)) / 255.0
                for frame in container.decode(video=0)
                if start <= float(frame.pts * stream.time_base) < end
            ]
        images = torch.stack(frames) if frames else torch.zeros(0, 3, 0, 0)
        audio = self._audio(start, duration)
        return VideoComponents(images=images, audio=audio, frame_rate=rate, metadata=metadata)

    def _start(self) -> float:
        start = float(self._window[0])
        return start if start >= 0 else max(0.0, self.get_duration() + start)

    def _audio(self, start: float, duration: float) -> AudioInput | None:
        with self._open() as container:
            if not container.streams.audio:
                return None
            stream = container.streams.audio[-1]
            rate = stream.rate
            resampler = av.AudioResampler(format="fltp")
            parts = [
                piece.to_ndarray()
                for frame in container.decode(stream)
                for piece in resampler.resample(frame)
            ]
        if not parts:
            return None
        samples = np.concatenate(parts, axis=1)[:, int(start * rate) :]
        samples = samples[:, : int(duration * rate)] if duration else samples
        return {"waveform": torch.from_numpy(samples)[None], "sample_rate": rate}

    @newer("bit_depth", "crf", "color_space")
    def save_to(
        self,
        path: Any,
        format: Any = VideoContainer.AUTO,
        codec: Any = VideoCodec.AUTO,
        metadata: dict[str, Any] | None = None,
        bit_depth: int | None = None,
        crf: float | None = None,
        color_space: str | None = None,
    ) -> None:
        wanted, coder = VideoContainer(format).value, VideoCodec(codec).value
        with self._open() as source:
            names = source.format.name.split(",")
            has = source.streams.video[0].codec.canonical_name
            other = (wanted != "auto" and FORMATS[wanted] not in names) or coder not in (
                "auto",
                has,
            )
            if not (other or crf or color_space or any(self._window)):
                copy_streams(source, path, names, metadata)
                return
        VideoFromComponents(self.get_components()).save_to(path, format, codec, metadata)

    if IS_NEW:

        def get_active_trim_window(self) -> tuple[float, float]:
            return self._start(), float(self._window[1])

        def get_frame_rate(self) -> Fraction:
            with self._open() as container:
                return Fraction(container.streams.video[0].average_rate or 1)

        def get_color_space(self) -> str:
            return "sRGB"

        def as_trimmed(
            self, start_time: float = 0, duration: float = 0, strict_duration: bool = True
        ) -> Any:
            start = start_time + self._window[0]
            trimmed = VideoFromFile(self._file, start_time=start, duration=duration)
            enough = trimmed.get_duration() >= duration or not strict_duration
            return trimmed if enough else None


def upright(frame: Any) -> np.ndarray:
    """The frame as (H, W, 3); 0.33 turns it as its file asks, 0.3.64 does not."""
    pixels = frame.to_ndarray(format="rgb24")
    turns = round(frame.rotation / 90) if IS_NEW else 0
    return np.rot90(pixels, turns, axes=(0, 1)).copy()


def copy_streams(source: Any, path: Any, names: list[str], metadata: Any) -> None:
    """The packets of the file as they are, with more metadata."""
    options: dict[str, Any] = {"format": names[0]} if isinstance(path, io.BytesIO) else {}
    with av.open(path, "w", options={"movflags": "use_metadata_tags"}, **options) as output:
        output.metadata.update(source.metadata)
        for key, value in (metadata or {}).items():
            output.metadata[key] = value if isinstance(value, str) else json.dumps(value)
        kept = [*source.streams.video, *source.streams.audio]
        copies = {each: output.add_stream_from_template(each, opaque=True) for each in kept}
        for packet in source.demux(*kept):
            if packet.dts is not None:
                packet.stream = copies[packet.stream]
                output.mux(packet)


class VideoFromComponents(VideoInput):
    """A video that is in memory."""

    @newer("bit_depth")
    def __init__(self, components: VideoComponents, bit_depth: int = 8) -> None:
        self._components = components
        self._bit_depth = bit_depth

    def get_components(self) -> VideoComponents:
        own = self._components
        return VideoComponents(images=own.images, audio=own.audio, frame_rate=own.frame_rate)

    @newer("bit_depth", "crf", "color_space")
    def save_to(
        self,
        path: Any,
        format: Any = VideoContainer.AUTO,
        codec: Any = VideoCodec.AUTO,
        metadata: dict[str, Any] | None = None,
        bit_depth: int | None = None,
        crf: float | None = None,
        color_space: str | None = None,
    ) -> None:
        if VideoContainer(format).value not in ("auto", "mp4"):
            raise ValueError("The stand-in writes MP4 only.")
        if VideoCodec(codec).value not in ("auto", "h264"):
            raise ValueError("The stand-in writes H264 only.")
        container = {"format": "mp4"} if IS_NEW or not isinstance(path, io.BytesIO) else {}
        with av.open(path, "w", options={"movflags": "use_metadata_tags"}, **container) as output:
            for key, value in (metadata or {}).items():
                output.metadata[key] = json.dumps(value)
            self._write(output)

    def _write(self, output: Any) -> None:
        images, audio = self._components.images, self._components.audio
        rate = Fraction(round(self._components.frame_rate * 1000), 1000)
        video = output.add_stream("h264", rate=rate)
        video.width, video.height, video.pix_fmt = images.shape[2], images.shape[1], "yuv420p"
        sound = None
        if audio:
            hertz, waveform = int(audio["sample_rate"]), audio["waveform"][0]
            layout = LAYOUTS[waveform.shape[0]]
            sound = output.add_stream("aac", rate=hertz, layout=layout)
        for image in images:
            pixels = (image * 255).clamp(0, 255).byte().cpu().numpy()
            output.mux(video.encode(av.VideoFrame.from_ndarray(pixels, format="rgb24")))
        output.mux(video.encode(None))
        if sound is not None:
            waveform = waveform[:, : math.ceil(hertz / rate * images.shape[0])]
            samples = waveform.float().cpu().contiguous().numpy()
            frame = av.AudioFrame.from_ndarray(samples, format="fltp", layout=layout)
            frame.sample_rate, frame.pts = hertz, 0
            output.mux(sound.encode(frame))
            output.mux(sound.encode(None))

    if IS_NEW:

        def get_bit_depth(self) -> int:
            return self._bit_depth

        def get_color_space(self) -> str:
            return "sRGB"

        def as_trimmed(
            self,
            start_time: float | None = None,
            duration: float | None = None,
            strict_duration: bool = True,
        ) -> Any:
            start, length = start_time or 0, duration or 0
            if self.get_duration() < start + length:
                return None
            return VideoFromFile(self.get_stream_source(), start_time=start, duration=length)
