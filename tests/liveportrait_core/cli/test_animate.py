import json
import re
from fractions import Fraction

import numpy as np
import pytest

from liveportrait_core.cli.panels import Panels
from liveportrait_core.media.images import read_image, write_image
from liveportrait_core.media.video import VideoReader
from liveportrait_core.options import AnimateOptions
from tests.liveportrait_core.cli.conftest import write_clip
from tests.liveportrait_core.media.clips import make_clip
from tests.support.blobs import face_frame

pytestmark = pytest.mark.usefixtures("_square_faces")


def test_a_picture_and_a_clip_give_a_video(animate, files, out):
    ran = animate(files / "portrait.png", files / "clip.mp4", "-o", out / "made.mp4")
    assert (ran.code, ran.err) == (0, "")
    assert f"{out / 'made.mp4'}: 3 frames at 25 frames/s" in ran.out
    frames = list(VideoReader(out / "made.mp4"))
    assert len(frames) == 3
    assert frames[0].shape == (120, 160, 3)
    assert [path.name for path in out.iterdir()] == ["made.mp4"]


def test_the_output_is_named_after_the_inputs_in_the_current_folder(
    animate, files, out, monkeypatch
):
    monkeypatch.chdir(out)
    assert animate(files / "portrait.png", files / "clip.mp4").code == 0
    assert (out / "portrait--clip.mp4").is_file()


def test_a_driving_picture_gives_a_picture_where_the_name_says_so(animate, files, out):
    ran = animate(files / "portrait.png", files / "portrait.png", "-o", out / "made.png")
    assert (ran.code, ran.err) == (0, "")
    assert read_image(out / "made.png").rgb.shape == (120, 160, 3)
    ran = animate(files / "portrait.png", files / "portrait.png", "-o", out / "made.mp4")
    assert len(list(VideoReader(out / "made.mp4"))) == 1


def test_a_picture_keeps_its_transparency(animate, files, out):
    alpha = np.full((200, 300), 204, np.uint8)
    write_image(files / "alpha.png", face_frame((20, 20, 20), width=300, height=200), alpha)
    assert animate(files / "alpha.png", files / "portrait.png", "-o", out / "made.png").code == 0
    np.testing.assert_array_equal(read_image(out / "made.png").alpha, alpha)
    assert animate(files / "alpha.png", files / "portrait.png", "-o", out / "made.jpg").code == 0
    # far from the face, 40 at 204 of 255 over white: 0.8 * 40 + 0.2 * 255
    assert abs(int(read_image(out / "made.jpg").rgb[190, 290, 0]) - 83) <= 2


def test_a_source_video_keeps_its_frame_rate_and_length(animate, files, out):
    write_clip(files / "film.mp4", 4, Fraction(30000, 1001))
    ran = animate(files / "film.mp4", files / "portrait.png", "-o", out / "made.mp4")
    assert ran.code == 0
    made = VideoReader(out / "made.mp4")
    assert (made.fps, len(list(made))) == (Fraction(30000, 1001), 4)


def test_the_summary_is_json_and_nothing_else_is_on_stdout(animate, files, out):
    ran = animate(files / "portrait.png", files / "clip.mp4", "-o", out / "made.mp4", "--json")
    summary = json.loads(ran.out)
    assert summary["frames"] == 3
    assert summary["fps"] == "25/1"
    assert summary["output"] == str(out / "made.mp4")
    assert summary["model"]["preset"] == "tiny"
    assert summary["frame_states"] == {"measured": 3}


def test_what_a_long_animation_takes_is_said_before(animate, files, out, monkeypatch):
    monkeypatch.setattr("liveportrait_core.animation.estimate.LEAST_FRAMES", 3)
    given = (files / "portrait.png", files / "clip.mp4", "-o", out / "a.mp4")
    assert "memory" not in animate(*given).err  # no terminal
    first, *_ = animate(*given, "--progress").err.splitlines()
    assert re.fullmatch(r"3 frames: about \d+ s and 0\.[3-9] GB of memory", first)


def test_progress_goes_to_stderr_when_asked_for(animate, files, out):
    ran = animate(files / "portrait.png", files / "clip.mp4", "-o", out / "a.mp4", "--progress")
    assert "Rendering [########################] 3/3" in ran.err
    assert "Rendering" not in ran.out


def test_several_faces_animate_the_largest_and_tell_how_to_choose(animate, files, out):
    source = face_frame((10, 10, 30), (80, 20, 70))
    write_image(files / "two.png", source)
    ran = animate(files / "two.png", files / "portrait.png", "-o", out / "made.png")
    assert ran.code == 0
    assert "warning: The source shows 2 faces" in ran.err
    assert "Another face index" in ran.err
    made = read_image(out / "made.png").rgb
    assert np.abs(made[20:90, 80:150].astype(int) - source[20:90, 80:150]).max() > 0
    chosen = ("-o", out / "other.png", "--face-index", "1")
    ran = animate(files / "two.png", files / "portrait.png", *chosen)
    assert ran.code == 0
    assert "shows 2 faces" not in ran.err


