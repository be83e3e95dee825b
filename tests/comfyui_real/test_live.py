"""Live Portrait in the real server, queued again and again as a webcam does it."""

import numpy as np
import pytest
from PIL import Image

from tests.comfyui_real.prompts import Graph
from tests.comfyui_real.videos import read_video

NUM_PICTURES = 3
RATE = 8.0


@pytest.fixture(scope="module")
def pictures(pack_server, short_clip, tmp_path_factory):
    """Names of a webcam's pictures, in the server's input folder."""
    folder, names = tmp_path_factory.mktemp("webcam"), []
    frames = read_video(short_clip).frames[:: 16 // NUM_PICTURES][:NUM_PICTURES]
    for number, frame in enumerate(frames):
        file = folder / f"webcam_{number}.png"
        Image.fromarray(frame).save(file)
        names.append(pack_server.add_input(file))
    return names


def follow(server, info, node_id, *names):
    """Queue one run on these pictures; gives the run, and the portraits it made."""
    graph = Graph(info)
    taken = [graph.add("LoadImage", f"picture {name}", image=name) for name in names]
    frames = taken[0]
    for number, one in enumerate(taken[1:]):
        frames = graph.add("ImageBatch", f"batch {number}", image1=frames, image2=one)
    source = graph.add("LoadImage", "source", image="portrait.png")
    model = graph.add("LPS_LoadModel")
    made = graph.add(
        "LPS_LivePortrait", node_id, model=model, source=source, frames=frames, fps=RATE
    )
    saved = graph.add("SaveImage", images=made, filename_prefix=node_id)
    run = server.queue(graph.prompt).ok()
    files = [server.path(file) for file in run.files(saved[0])]
    return run, [np.asarray(Image.open(file)) for file in files]


def test_runs_of_one_picture_go_on_where_the_last_one_ended(pack_server, object_info, pictures):
    _, whole = follow(pack_server, object_info, "whole", *pictures)
    assert len(whole) == NUM_PICTURES
    runs = [follow(pack_server, object_info, "single", name) for name in pictures]
    for (_, (portrait,)), expected in zip(runs, whole, strict=True):
        np.testing.assert_array_equal(portrait, expected)
    assert (whole[0] != whole[-1]).any()
    last = runs[-1][0]
    assert {"LPS_LoadModel", "source"} <= last.cached
    # the same picture once more is another run, as time goes on
    again, _ = follow(pack_server, object_info, "single", pictures[-1])
    assert "single" not in again.cached
