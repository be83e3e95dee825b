"""Goldens of crops and paste-back: `crop.npz`, `crop.json` and their pictures.

One kind of array is not compared: `*.rect_nolip`, a rectangle (not a square) aligned by the
eyes alone. No published path uses it, and neither do we.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from liveportrait_core.face.onnx import landmark_203_from
from liveportrait_core.imaging.composite import paste_back, paste_back_pixels, paste_mask
from liveportrait_core.imaging.crop import (
    CropTransform,
    average_box,
    box_transform,
    crop_face,
    crop_pixels,
    crop_tensor,
    crop_transform,
    face_box,
    warp_tensor,
)
from liveportrait_core.imaging.landmark_layouts import as_landmarks
from liveportrait_core.imaging.tensors import (
    Pixels,
    pixels_from_tensor,
    resize_pixels,
    tensor_from_pixels,
)

from ..golden import Comparison, GoldenFolder, largest_difference, mean_difference
from .faces import read_pixels

Arrays = dict[str, np.ndarray]

MATRIX = 5e-4
PIXEL = 4.0
PIXEL_MEAN = 0.25
WEIGHT = 4 / 255
"""Tolerance of the mask in its frame: that of pixels, on the mask's scale."""
CROP_PX = 512
NETWORK_PX = 256
RECT = {"scale": 2.2, "vx_ratio": 0.05, "vy_ratio": -0.1}
"""What the published rectangles were asked for; found by fitting the stored ones."""
SOURCE = {"scale": 2.3, "vy_ratio": -0.125}
DRIVING = {"scale": 2.2, "vy_ratio": -0.1}
STORED_FRAME = 1
"""The frame whose landmarks in the driving crop are stored."""


@dataclass(frozen=True, slots=True)
class Picture:
    """One picture of the set and every array about it."""

    name: str
    pixels: Pixels
    arrays: Arrays

    def get(self, key: str) -> np.ndarray | None:
        """An array by its name without the picture's; None when a smaller set leaves it out."""
        return self.arrays.get(f"{self.name}.{key}")


def check(folder: GoldenFolder) -> Iterator[Comparison]:
    """Every crop and paste-back of the folder."""
    arrays = folder.arrays("crop.npz")
    settings: list[dict[str, Any]] = json.loads((folder.path / "crop.json").read_text())["cfgs"]
    for name in dict.fromkeys(key.split(".")[0] for key in arrays):
        picture = Picture(name, read_pixels(folder, f"{name}.png"), arrays)
        yield from _crops(picture, settings)
        yield from _rectangles(picture)
        yield from _driving(picture)
        yield from _source(picture)
        yield from _landmark_runner(picture)


def _pixels(quantity: str, case: str, ours: Any, golden: np.ndarray) -> Iterator[Comparison]:
    yield Comparison(quantity, case, largest_difference(ours, golden), PIXEL)
    yield Comparison(f"{quantity}, mean", case, mean_difference(ours, golden), PIXEL_MEAN)


def _crops(picture: Picture, settings: list[dict[str, Any]]) -> Iterator[Comparison]:
    prefix = f"{picture.name}."
    for key in [key for key in picture.arrays if key.startswith(prefix) and ".cfg" in key]:
        _, landmarks_name, setting, what = key.split(".")
        if what != "M_o2c":
            continue
        framing = settings[int(setting.removeprefix("cfg"))]
        landmarks = picture.arrays[f"{prefix}{landmarks_name}"]
        case = f"{prefix}{landmarks_name}.{setting}"
        yield from _one_crop(picture, landmarks, framing, case)


