"""What comes over the wires: of ours, of ComfyUI's, and of other packs."""

import io
from dataclasses import FrozenInstanceError, dataclass, fields, is_dataclass
from fractions import Fraction

import pytest
import torch

from liveportrait_core.motion.types import Motion
from tests.nodes.suite import STILL, batch, video, walk
from tests.support.blobs import face_frame
from tests.support.motions import random_motion

PAIR = face_frame((20, 30, 40), (90, 30, 60))
"""Two faces, the larger one on the right."""


@pytest.fixture(scope="module")
def parts(suite):
    """One payload of each socket."""
    model = suite.model()
    faces, _ = suite("LPS_FindFaces", model=model, images=batch(STILL))
    cropped, crops = suite("LPS_CropFace", model=model, images=batch(STILL), faces=faces)
    motion = suite("LPS_ExtractMotion", model=model, cropped=cropped, crops=crops)
    moved = {"source_motion": motion, "driving_motion": motion}
    return {
        **{"model": model, "faces": faces, "crops": crops, "motion": motion},
        "features": suite("LPS_ExtractAppearance", model=model, cropped=cropped),
        "keypoints": suite("LPS_TransformKeypoints", model=model, **moved),
        "options": suite.options(),
    }


def payloads(value):
    """A payload and the dataclasses in it."""
    yield value
    for field in fields(value):
        inner = getattr(value, field.name)
        if is_dataclass(inner):
            yield from payloads(inner)


@pytest.mark.parametrize(
    "name", ["model", "faces", "crops", "motion", "features", "keypoints", "options"]
)
def test_payloads_are_frozen(parts, name):
    for payload in payloads(parts[name]):
        for field in fields(payload):
            with pytest.raises((FrozenInstanceError, TypeError)):
                setattr(payload, field.name, None)


