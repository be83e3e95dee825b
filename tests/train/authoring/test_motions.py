import pytest
import torch
from torch.testing import assert_close

from liveportrait_core.assets.shipped_motions import shipped_motions
from liveportrait_core.media.motion_file import load_motion
from liveportrait_core.motion.slider_options import Sliders
from liveportrait_core.motion.sliders import expression_offset
from liveportrait_core.motion.types import tensor_fields
from train.authoring.motions import SCORES, Score, motion_of
from train.motions import main


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    folder = tmp_path_factory.mktemp("motions")
    assert main([str(folder)]) == 0
    return folder


def test_the_command_makes_the_motions_that_are_shipped(written):
    assert {path.stem for path in written.iterdir()} == set(shipped_motions()) == set(SCORES)
    for name, path in shipped_motions().items():
        made, shipped = load_motion(written / path.name), load_motion(path)
        assert (made.producer, made.fps, made.space) == (
            *(shipped.producer, shipped.fps, shipped.space),
        )
        for field in tensor_fields():
            difference = f"{name}: {field} differs; run python -m train.motions"
            assert_close(
                getattr(made, field), getattr(shipped, field), atol=1e-5, rtol=0, msg=difference
            )


def test_a_score_without_curves_is_a_still_face():
    motion = motion_of(Score(0.2))
    assert len(motion) == 5
    assert not motion.expression.any()
    assert (motion.scale == motion.scale[0]).all()


def test_curves_of_one_slider_sum_up():
    score = Score(0.2)
    score.add("smile", ((0.0, 0.0), (0.12, 0.5)))
    score.add("smile", ((0.0, 0.0), (0.12, 0.25)))
    score.add("zoom", ((0.0, 0.0), (0.12, 0.1)))
    last = score.expressions()[-1]
    assert last["smile"] == pytest.approx(0.75)
    assert last["zoom"] == pytest.approx(1.1)
    assert score.expressions()[0]["zoom"] == 1


def test_a_score_moves_the_face_as_the_sliders_do():
    score = Score(0.2)
    score.add("smile", ((0.0, 0.0), (0.12, 0.5)))
    motion = motion_of(score)
    expected = expression_offset(Sliders(smile=0.5), motion.space)
    assert_close(motion.expression[-1], expected)


@pytest.mark.parametrize("phase", [0.0, 0.2, 0.7])
def test_a_sway_begins_at_rest_and_ends_where_it_began(phase):
    score = Score(4.0)
    score.sway("yaw_deg", 3.0, 2, phase)
    yaw = torch.tensor([sliders["yaw_deg"] for sliders in score.expressions()])
    assert float(yaw[0]) == 0
    assert float(yaw.max() - yaw.min()) == pytest.approx(6, abs=0.05)
    # the step from the last to the first is as large as any other near it
    assert float((yaw[0] - yaw[-1]).abs()) <= float(yaw.diff().abs().max()) + 1e-6
    assert_close(yaw[50:], yaw[:50], atol=1e-5, rtol=0)  # two rounds


def test_a_folder_that_cannot_be_made_is_one_sentence(tmp_path, capsys):
    (tmp_path / "file").write_text("")
    assert main([str(tmp_path / "file")]) == 2
    assert capsys.readouterr().err.startswith("python -m train.motions: ")
