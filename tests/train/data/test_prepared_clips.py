import json
import shutil
from collections import Counter

import numpy as np
import pytest
import torch

from liveportrait_core.errors import MediaError
from liveportrait_core.face.faces import FaceTrack, face_from_landmarks
from liveportrait_core.imaging.landmark_layouts import Landmarks
from tests.support.blobs import SquareFinder, landmarks_of, squares_in
from tests.support.videos import (
    SIZE_PX,
    frame,
    moving_video,
    square_faces,
    write_folder,
    write_video,
)
from train.data import face_crops, preparing
from train.data.augment import augment_pairs, moved_frames
from train.data.batch import FrameBatch, PairBatch
from train.data.clip_sampler import ClipSampler, people_of
from train.data.face_crops import CropSettings, SkippedError
from train.data.mixed import count_in_step
from train.data.prepared_clips import PreparedSet
from train.data.preparing import is_prepared, prepare, read_index
from train.engine.draw import Draw

SETTINGS = CropSettings(size_px=SIZE_PX, max_frames=6)


def quiet(line):
    del line


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return write_folder(tmp_path_factory.mktemp("media") / "people")


@pytest.fixture(scope="module")
def cache(tmp_path_factory, folder):
    place = tmp_path_factory.mktemp("cache")
    prepare([folder], place, SETTINGS, faces=square_faces(), log=quiet)
    return place


def opened(cache, folder, **changes):
    clips = prepare([folder], cache, SETTINGS, faces=square_faces(), log=quiet)
    return PreparedSet(cache, clips, **{"size_px": SIZE_PX, "image_fraction": 0.25, **changes})


def test_clips_of_one_face_are_kept_and_the_others_named_by_reason(tmp_path, folder):
    lines = []
    clips = prepare([folder], tmp_path, SETTINGS, faces=square_faces(), log=lines.append)
    kept = {clip.name: clip.frames for clip in clips}
    # nine frames give six, evenly taken; five frames stay five
    assert kept == {
        "people/a.mp4": 6,
        "people/b.mp4": 5,
        "people/deeper/still.png": 1,
        "people/still.png": 1,
    }
    assert sorted(line for line in lines if line.startswith("skipped")) == [
        "skipped people/broken.mp4: unreadable",
        "skipped people/empty.jpg: unreadable",
        "skipped people/far.png: face too small",
        "skipped people/nobody.png: no face",
        "skipped people/two.png: several faces",
    ]
    assert lines[-1] == (
        "clips: 2 videos and 2 images, 13 frames; 9 files prepared now; skipped 1 face too small, "
        "1 no face, 1 several faces, 2 unreadable"
    )


def centre_of_square(picture):
    (box,) = squares_in(picture)
    return box[0] + box[2] / 2, box[1] + box[3] / 2, box[2]


def test_one_crop_holds_for_a_film_so_that_its_motion_stays(cache, folder):
    clips = opened(cache, folder)
    pictures = [clips._frames[0][k] for k in range(6)]
    x, y, side = np.array([centre_of_square(picture) for picture in pictures]).T
    # the landmarks' box is .8 wide and .85 high of 40 px, and the crop 1.9 times as large as that;
    # its middle is that of all frames, and six of nine frames are numbers 0, 2, 3, 5, 6 and 8
    zoom = SIZE_PX / (1.9 * 34)
    assert side == pytest.approx(40 * zoom, abs=2)
    steps = np.diff(2 * np.array([0, 2, 3, 5, 6, 8])) * zoom
    assert np.diff(x) == pytest.approx(steps, abs=1.5)
    assert y == pytest.approx(y[0], abs=1)
    assert x.mean() == pytest.approx(SIZE_PX / 2, abs=2)


def test_a_still_is_turned_upright_and_a_film_keeps_its_tilt():
    upright = landmarks_of((60, 50, 40, 40)).points
    turn = np.deg2rad(15)
    matrix = np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]])
    tilted = face_from_landmarks(Landmarks((upright - 80) @ matrix + 80, "compact-21"), 0.9)
    outer_corners = tilted.landmarks.points[[0, 3]]
    slopes = []
    for faces in ((tilted,), (tilted, tilted)):
        left, right = face_crops.framed(FaceTrack(0, faces), SETTINGS).to_crop(outer_corners)
        slopes.append(np.rad2deg(np.arctan2(right[1] - left[1], right[0] - left[0])))
    assert slopes == pytest.approx([0, 15], abs=0.1)


