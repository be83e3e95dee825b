"""Live Portrait goes on where its last run ended."""

import math

import pytest
import torch

from tests.nodes.suite import STILL, batch, walk
from tests.support.blobs import face_frame

CROPS = [frame[10:100, 20:110] for frame in walk(6)]
"""Of a driver; the tiny model's keypoints are no landmarks that could be followed."""
RATE = 10.0


@pytest.fixture
def model(suite):
    yield suite.model()
    suite.model().live.clear()
    suite.model().kept.forget()


@pytest.fixture
def live(suite, model):
    options = suite.options(already_cropped=True)

    def run(*frames, **more):
        given = {"source": STILL_BATCH, "fps": RATE, "options": options, "stitch": False}
        return suite("LPS_LivePortrait", model=model, frames=batch(*frames), **given | more)

    return run


STILL_BATCH = batch(STILL)


def test_runs_of_one_picture_are_a_run_of_all(live, model):
    whole = live(*CROPS)
    assert whole.shape == (6, *STILL.shape)
    model.live.clear()
    parts = [live(frame) for frame in CROPS]
    assert torch.equal(torch.cat(parts), whole)
    model.live.clear()
    parts = [live(*CROPS[:2]), live(*CROPS[2:])]
    assert torch.equal(torch.cat(parts), whole)


def test_the_portrait_moves_and_another_number_begins_anew(live):
    first = live(*CROPS[:4])
    assert not torch.equal(first[0], first[3])
    again = live(*CROPS[:4], again=1)
    assert torch.equal(again, first)
    assert not torch.equal(live(CROPS[0], again=1), first[:1])  # it goes on


def test_another_number_captures_a_neutral_face(live):
    rest = live(CROPS[0])
    live(*CROPS[1:4])
    moved = live(CROPS[5])
    assert not torch.equal(moved, rest)
    captured = [live(CROPS[5], neutral=1) for _ in range(12)]
    far = [(one - rest).abs().mean().item() for one in captured]
    assert far[-1] < 0.5 * far[0]


def test_the_source_is_read_once(suite, live, model, monkeypatch):
    portraits, owner = [], suite.module("liveportrait_core.sessions.portrait").PortraitSession
    begin = owner.__init__

    def counted(self, *about, **more):
        portraits.append(self)
        begin(self, *about, **more)

    monkeypatch.setattr(owner, "__init__", counted)
    for frame in CROPS[:3]:
        live(frame)
    assert len(portraits) == 1
    live(CROPS[0], source=batch(face_frame((40, 30, 70))))
    live(CROPS[0], paste_back=False)
    assert len(portraits) == 3
    assert len(model.live) == 1


def test_what_comfyui_unloads_is_made_again(live, model):
    whole = live(*CROPS)
    model.live.clear()
    first = live(*CROPS[:3])
    model.patcher.detach()
    assert not model.live.get("node").session.portrait._shown
    assert torch.equal(torch.cat([first, live(*CROPS[3:])]), whole)


def test_few_nodes_are_kept(live, suite, model):
    for number in range(6):
        model.live.put(f"older {number}", None)
    live(CROPS[0])
    assert len(model.live) == 4
    assert model.live.get("node")
    assert "older 2" not in model.live._of_nodes


def test_the_node_says_how_live_it_is(suite, live):
    sent = suite.comfyui.serve().sent
    live(CROPS[0])
    assert sent[-1][0].startswith("following; ")
    live(CROPS[1])
    assert " pictures a second; " in sent[-1][0]
    assert " ms each, 95 of 100 within " in sent[-1][0]


def test_it_runs_each_time(suite):
    assert math.isnan(suite.comfyui.nodes["LPS_LivePortrait"].fingerprint_inputs())


def test_bad_input_names_its_place(suite, model):
    place, said = suite.named_refusal(
        "LPS_LivePortrait", model=model, source=batch(face_frame()), frames=batch(STILL)
    )
    assert place == "Live Portrait, source"
    assert "No face in the source" in said
    place, _ = suite.named_refusal(
        "LPS_LivePortrait", model=model, source=batch(STILL), frames=torch.zeros(0, 8, 8, 3)
    )
    assert place == "Live Portrait, frames"
