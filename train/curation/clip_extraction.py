"""One file in, its clips out: the function that all workers run, wherever they are."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Final

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from liveportrait_core.errors import MediaError
from liveportrait_core.face.faces import Face, FaceTrack
from liveportrait_core.face.landmarks import openness_pairs
from liveportrait_core.imaging.crop import CropTransform, crop_pixels
from liveportrait_core.imaging.tensors import Pixels
from liveportrait_core.media.images import is_image, read_image
from liveportrait_core.media.video import VideoReader
from liveportrait_core.motion.openness import eyes_open, lip_open

from ..data.face_crops import framed
from ..data.shards import encode_jpeg
from ..data.speech_shards import encode_wave
from .face_recognition import lowest_similarity
from .quality import Quality, measure, missed_limit, part_around, sampled
from .settings import CurationSettings
from .sound import SoundTrack, lips_and_sound
from .split import Limits, RejectedSpan, Segment, Splitter
from .tools import Tools

MIN_FPS: Final = 5
MAX_FPS: Final = 240
"""A file with another rate has a wrong one, or does not show a person's movements."""
POSE_BATCH: Final = 16
LIP_COLUMN: Final = 2
"""Of `openness`."""
THUMBNAIL_PX: Final = 128
THUMBNAIL_QUALITY: Final = 80


