"""What is complete, and what is missing: arithmetic over the days of windows.

A day is *complete* for a question when a complete window that holds it was fetched. It is *settled*
when that was at least the overlap after the day had ended: papers reach a service days after their
date. All days that are not settled are asked for again. So a night that failed, a week without
power and last night's late arrivals are the same thing, and heal the same way.

Nothing found is doubted: services sometimes give a valid answer without papers although there are
some. A day without papers is settled when attempts on two days found none.

The *watermark* is the last day before which no day is incomplete.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from types import MappingProxyType

from medsafe_harvest.fetch.rawindex import WindowRecord
from medsafe_harvest.sources.base import Completeness, Window

_DAY = timedelta(days=1)
#: Outcomes after which all papers of a window were received.
FULL = frozenset((Completeness.COMPLETE.value, Completeness.EMPTY.value))
_NONE: Mapping[date, int] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Gap:
    """Days that were never received completely."""

    window: Window
    #: Outcome of the latest attempt at any of the days, or ``not_asked``.
    outcome: str
    message: str

    @property
    def is_partial(self) -> bool:
        """Whether it was tried."""
        return self.outcome != NOT_ASKED


#: Outcome of days that no attempt was made at.
NOT_ASKED = "not_asked"


@dataclass(frozen=True, slots=True)
class State:
    """What is known of one question at one door. Windows are in order, without common days."""

    wanted: Window
    complete: tuple[Window, ...]
    settled: tuple[Window, ...]
    gaps: tuple[Gap, ...]
    #: When the latest attempt ended.
    last_attempt: datetime | None

    @property
    def watermark(self) -> date | None:
        """The last day of the complete days from the first one wanted on; None: not even that."""
        first = next(iter(self.complete), None)
        if first is None or first.since > self.wanted.since:
            return None
        return first.until


def believable(records: Iterable[WindowRecord], now: datetime) -> list[WindowRecord]:
    """The records without those from the future: a clock that was ahead settles nothing."""
    return [record for record in records if record.finished_at <= now + _DAY]


def state(
    wanted: Window,
    records: Sequence[WindowRecord],
    *,
    overlap_days: int,
    slow_days: Mapping[date, int] = _NONE,
) -> State:
    """What is complete, settled and missing.

    Args:
        wanted: first day to the last that can be asked for.
        records: attempts of this door at this question in its present meaning, in the order in
            which they ended.
        overlap_days: see the module.
        slow_days: days that need more than the overlap, see ``Source.slow_days``.
    """
    full = [record for record in records if record.outcome in FULL]
    complete = _within(wanted, united(record.window for record in full))
    found = [record for record in full if record.outcome == Completeness.COMPLETE]
    nothing = [record for record in full if record.outcome == Completeness.EMPTY]
    settled = united(
        [window for record in found for window in _settled(record, overlap_days, slow_days)]
        + _twice(
            [
                window
                for tried in _by_day(nothing)
                for window in united(
                    window for one in tried for window in _settled(one, overlap_days, slow_days)
                )
            ]
        )
    )
    gaps = []
    for window in _gaps(wanted, complete):
        last = None
        for record in records:
            if record.outcome not in FULL and _meet(record.window, window):
                last = record
        outcome, message = (NOT_ASKED, "") if last is None else (last.outcome, last.message)
        gaps.append(Gap(window, outcome, message))
    return State(
        wanted=wanted,
        complete=tuple(complete),
        settled=tuple(_within(wanted, settled)),
        gaps=tuple(gaps),
        last_attempt=max((record.finished_at for record in records), default=None),
    )


def failed(window: Window, records: Iterable[WindowRecord]) -> bool:
    """Whether the latest attempt at any of the window's days did not receive everything."""
    last = None
    for record in records:
        if _meet(record.window, window):
            last = record
    return last is not None and last.outcome not in FULL


def missing(state: State, *, window_days: int) -> list[Window]:
    """The windows to fetch now: all days that are not settled.

    Args:
        state: see :func:`state`.
        window_days: longest window. Borders lie at multiples of it, counted from the first day
            wanted, so that runs ask for the same windows.

    Returns:
        Windows in order of time, without common days.
    """
    wanted = state.wanted
    pieces: list[Window] = []
    for gap in _gaps(wanted, list(state.settled)):
        start = gap.since
        while start <= gap.until:
            number = (start - wanted.since).days // window_days
            border = wanted.since + timedelta(days=(number + 1) * window_days - 1)
            pieces.append(Window(start, min(border, gap.until)))
            start = pieces[-1].until + _DAY
    return pieces


def _settled(
    record: WindowRecord, overlap_days: int, slow_days: Mapping[date, int]
) -> list[Window]:
    """The days of a complete window that were over for long enough when it was fetched."""
    fetched = record.began_at.date()
    since = record.window.since
    until = min(record.window.until, fetched - timedelta(days=overlap_days + 1))
    if until < since:
        return []
    too_early = [
        Window(day, day)
        for day, days in sorted(slow_days.items())
        if since <= day <= until and (fetched - day).days <= days
    ]
    return _gaps(Window(since, until), too_early)


def _by_day(records: Iterable[WindowRecord]) -> Iterable[list[WindowRecord]]:
    """The records of each day on which they were fetched."""
    found: dict[date, list[WindowRecord]] = {}
    for record in records:
        found.setdefault(record.began_at.date(), []).append(record)
    return found.values()


def _twice(windows: Iterable[Window]) -> list[Window]:
    """The days that at least two of the windows hold."""
    steps: dict[date, int] = {}
    for window in windows:
        steps[window.since] = steps.get(window.since, 0) + 1
        steps[window.until + _DAY] = steps.get(window.until + _DAY, 0) - 1
    found: list[Window] = []
    depth, since = 0, None
    for day, step in sorted(steps.items()):
        depth += step
        if depth >= 2 and since is None:
            since = day
        elif depth < 2 and since is not None:
            found.append(Window(since, day - _DAY))
            since = None
    return found


def _meet(one: Window, other: Window) -> bool:
    return one.since <= other.until and other.since <= one.until


def _within(wanted: Window, windows: Iterable[Window]) -> list[Window]:
    """What of the windows lies in the wanted days."""
    return [
        Window(max(window.since, wanted.since), min(window.until, wanted.until))
        for window in windows
        if _meet(window, wanted)
    ]


def united(windows: Iterable[Window]) -> list[Window]:
    """The same days in as few windows as possible, in order."""
    united: list[Window] = []
    for window in sorted(windows):
        if united and window.since <= united[-1].until + _DAY:
            united[-1] = Window(united[-1].since, max(united[-1].until, window.until))
        else:
            united.append(window)
    return united


def _gaps(wanted: Window, covered: list[Window]) -> list[Window]:
    """The wanted days that are not covered; ``covered`` as :func:`united` gives it."""
    gaps: list[Window] = []
    start = wanted.since
    for window in covered:
        if window.until < start:
            continue
        if window.since > wanted.until:
            break
        if window.since > start:
            gaps.append(Window(start, window.since - _DAY))
        start = window.until + _DAY
    if start <= wanted.until:
        gaps.append(Window(start, wanted.until))
    return gaps
