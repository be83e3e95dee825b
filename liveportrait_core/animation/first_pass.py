"""Pass 1 over source and driver as the options ask for it, with what earlier calls kept."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from ..face.faces import FaceTrack
from ..imaging.tensors import Pixels
from ..media.clips import Clip, LimitedClip, Progress, frame_size, limited_box
from ..model import LivePortraitModel
from ..options import AnimateOptions, FaceOptions, Framing, Role
from .batching import ChunkSize
from .crop_motion import ReadOptions
from .face_trackers import ClipTracker, FaceTrackers
from .kept import Kept, Key, clip_key, track_digest
from .read import ReadClip, read_clip

FoundFace = FaceTrack | ClipTracker | None
"""A face that was found before, or a way to find it; None: found as the options say."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadSource:
    """A source after pass 1."""

    clip: Clip
    """The frames that are rendered."""
    read: ReadClip
    """Crops and motion."""
    is_video: bool
    """Whether it moves by itself."""
    features_key: Key | None
    """Where a still's features are kept; None where they are not."""


class FirstPass:
    """Pass 1 over source and driver, with the face trackers that the options ask for."""

    def __init__(
        self,
        model: LivePortraitModel,
        options: AnimateOptions,
        progress: Progress | None,
        kept: Kept | None = None,
        name: str = "",
    ) -> None:
        """Nothing is read yet.

        Args:
            model: The model.
            options: How.
            progress: Called with the number of frames that were read, and of all.
            kept: What earlier calls found; None keeps nothing.
            name: What messages call a clip that is neither source nor driver.
        """
        self._model, self._options, self._kept, self._name = model, options, kept, name
        self._published = options.driving.published
        self._trackers = FaceTrackers(model, options.face_models, published=self._published)
        self._reading = ReadOptions(
            chunk=ChunkSize.for_device(model.device, options.chunk),
            published=self._published,
            driving_crop=options.driving_crop,
            progress=progress,
            name=name,
        )

    def source(self, clip: Clip, faces: FoundFace, *, is_image: bool) -> ReadSource:
        """The source, which `published` makes smaller, and pass 1 over it.

        A box is of the clip before that.
        """
        framing = self._options.source_framing
        face = self._options.source_face
        if faces is None and self._published and face.box is not None:
            face = replace(face, box=limited_box(face.box, *frame_size(clip)))
        clip = LimitedClip(clip) if self._published else clip
        read, key = self._read("source", clip, faces, face, framing, is_image=is_image)
        features_key = ("features", *key) if is_image and key is not None else None
        return ReadSource(clip=clip, read=read, is_video=not is_image, features_key=features_key)

    def driver(self, clip: Clip, faces: FoundFace, framing: Framing) -> ReadClip:
        """Pass 1 over a driver."""
        return self._read("driver", clip, faces, self._options.driving_face, framing)[0]

    def _read(
        self,
        role: Role,
        clip: Clip,
        faces: FoundFace,
        face: FaceOptions,
        framing: Framing,
        *,
        is_image: bool = False,
    ) -> tuple[ReadClip, Key | None]:
        """Pass 1 over a clip, and where it is kept."""
        kept = self._kept or Kept()
        which = track_digest(faces) if isinstance(faces, FaceTrack) else face
        key = (
            None
            if callable(faces)
            else self._key(clip, role, which, framing, is_image, self._options.driving_crop)
        )
        key = None if key is None else ("motion", *key)

        def read() -> ReadClip:
            cropped = bool(framing.already_cropped)
            found = faces
            if faces is None:
                found = self._trackers.tracker(
                    role, face, already_cropped=cropped, is_image=is_image, name=self._name
                )
                faces_key = self._key(clip, role, face, cropped, is_image)
                if found and faces_key is not None:
                    found = _keeping(kept, faces_key, found)
            return read_clip(self._trackers.reading(), clip, found, framing, role, self._reading)

        return kept.get(key, read), key

    def _key(self, clip: Clip, *about: object) -> Key | None:
        if self._kept is None:
            return None
        options = self._options
        known = (options.face_models, options.chunk, self._published, *about)
        return clip_key("faces", self._model, clip, *known)


def _keeping(kept: Kept, key: Key, find: ClipTracker) -> FaceTrack | ClipTracker:
    """The face as it was found before, or a way to find it that keeps it."""
    if key in kept:
        return kept.get(key, lambda: find(()))

    def found(frames: Iterable[Pixels]) -> FaceTrack:
        return kept.get(key, lambda: find(frames))

    return found
