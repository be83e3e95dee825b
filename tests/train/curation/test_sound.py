"""The sound of clips: in time to the sample, compared with the lips, and read back."""

from fractions import Fraction

import numpy as np
import pytest

from liveportrait_core.media.audio import Waveform
from liveportrait_core.media.video import VideoWriter
from tests.support.videos import write_video
from tests.train.curation.people import SETTINGS, SquareTools, ground, walk
from tests.train.curation.running import curated
from train.curation.clip_extraction import CuratedClip, curate_file
from train.curation.settings import CurationSettings, with_present_names
from train.curation.sound import SoundTrack, lips_and_sound
from train.data.clip_shards import StoredClip, shard_clips
from train.data.speech_shards import decode_wave

HZ = 16_000


def film(path, frames, waveform, fps=25, rate_hz=HZ):
    with VideoWriter(path, Fraction(fps), crf=8, waveform=Waveform(waveform, rate_hz)) as writer:
        for frame in frames:
            writer.write(frame)
    return path


def clicks(seconds: float, every_s: float = 0.1) -> np.ndarray:
    """(1, T) a burst of 4 ms at each tenth of a second, each louder than the last."""
    sound = np.zeros((1, round(seconds * HZ)), np.float32)
    for k, at in enumerate(np.arange(0, seconds, every_s)):
        start = round(at * HZ)
        sound[0, start : start + 64] = 0.3 + 0.02 * k
    return sound


def onset(waveform: np.ndarray) -> int:
    """The first sample that is loud."""
    return int(np.flatnonzero(np.abs(waveform) > 0.1)[0])


def test_a_track_is_cut_in_time_to_the_sample(tmp_path):
    path = film(tmp_path / "film.mkv", walk(75), clicks(3.0))
    whole = SoundTrack(path).cut(Fraction(0), Fraction(3))
    track = SoundTrack(path)
    parts = [track.cut(Fraction(start, 25), Fraction(start + 15, 25)) for start in (0, 15, 40)]
    for start, part in zip((0, 15, 40), parts, strict=True):
        first = start * HZ // 25
        np.testing.assert_array_equal(part, whole[first : first + len(part)])
    assert [len(part) for part in parts] == [9600] * 3
    odd = SoundTrack(path).cut(Fraction(1, 30), Fraction(2, 30))  # 533.3 to 1066.7
    assert len(odd) == 1067 - 533


def test_sound_that_has_ended_is_silence_and_films_without_have_none(tmp_path):
    path = film(tmp_path / "film.mkv", walk(50), clicks(1.0))
    cut = SoundTrack(path).cut(Fraction(1), Fraction(2))
    assert len(cut) == HZ
    assert np.abs(cut[4000:]).max() == 0
    mute = SoundTrack(write_video(tmp_path / "mute.mp4", walk(4)))
    assert not mute.is_there
    assert mute.cut(Fraction(0), Fraction(1)) is None


def test_clips_carry_the_sound_of_their_frames(tmp_path):
    # nobody for half a second, then a face for a second
    path = film(tmp_path / "film.mkv", [*[ground()] * 12, *walk(25)], clicks(2.0), rate_hz=HZ)
    (clip,) = [
        one
        for one in curate_file(path, SquareTools().make(), SETTINGS)
        if isinstance(one, CuratedClip)
    ]
    sound = decode_wave(clip.sound, "sound")
    assert len(sound) == round(clip.seconds * HZ)
    # bursts begin at whole tenths of a second; the clip begins at from_s
    expected = round((np.ceil(round(clip.from_s * 10, 6)) / 10 - clip.from_s) * HZ)
    assert onset(sound) == pytest.approx(expected, abs=16)
    silent = curate_file(
        path,
        SquareTools().make(),
        CurationSettings(size_px=128, rate=25.0, min_s=0.4, max_blocks=100.0, sound=False),
    )
    assert [one.sound for one in silent if isinstance(one, CuratedClip)] == [b""]


def test_sound_is_read_back_from_shards_and_shards_without_it_stay_readable(tmp_path):
    folder = tmp_path / "films"
    folder.mkdir()
    film(folder / "loud.mkv", walk(20), clicks(1.0))
    write_video(folder / "mute.mp4", walk(20))
    index = curated(folder, tmp_path / "out")
    loud, mute = shard_clips(tmp_path / "out")
    assert mute.sound() is None
    assert len(loud.sound()) == round(loud.clip.about["seconds"] * HZ)
    assert index["sound"]["clips"] == 1
    row = mute.clip.row()
    assert "sound" not in row
    assert StoredClip.of_row(row) == mute.clip
    assert StoredClip.of_row(loud.clip.row()) == loud.clip


@pytest.mark.parametrize("late_s", [-0.2, 0.0, 0.12])
def test_lips_that_open_when_it_is_loud_go_with_the_sound(late_s):
    random = np.random.default_rng(0)
    times_s = np.arange(100) / 25
    envelope = np.interp(np.arange(-1, 6, 0.001), np.arange(-1, 6, 0.15), random.random(47))
    lips = np.interp(times_s, np.arange(-1, 6, 0.001), envelope).astype(np.float32)
    sample_s = np.arange(4 * HZ) / HZ
    level = np.interp(sample_s - late_s, np.arange(-1, 6, 0.001), envelope)
    voice = (0.3 * 10 ** (level - 1) * np.sin(2 * np.pi * 150 * sample_s)).astype(np.float32)
    sync = lips_and_sound(lips, times_s.astype(np.float32), voice)
    assert sync.score > 0.9
    assert sync.lag_ms == pytest.approx(1000 * late_s, abs=20)
    other = lips_and_sound(random.permutation(lips), times_s.astype(np.float32), voice)
    assert other.score < 0.5


def test_what_cannot_be_compared_has_no_score():
    times_s = np.arange(50, dtype=np.float32) / 25
    moving = np.sin(times_s).astype(np.float32)
    assert lips_and_sound(np.zeros(50, np.float32), times_s, np.ones(2 * HZ, np.float32)) is None
    assert lips_and_sound(moving, times_s, np.zeros(2 * HZ, np.float32)) is None
    assert lips_and_sound(moving[:5], times_s[:5], np.ones(HZ, np.float32)) is None
    assert lips_and_sound(moving, times_s, np.zeros(0, np.float32)) is None


def test_sound_below_the_limit_is_left_out_and_the_clip_stays(tmp_path):
    path = film(tmp_path / "film.mkv", walk(30), clicks(1.2))
    strict = CurationSettings(size_px=128, rate=25.0, min_s=0.4, max_blocks=100.0, min_sync=1.0)
    found = list(curate_file(path, SquareTools().make(), strict))
    assert [len(one.frames) for one in found if isinstance(one, CuratedClip)] == [30]
    assert all(one.sound == b"" for one in found if isinstance(one, CuratedClip))


def test_settings_of_folders_without_sound_say_so():
    present = with_present_names({"min_s": 1.0})
    assert (present["sound"], present["min_sync"]) == (False, None)
