"""Extract Motion: what M reads off every face crop."""

from __future__ import annotations

from comfy_api.latest import io
from torch import Tensor

from .. import liveportrait_core as core
from . import runtime
from .adapt.clips import clip_of, exact_fps
from .faces import fps_field
from .schema import field, schema
from .sockets import Crops, CropsSocket, LoadedModel, ModelSocket, MotionSocket, checked


class ExtractMotion(io.ComfyNode):
    """Pose, expression, scale and place of every frame."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        """Inputs and outputs."""
        return schema(
            node_id="LPS_ExtractMotion",
            display_name="Extract Motion",
            description="Reads pose, expression, eye and lip opening off face crops (network M).",
            stage="stages",
            search_aliases=["motion template"],
            inputs=[
                field(ModelSocket, "model", tooltip="From Load Model."),
                field(
                    io.Image,
                    "cropped",
                    tooltip="Face crops of a source or a driver, from Crop Face.",
                ),
                field(
                    CropsSocket,
                    "crops",
                    optional=True,
                    tooltip="From the same Crop Face: frame rate, and which frames show the face. "
                    "Frames that do not are filled in from those around them.",
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
        )

    @classmethod
    def execute(
        cls, model: LoadedModel, cropped: Tensor, fps: float, crops: Crops | None = None
    ) -> io.NodeOutput:
        """M on every crop."""
        if crops is not None:
            checked(crops, Crops, "crops")
        rate = exact_fps(fps) if crops is None else crops.fps
        clip = clip_of(cropped, "cropped", rate)
        net = runtime.on_device(model)
        progress = runtime.Progress(reading_steps=runtime.STEPS)
        motion = core.read_crops(
            net,
            core.CountedClip(clip, progress.read),
            crops.track if crops else None,
            crops.role if crops else "source",
            fps=clip.fps,
        )
        progress.finish()
        return io.NodeOutput(runtime.intermediate(motion))


NODES: tuple[type[io.ComfyNode], ...] = (ExtractMotion,)
