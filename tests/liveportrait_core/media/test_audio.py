from fractions import Fraction

import av
import numpy as np
import pytest

from liveportrait_core.errors import MediaError
from liveportrait_core.media.audio import (
    AudioFormat,
    Waveform,
    decodable_track,
    has_audio,
    joined_blocks,
    probe_audio,
    read_audio,
    stream_audio,
    stream_waveform,
)

from .clips import make_clip, make_sound, make_tracks, sound_frame, tone


def test_a_waveform_comes_back_as_it_was_written(tmp_path):
    path = make_sound(tmp_path / "in.wav", "pcm_s16le", seconds=0.25, rate=16000)
    sound = read_audio(path)
    assert sound.sample_rate_hz == 16000
    assert sound.samples.dtype == np.float32
    np.testing.assert_allclose(sound.samples, tone(0.25, 16000), atol=2 / 32768)


@pytest.mark.parametrize("num_channels", [1, 2])
def test_joined_blocks_are_the_blocks_one_after_another(num_channels, monkeypatch):
    monkeypatch.setattr("liveportrait_core.media.audio._GROWN_SAMPLES", 7)
    lengths = (3, 30, 0, 1, 8)
    blocks = [np.random.default_rng(n).random((num_channels, n), np.float32) for n in lengths]
    np.testing.assert_array_equal(
        joined_blocks(iter(blocks), num_channels), np.concatenate(blocks, axis=1)
    )
    assert joined_blocks((), num_channels).shape == (num_channels, 0)


def test_resampling_keeps_length_and_pitch(tmp_path):
    path = make_sound(tmp_path / "in.wav", "pcm_s16le", seconds=0.5, rate=44100)
    sound = read_audio(path, sample_rate_hz=16000, num_channels=1)
    assert sound.samples.shape == (1, 8000)
    wanted = tone(0.5, 16000, 1)  # two equal channels mixed down are one of the same loudness
    np.testing.assert_allclose(sound.samples[:, 200:-200], wanted[:, 200:-200], atol=0.01)


def test_a_start_is_exact_to_the_sample(tmp_path):
    path = make_sound(tmp_path / "in.wav", "pcm_s16le", seconds=0.25, rate=16000)
    whole = read_audio(path).samples
    wanted = AudioFormat(16000, 2)
    later = np.concatenate(list(stream_audio(path, wanted, Fraction(1, 16))), axis=1)
    np.testing.assert_array_equal(later, whole[:, 1000:])
    earlier = np.concatenate(list(stream_audio(path, wanted, Fraction(-1, 16))), axis=1)
    np.testing.assert_array_equal(earlier[:, :1000], 0)
    np.testing.assert_array_equal(earlier[:, 1000:], whole)
    assert list(stream_audio(path, wanted, Fraction(9))) == []


def test_sound_that_starts_after_the_picture_is_led_by_silence(tmp_path):
    path = tmp_path / "late.mkv"
    with av.open(str(path), "w") as container:
        video = container.add_stream("libx264", rate=25)
        video.width, video.height = 16, 16
        sound = container.add_stream("flac", rate=16000, layout="mono", format="s16")
        for index in range(10):
            picture = av.VideoFrame.from_ndarray(np.zeros((16, 16, 3), np.uint8))
            picture.pts, picture.time_base = index, Fraction(1, 25)
            container.mux(video.encode(picture))
        frame = sound_frame(tone(0.25, 16000, 1), 16000)
        frame.pts = 3200  # 0.2 s
        container.mux(video.encode(None))
        container.mux(sound.encode(frame))
        container.mux(sound.encode(None))
    samples = read_audio(path).samples
    np.testing.assert_array_equal(samples[:, :3200], 0)
    np.testing.assert_allclose(samples[:, 3200:7200], tone(0.25, 16000, 1), atol=2 / 32768)


def test_damaged_packets_become_silence_and_a_warning(tmp_path, caplog):
    path = make_sound(tmp_path / "in.m4a", "aac", seconds=2.0, rate=16000, channels=1)
    data = bytearray(path.read_bytes())
    middle = data.index(b"moov") // 2  # sound comes first, the index after it
    data[middle : middle + 600] = b"\xff" * 600
    path.write_bytes(data)
    samples = read_audio(path).samples[0]
    assert "of its sound are missing, now silent" in caplog.text
    # What comes after the hole is in step to the threshold of 1/20 s, so it is a tone as long.
    assert abs(len(samples) - 32000) < 0.05 * 16000 + 1024
    assert np.abs(samples[2000:12000]).max() > 0.45
    assert np.abs(samples[24000:30000]).max() > 0.45


