import json
from pathlib import Path

import pytest

from train.engine.config import LoopConfig, parse, to_json
from train.tasks.compact import Stage1Config


def parsed(*arguments):
    return parse(Stage1Config, ["run=r", "data=d", "steps=5", *arguments], "stage1")


def refused(capsys, *arguments):
    with pytest.raises(SystemExit) as stop:
        parsed(*arguments)
    assert stop.value.code == 2
    return capsys.readouterr().err


def test_values_take_the_types_of_their_fields():
    config = parsed("lr=1e-4", "bfloat16=false", "batch=2", "motion_weights.pose=0.5")
    assert (config.lr, config.bfloat16, config.batch) == (1e-4, False, 2)
    assert config.motion_weights.pose == 0.5
    assert config.run == Path("r")


def test_a_toml_file_and_later_values_are_merged(tmp_path):
    file = tmp_path / "run.toml"
    file.write_text("lr = 0.5\nbatch = 7\n[picture_weights]\neyes = 3\n", encoding="utf-8")
    config = parsed(str(file), "batch=2")
    assert (config.lr, config.batch, config.picture_weights.eyes) == (0.5, 2, 3.0)


def test_an_unknown_key_names_the_nearest(capsys):
    assert "no key 'motion_ir'; the nearest is 'motion_lr'" in refused(capsys, "motion_ir=1")


def test_an_unknown_key_in_a_table_names_the_table(capsys):
    assert "'motion_weights.poze'" in refused(capsys, "motion_weights.poze=1")


def test_a_wrong_type_says_what_was_wanted(capsys):
    assert "batch is 'many'; it takes int" in refused(capsys, "batch=many")


def test_a_value_out_of_range_is_one_sentence(capsys):
    assert "steps must be at least 1, got 0." in refused(capsys, "steps=0")


def test_a_missing_field_is_named(capsys):
    with pytest.raises(SystemExit):
        parse(Stage1Config, ["data=d", "steps=1"], "stage1")
    assert "'run' is missing" in capsys.readouterr().err


def test_dry_run_prints_the_resolved_config(capsys):
    with pytest.raises(SystemExit) as stop:
        parsed("--dry-run", "lr=0.25")
    assert stop.value.code == 0
    assert json.loads(capsys.readouterr().out)["lr"] == 0.25


def test_help_lists_every_field_with_its_docstring(capsys):
    with pytest.raises(SystemExit):
        parse(Stage1Config, ["--help"], "stage1")
    shown = capsys.readouterr().out
    assert "motion_weights.gaze = 40.0" in shown
    assert "seed = 0" in shown
    assert "Every random draw comes from (seed, step, place in the batch" in shown


def test_a_config_is_saved_as_json():
    assert json.loads(to_json(LoopConfig(run=Path("x"), steps=3)))["run"] == "x"
