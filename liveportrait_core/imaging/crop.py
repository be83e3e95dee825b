"""Crops: the similarity transform that frames a face, and pixels through it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

import cv2
import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from .landmark_layouts import LAYOUTS, AnyLandmarks, LandmarkLayout, Points, as_landmarks
from .tensors import BATCH_AXES, PICTURE_AXES, RGB, Pixels

Matrix = NDArray[np.float64]
"""(3, 3), acts on columns (x, y, 1)."""

Compat = Literal["published"]

MIN_SIDE_PX: Final = 1e-6
MIN_EYES_TO_LIP_PX: Final = 1e-3
"""Distance of eyes and lip below which the face counts as upright, as published."""
BILINEAR_REACH: Final = 2.0
"""Source pixels per crop pixel that bilinear samples still cover without gaps."""
MAX_SUPERSAMPLING: Final = 8
"""Samples per crop pixel and axis at most, however large the face is in its picture."""


@dataclass(frozen=True, slots=True)
class CropTransform:
    """Where a square crop lies in its picture.

    Convention:
        - matrices act on columns (x, y, 1), x right, y down, in pixels
        - whole numbers are pixel centres in both pictures, as in OpenCV: the crop spans
          -0.5 to size_px - 0.5
    """

    source_to_crop: Matrix
    size_px: int

    @property
    def crop_to_source(self) -> Matrix:
        """The inverse matrix."""
        return np.linalg.inv(self.source_to_crop).astype(np.float64)

    @property
    def source_px_per_crop_px(self) -> float:
        """Above 1 the crop has fewer pixels than the part of the picture that it shows."""
        return 1.0 / math.sqrt(abs(float(np.linalg.det(self.source_to_crop[:2, :2]))))

    @property
    def corners(self) -> Points:
        """(4, 2) corners of the crop in the picture, clockwise from the top left of the crop."""
        low, high = -0.5, self.size_px - 0.5
        return self.to_source(np.array([(low, low), (high, low), (high, high), (low, high)]))

    def to_crop(self, points: Points) -> Points:
        """(N, 2) positions in the picture -> in the crop."""
        return apply_matrix(self.source_to_crop, points)

    def to_source(self, points: Points) -> Points:
        """(N, 2) positions in the crop -> in the picture."""
        return apply_matrix(self.crop_to_source, points)

    def resized(self, size_px: int) -> CropTransform:
        """The same part of the picture on another number of pixels."""
        return CropTransform(
            scale_about_corner(size_px / self.size_px) @ self.source_to_crop, size_px
        )


@dataclass(frozen=True, slots=True)
class Crop:
    """A face crop and the way there and back.

    `crop = crop_face(image, landmarks, **framing)`, then `crop.image`

    Convention:
        - matrices act on columns (x, y, 1) in pixels; whole numbers are pixel centres
    """

    image: Tensor
    """(3, S, S) or (B, 3, S, S) RGB in [0, 1], as many axes as the picture had."""
    source_to_crop: Tensor
    """(3, 3) float32."""
    crop_to_source: Tensor
    """(3, 3) float32, its inverse."""

    @property
    def size_px(self) -> int:
        """Side of the crop."""
        return int(self.image.shape[-1])

    @property
    def transform(self) -> CropTransform:
        """The same geometry without the picture."""
        return CropTransform(self.source_to_crop.detach().double().cpu().numpy(), self.size_px)


@dataclass(frozen=True, slots=True)
class FaceBox:
    """A square that frames a face: centre, side and the angle of the face's x axis."""

    centre: tuple[float, float]
    side: float
    angle_rad: float

    @property
    def bounds(self) -> tuple[float, float, float, float]:
        """Left, top, right, bottom of the square without its rotation, pixels."""
        x, y, half = *self.centre, self.side / 2
        return x - half, y - half, x + half, y + half


def face_box(
    landmarks: AnyLandmarks,
    *,
    scale: float,
    vx_ratio: float = 0.0,
    vy_ratio: float = 0.0,
    compat: Compat | None = None,
) -> FaceBox:
    """The square around a face, along the line from the eyes to the lip.

    Convention:
        - computed in float32 with the angle from an arc cosine, like the published crops: near
          upright that angle is only good to .02 degrees, and parity needs the same .02
        - the face's y axis points from the middle of the eyes to the lip
        - the landmarks' box is taken along the face's axes; its longer side times `scale`
          (and the layout's `box_ratio`) is the side
        - `vx_ratio` moves the crop along the face's x axis (to the image's right when
          upright), `vy_ratio` towards the chin, in sides

    Args:
        landmarks: `Landmarks`, or (N, 2) pixel positions of a known layout.
        scale: Side over the longer side of the landmarks' box.
        vx_ratio: Shift in sides.
        vy_ratio: Shift in sides.
        compat: `published` ignores `vx_ratio`, as the published crop does.

    Raises:
        ValueError: Bad landmarks, or a scale that is not above 0.
    """
    if not scale > 0:
        raise ValueError(
            f"The crop scale is {scale}; a number above 0 is expected. Give 2.3 to frame a head."
        )
    face = as_landmarks(landmarks)
    points = face.points.astype(np.float32)
    axis_x, axis_y = _face_axes(points, LAYOUTS[face.layout])
    middle = points.mean(0)
    along = (points - middle) @ np.stack((axis_x, axis_y), 1)  # (N, 2)
    low, high = along.min(0), along.max(0)
    reach = np.float32((high - low).max() * np.float32(scale * LAYOUTS[face.layout].box_ratio))
    if reach < MIN_SIDE_PX:
        raise ValueError(
            "All landmarks lie on one spot; points spread over a face are expected. "
            "Give other landmarks or a box."
        )
    offset = (low + high) / 2
    shift_x = np.float32(0.0 if compat == "published" else vx_ratio)
    centre = middle + axis_x * offset[0] + axis_y * offset[1]
    centre = centre + axis_x * (shift_x * reach) + axis_y * (np.float32(vy_ratio) * reach)
    side = float(reach)
    angle = math.copysign(math.acos(min(1.0, max(-1.0, float(axis_x[0])))), float(axis_x[1]))
    return FaceBox((float(centre[0]), float(centre[1])), side, angle)


