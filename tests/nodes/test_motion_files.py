"""Save Motion, Load Motion, Motion Info, Expression, Show Faces."""

import os
import shutil
from dataclasses import fields
from fractions import Fraction

import numpy as np
import pytest
import torch

from liveportrait_core.assets.shipped_motions import shipped_motions
from liveportrait_core.media.motion_file import load_motion, save_motion
from tests.liveportrait_core.media.foreign import npy, npz, program_rows
from tests.nodes.suite import STILL, batch, pixels, walk
from tests.support.blobs import face_frame
from tests.support.comfyui.calls import NODE_ID
from tests.support.comfyui.stand_in import VERSIONS
from tests.support.motions import random_motion

HUMAN, COMPACT = "liveportrait-human-21", "lps-compact-21"


def same(one, other):
    """Whether two motions, of any copy of the library, are equal to the bit."""
    if one is None or other is None:
        return one is other
    for field in fields(one):
        a, b = getattr(one, field.name), getattr(other, field.name)
        if isinstance(a, torch.Tensor):
            assert torch.equal(a, b), field.name
        elif field.name == "reference":
            assert same(a, b)
        else:
            assert a == b, field.name
    return True


@pytest.fixture
def motion(suite):
    """Five frames with everything that a motion can carry."""
    found = random_motion(5, 5, COMPACT).describe(
        fps=Fraction(30000, 1001),
        producer="the tests",
        reference_frame=2,
        validity=torch.tensor([0.0, 1, 1, 0.5, 1]),
    )
    parts = {field.name: getattr(found, field.name) for field in fields(found)}
    return suite.core.Motion(**parts)


def offered(suite):
    info = suite.comfyui.nodes["LPS_LoadMotion"].GET_NODE_INFO_V1()
    return info["input"]["required"]["motion_file"][1]["options"]


def saved(run):
    """The file that Save Motion tells, first, and what else it says."""
    first, *rest = run.ui["text"][0].split("\n")
    assert first.startswith("Saved ")
    return first.removeprefix("Saved "), rest


def test_a_motion_comes_back_as_it_was_saved(suite, motion):
    run = suite.ask("LPS_SaveMotion", motion=motion, filename_prefix="kept/nod").check()
    name, lost = saved(run)
    assert (name, lost) == ("kept/nod_00001_.safetensors", [])
    assert f"{name} [output]" in offered(suite)
    assert same(suite("LPS_LoadMotion", motion_file=f"{name} [output]"), motion)
    assert same(load_motion(suite.comfyui.output / name), motion)
    shutil.copy(suite.comfyui.output / name, suite.comfyui.input / "mine.safetensors")
    assert "mine.safetensors" in offered(suite)
    assert same(suite("LPS_LoadMotion", motion_file="mine.safetensors"), motion)


def test_an_expression_keeps_what_was_neutral(suite):
    made = suite("LPS_Expression", model=suite.model(), yaw_deg=10.0)
    run = suite.ask("LPS_SaveMotion", motion=made, filename_prefix="turned").check()
    # the header of the file is that of the whole
    made = made.describe(reference=made.reference.describe(producer="Expression"))
    assert same(suite("LPS_LoadMotion", motion_file=f"{saved(run)[0]} [output]"), made)


def test_no_file_is_ever_overwritten(suite, motion):
    folder = suite.comfyui.output / "many"
    names = []
    for widget in ("safetensors", "pkl (published template)", "safetensors"):
        given = {"filename_prefix": "many/one", "format": widget}
        human = motion.describe(space=HUMAN)
        names.append(saved(suite.ask("LPS_SaveMotion", motion=human, **given).check())[0])
    assert names == [
        "many/one_00001_.safetensors",
        "many/one_00002_.pkl",
        "many/one_00003_.safetensors",
    ]
    (folder / "two_00001_.safetensors").write_bytes(b"of another program")
    suite.module("nodes.motion_files").save_motion(motion, folder / "two_00002_.safetensors")
    # ComfyUI's own count is of pictures in newer versions: it may name a number that is taken
    counter = suite.comfyui.folder_paths.get_save_image_path
    expected = counter("many/two", str(suite.comfyui.output))
    free = suite.module("nodes.folder_files").free_name(folder, "two", 1, ".safetensors")
    assert free.name == "two_00003_.safetensors"
    assert expected[2] == 3


