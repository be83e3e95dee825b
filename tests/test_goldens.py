import json
import math
import shutil
from pathlib import Path

import numpy as np
import pytest

from tests.run_goldens import CHECKS, main, summarise, usable_checks
from tests.support.golden import Comparison, GoldenFolder

GOLDENS = Path(__file__).parent / "goldens"
FULL_SET_ONLY = {"nets", "e2e"}
"""Parts that need pictures or the large networks; see goldens/PROVENANCE.md."""


@pytest.fixture
def copied(tmp_path: Path) -> Path:
    return Path(shutil.copytree(GOLDENS, tmp_path / "goldens"))


def test_the_small_set_passes(capsys):
    assert main([str(GOLDENS)]) == 0
    printed = capsys.readouterr().out
    assert "execute human driving keypoints" in printed
    assert "0 out of tolerance" in printed


def test_the_small_set_holds_every_part_that_fits():
    folder = GoldenFolder(GOLDENS, GOLDENS / "images")
    assert set(usable_checks(folder)) == set(CHECKS) - FULL_SET_ONLY


def test_a_wrong_number_is_named_and_the_exit_code_is_1(copied, capsys):
    with np.load(copied / "execute_outputs.npz") as file:
        arrays = dict(file)
    case = json.loads((copied / "execute_cases.json").read_text())["cases"][2]["id"]
    arrays[f"{case}.x_d"][0, 3, 1] += 1e-3
    np.savez(copied / "execute_outputs.npz", **arrays)
    assert main([str(copied)]) == 1
    out = [line for line in capsys.readouterr().out.splitlines() if "OUT" in line]
    assert len(out) == 1
    assert out[0].startswith("execute human driving keypoints")
    assert f"OUT in {case}" in out[0]


def test_another_salt_is_other_weights(copied, capsys):
    (copied / "nets.json").write_text('{"salt": "another"}')
    assert main([str(copied)]) == 1
    assert "OUT" in capsys.readouterr().out


def test_a_folder_that_is_none_is_one_sentence_and_exit_code_2(tmp_path, capsys):
    for folder in (tmp_path / "nowhere", tmp_path):
        assert main([str(folder)]) == 2
        assert str(folder) in capsys.readouterr().err


def test_a_damaged_file_is_exit_code_2(copied, capsys):
    whole = (copied / "pure.npz").read_bytes()
    (copied / "pure.npz").write_bytes(whole[: len(whole) // 2])
    assert main([str(copied)]) == 2
    assert "pure.npz cannot be read" in capsys.readouterr().err


def test_a_missing_array_is_exit_code_2(copied, capsys):
    with np.load(copied / "pure.npz") as file:
        arrays = {name: value for name, value in file.items() if name != "rot.R"}
    np.savez(copied / "pure.npz", **arrays)
    assert main([str(copied)]) == 2
    assert "rot.R" in capsys.readouterr().err


def test_the_worst_case_of_a_quantity_is_told():
    errors = {"a": 1e-7, "b": math.nan, "c": 2e-6}
    cases = [Comparison("keypoints", case, error, 1e-5) for case, error in errors.items()]
    (row,) = summarise(cases)
    assert row.num_cases == 3
    assert row.worst.case == "b"
    assert row.failed == ("b",)