def _one_crop(
    picture: Picture, landmarks: np.ndarray, framing: dict[str, Any], case: str
) -> Iterator[Comparison]:
    transform = crop_transform(
        landmarks,
        scale=framing["scale"],
        vx_ratio=framing.get("vx_ratio", 0.0),
        vy_ratio=framing["vy_ratio"],
        size_px=framing["dsize"],
        rotate=framing.get("flag_do_rot", True),
        compat="published",
    )
    golden = {
        what: picture.arrays.get(f"{case}.{what}")
        for what in ("M_o2c", "M_c2o", "pt_crop_sub", "img_crop_sub", "img256_area_sub")
    }
    in_crop = transform.to_crop(np.asarray(landmarks, np.float64))[::7]
    for quantity, what, ours in (
        ("source_to_crop", "M_o2c", transform.source_to_crop),
        ("crop_to_source", "M_c2o", transform.crop_to_source),
        ("landmarks in the crop", "pt_crop_sub", in_crop),
    ):
        values = golden[what]
        if values is not None:
            yield Comparison(quantity, case, largest_difference(ours, values), MATRIX)
    crop = crop_pixels(picture.pixels, transform, antialias=False)
    if (values := golden["img_crop_sub"]) is not None:
        step = crop.shape[0] // values.shape[0]
        yield from _pixels("crop pixels", case, crop[::step, ::step], values)
        exact = crop_face(
            tensor_from_pixels(picture.pixels)[0],
            landmarks,
            scale=framing["scale"],
            vx_ratio=0.0,  # the published crop ignores it
            vy_ratio=framing["vy_ratio"],
            size_px=framing["dsize"],
            rotate=framing.get("flag_do_rot", True),
        )
        sub = pixels_from_tensor(exact.image)[::step, ::step]
        yield from _pixels("crop_face", case, sub, values)
    if (values := golden["img256_area_sub"]) is not None:
        small = resize_pixels(crop, (NETWORK_PX, NETWORK_PX), "area")
        yield from _pixels("crop, averaged to 256", case, small[::8, ::8], values)
    yield from _paste(picture, transform, case)


def _paste(picture: Picture, transform: CropTransform, case: str) -> Iterator[Comparison]:
    golden = {
        what: picture.arrays.get(f"{case}.{what}")
        for what in ("mask_ori_sub", "paste_tri_sub", "paste_tri_mean")
    }
    if golden["paste_tri_sub"] is None:
        return
    face, mask = _triangles(transform.size_px), paste_mask(transform.size_px)
    pasted = paste_back_pixels(
        picture.pixels, face, transform, mask.numpy(), antialias=False, truncate=True
    )
    yield from _pixels("paste back", case, pasted[::6, ::6], golden["paste_tri_sub"])
    if (values := golden["paste_tri_mean"]) is not None:
        error = largest_difference(pasted.mean((0, 1)), values)
        yield Comparison("paste back, channel means", case, error, PIXEL_MEAN)
    image = tensor_from_pixels(picture.pixels)[0]
    exact = paste_back(image, tensor_from_pixels(face)[0], crop_tensor(image, transform), mask)
    ours = exact.movedim(0, -1).numpy()[::6, ::6] * 255
    error = largest_difference(ours, golden["paste_tri_sub"].astype(np.float64))
    yield Comparison("paste_back", case, error, PIXEL)
    if (values := golden["mask_ori_sub"]) is not None:
        size = (image.shape[-2], image.shape[-1])
        shown = warp_tensor(mask[None], transform.source_to_crop, size)[0, ::8, ::8]
        yield Comparison("mask in the frame", case, largest_difference(shown, values), WEIGHT)


def _rectangles(picture: Picture) -> Iterator[Comparison]:
    for key in [key for key in picture.arrays if key.startswith(f"{picture.name}.")]:
        if not key.endswith(".rect"):
            continue
        case = key.removesuffix(".rect")
        box = face_box(picture.arrays[case], **RECT)
        ours = (*box.centre, box.side, box.side, box.angle_rad)
        yield Comparison("face box", case, largest_difference(ours, picture.arrays[key]), MATRIX)


