"""Files of blendshape maps: safetensors with how well each shape is read."""

from __future__ import annotations

import json
from pathlib import Path
from types import MappingProxyType
from typing import Final, cast

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor

from ..constants import NUM_KEYPOINTS
from ..errors import LivePortraitError, MediaError
from ..motion.blendshape_map import BlendshapeMap, num_features
from ..motion.blendshapes import ARKIT_SHAPES
from .atomic import check_readable, write_whole
from .stated_format import StatedFormat

MAP_FORMAT: Final = "liveportrait-suite/blendshape-map"
MAP_VERSION: Final = 1
"""Readers accept this version and all before it."""
MAP_SUFFIX: Final = ".safetensors"
_FORMAT: Final = StatedFormat(
    name=MAP_FORMAT,
    version=MAP_VERSION,
    file="blendshape map",
    wanted="Name a map that python -m train.blendshapes made.",
    anew="make the map with this one.",
)


def save_blendshape_map(shape_map: BlendshapeMap, path: str | Path) -> None:
    """Write a map; whole or not at all.

    `save_blendshape_map(shape_map, "human-shapes.safetensors")`

    Convention of the format (safetensors, header texts in quotes):
        - "format" is liveportrait-suite/blendshape-map, "version" 1; "space", "producer"
        - "shapes" is the JSON list of the 52 names in their order, "read_r" an object of numbers
        - float32 tensors `expression` (52, K, 3) and `reading` (F, 52), as in `BlendshapeMap`

    Raises:
        MediaError: The name ends otherwise, or the file cannot be written.
    """
    if Path(path).suffix.lower() != MAP_SUFFIX:
        raise MediaError(
            f"The blendshape map is to be written to {path}; a name that ends in {MAP_SUFFIX} is "
            "expected. Choose such a name."
        )
    header = {
        "format": MAP_FORMAT,
        "version": str(MAP_VERSION),
        "space": shape_map.space,
        "producer": shape_map.producer,
        "shapes": json.dumps(ARKIT_SHAPES),
        "read_r": json.dumps({name: round(r, 4) for name, r in shape_map.read_r.items()}),
    }
    tensors = {"expression": shape_map.expression, "reading": shape_map.reading}
    stored = {name: value.detach().cpu().float().contiguous() for name, value in tensors.items()}
    write_whole(path, save(stored, metadata=header))


def load_blendshape_map(path: str | Path) -> BlendshapeMap:
    """Read a map.

    `load_blendshape_map("human-shapes.safetensors")`

    Raises:
        MediaError: The file is missing, damaged, no blendshape map, or of a newer version.
    """
    check_readable(path, "blendshape map")
    try:
        with safe_open(str(path), framework="pt") as file:
            header = cast(dict[str, str], file.metadata() or {})
            _FORMAT.check(header, path)
            tensors = {
                name: cast(Tensor, file.get_tensor(name)) for name in ("expression", "reading")
            }
            return _map_of(header, tensors)
    except SafetensorError as error:
        raise MediaError(
            f"{path} is no safetensors file of a blendshape map, or it is damaged ({error}). Make "
            "the map again, or name another."
        ) from error
    except (KeyError, ValueError, TypeError, AttributeError, LivePortraitError) as error:
        if isinstance(error, MediaError):
            raise
        raise MediaError(
            f"The blendshape map {path} is damaged: {error}. Make the map again, or name another."
        ) from error


def _map_of(header: dict[str, str], tensors: dict[str, Tensor]) -> BlendshapeMap:
    space = header["space"]
    if tuple(json.loads(header["shapes"])) != ARKIT_SHAPES:
        raise ValueError("its shapes are not ARKit's 52 in their order")
    expected = {
        "expression": (len(ARKIT_SHAPES), NUM_KEYPOINTS, 3),
        "reading": (num_features(space), len(ARKIT_SHAPES)),
    }
    for name, value in tensors.items():
        if tuple(value.shape) != expected[name]:
            raise ValueError(f"'{name}' of shape {tuple(value.shape)}")
        if not value.is_floating_point() or not bool(value.isfinite().all()):
            raise ValueError(f"'{name}' holds values that are not finite")
    read_r = {str(name): float(r) for name, r in json.loads(header["read_r"]).items()}
    return BlendshapeMap(
        space=space,
        expression=tensors["expression"].to(torch.float32),
        reading=tensors["reading"].to(torch.float32),
        read_r=MappingProxyType(read_r),
        producer=header["producer"],
    )
