import dataclasses
import json
import shutil
from dataclasses import replace

import pytest

from liveportrait_core.errors import MediaError
from tests.train.curation.people import SETTINGS
from tests.train.curation.running import KilledError, contents, curated
from train.curation import store


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


def test_a_folder_of_something_else_keeps_its_index(tmp_path, few):
    (tmp_path / "index.json").write_text('{"format": "liveportrait-suite/rendered"}')
    with pytest.raises(MediaError, match=r"holds an index\.json of something else"):
        curated(few, tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["index.json"]
    assert "rendered" in (tmp_path / "index.json").read_text()
