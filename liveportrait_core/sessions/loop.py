"""A live session that runs: frames come as they come, the newest is drawn, and time is kept."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from threading import Condition, Event, Thread
from typing import Final, Generic, TypeVar

from ..media.feeds import Clock, FeedFrame
from .live import LiveFrame, LiveSession

Item = TypeVar("Item")

REMEMBERED: Final = 100
"""Pictures that latency and rate are measured over."""
CLOSE_S: Final = 1.0
"""For a camera to be given back."""
LOOK_S: Final = 0.1
"""Between two looks at whether the loop is to end."""


class Newest(Generic[Item]):
    """A place for one thing between two threads: the newest wins.

    One thread puts, another takes; what nobody took in time is counted.
    """

    def __init__(self) -> None:
        """Nothing is there."""
        self._condition = Condition()
        self._items: list[Item] = []
        self._is_closed = False
        self.num_dropped = 0
        """Things that a newer one took the place of."""

    def put(self, item: Item) -> None:
        """Put a thing in the place of the one before."""
        with self._condition:
            self.num_dropped += len(self._items)
            self._items = [item]
            self._condition.notify()

    def take(self, timeout_s: float) -> Item | None:
        """The newest thing, which is then gone; None where none came in time or will come."""
        with self._condition:
            self._condition.wait_for(lambda: self._items or self._is_closed, timeout_s)
            return self._items.pop() if self._items else None

    def close(self) -> None:
        """Nothing more will come."""
        with self._condition:
            self._is_closed = True
            self._condition.notify()

    @property
    def is_over(self) -> bool:
        """Whether nothing is there, and nothing will come."""
        with self._condition:
            return self._is_closed and not self._items


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveRate:
    """How live a session is, over the last pictures."""

    fps: float
    """Pictures per second."""
    p50_ms: float
    """From frame to picture, median."""
    p95_ms: float
    """Likewise what 95 of 100 stay below."""
    num_dropped: int
    """Frames that were left out because a newer one was there, since the beginning."""


class RateMeter:
    """Measures when pictures come, and how late: `meter.add(taken_s, shown_s)`."""

    def __init__(self) -> None:
        """Nothing is measured."""
        self._late_s: deque[float] = deque(maxlen=REMEMBERED)
        self._shown_s: deque[float] = deque(maxlen=REMEMBERED)

    def add(self, taken_s: float, shown_s: float) -> None:
        """Take one picture, by one clock."""
        self._late_s.append(shown_s - taken_s)
        self._shown_s.append(shown_s)

    def rate(self, num_dropped: int = 0) -> LiveRate:
        """What was measured; zeros before the first picture."""
        late = sorted(self._late_s) or [0.0]
        passed_s = self._shown_s[-1] - self._shown_s[0] if self._shown_s else 0.0
        return LiveRate(
            fps=(len(self._shown_s) - 1) / passed_s if passed_s > 0 else 0.0,
            p50_ms=1000 * late[len(late) // 2],
            p95_ms=1000 * late[min(len(late) - 1, int(0.95 * len(late)))],
            num_dropped=num_dropped,
        )


@dataclass(slots=True)
class LiveLoop:
    """Runs a session on frames that come in real time.

    `for made, shown in LiveLoop(session, camera_feed(0)): ...`, which ends with the feed or with
    `stop.set()`

    Convention:
        - the feed is read in a thread of its own, so that a slow session leaves frames out instead
          of falling behind
        - while `is_paused` frames are let go, and count as neither drawn nor left out
        - how late a picture is counts until the caller asks for the next one
    """

    session: LiveSession
    feed: Iterable[FeedFrame]
    clock: Clock = time.monotonic
    face_px: int | None = None
    """As in `PortraitSession.frame`."""
    is_paused: bool = False
    stop: Event = field(default_factory=Event)
    _newest: Newest[FeedFrame] = field(default_factory=Newest[FeedFrame])
    _meter: RateMeter = field(default_factory=RateMeter)
    _error: list[BaseException] = field(default_factory=list[BaseException])

    @property
    def rate(self) -> LiveRate:
        """How live it is at the moment."""
        return self._meter.rate(self._newest.num_dropped)

    def __iter__(self) -> Iterator[tuple[LiveFrame, FeedFrame]]:
        """Each picture with the frame that it was made of.

        Raises:
            MediaError: The feed broke.
        """
        reader = Thread(target=self._read, daemon=True, name="live feed")
        reader.start()
        try:
            while not self.stop.is_set() and not self._newest.is_over:
                frame = self._newest.take(LOOK_S)
                if frame is None:
                    continue
                made = self.session.frame(frame.picture, frame.time_s, face_px=self.face_px)
                yield made, frame
                self._meter.add(frame.taken_s, self.clock())
        finally:
            self.stop.set()
            reader.join(CLOSE_S)
        if self._error:
            raise self._error[0]

    def _read(self) -> None:
        try:
            for frame in self.feed:
                if self.stop.is_set():
                    break
                if not self.is_paused:
                    self._newest.put(frame)
        except BaseException as error:  # noqa: BLE001 - it is raised again where it is seen
            self._error.append(error)
        finally:
            self._newest.close()
            close = getattr(self.feed, "close", None)
            if close is not None:
                close()
