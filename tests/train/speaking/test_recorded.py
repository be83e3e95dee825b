"""Talking clips of people become speech."""

import json

import numpy as np
import pytest
import torch

from liveportrait_core.constants import COMPACT_SPACE
from liveportrait_core.errors import MediaError
from liveportrait_core.model import load_model
from liveportrait_core.motion.blendshapes import Blendshapes
from tests.support.videos import write_video
from tests.train.curation.people import walk
from tests.train.curation.running import curated
from tests.train.curation.test_sound import clicks, film
from train.data.speech_set import SpeechSet
from train.speaking.dataset import write_speech
from train.speaking.options import SpeechConfig
from train.speaking.recorded import RecordedSpeech, _at_curve_rate


def test_a_clip_with_sound_is_speech_in_time_with_its_frames(tmp_path):
    films = tmp_path / "films"
    films.mkdir()
    film(films / "talk.mkv", walk(45), clicks(1.8))
    write_video(films / "mute.mp4", walk(45))
    curated(films, tmp_path / "clips")
    recorded = RecordedSpeech(str(tmp_path / "clips"), load_model())
    assert len(recorded) == 1
    config = SpeechConfig(folder=tmp_path / "set", recorded=str(tmp_path / "clips"))
    assert write_speech(config) == (1, 1)
    (clip,) = SpeechSet([tmp_path / "set"])
    np.testing.assert_allclose(clip.waveform, recorded.clips[0].sound(), atol=1e-4)
    assert len(clip.shapes) == -(-len(clip.waveform) // 320)
    assert clip.shapes.head_deg is not None
    assert clip.moves is not None
    assert clip.moves.space == COMPACT_SPACE
    assert clip.moves.moved.shape == (len(clip.shapes), 21, 3)
    assert len(clip.moves.lip_open) == len(clip.shapes)
    assert clip.moves.moved.norm(dim=-1).mean(1).min() < 5e-3  # near neutral at some time
    assert "talk.mkv" in clip.voice
    assert json.loads((tmp_path / "set" / "index.json").read_text())["clips"] == 1


def test_shapes_are_linear_between_frames_and_the_head_is_measured_from_where_it_mostly_is():
    weights = torch.zeros(3, 52)
    weights[:, 17] = torch.tensor([0.0, 0.4, 0.2])  # jawOpen
    head = torch.tensor([[1.0, 5.0, 0.0], [1.0, 6.0, 0.0], [1.0, 7.0, 0.0]])
    times_s = np.array([0.0, 0.04, 0.08], np.float32)
    made = _at_curve_rate(Blendshapes(weights=weights, head_deg=head), times_s, 5)
    expected = torch.tensor([0.0, 0.2, 0.4, 0.3, 0.2])
    torch.testing.assert_close(made.shape("jawOpen"), expected, rtol=0, atol=1e-5)
    expected = torch.tensor([-1.0, -0.5, 0.0, 0.5, 1.0])
    torch.testing.assert_close(made.head_deg[:, 1], expected, rtol=0, atol=1e-5)


def test_folders_without_sound_are_refused(tmp_path):
    films = tmp_path / "films"
    films.mkdir()
    write_video(films / "mute.mp4", walk(45))
    curated(films, tmp_path / "clips")
    with pytest.raises(MediaError, match="1 clips, and none with sound"):
        RecordedSpeech(str(tmp_path / "clips"), load_model())
