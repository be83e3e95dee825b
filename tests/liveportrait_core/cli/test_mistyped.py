"""What a mistyped command line gets: one line that names the nearest right word and the help."""

import os
import signal

import numpy as np
import pytest

from liveportrait_core.cli.main import main
from liveportrait_core.media.video import VideoWriter

ANIMATE = ("animate", "a.png", "b.mp4")


@pytest.mark.parametrize(
    ("words", "message", "help_of"),
    [
        (
            (*ANIMATE, "--eys-open", "0.3"),
            "--eys-open is not an option of animate. Did you mean --eyes-open?",
            "liveportrait animate",
        ),
        (
            (*ANIMATE, "--driving-boks=1,2,3,4"),
            "--driving-boks is not an option of animate. Did you mean --driving-box?",
            "liveportrait animate",
        ),
        (
            (*ANIMATE, "--eyes", "0.3"),
            "--eyes is not an option of animate. Did you mean --eyes-open?",
            "liveportrait animate",
        ),
        (
            ("edit", "a.png", "-o", "b.png", "--smle", "1"),
            "--smle is not an option of edit. Did you mean --smile?",
            "liveportrait edit",
        ),
        (
            ("motion", "info", "a.pkl", "--jsn"),
            "--jsn is not an option of info. Did you mean --json?",
            "liveportrait motion info",
        ),
        ((*ANIMATE, "--xyzzy"), "--xyzzy is not an option of animate.", "liveportrait animate"),
        (
            (*ANIMATE, "c.mp4"),
            "c.mp4 is one name too many for animate. Leave it out.",
            "liveportrait animate",
        ),
        (
            ("anmate",),
            "COMMAND is 'anmate'; one of animate, edit, faces, live, motion, models, doctor is "
            "expected. Did you mean animate?",
            "liveportrait",
        ),
        (
            ("motion", "extrct"),
            "ACTION is 'extrct'; one of extract, info, idle, speech, timeline, convert, "
            "layer, join, change, compare is expected. Did you mean extract?",
            "liveportrait motion",
        ),
        (
            (*ANIMATE, "--region", "lipp"),
            "--region is 'lipp'; one of all, expression, pose, lip, "
            "eyes is expected. Did you mean 'lip'?",
            "liveportrait animate",
        ),
        (
            (*ANIMATE, "--model", ""),
            "--model is ''; the name of a model, a file or a folder is "
            "expected. The default is default.",
            "liveportrait animate",
        ),
        (("animate", "", "b.mp4"), "SOURCE: the name is empty", "liveportrait animate"),
        ((*ANIMATE, "-o", ""), "-o/--output: the name is empty", "liveportrait animate"),
        (("edit", "a.png", "-o", ""), "-o/--output: the name is empty", "liveportrait edit"),
    ],
)
def test_a_mistake_names_the_nearest_right_word_and_the_help(capsys, words, message, help_of):
    assert main(words) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f"{help_of}: error: {message}")
    assert line.endswith(f" See {help_of} --help.")
    assert "?." not in line


@pytest.mark.parametrize("fps", ["0", "-25", "nan", "1001", "1/0", "x"])
def test_a_frame_rate_out_of_range_is_refused(capsys, fps):
    assert main(["motion", "convert", "a.safetensors", "b.safetensors", f"--fps={fps}"]) == 2
    assert "a frame rate above 0 up to 1000" in capsys.readouterr().err


@pytest.mark.parametrize("fps", [0, -1, float("nan"), float("inf")])
def test_a_writer_refuses_a_frame_rate_that_is_none(tmp_path, fps):
    with pytest.raises(ValueError, match=f"fps is {fps}; a number above 0 is expected"):
        VideoWriter(tmp_path / "a.mp4", fps)


def test_a_writer_refuses_a_rounded_frame_rate(tmp_path):
    with pytest.raises(ValueError, match=r"fps is 29\.97; a whole number or a Fraction"):
        VideoWriter(tmp_path / "a.mp4", 29.97)
    assert VideoWriter(tmp_path / "a.mp4", 25.0).fps == 25


@pytest.mark.usefixtures("_kept_handler")
def test_a_request_to_end_leaves_no_part_of_a_video(tmp_path, capsys, monkeypatch):
    def write(args):
        with VideoWriter(tmp_path / "a.mp4", 25) as writer:
            writer.write(np.zeros((32, 32, 3), np.uint8))
            os.kill(os.getpid(), signal.SIGTERM)
            for _ in range(100):
                writer.write(np.zeros((32, 32, 3), np.uint8))

    monkeypatch.setattr("liveportrait_core.cli.doctor.run", write)
    assert main(["doctor"]) == 130
    assert "nothing unfinished was left behind" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


@pytest.fixture
def _kept_handler():
    before = signal.getsignal(signal.SIGTERM)
    yield
    signal.signal(signal.SIGTERM, before)
