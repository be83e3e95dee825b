"""Palettes of paintings for rendered pairs."""

import numpy as np
import torch

from train.data.batch import FrameBatch, PairBatch
from train.data.palettes import painted
from train.engine.draw import Draw

COUNT = 64


def pairs_of(colour):
    """Pairs whose source is dark in the upper half and the driving frame of one colour."""
    pixels = torch.tensor(colour, dtype=torch.uint8).view(1, 3, 1, 1).repeat(COUNT, 1, 8, 8)
    source = pixels.clone()
    source[:, :, :4] = 20

    def frames(x):
        none = torch.zeros(COUNT, 21, 3)
        return FrameBatch(
            pixels=x, keypoints=none, pose_deg=none[:, 0], valid=torch.ones(COUNT, dtype=torch.bool)
        )

    return PairBatch(source=frames(source), driving=frames(pixels))


def test_half_of_the_pairs_are_painted_and_both_frames_alike():
    given = pairs_of((230, 225, 215))
    found = painted(given, Draw.of(3, 0, 0))
    same = (found.driving.pixels == given.driving.pixels).flatten(1).all(1)
    assert 0.3 < float(same.float().mean()) < 0.7
    assert torch.equal(found.source.pixels[:, :, 4:], found.driving.pixels[:, :, 4:])


def test_white_teeth_come_nearer_to_the_warm_highlights_of_a_painting():
    found = painted(pairs_of((225, 225, 225)), Draw.of(3, 0, 0)).driving.pixels[:, :, 0, 0]
    red, _, blue = found.float().unbind(1)
    changed = (found != 225).any(1)
    assert float((red - blue)[changed].mean()) > 10
    assert np.abs(float(red[changed].mean()) - 225) < 20
