"""JoyVASA's own weights, against numbers of its public code."""

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
import torch

from liveportrait_core.constants import COMPACT_SPACE, HUMAN_SPACE
from liveportrait_core.errors import CheckpointError, MediaError, MotionSpaceError
from liveportrait_core.motion.speech_options import SpeechOptions
from liveportrait_core.networks import joyvasa as network
from liveportrait_core.speech.joyvasa import rows_of_joyvasa
from liveportrait_core.speech.joyvasa_file import load_joyvasa, load_speaker, save_joyvasa
from liveportrait_core.speech.joyvasa_import import read_joyvasa
from liveportrait_core.speech.talking import motion_of_speech
from tests.support.joyvasa import Draws, generator_state, sound, template, write_joyvasa

GOLDEN = Path(__file__).parents[2] / "goldens" / "joyvasa.npz"


@pytest.fixture(scope="module")
def generator(tmp_path_factory):
    return write_joyvasa(tmp_path_factory.mktemp("weights"))


@pytest.mark.parametrize("positions", ["new", "old"])
def test_numbers_are_those_of_the_public_code(generator, monkeypatch, positions):
    model = read_joyvasa(generator, positions=positions)
    monkeypatch.setattr(torch, "randn", Draws())
    with torch.no_grad():
        rows = rows_of_joyvasa(sound(), model, torch.Generator())
    expected = np.load(GOLDEN)[positions]
    assert rows.shape == (13_000 // 640 + 3, 70)
    np.testing.assert_allclose(rows.numpy(), expected, atol=5e-5)  # of torch 2.4: 3e-5


def test_an_encoder_inside_the_generator_goes_before_one_beside_it(generator, tmp_path):
    inside = read_joyvasa(write_joyvasa(tmp_path, inside=True, encoder=False)).network
    beside = read_joyvasa(generator).network.state_dict()
    for key, value in inside.state_dict().items():
        torch.testing.assert_close(value, beside[key], rtol=0, atol=0)


def test_one_file_of_ours_gives_the_same_motion(generator, tmp_path):
    made = read_joyvasa(generator, positions="old")
    save_joyvasa(made, tmp_path / "joy.safetensors")
    load_joyvasa.cache_clear()
    again = load_speaker(tmp_path / "joy.safetensors")
    assert again.network.form == made.network.form
    motions = [motion_of_speech(sound(), HUMAN_SPACE, model=model) for model in (made, again)]
    assert torch.equal(motions[0].expression, motions[1].expression)


def test_motion_is_of_the_published_space_in_the_units_of_its_template(generator):
    model = read_joyvasa(generator)
    options = SpeechOptions(seed=3)
    motion = motion_of_speech(sound(), HUMAN_SPACE, options, model=model)
    random = torch.Generator().manual_seed(3)
    with torch.no_grad():
        rows = rows_of_joyvasa(sound(), model, random)[:21]
    assert (motion.space, motion.producer, motion.absolute) == (HUMAN_SPACE, "JoyVASA", {"lip"})
    assert (len(motion), motion.fps) == (21, 25)
    expected = rows[:, :63] * 0.02 + 0.01
    torch.testing.assert_close(motion.expression.flatten(1), expected)
    torch.testing.assert_close(motion.scale, rows[:, 63:64] * 0.1 + 1.5)
    torch.testing.assert_close(motion.translation, rows[:, 64:67] * 0.2 - 0.1)


def test_another_frame_rate_lasts_as_long(generator):
    model = read_joyvasa(generator)
    assert len(motion_of_speech(sound(16_000), HUMAN_SPACE, fps=Fraction(30), model=model)) == 30
    assert len(motion_of_speech(sound(40), HUMAN_SPACE, model=model)) == 1


def test_seed_and_guidance_count(generator):
    model = read_joyvasa(generator)
    usual, other, unguided = (
        motion_of_speech(sound(3200), HUMAN_SPACE, options, model=model).expression
        for options in (SpeechOptions(), SpeechOptions(seed=1), SpeechOptions(guidance=0))
    )
    assert not torch.allclose(usual, other, atol=1e-4)
    assert not torch.allclose(usual, unguided, atol=1e-4)
    louder = motion_of_speech(3 * sound(3200), HUMAN_SPACE, SpeechOptions(guidance=0), model=model)
    torch.testing.assert_close(louder.expression, unguided)  # without sound


def test_a_step_back_is_the_posterior_of_one_noising_step():
    """q(x_(t-1) | x_t, x_0), from Bayes' rule with the product of two normal densities."""
    betas = torch.tensor([0.1, 0.2, 0.4], dtype=torch.float64)
    noisy, clean = torch.tensor([0.7, -1.2]).double(), torch.tensor([0.3, 0.5]).double()
    kept = (1 - betas).cumprod(0)
    precision = 1 / (1 - kept[1]) + (1 - betas[2]) / betas[2]
    mean = kept[1].sqrt() * clean / (1 - kept[1]) + (1 - betas[2]).sqrt() * noisy / betas[2]
    expected = mean / precision + precision.rsqrt()
    ones = torch.ones_like(noisy)
    torch.testing.assert_close(network.step_back(noisy, clean, ones, betas, 3), expected)
    torch.testing.assert_close(network.step_back(noisy, clean, 0 * ones, betas, 1), clean)


def test_another_keypoint_space_and_an_encoder_output_are_refused(generator):
    model = read_joyvasa(generator)
    with pytest.raises(MotionSpaceError, match=r"'liveportrait-human-21'.*is wanted"):
        motion_of_speech(sound(), COMPACT_SPACE, model=model)
    with pytest.raises(MediaError, match="hears the sound itself"):
        motion_of_speech(sound(), HUMAN_SPACE, model=model, encoder_output={})


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({"constants": False}, r"motion_template.pkl does not exist"),
        ({"encoder": False}, r"chinese-hubert-base beside .* holds no model.safetensors or"),
        ({"fps": 30}, r"trained for 30 frames a second"),
        ({"state": {}}, r"other tensors than JoyVASA's motion generator"),
        ({"state": generator_state() | {"more": torch.zeros(1)}}, r"Unexpected key.*more"),
        ({"state": generator_state() | {"start_motion_feat": torch.zeros(1, 5, 9)}}, r"of 9 val"),
        ({"more": slice(1)}, r"asks for __builtin__.slice"),
    ],
)
def test_incomplete_and_other_files_are_refused(tmp_path, files, message):
    with pytest.raises((CheckpointError, MediaError), match=message):
        read_joyvasa(write_joyvasa(tmp_path, **files))


def test_a_file_of_another_program_is_refused(tmp_path, generator):
    other = tmp_path / "other.pt"
    torch.save({"weight": torch.zeros(2)}, other)
    with pytest.raises(CheckpointError, match="holds no 'model' with its 'args'"):
        read_joyvasa(other)
    other.write_bytes(b"<html>")
    with pytest.raises(MediaError, match=r"no file of torch that can be read"):
        read_joyvasa(other)
    with pytest.raises(CheckpointError, match="does not exist"):
        read_joyvasa(tmp_path / "gone.pt")
    with pytest.raises(CheckpointError, match="liveportrait models joyvasa"):
        load_speaker(generator)
    lacking = tmp_path / "motion_template.npz"
    np.savez(lacking, **{key: value for key, value in template().items() if key != "max_yaw"})
    with pytest.raises(CheckpointError, match="lacks max_yaw"):
        read_joyvasa(generator, template=lacking)
