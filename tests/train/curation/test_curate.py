import dataclasses
import json
import shutil
import subprocess
import sys
import tarfile
import threading
import time
from dataclasses import replace
from fractions import Fraction
from itertools import pairwise
from multiprocessing import Pipe
from pathlib import Path

import numpy as np
import pytest
import torch

from liveportrait_core.config.tables import option_table
from liveportrait_core.errors import MediaError
from liveportrait_core.media.audio import Waveform
from liveportrait_core.media.images import read_image, write_image
from liveportrait_core.media.video import VideoWriter
from tests.support.videos import write_video
from tests.train.curation.people import (
    DEADLY_PX,
    HANGING_PX,
    KEPT,
    REASONS,
    SETTINGS,
    SIZE_PX,
    SquareTools,
    person,
    walk,
    write_people,
)
from train import curate as command
from train.curation import jobs, store, workers
from train.curation.clip_extraction import CuratedClip, Rejected, curate_file
from train.curation.curating import curate
from train.curation.on_ray import _RayWorker
from train.curation.settings import CurationSettings
from train.curation.tools import ToolOptions
from train.curation.workers import Watchdog, WorkerOptions, record_hanging
from train.data.clip_shards import shard_clips
from train.data.curated import CuratedSet
from train.data.folder import open_folder
from train.data.sets import open_sets
from train.engine.config import parse
from train.engine.draw import Draw
from train.tasks.compact import CompactConfig

FOUR = WorkerOptions(workers=4, max_wait_s=0.0)


def quiet(line):
    del line


def curated(folder, out, **changes):
    values = {"factory": SquareTools(), "log": quiet, "workers": 0, **changes}
    known = ("workers", "ray", "max_wait_s")
    options = WorkerOptions(**{name: values.pop(name) for name in known if name in values})
    return curate([folder], out, values.pop("settings", SETTINGS), workers=options, **values)


def contents(out):
    """All that training reads, byte by byte."""
    names = ("index.json", "files.jsonl")
    files = [*out.glob("clips-*"), *(out / name for name in names)]
    return {path.name: path.read_bytes() for path in files}


@pytest.fixture(scope="module")
def people(tmp_path_factory):
    return write_people(tmp_path_factory.mktemp("media") / "people")


@pytest.fixture(scope="module")
def few(tmp_path_factory):
    """Two short films, a still, and a file that is none: for what is done several times."""
    folder = tmp_path_factory.mktemp("media") / "few"
    for seed, name in enumerate(("a", "b")):
        write_video(folder / f"{name}.mp4", walk(10, seed))
    write_image(folder / "still.png", person(70, 50, 48, seed=2))
    (folder / "empty.jpg").write_bytes(b"")
    return folder


@pytest.fixture(scope="module")
def few_out(tmp_path_factory, few):
    place = tmp_path_factory.mktemp("curated") / "few"
    curated(few, place)
    return place


@pytest.fixture(scope="module")
def out(tmp_path_factory, people):
    place = tmp_path_factory.mktemp("curated") / "out"
    curated(people, place)
    return place


def test_good_clips_are_kept_and_every_other_file_has_its_reason(out):
    index = open_folder(out).index
    report = json.loads((out / "report.json").read_text(encoding="utf-8"))
    reasons = {
        Path(row["name"]).name: row["rejected"][0]["reason"]
        for row in report["by_file"]
        if row["rejected"]
    }
    assert reasons == REASONS
    assert {name: entry["times"] for name, entry in index["rejected"].items()} == dict.fromkeys(
        REASONS.values(), 1
    )
    kept = {}
    for clip in shard_clips(out):
        kept.setdefault(Path(clip.clip.about["source"]).name, []).append(len(clip))
    assert kept == KEPT
    assert (index["films"], index["stills"], index["frames"]) == (3, 1, 30 + 15 + 16 + 1)
    assert index["seconds"] == pytest.approx((30 + 15 + 16) / 25)
    assert index["rejected"]["too short"]["seconds"] == pytest.approx(5 / 25)


def test_shards_follow_the_webdataset_convention(out):
    (shard,) = out.glob("clips-*.tar")
    with tarfile.open(shard) as tar:
        names = [name.split(".", 1) for name in tar.getnames()]
    keys = [key for key, _ in names]
    assert len(set(keys)) == 4
    changes = sum(one != other for one, other in pairwise(keys))
    assert changes == 3  # the files of a clip follow each other
    assert [ext for key, ext in names if key == keys[-1]] == ["json", "npz", "0000.jpg"]


