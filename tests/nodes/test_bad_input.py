"""What a node says about what it cannot take; the queue goes on after each."""

import shutil
from dataclasses import replace

import pytest
import torch

from liveportrait_core.model import save_model
from tests.nodes.suite import MODEL_FILE, STILL, TINY, batch, pixels, video, walk
from tests.support.blobs import face_frame
from tests.support.tiny import tiny_compact_model

ANIMATE = ("LPS_AnimatePortrait", "LPS_AnimateVideo")
NOBODY = face_frame()


@pytest.fixture(scope="module")
def parts(suite):
    """What the stage nodes give for a still and a driver of four frames."""
    model = suite.model()
    faces, _ = suite("LPS_FindFaces", model=model, images=batch(STILL))
    cropped, crops = suite("LPS_CropFace", model=model, images=batch(STILL), faces=faces)
    features = suite("LPS_ExtractAppearance", model=model, cropped=cropped)
    motion = suite("LPS_ExtractMotion", model=model, cropped=cropped, crops=crops)
    driver = video(suite, walk(4))
    _, _, driving = suite("LPS_AnimatePortrait", model=model, source=batch(STILL), driving=driver)
    moved = {"source_motion": motion, "driving_motion": driving}
    keypoints = suite("LPS_TransformKeypoints", model=model, **moved)
    painted, _ = suite("LPS_WarpDecode", model=model, features=features, keypoints=keypoints)
    return {
        **{"faces": faces, "cropped": cropped, "crops": crops, "features": features},
        **{"motion": motion, "driving": driving, "keypoints": keypoints, "painted": painted},
    }


@pytest.fixture(scope="module")
def clip_parts(suite):
    """Faces, crops and features of a clip of three frames."""
    model, frames = suite.model(), batch(*walk(3))
    faces, _ = suite("LPS_FindFaces", model=model, images=frames)
    cropped, crops = suite("LPS_CropFace", model=model, images=frames, faces=faces)
    features = suite("LPS_ExtractAppearance", model=model, cropped=cropped)
    return {"frames": frames, "faces": faces, "crops": crops, "features": features}


# No face


@pytest.mark.parametrize("kind", ANIMATE)
@pytest.mark.parametrize(
    ("source", "driving", "expected"),
    [
        ([NOBODY], walk(2), "No face in the source"),
        ([STILL], [NOBODY, NOBODY], "No face in 2 driver frames"),
        ([STILL], [NOBODY], "No face in the driver"),
        ([NOBODY] * 3, walk(3), "No face in 3 source frames"),
    ],
)
def test_an_image_without_a_face_is_refused(suite, kind, source, driving, expected):
    given = {"source": batch(*source), "driving": video(suite, driving)}
    message = suite.refusal(kind, model=suite.model(), **given)
    assert message.startswith(f"{expected} (")
    assert "bright squares); one is expected. Use a picture with a larger, more" in message


def test_find_faces_tells_when_there_are_none(suite):
    message = suite.refusal("LPS_FindFaces", model=suite.model(), images=batch(NOBODY, NOBODY))
    assert message.startswith("No face in 2 source frames (")


@pytest.mark.parametrize("missing", [{0}, {2, 3}])
def test_a_driver_without_a_face_for_a_while_goes_on_and_says_so(suite, missing):
    frames = [NOBODY if index in missing else f for index, f in enumerate(walk(5))]
    server = suite.comfyui.serve()
    images, _, motion = suite(
        "LPS_AnimatePortrait",
        model=suite.model(),
        source=batch(STILL),
        driving=video(suite, frames),
    )
    assert len(images) == 5
    assert {i for i, worth in enumerate(motion.validity.tolist()) if worth < 1} == missing
    named = "frame 0" if 0 in missing else "frames 2-3"
    text, _ = server.sent[-1]
    assert f"The driver shows no face, or a part of one, in {named} (of 5," in text


