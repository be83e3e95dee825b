"""liveportrait faces: boxes and numbers as the other commands take them."""

import json

import numpy as np
import pytest

from liveportrait_core.media.images import read_image, write_image
from liveportrait_core.media.video import VideoReader
from liveportrait_core.media.video_writer import VideoWriter
from tests.support.blobs import face_frame

pytestmark = pytest.mark.usefixtures("_square_faces")


@pytest.fixture
def faces(liveportrait, model_file):
    """`liveportrait faces` with the tiny model."""
    return lambda *arguments: liveportrait("faces", *arguments, "--model", model_file)


@pytest.fixture
def two(files):
    """A small and a large face."""
    picture = face_frame((10, 30, 40), (110, 20, 60), width=200)
    write_image(files / "two.png", picture)
    return files / "two.png"


def test_a_line_for_each_face_names_it_as_the_other_commands_want_it(
    faces, two, out, liveportrait, model_file
):
    ran = faces(two)
    assert (ran.code, ran.err) == (0, "")
    lines = ran.out.splitlines()
    assert [line.split(":")[0] for line in lines] == ["face 0", "face 1"]
    # landmarks of a square lie from a tenth to nine tenths of it, the lowest at 0.95
    assert lines[0] == "face 0: --face-index 0 or --box=116,26,48,51"
    before = read_image(two).rgb
    for line, is_left in zip(lines, (False, True), strict=True):
        _, _, name, number, _, box = line.split()
        for place, way in enumerate(((name, number), (box,))):
            path = out / f"{number}{place}.png"
            sliders = (*way, "--shift-x", "0.1", "--model", model_file)
            assert liveportrait("edit", two, "-o", path, *sliders).code == 0
            changed = np.flatnonzero(np.any(before != read_image(path).rgb, (0, 2)))
            assert (changed.mean() < before.shape[1] / 2) == is_left


def test_the_picture_shows_them_and_json_tells_the_same(faces, two, out):
    ran = faces(two, "-o", out / "a.png", "--json")
    told = json.loads(ran.out)
    assert [row["face_index"] for row in told["faces"]] == [0, 1]
    assert told["faces"][1]["box"] == [14, 34, 32, 34]
    assert (told["frames"], told["width"], told["height"]) == (1, 200, 120)
    before, after = (read_image(path).rgb for path in (two, out / "a.png"))
    x, y, width, _ = told["faces"][0]["box"]
    assert np.any(before[y, x : x + width] != after[y, x : x + width])
    changed = np.flatnonzero(np.any(before != after, (0, 2)))
    plain = faces(two, "-o", out / "b.png", "--no-crop", "--no-landmarks")
    assert plain.code == 0
    fewer = np.flatnonzero(np.any(before != read_image(out / "b.png").rgb, (0, 2)))
    assert 0 < len(fewer) < len(changed)


def test_faces_that_come_late_are_told_with_their_frames(faces, files, out):
    with VideoWriter(files / "late.mp4", VideoReader(files / "clip.mp4").fps) as writer:
        for index in range(5):
            writer.write(face_frame(*([(10, 30, 60), (100, 30, 40)] if index >= 3 else [])))
    ran = faces(files / "late.mp4", "-o", out / "a.mp4")
    assert (ran.code, ran.err) == (0, "")
    first, second, written = ran.out.splitlines()
    assert "--face-index 0, at " in first  # a box marks a face in the first frame alone
    assert "--face-index 1, at " in second
    assert second.endswith("; not seen in frames 0-2")
    assert written == f"{out / 'a.mp4'}: 5 frames"
    assert len(list(VideoReader(out / "a.mp4"))) == 5


def test_no_face_is_a_sentence_for_an_artist(faces, files, out):
    ran = faces(files / "blank.png", "-o", out / "a.png")
    assert (ran.code, ran.out) == (2, "")
    assert "No face in the source" in ran.err
    assert "--box" not in ran.err  # this command has none
    assert list(out.iterdir()) == []


def test_a_video_does_not_become_a_picture(faces, files, out):
    ran = faces(files / "clip.mp4", "-o", out / "a.png")
    assert ran.code == 2
    assert "is a picture, but the result has many frames" in ran.err
