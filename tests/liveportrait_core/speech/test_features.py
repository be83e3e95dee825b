"""Speech models that hear by an encoder of another make, and those that move keypoints."""

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from liveportrait_core.constants import COMPACT_SPACE, HUMAN_SPACE
from liveportrait_core.errors import MediaError, MotionSpaceError
from liveportrait_core.motion.reference import own_reference
from liveportrait_core.motion.speech_options import SpeechOptions
from liveportrait_core.networks.phonemes import SILENT_MEL, SoundFeatures
from liveportrait_core.networks.speech import MotionBefore, Style
from liveportrait_core.speech.features import (
    feature_frames,
    heard_by_encoder,
    part_of_heard,
    read_features,
)
from liveportrait_core.speech.keypoint_outputs import (
    keypoint_outputs,
    moves_of_values,
    values_of_moves,
)
from liveportrait_core.speech.model import load_speech_model, save_speech_model
from liveportrait_core.speech.speaking import frames_of_speech, shapes_of_speech
from liveportrait_core.speech.stream import SpeechStream
from liveportrait_core.speech.talking import motion_of_speech
from tests.support.speaking import encoder_output, small_speech_model, tone

SAMPLES = torch.from_numpy(tone(0.5))
FRAMES = 25
CALM = SpeechOptions(life=0.0)


def listener(**form):
    return small_speech_model(features=6, styles=(), **form)


def mover(space, slow=3):
    outputs = (*keypoint_outputs(space), "pitch_deg", "yaw_deg", "roll_deg")
    return small_speech_model(mean=0.0, spread=0.02, outputs=outputs, slow=slow, space=space)


def test_frames_are_those_of_the_sound():
    output = encoder_output(SAMPLES.numpy())
    last, first = (feature_frames(output, len(SAMPLES), layer) for layer in (None, 0))
    assert last.shape == (FRAMES, 6)
    torch.testing.assert_close(last, output["encoded_audio"][0, :FRAMES])
    torch.testing.assert_close(first, output["encoded_audio_all_layers"][0][0, :FRAMES])
    shorter = {"encoded_audio": output["encoded_audio"][:, : FRAMES - 2]}  # as wav2vec2 gives
    held = feature_frames(shorter, len(SAMPLES))
    torch.testing.assert_close(held[-3:], last[FRAMES - 3 : FRAMES - 2].expand(3, -1))
    padded = {"encoded_audio": torch.arange(1500.0)[None, :, None]}  # as Whisper does
    assert feature_frames(padded, len(SAMPLES))[:, 0].tolist() == list(range(FRAMES))


@pytest.mark.parametrize(
    ("output", "layer", "said"),
    [
        (3, None, "of type int"),
        ({}, None, "no 'encoded_audio'"),
        ({"encoded_audio": torch.zeros(1, 25, 6)}, 2, "no layer 2"),
        ({"encoded_audio": torch.zeros(2, 25, 6)}, None, "of shape \\(2, 25, 6\\)"),
        ({"encoded_audio": torch.full((1, 25, 6), torch.nan)}, None, "no finite"),
        ({"encoded_audio": torch.zeros(1, 12, 6)}, None, "12 frames and the sound lasts 0.50 s"),
        ({"encoded_audio": torch.zeros(1, 50, 6)}, None, "25 are expected"),
    ],
)
def test_what_is_no_output_of_this_sound_is_refused(output, layer, said):
    with pytest.raises(MediaError, match=said):
        feature_frames(output, len(SAMPLES), layer)


def test_files_hold_what_an_encoder_gives(tmp_path):
    output = encoder_output(SAMPLES.numpy())
    torch.save(output, tmp_path / "a.pt")
    layers = torch.stack(output["encoded_audio_all_layers"])
    tensors = {"encoded_audio": output["encoded_audio"].contiguous()}
    save_file(tensors | {"encoded_audio_all_layers": layers}, tmp_path / "a.safetensors")
    for name in ("a.pt", "a.safetensors"):
        read = feature_frames(read_features(tmp_path / name), len(SAMPLES), 0)
        torch.testing.assert_close(read, layers[0, 0, :FRAMES])
    torch.save([1], tmp_path / "b.pt")
    (tmp_path / "c.pt").write_bytes(b"no file of torch")
    for name in ("b.pt", "c.pt", "none.pt"):
        with pytest.raises(MediaError):
            read_features(tmp_path / name)


def test_outside_of_a_sound_nothing_is_heard():
    heard = heard_by_encoder(torch.ones(FRAMES, 6), SAMPLES)
    assert heard.mel.shape == (1, FRAMES, 80)
    part = part_of_heard(heard, -2, 32)
    assert part.encoded[0, :, 0].tolist() == [0.0] * 2 + [1.0] * FRAMES + [0.0] * 5
    assert (part.mel[0, [0, 1, -1]] == SILENT_MEL).all()
    torch.testing.assert_close(part.mel[:, 2:27], heard.mel)


