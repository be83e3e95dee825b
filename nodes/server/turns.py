"""Whose turn it is: of each sender the newest request counts, and one at a time runs."""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Final, Generic, TypeVar

Result = TypeVar("Result")
MOST_SENDERS: Final = 256
WHILE_RUNNING_S: Final = 1.0
"""Between two previews while a prompt runs: they slow each other down."""
LOOK_EVERY_S: Final = 0.05


class Turns(Generic[Result]):
    """Runs jobs of many senders in one thread; what is not the newest of its sender is left out.

    `answer = await turns.run("node 3", job)`; None where a newer one came meanwhile.
    """

    def __init__(self, busy: Callable[[], bool]) -> None:
        """No thread yet.

        Args:
            busy: Whether a prompt runs.
        """
        self._busy = busy
        self._newest: OrderedDict[str, int] = OrderedDict()
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="liveportrait-preview")
        self._last_s = 0.0

    async def run(self, sender: str, job: Callable[[], Result]) -> Result | None:
        """What the job gives; None where the sender has asked for another one."""
        number = self._newest.get(sender, 0) + 1
        self._newest[sender] = number
        self._newest.move_to_end(sender)
        while len(self._newest) > MOST_SENDERS:
            self._newest.popitem(last=False)
        while self._busy() and time.monotonic() - self._last_s < WHILE_RUNNING_S:
            if not self._counts(sender, number):
                return None
            await asyncio.sleep(LOOK_EVERY_S)

        def in_turn() -> Result | None:
            return job() if self._counts(sender, number) else None

        try:
            return await asyncio.get_running_loop().run_in_executor(self._pool, in_turn)
        finally:
            self._last_s = time.monotonic()

    def _counts(self, sender: str, number: int) -> bool:
        return self._newest.get(sender) == number
