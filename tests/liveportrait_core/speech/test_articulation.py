"""Mouths that speak: lips meet in p, b, m, never cross, and chunks are the same as the whole."""

import pytest
import torch

from liveportrait_core.motion.blendshapes import ARKIT_SHAPES
from liveportrait_core.motion.speech_style import SpeechStyle
from liveportrait_core.speech.articulation import MOUTH_SHAPES, articulate, closures
from liveportrait_core.speech.lip_gap import LipGap
from liveportrait_core.speech.visemes import (
    SILENCE,
    STRENGTHS,
    TARGETS,
    VISEMES,
    Phone,
    split_phone,
    without_gaps,
)

LIPS = LipGap()


def drawn_phones(seed: int, count: int = 60) -> tuple[Phone, ...]:
    draw = torch.Generator().manual_seed(seed)
    phones, start_s = [], 0.3
    for _ in range(count):
        length_s = float(0.03 + 0.15 * torch.rand(1, generator=draw))
        viseme = VISEMES[int(torch.randint(len(VISEMES), (1,), generator=draw))]
        phones.append(Phone(viseme=viseme, start_s=start_s, end_s=start_s + length_s))
        start_s += length_s
    return without_gaps(phones, start_s + 0.3)


def num_frames(phones: tuple[Phone, ...]) -> int:
    return int(phones[-1].end_s * 50)


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("opening", [0.4, 1.0, 1.8])
def test_lips_meet_in_every_p_b_m_and_never_cross(seed, opening):
    phones = drawn_phones(seed)
    style = SpeechStyle(opening=opening)
    gap = LIPS.gap_cm(articulate(phones, num_frames(phones), style=style).weights)
    assert gap.min() > -1e-6
    shut = [phone for phone in phones if phone.viseme == "PP"]
    assert shut
    for phone in shut:
        first = int(phone.start_s * 50)
        assert gap[first : int(phone.end_s * 50) + 2].min() < 1e-6


def test_lips_of_another_head_meet_by_its_own_numbers():
    phones = drawn_phones(1)
    wide = LipGap(rest_cm=0.25)
    weights = articulate(phones, num_frames(phones), lips=wide).weights
    assert wide.gap_cm(weights).min().abs() < 1e-6
    assert LIPS.gap_cm(weights).min() < -0.1  # a usual head would bite its lips


@pytest.mark.parametrize("first_frame", [0, 1, 37, 200])
def test_chunks_are_the_same_as_the_whole(first_frame):
    phones = drawn_phones(2)
    whole = articulate(phones, num_frames(phones)).weights
    near = [
        phone
        for phone in phones
        if phone.end_s > first_frame / 50 - 0.9 and phone.start_s < first_frame / 50 + 1.5
    ]
    chunk = articulate(near, 25, first_frame=first_frame).weights
    torch.testing.assert_close(chunk, whole[first_frame : first_frame + 25], rtol=0, atol=1e-6)


def test_silence_is_a_face_at_rest():
    phones = (Phone(viseme=SILENCE, start_s=0, end_s=2),)
    assert articulate(phones, 100).weights.abs().max() == 0
    assert articulate((), 100).weights.abs().max() == 0
    assert articulate((), 0).weights.shape == (0, 52)


def test_a_long_vowel_reaches_its_target_and_style_scales_it():
    phones = without_gaps([Phone(viseme="aa", start_s=1, end_s=2)], 3)
    jaw = articulate(phones, 150).shape("jawOpen")
    # pauses half a second away pull with exp(-.19 / .06) of .7: less than 3 hundredths
    assert jaw[75] == pytest.approx(0.42, abs=0.015)
    wide = articulate(phones, 150, style=SpeechStyle(opening=1.5)).shape("jawOpen")
    assert wide[75] == pytest.approx(1.5 * float(jaw[75]), rel=1e-5)
    loud = articulate(phones, 150, emphasis=[1, 1.2, 1]).shape("jawOpen")
    assert loud[75] == pytest.approx(1.2 * float(jaw[75]), rel=1e-5)


def test_style_and_loudness_open_vowels_and_leave_other_sounds():
    phones = without_gaps([Phone(viseme="LL", start_s=1, end_s=2)], 3)
    jaw = articulate(phones, 150).shape("jawOpen")
    wide = articulate(phones, 150, style=SpeechStyle(opening=1.5), emphasis=[1, 1.5, 1])
    torch.testing.assert_close(wide.shape("jawOpen"), jaw)


def test_rounding_begins_before_its_vowel():
    phones = [
        Phone(viseme="DD", start_s=0.5, end_s=0.6),
        Phone(viseme="uw", start_s=0.6, end_s=0.8),
    ]
    moved = articulate(without_gaps(phones, 1.5), 75)
    assert moved.shape("mouthPucker")[27] > 0.1  # in the middle of the t
    assert moved.known == MOUTH_SHAPES


def test_the_time_of_a_closure_is_that_of_its_sound():
    (phone,) = (Phone(viseme="PP", start_s=1.0, end_s=1.1),)
    times_s = torch.tensor([0.92, 0.96, 0.99, 1.07, 1.095, 1.13], dtype=torch.float64)
    # shut from 10 ms before the sound to 30 ms before its end; 60 ms to shut, 50 ms to open
    expected = torch.tensor([0, 0.5, 1, 1, 0.5, 0], dtype=torch.float64)
    torch.testing.assert_close(closures([phone], times_s), expected)


def test_targets_and_strengths_know_the_same_visemes_and_real_shapes():
    assert set(TARGETS) == set(STRENGTHS)
    named = {name for aims in TARGETS.values() for name in aims}
    assert all(name in ARKIT_SHAPES or name + "Left" in ARKIT_SHAPES for name in named)


def test_phones_cover_a_sound_without_gaps():
    given = [
        Phone(viseme=SILENCE, start_s=0.1, end_s=0.2),
        Phone(viseme="aa", start_s=0.25, end_s=0.4),
        Phone(viseme=SILENCE, start_s=0.4, end_s=0.43),  # too short to be a pause
        Phone(viseme="DD", start_s=0.43, end_s=0.5),
    ]
    covered = without_gaps(given, 1.0)
    assert [(phone.viseme, phone.start_s, phone.end_s) for phone in covered] == [
        (SILENCE, 0.0, 0.25),
        ("aa", 0.25, 0.43),
        ("DD", 0.43, 0.5),
        (SILENCE, 0.5, 1.0),
    ]


def test_diphthongs_are_split_55_to_45():
    first, second = split_phone(("aa", "ih"), 1.0, 2.0)
    assert (first.end_s, second.start_s, second.end_s) == (1.55, 1.55, 2.0)
    assert [phone.viseme for phone in split_phone(("aa",), 1.0, 2.0)] == ["aa"]


def test_a_head_that_mouth_close_cannot_shut_is_refused():
    with pytest.raises(ValueError, match="close_cm is 0"):
        LipGap(close_cm=0)
