"""Training of speech to motion, and the losses of its windows."""

import math
from dataclasses import replace

import numpy as np
import pytest
import torch

from liveportrait_core.networks.speech import SpeechWindow
from liveportrait_core.speech.lip_gap import LipGap
from liveportrait_core.speech.model import load_speech_model
from liveportrait_core.speech.recogniser import load_recogniser
from tests.support.killing import cut_off_and_resumed, losses_of
from tests.support.speaking import made_clip
from train import audio2motion
from train.data import speech_rows
from train.data.heard_speech import hear
from train.data.speech_batch import STARTS, SpeechBatches
from train.data.speech_rows import ClipRows, face_track, levelled
from train.engine.draw import Draw
from train.losses.speech_terms import SpeechStepLosses, TrueWindow, gap_loss, velocity_loss
from train.tasks import audio2motion as task
from train.tasks.audio2motion import still_sound
from train.tasks.speech_form import HEAD_ANGLES, SPOKEN_SHAPES

QUICK = ["data=made", "batch=2", "width=16", "layers=1", "steps=3"]
QUICK += ["log_every=1", "save_every=1", "bfloat16=false", "warmup_steps=0", "workers=0"]
OUTPUTS = (*SPOKEN_SHAPES, *HEAD_ANGLES)


@pytest.fixture
def _made_clips(monkeypatch):
    clips = [made_clip(seed) for seed in range(3)]
    monkeypatch.setattr(task, "SpeechSet", lambda folders: clips)


def rows(clip=None, **more):
    return ClipRows(
        clips=[clip or made_clip(0)],
        outputs=OUTPUTS,
        slow=3,
        augment=lambda sound, random: sound,
        still_sound=still_sound,
        **more,
    )


def batches(clip=None, **more):
    return SpeechBatches(rows=rows(clip, **more), count=3)


@pytest.mark.usefixtures("_made_clips")
def test_a_run_that_was_cut_off_goes_on_as_if_it_had_not_been(tmp_path, capsys):
    whole, resumed = tmp_path / "whole", tmp_path / "resumed"
    assert audio2motion.main([f"run={whole}", *QUICK]) == 0
    assert cut_off_and_resumed(audio2motion.main, [f"run={resumed}", *QUICK], 2) == 0
    assert losses_of(whole) == losses_of(resumed)
    (first, *_, last) = losses_of(whole)
    assert last["total"] < first["total"]
    model = load_speech_model(resumed / "speech.safetensors")
    assert model.form.outputs == OUTPUTS
    assert str(resumed / "speech.safetensors") in capsys.readouterr().out


@pytest.mark.usefixtures("_made_clips")
def test_a_run_begins_with_the_weights_of_another(tmp_path):
    assert audio2motion.main([f"run={tmp_path / 'one'}", *QUICK]) == 0
    given = tmp_path / "one" / "speech.safetensors"
    more = [f"run={tmp_path / 'two'}", *QUICK, f"init={given}", "lr=1e-9"]
    assert audio2motion.main(more) == 0
    one, two = (
        load_speech_model(tmp_path / name / "speech.safetensors") for name in ["one", "two"]
    )
    torch.testing.assert_close(two.network.from_mel.weight, one.network.from_mel.weight)


@pytest.mark.usefixtures("_made_clips")
def test_of_a_trained_recogniser_what_changed_is_kept(tmp_path):
    more = [f"run={tmp_path}", *QUICK, "steps=2", "encoder_lr=1e-3"]
    assert audio2motion.main(more) == 0
    model = load_speech_model(tmp_path / "speech.safetensors")
    assert "mel.bands" not in model.change
    before, after = load_recogniser().stem.weight, model.recogniser.stem.weight
    torch.testing.assert_close(after - before, model.change["stem.weight"], rtol=0, atol=1e-6)
    assert 0 < model.change["stem.weight"].abs().max() < 0.01


def test_a_faster_sound_has_the_face_of_its_time(monkeypatch):
    monkeypatch.setattr(speech_rows, "SPEEDS", (math.log(2), math.log(2)))
    monkeypatch.setattr(speech_rows, "levelled", lambda samples: samples)
    clip = made_clip(0)
    clip = replace(clip, waveform=np.repeat(clip.shapes.shape("jawOpen").numpy(), 320))
    batch = batches(clip, still=0.0, faster=1.0).draw(Draw.of(0, 0, 1))
    heard = batch.heard[:, ::320]  # the sound is the jaw itself
    inner = batch.values[:, : heard.shape[1], 0]
    assert (heard - inner).abs().mean() < 0.01
    assert heard.abs().max() > 0.1


