"""What bad input gets: one sentence, exit code 2, no traceback, nothing half-written."""

import errno
import os
import re
import tempfile
import wave
from pathlib import Path

import av
import numpy as np
import pytest

from liveportrait_core.animation.render import render
from liveportrait_core.errors import CheckpointError
from liveportrait_core.media.images import write_image
from tests.liveportrait_core.cli.conftest import write_pixels
from tests.liveportrait_core.media.clips import make_clip
from tests.support.blobs import face_frame

pytestmark = pytest.mark.usefixtures("_square_faces")


def assert_refused(ran, out, *words):
    assert ran.code == 2
    assert ran.out == ""
    (line,) = ran.err.splitlines()
    assert re.match(r"liveportrait( motion convert)?: error: ", line)
    assert line.endswith(".")
    for word in words:
        assert word in line
    assert list(out.iterdir()) == []


def silent_film(path: Path) -> Path:
    """A film that promises pictures and holds none."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=25)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        container.start_encoding()
    return path


def sound_file(path: Path) -> Path:
    with wave.open(str(path), "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(8000)
        sound.writeframes(bytes(1600))
    return path


def written(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path


def third_of(path: Path) -> bytes:
    content = path.read_bytes()
    return content[: len(content) // 3]


TEXT = b"this is no film\n" * 100
BAD_FILES = {
    "missing": lambda folder: folder / "nothing.png",
    "folder": lambda folder: folder,
    "empty picture": lambda folder: written(folder / "bad.png", b""),
    "empty video": lambda folder: written(folder / "bad.mp4", b""),
    "corrupt picture": lambda folder: written(
        folder / "bad.png", third_of(folder / "portrait.png")
    ),
    "corrupt video": lambda folder: written(folder / "bad.mp4", third_of(folder / "clip.mp4")),
    "text named .mp4": lambda folder: written(folder / "bad.mp4", TEXT),
    "text": lambda folder: written(folder / "bad.txt", TEXT),
    "no frames": lambda folder: silent_film(folder / "bad.mp4"),
    "one pixel": lambda folder: write_pixels(folder / "bad.png", 1, 1),
}


@pytest.mark.parametrize("name", ["bad.wav", "bad.mp4"])
def test_a_sound_is_no_source(animate, files, out, name):
    bad = sound_file(files / "sound.wav").rename(files / name)
    assert_refused(animate(bad, files / "clip.mp4", "-o", out / "made.mp4"), out, name)


@pytest.mark.parametrize("kind", BAD_FILES)
@pytest.mark.parametrize("role", ["source", "driving"])
def test_a_bad_file_is_refused(animate, files, out, kind, role):
    bad = BAD_FILES[kind](files)
    pair = (bad, files / "clip.mp4") if role == "source" else (files / "portrait.png", bad)
    assert_refused(animate(*pair, "-o", out / "made.mp4"), out, bad.name)


@pytest.mark.parametrize(
    ("source", "driving", "words"),
    [
        ("blank.png", "clip.mp4", ("No face in the source", "--box", "--already-cropped")),
        (
            "portrait.png",
            "blank.png",
            ("No face in the driver", "--driving-box x,y,w,h, --driving-already-cropped"),
        ),
    ],
)
def test_no_face_is_refused(animate, files, out, source, driving, words):
    ran = animate(files / source, files / driving, "-o", out / "made.mp4")
    assert_refused(ran, out, *words)


def test_a_clip_without_a_face_is_refused(animate, files, out):
    make_clip(files / "blank.mp4", 3, size=(160, 120), frames=[face_frame()] * 3)
    ran = animate(files / "portrait.png", files / "blank.mp4", "-o", out / "made.mp4")
    assert_refused(ran, out, "No face in 3 driver frames")


def test_a_three_frame_clip_is_fine(animate, files, out):
    assert animate(files / "clip.mp4", files / "clip.mp4", "-o", out / "made.mp4").code == 0


def test_a_box_outside_the_picture_is_refused(animate, files, out):
    ran = animate(
        files / "portrait.png", files / "clip.mp4", "-o", out / "made.mp4", "--box", "900,0,50,50"
    )
    assert_refused(ran, out, "900,0,50,50", "outside")


def test_a_face_that_is_not_there_is_refused(animate, files, out):
    ran = animate(
        files / "portrait.png", files / "clip.mp4", "-o", out / "made.mp4", "--face-index", 4
    )
    assert_refused(ran, out, "face index is", " --face-index")
    ran = animate(
        files / "portrait.png", files / "clip.mp4", "-o", out / "b.mp4", "--driving-face-index", 4
    )
    assert_refused(ran, out, "in the driver", "--driving-face-index")


def test_a_motion_file_as_source_is_refused(animate, files, out):
    (files / "m.safetensors").write_bytes(b"anything")
    ran = animate(files / "m.safetensors", files / "clip.mp4", "-o", out / "made.mp4")
    assert_refused(ran, out, "DRIVING")


def test_a_motion_of_another_space_is_refused(liveportrait, animate, files, out, model_file):
    motion, other = files / "ours.safetensors", files / "other.safetensors"
    clip = files / "clip.mp4"
    assert liveportrait("motion", "extract", clip, "-o", motion, "--model", model_file).code == 0
    space = "liveportrait-human-21"
    assert liveportrait("motion", "convert", motion, other, "--space", space).code == 0
    ran = animate(files / "portrait.png", other, "-o", out / "made.mp4")
    assert_refused(ran, out, space, "lps-compact-21", "Extract")


def test_a_keypoint_space_that_is_not_known_is_refused(liveportrait, files, out):
    ran = liveportrait(
        "motion",
        "convert",
        files / "a.safetensors",
        out / "b.safetensors",
        "--space",
        "lps-compact",
    )
    assert_refused(ran, out, "--space is 'lps-compact'", "lps-compact-21", "liveportrait-human-21")


def test_a_template_of_another_space_is_refused_before_the_clip_is_read(
    liveportrait, files, out, model_file, monkeypatch
):
    monkeypatch.setattr("liveportrait_core.cli.motion.read_motion", None)
    clip = files / "clip.mp4"
    ran = liveportrait("motion", "extract", clip, "-o", out / "m.pkl", "--model", model_file)
    assert_refused(ran, out, "m.pkl", "lps-compact-21", ".safetensors")


def test_an_output_in_a_missing_folder_is_refused(animate, files, out):
    ran = animate(files / "portrait.png", files / "clip.mp4", "-o", out / "no" / "made.mp4")
    assert_refused(ran, out, "does not exist")


def test_an_output_that_cannot_be_written_is_refused(animate, files, out, monkeypatch):
    def refuse(**about):
        raise PermissionError(about["dir"])

    monkeypatch.setattr(tempfile, "TemporaryFile", refuse)
    ran = animate(files / "portrait.png", files / "clip.mp4", "-o", out / "made.mp4")
    assert_refused(ran, out, "cannot be written")


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("made.avi", (".avi", ".mp4")),
        ("made", ("ends in ''",)),
        ("made.png", ("many frames", ".mp4")),
    ],
)
def test_a_name_that_does_not_fit_is_refused(animate, files, out, name, words):
    assert_refused(
        animate(files / "portrait.png", files / "clip.mp4", "-o", out / name), out, *words
    )


def test_an_output_that_is_a_folder_is_refused(animate, files, out):
    (files / "taken.mp4").mkdir()
    ran = animate(files / "portrait.png", files / "clip.mp4", "-o", files / "taken.mp4")
    assert_refused(ran, out, "is a folder")


def test_an_input_is_not_overwritten(animate, files, out):
    before = (files / "clip.mp4").read_bytes()
    ran = animate(files / "portrait.png", files / "clip.mp4", "-o", files / "clip.mp4")
    assert_refused(ran, out, "replace the input")
    assert (files / "clip.mp4").read_bytes() == before


def no_space(*arguments, **options):
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def test_a_full_disk_leaves_nothing_of_a_picture(animate, files, out, monkeypatch):
    monkeypatch.setattr(Path, "write_bytes", no_space)
    ran = animate(files / "portrait.png", files / "portrait.png", "-o", out / "made.png")
    assert_refused(ran, out, "No space left on device")


def test_a_full_disk_leaves_nothing_of_a_video(animate, files, out, monkeypatch):
    def full(*arguments):
        raise av.error.OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr("liveportrait_core.media.video_writer._VideoTrack.write", full)
    ran = animate(files / "portrait.png", files / "clip.mp4", "-o", out / "made.mp4")
    assert_refused(ran, out, "No space left on device")


def test_ctrl_c_leaves_nothing(animate, files, out, monkeypatch):
    def interrupted(animation, progress=None):
        for number, frame in enumerate(render(animation, progress)):
            if number == 2:
                raise KeyboardInterrupt
            yield frame

    monkeypatch.setattr("liveportrait_core.cli.animate.render", interrupted)
    ran = animate(files / "portrait.png", files / "clip.mp4", "-o", out / "made.mp4")
    assert (ran.code, ran.out) == (130, "")
    assert len(ran.err.splitlines()) == 1
    assert list(out.iterdir()) == []


def test_a_missing_weight_file_is_refused(liveportrait, files, out):
    ran = liveportrait(
        *("animate", files / "portrait.png", files / "clip.mp4", "-o", out / "made.mp4"),
        *("--model", files / "nothing.safetensors"),
    )
    assert_refused(ran, out, "nothing.safetensors")


def test_a_folder_of_weights_that_is_none_is_named(liveportrait, files, out, monkeypatch):
    monkeypatch.setenv("LIVEPORTRAIT_WEIGHTS", str(files / "elsewhere"))
    ran = liveportrait(
        *("animate", files / "portrait.png", files / "clip.mp4", "-o", out / "made.mp4"),
        *("--model", "human"),
    )
    named = f"LIVEPORTRAIT_WEIGHTS names {files / 'elsewhere'}, which is no folder"
    assert_refused(ran, out, "No model 'human'", named)
    assert f"{named}." in liveportrait("doctor").out


def test_a_damaged_weight_file_is_refused(liveportrait, files, out, model_file):
    (files / "half.safetensors").write_bytes(model_file.read_bytes()[:5000])
    ran = liveportrait(
        *("animate", files / "portrait.png", files / "clip.mp4", "-o", out / "made.mp4"),
        *("--model", files / "half.safetensors"),
    )
    assert_refused(ran, out, "half.safetensors")


def test_a_missing_landmark_model_is_refused(animate, files, out, monkeypatch):
    def missing(model):
        raise CheckpointError("The packaged model is not there. Install the package again.")

    monkeypatch.setattr("liveportrait_core.animation.face_trackers.landmark_network", missing)
    ran = animate(files / "portrait.png", files / "clip.mp4", "-o", out / "made.mp4")
    assert_refused(ran, out, "packaged model")


@pytest.mark.parametrize(
    ("option", "word"),
    [
        (("--device", "cuda:77"), "device is cuda:77"),
        (("--device", "toaster"), "toaster"),
        (("--reference", "9"), "0 to 2"),
        (("--face-models", "/nowhere"), "landmark.onnx"),
    ],
)
def test_a_value_out_of_range_is_refused(animate, files, out, option, word):
    ran = animate(files / "portrait.png", files / "clip.mp4", "-o", out / "made.mp4", *option)
    assert_refused(ran, out, word)


@pytest.mark.parametrize(
    ("option", "word"),
    [
        (("--region", "nose"), "nose"),
        (("--box", "1,2,3"), "x,y,width,height"),
        (("--box", "1,2,0,4"), "16 or more a side"),
        (("--box", "0,0,15,300"), "16 or more a side"),
        (("--eyes-open", "wide"), "driver or a number from 0 to 0.8 is expected"),
        (("--gain", "nan"), "--gain is nan"),
        (("--gain", "-1"), "--gain is -1.0; a number from 0 to 4 is expected. The nearest is 0"),
        (("--crop-scale", "0"), "a number above 0 up to 8 is expected"),
        (
            ("--crf", "99"),
            "--crf is 99; a whole number from 0 to 51 is expected.",
        ),
        (("--smooth-variance", "0"), "--smooth-variance is 0"),
        (("--chunk", "0"), "--chunk is 0; a whole number from 1 up is expected. The nearest is 1"),
        (("--chunk", "two"), "a whole number from 1 up is expected"),
        (("--nonsense",), "--nonsense"),
    ],
)
def test_a_mistyped_option_is_one_line(animate, files, out, option, word):
    ran = animate(files / "portrait.png", files / "clip.mp4", "-o", out / "made.mp4", *option)
    assert ran.code == 2
    (line,) = ran.err.splitlines()
    assert word in line
    assert "--help" in line
    assert list(out.iterdir()) == []


def test_edit_refuses_a_bad_name(liveportrait, files, out, model_file):
    ran = liveportrait("edit", files / "clip.mp4", "-o", out / "a.png", "--model", model_file)
    assert_refused(ran, out, "is a picture, but the result has many frames")
    ran = liveportrait("edit", files / "portrait.png", "-o", out / "a.mp4", "--model", model_file)
    assert_refused(ran, out, ".png")


def test_motion_refuses_what_is_no_motion(liveportrait, files, out, model_file):
    (files / "bad.pkl").write_bytes(b"\x80\x04}.")
    assert_refused(liveportrait("motion", "info", files / "bad.pkl"), out, "bad.pkl")
    ran = liveportrait("motion", "convert", files / "portrait.png", out / "m.safetensors")
    assert_refused(ran, out, "portrait.png")
    (files / "m.safetensors").write_bytes(b"anything")
    ran = liveportrait("motion", "extract", files / "m.safetensors", "-o", out / "m.pkl")
    assert_refused(ran, out, "motion convert")


def test_a_picture_too_small_for_a_face_is_refused_also_as_a_crop(animate, files, out):
    write_image(files / "tiny.png", np.zeros((1, 1, 3), np.uint8))
    ran = animate(
        files / "tiny.png", files / "clip.mp4", "-o", out / "made.mp4", "--already-cropped"
    )
    assert_refused(ran, out, "1 x 1")
