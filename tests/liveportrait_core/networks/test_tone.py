"""Pictures of one tone stay so; pictures in colour keep every bit."""

from dataclasses import replace

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from liveportrait_core.networks.build import build
from liveportrait_core.networks.compact.tone import Tone
from liveportrait_core.preset import COMPACT

TONES = st.tuples(*[st.floats(0.6, 1.0)] * 3)


def random(*shape, seed=0):
    return torch.rand(*shape, generator=torch.Generator().manual_seed(seed))


def toned(tone, size=32, seed=0):
    return random(1, 1, size, size, seed=seed) * torch.tensor(tone).view(3, 1, 1)


@settings(max_examples=25, deadline=None)
@given(TONES, st.integers(0, 9))
def test_colours_painted_into_a_toned_picture_take_its_tone(tone, seed):
    source, painted = toned(tone), random(1, 3, 16, 16, seed=seed)
    found = Tone.of(source)
    assert found.weight.item() == 1
    result = found.applied(painted)
    luminance = (result / torch.tensor(tone).view(3, 1, 1)).clamp(0, 1)
    inside = (result < 0.99).all(1, keepdim=True) & (result > 0.01).all(1, keepdim=True)
    assert ((luminance.amax(1) - luminance.amin(1)) * inside[:, 0]).max() < 2 / 255


def test_grey_stays_grey_to_the_last_level():
    result = Tone.of(toned((1.0, 1.0, 1.0))).applied(random(1, 3, 16, 16, seed=1))
    assert (result.amax(1) - result.amin(1)).max() < 0.5 / 255


def test_luminance_is_kept():
    painted = random(1, 3, 16, 16, seed=2)
    result = Tone.of(toned((1.0, 1.0, 1.0))).applied(painted)
    weights = torch.tensor((0.299, 0.587, 0.114)).view(3, 1, 1)
    torch.testing.assert_close(result.mean(1), (painted * weights).sum(1))


def test_light_on_a_grey_picture_has_no_colour():
    light = random(1, 6, 4, 4, seed=3) - 0.5
    gain, offset = Tone.of(toned((1.0, 1.0, 1.0))).relit(light).chunk(2, 1)
    for part, before in ((gain, light[:, :3]), (offset, light[:, 3:])):
        torch.testing.assert_close(part, before.mean(1, keepdim=True).expand_as(part))


@pytest.mark.parametrize("noise", [0.0, 0.02])
def test_pictures_in_colour_are_left_alone_beside_grey_ones(noise):
    grey = toned((1.0, 1.0, 1.0))
    two_colours = torch.cat((0.6 * grey[:, :1], 0.3 * grey[:, :1].flip(-1), 0.2 * grey[:, :1]), 1)
    colour = (two_colours + noise * random(*two_colours.shape, seed=5)).clamp(0, 1)
    tone = Tone.of(torch.cat((grey, colour)))
    assert tone.weight.flatten().tolist() == [1, 0]
    painted, light = random(2, 3, 8, 8, seed=6), random(2, 6, 4, 4, seed=7)
    assert torch.equal(tone.applied(painted)[1], painted[1])
    assert torch.equal(tone.relit(light)[1], light[1])


def test_grain_of_a_grey_picture_is_no_colour():
    grain = (random(1, 3, 32, 32, seed=8) - 0.5) * 4 / 255  # a deviation of 1.2 of 255
    assert Tone.of((toned((1.0, 1.0, 1.0)) + grain).clamp(0, 1)).weight.item() == 1


@pytest.mark.parametrize("value", [0.0, 0.4, 1.0])
def test_a_blank_picture_has_a_tone_of_finite_numbers(value):
    tone = Tone.of(torch.full((1, 3, 8, 8), value))
    assert torch.isfinite(tone.applied(random(1, 3, 8, 8))).all()


@torch.no_grad()
def test_a_network_that_paints_in_colour_paints_a_grey_source_in_grey():
    torch.manual_seed(0)
    networks = build(replace(COMPACT, width=0.25, blocks=0))
    for bias in (networks["decoder"].out.bias, networks["decoder"].relight.bias):
        bias.copy_(torch.randn_like(bias))
    keypoints = random(1, 21, 3, seed=9) - 0.5

    def spread(face):
        volume = networks["appearance"](face)
        painted = networks["decoder"](networks["warping"](volume, keypoints, keypoints + 0.1))
        return (painted.amax(1) - painted.amin(1)).max().item()

    grey = toned((1.0, 1.0, 1.0), size=128)
    assert spread(grey) < 1 / 255
    assert spread(random(1, 3, 128, 128, seed=4)) > 0.1
