import threading
import time
from contextlib import closing

import pytest

from liveportrait_core.background import Behind, ahead, done_behind

WAIT_S = 10


def waited(condition):
    """Whether a condition comes true in time."""
    end = time.monotonic() + WAIT_S
    while not condition() and time.monotonic() < end:
        time.sleep(0.001)
    return condition()


def ours():
    return [one for one in threading.enumerate() if one.name.startswith("liveportrait")]


@pytest.fixture(autouse=True)
def _no_thread_is_left():
    yield
    assert waited(lambda: not ours())


@pytest.mark.parametrize("most", [1, 3, 100])
def test_the_items_come_in_order_and_all(most):
    assert list(ahead(range(50), most)) == list(range(50))
    assert list(done_behind(str, range(50), most)) == [str(number) for number in range(50)]
    done = []
    behind = Behind(done.append, most)
    for number in range(50):
        behind.put(number)
    behind.finish()
    assert done == list(range(50))


def test_nothing_gives_nothing():
    assert list(ahead((), 1)) == list(done_behind(str, (), 1)) == []
    Behind(str, 1).finish()
    Behind(str, 1).stop()


def test_no_more_items_are_made_than_may_wait():
    made = []

    def items():
        for number in range(100):
            made.append(number)
            yield number

    with closing(ahead(items(), 4)) as numbers:
        assert made == []  # not before the first is asked for
        assert next(numbers) == 0
        assert waited(lambda: len(made) == 6)  # that one, four that wait, one that is put
        time.sleep(0.02)
        assert len(made) == 6


def test_the_work_is_done_in_one_other_thread_and_the_items_in_ours():
    def items():
        for _ in range(5):
            yield threading.get_ident()

    pairs = list(done_behind(lambda ident: (ident, threading.get_ident()), items(), 2))
    assert {ident for ident, _ in pairs} == {threading.get_ident()}
    (other,) = {worker for _, worker in pairs}
    assert other != threading.get_ident()


def test_items_are_made_while_the_work_goes_on():
    both = threading.Barrier(2, timeout=WAIT_S)  # the second item is made during the first's work

    def items():
        yield 0
        both.wait()
        yield 1

    def work(number):
        if number == 0:
            both.wait()
        return number

    assert list(done_behind(work, items(), 2)) == [0, 1]


def failing(after):
    yield from range(after)
    raise RuntimeError("broken")


@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt])
def test_an_error_comes_where_its_item_would(error):
    def items():
        yield from range(3)
        raise error

    got = []
    with pytest.raises(error):  # noqa: PT012
        for number in ahead(items(), 8):
            got.append(number)
    assert got == [0, 1, 2]


def test_an_error_of_the_work_or_of_the_items_ends_both():
    with pytest.raises(ZeroDivisionError):
        list(done_behind(lambda number: 1 // number, range(5), 2))
    with pytest.raises(RuntimeError, match="broken"):
        list(done_behind(str, failing(3), 2))


def test_an_error_behind_is_raised_at_the_next_item_or_at_the_end():
    behind = Behind(lambda number: 1 // number, 2)
    behind.put(0)
    with pytest.raises(ZeroDivisionError):
        behind.finish()
    behind = Behind(lambda number: 1 // number, 1)
    with pytest.raises(ZeroDivisionError):  # noqa: PT012
        for number in range(1000):
            behind.put(number)
    behind.stop()


def test_closing_ends_the_thread_and_the_items_at_once():
    ended = threading.Event()

    def items():
        try:
            yield from iter(int, 1)  # 0 without an end
        finally:
            ended.set()

    with closing(ahead(items(), 2)) as numbers:
        next(numbers)
    assert ended.is_set()
    assert not ours()
    ended.clear()
    with closing(done_behind(str, items(), 2)) as texts:
        next(texts)
    assert ended.is_set()


def test_what_waits_is_given_up_when_the_work_is_stopped():
    begun, go_on = threading.Event(), threading.Event()
    done = []

    def work(number):
        begun.set()
        go_on.wait(WAIT_S)
        done.append(number)

    behind = Behind(work, 4)
    for number in range(4):
        behind.put(number)
    assert begun.wait(WAIT_S)
    stopping = threading.Thread(target=behind.stop)
    stopping.start()
    go_on.set()
    stopping.join(WAIT_S)
    assert 0 in done
    assert not ours()


def test_a_queue_without_room_is_refused():
    with pytest.raises(ValueError, match="1 or more is expected"):
        Behind(str, 0)
