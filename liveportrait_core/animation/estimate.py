"""How much memory and time an animation will take, as far as that can be said before it begins."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, TypeVar

import torch

from ..errors import counted
from ..imaging.tensors import RGB
from ..media.clips import Clip, Frames, frame_size
from ..media.streamed import KEPT_BYTES
from ..media.video_writer import QUEUED_FRAMES
from ..model import LivePortraitModel
from ..motion.transform import transform_keypoints
from ..motion.types import Motion
from ..options import AnimateOptions, Edit
from ..stages import extract_appearance, extract_motion, warp_decode
from .batching import ChunkSize, memory_estimate

LIBRARY_BYTES: Final = 300 * 2**20
"""Of a process with torch and all else before a model is loaded, on a processor."""
DECODER_BYTES: Final = 30
"""For a pixel of a video that is read: pictures in several threads, and those they refer to."""
ENCODER_BYTES: Final = 230
"""For a pixel of a video that is written: H.264 looks forty pictures ahead."""
MOTION_BYTES: Final = 8000
"""For a frame: motion, landmarks, crops, and what is made of them between the passes."""
DECODING_S: Final = 20e-9
"""For a pixel, of one thread; colours are four fifths of it."""
ENCODING_S: Final = 35e-9
"""For a pixel, likewise."""
FINDING: Final = 1.3
"""Following a face through a frame, and a search now and then, in runs of M."""
LEAST_FRAMES: Final = 50
"""Of a result whose time is worth the frame that is computed to tell it."""
_QUICK_S: Final = 0.5
_Result = TypeVar("_Result")


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """What an animation will take.

    `estimate(model, photo, VideoReader("me.mp4"), options)`, then `str` of it
    """

    num_frames: int
    """Of the result."""
    seconds: float
    num_bytes: int
    """Of the processor's memory, without libraries and the model's weights (`model_bytes`)."""

    def __str__(self) -> str:
        """One line."""
        minutes, seconds = divmod(max(1, round(self.seconds)), 60)
        took = f"{minutes} min {seconds} s" if minutes else f"{seconds} s"
        gigabytes = f"{self.num_bytes / 1e9:.1f} GB"
        return f"{counted(self.num_frames, 'frame')}: about {took} and {gigabytes} of memory"


@dataclass(frozen=True, slots=True, kw_only=True)
class NetworkSeconds:
    """What networks take for a frame on the machine as it is."""

    motion: float
    """M."""
    appearance: float
    """F."""
    drawing: float
    """W and G."""


def estimate(
    model: LivePortraitModel,
    source: Clip,
    driving: Motion | Edit | Clip,
    options: AnimateOptions,
    *,
    is_video: bool,
    result_bytes: int = 0,
) -> Estimate | None:
    """What `prepare` and `render` will take; None below `LEAST_FRAMES`, or of unknown length.

    Convention:
        - networks are timed on a grey face; what runs beside them counts by the pixel, shared by
          the threads on a processor, and where it is longer on another device
        - how long a video is goes by what its file says

    Args:
        model: The model.
        source: What is animated.
        driving: What moves it.
        options: How.
        is_video: Whether the source moves by itself.
        result_bytes: For a pixel of the result that is held, beyond what a video writer takes.
    """
    num_frames = expected_frames(source, driving, options, is_video=is_video)
    if num_frames is None or num_frames < LEAST_FRAMES:
        return None
    driver = None if isinstance(driving, Motion | Edit) else driving
    read = [(clip, _length(clip)) for clip in (source if is_video else None, driver) if clip]
    chunk = ChunkSize.for_device(model.device, options.chunk).num_frames
    networks = network_seconds(model)
    drawing = networks.drawing + (networks.appearance if is_video else 0)
    in_networks = num_frames * drawing
    beside = num_frames * _pixels(source) * ENCODING_S
    num_bytes = memory_estimate(model, chunk) if model.device.type == "cpu" else 0
    num_bytes += _pixels(source) * (
        ENCODER_BYTES + RGB * (QUEUED_FRAMES + 2 * chunk) + num_frames * result_bytes
    )
    for clip, length in read:
        held = length * _pixels(clip) * RGB
        fits = held <= KEPT_BYTES
        passes = 1 if fits else 2 + (clip is source)
        in_networks += length * networks.motion * (1 + FINDING)
        beside += passes * length * _pixels(clip) * DECODING_S
        num_bytes += _pixels(clip) * (DECODER_BYTES + RGB * (chunk + 3))
        num_bytes += (held if fits and not isinstance(clip, Frames) else 0) + length * MOTION_BYTES
    on_processor = model.device.type == "cpu"
    seconds = in_networks + beside / torch.get_num_threads()
    return Estimate(
        num_frames=num_frames,
        seconds=seconds if on_processor else max(in_networks, beside),
        num_bytes=num_bytes,
    )


def expected_frames(
    source: Clip, driving: Motion | Edit | Clip, options: AnimateOptions, *, is_video: bool
) -> int | None:
    """How many frames `prepare` will make; None where a clip does not say how many it has.

    The arguments are those of `estimate`.
    """
    own = _length(source) if is_video else 1
    if isinstance(driving, Edit):
        return own or None
    driven = len(driving) if isinstance(driving, Motion) else _length(driving)
    if not driven or not own:
        return None
    if not is_video:
        return driven
    if driven == 1:
        return own
    if not options.driving.published:
        driven = max(1, math.floor(driven / driving.fps * source.fps))
    if driven < own:
        return driven if options.when_shorter == "stop" else own
    return own if options.source_when_shorter == "stop" else driven


def model_bytes(model: LivePortraitModel) -> int:
    """Of a model's weights."""
    networks = model.modules().values()
    return sum(tensor.nbytes for net in networks for tensor in net.state_dict().values())


def network_seconds(model: LivePortraitModel) -> NetworkSeconds:
    """The networks timed on a grey face; the first run of a quick one does not count."""
    side = model.preset.face_size_px
    face = torch.full((1, 3, side, side), 0.5, device=model.device)
    with torch.inference_mode():
        motion, motion_s = _timed(lambda: extract_motion(model, face))
        volume, appearance_s = _timed(lambda: extract_appearance(model, face))
        points = transform_keypoints(motion)
        _, drawing_s = _timed(lambda: warp_decode(model, volume, points, points))
    return NetworkSeconds(motion=motion_s, appearance=appearance_s, drawing=drawing_s)


def _timed(run: Callable[[], _Result]) -> tuple[_Result, float]:
    result, seconds = _once(run)
    return (result, seconds) if seconds > _QUICK_S else _once(run)


def _once(run: Callable[[], _Result]) -> tuple[_Result, float]:
    start_s = time.perf_counter()
    result = run()
    if torch.cuda.is_available():
        torch.cuda.synchronize()
    return result, time.perf_counter() - start_s


def _length(clip: Clip) -> int:
    """How many frames a clip says that it has; 0 where it does not say."""
    return getattr(clip, "num_frames", None) or 0


def _pixels(clip: Clip) -> int:
    height, width = frame_size(clip)
    return height * width