def test_a_template_says_what_it_cannot_keep(suite, motion):
    pkl = {"format": "pkl (published template)", "filename_prefix": "template"}
    name, lost = saved(suite.ask("LPS_SaveMotion", motion=motion.describe(space=HUMAN), **pkl))
    assert name == "template_00001_.pkl"
    assert lost == [
        "The frame rate 30000/1001 became 30.",
        "Frame 0 became the neutral frame, which programs measure the others from.",
        "Which frames were missing or interpolated is not kept.",
    ]
    found = suite("LPS_LoadMotion", motion_file=f"{name} [output]")
    assert (found.space, found.fps, len(found)) == (HUMAN, 30, 5)
    torch.testing.assert_close(found.expression[1:], motion.expression[1:])
    torch.testing.assert_close(found.expression[0], motion.expression[2])
    before = suite.files()
    message = suite.refusal("LPS_SaveMotion", motion=motion, **pkl)
    assert f"the motion is in space '{COMPACT}'" in message
    assert message.endswith("Save it as .safetensors.")
    assert suite.files() == before


def test_the_space_of_a_template_can_be_set(suite, motion):
    pkl = {"format": "pkl (published template)", "filename_prefix": "beast"}
    run = suite.ask("LPS_SaveMotion", motion=motion.describe(space=HUMAN), **pkl).check()
    given = {"motion_file": f"{saved(run)[0]} [output]"}
    for space, expected in (("animal", "liveportrait-animal-21"), ("human", HUMAN)):
        assert suite("LPS_LoadMotion", space=space, **given).space == expected


def test_shipped_motions_are_offered_first_and_drive_the_default_model(suite):
    names = [f"{name} (shipped)" for name in shipped_motions()]
    assert len(names) >= 8
    assert offered(suite)[: len(names)] == names
    found = suite("LPS_LoadMotion", motion_file=names[0])
    assert found.space == COMPACT
    assert same(found, load_motion(shipped_motions()[names[0].removesuffix(" (shipped)")]))


def refusal_of(suite, name):
    refused = suite.ask("LPS_LoadMotion", motion_file=name).refused
    suite.still_works()
    return refused


GONE = (
    "There is no motion file '{}'. Put a motion into ComfyUI's input folder (.exp, .mat, .npy, "
    ".npz, .pkl, .pt, .safetensors), or save one with Save Motion, and press R to refresh the list."
)


def test_a_name_from_elsewhere_is_refused_before_anything_runs(suite):
    for name in ("gone.safetensors", "gone.pkl [output]", "kiss (shipped)", "", "notes.txt"):
        assert refusal_of(suite, name) == GONE.format(name)


@pytest.mark.parametrize("suite", VERSIONS, indirect=True)
def test_a_name_never_leads_out_of_the_folders(suite, tmp_path, motion):
    outside = suite.comfyui.base / "secret.safetensors"
    save_motion(random_motion(1, 2), outside)
    (suite.comfyui.input / "sub").mkdir(exist_ok=True)
    for name in (
        "../secret.safetensors",
        "sub/../../secret.safetensors",
        "../secret.safetensors [output]",
        str(outside),
        f"{outside} [input]",
    ):
        assert refusal_of(suite, name) == GONE.format(name)
    message = suite.refusal("LPS_SaveMotion", motion=motion, filename_prefix="../../escaped")
    assert message.startswith("The filename prefix is '../../escaped'; a name in ComfyUI's output")
    assert not list(suite.comfyui.base.parent.glob("escaped*"))


def test_rows_of_another_program_are_read_where_they_are_named(suite):
    rows = program_rows(random_motion(1, 6), "joyvasa")
    mean, deviation = rows.mean(0), rows.std(0) + 0.01
    (suite.comfyui.input / "joy.npy").write_bytes(npy(rows))
    (suite.comfyui.input / "rows.npy").write_bytes(npy((rows - mean) / (deviation + 1e-5)))
    (suite.comfyui.input / "mean.npz").write_bytes(npz(mean=mean, std=deviation))
    assert "rows.npy" in offered(suite)
    joy = suite("LPS_LoadMotion", motion_file="joy.npy", layout="joyvasa")
    moda = suite("LPS_LoadMotion", motion_file="rows.npy", layout="moda", normalisation="mean.npz")
    for motion in (joy, moda):
        torch.testing.assert_close(
            motion.expression, random_motion(1, 6).expression, atol=1e-4, rtol=0
        )
    said = suite.refusal("LPS_LoadMotion", motion_file="joy.npy")
    assert "joy.npy holds 6 x 70 numbers, and no layout is given" in said
    gone = suite.ask("LPS_LoadMotion", motion_file="joy.npy", normalisation="gone.npz").refused
    assert "no file of means and deviations 'gone.npz'" in gone


