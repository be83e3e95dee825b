"""edit, motion, models check and list, doctor, --help."""

import json
import subprocess
import sys
from argparse import ArgumentParser
from pathlib import Path

import numpy as np
import pytest
from torch.testing import assert_close

import liveportrait_core
from liveportrait_core.cli.main import main
from liveportrait_core.cli.parsers import build_parser
from liveportrait_core.cli.progress import ProgressBar, clock
from liveportrait_core.config.fields import spec_of, specs_of
from liveportrait_core.media.images import read_image
from liveportrait_core.media.motion_file import load_motion
from liveportrait_core.motion.slider_options import Sliders
from tests.liveportrait_core.media.foreign import npy, program_rows
from tests.support.motions import random_motion

squares_are_faces = pytest.mark.usefixtures("_square_faces")


@squares_are_faces
def test_edit_changes_the_face_and_nothing_else(liveportrait, files, out, model_file):
    edit = ("edit", files / "portrait.png", "--model", model_file, "--no-stitch")
    ran = liveportrait(*edit, "-o", out / "same.png")
    assert (ran.code, ran.err) == (0, "")
    ran = liveportrait(*edit, "-o", out / "other.png", "--smile", "1", "--yaw", "20", "--json")
    summary = json.loads(ran.out)
    assert summary["sliders"]["smile"] == 1
    assert summary["sliders"]["zoom"] == 1
    same, other = read_image(out / "same.png").rgb, read_image(out / "other.png").rgb
    assert same.shape == other.shape == (120, 160, 3)
    assert not np.array_equal(same, other)


@squares_are_faces
def test_motion_is_extracted_told_and_converted(liveportrait, files, out, model_file):
    motion = out / "m.safetensors"
    ran = liveportrait(
        *("motion", "extract", files / "clip.mp4", "-o", motion, "--model", model_file, "--json")
    )
    assert ran.code == 0
    assert json.loads(ran.out)["space"] == "lps-compact-21"
    extracted = load_motion(motion)
    assert len(extracted) == 3
    assert extracted.eyes_open is not None
    ran = liveportrait("motion", "info", motion)
    assert "3 frames at 25 a second, 0.12 s" in ran.out
    assert "keypoint space               lps-compact-21" in ran.out
    assert "canonical keypoints" in ran.out
    ran = liveportrait("motion", "convert", motion, out / "slow.safetensors", "--fps", "50")
    assert ran.code == 0
    assert len(load_motion(out / "slow.safetensors")) == 6
    ran = liveportrait(
        *("motion", "convert", motion, out / "m.pkl", "--space", "liveportrait-human-21")
    )
    assert ran.code == 0
    assert json.loads(liveportrait("motion", "info", out / "m.pkl", "--json").out)["frames"] == 3


def test_models_are_checked(liveportrait, tmp_path, model_file):
    ran = liveportrait("models", "check", model_file)
    assert ran.code == 0
    assert "whole; tiny" in ran.out
    broken = tmp_path / "broken.safetensors"
    broken.write_bytes(model_file.read_bytes()[:-100])
    ran = liveportrait("models", "check", model_file, broken, "--json")
    assert ran.code == 1
    assert [row["whole"] for row in json.loads(ran.out)] == [True, False]


def test_rows_of_another_program_become_a_template(liveportrait, out):
    wanted = random_motion(1, 6)
    (out / "rows.npy").write_bytes(npy(program_rows(wanted, "kdtalker")))
    convert = ("motion", "convert", out / "rows.npy", out / "m.pkl")
    ran = liveportrait(*convert, "--layout", "kdtalker", "--program", "FasterLivePortrait")
    assert ran.code == 0
    made = load_motion(out / "m.pkl")
    assert made.producer == "FasterLivePortrait template"
    assert_close(made.expression, wanted.expression)
    (out / "m.pkl").unlink()
    ran = liveportrait(*convert)
    assert ran.code == 2
    assert "no layout is given; one of joyvasa, moda, kdtalker is expected" in ran.err
    assert not (out / "m.pkl").exists()


def test_models_are_converted_there_and_back(liveportrait, tmp_path, model_file):
    folder, again = tmp_path / "folder", tmp_path / "again.safetensors"
    ran = liveportrait("models", "convert", model_file, folder)
    assert ran.code == 0
    assert f"{folder}: the published layout with the keys of compact networks" in ran.out
    assert f"from {model_file}" in ran.out
    ran = liveportrait("models", "convert", folder, again)
    assert ran.code == 0
    assert f"{again}: a file of ours; tiny, " in ran.out
    ours, back = (
        json.loads(liveportrait("models", "check", path, "--json").out)[0]["parameters"]
        for path in (model_file, again)
    )
    assert ours == back


def test_models_list_tells_licences(liveportrait):
    rows = json.loads(liveportrait("models", "list", "--json").out)["files"]
    assert all(row["licence"] and row["maker"] for row in rows)
    non_commercial = {row["name"] for row in rows if not row["commercial_use"]}
    assert non_commercial == {"buffalo_l/det_10g", "buffalo_l/2d106det"}
    assert "MIT" in liveportrait("models", "list").out
    shipped = {
        row["name"]: row["found"] for row in rows if row["name"] in ("default", "face_finder")
    }
    assert len(shipped) == 2
    assert all(Path(found).is_file() for found in shipped.values())


