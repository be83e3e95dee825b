"""Timelines: keys over parts of other motions, and the motion that they make."""

from dataclasses import replace
from fractions import Fraction

import pytest
import torch

from liveportrait_core.assets.shipped_blendshape_maps import shipped_blendshape_map
from liveportrait_core.constants import COMPACT_SPACE, HUMAN_SPACE
from liveportrait_core.motion.controls import motion_of_controls
from liveportrait_core.motion.curves import Key
from liveportrait_core.motion.edit import neutral_motion
from liveportrait_core.motion.life import idle_motion
from liveportrait_core.motion.life_options import IdleOptions
from liveportrait_core.motion.regions import keypoint_space
from liveportrait_core.motion.timeline import Timeline, timeline_values
from liveportrait_core.motion.timeline_motion import (
    frame_of_timeline,
    motion_of_timeline,
    timeline_length,
)
from liveportrait_core.motion.timeline_options import Segment
from liveportrait_core.motion.timeline_text import parse_timeline
from liveportrait_core.motion.transfer import relative_motion
from liveportrait_core.motion.transform import transform_keypoints
from tests.support.motions import random_motion

COMPACT = shipped_blendshape_map(COMPACT_SPACE)
FPS = Fraction(25)
WAYS = {
    "yaw_deg": (Key(0.4, 10), Key(1.2, -5, "linear"), Key(1.6, 0, "ease")),
    "jaw_open": (Key(0, 0.2), Key(1, 0.8)),
}


def driven(motion, seed=5, space=COMPACT_SPACE):
    """Keypoints of a source that the motion drives."""
    source = random_motion(seed, space=space)
    return transform_keypoints(relative_motion(source, motion, motion.reference))


def neutral_face():
    """(1, 21, 3) canonical keypoints of a usual face."""
    return torch.tensor(keypoint_space(COMPACT_SPACE).face)[None]


def still(value, frames=50, space=COMPACT_SPACE):
    """A motion whose head is turned all the time, measured from one that is not."""
    rest = neutral_motion(space)
    turned = rest.from_degrees(
        pose_deg=torch.tensor([[0.0, value, 0.0]]),
        expression=rest.expression,
        scale=rest.scale,
        translation=rest.translation,
    )
    frame = turned.describe(space=space, reference=rest, fps=FPS)
    return frame[torch.zeros(frames).long()]


@pytest.mark.parametrize("space", [COMPACT_SPACE, HUMAN_SPACE])
def test_keys_move_what_their_controls_move(space):
    shape_map = shipped_blendshape_map(space)
    made = motion_of_timeline(Timeline(lanes=WAYS, length_s=2, fps=FPS), shape_map)
    assert (len(made), made.fps, made.space) == (50, FPS, space)
    values = {"yaw_deg": 10.0, "jaw_open": 0.2 + 0.6 * (0.16 * (3 - 0.8))}  # u = .4
    alone = motion_of_controls(values, shape_map)
    torch.testing.assert_close(driven(made[10], space=space), driven(alone, space=space))


def test_a_control_rests_at_the_beginning_and_stays_at_its_last_key():
    timeline = Timeline(lanes={"smile_left": (Key(1, 0.5),)})
    times = torch.tensor([0, 0.5, 1, 3], dtype=torch.float64)
    values = timeline_values(timeline, times, 4)["smile_left"].tolist()
    assert values == pytest.approx([0, 0.25, 0.5, 0.5])


def test_a_control_stays_within_its_range_whatever_the_handles_do():
    timeline = Timeline(lanes={"jaw_open": (Key(1, 1, (0.3, -1, 0.6, 2)),)})
    values = timeline_values(timeline, torch.arange(100) / 100, 1)["jaw_open"]
    assert (values.min(), values.max()) == (0, 1)


@pytest.mark.parametrize("loop", [False, True])
def test_another_frame_rate_shows_the_same_movements(loop):
    timeline = Timeline(lanes=WAYS, length_s=2, fps=FPS, loop=loop)
    slow = motion_of_timeline(timeline, COMPACT)
    fast = motion_of_timeline(replace(timeline, fps=Fraction(100)), COMPACT)
    assert len(fast) == 200
    assert torch.equal(fast[::4].expression, slow.expression)
    assert torch.equal(fast[::4].pose_deg, slow.pose_deg)


@pytest.mark.parametrize("beneath", [(), (idle_motion(COMPACT_SPACE, IdleOptions(duration=1)),)])
def test_one_frame_is_that_of_the_whole(beneath):
    timeline = Timeline(lanes=WAYS, length_s=2, loop=True)
    made = motion_of_timeline(timeline, COMPACT, beneath)
    for time_s, frame in ((0, 0), (0.61, 15), (9, 49)):
        alone = frame_of_timeline(timeline, COMPACT, time_s, beneath)
        assert len(alone) == 1
        torch.testing.assert_close(driven(alone), driven(made[frame]), atol=1e-6, rtol=0)


