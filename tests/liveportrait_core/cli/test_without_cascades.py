"""OpenCV 5 has no cascades; the demo is animated all the same."""

from fractions import Fraction
from itertools import islice
from pathlib import Path

import cv2
import numpy as np
import pytest

from liveportrait_core.media.images import read_image
from liveportrait_core.media.video import VideoReader, VideoWriter

DEMO = Path(__file__).parents[3] / "docs" / "demo"


@pytest.fixture
def short_clip(tmp_path):
    """Every tenth frame of the demo's driving clip, four in all."""
    path = tmp_path / "clip.mp4"
    with VideoWriter(path, Fraction(25)) as writer:
        for frame in islice(VideoReader(DEMO / "driving.mp4"), 0, 40, 10):
            writer.write(frame)
    return path


def test_the_demo_is_animated(liveportrait, short_clip, tmp_path, monkeypatch):
    monkeypatch.delattr(cv2, "CascadeClassifier", raising=False)
    out = tmp_path / "out.mp4"
    portrait = DEMO / "portrait.jpg"
    ran = liveportrait("animate", portrait, short_clip, "-o", out)
    assert (ran.code, ran.err) == (0, "")
    made = [frame.astype(float) for frame in VideoReader(out)]
    assert len(made) == 4
    still = read_image(portrait).rgb
    assert made[0].shape == still.shape
    # the face moves, and what is far from it does not
    moved = np.abs(made[-1] - made[0]).mean(-1)
    height, width = moved.shape
    middle = moved[height // 4 : 3 * height // 4, width // 4 : 3 * width // 4]
    corners = np.concatenate([moved[:20, :20], moved[:20, -20:]])
    assert middle.mean() > 2 * corners.mean() + 0.5
