import sys
import time

import pytest

from liveportrait_core.config.arguments import from_arguments
from train import recipe as command
from train.authoring import recipe
from train.engine import checkpoint
from train.models.runs import MODEL_NAME
from train.rendering.export.options import PeopleOptions, RenderConfig


def chosen(out, *options):
    arguments = recipe.build_parser("recipe", None).parse_args([str(out), *options])
    return from_arguments(recipe.RecipeConfig, arguments)


def test_the_list_names_every_stage_in_order_and_adds_up(tmp_path, capsys):
    assert command.main([str(tmp_path), "--list"]) == 0
    lines = capsys.readouterr().out.splitlines()
    heads = [line for line in lines if line.startswith("# ")]
    assert [line[2:].split(":")[0] for line in heads[:-2]] == [s.name for s in recipe.STAGES]
    hours = sum(stage.minutes for stage in recipe.STAGES) / 60
    assert (
        f"{len(recipe.STAGES)} of {len(recipe.STAGES)} stages are left: {hours:.1f} hours"
        in (heads[-2])
    )
    assert heads[-1].endswith("without --list to run what is left.")


def test_the_list_says_what_is_done(tmp_path, capsys):
    last = recipe.STAGES[-1]
    (tmp_path / last.results[0]).touch()
    assert command.main([str(tmp_path), "--list"]) == 0
    said = capsys.readouterr().out
    assert said.count("; done already") == 1
    assert "# held-out: 1 minute, 0.2 GB; no longer needed by what is left" in said
    assert f"{len(recipe.STAGES) - 2} of {len(recipe.STAGES)} stages are left" in said


def names_left(out):
    return [stage.name for stage in recipe.left(chosen(out))]


def test_only_what_a_goal_still_asks_for_is_left(tmp_path):
    names = [stage.name for stage in recipe.STAGES]
    assert names_left(tmp_path) == names
    finish = tmp_path / "finish"
    finish.mkdir()
    begins_with = {"base", "motion", "picture"}
    (finish / checkpoint.NAME).touch()  # begun: what it begins with is read no more
    assert names_left(tmp_path) == [name for name in names if name not in begins_with]
    (finish / MODEL_NAME).touch()  # and done
    done = {*begins_with, "finish"}
    assert names_left(tmp_path) == [name for name in names if name not in done]
    (tmp_path / "retarget").mkdir()
    (tmp_path / "retarget" / MODEL_NAME).touch()
    assert names_left(tmp_path) == ["heads", "finder", "shapes", "held-out", "measures"]
    (tmp_path / "measures.json").touch()
    (tmp_path / "shapes.safetensors").touch()
    assert names_left(tmp_path) == ["heads", "finder"]


def test_every_stage_reads_only_what_an_earlier_one_leaves():
    left = set()
    for stage in recipe.STAGES:
        for argument in stage.arguments:
            place = argument.partition("{out}/")[2].partition("/")[0]
            own = place in (stage.name, *stage.results)
            assert not place or own or place in left, argument
        left.add(stage.name)


def test_a_fraction_shrinks_heads_and_steps_but_not_below_two(tmp_path):
    options = chosen(tmp_path, "--fraction", "0.01", "--face-model", "FaceXModel", "--workers", "3")
    words = recipe.command(recipe.STAGES[0], options)
    assert words[words.index("--identities") + 1] == str(round(recipe.STAGES[0].identities * 0.01))
    assert words[words.index("--workers") + 1] == "3"
    assert words[words.index("--face-model") + 1] == "FaceXModel"
    none = recipe.command(recipe.STAGES[0], chosen(tmp_path, "--fraction", "0"))
    assert none[none.index("--identities") + 1] == "2"
    assert "--face-model" not in none
    shapes = next(stage for stage in recipe.STAGES if stage.people)
    words = recipe.command(shapes, options)
    assert words[words.index("--people") + 1] == "2"  # of 120
    assert words[words.index("--face-model") + 1] == "FaceXModel"
    assert str(tmp_path / "retarget" / MODEL_NAME) in words


