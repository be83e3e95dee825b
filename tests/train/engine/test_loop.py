import json
import os
import signal
import subprocess
import sys
from dataclasses import dataclass, replace
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from torch import nn

from liveportrait_core.config.fields import OptionError, shared
from liveportrait_core.errors import CheckpointError, MediaError
from train.engine import checkpoint, schedule
from train.engine.draw import Draw
from train.engine.ema import MovingAverage
from train.engine.loop import LoopConfig, fit, learning_rate_share, run, train
from train.engine.stopping import Stopped
from train.engine.task import ParameterGroup, Task


class LeastSquares:
    """Least squares on drawn points: the smallest real step."""

    def __init__(self, broken_at=None):
        self.broken_at = broken_at

    def batch(self, draw):
        return draw.normal(16, 2), draw.step

    def losses(self, networks, average, batch):
        points, step = batch
        truth = points @ torch.tensor([[2.0], [-1.0]]) + 0.5
        loss = (networks["line"](points) - truth).square().mean()
        if step == self.broken_at:
            loss = loss * float("nan")
        return loss, {}


def regression(step=None, **more):
    torch.manual_seed(0)
    networks = {"line": nn.Linear(2, 1)}
    group = ParameterGroup(modules=("line",), lr=0.05)
    steps = (step or LeastSquares(),)
    return Task(networks=networks, groups=(group,), steps=steps, **more)


def config(tmp_path, **changes):
    values = {"run": tmp_path / "run", "steps": 12, "log_every": 1, "save_every": 4, "workers": 0}
    return LoopConfig(**{**values, "bfloat16": False, "warmup_steps": 1, **changes})


def losses(run):
    rows = (run / "stats.jsonl").read_text(encoding="utf-8").splitlines()
    return [json.loads(row)["total"] for row in rows]


def test_a_killed_run_repeats_itself(tmp_path):
    whole = config(tmp_path / "whole")
    fit(regression(), whole)
    killed = config(tmp_path / "killed")
    with pytest.raises(FloatingPointError):
        fit(regression(LeastSquares(broken_at=6)), killed)  # the last checkpoint is of step 4
    fit(regression(), killed)
    assert losses(killed.run) == losses(whole.run)
    assert len(losses(whole.run)) == 12


class StoppedAt(LeastSquares):
    """Ctrl-C comes in the middle of a step."""

    def losses(self, networks, average, batch):
        if batch[1] == self.broken_at:
            os.kill(os.getpid(), signal.SIGINT)
        return LeastSquares().losses(networks, average, batch)


def test_ctrl_c_ends_a_step_saves_it_and_the_run_repeats_itself(tmp_path):
    whole, stopped = config(tmp_path / "whole"), config(tmp_path / "stopped")
    fit(regression(), whole)
    with pytest.raises(Stopped, match=r"^stopped at step 6 of 12; its state is saved in .*run\. "):
        fit(regression(StoppedAt(5)), stopped)
    assert checkpoint.load(stopped.run)["step"] == 6  # the last due one was of step 4
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    fit(regression(), stopped)
    assert losses(stopped.run) == losses(whole.run)


def test_ctrl_c_in_the_last_step_lets_the_run_end(tmp_path):
    fit(regression(StoppedAt(11)), config(tmp_path))
    assert checkpoint.load(tmp_path / "run")["step"] == 12


def test_losses_of_several_steps_add_up(tmp_path):
    class Constant:
        def __init__(self, name, value):
            self.name, self.value = name, value

        def batch(self, draw):
            return ()

        def losses(self, networks, average, batch):
            loss = self.value + 0 * networks["line"].weight.sum()
            return loss, {self.name: loss}

    task = replace(regression(), steps=(Constant("one", 2.0), Constant("other", 3.0)))
    rows = {
        name: float(v.detach())
        for name, v in task.train_step(task.draw(Draw.of(0, 0, 0)), {}).items()
    }
    assert rows == {"total": 5.0, "one": 2.0, "other": 3.0}


@dataclass(frozen=True)
class OfOneStep:
    loop: LoopConfig = shared(LoopConfig)


def test_a_task_is_trained_watched_and_written_as_it_says(tmp_path, capsys):
    seen = []
    frozen = nn.Linear(1, 1)

    def prepare(config):
        return regression(
            frozen={"reader": frozen},
            sample_grid=lambda average: np.zeros((2, 3, 3), np.uint8),
            watch=lambda step, average, *, due: seen.append((step, sorted(average), due)),
            write=lambda average: tmp_path / "model",
            notes=("one", "other"),
        )

    settings = OfOneStep(config(tmp_path, steps=2, grid_every=1))
    assert train(settings, prepare) == tmp_path / "model"
    assert seen == [(1, ["line"], False), (2, ["line"], True)]
    assert (tmp_path / "run" / "grid-000002.png").is_file()
    assert capsys.readouterr().err.startswith("one\nother\n")


