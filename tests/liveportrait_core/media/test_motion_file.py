from fractions import Fraction

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load_file, save_file

from liveportrait_core.constants import ANIMAL_SPACE
from liveportrait_core.errors import MediaError
from liveportrait_core.media.motion_file import is_motion, load_motion, save_motion
from liveportrait_core.motion.types import Motion, tensor_fields


def make_motion(num_frames: int = 5, seed: int = 0) -> Motion:
    generator = torch.Generator().manual_seed(seed)

    def noise(*shape: int) -> torch.Tensor:
        return torch.randn(num_frames, *shape, generator=generator)

    return Motion.from_degrees(
        pose_deg=20 * noise(3),
        expression=0.05 * noise(21, 3),
        scale=1.5 + 0.1 * noise(1),
        translation=0.1 * noise(3),
    ).describe(
        canonical=noise(21, 3),
        eyes_open=noise(2).abs(),
        lip_open=noise(1).abs(),
        validity=torch.ones(num_frames),
        fps=Fraction(30000, 1001),
        space=ANIMAL_SPACE,
        producer="a test, \u00e4 in its name",
        reference_frame=3,
        absolute=frozenset({"lip"}),
    )


def assert_same(motion: Motion, other: Motion) -> None:
    for name in tensor_fields():
        one, two = getattr(motion, name), getattr(other, name)
        assert (one is None) == (two is None), name
        if one is not None:
            torch.testing.assert_close(one, two, rtol=0, atol=0, msg=name)
    described = ("fps", "space", "producer", "reference_frame", "absent", "parts", "absolute")
    for name in (*described, "from_shut_lips"):
        assert getattr(motion, name) == getattr(other, name)


@pytest.mark.parametrize("from_shut_lips", [False, True])
def test_a_motion_comes_back_exactly(tmp_path, from_shut_lips):
    motion = make_motion().describe(from_shut_lips=from_shut_lips)
    assert save_motion(motion, tmp_path / "motion.safetensors") == []
    assert_same(load_motion(tmp_path / "motion.safetensors"), motion)
    assert "rotation" not in load_file(tmp_path / "motion.safetensors")  # the degrees tell it


def test_a_neutral_frame_apart_comes_back_and_alone_makes_the_file_a_newer_one(tmp_path):
    motion, neutral = make_motion(), make_motion(1, seed=1).describe(reference_frame=0)
    for name, reference in (("without", None), ("with", neutral)):
        save_motion(motion.describe(reference=reference), tmp_path / f"{name}.safetensors")
    assert load_motion(tmp_path / "without.safetensors").reference is None
    assert_same(load_motion(tmp_path / "with.safetensors").reference, neutral)
    versions = []
    for name in ("without", "with"):
        with safe_open(tmp_path / f"{name}.safetensors", framework="pt") as file:
            versions.append(file.metadata()["version"])
    assert versions == ["1", "2"]


def test_a_motion_of_some_parts_of_the_face_comes_back_in_a_newer_file(tmp_path):
    path = tmp_path / "motion.safetensors"
    motion = make_motion().describe(parts=frozenset({"lip", "brows"}), reference=make_motion(1))
    save_motion(motion, path)
    with safe_open(path, framework="pt") as file:
        told = file.metadata()
    assert (told["version"], told["parts"]) == ("4", '["brows", "lip"]')
    assert_same(load_motion(path), motion)
    save_file(load_file(path), path, told | {"parts": '["lip", "nose"]'})
    with pytest.raises(MediaError, match=r"damaged: unknown names \['nose'\]"):
        load_motion(path)


def test_shots_and_their_neutral_frames_come_back(tmp_path):
    neutral = make_motion(2, seed=1).describe(reference_frame=0)
    shot = torch.tensor([0, 0, 1, 1, 1])
    motion = make_motion().describe(shot=shot, reference=neutral)
    save_motion(motion, tmp_path / "motion.safetensors")
    with safe_open(tmp_path / "motion.safetensors", framework="pt") as file:
        assert file.metadata()["version"] == "3"
    read = load_motion(tmp_path / "motion.safetensors")
    assert_same(read, motion)
    assert read.reference is not None
    assert_same(read.reference, neutral)
    assert read.shot_slices == (slice(0, 2), slice(2, 5))


@pytest.mark.parametrize("shot", [None, torch.tensor([0, 0, 1, 1, 2]), torch.zeros(5)])
def test_neutral_frames_that_fit_no_shots_are_damage(tmp_path, shot):
    neutral = make_motion(2, seed=1).describe(reference_frame=0)
    save_motion(make_motion().describe(shot=shot, reference=neutral), tmp_path / "m.safetensors")
    with pytest.raises(MediaError, match="damaged"):
        load_motion(tmp_path / "m.safetensors")


