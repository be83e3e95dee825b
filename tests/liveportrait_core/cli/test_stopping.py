"""A request to end is not lost, wherever it comes."""

import signal
import sys
import time
import weakref
from contextlib import suppress

import pytest

from liveportrait_core.cli.stopping import stopped_by_signals

SIGNALS = pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])


class Thing:
    pass


@SIGNALS
def test_it_is_an_interrupt(number):
    with pytest.raises(KeyboardInterrupt), stopped_by_signals():
        signal.raise_signal(number)


@SIGNALS
def test_one_that_python_ignores_comes_again(number):
    """As while modules load, whose locks are cleared away by callbacks."""
    things, cleared = [Thing()], []

    def clear(_):
        cleared.append(True)
        signal.raise_signal(number)

    watched = weakref.ref(things[0], clear)
    with stopped_by_signals():
        things.clear()
        assert cleared
        assert watched() is None
        with pytest.raises(KeyboardInterrupt):
            time.sleep(10)


def test_one_that_a_module_takes_for_another_error_is_found_behind_it():
    with stopped_by_signals() as stopping:
        stopping.check()
        with suppress(BaseException):
            signal.raise_signal(signal.SIGTERM)
        with pytest.raises(KeyboardInterrupt):
            stopping.check()


def test_all_is_as_before_afterwards():
    before = signal.getsignal(signal.SIGTERM), signal.getsignal(signal.SIGINT), sys.unraisablehook
    with stopped_by_signals():
        assert signal.getsignal(signal.SIGTERM) != before[0]
    after = signal.getsignal(signal.SIGTERM), signal.getsignal(signal.SIGINT), sys.unraisablehook
    assert after == before
