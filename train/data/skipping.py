"""Skipping what cannot be read: it is named once, counted, and the next is taken."""

from __future__ import annotations

import multiprocessing
import sys
from collections.abc import Callable
from typing import TypeVar

from liveportrait_core.errors import MediaError

MAX_DAMAGED = 16
"""In a row that may be unreadable; more means that the folder is gone."""
Read = TypeVar("Read")


class Skipping:
    """What of a set could not be read so far, by this process and those forked from it."""

    def __init__(self, what: str, count: int) -> None:
        """Begin with nothing.

        Args:
            what: One of the set, for messages: "clip".
            count: How many there are.
        """
        self._what = what
        self._is_damaged = multiprocessing.Array("b", count)  # in memory that all of them share

    def __len__(self) -> int:
        return sum(self._is_damaged[:])

    def first_readable(
        self, number: int, read: Callable[[int], Read], after: Callable[[int], int]
    ) -> Read:
        """What is read of a number, or of the next one that can be read.

        Convention:
            - what cannot be read is named once on stderr: one damaged file ends no run

        Args:
            number: Which.
            read: Raises MediaError where it cannot be read.
            after: The next number.

        Raises:
            MediaError: Many in a row cannot be read.
        """
        for _ in range(MAX_DAMAGED):
            try:
                return read(number)
            except MediaError as error:
                self._name(number, error)
                number = after(number)
        raise MediaError(
            f"{MAX_DAMAGED} {self._what}s in a row cannot be read; the last are named above. Check "
            "that their folder is still there, and make it anew where it is damaged."
        )

    def _name(self, number: int, error: MediaError) -> None:
        with self._is_damaged.get_lock():  # of several that are read at a time
            if not self._is_damaged[number]:
                self._is_damaged[number] = 1
                line = f"skipped a {self._what} ({len(self)} so far): {error}"
                print(line, file=sys.stderr, flush=True)
