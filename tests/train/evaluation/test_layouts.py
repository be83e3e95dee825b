import numpy as np
import pytest

from liveportrait_core.errors import MediaError
from liveportrait_core.media.images import write_image
from train.evaluation.layouts import TALKING_HEAD, VFHQ, VIDEOS, layout_of, portraits_of, videos_of
from train.evaluation.reenactment import SampledVideo


def touched(folder, *names):
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    return folder


def test_talking_heads_lie_in_cropped_clips(tmp_path):
    videos = ("val/cropped_clips/b_0001_S0_E9_L1_T2_R3_B4.mp4", "val/cropped_clips/a.mp4")
    folder = touched(tmp_path, *videos, "val/raw_videos/a.mp4")
    assert layout_of(folder) is TALKING_HEAD
    assert list(videos_of(folder, TALKING_HEAD)) == ["a.mp4", "b_0001_S0_E9_L1_T2_R3_B4.mp4"]
    # the folder of the videos itself is known by their names
    assert layout_of(folder / "val" / "cropped_clips") is TALKING_HEAD
    assert len(videos_of(folder / "val" / "cropped_clips", TALKING_HEAD)) == 2


def test_vfhq_is_folders_of_pictures(tmp_path):
    root = "GT/Interval1_512x512_LANCZOS4"
    names = [f"{root}/Clip+x{k}+P0+C0+F1-9/0000000{n}.png" for k in range(2) for n in range(3)]
    folder = touched(tmp_path, *names, "GT/BLIND/Clip+x0+P0+C0+F1-9/00000000.png")
    assert layout_of(folder) is VFHQ
    assert layout_of(folder / root) is VFHQ
    found = videos_of(folder, VFHQ)
    assert list(found) == ["Clip+x0+P0+C0+F1-9", "Clip+x1+P0+C0+F1-9"]
    assert found["Clip+x0+P0+C0+F1-9"] == folder / root / "Clip+x0+P0+C0+F1-9"


def test_any_folder_of_videos_will_do(tmp_path):
    folder = touched(tmp_path, "b.MP4", "deep/a.webm", "deep/a.txt", ".hidden/c.mp4", "one/1.png")
    assert layout_of(folder) is VIDEOS
    assert list(videos_of(folder, VIDEOS)) == ["b.MP4", "deep/a.webm"]  # one picture is no video
    assert videos_of(folder / "b.MP4", VIDEOS) == {"b.MP4": folder / "b.MP4"}


def test_a_folder_without_videos_is_refused(tmp_path):
    with pytest.raises(MediaError, match="holds no video"):
        videos_of(touched(tmp_path, "a.txt"), VIDEOS)


def test_ffhq_is_ordered_by_number(tmp_path):
    names = [f"images1024x1024/{k // 1000:02d}000/{k:05d}.png" for k in (10000, 2, 999)]
    folder = touched(tmp_path, *names, "in-the-wild-images/00000/00000.png")
    assert list(portraits_of(folder)) == ["00000/00002.png", "00000/00999.png", "10000/10000.png"]


def test_other_portraits_are_ordered_by_name(tmp_path):
    folder = touched(tmp_path, "b.jpg", "a.png", "7.png", "notes.txt")
    assert list(portraits_of(folder)) == ["7.png", "a.png", "b.jpg"]
    with pytest.raises(MediaError, match="holds no image"):
        portraits_of(touched(tmp_path / "empty", "notes.txt"))


def test_the_papers_numbers():
    assert (TALKING_HEAD.every, TALKING_HEAD.max_frames, TALKING_HEAD.real) == (10, 24, 38400)
    assert (VFHQ.every, VFHQ.max_frames, VFHQ.real) == (5, 6, 15000)


def test_pictures_in_a_folder_are_a_video(tmp_path):
    for number in range(7):
        write_image(tmp_path / f"{number:03d}.png", np.full((4, 4, 3), number, np.uint8))
    (tmp_path / "notes.txt").write_text("no picture")
    clip = SampledVideo(path=tmp_path, every=3, max_frames=2)
    assert [int(frame[0, 0, 0]) for frame in clip] == [0, 3]
    assert float(clip.fps) == pytest.approx(25 / 3)
    write_image(tmp_path / "007.png", np.zeros((5, 4, 3), np.uint8))
    with pytest.raises(MediaError, match=r"007\.png has 4x5 pixels"):
        list(SampledVideo(path=tmp_path))
