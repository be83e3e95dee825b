"""Work in threads beside the caller's, through bounded queues; all of it ends with its caller.

Decoding, pasting and encoding release Python's lock, so they go on while networks compute.
Networks stay in the caller's thread, where gradients, devices and Cancel are decided.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Final, Generic, TypeVar

_Item = TypeVar("_Item")
_Result = TypeVar("_Result")

_POLL_S: Final = 0.2
"""Waiting threads look up so often: on Windows a wait without an end does not hear Ctrl-C."""


def ahead(items: Iterable[_Item], most: int) -> Generator[_Item]:
    """Items that another thread makes ahead of their use.

    `with closing(ahead(VideoReader("me.mp4"), 4)) as frames: ...`

    Convention:
        - nothing runs before the first item is asked for; at most `most` items wait, and one more
          is being made
        - an error comes where the item would come
        - closing, or giving up the last reference, stops the thread after the item it is at

    Args:
        items: What is made; iterated, and closed, in the other thread alone.
        most: 1 or more.
    """
    made: _Queue[_Item] = _Queue(most)

    def fill() -> None:
        iterator = iter(items)
        try:
            for item in iterator:
                if not made.put(item):
                    break
        except BaseException as error:  # noqa: BLE001 - raised again where the item would come
            made.end(error)
        finally:
            _close(iterator)
            made.end()

    thread = threading.Thread(target=fill, name="liveportrait-ahead", daemon=True)
    thread.start()
    try:
        yield from made.items()
    finally:
        made.stop()
        thread.join()


def done_behind(
    work: Callable[[_Item], _Result], items: Iterable[_Item], most: int
) -> Generator[_Result]:
    """`work` on every item, in order, in another thread, while the caller's makes further items.

    `with closing(done_behind(paste, faces, 2)) as frames: ...`

    Convention:
        - up to `most` items are made before the first result comes
        - an error of an item comes at once; results that wait are given up with it

    Args:
        work: Called in one other thread, one item at a time.
        items: Iterated in the caller's thread.
        most: 1 or more.
    """
    pool = ThreadPoolExecutor(1, thread_name_prefix="liveportrait-behind")
    waiting: deque[Future[_Result]] = deque()
    iterator = iter(items)
    try:
        for item in iterator:
            waiting.append(pool.submit(work, item))
            if len(waiting) > most:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    finally:
        _close(iterator)
        pool.shutdown(wait=True, cancel_futures=True)


class Behind(Generic[_Item]):
    """Takes items one after another and works on them in another thread.

    `behind = Behind(encode, 8)`; `behind.put(frame)` again and again; `behind.finish()`
    """

    def __init__(self, work: Callable[[_Item], object], most: int) -> None:
        """The thread begins with the first item.

        Args:
            work: Called in the other thread, one item at a time, in order.
            most: Items that wait at most, 1 or more; `put` waits for room.
        """
        self._work = work
        self._waiting: _Queue[_Item] = _Queue(most)
        self._error: BaseException | None = None
        self._thread: threading.Thread | None = None

    def put(self, item: _Item) -> None:
        """Take an item.

        Raises:
            BaseException: What the work on an earlier item raised.
        """
        if self._thread is None:
            self._thread = threading.Thread(
                target=self._run, name="liveportrait-behind", daemon=True
            )
            self._thread.start()
        if not self._waiting.put(item):
            self._raise()

    def finish(self) -> None:
        """Wait until the work on all items is done.

        Raises:
            BaseException: What the work on one of them raised.
        """
        self._waiting.end()
        self._join()
        self._raise()

    def stop(self) -> None:
        """Give up what waits, and wait for the item that is worked on; never an error."""
        self._waiting.stop()
        self._join()

    def _run(self) -> None:
        try:
            for item in self._waiting.items():
                self._work(item)
        except BaseException as error:  # noqa: BLE001 - raised again in the caller's thread
            self._error = error
            self._waiting.stop()

    def _join(self) -> None:
        while self._thread is not None and self._thread.is_alive():
            self._thread.join(_POLL_S)

    def _raise(self) -> None:
        error, self._error = self._error, None
        if error is not None:
            raise error


class _Queue(Generic[_Item]):
    """A bounded queue with an end, which either side can stop."""

    def __init__(self, most: int) -> None:
        if most < 1:
            raise ValueError(f"The queue holds {most} items; 1 or more is expected. Give 4, say.")
        self._most = most
        self._waiting: deque[_Item] = deque()
        self._changed = threading.Condition()
        self._ended = self._stopped = False
        self._error: BaseException | None = None

    def put(self, item: _Item) -> bool:
        """Add an item as soon as there is room; False once it is stopped."""
        with self._changed:
            while len(self._waiting) >= self._most and not self._stopped:
                self._changed.wait(_POLL_S)
            if self._stopped:
                return False
            self._waiting.append(item)
            self._changed.notify_all()
            return True

    def end(self, error: BaseException | None = None) -> None:
        """No items come any more; the first end counts."""
        with self._changed:
            if not self._ended:
                self._ended, self._error = True, error
            self._changed.notify_all()

    def stop(self) -> None:
        """Give up what waits, and let nobody wait."""
        with self._changed:
            self._stopped = True
            self._waiting.clear()
            self._changed.notify_all()

    def items(self) -> Iterator[_Item]:
        """The items as they come, to the end; the error that ended them is raised."""
        while True:
            with self._changed:
                while not (self._waiting or self._ended or self._stopped):
                    self._changed.wait(_POLL_S)
                if self._stopped:
                    return
                if not self._waiting:
                    break
                item = self._waiting.popleft()
                self._changed.notify_all()
            yield item
        error, self._error = self._error, None
        if error is not None:
            raise error


def _close(iterator: object) -> None:
    """Close a generator; other iterators have nothing to close."""
    close: Callable[[], None] | None = getattr(iterator, "close", None)
    if close is not None:
        close()
