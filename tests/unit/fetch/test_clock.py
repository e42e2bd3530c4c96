from __future__ import annotations

import threading

import pytest

from medsafe_harvest.fetch.clock import StoppableClock, StoppedError

from .conftest import FakeClock


def test_a_wait_lasts_as_long_as_it_should() -> None:
    clock = FakeClock()
    began = clock.monotonic()
    StoppableClock(clock, threading.Event()).sleep(12.5)
    assert clock.monotonic() - began == 12.5


def test_a_wait_ends_when_the_work_is_to_end() -> None:
    clock, stop = FakeClock(), threading.Event()
    stop.set()
    began = clock.monotonic()
    with pytest.raises(StoppedError):
        StoppableClock(clock, stop).sleep(600)
    assert clock.monotonic() == began
