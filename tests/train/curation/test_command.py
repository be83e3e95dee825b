from pathlib import Path

import numpy as np
import pytest

from liveportrait_core.config.tables import option_table
from train import curate as command
from train.curation.settings import CurationSettings
from train.curation.tools import ToolOptions
from train.data.clip_shards import shard_clips
from train.data.folder import open_folder


def test_the_command_curates_a_photograph_and_says_what_is_wrong(tmp_path, capsys):
    picture = Path(__file__).parents[3] / "docs" / "demo" / "portrait.jpg"
    place = str(tmp_path / "out")
    assert command.main([str(picture), "--workers", "0", "-o", place]) == 0
    told = capsys.readouterr()
    assert "out: 0 video clips and 1 image, 1 frame of 1 file. Left out: nothing.\n" in told.out
    assert open_folder(tmp_path / "out").has_clips
    (still,) = shard_clips(tmp_path / "out")
    arrays = still.annotations()
    assert np.abs(arrays["pose_deg"]).max() < 30
    # turned upright and centred
    eyes = arrays["landmarks"][0, 4:8]
    assert np.abs(eyes[:2].mean(0) - eyes[2:].mean(0))[1] < 0.05
    assert np.abs(arrays["landmarks"][0].mean(0)).max() < 0.3
    assert command.main([str(picture), "-o", place, "--size-px", "64"]) == 2
    assert "has other settings" in capsys.readouterr().err
    assert command.main([str(tmp_path / "nowhere"), "-o", str(tmp_path / "x")]) == 2
    assert "There is no" in capsys.readouterr().err


def test_the_documents_list_every_limit():
    text = Path("docs/training.md").read_text(encoding="utf-8")
    assert option_table(CurationSettings, flags=True) in text


@pytest.mark.parametrize(
    ("option", "value", "message"),
    [
        ("--max-blur", "1.5", "a number from 0 to 1 is expected. The nearest is 1"),
        ("--max-wait-s", "-1", "a number from 0 up is expected. The nearest is 0"),
        ("--size-px", "0", "a whole number from 1 up is expected. The nearest is 1"),
        ("--workers", "-1", "a whole number from 0 up is expected. The nearest is 0"),
    ],
)
def test_a_limit_out_of_its_range_is_refused(option, value, message, tmp_path, capsys):
    with pytest.raises(SystemExit, match="2"):
        command.main([str(tmp_path), "-o", str(tmp_path / "out"), option, value])
    assert message in capsys.readouterr().err


def test_limits_that_exclude_each_other_are_refused(tmp_path, capsys):
    assert command.main([str(tmp_path), "-o", str(tmp_path / "out"), "--min-s", "40"]) == 2
    message = "min_s is 40; a number below max_s, which is 30, is expected."
    assert message in capsys.readouterr().err


def test_the_default_tools_say_what_they_are_made_of():
    factory = ToolOptions(recognition=Path("a/b.onnx"), scorer="m:f")
    assert factory.describe() == {"face_models": "", "recognition": "b.onnx", "scorer": "m:f"}