def test_a_template_is_saved_for_the_program_that_is_chosen(suite):
    motion = random_motion(1, 3)
    for program in ("published template", "FasterLivePortrait"):
        suite("LPS_SaveMotion", motion=motion, filename_prefix="m", format=f"pkl ({program})")
    made = [load_motion(file) for file in sorted(suite.comfyui.output.glob("m*.pkl"))]
    assert [one.producer for one in made] == [
        "LivePortrait template",
        "FasterLivePortrait template",
    ]


def test_a_folder_that_is_a_link_is_followed(suite, motion, tmp_path):
    save_motion(random_motion(1, 2), tmp_path / "far.safetensors")
    (suite.comfyui.input / "linked").symlink_to(tmp_path, target_is_directory=True)
    assert "linked/far.safetensors" in offered(suite)
    assert len(suite("LPS_LoadMotion", motion_file="linked/far.safetensors")) == 2


def test_a_file_that_is_no_motion_is_reported_when_it_is_read(suite):
    (suite.comfyui.input / "broken.safetensors").write_bytes(b"\x00" * 64)
    message = suite.refusal("LPS_LoadMotion", motion_file="broken.safetensors")
    assert "is no safetensors file, or it is damaged" in message
    (suite.comfyui.input / "evil.pkl").write_bytes(b"cos\nsystem\n(S'true'\ntR.")
    message = suite.refusal("LPS_LoadMotion", motion_file="evil.pkl")
    assert "evil.pkl" in message


def test_a_changed_file_is_read_again_and_no_other(suite):
    file = suite.comfyui.input / "fresh.safetensors"
    save_motion(random_motion(1, 2), file)
    node = suite.comfyui.nodes["LPS_LoadMotion"]
    given = {"motion_file": file.name, "space": "as the file says"}
    first = node.fingerprint_inputs(**given)
    assert node.fingerprint_inputs(**given) == first
    assert len(suite("LPS_LoadMotion", **given)) == 2
    save_motion(random_motion(1, 4), file)
    os.utime(file, ns=(1, 1))
    assert node.fingerprint_inputs(**given) != first
    assert len(suite("LPS_LoadMotion", **given)) == 4


def test_an_info_tells_in_words_and_curves_what_a_motion_is(suite, motion):
    run = suite.ask("LPS_MotionInfo", motion=motion).check()
    plot, info, num_frames, fps = run.outputs
    assert plot.shape == (1, 720, 1280, 3)
    assert plot.std() > 0.01
    assert (num_frames, fps) == (5, 30000 / 1001)
    assert info.split("\n") == [
        "5 frames at 30000/1001 frames/s, 0.17 s",
        f"keypoint space: {COMPACT}",
        "made by: the tests",
        "neutral frame: 2",
        "not measured: frames 0 and 3",
    ]
    (shown,) = run.ui["images"]
    assert (suite.comfyui.temp / shown["filename"]).is_file()
    wanted = suite.module("liveportrait_core.viz.motion_plot").plot_motion(motion)
    np.testing.assert_array_equal(pixels(plot)[0], wanted)


def test_an_info_of_a_made_up_motion_tells_what_is_missing(suite, motion):
    bare = motion.describe(
        absent=frozenset({"pose", "scale"}), absolute=frozenset({"lip"}), producer="", validity=None
    )
    lines = suite("LPS_MotionInfo", motion=bare)[1].split("\n")
    assert "made by: unknown" in lines
    assert "lacks: pose, scale" in lines
    assert "absolute: lip" in lines
    lines = suite("LPS_MotionInfo", motion=bare.describe(parts=frozenset({"lip", "brows"})))[1]
    assert "expression of: brows, lip" in lines.split("\n")
    made = suite("LPS_Expression", model=suite.model(), smile=1.0)
    lines = suite("LPS_MotionInfo", motion=made)[1].split("\n")
    assert "neutral frame: none of these" in lines
    assert "made by: Expression" in lines


SLIDERS = {"smile": 0.8, "yaw_deg": -12.0, "blink": -7.5, "zoom": 1.1, "gaze_x": 9.0}


