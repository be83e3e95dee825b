import json
import sys

import pytest

from liveportrait_core.errors import MediaError
from tests.train.curation.people import SETTINGS, SquareTools
from tests.train.curation.running import contents, curated
from train.curation import jobs
from train.curation.on_ray import _RayWorker
from train.curation.workers import record_hanging


def test_what_a_process_on_ray_gave_up_is_not_looked_at_again(tmp_path, few):
    job = jobs.FileJob(name="a.mp4", path=few / "a.mp4", size_bytes=1, parts=tmp_path)
    worker = _RayWorker([job], SquareTools(), SETTINGS, 60.0)
    assert worker({"number": 0}) == {"number": 0, "failure": ""}
    assert json.loads(job.record.read_text(encoding="utf-8"))["clips"] == 1
    record_hanging(job, 60.0)
    worker({"number": 0})
    (left_out,) = json.loads(job.record.read_text(encoding="utf-8"))["rejected"]
    assert left_out == {"reason": "hangs", "note": "no frame for 60 s"}


def test_ray_gives_the_same_index(tmp_path, people, out, monkeypatch):
    ray = pytest.importorskip("ray")
    monkeypatch.setenv("RAY_ENABLE_UV_RUN_RUNTIME_ENV", "0")
    try:
        curated(people, tmp_path / "ray", workers=2, ray=True)
    finally:
        ray.shutdown()
    assert contents(tmp_path / "ray") == contents(out)


def test_without_ray_the_flag_is_one_sentence(tmp_path, few, monkeypatch):
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(MediaError, match=r"pip install 'ray\[data\]'"):
        curated(few, tmp_path / "out", ray=True)
