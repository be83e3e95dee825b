"""What speech networks learn besides shapes, and what they hear by besides the recogniser."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from liveportrait_core.constants import COMPACT_SPACE
from liveportrait_core.motion.regions import keypoint_space
from liveportrait_core.motion.speech_style import STYLE_VALUES
from liveportrait_core.speech.model import load_speech_model
from liveportrait_core.speech.speaking import shapes_of_speech
from liveportrait_core.speech.talking import motion_of_speech
from tests.support.killing import losses_of
from tests.support.speaking import encoder_output, made_clip
from train import audio2motion
from train.data.clip_features import ClipFeatures, EncodedRows
from train.data.speech_clip import KeypointMoves
from train.data.speech_rows import face_track
from train.data.speech_set import SpeechSet
from train.speaking import dataset
from train.speaking.options import SpeechConfig
from train.tasks.speech_form import HEAD_ANGLES, SPOKEN_SHAPES

QUICK = ["batch=2", "width=16", "layers=1", "steps=3"]
QUICK += ["log_every=1", "save_every=1", "bfloat16=false", "warmup_steps=0", "workers=0"]
OUTPUTS = (*SPOKEN_SHAPES, *HEAD_ANGLES)


def talking(seed, space=COMPACT_SPACE, **more):
    """A made clip whose keypoints move with its jaw, as one that was read from a film."""
    clip = made_clip(seed)
    jaw = clip.shapes.shape("jawOpen")
    moved = torch.zeros(len(jaw), 21, 3)
    moved[:, keypoint_space(space).lip[-1], 1] = 0.1 * jaw
    moves = KeypointMoves(space=space, moved=moved, lip_open=0.5 * jaw)
    return replace(clip, moves=moves, style=None, **more)


def speech_set(folder, clips):
    """A set of clips, as `train.speech` writes it."""
    config = SpeechConfig(folder=folder, clips=len(clips))
    shard = dataset.Shard("speech-00000.tar", 0, len(clips))
    folder.mkdir(parents=True)
    dataset._write_shard(folder, lambda number: clips[number], shard)
    dataset._write_index(folder, dataset._settings(config), [shard])
    return folder


def test_keypoints_themselves_are_learned_from_clips_of_people(tmp_path):
    data = speech_set(tmp_path / "set", [talking(seed) for seed in range(2)])
    (one, _) = SpeechSet([data])
    torch.testing.assert_close(one.moves.moved, talking(0).moves.moved, rtol=0, atol=1e-4)
    arguments = [f"run={tmp_path / 'run'}", *QUICK, f"data={data}", "target=motion"]
    assert audio2motion.main(arguments) == 0
    (first, *_, last) = losses_of(tmp_path / "run")
    assert last["position"] < first["position"]
    assert first["gap"] == 0  # its lips are keypoints
    model = load_speech_model(tmp_path / "run" / "speech.safetensors")
    assert (model.form.space, model.form.styles) == (COMPACT_SPACE, ())
    motion = motion_of_speech(torch.zeros(3200), COMPACT_SPACE, model=model)
    assert motion.parts >= {"lip", "brows", "rest"}


def test_what_another_encoder_heard_is_learned_from(tmp_path):
    clips = [made_clip(seed) for seed in range(2)]
    data, features = speech_set(tmp_path / "set", clips), tmp_path / "features"
    features.mkdir()
    arguments = [f"run={tmp_path / 'run'}", *QUICK, f"data={data}", f"features={features}"]
    arguments += ["feature_layer=0"]
    for number, clip in enumerate(clips):
        assert audio2motion.main(arguments) == 2  # a clip has no file
        output = encoder_output(clip.waveform)
        torch.save(output, features / f"speech-{number:06d}.pt")
    assert audio2motion.main(arguments) == 0
    (first, *_, last) = losses_of(tmp_path / "run")
    assert last["position"] < first["position"]
    model = load_speech_model(tmp_path / "run" / "speech.safetensors")
    assert (model.form.features, model.form.feature_layer) == (6, 0)
    samples = torch.from_numpy(clips[0].waveform)
    spoken = shapes_of_speech(
        samples, model=model, encoder_output=encoder_output(clips[0].waveform)
    )
    assert len(spoken) == 40
    other = [*arguments[1:], f"run={tmp_path / 'more'}", "width=8"]
    assert audio2motion.main([*other, f"init={tmp_path / 'run' / 'speech.safetensors'}"]) == 2


def test_a_model_with_styles_goes_on_with_people_whose_style_is_not_known(tmp_path):
    first = speech_set(tmp_path / "first", [made_clip(0)])
    assert audio2motion.main([f"run={tmp_path / 'one'}", *QUICK, f"data={first}"]) == 0
    people = speech_set(tmp_path / "people", [talking(1)])
    given = f"init={tmp_path / 'one' / 'speech.safetensors'}"
    assert audio2motion.main([f"run={tmp_path / 'two'}", *QUICK, f"data={people}", given]) == 0
    model = load_speech_model(tmp_path / "two" / "speech.safetensors")
    assert model.form.styles == STYLE_VALUES


def test_features_are_in_time_to_the_face(tmp_path):
    clip = made_clip(0)
    jaw = face_track(clip, OUTPUTS, 3).values[:, 0]
    torch.save({"encoded_audio": jaw[None, :, None]}, tmp_path / "a.pt")  # it hears the jaw itself
    rows = EncodedRows(
        clips=[clip], features=ClipFeatures([tmp_path], [["a"]]), outputs=OUTPUTS, slow=3
    )
    drawn = [rows.row(np.random.default_rng(seed)) for seed in range(4)]
    for row in drawn:
        torch.testing.assert_close(row.heard.encoded[:, 0], row.values[:, 0])
        assert row.heard.mel.shape == (56, 80)
    assert max(float(row.values.abs().max()) for row in drawn) > 0.1


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (["target=motion"], "target is motion, and the clips have keypoints of: none"),
        (["features=a,b"], "features names 2 folders and data 1"),
        (["features=a", "hearings=1"], "hearings is given beside features"),
        (["features=a", "encoder_lr=1e-4"], "encoder_lr is given beside features"),
    ],
)
def test_what_does_not_go_together_is_told_in_a_sentence(tmp_path, capsys, more, said):
    data = speech_set(tmp_path / "set", [made_clip(0)])
    assert audio2motion.main([f"run={tmp_path / 'run'}", *QUICK, f"data={data}", *more]) == 2
    assert said in capsys.readouterr().err
