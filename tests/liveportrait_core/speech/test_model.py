"""Files of speech models."""

import pytest
import torch

from liveportrait_core.errors import CheckpointError
from liveportrait_core.speech.model import load_speech_model, save_speech_model
from liveportrait_core.speech.speaking import shapes_of_speech
from tests.support.speaking import small_speech_model, tone


def test_a_model_does_the_same_after_saving_and_loading(tmp_path):
    model = small_speech_model()
    save_speech_model(model, tmp_path / "speech.safetensors", metadata={"trained": "not"})
    loaded = load_speech_model(tmp_path / "speech.safetensors")
    assert loaded.form == model.form
    samples = torch.from_numpy(tone(0.3))
    one, two = (shapes_of_speech(samples, model=each) for each in (model, loaded))
    torch.testing.assert_close(one.weights, two.weights, rtol=0, atol=0.01)  # float16 weights
    assert one.weights.std() > 0.01


def test_files_of_others_are_refused_in_a_sentence(tmp_path):
    with pytest.raises(CheckpointError, match="does not exist"):
        load_speech_model(tmp_path / "none.safetensors")
    model = small_speech_model()
    save_speech_model(model, tmp_path / "whole.safetensors", metadata={})
    content = (tmp_path / "whole.safetensors").read_bytes()
    (tmp_path / "other.safetensors").write_bytes(content.replace(b'/speech"', b'/peech""'))
    with pytest.raises(CheckpointError):
        load_speech_model(tmp_path / "other.safetensors")
