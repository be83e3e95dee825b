"""Pose a person in front of the camera and draw one frame."""

import zlib
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np

from ..arrays import ByteArray, FloatArray, IntArray
from ..cartoon.outlines import draw_outlines
from ..head.head_model import EYES, HeadModel
from ..motion_sampler import HeadMotion
from ..noise import make_noise
from ..people.identity import Identity
from ..raster.kernels import NUMBA, Kernels
from ..raster.occlusion import key_light_share
from ..raster.surface import LIT, PLACE, VALUES, Kind
from ..raster.vertices import add_weighted, turn_with_neck
from ..rotations import crop_to_model, rotation_from_angles

HALF_VIEW: Final = 15.5
"""Half the width of the view at the head, model units: a head fills about 70 % of the picture."""
SUPERSAMPLING: Final = 2
"""Pictures are drawn this many times larger, then averaged."""

PIVOT: Final = np.array([0, -5, 0], dtype=np.float32)
"""Where the head turns, model units."""
NECK_STILL_Y: Final = -16.0
NECK_FOLLOWS_Y: Final = -7.0

LIDS_FOLLOW_DEG: Final = 30.0
"""Gaze at which the lids have followed fully."""
EYE_SIDES: Final = {"eye_left": "_L", "eye_right": "_R"}
SHUT_EYE_BACK: Final = 0.15
"""How far a shut eye moves back, so that the cornea does not pierce the lid."""
SHUT_EYE_DARK: Final = 0.75
"""Blink from which the eyeball darkens: what shows between shut lids is lashes, not white."""
LIP_GAP_LIT: Final = 0.9
"""Opening of the lips, model units, from which the inside of the mouth is fully lit."""
MIN_MOUTH_LIGHT: Final = 0.45
FIBRES_PX: Final = 256


@dataclass(frozen=True, slots=True)
class Frame:
    """One drawn frame and what its labels are made from."""

    image: ByteArray
    """(S, S, 3) RGB."""
    points: FloatArray
    """(N, 3) x and y in crop units, z the distance from the camera in model units."""
    depth: FloatArray
    """(2 S, 2 S)."""
    nearest: IntArray
    """(2 S, 2 S) triangle or -1."""
    magnification: float
    """Crop units for one model unit at the camera distance."""
    camera_distance: float
    """Of the middle of the head, model units."""
    depth_scale: float
    """Crop units for one model unit of depth: as much as x and y are enlarged, on average over the
    keypoints."""


