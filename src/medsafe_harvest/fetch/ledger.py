"""What is complete, and what is missing: arithmetic over the days of windows.

A day is *settled* for a query when a complete window that holds it was fetched at least the
overlap after the day had ended: papers reach a service days after their date. All other days are
asked for again. So a night that failed, a week without power and last night's late arrivals are
the same thing, days not yet settled, and heal the same way.
"""

from __future__ import annotations

import enum
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta

from medsafe_harvest.fetch.rawstore import WindowRecord
from medsafe_harvest.sources.base import Completeness, Window

_DAY = timedelta(days=1)
#: Outcomes after which all papers of a window were received.
FULL = frozenset((Completeness.COMPLETE.value, Completeness.EMPTY.value))


class Standing(enum.StrEnum):
    """What is known of a query's days at a source."""

    COMPLETE = "complete"
    #: Asked for, and something was wrong every time.
    PARTIAL = "partial"
    #: Never asked for.
    MISSING = "missing"


@dataclass(frozen=True, slots=True)
class Stretch:
    """Adjacent days of one standing."""

    window: Window
    standing: Standing
    #: Outcome of the last failed attempt, or empty.
    why: str = ""


def missing(
    wanted: Window, records: Iterable[WindowRecord], *, overlap_days: int, window_days: int
) -> list[Window]:
    """The windows to fetch now.

    Args:
        wanted: first day to today.
        records: attempts of this source at this query in its present meaning.
        overlap_days: see the module.
        window_days: longest window. Borders lie at multiples of it, counted from ``wanted.since``,
            so that runs ask for the same windows.

    Returns:
        Windows in order of time, without common days.
    """
    settled = united(
        Window(record.window.since, last)
        for record in records
        if record.outcome in FULL
        and (last := min(record.window.until, _settles(record, overlap_days)))
        >= record.window.since
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


def _settles(record: WindowRecord, overlap_days: int) -> date:
    """Last day that was over for long enough when the attempt ended."""
    return record.finished_at.date() - timedelta(days=overlap_days + 1)


def united(windows: Iterable[Window]) -> list[Window]:
    """The same days in as few windows as possible, in order."""
    united: list[Window] = []
    for window in sorted(windows):
        if united and window.since <= united[-1].until + _DAY:
            united[-1] = Window(united[-1].since, max(united[-1].until, window.until))
        else:
            united.append(window)
    return united


def standing(wanted: Window, records: Iterable[WindowRecord]) -> list[Stretch]:
    """The wanted days by what is known of them, in order of time.

    A day counts as complete once a window that holds it was, late arrivals or not.
    """
    attempts = list(records)
    full = united(record.window for record in attempts if record.outcome in FULL)
    failed = [record for record in attempts if record.outcome not in FULL]
    stretches = [
        Stretch(common, Standing.COMPLETE)
        for window in full
        if (common := _common(window, wanted)) is not None
    ]
    for gap in _gaps(wanted, full):
        tried = united(
            common for record in failed if (common := _common(record.window, gap)) is not None
        )
        for window in tried:
            last = max(
                (record for record in failed if _common(record.window, window) is not None),
                key=lambda record: record.finished_at,
            )
            stretches.append(Stretch(window, Standing.PARTIAL, last.outcome))
        stretches += [Stretch(window, Standing.MISSING) for window in _gaps(gap, tried)]
    return sorted(stretches, key=lambda stretch: stretch.window)


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


def _common(one: Window, other: Window) -> Window | None:
    since, until = max(one.since, other.since), min(one.until, other.until)
    return Window(since, until) if since <= until else None
