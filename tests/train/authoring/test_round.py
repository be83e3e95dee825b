"""What is carried from one lent machine to the next."""

import os
import signal
import subprocess
import sys
import threading
import time

import numpy as np
import pytest
import torch
from torch import nn

from tools import round as tool
from tools import round_state, small_state
from train.engine import checkpoint
from train.engine.loop import LoopConfig, fit
from train.engine.task import ParameterGroup, Task

MODEL = "model.safetensors"


def trained_state():
    """Of a run as `train.engine.loop` writes it."""
    torch.manual_seed(3)
    weights, average = (torch.randn(6, 5) for _ in range(2))
    count = torch.tensor(4)
    moments = {"step": torch.tensor(7.0), "exp_avg": torch.randn(6, 5)}
    moments["exp_avg_sq"] = torch.rand(6, 5)
    return {
        "step": 7,
        "clock": {"spent_s": 8.0},
        "modules": {"motion": {"weight": weights, "count": count}},
        "average": {"motion": {"weight": average, "count": count}},
        "optimiser": {"state": {0: moments}, "param_groups": [{"lr": 0.1, "params": [0]}]},
    }


@pytest.fixture
def out(tmp_path):
    """A recipe's folder: heads and base are done, motion is being trained."""
    made = tmp_path / "out"
    random = np.random.default_rng(0)
    for name, size in (
        ("heads/index.json", 10),
        (f"base/{MODEL}", 70_000),
        ("base/checkpoint.pt", 900),
        ("base/stats.jsonl", 10),
        ("base/grid-007500.png", 10),
        ("motion/checkpoint-0000250.pt", 10),
        ("motion/grid-000500.png", 10),
        ("motion/grid-001000.png", 10),
        ("motion/tensorboard/events", 10),
        ("motion/run.lock", 10),
        ("measures-before.json", 10),
    ):
        path = made / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(random.bytes(size))
    checkpoint.save(made / "motion", trained_state())
    return made


def files_in(folder):
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def test_what_later_calls_need_comes_back_from_small_files(tmp_path, out):
    state, back = tmp_path / "state", tmp_path / "back"
    names = round_state.pack(out, state, 30_000)
    assert len(names) == 3
    assert all((state / name).stat().st_size <= 30_000 for name in names)
    round_state.unpack(state, back)
    assert files_in(back) == {
        *(f"base/{MODEL}", "base/stats.jsonl"),
        *("motion/checkpoint.pt", "motion/grid-001000.png", "measures-before.json"),
    }
    assert (back / "base" / MODEL).read_bytes() == (out / "base" / MODEL).read_bytes()


def test_models_that_nothing_left_begins_with_are_left_out(tmp_path, out):
    (out / "motion" / MODEL).touch()
    round_state.pack(out, tmp_path / "earlier")
    round_state.unpack(tmp_path / "earlier", tmp_path / "before")
    assert {f"base/{MODEL}", f"motion/{MODEL}"} <= files_in(tmp_path / "before")
    checkpoint.save(out / "picture", trained_state())  # it has begun with both
    round_state.pack(out, tmp_path / "state")
    round_state.unpack(tmp_path / "state", tmp_path / "back")
    found = files_in(tmp_path / "back")
    assert "picture/checkpoint.pt" in found
    assert not {f"base/{MODEL}", f"motion/{MODEL}", "motion/checkpoint.pt"} & found


def test_of_a_state_weights_come_back_exactly_and_the_rest_nearly():
    whole = trained_state()
    small = small_state.smaller(whole)
    back = small_state.restored(small)
    assert (back["step"], back["clock"]) == (7, {"spent_s": 8.0})
    assert torch.equal(back["modules"]["motion"]["weight"], whole["modules"]["motion"]["weight"])
    ours, theirs = (state["average"]["motion"]["weight"] for state in (back, whole))
    change = theirs - whole["modules"]["motion"]["weight"]
    assert float(((ours - theirs).abs() / change.abs()).max()) < 2**-8  # of bfloat16
    assert torch.equal(back["average"]["motion"]["count"], torch.tensor(4))
    moments, before = (state["optimiser"]["state"][0] for state in (back, whole))
    torch.testing.assert_close(moments["exp_avg_sq"], before["exp_avg_sq"], rtol=2**-8, atol=0)
    assert not moments["exp_avg"].any()
    assert moments["step"] == 7
    assert back["optimiser"]["param_groups"] == whole["optimiser"]["param_groups"]
    numbers = 6 * 5
    learned = nn.Linear(5, 6, bias=False)
    assert small_state.most_bytes({"motion": learned}) == numbers * (4 + 2 + 2)


class LeastSquares:
    def batch(self, draw):
        return draw.normal(16, 2)

    def losses(self, networks, average, batch):
        truth = batch @ torch.tensor([[2.0], [-1.0]]) + 0.5
        return (networks["line"](batch) - truth).square().mean(), {}


def test_a_run_that_was_carried_goes_on_and_reaches_the_same_line(tmp_path):
    def trained(run, steps):
        torch.manual_seed(0)
        group = ParameterGroup(modules=("line",), lr=0.05)
        networks = {"line": nn.Linear(2, 1)}
        task = Task(networks=networks, groups=(group,), steps=(LeastSquares(),))
        return fit(task, LoopConfig(run=run, steps=steps, workers=0, bfloat16=False))["line"]

    trained(tmp_path / "one", 200)
    for step in (200, 400):
        state = checkpoint.load(tmp_path / "one")
        carried = small_state.restored(small_state.smaller(state))
        checkpoint.save(tmp_path / "one", carried)
        average = trained(tmp_path / "one", step + 200)
    torch.testing.assert_close(average.weight, torch.tensor([[2.0, -1.0]]), atol=0.02, rtol=0)
    torch.testing.assert_close(average.bias, torch.tensor([0.5]), atol=0.02, rtol=0)


