"""The files that the workflows' loaders name: copies of docs/demo, and made ones.

| file | what |
|---|---|
| `person.mp4` | the demo's rendered head, backwards, with a tone: a clip of a person to be edited |
| `driving_2.mp4` | the demo's rendered head in a mirror: another driver |
| `group.jpg` | the demo's portrait twice, the second one mirrored |
| `cat.jpg` | Chelsea of scikit-image (CC0) |
| `speech.wav` | 5 seconds of a tone that comes and goes |
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray
from PIL import Image

DEMO = Path(__file__).resolve().parents[2] / "docs" / "demo"
RATE_HZ = 48000
FPS = Fraction(25)


def make_inputs(folder: Path, num_frames: int | None = None) -> list[Path]:
    """Make all of them, and copies of the demo's two.

    Args:
        folder: gets the files.
        num_frames: how many frames the clips keep, evenly spread; all by default.
    """
    frames = list(_frames(DEMO / "driving.mp4"))
    if num_frames is not None:
        frames = frames[:: max(1, len(frames) // num_frames)][:num_frames]
    portrait = Image.open(DEMO / "portrait.jpg").convert("RGB")
    two = Image.new("RGB", (2 * portrait.width, portrait.height))
    two.paste(portrait, (0, 0))
    two.paste(portrait.transpose(Image.Transpose.FLIP_LEFT_RIGHT), (portrait.width, 0))
    made = [
        _write_clip(folder / "driving.mp4", frames, None),
        _write_clip(folder / "driving_2.mp4", [frame[:, ::-1] for frame in frames], None),
        _write_clip(folder / "person.mp4", frames[::-1], _tone(len(frames) / FPS)),
        _write_sound(folder / "speech.wav", _tone(Fraction(5))),
    ]
    pictures = {"portrait.jpg": portrait, "group.jpg": two, "cat.jpg": _cat()}
    for name, picture in pictures.items():
        picture.save(folder / name, quality=92)
        made.append(folder / name)
    return made


def _frames(path: Path) -> Iterator[NDArray[np.uint8]]:
    with av.open(str(path)) as container:
        for frame in container.decode(video=0):
            yield frame.to_ndarray(format="rgb24")


def _cat() -> Image.Image:
    from skimage import data  # noqa: PLC0415 - slow to import, and needed here alone

    return Image.fromarray(data.chelsea())


def _tone(seconds: Fraction) -> NDArray[np.float32]:
    """(1, T): 220 Hz, swelling four times a second as syllables do."""
    time = np.arange(round(seconds * RATE_HZ)) / RATE_HZ
    swelling = 0.5 - 0.5 * np.cos(2 * np.pi * 4 * time)
    return (0.4 * swelling * np.sin(2 * np.pi * 220 * time)).astype(np.float32)[None]


def _audio_frame(samples: NDArray[np.float32]) -> av.AudioFrame:
    frame = av.AudioFrame.from_ndarray(samples, format="fltp", layout="mono")
    frame.sample_rate, frame.pts = RATE_HZ, 0
    return frame


def _write_sound(path: Path, samples: NDArray[np.float32]) -> Path:
    with av.open(str(path), "w") as container:
        stream = container.add_stream("pcm_s16le", rate=RATE_HZ, layout="mono")
        container.mux(stream.encode(_audio_frame(samples)))
        container.mux(stream.encode(None))
    return path


def _write_clip(
    path: Path, frames: list[NDArray[np.uint8]], samples: NDArray[np.float32] | None
) -> Path:
    with av.open(str(path), "w") as container:
        video = container.add_stream("libx264", rate=FPS)
        video.height, video.width = frames[0].shape[:2]
        video.pix_fmt, video.options = "yuv420p", {"crf": "16"}
        sound = None
        if samples is not None:
            sound = container.add_stream("aac", rate=RATE_HZ, layout="mono")
        for frame in frames:
            picture = av.VideoFrame.from_ndarray(np.ascontiguousarray(frame), format="rgb24")
            container.mux(video.encode(picture))
        container.mux(video.encode(None))
        if sound is not None and samples is not None:
            container.mux(sound.encode(_audio_frame(samples)))
            container.mux(sound.encode(None))
    return path