def test_the_end_of_a_loop_goes_on_with_its_beginning():
    made = motion_of_timeline(Timeline(lanes=WAYS, length_s=2, loop=True), COMPACT)
    for values in (made.pose_deg, made.expression):
        steps = (values.roll(-1, 0) - values).abs()
        assert (steps[-1] <= steps[:-1].amax(0) + 1e-6).all()
    open_end = motion_of_timeline(Timeline(lanes=WAYS, length_s=2), COMPACT)
    assert made.expression[-1, 20, 1] < open_end.expression[-1, 20, 1]  # the jaw is on its way back


@pytest.mark.parametrize(
    ("timeline", "expected_s"),
    [
        (Timeline(length_s=3), 3),
        (Timeline(lanes={"jaw_open": (Key(2, 1),)}), 2.04),  # and one frame that shows the key
        (Timeline(segments=(Segment(motion=1, at_s=1, from_s=0.6, speed=2),)), 1.7),
        (Timeline(segments=(Segment(motion=1, at_s=1, lasts_s=4),)), 5),
        (Timeline(), 2),  # motions that no segment names play one after another
    ],
)
def test_it_is_as_long_as_what_is_on_it(timeline, expected_s):
    idle = idle_motion(COMPACT_SPACE, IdleOptions(duration=2))
    assert timeline_length(timeline, [idle]) == pytest.approx(expected_s)


def test_it_covers_a_sound():
    assert timeline_length(Timeline(lanes={"jaw_open": (Key(2, 1),)}), sound_s=3.2) == 3.2


@pytest.mark.parametrize("seed", range(2))
@pytest.mark.parametrize("space", [COMPACT_SPACE, HUMAN_SPACE])
@pytest.mark.parametrize("knows_its_face", [True, False])
def test_a_motion_alone_drives_as_it_does_without_a_timeline(space, seed, knows_its_face):
    driver, source = random_motion(seed, frames=6, space=space), random_motion(9, space=space)
    if space == COMPACT_SPACE:  # of keypoints with names a face has to be one
        face = neutral_face()
        driver = replace(driver, canonical=1.1 * face.expand(6, -1, -1) if knows_its_face else None)
        source = replace(source, canonical=0.9 * face)
    made = motion_of_timeline(Timeline(), shipped_blendshape_map(space), [driver])
    assert made.fps == driver.fps
    drives = transform_keypoints(relative_motion(source, driver, driver[0]))
    again = transform_keypoints(relative_motion(source, made, made.reference))
    # how far lids travel is not quite linear
    tolerance = 1e-3 if space == COMPACT_SPACE and knows_its_face else 1e-5
    torch.testing.assert_close(again, drives, atol=tolerance, rtol=0)


def test_keys_are_added_to_the_motion_beneath():
    timeline = Timeline(lanes={"yaw_deg": (Key(0, 4),)})
    made = motion_of_timeline(timeline, COMPACT, [still(10)])
    torch.testing.assert_close(made.yaw_deg, torch.full((50,), 14.0), atol=1e-4, rtol=0)


def test_a_segment_plays_a_part_at_its_speed_and_place():
    ramp = still(0, frames=50)
    degrees = torch.zeros(50, 3)
    degrees[:, 1] = torch.arange(50) / 5
    ramp = replace(
        ramp,
        pose_deg=degrees,
        rotation=ramp.from_degrees(
            pose_deg=degrees,
            expression=ramp.expression,
            scale=ramp.scale,
            translation=ramp.translation,
        ).rotation,
    )
    segment = Segment(motion=1, at_s=1, from_s=0.4, to_s=1.6, speed=2)
    made = motion_of_timeline(Timeline(segments=(segment,), length_s=2), COMPACT, [ramp])
    yaw = made.yaw_deg
    # frames 10 to 40 of the ramp, every second one, on frames 25 to 40 of the timeline
    torch.testing.assert_close(yaw[25:40], torch.arange(10, 40, 2) / 5, atol=1e-3, rtol=0)
    assert torch.equal(yaw[:25], torch.zeros(25))
    assert torch.equal(yaw[40:], torch.zeros(10))


def test_a_segment_blends_in_and_out_linearly():
    segment = Segment(motion=1, at_s=0.4, lasts_s=0.8, blend_s=0.2)
    made = motion_of_timeline(Timeline(segments=(segment,), length_s=2), COMPACT, [still(10)])
    # 5 frames up from frame 10 on, full from 15 to 25, 5 frames down to frame 30
    expected = torch.zeros(50)
    expected[10:30] = torch.tensor([*[0, 2, 4, 6, 8], *[10] * 11, *[8, 6, 4, 2]]).float()
    torch.testing.assert_close(made.yaw_deg, expected, atol=0.02, rtol=0)


