"""Texts that a user writes, in one form of each letter."""

from __future__ import annotations

import unicodedata
from types import MappingProxyType
from typing import Final

_SAME: Final = MappingProxyType(
    {
        0x2018: "'",
        0x2019: "'",
        0x2010: "-",
        0x2011: "-",
        0x2012: "-",
        0x2013: "-",
        0x2014: "-",
        0x2212: "-",
    }
)
"""Quotation marks, dashes and the minus sign, as keyboards have them."""


def plain_text(text: str) -> str:
    """A text with letters, digits and signs of full width as those of usual width.

    `plain_text("\uff11\uff05")` is "1%"

    Convention:
        - Unicode's form NFKC; dashes and quotation marks are those of a keyboard, Chinese full
          stops and enumeration commas stay
    """
    return unicodedata.normalize("NFKC", text).translate(_SAME)
