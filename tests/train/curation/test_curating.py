import json
import shutil
import tarfile
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from tests.support.videos import write_video
from tests.train.curation.people import KEPT, REASONS, SIZE_PX, SquareTools, walk
from tests.train.curation.running import KilledError, contents, curated
from train.curation import jobs
from train.data.clip_shards import shard_clips
from train.data.folder import open_folder


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
    assert (np.diff(x) > -1e-6).all()


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


def test_an_error_of_the_program_rejects_the_file_and_goes_on(tmp_path, few, monkeypatch):
    def wrong(*arguments):
        raise ZeroDivisionError("a bug")

    monkeypatch.setattr("train.curation.clip_extraction.part_around", wrong)
    index = curated(few, tmp_path / "out")
    assert index["rejected"]["program error"]["times"] == 3
    assert index["films"] == 0


def test_the_output_may_lie_in_the_input(tmp_path, few):
    files = shutil.copytree(few, tmp_path / "few")
    for _ in range(2):
        index = curated(files, files / "out")
        assert index["files"] == 4
