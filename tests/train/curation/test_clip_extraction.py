from fractions import Fraction

import numpy as np
import pytest

from liveportrait_core.errors import MediaError
from liveportrait_core.media.audio import Waveform
from liveportrait_core.media.images import write_image
from liveportrait_core.media.video import VideoWriter
from tests.support.videos import write_video
from tests.train.curation.people import SETTINGS, SquareTools, person, walk
from train.curation.clip_extraction import CuratedClip, Rejected, curate_file


def test_a_video_that_breaks_off_keeps_the_clips_before(tmp_path):
    film = write_video(tmp_path / "film.mp4", walk(2))

    class Breaking:
        """Frames of a film that ends where no film should."""

        def __init__(self, path):
            self.frames, self.fps = walk(118), 25

        def __iter__(self):
            yield from self.frames
            raise MediaError("The video breaks off after frame 118.")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("train.curation.clip_extraction.VideoReader", Breaking)
        found = list(curate_file(film, SquareTools().make(), SETTINGS))
    assert [len(clip.frames) for clip in found if isinstance(clip, CuratedClip)] == [49, 49]
    assert found[-1].reason == "breaks off"
    assert "frame 118" in found[-1].note


def test_sound_of_any_rate_and_length_is_not_looked_at(tmp_path):
    frames = walk(12)
    write_video(tmp_path / "mute" / "film.mp4", frames)
    noise = np.random.default_rng(0).uniform(-1, 1, (1, 3 * 8000)).astype(np.float32)
    loud = tmp_path / "loud" / "film.mp4"
    loud.parent.mkdir()
    sound = Waveform(noise, sample_rate_hz=8000)  # three seconds to half a second of pictures
    with VideoWriter(loud, Fraction(25), crf=8, waveform=sound) as writer:
        for frame in frames:
            writer.write(frame)
    found = [
        list(curate_file(path, SquareTools().make(), SETTINGS))
        for path in (tmp_path / "mute" / "film.mp4", loud)
    ]
    assert [clip.frames for clip in found[1]] == [clip.frames for clip in found[0]]
    assert len(found[0][0].frames) == 12


def test_a_truncated_video_is_unreadable(tmp_path):
    film = write_video(tmp_path / "film.mp4", walk(60))
    film.write_bytes(film.read_bytes()[: film.stat().st_size // 2])
    (found,) = curate_file(film, SquareTools().make(), SETTINGS)
    assert found.reason == "unreadable"


@pytest.mark.parametrize("fps", [2, 1000])
def test_a_video_with_an_odd_rate_is_named(tmp_path, fps):
    with VideoWriter(tmp_path / "odd.mp4", Fraction(fps)) as writer:
        for frame in walk(8):
            writer.write(frame)
    (found,) = curate_file(tmp_path / "odd.mp4", SquareTools().make(), SETTINGS)
    assert isinstance(found, Rejected)
    assert (found.reason, found.note) == ("odd frame rate", f"{fps} frames a second")


def test_a_turned_head_and_a_failing_scorer_are_reasons(tmp_path):
    picture = tmp_path / "still.png"
    write_image(picture, person(70, 50, 48))
    (found,) = curate_file(picture, SquareTools(yaw_deg=75).make(), SETTINGS)
    assert found.reason == "turned away"
    assert found.picture

    def failing(frames):
        raise RuntimeError("out of ideas")

    tools = SquareTools().make()
    object.__setattr__(tools, "scorer", failing)
    (found,) = curate_file(picture, tools, SETTINGS)
    assert (found.reason, found.note) == ("scorer failed", "RuntimeError: out of ideas")


def test_faces_of_two_people_in_one_segment_are_told_apart_by_a_recognition_network(tmp_path):
    write_video(tmp_path / "film.mp4", walk(20))
    tools = SquareTools().make()
    vectors = iter([np.array([1.0, 0, 0])] * 6 + [np.array([0, 1.0, 0])] * 2)
    object.__setattr__(tools, "recognise", lambda frame, landmarks: next(vectors))
    (found,) = curate_file(tmp_path / "film.mp4", tools, SETTINGS)
    assert found.reason == "several people"
    one = np.array([0.6, 0.8, 0], np.float32)
    object.__setattr__(tools, "recognise", lambda frame, landmarks: one)
    (found,) = curate_file(tmp_path / "film.mp4", tools, SETTINGS)
    assert found.arrays["identity"] == pytest.approx(one)
