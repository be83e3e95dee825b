"""Made-up faces and pictures for the tests of crops."""

import numpy as np

from liveportrait_core.imaging.landmark_layouts import Landmarks


def smooth_picture(height=120, width=160):
    """Slow waves: bilinear samples of them are right to about a level."""
    y, x = np.mgrid[:height, :width].astype(np.float64)
    waves = [np.sin(x / 19 + phase) * np.cos(y / 23 - phase) for phase in (0.0, 1.0, 2.0)]
    return np.rint(np.stack(waves, -1) * 120 + 128).astype(np.uint8)


def five_points(centre=(80.0, 60.0), size=20.0, angle_deg=0.0):
    """Two eyes, nose, two lip corners around `centre`, turned clockwise as seen."""
    upright = np.array([[-1.0, -1], [1, -1], [0, 0], [-0.8, 1], [0.8, 1]]) * size
    angle = np.radians(angle_deg)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    return Landmarks(upright @ turn.T + np.asarray(centre), "five")
