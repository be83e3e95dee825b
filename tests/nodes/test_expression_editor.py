"""Expression Editor: what comes out is the source with the change, on a still and on a film."""

import pytest
import torch

from tests.nodes.suite import STILL, batch, video, walk
from tests.support.blobs import face_frame


@pytest.fixture
def edited(suite, model):
    def run(source, **values):
        return suite("LPS_ExpressionEditor", model=model, source=source, **values)

    return run


def test_controls_at_rest_leave_the_picture_as_it_is(edited):
    images, face, motion = edited(batch(STILL))
    assert images.shape == (1, *STILL.shape)
    assert face.shape == (1, 128, 128, 3)
    assert len(motion) == 1
    assert "expression" in motion.absent
    assert "pose" in motion.absent


def test_it_gives_what_animate_portrait_gives_of_its_motion(suite, model, edited):
    images, _, motion = edited(batch(STILL), smile_left=0.8, yaw_deg=8.0)
    other, *_ = suite("LPS_AnimatePortrait", model=model, source=batch(STILL), driving=motion)
    assert torch.equal(images, other)
    assert float(motion.pose_deg[0, 1] - motion.reference.pose_deg[0, 1]) == pytest.approx(8)


def test_a_film_gets_the_same_change_on_every_frame(suite, edited):
    images, face, motion = edited(video(suite, walk(4)), jaw_open=0.5)
    assert images.shape[0] == face.shape[0] == 4
    assert len(motion) == 1


def test_a_value_out_of_range_is_refused(suite, model):
    given = {"model": model, "source": batch(STILL), "jaw_open": 2.0}
    assert "jaw_open" in suite.refusal("LPS_ExpressionEditor", **given)


def test_the_expression_of_a_photo_is_added_by_parts_and_strength(edited):
    photo = batch(face_frame((30, 20, 70)))
    *_, plain = edited(batch(STILL), jaw_open=0.3)
    *_, same = edited(batch(STILL), jaw_open=0.3, like=photo, like_strength=0.0)
    *_, more = edited(batch(STILL), jaw_open=0.3, like=photo)
    *_, eyes = edited(batch(STILL), jaw_open=0.3, like=photo, like_parts="eyes")
    assert torch.allclose(same.expression, plain.expression, atol=1e-6)
    assert not torch.allclose(more.expression, plain.expression, atol=1e-3)
    assert "pose" in more.absent
    changed = (eyes.expression - plain.expression).abs().amax((0, 2)) > 1e-6
    assert changed[4:14].any()
    assert not changed[15:].any()  # the mouth


def test_a_photo_without_a_face_is_named(suite, model):
    given = {"model": model, "source": batch(STILL), "like": batch(face_frame())}
    place, message = suite.named_refusal("LPS_ExpressionEditor", **given)
    assert place == "Expression Editor, like"
    assert "No face" in message


def test_words_go_over_a_preset_and_sliders_over_both(suite):
    editor = suite.module("nodes.expression_editor")
    made = editor.controls_of({"preset": "smile"})
    assert made.smile_left == made.smile_right == 0.6
    made = editor.controls_of({"preset": "smile", "words": "turn left 10 degrees"})
    assert (made.smile_left, abs(made.yaw_deg)) == (0.6, 10)
    made = editor.controls_of({"preset": "smile", "words": "smile", "smile_left": 0.1})
    assert made.smile_left == 0.1
    assert made.smile_right > 0.1


@pytest.mark.parametrize(
    ("given", "named"),
    [({"words": "flibber"}, "words"), ({"preset": "nowhere"}, "preset")],
)
def test_what_is_not_understood_is_said(suite, model, given, named):
    place, _ = suite.named_refusal(
        "LPS_ExpressionEditor", model=model, source=batch(STILL), **given
    )
    assert place == f"Expression Editor, {named}"
