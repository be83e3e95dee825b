"""What a frame takes, measured here on a CPU as it is on a GPU."""

from dataclasses import replace

import torch

from benchmarks import gpu
from benchmarks.__main__ import main
from tests.support.tiny import TINY_COMPACT, tiny_compact_model

SMALL = replace(TINY_COMPACT, face_size_px=128, output_size_px=128, detail_px=128, blocks=0)


def test_the_table_has_a_line_for_each_row_beside_the_rate_of_a_matrix_product(monkeypatch, capsys):
    made = gpu.Row(name="default float32 batch 8", ms_a_frame=2.5, ready_s=60.0, flop_a_s=5e12)
    monkeypatch.setattr(gpu, "MODELS", ("default",))
    monkeypatch.setattr(gpu, "DTYPES", (torch.float32,))
    monkeypatch.setattr(gpu, "SMALL_SIDE", 64)
    monkeypatch.setattr(gpu, "our_model", lambda _name: tiny_compact_model(SMALL))
    monkeypatch.setattr(gpu, "rows", lambda _model, _name, _repeats: iter([made]))
    threads = str(torch.get_num_threads())
    assert main(["--only", "gpu", "--repeats", "1", "--threads", threads]) == 0
    legend, _, table = capsys.readouterr().out.partition(gpu.HEADER)
    assert "64 x 64 in the same type" in legend
    assert table.split()[:6] == ["default", "float32", "batch", "8", "2.50", "60.0"]
    assert made.line(10e12).split()[-1] == "0.50"


def test_two_frames_are_twice_the_arithmetic_of_one(monkeypatch):
    monkeypatch.setattr(gpu, "WARMUPS", 0)
    model = tiny_compact_model(SMALL)
    one, two = (gpu.measured(model, batch, 1) for batch in (1, 2))
    assert min(one.ms_a_frame, two.ms_a_frame, one.ready_s) > 0
    ratio = two.flop_a_s * two.ms_a_frame * 2 / (one.flop_a_s * one.ms_a_frame)
    assert 1.9 < ratio < 2.1
