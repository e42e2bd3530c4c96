from __future__ import annotations

import random
from datetime import timedelta
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from medsafe_harvest.config import RetrySettings
from medsafe_harvest.errors import RefusedError, RetryableError, ThrottledError, UnavailableError
from medsafe_harvest.fetch.retry import Budget, Retry, retry_after

from .conftest import NOW, FakeClock


def retry(clock: FakeClock, told: list[float], **settings: float) -> Retry:
    return Retry(
        RetrySettings.model_validate(settings),
        600.0,
        Budget(10_000.0),
        clock,
        random.Random(1),
        lambda seconds, _: told.append(seconds),
    )


def test_waits_come_out_of_what_the_whole_run_may_wait() -> None:
    clock, tries = FakeClock(), list[int]()
    budget = Budget(700.0)
    patient = Retry(
        RetrySettings(attempts=9), 600.0, budget, clock, random.Random(1), lambda *_: None
    )
    for _ in range(2):
        with pytest.raises(ThrottledError):
            patient.call(lambda: fail(ThrottledError("429"), tries))
    assert clock.slept == [600.0]
    assert (len(tries), budget.waiting) == (3, 100.0)


def fail(error: Exception, tries: list[int]) -> None:
    tries.append(1)
    raise error


def test_attempts_are_counted_and_the_cause_is_raised() -> None:
    clock, told, tries = FakeClock(), list[float](), list[int]()
    error = UnavailableError("down")
    with pytest.raises(UnavailableError) as caught:
        retry(clock, told, attempts=4, wait_initial=8, wait_max=20).call(lambda: fail(error, tries))
    assert caught.value is error
    assert len(tries) == 4
    assert told == clock.slept
    assert all(low / 2 <= wait <= low for wait, low in zip(told, (8, 16, 20), strict=True))


def test_a_terminal_error_is_tried_once() -> None:
    clock, tries = FakeClock(), list[int]()
    with pytest.raises(RefusedError):
        retry(clock, []).call(lambda: fail(RefusedError("bad query"), tries))
    assert (len(tries), clock.slept) == (1, [])


def test_a_wait_that_would_end_after_the_budget_is_not_begun() -> None:
    clock, tries = FakeClock(), list[int]()
    with pytest.raises(ThrottledError):
        retry(clock, [], attempts=9, total=1300).call(lambda: fail(ThrottledError("429"), tries))
    assert clock.slept == [600.0, 600.0]


@pytest.mark.parametrize(
    ("error", "least"),
    [
        (ThrottledError("429"), 600.0),
        (ThrottledError("429", retry_after=900), 900.0),
        (UnavailableError("503", retry_after=50), 50.0),
    ],
)
def test_a_wait_is_as_long_as_the_service_asks_within_reason(
    error: RetryableError, least: float
) -> None:
    assert retry(FakeClock(), []).delay(1, error) == least


@given(st.integers(min_value=0, max_value=10**12))
def test_seconds_are_read_as_they_are_up_to_two_hours(seconds: int) -> None:
    assert retry_after(f" {seconds:05d} ", NOW) == min(seconds, 7200)


@given(st.integers(min_value=-(10**8), max_value=10**8))
def test_a_date_is_relative_and_never_negative(seconds: int) -> None:
    text = format_datetime(NOW + timedelta(seconds=seconds), usegmt=True)
    assert retry_after(text, NOW) == min(max(seconds, 0), 7200)


@given(st.text())
def test_garbage_asks_for_nothing_or_some_seconds(text: str) -> None:
    asked = retry_after(text, NOW)
    assert asked is None or asked >= 0


@pytest.mark.parametrize("text", [None, "", "soon", "-5", "1.5", "٣", "Mon, 99 Foo 2025"])
def test_what_is_neither_seconds_nor_a_date_is_ignored(text: str | None) -> None:
    assert retry_after(text, NOW) is None
