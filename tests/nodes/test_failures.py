"""Errors of nodes name the node and the input; a front end shows no path of ours above them."""

import pytest
import torch

from liveportrait_core.errors import FaceNotFoundError, about, subject_of
from tests.nodes.suite import STILL, batch, walk
from tests.support.blobs import face_frame

SQUARES = batch(STILL)
NOBODY = batch(face_frame())
ANIMATE, DRIVING_OPTIONS = "LPS_AnimatePortrait", "LPS_DrivingOptions"


@pytest.mark.parametrize(
    ("kind", "inputs", "place"),
    [
        (ANIMATE, {"source": NOBODY, "driving": SQUARES}, "Animate Portrait, source"),
        (ANIMATE, {"source": SQUARES, "driving": NOBODY}, "Animate Portrait, driving"),
        (ANIMATE, {"source": SQUARES, "driving": {}}, "Animate Portrait, driving"),
        (
            ANIMATE,
            {"source": SQUARES, "driving": SQUARES, "face_index": 3},
            "Animate Portrait, face_index",
        ),
        (ANIMATE, {"source": SQUARES, "driving": SQUARES, "gain": 99.0}, "Animate Portrait, gain"),
        (
            ANIMATE,
            {"source": SQUARES, "driving": SQUARES, "paste_onto": batch(face_frame(width=200))},
            "Animate Portrait, paste_onto",
        ),
        (
            "LPS_AnimateVideo",
            {"source": SQUARES, "driving": SQUARES, "sound": "driving"},
            "Animate Portrait (video file), sound",
        ),
        ("LPS_FindFaces", {"images": NOBODY}, "Find Faces, images"),
        ("LPS_FindFaces", {"images": SQUARES, "box": "three"}, "Find Faces, box"),
        ("LPS_FindFaces", {"images": SQUARES, "mask": torch.zeros(9, 9)}, "Find Faces, mask"),
        ("LPS_FindFaces", {"images": SQUARES, "bounding_box": 5}, "Find Faces, bounding_box"),
        ("LPS_FindFaces", {"images": SQUARES, "min_score": 7.0}, "Find Faces, min_score"),
        ("LPS_CropFace", {"images": SQUARES, "video_info": {}}, "Crop Face, video_info"),
        ("LPS_CropFace", {"images": SQUARES, "faces": 3}, "Crop Face, faces"),
        ("LPS_Expression", {"motion": 3}, "Expression, motion"),
        ("LPS_Expression", {"smile": 1e6}, "Expression, smile"),
    ],
)
def test_an_error_begins_with_the_node_and_the_input(suite, model, kind, inputs, place):
    assert suite.named_refusal(kind, model=model, **inputs)[0] == place


@pytest.mark.parametrize(
    ("kind", "widget", "title"),
    [
        ("LPS_CropFace", "role", "Crop Face"),
        ("LPS_FindFaces", "order", "Find Faces"),
        ("LPS_AnimateVideo", "sound", "Animate Portrait (video file)"),
        ("LPS_RetargetEyes", "follow", "Retarget Eyes"),
        ("LPS_SaveMotion", "format", "Save Motion"),
        ("LPS_LoadModel", "precision", "Load Model"),
        ("LPS_LoadMotion", "space", "Load Motion"),
    ],
)
def test_a_choice_that_a_node_does_not_offer_is_refused(suite, kind, widget, title):
    place, message = suite.named_refusal(kind, **{widget: "both"})
    assert place == f"{title}, {widget}"
    assert message.startswith(f"{widget} is 'both'; one of ")


@pytest.mark.parametrize(
    ("widget", "value", "said"),
    [
        ("eyes_strength", 5.0, "eyes_strength is 5.0; a number from 0 to 1 is expected."),
        (
            "close_source_lip",
            "perhaps",
            "close_source_lip is 'perhaps'; true or false is expected.",
        ),
        ("reference_frame", -7, "reference_frame is -7; "),
        ("source_scale", -1.0, "source_scale is -1.0; "),
    ],
)
def test_an_option_is_called_as_its_widget(suite, widget, value, said):
    place, message = suite.named_refusal(DRIVING_OPTIONS, **{widget: value})
    assert place == f"Driving Options, {widget}"
    assert message.startswith(said)


def test_a_reference_frame_that_a_driver_lacks_is_an_error_of_its_options(suite, model):
    given = {"model": model, "source": SQUARES, "driving": batch(*walk(2))}
    place, _ = suite.named_refusal(ANIMATE, options=suite.options(reference_frame=9), **given)
    assert place == "Animate Portrait, options"


def test_the_front_end_shows_no_module_above_the_error(suite, model):
    error = suite.ask("LPS_FindFaces", model=model, images=NOBODY).error
    assert (type(error).__module__, type(error).__qualname__) == ("builtins", "LivePortrait")
    assert type(error.__cause__).__name__ == "FaceNotFoundError"


def test_a_fault_of_ours_stays_as_it_is(suite, model, monkeypatch):
    def broken(*_):
        raise KeyError("lost")

    monkeypatch.setattr(suite.module("nodes.faces"), "box_of", broken)
    assert type(suite.ask("LPS_FindFaces", model=model, images=SQUARES).error) is KeyError


def test_the_first_note_of_an_error_stays():
    with pytest.raises(FaceNotFoundError) as caught, about("source"), about("box"):
        raise FaceNotFoundError("nobody")
    assert subject_of(caught.value) == "box"
    assert subject_of(ValueError("unknown")) == ""
