"""ComfyUI's values <-> the library's: pictures, clips, sounds, motions, boxes."""

from __future__ import annotations

import io as bytes_io
import math
from collections.abc import Iterator, Mapping
from fractions import Fraction
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

    def __init__(self, images: Tensor, fps: Fraction) -> None:
        """A clip.

        Args:
            images: (N, H, W, 3 or 4) in [0, 1], of any float type, on any device.
            fps: Frames per second.
        """
        self.images, self.fps = images, fps

    def __iter__(self) -> Iterator[Any]:
        """The frames, (H, W, 3) uint8."""
        return (pixels_of(image) for image in self.images)

    @property
    def num_frames(self) -> int:
        """How many there are."""
        return len(self.images)


def checked_images(images: Any, name: str) -> Tensor:
    """A batch of pictures that can be worked on.

    Raises:
        ValueError: It is no batch, is empty, or holds values that are not numbers.
    """
    shape = tuple(getattr(images, "shape", ()))
    if not isinstance(images, Tensor) or len(shape) != IMAGE_AXES or shape[-1] not in CHANNELS:
        raise ValueError(
            f"The input '{name}' is {type(images).__name__} of shape {shape}; an IMAGE batch "
            "(frames, height, width, 3 or 4) was wanted. Connect Load Image or Load Video."
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


def image_of(pixels: Any) -> Tensor:
    """(H, W, 3) uint8 -> (H, W, 3) in [0, 1], in the type and place of ComfyUI's pictures."""
    levels = torch.from_numpy(np.ascontiguousarray(pixels))
    return runtime.intermediate(levels.to(torch.float32) / WHITE)


def with_alpha(image: Tensor, like: Tensor) -> Tensor:
    """(H, W, 3) with the transparency of another picture of this size, where that has any."""
    if like.shape[-1] == image.shape[-1]:
        return image
    return torch.cat((image, like[..., 3:].to(image)), -1)


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
    if told is None:
        raise ValueError(
            "The video info tells no 'loaded_fps'. Connect the video_info of Load Video (Upload) "
            "from Video Helper Suite, or set fps by hand."
        )
    return exact_fps(float(told))


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
        return ImageBatch(checked_images(parts.images, name), Fraction(parts.frame_rate))
    if hasattr(value, "get_stream_source"):
        return _reader_of(value)
    raise ValueError(
        f"The input '{name}' is {type(value).__name__}; pictures (IMAGE) or a VIDEO were wanted. "
        "Connect Load Image or Load Video."
    )


def source_of(value: Any, name: str, fps: Fraction) -> Any:
    """A source as `animate` takes it: one picture is a still, more are a clip."""
    clip = clip_of(value, name, fps)
    if isinstance(clip, ImageBatch) and clip.num_frames == 1:
        return pixels_of(clip.images[0])
    return clip


def driver_of(value: Any, name: str, fps: Fraction) -> Any:
    """A driver as `animate` takes it: a motion, a still or a clip.

    Raises:
        ValueError: It is none of them.
    """
    motion = motion_of(value)
    return source_of(value, name, fps) if motion is None else motion


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
        names = core.Motion.__dataclass_fields__
        return core.Motion(**{name: getattr(value, name) for name in names})
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
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(
            f"The audio is {type(audio).__name__}; an AUDIO with a waveform and a sample rate was "
            "wanted. Connect Load Audio or Get Video Components."
        ) from error
    samples = waveform[0].detach().float().cpu().numpy()
    return core.Waveform(samples, sample_rate_hz)


def sound_of_video(value: Any) -> dict[str, Any]:
    """Arguments of the writer for the sound of a VIDEO; none where there is no sound."""
    if isinstance(value, InputImpl.VideoFromComponents):
        audio = value.get_components().audio
        return {} if audio is None else {"waveform": sound_of(audio)}
    if isinstance(value, Tensor) or not hasattr(value, "get_stream_source"):
        return {}
    reader = _reader_of(value)
    if not reader.has_audio:
        return {}
    return {"audio_path": reader.path, "audio_start_s": reader.start_s}


def box_of(text: str, bounding_box: Any = None, mask: Tensor | None = None) -> Any:
    """A face's box (x, y, width, height) as it was marked: in words, by another node, by a mask.

    Raises:
        ValueError: The words are not four numbers, or the mask is empty.
    """
    if bounding_box is not None:
        return _box_of_boxes(bounding_box)
    if mask is not None:
        return _box_of_mask(mask)
    if not text.strip():
        return None
    parts = text.replace(";", ",").split(",")
    try:
        box = tuple(float(part) for part in parts)
    except ValueError:
        box = ()
    if len(box) != BOX_NUMBERS or not all(map(math.isfinite, box)) or min(box[2:]) <= 0:
        raise ValueError(
            f"The box is '{text}'; four numbers x, y, width, height in pixels were wanted, as "
            "120, 80, 200, 200. Leave it empty to search for the face."
        )
    return box


def _box_of_boxes(value: Any) -> Any:
    found: Any = _first_of(value)
    try:
        return tuple(float(found[name]) for name in ("x", "y", "width", "height"))
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(
            f"The bounding box is {value!r}; x, y, width and height in pixels were wanted. "
            "Connect a node that gives BOUNDING_BOX, or write the box."
        ) from error


def _first_of(value: Any) -> Any:
    """The innermost first entry of lists: of the first frame, the first face."""
    return _first_of(value[0]) if isinstance(value, list | tuple) and value else value


def _box_of_mask(mask: Tensor) -> Any:
    inside = (mask[0] if mask.ndim > 2 else mask) > 0.5  # noqa: PLR2004 - a batch; half is inside
    rows, columns = inside.any(1).nonzero().flatten(), inside.any(0).nonzero().flatten()
    if not len(rows):
        raise ValueError(
            "The mask is empty, so it marks no face. Paint over the face, or disconnect the mask."
        )
    left, top = int(columns[0]), int(rows[0])
    return float(left), float(top), float(columns[-1] + 1 - left), float(rows[-1] + 1 - top)


def _reader_of(video: Any) -> Any:
    """A video as a stream of its frames, with its trims; nothing is decoded whole."""
    if getattr(video, "has_pending_frame_edits", lambda: False)():
        path = runtime.temporary_path(".mp4")
        video.save_to(str(path))
        return core.VideoReader(path)
    start_s, duration_s = getattr(video, "get_active_trim_window", lambda: (0.0, 0.0))()
    source = video.get_stream_source()
    if isinstance(source, bytes_io.BytesIO):
        path = runtime.temporary_path(".mp4")
        path.write_bytes(source.getvalue())
        source = path
    return core.VideoReader(source, start_s=start_s, duration_s=duration_s or None)
