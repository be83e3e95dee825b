"""Where the crops of a clip lie, and how they are cut out."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Final

import torch
from torch import Tensor

from ..face.clip_crops import (
    FOLLOWING_S,
    CropFraming,
    crop_travel,
    fixed_crops,
    following_crops,
    steady_crops,
)
from ..face.faces import FaceTrack
from ..face.visibility import without_cut_off
from ..imaging.crop import CropTransform, crop_pixels, scale_about_corner
from ..imaging.landmark_layouts import Points
from ..imaging.tensors import Pixels
from ..media.clips import Clip, frame_size
from ..model import LivePortraitModel
from ..options import DrivingCrop, Framing, Role
from ..preset import CropDefaults, Preset

CROP_SMOOTHING_S: Final = 0.1
"""Width of the smoothing of a source clip's crops, a standard deviation in seconds."""
EDGE_PX: Final = 512
"""Size of crops whose edges are shown; an edge depends on it by half a pixel of the crop."""
LEAST_SHARE: Final = 0.65
"""Of a picture's longer side that the crop of its face takes up where the picture is a face crop
already. Crops of our own have 0.8 and more, portraits with shoulders up to 0.6."""


def crop_of(frame: Pixels, transform: CropTransform, *, published: bool = False) -> Pixels:
    """The face of a frame, at the size of its transform."""
    return crop_pixels(frame, transform, antialias=not published)


def whole_frame(frame: Pixels, size_px: int) -> CropTransform:
    """The square around a whole frame, edge to edge."""
    height, width = frame.shape[:2]
    side = max(height, width)
    zoom = size_px / side
    matrix = scale_about_corner(zoom)
    matrix[:2, 2] += zoom * (side - width) / 2, zoom * (side - height) / 2
    return CropTransform(matrix, size_px)


def crop_framing(
    framing: Framing, preset: CropDefaults, size_px: int, *, published: bool
) -> CropFraming:
    """The numbers of a crop for a preset; the published crops ignore the shift to the side."""
    vx_ratio = preset.vx_ratio if framing.vx_ratio is None else framing.vx_ratio
    vy_ratio = preset.vy_ratio if framing.vy_ratio is None else framing.vy_ratio
    return CropFraming(
        scale=preset.scale if framing.scale is None else framing.scale,
        vx_ratio=0.0 if published else vx_ratio + framing.shift_x,
        vy_ratio=vy_ratio + framing.shift_y,
        size_px=size_px,
        rotate=framing.rotate,
    )


def framing_travel(preset: Preset) -> Tensor:
    """(1, 3) how a face's crop as a driver lies in its crop as a source (`in_other_crop`).

    With sides a_d and a_s in boxes of the landmarks and centres v_d a_d and v_s a_s: k = a_d / a_s,
    d = 2 (v_d a_d - v_s a_s) / a_s.
    """
    source, driver = preset.source_framing, preset.driving_crop
    k = driver.scale / source.scale
    d_x = 2 * (driver.vx_ratio * k - source.vx_ratio)
    d_y = 2 * (driver.vy_ratio * k - source.vy_ratio)
    return torch.tensor([[k, d_x, d_y]])


@dataclass(frozen=True, slots=True, kw_only=True)
class ClipCrops:
    """How the face of a clip is seen, and what its motion is measured in."""

    track: FaceTrack
    """The face; a driver's is `missing` where it is partly outside of the picture
    (`without_cut_off`)."""
    transforms: tuple[CropTransform, ...]
    """One for each frame: what M looks at."""
    travel: Tensor | None = None
    """(N, 3) how each of a driver's lies in its shot's crop of `driving_crops`, in which the
    motion is measured (`crop_travel`); None: it is that one."""


def crop_edges(track: FaceTrack, preset: CropDefaults, fps: Fraction) -> list[Points]:
    """The corners (4, 2) of a source's crops with a preset's own framing, in pixels."""
    framing = crop_framing(Framing(), preset, EDGE_PX, published=False)
    return [crop.corners for crop in _source_crops(track, framing, fps)]


def driving_crops(
    model: LivePortraitModel, track: FaceTrack, framing: Framing, *, published: bool = False
) -> list[CropTransform]:
    """One upright crop for each shot of a driver: what its motion is measured in."""
    return fixed_crops(track, _driver_framing(model, framing, published=published))


def is_whole_picture(model: LivePortraitModel, frame: Pixels, track: FaceTrack) -> bool:
    """Whether a picture shows much more than a crop of its face would (`LEAST_SHARE`).

    Args:
        model: The model.
        frame: The picture.
        track: Its face, of one frame.
    """
    (crop,) = driving_crops(model, track, Framing())
    side_px = crop.size_px * crop.source_px_per_crop_px
    return side_px < LEAST_SHARE * max(frame.shape[:2])


def clip_crops(
    model: LivePortraitModel,
    track: FaceTrack,
    framing: Framing,
    clip: Clip,
    role: Role,
    *,
    driving_crop: DrivingCrop = "follow",
    published: bool = False,
) -> ClipCrops:
    """A crop for every frame: a source's follow its face, a driver's are upright.

    `clip_crops(model, FaceTrackers(model).find(clip), Framing(), clip, "driver").transforms`

    Args:
        model: The model.
        track: A face, in every frame of the clip.
        framing: How it is framed.
        clip: Its size and frame rate count.
        role: Source or driver.
        driving_crop: Of a driver; `fixed`: one crop for each shot (`fixed_crops`); `follow`: such
            as follow slow travel of its face (`steady_crops`).
        published: A source's are not smoothed over time; a driver has one, also with a face that
            is partly outside of the picture.
    """
    if role == "driver":
        return _driver_crops(model, track, framing, clip, driving_crop, published=published)
    size_px = model.preset.output_size_px
    preset = model.preset.source_crop if published else model.preset.source_framing
    crops = crop_framing(framing, preset, size_px, published=published)
    transforms = _source_crops(track, crops, clip.fps, published=published)
    return ClipCrops(track=track, transforms=tuple(transforms))


def _source_crops(
    track: FaceTrack, framing: CropFraming, fps: Fraction, *, published: bool = False
) -> list[CropTransform]:
    """Crops that follow the face, smoothed over time but in `published`."""
    sigma = 0.0 if published else CROP_SMOOTHING_S * float(fps)
    return following_crops(track, framing, sigma_frames=sigma)


def _driver_crops(
    model: LivePortraitModel,
    track: FaceTrack,
    framing: Framing,
    clip: Clip,
    driving_crop: DrivingCrop,
    *,
    published: bool,
) -> ClipCrops:
    track = track if published else without_cut_off(track, *frame_size(clip))
    base = driving_crops(model, track, framing, published=published)
    if published or driving_crop == "fixed":
        return ClipCrops(track=track, transforms=tuple(base))
    crops = _driver_framing(model, framing, published=False)
    following = steady_crops(track, crops, sigma_frames=FOLLOWING_S * float(clip.fps))
    travel = torch.from_numpy(crop_travel(following, base))
    return ClipCrops(track=track, transforms=tuple(following), travel=travel)


def _driver_framing(model: LivePortraitModel, framing: Framing, *, published: bool) -> CropFraming:
    preset = model.preset
    return crop_framing(framing, preset.driving_crop, preset.output_size_px, published=published)