def test_channels_are_mixed_without_a_change_of_loudness(tmp_path):
    mono = make_sound(tmp_path / "in.wav", "pcm_s16le", seconds=0.1, rate=16000, channels=1)
    doubled = read_audio(mono, num_channels=2).samples
    np.testing.assert_allclose(doubled, tone(0.1, 16000, 2), atol=2 / 32768)
    stereo = make_sound(tmp_path / "both.wav", "pcm_s16le", seconds=0.1, rate=16000)
    np.testing.assert_allclose(
        read_audio(stereo, num_channels=1).samples, tone(0.1, 16000, 1), atol=2 / 32768
    )


def test_formats_are_probed(tmp_path):
    path = make_sound(tmp_path / "in.flac", "flac", seconds=0.1, rate=22050, channels=1)
    assert probe_audio(path) == AudioFormat(22050, 1)
    assert has_audio(path)
    assert not has_audio(make_clip(tmp_path / "silent.mp4", 2))
    with pytest.raises(ValueError, match="1 or 2"):
        AudioFormat(16000, 6)


def test_what_has_no_sound_is_refused_in_a_sentence(tmp_path):
    make_clip(tmp_path / "silent.mp4", 2)
    (tmp_path / "text.wav").write_text("no sound\n" * 9)
    for name, words in {
        "silent.mp4": "has no sound",
        "text.wav": "not a sound",
        "missing.wav": "No sound at",
    }.items():
        with pytest.raises(MediaError, match=words):
            read_audio(tmp_path / name)


def streamed(sound, wanted=None, start_s=Fraction(0)):
    return np.concatenate(list(stream_waveform(sound, wanted or sound.format, start_s)), axis=1)


def test_a_waveform_is_streamed_as_it_is_from_any_sample_on():
    noise = np.random.default_rng(0).uniform(-1, 1, (2, 40000)).astype(np.float32)
    kept = noise.copy()
    sound = Waveform(noise, 16000)
    np.testing.assert_array_equal(streamed(sound), noise)
    np.testing.assert_array_equal(streamed(sound, start_s=Fraction(1, 16)), noise[:, 1000:])
    early = streamed(sound, start_s=Fraction(-1, 16))
    np.testing.assert_array_equal(early[:, :1000], 0)
    np.testing.assert_array_equal(early[:, 1000:], noise)
    assert list(stream_waveform(sound, sound.format, Fraction(9))) == []
    np.testing.assert_array_equal(noise, kept)
    assert max(block.shape[1] for block in stream_waveform(sound, sound.format)) <= 16000


def test_a_waveform_is_resampled_without_seams():
    sound = Waveform(tone(2.5, 44100, 1), 44100)
    resampled = streamed(sound, AudioFormat(16000, 2))
    assert resampled.shape == (2, 40000)
    wanted = tone(2.5, 16000, 2)
    np.testing.assert_allclose(resampled[:, 200:-200], wanted[:, 200:-200], atol=0.01)


def test_six_channels_are_mixed_to_two():
    samples = np.zeros((6, 8000), np.float32)
    samples[0] = tone(0.5, 16000, 1)  # front left
    left, right = streamed(Waveform(samples, 16000))
    assert np.abs(left[500:7500]).max() > 0.15
    assert np.abs(right).max() < 1e-4


@pytest.mark.parametrize(
    ("samples", "rate", "words"),
    [
        (np.zeros((1, 2, 100), np.float32), 16000, "Take one sound of a batch"),
        (np.zeros((100, 2), np.float32), 16000, "1 to 6 channels"),
        (np.zeros((2, 100)), 16000, "is float64"),
        (np.zeros((2, 100), np.float32), 0, "at 0 Hz"),
    ],
)
def test_what_is_no_waveform_is_refused(samples, rate, words):
    with pytest.raises(ValueError, match=words):
        Waveform(samples, rate)


def test_the_first_track_that_can_be_decoded_is_read(tmp_path):
    path = make_tracks(tmp_path / "two.mp4", False, True)
    assert decodable_track(path) == 1
    assert probe_audio(path).sample_rate_hz == 44100
    assert np.abs(read_audio(path).samples).max() > 0.3
    path = make_tracks(tmp_path / "none.mp4", False)
    assert has_audio(path)
    assert decodable_track(path) is None
    with pytest.raises(MediaError, match="cannot be decoded"):
        read_audio(path)