WRONG = {
    "model": ("LPS_FindFaces", "LIVEPORTRAIT_MODEL is expected. Connect Load Model."),
    "faces": ("LPS_CropFace", "LIVEPORTRAIT_FACES is expected. Connect Find Faces."),
    "crops": ("LPS_ExtractMotion", "LIVEPORTRAIT_CROPS is expected. Connect Crop Face."),
    "features": (
        "LPS_WarpDecode",
        "LIVEPORTRAIT_FEATURES is expected. Connect Extract Appearance.",
    ),
    "keypoints": (
        "LPS_WarpDecode",
        "LIVEPORTRAIT_KEYPOINTS is expected. Connect Transform Keypoints.",
    ),
    "options": (
        "LPS_TransformKeypoints",
        "LIVEPORTRAIT_OPTIONS is expected. Connect Driving Options.",
    ),
}
MORE = {
    "model": ("LPS_CropFace", "LPS_Stitch", "LPS_Expression", "LPS_TransformKeypoints"),
    "faces": ("LPS_ShowFaces", "LPS_AnimatePortrait"),
    "crops": ("LPS_PasteBack",),
    "keypoints": ("LPS_Stitch", "LPS_RetargetEyes", "LPS_RetargetLip"),
    "options": ("LPS_AnimatePortrait", "LPS_AnimateVideo"),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_payload_of_another_kind_is_refused(suite, parts, name):
    first, expected = WRONG[name]
    images = batch(STILL)
    everything = {
        **parts,
        **{"images": images, "cropped": images, "painted": images, "source": images},
        **{"source_motion": parts["motion"], "driving_motion": parts["motion"]},
        "driving": parts["motion"],
    }
    for kind in (first, *MORE.get(name, ())):
        wanted = {one.id for one in suite.comfyui.nodes[kind].GET_SCHEMA().inputs}
        given = {key: value for key, value in everything.items() if key in wanted}
        message = suite.refusal(kind, **{**given, name: {"what": "ever"}})
        assert message == f"The input '{name}' is dict; {expected}"


@pytest.mark.parametrize("kind", ["LPS_SaveMotion", "LPS_MotionInfo"])
def test_what_is_no_motion_is_refused(suite, kind):
    message = suite.refusal(kind, motion={"motion": []})
    assert message == (
        "The input 'motion' is dict; a LIVEPORTRAIT_MOTION is expected. Connect Extract Motion, "
        "Load Motion or Expression."
    )


# Motions of other packs


def template_of(motion, *, keys=("R", "exp", "scale", "t")):
    """A driving template as JoyVASA and the published program keep it in memory."""
    named = {"R": motion.rotation, "exp": motion.expression, "t": motion.translation}
    named |= {"scale": motion.scale}
    named |= {
        angle: motion.pose_deg[:, axis] for axis, angle in enumerate(("pitch", "yaw", "roll"))
    }
    rows = [
        {key: named[key][index : index + 1].numpy() for key in keys} for index in range(len(motion))
    ]
    return {"n_frames": len(motion), "output_fps": 30, "motion": rows}


@pytest.mark.parametrize("keys", [("R", "exp", "scale", "t"), ("pitch", "yaw", "roll")])
def test_the_dict_of_a_template_is_a_motion(suite, keys):
    motion = random_motion(3, 4)
    keys = (*keys, *{"exp", "scale", "t"}.difference(keys))
    template = template_of(motion, keys=keys)
    template["c_eyes_lst"] = list(motion.eyes_open.numpy())  # people's templates have openings
    _, info, num_frames, fps = suite("LPS_MotionInfo", motion=template)
    assert (num_frames, fps) == (4, 30.0)
    assert "keypoint space: liveportrait-human-21" in info
    found = suite.module("nodes.adapt.motions").motion_of(template)
    torch.testing.assert_close(found.rotation, motion.rotation, rtol=0, atol=1e-5)
    assert torch.equal(found.expression, motion.expression)
    message = suite.refusal(
        "LPS_AnimatePortrait", model=suite.model(), source=batch(STILL), driving=template
    )
    assert message.startswith(
        "The driving motion is of the keypoint space 'liveportrait-human-21' (made by "
    )


def test_a_damaged_template_is_reported(suite):
    template = template_of(random_motion(3, 4))
    del template["motion"][2]["exp"]
    message = suite.refusal("LPS_MotionInfo", motion=template)
    assert message.startswith("The template in memory lacks 'exp' in a frame.")


def test_a_motion_of_another_copy_of_the_library_drives(suite):
    own = suite("LPS_Expression", model=suite.model(), smile=1.0)
    other = Motion(**{one.name: getattr(own, one.name) for one in fields(Motion)})
    reference = other.reference
    assert reference is not None
    parts = {one.name: getattr(reference, one.name) for one in fields(Motion)}
    other = other.describe(reference=Motion(**parts))
    assert not isinstance(other, suite.core.Motion)
    given = {"model": suite.model(), "source": batch(STILL)}
    images, _, motion = suite("LPS_AnimatePortrait", driving=other, **given)
    assert isinstance(motion, suite.core.Motion)
    assert isinstance(motion.reference, suite.core.Motion)
    assert torch.equal(images, suite("LPS_AnimatePortrait", driving=own, **given)[0])


def test_a_motion_of_an_older_copy_of_the_library_drives(suite):
    @dataclass(frozen=True)
    class Old:
        """Before motions had a reference of their own."""

        expression: object
        scale: object
        translation: object
        pose_deg: object
        rotation: object
        space: str

    Old.__name__ = "Motion"
    own = suite("LPS_Expression", model=suite.model(), smile=1.0)
    old = Old(**{one.name: getattr(own, one.name) for one in fields(Old)})
    _, info, num_frames, fps = suite("LPS_MotionInfo", motion=old)
    assert (num_frames, fps) == (1, 25.0)
    assert "keypoint space: lps-compact-21" in info


# Boxes


def found(suite, images=PAIR, **marks):
    faces, _ = suite("LPS_FindFaces", model=suite.model(), images=batch(images), **marks)
    return [tuple(round(side) for side in track.faces[0].box) for track in faces.tracks]


def test_faces_are_numbered_in_the_order_that_was_asked_for(suite):
    largest, other = found(suite)
    assert largest[0] > other[0]
    assert found(suite, order="left-right") == [other, largest]
    assert found(suite, order="right-left", max_faces=1) == [largest]
    faces, count = suite("LPS_FindFaces", model=suite.model(), images=batch(PAIR))
    assert count == len(faces) == 2
    assert (faces.num_frames, faces.width, faces.height, faces.fps) == (1, 160, 120, 25)


BOX = (22, 34, 34, 34)
"""Around the left face."""


def mask_of(box, width=160, height=120):
    x, y, box_width, box_height = box
    mask = torch.zeros(1, height, width)
    mask[:, y : y + box_height, x : x + box_width] = 1
    return mask


def marked(box):
    return {name: number for name, number in zip(("x", "y", "width", "height"), box, strict=True)}


@pytest.mark.parametrize(
    "marks",
    [
        {"box": "22, 34, 34, 34"},
        {"box": "22;34;34.0;34"},
        {"bounding_box": marked(BOX)},
        {"bounding_box": [marked(BOX), marked((90, 30, 60, 60))]},
        {"bounding_box": [[marked(BOX)], [marked((90, 30, 60, 60))]]},
        {"mask": mask_of(BOX)},
        {"mask": mask_of(BOX)[0]},
        {"mask": mask_of((44, 68, 68, 68), 320, 240)},  # a mask of twice the size
        {"bounding_box": marked(BOX), "box": "90,30,60,60", "mask": mask_of((90, 30, 60, 60))},
    ],
)
def test_a_face_can_be_marked(suite, marks):
    (_, left) = found(suite)
    (box,) = found(suite, **marks)
    assert box == pytest.approx(left, abs=2)


@pytest.mark.parametrize(
    ("marks", "expected"),
    [
        ({"box": "10, 20"}, "The box is '10, 20'; four numbers x, y, width, height in pixels"),
        ({"box": "a,b,c,d"}, "The box is 'a,b,c,d'; four numbers"),
        ({"box": "1,2,0,4"}, "The box is '1,2,0,4'; four numbers"),
        ({"box": "1,2,nan,4"}, "The box is '1,2,nan,4'; four numbers"),
        ({"box": "500,500,20,20"}, "The box 500,500,20,20 lies outside the 160x120 picture;"),
        ({"bounding_box": {"x": 1, "y": 2}}, "The bounding box is {'x': 1, 'y': 2}; x, y, width"),
        ({"bounding_box": []}, "The bounding box is []; x, y, width and height"),
        ({"bounding_box": "a face"}, "The bounding box is 'a face'; x, y, width and height"),
        ({"bounding_box": marked((1, 2, -3, 4))}, "The bounding box is {'x': 1, "),
        ({"mask": torch.zeros(1, 64, 64)}, "The mask is empty; a mask over one face is expected."),
    ],
)
def test_a_mark_that_is_none_is_refused(suite, marks, expected):
    message = suite.refusal("LPS_FindFaces", model=suite.model(), images=batch(STILL), **marks)
    assert message.startswith(expected)


# Frame rates


@pytest.mark.parametrize(
    ("expected", "fps"),
    [
        (25.0, Fraction(25)),
        (29.97, Fraction(30000, 1001)),
        (30000 / 1001, Fraction(30000, 1001)),
        (23.976, Fraction(24000, 1001)),
        (59.94, Fraction(60000, 1001)),
        (12.5, Fraction(25, 2)),
        (24, Fraction(24)),
    ],
)
def test_the_rate_of_pictures_is_the_fraction_that_is_meant(suite, expected, fps):
    given = {"model": suite.model(), "images": batch(STILL)}
    faces, _ = suite("LPS_FindFaces", fps=expected, **given)
    assert faces.fps == fps
    info = {"loaded_fps": expected, "source_fps": 99.0, "loaded_frame_count": 1}
    faces, _ = suite("LPS_FindFaces", fps=7.0, video_info=info, **given)
    assert faces.fps == fps


@pytest.mark.parametrize(
    ("info", "expected"),
    [
        ({"source_fps": 25.0}, "'loaded_fps' of the video info is None; a number is expected."),
        ({"loaded_fps": "fast"}, "'loaded_fps' of the video info is fast; a number is"),
        ("25", "'loaded_fps' of the video info is None; a number is expected."),
        ({"loaded_fps": 0}, "fps is 0; a number above 0 is expected. 25 is usual."),
        ({"loaded_fps": float("nan")}, "fps is nan; a number above 0 is expected."),
    ],
)
def test_a_video_info_without_a_rate_is_refused(suite, info, expected):
    given = {"model": suite.model(), "images": batch(STILL), "video_info": info}
    assert suite.refusal("LPS_FindFaces", **given).startswith(expected)


def test_a_video_tells_its_own_rate(suite):
    made = video(suite, walk(2), Fraction(24000, 1001))
    faces, _ = suite("LPS_FindFaces", model=suite.model(), images=made, fps=60.0)
    assert faces.fps == Fraction(24000, 1001)
    assert faces.num_frames == 2


def test_a_video_of_bytes_is_read_and_its_copy_removed(suite, tmp_path):
    video(suite, walk(3), Fraction(24)).save_to(str(tmp_path / "clip.mp4"))
    buffer = io.BytesIO((tmp_path / "clip.mp4").read_bytes())
    made = suite.comfyui.latest.InputImpl.VideoFromFile(buffer)
    before = suite.files()
    cropped, crops = suite("LPS_CropFace", model=suite.model(), images=made)
    assert (len(cropped), crops.fps) == (3, 24)
    assert suite.files() == before
    broken = suite.comfyui.latest.InputImpl.VideoFromFile(io.BytesIO(b"no video"))
    message = suite.refusal("LPS_CropFace", model=suite.model(), images=broken)
    assert "is not a video, or it is damaged" in message
    assert suite.files() == before


def test_crops_without_faces_are_whole_pictures(suite):
    cropped, crops = suite("LPS_CropFace", model=suite.model(), images=batch(STILL))
    assert cropped.shape == (1, 128, 128, 3)
    assert crops.track is None
    middle = cropped[0, 16:112]  # 120 of 160 rows, all columns
    assert middle.mean() > cropped[0, :16].mean() == 0
    moved, _ = suite(
        "LPS_CropFace",
        **{"model": suite.model(), "images": batch(STILL), "scale": 3.0, "shift_x": 0.1},
    )
    assert torch.equal(cropped, moved)  # there is nothing to frame


def test_a_crop_can_be_framed(suite, parts):
    given = {"model": suite.model(), "images": batch(STILL), "faces": parts["faces"]}
    _, usual = suite("LPS_CropFace", **given)
    side = usual.transforms[0].source_px_per_crop_px
    for widgets, wider in (({"scale": 4.1}, 2.0), ({"scale": 2.05}, 1.0), ({"scale": 0.0}, 1.0)):
        _, crops = suite("LPS_CropFace", **given, **widgets)
        assert crops.transforms[0].source_px_per_crop_px == pytest.approx(wider * side, rel=1e-5)
    # a tenth of a side of 128 px to the right and half as much down
    _, crops = suite("LPS_CropFace", shift_x=0.1, shift_y=0.05, **given)
    before, now = (each.transforms[0].to_crop(torch.zeros(1, 2).numpy()) for each in (usual, crops))
    assert (before - now)[0].tolist() == pytest.approx([12.8, 6.4], abs=1e-3)
