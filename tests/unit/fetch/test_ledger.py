from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta

from hypothesis import given
from hypothesis import strategies as st

from medsafe_harvest.fetch.ledger import FULL, missing
from medsafe_harvest.fetch.rawstore import WindowRecord
from medsafe_harvest.sources.base import Window

START = date(2024, 1, 1)
OUTCOMES = ["complete", "empty", "short", "throttled", "too_large"]


def days(window: Window) -> set[date]:
    return {window.since + timedelta(days=number) for number in range(window.days)}


@st.composite
def windows(draw: st.DrawFn) -> Window:
    since = START + timedelta(days=draw(st.integers(0, 60)))
    return Window(since, since + timedelta(days=draw(st.integers(0, 40))))


@st.composite
def attempts(draw: st.DrawFn) -> WindowRecord:
    finished = START + timedelta(days=draw(st.integers(0, 120)))
    return WindowRecord(
        source="fake",
        query="q",
        query_digest="d",
        window=draw(windows()),
        outcome=draw(st.sampled_from(OUTCOMES)),
        finished_at=datetime.combine(finished, time(23, 59), UTC),
    )


slow = st.dictionaries(
    st.integers(0, 100).map(lambda number: START + timedelta(days=number)),
    st.integers(0, 60),
    max_size=4,
)


@given(windows(), st.lists(attempts(), max_size=8), st.integers(0, 9), st.integers(1, 30), slow)
def test_missing_are_exactly_the_unsettled_days_in_aligned_pieces(
    wanted: Window,
    records: list[WindowRecord],
    overlap: int,
    longest: int,
    slow_days: dict[date, int],
) -> None:
    settled = {
        day
        for record in records
        if record.outcome in FULL
        for day in days(record.window)
        if (record.finished_at.date() - (day + timedelta(days=1))).days
        >= max(overlap, slow_days.get(day, 0))
    }
    found = missing(wanted, records, overlap_days=overlap, window_days=longest, slow_days=slow_days)
    asked = [day for window in found for day in sorted(days(window))]
    assert asked == sorted(days(wanted) - settled)
    for window in found:
        first = (window.since - wanted.since).days // longest
        assert (window.until - wanted.since).days // longest == first