def test_settings_that_changed_since_are_named_when_a_run_goes_on(tmp_path, capsys):
    def prepare(config):
        return regression()

    train(OfOneStep(config(tmp_path, steps=2)), prepare)
    train(OfOneStep(config(tmp_path, steps=3, seed=7)), prepare)
    said = capsys.readouterr().err.splitlines()
    assert [line for line in said if line.startswith("other settings")] == [
        "other settings than before: steps 2 -> 3, seed 0 -> 7"
    ]
    train(OfOneStep(config(tmp_path, steps=3, seed=7)), prepare)
    assert "other settings" not in capsys.readouterr().err


def test_training_reaches_the_line(tmp_path):
    task = regression()
    average = fit(task, config(tmp_path, steps=400, log_every=100, save_every=400))
    torch.testing.assert_close(
        average["line"].weight, torch.tensor([[2.0, -1.0]]), atol=0.02, rtol=0
    )


def test_a_loss_that_is_not_finite_stops_and_is_named(tmp_path):
    with pytest.raises(FloatingPointError, match="loss total is not finite at step 2"):
        fit(regression(LeastSquares(broken_at=2)), config(tmp_path))


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_nothing_is_learned_from_a_loss_that_is_not_finite(tmp_path, value):
    # on a CPU the gradient of torch's grid_sample ends the process at such coordinates
    class Reached(torch.autograd.Function):
        @staticmethod
        def forward(_, x):
            return x * value

        @staticmethod
        def backward(_, gradient):
            raise AssertionError(gradient)

    class Diverged(LeastSquares):
        def losses(self, networks, average, batch):
            return Reached.apply(networks["line"].weight.sum()), {}

    with pytest.raises(FloatingPointError, match="loss total is not finite at step 0"):
        fit(regression(Diverged()), config(tmp_path))


def test_a_matrix_that_is_not_finite_is_told_like_a_loss(tmp_path):
    class Singular(LeastSquares):
        def losses(self, networks, average, batch):
            return torch.linalg.svd(torch.full((1, 3, 3), torch.nan))[1].sum(), {}

    with pytest.raises(FloatingPointError, match=r"gave is not finite at step 0.* lower the learn"):
        fit(regression(Singular()), config(tmp_path))


def test_a_checkpoint_with_another_optimiser_is_one_sentence(tmp_path):
    fit(regression(), config(tmp_path))
    state = checkpoint.load(tmp_path / "run")
    state["optimiser"] = {"state": {}, "param_groups": []}
    checkpoint.save(tmp_path / "run", state)
    with pytest.raises(CheckpointError, match=r"The optimiser in the checkpoint in .*config\.json"):
        fit(regression(), config(tmp_path, steps=14))


def test_parts_of_a_batch_add_up_to_the_whole(tmp_path):
    class Halves:
        def __init__(self, rows):
            self.rows = rows

        def batch(self, draw):
            return draw.normal(self.rows, 2)

        def losses(self, networks, average, batch):
            return networks["line"](batch).square().mean(), {}

    fit(regression(Halves(8)), config(tmp_path / "whole"))
    fit(regression(Halves(2)), config(tmp_path / "parts", accumulate=4))
    whole, parts = (losses(tmp_path / name / "run") for name in ("whole", "parts"))
    assert parts == pytest.approx(whole, abs=1e-6)
    assert len(set(whole)) == len(whole)


def test_tensorboard_shows_the_losses_of_the_log(tmp_path):
    reading = pytest.importorskip("tensorboard.backend.event_processing.event_accumulator")
    fit(regression(), config(tmp_path))
    events = reading.EventAccumulator(str(tmp_path / "run" / "tensorboard")).Reload()
    assert [event.step for event in events.Scalars("total")] == list(range(1, 13))
    shown = [event.value for event in events.Scalars("total")]
    assert shown == pytest.approx(losses(tmp_path / "run"), rel=1e-6)


