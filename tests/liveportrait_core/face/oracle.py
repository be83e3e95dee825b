"""Pictures that tell where each of their pixels is, and a network that reads it off them.

Red is x, green is y, blue is 10 times the frame number plus 55: a crop of such a picture tells
which frame it is from and through which transform, so that the true landmarks can be given in
its units. Frames without a face are blue 0.
"""

import numpy as np
import torch

from liveportrait_core.face.landmarks import LandmarkNetwork

SIDE = 240
UPRIGHT = np.array(
    [
        *[(-0.9, -0.9), (-0.3, -0.95), (0.3, -0.95), (0.9, -0.9)],
        *[(-0.75, -0.6), (-0.25, -0.6), (0.25, -0.6), (0.75, -0.6)],
        *[(-0.5, -0.7), (-0.5, -0.5), (0.5, -0.7), (0.5, -0.5)],
        *[(-0.5, -0.6), (0.5, -0.6), (0.0, 0.0)],
        *[(-0.4, 0.45), (0.4, 0.45), (0.0, 0.4), (0.0, 0.5), (0.0, 0.6), (0.0, 1.0)],
    ]
)
"""A face of the 21 points, brows to chin 2 units high."""


def face_points(centre=(120.0, 120.0), half=30.0, angle_deg=0.0):
    angle = np.radians(angle_deg)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    return UPRIGHT * half @ turn.T + np.asarray(centre)


def frame_picture(number=0, has_face=True, side=SIDE):
    y, x = np.mgrid[:side, :side]
    blue = np.full((side, side), 10 * number + 55 if has_face else 0)
    return np.stack((x, y, blue), -1).astype(np.uint8)


class Oracle:
    """Knows the landmarks of every frame; points at nothing in particular where no face is."""

    def __init__(self, truth):
        self.truth = truth
        self.num_readings = 0

    def __call__(self, faces):
        self.num_readings += 1
        crop = faces[0].permute(1, 2, 0).double().numpy() * 255
        size = crop.shape[0]
        rows, columns = np.nonzero(crop[..., 2] > 50)
        if len(rows) < 50:
            return self._nothing()
        # whole pixels of one blue only: borders mix with the black outside
        blue = np.median(crop[rows, columns, 2])
        keep = np.abs(crop[rows, columns, 2] - blue) < 0.5
        rows, columns = rows[keep], columns[keep]
        known = np.stack((columns, rows, np.ones_like(rows)), 1).astype(float)
        to_source, *_ = np.linalg.lstsq(known, crop[rows, columns, :2], rcond=None)
        points = self.truth.get(round((blue - 55) / 10))
        if points is None:
            return self._nothing()
        in_crop = (points - to_source[2]) @ np.linalg.inv(to_source[:2])
        return torch.from_numpy((in_crop + 0.5) * 2 / size - 1)[None]

    def _nothing(self):
        random = np.random.default_rng(self.num_readings)
        return torch.from_numpy(random.uniform(-1, 1, (1, 21, 2)))


def oracle_network(truth, size_px=64):
    return LandmarkNetwork(read=Oracle(truth), size_px=size_px)
