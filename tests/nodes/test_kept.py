"""Only what depends on a changed widget is done again."""

from collections import Counter

import pytest
import torch

from tests.nodes.suite import STILL, batch, video, walk
from tests.support.blobs import face_frame

ANIMATE = ("LPS_AnimatePortrait", "LPS_AnimateVideo")
NETWORKS = ("motion", "appearance", "decoder")


@pytest.fixture
def calls(suite, monkeypatch):
    """How many frames each network was run on, and how many a finder searched."""
    count = Counter()
    model = suite.model()
    model.kept.forget()
    for name in NETWORKS:
        owner = type(getattr(model.model, name))

        def counted(self, first, *more, name=name, forward=owner.forward):
            count[name] += len(getattr(first, "features", first))
            return forward(self, first, *more)

        monkeypatch.setattr(owner, "forward", counted)
    trackers = suite.module("liveportrait_core.animation.face_trackers")

    def searched(self, frames, track=trackers.LandmarkTracker.__call__):
        count["search"] += 1
        return track(self, frames)

    monkeypatch.setattr(trackers.LandmarkTracker, "__call__", searched)
    yield count
    model.kept.forget()


def run(suite, count, kind, **inputs):
    """What a run of a node gave, and what it called."""
    count.clear()
    given = {"model": suite.model(), "source": batch(STILL), "driving": video(suite, walk(4))}
    made = suite(kind, **given | inputs)
    images = made[0] if kind == "LPS_AnimatePortrait" else made.get_components().images
    return images, dict(count)


@pytest.mark.parametrize("kind", ANIMATE)
def test_a_gain_reads_neither_source_nor_driver_again(suite, calls, kind):
    first, done = run(suite, calls, kind)
    assert done == {"search": 2, "motion": 5, "appearance": 1, "decoder": 4}
    _, done = run(suite, calls, kind, gain=1.5)
    assert done == {"decoder": 4}
    again, done = run(suite, calls, kind)
    assert done == {"decoder": 4}
    assert torch.equal(again, first)


def test_a_slider_reads_the_source_no_more(suite, calls):
    model = suite.model()
    for index, smile in enumerate((0.2, 0.8, 1.0)):
        driving = suite("LPS_Expression", model=model, smile=smile)
        made, done = run(suite, calls, "LPS_AnimatePortrait", driving=driving)
        new = {"search": 1, "motion": 1, "appearance": 1} if index == 0 else {}
        assert done == {**new, "decoder": 1}
    model.kept.forget()
    fresh, _ = run(suite, calls, "LPS_AnimatePortrait", driving=driving)
    assert torch.equal(fresh, made)


@pytest.mark.parametrize(
    ("options", "done"),
    [
        ({"smooth": "on"}, {"decoder": 4}),
        ({"source_scale": 2.9}, {"motion": 1, "appearance": 1, "decoder": 4}),
        ({"driver_scale": 2.9}, {"motion": 4, "decoder": 4}),
        ({"published": True}, {"search": 2, "motion": 5, "appearance": 1, "decoder": 4}),
    ],
)
def test_an_option_does_again_what_depends_on_it(suite, calls, options, done):
    run(suite, calls, "LPS_AnimatePortrait")
    options = suite.options(**options)
    made, again = run(suite, calls, "LPS_AnimatePortrait", options=options)
    assert again == done
    suite.model().kept.forget()
    fresh, _ = run(suite, calls, "LPS_AnimatePortrait", options=options)
    assert torch.equal(made, fresh)


def test_another_picture_is_another_source(suite, calls):
    run(suite, calls, "LPS_AnimatePortrait")
    other = STILL.copy()
    other[0, 0] += 1
    _, done = run(suite, calls, "LPS_AnimatePortrait", source=batch(other))
    assert done == {"search": 1, "motion": 1, "appearance": 1, "decoder": 4}
    _, done = run(suite, calls, "LPS_AnimatePortrait", driving=video(suite, walk(4), fps=30))
    assert done == {"search": 1, "motion": 4, "decoder": 4}


def test_faces_that_were_found_before_count(suite, calls):
    pair = batch(face_frame((50, 30, 60), (200, 40, 50), width=300))
    faces, _ = suite("LPS_FindFaces", model=suite.model(), images=pair)
    for index, wanted in ((0, 1), (1, 1), (0, 0), (1, 0)):
        inputs = {"source": pair, "faces": faces, "face_index": index}
        _, done = run(suite, calls, "LPS_AnimatePortrait", **inputs)
        assert done.get("appearance", 0) == wanted


def test_a_file_that_changed_is_read_again(suite, calls):
    path = suite.comfyui.input / "changes.mp4"

    def clip(step):
        with suite.core.VideoWriter(path, 25, crf=10) as writer:
            for frame in walk(4, step):
                writer.write(frame)
        return suite.comfyui.latest.InputImpl.VideoFromFile(str(path))

    run(suite, calls, "LPS_AnimateVideo", driving=clip(3))
    _, done = run(suite, calls, "LPS_AnimateVideo", driving=clip(2))
    assert done == {"search": 1, "motion": 4, "decoder": 4}


def test_features_go_when_comfyui_unloads_the_model(suite, calls):
    first, _ = run(suite, calls, "LPS_AnimatePortrait")
    suite.model().patcher.detach()
    again, done = run(suite, calls, "LPS_AnimatePortrait")
    assert done == {"appearance": 1, "decoder": 4}
    assert torch.equal(again, first)


def test_what_was_cancelled_is_not_kept(suite, calls, monkeypatch):
    reader = suite.module("nodes.adapt.images")

    def stops(image, take=reader.pixels_of):
        suite.comfyui.interrupt()
        return take(image)

    given = {"model": suite.model(), "source": batch(STILL), "driving": video(suite, walk(4))}
    with monkeypatch.context() as patch:
        patch.setattr(reader, "pixels_of", stops)
        assert suite.ask("LPS_AnimatePortrait", **given).interrupted
    _, done = run(suite, calls, "LPS_AnimatePortrait")
    assert done["motion"] >= 4
