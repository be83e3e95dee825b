"""The core nodes that our workflows use: the real sockets and widgets, small bodies of our own.

Import it while the stand-in is active: `comfyui.core_nodes` of the fixture does.
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import folder_paths
import numpy as np
import torch
from comfy_api.latest import InputImpl, Types, io, ui
from comfyui_version import __version__
from PIL import Image, ImageOps

IS_NEW = __version__ != "0.3.64"
LARGEST = 16384
NUMBER = {"min": -sys.maxsize, "max": sys.maxsize}


def files_of(*kinds: str) -> list[str]:
    """The files of the input folder that are of these kinds."""
    folder = Path(folder_paths.get_input_directory())
    names = [path.name for path in folder.iterdir() if path.is_file()]
    return sorted(folder_paths.filter_files_content_types(names, list(kinds)))


def missing(name: str, kind: str) -> bool | str:
    """True, or what is wrong with the name of an input file."""
    there = folder_paths.exists_annotated_filepath(name)
    return True if there else f"Invalid {kind} file: {name}"


def digest(name: str) -> str:
    """Of the content of an input file."""
    return hashlib.sha256(Path(folder_paths.get_annotated_filepath(name)).read_bytes()).hexdigest()


def read_picture(path: str) -> tuple[torch.Tensor, torch.Tensor]:
    """IMAGE (1, H, W, 3), and MASK, 1 where the picture is transparent: without alpha 64 x 64."""
    picture = ImageOps.exif_transpose(Image.open(path))
    mask = torch.zeros(1, 64, 64)
    if "A" in picture.getbands():
        alpha = np.asarray(picture.getchannel("A"), dtype=np.float32)
        mask = 1 - torch.from_numpy(alpha)[None] / 255
    pixels = np.asarray(picture.convert("RGB"), dtype=np.float32)
    return torch.from_numpy(pixels)[None] / 255, mask


def read_sound(path: str) -> dict[str, Any]:
    """AUDIO of a file."""
    with av.open(path) as container:
        if not container.streams.audio:
            raise ValueError("No audio stream found in the file.")
        resampler = av.AudioResampler(format="fltp")
        rate = container.streams.audio[0].rate
        parts = [
            piece.to_ndarray()
            for frame in container.decode(audio=0)
            for piece in resampler.resample(frame)
        ]
    return {"waveform": torch.from_numpy(np.concatenate(parts, 1))[None], "sample_rate": rate}


class LoadImage:
    RETURN_TYPES = ("IMAGE", "MASK")
    FUNCTION = "load_image"

    @classmethod
    def INPUT_TYPES(cls) -> dict[str, Any]:  # noqa: N802
        return {"required": {"image": (files_of("image"), {"image_upload": True})}}

    @classmethod
    def VALIDATE_INPUTS(cls, image: str) -> bool | str:  # noqa: N802
        return missing(image, "image")

    @classmethod
    def IS_CHANGED(cls, image: str) -> str:  # noqa: N802
        return digest(image)

    def load_image(self, image: str) -> tuple[torch.Tensor, torch.Tensor]:
        return read_picture(folder_paths.get_annotated_filepath(image))


class SaveImage:
    RETURN_TYPES = ("IMAGE",) if IS_NEW else ()
    RETURN_NAMES = ("images",) if IS_NEW else ()
    FUNCTION = "save_images"
    OUTPUT_NODE = True
    folder, ending = io.FolderType.output, ""

    @classmethod
    def INPUT_TYPES(cls) -> dict[str, Any]:  # noqa: N802
        return {
            "required": {
                "images": ("IMAGE", {}),
                "filename_prefix": ("STRING", {"default": "ComfyUI"}),
            },
            "hidden": {"prompt": "PROMPT", "extra_pnginfo": "EXTRA_PNGINFO"},
        }

    def save_images(
        self,
        images: torch.Tensor,
        filename_prefix: str = "ComfyUI",
        prompt: Any = None,
        extra_pnginfo: Any = None,
    ) -> dict[str, Any]:
        class Saver:
            hidden = io.HiddenHolder.from_dict(
                {io.Hidden.prompt: prompt, io.Hidden.extra_pnginfo: extra_pnginfo}
            )

        prefix = filename_prefix + self.ending
        saved = ui.ImageSaveHelper.save_images(images, prefix, self.folder, Saver)
        return {"ui": {"images": saved}, "result": (images,) if IS_NEW else ()}


class PreviewImage(SaveImage):
    folder, ending = io.FolderType.temp, "_temp_abcde"

    @classmethod
    def INPUT_TYPES(cls) -> dict[str, Any]:  # noqa: N802
        whole = super().INPUT_TYPES()
        return {"required": {"images": ("IMAGE",)}, "hidden": whole["hidden"]}


class PreviewAny:
    RETURN_TYPES = ("STRING",) if IS_NEW else ()
    FUNCTION = "main"
    OUTPUT_NODE = True

    @classmethod
    def INPUT_TYPES(cls) -> dict[str, Any]:  # noqa: N802
        return {"required": {"source": ("*", {})}}

    def main(self, source: Any = None) -> dict[str, Any]:
        text = source if isinstance(source, str) else json.dumps(source, default=str)
        return {"ui": {"text": (text,)}, "result": (text,) if IS_NEW else ()}


class ImageScale:
    RETURN_TYPES = ("IMAGE",)
    FUNCTION = "upscale"

    @classmethod
    def INPUT_TYPES(cls) -> dict[str, Any]:  # noqa: N802
        size = {"default": 512, "min": 0, "max": LARGEST, "step": 1}
        methods = ["nearest-exact", "bilinear", "area", "bicubic", "lanczos"]
        return {
            "required": {
                "image": ("IMAGE",),
                "upscale_method": (methods,),
                "width": ("INT", size),
                "height": ("INT", size),
                "crop": (["disabled", "center"],),
            }
        }

    def upscale(
        self, image: torch.Tensor, upscale_method: str, width: int, height: int, crop: str
    ) -> tuple[torch.Tensor]:
        if upscale_method == "lanczos":
            raise NotImplementedError("The stand-in does not scale by lanczos.")
        old_height, old_width = image.shape[1:3]
        width = width or max(1, round(old_width * height / old_height))
        height = height or max(1, round(old_height * width / old_width))
        if crop == "center":
            kept_width = min(old_width, round(old_height * width / height))
            kept_height = min(old_height, round(old_width * height / width))
            left, top = (old_width - kept_width) // 2, (old_height - kept_height) // 2
            image = image[:, top : top + kept_height, left : left + kept_width]
        scaled = torch.nn.functional.interpolate(
            image.movedim(-1, 1), (height, width), mode=upscale_method
        )
        return (scaled.movedim(1, -1),)


class LoadVideo(io.ComfyNode):
    @classmethod
    def define_schema(cls) -> Any:
        file = io.Combo.Input("file", options=files_of("video"), upload=io.UploadType.video)
        return io.Schema(node_id="LoadVideo", inputs=[file], outputs=[io.Video.Output()])

    @classmethod
    def execute(cls, file: str) -> Any:
        path = folder_paths.get_annotated_filepath(file)
        return io.NodeOutput(InputImpl.VideoFromFile(path))

    @classmethod
    def fingerprint_inputs(cls, file: str) -> float:
        return os.stat(folder_paths.get_annotated_filepath(file)).st_mtime  # noqa: PTH116

    @classmethod
    def validate_inputs(cls, file: str) -> bool | str:
        return missing(file, "video")


class GetVideoComponents(io.ComfyNode):
    @classmethod
    def define_schema(cls) -> Any:
        outputs = [
            io.Image.Output(display_name="images"),
            io.Audio.Output(display_name="audio"),
            io.Float.Output(display_name="fps"),
        ]
        if IS_NEW:
            outputs.append(io.Int.Output(display_name="bit_depth"))
            outputs.append(io.Combo.Output(display_name="color_space"))
        inputs = [io.Video.Input("video")]
        return io.Schema(node_id="GetVideoComponents", inputs=inputs, outputs=outputs)

    @classmethod
    def execute(cls, video: Any) -> Any:
        parts = video.get_components()
        more = (video.get_bit_depth(), video.get_color_space()) if IS_NEW else ()
        return io.NodeOutput(parts.images, parts.audio, float(parts.frame_rate), *more)


class CreateVideo(io.ComfyNode):
    @classmethod
    def define_schema(cls) -> Any:
        inputs = [
            io.Image.Input("images"),
            io.Float.Input("fps", default=30.0, min=1.0, max=120.0, step=1.0),
            io.Audio.Input("audio", optional=True),
        ]
        if IS_NEW:
            depth = {"default": 8, "min": 8, "max": 10, "step": 2}
            number = io.NumberDisplay.number
            inputs.append(io.Int.Input("bit_depth", optional=True, display_mode=number, **depth))
        return io.Schema(node_id="CreateVideo", inputs=inputs, outputs=[io.Video.Output()])

    @classmethod
    def execute(cls, images: Any, fps: float, audio: Any = None, **more: Any) -> Any:
        parts = Types.VideoComponents(images=images, audio=audio, frame_rate=Fraction(fps))
        return io.NodeOutput(InputImpl.VideoFromComponents(parts, **more))


class SaveVideo(io.ComfyNode):
    @classmethod
    def define_schema(cls) -> Any:
        prefix = io.String.Input("filename_prefix", default="video/ComfyUI")
        return io.Schema(
            node_id="SaveVideo",
            inputs=[io.Video.Input("video"), prefix, *format_inputs()],
            outputs=[io.Video.Output("video")] if IS_NEW else [],
            hidden=[io.Hidden.prompt, io.Hidden.extra_pnginfo],
            is_output_node=True,
        )

    @classmethod
    def execute(cls, video: Any, filename_prefix: str, **choices: Any) -> Any:
        container = choices["format"]
        codec = choices.get("format.codec", choices.get("codec", "auto"))
        size = video.get_dimensions()
        folder, name, counter, subfolder, _ = folder_paths.get_save_image_path(
            filename_prefix, folder_paths.get_output_directory(), *size
        )
        file = f"{name}_{counter:05}_.{Types.VideoContainer.get_extension(container)}"
        metadata = dict(cls.hidden.extra_pnginfo or {})
        if cls.hidden.prompt is not None:
            metadata["prompt"] = cls.hidden.prompt
        video.save_to(
            str(Path(folder) / file),
            format=Types.VideoContainer(container),
            codec=Types.VideoCodec(codec),
            metadata=metadata or None,
        )
        shown = ui.PreviewVideo([ui.SavedResult(file, subfolder, io.FolderType.output)])
        return io.NodeOutput(*([video] if IS_NEW else []), ui=shown)


def format_inputs() -> list[Any]:
    """Container and codec: two combos, or from 0.33 on a codec inside the container's choice."""
    if not IS_NEW:
        containers, codecs = Types.VideoContainer.as_input(), Types.VideoCodec.as_input()
        return [
            io.Combo.Input("format", options=containers, default="auto"),
            io.Combo.Input("codec", options=codecs, default="auto"),
        ]
    both = ("auto", "h264", "av1")
    codecs = {"auto": both, "mp4": both, "mkv": both, "webm": ("auto", "av1")}
    option = io.DynamicCombo.Option
    return [
        io.DynamicCombo.Input(
            "format", options=[option(name, [codec_input(own)]) for name, own in codecs.items()]
        ),
        codec_input(both, optional=True, extra_dict={"hidden": True}),
    ]