@dataclass(frozen=True, slots=True, kw_only=True)
class Rejected:
    """A span of a file, or all of it, that gives no clip."""

    reason: str
    """A few words, by which they are counted."""
    from_s: float = 0.0
    seconds: float = 0.0
    """0 for an image, and for a video that cannot be read."""
    note: str = ""
    """More about it, where the reason is not enough."""
    picture: bytes = b""
    """A small JPEG of it, where there is one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CuratedClip:
    """Frames of one face with their annotations."""

    from_s: float
    """Where it begins in its video."""
    seconds: float
    fps: str
    """Frames taken of a second of video, exact; empty for an image."""
    frames: tuple[bytes, ...]
    """JPEG, all of one size."""
    layout: str
    """Of the landmarks."""
    arrays: dict[str, NDArray[np.float32]] = field(default_factory=dict)
    """`landmarks` (N, L, 2) crop units, `openness` (N, 3) of first eye, second eye and lip,
    `pose_deg` (N, 3) pitch, yaw, roll, `time_s` (N,), `crop` (3, 3) picture to crop in pixels, and
    `identity` (512,) where a recognition file is given."""
    quality: dict[str, float | None] = field(default_factory=dict)
    sound: bytes = b""
    """A WAV file of 16 kHz, mono, from the beginning of the first frame to the end of the last;
    empty where there is none."""
    sync: dict[str, float] = field(default_factory=dict)
    """`score` and `lag_ms` of lips and sound (`curation.sound.Sync`), where they can be told."""


ClipOrRejection = CuratedClip | Rejected


def curate_file(
    path: Path,
    tools: Tools,
    settings: CurationSettings,
    heartbeat: Callable[[], None] = lambda: None,
) -> Iterator[ClipOrRejection]:
    """The clips of a video or image, and what is left out and why.

    Convention:
        - two readers iterate over a video at once: the first follows faces until a segment is
          whole, the second crops it; memory holds one segment at most
        - what cannot be read is a rejection, never an error; clips before the place where a video
          breaks off are kept

    Args:
        path: An image or video.
        tools: The networks.
        settings: Limits and sizes.
        heartbeat: Called with each frame that is read.
    """
    try:
        if path.stat().st_size == 0:
            yield Rejected(reason="empty file")
            return
        source = _Source(path, settings.rate, heartbeat, with_sound=settings.sound)
    except (MediaError, OSError) as error:
        yield Rejected(reason="unreadable", note=str(error))
        return
    if source.has_odd_rate:
        yield Rejected(reason="odd frame rate", note=f"{float(source.file_fps):g} frames a second")
        return
    frames = iter(source)
    number = -1
    try:
        for found in _segments(source, tools, settings):
            if isinstance(found, RejectedSpan):
                yield _rejection_of(found, source)
                continue
            builder = _ClipBuilder(found, source, tools, settings)
            if builder.missed_limit:
                yield builder.rejected(builder.missed_limit)
                continue
            while number < found.numbers[-1]:
                number, frame = number + 1, next(frames)
                builder.add_frame(number, frame)
            yield builder.finish()
    except MediaError as error:
        yield Rejected(reason="breaks off", from_s=source.seconds(number), note=str(error))


class _Source:
    """An image, or evenly taken frames of a video; may be iterated several times."""

    def __init__(
        self, path: Path, rate: float, heartbeat: Callable[[], None], *, with_sound: bool
    ) -> None:
        self._heartbeat = heartbeat
        self.is_image = is_image(path)
        self._frames: Iterable[Pixels] = [read_image(path).rgb] if self.is_image else ()
        self.file_fps, self._step = Fraction(0), 1
        self.sound: SoundTrack | None = None
        if not self.is_image:
            reader = VideoReader(path)
            self._frames, self.file_fps = reader, reader.fps
            self._step = max(1, round(float(reader.fps) / rate))
            if with_sound:
                self.sound = SoundTrack(path)

    @property
    def has_odd_rate(self) -> bool:
        return not self.is_image and not MIN_FPS <= self.file_fps <= MAX_FPS

    @property
    def fps(self) -> Fraction:
        """Of the frames that are taken; 0 for an image."""
        return self.file_fps / self._step

    def seconds(self, frames: int) -> float:
        """How long some frames last."""
        return max(0.0, float(frames / self.fps)) if self.fps else 0.0

    def __iter__(self) -> Iterator[Pixels]:
        for number, frame in enumerate(self._frames):
            self._heartbeat()
            if number % self._step == 0:
                yield frame


def _segments(
    source: _Source, tools: Tools, settings: CurationSettings
) -> Iterator[Segment | RejectedSpan]:
    limits = Limits.of(settings, float(source.fps))
    splitter = Splitter(tools.finder, tools.network, limits)
    for frame in source:
        yield from splitter.update(frame)
    yield from splitter.close()


class _ClipBuilder:
    """Crops, measures and annotates one segment; keeps JPEGs and a few pictures."""

    def __init__(
        self, segment: Segment, source: _Source, tools: Tools, settings: CurationSettings
    ) -> None:
        self._source, self._tools, self._settings = source, tools, settings
        self._transform = framed(FaceTrack(0, segment.faces), settings.crop)
        self._segment = _frames_inside(segment, self._transform)
        numbers = self._segment.numbers
        self._face_of = dict(zip(numbers, self._segment.faces, strict=True))
        self._sampled = {numbers[place] for place in sampled(len(numbers))}
        self._jpegs: list[bytes] = []
        self._waiting: list[Pixels] = []
        self._poses: list[NDArray[np.float32]] = []
        self._crops: list[Pixels] = []
        self._parts: list[Pixels] = []
        self._vectors: list[NDArray[np.float32]] = []

    @property
    def missed_limit(self) -> str:
        """The limit that the segment misses before any frame is cropped; empty for none."""
        minimum = Limits.of(self._settings, float(self._source.fps)).minimum
        if self._transform.source_px_per_crop_px < self._settings.min_zoom:
            return "face too small"
        return "moves too much" if len(self._segment.numbers) < minimum else ""

    def add_frame(self, number: int, frame: Pixels) -> None:
        """The next frame of the video, whether it is in the segment or not."""
        face = self._face_of.get(number)
        if face is None:
            return
        crop = crop_pixels(frame, self._transform, antialias=True)
        self._jpegs.append(encode_jpeg(crop, self._settings.jpeg_quality))
        self._waiting.append(crop)
        if len(self._waiting) == POSE_BATCH:
            self._read_poses()
        if number in self._sampled:
            self._crops.append(crop)
            self._parts.append(part_around(frame, self._transform))
            if self._tools.recognise is not None:
                self._vectors.append(self._tools.recognise(frame, face.landmarks))

    def finish(self) -> ClipOrRejection:
        """The clip, or why it is rejected."""
        self._read_poses()
        poses = np.concatenate(self._poses)
        if self._vectors and lowest_similarity(self._vectors) < self._settings.min_similarity:
            return self.rejected("several people")
        try:
            quality = measure(self._parts, self._crops, self._transform, self._tools.scorer)
        except Exception as error:  # noqa: BLE001 - the user's scorer may raise anything
            return self.rejected("scorer failed", f"{type(error).__name__}: {error}")
        reason = missed_limit(quality, poses, self._settings)
        return self.rejected(reason) if reason else self._clip(quality, poses)

    def rejected(self, reason: str, note: str = "") -> Rejected:
        """The segment as a rejection."""
        numbers = self._segment.numbers
        frames = numbers[-1] - numbers[0] + 1
        return Rejected(
            reason=reason,
            from_s=self._source.seconds(numbers[0]),
            seconds=self._source.seconds(frames),
            note=note,
            picture=_thumbnail(self._crops[len(self._crops) // 2] if self._crops else None),
        )

    def _clip(self, quality: Quality, poses: NDArray[np.float32]) -> CuratedClip:
        numbers, faces = self._segment.numbers, self._segment.faces
        times = np.array([self._source.seconds(number - numbers[0]) for number in numbers])
        arrays = {
            **_annotations(faces, self._transform),
            "pose_deg": poses,
            "time_s": times.astype(np.float32),
            "crop": self._transform.source_to_crop.astype(np.float32),
        }
        if self._vectors:
            mean = np.mean(self._vectors, axis=0)
            arrays["identity"] = (mean / np.linalg.norm(mean).clip(1e-9)).astype(np.float32)
        sound, sync = self._sound(arrays)
        return CuratedClip(
            from_s=self._source.seconds(numbers[0]),
            seconds=self._source.seconds(numbers[-1] - numbers[0] + 1),
            fps=str(self._source.fps) if self._source.fps else "",
            frames=tuple(self._jpegs),
            layout=faces[0].landmarks.layout,
            arrays=arrays,
            quality={
                name: None if value is None else round(value, 4)
                for name, value in asdict(quality).items()
            },
            sound=sound,
            sync=sync,
        )

    def _sound(self, arrays: dict[str, NDArray[np.float32]]) -> tuple[bytes, dict[str, float]]:
        """The clip's sound as a file, and how well its lips go with it."""
        if self._source.sound is None or not self._source.fps:
            return b"", {}
        first, last = self._segment.numbers[0], self._segment.numbers[-1]
        fps = self._source.fps
        samples = self._source.sound.cut(first / fps, (last + 1) / fps)
        if samples is None:
            return b"", {}
        lips = arrays["openness"][:, LIP_COLUMN]
        sync = lips_and_sound(lips, arrays["time_s"], samples)
        told = {} if sync is None else asdict(sync)
        limit = self._settings.min_sync
        if limit is not None and (sync is None or sync.score < limit):
            return b"", told
        return encode_wave(samples), told

    def _read_poses(self) -> None:
        if self._waiting:
            self._poses.append(np.asarray(self._tools.pose(self._waiting), np.float32))
            self._waiting.clear()


