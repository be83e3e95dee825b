"""ComfyUI's values <-> the library's: pictures, clips, sounds, motions, boxes."""

from __future__ import annotations

import io as bytes_io
import math
import weakref
from collections.abc import Callable, Iterator, Mapping
from fractions import Fraction
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from comfy_api.latest import InputImpl
from torch import Tensor

from .. import liveportrait_core as core
from . import runtime

CHANNELS: Final = (3, 4)
IMAGE_AXES: Final = 4
BOX_NUMBERS: Final = 4
MOTION_KEYS: Final = frozenset({"motion", "n_frames"})
"""What a driving template in memory has."""
WHITE: Final = 255
DEFAULT_FPS: Final = 25.0
LARGEST_DENOMINATOR: Final = 1001
"""Frame rates come as floats; 29.97 means 30000/1001."""
NTSC_RATES: Final = (24, 30, 48, 60, 120)


class ImageBatch:
    """A batch of pictures as a clip; frames are converted one by one, so none is held twice."""

    def __init__(self, images: Tensor, fps: Fraction, audio: Any = None) -> None:
        """A clip.

        Args:
            images: (N, H, W, 3 or 4) in [0, 1], of any float type, on any device.
            fps: Frames per second.
            audio: ComfyUI's AUDIO of a video in memory.
        """
        self.images, self.fps, self.audio = images, fps, audio

    def __iter__(self) -> Iterator[Any]:
        """The frames, (H, W, 3) uint8."""
        return (pixels_of(image) for image in self.images)

    @property
    def num_frames(self) -> int:
        """How many there are."""
        return len(self.images)

    @property
    def height(self) -> int:
        """Pixels."""
        return int(self.images.shape[1])

    @property
    def width(self) -> int:
        """Pixels."""
        return int(self.images.shape[2])


def checked_images(images: Any, name: str) -> Tensor:
    """A batch of pictures that can be worked on.

    Raises:
        ValueError: It is no batch of pictures, or an empty one.
    """
    if not isinstance(images, Tensor):
        raise _no_pictures(images, name)
    shape = tuple(images.shape)
    fits = len(shape) == IMAGE_AXES and shape[-1] in CHANNELS
    if not fits or not images.is_floating_point():
        kind = str(images.dtype).removeprefix("torch.")
        raise ValueError(
            f"The input '{name}' is {kind} of shape {shape}; an IMAGE batch of shape (frames, "
            "height, width, 3 or 4) in [0, 1] was wanted. Connect Load Image or Load Video."
        )
    if not all(shape):
        raise ValueError(
            f"The input '{name}' holds {shape[0]} pictures of {shape[2]}x{shape[1]} pixels; at "
            "least one picture was wanted. Check the node that makes them."
        )
    return images


def pixels_of(image: Tensor) -> Any:
    """One picture, (H, W, 3 or 4) in [0, 1] -> (H, W, 3) uint8; transparency is left out."""
    picture = image[..., :3].movedim(-1, 0)
    return core.pixels_from_tensor(torch.nan_to_num(picture.float()))


def _no_pictures(value: Any, name: str) -> ValueError:
    return ValueError(
        f"The input '{name}' is {type(value).__name__}; pictures (IMAGE) or a VIDEO were wanted. "
        "Connect Load Image or Load Video."
    )


def image_of(pixels: Any) -> Tensor:
    """(H, W, 3) uint8 -> (H, W, 3) in [0, 1], in the type and place of ComfyUI's pictures."""
    levels = torch.from_numpy(np.ascontiguousarray(pixels))
    return runtime.intermediate(levels.to(torch.float32) / WHITE)


def alpha_of(image: Tensor) -> Tensor | None:
    """The transparency of a picture (H, W, 3 or 4), (H, W, 1), where there is any."""
    alpha = image[..., 3:]
    return alpha if alpha.shape[-1] else None


def with_alpha(image: Tensor, alpha: Tensor | None) -> Tensor:
    """(H, W, 3) with a transparency of (H, W, 1), where there is one that fits."""
    if alpha is None or alpha.shape[:2] != image.shape[:2]:
        return image
    return torch.cat((image, alpha.to(image)), -1)


