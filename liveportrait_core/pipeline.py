"""animate(): Algorithm 1 end to end, on frames, in chunks; opens no file.

Two passes. The first streams source and driver and keeps faces and motion; between the passes
the driven keypoints of all frames are worked out; the second streams the source again and
paints. Memory does not grow with the length of a clip but for half a kilobyte of motion a frame.
No gradients are needed: run it under `torch.inference_mode()`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np
import torch
from torch import Tensor

from .animation.batching import ChunkSize, batched, in_chunks
from .animation.crops import crop_of
from .animation.drive import drive
from .animation.finding import FaceReader
from .animation.inputs import DrivenKeypoints, check_space
from .animation.read import ReadClip, ReadOptions, face_tensor, read_driving, read_source
from .face.faces import FaceState
from .imaging.composite import paste_back_pixels, paste_mask
from .imaging.crop import CropTransform
from .imaging.tensors import Pixels, pixels_from_tensor
from .media.clips import Clip, Frames, LimitedClip, Progress
from .model import LivePortraitModel
from .motion.edit import extend, retime
from .motion.types import Motion
from .options import AnimateOptions
from .stages import extract_appearance, warp_decode

AnySource = Pixels | Clip
"""A still, (H, W, 3) uint8, or a clip."""
AnyDriver = Motion | Pixels | Clip


@dataclass(frozen=True, slots=True, kw_only=True)
class RenderedFrame:
    """One frame of the result."""

    index: int
    """From 0."""
    picture: Pixels
    """What comes out: the frame with its face painted anew, or the face alone."""
    source: Pixels
    """What went in: the source's frame, or its crop; `published` limits its size."""
    transform: CropTransform
    """Where the face lies in the source's frame."""
    state: FaceState
    """`missing`: the source shows no face here, and the picture is the source's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Animation:
    """A source and its driven keypoints, ready to be painted: all that is left is pass 2."""

    model: LivePortraitModel
    source: Clip
    is_video: bool
    """Whether the source moves by itself."""
    read: ReadClip
    """Crops and motion of the source."""
    keypoints: DrivenKeypoints
    """Of every frame of the result."""
    driving: Motion
    """The driver's motion, at the result's frame rate."""
    driving_read: ReadClip | None
    """Crops of the driver's frames, unless it is a motion."""
    options: AnimateOptions
    fps: Fraction
    """Of the result."""
    onto: Clip | None = None
    """Frames that the faces are pasted into, where they are not the source's."""

    def __len__(self) -> int:
        return len(self.keypoints)

    def render(self, progress: Progress | None = None) -> Iterator[RenderedFrame]:
        """Paint every frame, a chunk at a time.

        Args:
            progress: Told the frames done and their number.

        Yields:
            The frames in order.

        Raises:
            LivePortraitError: The device has not enough memory for one frame.
        """
        painter = _Painter(self)
        frames = self._of_video(painter) if self.is_video else self._of_still(painter)
        for frame in frames:
            yield frame
            if progress is not None:
                progress(frame.index + 1, len(self))

    @property
    def _published(self) -> bool:
        return self.options.driving.published

    def _of_still(self, painter: _Painter) -> Iterator[RenderedFrame]:
        frame = next(iter(self.source))
        crop = crop_of(frame, self.read.transforms[0], published=self._published)
        volume = extract_appearance(self.model, face_tensor(self.model, [crop]))

        def paint(part: Sequence[int]) -> list[Pixels]:
            some = self.keypoints[slice(part[0], part[-1] + 1)]
            volumes = volume.expand(len(part), *volume.shape[1:])
            return painter.faces(volumes, some)

        size = ChunkSize.for_device(self.model.device, self.options.chunk)
        index = 0
        for faces in in_chunks(paint, range(len(self)), size):
            for face in faces:
                yield painter.framed(index, frame, crop, face)
                index += 1

    def _of_video(self, painter: _Painter) -> Iterator[RenderedFrame]:
        size = ChunkSize.for_device(self.model.device, self.options.chunk)
        numbered = zip(range(len(self)), self.source, strict=False)
        for batch in batched(numbered, size):
            crops = {
                index: crop_of(frame, self.read.transforms[index], published=self._published)
                for index, frame in batch
            }
            present = [index for index, _ in batch if painter.state(index) != "missing"]

            def paint(part: Sequence[int], crops: dict[int, Pixels] = crops) -> list[Pixels]:
                faces = face_tensor(self.model, [crops[index] for index in part])
                rows = self.keypoints[slice(part[0], part[-1] + 1)]
                keep = [index - part[0] for index in part]
                some = replace(
                    rows,
                    source_keypoints=rows.source_keypoints[keep],
                    driving_keypoints=rows.driving_keypoints[keep],
                )
                return painter.faces(extract_appearance(self.model, faces), some)

            painted = [face for faces in in_chunks(paint, present, size) for face in faces]
            faces = dict(zip(present, painted, strict=True))
            for index, frame in batch:
                yield painter.framed(index, frame, crops[index], faces.get(index))