def test_a_source_without_a_face_in_its_first_frame_goes_on(suite):
    source = [NOBODY, *walk(3, step=1, side=60)]
    images, mask, _ = suite(
        "LPS_AnimatePortrait",
        **{"model": suite.model(), "source": batch(*source), "driving": video(suite, walk(4))},
    )
    changed = [
        bool((pixels(one) != frame).any()) for one, frame in zip(images, source, strict=True)
    ]
    assert changed == [False, True, True, True]
    assert [bool(one.any()) for one in mask] == changed


def test_a_face_index_without_a_face_is_refused(suite, parts):
    expected = "The face index is 3; 0 is expected, for 1 face found. Choose another index."
    given = {"model": suite.model(), "faces": parts["faces"], "face_index": 3}
    assert suite.refusal("LPS_CropFace", images=batch(STILL), **given) == expected
    given |= {"source": batch(STILL), "driving": parts["driving"]}
    assert suite.refusal("LPS_AnimatePortrait", **given) == expected
    del given["faces"]
    expected = expected.replace("found.", "found in the source.")
    assert suite.refusal("LPS_AnimatePortrait", **given) == expected


# Numbers of frames, and sizes


def test_faces_of_fewer_or_more_frames_are_refused(suite, clip_parts, parts):
    message = suite.refusal(
        "LPS_CropFace", model=suite.model(), images=batch(*walk(5)), faces=clip_parts["faces"]
    )
    assert message.startswith("The faces were found in 3 frames, but the source has more.")
    message = suite.refusal(
        "LPS_CropFace", model=suite.model(), images=batch(*walk(2)), faces=clip_parts["faces"]
    )
    assert message.startswith("'images' has 2 frames; 3 are expected, where the faces were found.")
    message = suite.refusal("LPS_ShowFaces", images=batch(*walk(2)), faces=clip_parts["faces"])
    assert message.startswith("'images' has 2 frames; 3 are expected, where the faces were found.")
    for source in (walk(2), walk(1)):
        given = {"model": suite.model(), "source": batch(*source), "driving": parts["driving"]}
        message = suite.refusal("LPS_AnimatePortrait", faces=clip_parts["faces"], **given)
        assert message.startswith("The faces were found in 3 frames, but the source has ")


def test_faces_of_pictures_of_another_size_are_refused(suite, parts):
    larger = batch(face_frame((100, 60, 120), width=320, height=240))
    expected = "The images of '{}' are 320x240 pixels; 160x120 is expected, where the faces were"
    for kind, name, inputs in (
        ("LPS_CropFace", "images", {"model": suite.model()}),
        ("LPS_ShowFaces", "images", {}),
        ("LPS_AnimatePortrait", "source", {"model": suite.model(), "driving": parts["driving"]}),
    ):
        inputs |= {name: larger, "faces": parts["faces"]}
        message = suite.refusal(kind, **inputs)
        assert message.startswith(expected.format(name))
        assert message.endswith("Connect the images that Find Faces got.")


def test_fewer_features_than_keypoints_are_refused(suite, parts, clip_parts):
    message = suite.refusal(
        "LPS_WarpDecode",
        **{"model": suite.model(), "features": clip_parts["features"]},
        keypoints=parts["keypoints"],
    )
    assert message.startswith("The features are of 3 frames; 4, as many as keypoints,")


def test_crops_of_another_number_than_the_pictures_are_refused(suite, clip_parts):
    message = suite.refusal(
        "LPS_ExtractMotion",
        **{
            "model": suite.model(),
            "cropped": batch(*walk(2))[:, :, :120],
            "crops": clip_parts["crops"],
        },
    )
    assert message.startswith("The faces were found in 3 frames, but the source has 2.")