def exact_fps(fps: float) -> Fraction:
    """A frame rate that came as a decimal number, as the fraction that it stands for.

    Convention:
        - a rate within 0.005 of a 1000/1001 rate is that rate: 29.97 is 30000/1001

    Raises:
        ValueError: It is not above 0.
    """
    if not (math.isfinite(fps) and fps > 0):
        raise ValueError(f"fps is {fps}; frames per second above 0 were wanted. 25 is usual.")
    for whole in NTSC_RATES:
        rate = Fraction(whole * 1000, 1001)
        if abs(fps - float(rate)) < 0.005:  # noqa: PLR2004 - told above
            return rate
    return Fraction(fps).limit_denominator(LARGEST_DENOMINATOR)


def fps_of(fps: float, video_info: Any = None) -> Fraction:
    """The rate of an IMAGE batch: of the video info where one is connected, else the widget's.

    Raises:
        ValueError: The video info tells no rate.
    """
    if video_info is None:
        return exact_fps(fps)
    told = video_info.get("loaded_fps") if isinstance(video_info, Mapping) else None
    if not isinstance(told, int | float):
        raise ValueError(
            f"The video info tells {told} as 'loaded_fps'; a number was wanted. Connect the "
            "video_info of Load Video (Upload) from Video Helper Suite, or set fps by hand."
        )
    return exact_fps(told)


def clip_of(value: Any, name: str, fps: Fraction) -> Any:
    """IMAGE or VIDEO as a clip of the library.

    Args:
        value: A batch of pictures or a video.
        name: The input's id, for messages.
        fps: Of a batch.

    Raises:
        ValueError: It is neither.
        MediaError: The video cannot be read.
    """
    if isinstance(value, Tensor):
        return ImageBatch(checked_images(value, name), fps)
    if isinstance(value, InputImpl.VideoFromComponents):
        parts = value.get_components()
        images = checked_images(parts.images, name)
        return ImageBatch(images, Fraction(parts.frame_rate), parts.audio)
    if hasattr(value, "get_stream_source"):
        return _reader_of(value)
    raise _no_pictures(value, name)


def driver_of(value: Any, name: str, fps: Fraction) -> Any:
    """A driver: a motion, or a clip.

    Raises:
        ValueError: It is neither.
    """
    motion = motion_of(value)
    return clip_of(value, name, fps) if motion is None else motion


def still_of(clip: Any) -> Any:
    """A clip as `animate` takes it: one picture is a still; what is more stays as it is."""
    if isinstance(clip, ImageBatch) and clip.num_frames == 1:
        return pixels_of(clip.images[0])
    return clip


def check_seen(faces: Any, clip: Any, name: str) -> None:
    """Refuse faces that were found in pictures of another size.

    Raises:
        ValueError: They were.
    """
    if (faces.width, faces.height) != (clip.width, clip.height):
        raise ValueError(
            f"The faces were found in pictures of {faces.width}x{faces.height} pixels, and those "
            f"of '{name}' have {clip.width}x{clip.height}. Connect the pictures that Find Faces "
            "looked at."
        )


def motion_of(value: Any) -> Any:
    """A motion out of what a LIVEPORTRAIT_MOTION wire carries; None where that is none.

    Convention:
        - ours; one of another copy of this library; or the dict of a published template (also
          JoyVASA's), so that packs without our classes can feed the wire
    """
    if isinstance(value, core.Motion):
        return value
    if isinstance(value, Mapping) and value.keys() >= MOTION_KEYS:
        return core.motion_from_template(value)
    if type(value).__name__ == "Motion" and hasattr(value, "pose_deg"):
        names = [name for name in core.Motion.__dataclass_fields__ if hasattr(value, name)]
        fields = {name: getattr(value, name) for name in names}
        return core.Motion(**{**fields, "reference": motion_of(fields.get("reference"))})
    return None


def checked_motion(value: Any, name: str) -> Any:
    """The motion on a wire.

    Raises:
        ValueError: It is none.
    """
    motion = motion_of(value)
    if motion is None:
        raise ValueError(
            f"The input '{name}' is {type(value).__name__}; a LIVEPORTRAIT_MOTION was wanted. "
            "Connect Extract Motion, Load Motion or Expression."
        )
    return motion


