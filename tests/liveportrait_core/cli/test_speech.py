"""A sound as the driver, and as a motion file."""

from fractions import Fraction

import numpy as np
import pytest
import torch

from liveportrait_core.constants import COMPACT_SPACE, HUMAN_SPACE
from liveportrait_core.media.audio import has_audio, read_audio
from liveportrait_core.media.motion_file import load_motion
from liveportrait_core.media.video import VideoReader
from liveportrait_core.speech import talking
from liveportrait_core.speech.model import save_speech_model
from tests.liveportrait_core.cli.conftest import write_clip
from tests.support.joyvasa import write_joyvasa
from tests.support.speaking import encoder_output, save_sound, small_speech_model, tone

pytestmark = pytest.mark.usefixtures("_square_faces", "_small_speech")


@pytest.fixture
def _small_speech(monkeypatch):
    model = small_speech_model()
    monkeypatch.setattr(talking, "load_speech_model", lambda: model)


def test_a_portrait_speaks_and_the_video_has_the_sound(animate, files, out, monkeypatch):
    sound = save_sound(files / "speech.wav", tone(0.2, rate=44100), 44100)
    monkeypatch.chdir(out)
    ran = animate(files / "portrait.png", sound)
    assert (ran.code, ran.err) == (0, "")
    made = VideoReader(out / "portrait--speech.mp4")
    assert (made.fps, len(list(made))) == (25, 5)
    assert read_audio(made.path).samples.std() > 0.1


def test_the_video_can_be_silent_and_a_source_video_keeps_its_rate(animate, files, out):
    sound = save_sound(files / "speech.wav", tone(0.5))
    write_clip(files / "film.mp4", 4, Fraction(10))
    ran = animate(files / "film.mp4", sound, "--audio", "none", "-o", out / "made.mp4")
    assert (ran.code, ran.err) == (0, "")
    made = VideoReader(out / "made.mp4")
    assert (made.fps, len(list(made))) == (10, 4)
    assert not has_audio(made.path)


def test_a_part_of_a_sound_speaks(animate, files, out):
    sound = save_sound(files / "speech.wav", tone(1.0))
    where = ("--driving-start", "-0.4", "--driving-duration", "0.2")
    ran = animate(files / "portrait.png", sound, *where, "-o", out / "made.mp4")
    assert ran.code == 0
    assert len(list(VideoReader(out / "made.mp4"))) == 5
    ran = animate(files / "portrait.png", sound, "--driving-start", "2", "-o", out / "made.mp4")
    assert ran.code == 2
    assert "the part of the sound is empty; it lasts 1 s." in ran.err


@pytest.mark.parametrize(
    ("samples", "rate"),
    [(np.zeros(1600), 8000), (np.zeros((9600, 2)), 96000), (np.zeros(100), 16000)],
)
def test_silence_of_any_kind_speaks(liveportrait, files, out, samples, rate):
    sound = save_sound(files / "quiet.wav", samples, rate)
    path = out / "quiet.safetensors"
    ran = liveportrait("motion", "speech", sound, "-o", path, "--fps", 50)
    assert (ran.code, ran.err) == (0, "")
    motion = load_motion(path)
    assert len(motion) == -(-len(samples) * 50 // rate)
    assert (motion.space, motion.fps) == (COMPACT_SPACE, 50)


def test_amount_and_life_are_asked_for(liveportrait, files, out):
    sound = save_sound(files / "speech.wav", tone(0.4))

    def made(*more):
        assert liveportrait("motion", "speech", sound, "-o", out / "m.safetensors", *more).code == 0
        return load_motion(out / "m.safetensors")

    still, calm, other = made("--life", 0), made("--seed", 1), made("--seed", 2)
    assert still.absent == {"scale", "translation"}
    assert still.parts == {"lip", "brows"}
    assert not calm.absent
    assert still.from_shut_lips
    assert calm.from_shut_lips
    assert (calm.expression - other.expression).abs().max() > 1e-3
    shut = made("--life", 0, "--amount", 0)
    assert shut.expression.std(0).max() < still.expression.std(0).max()


def test_a_model_by_features_takes_what_its_encoder_heard(liveportrait, files, out):
    sound = save_sound(files / "speech.wav", tone(0.4))
    save_speech_model(small_speech_model(features=6), files / "by.safetensors", metadata={})
    torch.save(encoder_output(tone(0.4)), files / "heard.pt")
    asked = ("motion", "speech", sound, "-o", out / "m.safetensors", "--weights")
    asked += (files / "by.safetensors",)
    ran = liveportrait(*asked)
    assert ran.code == 2
    assert "trained with features of another encoder" in ran.err
    assert liveportrait(*asked, "--features", files / "heard.pt").code == 0
    assert len(load_motion(out / "m.safetensors")) == 10


def test_what_cannot_be_heard_is_told_in_a_sentence(liveportrait, files, out):
    empty = save_sound(files / "empty.wav", np.zeros(0))
    for path, text in (
        (empty, "cannot be decoded"),
        (files / "portrait.png", "has no sound"),
        (files / "missing.wav", "missing.wav"),
    ):
        ran = liveportrait("motion", "speech", path, "-o", out / "m.safetensors")
        assert ran.code == 2
        assert text in ran.err
        assert not list(out.iterdir())


def test_the_weights_of_joyvasa_speak_as_one_file(liveportrait, files, out):
    generator = write_joyvasa(out)
    ran = liveportrait(
        "models", "joyvasa", generator, out / "joy.safetensors", "--positions", "old"
    )
    assert (ran.code, ran.err) == (0, "")
    assert "width 16, windows of 10 frames after 5, 4 steps, old position code" in ran.out
    sound = save_sound(files / "speech.wav", tone(0.5))
    speak = ("motion", "speech", sound, "-o", out / "said.safetensors", "--weights")
    ran = liveportrait(*speak, out / "joy.safetensors", "--space", HUMAN_SPACE)
    assert (ran.code, ran.err) == (0, "")
    said = load_motion(out / "said.safetensors")
    assert (len(said), said.space, said.absolute) == (13, HUMAN_SPACE, {"lip"})
    for weights, message in (
        (out / "joy.safetensors", "gives motion of the keypoint space"),
        (generator, "liveportrait models joyvasa"),
    ):
        ran = liveportrait(*speak, weights)
        assert ran.code == 2
        assert message in ran.err


def test_missing_files_of_joyvasa_are_told_with_their_option(liveportrait, out):
    for option, lacking in (("--template", "constants"), ("--encoder", "encoder")):
        generator = write_joyvasa(out / option[2:], **{lacking: False})
        ran = liveportrait("models", "joyvasa", generator, out / "joy.safetensors")
        assert ran.code == 2
        assert option in ran.err
        assert not (out / "joy.safetensors").exists()
