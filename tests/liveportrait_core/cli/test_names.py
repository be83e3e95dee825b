"""Names of files that look like something else, and sound that nobody can decode."""

import json
import os

import pytest

from liveportrait_core.media.images import write_image
from liveportrait_core.media.video import VideoReader
from tests.liveportrait_core.media.clips import make_tracks
from tests.support.blobs import face_frame

pytestmark = pytest.mark.usefixtures("_square_faces")


@pytest.mark.parametrize("name", ["2024-07-05T12:30:15", "16:9", "100%", "a%d", "-o", "--json=1"])
def test_names_with_signs_are_read_and_written(animate, files, out, name, monkeypatch):
    folder = out / "16:9"
    folder.mkdir()
    monkeypatch.chdir(folder)
    os.rename(files / "clip.mp4", f"{name}.mp4")  # noqa: PTH104 - a name, not a path
    write_image(folder / f"{name}.png", face_frame((50, 30, 60)))
    ran = animate(f"{name}.png", f"{name}.mp4", "-o", f"{name}x.mp4")
    assert (ran.code, ran.err) == (0, "")
    assert len(list(VideoReader(folder / f"{name}x.mp4"))) == 3


def test_standard_input_and_output_are_one_sentence(animate, files, out):
    for pair in (("-", files / "clip.mp4"), (files / "portrait.png", "-")):
        ran = animate(*pair, "-o", out / "a.mp4")
        assert ran.code == 2
        assert "standard input, a pipe or a device; a file is expected" in ran.err
    ran = animate(files / "portrait.png", files / "clip.mp4", "-o", "-")
    assert ran.code == 2
    assert "standard output" in ran.err


def test_sound_that_cannot_be_decoded_is_left_out_with_one_warning(animate, files, out):
    silent = make_tracks(files / "silent.mp4", False)
    arguments = (files / "portrait.png", silent, "-o", out / "a.mp4")
    already = ("--driving-already-cropped", "--json")
    ran = animate(*arguments, *already)
    assert ran.code == 0
    assert [word for word in json.loads(ran.out)["warnings"] if "sound" in word] != []
    assert ran.err.count("cannot be decoded") == 1
    assert not VideoReader(out / "a.mp4").has_audio
    ran = animate(*arguments, *already, "--audio", "driving")
    assert ran.code == 2
    assert "sound that cannot be decoded" in ran.err


def test_the_second_track_is_taken_where_the_first_cannot_be_decoded(animate, files, out):
    loud = make_tracks(files / "loud.mp4", False, True)
    ran = animate(*(files / "portrait.png", loud, "-o", out / "a.mp4", "--driving-already-cropped"))
    assert ran.code == 0
    assert "sound" not in ran.err
    assert VideoReader(out / "a.mp4").has_audio
