"""Slow travel beyond a limit fades, and fast movement stays."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.testing import assert_close

from liveportrait_core.animation.fading import FADE_S, FADED_AT, KNEE, SLOW_S, faded_travel

LIMIT, FPS = 0.25, 25.0
SETTINGS = settings(max_examples=25, deadline=None)


def left(travel, *shots):
    """What is left of a travel (N, D)."""
    whole = (slice(0, len(travel)),)
    return travel - faded_travel(travel, LIMIT, FPS, shots or whole)


def ramp(frames, speed):
    """(N, 2) travel to the right, so many limits in a second."""
    seconds = torch.arange(frames, dtype=torch.float64) / FPS
    return seconds[:, None] * torch.tensor([[speed * LIMIT, 0.0]], dtype=torch.float64)


def there(frames=150, at=3.0, rise_s=0.6):
    """(N, 2) a driver who stays, goes to `at` limits half-way, and stays there."""
    seconds = (torch.arange(frames, dtype=torch.float64) - frames / 2) / FPS
    return at * LIMIT * torch.sigmoid(seconds[:, None] * 4 / rise_s) * torch.tensor([[0.6, -0.8]])


@SETTINGS
@given(st.integers(0, 10**6), st.integers(1, 60))
def test_a_shot_inside_keeps_its_bits(seed, frames):
    generator = torch.Generator().manual_seed(seed)
    angle, length = 2 * math.pi * torch.rand(2, frames, generator=generator)
    length = length / length.max() * KNEE * LIMIT * 0.9999
    travel = torch.stack((length * angle.cos(), length * angle.sin()), 1)
    assert torch.equal(left(travel), travel)


def test_travel_that_stays_away_goes_back_to_its_place():
    found = left(there())
    assert found.norm(dim=1).max() < 0.4 * LIMIT  # it never reaches the limit on the way
    assert_close(found[-40:], torch.zeros(40, 2, dtype=torch.float64), atol=0.002 * LIMIT, rtol=0)


def test_a_walk_at_constant_speed_leaves_the_head_where_it_is():
    assert_close(left(ramp(100, 2.0)), ramp(100, 0.0), atol=1e-12, rtol=0)


def test_slow_travel_beyond_never_gets_near_the_limit():
    share = torch.linspace(0, 3, 601, dtype=torch.float64)
    kept = torch.stack([left(away.expand(50, 1))[25, 0] for away in share * LIMIT])
    assert kept.max() < 0.82 * LIMIT
    assert torch.equal(kept[share <= KNEE], (share * LIMIT)[share <= KNEE])
    assert_close(kept[share >= FADED_AT], torch.zeros_like(kept[share >= FADED_AT]))
    # no step: w has a slope of at most 1.5 / (b - a)
    steepest = 1 + 1.5 / (FADED_AT - KNEE) * FADED_AT
    assert kept.diff().abs().max() < steepest * LIMIT * 0.005


def test_fast_movement_is_kept_far_from_the_place():
    seconds = torch.arange(200, dtype=torch.float64)[:, None] / FPS
    nods = 0.1 * LIMIT * torch.sin(2 * math.pi * 2.0 * seconds)
    away = left(nods + 5 * LIMIT)
    # a Gaussian lets exp(-2 (pi f sigma)^2) of a wave through
    slow = math.exp(-2 * (math.pi * 2.0 * SLOW_S) ** 2)
    assert slow < 0.001
    assert_close(away[50:150], nods[50:150], atol=0.001 * LIMIT, rtol=0)


@pytest.mark.parametrize("rise_s", [0.5, 1.0, 3.0])
def test_what_is_left_changes_no_faster_than_the_driver(rise_s):
    travel = there(rise_s=rise_s)
    speed = travel.diff(dim=0).norm(dim=1).max()
    # beside that, the head goes back by at most its limit within the time of the fade
    back = LIMIT / (FADE_S * FPS * math.sqrt(2 * math.pi))
    assert left(travel).diff(dim=0).norm(dim=1).max() < speed + back


def test_long_before_and_after_travel_is_as_it_was():
    travel = torch.zeros(400, 1, dtype=torch.float64)
    travel[:, 0] = 0.3 * LIMIT * torch.sin(torch.arange(400) / 20.0)
    away = travel.clone()
    away[180:220] += 4 * LIMIT
    reach = math.ceil(3 * SLOW_S * FPS) + 2 * math.ceil(3 * FADE_S * FPS)
    found = left(away)
    assert torch.equal(found[: 180 - reach], travel[: 180 - reach])
    assert torch.equal(found[220 + reach :], travel[220 + reach :])
    assert not torch.equal(found[150:180], travel[150:180])


def test_each_shot_by_itself():
    inside, away = 0.3 * there(60, at=1.0), there(80)
    both = left(torch.cat((inside, away)), slice(0, 60), slice(60, 140))
    assert torch.equal(both[:60], inside)
    assert torch.equal(both[60:], left(away))


@pytest.mark.parametrize("frames", [1, 2, 5])
def test_a_shot_of_few_frames_away_is_at_its_place(frames):
    found = left(torch.full((frames, 2), 2 * LIMIT, dtype=torch.float64))
    assert_close(found, torch.zeros_like(found))
