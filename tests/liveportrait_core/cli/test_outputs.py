"""Parts of videos, and every kind of output; wrong pairs are refused before the reading pass."""

import json

import numpy as np
import pytest

from liveportrait_core.media.images import read_image
from liveportrait_core.media.video import VideoReader
from tests.liveportrait_core.cli.conftest import write_clip
from tests.liveportrait_core.media.clips import make_clip
from tests.support.blobs import face_frame

pytestmark = pytest.mark.usefixtures("_square_faces")


@pytest.fixture
def never_read(monkeypatch):
    """Fails where the reading pass begins."""
    monkeypatch.setattr(
        "liveportrait_core.cli.animate.prepare", lambda *given, **more: pytest.fail("was read")
    )


@pytest.mark.parametrize("suffix", [".mov", ".mkv", ".webm", ".gif", ".webp"])
def test_the_ending_names_the_format(animate, files, out, suffix):
    ran = animate(files / "portrait.png", files / "clip.mp4", "-o", out / f"a{suffix}")
    assert (ran.code, ran.err) == (0, "")
    num_frames = len(list(VideoReader(out / f"a{suffix}")))
    # libwebp joins pictures that are equal, as the untrained model's are
    assert num_frames == 3 or suffix == ".webp"


@pytest.mark.parametrize(
    ("name", "first"), [("new/", "new/00000.png"), ("f%03d.png", "f000.png"), ("", "00000.png")]
)
def test_frames_are_numbered_files(animate, files, out, name, first):
    ran = animate(files / "portrait.png", files / "clip.mp4", "-o", f"{out}/{name}")
    assert (ran.code, ran.err) == (0, "")
    assert read_image(out / first).rgb.shape == (120, 160, 3)
    assert len(list((out / first).parent.glob("*.png"))) == 3


@pytest.mark.parametrize("name", ["a.mov", "a.webm", "a.webp", "f%d.png"])
def test_the_mask_is_alpha(animate, files, out, name):
    ran = animate(files / "portrait.png", files / "clip.mp4", "-o", out / name, "--mask")
    assert (ran.code, ran.err) == (0, "")
    if name == "f%d.png":
        alpha = read_image(out / "f0.png").alpha
        assert alpha is not None
        assert alpha.max() == 255
        assert alpha[0, 159] == 0
    else:  # far from the face it lies on white
        assert next(iter(VideoReader(out / name)))[0, 159].min() >= 252


def test_one_picture_can_hold_the_mask(animate, files, out):
    pair = (files / "portrait.png", files / "portrait.png")
    assert animate(*pair, "-o", out / "a.png", "--mask").code == 0
    alpha = read_image(out / "a.png").alpha
    assert alpha is not None
    assert alpha.max() == 255


def test_a_part_of_source_and_driver_is_read(animate, files, out):
    write_clip(files / "long.mp4", 10)  # at 25 frames a second
    ran = animate(
        *(files / "long.mp4", files / "long.mp4", "-o", out / "a.mp4", "--json"),
        *("--start", "0.12", "--duration", "0.2", "--driving-start", "-0.16"),
    )
    assert ran.code == 0
    summary = json.loads(ran.out)
    assert summary["source"]["frames"] == 5
    assert summary["driving"]["frames"] == 4


def test_a_part_of_a_motion_file_is_read(liveportrait, animate, files, out, model_file):
    write_clip(files / "long.mp4", 10)
    motion = files / "m.safetensors"
    arguments = ("motion", "extract", files / "long.mp4", "-o", motion, "--model", model_file)
    assert liveportrait(*arguments).code == 0
    pair = (files / "portrait.png", motion)
    whole, part = out / "whole.mp4", out / "part.mp4"
    assert animate(*pair, "-o", whole).code == 0
    cut = ("--driving-start", "0.08", "--driving-duration", "0.12")
    assert animate(*pair, "-o", part, *cut).code == 0
    frames = list(VideoReader(part))
    assert len(frames) == 3
    for one, other in zip(frames, list(VideoReader(whole))[2:5], strict=True):
        assert np.abs(one.astype(int) - other).mean() <= 1  # what is neutral stays


def test_the_motion_of_a_part_is_extracted(liveportrait, files, out, model_file):
    write_clip(files / "long.mp4", 10)
    ran = liveportrait(
        *("motion", "extract", files / "long.mp4", "-o", out / "m.safetensors", "--json"),
        *("--model", model_file, "--start", "0.08", "--duration", "0.12"),
    )
    assert ran.code == 0
    assert json.loads(ran.out)["frames"] == 3


def test_the_sound_of_a_part_is_that_of_its_time(animate, files, out):
    frames = [face_frame((50, 30, 60))] * 10
    make_clip(files / "loud.mp4", 10, size=(160, 120), frames=frames, sound_s=0.4)
    ran = animate(
        *(files / "portrait.png", files / "loud.mp4", "-o", out / "a.mp4"),
        *("--driving-start", "0.1", "--driving-duration", "0.15"),
    )
    assert ran.code == 0
    assert VideoReader(out / "a.mp4").has_audio


@pytest.mark.usefixtures("never_read")
@pytest.mark.parametrize(
    ("name", "options", "words"),
    [
        ("a.jpg", (), "many frames"),
        ("a.gif", ("--audio", "driving"), "cannot hold sound"),
        ("f%d.png", ("--audio", "source"), "cannot hold sound"),
        ("a.mp4", ("--mask",), "transparent video"),
        ("a.gif", ("--mask",), "transparent video"),
        ("a.mov", ("--mask", "--side-by-side"), "no face is pasted"),
        ("a.mov", ("--mask", "--no-paste-back"), "no face is pasted"),
        ("a.mp4", ("--start", "1"), "is a picture"),
        ("a.mp4", ("--driving-start", "9"), "Begin earlier"),
        ("no/where/", (), "does not exist"),
        ("no/f%d.png/x.mp4", (), "does not exist"),
    ],
)
def test_wrong_pairs_are_refused_before_the_reading_pass(animate, files, out, name, options, words):
    ran = animate(files / "portrait.png", files / "clip.mp4", "-o", f"{out}/{name}", *options)
    assert ran.code == 2
    assert words in ran.err
    assert list(out.iterdir()) == []


@pytest.mark.usefixtures("never_read")
def test_a_series_does_not_replace_its_input(animate, files):
    (files / "portrait.png").rename(files / "00001.png")
    ran = animate(files / "00001.png", files / "clip.mp4", "-o", f"{files}/%05d.png")
    assert ran.code == 2
    assert "would replace the input" in ran.err