def codec_input(codecs: tuple[str, ...], **more: Any) -> Any:
    """0.33: the codec, with a quality of its own when it is chosen by hand."""
    option, spaces = io.DynamicCombo.Option, ["auto", "sRGB", "HDR", "HDR PQ"]
    color = io.Combo.Input(
        "color_space", options=spaces, default="auto", display_name="color space"
    )
    options = []
    for name in codecs:
        default, worst = {"h264": (23.0, 51.0), "av1": (30.0, 63.0)}.get(name, (0.0, 0.0))
        crf = io.Float.Input("crf", default=default, min=0.0, max=worst, step=1.0)
        modes = [option("auto", []), option("re-encode", [crf, color])]
        encoding = io.DynamicCombo.Input(
            "encoding", display_name="encoding mode", options=modes, optional=True
        )
        options.append(option(name, [] if name == "auto" else [encoding]))
    return io.DynamicCombo.Input("codec", options=options, **more)


class ImageFromBatch(io.ComfyNode):
    @classmethod
    def define_schema(cls) -> Any:
        index = (-LARGEST, LARGEST) if IS_NEW else (0, 4095)
        inputs = [
            io.Image.Input("image"),
            io.Int.Input("batch_index", default=0, min=index[0], max=index[1]),
            io.Int.Input("length", default=1, min=1, max=4096),
        ]
        return io.Schema(node_id="ImageFromBatch", inputs=inputs, outputs=[io.Image.Output()])

    @classmethod
    def execute(cls, image: torch.Tensor, batch_index: int, length: int) -> Any:
        first = batch_index + (image.shape[0] if batch_index < 0 else 0)
        first = max(0, min(image.shape[0] - 1, first))
        return io.NodeOutput(image[first : first + length].clone())


