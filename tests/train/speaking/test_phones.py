"""Sounds of the synthesizers become visemes."""

import pytest

from liveportrait_core.speech.visemes import SILENCE, VISEMES
from train.speaking.phones import (
    ARPABET,
    ESPEAK,
    espeak_visemes,
    visemes_of_arpabet,
    visemes_of_espeak,
)


def test_tables_lead_to_visemes_that_exist():
    assert {viseme for row in (*ARPABET.values(), *ESPEAK.values()) for viseme in row} <= set(
        VISEMES
    )


@pytest.mark.parametrize(
    ("mnemonic", "visemes"),
    [
        ("m", ("PP",)),
        ("eI", ("EH", "ih")),
        ("i:", ("iy",)),
        ("A~", ("aa",)),  # a French nasal
        ("@L", ("LL",)),
        ("ts.h", ("SS", "KK")),  # Mandarin c
        ("ong", ("oh", "DD", "KK")),
        ("pF", ("PP", "FF")),  # German pf
        ("tS;", ("CH",)),
        (";", ()),
        ("?", ()),
        ("%%x1", ("KK",)),
        ("8:8", ("ax",)),
    ],
)
def test_a_mnemonic_is_known_whole_or_by_its_letters(mnemonic, visemes):
    assert espeak_visemes(mnemonic) == visemes


def test_pauses_and_marks_of_espeak():
    phones = visemes_of_espeak(
        [("(en)", 0, 0.1), ("_:", 0.1, 0.3), ("b", 0.3, 0.4), (";", 0.4, 0.45), ("e", 0.45, 0.6)]
    )
    assert [(phone.viseme, phone.start_s, phone.end_s) for phone in phones] == [
        (SILENCE, 0.1, 0.3),
        ("PP", 0.3, 0.45),
        ("EH", 0.45, 0.6),
    ]


def test_arpabet_in_any_case_and_with_stress():
    phones = visemes_of_arpabet([("HH", 0, 0.1), ("AY1", 0.1, 0.3), ("SIL", 0.3, 0.5)])
    assert [phone.viseme for phone in phones] == ["KK", "aa", "ih", SILENCE]
