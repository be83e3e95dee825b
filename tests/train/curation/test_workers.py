import json
import subprocess
import sys
import threading
import time
from multiprocessing import Pipe
from pathlib import Path

import numpy as np
import pytest

from liveportrait_core.media.images import write_image
from tests.support.videos import write_video
from tests.train.curation.people import DEADLY_PX, HANGING_PX, SETTINGS, SquareTools, person, walk
from tests.train.curation.running import contents, curated
from train.curation import jobs, workers
from train.curation.workers import Watchdog, WorkerOptions

FOUR = WorkerOptions(workers=4, max_wait_s=0.0)


def test_processes_give_the_same_index_and_one_that_dies_is_named(tmp_path, monkeypatch):
    write_video(tmp_path / "people" / "a.mp4", walk(20))
    curated(tmp_path / "people", tmp_path / "alone")
    write_image(tmp_path / "people" / "deadly.png", np.zeros((64, DEADLY_PX, 3), np.uint8))
    monkeypatch.setattr(workers, "MAX_TRIES", 1)
    index = curated(tmp_path / "people", tmp_path / "out", workers=1)
    assert index["rejected"] == {"ended its process": {"times": 1, "seconds": 0.0}}
    report = json.loads((tmp_path / "out" / "report.json").read_text(encoding="utf-8"))
    (row,) = (row for row in report["by_file"] if row["rejected"])
    assert row["name"] == "people/deadly.png"
    assert row["rejected"] == [{"reason": "ended its process", "note": "exit code 7, 1 times"}]
    ours, theirs = contents(tmp_path / "out"), contents(tmp_path / "alone")
    for name in ("clips-000000.tar", "clips-000000.json"):
        assert ours[name] == theirs[name]


def test_a_file_that_ends_its_process_is_tried_again_in_another(tmp_path):
    job = jobs.FileJob(name="a.png", path=tmp_path / "a.png", size_bytes=1, parts=tmp_path)

    class Dying:
        """Dies with its first job and does the second."""

        made = 0

        def __init__(self):
            Dying.made += 1
            self.number, self.pipe, self.job = Dying.made, Pipe()[0], None

        @classmethod
        def started(cls, factory, settings):
            return cls()

        def give(self, job):
            self.job = job

        def is_done(self):
            return self.number > 1

        def end(self, *, kill=False):
            pass

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(workers, "_Worker", Dying)
        patch.setattr(workers, "wait", lambda pipes, timeout: list(pipes))
        done = list(workers.run_in_processes([job], SquareTools(), SETTINGS, FOUR))
    assert done == [job]
    assert Dying.made == 2
    assert not job.record.exists()  # it is the second worker's to write


def test_a_video_that_hangs_is_named_and_the_others_go_on(tmp_path):
    folder = tmp_path / "people"
    write_video(folder / "a.mp4", walk(10))
    write_image(folder / "b.png", np.zeros((64, HANGING_PX, 3), np.uint8))
    write_image(folder / "c.png", person(70, 50, 48, seed=2))
    index = curated(folder, tmp_path / "out", workers=1, max_wait_s=4.0)
    assert index["rejected"] == {"hangs": {"times": 1, "seconds": 0.0}}
    assert (index["films"], index["stills"]) == (1, 1)
    report = json.loads((tmp_path / "out" / "report.json").read_text(encoding="utf-8"))
    (row,) = (row for row in report["by_file"] if row["rejected"])
    assert row["name"] == "people/b.png"
    assert row["rejected"] == [{"reason": "hangs", "note": "no frame for 4 s"}]
    # it is not tried again
    again = curated(folder, tmp_path / "out", workers=1, max_wait_s=4.0)
    assert again == index


def test_a_watchdog_calls_when_nothing_is_said_for_too_long():
    called = threading.Event()
    with Watchdog(0.05, called.set):
        assert called.wait(30)
    called.clear()
    for max_wait_s in (3600.0, 0.0):
        with Watchdog(max_wait_s, called.set) as dog:
            dog.heartbeat()
            assert not called.wait(0.1)
    with Watchdog(0.1, called.set):
        pass
    assert not called.wait(0.3)


COMMAND = """
import sys
from pathlib import Path
from tests.train.curation.people import SETTINGS, SquareTools
from train.curation.curating import curate
from train.curation.workers import WorkerOptions
if __name__ == "__main__":
    places = [Path(sys.argv[1])]
    tools, workers = SquareTools(pause_s=0.1), WorkerOptions(workers=1)
    curate(places, Path(sys.argv[2]), SETTINGS, factory=tools, workers=workers)
"""


def test_killed_for_good_with_its_processes_at_work_the_shards_are_the_same(tmp_path, few, few_out):
    place = tmp_path / "out"
    command = subprocess.Popen(
        [sys.executable, "-c", COMMAND, str(few), str(place)], cwd=Path(__file__).parents[3]
    )
    try:
        deadline_s = time.monotonic() + 900
        while not list(place.glob("parts/*.json")):  # the first file is done, others are not
            assert command.poll() is None
            assert time.monotonic() < deadline_s
            time.sleep(0.01)
    finally:
        command.kill()  # SIGKILL, or TerminateProcess
        command.wait()
    assert not (place / "index.json").exists()
    assert list(place.glob("parts/*.json"))
    curated(few, place)
    assert contents(place) == contents(few_out)