class RepeatImageBatch(io.ComfyNode):
    @classmethod
    def define_schema(cls) -> Any:
        amount = io.Int.Input("amount", default=1, min=1, max=4096)
        inputs = [io.Image.Input("image"), amount]
        return io.Schema(node_id="RepeatImageBatch", inputs=inputs, outputs=[io.Image.Output()])

    @classmethod
    def execute(cls, image: torch.Tensor, amount: int) -> Any:
        return io.NodeOutput(image.repeat(amount, 1, 1, 1))


class LoadAudio(io.ComfyNode):
    @classmethod
    def define_schema(cls) -> Any:
        files = files_of("audio", "video")
        audio = io.Combo.Input("audio", options=files, upload=io.UploadType.audio)
        return io.Schema(node_id="LoadAudio", inputs=[audio], outputs=[io.Audio.Output()])

    @classmethod
    def execute(cls, audio: str) -> Any:
        return io.NodeOutput(read_sound(folder_paths.get_annotated_filepath(audio)))

    @classmethod
    def fingerprint_inputs(cls, audio: str) -> str:
        return digest(audio)

    @classmethod
    def validate_inputs(cls, audio: str) -> bool | str:
        return missing(audio, "audio")


def primitive(name: str, kind: Any, **options: Any) -> type:
    """A node that gives the value of its widget."""

    class Primitive(io.ComfyNode):
        @classmethod
        def define_schema(cls) -> Any:
            inputs = [kind.Input("value", **options)]
            return io.Schema(node_id=f"Primitive{name}", inputs=inputs, outputs=[kind.Output()])

        @classmethod
        def execute(cls, value: Any) -> Any:
            return io.NodeOutput(value)

    return Primitive


CONTROL = io.ControlAfterGenerate.fixed if IS_NEW else True
STEP = {"step": 0.1} if IS_NEW else {}
NODES: dict[str, Any] = {
    node.__name__: node
    for node in (
        *(LoadImage, SaveImage, PreviewImage, PreviewAny, ImageScale, LoadVideo, SaveVideo),
        *(GetVideoComponents, CreateVideo, ImageFromBatch, RepeatImageBatch, LoadAudio),
    )
} | {
    "PrimitiveString": primitive("String", io.String),
    "PrimitiveStringMultiline": primitive("StringMultiline", io.String, multiline=True),
    "PrimitiveInt": primitive("Int", io.Int, control_after_generate=CONTROL, **NUMBER),
    "PrimitiveFloat": primitive("Float", io.Float, **NUMBER, **STEP),
    "PrimitiveBoolean": primitive("Boolean", io.Boolean),
}
