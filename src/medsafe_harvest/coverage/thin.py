"""Months in which a topic has far fewer papers than it should.

Of all relevant papers of a month, a topic should have the share that it has in the neighbouring
months; the month as a whole should have as many as the median of its neighbours (the median,
since one month of a large conference is no measure). With ``n`` papers where ``m`` are expected,
a month is *thin* when ``n <= m / 2`` and chance alone would rarely give so few: the lower tail of
Poisson's distribution, ``P(X <= n) = sum over k = 0 ... n of exp(-m) * m**k / k!``, is at most
0.001. The first condition is there because real counts vary more than Poisson's.

Neighbours are the months up to three before and three after. A month that cannot be judged yet is
neither judged nor a neighbour: one that is not over for long enough, and one of which the ledger
misses more than a twentieth of what was to be asked.
"""

from __future__ import annotations

import calendar
import datetime as dt
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from medsafe_harvest.sources.base import Window

NEIGHBOURS = 3
TAIL = 0.001
FAR_BELOW = 0.5
MISSING = 0.05
#: The name under which a month as a whole stands.
ALL = "(all)"

Whole = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Asked:
    """One query at one door: the days that were to be asked for, and those never received."""

    query: str
    source: str
    wanted: Window
    missing: tuple[Window, ...]


@dataclass(frozen=True, slots=True)
class Thin:
    """A month with fewer papers of a topic than it should have."""

    topic: str
    month: str
    papers: int
    expected: float
    #: Chance of so few, see the module.
    tail: float
    #: Share of what was to be asked for this month that the ledger misses.
    missing: float


@dataclass(frozen=True, slots=True)
class Months:
    """Relevant papers by topic and month."""

    #: Every month from the first with papers to the last with papers or to judge: ``2024-05``.
    months: tuple[str, ...]
    #: Topic, or :data:`ALL` -> papers, a number for each month.
    papers: Mapping[str, tuple[int, ...]]
    #: Months that were not judged, and why.
    unjudged: Mapping[str, str]
    thin: tuple[Thin, ...]
    #: Papers left out since only their year is known.
    undated: int


def poisson_tail(papers: int, expected: float) -> float:
    """The chance of at most so many where ``expected`` (above 0) are."""
    logs = [k * math.log(expected) - expected - math.lgamma(k + 1) for k in range(papers + 1)]
    return min(1.0, math.fsum(map(math.exp, logs)))


def by_month(
    days: NDArray[np.datetime64],
    topics: Mapping[str, NDArray[np.bool_]],
    asked: Sequence[Asked],
    judged_until: dt.date,
) -> Months:
    """Count and judge.

    Args:
        days: day of publication of each relevant paper, not-a-time where it is not known.
        topics: topic -> which of these papers have it.
        asked: what the ledger says; nothing where there is no ledger.
        judged_until: months that end after this day are not judged.
    """
    dated = ~np.isnat(days)
    numbers = days[dated].astype("datetime64[M]").astype(np.int64)
    first = int(numbers.min()) if len(numbers) else 0
    # A harvest that stopped shows as months without papers, so they go on to the last to judge.
    today = (judged_until.year - 1970) * 12 + judged_until.month - 1
    if judged_until < _last_day(_name(today)):
        today -= 1
    size = max(int(numbers.max()), today) - first + 1 if len(numbers) else 0
    counts = {
        name: np.bincount(numbers[has[dated]] - first, minlength=size)
        for name, has in {ALL: np.ones(len(days), dtype=bool), **topics}.items()
    }
    names = [_name(first + n) for n in range(size)]
    shares = {name: _missing(name, asked) for name in names}
    unjudged = {}
    for name in names:
        if _last_day(name) > judged_until:
            unjudged[name] = "not over for long enough"
        elif shares[name] > MISSING:
            unjudged[name] = f"the ledger misses {shares[name]:.0%} of what was to be asked"
    good = np.array([name not in unjudged for name in names], dtype=bool)
    found = [
        Thin(
            topic,
            names[n],
            int(own[n]),
            round(m, 2),
            poisson_tail(int(own[n]), m),
            shares[names[n]],
        )
        for topic, own in counts.items()
        for n, m in _expected(own, counts[ALL], good, is_all=topic == ALL)
        if own[n] <= m * FAR_BELOW and poisson_tail(int(own[n]), m) <= TAIL
    ]
    return Months(
        months=tuple(names),
        papers={topic: tuple(own.tolist()) for topic, own in counts.items()},
        unjudged=unjudged,
        thin=tuple(sorted(found, key=lambda one: (one.tail, one.month, one.topic))),
        undated=int((~dated).sum()),
    )


def _expected(
    own: Whole, total: Whole, good: NDArray[np.bool_], *, is_all: bool
) -> list[tuple[int, float]]:
    """Place of each month that can be judged, and the papers it should have."""
    found = []
    for n in np.flatnonzero(good).tolist():
        near = np.arange(max(0, n - NEIGHBOURS), min(len(own), n + NEIGHBOURS + 1))
        near = near[good[near] & (near != n)]
        if len(near) < 2:
            continue  # one neighbour is no measure
        if is_all:
            expected = float(np.median(own[near]))
        elif total[near].sum():
            expected = float(total[n] * own[near].sum() / total[near].sum())
        else:
            expected = 0.0
        if expected > 0:
            found.append((n, expected))
    return found


def _missing(month: str, asked: Sequence[Asked]) -> float:
    """Share of the days of a month, over all questions, that were never received."""
    whole = Window(dt.date.fromisoformat(f"{month}-01"), _last_day(month))
    wanted = sum(_common(whole, one.wanted) for one in asked)
    missing = sum(_common(whole, window) for one in asked for window in one.missing)
    return missing / wanted if wanted else 0.0


def _common(one: Window, other: Window) -> int:
    return max(0, (min(one.until, other.until) - max(one.since, other.since)).days + 1)


def _name(number: int) -> str:
    """The month so many months after January 1970."""
    return f"{1970 + number // 12:04}-{number % 12 + 1:02}"


def _last_day(month: str) -> dt.date:
    year, number = map(int, month.split("-"))
    return dt.date(year, number, calendar.monthrange(year, number)[1])