def crop_transform(
    landmarks: AnyLandmarks,
    *,
    scale: float,
    vx_ratio: float = 0.0,
    vy_ratio: float = 0.0,
    size_px: int,
    rotate: bool = True,
    compat: Compat | None = None,
) -> CropTransform:
    """The transform of `crop_face`, without a picture.

    Args:
        landmarks: `Landmarks`, or (N, 2) pixel positions of a known layout.
        scale: Side over the longer side of the landmarks' box.
        vx_ratio: Shift to the face's right, in sides.
        vy_ratio: Shift towards the chin, in sides.
        size_px: Side of the crop in pixels.
        rotate: Turn the face upright; otherwise keep the picture's axes.
        compat: `published` ignores `vx_ratio`.

    Raises:
        ValueError: Bad landmarks, scale or size.
    """
    box = face_box(landmarks, scale=scale, vx_ratio=vx_ratio, vy_ratio=vy_ratio, compat=compat)
    return box_transform(box, size_px=size_px, rotate=rotate)


def box_transform(box: FaceBox, *, size_px: int, rotate: bool = True) -> CropTransform:
    """The transform that shows a box on `size_px` pixels.

    Convention:
        - the box's centre lands on size_px / 2, half a pixel right of and below the crop's
          true middle; the published weights were trained so

    Raises:
        ValueError: A size below 1.
    """
    if size_px < 1:
        raise ValueError(
            f"The crop size is {size_px} px; 1 or more is expected. Give 256, which is usual."
        )
    zoom = size_px / box.side
    angle = box.angle_rad if rotate else 0.0
    cos, sin = zoom * math.cos(angle), zoom * math.sin(angle)
    x, y = box.centre
    matrix = np.array(
        [
            [cos, sin, size_px / 2 - (cos * x + sin * y)],
            [-sin, cos, size_px / 2 - (-sin * x + cos * y)],
            [0.0, 0.0, 1.0],
        ]
    )
    return CropTransform(matrix.astype(np.float32).astype(np.float64), size_px)


def average_box(boxes: Sequence[FaceBox]) -> FaceBox:
    """One upright box for a whole clip: the mean of the boxes' edges, made square.

    A driving clip is cropped with one box, so that the head's own movement stays in it.

    Raises:
        ValueError: No boxes.
    """
    if not boxes:
        raise ValueError(
            "There are 0 boxes; 1 or more are expected. Use frames that show the face."
        )
    left, top, right, bottom = np.mean([box.bounds for box in boxes], axis=0)
    return FaceBox((float(left + right) / 2, float(top + bottom) / 2), float(right - left), 0.0)


def crop_face(
    image: Tensor,
    landmarks: AnyLandmarks,
    *,
    scale: float,
    vx_ratio: float,
    vy_ratio: float,
    size_px: int,
    rotate: bool = True,
    antialias: bool = False,
) -> Crop:
    """The face, upright and centred, on a square of `size_px` pixels (Sec. 4).

    `crop_face(image, landmarks, scale=2.3, vx_ratio=0, vy_ratio=-0.125, size_px=512)`

    Convention:
        - outside the picture is black; samples are bilinear
        - gradients flow to the picture, not to the landmarks

    Args:
        image: (3, H, W) or (B, 3, H, W) RGB in [0, 1]; a batch shares the one crop.
        landmarks: `Landmarks`, or (N, 2) pixel positions of a known layout.
        scale: Side of the crop over the longer side of the landmarks' box.
        vx_ratio: Shift of the crop to the face's right, in sides.
        vy_ratio: Shift of the crop towards the chin, in sides.
        size_px: Side of the crop in pixels.
        rotate: Turn the face upright.
        antialias: Average the source pixels when more than two fall on a crop pixel. Off is
            plain bilinear, as published.

    Raises:
        ValueError: Bad picture, landmarks, scale or size.
    """
    _check_image(image)
    transform = crop_transform(
        landmarks,
        scale=scale,
        vx_ratio=vx_ratio,
        vy_ratio=vy_ratio,
        size_px=size_px,
        rotate=rotate,
    )
    return crop_tensor(image, transform, antialias=antialias)


