"""IMAGE batches, VIDEO and frame rates -> clips of the library."""

from __future__ import annotations

import hashlib
import itertools
import math
import weakref
from collections.abc import Callable, Iterator, Mapping
from fractions import Fraction
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Final, Protocol, TypedDict, runtime_checkable

import numpy as np
from comfy_api.latest import InputImpl
from torch import Tensor

from ...liveportrait_core.errors import about
from .. import library, runtime
from .images import ImageBatch, checked_images, no_images, pixels_of
from .motions import motion_of

if TYPE_CHECKING:
    from typing import TypeGuard

    from comfy_api.latest import Input
    from typing_extensions import Unpack

    from ...liveportrait_core.face.faces import Faces
    from ...liveportrait_core.imaging.tensors import Pixels
    from ...liveportrait_core.media.video import VideoReader
    from ...liveportrait_core.motion.types import Motion

    AnyClip = ImageBatch | VideoReader

MAX_DENOMINATOR: Final = 1001
"""Frame rates come as floats; 29.97 means 30000/1001."""
NTSC_RATES: Final = (24, 30, 48, 60, 120)
NTSC_TOLERANCE: Final = 0.005


class Part(TypedDict, total=False):
    """Which part of a video is read, in seconds; arguments of `VideoReader`."""

    start_s: float
    duration_s: float | None


@runtime_checkable
class _EditableVideo(Protocol):
    """A VIDEO of newer versions of ComfyUI, whose frames may be cut before they are used."""

    def has_pending_frame_edits(self) -> bool: ...


@runtime_checkable
class _TrimmedVideo(Protocol):
    """A VIDEO of newer versions of ComfyUI, which may be a part of its file."""

    def get_active_trim_window(self) -> tuple[float, float]: ...


def exact_fps(fps: float) -> Fraction:
    """A frame rate given as a decimal number, as the fraction that it stands for.

    Convention:
        - a rate within 0.005 of a 1000/1001 rate is that rate: 29.97 is 30000/1001

    Raises:
        ValueError: It is not above 0.
    """
    if not (math.isfinite(fps) and fps > 0):
        with about("fps"):
            raise ValueError(f"fps is {fps}; a number above 0 is expected. 25 is usual.")
    for whole in NTSC_RATES:
        rate = Fraction(whole * 1000, 1001)
        if abs(fps - float(rate)) < NTSC_TOLERANCE:
            return rate
    return Fraction(fps).limit_denominator(MAX_DENOMINATOR)


def fps_of(fps: float, video_info: object = None) -> Fraction:
    """The rate of an IMAGE batch: of the video info where one is connected, else the widget's.

    Raises:
        ValueError: The video info holds no rate.
    """
    if video_info is None:
        return exact_fps(fps)
    rate: object = video_info.get("loaded_fps") if isinstance(video_info, Mapping) else None
    if not isinstance(rate, int | float):
        with about("video_info"):
            raise ValueError(
                f"'loaded_fps' of the video info is {rate}; a number is expected. Connect the "
                "video_info of Load Video (Upload) from Video Helper Suite, or set fps by hand."
            )
    return exact_fps(rate)


def clip_of(value: object, name: str, fps: Fraction) -> AnyClip:
    """IMAGE or VIDEO as a clip of the library.

    Args:
        value: A batch of images or a video.
        name: The input's id, for messages.
        fps: Of a batch.

    Raises:
        ValueError: It is neither.
        MediaError: The video cannot be read.
    """
    with about(name):
        if isinstance(value, Tensor):
            return ImageBatch(checked_images(value, name), fps)
        if isinstance(value, InputImpl.VideoFromComponents):
            parts = value.get_components()
            images = checked_images(parts.images, name)
            return ImageBatch(images, Fraction(parts.frame_rate), parts.audio)
        if _is_video(value):
            return _reader_of(value)
        raise no_images(value, name)


def driver_of(value: object, name: str, fps: Fraction) -> Motion | AnyClip:
    """A driver: a motion, or a clip.

    Raises:
        ValueError: It is neither.
    """
    with about(name):
        motion = motion_of(value)
    return clip_of(value, name, fps) if motion is None else motion


def still_of(clip: AnyClip) -> Pixels | AnyClip:
    """A clip as `animate` takes it: one image is a still; what is longer stays as it is."""
    if isinstance(clip, ImageBatch) and clip.num_frames == 1:
        return pixels_of(clip.images[0])
    return clip


class RepeatedImage:
    """One image as a clip without an end."""

    def __init__(self, pixels: Pixels, fps: Fraction) -> None:
        """A clip."""
        self.pixels, self.fps = pixels, fps

    def __iter__(self) -> Iterator[Pixels]:
        """The image, again and again."""
        return itertools.repeat(self.pixels)


def repeated(clip: AnyClip) -> RepeatedImage | AnyClip:
    """What is pasted into: one image serves for any number of frames."""
    still = still_of(clip)
    return RepeatedImage(still, clip.fps) if isinstance(still, np.ndarray) else still


def without_even_edge(clip: AnyClip, like: AnyClip) -> AnyClip:
    """Frames without the row and column of `with_even_sides`, where another clip has odd sides."""
    if not isinstance(clip, ImageBatch):
        return clip
    edge = (clip.height - like.height, clip.width - like.width)
    if edge == (0, 0) or edge != (like.height % 2, like.width % 2):
        return clip
    return ImageBatch(clip.images[:, : like.height, : like.width], clip.fps, clip.audio)


def check_same_size(faces: Faces, clip: AnyClip, name: str) -> None:
    """Refuse faces that were found in images of another size.

    Args:
        faces: From Find Faces.
        clip: What they are used with.
        name: Its input's id.

    Raises:
        ValueError: The sizes differ.
    """
    if (faces.width, faces.height) != (clip.width, clip.height):
        with about(name):
            raise ValueError(
                f"The images of '{name}' are {clip.width}x{clip.height} pixels; "
                f"{faces.width}x{faces.height} is expected, where the faces were found. Connect "
                "the images that Find Faces got."
            )


def _is_video(value: object) -> TypeGuard[Input.Video]:
    """Also a video of a class that another pack made."""
    return hasattr(value, "get_stream_source")


def _reader_of(video: Input.Video) -> VideoReader:
    """A video as a stream of its frames, with its trims; nothing is decoded whole."""
    if isinstance(video, _EditableVideo) and video.has_pending_frame_edits():
        return _temporary_reader(lambda path: video.save_to(str(path)))
    start_s, duration_s = 0.0, 0.0
    if isinstance(video, _TrimmedVideo):
        start_s, duration_s = video.get_active_trim_window()
    part = Part(start_s=start_s, duration_s=duration_s or None)
    source = video.get_stream_source()
    if isinstance(source, BytesIO):
        return _temporary_reader(lambda path: path.write_bytes(source.getvalue()), **part)
    return library.video.VideoReader(source, **part)


def _temporary_reader(write: Callable[[Path], object], **part: Unpack[Part]) -> VideoReader:
    """A reader of a temporary file that is written first and deleted with the reader."""
    path = runtime.temporary_path(".mp4")
    try:
        write(path)
        reader = library.video.VideoReader(path, **part)
        # each run writes it under another name
        digest = hashlib.blake2b(path.read_bytes()).hexdigest()
        reader.fingerprint = repr((digest, part))
    except BaseException:
        path.unlink(missing_ok=True)
        raise
    weakref.finalize(reader, path.unlink, missing_ok=True)
    return reader
