"""Sets of synthetic speech: bits by the seed, sounds that cover the sound, resumed and refused."""

import ctypes.util
import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch

from liveportrait_core.config.spec import OptionError
from liveportrait_core.config.tables import option_table
from liveportrait_core.errors import MediaError
from liveportrait_core.speech.lip_gap import LipGap
from train.data.speech_set import SpeechSet
from train.data.speech_shards import decode_wave, encode_wave
from train.speaking import synthesizers
from train.speaking.clips import face_of, make_clip, with_effort
from train.speaking.dataset import write_speech
from train.speaking.lexicon import SYLLABLES, WORDS
from train.speaking.options import SpeechConfig
from train.speaking.sentences import draw_text
from train.speaking.synthesizers import SynthesizerError, speak
from train.speaking.voices import ESPEAK_BASES, LANGUAGES, EspeakVoice, FliteVoice, draw_voice
from train.speech import main

needs_espeak = pytest.mark.skipif(
    ctypes.util.find_library("espeak-ng") is None, reason="needs espeak-ng (apt-get install it)"
)
needs_flite = pytest.mark.skipif(
    shutil.which("flite") is None, reason="needs flite (apt-get install flite)"
)


def config(folder, **options):
    given = {"clips": 3, "synthesizer": "espeak", "still": 0.0, "shard_size": 2, "seed": 5}
    return SpeechConfig(folder=folder, **given | options)


def test_effort_changes_levels_and_no_times():
    tone = np.sin(np.arange(64_000) * 0.3, dtype=np.float32)
    spoken = with_effort(tone, np.random.default_rng(0))
    gain_db = 20 * np.log10(np.abs(spoken).reshape(200, -1).max(1))
    assert 2 < gain_db.std() < 8  # knots of 5 dB, interpolated
    assert np.abs(np.diff(gain_db)).max() < 1.5  # in 20 ms: no jumps
    assert np.array_equal(np.sign(spoken), np.sign(tone))


@needs_espeak
def test_a_set_is_read_as_it_was_made_and_resumed_with_the_same_bits(tmp_path):
    assert write_speech(config(tmp_path / "set", languages="en,fr")) == (3, 3)
    whole = {file.name: file.read_bytes() for file in (tmp_path / "set").iterdir()}
    clips = SpeechSet([tmp_path / "set"])
    assert len(clips) == 3
    made = make_clip(config(tmp_path, languages="en,fr"), 1)
    read = clips[1]
    assert (read.voice, read.language, read.style) == (made.voice, made.language, made.style)
    assert [phone.viseme for phone in read.phones] == [phone.viseme for phone in made.phones]
    np.testing.assert_allclose(read.waveform, made.waveform, atol=1 / 32767)
    torch.testing.assert_close(read.shapes.weights, made.shapes.weights, rtol=1e-3, atol=1e-4)
    torch.testing.assert_close(read.shapes.head_deg, made.shapes.head_deg)

    (tmp_path / "set" / "speech-00001.tar").unlink()
    assert write_speech(config(tmp_path / "set", languages="en,fr")) == (1, 3)
    assert {file.name: file.read_bytes() for file in (tmp_path / "set").iterdir()} == whole


