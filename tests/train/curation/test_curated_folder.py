"""Curated folders as training reads them."""

import json
import shutil

import pytest
import torch

from liveportrait_core.errors import MediaError
from tests.train.curation.people import SIZE_PX
from train.data.clip_shards import shard_clips
from train.data.curated import CuratedSet
from train.data.sets import open_sets
from train.engine.config import parse
from train.engine.draw import Draw
from train.tasks.compact import CompactConfig


def opened(out, **changes):
    return CuratedSet([out], **{"size_px": SIZE_PX, "image_fraction": 0.25, **changes})


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
