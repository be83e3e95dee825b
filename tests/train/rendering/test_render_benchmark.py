import pytest

from benchmarks.render import main


def test_it_prints_a_row_for_each_size_and_way(face_model_file, capsys):
    command = ["32", "64", "--face-model", str(face_model_file), "--people", "1"]
    assert main(command) == 0
    out = capsys.readouterr().out.splitlines()
    rows = [line.split() for line in out[out.index("") + 2 :]]
    assert [row[0] for row in rows] == ["32", "32", "64", "64"]
    assert [" ".join(row[1:-3]) for row in rows] == ["numba", "warp cpu"] * 2
    for row in rows:
        person_ms, frame_ms, rate = (float(number) for number in row[-3:])
        assert frame_ms > 0
        assert rate == pytest.approx(3000 / (person_ms + 3 * frame_ms), rel=0.02)


def test_people_must_be_drawn(capsys):
    assert main(["--people", "0"]) == 2
    assert capsys.readouterr().err == "error: --people must be 1 or more.\n"


def test_a_gpu_that_is_not_there_is_named(face_model_file, capsys):
    assert main(["--face-model", str(face_model_file), "--gpu", "toaster"]) == 1
    assert "device is 'toaster'; one of cpu" in capsys.readouterr().err
