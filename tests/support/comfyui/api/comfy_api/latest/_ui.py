"""`comfy_api.latest.ui`: what a node shows, and files saved with the workflow inside."""

from __future__ import annotations

import json
import secrets
from pathlib import Path
from typing import Any

import folder_paths
import torch
from PIL import Image as PILImage
from PIL.PngImagePlugin import PngInfo

from ._io import FolderType
from ._nodes import UIOutput

DIRECTORIES = {
    FolderType.input: folder_paths.get_input_directory,
    FolderType.output: folder_paths.get_output_directory,
    FolderType.temp: folder_paths.get_temp_directory,
}


class SavedResult(dict[str, str]):
    """A file that was saved, as the front end finds it."""

    def __init__(self, filename: str, subfolder: str, type: FolderType) -> None:
        super().__init__(filename=filename, subfolder=subfolder, type=type.value)

    @property
    def filename(self) -> str:
        return self["filename"]

    @property
    def subfolder(self) -> str:
        return self["subfolder"]

    @property
    def type(self) -> FolderType:
        return FolderType(self["type"])


class SavedImages(UIOutput):
    """Pictures that were saved."""

    def __init__(self, results: list[SavedResult], is_animated: bool = False) -> None:
        self.results = results
        self.is_animated = is_animated

    def as_dict(self) -> dict[str, Any]:
        return {"images": self.results} | ({"animated": (True,)} if self.is_animated else {})


class ImageSaveHelper:
    """Saves pictures with the prompt and the workflow inside."""

    @staticmethod
    def save_images(
        images: Any,
        filename_prefix: str,
        folder_type: FolderType,
        cls: Any,
        compress_level: Any = 4,
    ) -> list[SavedResult]:
        """Each picture of (N, H, W, C) in [0, 1] as a PNG file of its own."""
        folder, name, counter, subfolder, _ = folder_paths.get_save_image_path(
            filename_prefix, DIRECTORIES[folder_type](), images[0].shape[1], images[0].shape[0]
        )
        results = []
        for index, image in enumerate(images):
            file = f"{name.replace('%batch_num%', str(index))}_{counter + index:05}_.png"
            values = (255.0 * image.cpu().float()).clamp(0, 255).to(torch.uint8).numpy()
            picture = PILImage.fromarray(values)
            picture.save(
                Path(folder) / file, pnginfo=metadata_of(cls), compress_level=compress_level
            )
            results.append(SavedResult(file, subfolder, folder_type))
        return results

    @staticmethod
    def get_save_images_ui(
        images: Any, filename_prefix: str, cls: Any, compress_level: Any = 4
    ) -> SavedImages:
        """Saves to the output folder, ready for `NodeOutput(ui=...)`."""
        return SavedImages(
            ImageSaveHelper.save_images(
                images, filename_prefix, FolderType.output, cls, compress_level
            )
        )


def metadata_of(cls: Any) -> PngInfo | None:
    """The prompt and the workflow of a node class while it runs."""
    if cls is None or not cls.hidden:
        return None
    metadata = PngInfo()
    if cls.hidden.prompt:
        metadata.add_text("prompt", json.dumps(cls.hidden.prompt))
    for name, value in (cls.hidden.extra_pnginfo or {}).items():
        metadata.add_text(name, json.dumps(value))
    return metadata


class PreviewImage(UIOutput):
    """Pictures shown on the node; they are saved to the temp folder."""

    def __init__(self, image: Any, animated: bool = False, cls: Any = None, **kwargs: Any) -> None:
        prefix = f"ComfyUI_temp_{secrets.token_hex(4)}"
        self.values = ImageSaveHelper.save_images(image, prefix, FolderType.temp, cls, 1)
        self.animated = animated

    def as_dict(self) -> dict[str, Any]:
        return {"images": self.values, "animated": (self.animated,)}


class PreviewMask(PreviewImage):
    """Masks (N, H, W) shown on the node."""

    def __init__(self, mask: Any, animated: bool = False, cls: Any = None, **kwargs: Any) -> None:
        height, width = mask.shape[-2:]
        picture = mask.reshape(-1, height, width, 1).expand(-1, -1, -1, 3)
        super().__init__(picture, animated, cls, **kwargs)


class PreviewVideo(UIOutput):
    """Videos shown on the node."""

    def __init__(self, values: list[Any], **kwargs: Any) -> None:
        self.values = values

    def as_dict(self) -> dict[str, Any]:
        return {"images": self.values, "animated": (True,)}


class PreviewText(UIOutput):
    """Text shown on the node."""

    def __init__(self, value: str, **kwargs: Any) -> None:
        self.value = value

    def as_dict(self) -> dict[str, Any]:
        return {"text": (self.value,)}


__all__ = [
    "ImageSaveHelper",
    "PreviewImage",
    "PreviewMask",
    "PreviewText",
    "PreviewVideo",
    "SavedImages",
    "SavedResult",
]
