"""Measures of speech to motion, by hand."""

import json
from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
import torch

from liveportrait_core.motion.blendshapes import ARKIT_SHAPES, Blendshapes
from liveportrait_core.speech.model import save_speech_model
from liveportrait_core.speech.visemes import Phone
from tests.support.speaking import made_clip, small_speech_model
from train import evaluate_speech
from train.evaluation import speech_command
from train.evaluation.speech_measures import (
    closure_moments_s,
    false_closures,
    lag_frames,
    loud_vowels,
    measure_clip,
    with_noise,
)


def perfect(sound, clip, fps):
    """What the rules say, at a frame rate."""
    step = int(Fraction(50) / fps)
    return Blendshapes(weights=clip.shapes.weights[::step], fps=fps)


def test_the_rules_themselves_measure_best():
    clip = made_clip(0, seconds=3.0)
    measured = measure_clip(clip, perfect, clip.waveform)
    assert measured.closures > 0
    assert measured.found == measured.closures
    assert measured.false == 0
    assert measured.correlation == pytest.approx(1)
    assert measured.offset_ms == pytest.approx(0, abs=1)


def test_a_mouth_that_never_shuts_finds_nothing_and_is_never_false():
    def open_always(sound, clip, fps):
        shapes = perfect(sound, clip, fps)
        weights = torch.zeros_like(shapes.weights)
        weights[:, ARKIT_SHAPES.index("jawOpen")] = 0.3
        return replace(shapes, weights=weights)

    measured = measure_clip(made_clip(0), open_always, made_clip(0).waveform)
    assert (measured.found, measured.false, measured.correlation) == (0, 0, 0)


def test_closures_are_those_of_p_b_m_between_other_sounds():
    spoken = [("sil", 0.0, 0.2), ("PP", 0.2, 0.3), ("aa", 0.3, 0.4), ("PP", 0.4, 0.5)]
    spoken += [("iy", 0.5, 0.6), ("PP", 0.6, 0.62), ("aa", 0.62, 0.8), ("sil", 0.8, 1.0)]
    phones = tuple(Phone(viseme=v, start_s=a, end_s=b) for v, a, b in spoken)
    # the first follows silence; .4 to .47 s has its middle at .435; .6 lasts 40 ms at least
    moments = closure_moments_s(replace(made_clip(0), phones=phones))
    assert moments == pytest.approx([0.435, 0.62])


def test_the_range_is_measured_on_loud_open_vowels():
    clip = made_clip(0)
    spans = [("aa", 0.0, 0.3), ("aa", 0.4, 0.8), ("iy", 0.9, 1.2), ("aa", 1.3, 2.4)]
    phones = tuple(Phone(viseme=v, start_s=a, end_s=b) for v, a, b in spans)
    tone = 0.1 * np.sin(np.arange(38400) * 0.3, dtype=np.float32)
    tone[6400:12800] *= 3  # 10 dB louder than the usual, and so is the iy
    tone[14400:19200] *= 3
    assert loud_vowels(replace(clip, phones=phones, waveform=tone)) == [slice(20, 41)]


def test_shut_lips_are_false_where_the_rules_keep_them_open():
    rules = np.full(20, 0.2)
    rules[15:] = 0.0
    made = np.full(20, 0.2)
    made[5:7] = 0.0  # false
    made[13] = 0.0  # the rules shut them two frames later
    made[18] = 0.0  # right
    assert false_closures(made, rules) == 1


@pytest.mark.parametrize("late", [-3, 0, 2])
def test_a_curve_that_is_late_is_late_by_so_many_frames(late):
    curve = np.convolve(np.random.default_rng(0).random(220), np.ones(6), "valid")
    made, true = curve[10 - late : 190 - late], curve[10:190]
    assert lag_frames(made, true) == pytest.approx(late, abs=0.1)


def test_noise_is_so_many_decibels_below_the_speech():
    samples = made_clip(0).waveform * 0.3
    noise = with_noise(samples, 10.0) - samples
    assert 10 * np.log10((samples**2).mean() / (noise**2).mean()) == pytest.approx(10, abs=0.1)


def test_the_command_measures_a_set(tmp_path, monkeypatch, capsys):
    save_speech_model(small_speech_model(), tmp_path / "m.safetensors", metadata={})
    monkeypatch.setattr(speech_command, "SpeechSet", lambda folders: [made_clip(0), made_clip(1)])
    monkeypatch.setattr(speech_command, "STILL_S", 0.5)
    monkeypatch.setattr(speech_command, "load_speech_model", lambda path: small_speech_model())
    given = ["set", "--weights", str(tmp_path / "m.safetensors"), "--noise", "10", "--clips", "1"]
    assert evaluate_speech.main([*given, "--json", str(tmp_path / "out.json")]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found == json.loads((tmp_path / "out.json").read_text())
    assert found["set"]["clips"] == 1
    assert found["set"]["times_real_time"] > 0
    assert found["set, white noise at 10 dB"]["closures"] == found["set"]["closures"]
    assert found["only silence"]["spread"] >= 0
    assert found["lse_c"] == "unavailable (needs SyncNet)"
    assert evaluate_speech.main([]) == 2
    assert "Nothing is named to measure on." in capsys.readouterr().err


def test_several_films_are_measured(monkeypatch, capsys):
    monkeypatch.setattr(speech_command, "STILL_SOUNDS", {})
    monkeypatch.setattr(speech_command, "film_measures", lambda film, speak, model: str(film))
    monkeypatch.setattr(speech_command, "load_speech_model", lambda path: small_speech_model())
    assert evaluate_speech.main(["--films", "one.mp4", "--films", "two.mp4"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["one.mp4"], found["two.mp4"]) == ("one.mp4", "two.mp4")
