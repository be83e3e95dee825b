"""The default model follows and reads the demo's driver, one frame at a time."""

from dataclasses import replace
from fractions import Fraction
from itertools import islice
from pathlib import Path

import numpy as np
import pytest
import torch

from liveportrait_core.media.clips import Frames
from liveportrait_core.media.images import read_image
from liveportrait_core.media.video import VideoReader
from liveportrait_core.model import load_model
from liveportrait_core.options import AnimateOptions, FaceOptions, Framing
from liveportrait_core.pipeline import prepare
from liveportrait_core.sessions import face_reader
from liveportrait_core.sessions.face_reader import FaceReader
from liveportrait_core.sessions.live import LiveSession
from liveportrait_core.sessions.live_options import LiveOptions
from liveportrait_core.sessions.portrait import PortraitSession

DEMO = Path(__file__).resolve().parents[3] / "docs" / "demo"
STEP = 3

pytestmark = pytest.mark.usefixtures("_no_gradients")


@pytest.fixture(scope="module")
def default():
    return load_model()


@pytest.fixture(scope="module")
def frames():
    """Of a head that turns, a third of those a second: as many as a live session sees."""
    return list(islice(VideoReader(DEMO / "person.mp4"), 0, 8 * STEP, STEP))


@pytest.fixture
def looks(monkeypatch):
    """How often M looks at a frame."""
    counted = []

    def look(model, face):
        counted.append(face.shape)
        return torch_motion(model, face)

    torch_motion = face_reader.extract_motion
    monkeypatch.setattr(face_reader, "extract_motion", look)
    return counted


def searches_of(reader):
    """How often a reader searched for a face; a list that grows."""
    counted, finder = [], reader._tracker.finder

    class Counting:
        tried = finder.tried

        def find(self, frame):
            counted.append(frame.shape)
            return finder.find(frame)

    reader._tracker = replace(reader._tracker, finder=Counting())
    return counted


def test_a_face_is_searched_for_once_and_read_as_animate_reads_it(default, frames, looks):
    source = read_image(DEMO / "portrait.jpg").rgb
    clip = Frames(frames, Fraction(25, STEP))
    expected = prepare(default, source, clip)
    portrait = PortraitSession(default, source)
    session = LiveSession(portrait, LiveOptions(smoothing=False))
    searches = searches_of(session._reader)
    portrait.rendered = lambda *_, **__: None  # its keypoints count here
    made = [
        portrait.keypoints(session.frame(frame, k * STEP / 25).motion).driving_keypoints
        for k, frame in enumerate(frames)
    ]
    assert len(searches) == 1
    assert len(looks) <= 1.5 * len(frames)
    wanted = expected.keypoints.driving_keypoints
    far = (torch.cat(made) - wanted)[..., :2].norm(dim=-1)
    travel = (wanted - expected.keypoints.source_keypoints)[..., :2].norm(dim=-1)
    assert far.mean() < 0.25 * travel.mean()
    assert far.max() < 0.04  # 10 of 512 pixels


def test_no_face_is_found_where_there_is_none_and_searches_are_few(default, frames):
    reader = FaceReader(default, AnimateOptions())
    searches = searches_of(reader)
    empty = np.full_like(frames[0], 90)
    assert all(reader.read(empty) is None for _ in range(12))
    assert len(searches) == 4  # of frames 0, 2, 5, 10
    found = [reader.read(frames[0]) for _ in range(4)]
    assert found[-1] is not None


def test_a_face_that_was_covered_is_found_again_in_the_same_shot(default, frames):
    reader = FaceReader(default, AnimateOptions())
    assert reader.read(frames[0]).is_new_shot
    covered = frames[0].copy()
    covered[60:, 60:260] = 120
    assert reader.read(covered) is None
    again = next(read for _ in range(4) if (read := reader.read(frames[0])))
    assert not again.is_new_shot


def test_a_fast_move_is_followed_and_kept_in_the_motion(default, frames):
    reader = FaceReader(default, AnimateOptions())
    padded = np.pad(frames[0], ((100, 100), (200, 200), (0, 0)), mode="edge")
    before = reader.read(padded).motion
    after = reader.read(np.roll(padded, 60, axis=1)).motion
    side = reader._base.source_px_per_crop_px * default.preset.output_size_px
    moved = float(after.translation[0, 0] - before.translation[0, 0]) * side / 2
    assert moved == pytest.approx(60, abs=3)
    torch.testing.assert_close(after.pose_deg, before.pose_deg, atol=1.5, rtol=0)


def test_a_face_half_outside_counts_as_lost(default, frames):
    reader = FaceReader(default, AnimateOptions())
    wide = np.pad(frames[0], ((0, 0), (140, 140), (0, 0)), mode="edge")
    moved = [reader.read(wide[:, 140 - x : 460 - x]) for x in (0, 30, 60, 90, 120)]
    assert moved[1] is not None
    assert moved[-1] is None


def test_a_cut_begins_a_new_shot(default, frames):
    reader = FaceReader(default, AnimateOptions())
    assert reader.read(frames[0]).is_new_shot
    assert not reader.read(frames[1]).is_new_shot
    other = read_image(DEMO / "portrait.jpg").rgb
    assert reader.read(other).is_new_shot


def test_crops_are_taken_whole(default, frames):
    options = AnimateOptions(driving_framing=Framing(already_cropped=True))
    reader = FaceReader(default, options)
    assert reader._tracker is None
    first, second = (reader.read(frame) for frame in frames[:2])
    assert (first.is_new_shot, second.is_new_shot) == (True, False)
    assert first.motion.eyes_open is not None


def test_a_box_marks_the_face(default, frames):
    options = AnimateOptions(driving_face=FaceOptions(box=(80, 80, 160, 180)))
    read = FaceReader(default, options).read(frames[0])
    assert read is not None
