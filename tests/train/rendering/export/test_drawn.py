"""Heads that are rendered while training: the bits of a folder, whoever renders them."""

import multiprocessing
import sys
from dataclasses import replace

import numpy as np
import pytest
import torch

from liveportrait_core.config.fields import build
from liveportrait_core.config.spec import OptionError
from liveportrait_core.errors import MediaError
from tests.support.batches import assert_alike
from tests.support.killing import cut_off_and_resumed, losses_of
from train import compact
from train.data.drawn import DrawnSet
from train.data.rendered import RenderedSet
from train.data.sets import DataConfig
from train.engine.draw import Draw
from train.rendering.export.dataset import render_set
from train.rendering.export.options import HeadOptions, PeopleOptions, RenderConfig

HEADS = 5


@pytest.fixture(scope="module")
def people(face_model_file):
    heads = HeadOptions(face_model=face_model_file, seed=101, size_px=16)
    return PeopleOptions(heads=heads, identities=HEADS, animals=0.4)


@pytest.fixture(scope="module")
def folder(tmp_path_factory, people):
    place = tmp_path_factory.mktemp("rendered") / "heads"
    more = replace(people, identities=2 * HEADS)
    render_set(RenderConfig(folder=place, people=more, shard_size=3))
    return place


@pytest.fixture(scope="module")
def first_heads(tmp_path_factory, people):
    place = tmp_path_factory.mktemp("rendered") / "first"
    render_set(RenderConfig(folder=place, people=people))
    return place


@pytest.fixture(scope="module")
def drawn(people):
    return DrawnSet(people)


def test_batches_are_those_of_a_folder_of_the_same_seed_bit_by_bit(drawn, first_heads):
    stored = RenderedSet([first_heads])
    assert len(drawn) == len(stored)
    assert drawn.size_px == stored.size_px
    torch.testing.assert_close(drawn.mean_canonical, stored.mean_canonical)
    assert_alike(drawn.first_pairs(4), stored.first_pairs(4))
    for step in range(3):
        draws = [Draw.of(0, 0, step) for _ in range(2)]
        assert_alike(drawn.draw_pairs(draws[0], 7), stored.draw_pairs(draws[1], 7))
        assert_alike(drawn.draw_frames(draws[0], 7), stored.draw_frames(draws[1], 7))
        assert draws[0].notes == draws[1].notes


def test_new_heads_take_the_place_of_the_oldest_and_are_those_of_a_longer_folder(
    people, folder, first_heads
):
    drawn, longer, kept = DrawnSet(people, fresh=0.5), *map(RenderedSet, ([folder], [first_heads]))
    for step in (9, 1, 8):  # back as well, as a worker that is behind
        of_new, of_first = Draw.of(0, 0, step), Draw.of(0, 0, step)
        pairs = drawn.draw_pairs(of_new, 6)
        kept.draw_pairs(of_first, 6)
        new, first = (named_in(draw.notes[0]) for draw in (of_new, of_first))
        assert (new - first == (step // 2, 0)).all()
        assert_alike(pairs, longer.pairs(new[:, 0], new[:, 1]))


def named_in(note):
    """(N, 2) heads and pairs of "rendered pairs 17/0 203/2"."""
    return np.array([entry.split("/") for entry in note.split()[2:]], int)


def test_memory_is_that_of_the_heads_at_a_time(drawn):
    # 3 frames of 16 x 16 x 3 bytes; flow, seen, region and depth of 8 x 8 (4 + 1 + 1 + 2 bytes);
    # points 3 x 21 x 3, canonical 21 x 3, rotation 9, pose 3, gaze 2, openings 3, in float32
    head = 3 * (768 + 64 * 8) + 4 * (4 * 63 + 3 * (9 + 3 + 2 + 3))
    assert drawn.memory_bytes == HEADS * head


@pytest.mark.skipif(sys.platform != "linux", reason="workers are forked")
def test_a_head_that_one_process_rendered_is_there_for_the_others(drawn, monkeypatch):
    number = np.array([3 + HEADS])  # which no other test asks for
    draw = multiprocessing.get_context("fork").Process(target=drawn.canonical, args=(number,))
    draw.start()
    draw.join()
    assert draw.exitcode == 0
    asked = []
    monkeypatch.setattr(drawn._pool, "_render", asked.append)
    assert drawn.canonical(number).shape == (1, 21, 3)
    assert asked == []


@pytest.mark.skipif(sys.platform != "linux", reason="workers are forked")
def test_a_run_on_drawn_heads_is_that_on_a_folder_and_resumes_exactly(tmp_path, face_model_file):
    of_heads = {"seed": "7", "size_px": "128", "identities": "3", "animals": "0"}
    of_heads |= {"face_model": str(face_model_file)}
    folder = tmp_path / "heads"
    render_set(RenderConfig(folder=folder, people=build(PeopleOptions, of_heads)))
    quick = ["turned_fraction=0.5", "bfloat16=false"]
    quick += ["steps=3", "batch=1", "motion_batch=1", "log_every=1", "save_every=2", "grid_every=0"]
    drawn = ["data=drawn", *(f"drawn.{key}={value}" for key, value in of_heads.items())]
    runs = {
        "stored": [f"data={folder}", "workers=0"],
        "drawn": [*drawn, "workers=1"],
    }
    for name, data in runs.items():
        assert compact.main([f"run={tmp_path / name}", *data, *quick]) == 0
    again = [f"run={tmp_path / 'again'}", *drawn, "workers=1", *quick]
    cut_off_and_resumed(compact.main, again, step=2)
    losses = {name: losses_of(tmp_path / name) for name in (*runs, "again")}
    assert losses["drawn"] == losses["stored"]
    assert losses["again"] == losses["stored"]


def test_turned_pairs_are_those_of_a_folder_of_the_same_seed(people, first_heads, folder):
    stored = RenderedSet([first_heads], turned_fraction=0.7)
    drawn = DrawnSet(people, turned_fraction=0.7)
    for step in range(3):
        draws = [Draw.of(0, 0, step) for _ in range(2)]
        assert_alike(drawn.draw_pairs(draws[0], 7), stored.draw_pairs(draws[1], 7))
        assert draws[0].notes == draws[1].notes
    longer, fresh = RenderedSet([folder]), DrawnSet(people, fresh=1, turned_fraction=1.0)
    yaw = longer.small["pose_deg"][..., 1]
    for step in (0, HEADS, 1):  # back as well, as a worker that is behind
        draw = Draw.of(0, 0, step)
        pairs = fresh.draw_pairs(draw, 6)
        named = named_in(draw.notes[0])
        identities, numbers = named.T
        assert set(identities) <= set(range(step, step + HEADS))
        turn = np.abs(yaw[identities, (numbers + 1) % 3] - yaw[identities, numbers])
        assert (turn >= 20).all()
        assert_alike(pairs, longer.pairs(identities, numbers))


def test_heads_that_do_not_turn_are_one_sentence(people, monkeypatch):
    still = {"pose_deg": np.zeros((3, 3), np.float32)}
    monkeypatch.setattr(DrawnSet, "_posed", lambda self, number: still)
    drawn = DrawnSet(people, turned_fraction=0.5)
    with pytest.raises(MediaError, match="No pair of the 5 rendered heads turns by 20 degrees"):
        drawn.draw_pairs(Draw.of(0, 0, 1), 2)


def test_options_of_drawn_heads_need_data_drawn():
    with pytest.raises(OptionError, match=r"data is not drawn\. Give data=drawn"):
        build(DataConfig, {"data": "heads", "drawn.seed": 3})
