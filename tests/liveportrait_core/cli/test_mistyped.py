"""What a mistyped command line gets: one line that names the nearest right word and the help."""

import pytest

from liveportrait_core.cli.main import main

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
            "COMMAND is 'anmate'; one of animate, edit, motion, models, doctor is "
            "expected. Did you mean animate?",
            "liveportrait",
        ),
        (
            ("motion", "extrct"),
            "ACTION is 'extrct'; one of extract, info, convert is expected. Did you mean extract?",
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