def test_optional_tensors_may_be_unknown_and_slices_may_be_saved(tmp_path):
    motion = make_motion().describe(canonical=None, eyes_open=None, lip_open=None, validity=None)
    part = motion[1:4].describe(reference_frame=0)
    save_motion(part, tmp_path / "motion.safetensors")
    assert_same(load_motion(tmp_path / "motion.safetensors"), part)


def test_a_rotation_that_degrees_cannot_tell_is_kept(tmp_path):
    motion = make_motion()
    motion = motion.describe(rotation=motion.rotation * 0.99)
    save_motion(motion, tmp_path / "motion.safetensors")
    assert_same(load_motion(tmp_path / "motion.safetensors"), motion)


def test_absent_channels_come_back_as_zeros_and_ones(tmp_path):
    motion = make_motion().describe(absent=frozenset({"pose", "scale"}))
    path = tmp_path / "motion.safetensors"
    save_motion(motion, path)
    assert not {"pose_deg", "rotation", "scale"} & load_file(path).keys()
    read = load_motion(path)
    assert read.absent == {"pose", "scale"}
    torch.testing.assert_close(read.scale, torch.ones(5, 1))
    torch.testing.assert_close(read.pose_deg, torch.zeros(5, 3))
    torch.testing.assert_close(read.rotation, torch.eye(3).expand(5, 3, 3))
    torch.testing.assert_close(read.expression, motion.expression)


def test_the_space_can_be_overridden(tmp_path):
    save_motion(make_motion(), tmp_path / "motion.safetensors")
    assert load_motion(tmp_path / "motion.safetensors", space="other").space == "other"


def header(**changes: str) -> dict[str, str]:
    told = {
        "format": "liveportrait-suite/motion",
        "version": "1",
        "num_frames": "2",
        "fps": "25/1",
        "space": "liveportrait-human-21",
        "producer": "",
        "reference_frame": "0",
        "absent": '["pose", "scale", "translation"]',
        "absolute": "[]",
    }
    return told | changes


EXPRESSION = {"expression": torch.zeros(2, 21, 3)}


def test_a_file_written_by_the_description_of_the_format_is_read(tmp_path):
    save_file(EXPRESSION, tmp_path / "motion.safetensors", header())
    assert len(load_motion(tmp_path / "motion.safetensors")) == 2


@pytest.mark.parametrize(
    ("tensors", "told", "words"),
    [
        (EXPRESSION, {}, "of format 'not given'"),
        (EXPRESSION, header(format="pt"), "of format 'pt'"),
        (EXPRESSION, header(version="5"), "version '5', and this program reads up to 4. Update"),
        (EXPRESSION | {"reference.expression": torch.zeros(2, 21, 3)}, header(), "damaged"),
        (EXPRESSION, header(fps="0/1"), "damaged"),
        (EXPRESSION, header(fps="1/0"), "damaged"),
        (EXPRESSION, header(absent="[]"), "damaged"),
        (EXPRESSION, header(absent="}"), "damaged"),
        (EXPRESSION, header(num_frames="3"), "damaged: 'expression' of shape"),
        (EXPRESSION, header(reference_frame="2"), "damaged"),
        ({"expression": torch.full((2, 21, 3), torch.nan)}, header(), "not finite"),
        (EXPRESSION | {"weights": torch.zeros(2)}, header(), "damaged: 'weights'"),
    ],
)
def test_foreign_newer_and_damaged_files_are_refused(tmp_path, tensors, told, words):
    save_file(tensors, tmp_path / "motion.safetensors", told)
    with pytest.raises(MediaError, match=words):
        load_motion(tmp_path / "motion.safetensors")


def test_what_is_no_motion_file_is_refused_in_a_sentence(tmp_path):
    save_motion(make_motion(), tmp_path / "whole.safetensors")
    whole = (tmp_path / "whole.safetensors").read_bytes()
    (tmp_path / "cut.safetensors").write_bytes(whole[:-50])
    (tmp_path / "text.safetensors").write_text("no motion\n" * 9)
    (tmp_path / "empty.safetensors").write_bytes(b"")
    (tmp_path / "motion.json").write_text("{}")
    for name, words in {
        "cut.safetensors": "damaged",
        "text.safetensors": "no safetensors file",
        "empty.safetensors": "empty",
        "missing.safetensors": "No motion file at",
        "motion.json": "is no motion file",
    }.items():
        with pytest.raises(MediaError, match=words):
            load_motion(tmp_path / name)
    with pytest.raises(MediaError, match="has 0 frames"):
        save_motion(make_motion()[:0], tmp_path / "none.safetensors")
    with pytest.raises(MediaError, match=r"Use \.safetensors"):
        save_motion(make_motion(), tmp_path / "motion.json")


def test_what_is_no_motion_is_refused_in_a_sentence(tmp_path):
    with pytest.raises(TypeError, match=r"str came where Motion is expected\. Call save_motion"):
        save_motion("m.safetensors", make_motion())


def test_the_ending_tells_a_motion_file():
    assert is_motion("a/B.PKL")
    assert is_motion("b.safetensors")
    assert not is_motion("b.mp4")