@pytest.mark.parametrize("kind", ["LPS_ExtractMotion", "LPS_ExtractAppearance"])
@pytest.mark.parametrize("shape", [(120, 160), (129, 129)])
def test_a_whole_picture_is_no_face_crop(suite, kind, shape):
    place, message = suite.named_refusal(
        kind, model=suite.model(), cropped=torch.zeros(1, *shape, 3)
    )
    assert place.endswith(", cropped")
    assert message == (
        f"The input 'cropped' is {shape[1]}x{shape[0]} pixels; square face crops of at most 128 "
        "pixels a side are expected. Connect Crop Face, which cuts the face out of a picture."
    )


def test_a_crop_may_be_smaller_than_those_of_crop_face(suite):
    small = batch(STILL)[:, :64, :64]
    assert len(suite("LPS_ExtractMotion", model=suite.model(), cropped=small)) == 1


def test_what_does_not_fit_the_painted_faces_is_refused(suite, parts, clip_parts):
    painted = parts["painted"]
    given = {"images": batch(STILL), "painted": painted, "crops": parts["crops"]}
    for name, value, expected in (
        ("images", batch(*walk(3)), "'images' has 3 frames; 4, one for each rendered face,"),
        ("crops", clip_parts["crops"], "'crops' has 3 frames; 4, one for each rendered face,"),
        ("mask", torch.ones(2, 128, 128), "'mask' has 2 frames; 4, one for each rendered face,"),
        (
            "painted",
            painted[:, :100],
            "The rendered faces are 128x100 pixels; squares are expected",
        ),
        ("mask", torch.ones(1, 64, 64), "The mask"),
    ):
        assert suite.refusal("LPS_PasteBack", **{**given, name: value}).startswith(expected)


def test_frames_to_paste_onto_must_be_as_large_as_the_source(suite, parts):
    given = {"model": suite.model(), "source": batch(STILL), "driving": parts["driving"]}
    larger = batch(*[face_frame((50, 30, 60), width=200)] * 4)
    message = suite.refusal("LPS_AnimatePortrait", paste_onto=larger, **given)
    assert message.startswith(
        "Frame 0 of the background clip is of 200x120 pixels; 160x120 is expected, as the source"
    )


@pytest.mark.parametrize("num_frames", [2, 9])
def test_no_more_frames_come_out_than_there_are_to_paste_onto(suite, parts, num_frames):
    onto = batch(*[STILL] * num_frames)
    images, _, _ = suite(
        "LPS_AnimatePortrait",
        **{"model": suite.model(), "source": batch(STILL), "driving": parts["driving"]},
        paste_onto=onto,
    )
    assert len(images) == min(4, num_frames)


def test_a_held_expression_is_pasted_onto_every_frame(suite):
    onto = batch(*walk(3, step=0, side=60))
    held = suite("LPS_Expression", model=suite.model(), lip_open=60.0)
    for source in (batch(STILL), batch(*[STILL] * 5)):
        given = {"model": suite.model(), "source": source, "driving": held, "paste_onto": onto}
        images, _, motion = suite("LPS_AnimatePortrait", **given)
        assert (len(images), len(motion)) == (3, 1)
        if len(source) == 1:  # the last chunk is smaller, and may round differently
            torch.testing.assert_close(images[0], images[2], rtol=0, atol=1.01 / 255)


# Pictures


EMPTY = torch.zeros(0, 120, 160, 3)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (EMPTY, "is 0 images of 160x120 pixels; at least one image is expected."),
        (torch.zeros(1, 0, 160, 3), "is 1 images of 160x0 pixels;"),
        (torch.zeros(120, 160, 3), "is float32 of shape (120, 160, 3); an IMAGE batch of shape"),
        (torch.zeros(1, 120, 160, 1), "is float32 of shape (1, 120, 160, 1); an IMAGE batch"),
        (torch.zeros(1, 8, 8, 3, dtype=torch.uint8), "is uint8 of shape (1, 8, 8, 3);"),
        ({"samples": EMPTY}, "is dict; images (IMAGE) or a VIDEO are expected."),
    ],
)
def test_what_is_no_batch_of_pictures_is_refused(suite, parts, value, expected):
    for kind, name, inputs in (
        ("LPS_FindFaces", "images", {}),
        ("LPS_CropFace", "images", {}),
        ("LPS_ExtractAppearance", "cropped", {}),
        ("LPS_ExtractMotion", "cropped", {}),
        ("LPS_AnimatePortrait", "source", {"driving": parts["driving"]}),
        ("LPS_AnimateVideo", "driving", {"source": batch(STILL)}),
    ):
        message = suite.refusal(kind, model=suite.model(), **{**inputs, name: value})
        assert message.startswith(f"The input '{name}' {expected}")