def crop_tensor(image: Tensor, transform: CropTransform, *, antialias: bool = False) -> Crop:
    """`crop_face` through a transform that is already known."""
    factor = _supersampling(transform) if antialias else 1
    fine = transform.resized(transform.size_px * factor)
    sampled = warp_tensor(image, fine.crop_to_source, (fine.size_px, fine.size_px))
    if factor > 1:
        sampled = F.avg_pool2d(sampled, factor)
    return Crop(
        sampled,
        torch.from_numpy(transform.source_to_crop).float().to(image.device),
        torch.from_numpy(transform.crop_to_source).float().to(image.device),
    )


def crop_pixels(image: Pixels, transform: CropTransform, *, antialias: bool = True) -> Pixels:
    """The crop of an 8-bit picture, fast: the same geometry as `crop_face`.

    Args:
        image: (H, W, 3) uint8.
        transform: From `crop_transform` or `box_transform`.
        antialias: Average the source pixels when more than two fall on a crop pixel.

    Returns:
        (size_px, size_px, 3) uint8, black outside the picture.
    """
    factor = _supersampling(transform) if antialias else 1
    size = transform.size_px
    fine = transform.resized(size * factor)
    sampled = cv2.warpAffine(
        image, fine.source_to_crop[:2], (fine.size_px, fine.size_px), flags=cv2.INTER_LINEAR
    )
    if factor > 1:
        sampled = cv2.resize(sampled, (size, size), interpolation=cv2.INTER_AREA)
    return np.asarray(sampled, np.uint8)


def warp_tensor(image: Tensor, to_image: Matrix, size: tuple[int, int]) -> Tensor:
    """Bilinear samples of a picture at the pixels of another, zero outside.

    Convention:
        - `to_image` takes pixel centres of the result to positions in `image`

    Args:
        image: (C, H, W) or (B, C, H, W).
        to_image: (3, 3).
        size: Height and width of the result.

    Returns:
        (C, h, w) or (B, C, h, w), as many axes as came in.
    """
    batch = image if image.ndim == BATCH_AXES else image[None]
    to_edges = _edges_from_pixels(int(batch.shape[-2]), int(batch.shape[-1]))
    matrix = to_edges @ to_image @ np.linalg.inv(_edges_from_pixels(*size))
    # float64 to here: the parity tests notice half a thousandth of a pixel
    dtype = torch.promote_types(image.dtype, torch.float32)
    theta = torch.from_numpy(matrix[:2]).to(device=image.device, dtype=dtype)
    grid = F.affine_grid(theta[None], [1, 1, *size], align_corners=False)  # (1, h, w, 2)
    sampled = F.grid_sample(
        batch.to(dtype),
        grid.expand(len(batch), -1, -1, -1),
        mode="bilinear",
        padding_mode="zeros",
        align_corners=False,
    ).to(image.dtype)
    return sampled if image.ndim == BATCH_AXES else sampled[0]


def apply_matrix(matrix: Matrix, points: Points) -> Points:
    """(N, 2) positions through a (3, 3) matrix."""
    return points @ matrix[:2, :2].T + matrix[:2, 2]


def scale_about_corner(factor: float) -> Matrix:
    """Positions on a picture that is shown on `factor` times as many pixels."""
    shift = (factor - 1) / 2  # pixel centres are whole numbers: the corner is at -0.5
    return np.array([[factor, 0.0, shift], [0.0, factor, shift], [0.0, 0.0, 1.0]])


def _edges_from_pixels(height: int, width: int) -> Matrix:
    """Pixel centres -> coordinates that are -1 and 1 at the outer edges."""
    return np.array(
        [[2 / width, 0.0, 1 / width - 1], [0.0, 2 / height, 1 / height - 1], [0.0, 0.0, 1.0]]
    )


def _supersampling(transform: CropTransform) -> int:
    factor = transform.source_px_per_crop_px
    return 1 if factor <= BILINEAR_REACH else min(math.ceil(factor), MAX_SUPERSAMPLING)


def _face_axes(
    points: NDArray[np.float32], layout: LandmarkLayout
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    left, right = points[list(layout.left_eye)].mean(0), points[list(layout.right_eye)].mean(0)
    down = points[list(layout.lip)].mean(0) - (left + right) / 2
    length = np.linalg.norm(down)
    axis_y = np.array([0, 1], np.float32) if length <= MIN_EYES_TO_LIP_PX else down / length
    return np.array([axis_y[1], -axis_y[0]], np.float32), axis_y


def _check_image(image: Tensor) -> None:
    axes_fit = image.ndim in (PICTURE_AXES, BATCH_AXES) and image.shape[-3] == RGB
    if not axes_fit or not image.is_floating_point():
        raise ValueError(
            f"The picture is {image.dtype} of shape {tuple(image.shape)}; float RGB of shape "
            "(3, H, W) or (B, 3, H, W) in [0, 1] is expected. tensor_from_pixels converts "
            "8-bit pictures."
        )