class Scene:
    """Draws frames of identities; keeps buffers from one frame to the next."""

    def __init__(self, head: HeadModel, size_px: int, kernels: Kernels = NUMBA) -> None:
        """Prepare buffers.

        Args:
            head: the face model.
            size_px: width and height of the pictures.
            kernels: what draws.
        """
        self.kernels = kernels
        self.head = head
        self.size_px = size_px
        wide = size_px * SUPERSAMPLING
        self._canvas = np.empty((wide, wide, 3), dtype=np.float32)
        self._fibres = make_noise(FIBRES_PX).fibres
        self._mouth = np.concatenate([head.parts[name] for name in ("socket", "gums", "teeth")])
        self._lip_pair = head.landmarks[[62, 66]]

    def draw(self, identity: Identity, motion: HeadMotion) -> Frame:
        """Pose, light, project and rasterise one frame."""
        weights = self.with_lids(motion)
        deformed = self.deform(identity, weights, motion.gaze_deg)
        lip_gap = float(np.linalg.norm(np.subtract(*deformed[self._lip_pair])))
        points = self._pose(identity, deformed, motion)
        values = self._light(identity, points, motion)
        self._darken(values, weights, lip_gap)
        projected, magnification = _project(identity, points, motion)
        wide = self.size_px * SUPERSAMPLING
        depth = np.empty((wide, wide), dtype=np.float32)
        nearest = np.empty((wide, wide), dtype=np.int32)
        screen = to_pixels(projected, wide)
        self.kernels.rasterise(screen, identity.triangles, identity.one_sided, depth, nearest)
        self._canvas[:] = cv2.resize(identity.background, (wide, wide))
        self.kernels.shade_pixels(
            screen,
            identity.triangles,
            identity.kinds,
            nearest,
            values,
            identity.texture,
            self._fibres,
            self._canvas,
        )
        small = cv2.resize(self._canvas, (self.size_px, self.size_px), interpolation=cv2.INTER_AREA)
        linear = small.astype(np.float32, copy=False)
        image = self.develop(identity, linear, depth, nearest, motion)
        distance = identity.camera_distance
        depth_scale = magnification * distance / float(projected[self.head.keypoints, 2].mean())
        return Frame(image, projected, depth, nearest, magnification, distance, depth_scale)

    def develop(
        self,
        identity: Identity,
        linear: FloatArray,
        depth: FloatArray,
        nearest: IntArray,
        motion: HeadMotion,
    ) -> ByteArray:
        """The picture (S, S, 3) that is taken of a frame's linear light (S, S, 3)."""
        if identity.ink > 0:
            linear = draw_outlines(linear, depth, identity.region_map(nearest), identity.ink)
        key = zlib.crc32(motion.pose_deg.tobytes() + motion.expression.tobytes())
        return identity.photograph.develop(linear, key)

    def deform(self, identity: Identity, weights: FloatArray, gaze_deg: FloatArray) -> FloatArray:
        """Neutral vertices with an expression and a gaze, (V, 3), the head upright."""
        points = identity.neutral.copy()
        offsets = self.head.expressions
        add_weighted(weights, offsets.starts, offsets.indices, offsets.offsets, points)
        turn = crop_to_model(rotation_from_angles(float(gaze_deg[0]), float(gaze_deg[1]), 0))
        for name in EYES:
            vertices, centre = self.head.parts[name], identity.eye_centres[name]
            shut = weights[self.head.expression_index("eyeBlink" + EYE_SIDES[name])]
            back = np.array([0, 0, -SHUT_EYE_BACK * min(float(shut), 1.0)], dtype=np.float32)
            points[vertices] = (identity.neutral[vertices] - centre) @ turn.T + centre + back
        return identity.bent(points)

    def with_lids(self, motion: HeadMotion) -> FloatArray:
        """(E,) weights with lids that follow the gaze, less so the more they are shut."""
        weights = motion.expression.copy()
        pitch, yaw = (float(angle) / LIDS_FOLLOW_DEG for angle in motion.gaze_deg)
        vertical = "eyeLookDown" if pitch > 0 else "eyeLookUp"
        # positive yaw looks to the left of the picture: outwards for the person's right eye
        right, left = ("eyeLookOut", "eyeLookIn") if yaw > 0 else ("eyeLookIn", "eyeLookOut")
        for side, horizontal in (("_R", right), ("_L", left)):
            shut = weights[self.head.expression_index("eyeBlink" + side)]
            share = max(0.0, 1.0 - float(shut))
            weights[self.head.expression_index(vertical + side)] = abs(pitch) * share
            weights[self.head.expression_index(horizontal + side)] = abs(yaw) * share
            weights[self.head.expression_index("eyeSquint" + side)] *= 0.4 + 0.6 * share
        return weights

    def _pose(self, identity: Identity, deformed: FloatArray, motion: HeadMotion) -> FloatArray:
        rotation = crop_to_model(rotation_from_angles(*(float(a) for a in motion.pose_deg)))
        torso_turn = rotation_from_angles(0, motion.torso_yaw_deg, 0)
        turning = [deformed, identity.bound.points(deformed), identity.attached]
        before = identity.occluder + np.float32(identity.restless) * motion.occluder_shift
        still = [identity.torso @ torso_turn.T, before]
        points = np.concatenate([*turning, *still]).astype(np.float32)
        num_turning = len(points) - len(identity.torso) - len(before)
        turn_with_neck(points[:num_turning], rotation, PIVOT, NECK_STILL_Y, NECK_FOLLOWS_Y)
        return points

    def _light(self, identity: Identity, points: FloatArray, motion: HeadMotion) -> FloatArray:
        """What pixels interpolate, (N, VALUES)."""
        normals = np.empty_like(points)
        self.kernels.vertex_normals(points, identity.triangles, normals)
        fibres = np.zeros_like(points)
        hair = np.flatnonzero(identity.kinds == Kind.HAIR)
        along = points[identity.following[hair]] - points[hair]
        fibres[hair] = along / (np.linalg.norm(along, axis=1, keepdims=True) + np.float32(1e-6))
        lighting = identity.lighting
        rotation = crop_to_model(rotation_from_angles(*(float(a) for a in motion.pose_deg)))
        share = np.ones(len(points), dtype=np.float32)
        if lighting.hardness > 0:
            direction = lighting.lights[0, :3]
            lit_share = key_light_share(points, identity.triangles, direction, self.kernels)
            share += np.float32(lighting.hardness) * (lit_share - 1)
        surfaces = np.concatenate(
            [identity.gloss, identity.sky_visibility[:, None], share[:, None]], axis=1
        )
        values = np.empty((len(points), VALUES), dtype=np.float32)
        self.kernels.light_vertices(
            normals,
            fibres,
            identity.kinds,
            surfaces,
            np.ascontiguousarray(rotation[:, 1]),
            lighting.lights,
            lighting.ambient,
            values,
        )
        values[:, LIT:PLACE] = identity.albedo
        values[:, PLACE:] = identity.places
        return values

    def _darken(self, lit: FloatArray, weights: FloatArray, lip_gap: float) -> None:
        """Shadow, in place, on what lips and lids nearly cover."""
        share = MIN_MOUTH_LIGHT + (1 - MIN_MOUTH_LIGHT) * min(lip_gap / LIP_GAP_LIT, 1.0)
        lit[self._mouth, :6] *= np.float32(share)
        for name, side in EYE_SIDES.items():
            shut = float(weights[self.head.expression_index("eyeBlink" + side)])
            if shut > SHUT_EYE_DARK:
                dark = 0.85 * min((shut - SHUT_EYE_DARK) / (1 - SHUT_EYE_DARK), 1.0)
                lit[self.head.parts[name], :6] *= np.float32(1 - dark)


def _project(
    identity: Identity, points: FloatArray, motion: HeadMotion
) -> tuple[FloatArray, float]:
    """Perspective projection to crop units, and the magnification at the camera distance."""
    magnification = identity.scale * motion.zoom / HALF_VIEW
    distance = np.float32(identity.camera_distance) - points[:, 2]
    near = np.float32(magnification * identity.camera_distance) / distance
    shift = 2 * (identity.shift + motion.shift)  # picture widths to crop units
    projected = np.empty_like(points)
    projected[:, 0] = points[:, 0] * near + shift[0]
    projected[:, 1] = -points[:, 1] * near + shift[1]
    projected[:, 2] = distance
    before = slice(len(points) - len(identity.occluder), len(points))
    # what is before the face stays where it is when the head comes nearer or moves aside
    projected[before, :2] -= shift
    projected[before, :2] = projected[before, :2] / np.float32(motion.zoom) + 2 * identity.shift
    return projected, magnification


def to_pixels(points: FloatArray, size_px: int) -> FloatArray:
    """Crop units to pixels of a picture of the given size; z stays."""
    half = np.float32(size_px / 2)
    screen = points.copy()
    screen[:, :2] = (points[:, :2] + 1) * half
    return screen
