import pytest

from benchmarks.loader import main


def test_it_prints_a_row_for_each_size_and_number_of_workers(capsys):
    pytest.importorskip("skimage")
    assert main(["64", "--batch", "2", "--rounds", "1", "--workers", "0", "--heads", "2"]) == 0
    core, workers, heads = capsys.readouterr().out.split("\n\n")[1:]
    size, *parts, rate = (float(word) for word in core.splitlines()[1].split())
    assert size == 64
    assert rate == pytest.approx(1000 / sum(parts), rel=0.05)
    size, number, pairs_per_s, ratio = (float(word) for word in workers.splitlines()[1].split())
    assert (size, number, ratio) == (64, 0, 1)
    assert pairs_per_s > 0
    size, a_head, a_pair = (float(word) for word in heads.splitlines()[1].split())
    assert size == 64
    assert a_head > a_pair > 0  # what is kept is not rendered again


def test_numbers_below_one_are_refused(capsys):
    assert main(["--batch", "0"]) == 2
    assert "numbers from 1 up" in capsys.readouterr().err