def test_frames_of_a_batch_are_in_time_to_its_sound():
    batch = batches(still=0.0, faster=0.0).draw(Draw.of(0, 0, 1))
    clip = made_clip(0)
    padded = np.pad(levelled(clip.waveform), (13000, 18000))
    for row in range(3):
        sound, jaw = batch.heard[row].numpy(), batch.values[row, :, 0]
        spots = [k for k in range(-40 * 320, len(clip.waveform), 320)]
        fits = [k for k in spots if np.array_equal(padded[13000 + k :][: len(sound)], sound)]
        assert len(fits) == 1
        first = fits[0] // 320
        track = face_track(clip, OUTPUTS, 3).values[:, 0]
        inside = slice(max(0, -first), min(56, len(track) - first))
        expected = track[inside.start + first : inside.stop + first]
        torch.testing.assert_close(jaw[inside], expected)
        assert jaw.abs().sum() == pytest.approx(float(expected.abs().sum()))


def test_what_was_heard_before_is_in_time_to_the_face():
    clip, listener = made_clip(0), load_recogniser()
    heard = hear(rows(clip, still=0.0, faster=0.0), listener, hearings=3, seed=0)
    track = face_track(clip, OUTPUTS, 3)
    frames = len(track.values)
    # twice whole, .8 s of silence before and 1.16 s behind; then in pieces of 56 frames
    assert heard.count.tolist() == [frames + 98] * 2 + [56] * ((frames + 48) // 24)
    torch.testing.assert_close(heard.values[40 : 40 + frames], track.values)
    padded = np.pad(levelled(clip.waveform), (40 * 320, 58 * 320))[: (frames + 97) * 320]
    alone = listener(torch.from_numpy(padded)[None])
    torch.testing.assert_close(heard.mel[: frames + 98], alone.mel[0].half(), atol=0.01, rtol=0)
    assert (heard.encoded[: frames + 98] - alone.encoded[0]).abs().max() < 0.01
    row = heard.row(np.random.default_rng(0))
    spots = [
        k for k in range(len(heard.mel) - 55) if torch.equal(heard.mel[k].float(), row.heard.mel[0])
    ]
    assert any(torch.equal(heard.values[k : k + 56], row.values) for k in spots)


@pytest.mark.usefixtures("_made_clips")
def test_a_run_that_heard_before_goes_on_with_what_it_heard(tmp_path, monkeypatch):
    more = [f"run={tmp_path}", *QUICK, "hearings=1"]
    assert audio2motion.main([*more, "steps=2"]) == 0
    monkeypatch.setattr(task, "hear", None)
    assert audio2motion.main([*more, "steps=3"]) == 0
    assert len(losses_of(tmp_path)) == 3


def test_a_recogniser_that_heard_before_cannot_learn(capsys):
    assert audio2motion.main(["run=made", *QUICK, "hearings=1", "encoder_lr=0.001"]) == 2
    assert "hearings is 1 with encoder_lr 0.001" in capsys.readouterr().err


def test_where_nobody_speaks_the_face_rests():
    batch = batches(still=1.0).draw(Draw.of(0, 0, 1))
    assert batch.values.abs().max() == 0
    assert batch.closure.abs().max() == 0


def test_batches_are_functions_of_the_draw():
    one, two, other = (batches().draw(Draw.of(0, 0, step)) for step in (1, 1, 2))
    assert torch.equal(one.heard, two.heard)
    assert torch.equal(one.past_noise, two.past_noise)
    assert not torch.equal(one.heard, other.heard)


def test_what_a_clip_does_not_know_is_marked():
    track = face_track(made_clip(0), OUTPUTS, 3)
    known = dict(zip(OUTPUTS, track.known.tolist(), strict=True))
    assert known["jawOpen"] == 1
    assert known["browInnerUp"] == known["pitch_deg"] == 0
    assert track.closure.max() > 0.99


def step_of(made, true, closure_logit, closure):
    shape = (1, 16, 1)
    return SpeechStepLosses(
        made=SpeechWindow(
            values=torch.full(shape, made), closure_logit=torch.full((1, 16), closure_logit)
        ),
        true=TrueWindow(
            values=torch.full(shape, true),
            closure=torch.full((1, 16), closure),
            known=torch.ones(shape),
        ),
        spread=torch.tensor([0.1]),
        names=("jawOpen",),
        slow=0,
    )


def test_the_gap_of_shut_lips_does_not_depend_on_the_jaw():
    shut = step_of(0.3, 0.1, 50.0, 1.0)
    assert gap_loss(shut) == pytest.approx(0, abs=1e-6)
    # .2 of a jaw of 2.891 cm, in 5 mm
    assert gap_loss(step_of(0.3, 0.1, -50.0, 0.0)) == pytest.approx(0.2 * 2.891 / 0.5, rel=1e-5)
    lips = LipGap()
    assert lips.rest_cm == 0.081


def test_velocity_is_the_mean_square_of_changes():
    step = step_of(0.0, 0.0, 0.0, 0.0)
    step.made.values[0, ::2, 0] = 0.1  # one spread up and down, 15 times
    assert velocity_loss(step) == pytest.approx(1.0)
    assert math.isclose(float(velocity_loss(step_of(0.5, 0.1, 0.0, 0.0))), 0.0, abs_tol=1e-9)


def test_windows_of_a_sound_end_with_the_one_in_use():
    assert STARTS == (16, 24, 32, 40)