class _Painter:
    """Painted faces, and frames with them."""

    def __init__(self, animation: Animation) -> None:
        self._animation = animation
        self._mask = paste_mask(animation.model.preset.output_size_px).numpy()
        validity = animation.read.motion.validity
        self._validity = validity.tolist() if validity is not None else None
        self._published = animation.options.driving.published
        self._onto = iter(animation.onto) if animation.onto is not None else None

    def state(self, index: int) -> FaceState:
        """Whether the source shows its face."""
        if self._validity is None or not self._animation.is_video:
            return "measured"
        worth = self._validity[index]
        return "missing" if worth == 0 else "interpolated" if worth < 1 else "measured"

    def faces(self, volumes: Tensor, keypoints: DrivenKeypoints) -> list[Pixels]:
        """W and G on a chunk."""
        pictures = warp_decode(
            self._animation.model,
            volumes,
            keypoints.source_keypoints,
            keypoints.driving_keypoints,
            edge_held=keypoints.stitched,
        )
        return list(pixels_from_tensor(pictures, truncate=self._published))

    def framed(self, index: int, frame: Pixels, crop: Pixels, face: Pixels | None) -> RenderedFrame:
        """A result; without a face the source's own picture."""
        pastes = self._animation.options.pastes
        transform = self._animation.read.transforms[index if self._animation.is_video else 0]
        source = frame if pastes else crop
        picture = source
        if pastes and self._onto is not None:
            frame = picture = self._next_onto(index, frame)
        if face is not None and pastes:
            picture = paste_back_pixels(
                frame,
                face,
                transform,
                self._mask,
                antialias=not self._published,
                truncate=self._published,
            )
        elif face is not None:
            picture = face
        return RenderedFrame(
            index=index,
            picture=picture,
            source=source,
            transform=transform,
            state=self.state(index),
        )

    def _next_onto(self, index: int, frame: Pixels) -> Pixels:
        assert self._onto is not None
        onto = next(self._onto, None)
        if onto is None or onto.shape != frame.shape:
            came = f"{onto.shape[1]}x{onto.shape[0]} pixels" if onto is not None else "none"
            raise ValueError(
                f"Frame {index} of those to paste into: {came}; {frame.shape[1]}x"
                f"{frame.shape[0]} was wanted, as the source has. Give frames that were made "
                "from the same source."
            )
        return onto


def animate(
    model: LivePortraitModel,
    source: AnySource,
    driving: AnyDriver,
    options: AnimateOptions | None = None,
    *,
    source_faces: FaceReader | None = None,
    driving_faces: FaceReader | None = None,
    progress: Progress | None = None,
) -> Iterator[Pixels]:
    """A source moved by a driver, frame by frame  (Alg. 1).

    Args:
        model: The model.
        source: A still (H, W, 3) uint8, or a clip; a clip is gone through up to three times.
        driving: A motion of the model's keypoint space, a still, or a clip.
        options: How.
        source_faces: Finds the face of the source (`TrackedFaces`); may be None where the
            framing says that the frames are crops already.
        driving_faces: Finds the face of the driver, likewise; not needed for a motion.
        progress: Told the painted frames and their number.

    Yields:
        (H, W, 3) uint8, as many as `drive` says.

    Raises:
        FaceNotFoundError: The source or the driver shows no face.
        MotionSpaceError: The motion is of another keypoint space than the model's.
        ValueError: An option needs what the motion does not carry.
        CheckpointError: An option needs a network that the model lacks.
    """
    animation = prepare(
        model,
        source,
        driving,
        options,
        source_faces=source_faces,
        driving_faces=driving_faces,
    )
    for frame in animation.render(progress):
        yield frame.picture