def test_annotations_lie_where_the_face_lies(out):
    film = shard_clips(out)[0]
    arrays = film.annotations()
    assert {name: array.shape for name, array in arrays.items()} == {
        "landmarks": (30, 21, 2),
        "openness": (30, 3),
        "pose_deg": (30, 3),
        "time_s": (30,),
        "crop": (3, 3),
    }
    # the squares' landmarks: lids .08 of a side apart and corners .25, inner lips .06 and .4
    assert arrays["openness"].mean(0) == pytest.approx([0.32, 0.32, 0.15], abs=0.03)
    assert arrays["time_s"] == pytest.approx(np.arange(30) / 25)
    for number in (0, 9):
        bright = film[number].min(-1) > 150
        columns = np.flatnonzero(bright.any(0))
        across = (arrays["landmarks"][number, :, 0] + 1) / 2 * SIZE_PX
        # landmarks reach from .1 to .9 of the square
        side = columns[-1] - columns[0] + 1
        assert across.min() == pytest.approx(columns[0] + 0.1 * side, abs=1.5)
        assert across.max() == pytest.approx(columns[0] + 0.9 * side, abs=1.5)


def test_one_crop_holds_for_a_clip_so_that_its_motion_stays(out):
    film = shard_clips(out)[0]
    x = film.annotations()["landmarks"][:10, :, 0].mean(1)
    # nine pixels of the picture in a crop whose side is 2 units
    picture_px = film.clip.about["quality"]["zoom"] * SIZE_PX
    assert x[9] - x[0] == pytest.approx(2 * 9 / picture_px, abs=0.03)
    assert (np.diff(x) >= 0).all()


def test_the_report_shows_clips_and_reasons(out):
    page = (out / "report.html").read_text(encoding="ascii")
    assert all(reason in page for reason in REASONS.values())
    assert page.count("data:image/jpeg;base64,") == 2  # of nobody.png and two.png
    sheet = read_image(out / "contact-sheet.jpg").rgb
    assert sheet.shape[1] == 6 * 160


class KilledError(BaseException):
    """As sudden as a kill."""


@pytest.mark.parametrize("killed_at", [1, 2, 4])
def test_killed_and_run_again_the_index_is_the_same(tmp_path, few, few_out, killed_at, monkeypatch):
    run, calls = jobs.run_job, []

    def dying(*arguments):
        calls.append(arguments)
        if len(calls) == killed_at:
            raise KilledError
        return run(*arguments)

    with monkeypatch.context() as patch:
        patch.setattr("train.curation.workers.run_job", dying)
        with pytest.raises(KilledError):
            curated(few, tmp_path / "again")
    curated(few, tmp_path / "again")
    assert contents(tmp_path / "again") == contents(few_out)
    assert not list((tmp_path / "again" / "parts").iterdir())


@pytest.mark.parametrize("killed_at", [1, 2, 3, 4])
def test_killed_between_shard_table_and_ledger_the_index_is_the_same(
    tmp_path, few, killed_at, monkeypatch
):
    monkeypatch.setattr(store, "SHARD_BYTES", 20_000)  # a shard for each clip or two
    curated(few, tmp_path / "whole")
    write, calls = store.write_whole, []

    def dying(path, data):
        calls.append(path)
        if len(calls) > killed_at:
            raise KilledError
        write(path, data)

    with monkeypatch.context() as patch:
        patch.setattr(store, "write_whole", dying)
        with pytest.raises(KilledError):
            curated(few, tmp_path / "again")
    index = curated(few, tmp_path / "again")
    assert len(index["shards"]) > 1
    assert contents(tmp_path / "again") == contents(tmp_path / "whole")


def test_what_is_curated_is_not_looked_at_again_and_new_files_are_added(tmp_path, few, few_out):
    place, files = shutil.copytree(few_out, tmp_path / "out"), tmp_path / "few"
    shutil.copytree(few, files)

    class Nothing(SquareTools):
        def make(self):
            raise AssertionError("looked at again")

    curated(files, place, factory=Nothing())
    write_video(files / "new.mp4", walk(20, seed=9))
    index = curated(files, place)
    assert [shard["clips"] for shard in index["shards"]] == [3, 1]
    assert contents(place)["clips-000000.tar"] == contents(few_out)["clips-000000.tar"]


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


