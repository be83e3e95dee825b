"""What a node says of its run stands on it: what was found, and what the library warns of."""

import pytest

from tests.nodes.suite import STILL, batch, video, walk
from tests.support.blobs import face_frame

NOBODY = face_frame()


@pytest.fixture
def said(suite):
    """Runs a node and gives what stands on it at the end; None for nothing."""
    sent = suite.comfyui.serve().sent

    def run(kind, **inputs):
        sent.clear()
        suite(kind, model=suite.model(), **inputs)
        return sent[-1][0] if sent else None

    yield run
    suite.model().kept.forget()


def test_find_faces_says_how_many_there_are_and_how_large(suite, said):
    frames = [*walk(3), NOBODY, NOBODY]
    text = said("LPS_FindFaces", images=video(suite, frames))
    first, face = text.splitlines()
    assert first == "1 face in 5 frames of 160x120 px:"
    assert face.startswith("face 0: ")
    assert face.endswith(" px, not seen in frames 3-4")
    text = said("LPS_FindFaces", images=batch(STILL))
    assert text.splitlines()[0] == "1 face in 1 frame of 160x120 px:"
    assert "not seen" not in text
    shown = suite.ask("LPS_FindFaces", model=suite.model(), images=batch(STILL)).check().ui
    assert shown == {"lps_text": [text]}


@pytest.mark.parametrize("kind", ["LPS_AnimatePortrait", "LPS_AnimateVideo"])
def test_a_warning_of_pass_1_stands_on_the_node_each_time_it_runs(suite, said, kind):
    given = {"source": batch(STILL), "driving": video(suite, [*walk(2), NOBODY, *walk(2)])}
    first = said(kind, **given)
    assert "The driver shows no face, or a part of one, in frame 2 " in first
    assert said(kind, gain=1.5, **given) == first  # pass 1 is kept


def test_a_run_without_a_warning_says_nothing(suite, said):
    given = {"source": batch(STILL), "driving": batch(STILL)}
    assert said("LPS_AnimatePortrait", **given) is None


def test_a_warning_calls_an_option_as_its_widget(suite, said):
    options = suite("LPS_DrivingOptions", close_source_lip=True)
    given = {"source": batch(STILL), "driving": batch(STILL), "options": options}
    text = said("LPS_AnimatePortrait", motion_mode="absolute", **given)
    assert text.startswith("close_source_lip does nothing beside absolute motion.")


def test_transform_keypoints_says_which_frames_are_softened(suite, said):
    model = suite.model()
    still = suite("LPS_ExtractMotion", model=model, cropped=batch(STILL[:, :120]))
    calm = suite("LPS_Expression", model=model)
    turned = suite("LPS_Expression", model=model, yaw_deg=25.0, pitch_deg=15.0, roll_deg=15.0)
    text = said("LPS_TransformKeypoints", source_motion=still, driving_motion=turned)
    assert text.startswith("The driver needs more than this model can render in frame 0 (of 1")
    assert " deg" in text
    assert said("LPS_TransformKeypoints", source_motion=still, driving_motion=calm) is None
