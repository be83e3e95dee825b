from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
import torch

from liveportrait_core.constants import COMPACT_SPACE
from liveportrait_core.motion.types import CHANNELS
from liveportrait_core.viz.motion_plot import motion_chart, plot_motion
from tests.support.motions import random_motion

POSE, OPENING, EXPRESSION, TRANSLATION, SCALE = range(5)


def clip(frames=6, **changes):
    return replace(random_motion(1, frames, COMPACT_SPACE), **changes)


@pytest.mark.parametrize("frames", [1, 2, 300, 5000])
def test_a_motion_of_any_length_is_plotted(frames):
    picture = plot_motion(clip(frames))
    assert picture.shape == (720, 1280, 3)
    assert picture.std() > 5


def test_the_title_tells_frames_seconds_and_rate():
    assert motion_chart(clip(1)).title == "1 frame, 0.04 s at 25 frames/s"
    # 5000 * 1001 / 30000 = 166.83
    long = clip(5000, fps=Fraction(30000, 1001))
    assert motion_chart(long).title == "5,000 frames, 166.83 s at 29.97 (30000/1001) frames/s"


def test_the_subtitle_tells_space_and_producer():
    chart = motion_chart(clip(producer="a hand", absolute=frozenset({"lip", "eyes"})))
    assert chart.subtitle == f"space {COMPACT_SPACE}  |  made by a hand  |  absolute: eyes, lip"
    assert motion_chart(clip(producer="")).subtitle == f"space {COMPACT_SPACE}"


def test_each_curve_has_its_values():
    motion = clip()
    panels = motion_chart(motion).panels
    wanted = {
        POSE: {"pitch": motion.pitch_deg, "yaw": motion.yaw_deg, "roll": motion.roll_deg},
        OPENING: {
            "left eye": motion.eyes_open[:, 0],
            "right eye": motion.eyes_open[:, 1],
            "lip": motion.lip_open[:, 0],
        },
        TRANSLATION: {"x": motion.translation[:, 0], "y": motion.translation[:, 1]},
        SCALE: {"scale": motion.scale[:, 0]},
    }
    for panel, curves in wanted.items():
        assert [one.name for one in panels[panel].curves] == list(curves)
        for one, values in zip(panels[panel].curves, curves.values(), strict=True):
            np.testing.assert_allclose(one.values, values)


def test_expression_is_the_mean_travel_from_the_reference():
    expression = torch.zeros(3, 21, 3)
    expression[2, :7] = torch.tensor([0.3, 0.4, 0.0])
    chart = motion_chart(clip(3, expression=expression, reference_frame=1))
    (travel,) = chart.panels[EXPRESSION].curves
    # 7 of 21 keypoints travel by .5
    np.testing.assert_allclose(travel.values, [0, 0, 0.5 / 3], atol=1e-7)
    assert chart.mark == (1, "reference, frame 1")


@pytest.mark.parametrize("channel", CHANNELS)
def test_an_absent_channel_says_that_the_source_keeps_its_own(channel):
    chart = motion_chart(clip(absent=frozenset({channel})))
    (empty,) = [panel for panel in chart.panels if not panel.curves]
    assert empty.title.lower().startswith({"pose": "head pose"}.get(channel, channel))
    assert "keeps its own" in empty.note
    plot_motion(clip(absent=frozenset({channel})))


def test_openness_that_is_not_there_is_not_measured():
    chart = motion_chart(clip(eyes_open=None, lip_open=None))
    assert chart.panels[OPENING].note == "not measured"
    assert not chart.panels[OPENING].curves
    only_lip = motion_chart(clip(eyes_open=None)).panels[OPENING]
    assert [curve.name for curve in only_lip.curves] == ["lip"]
    plot_motion(clip(eyes_open=None, lip_open=None, absent=frozenset(CHANNELS)))


def test_frames_that_were_not_measured_are_shaded():
    validity = torch.tensor([1, 0.5, 0.5, 0, 1, 0.25])
    chart = motion_chart(clip(validity=validity))
    assert [(span.first, span.last) for span in chart.spans] == [(1, 2), (3, 3), (5, 5)]
    assert chart.spans[0].colour == chart.spans[2].colour != chart.spans[1].colour
    assert [text for _, text in chart.key] == ["3 interpolated", "1 missing"]
    assert not motion_chart(clip(validity=torch.ones(6))).spans
    assert not motion_chart(clip(validity=None)).spans


def test_the_motion_stays_as_it_is_and_may_carry_gradients():
    motion = clip(4).map_tensors(lambda tensor: tensor.clone().requires_grad_())
    before = [tensor.clone() for tensor in (motion.expression, motion.pose_deg)]
    plot_motion(motion, size=(360, 640))
    for tensor, old in zip((motion.expression, motion.pose_deg), before, strict=True):
        assert torch.equal(tensor, old)


def test_a_reference_that_the_motion_lacks_does_no_harm():
    assert motion_chart(clip(3, reference_frame=9)).mark == (2, "reference, frame 2")


def test_nothing_cannot_be_plotted():
    with pytest.raises(ValueError, match="nothing to plot"):
        plot_motion(clip(2)[:0])