def test_what_a_process_on_ray_gave_up_is_not_looked_at_again(tmp_path, few):
    job = jobs.FileJob(name="a.mp4", path=few / "a.mp4", size_bytes=1, parts=tmp_path)
    worker = _RayWorker([job], SquareTools(), SETTINGS, 60.0)
    assert worker({"number": 0}) == {"number": 0, "failure": ""}
    assert json.loads(job.record.read_text(encoding="utf-8"))["clips"] == 1
    record_hanging(job, 60.0)
    worker({"number": 0})
    (left_out,) = json.loads(job.record.read_text(encoding="utf-8"))["rejected"]
    assert left_out == {"reason": "hangs", "note": "no frame for 60 s"}


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


def test_a_full_disk_ends_the_run_in_one_sentence_and_leaves_no_partial_file(
    tmp_path, few, monkeypatch
):
    def full(self, data):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("train.data.shards.ShardWriter._write", full)
        with pytest.raises(MediaError, match="No space left on device"):
            curated(few, tmp_path / "out")
    assert {path.name for path in (tmp_path / "out").rglob("*")} == {"parts", "settings.json"}
    assert curated(few, tmp_path / "out")["films"] == 2


def test_an_output_folder_of_other_settings_is_refused(out, people):
    with pytest.raises(MediaError, match="size_px 128 there, 64 now"):
        curated(people, out, settings=replace(SETTINGS, size_px=64))


def test_a_video_that_breaks_off_keeps_the_clips_before(tmp_path):
    film = write_video(tmp_path / "film.mp4", walk(2))

    class Breaking:
        """Frames of a film that ends where no film should."""

        def __init__(self, path):
            self.frames, self.fps = walk(118), 25

        def __iter__(self):
            yield from self.frames
            raise MediaError("The video breaks off after frame 118.")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("train.curation.clip_extraction.VideoReader", Breaking)
        found = list(curate_file(film, SquareTools().make(), SETTINGS))
    assert [len(clip.frames) for clip in found if isinstance(clip, CuratedClip)] == [49, 49]
    assert found[-1].reason == "breaks off"
    assert "frame 118" in found[-1].note


def test_sound_of_any_rate_and_length_is_not_looked_at(tmp_path):
    frames = walk(12)
    write_video(tmp_path / "mute" / "film.mp4", frames)
    noise = np.random.default_rng(0).uniform(-1, 1, (1, 3 * 8000)).astype(np.float32)
    loud = tmp_path / "loud" / "film.mp4"
    loud.parent.mkdir()
    sound = Waveform(noise, sample_rate_hz=8000)  # three seconds to half a second of pictures
    with VideoWriter(loud, Fraction(25), crf=8, waveform=sound) as writer:
        for frame in frames:
            writer.write(frame)
    found = [
        list(curate_file(path, SquareTools().make(), SETTINGS))
        for path in (tmp_path / "mute" / "film.mp4", loud)
    ]
    assert [clip.frames for clip in found[1]] == [clip.frames for clip in found[0]]
    assert len(found[0][0].frames) == 12


