"""Faces that are known before, all faces of a clip, and how they are framed."""

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
import torch

from liveportrait_core.animate_options import AnimateOptions
from liveportrait_core.clips import Frames, Framing
from liveportrait_core.constants import ANIMAL_SPACE
from liveportrait_core.driving_options import DrivingOptions
from liveportrait_core.errors import FaceNotFoundError
from liveportrait_core.face.faces import Faces, FaceTrack
from liveportrait_core.finding import KnownFace, TrackedFaces
from liveportrait_core.pipeline import animate
from liveportrait_core.preset import CropDefaults
from liveportrait_core.readers import FaceChoice, FaceReaders
from liveportrait_core.sources import driving_crops, source_crops
from tests.liveportrait_core.cli.conftest import TINY
from tests.support.blobs import SquareFinder, face_frame, square_network
from tests.support.tiny import tiny_compact_model

SMALL, LARGE = (20, 50, 40), (200, 60, 60)
PAIR = face_frame(SMALL, LARGE, width=320, height=160)
SOURCE = FaceChoice(role="source")


@pytest.fixture(scope="module")
def model():
    return tiny_compact_model(TINY)


@pytest.fixture
def readers(model, _square_faces):
    return FaceReaders(model, None)


def tracked(frames):
    return TrackedFaces(finder=SquareFinder(), network=square_network())(frames)


def who(faces):
    """Which of the two squares each face is."""
    return ["small" if track.faces[0].centre[0] < 160 else "large" for track in faces.tracks]


def test_a_known_face_looks_at_no_frame():
    track = tracked([PAIR])
    assert KnownFace(track)(iter(lambda: pytest.fail("it looked"), None)) is track


def test_a_known_face_animates_as_a_found_one_does(model):
    driving = Frames([face_frame((40 + 3 * index, 30, 50)) for index in range(3)])
    options = AnimateOptions(driving=DrivingOptions(stitch=False))
    with torch.inference_mode():
        made = [
            np.stack(
                list(
                    animate(
                        model, PAIR, driving, options,
                        source_faces=faces, driving_faces=tracked,
                    )
                )
            )
            for faces in (tracked, KnownFace(tracked([PAIR])))
        ]  # fmt: skip
    np.testing.assert_array_equal(*made)


@pytest.mark.parametrize("num_frames", [1, 3])
def test_a_face_known_in_other_frames_is_refused(model, num_frames):
    known = KnownFace(tracked([PAIR] * 2))
    options = AnimateOptions(driving=DrivingOptions(stitch=False))
    frames = animate(
        model, Frames([PAIR] * num_frames), PAIR, options,
        source_faces=known, driving_faces=tracked,
    )  # fmt: skip
    with torch.inference_mode(), pytest.raises(ValueError, match="were found in 2 frames, but"):
        list(frames)


def test_faces_are_had_by_their_number():
    track = tracked([PAIR])
    faces = Faces(tracks=(track,), num_frames=1, width=320, height=160, fps=Fraction(25))
    assert len(faces) == 1
    assert faces[0] is track
    for number in (1, -1):
        with pytest.raises(FaceNotFoundError) as error:
            faces[number]
        assert str(error.value) == (
            f"Face number {number} was asked for, but 1 can be seen. Choose a face index from 0 "
            "to 0."
        )


@pytest.mark.parametrize(
    ("order", "max_faces", "wanted"),
    [
        ("large-small", 8, ["large", "small"]),
        ("small-large", 8, ["small", "large"]),
        ("left-right", 8, ["small", "large"]),
        ("right-left", 8, ["large", "small"]),
        ("top-bottom", 8, ["small", "large"]),
        ("large-small", 1, ["large"]),
        ("left-right", 1, ["small"]),
    ],
)
def test_all_faces_of_a_clip_are_found_in_order(readers, order, max_faces, wanted):
    clip = Frames([PAIR] * 3, Fraction(30000, 1001))
    faces = readers.find(clip, SOURCE, max_faces, order)
    assert who(faces) == wanted
    assert [track.face_id for track in faces.tracks] == list(range(len(wanted)))
    assert (faces.num_frames, faces.width, faces.height) == (3, 320, 160)
    assert faces.fps == Fraction(30000, 1001)
    assert all(len(track) == 3 for track in faces.tracks)