def test_a_window_sees_what_was_heard_around_it():
    model, output = listener(), encoder_output(SAMPLES.numpy())
    frames = frames_of_speech(SAMPLES, CALM, fps=50, model=model, encoder_output=output)
    heard = heard_by_encoder(feature_frames(output, len(SAMPLES)), SAMPLES)
    alone = model.network(
        part_of_heard(heard, -16, 32),
        MotionBefore(values=torch.zeros(1, 16, 6), known=torch.zeros(1)),
        Style(values=torch.zeros(1, 0), known=torch.zeros(1)),
    )
    torch.testing.assert_close(frames.values[:8], alone.values[0, :8])
    assert len(frames.values) == FRAMES
    assert frames.values.std(0).max() > 1e-3


def test_large_channels_of_an_encoder_do_not_drown_the_others():
    model, output = listener(), encoder_output(SAMPLES.numpy())
    louder = {"encoded_audio": output["encoded_audio"] * 1000}
    one, two = (
        shapes_of_speech(SAMPLES, model=model, encoder_output=each).weights
        for each in (output, louder)
    )
    torch.testing.assert_close(one, two, rtol=0, atol=2e-3)


def test_a_model_says_what_it_hears_by(tmp_path):
    save_speech_model(listener(), tmp_path / "own.safetensors", metadata={})
    model = load_speech_model(tmp_path / "own.safetensors")
    assert model.recogniser is None
    output = encoder_output(SAMPLES.numpy())
    for given, said in (
        (None, "trained with features of another encoder, 6 channels"),
        (encoder_output(SAMPLES.numpy(), channels=8), "has 8 channels; the speech model"),
    ):
        with pytest.raises(MediaError, match=said):
            shapes_of_speech(SAMPLES, model=model, encoder_output=given)
    with pytest.raises(MediaError, match="hears the sound itself"):
        shapes_of_speech(SAMPLES, model=small_speech_model(), encoder_output=output)
    with pytest.raises(ValueError, match="hears by another encoder"):
        SpeechStream(model)


@pytest.mark.parametrize("space", [COMPACT_SPACE, HUMAN_SPACE])
def test_values_of_keypoints_are_where_they_were(space):
    moved = torch.randn(4, 21, 3)
    names = keypoint_outputs(space)
    values = values_of_moves(moved, names)
    back = moves_of_values(values, names)
    assert values.shape == (4, len(names))
    torch.testing.assert_close(values_of_moves(back, names), values)
    still = (back == 0).all(0).all(-1)
    torch.testing.assert_close(back[:, ~still], moved[:, ~still])
    assert still.sum() * 3 == 63 - len(names)  # the eyes'


@pytest.mark.parametrize("space", [COMPACT_SPACE, HUMAN_SPACE])
def test_a_model_of_keypoints_moves_these(space):
    model = mover(space)
    motion = motion_of_speech(SAMPLES, space, CALM, fps=50, model=model)
    frames = frames_of_speech(SAMPLES, CALM, fps=50, model=model)
    assert motion.space == space
    assert motion.parts == {"lip", "brows", "rest"}
    assert motion.absent == {"scale", "translation"}
    assert motion.from_shut_lips
    torch.testing.assert_close(motion.pose_deg, frames.values[:, -3:])
    moved = motion.expression - own_reference(motion).expression
    if space == COMPACT_SPACE:
        moved = moved @ motion.rotation.mT
    names = keypoint_outputs(space)
    made = values_of_moves(moved, names)
    torch.testing.assert_close(made, frames.values[:, :-3], rtol=0, atol=1e-5)
    louder = SpeechOptions(life=0.0, amount=2.0)
    twice = motion_of_speech(SAMPLES, space, louder, fps=50, model=model)
    grown = (twice.expression - own_reference(twice).expression).norm()
    assert 1.3 < grown / (motion.expression - own_reference(motion).expression).norm() <= 2.0
    alive = motion_of_speech(SAMPLES, space, fps=50, model=model)
    assert alive.parts == {"lip", "brows", "rest", "eyes"}


def test_a_model_of_keypoints_serves_its_space_alone():
    with pytest.raises(MotionSpaceError, match="gives motion of the keypoint space"):
        motion_of_speech(SAMPLES, HUMAN_SPACE, model=mover(COMPACT_SPACE))
    with pytest.raises(MotionSpaceError, match="Call motion_of_speech"):
        shapes_of_speech(SAMPLES, model=mover(COMPACT_SPACE))


def test_features_of_one_sample_are_heard():
    output = {"encoded_audio": torch.ones(1, 1, 6)}
    one = frames_of_speech(torch.zeros(1), CALM, fps=50, model=listener(), encoder_output=output)
    assert len(one.values) == 1
    assert np.isfinite(one.values.numpy()).all()
    assert isinstance(heard_by_encoder(torch.ones(1, 6), torch.zeros(1)), SoundFeatures)
