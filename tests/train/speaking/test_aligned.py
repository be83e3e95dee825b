"""Recorded sentences with pocketsphinx's alignments."""

import json

import numpy as np
import pytest

from liveportrait_core.errors import MediaError
from train.data.speech_shards import encode_wave
from train.speaking.aligned import read_aligned


def sentence(folder, sounds, name="one"):
    row = [{"t": sound, "b": start_s, "d": length_s} for sound, start_s, length_s in sounds]
    table = {"b": 0, "d": 1, "t": "x", "w": [{"b": 0, "d": 1, "t": "x", "w": row}]}
    (folder / f"{name}.phone.json").write_text(json.dumps(table))
    (folder / f"{name}.wav").write_bytes(encode_wave(np.zeros(16_000, np.float32)))


def test_sounds_have_the_times_of_the_table(tmp_path):
    sentence(tmp_path, [("SIL", 0, 0.2), ("M", 0.2, 0.1), ("AH", 0.3, 0.05), ("AH", 0.35, 0.2)])
    (clip,) = read_aligned(tmp_path)
    assert [
        (phone.viseme, round(phone.start_s, 3), round(phone.end_s, 3)) for phone in clip.phones
    ] == [
        ("sil", 0, 0.2),
        ("PP", 0.2, 0.3),
        ("ax", 0.3, 0.35),  # a short AH is a schwa
        ("ah", 0.35, 0.55),
        ("sil", 0.55, 1.0),
    ]
    assert len(clip.shapes) == 50


def test_a_folder_without_alignments_or_with_a_damaged_one_is_refused(tmp_path):
    with pytest.raises(MediaError, match="holds no NAME"):
        read_aligned(tmp_path)
    sentence(tmp_path, [("M", 0, 0.1)])
    (tmp_path / "one.phone.json").write_text('{"w": [{"w": [{"t": "M"}]}]}')
    with pytest.raises(MediaError, match="damaged"):
        read_aligned(tmp_path)
    (tmp_path / "one.wav").unlink()
    with pytest.raises(MediaError, match=r"one\.wav"):
        read_aligned(tmp_path)