def test_losses_go_to_weights_and_biases_where_that_is_asked_for(tmp_path, monkeypatch):
    sent, begun = [], []

    class Online:
        def log(self, values, step):
            sent.append((step, values["total"]))

    def init(**about):
        begun.append(about)
        return Online()

    monkeypatch.setitem(sys.modules, "wandb", SimpleNamespace(init=init))
    fit(regression(), config(tmp_path, wandb="heads"))
    assert [value for _, value in sent] == losses(tmp_path / "run")
    fit(regression(), config(tmp_path, wandb="heads", steps=14))
    assert begun[0] == begun[1]  # the same run, which goes on
    assert (begun[0]["project"], begun[0]["resume"]) == ("heads", "allow")
    monkeypatch.setitem(sys.modules, "wandb", None)
    with pytest.raises(OptionError, match="pip install wandb"):
        fit(regression(), config(tmp_path, wandb="heads", steps=15))


def test_a_finished_run_does_nothing_more(tmp_path):
    fit(regression(), config(tmp_path))
    before = (tmp_path / "run" / checkpoint.NAME).read_bytes()
    fit(regression(), config(tmp_path))
    assert (tmp_path / "run" / checkpoint.NAME).read_bytes() == before


def test_networks_of_another_form_do_not_go_on_in_a_run(tmp_path):
    fit(regression(), config(tmp_path))
    wider, other = regression(), regression()
    wider.networks["line"] = nn.Linear(3, 1)
    other.networks["curve"] = nn.Linear(2, 1)
    with pytest.raises(CheckpointError, match=r"another form of 'line'.*run=FOLDER"):
        fit(wider, config(tmp_path, steps=20))
    with pytest.raises(CheckpointError, match=r"has no 'curve'"):
        fit(other, config(tmp_path, steps=20))


def trained(tmp_path, name, **changes):
    task = regression()
    average = fit(task, config(tmp_path / name, **changes))
    return average["line"].weight, losses(tmp_path / name / "run")


def test_a_fused_optimiser_learns_the_same(tmp_path):
    plain, fused = trained(tmp_path, "plain"), trained(tmp_path, "fused", fused=True)
    torch.testing.assert_close(fused[0], plain[0])


def test_float16_scales_its_losses_and_resumes(tmp_path):
    weight, rows = trained(tmp_path, "half", float16=True)
    assert weight.isfinite().all()
    assert min(rows) < rows[0]
    scale = checkpoint.load(tmp_path / "half" / "run")["scaler"]["scale"]
    assert 2**8 < scale < 2**16  # at which these losses are too large for float16
    _, rows = trained(tmp_path, "half", float16=True, steps=14)
    assert len(rows) == 14


def test_a_network_is_compiled_where_that_is_asked_for(tmp_path, monkeypatch):
    compiled = []
    monkeypatch.setattr(nn.Module, "compile", lambda module: compiled.append(module))  # noqa: PLW0108
    task = regression()
    fit(task, config(tmp_path, compile=True))
    assert compiled == [task.networks["line"]]