def sound_of(audio: Any) -> Any:
    """ComfyUI's AUDIO as the writer takes it; of a batch the first.

    Raises:
        ValueError: It is no sound.
    """
    try:
        waveform, sample_rate_hz = audio["waveform"], int(audio["sample_rate"])
        samples = waveform[0].detach().float().cpu().numpy()
    except (AttributeError, IndexError, KeyError, TypeError, ValueError) as error:
        raise ValueError(
            f"The audio is {type(audio).__name__}; an AUDIO with a waveform and a sample rate was "
            "wanted. Connect Load Audio or Get Video Components."
        ) from error
    return core.Waveform(samples, sample_rate_hz)


def sound_of_clip(clip: Any) -> dict[str, Any]:
    """Arguments of the writer for the sound of a clip; none where there is no sound."""
    if isinstance(clip, ImageBatch):
        return {} if clip.audio is None else {"waveform": sound_of(clip.audio)}
    if getattr(clip, "has_audio", False):
        return {"audio_path": clip.path, "audio_start_s": clip.start_s}
    return {}


def box_of(text: str, clip: Any, bounding_box: Any = None, mask: Tensor | None = None) -> Any:
    """A face's box (x, y, width, height) as it was marked: in words, by another node, by a mask.

    Args:
        text: In words; empty says nothing.
        clip: What it is marked in; a mask of another size is stretched over it.
        bounding_box: By another node.
        mask: By a mask, (H, W) or (N, H, W).

    Raises:
        ValueError: The words are not four numbers, or the mask is empty.
    """
    if bounding_box is not None:
        return _box_of_boxes(bounding_box)
    if mask is not None:
        return _box_of_mask(mask, clip)
    if not text.strip():
        return None
    parts = text.replace(";", ",").split(",")
    try:
        box = tuple(float(part) for part in parts)
    except ValueError:
        box = ()
    if not _is_box(box):
        raise ValueError(
            f"The box is '{text}'; four numbers x, y, width, height in pixels were wanted, as "
            "120, 80, 200, 200. Leave it empty to search for the face."
        )
    return box


def _box_of_boxes(value: Any) -> Any:
    found: Any = _first_of(value)
    try:
        box = tuple(float(found[name]) for name in ("x", "y", "width", "height"))
    except (KeyError, TypeError, ValueError):
        box = ()
    if not _is_box(box):
        raise ValueError(
            f"The bounding box is {value!r}; x, y, width and height in pixels were wanted. "
            "Connect a node that gives BOUNDING_BOX, or write the box."
        )
    return box


def _is_box(box: tuple[float, ...]) -> bool:
    return len(box) == BOX_NUMBERS and all(map(math.isfinite, box)) and min(box[2:]) > 0


def _first_of(value: Any) -> Any:
    """The innermost first entry of lists: of the first frame, the first face."""
    return _first_of(value[0]) if isinstance(value, list | tuple) and value else value


def _box_of_mask(mask: Tensor, clip: Any) -> Any:
    inside = (mask[0] if mask.ndim > 2 else mask) > 0.5  # noqa: PLR2004 - a batch; half is inside
    rows, columns = inside.any(1).nonzero().flatten(), inside.any(0).nonzero().flatten()
    if not len(rows):
        raise ValueError(
            "The mask is empty, so it marks no face. Paint over the face, or disconnect the mask."
        )
    across, down = clip.width / inside.shape[1], clip.height / inside.shape[0]
    left, right = float(columns[0]) * across, float(columns[-1] + 1) * across
    top, bottom = float(rows[0]) * down, float(rows[-1] + 1) * down
    return left, top, right - left, bottom - top


def _reader_of(video: Any) -> Any:
    """A video as a stream of its frames, with its trims; nothing is decoded whole."""
    if getattr(video, "has_pending_frame_edits", lambda: False)():
        return _reader_of_own(lambda path: video.save_to(str(path)))
    start_s, duration_s = getattr(video, "get_active_trim_window", lambda: (0.0, 0.0))()
    part = {"start_s": start_s, "duration_s": duration_s or None}
    source = video.get_stream_source()
    if isinstance(source, bytes_io.BytesIO):
        return _reader_of_own(lambda path: path.write_bytes(source.getvalue()), **part)
    return core.VideoReader(source, **part)


def _reader_of_own(write: Callable[[Path], object], **part: Any) -> Any:
    """A reader of a temporary file that is written first, and goes when the reader goes."""
    path = runtime.temporary_path(".mp4")
    try:
        write(path)
        reader = core.VideoReader(path, **part)
    except BaseException:
        path.unlink(missing_ok=True)
        raise
    weakref.finalize(reader, path.unlink, missing_ok=True)
    return reader
