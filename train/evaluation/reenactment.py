"""Self- and cross-reenactment as the paper does it: a portrait moved by the frames of a video.

Videos are streamed: one pass finds the face, one extracts its motion, one renders. Memory holds the
motion of a video and half a kilobyte of landmarks a frame.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import islice
from pathlib import Path
from typing import Final, Literal

import numpy as np
import torch

from liveportrait_core.animation.animation import Animation
from liveportrait_core.animation.crops import driving_crops
from liveportrait_core.animation.drive import drive
from liveportrait_core.animation.face_trackers import FaceTrackers
from liveportrait_core.animation.read import read_clip
from liveportrait_core.animation.render import render
from liveportrait_core.errors import FaceNotFoundError, MediaError, counted
from liveportrait_core.face.faces import Face, FaceTrack, face_from_landmarks
from liveportrait_core.imaging.crop import CropTransform, crop_pixels
from liveportrait_core.imaging.landmark_layouts import Landmarks
from liveportrait_core.imaging.tensors import Pixels, resize_pixels, tensor_from_pixels
from liveportrait_core.media.clips import Clip, Frames, limited_pixels
from liveportrait_core.media.images import is_image, read_image
from liveportrait_core.media.video import VideoReader
from liveportrait_core.model import LivePortraitModel
from liveportrait_core.motion.types import Motion
from liveportrait_core.options import AnimateOptions, DrivingOptions, Framing, MotionMode, Role

from ..metrics.feature_extractors import View
from .clip_reenactment import inside
from .measured_model import at_size
from .measures import FACE_PX

FramingMode = Literal["paste", "crop", "whole"]
PICTURES_FPS: Final = Fraction(25)
"""Of videos that are folders of images, which have no frame rate."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EvaluatedModel:
    """The model that is measured, and how videos and portraits are framed for it."""

    model: LivePortraitModel
    landmarks: LivePortraitModel
    """A compact model whose M extracts keypoints: the measured one, if it is compact itself."""
    faces: FaceTrackers
    size_px: int
    """Side of the pictures that are compared."""
    framing: FramingMode
    motion: MotionMode

    @classmethod
    def of(
        cls,
        model: LivePortraitModel,
        shipped: LivePortraitModel,
        *,
        size_px: int,
        framing: FramingMode,
        motion: MotionMode,
    ) -> EvaluatedModel:
        """A model with what it needs to be measured.

        Args:
            model: The model to measure.
            shipped: The compact model that extracts keypoints where those of the measured one have
                no names, and that finds the faces, whichever model is measured.
            size_px: See the field.
            framing: `paste`: the face is cut out of the frame, generated and pasted back, and whole
                frames are compared; of frames that are not square the square about the face.
                `crop`: the crop of the face alone. `whole`: the frames are face crops already.
            motion: See `DrivingOptions`.
        """
        own = model.preset.family == "compact"
        return cls(
            model=model,
            landmarks=at_size(model if own else shipped, FACE_PX),
            faces=FaceTrackers(shipped),
            size_px=size_px,
            framing=framing,
            motion=motion,
        )

    @property
    def keypoint_source(self) -> str:
        """Which M extracts the keypoints, in words."""
        own = self.model.preset.family == "compact"
        return "the measured model's own M" if own else "the shipped compact model's M"

    def view(self, squares: Sequence[Pixels], face: CropTransform) -> View:
        """Images as the feature extractors take them."""
        size = (self.size_px, self.size_px)
        return View(
            whole=torch.cat([tensor_from_pixels(resize_pixels(one, size)) for one in squares]),
            face=torch.cat([tensor_from_pixels(crop_pixels(one, face)) for one in squares]),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class SampledVideo:
    """Some frames of a video, or of a folder of images, as a clip."""

    path: Path
    every: int = 1
    """Every N-th frame is compared."""
    max_frames: int | None = None
    """Frames at most; None takes all."""

    @property
    def fps(self) -> Fraction:
        """Frames per second that are taken."""
        fps = PICTURES_FPS if self.path.is_dir() else VideoReader(self.path).fps
        return fps / self.every

    def __iter__(self) -> Iterator[Pixels]:
        """The frames from the beginning."""
        frames = _pictures_in(self.path) if self.path.is_dir() else iter(VideoReader(self.path))
        return islice(islice(frames, 0, None, self.every), self.max_frames)


@dataclass(frozen=True, slots=True, kw_only=True)
class SquareCrops:
    """A square part of every frame of a clip."""

    clip: Clip
    transform: CropTransform | None
    """Where it lies; None is the whole frame."""

    @property
    def fps(self) -> Fraction:
        """The clip's."""
        return self.clip.fps

    def __iter__(self) -> Iterator[Pixels]:
        """The squares from the beginning."""
        for frame in self.clip:
            yield frame if self.transform is None else crop_pixels(frame, self.transform)


@dataclass(frozen=True, slots=True, kw_only=True)
class TrackedClip:
    """A video or portrait: its squares, the face in each, and the crop for feature extractors."""

    name: str
    squares: Clip
    track: FaceTrack
    """In pixels of the squares."""
    face: CropTransform
    """The part of a square that feature extractors take."""

    @property
    def visible(self) -> list[int]:
        """The frames in which the face was measured."""
        return [index for index, validity in enumerate(self.track.validity) if validity == 1.0]

    def frame(self, index: int) -> TrackedClip:
        """One frame as a portrait."""
        square = next(islice(iter(self.squares), index, None))
        track = FaceTrack(0, (self.track.faces[index],))
        return replace(self, squares=Frames((square,)), track=track)


def track_video(
    evaluated: EvaluatedModel, name: str, clip: SampledVideo, *, min_faces: int = 2
) -> TrackedClip:
    """Find the face of a video.

    Args:
        evaluated: Its framing applies.
        name: For messages.
        clip: Its frames.
        min_faces: Frames that must show a face.

    Raises:
        FaceNotFoundError: Fewer do.
        MediaError: The video cannot be read.
    """
    return _tracked_clip(evaluated, name, clip, role="driver", min_faces=min_faces)


def track_portrait(evaluated: EvaluatedModel, name: str, path: Path) -> TrackedClip:
    """Find the face of an image; the errors are those of `track_video`.

    Convention:
        - a large image is made smaller, as the published program does with a source: all of them
          are held while videos are processed
    """
    clip = Frames((limited_pixels(read_image(path).rgb),))
    return _tracked_clip(evaluated, name, clip, role="source", min_faces=1)


def video_motion(evaluated: EvaluatedModel, video: TrackedClip) -> Motion:
    """The motion of every frame of a video; it is interpolated where there is no face."""
    known = video.track if evaluated.framing == "paste" else None
    framing = _model_framing(evaluated)
    return read_clip(evaluated.model, video.squares, known, framing, "driver").motion


def reenacted_frames(
    evaluated: EvaluatedModel, portrait: TrackedClip, motion: Motion, reference: int
) -> Iterator[Pixels]:
    """The portrait moved by a driver, a square for each frame, streamed  (Alg. 1, no stitching).

    Convention:
        - the first-stage networks alone, as in the paper's comparisons: neither stitching nor
          retargeting
        - `reference` counts as the driver's neutral frame (Eq. 7)
    """
    known = portrait.track if evaluated.framing == "paste" else None
    framing = _model_framing(evaluated)
    read = read_clip(evaluated.model, portrait.squares, known, framing, "source")
    options = DrivingOptions(stitch=False, motion=evaluated.motion, limits="off")
    keypoints = drive(
        evaluated.model,
        read.motion,
        motion,
        options,
        reference=motion[reference],
        source_is_video=False,
    )
    animation = Animation(
        model=evaluated.model,
        source=portrait.squares,
        is_video=False,
        read=read,
        keypoints=keypoints,
        driving=motion,
        options=AnimateOptions(driving=options, source_framing=framing),
    )
    height, width = next(iter(portrait.squares)).shape[:2]
    for frame in render(animation):
        yield resize_pixels(frame.picture, (height, width))


def _model_framing(evaluated: EvaluatedModel) -> Framing:
    """How the model crops faces from squares: itself, or not at all."""
    return Framing() if evaluated.framing == "paste" else Framing(already_cropped=True)


def _tracked_clip(
    evaluated: EvaluatedModel, name: str, clip: Clip, *, role: Role, min_faces: int
) -> TrackedClip:
    tracker = evaluated.faces.tracker(role, is_image=role == "source")
    assert tracker is not None
    track = tracker(clip)
    visible = sum(validity == 1.0 for validity in track.validity)
    if visible < min_faces:
        raise FaceNotFoundError(
            f"{name} shows a face in {visible} of {counted(len(track), 'frame')}; {min_faces} or "
            "more are expected. Leave it out, or take more of its frames."
        )
    shape = next(iter(clip)).shape
    square = _square(evaluated, track, shape)
    if square is not None:
        track = FaceTrack(track.face_id, tuple(_moved(face, square) for face in track.faces))
    squares: Clip = SquareCrops(clip=clip, transform=square)
    if role == "source":
        squares = Frames(tuple(squares))
    face = driving_crops(evaluated.landmarks, track, Framing())[0]
    return TrackedClip(name=name, squares=squares, track=track, face=face)


def _square(
    evaluated: EvaluatedModel, track: FaceTrack, shape: tuple[int, ...]
) -> CropTransform | None:
    """The part of the frames that is compared; None is all of it."""
    height, width = shape[:2]
    if evaluated.framing == "crop":
        crop = driving_crops(evaluated.model, track, Framing())[0]
        return inside(crop, shape, evaluated.model.preset.output_size_px)
    side = min(height, width)
    if height == width:
        return None
    x, y = (width - 1) / 2, (height - 1) / 2
    if evaluated.framing == "paste":
        centres = [face.centre for face in track.faces if face.state == "measured"]
        x, y = (float(value) for value in np.mean(centres, axis=0))
    left, top = (
        min(max(round(middle - (side - 1) / 2), 0), length - side)
        for middle, length in ((x, width), (y, height))
    )
    return CropTransform(np.array([[1.0, 0, -left], [0, 1, -top], [0, 0, 1]]), side)


def _moved(face: Face, transform: CropTransform) -> Face:
    """A face of the frame as one of the square."""
    layout = face.landmarks.layout
    landmarks = Landmarks(transform.to_crop(face.landmarks.points), layout)
    box = face_from_landmarks(landmarks, face.score).box
    return replace(face, landmarks=landmarks, box=box, openness_landmarks=None)


def _pictures_in(folder: Path) -> Iterator[Pixels]:
    """The pictures of a folder as frames.

    Raises:
        MediaError: They differ in size, or one cannot be read.
    """
    first: tuple[int, ...] = ()
    for path in sorted(folder.iterdir()):
        if path.name.startswith(".") or not is_image(path):
            continue
        frame = read_image(path).rgb
        first = first or frame.shape
        if frame.shape != first:
            raise MediaError(
                f"{path} has {frame.shape[1]}x{frame.shape[0]} pixels; {first[1]}x{first[0]}, as "
                "the frames before it, is expected. Put images of other sizes elsewhere."
            )
        yield frame