def _frames_inside(segment: Segment, transform: CropTransform) -> Segment:
    """The segment without frames in which the face leaves the crop; at least one frame stays."""
    inside: list[int] = []
    for place, face in enumerate(segment.faces):
        points = transform.to_crop(face.landmarks.points)
        if points.min() >= 0 and points.max() <= transform.size_px - 1:
            inside.append(place)
    inside = inside or [0]
    return Segment(
        tuple(segment.numbers[place] for place in inside),
        tuple(segment.faces[place] for place in inside),
    )


def _annotations(faces: Sequence[Face], transform: CropTransform) -> dict[str, NDArray[np.float32]]:
    """Landmarks in crop units, and openness."""
    size = transform.size_px
    pixels = np.stack([transform.to_crop(face.landmarks.points) for face in faces])
    landmarks = [face.openness_landmarks or face.landmarks for face in faces]
    points = torch.from_numpy(np.stack([entry.points for entry in landmarks]))
    pairs = openness_pairs(landmarks[0].layout)
    openness = torch.cat((eyes_open(points, pairs), lip_open(points, pairs)), 1)
    return {
        "landmarks": ((pixels + 0.5) * (2 / size) - 1).astype(np.float32),
        "openness": openness.float().numpy(),
    }


def _rejection_of(span: RejectedSpan, source: _Source) -> Rejected:
    return Rejected(
        reason=span.reason,
        from_s=source.seconds(span.first),
        seconds=source.seconds(span.frames),
        picture=_thumbnail(span.picture),
    )


def _thumbnail(picture: Pixels | None) -> bytes:
    """A small square JPEG of a picture's middle."""
    if picture is None:
        return b""
    height, width = picture.shape[:2]
    side = min(height, width)
    top, left = (height - side) // 2, (width - side) // 2
    square = picture[top : top + side, left : left + side]
    small = cv2.resize(square, (THUMBNAIL_PX, THUMBNAIL_PX), interpolation=cv2.INTER_AREA)
    return encode_jpeg(np.asarray(small, np.uint8), THUMBNAIL_QUALITY)
