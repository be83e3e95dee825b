"""Rotations from angles, in the axes of the model and of the crop."""

from typing import Final

import numpy as np

from .arrays import FloatArray

CROP_FROM_MODEL: Final = np.diag([1.0, -1.0, -1.0]).astype(np.float32)
"""Model axes (y up, z to the viewer) to crop axes (y down, z into the picture), and back."""


def rotation_from_angles(pitch_deg: float, yaw_deg: float, roll_deg: float) -> FloatArray:
    """Rz(roll) @ Ry(yaw) @ Rx(pitch), (3, 3).

    Convention:
        - points are columns, R p; `liveportrait_core.geometry` has them as rows, p R, so that its
          matrix of the same angles is the transpose
    """
    x, y, z = np.deg2rad([pitch_deg, yaw_deg, roll_deg])
    about_x = [[1, 0, 0], [0, np.cos(x), -np.sin(x)], [0, np.sin(x), np.cos(x)]]
    about_y = [[np.cos(y), 0, np.sin(y)], [0, 1, 0], [-np.sin(y), 0, np.cos(y)]]
    about_z = [[np.cos(z), -np.sin(z), 0], [np.sin(z), np.cos(z), 0], [0, 0, 1]]
    return (np.array(about_z) @ np.array(about_y) @ np.array(about_x)).astype(np.float32)


def crop_to_model(rotation: FloatArray) -> FloatArray:
    """The same turn in the other axes; its own inverse."""
    return (CROP_FROM_MODEL @ rotation @ CROP_FROM_MODEL).astype(np.float32)