def test_a_film_with_a_cut_gives_its_longest_scene(tmp_path):
    night = [frame((60, 50, 40)) // 2 + 90 for _ in range(2)]
    film = write_video(tmp_path / "cut.mp4", [*[frame((90, 60, 40))] * 4, *night])
    crops = face_crops.face_crops(film, square_faces(), CropSettings(size_px=64))
    assert len(crops) == 4
    assert np.ptp(crops.astype(int).mean((1, 2, 3))) < 2


def test_somebody_in_the_background_is_not_a_second_face(tmp_path):
    film = write_video(tmp_path / "crowd.mp4", [frame((80, 50, 60), (10, 20, 14))])
    assert len(face_crops.face_crops(film, square_faces(), SETTINGS)) == 1
    both = write_video(tmp_path / "two.mp4", [frame((80, 50, 60), (10, 20, 30))])
    with pytest.raises(SkippedError, match="several faces"):
        face_crops.face_crops(both, square_faces(), SETTINGS)


class Counting(SquareFinder):
    """A finder that may be killed after some calls."""

    def __init__(self, killed_at=None):
        self.calls, self.killed_at = 0, killed_at

    def find(self, picture):
        self.calls += 1
        if self.calls == self.killed_at:
            raise KeyboardInterrupt
        return super().find(picture)


def test_preparation_killed_and_run_again_goes_on_and_ends_the_same(
    tmp_path, folder, cache, monkeypatch
):
    monkeypatch.setattr(preparing, "SHARD_FRAMES", 5)  # a shard for each film
    faces = square_faces()
    whole = Counting()
    prepare([folder], tmp_path / "whole", SETTINGS, faces=replace_finder(faces, whole), log=quiet)
    killed = replace_finder(faces, Counting(killed_at=3))
    with pytest.raises(KeyboardInterrupt):
        prepare([folder], tmp_path / "again", SETTINGS, faces=killed, log=quiet)
    assert set(read_index(tmp_path / "again", SETTINGS)) == {"people/a.mp4", "people/b.mp4"}
    rest = Counting()
    prepare([folder], tmp_path / "again", SETTINGS, faces=replace_finder(faces, rest), log=quiet)
    assert rest.calls < whole.calls
    index = (tmp_path / "again" / "index.json").read_bytes()
    assert index == (tmp_path / "whole" / "index.json").read_bytes()
    ours, theirs = (opened(place, folder) for place in (tmp_path / "again", cache))
    for one, other in zip(ours._frames, theirs._frames, strict=True):
        assert np.array_equal(one, other)


def replace_finder(faces, finder):
    return type(faces)(finder=finder, network=faces.network)


def test_what_was_prepared_is_not_looked_at_again(tmp_path, cache, folder):
    lines = []
    assert is_prepared([folder], cache, SETTINGS)
    finder = Counting(killed_at=1)
    faces = replace_finder(square_faces(), finder)
    prepare([folder], cache, SETTINGS, faces=faces, log=lines.append)
    assert finder.calls == 0
    assert "0 files prepared now" in lines[-1]


def test_a_new_file_is_added_and_a_removed_one_left_out(tmp_path, folder):
    place = shutil.copytree(folder, tmp_path / "people")
    prepare([place], tmp_path / "cache", SETTINGS, faces=square_faces(), log=quiet)
    moving_video(place / "c.mp4", num_frames=3)
    (place / "a.mp4").unlink()
    assert not is_prepared([place], tmp_path / "cache", SETTINGS)
    clips = prepare([place], tmp_path / "cache", SETTINGS, faces=square_faces(), log=quiet)
    names = [clip.name.removeprefix("people/") for clip in clips]
    assert names == ["b.mp4", "c.mp4", "deeper/still.png", "still.png"]
    assert len(PreparedSet(tmp_path / "cache", clips, size_px=64, image_fraction=0.5)) == 4


def test_a_cache_of_other_settings_is_refused(cache, folder):
    with pytest.raises(MediaError, match="name another with cache=FOLDER"):
        prepare([folder], cache, CropSettings(size_px=256), log=quiet)


def test_a_damaged_cache_says_what_to_do(tmp_path, cache, folder):
    broken = shutil.copytree(cache, tmp_path / "cache")
    (shard,) = broken.glob("*.npy")
    shard.write_bytes(shard.read_bytes()[:100])
    with pytest.raises(MediaError, match="Delete the folder to prepare the clips anew"):
        opened(broken, folder)
    (broken / "index.json").write_text("{", encoding="utf-8")
    with pytest.raises(MediaError, match="no index of prepared clips"):
        read_index(broken, SETTINGS)


def test_folders_with_nothing_usable_are_one_sentence(tmp_path):
    with pytest.raises(MediaError, match="There is no"):
        prepare([tmp_path / "nowhere"], tmp_path / "cache", SETTINGS)
    (tmp_path / "empty").mkdir()
    with pytest.raises(MediaError, match="neither pictures nor videos"):
        prepare([tmp_path / "empty"], tmp_path / "cache", SETTINGS)
    (tmp_path / "empty" / "broken.mp4").write_bytes(b"?")
    with pytest.raises(MediaError, match="None of 1 file in"):
        prepare([tmp_path / "empty"], tmp_path / "cache", SETTINGS, faces=square_faces(), log=quiet)


def test_folders_of_one_name_keep_all_their_files(tmp_path):
    places = [tmp_path / part / "people" for part in ("first", "second")]
    for seed, place in enumerate(places):
        moving_video(place / "a.mp4", num_frames=2, seed=seed)
    clips = prepare(places, tmp_path / "cache", SETTINGS, faces=square_faces(), log=quiet)
    assert len({clip.first for clip in clips}) == 2


def test_draws_depend_on_seed_process_and_step_alone(cache, folder):
    first, again = opened(cache, folder), opened(cache, folder)
    first.draw_pairs(Draw.of(1, 0, 6), 5)
    one = first.draw_pairs(Draw.of(1, 0, 7), 5)
    same = again.draw_pairs(Draw.of(1, 0, 7), 5)
    assert torch.equal(one.source.image, same.source.image)
    assert torch.equal(one.driving.image, same.driving.image)
    for other in (Draw.of(2, 0, 7), Draw.of(1, 1, 7), Draw.of(1, 0, 8)):
        assert not torch.equal(one.source.image, again.draw_pairs(other, 5).source.image)


def test_a_pair_is_two_frames_of_one_film_or_one_still_twice(cache, folder):
    clips = opened(cache, folder)
    pairs = clips.draw_pairs(Draw.of(0, 0, 0), 200)
    still = (pairs.source.image == pairs.driving.image).flatten(1).all(1)
    # a quarter of 200 draws: a standard deviation is 6
    assert 30 < int(still.sum()) < 70
    everything = {
        picture.tobytes(): clip for clip, frames in enumerate(clips._frames) for picture in frames
    }
    levels = ((pair * 255).round().byte().permute(0, 2, 3, 1).numpy() for pair in pairs_of(pairs))
    clip_of = [[everything[picture.tobytes()] for picture in part] for part in levels]
    assert clip_of[0] == clip_of[1]
    # films are drawn alike, however long: 75 each, a standard deviation is 6.8
    counts = Counter(clip_of[0])
    assert 50 < counts[0] < 100
    assert 50 < counts[1] < 100


def pairs_of(pairs):
    return pairs.source.image, pairs.driving.image


def test_moving_pairs_leave_stills_out_and_stills_alone_have_none(cache, folder):
    clips = opened(cache, folder)
    pairs = clips.draw_pairs(Draw.of(0, 0, 0), 40, moving=True)
    assert not (pairs.source.image == pairs.driving.image).flatten(1).all(1).any()
    entries = [clip for clip in read_index(cache, SETTINGS).values() if clip.frames == 1]
    stills = PreparedSet(cache, entries, size_px=SIZE_PX, image_fraction=0.0)
    assert not stills.has_motion
    with pytest.raises(ValueError, match="no clip has more than one frame"):
        stills.draw_pairs(Draw.of(0, 0, 0), 1, moving=True)
    alone = stills.draw_pairs(Draw.of(0, 0, 0), 8)
    assert torch.equal(alone.source.image, alone.driving.image)


def test_pictures_shrink_to_the_size_that_is_asked_for(cache, folder):
    half = opened(cache, folder, size_px=64).first_pairs(2).source.image
    whole = opened(cache, folder).first_pairs(2).source.image
    mean = torch.nn.functional.avg_pool2d(whole, 2)
    torch.testing.assert_close(half, mean, atol=0.51 / 255, rtol=0)  # bytes


def test_a_pair_is_mirrored_and_coloured_as_one():
    ramp = torch.linspace(0.2, 0.8, 16).expand(40, 3, 16, 16)
    frames = FrameBatch(
        pixels=ramp,
        keypoints=torch.zeros(40, 21, 3),
        pose_deg=torch.zeros(40, 3),
        valid=torch.zeros(40, dtype=torch.bool),
    )
    pairs = augment_pairs(PairBatch(source=frames, driving=frames), Draw.of(0, 0, 0))
    assert torch.equal(pairs.source.image, pairs.driving.image)
    mirrored = pairs.source.image[:, 0, 0, 0] > pairs.source.image[:, 0, 0, -1]
    assert 8 < int(mirrored.sum()) < 32


def test_a_moved_frame_tells_where_its_points_went():
    size, count, place = 128, 40, torch.tensor([0.3, -0.2])
    image = torch.zeros(count, 3, size, size)
    x, y = ((place + 1) / 2 * size - 0.5).round().long().tolist()
    image[:, :, y - 4 : y + 5, x - 4 : x + 5] = 1.0
    place = torch.tensor([x + 0.5, y + 0.5]) / size * 2 - 1
    moved = moved_frames(image, Draw.of(0, 0, 0))
    told = (place @ moved.linear) + moved.shift
    centres = (torch.arange(size) + 0.5) / size * 2 - 1
    at = torch.stack(torch.meshgrid(centres, centres, indexing="xy"), -1)
    near = ((at - told[:, None, None]).norm(dim=-1) < 0.25).float()
    bright = moved.image.mean(1) - moved.image.mean(1).flatten(1).quantile(0.95, 1)[:, None, None]
    weight = (bright * near).clamp(min=0)[..., None]
    found = (weight * at).sum((1, 2)) / weight.sum((1, 2))
    # where a picture is not occluded, the middle of its brightest spot is the point
    assert float((found - told).norm(dim=1).median()) < 0.5 / size
    assert float((told - place).norm(dim=1).mean()) > 0.05


def test_people_are_drawn_alike_however_many_clips_they_have():
    files = [*(f"anna/{k}.mp4" for k in range(9)), "ben/0.mp4", "ben/0.mp4", "carl.jpg"]
    lengths = [5] * 11 + [1]
    found = {}
    for balance in ("clips", "files", "folders"):
        sampler = ClipSampler(lengths, 0.0, people_of(files, balance))
        drawn = sampler.pairs(Draw.of(0, 0, 0), 2000).clips
        found[balance] = [np.isin(drawn, part).mean() for part in (range(9), (9, 10), (11,))]
    assert found["clips"] == pytest.approx([9 / 11, 2 / 11, 0], abs=0.03)
    assert found["files"] == pytest.approx([9 / 10, 1 / 10, 0], abs=0.03)
    assert found["folders"] == pytest.approx([1 / 2, 1 / 2, 0], abs=0.03)
    stills = ClipSampler(lengths, 1.0, people_of(files, "folders"))
    assert set(stills.pairs(Draw.of(0, 0, 0), 9).clips) == {11}


@pytest.mark.parametrize(("batch", "share"), [(4, 0.5), (1, 0.5), (3, 0.3), (4, 0.0), (2, 1.0)])
def test_batches_are_divided_by_the_step_and_the_share_holds_in_the_mean(batch, share):
    counts = [count_in_step(step, batch, share) for step in range(100)]
    assert all(0 <= count <= batch for count in counts)
    assert max(counts) - min(counts) <= 1
    assert sum(counts) == pytest.approx(100 * batch * share, abs=1)


def test_the_index_says_what_it_is(cache):
    index = json.loads((cache / "index.json").read_text(encoding="utf-8"))
    assert (index["format"], index["version"]) == ("liveportrait-suite/clips", 1)
    assert index["settings"]["size_px"] == SIZE_PX
    # the names of caches that were begun earlier
    assert set(index["settings"]) == {"size_px", "most_frames", "scale", "vx_ratio", "vy_ratio"}


def test_settings_outside_their_range_are_refused():
    with pytest.raises(ValueError, match=r"max_frames is 0; a whole number from 1 up is expected"):
        CropSettings(max_frames=0)
