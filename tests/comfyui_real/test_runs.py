"""Our nodes in the real server: outputs, progress, caching and Cancel."""

from __future__ import annotations

import os

import numpy as np
import pytest
from PIL import Image

from liveportrait_core.cli.main import main
from liveportrait_core.media.motion_file import load_motion, save_motion
from tests.comfyui_real.conftest import NTSC, PACK_FOLDER
from tests.comfyui_real.prompts import Graph, animate_video, output
from tests.comfyui_real.videos import DEMO, change, part_of, read_video
from tests.support.motions import random_motion

PREVIEWS_PER_S = 2
LEVELS = 3.0
"""Mean difference, of 255, that H.264 and PyAV's own conversion make of the same picture."""


def files_of(server):
    """What lies where results and work in progress lie."""
    folders = (server.base / "output", server.base / "temp")
    return {file for folder in folders for file in folder.rglob("*") if file.is_file()}


@pytest.fixture(scope="module")
def animated(pack_server, object_info):
    """The demo's portrait after the short clip, as a file; the run, and what was heard of it."""
    graph = Graph(object_info)
    saved = animate_video(graph)
    pack_server.free()
    with pack_server.listen() as events:
        run = pack_server.queue(graph.prompt, client_id=events.client_id).ok()
        events.wait_for("execution_success")
    return pack_server.path(run.files(saved[0])[0]), events


def test_a_video_keeps_the_frame_rate_the_frames_and_the_sound_of_its_driver(animated, short_clip):
    made, driver = read_video(animated[0]), read_video(short_clip)
    assert made.fps == driver.fps == NTSC
    assert len(made.frames) == len(driver.frames) == 16
    assert made.times == driver.times
    assert made.sample_rate_hz == driver.sample_rate_hz
    assert made.sound.shape == driver.sound.shape
    assert np.abs(made.sound - driver.sound).max() < 0.01  # compressed twice


def test_the_frames_move_and_keep_the_size_of_the_portrait(animated):
    frames = read_video(animated[0]).frames
    assert frames.shape[1:] == (512, 512, 3)
    assert (change(frames) > 0).all()
    assert change(frames).mean() > 0.2


def test_an_odd_sized_photo_is_saved_as_a_video(pack_server, graph, portrait, tmp_path):
    with Image.open(portrait) as picture:
        picture.crop((0, 0, 375, 500)).save(tmp_path / "odd.png")
    pack_server.add_input(tmp_path / "odd.png")
    made = graph.add(
        "LPS_AnimatePortrait",
        model=graph.add("LPS_LoadModel"),
        source=graph.add("LoadImage", image="odd.png"),
        driving=graph.add("LoadVideo", file="short.mp4"),
    )
    film = graph.add("CreateVideo", images=made, fps=25.0)
    saved = graph.add("SaveVideo", video=film, filename_prefix="odd", format="auto", codec="auto")
    (file,) = pack_server.queue(graph.prompt).ok().files(saved[0])
    assert read_video(pack_server.path(file)).frames.shape == (16, 500, 376, 3)


def test_a_video_is_what_the_command_line_paints(animated, portrait, short_clip, tmp_path):
    assert main(["animate", str(portrait), str(short_clip), "-o", str(tmp_path / "cli.mp4")]) == 0
    made, wanted = read_video(animated[0]).frames, read_video(tmp_path / "cli.mp4").frames
    # with another number of threads the crop lies hundredths of a pixel elsewhere
    assert np.abs(made.astype(float) - wanted).mean((1, 2, 3)).max() < 1


def test_the_head_follows_the_driver(animated, short_clip, tmp_path):
    turns = []
    for clip in (animated[0], short_clip):
        file = tmp_path / f"{clip.stem}.safetensors"
        assert main(["motion", "extract", str(clip), "-o", str(file)]) == 0
        turns.append(load_motion(file).pose_deg.numpy())
    made, driver = (pose - pose.mean(0) for pose in turns)
    axis = driver.std(0).argmax()  # the one that the driver turns about most
    cosine = (made * driver).sum(0) / np.sqrt((made**2).sum(0) * (driver**2).sum(0))
    assert cosine[axis] > 0.9


