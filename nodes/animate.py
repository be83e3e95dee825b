"""Animate Portrait, as pictures and as a video file: Algorithm 1 in one node."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import torch
from comfy_api.latest import InputImpl, io
from torch import Tensor

from .. import liveportrait_core as core
from . import runtime
from .adapt.clips import check_same_size, clip_of, driver_of, fps_of, still_of
from .adapt.images import ImageBatch, alpha_of, checked_images, image_of, with_alpha
from .adapt.sounds import SOUNDS, SoundChoice, writer_sound
from .faces import fps_field, video_info_field
from .keypoints import motion_mode_field, options_field, region_field, with_choices
from .paste_back import where_pasted
from .schema import field, schema
from .sockets import FacesSocket, LoadedModel, ModelSocket, MotionSocket, checked

if TYPE_CHECKING:
    from comfy_api.latest import Input

    from ..liveportrait_core import (
        AnimateOptions,
        Animation,
        Clip,
        Faces,
        Motion,
    )
    from ..liveportrait_core.constants import Region
    from ..liveportrait_core.options import MotionMode
    from ..liveportrait_core.pipeline import RenderedFrame
    from .adapt.clips import AnyClip
    from .paste_back import Mask


def _common_fields() -> list[io.Input]:
    return [
        field(ModelSocket, "model", tooltip="From Load Model."),
        io.MultiType.Input(
            "source",
            types=[io.Image, io.Video],
            tooltip="Who is animated: a picture, or frames of a video (IMAGE), or a VIDEO.",
        ),
        io.MultiType.Input(
            "driving",
            types=[io.Image, io.Video, MotionSocket],
            tooltip="Who moves: a VIDEO, frames (IMAGE), or a motion from Load Motion, "
            "Expression, or an audio-to-motion node.",
        ),
        region_field(),
        motion_mode_field(),
        field(
            io.Float,
            "gain",
            default=1.0,
            min=0.0,
            max=4.0,
            step=0.01,
            tooltip="Multiplies how far the face travels from the source's; 1 is as driven.",
        ),
        field(
            io.Boolean,
            "stitch",
            default=True,
            tooltip="Keep shoulders and the crop's edge in place, so that no seam shows.",
        ),
        field(
            io.Int,
            "face_index",
            default=0,
            min=0,
            max=63,
            tooltip="Which face of the source, by the number that Show Faces draws; 0 is the "
            "largest unless Find Faces orders them otherwise.",
        ),
    ]


def _faces_field() -> io.Input:
    return field(
        FacesSocket,
        "faces",
        optional=True,
        tooltip="From Find Faces of the source: several people, boxes drawn by hand. Without it "
        "the faces are looked for here.",
    )


class AnimatePortrait(io.ComfyNode):
    """A portrait moved by a driver, as pictures."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        """Inputs and outputs."""
        return schema(
            node_id="LPS_AnimatePortrait",
            display_name="Animate Portrait",
            description="Moves a portrait or a video as a driver moves. Gives pictures; for long "
            "clips take Animate Portrait (video file).",
            stage="animate",
            search_aliases=["LivePortraitProcess", "Advanced Live Portrait", "face animation"],
            inputs=[
                *_common_fields(),
                field(
                    io.Boolean,
                    "paste_back",
                    default=True,
                    tooltip="Put the face back into the whole picture; off gives the face crops.",
                ),
                fps_field(),
                _faces_field(),
                field(
                    io.Image,
                    "paste_onto",
                    optional=True,
                    tooltip="Frames to paste into instead of the source's: the result of another "
                    "Animate Portrait of the same source, for several people.",
                ),
                options_field(),
                video_info_field(),
            ],
            outputs=[
                io.Image.Output("images", display_name="images", tooltip="The animated frames."),
                io.Mask.Output(
                    "mask",
                    display_name="mask",
                    tooltip="Where the frames were changed; one mask where the face stays in its "
                    "place.",
                ),
                MotionSocket.Output(
                    "motion", display_name="motion", tooltip="The driver's motion, to be saved."
                ),
            ],
            hidden=[io.Hidden.unique_id],
        )

    @classmethod
    def execute(
        cls,
        model: LoadedModel,
        source: Tensor | Input.Video,
        driving: Tensor | Input.Video | Motion,
        region: Region,
        motion_mode: MotionMode,
        gain: float,
        stitch: bool,
        face_index: int,
        paste_back: bool,
        fps: float,
        faces: Faces | None = None,
        paste_onto: Tensor | None = None,
        options: AnimateOptions | None = None,
        video_info: object = None,
    ) -> io.NodeOutput:
        """Read both, then paint into one batch."""
        rate = fps_of(fps, video_info)
        options = with_choices(options, region=region, motion=motion_mode, gain=gain, stitch=stitch)
        options = replace(options, paste_back=paste_back)
        background = None
        if paste_onto is not None:
            background = ImageBatch(checked_images(paste_onto, "paste_onto"), rate)
        source_clip = clip_of(source, "source", rate)
        driver = driver_of(driving, "driving", rate)
        progress = _progress(driver)
        animation = prepared(
            model, source_clip, driver, options, faces, face_index, background, progress
        )
        images, mask = _rendered(animation, progress, background or source_clip)
        runtime.show_text(cls, gaps(animation))
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
            search_aliases=["LivePortraitProcess", "video editing", "face animation"],
            inputs=[
                *_common_fields(),
                field(
                    io.Combo,
                    "sound",
                    options=list(SOUNDS),
                    default="auto",
                    tooltip="Whose sound the video gets. auto: the driver's, else the source's. A "
                    "connected audio goes before all but none.",
                ),
                field(
                    io.Int,
                    "crf",
                    default=18,
                    min=0,
                    max=51,
                    advanced=True,
                    tooltip="Quality of the H.264 video: 0 is lossless, 18 hardly to be told from "
                    "it, 51 worst.",
                ),
                fps_field(),
                _faces_field(),
                options_field(),
                field(
                    io.Audio,
                    "audio",
                    optional=True,
                    tooltip="Sound of the result, as that of a talking motion.",
                ),
                video_info_field(),
            ],
            outputs=[
                io.Video.Output("video", display_name="video", tooltip="For Save Video."),
            ],
            hidden=[io.Hidden.unique_id],
        )

    @classmethod
    def execute(
        cls,
        model: LoadedModel,
        source: Tensor | Input.Video,
        driving: Tensor | Input.Video | Motion,
        region: Region,
        motion_mode: MotionMode,
        gain: float,
        stitch: bool,
        face_index: int,
        sound: SoundChoice,
        crf: int,
        fps: float,
        faces: Faces | None = None,
        options: AnimateOptions | None = None,
        audio: Input.Audio | None = None,
        video_info: object = None,
    ) -> io.NodeOutput:
        """Read both, then paint frame after frame into the file."""
        rate = fps_of(fps, video_info)
        options = with_choices(options, region=region, motion=motion_mode, gain=gain, stitch=stitch)
        source_clip = clip_of(source, "source", rate)
        driver = driver_of(driving, "driving", rate)
        with_sound = writer_sound(sound, audio, driving=driver, source=source_clip)
        progress = _progress(driver)
        animation = prepared(model, source_clip, driver, options, faces, face_index, None, progress)
        path = runtime.temporary_path(".mp4")
        with core.VideoWriter(path, animation.fps, crf=crf, **with_sound) as writer:
            for frame in animation.render():
                writer.write(frame.picture)
                progress.rendered(frame.index + 1, len(animation), frame.picture)
        runtime.show_text(cls, gaps(animation))
        return io.NodeOutput(InputImpl.VideoFromFile(str(path)))


def prepared(
    model: LoadedModel,
    source: AnyClip,
    driving: Motion | AnyClip,
    options: AnimateOptions,
    faces: Faces | None,
    face_index: int,
    background: Clip | None,
    progress: runtime.Progress,
) -> Animation:
    """The library's `prepare` with face readers that fit."""
    net = runtime.on_device(model)
    published = options.driving.published
    if isinstance(driving, core.Motion):
        core.check_space(net, driving)
        driver = driving.to(net.device)
    else:
        size = driving.height, driving.width
        framing = options.driving_framing.decided(*size, published=published)
        options = replace(options, driving_framing=framing)
        driver = still_of(driving)
    still = still_of(source)
    readers = core.FaceReaders(net, model.face_models, published=published)
    if faces is not None:
        check_same_size(checked(faces, core.Faces, "faces"), source, "source")
        if published:
            _check_unlimited(source)
        source_faces = core.KnownFace(faces[face_index])
    else:
        source_faces = readers.reader(
            core.FaceChoice(
                role="source",
                already_cropped=bool(options.source_framing.already_cropped),
                face_index=face_index,
                is_still=still is not source,
            )
        )
    driving_faces = None
    if not isinstance(driving, core.Motion):
        driving_faces = readers.reader(
            core.FaceChoice(
                role="driver",
                already_cropped=bool(options.driving_framing.already_cropped),
            )
        )
    return core.prepare(
        net,
        still,
        driver,
        options,
        source_faces=source_faces,
        driving_faces=driving_faces,
        onto=background,
        progress=progress.read,
    )


