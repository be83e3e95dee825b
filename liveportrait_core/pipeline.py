"""animate(): Algorithm 1 end to end, on frames, in chunks; opens no file of the user's.

Two passes. The first streams source and driver and keeps faces and motion; between the passes
the driven keypoints of all frames are worked out; the second streams the source again and
renders (`animation.render`). Memory does not grow with the length of a clip but for half a
kilobyte of motion a frame. No gradients are needed: run it under `torch.inference_mode()`.
"""

from __future__ import annotations

import math
from collections.abc import Generator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import numpy as np

from .animation.animation import Animation
from .animation.batching import ChunkSize
from .animation.drive import drive
from .animation.edit import edit_keypoints
from .animation.first_pass import FirstPass, FoundFace, ReadSource
from .animation.inputs import check_networks, check_space
from .animation.kept import Kept
from .animation.render import render
from .animation.timing import check_reference, held_or_cut, lasting, matched, with_reference
from .errors import about
from .face.detector import check_box
from .face.faces import PHOTO
from .imaging.tensors import Pixels
from .media.clips import Clip, Progress, clip_of, frame_size
from .media.streamed import streamed
from .model import LivePortraitModel
from .motion.types import Motion
from .options import AnimateOptions, Edit, FaceOptions

AnySource = Pixels | Clip
"""An image, (H, W, 3) uint8, or a clip."""
AnyDriver = Motion | Edit | Pixels | Clip
"""What moves a source: a motion, sliders, an image, or a clip."""


def animate(
    model: LivePortraitModel,
    source: AnySource,
    driving: AnyDriver,
    options: AnimateOptions | None = None,
    *,
    source_faces: FoundFace = None,
    driving_faces: FoundFace = None,
    progress: Progress | None = None,
) -> Generator[Pixels]:
    """A source moved by a driver, frame by frame  (Alg. 1).

    `for frame in animate(load_model(), read_image("portrait.jpg").rgb, VideoReader("me.mp4")): ...`

    Args:
        model: The model.
        source: An image (H, W, 3) uint8, or a clip; a clip is read up to three times.
        driving: A motion of the model's keypoint space, an image, a clip, or sliders (`Edit`).
        options: How.
        source_faces: The face of the source, or how to find it; by default as the options say.
        driving_faces: Likewise of the driver; a motion needs none.
        progress: Called with the number of rendered frames and of all.

    Yields:
        (H, W, 3) uint8, as many as `drive` says.

    Raises:
        FaceNotFoundError: The source or the driver shows no face.
        MotionSpaceError: The motion is of another keypoint space than the model's.
        ValueError: An option needs what the motion does not carry.
        CheckpointError: An option needs a network that the model lacks.
        TypeError: An argument is of another kind than these.
    """
    animation = prepare(
        model,
        source,
        driving,
        options,
        source_faces=source_faces,
        driving_faces=driving_faces,
    )
    with closing(render(animation, progress)) as frames:
        for frame in frames:
            yield frame.picture


def prepare(  # noqa: PLR0913 - the one way in
    model: LivePortraitModel,
    source: AnySource,
    driving: AnyDriver,
    options: AnimateOptions | None = None,
    *,
    source_faces: FoundFace = None,
    driving_faces: FoundFace = None,
    background_clip: Clip | None = None,
    progress: Progress | None = None,
    kept: Kept | None = None,
) -> Animation:
    """The one way in: pass 1 and what lies between the passes, everything but the rendering.

    `animation = prepare(model, source, driving, AnimateOptions(source_face=FaceOptions(index=1)))`

    Convention:
        - framing and face trackers are decided here; the keypoint space of a motion, its
          reference and the networks that are needed are checked before anything is read
        - a driver of a source clip is brought to its rate and length (`matched`)
        - `published` makes a large source, and a box in it, smaller before anything else
          (`LimitedClip`), and takes a square driver as it is unless its framing or a box says
          otherwise
        - clips are decoded ahead of the networks in threads of their own, and once only where their
          frames fit in memory (`StreamedClip`)
        - where there is a background clip, no more frames come out than it has, and an image that
          is driven by one frame is pasted into all of them

    The arguments and errors are those of `animate`; `background_clip` holds frames as large as
    the source's to paste into instead (several people, one after the other); `progress` is called
    with the number of frames that were read, the source's, then the driver's; `kept` holds faces,
    crops, motion and a still's features for later calls, which then read only what is new to them.

    Returns:
        What `render` takes.
    """
    options = options or AnimateOptions()
    clip, driver = _checked(model, source, driving, options)
    if driver is not None:
        options = _decided(options, driver)
        driver = _ahead(model, driver, options)
    clip = _ahead(model, clip, options)
    if background_clip is not None:
        background_clip = _ahead(model, background_clip, options)
    first_pass = FirstPass(model, options, progress, kept)
    with about("source"):
        is_image = isinstance(source, np.ndarray)
        read_source = first_pass.source(clip, source_faces, is_image=is_image)
    driving_read = None
    if driver is not None:
        with about("driving"):
            driving_read = first_pass.driver(driver, driving_faces, options.driving_framing)
    if isinstance(driving, Motion):
        motion = driving.to(model.device)
    else:
        motion = read_source.read.motion if driving_read is None else driving_read.motion
    sliders = driving if isinstance(driving, Edit) else None
    animation = _between(model, read_source, motion, sliders, options, background_clip)
    return replace(animation, driving_read=driving_read, kept=kept)


def _ahead(model: LivePortraitModel, clip: Clip, options: AnimateOptions) -> Clip:
    """A clip that is decoded ahead of the networks, by two frames more than they take at once."""
    return streamed(clip, ChunkSize.for_device(model.device, options.chunk).num_frames + 2)