def test_progress_runs_from_nothing_to_the_end_and_never_back(animated):
    done = [value / most for value, most in animated[1].progress("LPS_AnimateVideo")]
    assert done == sorted(done)
    assert done[-1] == 1
    assert len(done) > 3


def test_previews_are_pictures_of_the_node_and_not_too_many(animated):
    previews = animated[1].previews
    assert {preview.node_id for preview in previews} == {"LPS_AnimateVideo"}
    assert all(preview.image.startswith(b"\xff\xd8") for preview in previews)
    took = previews[-1].time_s - previews[0].time_s
    assert 1 <= len(previews) <= 1 + PREVIEWS_PER_S * took + 1


def test_cancel_stops_within_a_chunk_and_leaves_no_file(pack_server, graph):
    clip = graph.add("LoadVideo", file="driving.mp4")  # 112 frames: some 20 s of work
    animate_video(graph, driving=clip)
    pack_server.free()
    before = files_of(pack_server)
    with pack_server.listen() as events:
        prompt_id = pack_server.submit(graph.prompt, events.client_id)
        while not events.previews:  # some frames are painted, the file has begun
            events.wait_for("progress")
        pack_server.interrupt()
        run = pack_server.wait(prompt_id, timeout_s=5)
    assert (run.state, run.errors) == ("interrupted", [])
    assert files_of(pack_server) == before
    other = Graph(pack_server.object_info())
    other.add("PreviewImage", images=other.add("LoadImage", image="portrait.png"))
    pack_server.queue(other.prompt).ok()


def test_pictures_and_video_are_the_same_frames(pack_server, graph, animated):
    clip = graph.add("GetVideoComponents", video=graph.add("LoadVideo", file="short.mp4"))
    made = graph.add(
        "LPS_AnimatePortrait",
        model=graph.add("LPS_LoadModel"),
        source=graph.add("LoadImage", image="portrait.png"),
        driving=clip,
    )
    saved = graph.add("SaveImage", images=made, filename_prefix="same")
    files = pack_server.queue(graph.prompt).ok().files(saved[0])
    pictures = np.stack([np.asarray(Image.open(pack_server.path(file))) for file in files])
    frames = read_video(animated[0]).frames.astype(float)
    loss = frames - pictures
    assert np.abs(loss).mean((1, 2, 3)).max() < LEVELS
    moved = pictures - pictures.mean(0)
    assert np.abs(loss - loss.mean(0)).mean() < np.abs(moved).mean() / 2


def test_a_saved_motion_drives_again(pack_server, graph):
    model = graph.add("LPS_LoadModel")
    made = graph.add(
        "LPS_AnimatePortrait",
        model=model,
        source=graph.add("LoadImage", image="portrait.png"),
        driving=graph.add("LoadVideo", file="short.mp4"),
    )
    graph.add("LPS_SaveMotion", motion=output(made, 2), filename_prefix="motions/again")
    pack_server.queue(graph.prompt).ok()
    (file,) = (pack_server.base / "output" / "motions").glob("again*.safetensors")
    again = Graph(pack_server.object_info())
    motion = again.add("LPS_LoadMotion", motion_file=f"motions/{file.name} [output]")
    saved = animate_video(again, driving=motion)
    run = pack_server.queue(again.prompt).ok()
    assert len(read_video(pack_server.path(run.files(saved[0])[0])).frames) == 16


def test_a_motion_file_is_read_again_when_it_changed_and_only_then(pack_server, graph):
    file = pack_server.base / "input" / "fresh.safetensors"
    motion = graph.add("LPS_LoadMotion", motion_file=file.name)
    seen = graph.add("LPS_MotionInfo", motion=motion)
    graph.add("PreviewAny", source=output(seen, 2))
    save_motion(random_motion(1, 2), file)
    assert pack_server.queue(graph.prompt).ok().outputs["PreviewAny"]["text"] == ["2"]
    assert "LPS_LoadMotion" in pack_server.queue(graph.prompt).ok().cached
    save_motion(random_motion(1, 4), file)
    os.utime(file, ns=(1, 1))
    assert pack_server.queue(graph.prompt).ok().outputs["PreviewAny"]["text"] == ["4"]