def prepare(
    model: LivePortraitModel,
    source: AnySource,
    driving: AnyDriver,
    options: AnimateOptions | None = None,
    *,
    source_faces: FaceReader | None = None,
    driving_faces: FaceReader | None = None,
    onto: Clip | None = None,
    progress: Progress | None = None,
) -> Animation:
    """Pass 1 and what lies between the passes: everything but the painting.

    Convention:
        - a driver of another frame rate than a source clip is retimed to it, so that it stays as
          long in seconds; `published` goes frame by frame
        - `published` makes a large source smaller before anything else (`LimitedClip`), and takes
          a square driver as it is unless its framing says otherwise

        - where there are frames to paste onto, no more frames come out than there are, and a
          still that is driven by one frame is pasted into all of them

    The arguments and errors are those of `animate`; `onto` holds frames as large as the source's
    to paste into instead (several people, one after the other); `progress` is told the frames
    that were looked at, the source's, then the driver's.

    Returns:
        What `render` paints.
    """
    options = options or AnimateOptions()
    published = options.driving.published
    is_video = not isinstance(source, np.ndarray)
    clip = source if is_video else Frames((source,))
    clip = LimitedClip(clip) if published else clip
    if isinstance(driving, Motion):
        check_space(model, driving)
    reading = ReadOptions(
        chunk=ChunkSize.for_device(model.device, options.chunk),
        published=published,
        progress=progress,
    )
    read = read_source(model, clip, source_faces, options.source_framing, reading)
    driving_read = None
    if isinstance(driving, Motion):
        motion = driving.to(model.device)
    else:
        driver = Frames((driving,)) if isinstance(driving, np.ndarray) else driving
        driving_read = read_driving(model, driver, driving_faces, options.driving_framing, reading)
        motion = driving_read.motion
    motion = with_reference(motion, options.reference)
    lengths = [len(read)] if is_video else []
    num_onto: int | None = getattr(onto, "num_frames", None)
    lengths += [num_onto] if num_onto is not None else []
    if lengths:
        motion = matched(motion, clip.fps if is_video else motion.fps, min(lengths), options)
    keypoints = drive(model, read.motion, motion, options.driving, source_is_video=is_video)
    if num_onto is not None:
        keypoints = _as_long(keypoints, num_onto)
    fps = clip.fps if is_video else motion.fps
    return Animation(
        model=model,
        source=clip,
        is_video=is_video,
        read=read,
        keypoints=keypoints,
        driving=motion,
        driving_read=driving_read,
        options=options,
        fps=Fraction(max(1, int(fps))) if published else fps,
        onto=onto,
    )


def _as_long(keypoints: DrivenKeypoints, num_frames: int) -> DrivenKeypoints:
    """One frame held for so many, or more cut to so many."""
    if len(keypoints) > 1:
        return keypoints[:num_frames]
    rows = torch.zeros(num_frames, dtype=torch.long, device=keypoints.driving_keypoints.device)
    return replace(
        keypoints,
        source_keypoints=keypoints.source_keypoints[rows],
        driving_keypoints=keypoints.driving_keypoints[rows],
        motion=keypoints.motion[rows],
    )


def matched(driving: Motion, fps: Fraction, num_frames: int, options: AnimateOptions) -> Motion:
    """A driver at the frame rate of the moving frames it is painted into, and as long.

    Convention:
        - a driver of another rate is retimed, so that it stays as long in seconds; `published`
          goes frame by frame
        - one that ends early stops there, or goes on as `when_shorter` says; a longer one is cut
        - a driver of one frame holds for all

    Args:
        driving: The driver.
        fps: Of the frames.
        num_frames: How many there are.
        options: What to do.
    """
    if len(driving) == 1:
        return driving
    if not options.driving.published:
        driving = retime(driving, fps)
    if options.when_shorter != "stop":
        driving = extend(driving, num_frames, options.when_shorter)
    return driving[:num_frames]


def with_reference(motion: Motion, reference: int | None) -> Motion:
    """The motion with a frame of the user's choice as its neutral one.

    Raises:
        ValueError: It has no such frame.
    """
    if reference is None:
        return motion
    if reference >= len(motion):
        raise ValueError(
            f"The reference is frame {reference}, but the driver has {len(motion)} frames. "
            f"Choose one from 0 to {len(motion) - 1}."
        )
    return motion.describe(reference_frame=reference, reference=None)