def _between(
    model: LivePortraitModel,
    source: ReadSource,
    driving: Motion,
    edit: Edit | None,
    options: AnimateOptions,
    background_clip: Clip | None,
) -> Animation:
    """What lies between the passes: the driver fitted to the source, and all keypoints driven."""
    clip, read, is_video = source.clip, source.read, source.is_video
    limit: int | None = getattr(background_clip, "num_frames", None)
    if edit is not None:
        keypoints = edit_keypoints(model, read.motion, edit, compat=options.driving.compat)
    else:
        if is_video:
            clip, read = lasting(clip, read, driving, options)
        driving = with_reference(driving, options.reference)
        lengths = [length for length in (len(read) if is_video else 0, limit) if length]
        if lengths:
            fps = clip.fps if is_video else driving.fps
            driving = matched(driving, fps, min(lengths), options)
        keypoints = drive(model, read.motion, driving, options.driving, source_is_video=is_video)
    return Animation(
        model=model,
        source=clip,
        is_video=is_video,
        read=read,
        keypoints=keypoints if limit is None else held_or_cut(keypoints, limit),
        driving=driving,
        options=options,
        background_clip=background_clip,
        features_key=source.features_key,
    )


def _checked(
    model: LivePortraitModel, source: AnySource, driving: AnyDriver, options: AnimateOptions
) -> tuple[Clip, Clip | None]:
    """The source and the driver as clips (no driver where none is to be read), checked unread.

    Raises:
        TypeError: One of the four is of another kind.
        MotionSpaceError: The motion is of another keypoint space.
        ValueError: The driver has no such reference frame, or the model lacks a network.
        FaceNotFoundError: The driver's box lies outside of its frames.
    """
    check_types(model, options)
    clip = clip_of(source, "source")
    check_networks(model, driving if isinstance(driving, Edit) else options.driving)
    if isinstance(driving, Edit):
        return clip, None
    if isinstance(driving, Motion):
        with about("driving"):
            check_space(model, driving)
        with_reference(driving, options.reference)
        return clip, None
    driver = clip_of(driving, "driver", also=", a Motion, an Edit")
    with about("driving"):
        _check_driver(driver, options)
    return clip, driver


def _check_driver(driver: Clip, options: AnimateOptions) -> None:
    """Refuse a box or a reference frame that a driver cannot have.

    Convention:
        - how many frames a file says that it has may be wrong by a few: what is beyond by less
          than a second is refused once it is read

    Raises:
        FaceNotFoundError: The box lies outside of its frames.
        ValueError: It has no such reference frame.
    """
    if options.driving_face.box is not None:
        check_box(options.driving_face.box, *frame_size(driver))
    expected: int | None = getattr(driver, "num_frames", None)
    if expected and options.reference is not None:
        check_reference(options.reference, expected, slack=math.ceil(driver.fps))


def check_types(model: object, options: object) -> None:
    """Refuse what is no model, or no options.

    Raises:
        TypeError: It is so.
    """
    for given, kind, made in (
        (model, LivePortraitModel, "load_model()"),
        (options, AnimateOptions, "AnimateOptions(driving=DrivingOptions(...))"),
    ):
        if not isinstance(given, kind):
            raise TypeError(
                f"{type(given).__name__} came where {kind.__name__} is expected. Give {made}."
            )


def _decided(options: AnimateOptions, driver: Clip) -> AnimateOptions:
    """The options, with a decision whether the driver is cropped; one with a box is."""
    framing = options.driving_framing
    if framing.already_cropped is None:
        published = options.driving.published and options.driving_face.box is None
        size = frame_size(driver) if published else (0, 0)
        framing = framing.decided(*size, published=published)
    return replace(options, driving_framing=framing)


def read_motion(
    model: LivePortraitModel,
    clip: AnySource,
    options: AnimateOptions | None = None,
    *,
    faces: FoundFace = None,
    progress: Progress | None = None,
    name: str = "clip",
) -> Motion:
    """The motion of a clip, to be saved or to drive a source.

    `save_motion(read_motion(load_model(), VideoReader("me.mp4")), "me.safetensors")`

    Args:
        model: The model.
        clip: An image (H, W, 3) uint8, or a clip; it is read twice.
        options: `source_face`, `source_framing`, `face_models` and `chunk` count.
        faces: The face, or how to find it; by default as the options say.
        progress: Called with the number of frames that were read, and of all.
        name: What messages call the clip.

    Raises:
        FaceNotFoundError: No frame shows a face.
    """
    options = options or AnimateOptions()
    options = replace(options, driving_face=options.source_face)
    check_types(model, options)
    frames = clip_of(clip, "clip")
    first_pass = FirstPass(model, options, progress, name=name)
    frames = _ahead(model, frames, options)
    return first_pass.driver(frames, faces, options.source_framing).motion


def read_photo(
    model: LivePortraitModel,
    photo: Pixels,
    *,
    face_index: int = 0,
    face_models: Path | None = None,
) -> Motion:
    """What a face in a photo does, to be copied: `copied_expression(read_photo(model, photo))`.

    Args:
        model: The model.
        photo: (H, W, 3) uint8.
        face_index: Which face, the largest first.
        face_models: As in `AnimateOptions`.

    Raises:
        FaceNotFoundError: It shows no face, or not so many.
    """
    options = AnimateOptions(source_face=FaceOptions(index=face_index), face_models=face_models)
    return read_motion(model, photo, options, name=PHOTO)