def test_a_warning_calls_an_option_as_the_command_line_does(animate, files, out):
    options = ("--normalize-lip", "--lip-open", "0.1")
    ran = animate(files / "portrait.png", files / "portrait.png", "-o", out / "made.png", *options)
    assert "warning: --normalize-lip does nothing beside openings of eyes or lip." in ran.err


def test_a_face_at_the_edge_works(animate, files, out):
    write_image(files / "edge.png", face_frame((-20, 60, 60)))
    ran = animate(files / "edge.png", files / "clip.mp4", "-o", out / "made.mp4")
    assert (ran.code, ran.err) == (0, "")


def test_a_driver_with_gaps_is_told(animate, files, out):
    frames = [face_frame((50, 30, 60)), face_frame(), face_frame((50, 30, 60))]
    make_clip(files / "gap.mp4", 3, size=(160, 120), frames=frames)
    ran = animate(files / "portrait.png", files / "gap.mp4", "-o", out / "made.mp4", "--json")
    assert ran.code == 0
    assert "frame 1 (of 3" in ran.err
    assert len(json.loads(ran.out)["warnings"]) == 1


@pytest.mark.parametrize(
    ("options", "width"), [((), 120 + 160 + 160), (("--no-paste-back",), 3 * 128)]
)
def test_side_by_side_shows_driver_source_and_result(animate, files, out, options, width):
    ran = animate(
        files / "portrait.png",
        files / "clip.mp4",
        "-o",
        out / "made.mp4",
        "--side-by-side",
        *options,
    )
    assert ran.code == 0
    assert VideoReader(out / "made.mp4").width == width


def test_the_driver_beside_a_faster_film_is_shown_at_its_own_time(files):
    class Slow(Panels):
        def __init__(self):
            pass

    panels = Slow()
    panels._driving = VideoReader(write_clip(files / "slow.mp4", 3, Fraction(10)))
    panels._animation = type("A", (), {"fps": Fraction(20), "options": AnimateOptions()})()
    panels._crops, panels._index, panels._crop = iter("abc"), -1, None
    assert "".join(panels._crop_at(index) for index in range(7)) == "aabbccc"


@pytest.mark.parametrize("audio", [None, "driving", "source", "none"])
def test_sound_is_the_drivers_or_the_sources_as_asked(animate, files, out, audio):
    frames = [face_frame((50, 30, 60))] * 3
    make_clip(files / "loud.mp4", 3, size=(160, 120), frames=frames, sound_s=0.2)
    pairs = {
        None: (files / "portrait.png", files / "loud.mp4"),
        "driving": (files / "portrait.png", files / "loud.mp4"),
        "source": (files / "loud.mp4", files / "portrait.png"),
        "none": (files / "loud.mp4", files / "loud.mp4"),
    }
    chosen = ("--audio", audio) if audio else ()
    assert animate(*pairs[audio], "-o", out / "made.mp4", *chosen).code == 0
    assert VideoReader(out / "made.mp4").has_audio == (audio != "none")


def test_sound_that_is_not_there_is_refused(animate, files, out):
    ran = animate(
        files / "portrait.png", files / "clip.mp4", "-o", out / "made.mp4", "--audio", "driving"
    )
    assert ran.code == 2
    assert "has no sound" in ran.err


def test_a_motion_file_drives_like_its_clip(liveportrait, animate, files, out, model_file):
    motion = out / "motion.safetensors"
    ran = liveportrait("motion", "extract", files / "clip.mp4", "-o", motion, "--model", model_file)
    assert ran.code == 0
    assert animate(files / "portrait.png", motion, "-o", out / "a.mp4").code == 0
    assert animate(files / "portrait.png", files / "clip.mp4", "-o", out / "b.mp4").code == 0
    for one, other in zip(VideoReader(out / "a.mp4"), VideoReader(out / "b.mp4"), strict=True):
        np.testing.assert_array_equal(one, other)


def test_boxes_and_crops_need_no_detector(animate, files, out, monkeypatch):
    monkeypatch.setattr(
        "liveportrait_core.animation.face_trackers.HaarFaceFinder",
        lambda network, **_: pytest.fail("was used"),
    )
    ran = animate(
        *(files / "portrait.png", files / "portrait.png", "-o", out / "made.png"),
        *("--box", "50,30,60,60", "--driving-already-cropped"),
    )
    assert (ran.code, ran.err_but_for_boxes) == (0, "")


def test_every_option_reaches_the_library(animate, files, out):
    ran = animate(
        *(files / "clip.mp4", files / "clip.mp4", "-o", out / "made.mp4"),
        *("--region", "expression", "--motion", "absolute", "--gain", "1.2"),
        *("--driving-option", "pose-friendly", "--smooth", "--smooth-variance", "1e-6"),
        *("--no-stitch", "--eyes-open", "driver", "--lip-open", "0.2", "--retarget", "replace"),
        *("--crop-scale", "2", "--crop-vx", "0.1", "--crop-vy", "0", "--no-rotate"),
        *("--driving-crop-scale", "2", "--reference", "1", "--chunk", "3", "--crf", "30"),
        *("--compat", "published", "--device", "cpu", "--dtype", "float32"),
    )
    assert (ran.code, ran.err) == (0, "")
