"""What nodes do where the one before them is bypassed or muted, and what they pass on."""

import pytest
import torch

from tests.comfyui_real.prompts import BYPASSED, passed_on
from tests.nodes.suite import STILL, batch, pixels, video, walk
from tests.support.comfyui.stand_in import NEWEST

pytestmark = pytest.mark.parametrize("suite", [NEWEST], indirect=True)


def passes_on(suite, kind, output, taken):
    """The input whose value a front end passes on for an output of a bypassed node."""
    entry = suite.comfyui.object_info()[kind]
    groups = (entry["input"].get(name, {}) for name in ("required", "optional"))
    types = {name: spec[0] for group in groups for name, spec in group.items()}
    node = {
        "mode": BYPASSED,
        "inputs": [{"name": name, "type": str(kind)} for name, kind in types.items()],
        "outputs": [{"type": kind} for kind in entry["output"]],
    }
    index = passed_on(node, output, taken)
    return None if index is None else list(types)[index]


@pytest.mark.parametrize(
    ("kind", "output", "taken", "passed"),
    [
        ("LPS_AnimatePortrait", 0, "IMAGE", "source"),
        ("LPS_AnimateVideo", 0, "VIDEO", "source"),
        ("LPS_PasteBack", 0, "IMAGE", "images"),
        ("LPS_ShowFaces", 0, "IMAGE", "images"),
        ("LPS_CropFace", 0, "IMAGE", "images"),
        ("LPS_Expression", 0, "LIVEPORTRAIT_MOTION", "motion"),
        ("LPS_Expression", 0, "IMAGE,VIDEO,LIVEPORTRAIT_MOTION", "motion"),
        *(
            (f"LPS_{name}", 0, "LIVEPORTRAIT_KEYPOINTS", "keypoints")
            for name in ("Stitch", "RetargetEyes", "RetargetLip")
        ),
    ],
)
def test_a_bypassed_node_passes_on_what_it_would_change(suite, kind, output, taken, passed):
    assert passes_on(suite, kind, output, taken) == passed


def test_without_a_driver_the_source_comes_out_as_it_is(suite, model):
    source = batch(STILL)
    images, mask, motion = suite("LPS_AnimatePortrait", model=model, source=source)
    assert torch.equal(images, source)
    assert mask.shape == (1, *STILL.shape[:2])
    assert not mask.any()
    assert len(motion) == 1
    assert suite("LPS_MotionInfo", motion=motion)[2] == 1


def test_without_a_driver_the_result_of_another_node_is_kept(suite, model):
    before = batch(STILL).flip(1)
    images, *_ = suite("LPS_AnimatePortrait", model=model, source=batch(STILL), paste_onto=before)
    assert torch.equal(images, before)


def test_a_still_result_of_another_node_serves_for_all_frames(suite, model):
    given = {"model": model, "source": batch(STILL), "driving": video(suite, walk(3))}
    before = batch(STILL).flip(1)  # what a bypassed node before gives
    images, *_ = suite("LPS_AnimatePortrait", paste_onto=before, **given)
    wanted, *_ = suite("LPS_AnimatePortrait", paste_onto=before.repeat(3, 1, 1, 1), **given)
    assert images.shape == (3, *STILL.shape)
    assert torch.equal(images, wanted)


def test_without_a_driver_a_source_video_comes_out_as_it_is(suite, model):
    clip = video(suite, walk(4))
    assert suite("LPS_AnimateVideo", model=model, source=clip) is clip
    images, *_ = suite("LPS_AnimatePortrait", model=model, source=clip)
    assert torch.equal(images, clip.get_components().images)
    made = suite("LPS_AnimateVideo", model=model, source=batch(*walk(4)), fps=10.0)
    parts = made.get_components()
    assert parts.images.shape == (4, 120, 160, 3)
    assert parts.frame_rate == 10


def test_it_is_said_on_the_node(suite, model):
    server = suite.comfyui.serve()
    suite("LPS_AnimatePortrait", model=model, source=batch(STILL))
    assert server.sent == [("nothing drives it: the source comes out as it is", "node")]


def test_without_faces_the_images_are_shown_as_they_are(suite):
    server = suite.comfyui.serve()
    images = batch(*walk(2))
    made = suite.ask("LPS_ShowFaces", images=images, boxes=True, landmarks=True).check()
    assert torch.equal(made.outputs[0], images)
    assert len(made.ui["images"]) == 2
    assert server.sent == [("no faces are connected: the images are shown as they are", "node")]


# Odd sizes


@pytest.fixture
def odd():
    """(119, 159, 3)."""
    return batch(STILL[:-1, :-1])


def test_frames_of_a_video_have_even_sides_and_a_still_keeps_its_size(suite, model, odd):
    clip = video(suite, walk(3))
    made = {"model": model, "source": odd, "driving": clip}
    images, mask, _ = suite("LPS_AnimatePortrait", **made)
    plain, plain_mask, _ = suite("LPS_AnimatePortrait", even_size=False, **made)
    assert images.shape == (3, 120, 160, 3)
    assert plain.shape == (3, 119, 159, 3)
    assert mask.shape[1:] == (120, 160)
    assert torch.equal(images[:, :-1, :-1], plain)
    assert torch.equal(mask[:, :-1, :-1], plain_mask)
    assert torch.equal(images[:, -1], images[:, -2])
    assert torch.equal(images[:, :, -1], images[:, :, -2])
    still, *_ = suite("LPS_AnimatePortrait", **made | {"driving": batch(STILL)})
    assert still.shape == (1, 119, 159, 3)


def test_an_even_result_can_be_pasted_onto_again(suite, model, odd):
    made = {"model": model, "source": odd, "driving": video(suite, walk(3))}
    first, *_ = suite("LPS_AnimatePortrait", **made)
    again, *_ = suite("LPS_AnimatePortrait", paste_onto=first, **made)
    assert again.shape == first.shape
    reference, *_ = suite("LPS_AnimatePortrait", paste_onto=first[:, :-1, :-1], **made)
    assert torch.equal(again, reference)


def test_paste_back_gives_even_frames(suite, model, odd):
    crop = {"model": model, "images": odd}
    faces, _ = suite("LPS_FindFaces", **crop)
    cropped, crops = suite("LPS_CropFace", faces=faces, **crop)
    painted = cropped.repeat(2, 1, 1, 1)
    given = {"images": odd, "painted": painted, "crops": crops}
    pasted, mask = suite("LPS_PasteBack", **given)
    assert pasted.shape == (2, 120, 160, 3)
    assert mask.shape == (1, 120, 160)
    assert suite("LPS_PasteBack", even_size=False, **given)[0].shape == (2, 119, 159, 3)
    still, _ = suite("LPS_PasteBack", **given | {"painted": cropped})
    assert pixels(still).shape == (1, 119, 159, 3)
