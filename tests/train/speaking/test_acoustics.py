"""Speech as it is heard somewhere keeps its times, its length and its bits by the seed."""

import numpy as np
import pytest

from liveportrait_core.config.spec import OptionError
from train.speaking import sounds
from train.speaking.acoustics import AcousticsOptions, disturbed, heard
from train.speaking.sounds import STILL_SOUNDS, music, noise


@pytest.fixture
def speech() -> np.ndarray:
    """Noise in bursts of 100 ms: its times can be told."""
    random = np.random.default_rng(0)
    sound = random.normal(0, 0.1, 24_000)
    sound *= np.repeat(random.random(15) < 0.5, 1600)
    return sound.astype(np.float32)


@pytest.mark.parametrize("seed", range(12))
def test_sounds_stay_at_their_times(speech, seed):
    made = heard(speech, np.random.default_rng(seed), AcousticsOptions(min_snr_db=10))
    assert made.shape == speech.shape
    assert np.abs(made).max() <= 1
    spectra = [np.fft.rfft(one, 2 * len(speech)) for one in (made, speech)]
    correlation = np.fft.irfft(spectra[0] * spectra[1].conj())
    assert correlation.argmax() == 0


def test_the_seed_gives_the_bits(speech):
    wet = AcousticsOptions(dry=0, room=1, noise=1, band=1, code=1)
    first = heard(speech, np.random.default_rng(5), wet)
    assert np.array_equal(heard(speech, np.random.default_rng(5), wet), first)
    assert not np.array_equal(heard(speech, np.random.default_rng(6), wet), first)
    assert heard(speech, np.random.default_rng(5), AcousticsOptions(dry=1)) is speech


def test_nothing_stays_nothing():
    assert len(heard(np.zeros(0, np.float32), np.random.default_rng(0))) == 0
    silent = heard(np.zeros(4000, np.float32), np.random.default_rng(1))
    assert np.isfinite(silent).all()


def test_a_disturbance_lies_so_much_below_the_speech():
    random = np.random.default_rng(0)
    speech = np.where(np.arange(16_000) < 8000, np.sign(random.normal(size=16_000)) * 0.5, 0.0)
    added = disturbed(speech, noise(16_000, random), 10.0) - speech
    # speech has .25 of power while it sounds; a tenth of it is the noise's
    assert (added**2).mean() == pytest.approx(0.025, rel=1e-3)


@pytest.mark.parametrize("make", [noise, music])
@pytest.mark.parametrize("samples", [1601, 50_021])
def test_noise_and_music_are_as_long_as_asked(make, samples):
    made = make(samples, np.random.default_rng(0))
    assert made.shape == (samples,)
    assert 0.5 < made.std() < 2


def test_some_music_is_held_and_some_dies_away(monkeypatch):
    def loudness(share):
        monkeypatch.setattr(sounds, "HELD_SHARE", share)
        drawn = [music(48_000, np.random.default_rng(seed)) for seed in range(12)]
        return np.median([np.abs(made).reshape(30, -1).mean(1).min() for made in drawn])

    # the quietest tenth of a second of a struck chord (exp(-2.5 t)) is far below a held one's
    assert loudness(1.0) > 2 * loudness(0.0)


@pytest.mark.parametrize("name", STILL_SOUNDS)
def test_still_sounds_can_be_stored(name):
    for seed in range(3):
        made = STILL_SOUNDS[name](8000, np.random.default_rng(seed))
        assert made.dtype == np.float32
        assert np.abs(made).max() <= 1


def test_a_range_of_noise_the_wrong_way_round_is_refused():
    with pytest.raises(OptionError, match="min_snr_db is 20"):
        AcousticsOptions(min_snr_db=20, max_snr_db=10)