def test_the_end_of_the_timeline_blends_nothing_out_but_in_a_loop():
    segment = Segment(motion=1, blend_s=0.2)
    timeline = Timeline(segments=(segment,), length_s=2)
    made = motion_of_timeline(timeline, COMPACT, [still(10)])
    looped = motion_of_timeline(replace(timeline, loop=True), COMPACT, [still(10)])
    assert made.yaw_deg[-1] == pytest.approx(10, abs=1e-3)
    assert looped.yaw_deg[-1] == pytest.approx(2, abs=0.02)


def test_later_segments_lie_over_earlier_ones_and_0_is_a_face_at_rest():
    segments = (Segment(motion=1), Segment(motion=2, at_s=1), Segment(motion=0, at_s=1.6))
    motions = [still(10), still(-6, frames=1)]
    made = motion_of_timeline(Timeline(segments=segments, length_s=2), COMPACT, motions)
    expected = torch.tensor([10.0] * 25 + [-6.0] * 15 + [0.0] * 10)
    torch.testing.assert_close(made.yaw_deg, expected, atol=1e-3, rtol=0)


def test_a_segment_of_a_region_leaves_the_rest():
    segments = (Segment(motion=1), Segment(motion=2, region="lip"))
    made = motion_of_timeline(
        Timeline(segments=segments, length_s=2), COMPACT, [still(10), still(-6)]
    )
    torch.testing.assert_close(made.yaw_deg, torch.full((50,), 10.0), atol=1e-3, rtol=0)


def test_commands_of_advanced_live_portrait():
    """1 = 5:5: 5 frames to motion 1, 5 frames there; then to rest, and to motion 2, which stays."""
    timeline = parse_timeline("1 = 5:5\n0=2:1\n2 = 0 : 3\n")
    made = motion_of_timeline(timeline, COMPACT, [still(10, frames=1), still(-6, frames=1)])
    expected = [0, 2, 4, 6, 8, 10, 10, 10, 10, 10, 10, 5, 0, -6, -6, -6]
    torch.testing.assert_close(made.yaw_deg, torch.tensor(expected).float(), atol=0.02, rtol=0)


def test_inputs_are_left_alone():
    idle = idle_motion(COMPACT_SPACE, IdleOptions(duration=2))
    before = idle.map_tensors(torch.clone)
    motion_of_timeline(
        Timeline(lanes=WAYS, segments=(Segment(motion=1, blend_s=0.3),)), COMPACT, [idle]
    )
    assert torch.equal(idle.expression, before.expression)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: Timeline(lanes={"smlie_left": ()}), "Did you mean 'smile_left'"),
        (lambda: Timeline(lanes={"jaw_open": (Key(1, 2),)}), "jaw_open is 2.0; a number from 0"),
        (lambda: Timeline(lanes={"jaw_open": (Key(1, 0), Key(1, 1))}), "two keys at 1 s"),
        (lambda: Timeline(lanes={"jaw_open": (Key(-1, 0),)}), "a key at -1 s; a time from 0"),
        (lambda: Timeline(lanes={"jaw_open": (Key(5, 0),)}, length_s=4), "A key stands at 5 s"),
        (lambda: Timeline(lanes={"jaw_open": (Key(4, 0),)}, length_s=4, loop=True), "begins again"),
        (lambda: Timeline(length_s=0), "is 0 s long; a length above 0"),
        (lambda: Timeline(segments=(Segment(motion=1, at_s=4),), length_s=4), "begins at 4 s"),
        (lambda: Segment(motion=1, from_s=2, to_s=1), "an end after its beginning"),
        (lambda: Segment(motion=1, speed=0), "speed is 0"),
        (lambda: Segment(motion=1, lasts_s=0), "a time above 0"),
    ],
)
def test_what_cannot_be_is_refused(make, words):
    with pytest.raises(ValueError, match=words):
        make()


def test_a_motion_that_there_is_not_is_refused():
    timeline = Timeline(segments=(Segment(motion=2),))
    with pytest.raises(ValueError, match=r"plays motion 2 and has 1 motion beneath it"):
        motion_of_timeline(timeline, COMPACT, [still(10)])


def test_a_loop_without_room_after_its_last_key_is_refused():
    timeline = Timeline(lanes={"jaw_open": (Key(2, 1),)}, loop=True)
    with pytest.raises(ValueError, match=r"Add the line 'length 3'"):
        motion_of_timeline(timeline, COMPACT)
