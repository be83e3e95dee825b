"""The harness itself, on core nodes and a small pack of its own: it reports what happened."""

from __future__ import annotations

import json
from pathlib import Path

import av
import pytest
from PIL import Image

from tests.comfyui_real.browser import HTML_NODES, BrowserError
from tests.comfyui_real.server import ServerError
from tests.comfyui_real.videos import DEMO
from tools.canvas import Canvas
from tools.workflows import build

HARNESS_PACK = Path(__file__).with_name("harness_pack.py")
NUM_DRIVING_FRAMES = 112  # 4.48 s at 25 frames/s, as docs/demo/README.md says
AUTO_FORMAT = {"filename_prefix": "harness", "format": "auto", "codec": "auto"}


@pytest.fixture(scope="module")
def server(new_server):
    made = new_server()
    place = made.base / "custom_nodes" / "harness"
    place.mkdir()
    (place / "__init__.py").write_bytes(HARNESS_PACK.read_bytes())
    return made.start()


def node(kind, **inputs):
    return {"class_type": kind, "inputs": inputs, "_meta": {"title": kind}}


def core_canvas():
    canvas = Canvas("harness")
    photo = canvas.node("LoadImage", "Your photo", image="portrait.jpg", size=(300, 360))
    clip = canvas.node("LoadVideo", "The clip", file="driving.mp4", size=(300, 400))
    small = canvas.node("ImageScale", column=1, image=photo["IMAGE"], width=96, height=64)
    canvas.node("PreviewImage", "Small", column=2, images=small[0], size=(300, 300))
    canvas.node(
        "SaveVideo", column=2, video=clip["VIDEO"], filename_prefix="harness", size=(400, 520)
    )
    canvas.note("Press **Run**.", column=1, size=(300, 150))
    canvas.group("1. Choose", photo, clip)
    return canvas


def open_workflow(server, browser, canvas, folder, settings=None):
    """Draw it, and drop it on a fresh page; gives the front end's version."""
    browser.open(server.url)
    file = folder / f"{canvas.name}.json"
    file.write_text(json.dumps(build(canvas, server, browser)), "ascii")
    version = browser.open(server.url, settings or {HTML_NODES: False})
    browser.drop(file)
    browser.fit()
    return version


def test_files_that_nodes_save_come_back_whole(server):
    size = {"width": 96, "height": 64, "crop": "disabled"}
    prompt = {
        "photo": node("LoadImage", image="portrait.jpg"),
        "small": node("ImageScale", image=["photo", 0], upscale_method="area", **size),
        "picture": node("SaveImage", images=["small", 0], filename_prefix="sub/harness"),
        "clip": node("LoadVideo", file="driving.mp4"),
        "video": node("SaveVideo", video=["clip", 0], **AUTO_FORMAT),
    }
    run = server.queue(prompt).ok()
    (picture,) = run.files("picture")
    assert server.view(picture) == server.path(picture).read_bytes()
    with Image.open(server.path(picture)) as image:
        assert image.size == (96, 64)
    (video,) = run.files("video")
    with av.open(str(server.path(video))) as container:
        assert sum(1 for _ in container.decode(video=0)) == NUM_DRIVING_FRAMES
    assert len(run.files()) == 2


def test_an_error_has_its_node_and_its_sentence_and_the_queue_goes_on(server):
    run = server.queue({"no": node("HarnessRefusing", count=3)})
    (error,) = run.errors
    assert (run.state, error.node_id, error.node_type) == ("error", "no", "HarnessRefusing")
    assert error.message == "3 is not what I want. Give another number."
    assert server.queue({"slow": node("HarnessSlow", pause_s=0)}).ok().outputs["slow"]["text"] == [
        "10"
    ]


def test_a_value_out_of_range_is_refused_before_anything_runs(server):
    run = server.queue({"no": node("HarnessRefusing", count=-1)})
    assert run.state == "refused"
    assert [(error.node_id, error.kind) for error in run.errors] == [
        ("no", "value_smaller_than_min")
    ]


def test_a_branch_that_is_refused_is_reported_though_the_other_one_runs(server):
    run = server.queue(
        {"no": node("HarnessRefusing", count=-1), "slow": node("HarnessSlow", pause_s=0.01)}
    )
    assert (run.state, run.errors[0].node_id) == ("refused", "no")
    assert server.get("/queue") == {"queue_running": [], "queue_pending": []}


def test_an_unknown_node_is_refused_with_its_name(server):
    run = server.queue({"no": node("HarnessUnknown"), "slow": node("HarnessSlow", pause_s=0)})
    assert run.state == "refused"
    assert "HarnessUnknown" in run.errors[0].message


def test_progress_and_previews_are_heard(server):
    with server.listen() as events:
        server.queue({"slow": node("HarnessSlow", pause_s=0.15)}, client_id=events.client_id).ok()
        events.wait_for("execution_success")
    done = events.progress("slow")  # the newer version leaves steps out, not the first and last
    assert done[-1] == (10, 10)
    assert done == sorted(done)
    assert {preview.node_id for preview in events.previews} == {"slow"}
    assert all(preview.image.startswith(b"\xff\xd8") for preview in events.previews)
    assert len(events.previews) == 10


