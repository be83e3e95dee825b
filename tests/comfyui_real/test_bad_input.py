"""Bad input ends in a sentence under the node that got it, and the queue goes on."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import numpy as np
import pytest

from tests.comfyui_real.prompts import Graph, animate_video, output
from tests.comfyui_real.server import ROOT
from tests.comfyui_real.videos import read_video

ODD_PACK = Path(__file__).with_name("odd_pack.py")
WEIGHTS = ROOT / "liveportrait_core" / "assets" / "weights" / "default.safetensors"
MOST_LETTERS = 400
ANIMATE = "LPS_AnimateVideo"


@pytest.fixture(scope="module")
def server(new_server):
    made = new_server()
    made.add_pack("liveportrait-suite", copy=True)
    place = made.base / "custom_nodes" / "odd"
    place.mkdir()
    shutil.copyfile(ODD_PACK, place / "__init__.py")
    models = made.base / "models" / "liveportrait"
    models.mkdir()
    shutil.copyfile(WEIGHTS, models / "twin.safetensors")
    (models / "cut.safetensors").write_bytes(WEIGHTS.read_bytes()[:100_000])
    (models / "text.safetensors").write_text("not weights at all " * 100)
    (made.base / "input" / "text.pkl").write_text("not a pickle")
    (made.base / "input" / "broken.mp4").write_text("not a video")
    return made.start()


@pytest.fixture
def graph(server):
    return Graph(server.object_info())


def odd(graph, kind, *, of="LoadImage"):
    """Odd pictures of the portrait, or of the clip."""
    if of == "LoadImage":
        pictures = graph.add("LoadImage", image="portrait.png")
    else:
        pictures = graph.add("GetVideoComponents", video=graph.add("LoadVideo", file="short.mp4"))
    return graph.add("OddImages", pictures=pictures, kind=kind)


def assert_sentence(run, node_id, *words):
    """The run failed at a node with a message that a user can read and act on."""
    assert run.state == "error", run
    (error,) = run.errors
    assert (error.node_id, error.kind) == (node_id, "LivePortrait"), error
    assert re.fullmatch(r"[A-Z'/].*[.]", error.message), error.message
    assert len(error.message) <= MOST_LETTERS
    assert not [word for word in words if word not in error.message], error.message


@pytest.fixture
def goes_on(server):
    """After the test the queue still runs."""
    yield
    healthy = Graph(server.object_info())
    saved = animate_video(healthy)
    assert server.queue(healthy.prompt).ok().files(saved[0])


@pytest.mark.parametrize("kind", ["noise", "not a number"])
@pytest.mark.usefixtures("goes_on")
def test_a_source_without_a_face_is_reported(server, graph, kind):
    animate_video(graph, source=odd(graph, kind))
    assert_sentence(server.queue(graph.prompt), ANIMATE, "face")


def test_a_driver_without_any_face_is_reported(server, graph):
    animate_video(graph, driving=odd(graph, "noise", of="clip"))
    assert_sentence(server.queue(graph.prompt), ANIMATE, "face")


@pytest.mark.parametrize("kind", ["first lost", "middle lost"])
def test_a_face_that_is_lost_for_some_frames_does_not_stop_the_video(server, graph, kind):
    saved = animate_video(graph, driving=odd(graph, kind, of="clip"))
    run = server.queue(graph.prompt).ok()
    frames = read_video(server.path(run.files(saved[0])[0])).frames
    assert len(frames) == 16
    assert np.isfinite(frames).all()


@pytest.mark.parametrize(("name", "of"), [("source", "LoadImage"), ("driving", "clip")])
def test_an_empty_batch_is_reported(server, graph, name, of):
    animate_video(graph, **{name: odd(graph, "empty", of=of)})
    assert_sentence(server.queue(graph.prompt), ANIMATE, name, "0 images")


@pytest.mark.parametrize("kind", ["fp16", "alpha"])
def test_half_precision_and_transparent_pictures_are_taken(server, graph, kind):
    made = graph.add(
        "LPS_AnimatePortrait",
        model=graph.add("LPS_LoadModel"),
        source=odd(graph, kind),
        driving=graph.add("LoadVideo", file="short.mp4"),
    )
    seen = graph.add("SaveImage", images=made, filename_prefix=kind)
    assert len(server.queue(graph.prompt).ok().files(seen[0])) == 16


@pytest.mark.parametrize("name", ["cut.safetensors", "text.safetensors"])
@pytest.mark.usefixtures("goes_on")
def test_a_model_file_that_is_something_else_is_reported(server, graph, name):
    animate_video(graph, model=graph.add("LPS_LoadModel", model_name=name))
    assert_sentence(server.queue(graph.prompt), "LPS_LoadModel", name)


@pytest.mark.parametrize("name", ["human", "animal"])
def test_a_published_model_that_is_not_there_is_reported_with_where_to_get_it(server, graph, name):
    animate_video(graph, model=graph.add("LPS_LoadModel", model_name=name))
    run = server.queue(graph.prompt)
    folder = str(server.base / "models" / "liveportrait")
    assert_sentence(run, "LPS_LoadModel", folder, "https://huggingface.co/", ".safetensors")


def test_a_choice_of_an_old_workflow_that_is_gone_is_refused(server, graph):
    animate_video(graph, model=graph.add("LPS_LoadModel", model_name="of-last-year.safetensors"))
    run = server.queue(graph.prompt)
    if [error.kind for error in run.errors] != ["value_not_in_list"]:  # 0.3.64 lets it pass
        assert_sentence(run, "LPS_LoadModel", "of-last-year.safetensors", "'default'")


def test_a_choice_that_a_node_does_not_offer_is_refused(server, graph):
    model, photo = graph.add("LPS_LoadModel"), graph.add("LoadImage", image="portrait.png")
    crop = graph.add("LPS_CropFace", model=model, images=photo, role="both")
    graph.add("PreviewImage", images=crop)
    run = server.queue(graph.prompt)
    if [error.kind for error in run.errors] != ["value_not_in_list"]:  # 0.3.64 lets it pass
        assert_sentence(run, "LPS_CropFace", "role", "is 'both'", "source")


def test_what_the_schema_rules_out_is_refused_before_the_run(server, graph):
    model, photo = graph.add("LPS_LoadModel"), graph.add("LoadImage", image="portrait.png")
    crop = graph.add("LPS_CropFace", model=model, images=photo)
    del graph.prompt["LPS_CropFace"]["inputs"]["scale"]
    faces = graph.add("LPS_FindFaces", model=model, images=photo, fps=0.0)
    graph.add("PreviewImage", "crop", images=crop)
    graph.add("PreviewAny", "count", source=output(faces, 1))
    run = server.queue(graph.prompt)
    assert {(error.node_id, error.kind) for error in run.errors} == {
        ("LPS_CropFace", "required_input_missing"),
        ("LPS_FindFaces", "value_smaller_than_min"),
    }


def test_a_motion_file_that_is_gone_is_refused_in_a_sentence(server, graph):
    animate_video(graph, driving=graph.add("LPS_LoadMotion", motion_file="gone.safetensors"))
    run = server.queue(graph.prompt)
    assert (run.state, run.errors[0].node_id) == ("refused", "LPS_LoadMotion")
    assert "gone.safetensors" in run.errors[0].message
    assert "input folder" in run.errors[0].message


def test_a_motion_file_that_is_something_else_is_reported(server, graph):
    animate_video(graph, driving=graph.add("LPS_LoadMotion", motion_file="text.pkl"))
    assert_sentence(server.queue(graph.prompt), "LPS_LoadMotion", "text.pkl")


@pytest.mark.parametrize("kind", ["text", "empty dict"])
def test_a_motion_wire_that_carries_something_else_is_reported(server, graph, kind):
    animate_video(graph, driving=graph.add("OddMotion", kind=kind))
    assert_sentence(server.queue(graph.prompt), ANIMATE, "driving")


def test_a_video_that_cannot_be_read_is_reported(server, graph):
    animate_video(graph, driving=graph.add("LoadVideo", file="broken.mp4"))
    assert_sentence(server.queue(graph.prompt), ANIMATE, "broken.mp4")


def test_a_face_number_that_is_not_there_is_reported(server, graph):
    animate_video(graph, face_index=3)
    assert_sentence(server.queue(graph.prompt), ANIMATE, "3")


def test_sound_that_is_not_there_is_reported(server, graph):
    animate_video(graph, sound="source")
    assert_sentence(server.queue(graph.prompt), ANIMATE, "sound", "source")


def spoken(graph, kind, **inputs):
    """Speech to Motion of an odd sound."""
    sound = graph.add("LoadAudio", audio="lps_speech.mp3")
    odd_sound = graph.add("OddSound", sound=sound, kind=kind)
    model = graph.add("LPS_LoadModel")
    return graph.add("LPS_SpeechToMotion", model=model, audio=odd_sound, **inputs)


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("no samples", ["audio", "no samples"]),
        ("not a number", ["not finite"]),
        ("7.1", ["1 to 6 channels"]),
    ],
)
def test_a_sound_that_cannot_be_heard_is_reported(server, graph, kind, words):
    graph.add("LPS_MotionInfo", motion=spoken(graph, kind))
    assert_sentence(server.queue(graph.prompt), "LPS_SpeechToMotion", *words)


@pytest.mark.parametrize(("kind", "num_frames"), [("cut short", 2), ("5.1", 104)])
def test_a_short_sound_and_one_of_six_channels_are_heard(server, graph, kind, num_frames):
    info = graph.add("LPS_MotionInfo", motion=spoken(graph, kind))
    shown = graph.add("PreviewAny", source=output(info, 2))
    run = server.queue(graph.prompt).ok()
    assert run.outputs[shown[0]]["text"] == [str(num_frames)]


def test_a_speech_model_that_is_something_else_is_reported(server, graph):
    motion = spoken(graph, "5.1", speech_model="twin.safetensors")
    graph.add("LPS_MotionInfo", motion=motion)
    run = server.queue(graph.prompt)
    assert_sentence(run, "LPS_SpeechToMotion", "speech_model", "train.audio2motion")


def test_features_of_one_model_and_keypoints_of_another_are_reported(server, graph):
    one = graph.add("LPS_LoadModel")
    other = graph.add("LPS_LoadModel", "other", model_name="twin.safetensors")
    photo = graph.add("LoadImage", image="portrait.png")
    crop = graph.add("LPS_CropFace", model=one, images=photo, role="source")
    features = graph.add("LPS_ExtractAppearance", model=one, cropped=crop)
    still = graph.add("LPS_ExtractMotion", model=other, cropped=crop, crops=output(crop, 1))
    points = graph.add(
        "LPS_TransformKeypoints", model=other, source_motion=still, driving_motion=still
    )
    painted = graph.add("LPS_WarpDecode", model=one, features=features, keypoints=points)
    graph.add("PreviewImage", images=painted)
    assert_sentence(server.queue(graph.prompt), "LPS_WarpDecode", "model")


def test_two_models_in_one_graph_paint_each_its_own_video(server, graph):
    photo = graph.add("LoadImage", image="portrait.png")
    clip = graph.add("LoadVideo", file="short.mp4")
    saved = []
    for name in ("default", "twin.safetensors"):
        model = graph.add("LPS_LoadModel", f"load {name}", model_name=name)
        made = graph.add(ANIMATE, f"move {name}", model=model, source=photo, driving=clip)
        saved.append(
            graph.add(
                "SaveVideo",
                f"save {name}",
                video=made,
                filename_prefix=name.split(".")[0],
                format="auto",
                codec="auto",
            )
        )
    run = server.queue(graph.prompt).ok()
    videos = [read_video(server.path(run.files(node[0])[0])).frames for node in saved]
    np.testing.assert_array_equal(videos[0], videos[1])  # the twin has the same weights


def test_painted_faces_that_were_stretched_are_reported(server, graph):
    model = graph.add("LPS_LoadModel")
    photo = graph.add("LoadImage", image="portrait.png")
    crop = graph.add("LPS_CropFace", model=model, images=photo, role="source")
    narrow = graph.add("OddImages", pictures=crop, kind="stretched")
    pasted = graph.add("LPS_PasteBack", images=photo, painted=narrow, crops=output(crop, 1))
    graph.add("PreviewImage", images=pasted)
    assert_sentence(server.queue(graph.prompt), "LPS_PasteBack", "squares")


def test_more_faces_painted_than_there_are_frames_are_reported(server, graph):
    model = graph.add("LPS_LoadModel")
    clip = graph.add("GetVideoComponents", video=graph.add("LoadVideo", file="short.mp4"))
    two = graph.add("ImageFromBatch", image=clip, batch_index=0, length=2)
    crop = graph.add("LPS_CropFace", model=model, images=clip, role="source")
    pasted = graph.add("LPS_PasteBack", images=two, painted=crop, crops=output(crop, 1))
    graph.add("PreviewImage", images=pasted)
    assert_sentence(server.queue(graph.prompt), "LPS_PasteBack", "16", "2 frames")
