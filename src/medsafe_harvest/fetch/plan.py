"""What a run has to ask for: every question at every door, less the days received already."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from medsafe_harvest.config import Config
from medsafe_harvest.fetch import ledger
from medsafe_harvest.fetch.harvest import Task
from medsafe_harvest.fetch.ledger import State
from medsafe_harvest.fetch.rawindex import WindowRecord
from medsafe_harvest.fetch.window import Question
from medsafe_harvest.sources.base import Completeness, Window
from medsafe_harvest.sources.query import Query

#: Days that count as news: their windows come first where something was announced.
_NEWS_DAYS = 14


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a harvest is to cover.

    Attributes:
        queries: the queries to ask.
        sources: names of the doors to ask at.
        since: first day in place of the queries' own.
        until: last day in place of the queries' own.
    """

    queries: tuple[Query, ...]
    sources: tuple[str, ...]
    since: date | None = None
    until: date | None = None

    @property
    def is_all_days(self) -> bool:
        """Whether the harvest goes on where the last one stopped, as each night."""
        return self.since is None and self.until is None


@dataclass(frozen=True, slots=True)
class Standing:
    """One question at one door, and what is known of it."""

    source: str
    query: Question
    state: State


def standings(
    config: Config, windows: Sequence[WindowRecord], wanted: Wanted, now: datetime
) -> list[Standing]:
    """Every question that the harvest covers, and what is known of it.

    A feed without history (it only tells what is so today) has no standing.

    Args:
        config: where harvests begin, and the overlap.
        windows: all attempts, in the order in which they ended.
        wanted: what to cover.
        now: attempts from the future are not believed; today is the last day that can be asked for.
    """
    today = now.date()
    attempts: dict[tuple[str, str], list[WindowRecord]] = {}
    for record in ledger.believable(windows, now):
        attempts.setdefault((record.source, record.query_digest), []).append(record)
    found = []
    harvest = config.settings.harvest
    for name in wanted.sources:
        if (source := config.sources.get(name)) is None:
            continue
        for query in wanted.queries:
            first = wanted.since or query.since or harvest.since
            last = min(wanted.until or query.until or today, today)
            if (query.sources is not None and name not in query.sources) or first > last:
                continue
            days = Window(first, last)
            state = ledger.state(
                days,
                attempts.get((name, query.digest), []),
                slow_days=source.slow_days(days),
                overlap_days=harvest.overlap_days,
            )
            found.append(Standing(name, query, state))
    for name in wanted.sources if wanted.is_all_days else ():
        feed = config.feeds.get(name)
        if feed is None or not feed.keeps_history:
            continue
        last = today - timedelta(days=feed.delay_days)
        for subject in feed.subjects(wanted.queries):
            records = attempts.get((name, subject.digest), [])
            # A feed is followed from the first day that it was asked for, and never backwards.
            begin = last - timedelta(days=feed.overlap_days)
            first = min([begin, *(record.window.since for record in records)])
            state = ledger.state(Window(first, last), records, overlap_days=feed.overlap_days)
            found.append(Standing(name, subject, state))
    return found


def plan(
    config: Config,
    windows: Sequence[WindowRecord],
    wanted: Wanted,
    now: datetime,
    announced: Mapping[str, int] | None = None,
) -> list[Task]:
    """The windows to fetch: news first, then what is missing, the oldest first; last, what failed.

    Args:
        config: as for :func:`standings`.
        windows: as for :func:`standings`.
        wanted: as for :func:`standings`.
        now: as for :func:`standings`.
        announced: by query, how many papers were announced today that it would find.
    """
    news = announced or {}
    recent = now.date() - timedelta(days=_NEWS_DAYS)
    tasks = [
        Task(standing.source, standing.query, window)
        for standing in standings(config, windows, wanted, now)
        for window in ledger.missing(
            standing.state, window_days=config.settings.harvest.window_days
        )
    ]

    attempts: dict[tuple[str, str], list[WindowRecord]] = {}
    for record in windows:
        attempts.setdefault((record.source, record.query_digest), []).append(record)

    def turn(task: Task) -> tuple[bool, int]:
        fresh = task.window.until >= recent
        # What failed last time comes last: it must not keep the others from their turn.
        failed = ledger.failed(task.window, attempts.get((task.source, task.query.digest), []))
        return failed, -news.get(task.query.id, 0) if fresh else 1

    return sorted(tasks, key=turn)


def bulletins(
    config: Config, windows: Sequence[WindowRecord], wanted: Wanted, now: datetime
) -> list[Task]:
    """What only today can tell: feeds without history that have not been read today."""
    today = Window(now.date(), now.date())
    read = {
        (record.source, record.query_digest)
        for record in windows
        # Nothing announced may be a failure, so it is asked for again.
        if record.outcome == Completeness.COMPLETE and record.window == today
    }
    return [
        Task(name, subject, today)
        for name in wanted.sources
        if wanted.is_all_days
        and (feed := config.feeds.get(name)) is not None
        and not feed.keeps_history
        for subject in feed.subjects(wanted.queries)
        if (name, subject.digest) not in read
    ]