def test_a_gpu_that_is_missing_is_refused_before_anything_is_prepared(tmp_path, monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(OptionError, match="device is cuda"):
        train(OfOneStep(config(tmp_path, device="cuda")), lambda config: pytest.fail("prepared"))


def test_several_checkpoints_are_kept_and_the_best_is_marked(tmp_path):
    best_at = 6
    task = regression(watch=lambda step, average, *, due: step == best_at)
    fit(task, config(tmp_path, save_every=2, keep=2))
    run = tmp_path / "run"
    names = {path.name for path in run.glob("checkpoint*")}
    assert names == {
        "checkpoint.pt",
        "checkpoint-best.pt",
        "checkpoint-0000010.pt",
        "checkpoint-0000012.pt",
    }
    steps = [torch.load(run / name)["step"] for name in sorted(names)]
    assert sorted(steps) == [6, 10, 12, 12]


def test_a_checkpoint_is_of_the_moment_at_which_it_was_asked_for(tmp_path):
    saver, weights = checkpoint.Saver(tmp_path, 1), torch.zeros(3)
    whole = {name: kind() for name, kind in checkpoint.PARTS.items()}
    saver.save({**whole, "weights": [weights]})
    weights.fill_(5)
    saver.finish()
    assert torch.equal(checkpoint.load(tmp_path)["weights"][0], torch.zeros(3))


class Clock:
    """Seconds that pass when a test says so."""

    def __init__(self, monkeypatch):
        self.s = 100.0
        monkeypatch.setattr(schedule.time, "monotonic", lambda: self.s)


class Slow(StoppedAt):
    """A step of seven seconds; Ctrl-C comes in one, and another is the last before a kill."""

    def __init__(self, clock, stopped_at=None, killed_at=None):
        super().__init__(stopped_at)
        self.clock, self.killed_at = clock, killed_at

    def losses(self, networks, average, batch):
        self.clock.s += 7
        if batch[1] == self.killed_at:
            raise ZeroDivisionError
        return super().losses(networks, average, batch)


def call_of_minutes(clock, settings, measure_s, *, every=1000, **events):
    """One call of a run of ten minutes that takes 15 s to start; gives the measured steps."""
    began_s, seen = clock.s, []
    clock.s += 15

    def watch(step, average, *, due):
        if due or step % every == 0:
            clock.s += measure_s
            seen.append(step)
        return False

    run(regression(Slow(clock, **events), watch=watch), settings, began_s=began_s)
    return seen


def of_minutes(tmp_path, **changes):
    return config(tmp_path, steps=0, budget_minutes=10, save_every=5, **changes)


@pytest.mark.parametrize("measure_s", [0, 20, 60])
def test_a_run_of_minutes_stops_saves_and_measures_in_time(tmp_path, monkeypatch, measure_s):
    clock, settings = Clock(monkeypatch), of_minutes(tmp_path)
    began_s = clock.s
    seen = call_of_minutes(clock, settings, measure_s)
    state = checkpoint.load(settings.run)
    assert seen == [1, state["step"]]  # the first says how long the last will take
    unused_s = 600 - (clock.s - began_s)
    assert 0 <= unused_s < 7 + max(7, 0.02 * 600)  # what is kept free, and less than a step
    call_of_minutes(clock, settings, measure_s)
    assert checkpoint.load(settings.run)["step"] == state["step"]


def test_minutes_are_those_of_all_calls_whatever_ends_them(tmp_path, monkeypatch):
    clock, settings = Clock(monkeypatch), of_minutes(tmp_path)
    with pytest.raises(ZeroDivisionError):
        call_of_minutes(clock, settings, 20, every=10, killed_at=27)
    kept = checkpoint.load(settings.run)
    # 15 s to start, 25 steps of 7, and measures after steps 1, 10 and 20
    assert (kept["step"], kept["clock"]["spent_s"]) == (25, 15 + 25 * 7 + 3 * 20)
    with pytest.raises(Stopped):
        call_of_minutes(clock, settings, 20, every=10, stopped_at=44)
    kept = checkpoint.load(settings.run)
    assert (kept["step"], kept["clock"]["spent_s"]) == (45, 250 + 15 + 20 * 7 + 2 * 20)
    seen = call_of_minutes(clock, settings, 20, every=10)
    state = checkpoint.load(settings.run)
    assert seen[-1] == state["step"]
    assert 600 - 7 - 7 - 20 <= state["clock"]["spent_s"] + 20 <= 600
    rows = (settings.run / "stats.jsonl").read_text(encoding="utf-8").splitlines()
    shares = [json.loads(row)["lr_share"] for row in rows]
    assert len(shares) == state["step"]
    assert shares == sorted(shares, reverse=True)  # no step back, no jump up
    assert shares[-1] < 0.06  # final_lr_fraction is 0.05


def test_a_paused_run_goes_on_and_writes_no_model_before_its_end(tmp_path):
    written = []

    def prepare(config):
        return regression(write=lambda average: written.append(1) or tmp_path / "model")

    whole = OfOneStep(config(tmp_path / "whole"))
    train(whole, prepare)
    written.clear()
    parts, calls = OfOneStep(config(tmp_path / "parts", pause_minutes=1e-9)), 0
    while train(parts, prepare) is None:  # a step a call
        assert written == []
        calls += 1
    assert calls == 11
    assert losses(tmp_path / "parts" / "run") == losses(tmp_path / "whole" / "run")


def test_a_folder_in_use_is_refused_with_its_owner(tmp_path):
    holding = "import sys, time; from pathlib import Path; from train.engine.lock import locked\n"
    holding += "with locked(Path(sys.argv[1])):\n    print('held', flush=True); time.sleep(60)"
    other = subprocess.Popen(
        [sys.executable, "-c", holding, str(tmp_path / "run")], stdout=subprocess.PIPE, text=True
    )
    try:
        assert other.stdout.readline() == "held\n"
        with pytest.raises(CheckpointError, match=f"process {other.pid} on .*run=FOLDER"):
            fit(regression(), config(tmp_path))
    finally:
        other.kill()
        other.wait()
    fit(regression(), config(tmp_path))  # the system gave it back


@pytest.mark.parametrize("changed", [{"step": "12"}, {"modules": []}, {"optimiser": None}])
def test_a_broken_checkpoint_says_what_to_do(changed, tmp_path):
    (tmp_path / checkpoint.NAME).write_bytes(b"not a checkpoint")
    with pytest.raises(CheckpointError, match="Delete it to start the run anew"):
        checkpoint.load(tmp_path)
    whole = {name: kind() for name, kind in checkpoint.PARTS.items()}
    torch.save({**whole, **changed}, tmp_path / checkpoint.NAME)
    with pytest.raises(CheckpointError, match="is another program's; a checkpoint of this run"):
        checkpoint.load(tmp_path)


@pytest.fixture
def small_disk():
    resource = pytest.importorskip("resource", reason="needs a limit on the size of files")
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, limits[1]))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, limits)