def test_a_face_that_comes_and_goes_keeps_its_number(readers):
    nobody = face_frame(width=320, height=160)
    frames = [PAIR, PAIR, face_frame(SMALL, width=320, height=160), nobody, PAIR]
    faces = readers.find(Frames(frames), SOURCE, 8, "left-right")
    assert who(faces) == ["small", "large"]
    assert [[face.state[0] for face in track.faces] for track in faces.tracks] == [
        ["m", "m", "m", "i", "m"],  # measured, interpolated
        ["m", "m", "i", "i", "m"],
    ]
    for track in faces.tracks:
        assert {face.face_id for face in track.faces} == {track.face_id}


def test_a_marked_face_is_the_only_one(readers):
    choice = replace(SOURCE, box=(24.0, 54.0, 34.0, 34.0))
    assert who(readers.find(Frames([PAIR]), choice, 8, "large-small")) == ["small"]


def test_a_clip_without_faces_is_told(readers):
    with pytest.raises(FaceNotFoundError, match=r"No face in 2 source frames"):
        readers.find(Frames([face_frame()] * 2), SOURCE, 8, "large-small")


@pytest.mark.usefixtures("_square_faces")
def test_an_animal_is_found_by_its_box(model):
    animal = replace(model, preset=replace(TINY, space=ANIMAL_SPACE))
    choice = replace(SOURCE, box=(200.0, 60.0, 60.0, 60.0))
    faces = FaceReaders(animal, None).find(Frames([PAIR] * 2), choice, 8, "large-small")
    assert len(faces) == 1
    assert (faces.num_frames, faces.width, faces.height) == (2, 320, 160)
    x, y, width, height = faces[0].faces[1].box
    assert (x + width / 2, y + height / 2) == pytest.approx((230, 90), abs=15)


# Framing

PRESET = CropDefaults(scale=2.0, vx_ratio=0.25, vy_ratio=-0.125)


def test_shifts_come_on_top_of_the_presets():
    crops = Framing(shift_x=0.5, shift_y=0.25).crops(PRESET, 64, published=False)
    assert (crops.scale, crops.vx_ratio, crops.vy_ratio) == (2.0, 0.75, 0.125)
    own = Framing(scale=3.0, vx_ratio=0.0, vy_ratio=1.0, shift_x=0.5, shift_y=-0.25)
    crops = own.crops(PRESET, 64, published=False)
    assert (crops.scale, crops.vx_ratio, crops.vy_ratio) == (3.0, 0.5, 0.75)


def test_published_crops_have_no_shift_to_the_side():
    crops = Framing(shift_x=0.5, shift_y=0.25).crops(PRESET, 64, published=True)
    assert (crops.vx_ratio, crops.vy_ratio) == (0.0, 0.125)


@pytest.mark.parametrize("name", ["shift_x", "shift_y"])
def test_a_shift_that_is_no_number_is_refused(name):
    with pytest.raises(ValueError, match=f"The crop's {name} is nan; a number was expected. 0"):
        Framing(**{name: float("nan")})


def test_a_shift_moves_the_crop_by_shares_of_its_side(model):
    track: FaceTrack = tracked([PAIR, PAIR])
    moved = Framing(shift_x=0.125, shift_y=0.25)
    nose = np.array([[230.0, 90.0]])
    for crops in (
        lambda framing: source_crops(model, track, framing, Fraction(25)),
        lambda framing: driving_crops(model, track, framing),
    ):
        usual, shifted = crops(Framing()), crops(moved)
        assert len(usual) == len(shifted) == 2
        way = usual[0].to_crop(nose) - shifted[0].to_crop(nose)
        # an eighth and a quarter of 128 px
        np.testing.assert_allclose(way, [[16, 32]], atol=1e-3)
