"""A timeline as the driver, and as a motion file."""

from fractions import Fraction

import pytest
import torch

from liveportrait_core.assets.shipped_blendshape_maps import shipped_blendshape_map
from liveportrait_core.constants import COMPACT_SPACE, HUMAN_SPACE
from liveportrait_core.media.motion_file import load_motion, save_motion
from liveportrait_core.media.video import VideoReader
from liveportrait_core.motion.timeline_motion import motion_of_timeline
from liveportrait_core.motion.timeline_text import parse_timeline
from tests.liveportrait_core.cli.conftest import write_clip
from tests.support.motions import random_motion

TEXT = "length 0.4\n0.2 yaw 10; jaw open 0.5\n"


@pytest.fixture
def text(tmp_path):
    """A timeline of 0.4 s."""
    path = tmp_path / "greeting.txt"
    path.write_text(TEXT, "ascii")
    return path


def test_it_is_written_as_a_motion_file(liveportrait, text, out):
    path = out / "made.safetensors"
    ran = liveportrait("motion", "timeline", text, "-o", path)
    assert (ran.code, ran.err) == (0, "")
    assert ran.out == f"{path}: 10 frames at 25 a second, 0.40 s\n"
    made = load_motion(path)
    expected = motion_of_timeline(parse_timeline(TEXT), shipped_blendshape_map(COMPACT_SPACE))
    assert made.space == COMPACT_SPACE
    torch.testing.assert_close(made.expression, expected.expression)
    torch.testing.assert_close(made.pose_deg, expected.pose_deg)


def test_motions_lie_beneath_by_their_number(liveportrait, text, out):
    base = random_motion(1, 20, HUMAN_SPACE).describe(fps=Fraction(50))
    save_motion(base, out / "film.safetensors")
    path = out / "made.safetensors"
    ran = liveportrait("motion", "timeline", text, out / "film.safetensors", "-o", path)
    assert ran.code == 0
    made = load_motion(path)
    assert (len(made), made.fps, made.space) == (20, 50, HUMAN_SPACE)
    text.write_text("0 play 2", "ascii")
    ran = liveportrait("motion", "timeline", text, out / "film.safetensors", "-o", path)
    assert ran.code == 2
    assert "The timeline plays motion 2 and has 1 motion beneath it" in ran.err
    assert f"Name more motion files behind {text}, or choose another number." in ran.err


@pytest.mark.parametrize("nothing", ["# a greeting\n\n# later\n", "1 rest", "fps 30"])
def test_a_timeline_of_nothing_is_refused(liveportrait, text, out, nothing):
    text.write_text(nothing, "ascii")
    ran = liveportrait("motion", "timeline", text, "-o", out / "made.safetensors")
    assert ran.code == 2
    assert "The timeline moves nothing and has no length; a key, a movement" in ran.err
    assert not list(out.iterdir())


@pytest.mark.usefixtures("_square_faces")
def test_it_drives_a_picture(animate, files, text, out):
    ran = animate(files / "portrait.png", text, "-o", out / "made.mp4")
    assert (ran.code, ran.err) == (0, "")
    made = VideoReader(out / "made.mp4")
    assert (made.fps, len(list(made))) == (25, 10)


@pytest.mark.usefixtures("_square_faces")
def test_a_source_video_keeps_its_own_frame_rate(animate, files, text, out):
    write_clip(files / "film.mp4", 4, Fraction(10))
    ran = animate(files / "film.mp4", text, "-o", out / "made.mp4")
    assert ran.code == 0
    assert VideoReader(out / "made.mp4").fps == 10


@pytest.mark.usefixtures("_square_faces")
def test_what_cannot_be_read_is_one_sentence(animate, files, text, out):
    text.write_text("0 smile 1\n1 smlie 0", "ascii")
    ran = animate(files / "portrait.png", text, "-o", out / "made.mp4")
    assert ran.code == 2
    assert f"{text}: Line 2, 'smlie': a control is expected. Did you mean 'smile'?" in ran.err
    text.write_text(TEXT, "ascii")
    ran = animate(files / "portrait.png", text, "--driving-start", 1, "-o", out / "made.mp4")
    assert "is a timeline, which is used whole" in ran.err
    text.write_text("1 play 1", "ascii")
    ran = animate(files / "portrait.png", text, "-o", out / "made.mp4")
    assert "The timeline plays motion 1 and has 0 motions beneath it" in ran.err
    assert f"what 'liveportrait motion timeline {text} MOTION -o OUT' writes" in ran.err
    for nothing in ("1 rest", "# a greeting\n\n# later\n"):
        text.write_text(nothing, "ascii")
        ran = animate(files / "portrait.png", text, "-o", out / "made.mp4")
        assert "The timeline moves nothing and has no length" in ran.err
    text.write_text("eyeBlink_L-7|jawOpen-3", "ascii")
    ran = animate(files / "portrait.png", text, "-o", out / "made.mp4")
    assert "ends like face capture" in ran.err
    assert not list(out.iterdir())
