"""Files of speech models."""

from dataclasses import replace

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load_file, save_file

from liveportrait_core.errors import CheckpointError
from liveportrait_core.speech import model as models
from liveportrait_core.speech.model import load_speech_model, save_speech_model
from liveportrait_core.speech.recogniser import load_recogniser
from liveportrait_core.speech.speaking import shapes_of_speech
from tests.support.speaking import small_speech_model, tone


def test_a_model_does_the_same_after_saving_and_loading(tmp_path):
    model = small_speech_model()
    save_speech_model(model, tmp_path / "speech.safetensors", metadata={"trained": "not"})
    loaded = load_speech_model(tmp_path / "speech.safetensors", model.recogniser)
    assert loaded.form == model.form
    samples = torch.from_numpy(tone(0.3))
    one, two = (shapes_of_speech(samples, model=each) for each in (model, loaded))
    torch.testing.assert_close(one.weights, two.weights, rtol=0, atol=0.01)  # float16 weights
    assert one.weights.std() > 0.01


def test_a_file_holds_what_moves_and_nothing_of_what_hears(tmp_path):
    model = small_speech_model()
    save_speech_model(model, tmp_path / "speech.safetensors", metadata={})
    kept = load_file(tmp_path / "speech.safetensors")
    assert kept.keys() == model.network.state_dict().keys()
    assert kept["places"].dtype == torch.float16
    assert kept["mean"].dtype == torch.float32


def test_another_recogniser_than_in_training_is_told_in_a_sentence(tmp_path, monkeypatch):
    model = small_speech_model()
    of_package = replace(model, recogniser=load_recogniser())
    save_speech_model(of_package, tmp_path / "speech.safetensors", metadata={})
    assert load_speech_model(tmp_path / "speech.safetensors").recogniser is load_recogniser()
    monkeypatch.setattr(models, "recogniser_hash", lambda: "another")
    load_speech_model.cache_clear()
    with pytest.raises(CheckpointError, match="trained with another phoneme recogniser"):
        load_speech_model(tmp_path / "speech.safetensors")


@pytest.mark.parametrize("key", ["places", "change.stem.weight"])
def test_tensors_of_another_shape_are_told_in_a_sentence_of_ours(tmp_path, key):
    path = tmp_path / "speech.safetensors"
    model = replace(small_speech_model(), recogniser=load_recogniser())
    save_speech_model(model, path, metadata={})
    with safe_open(path, "pt") as file:
        about = file.metadata()
    save_file(load_file(path) | {key: torch.zeros(3, 5)}, path, about)
    with pytest.raises(CheckpointError, match="holds other tensors") as told:
        load_speech_model(path)
    assert "\n" not in str(told.value)
    assert "size" not in str(told.value)


def test_files_of_others_are_refused_in_a_sentence(tmp_path):
    with pytest.raises(CheckpointError, match="does not exist"):
        load_speech_model(tmp_path / "none.safetensors")
    model = small_speech_model()
    save_speech_model(model, tmp_path / "whole.safetensors", metadata={})
    content = (tmp_path / "whole.safetensors").read_bytes()
    (tmp_path / "other.safetensors").write_bytes(content.replace(b'/speech"', b'/peech""'))
    with pytest.raises(CheckpointError):
        load_speech_model(tmp_path / "other.safetensors")
