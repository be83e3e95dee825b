"""Where the crops of a clip lie, and how they are cut out."""

from __future__ import annotations

from fractions import Fraction
from typing import Final

from ..face.faces import FaceTrack
from ..face.tracking import CropFraming, fixed_crops, following_crops
from ..imaging.crop import CropTransform, crop_pixels, scale_about_corner
from ..imaging.tensors import Pixels
from ..model import LivePortraitModel
from ..options import Framing
from ..preset import CropDefaults

CROP_SMOOTHING_S: Final = 0.1
"""Width of the smoothing of a source clip's crops, a standard deviation in seconds."""


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


def source_crops(
    model: LivePortraitModel,
    track: FaceTrack,
    framing: Framing,
    fps: Fraction,
    *,
    published: bool = False,
) -> list[CropTransform]:
    """A crop for every frame of a source that follows its face, as `read_source` frames it."""
    size_px = model.preset.output_size_px
    crops = crop_framing(framing, model.preset.source_crop, size_px, published=published)
    sigma = 0.0 if published else CROP_SMOOTHING_S * float(fps)
    return following_crops(track, crops, sigma_frames=sigma)


def driving_crops(
    model: LivePortraitModel, track: FaceTrack, framing: Framing, *, published: bool = False
) -> list[CropTransform]:
    """One upright crop for each shot of a driver, as `read_driving` frames it."""
    size_px = model.preset.output_size_px
    crops = crop_framing(framing, model.preset.driving_crop, size_px, published=published)
    return fixed_crops(track, crops)
