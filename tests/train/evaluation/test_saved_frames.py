from pathlib import Path

import numpy as np
import pytest

from train.evaluation import saved_frames
from train.evaluation.saved_frames import SavedFrames

NAMES = ("eye_left", "eye_right", "lip", "mouth", "pitch_deg", "yaw_deg", "roll_deg")
GAZE = ("gaze_left_x", "gaze_right_x")


def looked_at(python, folder):
    """A mesh that sees the red of a picture in everything."""
    del python

    def seen(picture):
        red = float(picture[..., 0].mean())
        return {**dict.fromkeys(NAMES, red), **dict.fromkeys(GAZE, red)}

    found = {}
    for path in sorted(folder.glob("*.npz")):
        with np.load(path) as arrays:
            found[path.stem] = {name: [seen(one) for one in arrays[name]] for name in arrays.files}
    return found


def red(level):
    return np.full((8, 8, 3), level, np.uint8)


def test_a_video_that_is_saved_in_parts_is_measured_as_one(tmp_path, monkeypatch):
    monkeypatch.setattr(saved_frames, "read_mesh", looked_at)
    pictures = SavedFrames(tmp_path / "kept", size_px=4)
    pictures.add("a", red(10), [red(20), red(30)], [red(21), red(32)])
    pictures.add("b", red(50), [red(60)], [red(60)])
    pictures.add("a", red(10), [red(40)], [red(43)])
    pictures.add_videos(pictures.pop_new())
    assert len(list((tmp_path / "kept").iterdir())) == 3
    measures = pictures.measures(Path("python"))
    # |21 - 20|, |32 - 30|, |43 - 40| and |60 - 60|; the sources are 10, 20, 30 and 10 away
    assert measures["yaw_error_deg"] == pytest.approx((1 + 2 + 3 + 0) / 4)
    assert measures["copy_yaw_error_deg"] == pytest.approx((10 + 20 + 30 + 10) / 4)
    assert measures["unseen_pictures"] == 0


def test_pictures_of_an_earlier_run_count_and_those_of_a_broken_video_do_not(tmp_path, monkeypatch):
    monkeypatch.setattr(saved_frames, "read_mesh", looked_at)
    first = SavedFrames(tmp_path / "kept", size_px=4)
    first.add("a", red(10), [red(20)], [red(21)])
    taken = first.pop_new()
    again = SavedFrames(tmp_path / "kept", size_px=4)
    again.add("broken", red(10), [red(20)], [red(90)])
    again.pop_new()
    again.add_videos(taken)
    again.add("b", red(50), [red(60)], [red(63)])
    again.add_videos(again.pop_new())
    assert again.measures(Path("python"))["yaw_error_deg"] == pytest.approx((1 + 3) / 2)