@needs_espeak
@pytest.mark.parametrize("seed", range(2))
def test_phones_cover_the_sound_and_lips_meet_in_all_p_b_m(tmp_path, seed):
    clip = make_clip(config(tmp_path, seed=seed), 0)
    seconds = len(clip.waveform) / 16_000
    assert clip.phones[0].start_s == 0
    assert clip.phones[-1].end_s == pytest.approx(seconds)
    for before, after in zip(clip.phones, clip.phones[1:], strict=False):
        assert before.end_s == pytest.approx(after.start_s)
    assert len(clip.shapes) == -(-len(clip.waveform) // 320)
    gap = LipGap().gap_cm(clip.shapes.weights)
    assert gap.min() > -1e-5
    shut = [phone for phone in clip.phones if phone.viseme == "PP"]
    assert shut
    for phone in shut:
        assert gap[int(phone.start_s * 50) : int(phone.end_s * 50) + 2].min() < 1e-5


@needs_espeak
def test_every_language_is_spoken():
    random = np.random.default_rng(0)
    for language in LANGUAGES:
        voice = draw_voice(language, "training", "espeak", random)
        said = speak(voice, draw_text(language, 1, random, babble=True))
        assert len({phone.viseme for phone in said.phones}) > 2, (voice, said.phones)


@needs_flite
def test_flite_speaks_the_sounds_of_its_text():
    said = speak(FliteVoice("kal16", 1.0, 0.0), "maybe")
    spoken = [phone.viseme for phone in said.phones if phone.viseme != "sil"]
    assert spoken == ["PP", "EH", "ih", "PP", "iy"]


@needs_espeak
def test_a_voice_that_is_not_installed_is_named():
    with pytest.raises(SynthesizerError, match="espeak xx/nobody"):
        speak(EspeakVoice("xx/nobody", 170, 50, 50), "hello")


def test_synthesizers_that_are_missing_are_named(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(synthesizers.ctypes.util, "find_library", lambda name: None)
    assert main([str(tmp_path / "set"), "--clips", "1"]) == 2
    assert "apt-get install espeak-ng" in capsys.readouterr().err
    monkeypatch.setattr(synthesizers.shutil, "which", lambda name: None)
    assert main([str(tmp_path / "set"), "--clips", "1", "--synthesizer", "flite"]) == 2
    assert "apt-get install flite" in capsys.readouterr().err
    assert not (tmp_path / "set").exists()


def test_a_text_that_crashes_the_synthesizer_is_replaced(tmp_path, monkeypatch):
    said = []

    def crash(voice, text):
        said.append(text)
        if len(said) < 3:
            raise SynthesizerError(f"{voice} failed (code -11).")
        return synthesizers.Utterance(np.zeros(16_000, np.float32), ())

    monkeypatch.setattr("train.speaking.clips.speak", crash)
    assert len(make_clip(config(tmp_path), 0).waveform) > 16_000
    assert len(set(said)) == 3
    said.clear()
    monkeypatch.setattr("train.speaking.clips.TRIES", 2)
    with pytest.raises(SynthesizerError, match="code -11"):
        make_clip(config(tmp_path), 0)


def test_clips_in_which_nobody_speaks_have_still_faces(tmp_path):
    names = set()
    for number in range(16):
        clip = make_clip(config(tmp_path, still=1.0), number)
        names.add(clip.voice)
        assert clip.shapes.weights.abs().max() == 0
        assert [phone.viseme for phone in clip.phones] == ["sil"]
        assert len(clip.shapes) == -(-len(clip.waveform) // 320)
    assert names == {"silence", "noise", "music"}


def test_other_settings_and_other_folders_are_refused(tmp_path):
    still = {"clips": 2, "still": 1.0}
    folder = tmp_path / "set"
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "index.json").write_text("{}")
    if ctypes.util.find_library("espeak-ng") is None:
        pytest.skip("needs espeak-ng")
    write_speech(config(folder, **still))
    with pytest.raises(MediaError, match="has seed 5, and this command asks for 6"):
        write_speech(config(folder, **still, seed=6))
    with pytest.raises(MediaError, match="of something else"):
        write_speech(config(tmp_path / "other", **still))
    (folder / "speech-00000.tar").write_bytes(b"")
    with pytest.raises(MediaError, match="Copy it again"):
        SpeechSet([folder])
    with pytest.raises(MediaError, match=r"train\.speech"):
        SpeechSet([tmp_path / "other"])


@pytest.mark.parametrize(
    "options",
    [{"languages": "en,xx"}, {"languages": ""}, {"synthesizer": "flite", "languages": "de"}],
)
def test_options_that_cannot_be_are_refused(tmp_path, options):
    with pytest.raises(OptionError, match="expected"):
        config(tmp_path, **options)


def test_every_language_has_voices_words_and_syllables():
    assert set(ESPEAK_BASES) == set(SYLLABLES) == {"en", *WORDS}
    assert all(len(words) > 50 for words in WORDS.values())


def test_sentences_come_from_the_seed():
    first = [draw_text("de", 2, np.random.default_rng(k), babble=True) for k in (1, 1, 2)]
    assert first[0] == first[1] != first[2]
    assert "[[" not in draw_text("en", 20, np.random.default_rng(0), babble=False)


def test_wave_files_of_another_kind_are_refused():
    sound = np.linspace(-1, 1, 100, dtype=np.float32)
    data = encode_wave(sound)
    np.testing.assert_allclose(decode_wave(data, "x"), sound, atol=1 / 32767)
    with pytest.raises(MediaError, match="The sound x is damaged"):
        decode_wave(data[:20], "The sound x")
    stereo = data[:22] + b"\x02\x00" + data[24:]
    with pytest.raises(MediaError, match="2 channels"):
        decode_wave(stereo, "The sound x")


def test_a_face_has_as_many_frames_as_its_sound():
    for samples in (0, 1, 320, 321):
        assert len(face_of(np.zeros(samples, np.float32), ())) == -(-samples // 320)


def test_index_says_how_long_a_set_is(tmp_path):
    if ctypes.util.find_library("espeak-ng") is None:
        pytest.skip("needs espeak-ng")
    write_speech(config(tmp_path / "set", clips=2, still=1.0))
    index = json.loads((tmp_path / "set" / "index.json").read_text())
    clips = SpeechSet([tmp_path / "set"])
    assert index["seconds"] == pytest.approx(
        sum(len(clip.waveform) for clip in clips) / 16_000, abs=1e-3
    )


def test_the_documents_list_every_option():
    text = Path("docs/training.md").read_text(encoding="ascii")
    assert option_table(SpeechConfig, flags=True) in text