def test_a_truncated_video_is_unreadable(tmp_path):
    film = write_video(tmp_path / "film.mp4", walk(60))
    film.write_bytes(film.read_bytes()[: film.stat().st_size // 2])
    (found,) = curate_file(film, SquareTools().make(), SETTINGS)
    assert found.reason == "unreadable"


@pytest.mark.parametrize("fps", [2, 1000])
def test_a_video_with_an_odd_rate_is_named(tmp_path, fps):
    with VideoWriter(tmp_path / "odd.mp4", Fraction(fps)) as writer:
        for frame in walk(8):
            writer.write(frame)
    (found,) = curate_file(tmp_path / "odd.mp4", SquareTools().make(), SETTINGS)
    assert isinstance(found, Rejected)
    assert (found.reason, found.note) == ("odd frame rate", f"{fps} frames a second")


def test_a_turned_head_and_a_failing_scorer_are_reasons(tmp_path):
    picture = tmp_path / "still.png"
    write_image(picture, person(70, 50, 48))
    (found,) = curate_file(picture, SquareTools(yaw_deg=75).make(), SETTINGS)
    assert found.reason == "turned away"
    assert found.picture

    def failing(frames):
        raise RuntimeError("out of ideas")

    tools = SquareTools().make()
    object.__setattr__(tools, "scorer", failing)
    (found,) = curate_file(picture, tools, SETTINGS)
    assert (found.reason, found.note) == ("scorer failed", "RuntimeError: out of ideas")


def test_faces_of_two_people_in_one_segment_are_told_apart_by_a_recognition_network(tmp_path):
    write_video(tmp_path / "film.mp4", walk(20))
    tools = SquareTools().make()
    vectors = iter([np.array([1.0, 0, 0])] * 6 + [np.array([0, 1.0, 0])] * 2)
    object.__setattr__(tools, "recognise", lambda frame, landmarks: next(vectors))
    (found,) = curate_file(tmp_path / "film.mp4", tools, SETTINGS)
    assert found.reason == "several people"
    one = np.array([0.6, 0.8, 0], np.float32)
    object.__setattr__(tools, "recognise", lambda frame, landmarks: one)
    (found,) = curate_file(tmp_path / "film.mp4", tools, SETTINGS)
    assert found.arrays["identity"] == pytest.approx(one)


def test_an_error_of_the_program_rejects_the_file_and_goes_on(tmp_path, few, monkeypatch):
    def wrong(*arguments):
        raise ZeroDivisionError("a bug")

    monkeypatch.setattr("train.curation.clip_extraction.part_around", wrong)
    index = curated(few, tmp_path / "out")
    assert index["rejected"]["program error"]["times"] == 3
    assert index["films"] == 0


def opened(out, **changes):
    return CuratedSet([out], **{"size_px": SIZE_PX, "image_share": 0.25, **changes})


def test_pairs_are_two_frames_of_a_clip_by_seed_process_and_step(out):
    clips = opened(out)
    assert len(clips) == 4
    assert clips.has_motion
    pairs = clips.draw_pairs(Draw.of(0, 0, 0), 120)
    still = (pairs.source.image == pairs.driving.image).flatten(1).all(1)
    # a quarter of 120: a standard deviation is 4.7
    assert 14 < int(still.sum()) < 46
    again = opened(out).draw_pairs(Draw.of(0, 0, 0), 120)
    assert torch.equal(pairs.source.image, again.source.image)
    assert torch.equal(pairs.driving.image, again.driving.image)
    other = clips.draw_pairs(Draw.of(0, 0, 1), 120)
    assert not torch.equal(pairs.source.image, other.source.image)


def test_a_damaged_clip_is_named_once_and_another_takes_its_place(tmp_path, out, capsys):
    place = shutil.copytree(out, tmp_path / "out")
    clip = shard_clips(place)[0]
    with clip.shard.open("r+b") as stream:
        for spot in clip.clip.frames:
            stream.seek(spot.at)
            stream.write(bytes(spot.size))
    clips = opened(place)
    drawn = clips.draw_pairs(Draw.of(0, 0, 0), 60)
    assert len(drawn.source) == 60
    assert clips.num_damaged == 1
    lines = [line for line in capsys.readouterr().err.splitlines() if "skipped a clip" in line]
    assert len(lines) == 1
    assert clip.clip.key in lines[0]


def test_a_shard_of_no_bytes_is_refused_at_the_start(tmp_path, out):
    place = shutil.copytree(out, tmp_path / "out")
    shard = place / "clips-000000.tar"
    shard.write_bytes(b"")
    with pytest.raises(MediaError, match="has 0 bytes"):
        opened(place)
    shard.unlink()
    with pytest.raises(MediaError, match="has 0 bytes"):
        opened(place)


def test_landmarks_of_another_set_are_refused(tmp_path, out):
    place = shutil.copytree(out, tmp_path / "out")
    table = place / "clips-000000.json"
    rows = json.loads(table.read_text(encoding="utf-8"))
    first, second = rows["clips"][:2]
    first["annotations"] = second["annotations"]  # 15 frames instead of 30
    rows["clips"][3]["layout"] = "liveportrait-203"
    table.write_text(json.dumps(rows), encoding="utf-8")
    clips = shard_clips(place)
    for number in (0, 3):
        with pytest.raises(MediaError, match="of another set"):
            clips[number].annotations()
    clips[1].annotations()


def test_a_later_version_and_a_damaged_table_say_what_to_do(tmp_path, out):
    place = shutil.copytree(out, tmp_path / "out")
    (place / "clips-000000.json").write_text("{}", encoding="utf-8")
    with pytest.raises(MediaError, match="missing or damaged"):
        opened(place)
    index = json.loads((place / "index.json").read_text(encoding="utf-8"))
    (place / "index.json").write_text(json.dumps({**index, "version": 2}), encoding="utf-8")
    with pytest.raises(MediaError, match="Update this program"):
        opened(place)


def test_stage_1_takes_a_curated_folder_as_clips(tmp_path, out):
    def sets(*values):
        base = [f"run={tmp_path / 'run'}", "steps=1", "init=default"]
        config = parse(CompactConfig, [*base, *values], "compact")
        return open_sets(config.sets, config.loop.run)

    clips = sets(f"clips={out}", f"clip_px={SIZE_PX}").clips
    assert (len(clips), clips.size_px) == (4, SIZE_PX)
    assert not (tmp_path / "run").exists()  # nothing is prepared
    with pytest.raises(MediaError, match=f"Give clip_px={SIZE_PX}, or curate with --size-px 256"):
        sets(f"clips={out}", "clip_px=256")
    (tmp_path / "raw").mkdir()
    with pytest.raises(MediaError, match="Curate those, too"):
        sets(f"clips={out},{tmp_path / 'raw'}", f"clip_px={SIZE_PX}")


def test_the_command_curates_a_photograph_and_says_what_is_wrong(tmp_path, capsys):
    picture = Path(__file__).parents[3] / "docs" / "demo" / "portrait.jpg"
    place = str(tmp_path / "out")
    assert command.main([str(picture), "--workers", "0", "-o", place]) == 0
    told = capsys.readouterr()
    assert "0 clips of videos and 1 images, 1 frames of 1 files" in told.out
    assert open_folder(tmp_path / "out").has_clips
    (still,) = shard_clips(tmp_path / "out")
    arrays = still.annotations()
    assert np.abs(arrays["pose_deg"]).max() < 30
    # turned upright and centred
    eyes = arrays["landmarks"][0, 4:8]
    assert np.abs(eyes[:2].mean(0) - eyes[2:].mean(0))[1] < 0.05
    assert np.abs(arrays["landmarks"][0].mean(0)).max() < 0.3
    assert command.main([str(picture), "-o", place, "--size-px", "64"]) == 2
    assert "has other settings" in capsys.readouterr().err
    assert command.main([str(tmp_path / "nowhere"), "-o", str(tmp_path / "x")]) == 2
    assert "There is no" in capsys.readouterr().err


def test_the_output_may_lie_in_the_input(tmp_path, few):
    files = shutil.copytree(few, tmp_path / "few")
    for _ in range(2):
        index = curated(files, files / "out")
        assert index["files"] == 4


def old_settings():
    """As `settings.json` had them before the limits were called min_ and max_."""
    names = {"max_": "most_", "min_": "least_"}
    settings = dataclasses.asdict(SETTINGS)
    settings["min_alike"] = settings.pop("min_similarity")
    settings["min_score"] = -1.0
    return {names.get(name[:4], name[:4]) + name[4:]: value for name, value in settings.items()}


def test_a_folder_of_earlier_names_of_the_settings_is_resumed(tmp_path, few):
    files = shutil.copytree(few, tmp_path / "few")
    curated(files, tmp_path / "out")
    place = tmp_path / "out" / "settings.json"
    stored = json.loads(place.read_text(encoding="utf-8"))
    stored["settings"] = old_settings()
    assert {"least_s", "most_yaw_deg", "least_alike", "size_px"} <= stored["settings"].keys()
    place.write_text(json.dumps(stored), encoding="utf-8")
    (files / "more.png").write_bytes((files / "still.png").read_bytes())
    assert curated(files, tmp_path / "out")["files"] == 5
    stored["settings"]["least_s"] = 0.3
    place.write_text(json.dumps(stored), encoding="utf-8")
    with pytest.raises(MediaError, match=r"min_s 0\.3 there, 0\.4 now"):
        curated(files, tmp_path / "out")


def test_the_documents_list_every_limit():
    text = Path("docs/training.md").read_text(encoding="utf-8")
    assert option_table(CurationSettings, flags=True) in text


@pytest.mark.parametrize(
    ("option", "value", "message"),
    [
        ("--max-blur", "1.5", "a number from 0 to 1 is expected. The nearest is 1"),
        ("--max-wait-s", "-1", "a number from 0 up is expected. The nearest is 0"),
        ("--size-px", "0", "a whole number from 1 up is expected. The nearest is 1"),
        ("--workers", "-1", "a whole number from 0 up is expected. The nearest is 0"),
    ],
)
def test_a_limit_out_of_its_range_is_refused(option, value, message, tmp_path, capsys):
    with pytest.raises(SystemExit, match="2"):
        command.main([str(tmp_path), "-o", str(tmp_path / "out"), option, value])
    assert message in capsys.readouterr().err


def test_limits_that_exclude_each_other_are_refused(tmp_path, capsys):
    assert command.main([str(tmp_path), "-o", str(tmp_path / "out"), "--min-s", "40"]) == 2
    message = "min_s is 40; a number below max_s, which is 30, is expected."
    assert message in capsys.readouterr().err


def test_the_default_tools_say_what_they_are_made_of():
    factory = ToolOptions(recognition=Path("a/b.onnx"), scorer="m:f")
    assert factory.describe() == {"face_models": "", "recognition": "b.onnx", "scorer": "m:f"}
