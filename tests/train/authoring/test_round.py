"""What is carried from one lent machine to the next."""

import sys

import pytest
import torch

from tools import round as tool
from train.engine import checkpoint


@pytest.fixture
def out(tmp_path):
    made = tmp_path / "out"
    for name, size in (
        ("motion/checkpoint.pt", 70_000),
        ("motion/checkpoint-0000250.pt", 10),
        ("base/model.safetensors", 5_000),
        ("base/tensorboard/events", 10),
        ("base/run.lock", 10),
        ("heads/index.json", 10),
        ("measures.json", 10),
    ):
        path = made / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(bytes(k % 251 for k in range(size)))
    return made


def test_a_state_comes_back_from_small_files(tmp_path, out):
    state, back = tmp_path / "state", tmp_path / "back"
    names = tool.pack(out, state, 30_000)
    assert len(names) == 3
    assert all((state / name).stat().st_size <= 30_000 for name in names)
    assert tool.unpack(state, back) == 3
    found = {path.relative_to(back).as_posix() for path in back.rglob("*") if path.is_file()}
    assert found == {"motion/checkpoint.pt", "base/model.safetensors", "measures.json"}
    for name in found:
        assert (back / name).read_bytes() == (out / name).read_bytes()


def test_of_a_finished_stage_the_averages_are_carried(tmp_path, out):
    averages = {"motion": {"weight": torch.arange(5.0)}}
    whole = {"step": 7, "average": averages, "modules": averages, "optimiser": {"state": {}}}
    checkpoint.save(out / "base", whole)
    tool.pack(out, tmp_path / "state")
    tool.unpack(tmp_path / "state", tmp_path / "back")
    carried = checkpoint.load(tmp_path / "back" / "base")
    assert (carried["modules"], carried["optimiser"], carried["step"]) == ({}, {}, 7)
    assert torch.equal(carried["average"]["motion"]["weight"], torch.arange(5.0))
    assert checkpoint.load(out / "base")["modules"]  # as it was on this machine


def test_the_state_before_stays_until_the_new_one_is_whole(tmp_path, out):
    state = tmp_path / "state"
    first = tool.pack(out, state, 30_000)
    (out / "measures.json").write_bytes(b"new")
    second = tool.pack(out, state, 30_000)
    assert not set(first) & set(second)
    assert {path.name for path in state.iterdir()} == {*second, tool.MANIFEST}


def test_a_damaged_part_is_named(tmp_path, out, capsys):
    state = tmp_path / "state"
    names = tool.pack(out, state, 30_000)
    (state / names[1]).unlink()
    assert tool.main([str(state), "--out", str(tmp_path / "back")]) == 2
    assert f"{names[1]} is missing or damaged" in capsys.readouterr().err


def test_a_call_puts_back_goes_on_and_packs(tmp_path, out, monkeypatch):
    state, back = tmp_path / "state", tmp_path / "back"
    tool.pack(out, state)
    asked = []

    class Done:
        returncode = 0

    def run(words, check):
        asked.append(words)
        (back / "base" / "model.safetensors").write_bytes(b"trained")
        return Done

    monkeypatch.setattr(tool.subprocess, "run", run)
    assert (
        tool.main([str(state), "--out", str(back), "--minutes", "5", "--", "--workers", "3"]) == 0
    )
    assert asked == [
        [sys.executable, "-m", "train.recipe", str(back), "--minutes", "5.0", "--workers", "3"]
    ]
    again = tmp_path / "again"
    assert tool.unpack(state, again) == 3
    assert (again / "base" / "model.safetensors").read_bytes() == b"trained"
