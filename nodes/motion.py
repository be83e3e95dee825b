"""Extract Motion: M on every face crop."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from comfy_api.latest import io
from torch import Tensor

from ..liveportrait_core.errors import about
from ..liveportrait_core.options import AnimateOptions
from ..liveportrait_core.warned import HeardWarnings
from . import library, runtime
from .adapt.clips import clip_of, exact_fps, still_of
from .adapt.images import check_crop_size
from .adapt.whole_pictures import are_whole_pictures
from .fields import fps_field, images_field, model_field
from .schema import field, schema
from .sockets import Crops, CropsSocket, LoadedModel, MotionSocket, checked

if TYPE_CHECKING:
    from comfy_api.latest import Input

WHOLE_PICTURES: Final = (
    "these are whole pictures: the face was found and cropped here, as that of a driver. "
    "Crop Face does it as you choose"
)


class ExtractMotion(io.ComfyNode):
    """Pose, expression, scale and translation of every frame."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        """Inputs and outputs."""
        return schema(
            node_id="LPS_ExtractMotion",
            display_name="Extract Motion",
            description="Extracts pose, expression, and eye and lip opening from face crops "
            "(network M).",
            stage="stages",
            search_aliases=["motion template", "motion capture", "mocap", "record motion"],
            inputs=[
                model_field(),
                images_field(
                    "cropped",
                    "Face crops of a source or a driver, from Crop Face. In whole pictures, or a "
                    "VIDEO of them, the largest face is found and cropped here.",
                ),
                field(
                    CropsSocket,
                    "crops",
                    optional=True,
                    tooltip="From the same Crop Face: frame rate, and which frames show the face. "
                    "The others are interpolated.",
                ),
                fps_field(),
            ],
            outputs=[
                MotionSocket.Output(
                    "motion",
                    display_name="motion",
                    tooltip="Can be saved, edited, and drive any face of the same model.",
                )
            ],
            hidden=[io.Hidden.unique_id],
        )

    @classmethod
    @runtime.showing_warnings
    def execute(
        cls,
        model: LoadedModel,
        cropped: Tensor | Input.Video,
        fps: float,
        crops: Crops | None = None,
    ) -> io.NodeOutput:
        """M on every crop."""
        if crops is not None:
            checked(crops, Crops, "crops")
        rate = exact_fps(fps) if crops is None else crops.fps
        preset = checked(model, LoadedModel, "model").model.preset
        clip = clip_of(cropped, "cropped", rate)
        net = runtime.on_device(model)
        progress = runtime.Progress(reading_steps=runtime.STEPS)
        if crops is None and are_whole_pictures(net, model, clip):
            options = AnimateOptions(face_models=model.face_models)
            with about("cropped"), HeardWarnings() as heard:
                motion = library.pipeline.read_motion(
                    net, still_of(clip), options, progress=progress.read
                )
            runtime.show_text(cls, "\n".join([*dict.fromkeys(heard.texts), WHOLE_PICTURES]))
            progress.finish()
            return io.NodeOutput(runtime.intermediate(motion))
        check_crop_size(clip.width, clip.height, "cropped", preset)
        motion = library.crop_motion.read_crops(
            net,
            library.clips.CountedClip(clip, progress.read),
            crops.track if crops else None,
            crops.role if crops else "source",
            fps=clip.fps,
            travel=crops.travel if crops else None,
        )
        progress.finish()
        return io.NodeOutput(runtime.intermediate(motion))


NODES: tuple[type[io.ComfyNode], ...] = (ExtractMotion,)
