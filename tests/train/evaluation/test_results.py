"""Results of videos that outlast a run."""

import json
import os

import numpy as np
import pytest
import torch

from liveportrait_core.errors import MediaError
from tests.support.tiny import tiny_compact_model
from train.evaluation.accumulator import VideoSums
from train.evaluation.results import SETTINGS_NAME, VideoResult, VideoResults, digest_of


def a_result():
    features = (torch.arange(6.0).view(2, 3) / 7, torch.ones(1, 3))
    sums = VideoSums({"l1": 0.1, "csim": None}, {"l1": 0.3}, {"l1": 3}, features)
    row = {"film": "a", "frames": 3, "l1": 0.1, "csim": None}
    grid = np.arange(2 * 3 * 3, dtype=np.uint8).reshape(2, 3, 3)
    return VideoResult(row=row, sums=sums, grid=grid, saved_frames={"a": ["clip-1"]})


@pytest.fixture
def video(tmp_path):
    path = tmp_path / "film.mp4"
    path.write_bytes(b"frames")
    return path


def test_what_is_saved_comes_back_as_it_was_to_the_last_bit(tmp_path, video):
    VideoResults(tmp_path / "out", {"size": 64}).save("people/a.mp4", video, a_result())
    again = VideoResults(tmp_path / "out", {"size": 64})
    found, expected = again.load("people/a.mp4", video), a_result()
    assert found is not None
    assert (found.row, found.saved_frames) == (expected.row, expected.saved_frames)
    assert found.sums.sums == expected.sums.sums
    assert found.sums.counts == expected.sums.counts
    assert found.sums.means == expected.sums.means
    assert np.array_equal(found.grid, expected.grid)
    for one, other in zip(found.sums.features, expected.sums.features, strict=True):
        assert torch.equal(one, other)
    assert again.load("people/b.mp4", video) is None


def test_a_video_that_changed_and_a_damaged_file_are_measured_anew(tmp_path, video):
    results = VideoResults(tmp_path / "out", {})
    results.save("a", video, a_result())
    video.write_bytes(b"other frames")
    assert results.load("a", video) is None
    results.save("a", video, a_result())
    os.utime(video, ns=(0, 0))
    assert results.load("a", video) is None
    results.save("a", video, a_result())
    assert results.load("a", video) is not None
    (saved_frames,) = (tmp_path / "out").glob("film-*.npz")
    saved_frames.write_bytes(saved_frames.read_bytes()[:100])
    assert results.load("a", video) is None


def test_results_of_other_settings_are_refused(tmp_path):
    VideoResults(tmp_path / "out", {"size": 64, "portraits": ["a"]})
    with pytest.raises(MediaError, match="holds results with size 64; 32 is expected"):
        VideoResults(tmp_path / "out", {"size": 32, "portraits": ["a"]})
    with pytest.raises(MediaError, match="Give another folder with --out"):
        VideoResults(tmp_path / "out", {"size": 64})
    (tmp_path / "out" / SETTINGS_NAME).write_text("half")
    with pytest.raises(MediaError, match="cannot be read"):
        VideoResults(tmp_path / "out", {"size": 64, "portraits": ["a"]})
    with pytest.raises(MediaError, match="cannot be made"):
        VideoResults(tmp_path / "out" / SETTINGS_NAME / "below", {})


def test_a_model_is_known_by_its_weights():
    first, second = digest_of(tiny_compact_model()), digest_of(tiny_compact_model(seed=1))
    assert first == digest_of(tiny_compact_model())
    assert first != second


def test_names_within_the_files_stay_those_of_the_first_version(tmp_path, video):
    VideoResults(tmp_path / "out", {"size": 64}).save("a", video, a_result())
    (path,) = (tmp_path / "out").glob("film-*.npz")
    with np.load(path) as arrays:
        assert set(arrays.files) == {"told", "strip", "features"}
        record = json.loads(str(arrays["told"]))
    keys = {"film", "stamp", "row", "means", "sums", "counts", "features", "kept"}
    assert record.keys() == keys
