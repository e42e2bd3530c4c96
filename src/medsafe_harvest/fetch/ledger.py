"""What is complete, and what is missing: arithmetic over the days of windows.

A day is *settled* for a query when a complete window that holds it was fetched at least the
overlap after the day had ended: papers reach a service days after their date. All other days are
asked for again. So a night that failed, a week without power and last night's late arrivals are
the same thing, days not yet settled, and heal the same way.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from types import MappingProxyType

from medsafe_harvest.fetch.rawstore import WindowRecord
from medsafe_harvest.sources.base import Completeness, Window

_DAY = timedelta(days=1)
#: Outcomes after which all papers of a window were received.
FULL = frozenset((Completeness.COMPLETE.value, Completeness.EMPTY.value))
_NONE: Mapping[date, int] = MappingProxyType({})


def missing(
    wanted: Window,
    records: Iterable[WindowRecord],
    *,
    overlap_days: int,
    window_days: int,
    slow_days: Mapping[date, int] = _NONE,
) -> list[Window]:
    """The windows to fetch now.

    Args:
        wanted: first day to today.
        records: attempts of this source at this query in its present meaning.
        overlap_days: see the module.
        window_days: longest window. Borders lie at multiples of it, counted from ``wanted.since``,
            so that runs ask for the same windows.
        slow_days: days that need more than the overlap, see ``Source.slow_days``.

    Returns:
        Windows in order of time, without common days.
    """
    settled = united(
        window
        for record in records
        if record.outcome in FULL
        for window in _settled(record, overlap_days, slow_days)
    )
    pieces: list[Window] = []
    for gap in _gaps(wanted, settled):
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
    finished = record.finished_at.date()
    since = record.window.since
    until = min(record.window.until, finished - timedelta(days=overlap_days + 1))
    if until < since:
        return []
    too_early = [
        Window(day, day)
        for day, days in sorted(slow_days.items())
        if since <= day <= until and (finished - day).days <= days
    ]
    return _gaps(Window(since, until), too_early)


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
