"""A face that does nothing as the driver, and as a motion file."""

from fractions import Fraction

import pytest

from liveportrait_core.constants import COMPACT_SPACE, HUMAN_SPACE
from liveportrait_core.media.motion_file import load_motion
from liveportrait_core.media.video import VideoReader
from tests.liveportrait_core.cli.conftest import write_clip

pytestmark = pytest.mark.usefixtures("_square_faces")


def test_a_picture_lives_for_so_long(animate, files, out, monkeypatch):
    monkeypatch.chdir(out)
    ran = animate(files / "portrait.png", "--idle", "0.2s")
    assert (ran.code, ran.err) == (0, "")
    made = VideoReader(out / "portrait--idle.mp4")
    assert (made.fps, len(list(made))) == (25, 5)


def test_a_source_video_keeps_its_own_frame_rate(animate, files, out):
    write_clip(files / "film.mp4", 4, Fraction(10))
    ran = animate(files / "film.mp4", "--idle", "0.4", "-o", out / "made.mp4", "--json")
    assert ran.code == 0
    assert '"path": null' in ran.out
    made = VideoReader(out / "made.mp4")
    assert (made.fps, len(list(made))) == (10, 4)


@pytest.mark.parametrize(
    ("more", "text"),
    [
        ((), "There is no DRIVING; a picture, video, motion file or sound is expected, or --idle."),
        (("clip.mp4", "--idle", "3"), "one driver is expected. Leave one of them out."),
        (("--idle", "3", "--driving-start", "1"), "--idle is given beside --driving-start"),
        (("--idle", "3", "--audio", "driving"), "--audio is driving, and --idle has no sound;"),
        (("--idle", "0"), "--idle is 0.0; seconds from 0.1 to 3600, as 10s is expected."),
        (("--idle", "long"), "--idle is 'long'; seconds from 0.1 to 3600, as 10s is expected."),
    ],
)
def test_one_driver_is_expected(animate, files, out, more, text):
    named = [files / name if name == "clip.mp4" else name for name in more]
    ran = animate(files / "portrait.png", *named, "-o", out / "made.mp4")
    assert ran.code == 2
    assert text in ran.err
    assert not list(out.iterdir())


def test_it_is_written_as_a_motion_file(liveportrait, out):
    path = out / "idle.safetensors"
    ran = liveportrait("motion", "idle", path, "--duration", 2, "--fps", 30, "--seed", 4)
    assert (ran.code, ran.err) == (0, "")
    motion = load_motion(path)
    assert (len(motion), motion.fps, motion.space) == (60, 30, COMPACT_SPACE)
    assert motion.reference is not None
    template = out / "idle.pkl"
    ran = liveportrait("motion", "idle", template, "--duration", 1, "--space", HUMAN_SPACE)
    assert ran.code == 0
    assert len(load_motion(template)) == 25


def test_a_template_of_the_published_program_is_for_its_models(liveportrait, out):
    ran = liveportrait("motion", "idle", out / "idle.pkl")
    assert ran.code == 2
    assert not list(out.iterdir())
