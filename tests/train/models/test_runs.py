import json

import pytest
import torch

from liveportrait_core.errors import CheckpointError
from liveportrait_core.preset import COMPACT
from train import stage2
from train.models.runs import have_same_form, preset_of, require_same_run, saved_settings


def run_of(folder, **settings):
    folder.mkdir()
    text = json.dumps({"run": str(folder), "steps": 1, **settings})
    (folder / "config.json").write_text(text, encoding="utf-8")
    return folder


def refusal(run):
    with pytest.raises(CheckpointError) as stop:
        preset_of(run)
    return str(stop.value)


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ('{"run": "r", "ste', "cannot be read"),
        ("[1, 2]", "is not that of a run"),
        ('{"architectures": ["Bert"]}', "is not that of a run"),
    ],
)
def test_a_damaged_or_foreign_config_is_one_sentence(tmp_path, text, what):
    (tmp_path / "config.json").write_text(text, encoding="utf-8")
    said = refusal(tmp_path)
    assert f"config.json {what}" in said
    assert said.endswith("Delete the folder to start the run anew, or name another.")


@pytest.mark.parametrize(
    "values", [{"detail_px": 100}, {"detail_px": "128"}, {"blocks": -1}, {"blocks": True}]
)
def test_sizes_that_no_network_has_are_refused(tmp_path, values):
    ((key, value),) = values.items()
    assert f"config.json has {key}={value!r}; what" in refusal(run_of(tmp_path / "r", **values))


@pytest.mark.parametrize("preset", [["paper"], {}, 3, "small"])
def test_a_preset_of_another_command_is_that_of_the_compact_networks(tmp_path, preset):
    assert preset_of(run_of(tmp_path / "r", preset=preset)) == COMPACT


def test_a_base_that_leads_back_to_its_run_is_refused(tmp_path):
    one, other = tmp_path / "one", tmp_path / "other"
    assert "as base, which is no other run or model" in refusal(run_of(one, base=str(one)))
    (one / "config.json").unlink()
    one.rmdir()
    run_of(one, base=str(other))
    run_of(other, base=str(one))
    assert f"names {str(one)!r} as base" in refusal(one)
    assert "names 3 as base" in refusal(run_of(tmp_path / "number", base=3))


def test_a_new_folder_has_no_settings(tmp_path):
    assert saved_settings(tmp_path / "none") == {}


def test_two_spellings_of_a_base_are_one(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    run = run_of(tmp_path / "r", base="base")
    (run / "checkpoint.pt").touch()
    require_same_run(run, {"base": str(tmp_path / "base")})
    with pytest.raises(CheckpointError, match="holds a run with base=base, and this command asks"):
        require_same_run(run, {"base": "other"})
    with pytest.raises(CheckpointError, match="holds a run without rank, and this command asks"):
        require_same_run(run, {"rank": 8})


def test_a_form_is_names_and_shapes():
    state = {"weight": torch.zeros(2, 3)}
    assert have_same_form(state, {"weight": torch.ones(2, 3)})
    assert not have_same_form(state, {"weight": torch.zeros(3, 2)})
    assert not have_same_form(state, {"bias": torch.zeros(2, 3)})


def test_stage_2_does_not_go_on_over_another_base(tmp_path, capsys):
    run = run_of(tmp_path / "r", base="base")
    (run / "checkpoint.pt").touch()
    assert stage2.main([f"run={run}", "base=default", "data=d", "steps=1"]) == 2
    said = capsys.readouterr().err
    assert said.endswith("asks for base=default. Give another folder with run=FOLDER.\n")