def test_several_processes_are_launched_together(tmp_path):
    stage = next(stage for stage in recipe.STAGES if stage.steps)
    words = recipe.command(stage, chosen(tmp_path, "--processes", "2", "--device", "cuda"))
    assert words[1:6] == ["-m", "torch.distributed.run", "--nproc_per_node", "2", "-m"]
    assert "device=cuda" in words
    assert f"steps={stage.steps}" in words


def test_a_rendering_is_done_when_its_last_shard_is_there(tmp_path):
    config = RenderConfig(folder=tmp_path, people=PeopleOptions(identities=1))
    assert config.shard_size == recipe.SHARD_SIZE
    stage = next(stage for stage in recipe.STAGES if stage.name == "held-out")
    assert stage.identities == 2 * recipe.SHARD_SIZE
    folder = tmp_path / stage.name
    folder.mkdir()
    for name in ("index.json", "shard-00000.npz"):
        (folder / name).touch()
    assert not recipe.is_done(stage, chosen(tmp_path))
    (folder / "shard-00001.npz").touch()
    assert recipe.is_done(stage, chosen(tmp_path))


def test_a_stage_that_fails_says_which_and_how_to_go_on(tmp_path, monkeypatch, capfd):
    first = recipe.STAGES[0]
    monkeypatch.setattr(recipe, "STAGES", (first,))
    monkeypatch.setattr(recipe, "GOALS", (first.name,))
    assert command.main([str(tmp_path), "--face-model", str(tmp_path / "none.npz")]) == 2
    said = capfd.readouterr().err
    assert f"The stage '{first.name}' ended with code" in said
    assert "run the same command again" in said


@pytest.mark.parametrize("stage", recipe.STAGES, ids=lambda stage: stage.name)
def test_no_stage_is_stated_to_cost_nothing(stage):
    assert stage.minutes > 0
    assert stage.disk_gb > 0


@pytest.mark.parametrize(
    ("option", "value", "said"),
    [
        ("--fraction", "2", "--fraction is 2.0; a number from 0 to 1 is expected"),
        ("--workers", "0", "--workers is 0; a whole number from 1 up is expected"),  # as renderers
    ],
)
def test_values_out_of_range_are_refused(tmp_path, capsys, option, value, said):
    with pytest.raises(SystemExit) as stop:
        chosen(tmp_path, option, value)
    assert stop.value.code == 2
    assert said in capsys.readouterr().err


def test_a_recipe_of_minutes_pauses_its_training_and_goes_on(tmp_path, monkeypatch):
    stage = next(stage for stage in recipe.STAGES if stage.steps)
    monkeypatch.setattr(recipe, "STAGES", (stage,))
    monkeypatch.setattr(recipe, "GOALS", (stage.name,))
    begun = []

    class Begun:
        def __init__(self, words):
            begun.append(words)

        def wait(self, timeout):
            return 0

    monkeypatch.setattr(recipe.subprocess, "Popen", Begun)
    said = recipe.work(chosen(tmp_path, "--minutes", "9"))
    assert said == f"paused in '{stage.name}'; the same command goes on"
    assert begun[0][-1] == "pause_minutes=9.00"
    (tmp_path / stage.results[0]).parent.mkdir()
    (tmp_path / stage.results[0]).touch()
    assert recipe.work(chosen(tmp_path, "--minutes", "9")) is None
    assert len(begun) == 1


def test_a_stage_without_steps_is_ended_when_the_time_is_over(tmp_path, monkeypatch):
    slow = [sys.executable, "-c", "import time; time.sleep(60)"]
    monkeypatch.setattr(recipe, "command", lambda stage, chosen: list(slow))
    start_s = time.monotonic()
    recipe._run(recipe.STAGES[0], chosen(tmp_path), 0.5)
    assert time.monotonic() - start_s < 50
