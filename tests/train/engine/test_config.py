import json
from pathlib import Path

import pytest

from liveportrait_core.config.fields import specs_of
from liveportrait_core.config.spec import OptionError
from train.engine.config import RENAMED, parse, to_json
from train.engine.loop import LoopConfig
from train.losses.compact_picture_terms import PictureWeights
from train.tasks.animals import CompactAnimalsConfig
from train.tasks.compact import CompactConfig
from train.tasks.paper import PaperConfig
from train.tasks.retargeting_step import RetargetingConfig


def parsed(*arguments):
    return parse(CompactConfig, ["run=r", "data=d", "steps=5", *arguments], "compact")


def refusal(*arguments):
    with pytest.raises(OptionError) as stop:
        parsed(*arguments)
    return str(stop.value)


def test_values_take_the_types_of_their_fields():
    config = parsed("lr=1e-4", "bfloat16=false", "batch=2", "motion_weights.pose=0.5")
    assert (config.rates.lr, config.loop.bfloat16, config.batches.batch) == (1e-4, False, 2)
    assert config.motion_weights.pose == 0.5
    assert config.loop.run == Path("r")


def test_a_key_may_be_spelled_as_a_flag():
    config = parsed("--budget-minutes", "30", "--picture-weights.eyes=2", "budget_minutes=20")
    assert config.loop.budget_minutes == 20  # the later one
    assert config.picture_weights.eyes == 2
    with pytest.raises(SystemExit):
        parsed("--budget-minutes", "30", "--dry-run")
    assert refusal("--budget-minutes") == (
        "'--budget-minutes' has no value; give --budget-minutes VALUE, or budget_minutes=VALUE."
    )
    assert "Did you mean 'budget_minutes'?" in refusal("--budget-minute", "30")


def test_a_toml_file_and_later_values_are_merged(tmp_path):
    file = tmp_path / "run.toml"
    text = "lr = 0.5\nbatch = 7\ngan = true\n[picture_weights]\neyes = 3\n"
    file.write_text(text, encoding="utf-8")
    config = parsed(str(file), "batch=2")
    found = (config.rates.lr, config.batches.batch, config.picture_weights.eyes, config.gan)
    assert found == (0.5, 2, 3.0, True)
    assert isinstance(config.picture_weights.eyes, float)


def test_a_file_that_is_not_there_is_named():
    assert "No such file or directory (nowhere.toml)" in refusal("nowhere.toml")


def test_an_unknown_key_names_the_nearest():
    assert "no option 'motion_ir'. Did you mean 'motion_lr'?" in refusal("motion_ir=1")


def test_a_key_that_resembles_none_is_not_guessed_at():
    assert refusal("zzz=1") == "There is no option 'zzz'."


def test_a_key_of_an_earlier_version_says_what_it_is_called_now():
    assert refusal("strip_every=5") == (
        "'strip_every' is called 'grid_every' now. Give grid_every=VALUE."
    )
    assert "There is no option 'animal_fraction'" in refusal(
        "animal_fraction=1"
    )  # not of this command


def test_every_new_name_is_an_option_of_some_command():
    kinds = (CompactConfig, PaperConfig, RetargetingConfig, CompactAnimalsConfig)
    keys = {spec.key for kind in kinds for spec in specs_of(kind)}
    assert set(RENAMED.values()) <= keys
    assert not set(RENAMED) & keys


def test_an_unknown_key_in_a_table_names_the_table():
    assert "'motion_weights.poze'. Did you mean 'motion_weights.pose'" in refusal(
        "motion_weights.poze=1"
    )


def test_a_wrong_type_says_what_is_expected():
    assert "batch is 'many'; a whole number from 0 up is expected" in refusal("batch=many")
    assert "neither KEY=VALUE nor a .toml file" in refusal("batch")


def test_a_value_out_of_range_is_one_sentence():
    assert "steps is -1; a whole number from 0 up is expected. The nearest is 0." in refusal(
        "steps=-1"
    )
    assert "steps is missing; a whole number from 1 up is expected" in refusal("steps=0")
    assert "detail_px is 200; 128 or 256 is expected" in refusal("detail_px=200")
    assert "nothing is left to train" in refusal("batch=0", "motion_batch=0")


def test_a_missing_option_is_named():
    with pytest.raises(OptionError, match="'run' is missing"):
        parse(CompactConfig, ["data=d", "steps=1"], "compact")


def test_dry_run_prints_the_resolved_config_and_the_cost(capsys):
    with pytest.raises(SystemExit) as stop:
        parse(
            CompactConfig,
            ["run=r", "data=d", "steps=5", "--dry-run", "lr=0.25"],
            "compact",
            lambda config: f"costs {config.rates.lr}",
        )
    assert stop.value.code == 0
    shown, missing, cost = capsys.readouterr().out.rsplit("\n", 3)[:3]
    values = json.loads(shown)
    assert values.keys() == {spec.key for spec in specs_of(CompactConfig)}
    assert (values["lr"], values["picture_weights.eyes"]) == (0.25, PictureWeights().eyes)
    assert missing == "missing: d (data)"
    assert cost == "costs 0.25"


def test_help_lists_every_option_with_default_meaning_and_range(capsys):
    with pytest.raises(SystemExit):
        parse(CompactConfig, ["--help"], "compact")
    shown = " ".join(capsys.readouterr().out.split())
    assert "motion_weights.gaze = 40 L1 of the irises" in shown
    assert "seed = 0 every random draw comes from it" in shown
    assert "steps = 0 optimiser steps in all; 0: as many as budget_minutes allows (0 up)" in shown
    assert shown.index("more:") < shown.index("log_every = 25")
    assert shown.index("more:") > shown.index("lr = 0.001")


def test_other_commands_are_asked_about_values_that_are_refused():
    def elsewhere(values):
        return "It is over there." if "trunk" in values else ""

    arguments = ["run=r", "data=d", "steps=5"]
    with pytest.raises(OptionError, match=r"^It is over there\.$"):
        parse(CompactConfig, [*arguments, "trunk=t"], "compact", elsewhere=elsewhere)
    with pytest.raises(OptionError, match="no option 'trunkk'"):
        parse(CompactConfig, [*arguments, "trunkk=t"], "compact", elsewhere=elsewhere)


def test_a_config_is_saved_as_json_with_flat_keys():
    assert json.loads(to_json(LoopConfig(run=Path("x"), steps=3)))["run"] == "x"
    saved = json.loads(to_json(parsed("lr=0.25", "motion_weights.pose=0.5")))
    assert (saved["lr"], saved["steps"], saved["data"]) == (0.25, 5, "d")
    assert saved["motion_weights"]["pose"] == 0.5


def test_a_list_in_a_toml_file_is_read_as_several_places(tmp_path):
    file = tmp_path / "run.toml"
    file.write_text('data = ["one", "two"]\n')
    assert parsed(str(file)).sets.data == "one,two"


def test_a_toml_file_of_another_encoding_is_refused(tmp_path):
    file = tmp_path / "run.toml"
    file.write_bytes(b'data = "\xff"\n')
    assert "cannot be read as TOML" in refusal(str(file))


def test_a_value_that_ends_like_a_toml_file_is_a_value():
    assert parsed("data=heads.toml").sets.data == "heads.toml"
