"""Loudness, pitch, stress, and what brows and head do with them."""

import math

import pytest
import torch

from liveportrait_core.motion.speech_style import SpeechStyle
from liveportrait_core.speech.prosody import (
    SILENT_DB,
    accompany,
    emphasis_of,
    loudness_db,
    pitch_hz,
    stresses,
)
from liveportrait_core.speech.visemes import Phone

HZ = 16_000


def tone(hertz: float, seconds: float, height: float = 0.3) -> torch.Tensor:
    times_s = torch.arange(round(seconds * HZ)) / HZ
    return height * sum(torch.sin(2 * math.pi * hertz * k * times_s) / k for k in (1, 2, 3))


def syllables(stressed: int, count: int = 7) -> torch.Tensor:
    """Syllables of 200 ms with pauses of 100 ms; one is louder and higher."""
    said = [
        torch.cat(
            [
                tone(160 if k == stressed else 120, 0.2, 0.3 if k == stressed else 0.1),
                torch.zeros(1600),
            ]
        )
        for k in range(count)
    ]
    return torch.cat([torch.zeros(8000), *said, torch.zeros(8000)])


def test_loudness_of_a_sine_is_that_of_its_power():
    level = loudness_db(torch.sin(2 * math.pi * 200 * torch.arange(HZ) / HZ))
    assert len(level) == 50
    assert level[10:40].tolist() == pytest.approx([-3.01] * 30, abs=0.05)  # half of full power
    assert loudness_db(torch.zeros(321)).tolist() == pytest.approx([SILENT_DB] * 2)


@pytest.mark.parametrize("hertz", [80, 120, 210, 330])
def test_pitch_of_a_voice(hertz):
    found = pitch_hz(tone(hertz, 0.5))
    assert float(found[8:17].median()) == pytest.approx(hertz, rel=0.02)


def test_noise_and_silence_have_no_pitch():
    noise = 0.1 * torch.randn(HZ, generator=torch.Generator().manual_seed(0))
    assert (pitch_hz(noise) == 0).float().mean() > 0.9
    assert not pitch_hz(torch.zeros(HZ)).any()
    assert len(pitch_hz(torch.zeros(0))) == 0


@pytest.mark.parametrize("stressed", [1, 3, 5])
def test_the_stressed_syllable_is_found(stressed):
    waveform = syllables(stressed)
    strongest = max(
        stresses(loudness_db(waveform), pitch_hz(waveform)), key=lambda one: one.strength
    )
    assert strongest.at_s == pytest.approx(0.5 + 0.3 * stressed + 0.1, abs=0.11)


def test_brows_rise_before_and_the_head_sinks_behind_a_stress():
    waveform = syllables(3)
    style = SpeechStyle(brows=1, head=1)
    found = max(stresses(loudness_db(waveform), pitch_hz(waveform)), key=lambda one: one.strength)
    moved = [accompany(waveform, style, seed) for seed in range(6)]
    raised = torch.stack([one.shape("browInnerUp") for one in moved]).amax(0)
    at = round(found.at_s * 50)
    assert raised[at] > 0.15
    assert 0 < raised[at - 8] < raised[at]
    pitch = torch.stack([one.head_deg[:, 0] for one in moved]).mean(0)  # drifts cancel
    assert int(pitch[at - 10 : at + 25].argmax()) - 10 == pytest.approx(10, abs=3)
    assert pitch[at + 10] > 1.5  # positive pitch looks down


def test_silence_moves_neither_brows_nor_head():
    still = accompany(torch.zeros(HZ))
    assert still.weights.abs().max() == 0
    assert still.head_deg.abs().max() == 0


def test_no_sound_gives_no_frames():
    assert len(accompany(torch.zeros(0))) == 0


def test_the_seed_says_how_the_head_drifts():
    waveform = syllables(2)
    again = accompany(waveform, seed=4).head_deg
    assert torch.equal(accompany(waveform, seed=4).head_deg, again)
    assert not torch.equal(accompany(waveform, seed=5).head_deg, again)
    assert accompany(waveform, SpeechStyle(head=0)).head_deg.abs().max() == 0


def test_loud_vowels_are_emphasised_and_quiet_ones_are_not():
    waveform = torch.cat([tone(120, 0.5, 0.03), tone(120, 1.0, 0.1), tone(120, 0.5, 0.2)])
    phones = [
        Phone(viseme="aa", start_s=start_s, end_s=start_s + 0.2) for start_s in (0.1, 0.9, 1.7)
    ]
    quiet, usual, loud = emphasis_of(phones, loudness_db(waveform))
    assert usual == pytest.approx(1, abs=0.02)
    assert loud == pytest.approx(1 + 6.02 / 12, abs=0.02)  # twice as high: 6 dB of 12
    assert quiet == 0.6  # 10 dB below: the least there is