def test_transparency_comes_back_where_it_fits(suite, parts):
    alpha = torch.linspace(0, 1, 160).expand(1, 120, 160)[..., None]
    still = torch.cat((batch(STILL), alpha), -1)
    given = {"model": suite.model(), "driving": parts["driving"]}
    plain, _, _ = suite("LPS_AnimatePortrait", source=batch(STILL), **given)
    images, _, _ = suite("LPS_AnimatePortrait", source=still, **given)
    assert torch.equal(images, torch.cat((plain, alpha.expand(4, -1, -1, -1)), -1))
    clip = torch.cat((batch(*[STILL] * 4), torch.rand(4, 120, 160, 1)), -1)
    images, _, _ = suite("LPS_AnimatePortrait", source=clip, **given)
    assert torch.equal(images[..., 3], clip[..., 3])
    images, _, _ = suite("LPS_AnimatePortrait", source=still, paste_back=False, **given)
    assert images.shape[-1] == 3  # the crop of another place
    pasting = {"images": still, "painted": parts["painted"], "crops": parts["crops"]}
    pasted, _ = suite("LPS_PasteBack", **pasting)
    assert torch.equal(pasted[..., 3:], alpha.expand(4, -1, -1, -1))
    faces, count = suite("LPS_FindFaces", model=suite.model(), images=still)
    assert count == 1
    marked = suite("LPS_ShowFaces", images=still, faces=faces)
    assert marked.shape == (1, 120, 160, 3)


def test_pictures_of_16_bits_are_as_good_as_those_of_32(suite, parts):
    given = {"model": suite.model(), "source": batch(STILL), "driving": batch(*walk(3))}
    images, mask, _ = suite("LPS_AnimatePortrait", **given)
    halves = {name: given[name].half() for name in ("source", "driving")}
    again, mask_again, _ = suite("LPS_AnimatePortrait", **{**given, **halves})
    assert again.dtype == torch.float32
    assert torch.equal(images, again)
    assert torch.equal(mask, mask_again)


def test_values_that_are_no_numbers_count_as_black_and_infinite_ones_as_white(suite, parts):
    plain = batch(STILL)
    plain[0, :4, :4] = 0
    plain[0, :4, -4:] = 1
    odd = plain.clone()
    odd[0, :4, :4] = torch.nan
    odd[0, :4, -4:] = torch.inf
    given = {"model": suite.model(), "driving": parts["driving"]}
    images, _, _ = suite("LPS_AnimatePortrait", source=plain, **given)
    again, _, _ = suite("LPS_AnimatePortrait", source=odd, **given)
    assert torch.equal(images, again)


@pytest.mark.parametrize("fps", [0.0, -5.0])
def test_a_frame_rate_that_cannot_be_is_refused(suite, fps):
    # ComfyUI refuses what is below `min`; what comes over a wire is not compared with it
    fields = {one.id: one for one in suite.comfyui.nodes["LPS_FindFaces"].GET_SCHEMA().inputs}
    assert fps < fields["fps"].min
    message = suite.refusal("LPS_FindFaces", model=suite.model(), images=batch(STILL), fps=fps)
    assert message.startswith(f"fps is {fps}; a number above 0 is expected.")


# Models


