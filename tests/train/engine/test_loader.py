"""Batches that are made ahead: the same bits, in order, and errors in one sentence."""

import os
import sys

import pytest
import torch
from torch import nn

from liveportrait_core.errors import MediaError
from train.data.skipping import Skipping
from train.engine.draw import Draw
from train.engine.loader import Batches, Parts, default_workers, ended_workers_told
from train.engine.task import Task

needs_fork = pytest.mark.skipif(sys.platform != "linux", reason="workers are forked")


class Drawing:
    """Draws numbers, and tells which process drew them; from one step on something is wrong."""

    def __init__(self, ends_at=None, unreadable_at=None):
        self.ends_at, self.unreadable_at = ends_at, unreadable_at

    def batch(self, draw):
        if draw.step == self.unreadable_at:
            raise MediaError("shard 7 cannot be read.")
        if draw.step == self.ends_at:
            os._exit(1)
        return draw.normal(3, 2), (draw.uniform(2),), torch.tensor(os.getpid())

    def losses(self, networks, average, batch):
        raise NotImplementedError


def drawn(workers, first=0, *, count=6, **wrong):
    task = Task(networks={"line": nn.Linear(1, 1)}, groups=(), steps=(Drawing(**wrong),))
    parts = Parts(seed=3, accumulate=2, process=1, processes=2)
    batches = Batches(task, parts, range(first, count), workers=workers, pin=False)
    try:
        return [batches.next() for _ in range(first, count)]
    finally:
        batches.close()


@needs_fork
def test_workers_draw_what_the_process_itself_would_have_drawn_in_order():
    alone, ahead = drawn(0), drawn(2)
    assert [part.step for part in ahead] == [0, 0, 1, 1, 2, 2]
    for one, other in zip(alone, ahead, strict=True):
        assert torch.equal(one.batches[0][0], other.batches[0][0])
        assert torch.equal(one.batches[0][1][0], other.batches[0][1][0])
    assert {int(part.batches[0][2]) for part in alone} == {os.getpid()}
    assert os.getpid() not in {int(part.batches[0][2]) for part in ahead}


def test_parts_are_those_of_the_process_and_go_on_where_a_run_stopped():
    whole, later = drawn(0), drawn(0, 3)
    assert torch.equal(later[0].batches[0][0], whole[3].batches[0][0])
    expected = Draw.of(3, 1 * 2 + 1, 1).normal(3, 2)  # the second part of the second process
    assert torch.equal(whole[3].batches[0][0], expected)


@needs_fork
@pytest.mark.parametrize("workers", [0, 2])
def test_what_cannot_be_read_is_said_as_it_is(workers):
    with pytest.raises(MediaError, match=r"^shard 7 cannot be read\.$"):
        drawn(workers, unreadable_at=1)


@needs_fork
def test_a_worker_that_is_ended_is_a_sentence():
    with (
        pytest.raises(MediaError, match=r"reads data ahead was ended .* workers=0"),
        ended_workers_told(),
    ):
        drawn(1, ends_at=1)


@pytest.mark.parametrize(
    "error",
    [ConnectionResetError(104, "reset"), RuntimeError("DataLoader worker (pid 7) is killed")],
)
def test_a_connection_that_breaks_off_is_an_ended_worker_too(error):
    with pytest.raises(MediaError, match=r"was ended .*workers=0"), ended_workers_told():
        raise error


@pytest.mark.parametrize("kind", [ConnectionError, RuntimeError])
def test_an_error_of_the_data_itself_stays_what_it_is(kind):
    with pytest.raises(kind), ended_workers_told():
        raise kind("Caught an error in DataLoader worker process 0.")


@needs_fork
def test_what_is_damaged_is_counted_once_whoever_reads_it(capfd):
    skipping = Skipping("clip", 2)

    class Reading:
        def batch(self, draw):
            return torch.tensor(skipping.first_readable(0, readable, lambda number: number + 1))

    def readable(number):
        if number == 0:
            raise MediaError("clip 0 is damaged.")
        return number

    task = Task(networks={"line": nn.Linear(1, 1)}, groups=(), steps=(Reading(),))
    parts = Parts(seed=0, accumulate=1, process=0, processes=1)
    batches = Batches(task, parts, range(6), workers=2, pin=False)
    assert [int(batches.next().batches[0]) for _ in range(6)] == [1] * 6
    assert len(skipping) == 1
    assert capfd.readouterr().err == "skipped a clip (1 so far): clip 0 is damaged.\n"


def test_workers_take_the_cores_that_are_left(monkeypatch):
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(16)), raising=False)
    assert default_workers("cpu", 4) == 12
    monkeypatch.setenv("LOCAL_WORLD_SIZE", "8")
    assert default_workers("cuda", 4) == 1
    assert default_workers("cpu", 4) == 0
    monkeypatch.setattr(sys, "platform", "darwin")
    assert default_workers("cuda", 1) == 0
