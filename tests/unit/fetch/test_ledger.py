from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta

from hypothesis import given
from hypothesis import strategies as st

from medsafe_harvest.fetch import ledger
from medsafe_harvest.fetch.ledger import FULL
from medsafe_harvest.fetch.rawindex import WindowRecord
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
    began = START + timedelta(days=draw(st.integers(0, 120)))
    return WindowRecord(
        source="fake",
        query="q",
        query_digest="d",
        window=draw(windows()),
        outcome=draw(st.sampled_from(OUTCOMES)),
        began_at=datetime.combine(began, time(23, 59), UTC),
        # A window that took long is known as it was at its first page.
        finished_at=datetime.combine(began + timedelta(days=1), time(6), UTC),
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
    def settles(record: WindowRecord, day: date) -> bool:
        over = (record.began_at.date() - (day + timedelta(days=1))).days
        held = day in days(record.window) and record.outcome in FULL
        return held and over >= max(overlap, slow_days.get(day, 0))

    def is_settled(day: date) -> bool:
        own = [record for record in records if settles(record, day)]
        nothing = {record.began_at.date() for record in own if record.outcome == "empty"}
        return len(nothing) > 1 or any(record.outcome == "complete" for record in own)

    state = ledger.state(wanted, records, overlap_days=overlap, slow_days=slow_days)
    found = ledger.missing(state, window_days=longest)
    asked = [day for window in found for day in sorted(days(window))]
    assert asked == sorted(day for day in days(wanted) if not is_settled(day))
    for window in found:
        first = (window.since - wanted.since).days // longest
        assert (window.until - wanted.since).days // longest == first


@given(windows(), st.lists(attempts(), max_size=8))
def test_the_watermark_is_never_beyond_an_incomplete_day(
    wanted: Window, records: list[WindowRecord]
) -> None:
    state = ledger.state(wanted, records, overlap_days=7)
    full = {day for one in records if one.outcome in FULL for day in days(one.window)}
    gaps = {day for gap in state.gaps for day in days(gap.window)}
    assert gaps == days(wanted) - full
    if state.watermark is None:
        assert wanted.since in gaps
    else:
        assert days(Window(wanted.since, state.watermark)) <= full
        assert state.watermark == wanted.until or state.watermark + timedelta(days=1) in gaps


def test_a_gap_says_how_the_latest_attempt_at_it_ended() -> None:
    day = Window(START, START)
    outcomes = ["throttled", "short"]
    records = [
        WindowRecord(
            source="fake",
            query="q",
            query_digest="d",
            window=day,
            outcome=outcome,
            message=outcome,
            began_at=datetime(2024, 2, number, tzinfo=UTC),
            finished_at=datetime(2024, 2, number, tzinfo=UTC),
        )
        for number, outcome in enumerate(outcomes, 1)
    ]
    state = ledger.state(day, records, overlap_days=7)
    assert [(gap.window, gap.outcome, gap.is_partial) for gap in state.gaps] == [
        (day, "short", True)
    ]
    assert not ledger.state(day, [], overlap_days=7).gaps[0].is_partial
