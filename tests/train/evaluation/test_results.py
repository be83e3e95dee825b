"""Results of films that outlast a run."""

import os

import numpy as np
import pytest
import torch

from liveportrait_core.errors import MediaError
from tests.support.tiny import tiny_compact_model
from train.evaluation.accumulator import FilmSums
from train.evaluation.results import SETTINGS_NAME, FilmResult, FilmResults, digest_of


def a_result():
    features = (torch.arange(6.0).view(2, 3) / 7, torch.ones(1, 3))
    sums = FilmSums({"l1": 0.1, "csim": None}, {"l1": 0.3}, {"l1": 3}, features)
    row = {"film": "a", "frames": 3, "l1": 0.1, "csim": None}
    strip = np.arange(2 * 3 * 3, dtype=np.uint8).reshape(2, 3, 3)
    return FilmResult(row=row, sums=sums, strip=strip, kept={"a": ["clip-1"]})


@pytest.fixture
def film(tmp_path):
    path = tmp_path / "film.mp4"
    path.write_bytes(b"frames")
    return path


def test_what_is_kept_comes_back_as_it_was_to_the_last_bit(tmp_path, film):
    FilmResults(tmp_path / "out", {"size": 64}).save("people/a.mp4", film, a_result())
    again = FilmResults(tmp_path / "out", {"size": 64})
    found, wanted = again.load("people/a.mp4", film), a_result()
    assert found is not None
    assert (found.row, found.kept) == (wanted.row, wanted.kept)
    assert found.sums.sums == wanted.sums.sums
    assert found.sums.counts == wanted.sums.counts
    assert found.sums.means == wanted.sums.means
    assert np.array_equal(found.strip, wanted.strip)
    for one, other in zip(found.sums.features, wanted.sums.features, strict=True):
        assert torch.equal(one, other)
    assert again.load("people/b.mp4", film) is None


def test_a_film_that_changed_and_a_damaged_file_are_measured_anew(tmp_path, film):
    results = FilmResults(tmp_path / "out", {})
    results.save("a", film, a_result())
    film.write_bytes(b"other frames")
    assert results.load("a", film) is None
    results.save("a", film, a_result())
    os.utime(film, ns=(0, 0))
    assert results.load("a", film) is None
    results.save("a", film, a_result())
    assert results.load("a", film) is not None
    (kept,) = (tmp_path / "out").glob("film-*.npz")
    kept.write_bytes(kept.read_bytes()[:100])
    assert results.load("a", film) is None


def test_results_of_other_settings_are_refused(tmp_path):
    FilmResults(tmp_path / "out", {"size": 64, "portraits": ["a"]})
    with pytest.raises(MediaError, match="holds results with size 64, and 32 was asked for"):
        FilmResults(tmp_path / "out", {"size": 32, "portraits": ["a"]})
    with pytest.raises(MediaError, match="Give another folder with --out"):
        FilmResults(tmp_path / "out", {"size": 64})
    (tmp_path / "out" / SETTINGS_NAME).write_text("half")
    with pytest.raises(MediaError, match="cannot be read"):
        FilmResults(tmp_path / "out", {"size": 64, "portraits": ["a"]})
    with pytest.raises(MediaError, match="cannot be made"):
        FilmResults(tmp_path / "out" / SETTINGS_NAME / "below", {})


def test_a_model_is_known_by_its_weights():
    first, second = digest_of(tiny_compact_model()), digest_of(tiny_compact_model(seed=1))
    assert first == digest_of(tiny_compact_model())
    assert first != second
