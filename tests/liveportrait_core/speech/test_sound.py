"""Sound of any kind as speech models hear it."""

import math
import tracemalloc

import numpy as np
import pytest
import torch

from liveportrait_core.errors import MediaError
from liveportrait_core.media.audio import Waveform
from liveportrait_core.networks.phonemes import SAMPLE_RATE_HZ
from liveportrait_core.speech.sound import blocks_of, read_speech, speech_file, speech_of
from tests.support.speaking import save_sound, tone


@pytest.mark.parametrize("rate", [8000, 16000, 22050, 44100, 48000, 96000])
def test_a_tone_is_the_same_at_every_rate(rate):
    heard = speech_of(Waveform(tone(0.5, 440.0, rate)[None], rate))
    assert abs(len(heard) - 8000) <= 32
    count = min(len(heard), 8000)
    inner = slice(200, count - 200)
    torch.testing.assert_close(
        heard[inner], torch.from_numpy(tone(0.5, 440.0))[inner], rtol=0, atol=0.02
    )


def test_channels_are_mixed_equally_loud():
    left, right = tone(0.2, 300.0), np.zeros(3200, np.float32)
    heard = speech_of(Waveform(np.stack((left, right)), 16000))
    torch.testing.assert_close(heard, torch.from_numpy(left / 2), rtol=0, atol=1e-4)


def test_no_samples_are_told_in_a_sentence():
    with pytest.raises(MediaError, match="has no samples; speech is expected"):
        speech_of(Waveform(np.zeros((1, 0), np.float32), 16000))


@pytest.mark.parametrize("wrong", [math.nan, math.inf])
def test_samples_that_are_no_numbers_are_told_in_a_sentence(wrong):
    samples = tone(0.1)[None].copy()
    samples[0, 50] = wrong
    with pytest.raises(MediaError, match="not finite"):
        speech_of(Waveform(samples, 16000))


def test_what_is_too_loud_is_cut():
    assert speech_of(Waveform(3 * tone(0.1)[None], 16000)).abs().max() <= 1


def test_a_long_sound_is_held_once():
    samples = np.random.default_rng(0).uniform(-1, 1, (1, 5 * 60 * SAMPLE_RATE_HZ))
    sound = Waveform(samples.astype(np.float32), SAMPLE_RATE_HZ)
    tracemalloc.start()
    try:
        made = speech_of(sound)
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    np.testing.assert_array_equal(made.numpy(), sound.samples[0])
    assert most < 1.3 * sound.samples.nbytes


@pytest.fixture
def noise_file(tmp_path):
    """1.3 seconds of noise at another rate, as a file."""
    samples = np.random.default_rng(1).uniform(-0.5, 0.5, int(1.3 * 22050))
    return save_sound(tmp_path / "noise.wav", samples, 22050)


@pytest.mark.parametrize("size", [7, 700, 1024, 16000, 10**6])
def test_blocks_of_a_file_are_its_sound(noise_file, size):
    sound = speech_file(noise_file)
    blocks = list(sound.blocks(size))
    assert {len(block) for block in blocks[:-1]} <= {size}
    assert 0 < len(blocks[-1]) <= size
    assert torch.equal(torch.cat(blocks), read_speech(noise_file))
    assert torch.equal(sound.whole(), read_speech(noise_file))


@pytest.mark.parametrize(("first", "last"), [(0, 1), (5, 1000), (1024, 2048), (3000, 20_000)])
def test_a_part_of_a_file_is_that_part_of_its_sound(noise_file, first, last):
    sound = speech_file(noise_file).part(100, 20_700).part(first, last)
    assert len(sound) == last - first
    for size in (300, 1024):
        heard = torch.cat(list(sound.blocks(size)))
        assert torch.equal(heard, read_speech(noise_file)[100 + first : 100 + last])


def test_a_file_that_became_shorter_is_told_in_a_sentence(noise_file):
    sound = speech_file(noise_file)
    save_sound(noise_file, tone(0.2))
    with pytest.raises(MediaError, match="has changed since it was opened"):
        sound.whole()


def test_blocks_of_samples_are_views_of_them():
    samples = torch.arange(10.0)
    blocks = list(blocks_of(samples, 4))
    assert [block.tolist() for block in blocks] == [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9]]
    assert blocks[1].data_ptr() == samples[4:].data_ptr()


def test_a_long_file_is_never_held_whole(tmp_path):
    path = save_sound(tmp_path / "long.wav", np.zeros(5 * 60 * SAMPLE_RATE_HZ, np.float32))
    tracemalloc.start()
    try:
        sound = speech_file(path)
        count = sum(len(block) for block in sound.blocks(SAMPLE_RATE_HZ))
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert count == len(sound) == 5 * 60 * SAMPLE_RATE_HZ
    assert most < 2**20
