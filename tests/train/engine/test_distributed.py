"""One process, two, and one that is killed: the same losses."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.support.rendered import write_rendered
from train.engine.stats import CLOCK

ROOT = Path(__file__).parents[3]
QUICK = ("bfloat16=false", "log_every=1", "grid_every=0")
COMPACT = ("detail_px=128", "blocks=0", "depth_probes=0", "own_keypoints_from=9")
"""Keypoints that an untrained M reads all but coincide; a pose fitted to them magnifies rounding,
so these runs are over before M's own are used."""
PAPER = ("preset=tiny", "total_batch=2", "warmup_steps=1000")
"""The paper's losses and networks, with a sixteenth of the channels. The first step of Adam
magnifies rounding where a gradient is all but zero, so that steps are small here."""


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return write_rendered(tmp_path_factory.mktemp("rendered"))


def command(name, run, data, *options, processes=1):
    words = [sys.executable, "-m"]
    if processes > 1:
        words += ["torch.distributed.run", "--standalone", "--nproc_per_node", str(processes), "-m"]
    return [*words, f"train.{name}", f"run={run}", f"data={data}", *QUICK, *options]


def rows(run):
    lines = (run / "stats.jsonl").read_text(encoding="utf-8").splitlines()
    told = ("lr_share", *CLOCK)
    return [{k: v for k, v in json.loads(line).items() if k not in told} for line in lines]


def trained(words):
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        words, cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-2000:]
    assert "Warning: torch.distributed" not in done.stderr


@pytest.mark.parametrize(
    ("name", "options", "alone", "shared"),
    [
        (
            "compact",
            (*COMPACT, "steps=3"),
            ("batch=2", "motion_batch=4"),
            ("batch=1", "motion_batch=2"),
        ),
        ("stage1", (*PAPER, "steps=2"), ("batch=2",), ("batch=1",)),
    ],
    ids=["compact", "paper"],
)
def test_two_processes_give_the_losses_of_one(tmp_path, data, name, options, alone, shared):
    one, two = tmp_path / "one", tmp_path / "two"
    trained(command(name, one, data, *options, *alone))
    trained(command(name, two, data, *options, *shared, processes=2))
    for first, second in zip(rows(one), rows(two), strict=True):
        assert second == pytest.approx(first, rel=1e-5, abs=1e-5)
    assert len({row["total"] for row in rows(one)}) == len(rows(one)) > 1


def test_a_run_that_is_killed_anywhere_repeats_its_losses(tmp_path, data):
    options = (*COMPACT, "steps=6", "batch=1", "motion_batch=2", "save_every=2")
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    trained(command("compact", whole, data, *options))
    words = command("compact", killed, data, *options)
    process = subprocess.Popen(words, cwd=ROOT, stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 120
    while not (killed / "stats.jsonl").is_file() or len(rows(killed)) < 3:
        assert time.monotonic() < deadline
        assert process.poll() is None
        time.sleep(0.02)
    process.send_signal(signal.SIGKILL if os.name == "posix" else signal.SIGTERM)
    process.wait()
    assert len(rows(killed)) < 6
    trained(words)
    assert rows(killed) == rows(whole)
