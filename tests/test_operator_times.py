"""The table of operators: what each took and what work it did."""

import pytest
import torch
import torch.nn.functional as F

from benchmarks.operators import Cost, OperatorTimes, table


def test_work_and_calls_are_those_of_the_operators_within():
    x, weight = torch.rand(1, 3, 8, 8), torch.rand(5, 3, 3, 3)
    F.relu(x)
    with OperatorTimes() as times, torch.no_grad():
        F.relu(F.conv2d(x, weight, padding=1))
        torch.rand(4, 6) @ torch.rand(6, 2)
    assert times.costs["convolution"].calls == times.costs["relu"].calls == 1
    assert times.costs["convolution"].flop == 2 * 5 * 64 * 27
    assert times.costs["mm"].flop == 2 * 4 * 6 * 2
    assert times.costs["relu"].flop == 0
    assert all(cost.seconds >= 0 for cost in times.costs.values())


def test_the_dearest_operator_is_first_and_small_ones_are_summed_up():
    costs = {
        "add": Cost(calls=3, seconds=0.25),
        "mm": Cost(calls=2, seconds=0.74, flop=37e9),
        "tiny": Cost(calls=7, seconds=0.004),
        "tinier": Cost(calls=1, seconds=0.006 - 0.0015),
    }
    _, *rows = (line.split() for line in table(costs, peak=100e9))
    assert [row[0] for row in rows] == ["mm", "add", "rest", "all"]
    # 37 GFLOP in .74 s are 50 GFLOP/s, half of the peak.
    assert rows[0][1:] == ["2", "740", "0.741", "37.0", "50.0", "0.50"]
    assert rows[1][1:] == ["3", "250", "0.250"]
    assert rows[2][1] == "8"
    assert rows[3][1] == "13"
    assert float(rows[3][2]) == pytest.approx(998, abs=1)
