"""`comfy_api.latest.ui`: what a node shows."""

from __future__ import annotations

import uuid
from pathlib import Path
from typing import Any

import folder_paths
import torch
from PIL import Image


class PreviewImage:
    """Pictures, written to the temporary folder."""

    def __init__(self, image: torch.Tensor, cls: type | None = None) -> None:
        self.values: list[dict[str, str]] = []
        for picture in image:
            name = f"preview_{uuid.uuid4().hex}.png"
            levels = (255 * picture.cpu().float()).clamp(0, 255).byte().numpy()
            Image.fromarray(levels).save(Path(folder_paths.get_temp_directory()) / name)
            self.values.append({"filename": name, "subfolder": "", "type": "temp"})

    def as_dict(self) -> dict[str, Any]:
        return {"images": self.values}


class PreviewText:
    def __init__(self, value: str) -> None:
        self.value = value

    def as_dict(self) -> dict[str, Any]:
        return {"text": (self.value,)}
