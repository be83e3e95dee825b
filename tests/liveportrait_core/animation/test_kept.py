"""What is kept between runs: the least recently used goes first, and never too much stays."""

import gc
import logging
from fractions import Fraction

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from liveportrait_core.animation.kept import Kept, Same
from liveportrait_core.media.clips import Frames, LimitedClip


def tensor(num_bytes):
    return torch.zeros(num_bytes, dtype=torch.uint8)


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 40)), max_size=30))
def test_no_more_than_the_limit_is_kept_and_what_is_kept_is_right(asked):
    kept = Kept(100)
    for name, size in asked:
        made = kept.get(("faces", name, size), lambda size=size: {"a": (tensor(size),)})
        assert made["a"][0].nbytes == size
        assert kept.num_bytes <= 100


def test_the_least_recently_used_goes_first():
    kept = Kept(100)
    for name in ("a", "b"):
        kept.get(("motion", name), lambda: tensor(40))
    kept.get(("motion", "a"), lambda: pytest.fail("it is kept"))
    kept.get(("motion", "c"), lambda: tensor(40))
    assert [name in kept for name in (("motion", "a"), ("motion", "b"), ("motion", "c"))] == [
        *(True, False, True)
    ]


def test_what_was_warned_of_is_warned_of_again(caplog):
    log = logging.getLogger("liveportrait_core.somewhere")
    kept = Kept()

    def warned(name):
        log.warning(name)
        return 1

    def both():
        return kept.get(("faces",), lambda: warned("faces")) + warned("motion")

    for _ in range(2):
        caplog.clear()
        assert kept.get(("motion",), both) == 2
        assert caplog.messages == ["faces", "motion"]
    caplog.clear()
    kept.get(("faces",), lambda: pytest.fail("it is kept"))
    assert caplog.messages == ["faces"]


def test_what_is_too_large_is_made_each_time():
    kept = Kept(100)
    for _ in range(2):
        assert kept.get(("motion",), lambda: tensor(200)).nbytes == 200
    assert ("motion",) not in kept


def test_nothing_is_kept_without_a_key_or_after_an_error():
    kept = Kept()
    assert kept.get(None, lambda: 1) == 1

    def fails():
        raise ValueError("no face")

    with pytest.raises(ValueError, match="no face"):
        kept.get(("motion",), fails)
    assert kept.get(("motion",), lambda: 2) == 2


def test_a_kind_can_be_forgotten():
    kept = Kept()
    for kind in ("faces", "motion", "features"):
        kept.get((kind, 1), lambda: tensor(10))
    kept.forget("features")
    assert kept.num_bytes == 20
    assert ("features", 1) not in kept
    kept.forget()
    assert kept.num_bytes == 0


def test_an_object_is_its_own_key_while_it_lives():
    one, other = nn.Identity(), nn.Identity()
    assert Same(one) == Same(one)
    assert Same(one) != Same(other)
    key = Same(one)
    del one
    gc.collect()
    assert key != key  # noqa: PLR0124 - it belongs to nothing any more


def test_a_fingerprint_is_of_the_pixels_the_shape_and_the_rate():
    pixels = np.arange(24, dtype=np.uint8).reshape(2, 4, 3)
    clips = [
        Frames((pixels,)),
        Frames((pixels.reshape(4, 2, 3),)),
        Frames((pixels + 1,)),
        Frames((pixels, pixels)),
        Frames((pixels,), Fraction(30)),
        LimitedClip(Frames((pixels,))),
    ]
    assert len({clip.fingerprint for clip in clips}) == len(clips)
    assert Frames((pixels.copy(),)).fingerprint == clips[0].fingerprint
    assert Frames((pixels[:, ::2],)).fingerprint == Frames((pixels[:, ::2].copy(),)).fingerprint
