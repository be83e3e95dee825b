"""Models of the published family: their keypoints are no landmarks, so others are read."""

from dataclasses import replace

import cv2
import numpy as np
import pytest

from liveportrait_core.animation import face_trackers, first_pass
from liveportrait_core.animation.face_trackers import FramewiseTracker, LandmarkTracker
from liveportrait_core.animation.read import read_clip
from liveportrait_core.constants import ANIMAL_SPACE
from liveportrait_core.imaging.tensors import limit_pixels
from liveportrait_core.media.images import read_image, write_image
from liveportrait_core.media.video import VideoReader
from liveportrait_core.model import save_model
from tests.support.blobs import face_frame
from tests.support.tiny import TINY_PAPER, tiny_published_model

pytestmark = pytest.mark.usefixtures("_square_faces")


@pytest.fixture(scope="module")
def human(tmp_path_factory):
    path = tmp_path_factory.mktemp("published") / "human.safetensors"
    save_model(tiny_published_model(), path)
    return path


@pytest.fixture(scope="module")
def animal(tmp_path_factory):
    path = tmp_path_factory.mktemp("published") / "animal.safetensors"
    save_model(tiny_published_model(replace(TINY_PAPER, name="beast", space=ANIMAL_SPACE)), path)
    return path


@pytest.fixture(autouse=True)
def _no_default_model(monkeypatch):
    monkeypatch.setattr(face_trackers, "load_model", lambda device: None)


@pytest.mark.parametrize("compat", ["none", "published"])
@pytest.mark.parametrize("crops", [(), ("--already-cropped", "--driving-already-cropped")])
def test_openness_comes_from_landmarks(liveportrait, files, out, human, compat, crops):
    ran = liveportrait(
        *("animate", files / "portrait.png", files / "clip.mp4", "-o", out / "made.mp4"),
        *("--model", human, "--eyes-open", "driver", "--lip-open", "driver"),
        *("--compat", compat, *crops),
    )
    assert (ran.code, ran.err) == (0, "")
    made = VideoReader(out / "made.mp4")
    # a crop comes out at the size that the model paints
    assert (made.width, made.height) == ((256, 256) if crops else (160, 120))


@pytest.mark.parametrize("compat", ["none", "published"])
def test_a_large_source_is_limited_with_its_box_and_transparency(
    liveportrait, files, out, human, compat
):
    picture = face_frame((800, 400, 300), (100, 100, 320), width=1921, height=1081)
    alpha = np.full((1081, 1921), 204, np.uint8)
    write_image(files / "large.png", picture, alpha)
    ran = liveportrait(
        *("animate", files / "large.png", files / "portrait.png", "-o", out / "made.png"),
        *("--model", human, "--compat", compat, "--box", "800,400,300,300"),
    )
    assert (ran.code, ran.err_but_for_boxes) == (0, "")
    made = read_image(out / "made.png")
    assert made.rgb.shape == ((720, 1280, 3) if compat == "published" else (1081, 1921, 3))
    assert made.alpha.shape == made.rgb.shape[:2]
    assert (made.alpha == 204).all()
    source = limit_pixels(picture) if compat == "published" else picture
    changed = (made.rgb != source).any(-1)
    zoom = changed.shape[1] / 1921
    # the marked square is painted, not the larger one
    assert changed[int(400 * zoom) : int(700 * zoom), int(800 * zoom) : int(1100 * zoom)].any()
    assert not changed[: int(420 * zoom), : int(300 * zoom)].any()


@pytest.mark.parametrize(
    ("size", "options", "cropped"),
    [
        ((120, 120), (), False),
        ((120, 120), ("--compat", "none"), True),
        ((122, 120), (), True),
        ((122, 120), ("--driving-already-cropped",), False),
        ((120, 120), ("--driving-box", "30,30,60,60"), True),
        ((120, 120), ("--no-driving-already-cropped",), True),
    ],
)
def test_a_square_driver_is_taken_as_it_is(
    liveportrait, files, out, human, monkeypatch, size, options, cropped
):
    framings = []

    def watched(model, clip, faces, framing, role, options):
        if role == "driver":
            framings.append((framing.already_cropped, type(faces)))
        return read_clip(model, clip, faces, framing, role, options)

    monkeypatch.setattr(first_pass, "read_clip", watched)
    write_image(files / "driver.png", face_frame((30, 30, 60), width=size[0], height=size[1]))
    ran = liveportrait(
        *("animate", files / "portrait.png", files / "driver.png", "-o", out / "made.png"),
        *("--model", human, "--compat", "published", *options),
    )
    assert (ran.code, ran.err_but_for_boxes) == (0, "")
    assert framings == [(not cropped, LandmarkTracker if cropped else FramewiseTracker)]


def test_an_animal_is_found_by_its_box_and_driven_by_a_person(liveportrait, files, out, animal):
    animate = ("animate", files / "portrait.png", files / "clip.mp4", "-o", out / "made.mp4")
    ran = liveportrait(*animate, "--model", animal, "--box", "50,30,60,60")
    assert (ran.code, ran.err_but_for_boxes) == (0, "")
    (out / "made.mp4").unlink()
    ran = liveportrait(*animate, "--model", animal)
    assert ran.code == 2
    has_cascades = hasattr(cv2, "CascadeClassifier")  # OpenCV 5 has none
    said = "No animal face in the source" if has_cascades else "has no face cascades"
    assert said in ran.err
    assert list(out.iterdir()) == []