def test_a_full_disk_is_a_sentence_and_the_last_checkpoint_stays(tmp_path, small_disk):
    state = {"step": 1, "modules": {}, "average": {}, "optimiser": {}}
    checkpoint.save(tmp_path, state)
    with pytest.raises(MediaError, match=r"Cannot write .*checkpoint\.pt: .*or make space"):
        checkpoint.save(tmp_path, {**state, "weights": torch.zeros(100_000)})
    assert checkpoint.load(tmp_path) == state
    assert [path.name for path in tmp_path.iterdir()] == [checkpoint.NAME]


def test_draws_depend_on_seed_place_and_step_alone():
    first, again = Draw.of(1, 0, 5), Draw.of(1, 0, 5)
    first.normal(3)
    again.normal(3)
    assert torch.equal(first.normal(4), again.normal(4))
    others = [Draw.of(2, 0, 5), Draw.of(1, 1, 5), Draw.of(1, 0, 6)]
    assert all(not torch.equal(Draw.of(1, 0, 5).normal(4), d.normal(4)) for d in others)


def test_two_processes_draw_together_what_one_draws():
    whole, parts = Draw.of(1, 0, 5), [Draw.of(1, slot, 5) for slot in range(2)]
    for _ in range(2):
        assert torch.equal(whole.normal(6, 2), torch.cat([part.normal(3, 2) for part in parts]))
        assert torch.equal(whole.uniform(6), torch.cat([part.uniform(3) for part in parts]))
        both = [part.integers(3, 0, 1000).tolist() for part in parts]
        assert whole.integers(6, 0, 1000).tolist() == both[0] + both[1]


def test_draws_are_as_they_are_called():
    values = Draw.of(0, 0, 0).normal(4000, 2)
    assert float(values.mean()) == pytest.approx(0, abs=0.05)
    assert float(values.std()) == pytest.approx(1, abs=0.05)
    numbers = Draw.of(0, 0, 0).integers(3000, 1, np.array([2, 3, 5] * 1000)).reshape(-1, 3)
    assert [set(column) for column in numbers.T] == [{1}, {1, 2}, {1, 2, 3, 4}]
    assert Draw.of(0, 0, 0).uniform(0, 3).shape == (0, 3)


def test_the_learning_rate_rises_then_falls_to_its_share(tmp_path):
    settings = config(tmp_path, steps=100, warmup_steps=10, final_lr_fraction=0.1)
    shares = [learning_rate_share(step, settings) for step in range(101)]
    assert shares[0] < 0.11
    assert max(shares) == pytest.approx(shares[9], abs=0.03)
    assert shares[100] == pytest.approx(0.1)


def test_the_average_of_weights_that_stand_still_is_the_weights():
    modules = {"net": nn.BatchNorm1d(3)}
    average = MovingAverage(modules, decay=0.9)
    modules["net"].weight.data.fill_(2.0)
    modules["net"].running_mean.fill_(5.0)
    for step in range(300):
        average.update(modules, step)
    torch.testing.assert_close(average.modules["net"].weight, torch.full((3,), 2.0))
    assert torch.equal(average.modules["net"].running_mean, torch.full((3,), 5.0))


def test_a_finished_run_says_that_nothing_is_left_and_keeps_its_settings(tmp_path, capsys):
    done = config(tmp_path, steps=2)
    fit(regression(), done)
    assert "nothing is left" not in capsys.readouterr().err
    settings = (done.run / "config.json").read_text(encoding="utf-8")
    fit(regression(), config(tmp_path, steps=1, seed=7))
    assert f"nothing is left to train: {done.run} is at step 2" in capsys.readouterr().err
    assert len(losses(done.run)) == 2
    assert (done.run / "config.json").read_text(encoding="utf-8") == settings


def test_a_file_in_place_of_the_runs_folder_is_refused(tmp_path):
    (tmp_path / "run").write_bytes(b"x")
    with pytest.raises(MediaError, match="is a file; a folder is expected"):
        train(OfOneStep(config(tmp_path)), lambda config: pytest.fail("prepared"))
