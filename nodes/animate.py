"""Animate Portrait, as images and as a video file: Algorithm 1 in one node."""

from __future__ import annotations

import logging
from contextlib import closing
from dataclasses import replace
from typing import TYPE_CHECKING, Final

import numpy as np
from comfy_api.latest import InputImpl, io
from torch import Tensor

from ..liveportrait_core.command_options import OutputOptions
from ..liveportrait_core.config.fields import spec_of
from ..liveportrait_core.errors import about
from ..liveportrait_core.face.faces import Faces
from ..liveportrait_core.motion.edit import neutral_motion
from ..liveportrait_core.motion.types import Motion
from ..liveportrait_core.options import AnimateOptions, FaceOptions
from . import library, runtime
from .adapt.clips import (
    check_same_size,
    clip_of,
    driver_of,
    fps_of,
    repeated,
    still_of,
    without_even_edge,
)
from .adapt.results import rendered_images, unchanged_images
from .adapt.sounds import SoundChoice, writer_sound
from .fields import (
    FACE_INDEX,
    GAIN,
    MOTION_MODE,
    REGION,
    STITCH,
    even_size_field,
    faces_field,
    fps_field,
    images_field,
    model_field,
    options_field,
    video_info_field,
)
from .keypoints import with_choices
from .schema import field, schema
from .sockets import LoadedModel, MotionSocket, checked
from .widgets import OptionWidget

if TYPE_CHECKING:
    from comfy_api.latest import Input

    from ..liveportrait_core.animation.animation import Animation
    from ..liveportrait_core.constants import Region
    from ..liveportrait_core.media.clips import Clip
    from ..liveportrait_core.model import LivePortraitModel
    from ..liveportrait_core.options import MotionMode
    from .adapt.clips import AnyClip


_LOG = logging.getLogger(__name__)
FACES_TOOLTIP: Final = (
    "From Find Faces of the source: for several people, or boxes drawn by hand. Without it the "
    "faces are searched for here."
)
OPTIONS_TOOLTIP: Final = (
    "From Driving Options: eye and lip opening, smoothing, neutral frame, cropping."
)
SEARCH_WORDS: Final = (
    "LivePortraitProcess",
    *("face animation", "portrait animation", "animate face", "facial animation"),
    *("talking head", "talking photo", "lipsync", "lip sync", "lip-sync"),
    *("avatar", "puppet", "vtuber", "reenactment"),
    *("motion capture", "mocap", "motion transfer", "expression transfer"),
)
IMAGE_BYTES: Final = 16
"""Of a pixel of an image and its mask, as ComfyUI keeps them."""
NO_DRIVER: Final = "nothing drives it: the source comes out as it is"
PASTE_BACK: Final = OptionWidget(spec=spec_of(AnimateOptions, "paste_back"), id="paste_back")
SOUND: Final = OptionWidget(
    spec=spec_of(OutputOptions, "audio"),
    id="sound",
    note="A connected audio is used instead, unless this is none.",
)
CRF: Final = OptionWidget(spec=spec_of(OutputOptions, "crf"), id="crf")


def _common_fields() -> list[io.Input]:
    return [
        model_field(),
        images_field(
            "source",
            "Who is animated: an image or frames of a video (IMAGE), or a VIDEO.",
        ),
        io.MultiType.Input(
            "driving",
            types=[io.Image, io.Video, MotionSocket],
            optional=True,  # the node before may be bypassed or muted
            tooltip="Who moves: a VIDEO, frames (IMAGE), or a motion from Load Motion, "
            "Expression, or an audio-to-motion node. Without it the source comes out as it is.",
        ),
        REGION.field(),
        MOTION_MODE.field(),
        GAIN.field(),
        STITCH.field(),
        FACE_INDEX.field(),
    ]


