"""edit: presets, words, controls and the expression of a photo, on pictures and videos."""

import json

import numpy as np
import pytest

from liveportrait_core.assets.shipped_expressions import load_preset
from liveportrait_core.media.images import read_image, write_image
from liveportrait_core.media.video import VideoReader
from liveportrait_core.motion.control_options import Controls
from liveportrait_core.motion.control_tools import changed_controls, mirror_controls
from tests.support.blobs import face_frame

squares_are_faces = pytest.mark.usefixtures("_square_faces")


@pytest.fixture(autouse=True)
def own_folder(tmp_path, monkeypatch):
    monkeypatch.setenv("LIVEPORTRAIT_EXPRESSIONS", str(tmp_path / "mine"))


@pytest.fixture
def edit(liveportrait, files, model_file):
    """`liveportrait edit` of the portrait with the tiny model."""

    def run(*arguments, source="portrait.png"):
        return liveportrait("edit", files / source, *arguments, "--model", model_file)

    return run


def controls_in(ran):
    assert ran.code == 0, ran.err
    return json.loads(ran.out)["controls"]


@squares_are_faces
def test_preset_words_and_controls_go_over_one_another(edit, out):
    asked = ("--preset", "surprised", "--words", "look left, mouth closed", "--set", "gaze_x=.5")
    controls = controls_in(edit("-o", out / "a.png", *asked, "--json"))
    expected = changed_controls(load_preset("surprised")) | dict.fromkeys(
        ("gaze_left_x", "gaze_right_x"), 0.5
    )
    del expected["jaw_open"]
    assert controls == expected


@squares_are_faces
def test_an_expression_changes_the_picture_and_sliders_add_to_it(edit, out):
    pictures = []
    for number, asked in enumerate(
        ((), ("--set", "smile=1"), ("--set", "smile=1", "--mouth", "60"))
    ):
        path = out / f"{number}.png"
        assert edit("-o", path, "--no-stitch", *asked).code == 0
        pictures.append(read_image(path).rgb)
    assert not np.array_equal(pictures[0], pictures[1])
    assert not np.array_equal(pictures[1], pictures[2])


@squares_are_faces
def test_what_is_kept_is_a_preset_afterwards_and_a_mirror_changes_sides(edit, out):
    kept = edit("-o", out / "a.png", "--set", "smile_left=.5,yaw=4", "--save-preset", "mine")
    assert kept.code == 0
    mirrored = controls_in(edit("-o", out / "b.png", "--preset", "mine", "--mirror", "--json"))
    expected = mirror_controls(Controls(smile_left=0.5, yaw_deg=4))
    assert mirrored == changed_controls(expected)


@squares_are_faces
def test_the_expression_of_a_photo_is_added(edit, files, out):
    like = ("--like", files / "portrait.png")
    for number, strength in enumerate(("0", "1")):
        path = out / f"{number}.png"
        ran = edit("-o", path, *like, "--like-parts", "eyes,lip", "--like-strength", strength)
        assert ran.code == 0, ran.err
    first, second = (read_image(out / f"{number}.png").rgb for number in (0, 1))
    assert not np.array_equal(first, second)


@squares_are_faces
def test_of_a_photo_with_several_faces_one_is_chosen(edit, files, out):
    write_image(files / "two.png", face_frame((10, 30, 70), (100, 30, 50)))
    like = ("--like", files / "two.png")
    first = edit("-o", out / "0.png", *like)
    assert first.code == 0, first.err
    assert "The photo shows 2 faces; number 0 (from 0, large-small) is taken." in first.err
    second = edit("-o", out / "1.png", *like, "--like-face-index", 1)
    assert (second.code, second.err_but_for_boxes) == (0, "")
    pictures = [read_image(out / f"{number}.png").rgb for number in (0, 1)]
    assert not np.array_equal(*pictures)
    third = edit("-o", out / "2.png", *like, "--like-face-index", 2)
    assert third.code == 2
    assert "The face index is 2; 0 to 1 is expected, for 2 faces found in the photo" in third.err
    assert "The option is --like-face-index; 'liveportrait faces PHOTO" in third.err
    nobody = edit("-o", out / "3.png", "--like", files / "blank.png")
    assert nobody.code == 2
    assert "No face in the photo" in nobody.err
    assert "a box" not in nobody.err


