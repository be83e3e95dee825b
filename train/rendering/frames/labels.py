"""Labels of rendered frames: keypoints, pose, flow, visibility, regions."""

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import torch

from liveportrait_core.motion.openness import eyes_open, lip_open
from liveportrait_core.motion.regions import COMPACT_OPENNESS_PAIRS

from ..arrays import BoolArray, ByteArray, FloatArray
from ..head.head_model import HeadModel
from ..motion_sampler import HeadMotion
from ..people.identity import Identity
from ..raster.kernels import NUMBA, Kernels
from ..raster.rasterise import EMPTY_DEPTH
from ..rotations import CROP_FROM_MODEL, rotation_from_angles
from .scene import HALF_VIEW, SUPERSAMPLING, Frame, to_pixels

LABEL_SHRINK: Final = 2
"""Dense labels have half the picture's size."""
MAX_FLOW: Final = 60000.0
"""Flow is stored in half floats."""
SAME_SURFACE: Final = 0.5
"""Largest difference of depth, model units, at which two frames show the same surface."""


def canonical_keypoints(head: HeadModel, identity: Identity) -> FloatArray:
    """Keypoints of the expressionless, upright face, (21, 3) crop units."""
    turned = identity.bent(identity.neutral)[head.keypoints] @ CROP_FROM_MODEL
    return (turned / HALF_VIEW).astype(np.float32)


def posed_keypoints(head: HeadModel, frame: Frame) -> FloatArray:
    """Keypoints of a frame, (21, 3) crop units.

    Convention:
        - z grows into the picture and is 0 at the camera distance
        - z is enlarged as much as x and y are, on average over the points, so that canonical and
          posed keypoints differ by a similarity as far as perspective allows
    """
    points = frame.points[head.keypoints].copy()
    points[:, 2] = crop_depth(frame, points[:, 2])
    return points


def crop_depth(frame: Frame, distance: FloatArray) -> FloatArray:
    """Z of `posed_keypoints`, crop units, of distances from the camera, model units."""
    return (distance - np.float32(frame.camera_distance)) * np.float32(frame.depth_scale)


def head_rotation(motion: HeadMotion) -> FloatArray:
    """(3, 3) rows are points: x = s (x_c R + delta) + t, so R = (Rz Ry Rx)^T."""
    return np.ascontiguousarray(rotation_from_angles(*(float(a) for a in motion.pose_deg)).T)


def openings(keypoints: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Eye (F, 2) and lip (F, 1) opening of posed keypoints (F, 21, 3), as motion measures them.

    Convention:
        - height over width on the picture: free of scale, and a yawed eye counts as more open
    """
    points = torch.from_numpy(keypoints[..., :2])
    eyes = eyes_open(points, COMPACT_OPENNESS_PAIRS)
    return eyes.numpy(), lip_open(points, COMPACT_OPENNESS_PAIRS).numpy()


@dataclass(frozen=True, slots=True)
class DenseLabels:
    """What each point of a frame is, and where it is in the next frame; half the picture's size."""

    flow: npt.NDArray[np.float16]
    """(S / 2, S / 2, 2) crop units."""
    visible: BoolArray
    """(S / 2, S / 2)."""
    regions: ByteArray
    """(S / 2, S / 2) of `Region`."""
    depth: npt.NDArray[np.float16]
    """(S / 2, S / 2) z of what is seen, crop units, as `posed_keypoints` has it; 0 in the
    background."""


def dense_labels(
    identity: Identity, frame: Frame, following: Frame, kernels: Kernels = NUMBA
) -> DenseLabels:
    """Flow, visibility, regions and depth of a frame; flow points into the following frame.

    Convention:
        - crop units, +-1 at the picture's edges; pixel i of S lies at (i + 0.5) / S * 2 - 1
        - the background stands still
    """
    wide = frame.depth.shape[0]
    size = wide // (SUPERSAMPLING * LABEL_SHRINK)
    screen = to_pixels(frame.points, size)
    depth = np.empty((size, size), dtype=np.float32)
    nearest = np.empty((size, size), dtype=np.int32)
    kernels.rasterise(screen, identity.triangles, identity.one_sided, depth, nearest)
    centres = (np.arange(size, dtype=np.float32) + 0.5) / size * 2 - 1
    target = np.empty((size, size, 3), dtype=np.float32)
    target[..., 0], target[..., 1], target[..., 2] = centres, centres[:, None], EMPTY_DEPTH
    kernels.interpolate(screen, identity.triangles, nearest, following.points, target)
    regions = identity.region_map(nearest)
    pixels = target.copy()
    pixels[..., :2] = (target[..., :2] + 1) * np.float32(wide / 2)
    seen = np.empty((size, size), dtype=np.uint8)
    following_regions = identity.region_map(following.nearest)
    kernels.seen_from(pixels, regions, following.depth, following_regions, SAME_SURFACE, seen)
    flow = np.clip(target[..., :2], -MAX_FLOW, MAX_FLOW).astype(np.float16)
    near = np.where(nearest < 0, np.float32(0), crop_depth(frame, depth)).astype(np.float16)
    return DenseLabels(flow, seen.astype(np.bool_), regions, near)