def test_saving_a_video_does_not_encode_it_again(pack_server, graph):
    pack_server.free()
    before = files_of(pack_server)
    saved = animate_video(graph)
    run = pack_server.queue(graph.prompt).ok()
    (made,) = [file for file in files_of(pack_server) - before if file.match("temp/*.mp4")]
    kept = read_video(pack_server.path(run.files(saved[0])[0]))
    np.testing.assert_array_equal(kept.frames, read_video(made).frames)


def test_the_same_video_comes_out_after_a_restart(new_server):
    server = new_server()
    server.add_pack(PACK_FOLDER, copy=True)
    videos = []
    for _ in range(2):
        with server:
            graph = Graph(server.object_info())
            saved = animate_video(graph)
            run = server.queue(graph.prompt).ok()
            assert run.cached == set()
            videos.append(read_video(server.path(run.files(saved[0])[0])).frames)
    np.testing.assert_array_equal(videos[0], videos[1])


def test_memory_does_not_grow_with_the_length_of_a_clip(new_server, tmp_path):
    half = part_of(tmp_path / "half.mp4", DEMO / "driving.mp4", slice(0, 56), NTSC, None)
    peaks = {}
    for file in (half, DEMO / "driving.mp4"):  # 56 and 112 frames, more than an encoder keeps
        server = new_server()
        server.add_pack(PACK_FOLDER, copy=True)
        server.add_input(file)
        with server:
            graph = Graph(server.object_info())
            animate_video(graph, driving=graph.add("LoadVideo", file=file.name))
            server.queue(graph.prompt).ok()
            peaks[file.stem] = server.peak_memory_bytes()
    # 56 more frames of 512 x 512 RGB held as bytes would be 44 MB, as floats 176 MB
    assert peaks["driving"] - peaks["half"] < 30e6


def test_motions_are_made_and_put_together_without_a_driver(pack_server, graph):
    model = graph.add("LPS_LoadModel")
    idle = graph.add("LPS_IdleMotion", model=model, duration=0.6)
    nod = graph.add("LPS_LoadMotion", motion_file="nod (shipped)")
    short = graph.add("LPS_ChangeMotion", motion=nod, duration=0.4, gain_pitch=0.5)
    joined = graph.add("LPS_JoinMotions", motion_1=short, motion_2=short, blend_frames=2)
    layered = graph.add("LPS_LayerMotions", base=idle, over=joined, region="pose")
    blended = graph.add("LPS_BlendMotions", first=layered, second=idle)
    compared = graph.add("LPS_CompareMotions", motion_1=layered, motion_2=blended)
    made = graph.add(
        "LPS_AnimatePortrait",
        model=model,
        source=graph.add("LoadImage", image="portrait.png"),
        driving=blended,
    )
    saved = graph.add("SaveImage", images=made, filename_prefix="alive")
    plot = graph.add("SaveImage", "plot", images=compared, filename_prefix="plot")
    run = pack_server.queue(graph.prompt).ok()
    pictures = [np.asarray(Image.open(pack_server.path(file))) for file in run.files(saved[0])]
    assert len(pictures) == 15
    assert change(np.stack(pictures)).mean() > 0.02
    assert len(run.files(plot[0])) == 1


def test_blendshapes_go_out_as_a_file_come_back_and_drive(pack_server, graph):
    model = graph.add("LPS_LoadModel")
    surprise = graph.add("LPS_LoadMotion", motion_file="surprise (shipped)")
    shapes = graph.add("LPS_MotionToBlendshapes", motion=surprise)
    graph.add("LPS_SaveBlendshapes", blendshapes=shapes, filename_prefix="motions/take")
    motion = graph.add("LPS_BlendshapesToMotion", model=model, blendshapes=shapes)
    made = graph.add(
        "LPS_AnimatePortrait",
        model=model,
        source=graph.add("LoadImage", image="portrait.png"),
        driving=graph.add("LPS_ChangeMotion", motion=motion, duration=0.8),
    )
    saved = graph.add("SaveImage", images=made, filename_prefix="surprised")
    run = pack_server.queue(graph.prompt).ok()
    pictures = [np.asarray(Image.open(pack_server.path(file))) for file in run.files(saved[0])]
    assert len(pictures) == 20
    assert change(np.stack(pictures)).mean() > 0.02