def test_a_motion_of_another_space_is_refused(suite, parts):
    other = parts["driving"].describe(space="liveportrait-human-21", producer="a friend")
    model = suite.model()
    expected = (
        "The {} is of the keypoint space 'liveportrait-human-21' (made by a friend); the tiny "
        "model takes 'lps-compact-21'. Extract the motion from its video with this model, or "
        "choose the model that it was made with."
    )
    for kind in ANIMATE:
        message = suite.refusal(kind, model=model, source=batch(STILL), driving=other)
        assert message == expected.format("driving motion")
    moved = {"source_motion": parts["motion"], "driving_motion": other}
    message = suite.refusal("LPS_TransformKeypoints", model=model, **moved)
    assert message == expected.format("driving motion")
    moved = {"source_motion": other, "driving_motion": other}
    message = suite.refusal("LPS_TransformKeypoints", model=model, **moved)
    assert message == expected.format("source motion")
    message = suite.refusal("LPS_Expression", model=model, motion=other)
    assert message == expected.format("motion")


def test_what_was_made_with_another_model_is_refused(suite, parts):
    folder = suite.comfyui.models / "liveportrait"
    shutil.copy(folder / MODEL_FILE, folder / "other.safetensors")
    other = suite("LPS_LoadModel", model_name="other.safetensors")
    given = {"features": parts["features"], "keypoints": parts["keypoints"]}
    for kind in ("LPS_Stitch", "LPS_RetargetEyes", "LPS_RetargetLip"):
        message = suite.refusal(kind, model=other, keypoints=parts["keypoints"])
        assert message.startswith("The keypoints are of the model ")
        assert message.endswith("Connect the same Load Model to every node of one face.")
        assert MODEL_FILE in message
        assert "other.safetensors" in message
    assert suite.refusal("LPS_WarpDecode", model=other, **given).startswith("The keypoints are")
    given["features"] = replace(given["features"], origin="somewhere")
    message = suite.refusal("LPS_WarpDecode", model=suite.model(), **given)
    assert message.startswith("The features are of the model somewhere; ")


def test_two_models_in_one_graph_do_not_meet(suite):
    file = suite.comfyui.models / "liveportrait" / "second.safetensors"
    save_model(tiny_compact_model(TINY, seed=5), file)
    second = suite("LPS_LoadModel", model_name="second.safetensors")
    given = {"source": batch(STILL), "driving": video(suite, walk(2))}
    first, *_ = suite("LPS_AnimatePortrait", model=suite.model(), **given)
    other, *_ = suite("LPS_AnimatePortrait", model=second, **given)
    again, *_ = suite("LPS_AnimatePortrait", model=suite.model(), **given)
    assert not torch.equal(first, other)
    assert torch.equal(first, again)


# The published way


def test_a_square_driver_is_taken_as_it_is_where_published_says_so(suite):
    # crops without a face to be found: a finder would refuse them
    square = batch(*[face_frame(width=96, height=96)] * 2)
    given = {"model": suite.model(), "source": batch(STILL), "driving": square}
    options = suite.options(published=True)
    images, _, _ = suite("LPS_AnimatePortrait", options=options, **given)
    assert len(images) == 2
    message = suite.refusal("LPS_AnimatePortrait", **given)
    assert message.startswith("No face in 2 driver frames")


def test_faces_of_a_source_that_published_makes_smaller_are_refused(suite, parts):
    wide = batch(face_frame((100, 20, 60), width=1300, height=100))
    faces, _ = suite("LPS_FindFaces", model=suite.model(), images=wide)
    given = {"model": suite.model(), "source": wide, "driving": parts["driving"], "faces": faces}
    message = suite.refusal("LPS_AnimatePortrait", options=suite.options(published=True), **given)
    assert message.startswith(
        "The source is 1300x100 pixels; at most 1280 a side are expected with the option "
    )
    assert len(suite("LPS_AnimatePortrait", **given)[0]) == 4