def test_an_interrupted_run_ends_at_once_and_as_interrupted(server):
    with server.listen() as events:
        prompt_id = server.submit({"slow": node("HarnessSlow", pause_s=0.5)}, events.client_id)
        assert isinstance(prompt_id, str)
        events.wait_for("progress")
        server.interrupt()
        run = server.wait(prompt_id, timeout_s=2)  # ten steps would take 5 s
    assert (run.state, run.errors) == ("interrupted", [])


def test_a_second_run_of_the_same_graph_is_cached_until_freed(server):
    prompt = {"slow": node("HarnessSlow", pause_s=0.02)}
    server.queue(prompt).ok()
    assert server.queue(prompt).ok().cached == {"slow"}
    server.free()
    assert server.queue(prompt).ok().cached == set()


def test_uploads_land_in_the_input_folder(server):
    name = server.upload(DEMO / "strip.jpg", "uploaded.jpg")
    assert (server.base / "input" / name).read_bytes() == (DEMO / "strip.jpg").read_bytes()


def test_a_server_that_cannot_start_tells_its_log(new_server):
    server = new_server(arguments=["--no-such-option"])
    with pytest.raises(ServerError, match="unrecognized arguments: --no-such-option"):
        server.start()


def test_a_restarted_server_answers_and_keeps_its_files(new_server):
    server = new_server().start()
    server.upload(DEMO / "strip.jpg", "kept.jpg")
    before = server.process_id
    server.restart()
    assert server.process_id != before
    run = server.queue(
        {
            "photo": node("LoadImage", image="kept.jpg"),
            "see": node("PreviewImage", images=["photo", 0]),
        }
    )
    assert len(run.ok().files("see")) == 1
    server.stop()


@pytest.mark.parametrize("html_nodes", [False, True])
def test_a_drawn_workflow_is_dropped_run_and_seen(server, browser, tmp_path, html_nodes):
    version = open_workflow(server, browser, core_canvas(), tmp_path, {HTML_NODES: html_nodes})
    if html_nodes and version.startswith("1.27."):
        pytest.skip("this front end's HTML nodes are an early experiment")
    assert [shown["type"] for shown in browser.nodes()] == [
        made["type"] for made in core_canvas().nodes
    ]
    assert browser.run()["kind"] == "execution_success"
    assert browser.node("Small")["pictures"] == 1
    saved = [video for video in browser.videos() if "type=output" in video["source"]]
    assert [(video["width"], round(video["seconds"], 2)) for video in saved] == [(256, 4.48)]
    assert saved[0]["visible"]
    assert browser.complaints()["dialogs"] == []


def test_a_photo_dropped_on_a_node_is_uploaded_and_chosen(server, browser, tmp_path):
    open_workflow(server, browser, core_canvas(), tmp_path)
    other = tmp_path / "other.jpg"
    other.write_bytes((DEMO / "strip.jpg").read_bytes())
    browser.drop(other, node="Your photo")
    assert browser.node("Your photo")["widgets"]["image"] == "other.jpg"
    assert (server.base / "input" / "other.jpg").exists()


def test_what_the_front_end_refuses_and_fails_is_reported(server, browser, tmp_path):
    canvas = Canvas("refused")
    canvas.node("HarnessRefusing", "No", count=3)
    open_workflow(server, browser, canvas, tmp_path)
    failed = browser.run()
    assert (failed["kind"], failed["node_id"]) == ("execution_error", "1")
    assert failed["exception_message"].strip() == "3 is not what I want. Give another number."
    complaints = browser.complaints()
    assert complaints["dialogs"] + complaints["toasts"]
    browser.press("Escape")
    browser.set("No", count=-1)
    refused = browser.run()
    assert refused["kind"] == "refused"
    assert refused["node_errors"]["1"]["class_type"] == "HarnessRefusing"


@pytest.fixture(scope="module")
def drawing_board(server, browser):
    browser.open(server.url)


@pytest.mark.usefixtures("drawing_board")
@pytest.mark.parametrize(
    ("draw", "message"),
    [
        (lambda canvas: canvas.node("HarnessUnknown"), "no node type HarnessUnknown"),
        (lambda canvas: canvas.node("LoadImage", image="no.jpg"), "LoadImage.image is no.jpg, but"),
        (
            lambda canvas: canvas.node("HarnessSlow", pause=1.0),
            "HarnessSlow has no pause, but pause_s",
        ),
        (lambda canvas: canvas.node("HarnessSlow", pause_s="1"), 'pause_s is a number, not "1"'),
        (
            lambda canvas: canvas.node("HarnessRefusing", count=canvas.node("LoadVideo")["VIDEO"]),
            "LoadVideo.VIDEO does not fit HarnessRefusing.count",
        ),
        (
            lambda canvas: canvas.node("SaveVideo", video=canvas.node("LoadVideo")["IMAGE"]),
            "LoadVideo has no output IMAGE, but VIDEO",
        ),
    ],
)
def test_a_drawing_with_a_wrong_name_says_which_names_there_are(server, browser, draw, message):
    canvas = Canvas("wrong")
    draw(canvas)
    with pytest.raises(BrowserError, match=message):
        build(canvas, server, browser)