def _check_unlimited(source: AnyClip) -> None:
    """Refuse faces of a source that is made smaller after they were found.

    Raises:
        ValueError: It is.
    """
    from ..liveportrait_core.media.clips import SOURCE_SIDE_PX  # noqa: PLC0415 - needs OpenCV

    if max(source.width, source.height) > SOURCE_SIDE_PX:
        raise ValueError(
            f"The option 'published' makes a source of {source.width}x{source.height} pixels "
            f"smaller, and the faces were found in the large one. Scale the source to at most "
            f"{SOURCE_SIDE_PX} pixels a side before Find Faces, or switch 'published' off."
        )


def gaps(animation: Animation) -> str:
    """Which frames showed no face, in a line; empty where all did: it hides a preview in part."""
    lines: list[str] = []
    for name, motion in (("source", animation.read.motion), ("driver", animation.driving)):
        if motion.validity is not None and bool((motion.validity < 1).any()):
            unseen = (motion.validity < 1).nonzero().flatten().tolist()
            lines.append(f"the {name} shows no face in {core.frame_ranges(unseen)}")
    return "; ".join(lines)


def _progress(driving: Motion | AnyClip) -> runtime.Progress:
    """A bar for reading the source, the driver where that is a clip, and rendering."""
    num_clips = 1 if isinstance(driving, core.Motion) else 2
    return runtime.Progress(runtime.READING_STEPS, num_clips)


