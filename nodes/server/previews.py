"""Pictures of a face that is being changed, from sessions that stay open."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from threading import RLock
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

import torch

from ...liveportrait_core.config.find_options import FindOptions
from ...liveportrait_core.constants import COMPACT_SPACE, CompactKeypoint
from ...liveportrait_core.options import AnimateOptions, FaceOptions
from ...liveportrait_core.warned import HeardWarnings
from .. import library, runtime
from .seen import SEEN, Found

if TYPE_CHECKING:
    from torch import Tensor

    from ...liveportrait_core.imaging.tensors import Pixels
    from ...liveportrait_core.model import LivePortraitModel
    from ...liveportrait_core.motion.types import Motion
    from ...liveportrait_core.sessions.portrait import PortraitSession
    from ..sockets import LoadedModel
    from .asked import AskedPreview, AskedSource

MOST_SESSIONS: Final = 4
MOST_BYTES: Final = 512 * 2**20
BYTES_A_PIXEL: Final = 3 + 16
"""Of a session's picture: itself, and at most what lies below the face (`PortraitSession`)."""
THUMBNAIL_PX: Final = 72
THUMBNAIL_MARGIN: Final = 1.3
"""Side of what is shown, in longer sides of the face's box."""
MOST_FACES: Final = 8
NETWORKS: Final = "networks"
"""Name of the step that draws the face."""
HANDLES: Final[Mapping[str, CompactKeypoint]] = MappingProxyType(
    {
        "brow_left": CompactKeypoint.LEFT_BROW_MIDDLE,
        "brow_right": CompactKeypoint.RIGHT_BROW_MIDDLE,
        "iris_left": CompactKeypoint.LEFT_IRIS,
        "iris_right": CompactKeypoint.RIGHT_IRIS,
        "smile_left": CompactKeypoint.LEFT_LIP_CORNER,
        "smile_right": CompactKeypoint.RIGHT_LIP_CORNER,
        "jaw": CompactKeypoint.LOWER_LIP,
    }
)
"""What can be dragged on a face, where keypoints have names."""
Maker = Callable[..., "Motion"]
"""Makes the motion of one frame from a model, the widgets of a node, and, where the node adds the
expression of a photo, what was read of that."""

Reader = Callable[["LoadedModel", "Pixels", int], "Motion"]
"""Reads a face of a photo, by its number."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """What is answered."""

    jpeg: bytes
    handles: Mapping[str, tuple[float, float]]
    """Place of each in the close-up, x and y from 0 to 1; none of other views."""
    note: str
    """What the library warned of when it read the source."""
    film: tuple[int, float] | None
    """Frames of the source, and how many a second; None of a picture."""
    times_ms: Mapping[str, float]
    """What took how long, by the name of the step."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Open:
    """A source that is ready, and what was said of it."""

    found: Found
    session: PortraitSession
    note: str
    num_bytes: int


