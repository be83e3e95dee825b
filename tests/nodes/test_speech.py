"""Speech to Motion: what the library makes of a sound."""

from fractions import Fraction

import pytest
import torch

from liveportrait_core.speech.joyvasa_file import save_joyvasa
from liveportrait_core.speech.joyvasa_import import read_joyvasa
from liveportrait_core.speech.model import save_speech_model
from tests.nodes.suite import MODEL_FILE
from tests.support.joyvasa import write_joyvasa
from tests.support.speaking import encoder_output, small_speech_model, tone

WIDGETS = {"amount": 1.2, "life": 0.5, "seed": 3, "guidance": 1.0}
STYLE = {"opening": 1.1, "rounding": 0.9, "quickness": 1.0, "brows": 0.5, "head": 1.5}


@pytest.fixture
def _small_speech(suite, monkeypatch, tmp_path):
    """The suite's own room of speech, with a small model."""
    save_speech_model(small_speech_model(), tmp_path / "speech.safetensors", metadata={})
    files = suite.module("liveportrait_core.speech.model")
    phonemes = suite.module("liveportrait_core.networks.phonemes")
    hears = phonemes.PhonemeEncoder().eval().requires_grad_(False)
    model = files.load_speech_model(tmp_path / "speech.safetensors", hears)
    room = suite.module("liveportrait_core.speech.talking")
    monkeypatch.setattr(room, "load_speech_model", lambda: model)


def sound(seconds, rate=16000, channels=1):
    return {
        "waveform": torch.from_numpy(tone(seconds, rate=rate)).expand(1, channels, -1),
        "sample_rate": rate,
    }


@pytest.mark.parametrize(("rate", "channels"), [(8000, 1), (44100, 2), (96000, 1)])
@pytest.mark.usefixtures("_small_speech")
def test_motion_and_sound_are_in_step(suite, rate, channels):
    given = sound(0.5, rate, channels)
    motion, heard = suite(
        "LPS_SpeechToMotion", model=suite.model(), audio=given, fps=30.0, **WIDGETS, **STYLE
    )
    assert heard is given
    assert (len(motion), motion.fps) == (15, Fraction(30))
    assert not motion.absent


def test_what_cannot_be_heard_is_told_in_a_sentence(suite):
    empty = {"waveform": torch.zeros(1, 1, 0), "sample_rate": 16000}
    given = {"model": suite.model(), "fps": 25.0, **WIDGETS, **STYLE}
    told = suite.named_refusal("LPS_SpeechToMotion", audio=empty, **given)
    assert told[0] == "Speech to Motion, audio"
    assert "has no samples; speech is expected" in told[1]
    assert "an AUDIO with a waveform" in suite.refusal("LPS_SpeechToMotion", audio=3, **given)


@pytest.mark.usefixtures("_small_speech")
@pytest.mark.parametrize(("samples", "channels"), [(1, 1), (300, 2), (4000, 6)])
def test_a_sound_shorter_than_a_window_has_a_frame_for_each_that_begins_in_it(
    suite, samples, channels
):
    given = {"waveform": torch.full((1, channels, samples), 0.1), "sample_rate": 16000}
    motion, _ = suite(
        "LPS_SpeechToMotion", model=suite.model(), audio=given, fps=25.0, **WIDGETS, **STYLE
    )
    assert len(motion) == -(-samples * 25 // 16000)


def test_samples_that_are_no_numbers_are_told(suite):
    broken = sound(0.5)
    broken["waveform"] = broken["waveform"].clone()
    broken["waveform"][..., 100] = torch.nan
    told = suite.named_refusal(
        "LPS_SpeechToMotion", model=suite.model(), audio=broken, fps=25.0, **WIDGETS, **STYLE
    )
    assert told[0] == "Speech to Motion, audio"
    assert "not finite" in told[1]


def test_what_another_encoder_heard_is_for_a_model_that_was_trained_with_it(suite):
    file = suite.comfyui.models / "liveportrait" / "by-encoder.safetensors"
    save_speech_model(small_speech_model(features=6), file, metadata={})
    given = {"model": suite.model(), "fps": 25.0, "audio": sound(0.5), **WIDGETS, **STYLE}
    chosen = {"speech_model": file.name, **given}
    output = encoder_output(tone(0.5))
    try:
        motion, _ = suite("LPS_SpeechToMotion", encoder_output=output, **chosen)
        assert len(motion) == 13
        for wrong, said in (
            ({**chosen}, "was trained with features of another encoder"),
            (
                {**chosen, "encoder_output": encoder_output(tone(0.2))},
                "11 frames and the sound lasts 0.50 s",
            ),
            ({**given, "encoder_output": output}, "hears the sound itself"),
        ):
            place, message = suite.named_refusal("LPS_SpeechToMotion", **wrong)
            assert place == "Speech to Motion, encoder_output"
            assert said in message
    finally:
        file.unlink()


def test_a_speech_model_is_a_file_of_the_models_folder(suite, monkeypatch):
    folder = suite.comfyui.models / "liveportrait"
    file = folder / "mine.safetensors"
    save_speech_model(small_speech_model(), file, metadata={})
    given = {"model": suite.model(), "fps": 25.0, "audio": sound(0.5), **WIDGETS, **STYLE}
    try:
        model = small_speech_model()
        files = suite.module("liveportrait_core.speech.model")
        load = files.load_speech_model
        monkeypatch.setattr(files, "load_speech_model", lambda path: load(path, model.recogniser))
        motion, _ = suite("LPS_SpeechToMotion", speech_model="mine.safetensors", **given)
        assert len(motion) == 13
        other = {"speech_model": MODEL_FILE, **given}
        place, message = suite.named_refusal("LPS_SpeechToMotion", **other)
        assert place == "Speech to Motion, speech_model"
        assert "train.audio2motion" in message
        missing = suite.refusal("LPS_SpeechToMotion", speech_model="gone.safetensors", **given)
        assert missing.startswith("There is no model gone.safetensors")
    finally:
        file.unlink()


def test_the_weights_of_joyvasa_are_a_speech_model(suite, tmp_path):
    file = suite.comfyui.models / "liveportrait" / "joy.safetensors"
    save_joyvasa(read_joyvasa(write_joyvasa(tmp_path)), file)
    given = {"model": suite.model(), "fps": 25.0, "audio": sound(0.5), **WIDGETS, **STYLE}
    try:
        message = suite.refusal("LPS_SpeechToMotion", speech_model="joy.safetensors", **given)
        assert "gives motion of the keypoint space 'liveportrait-human-21'" in message
    finally:
        file.unlink()
