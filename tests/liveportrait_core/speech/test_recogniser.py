"""The phoneme recogniser of the package hama, computed by torch."""

import numpy as np
import pytest
import torch

from liveportrait_core.errors import CheckpointError
from liveportrait_core.speech import recogniser
from liveportrait_core.speech.recogniser import (
    installed_recogniser,
    load_recogniser,
    read_recogniser,
)
from tests.support.speaking import tone


def test_it_hears_what_the_package_hears():
    hama = pytest.importorskip("hama")
    if not hama._engine.available():
        pytest.skip("the package has no program for this system")
    samples = tone(0.5) + 0.1 * np.random.default_rng(0).standard_normal(8000).astype(np.float32)
    theirs = hama.ASRModel().session.run(
        ["log_probs"], {"waveform": samples[None], "waveform_lengths": np.array([8000])}
    )
    ears = load_recogniser()
    heard = ears.probabilities(ears(torch.from_numpy(samples)[None]).encoded)
    expected = torch.from_numpy(theirs[0][0]).exp()
    torch.testing.assert_close(heard[0], expected, rtol=0, atol=2e-3)


def test_a_package_that_is_not_installed_is_told_in_a_sentence(monkeypatch):
    monkeypatch.setattr(recogniser, "find_spec", lambda name: None)
    with pytest.raises(CheckpointError, match="of the package hama is not installed"):
        installed_recogniser()


def test_another_file_is_told_in_a_sentence(tmp_path):
    other = tmp_path / "other.hama"
    other.write_bytes(b"something else")
    with pytest.raises(CheckpointError, match="is no weight file of hama"):
        read_recogniser(other)
    content = installed_recogniser().read_bytes()
    other.write_bytes(content.replace(b"onnx::Conv_801", b"onnx::Conv_901"))
    with pytest.raises(CheckpointError, match="holds another recogniser"):
        read_recogniser(other)
    other.write_bytes(content[: len(content) // 2])
    with pytest.raises(CheckpointError, match="damaged"):
        read_recogniser(other)