class Previews:
    """Sessions of the last few sources."""

    def __init__(self) -> None:
        """None yet."""
        self._open: OrderedDict[tuple[object, ...], _Open] = OrderedDict()
        self._read: OrderedDict[tuple[object, ...], Motion] = OrderedDict()
        self._lock = RLock()

    def render(self, asked: AskedPreview, make: Maker, read: Reader) -> Preview:
        """The picture that is asked for.

        Args:
            asked: What is asked for.
            make: Makes the motion.
            read: Reads the face of a photo.

        Raises:
            LivePortraitError: The source shows no such face, or a file is missing or unreadable.
            ValueError: A value is wrong, or the source is not known.
        """
        watch = _Watch()
        with self._lock, torch.inference_mode():
            ready = self._session(asked.source)
            session = ready.session
            like = () if asked.like is None else (self._face(asked.like, read),)
            watch.note("source")
            keypoints = session.keypoints(make(ready.found.loaded, asked.values, *like))
            watch.note("keypoints")
            face_px = asked.side_px if asked.view == "face" else None
            frame = session.rendered(keypoints, face_px=face_px)
            watch.note(NETWORKS)
            handles: dict[str, tuple[float, float]] = {}
            if asked.view == "face":
                picture = frame.picture
                handles = _handles(keypoints.driving_keypoints[0], session.model.preset.space)
            elif asked.view == "before":
                crop = frame.transform.resized(asked.side_px)
                picture = library.crops.crop_of(frame.source, crop)
            else:
                picture = _fitted(frame.picture, asked.side_px)
            jpeg = library.jpeg.jpeg_of(picture)
            watch.note("jpeg")
            return Preview(
                jpeg=jpeg,
                handles=handles,
                note=ready.note,
                film=_film(ready.found),
                times_ms=watch.times_ms,
            )

    def faces(self, asked: AskedSource) -> list[bytes]:
        """A small JPEG of each face of the source, in the order of their numbers.

        The errors are those of `render`.
        """
        with self._lock, torch.inference_mode():
            found = SEEN.find(asked)
            pixels = found.pixels()
            net = runtime.beside_a_run(found.loaded)
            trackers = library.face_trackers.FaceTrackers(net, found.loaded.face_models)
            options = FindOptions(max_faces=MOST_FACES)
            faces = trackers.find_all(library.clips.Frames([pixels]), options=options)
            return [
                library.jpeg.jpeg_of(_thumbnail(pixels, track.faces[0].box))
                for track in faces.tracks
            ]

    def _face(self, asked: AskedSource, read: Reader) -> Motion:
        """What a face of a photo does, read once."""
        found = SEEN.find(asked)
        key = (*found.key, asked.face_index, library.kept.Same(found.loaded))
        if key not in self._read:
            self._read[key] = read(found.loaded, found.pixels(), asked.face_index)
        while len(self._read) > MOST_SESSIONS:
            self._read.popitem(last=False)
        return self._read[key]

    def _session(self, asked: AskedSource) -> _Open:
        found = SEEN.find(asked)
        net = runtime.beside_a_run(found.loaded)
        key = (*found.key, asked.face_index, library.kept.Same(found.loaded))
        # of a film one frame is ready
        if key not in self._open or self._open[key].found.index != found.index:
            self._open[key] = _opened(found, net, asked.face_index)
        self._open.move_to_end(key)
        while len(self._open) > 1 and self._too_many():
            self._open.popitem(last=False)
        return self._open[key]

    def _too_many(self) -> bool:
        kept = sum(each.num_bytes for each in self._open.values())
        return len(self._open) > MOST_SESSIONS or kept > MOST_BYTES


class _Watch:
    """What took how long, from one note to the next."""

    def __init__(self) -> None:
        self.times_ms: dict[str, float] = {}
        self._last_s = time.perf_counter()

    def note(self, step: str) -> None:
        now_s = time.perf_counter()
        self.times_ms[step] = (now_s - self._last_s) * 1000
        self._last_s = now_s


def _opened(found: Found, net: LivePortraitModel, face_index: int) -> _Open:
    """Faces, crop, F and M of a source, once."""
    pixels = found.pixels()
    face = FaceOptions(index=face_index)
    options = AnimateOptions(source_face=face, face_models=found.loaded.face_models)
    with HeardWarnings() as heard:
        session = library.portrait.PortraitSession(net, pixels, options, kept=found.loaded.kept)
    return _Open(
        found=found,
        session=session,
        note=" ".join(heard.texts),
        num_bytes=pixels.shape[0] * pixels.shape[1] * BYTES_A_PIXEL,
    )


def _film(found: Found) -> tuple[int, float] | None:
    pictures = found.pictures
    return (pictures.num_frames, pictures.fps) if pictures.num_frames > 1 else None


def _fitted(pixels: Pixels, side_px: int) -> Pixels:
    """A picture no longer than this."""
    height, width = pixels.shape[:2]
    zoom = min(1.0, side_px / max(height, width))
    size = max(1, round(height * zoom)), max(1, round(width * zoom))
    return library.tensors.resize_pixels(pixels, size)


def _thumbnail(pixels: Pixels, box: tuple[float, float, float, float]) -> Pixels:
    """A face (x, y, width, height in pixels) with some of what is around it, small."""
    x, y, width, height = box
    side = THUMBNAIL_MARGIN * max(width, height)
    left, top = (
        max(0, round(start)) for start in (x + (width - side) / 2, y + (height - side) / 2)
    )
    return _fitted(pixels[top : top + round(side), left : left + round(side)], THUMBNAIL_PX)


def _handles(keypoints: Tensor, space: str) -> dict[str, tuple[float, float]]:
    """Where in a close-up, from 0 to 1, keypoints (K, 3) in crop units show what can be dragged."""
    if space != COMPACT_SPACE:
        return {}
    places = ((keypoints[:, :2] + 1) / 2).tolist()
    return {name: (places[index][0], places[index][1]) for name, index in HANDLES.items()}


PREVIEWS: Final = Previews()
"""Of this server."""
