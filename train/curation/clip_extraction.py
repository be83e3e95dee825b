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
from .face_recognition import least_alike
from .quality import Quality, fault, measure, part_around, sampled
from .settings import CurationSettings
from .split import Limits, Piece, Splitter, Stretch
from .tools import Tools

SLOWEST_FPS: Final = 5
FASTEST_FPS: Final = 240
"""Films of other rates tell them wrongly, or are no films of a person's movements."""
POSE_BATCH: Final = 16
THUMBNAIL_PX: Final = 128
THUMBNAIL_QUALITY: Final = 80


@dataclass(frozen=True, slots=True, kw_only=True)
class Rejected:
    """A stretch of a file, or all of it, that gives no clip."""

    reason: str
    """A few words, by which they are counted."""
    from_s: float = 0.0
    seconds: float = 0.0
    """0 of a still, and of a film that cannot be read."""
    note: str = ""
    """What happened, where the reason does not say all."""
    picture: bytes = b""
    """A small JPEG of it, where there is one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CuratedClip:
    """Frames of one face with their annotations."""

    from_s: float
    """Where it begins in its film."""
    seconds: float
    fps: str
    """Frames taken of a second of film, exact; empty for a still."""
    frames: tuple[bytes, ...]
    """JPEG, all of one size."""
    layout: str
    """Of the landmarks."""
    arrays: dict[str, NDArray[np.float32]] = field(default_factory=dict)
    """`landmarks` (N, L, 2) crop units, `openness` (N, 3) of first eye, second eye and lip,
    `pose_deg` (N, 3) pitch, yaw, roll, `time_s` (N,), `crop` (3, 3) picture to crop in pixels, and
    `identity` (512,) where a recognition file is given."""
    quality: dict[str, float | None] = field(default_factory=dict)


Found = CuratedClip | Rejected


def curate_file(
    path: Path,
    tools: Tools,
    settings: CurationSettings,
    alive: Callable[[], None] = lambda: None,
) -> Iterator[Found]:
    """The clips of a film, or of a picture, and what is left out and why.

    Convention:
        - a film is gone through twice at once: one reader ahead, which follows faces until a
          piece is whole, and one behind, which crops it; memory holds one piece at most
        - what cannot be read is a rejection, never an error; clips before the place where a film
          breaks off are kept

    Args:
        path: A picture or film.
        tools: The networks.
        settings: Limits and sizes.
        alive: Called with each frame that is read.
    """
    try:
        if path.stat().st_size == 0:
            yield Rejected(reason="empty file")
            return
        source = _Source(path, settings.rate, alive)
    except (MediaError, OSError) as error:
        yield Rejected(reason="unreadable", note=str(error))
        return
    if source.has_odd_rate:
        yield Rejected(reason="odd frame rate", note=f"{float(source.told_fps):g} frames a second")
        return
    frames = iter(source)
    number = -1
    try:
        for found in _pieces(source, tools, settings):
            if isinstance(found, Stretch):
                yield _left_out(found, source)
                continue
            cutter = _Cutter(found, source, tools, settings)
            if cutter.fault:
                yield cutter.rejected(cutter.fault)
                continue
            while number < found.numbers[-1]:
                number, frame = number + 1, next(frames)
                cutter.take(number, frame)
            yield cutter.finish()
    except MediaError as error:
        yield Rejected(reason="breaks off", from_s=source.seconds(number), note=str(error))


class _Source:
    """A picture, or evenly taken frames of a film; may be gone through again."""

    def __init__(self, path: Path, rate: float, alive: Callable[[], None]) -> None:
        self._alive = alive
        self.is_still = is_image(path)
        self._frames: Iterable[Pixels] = [read_image(path).rgb] if self.is_still else ()
        self.told_fps, self._step = Fraction(0), 1
        if not self.is_still:
            reader = VideoReader(path)
            self._frames, self.told_fps = reader, reader.fps
            self._step = max(1, round(float(reader.fps) / rate))

    @property
    def has_odd_rate(self) -> bool:
        return not self.is_still and not SLOWEST_FPS <= self.told_fps <= FASTEST_FPS

    @property
    def fps(self) -> Fraction:
        """Of the frames that are taken; 0 of a still."""
        return self.told_fps / self._step

    def seconds(self, frames: int) -> float:
        """How long some frames last."""
        return max(0.0, float(frames / self.fps)) if self.fps else 0.0

    def __iter__(self) -> Iterator[Pixels]:
        for number, frame in enumerate(self._frames):
            self._alive()
            if number % self._step == 0:
                yield frame


def _pieces(source: _Source, tools: Tools, settings: CurationSettings) -> Iterator[Piece | Stretch]:
    limits = Limits.of(settings, float(source.fps))
    splitter = Splitter(tools.finder, tools.network, limits)
    for frame in source:
        yield from splitter.update(frame)
    yield from splitter.close()


class _Cutter:
    """Crops, measures and annotates one piece; keeps JPEGs and a few pictures."""

    def __init__(
        self, piece: Piece, source: _Source, tools: Tools, settings: CurationSettings
    ) -> None:
        self._source, self._tools, self._settings = source, tools, settings
        self._transform = framed(FaceTrack(0, piece.faces), settings.crop)
        self._piece = _within(piece, self._transform)
        numbers = self._piece.numbers
        self._face_of = dict(zip(numbers, self._piece.faces, strict=True))
        self._sampled = {numbers[place] for place in sampled(len(numbers))}
        self._jpegs: list[bytes] = []
        self._waiting: list[Pixels] = []
        self._poses: list[NDArray[np.float32]] = []
        self._crops: list[Pixels] = []
        self._parts: list[Pixels] = []
        self._vectors: list[NDArray[np.float32]] = []

    @property
    def fault(self) -> str:
        """Why the piece is none before any frame of it is cut, or nothing."""
        least = Limits.of(self._settings, float(self._source.fps)).least
        if self._transform.source_px_per_crop_px < self._settings.least_zoom:
            return "face too small"
        return "moves too much" if len(self._piece.numbers) < least else ""

    def take(self, number: int, frame: Pixels) -> None:
        """The next frame of the film, of the piece or not."""
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

    def finish(self) -> Found:
        """The clip, or why it is none."""
        self._read_poses()
        poses = np.concatenate(self._poses)
        if self._vectors and least_alike(self._vectors) < self._settings.least_alike:
            return self.rejected("several people")
        try:
            quality = measure(self._parts, self._crops, self._transform, self._tools.scorer)
        except Exception as error:  # noqa: BLE001 - a scorer of the user's may raise anything
            return self.rejected("scorer failed", f"{type(error).__name__}: {error}")
        reason = fault(quality, poses, self._settings)
        return self.rejected(reason) if reason else self._clip(quality, poses)

    def rejected(self, reason: str, note: str = "") -> Rejected:
        """The piece, left out."""
        numbers = self._piece.numbers
        frames = numbers[-1] - numbers[0] + 1
        return Rejected(
            reason=reason,
            from_s=self._source.seconds(numbers[0]),
            seconds=self._source.seconds(frames),
            note=note,
            picture=_thumbnail(self._crops[len(self._crops) // 2] if self._crops else None),
        )

    def _clip(self, quality: Quality, poses: NDArray[np.float32]) -> CuratedClip:
        numbers, faces = self._piece.numbers, self._piece.faces
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
        )

    def _read_poses(self) -> None:
        if self._waiting:
            self._poses.append(np.asarray(self._tools.pose(self._waiting), np.float32))
            self._waiting.clear()


def _within(piece: Piece, transform: CropTransform) -> Piece:
    """The piece without frames in which the face sticks out of the crop; at least one stays."""
    inside: list[int] = []
    for place, face in enumerate(piece.faces):
        points = transform.to_crop(face.landmarks.points)
        if points.min() >= 0 and points.max() <= transform.size_px - 1:
            inside.append(place)
    inside = inside or [0]
    return Piece(
        tuple(piece.numbers[place] for place in inside),
        tuple(piece.faces[place] for place in inside),
    )


def _annotations(faces: Sequence[Face], transform: CropTransform) -> dict[str, NDArray[np.float32]]:
    """Landmarks in crop units, and openness."""
    size = transform.size_px
    pixels = np.stack([transform.to_crop(face.landmarks.points) for face in faces])
    told = [face.openness_landmarks or face.landmarks for face in faces]
    points = torch.from_numpy(np.stack([landmarks.points for landmarks in told]))
    pairs = openness_pairs(told[0].layout)
    openness = torch.cat((eyes_open(points, pairs), lip_open(points, pairs)), 1)
    return {
        "landmarks": ((pixels + 0.5) * (2 / size) - 1).astype(np.float32),
        "openness": openness.float().numpy(),
    }


def _left_out(stretch: Stretch, source: _Source) -> Rejected:
    return Rejected(
        reason=stretch.reason,
        from_s=source.seconds(stretch.first),
        seconds=source.seconds(stretch.frames),
        picture=_thumbnail(stretch.picture),
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
