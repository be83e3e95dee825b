"""Small films and sounds, made with PyAV alone so that our reader and writer have a witness."""

from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray

NTSC = Fraction(30000, 1001)


def grey_level(index: int) -> int:
    """The level that marks frame `index`: 8 apart, so that encoding cannot confuse them."""
    return 20 + 8 * (index % 28)


def index_of(frame: NDArray[np.uint8]) -> int:
    """Which frame of a marked clip this is."""
    return round((float(frame.mean()) - 20) / 8)


def marked_frame(index: int, width: int = 64, height: int = 48) -> NDArray[np.uint8]:
    return np.full((height, width, 3), grey_level(index), np.uint8)


def make_clip(  # noqa: PLR0913
    path: Path,
    num_frames: int = 10,
    *,
    fps: Fraction = NTSC,
    size: tuple[int, int] = (64, 48),
    times: Sequence[Fraction] | None = None,
    frames: Sequence[NDArray[np.uint8]] | None = None,
    codec: str = "libx264",
    pix_fmt: str = "yuv420p",
    rotation_deg: float | None = None,
    sound_s: float | None = None,
    options: dict[str, str] | None = None,
    aspect: Fraction | None = None,
    key_frame_every: int | None = None,
) -> Path:
    """A clip of marked frames, at `times` in seconds where given, else even.

    With `key_frame_every` there are B-frames between the key frames.
    """
    with av.open(str(path), "w", container_options=options or {}) as container:
        stream = container.add_stream(codec, rate=fps)
        stream.width, stream.height = size
        stream.pix_fmt = pix_fmt
        if aspect is not None:
            stream.codec_context.sample_aspect_ratio = aspect
        if codec == "libx264":
            stream.options = {"crf": "8", "preset": "ultrafast"}
            if key_frame_every is not None:
                stream.options |= {"g": str(key_frame_every), "bf": "3"}
        if rotation_deg is not None:
            stream.set_display_rotation(rotation_deg)
        if times is not None:
            stream.codec_context.time_base = stream.time_base = Fraction(1, 1000)
        if sound_s is not None:
            sound = container.add_stream("aac", rate=44100, layout="stereo")
        container.start_encoding()
        for index in range(num_frames):
            pixels = marked_frame(index, *size) if frames is None else frames[index]
            picture = av.VideoFrame.from_ndarray(pixels, format="rgb24")
            picture.time_base = Fraction(1, 1000) if times is not None else 1 / fps
            picture.pts = round(times[index] * 1000) if times is not None else index
            container.mux(stream.encode(picture))
        container.mux(stream.encode(None))
        if sound_s is not None:
            container.mux(sound.encode(sound_frame(tone(sound_s, 44100), 44100)))
            container.mux(sound.encode(None))
    return path


def make_sound(path: Path, codec: str, *, seconds: float, rate: int, channels: int = 2) -> Path:
    with av.open(str(path), "w") as container:
        layout = "mono" if channels == 1 else "stereo"
        stream = container.add_stream(codec, rate=rate, layout=layout)
        container.mux(stream.encode(sound_frame(tone(seconds, rate, channels), rate)))
        container.mux(stream.encode(None))
    return path


def tone(seconds: float, rate: int, channels: int = 2) -> NDArray[np.float32]:
    """(C, T): 440 Hz at half of full scale."""
    time = np.arange(round(seconds * rate)) / rate
    wave = 0.5 * np.sin(2 * np.pi * 440 * time)
    return np.tile(wave, (channels, 1)).astype(np.float32)


def sound_frame(samples: NDArray[np.float32], rate: int) -> av.AudioFrame:
    layout = "mono" if samples.shape[0] == 1 else "stereo"
    frame = av.AudioFrame.from_ndarray(samples, format="fltp", layout=layout)
    frame.sample_rate = rate
    frame.time_base = Fraction(1, rate)
    frame.pts = 0
    return frame


def make_tracks(path: Path, *decodable: bool) -> Path:
    """A clip of ten frames with a track of sound for each flag; only some can be decoded."""
    with av.open(str(path), "w") as container:
        video = container.add_stream("libx264", rate=25)
        video.width, video.height, video.pix_fmt = 64, 48, "yuv420p"
        sounds = [container.add_stream("aac", rate=44100, layout="stereo") for _ in decodable]
        container.start_encoding()
        for index in range(10):
            picture = av.VideoFrame.from_ndarray(marked_frame(index), format="rgb24")
            picture.pts, picture.time_base = index, Fraction(1, 25)
            container.mux(video.encode(picture))
        container.mux(video.encode(None))
        for sound in sounds:
            container.mux(sound.encode(sound_frame(tone(0.4, 44100), 44100)))
            container.mux(sound.encode(None))
    content, place = bytearray(path.read_bytes()), 0
    for is_decodable in decodable:
        place = content.find(b"mp4a", place + 4)
        if not is_decodable:  # a codec that no decoder knows
            content[place : place + 4] = b"apac"
            head = content.find(b"esds", place)
            content[head : head + 4] = b"free"
    path.write_bytes(content)
    return path