def _driving(picture: Picture) -> Iterator[Comparison]:
    boxes = []
    for frame in range(len(picture.arrays)):
        landmarks, corners = picture.get(f"drv.lmk{frame}"), picture.get(f"drv.bbox{frame}")
        if landmarks is None or corners is None:
            break
        boxes.append(face_box(landmarks, **DRIVING))
        left, top, right, bottom = boxes[-1].bounds
        ours = [[left, top], [right, top], [right, bottom], [left, bottom]]
        case = f"{picture.name}.{frame}"
        yield Comparison("driving box", case, largest_difference(ours, corners), MATRIX)
        turned = picture.get(f"drv.bbox_rot{frame}")
        if turned is not None:
            upright = box_transform(boxes[-1], size_px=CROP_PX)
            ends = np.array([[0.0, 0.0], [1, 0], [1, 1], [0, 1]]) * CROP_PX
            error = largest_difference(upright.to_source(ends), turned)
            yield Comparison("driving box, turned", case, error, MATRIX)
    if not boxes:
        return
    mean = average_box(boxes)
    transform = box_transform(mean, size_px=CROP_PX, rotate=False)
    crop = crop_pixels(picture.pixels, transform, antialias=False)
    landmarks = np.asarray(picture.get(f"drv.lmk{STORED_FRAME}"), np.float64)
    for quantity, what, ours in (
        ("driving box, mean", "drv.global_bbox", mean.bounds),
        ("source_to_crop", "drv.M_o2c", transform.source_to_crop),
        ("crop_to_source", "drv.M_c2o", transform.crop_to_source),
        ("landmarks in the crop", "drv.lmk_crop_sub", transform.to_crop(landmarks)[::7]),
    ):
        if (values := picture.get(what)) is not None:
            case = f"{picture.name}.drv"
            yield Comparison(quantity, case, largest_difference(ours, values), MATRIX)
    small = resize_pixels(crop, (NETWORK_PX, NETWORK_PX), "bilinear")
    for quantity, what, ours in (
        ("driving crop", "drv.crop_sub", crop),
        ("driving crop, bilinear to 256", "drv.crop256_linear_sub", small),
    ):
        if (values := picture.get(what)) is not None:
            yield from _pixels(quantity, f"{picture.name}.drv", ours[::8, ::8], values)


def _source(picture: Picture) -> Iterator[Comparison]:
    """The published cropper: 106 points for a picture, 203 for a video's frames."""
    for kind, points in (("source", "lmk106"), ("sourcevideo", "lmk203")):
        golden, landmarks = picture.get(f"{kind}.M_c2o"), picture.get(points)
        if golden is None or landmarks is None:
            continue
        case = f"{picture.name}.{kind}"
        transform = crop_transform(landmarks, size_px=CROP_PX, compat="published", **SOURCE)
        ours = np.broadcast_to(transform.crop_to_source, golden.shape)
        yield Comparison("crop_to_source", case, largest_difference(ours, golden), MATRIX)
        if (values := picture.get(f"{kind}.lmk_sub")) is not None:
            in_crop = transform.to_crop(np.asarray(landmarks, np.float64))[::7]
            ours = np.broadcast_to(in_crop * (NETWORK_PX / CROP_PX), values.shape)
            error = largest_difference(ours, values)
            yield Comparison("landmarks in the crop", case, error, MATRIX)
        if (values := picture.get(f"{kind}.img256_sub")) is not None:
            crop = crop_pixels(picture.pixels, transform, antialias=False)
            small = resize_pixels(crop, (NETWORK_PX, NETWORK_PX), "area")
            yield from _pixels("crop, averaged to 256", case, small[::8, ::8], values)


def _landmark_runner(picture: Picture) -> Iterator[Comparison]:
    for points in ("106", "203"):
        output, start = picture.get(f"lmkrunner{points}.net_out"), picture.get(f"lmk{points}")
        if output is None or start is None:
            continue
        seen: list[np.ndarray] = []

        def run(values: Any, seen: list[np.ndarray] = seen, output: Any = output) -> list[Any]:
            seen.append(values)
            return [output, output, output]

        network = landmark_203_from(run)
        read = network.landmarks(picture.pixels, network.box(as_landmarks(start)))
        case = f"{picture.name}.{points}"
        if (values := picture.get(f"lmkrunner{points}.lmk")) is not None:
            error = largest_difference(read.points, values)
            yield Comparison("203-point runner, landmarks", case, error, MATRIX)
        if (values := picture.get(f"lmkrunner{points}.net_in_sub")) is not None:
            yield from _pixels(
                "203-point runner, input", case, seen[0][..., ::8, ::8] * 255, values * 255
            )


def _triangles(size_px: int) -> Pixels:
    """The made-up face of the paste-back goldens: triangle waves in x, y and channel."""
    y, x, channel = np.mgrid[:size_px, :size_px, :3]
    phase = (x * (channel + 1) + 2 * y) % 510
    return np.where(phase <= 255, phase, 510 - phase).astype(np.uint8)
