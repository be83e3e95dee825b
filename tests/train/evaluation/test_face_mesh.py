import numpy as np
import pytest
import torch

from liveportrait_core.errors import LivePortraitError
from train.evaluation.face_mesh import EYE_CORNERS, IRIS, LIDS, main, measure_folder, measures_of
from train.evaluation.mesh_measures import mesh_measures, read_mesh


def a_mesh():
    """An upright face: eyes .1 wide and .03 open, irises .01 right of the middle, lips .04 open."""
    points = np.zeros((478, 3))
    for side, left in (("left", 0.3), ("right", 0.6)):
        first, last = EYE_CORNERS[side]
        points[first, :2], points[last, :2] = (left, 0.4), (left + 0.1, 0.4)
        for upper, lower in LIDS[side]:
            points[upper, :2], points[lower, :2] = (left + 0.05, 0.385), (left + 0.05, 0.415)
        points[IRIS[side], :2] = (left + 0.06, 0.395)
    points[13, :2], points[14, :2] = (0.5, 0.68), (0.5, 0.72)
    points[78, :2], points[308, :2] = (0.42, 0.7), (0.58, 0.7)
    points[61, :2], points[291, :2] = (0.4, 0.7), (0.6, 0.7)
    points[234], points[454] = (0.2, 0.5, 0.0), (0.7, 0.5, 0.0)
    points[10], points[152] = (0.5, 0.2, 0.0), (0.5, 0.9, 0.0)
    return points


def turned(points, yaw_deg=0.0, roll_deg=0.0):
    """About the middle: yaw takes the image's right side towards the camera, roll down."""
    yaw, roll = np.radians((yaw_deg, roll_deg))
    about_y = np.array(((np.cos(yaw), 0, np.sin(yaw)), (0, 1, 0), (-np.sin(yaw), 0, np.cos(yaw))))
    about_z = np.array(
        ((np.cos(roll), -np.sin(roll), 0), (np.sin(roll), np.cos(roll), 0), (0, 0, 1))
    )
    middle = np.array((0.5, 0.5, 0.0))
    return (points - middle) @ about_y.T @ about_z.T + middle


def test_openings_are_heights_over_widths():
    found = measures_of(a_mesh())
    assert found["eye_left"] == pytest.approx(0.3)
    assert found["eye_right"] == pytest.approx(0.3)
    assert found["lip"] == pytest.approx(0.04 / 0.16)
    assert found["mouth"] == pytest.approx(0.2 / 0.5)


def test_gaze_is_the_iris_between_the_corners_in_widths():
    found = measures_of(a_mesh())
    assert found["gaze_left_x"] == pytest.approx(0.1)
    assert found["gaze_left_y"] == pytest.approx(-0.05)  # looking up


def test_a_tilted_face_differs_in_roll_alone():
    upright, tilted = measures_of(a_mesh()), measures_of(turned(a_mesh(), roll_deg=20))
    assert tilted.pop("roll_deg") == pytest.approx(20)
    assert tilted == pytest.approx({k: v for k, v in upright.items() if k != "roll_deg"}, abs=1e-9)


def test_a_turned_face_tells_its_yaw():
    assert measures_of(turned(a_mesh(), yaw_deg=25))["yaw_deg"] == pytest.approx(25)


class MeshOfBright:
    """Sees the face in bright pictures alone."""

    def process(self, picture):
        marks = [type("Mark", (), {"x": x, "y": y, "z": z}) for x, y, z in a_mesh()]
        face = type("Face", (), {"landmark": marks})
        return type("Found", (), {"multi_face_landmarks": [face] if picture.mean() > 99 else None})


def test_every_picture_of_every_array_is_measured_or_said_to_be_unseen(tmp_path):
    pictures = np.stack([np.full((8, 8, 3), level, np.uint8) for level in (200, 0)])
    np.savez(tmp_path / "a.mp4.npz", driving=pictures, rate=np.array(25.0))
    found = measure_folder(tmp_path, MeshOfBright())
    assert list(found) == ["a.mp4"]
    assert list(found["a.mp4"]) == ["driving"]
    seen, unseen = found["a.mp4"]["driving"]
    assert seen == pytest.approx(measures_of(a_mesh()))
    assert unseen is None


def seen(eye=0.3, lip=0.1, gaze=0.0, yaw=0.0):
    sides = {f"eye_{side}": eye for side in ("left", "right")}
    looks = {f"gaze_{side}_x": gaze for side in ("left", "right")}
    pose = {"pitch_deg": 0.0, "yaw_deg": yaw, "roll_deg": 0.0}
    return {**sides, **looks, "lip": lip, "mouth": 0.4, **pose}


def test_an_output_that_does_as_its_driver_is_measured_as_perfect():
    driving = [seen(0.3, 0.1, 0.0, 5), seen(0.2, 0.3, 0.1, 10), seen(0.1, 0.2, -0.1, -5)]
    clip = {"source": [seen()], "driving": driving, "output": driving}
    found = mesh_measures([clip])
    assert found["eye_r"] == pytest.approx(1)
    assert found["lip_r"] == pytest.approx(1)
    assert found["gaze_r"] == pytest.approx(1)
    assert found["yaw_error_deg"] == 0
    # |5 - 0|, |10 - 0|, |-5 - 0|
    assert found["copy_yaw_error_deg"] == pytest.approx(20 / 3)
    assert np.isnan(found["copy_lip_r"])  # a source that never moves follows nothing


def test_people_who_differ_do_not_pass_for_eyes_that_follow():
    # two people, one with large eyes; neither output blinks when its driver does
    clips = [
        {
            "source": [seen(eye)],
            "driving": [seen(eye), seen(eye - 0.02)],
            "output": [seen(eye), seen(eye)],
        }
        for eye in (0.2, 0.4)
    ]
    found = mesh_measures(clips)
    assert found["eye_r"] > 0.9
    assert not found["eye_centred_r"] > 0.1


def test_gaze_is_not_measured_behind_shut_lids():
    driving = [seen(gaze=0.1), seen(gaze=-0.1), seen(eye=0.05, gaze=0.9), seen(gaze=0.05)]
    output = [seen(gaze=0.1), seen(gaze=-0.1), seen(eye=0.05, gaze=-0.9), seen(gaze=0.05)]
    found = mesh_measures([{"source": [seen()], "driving": driving, "output": output}])
    assert found["gaze_r"] == pytest.approx(1)


def test_pictures_in_which_a_face_was_lost_are_counted_and_left_out():
    driving = [seen(lip=0.1), seen(lip=0.2), seen(lip=0.3), None]
    output = [seen(lip=0.1), seen(lip=0.2), None, seen(lip=0.9)]
    found = mesh_measures([{"source": [seen()], "driving": driving, "output": output}])
    assert found["unseen_pictures"] == 1
    assert found["lip_r"] == pytest.approx(1)


def test_a_python_without_mediapipe_says_so(tmp_path, monkeypatch, capsys):
    monkeypatch.setitem(__import__("sys").modules, "mediapipe", None)
    assert main([str(tmp_path), "--json", str(tmp_path / "x.json")]) == 2
    assert "no mediapipe" in capsys.readouterr().err


def test_a_python_that_is_none_is_named(tmp_path):
    with pytest.raises(LivePortraitError, match="cannot be run"):
        read_mesh(tmp_path / "python", tmp_path)


def test_correlations_are_plain_floats():
    clip = {"source": [seen()], "driving": [seen(), seen(0.1)], "output": [seen(), seen(0.1)]}
    assert not any(isinstance(value, torch.Tensor) for value in mesh_measures([clip]).values())