def _rendered(
    animation: Animation, progress: runtime.Progress, background: AnyClip
) -> tuple[Tensor, Tensor]:
    """All frames in one batch, and where they were changed.

    Args:
        animation: What is rendered.
        progress: Shows every frame.
        background: The clip that is pasted into; images keep their transparency.
    """
    images: Tensor | None = None
    masks: list[Tensor] = []
    mask = core.paste_mask(animation.model.preset.output_size_px).numpy()
    for frame in animation.render():
        image = image_of(frame.picture)
        if isinstance(background, ImageBatch) and animation.options.pastes:
            like = background.images[frame.index if background.num_frames > 1 else 0]
            image = with_alpha(image, alpha_of(like))
        if images is None:
            images = image.new_empty((len(animation), *image.shape))
        images[frame.index] = image
        if frame.index == 0 or animation.is_video:
            masks.append(_mask_of(frame, mask, pastes=animation.options.pastes))
        progress.rendered(frame.index + 1, len(animation), frame.picture)
    assert images is not None
    return images, runtime.intermediate(torch.stack(masks))


def _mask_of(frame: RenderedFrame, mask: Mask, *, pastes: bool) -> Tensor:
    height, width = frame.picture.shape[:2]
    if frame.state == "missing":
        return torch.zeros(height, width)
    if not pastes:
        return torch.ones(height, width)
    face_size = mask.shape[0], mask.shape[1]
    return torch.from_numpy(where_pasted(frame.transform, mask, face_size, (height, width)))


NODES: tuple[type[io.ComfyNode], ...] = (AnimatePortrait, AnimateVideo)