class AnimatePortrait(io.ComfyNode):
    """A portrait moved by a driver, as images."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        """Inputs and outputs."""
        return schema(
            node_id="LPS_AnimatePortrait",
            display_name="Animate Portrait",
            description="Moves a portrait or a video as a driver moves. Gives images; for long "
            "clips use Animate Portrait (video file).",
            stage="animate",
            first=True,
            search_aliases=[*SEARCH_WORDS, "Advanced Live Portrait", "image to image"],
            inputs=[
                *_common_fields(),
                PASTE_BACK.field(),
                fps_field(),
                faces_field(FACES_TOOLTIP),
                # two types: a bypassed node passes on its first input of exactly the wanted type
                io.MultiType.Input(
                    "paste_onto",
                    types=[io.Image, io.Video],
                    optional=True,
                    tooltip="Frames to paste into instead of the source's: the result of another "
                    "Animate Portrait of the same source, for several people. One image serves "
                    "for all frames.",
                ),
                options_field(OPTIONS_TOOLTIP),
                video_info_field(),
                even_size_field(),
            ],
            outputs=[
                io.Image.Output("images", display_name="images", tooltip="The animated frames."),
                io.Mask.Output(
                    "mask",
                    display_name="mask",
                    tooltip="Where the frames were changed; a single mask where the face keeps its "
                    "position.",
                ),
                MotionSocket.Output(
                    "motion", display_name="motion", tooltip="The driver's motion, for Save Motion."
                ),
            ],
            hidden=[io.Hidden.unique_id],
        )

    @classmethod
    @runtime.showing_warnings
    def execute(
        cls,
        model: LoadedModel,
        source: Tensor | Input.Video,
        region: Region,
        motion_mode: MotionMode,
        gain: float,
        stitch: bool,
        face_index: int,
        paste_back: bool,
        fps: float,
        driving: Tensor | Input.Video | Motion | None = None,
        faces: Faces | None = None,
        paste_onto: Tensor | Input.Video | None = None,
        options: AnimateOptions | None = None,
        video_info: object = None,
        even_size: bool = True,
    ) -> io.NodeOutput:
        """Read both, then render into one batch."""
        rate = fps_of(fps, video_info)
        widgets = {"region": region, "motion_mode": motion_mode, "gain": gain, "stitch": stitch}
        options = with_choices(options, widgets)
        face = FaceOptions(index=face_index)
        options = replace(options, paste_back=paste_back, source_face=face)
        source_clip = clip_of(source, "source", rate)
        background = None
        if paste_onto is not None:
            background = without_even_edge(clip_of(paste_onto, "paste_onto", rate), source_clip)
        if driving is None:
            runtime.show_text(cls, NO_DRIVER)
            still = neutral_motion(checked(model, LoadedModel, "model").model.preset.space)
            unchanged = unchanged_images(background or source_clip, even_size=even_size)
            return io.NodeOutput(*unchanged, still)
        driver = driver_of(driving, "driving", rate)
        progress = _progress(driver)
        onto = repeated(background) if background else None
        animation = _prepared(
            model, source_clip, driver, options, faces, onto, progress, IMAGE_BYTES
        )
        images, mask = rendered_images(
            animation, progress, background or source_clip, even_size=even_size
        )
        return io.NodeOutput(images, mask, runtime.intermediate(animation.driving))


class AnimateVideo(io.ComfyNode):
    """A portrait or a video moved by a driver, streamed into a file."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        """Inputs and outputs."""
        return schema(
            node_id="LPS_AnimateVideo",
            display_name="Animate Portrait (video file)",
            description="Moves a portrait or a video as a driver moves, straight into a video "
            "file: memory does not grow with its length, sound and frame rate are kept.",
            stage="animate",
            first=True,
            search_aliases=[*SEARCH_WORDS, "video editing", "image to video", "video to video"],
            inputs=[
                *_common_fields(),
                SOUND.field(),
                CRF.field(advanced=True),
                fps_field(),
                faces_field(FACES_TOOLTIP),
                options_field(OPTIONS_TOOLTIP),
                field(
                    io.Audio,
                    "audio",
                    optional=True,
                    tooltip="Sound of the result, for example the speech of a talking motion.",
                ),
                video_info_field(),
            ],
            outputs=[
                io.Video.Output("video", display_name="video", tooltip="For Save Video."),
            ],
            hidden=[io.Hidden.unique_id],
        )

    @classmethod
    @runtime.showing_warnings
    def execute(
        cls,
        model: LoadedModel,
        source: Tensor | Input.Video,
        region: Region,
        motion_mode: MotionMode,
        gain: float,
        stitch: bool,
        face_index: int,
        sound: SoundChoice,
        crf: int,
        fps: float,
        driving: Tensor | Input.Video | Motion | None = None,
        faces: Faces | None = None,
        options: AnimateOptions | None = None,
        audio: Input.Audio | None = None,
        video_info: object = None,
    ) -> io.NodeOutput:
        """Read both, then render frame after frame into the file."""
        rate = fps_of(fps, video_info)
        widgets = {"region": region, "motion_mode": motion_mode, "gain": gain, "stitch": stitch}
        options = with_choices(options, widgets)
        face = FaceOptions(index=face_index)
        options = replace(options, source_face=face)
        source_clip = clip_of(source, "source", rate)
        if driving is None:
            runtime.show_text(cls, NO_DRIVER)
            if not isinstance(source, Tensor):
                return io.NodeOutput(source)
            return io.NodeOutput(_as_video(source_clip, crf, None if sound == "none" else audio))
        driver = driver_of(driving, "driving", rate)
        with_sound = writer_sound(sound, audio, driving=driver, source=source_clip)
        progress = _progress(driver)
        animation = _prepared(model, source_clip, driver, options, faces, None, progress)
        path = runtime.temporary_path(".mp4")
        with (
            closing(library.render.render(animation)) as frames,
            library.video_writer.VideoWriter(path, animation.fps, crf=crf, **with_sound) as writer,
        ):
            for frame in frames:
                writer.write(frame.picture, frame.changed)
                progress.rendered(frame.index + 1, len(animation), frame.picture)
        return io.NodeOutput(InputImpl.VideoFromFile(str(path)))


def _as_video(clip: AnyClip, crf: int, audio: Input.Audio | None) -> Input.Video:
    """The frames of a clip in a file, as they are."""
    path = runtime.temporary_path(".mp4")
    sound = writer_sound("auto", audio, driving=clip, source=clip)
    with library.video_writer.VideoWriter(path, clip.fps, crf=crf, **sound) as writer:
        for frame in clip:
            runtime.check_cancelled()
            writer.write(frame)
    return InputImpl.VideoFromFile(str(path))


def _prepared(
    model: LoadedModel,
    source: AnyClip,
    driving: Motion | AnyClip,
    options: AnimateOptions,
    faces: Faces | None,
    background: Clip | None,
    progress: runtime.Progress,
    result_bytes: int = 0,
) -> Animation:
    """The library's `prepare`, with the faces of Find Faces, if any.

    `result_bytes` are of a pixel of the result that is held.
    """
    if faces is not None:
        check_same_size(checked(faces, Faces, "faces"), source, "source")
        if options.driving.published:
            _check_unlimited(source)
    ready = runtime.on_device(model)
    _log_estimate(ready, source, driving, options, result_bytes)
    return library.pipeline.prepare(
        ready,
        still_of(source),
        driving if isinstance(driving, Motion) else still_of(driving),
        replace(options, face_models=model.face_models),
        source_faces=faces[options.source_face.index] if faces is not None else None,
        background_clip=background,
        progress=progress.read,
        kept=model.kept,
    )


def _log_estimate(
    model: LivePortraitModel,
    source: AnyClip,
    driving: Motion | AnyClip,
    options: AnimateOptions,
    result_bytes: int,
) -> None:
    """Say in ComfyUI's log what a long animation will take."""
    made = library.estimate.estimate(
        model,
        source,
        driving,
        options,
        is_video=not isinstance(still_of(source), np.ndarray),
        result_bytes=result_bytes,
    )
    if made is not None:
        _LOG.info("Animate Portrait: %s, besides the model", made)


def _check_unlimited(source: AnyClip) -> None:
    """Refuse faces of a source that is made smaller after they were found.

    Raises:
        ValueError: It is.
    """
    limit = library.clips.SOURCE_SIDE_PX
    if max(source.width, source.height) > limit:
        with about("source"):
            raise ValueError(
                f"The source is {source.width}x{source.height} pixels; at most {limit} a side are "
                "expected with the option 'published', which makes it smaller after its faces "
                "were found. Scale it before Find Faces, or switch 'published' off."
            )


def _progress(driving: Motion | AnyClip) -> runtime.Progress:
    """A bar for reading the source, the driver where that is a clip, and rendering."""
    num_clips = 1 if isinstance(driving, Motion) else 2
    return runtime.Progress(runtime.READING_STEPS, num_clips)


NODES: tuple[type[io.ComfyNode], ...] = (AnimatePortrait, AnimateVideo)