def test_the_state_before_stays_until_the_new_one_is_whole(tmp_path, out):
    state = tmp_path / "state"
    first = round_state.pack(out, state, 30_000)
    (out / "measures-before.json").write_bytes(b"new")
    second = round_state.pack(out, state, 30_000)
    assert not set(first) & set(second)
    assert {path.name for path in state.iterdir()} == {*second, round_state.MANIFEST}


def test_a_state_too_large_is_packed_without_moments_else_refused(tmp_path, out, capsys):
    large = trained_state()
    large["optimiser"]["state"][0]["exp_avg_sq"] = torch.rand(200, 200)
    checkpoint.save(out / "motion", large)
    state = tmp_path / "state"
    names = round_state.pack(out, state, 30_000, most_bytes=100_000)
    assert "too large: the optimiser's moments are left out" in capsys.readouterr().err
    assert sum((state / name).stat().st_size for name in names) <= 100_000
    round_state.unpack(state, tmp_path / "back")
    assert checkpoint.load(tmp_path / "back" / "motion")["optimiser"]["state"] == {}
    with pytest.raises(round_state.StateError, match=r"more than 0\.06 MB, so .* stays as it was"):
        round_state.pack(out, state, 30_000, most_bytes=60_000)
    assert {path.name for path in state.iterdir()} == {*names, round_state.MANIFEST}


def test_a_limit_below_what_a_state_may_take_is_refused_before_anything_runs(tmp_path, capsys):
    needed = round_state.most_state_bytes()
    numbers = 318_528 + 1_777_439 + 1_286_060 + 842_238  # of F, M, W and G
    assert needed == 8 * numbers
    assert needed <= tool.MOST_MB * 1e6
    assert tool.main([str(tmp_path / "state"), "--most-mb", "30"]) == 2
    assert "--most-mb is 30, and a state may take 33.8 MB" in capsys.readouterr().err
    assert not (tmp_path / "state").exists()


def test_a_damaged_part_is_named(tmp_path, out, capsys):
    state = tmp_path / "state"
    names = round_state.pack(out, state, 30_000)
    (state / names[1]).unlink()
    assert tool.main([str(state), "--out", str(tmp_path / "back")]) == 2
    assert f"{names[1]} is missing or damaged" in capsys.readouterr().err


def test_a_call_puts_back_goes_on_and_packs(tmp_path, out, monkeypatch, capsys):
    state, back = tmp_path / "state", tmp_path / "back"
    round_state.pack(out, state)
    asked = []

    def code_of(words):
        asked.append(words)
        (back / "base" / MODEL).write_bytes(b"trained")
        return 0

    monkeypatch.setattr(tool, "_code_of", code_of)
    arguments = [str(state), "--out", str(back), "--minutes", "5", "--", "--workers", "3"]
    assert tool.main(arguments) == 0
    (words,) = asked
    assert words[:5] == [sys.executable, "-m", "train.recipe", str(back), "--minutes"]
    assert 4 < float(words[5]) <= 5  # putting back takes of it
    assert words[6:] == ["--workers", "3"]
    assert "(36 MB are allowed)" in capsys.readouterr().out
    round_state.unpack(state, tmp_path / "again")
    assert (tmp_path / "again" / "base" / MODEL).read_bytes() == b"trained"


def test_a_request_to_end_goes_to_the_recipe_which_is_waited_for(tmp_path):
    told = tmp_path / "told"
    slow = "import signal, sys, time\n"
    slow += "def end(*_): time.sleep(0.5); open(sys.argv[1], 'w').close(); sys.exit(130)\n"
    slow += "signal.signal(signal.SIGTERM, end)\nopen(sys.argv[1] + '.ready', 'w').close()\n"
    slow += "time.sleep(60)"

    def ask():
        while not told.with_name("told.ready").exists():
            time.sleep(0.05)
        os.kill(os.getpid(), signal.SIGTERM)

    asking = threading.Thread(target=ask)
    asking.start()
    assert tool._code_of([sys.executable, "-c", slow, str(told)]) == 130
    asking.join()
    assert told.exists()
    assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL


def test_nothing_is_imported_that_the_wheels_may_bring_before_they_are_there():
    lines = "import sys; before = set(sys.modules); import tools.round; "
    lines += "print(*{name.split('.')[0] for name in set(sys.modules) - before})"
    found = subprocess.run(
        [sys.executable, "-c", lines], capture_output=True, text=True, check=True
    ).stdout.split()
    assert set(found) - {"tools"} <= set(sys.stdlib_module_names)


@pytest.mark.parametrize(
    "module",
    [
        "tools.round_state",
        "train.rendering.export.command",
        "train.tasks.compact",
        "train.tasks.retargeting",
        "train.tasks.face_finder",
    ],
)
def test_what_a_round_trains_needs_no_av(module):
    # its wheel alone, of 35 MB, would leave no room for a state
    lines = f"import sys; sys.modules['av'] = None; import {module}"
    subprocess.run([sys.executable, "-c", lines], check=True)


@pytest.mark.parametrize("is_there", [True, False])
def test_wheels_that_are_not_there_are_refused(tmp_path, capsys, is_there):
    wheels = tmp_path / "wheels"
    if is_there:
        wheels.mkdir()
    assert tool.main([str(tmp_path / "state"), "--wheels", str(wheels)]) == 2
    there = "no wheel" if is_there else "no folder"
    assert f"--wheels is {wheels}, where there is {there}" in capsys.readouterr().err
    assert not (tmp_path / "state").exists()
