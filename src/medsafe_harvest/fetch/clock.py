"""Time as an argument, so that a test of an hour's waiting takes no time."""

from __future__ import annotations

import threading
import time
from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    """What the fetcher needs of time."""

    def now(self) -> datetime:
        """The wall clock, aware, in UTC."""

    def monotonic(self) -> float:
        """Seconds that never run backwards."""

    def sleep(self, seconds: float) -> None:
        """Wait."""


class StoppedError(Exception):
    """A wait was cut short, since the work it belongs to is to end."""


class StoppableClock:
    """Another clock, whose waits end when an event is set.

    Args:
        clock: tells the time and sleeps.
        stop: looked at once a second.
    """

    def __init__(self, clock: Clock, stop: threading.Event) -> None:
        self.now = clock.now
        self.monotonic = clock.monotonic
        self._sleep = clock.sleep
        self._stop = stop

    def sleep(self, seconds: float) -> None:
        """Wait.

        Raises:
            StoppedError: the event is set.
        """
        left = seconds
        while left > 0:
            if self._stop.is_set():
                raise StoppedError
            self._sleep(min(left, 1.0))
            left -= 1.0


class SystemClock:
    """The machine's own clocks."""

    def now(self) -> datetime:
        """The wall clock in UTC."""
        return datetime.now(UTC)

    def monotonic(self) -> float:
        """Seconds since some fixed moment."""
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        """Wait."""
        time.sleep(seconds)