@pytest.mark.parametrize("on_top", [False, True])
def test_an_expression_is_what_the_library_makes_of_the_sliders(suite, motion, on_top):
    core = suite.core
    given = {"motion": motion} if on_top else {}
    made = suite("LPS_Expression", model=suite.model(), **SLIDERS, **given)
    base = motion if on_top else core.neutral_motion(COMPACT)
    wanted = core.driving_expression(base, core.Sliders(**SLIDERS))
    assert same(made, wanted.describe(producer="Expression"))
    assert len(made) == (5 if on_top else 1)


def test_neutral_sliders_leave_the_picture_alone(suite):
    still = suite("LPS_Expression", model=suite.model())
    given = {"model": suite.model(), "source": batch(STILL), "stitch": False}
    images, _, _ = suite("LPS_AnimatePortrait", driving=still, paste_back=False, **given)
    turned = suite("LPS_Expression", model=suite.model(), yaw_deg=15.0)
    moved, _, _ = suite("LPS_AnimatePortrait", driving=turned, paste_back=False, **given)
    absent = suite("LPS_AnimatePortrait", driving=turned, paste_back=False, gain=0.0, **given)[0]
    torch.testing.assert_close(images, absent, rtol=0, atol=1.01 / 255)
    assert (moved - images).abs().max() > 0.05


def test_sliders_are_all_there_with_the_ranges_of_the_library(suite):
    schema = suite.comfyui.nodes["LPS_Expression"].GET_SCHEMA()
    sliders = {one.id: (one.min, one.max, one.default) for one in schema.inputs[1:-1]}
    names = {field.name: field.default for field in fields(suite.core.Sliders)}
    assert {name: default for name, (_, _, default) in sliders.items()} == names
    specs = suite.module("liveportrait_core.config.fields").specs_of(suite.core.Sliders)
    ranges = {spec.name: (spec.minimum, spec.maximum) for spec in specs}
    assert {name: (low, high) for name, (low, high, _) in sliders.items()} == ranges


def test_faces_are_shown_with_their_boxes_and_numbers(suite):
    frames = batch(face_frame((10, 30, 40), (90, 20, 60), width=200), face_frame(width=200))
    faces, _ = suite("LPS_FindFaces", model=suite.model(), images=frames)
    run = suite.ask("LPS_ShowFaces", images=frames, faces=faces).check()
    shown = run.outputs[0]
    drawing = suite.module("liveportrait_core.viz.drawing")
    edges = suite.module("liveportrait_core.animation.face_marks").edges_of(faces)
    for index in range(2):
        marks = [
            drawing.FaceMark(
                box=track.faces[index].box,
                number=number,
                points=track.faces[index].landmarks.points,
                crop=edges[number][index],
                state="measured" if index == 0 else "missing",
            )
            for number, track in enumerate(faces.tracks)
        ]
        wanted = drawing.draw_faces(pixels(frames)[index], marks)
        np.testing.assert_array_equal(pixels(shown)[index], wanted)
    assert len(run.ui["images"]) == 2
    nothing = {"boxes": False, "landmarks": False, "crop": False}
    plain = suite("LPS_ShowFaces", images=frames, faces=faces, **nothing)
    assert torch.equal(plain, frames)


def test_the_edge_that_is_shown_is_that_of_the_crop(suite):
    frames = batch(*walk(3))
    faces, _ = suite("LPS_FindFaces", model=suite.model(), images=frames)
    given = {"model": suite.model(), "images": frames, "faces": faces, "role": "source"}
    _, crops = suite("LPS_CropFace", **given)
    edges = suite.module("liveportrait_core.animation.face_marks").edges_of(faces)[0]
    for edge, transform in zip(edges, crops.transforms, strict=True):
        np.testing.assert_allclose(edge, transform.corners, atol=0.5)


def test_faces_of_one_picture_are_shown_on_all_frames(suite):
    faces, _ = suite("LPS_FindFaces", model=suite.model(), images=batch(STILL))
    shown = suite("LPS_ShowFaces", images=batch(*[STILL] * 3), faces=faces)
    assert shown.shape == (3, 120, 160, 3)
    assert torch.equal(shown[0], shown[2])


def test_what_find_faces_found_is_shown_on_the_node(suite):
    server = suite.comfyui.serve()
    frames = walk(4)
    frames[2] = face_frame()
    suite("LPS_FindFaces", model=suite.model(), images=batch(*frames))
    text, node_id = server.sent[-1]
    assert node_id == NODE_ID
    assert text == "1 face in 4 frames of 160x120 px:\nface 0: 40x42 px, not seen in frame 2"
