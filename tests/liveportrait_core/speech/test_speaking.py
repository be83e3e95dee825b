"""From the outputs of a speech model to shapes at a frame rate."""

from fractions import Fraction

import pytest
import torch

from liveportrait_core.motion.speech_options import SpeechOptions
from liveportrait_core.networks.speech import SpeechForm
from liveportrait_core.speech.lip_gap import LipGap
from liveportrait_core.speech.sound import read_speech, speech_file
from liveportrait_core.speech.speaking import retimed, shapes_of_frames, shapes_of_speech
from liveportrait_core.speech.stream import SpokenFrames
from tests.support.speaking import OUTPUTS, encoder_output, save_sound, small_speech_model, tone

FORM = SpeechForm(outputs=OUTPUTS, slow=3)


def frames_of(jaw, closure, brow=0.0, pitch=0.0):
    values = torch.zeros(len(jaw), len(OUTPUTS))
    values[:, 0], values[:, 2], values[:, 3] = torch.tensor(jaw), brow, pitch
    return SpokenFrames(values=values, closure=torch.tensor(closure))


def test_lips_are_as_shut_as_the_model_says_and_never_cross():
    shapes = shapes_of_frames(frames_of([0.4, 0.4, 0.4], [0.0, 0.5, 1.0]), FORM)
    gap = LipGap().gap_cm(shapes.weights)
    # .081 cm at rest and 2.891 cm for a whole jaw
    torch.testing.assert_close(gap, (0.081 + 0.4 * 2.891) * torch.tensor([1.0, 0.5, 0.0]))
    assert shapes.known == {"jawOpen", "mouthPucker", "browInnerUp", "mouthClose"}


def test_the_amount_opens_the_mouth_but_not_a_shut_one_and_leaves_the_brows():
    frames = frames_of([0.2, 0.2], [0.0, 1.0], brow=0.3, pitch=2.0)
    shapes = shapes_of_frames(frames, FORM, amount=1.5)
    assert shapes.shape("jawOpen").tolist() == pytest.approx([0.3, 0.3])
    assert LipGap().gap_cm(shapes.weights)[1] == pytest.approx(0, abs=1e-6)
    assert shapes.shape("browInnerUp").tolist() == pytest.approx([0.3, 0.3])
    assert shapes.head_deg.tolist() == [[2.0, 0.0, 0.0]] * 2


def test_a_short_closure_between_two_frames_of_a_video_is_seen():
    closure = [0.0] * 20
    closure[7] = 1.0  # at .14 s, between .12 and .16 s
    slow = retimed(frames_of([0.1] * 20, closure), Fraction(25), 10)
    assert slow.closure.max() > 0.75
    assert slow.values[:, 0].tolist() == pytest.approx([0.1] * 10)


def test_values_at_another_rate_lie_on_the_line_between_two_frames():
    slow = retimed(frames_of([0.0, 0.1, 0.2, 0.3, 0.4], [0.0] * 5), Fraction(40), 4)
    assert slow.values[:, 0].tolist() == pytest.approx([0.0, 0.125, 0.25, 0.375])


@pytest.mark.parametrize(
    ("samples", "fps", "count"), [(16000, 25, 25), (16001, 25, 26), (1, 25, 1), (8000, 60, 30)]
)
def test_there_are_as_many_frames_as_begin_in_the_sound(samples, fps, count):
    shapes = shapes_of_speech(torch.zeros(samples), fps=Fraction(fps), model=small_speech_model())
    assert len(shapes) == count
    assert shapes.fps == fps


def test_progress_is_told_in_samples():
    told = []
    shapes_of_speech(
        torch.from_numpy(tone(0.3)),
        SpeechOptions(),
        model=small_speech_model(),
        progress=lambda done, of: told.append((done, of)),
    )
    assert told == [(4800, 4800)]


@pytest.mark.parametrize("features", [0, 6])
def test_a_file_says_what_its_samples_say(tmp_path, features):
    path = save_sound(tmp_path / "speech.wav", tone(11.3))
    samples, model = read_speech(path), small_speech_model(features=features)
    heard = encoder_output(samples.numpy()) if features else None
    held = shapes_of_speech(samples, model=model, encoder_output=heard)
    told = []
    in_pieces = shapes_of_speech(
        speech_file(path), model=model, encoder_output=heard, progress=lambda *now: told.append(now)
    )
    assert torch.equal(in_pieces.weights, held.weights)
    assert torch.equal(in_pieces.head_deg, held.head_deg)
    assert features or told == [(160_000, len(samples)), (len(samples), len(samples))]
