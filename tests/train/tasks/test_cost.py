"""The cost that a dry run tells."""

from dataclasses import replace

import torch
from torch import nn

from train.data.sets import DataConfig
from train.engine.task import ParameterGroup, Task
from train.tasks.cost import noise_sets, step_cost


class Product:
    """A product of eight rows with a 2 x 3 matrix, and with that of `after`, summed."""

    def __init__(self, after=None):
        self.after = after

    def batch(self, draw):
        return ()

    def losses(self, networks, average, batch):
        rows = networks["line"](torch.ones(8, 2))
        return (rows if self.after is None else self.after(rows)).sum(), {}


def line(*names):
    networks = {"line": nn.Linear(2, 3, bias=False), "other": nn.Linear(5, 5)}
    group = ParameterGroup(modules=("line", *names), lr=0.1)
    return Task(networks=networks, groups=(group,), steps=(Product(),))


def line_below_another():
    """The same product, followed by one with a 3 x 3 matrix that does not learn."""
    after = nn.Linear(3, 3, bias=False).requires_grad_(False)
    return replace(line(), steps=(Product(after),), frozen={"after": after})


def test_a_product_costs_its_rows_and_two_operations_for_each_multiplication():
    cost = step_cost([("row", 5, line)])
    assert cost.trained == 2 * 3
    (rows,) = cost.samples
    assert rows.saved_bytes == 8 * 2 * 4  # the rows themselves; the weights are there anyway
    assert rows.operations == 2 * (2 * 8 * 2 * 3)  # forward, and back to the weights
    assert cost.memory_bytes == 6 * 20 + 5 * 64


def test_kinds_of_samples_add_up_and_shared_networks_count_once():
    cost = step_cost([("row", 5, line), ("line", 1, lambda: line("other"))])
    assert cost.trained == 6 + 30
    assert cost.memory_bytes == 36 * 20 + 5 * 64 + 64
    assert "5 rows" in cost.summary()
    assert "1 lines" in cost.summary()


def test_what_stays_as_it_is_counts_once_and_as_weights_alone():
    cost = step_cost([("row", 5, line_below_another)])
    assert (cost.trained, cost.frozen) == (2 * 3, 3 * 3)
    # the rows alone: the way back through the second matrix asks for the matrix and no more
    assert cost.samples[0].saved_bytes == 8 * 2 * 4
    assert cost.memory_bytes == 6 * 20 + 9 * 4 + 5 * 64
    assert "0.0 M parameters that stay as they are" in cost.summary()


def test_noise_stands_in_for_what_a_run_asks_for():
    config = DataConfig(data="heads", clips="films")
    sets = noise_sets(config, 32)
    assert sets.rendered is not None
    assert sets.clips is not None
    assert sets.rendered.size_px == sets.clips.size_px == 32
    assert sets.clips.has_motion
    only = noise_sets(DataConfig(data="heads"), 32)
    assert only.clips is None