def test_doctor_tells_what_is_there(liveportrait):
    found = json.loads(liveportrait("doctor", "--json").out)
    assert found["packages"]["torch"]
    assert found["devices"][0]["name"] == "cpu"
    assert found["face_finder"]
    assert found["writes_video"]
    assert found["reads"]["H.264"]
    assert found["writes"][".mp4"]
    assert found["default_model"]["parameters"] > 4e6
    assert len(found["default_model"]["sha256"]) == 64
    assert {"default", "face_finder"} <= {row["name"] for row in found["weights"]}
    text = liveportrait("doctor").out
    assert "Packages" in text
    assert "Weights" in text
    assert "H.264, HEVC" in text
    assert "whole, 7.2 M parameters" in text


def test_help_and_mistakes_need_no_torch():
    code = (
        "import sys; from liveportrait_core.cli.main import main; main(['animate', '--help-all']);"
    )
    ran = subprocess.run(
        [sys.executable, "-c", code + "assert 'torch' not in sys.modules"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    assert "--driving-crop-scale" in ran.stdout


def help_of(capsys, *command):
    assert main([*command, "--help-all"]) == 0
    return " ".join(capsys.readouterr().out.split())


def test_help_tells_what_holds_for_the_command(capsys):
    of_a_square = "with --compat published yes for a square driver"
    assert of_a_square not in help_of(capsys, "edit")
    assert help_of(capsys, "animate").count(of_a_square) == 1
    for command in (("motion", "convert"), ("models", "download")):
        assert help_of(capsys, *command).count("options:") == 1


def test_the_version_is_told(capsys):
    assert main(["--version"]) == 0
    assert capsys.readouterr().out == f"liveportrait-suite {liveportrait_core.__version__}\n"


def test_no_command_is_a_mistake(capsys):
    assert main([]) == 2
    assert len(capsys.readouterr().err.splitlines()) == 1


def options(parser: ArgumentParser, *path: str) -> dict[str, object]:
    """Options of a command by destination."""
    for name in path:
        (commands,) = (a for a in parser._actions if isinstance(a.choices, dict))
        parser = commands.choices[name]
    return {action.dest: action for action in parser._actions}


def every_command():
    parser = build_parser()
    for path in (
        *(("animate",), ("edit",), ("faces",), ("motion", "extract"), ("motion", "info")),
        *(("motion", "idle"), ("motion", "convert"), ("motion", "layer"), ("motion", "join")),
        *(("motion", "change"), ("motion", "compare"), ("models", "list"), ("models", "check")),
        *(("models", "convert"), ("models", "download"), ("doctor",)),
    ):
        yield path, options(parser, *path)


def test_every_option_says_what_it_does():
    for path, actions in every_command():
        for name, action in actions.items():
            assert action.help or not action.option_strings, (path, name)


def headings(lines: list[str]) -> list[str]:
    return [line for line in lines if line.endswith(":") and not line.startswith(" ")][2:]


def test_the_help_of_animate_is_short_and_help_all_has_the_rest(monkeypatch, capsys):
    monkeypatch.setenv("COLUMNS", "100")
    (commands,) = (a for a in build_parser()._actions if isinstance(a.choices, dict))
    lines = commands.choices["animate"].format_help().splitlines()
    assert len(lines) <= 66
    assert max(map(len, lines)) <= 100
    usual = ["motion:", "source's face:", "output:", "model:", "report:"]
    assert headings(lines) == usual
    assert main(["animate", "--help-all"]) == 0
    rest = capsys.readouterr().out.splitlines()
    assert headings(rest) == [*usual, "more:"]
    assert not any("--chunk" in line for line in lines)
    assert any("--chunk" in line for line in rest)


@pytest.mark.parametrize("name", [spec.name for spec in specs_of(Sliders)])
def test_a_slider_outside_its_range_is_refused(liveportrait, files, out, name):
    spec = spec_of(Sliders, name)
    for value, nearest in ((spec.minimum - 1, spec.minimum), (spec.maximum + 1, spec.maximum)):
        flag = f"--{spec.flag or name.replace('_', '-')}"
        ran = liveportrait("edit", files / "portrait.png", "-o", out / "a.png", flag, value)
        assert ran.code == 2
        assert f"error: {flag} is " in ran.err
        assert f"The nearest is {nearest:g}." in ran.err


@pytest.mark.parametrize("flag", ["--eyes-open", "--lip-open"])
def test_an_opening_outside_its_range_is_refused(liveportrait, files, out, flag):
    ran = liveportrait("edit", files / "portrait.png", "-o", out / "a.png", flag, "60")
    assert ran.code == 2
    assert f"{flag} is 60.0; a number from 0 to 0.8 is expected. The nearest is 0.8." in ran.err


def test_the_bar_tells_rate_and_time_left():
    bar = ProgressBar("Rendering", shown=False)
    # 30 of 90 in 10 s: 3 a second, 20 s to go
    assert (
        bar.line(30, 90, 10)
        == "Rendering [########................] 30/90  3.0 frames/s  0:20 left"
    )
    assert bar.line(30, 0, 10) == "Rendering 30  3.0 frames/s"
    half = ProgressBar("file", shown=False, unit="bytes").line(5_000_000, 10_000_000, 5)
    assert half == "file [############............] 5.0/10.0 MB  1.0 MB/s  0:05 left"
    assert [clock(seconds) for seconds in (7, 754, 3723)] == ["0:07", "12:34", "1:02:03"]


def test_the_public_names_come_from_their_modules():
    for name in liveportrait_core.__all__:
        assert getattr(liveportrait_core, name) is not None
        assert name in dir(liveportrait_core)
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = liveportrait_core.nothing


def test_importing_the_package_does_no_work():
    code = "import sys, liveportrait_core; assert not {'torch', 'numpy', 'cv2'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)
