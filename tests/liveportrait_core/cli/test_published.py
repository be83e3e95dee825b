"""Models of the published family: their keypoints are no landmarks, so others are read."""

from dataclasses import replace

import pytest

from liveportrait_core.cli import faces
from liveportrait_core.constants import ANIMAL_SPACE
from liveportrait_core.media.video import VideoReader
from liveportrait_core.model import save_model
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
    monkeypatch.setattr(faces, "load_model", lambda device: None)


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


def test_an_animal_is_found_by_its_box_and_driven_by_a_person(liveportrait, files, out, animal):
    animate = ("animate", files / "portrait.png", files / "clip.mp4", "-o", out / "made.mp4")
    ran = liveportrait(*animate, "--model", animal, "--box", "50,30,60,60")
    assert (ran.code, ran.err) == (0, "")
    (out / "made.mp4").unlink()
    ran = liveportrait(*animate, "--model", animal)
    assert ran.code == 2
    assert "No animal face in the source" in ran.err
    assert list(out.iterdir()) == []
