"""The model files that this program can use: who made them, under what licence, where they lie.

One table for `models list`, `models download`, `doctor` and the loader node. Human and animal
weights have the same names and keys: the folder distinguishes them.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from .keymaps import FILE_OF_NETWORK, RETARGETING_FILE

Subject = Literal["human", "animal", "any"]
FileLayout = Literal["published", "comfyui", "package"]

PUBLISHED_REPOSITORY = "https://huggingface.co/KwaiVGI/LivePortrait/resolve/main/"
COMFYUI_REPOSITORY = "https://huggingface.co/Kijai/LivePortrait_safetensors/resolve/main/"
_REPOSITORY: dict[FileLayout, str] = {
    "published": PUBLISHED_REPOSITORY,
    "comfyui": COMFYUI_REPOSITORY,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelFile:
    """One file of weights, in every layout in which people have it."""

    name: str
    """Unique name, as shown to users."""
    purpose: str
    """What for, in a few words."""
    subject: Subject
    maker: str
    licence: str
    """SPDX name, or the condition in words."""
    commercial: bool
    """True when the licence allows commercial use."""
    paths: dict[FileLayout, str]
    """Where it lies under the folder of each layout, with forward slashes."""
    required: bool = False
    """True when a model of its subject cannot run without it."""
    size_mb: float | None = None
    """Approximate size in millions of bytes; None where it was not measured."""
    sha256: dict[FileLayout, str] = field(default_factory=dict[FileLayout, str])
    """Of the file in a layout, where known."""

    def url(self, layout: FileLayout) -> str | None:
        """Where the file of this layout can be downloaded, if anywhere."""
        repository = _REPOSITORY.get(layout)
        return repository + self.paths[layout] if repository and layout in self.paths else None

    def found_in(self, folder: Path) -> Path | None:
        """This file under a folder of any layout, or under the published `liveportrait` itself.

        A folder that is not called after animals and holds `base_models` is taken for the latter.
        """
        candidates = [folder / path for path in self.paths.values()]
        top, _, rest = self.paths.get("published", "").partition("/")
        if folder.name == top or (top == "liveportrait" and folder.name != "liveportrait_animals"):
            candidates.append(folder / rest)
        return next((path for path in candidates if path.is_file()), None)


_KUAISHOU = "Kuaishou Technology (KwaiVGI)"
_INSIGHTFACE = "InsightFace"
_NON_COMMERCIAL = "non-commercial research only"

_LARGE = (
    ("appearance", "F: face crop to feature volume", 3.4),
    ("motion", "M: face crop to motion", 112.5),
    ("warping", "W: warps the feature volume", 182.2),
    ("decoder", "G: decodes the picture", 221.8),
)


def _large(subject: Literal["human", "animal"]) -> list[ModelFile]:
    human = subject == "human"
    folder = "liveportrait/base_models" if human else "liveportrait_animals/base_models_v1.1"
    flat = "" if human else "animal/"
    return [
        ModelFile(
            name=f"{subject}/{FILE_OF_NETWORK[network]}",
            purpose=purpose,
            subject=subject,
            maker=_KUAISHOU,
            licence="MIT",
            commercial=True,
            paths={
                "published": f"{folder}/{FILE_OF_NETWORK[network]}.pth",
                "comfyui": f"{flat}{FILE_OF_NETWORK[network]}.safetensors",
            },
            required=True,
            size_mb=size_mb,
        )
        for network, purpose, size_mb in _LARGE
    ]


FILES: tuple[ModelFile, ...] = (
    ModelFile(
        name="default",
        purpose="our own small model, all seven networks",
        subject="human",
        maker="LivePortrait Suite",
        licence="MIT",
        commercial=True,
        paths={"package": "assets/weights/default.safetensors"},
        required=True,
    ),
    ModelFile(
        name="face_finder",
        purpose="our own small network that finds faces",
        subject="human",
        maker="LivePortrait Suite",
        licence="MIT",
        commercial=True,
        paths={"package": "assets/weights/face_finder.safetensors"},
        required=True,
    ),
    ModelFile(
        name="speech",
        purpose="our own small network from sound to lips, brows and head",
        subject="human",
        maker="LivePortrait Suite",
        licence="MIT",
        commercial=True,
        paths={"package": "assets/weights/speech.safetensors"},
    ),
    *_large("human"),
    ModelFile(
        name=RETARGETING_FILE,
        purpose="S, R_eyes, R_lip: stitching and retargeting, of people and of animals",
        subject="any",
        maker=_KUAISHOU,
        licence="MIT",
        commercial=True,
        paths={
            "published": f"liveportrait/retargeting_models/{RETARGETING_FILE}.pth",
            "comfyui": f"{RETARGETING_FILE}.safetensors",
        },
        size_mb=2.3,
    ),
    *_large("animal"),
    ModelFile(
        name="landmark",
        purpose="203 landmarks of a human face",
        subject="human",
        maker=_KUAISHOU,
        licence="MIT",
        commercial=True,
        paths={"published": "liveportrait/landmark.onnx", "comfyui": "landmark.onnx"},
    ),
    ModelFile(
        name="buffalo_l/det_10g",
        purpose="finds human faces",
        subject="human",
        maker=_INSIGHTFACE,
        licence=_NON_COMMERCIAL,
        commercial=False,
        paths={"published": "insightface/models/buffalo_l/det_10g.onnx"},
    ),
    ModelFile(
        name="buffalo_l/2d106det",
        purpose="106 landmarks of a human face",
        subject="human",
        maker=_INSIGHTFACE,
        licence=_NON_COMMERCIAL,
        commercial=False,
        paths={"published": "insightface/models/buffalo_l/2d106det.onnx"},
    ),
)
"""Every file, ours first."""


def files_for(subject: Literal["human", "animal"]) -> tuple[ModelFile, ...]:
    """The published files that concern people or animals; ours is not among them."""
    return tuple(
        file for file in FILES if file.subject in (subject, "any") and "package" not in file.paths
    )


def file_named(name: str) -> ModelFile:
    """The file of this name.

    Raises:
        ValueError: The table has none of this name.
    """
    for file in FILES:
        if file.name == name:
            return file
    names = ", ".join(file.name for file in FILES if "package" not in file.paths)
    raise ValueError(
        f"No published file is called {name!r}. Choose human or animal, or of the files: {names}."
    )
