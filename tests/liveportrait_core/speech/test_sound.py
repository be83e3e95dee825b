"""Sound of any kind as speech models hear it."""

import math
import tracemalloc

import numpy as np
import pytest
import torch

from liveportrait_core.errors import MediaError
from liveportrait_core.media.audio import Waveform
from liveportrait_core.networks.phonemes import SAMPLE_RATE_HZ
from liveportrait_core.speech.sound import speech_of
from tests.support.speaking import tone


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
