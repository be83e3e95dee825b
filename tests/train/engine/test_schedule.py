"""How far a run is, by steps and by minutes."""

import time
from dataclasses import replace
from pathlib import Path

import pytest

from liveportrait_core.config.fields import OptionError
from train.engine.loop import LoopConfig
from train.engine.schedule import Schedule


def schedule(spent_s=0.0, call_s=0.0, closing_s=0.0, **lengths):
    config = LoopConfig(run=Path("nowhere"), warmup_steps=1, final_lr_fraction=0.0, **lengths)
    found = Schedule(config, start=0, spent_s=spent_s, began_s=time.monotonic())
    found.call_s = call_s
    found.closed(closing_s)
    return found


def test_a_run_of_steps_ends_with_its_steps():
    by_steps = schedule(steps=4, call_s=1e9)
    assert [by_steps.is_over(step) for step in (0, 3, 4)] == [False, False, True]
    assert by_steps.lr_share(2) == pytest.approx(0.5)


def test_the_rate_falls_over_the_time_of_all_calls():
    # ten minutes, of which saving takes one: nine to train
    assert schedule(270.0, 0.0, 60.0, budget_minutes=10).lr_share(7) == pytest.approx(0.5)
    assert schedule(200.0, 70.0, 60.0, budget_minutes=10).lr_share(7) == pytest.approx(0.5)
    assert not schedule(500.0, 39.0, 60.0, budget_minutes=10).is_over(10**6)
    assert schedule(500.0, 41.0, 60.0, budget_minutes=10).is_over(1)


def test_steps_end_a_run_before_its_time():
    both = schedule(call_s=30.0, steps=10, budget_minutes=10)
    assert both.progress(5) == pytest.approx(0.5)
    assert both.progress(0) == pytest.approx(30 / (0.98 * 600))
    assert both.is_over(10)


def test_a_pause_is_no_end():
    paused = schedule(1e4, 599.0, 2.0, steps=10, pause_minutes=10)
    assert paused.is_paused()
    assert not paused.is_over(9)
    assert not schedule(1e4, 500.0, 2.0, steps=10, pause_minutes=10).is_paused()


def test_a_run_has_steps_or_minutes():
    with pytest.raises(OptionError, match=r"steps is missing; .* or budget_minutes=N"):
        LoopConfig(run=Path("nowhere"))
    timed = LoopConfig(run=Path("nowhere"), budget_minutes=30)
    assert timed.length == "30 minutes"
    assert replace(timed, steps=7).length == "7"


def test_what_is_left_is_the_shorter_of_both():
    assert schedule(60.0, steps=10, budget_minutes=3).left_min(10) == 0
    assert schedule(60.0, budget_minutes=3).left_min(10) == pytest.approx(2)
