"""The benchmark of cross-talk: what it renders and what it measures."""

import pytest
import torch

from benchmarks.cross_talk import CHANGES, ENDS, frames, measured, shapes_of, shares
from liveportrait_core.assets.shipped_blendshape_maps import shipped_blendshape_map
from liveportrait_core.constants import COMPACT_SPACE
from liveportrait_core.motion.blendshapes import ARKIT_SHAPES
from liveportrait_core.motion.controls import motion_of_controls


def made(**values):
    weights = shapes_of(values)
    return {name: float(w) for name, w in zip(ARKIT_SHAPES, weights, strict=True) if w}


def test_controls_are_rendered_as_the_shapes_of_their_recipes():
    # the image's left is the person's right; half of a shape without sides is one side's
    assert made(blink_left=0.5) == pytest.approx({"eyeBlinkRight": 0.6})
    assert made(brow_inner_left=1) == pytest.approx({"browInnerUp": 0.6})
    assert made(jaw_open=1) == pytest.approx({"jawOpen": 0.8})
    assert made(smile_left=0.5, smile_right=0.5) == pytest.approx(
        {"mouthSmileLeft": 0.5, "mouthSmileRight": 0.5}
    )


def test_the_share_of_a_change_is_of_its_own_range():
    values = frames()
    names = {name for one in values for name in one}
    tracks = {name: torch.tensor([float(one.get(name, 0)) for one in values]) for name in names}
    motion = motion_of_controls(tracks, shipped_blendshape_map(COMPACT_SPACE))
    found = shares(motion)
    looks = list(CHANGES)
    right = found["gaze x"][looks.index("look right")].tolist()
    assert right == pytest.approx([0.5, 0.5], abs=0.01)
    assert found["lids"][looks.index("look right")].abs().max() < 1e-5
    left = found["lids"][looks.index("half blink left")]
    assert left[0] > 0.3
    assert left[1] == 0
    assert set(found) == set(ENDS) == set(measured(motion))
