"""How well faces are found: crops, marks, false faces, on pictures that tell where they show."""

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from liveportrait_core.errors import MediaError
from liveportrait_core.face.faces import face_from_landmarks
from liveportrait_core.face.mean_face import FIVE_POINTS, MEAN_FACE, mean_face_landmarks
from liveportrait_core.imaging.landmark_layouts import Landmarks
from train import evaluate_finder
from train.evaluation import finder_command
from train.evaluation.faceless import drawn_pictures, listed_files
from train.evaluation.finder_measures import (
    Measurer,
    as_hd,
    false_faces,
    has_landed,
    pictures_in,
    read_marks,
    summary,
)

FACELESS = Path(finder_command.__file__).with_name("pictures_without_faces.txt")
FACE = np.array(MEAN_FACE) * 100 + (200, 150)
MARKS = np.stack([FACE[list(group)].mean(0) for group in FIVE_POINTS])


def face_of(points):
    return face_from_landmarks(Landmarks(points, "compact-21"), 0.9)


def test_a_face_has_landed_where_its_crop_shows_eyes_and_mouth():
    found = face_of(FACE)  # its square is 100 wide; the crop 230 * 1.0, moved up by an eighth
    assert has_landed(found, MARKS)
    # eyes 24 above and mouth 17 below the square's middle, which lies 29 below the crop's: the
    # mouth is 46 of 115 pixels from the crop's middle, so 69 pixels may be missing, not 75
    assert has_landed(found, MARKS + np.array((0, 60)))
    assert not has_landed(found, MARKS + np.array((0, 75)))
    assert not has_landed(found, MARKS + np.array((150, 0)))


def test_a_speck_in_a_large_crop_has_not_landed():
    found = face_of((FACE - (200, 150)) * 5 + (200, 150))
    assert not has_landed(found, MARKS)
    assert has_landed(found, (MARKS - (200, 150)) * 5 + (200, 150))


def test_without_marks_the_landmarks_must_look_like_a_face():
    assert has_landed(face_of(FACE), None)
    assert not has_landed(face_of((FACE - 200) * (-1, 1) + 200), None)


class WhiteFinder:
    """Finds a face about the white spot of a picture; none where there is none."""

    tried = "white"

    def find(self, frame):
        rows, columns = np.nonzero(frame.min(-1) > 250)
        if not len(rows):
            return []
        points = MARKS - (200, 150) + (columns.mean(), rows.mean())
        return [face_from_landmarks(mean_face_landmarks(points), 0.8)]


@pytest.fixture
def folder(tmp_path):
    for name, spot in (("a.png", (200, 150)), ("b.png", (60, 60)), ("c.png", None)):
        picture = np.full((300, 400, 3), 90, np.uint8)
        if spot:
            cv2.circle(picture, spot, 5, (255, 255, 255), -1)
        cv2.imwrite(str(tmp_path / name), picture)
    (tmp_path / "notes.txt").write_text("no picture")
    marks = {"a.png": MARKS.tolist(), "b.png": MARKS.tolist(), "d.mp4": {"20": MARKS.tolist()}}
    (tmp_path / "marks.json").write_text(json.dumps(marks))
    return tmp_path


def test_pictures_are_found_marked_and_counted(folder):
    marks = read_marks(folder / "marks.json")
    assert sorted(marks) == ["a.png", "b.png", "d.mp4:20"]
    measurer = Measurer(WhiteFinder(), marks)
    rows = measurer.rows(pictures_in(folder, 10))
    found = summary(rows)
    assert (found["pictures"], found["found"], found["landed"], found["marked"]) == (3, 2, 1, 2)
    assert found["not_landed"] == ["b.png", "c.png"]  # b's face was marked elsewhere
    false = false_faces(rows)
    assert (false["false"], false["in"]) == (2, ["a.png", "b.png"])
    assert false["per_50"] == pytest.approx(50 * 2 / 3, abs=0.01)
    assert measurer.sheet().shape == (160, 1600, 3)


def test_a_list_names_pictures_below_a_folder(folder, tmp_path):
    path = tmp_path / "list" / "some.txt"
    path.parent.mkdir()
    path.write_text("# those with a spot\nb.png\n\n  a.png\n")
    assert [name for name, _ in pictures_in(path, 10, folder)] == ["b.png", "a.png"]
    with pytest.raises(MediaError, match=r"names .*b\.png, which is missing \(2 of 2 are\)"):
        list(pictures_in(path, 10))
    path.write_bytes(b"\xff\xfe")
    with pytest.raises(MediaError, match="cannot be read as a list"):
        listed_files(path, folder)


def test_the_list_that_measures_are_of_names_each_picture_once():
    lines = FACELESS.read_text(encoding="utf-8").splitlines()
    names = [line for line in lines if line and not line.startswith("#")]
    assert len(set(names)) == len(names) > 100


def test_drawn_pictures_are_the_same_however_many_there_are():
    three, two = list(drawn_pictures(3)), list(drawn_pictures(2))
    assert [name for name, _ in three] == ["drawn:0", "drawn:1", "drawn:2"]
    for (_, one), (_, other) in zip(three, two, strict=False):
        np.testing.assert_array_equal(one, other)
    assert not np.array_equal(three[0][1], three[1][1])


def test_marks_of_another_kind_are_refused(tmp_path):
    path = tmp_path / "marks.json"
    for content in ('{"a.png": [[1, 2]]}', "[1, 2]", "{"):
        path.write_text(content)
        with pytest.raises(MediaError, match=r"(?s)holds no marks .* five points"):
            read_marks(path)
    with pytest.raises(MediaError, match="holds no marks"):
        read_marks(tmp_path / "none.json")


def test_a_frame_is_brought_to_720p_whole():
    large = as_hd(np.full((100, 100, 3), 255, np.uint8))
    assert large.shape == (720, 1280, 3)
    assert large[:, 280:1000].min() == 255
    assert large[:, :280].max() == 0
    assert large[:, 1000:].max() == 0


def test_the_shipped_finder_is_measured_from_the_command_line(tmp_path, capsys):
    portrait = finder_command.NETWORK_FILE.parents[3] / "docs" / "demo" / "portrait.jpg"
    blank = tmp_path / "blank"
    blank.mkdir()
    cv2.imwrite(str(blank / "grey.png"), np.full((60, 80, 3), 128, np.uint8))
    out = tmp_path / "out.json"
    more = ["--drawn", "1", "--json", str(out)]
    code = evaluate_finder.main([str(portrait), "--without", str(blank), *more])
    assert code == 0
    measures = json.loads(out.read_text())
    assert measures[str(portrait)]["landed_share"] == 1
    assert measures[str(portrait)]["rows"][0]["judged_by"] == "own landmarks"
    assert measures[str(blank)]["false"] == 0
    assert measures["drawn"]["pictures"] == 1
    assert "rows" not in json.loads(capsys.readouterr().out)[str(portrait)]


def test_what_cannot_be_measured_is_told_in_a_sentence(tmp_path, capsys):
    assert evaluate_finder.main([]) == 2
    assert "Nothing is named" in capsys.readouterr().err
    assert evaluate_finder.main([str(tmp_path)]) == 2
    assert "There is no image or video there" in capsys.readouterr().err
