"""What a frame takes, measured here on a CPU as it is on a GPU."""

import torch

from benchmarks import gpu
from benchmarks.__main__ import main
from tests.support.tiny import tiny_compact_model


def test_a_frame_and_a_matrix_product_have_rates(monkeypatch, capsys):
    monkeypatch.setattr(gpu, "MODELS", ("default",))
    monkeypatch.setattr(gpu, "DTYPES", (torch.float32,))
    monkeypatch.setattr(gpu, "SMALL_SIDE", 64)
    monkeypatch.setattr(gpu, "our_model", lambda _name: tiny_compact_model())
    monkeypatch.setattr(gpu, "compiled", lambda model: model)
    threads = str(torch.get_num_threads())
    assert main(["--only", "gpu", "--repeats", "1", "--threads", threads]) == 0
    legend, _, table = capsys.readouterr().out.partition(gpu.HEADER)
    assert "64 x 64 in the same type" in legend
    lines = [line.split() for line in table.splitlines() if line]
    assert [line[3] for line in lines] == ["1", "1", "8", "8"]
    ms, _ready, tera, share = (float(value) for value in lines[0][-4:])
    assert ms > 0
    assert tera >= 0
    assert share >= 0


def test_only_what_a_frame_computes_is_counted():
    model = tiny_compact_model()
    one, two = (gpu.measured(model, batch, 1) for batch in (1, 2))
    of_one, of_two = (row.flop_a_s * row.ms_a_frame * count for row, count in ((one, 1), (two, 2)))
    assert 1.9 < of_two / of_one < 2.1
