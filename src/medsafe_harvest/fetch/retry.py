"""Try again what may work later; wait as long as the service asks, and say so."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TypeVar

import tenacity

from medsafe_harvest.config import RetrySettings
from medsafe_harvest.errors import RetryableError, ThrottledError
from medsafe_harvest.fetch.clock import Clock

Result = TypeVar("Result")

#: Longest wait that a service's Retry-After is followed for; one who asks for more is down.
_LONGEST_ASKED = 7200.0


@dataclass(slots=True)
class Budget:
    """Seconds that a run may still wait for one provider, all its requests together."""

    waiting: float


@dataclass(frozen=True, slots=True)
class Retry:
    """How one service's requests are tried again.

    Attributes:
        settings: attempts and waits.
        wait_throttled: seconds to wait at least after a throttle.
        budget: of the run; each wait uses it up.
        clock: sleeps and measures the budget.
        jitter: source of the random part of a wait.
        on_wait: told (seconds, why) before each wait.
    """

    settings: RetrySettings
    wait_throttled: float
    budget: Budget
    clock: Clock
    jitter: random.Random
    on_wait: Callable[[float, RetryableError], None]

    def call(self, attempt: Callable[[], Result]) -> Result:
        """The result of the first try that works.

        Raises:
            RetryableError: of the last try, when tries or time are used up.
            FetchError: any other, at once.
        """
        began = self.clock.monotonic()

        def used_up(state: tenacity.RetryCallState) -> bool:
            spent = self.clock.monotonic() - began
            # A wait that would end after the budget is not begun.
            return (
                state.attempt_number >= self.settings.attempts
                or spent + state.upcoming_sleep > self.settings.total
                or state.upcoming_sleep > self.budget.waiting
            )

        def tell(state: tenacity.RetryCallState) -> None:
            self.budget.waiting -= state.upcoming_sleep
            self.on_wait(state.upcoming_sleep, _failure(state))

        trying = tenacity.Retrying(
            retry=tenacity.retry_if_exception_type(RetryableError),
            wait=lambda state: self.delay(state.attempt_number, _failure(state)),
            stop=used_up,
            sleep=self.clock.sleep,
            before_sleep=tell,
            reraise=True,
        )
        return trying(attempt)

    def delay(self, number: int, failure: RetryableError) -> float:
        """Seconds to wait after the try of that number, counted from 1.

        Exponential backoff, half of it random, so that clients do not come back together; a
        throttled service gets at least its own pause, and what it asked for itself.
        """
        settings = self.settings
        ceiling = min(settings.wait_max, settings.wait_initial * 2.0 ** min(number - 1, 30))
        backoff = ceiling * (0.5 + self.jitter.random() / 2)
        asked = failure.retry_after or 0.0
        if isinstance(failure, ThrottledError):
            return max(backoff, asked, self.wait_throttled)
        return max(backoff, asked)


def _failure(state: tenacity.RetryCallState) -> RetryableError:
    assert state.outcome is not None
    failure = state.outcome.exception()
    assert isinstance(failure, RetryableError)
    return failure


def retry_after(value: str | None, now: datetime) -> float | None:
    """Seconds that a ``Retry-After`` header asks for: RFC 9110, 10.2.3, both forms.

    Args:
        value: the header, a number of seconds or an HTTP date.
        now: the moment that a date is relative to.

    Returns:
        Seconds, from 0 to two hours: who asks for more is down. None for no header, or one that
        says neither.
    """
    if value is None:
        return None
    text = value.strip()
    if text.isascii() and text.isdigit():
        return min(float(text), _LONGEST_ASKED)
    moment = http_date(text)
    if moment is None:
        return None
    return min(max((moment - now).total_seconds(), 0.0), _LONGEST_ASKED)


def http_date(value: str | None) -> datetime | None:
    """The moment that an HTTP date names, or None where it names none."""
    if value is None:
        return None
    try:
        moment = parsedate_to_datetime(value)
    except (ValueError, OverflowError):
        return None
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