@squares_are_faces
def test_a_video_gets_the_same_change_on_every_frame(edit, out):
    ran = edit("-o", out / "a.mp4", "--words", "smile", "--smile", "0.5", source="clip.mp4")
    assert ran.code == 0, ran.err
    assert "3 frames" in ran.out
    assert len(list(VideoReader(out / "a.mp4"))) == 3
    part = ("--start", "0.04", "--duration", "0.04")
    assert edit("-o", out / "c.mp4", "--words", "smile", *part, source="clip.mp4").code == 0
    assert len(list(VideoReader(out / "c.mp4"))) == 1
    ran = edit("-o", out / "d.png", "--words", "smile", *part)
    assert "a video is expected where a start or a duration is given" in ran.err
    ran = edit("-o", out / "b.mp4", "--set", "zoom=1.1", source="clip.mp4")
    assert "A video keeps its own place and size" in ran.err


@pytest.mark.parametrize(
    ("asked", "sentence"),
    [
        (("--words", "smlie"), "The word 'smlie' is not known; the nearest"),
        (("--preset", "hapy"), "The expression is 'hapy'; one of afraid"),
        (("--set", "smil=1"), "There is no control 'smil'. Did you mean 'smile'"),
        (
            ("--set", "smile=3"),
            "smile is 3.0; a number from -1 to 1 is",
        ),
        (("--set", "smile="), "smile is ''; a number from -1 to 1 is expected"),
        (("--set", "SMILE"), "'SMILE' has no value; a number from -1 to 1 is expected behind it."),
        (("--set", "yaw=3, yaw"), "Write yaw=VALUE, as smile=0.5"),
        (("--set", ",,"), "',,' names no control; NAME=VALUE is expected"),
        (("--set", ""), "--set is ''; NAME=X,... is expected"),
        (("--preset", "smile", "--save-preset", ""), "--save-preset is ''; a name of letters"),
        (("--preset", "smile", "--save-preset", "none"), "neither 'none' nor a name that"),
        (("--like-parts", "lip"), "like_parts is given without a photo"),
        (("--words", "smile", "--like-strength", ".5"), "like_strength is given without a photo"),
        (("--words", "smile", "--like-face-index", 1), "like_face_index is given without a photo"),
        (("--words", ", !"), "', !' says nothing that a face does"),
        (("--preset", "smile", "--save-preset", "Con"), "'Con'; 1 to 60 letters"),
        (("--like-parts", "nose"), "--like-parts is 'nose'; brows, eyes, lip"),
        (("--save-preset", "mine"), "--save-preset is given without an expression"),
    ],
)
def test_what_is_wrong_is_one_sentence(edit, out, asked, sentence):
    ran = edit("-o", out / "a.png", *asked)
    assert ran.code == 2
    assert sentence in ran.err
    assert list(out.iterdir()) == []


def test_a_photo_that_is_a_video_is_refused(edit, files, out):
    ran = edit("-o", out / "a.png", "--like", files / "clip.mp4")
    assert ran.code == 2
    assert "clip.mp4, a video; a picture is expected" in ran.err


def test_no_input_and_no_folder_is_written_over(edit, files, tmp_path, out):
    photo = tmp_path / "friend.png"
    content = (files / "portrait.png").read_bytes()
    photo.write_bytes(content)
    ran = edit("-o", photo, "--like", photo)
    assert ran.code == 2
    assert "would replace the input" in ran.err
    assert photo.read_bytes() == content
    ran = edit("-o", out, "--words", "smile")
    assert ran.code == 2
    assert "is a folder, and one picture comes out" in ran.err
    assert list(out.iterdir()) == []
