"""Blendshapes: from files and ComfyUI's face landmarks, to motion and back, and between models."""

from dataclasses import fields

import numpy as np
import pytest
import torch

from tests.support.motions import random_motion

COMPACT, HUMAN = "lps-compact-21", "liveportrait-human-21"
CSV = "Timecode,BlendShapeCount,JawOpen,EyeBlinkLeft,HeadYaw,HeadPitch,HeadRoll\n" + "".join(
    f"00:00:00:{k:02}.000,5,{k / 40},{k % 2},0.1,0,0\n" for k in range(20)
)


def made(suite, seed, frames, space=COMPACT):
    """A motion of the suite's own copy of the library."""
    found = random_motion(seed, frames, space)
    return suite.core.Motion(**{each.name: getattr(found, each.name) for each in fields(found)})


@pytest.fixture
def take(suite):
    (suite.comfyui.input / "take.csv").write_text(CSV)
    return suite("LPS_LoadBlendshapes", capture_file="take.csv")


def test_a_file_is_listed_and_read(suite, take):
    node = suite.comfyui.nodes["LPS_LoadBlendshapes"]
    listed = next(one for one in node.GET_SCHEMA().inputs if one.id == "capture_file").options
    assert "take.csv" in listed
    assert (len(take), take.fps) == (20, 60)
    assert take.shape("jawOpen").tolist() == pytest.approx([k / 40 for k in range(20)])
    assert take.head_deg[0, 1] == pytest.approx(-np.degrees(0.1), abs=1e-3)


def test_widgets_say_what_the_file_does_not(suite, take):
    load = {"capture_file": "take.csv", "head": "none", "mirrored": True, "capture_fps": 29.97}
    read = suite("LPS_LoadBlendshapes", **load)
    assert read.head_deg is None
    assert float(read.fps) == pytest.approx(29.97, abs=1e-3)
    assert torch.equal(read.shape("eyeBlinkRight"), take.shape("eyeBlinkLeft"))


def test_a_head_that_is_held_aside_is_levelled(suite, take):
    read = suite("LPS_LoadBlendshapes", capture_file="take.csv", level=True)
    assert not read.head_deg.any()  # it never moves
    assert take.head_deg.any()


def test_capture_drives_a_portrait_as_the_library_says(suite, take):
    core = suite.core
    motion = suite("LPS_BlendshapesToMotion", model=suite.model(), blendshapes=take)
    wanted = core.motion_of_blendshapes(take, core.shipped_blendshape_map(COMPACT))
    assert torch.equal(motion.expression, wanted.expression)
    assert (motion.space, len(motion), motion.fps) == (COMPACT, 20, 60)


def test_face_landmarks_of_comfyui_are_taken(suite):
    matrix = np.eye(4, dtype=np.float32)
    faces = [
        [{"blendshapes": {"_neutral": 0.0, "jawOpen": k / 4}, "transformation_matrix": matrix}]
        for k in range(3)
    ]
    landmarks = {"frames": [*faces, []], "image_size": (64, 64), "connection_sets": {}}
    motion = suite("LPS_BlendshapesToMotion", model=suite.model(), blendshapes=landmarks, fps=30.0)
    assert (len(motion), motion.fps) == (4, 30)
    gap = motion.expression[:, 18, 1] - motion.expression[:, 17, 1]
    assert gap.diff()[:2].min() > 0.02
    assert gap[3] == gap[2]  # no face there: as before
    assert motion.parts == {"lip"}


def test_a_motion_is_read_and_saved_and_loaded_again(suite):
    motion = made(suite, 1, 90)
    shapes, info = suite("LPS_MotionToBlendshapes", motion=motion)
    assert "% of the expression's movement is lost" in info
    run = suite.ask("LPS_SaveBlendshapes", blendshapes=shapes, filename_prefix="takes/mine")
    run.check()
    assert (suite.comfyui.output / "takes" / "mine_00001_.csv").is_file()
    run = suite.ask("LPS_SaveBlendshapes", blendshapes=shapes, filename_prefix="takes/mine")
    run.check()
    read = suite("LPS_LoadBlendshapes", capture_file="takes/mine_00002_.csv [output]")
    assert torch.allclose(read.weights, shapes.weights, atol=1e-5)
    assert torch.allclose(read.head_deg, shapes.head_deg, atol=1e-3)
    assert read.fps == shapes.fps


def test_a_motion_of_another_space_is_converted(suite):
    core = suite.core
    template = made(suite, 2, 12, HUMAN)
    motion, info = suite("LPS_ConvertMotion", motion=template, model=suite.model())
    maps = (core.shipped_blendshape_map(space) for space in (HUMAN, COMPACT))
    wanted = core.convert_motion(template, *maps)
    assert torch.equal(motion.expression, wanted.motion.expression)
    assert motion.space == COMPACT
    assert info.startswith(f"{wanted.lost:.0%} of")


def test_a_motion_of_the_model_s_own_space_stays_as_it_is(suite):
    own = made(suite, 2, 5)
    motion, info = suite("LPS_ConvertMotion", motion=own, model=suite.model())
    assert torch.equal(motion.expression, own.expression)
    assert "of this model's space" in info


@pytest.mark.parametrize("name", ["none", "missing.csv", "../take.csv", "take.mp4"])
def test_a_file_that_is_not_there_is_refused(suite, take, name):
    node = suite.comfyui.nodes["LPS_LoadBlendshapes"]
    assert "There is no file of face capture" in node.validate_inputs(name)


def test_what_is_none_is_refused(suite):
    model = suite.model()
    refused = suite.refusal("LPS_BlendshapesToMotion", model=model, blendshapes="a text")
    assert "is str; LIVEPORTRAIT_BLENDSHAPES or FACE_LANDMARKS is expected" in refused
    refused = suite.refusal("LPS_BlendshapesToMotion", model=model, blendshapes={"frames": [[]]})
    assert "no blendshapes in 1 frame" in refused
    other = made(suite, 2, 5, "another-space")
    assert "keypoint space" in suite.refusal("LPS_ConvertMotion", motion=other, model=model)
    assert "'..'" in suite.refusal(
        "LPS_SaveBlendshapes",
        blendshapes=suite.core.Blendshapes(weights=torch.zeros(1, 52)),
        filename_prefix="../out",
    )
