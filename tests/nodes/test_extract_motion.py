"""Extract Motion takes face crops as they are, and finds and crops the face of whole pictures."""

from fractions import Fraction

import pytest
import torch

from tests.nodes.graphs import Chain
from tests.nodes.suite import STILL, batch, video, walk
from tests.support.blobs import face_frame

NOBODY = face_frame()
CASES = {
    "one picture": [face_frame((50, 30, 30))],
    "a clip": walk(4, side=25),
    "a face that comes late": [NOBODY, *walk(3, side=25)],
    "two people": [face_frame((20, 30, 24), (100, 30, 20))],
    "a square picture": [face_frame((50, 30, 24), width=120)],
}
"""Faces take up less than half of what they do in a crop."""


def same(one, other):
    for name in ("expression", "scale", "translation", "pose_deg"):
        torch.testing.assert_close(getattr(one, name), getattr(other, name), atol=1e-4, rtol=0)


@pytest.mark.parametrize("case", CASES)
def test_whole_pictures_are_cropped_as_those_of_a_driver(suite, case):
    frames = batch(*CASES[case])
    _, _, wanted = Chain(suite).read(frames, "driver")
    motion = suite("LPS_ExtractMotion", model=suite.model(), cropped=frames)
    same(motion, wanted)
    assert torch.equal(motion.validity, wanted.validity)
    assert motion.reference_frame == wanted.reference_frame


def test_a_video_is_read_as_its_frames_are(suite):
    frames = CASES["a clip"]
    model, ntsc = suite.model(), Fraction(30000, 1001)
    motion = suite("LPS_ExtractMotion", model=model, cropped=video(suite, frames, ntsc))
    same(motion, suite("LPS_ExtractMotion", model=model, cropped=batch(*frames)))
    assert motion.fps == ntsc


def test_it_is_said_on_the_node(suite):
    sent = suite.comfyui.serve().sent
    suite("LPS_ExtractMotion", model=suite.model(), cropped=batch(*CASES["two people"]))
    text = sent[-1][0]
    assert text.startswith("The clip shows 2 faces; number 0 (from 0, large-small) is taken.")
    assert "these are whole pictures: the face was found and cropped here" in text


@pytest.mark.parametrize("role", ["source", "driver"])
def test_a_crop_of_crop_face_is_no_whole_picture(suite, role):
    cropped, _, wanted = Chain(suite).read(batch(STILL), role)
    sent = suite.comfyui.serve().sent
    same(suite("LPS_ExtractMotion", model=suite.model(), cropped=cropped), wanted)
    assert not sent


def test_with_crops_connected_pictures_are_taken_as_crops(suite):
    model, small = suite.model(), batch(*CASES["a square picture"])
    given = {"model": model, "images": small}
    cropped, crops = suite("LPS_CropFace", **given)  # without faces: each is a crop already
    sent = suite.comfyui.serve().sent
    motion = suite("LPS_ExtractMotion", model=model, cropped=cropped, crops=crops)
    found = suite("LPS_ExtractMotion", model=model, cropped=small)
    assert not torch.equal(motion.scale, found.scale)
    assert len(sent) == 1


def test_crop_face_says_that_no_faces_are_connected(suite):
    sent = suite.comfyui.serve().sent
    suite("LPS_CropFace", model=suite.model(), images=batch(STILL[:, 20:140]))
    assert not sent  # its face fills it as a crop's does
    given = {"model": suite.model(), "images": batch(*CASES["a square picture"])}
    _, crops = suite("LPS_CropFace", **given)
    assert sent[-1][0].startswith("no faces are connected: each whole picture is taken as a")
    assert crops.track is None
    faces, _ = suite("LPS_FindFaces", **given)
    sent.clear()
    suite("LPS_CropFace", faces=faces, **given)
    assert not sent


def test_extract_appearance_says_where_it_gets_whole_pictures(suite):
    model = suite.model()
    cropped, _, _ = Chain(suite).read(batch(STILL), "source")
    sent = suite.comfyui.serve().sent
    crop = suite("LPS_ExtractAppearance", model=model, cropped=cropped)
    assert not sent
    whole = suite("LPS_ExtractAppearance", model=model, cropped=batch(*CASES["a square picture"]))
    assert whole.volume.shape == crop.volume.shape
    assert sent[-1][0].startswith("these are whole pictures, but each is taken as a face crop")
