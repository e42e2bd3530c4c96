"""Fetch what is missing from every source, each in a thread of its own.

A source that has had enough, or fails two windows in succession, is left alone for the rest of the
run; the others go on.
"""

from __future__ import annotations

import random
import threading
from collections.abc import Mapping, Sequence
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Protocol

from medsafe_harvest.config import Config
from medsafe_harvest.errors import (
    EmptyPageError,
    ForbiddenError,
    MalformedPageError,
    MovedError,
    RefusedError,
    ThrottledError,
    UnavailableError,
)
from medsafe_harvest.fetch.client import Client
from medsafe_harvest.fetch.clock import Clock, StoppableClock, StoppedError
from medsafe_harvest.fetch.ledger import FULL, missing
from medsafe_harvest.fetch.limiter import Limiter
from medsafe_harvest.fetch.rawstore import RawStore, Run, WindowRecord
from medsafe_harvest.fetch.retry import Retry
from medsafe_harvest.fetch.window import Fetcher, Observer
from medsafe_harvest.sources.base import Window
from medsafe_harvest.sources.query import Query

#: Outcomes after which a service is left alone for the rest of the run.
_AT_ONCE = frozenset(kind.outcome for kind in (ForbiddenError, MovedError, ThrottledError))
#: Outcomes that one window may meet and the next not; two in succession are the service's.
_AFTER_TWO = frozenset(
    kind.outcome for kind in (EmptyPageError, MalformedPageError, RefusedError, UnavailableError)
)


@dataclass(frozen=True, slots=True)
class Task:
    """One window of one query to be fetched from one source."""

    source: str
    query: Query
    window: Window


@dataclass(frozen=True, slots=True)
class Skipped:
    """A task that was not begun, since an earlier one showed that it would fail."""

    task: Task
    why: str


@dataclass(frozen=True, slots=True)
class Fetched:
    """What became of the tasks of a run."""

    records: tuple[WindowRecord, ...]
    skipped: tuple[Skipped, ...]

    @property
    def complete(self) -> int:
        """Number of windows of which everything was received."""
        return sum(record.outcome in FULL for record in self.records)

    @property
    def incomplete(self) -> int:
        """Number of windows that the next run has to ask for again."""
        return len(self.records) - self.complete + len(self.skipped)


class HarvestObserver(Observer, Protocol):
    """Also told how much there is to do."""

    def planned(self, tasks: Sequence[Task]) -> None:
        """The run knows all its windows; a window may still be split."""

    def left_alone(self, source: str, windows: int, why: str) -> None:
        """A source is not asked any further in this run."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a harvest is to cover.

    Attributes:
        queries: the queries to ask.
        sources: names of the sources to ask.
        since: first day in place of the queries' own.
        until: last day in place of the queries' own.
    """

    queries: tuple[Query, ...]
    sources: tuple[str, ...]
    since: date | None = None
    until: date | None = None


def plan(config: Config, store: RawStore, wanted: Wanted, today: date) -> list[Task]:
    """The windows that are missing, query by query, the oldest first; last, those that failed.

    Args:
        config: where harvests begin, overlap and window length.
        store: what was fetched before.
        wanted: what to cover.
        today: the last day that can be asked for.
    """
    harvest = config.settings.harvest
    attempts = store.windows()
    tasks = []
    for source in wanted.sources:
        for query in wanted.queries:
            first = wanted.since or query.since or harvest.since
            last = min(wanted.until or query.until or today, today)
            if (query.sources is not None and source not in query.sources) or first > last:
                continue
            before = (
                record
                for record in attempts
                if (record.source, record.query_digest) == (source, query.digest)
            )
            days = Window(first, last)
            tasks += [
                Task(source, query, window)
                for window in missing(
                    days,
                    before,
                    slow_days=config.sources[source].slow_days(days),
                    overlap_days=harvest.overlap_days,
                    window_days=harvest.window_days,
                )
            ]
    # Windows that failed last time come last: they must not keep the others from their turn.
    return sorted(tasks, key=lambda task: _failed_last(task, attempts))


def _failed_last(task: Task, attempts: Sequence[WindowRecord]) -> bool:
    last = None
    for record in attempts:
        same = (record.source, record.query_digest) == (task.source, task.query.digest)
        window = record.window
        if same and window.since <= task.window.until and task.window.since <= window.until:
            last = record
    return last is not None and last.outcome not in FULL


@dataclass(frozen=True, slots=True)
class Network:
    """How services are reached.

    Attributes:
        state: folder of what all processes of the machine share.
        keys: API keys by source.
        version: of this package.
    """

    clock: Clock
    state: Path
    keys: Mapping[str, str] = field(repr=False)
    version: str

    def client(self, config: Config, source: str) -> Client:
        """A client for one source's service."""
        return Client(
            config.services[source],
            version=self.version,
            contact=config.settings.contact,
            api_key=self.keys.get(source),
        )


def fetch(
    tasks: Sequence[Task],
    config: Config,
    store: RawStore,
    network: Network,
    observer: HarvestObserver,
) -> Fetched:
    """Fetch all tasks; each source in order, the sources side by side.

    Raises:
        StoreError: a response cannot be stored.
    """
    observer.planned(tasks)
    run = Run.starting(network.clock.now())
    by_source: dict[str, list[Task]] = {}
    for task in tasks:
        by_source.setdefault(task.source, []).append(task)
    stop = threading.Event()
    means = (config, store, network, observer, stop)
    pool = ThreadPoolExecutor(max_workers=max(len(by_source), 1))
    try:
        working = [
            pool.submit(_fetch_source, name, own, run, means) for name, own in by_source.items()
        ]
        wait(working, return_when=FIRST_EXCEPTION)
    finally:
        # After an error or an interrupt nobody goes on waiting for a service.
        stop.set()
        pool.shutdown(wait=False, cancel_futures=True)
    errors = [error for work in working if (error := work.exception()) is not None]
    for error in sorted(errors, key=lambda error: isinstance(error, StoppedError)):
        raise error
    parts = [work.result() for work in working]
    return Fetched(
        records=tuple(record for part in parts for record in part.records),
        skipped=tuple(skipped for part in parts for skipped in part.skipped),
    )


def _fetch_source(
    name: str,
    tasks: Sequence[Task],
    run: Run,
    means: tuple[Config, RawStore, Network, HarvestObserver, threading.Event],
) -> Fetched:
    config, store, network, observer, stop = means
    clock = StoppableClock(network.clock, stop)
    service = config.services[name]
    records: list[WindowRecord] = []
    with network.client(config, name) as client:
        fetcher = Fetcher(
            source=config.sources[name],
            client=client,
            limiter=Limiter(network.state, clock),
            retrying=lambda tell: Retry(
                config.settings.retry,
                service.wait_throttled,
                clock,
                random.Random(),  # noqa: S311 - spreads waits, guards nothing
                tell,
            ),
            store=store,
            clock=clock,
            observer=observer,
            service=service,
        )
        failures = 0
        for number, task in enumerate(tasks):
            if stop.is_set():
                raise StoppedError
            own = fetcher.fetch(task.query, task.window, run)
            records += own
            failures = failures + 1 if own[-1].outcome in _AFTER_TWO else 0
            at_once = next((one for one in own if one.outcome in _AT_ONCE), None)
            if at_once is not None or failures == 2:
                rest = tasks[number + 1 :]
                last = at_once or own[-1]
                why = f"{last.outcome}: {last.message}"
                if rest:
                    observer.left_alone(name, len(rest), why)
                return Fetched(tuple(records), tuple(Skipped(later, why) for later in rest))
    return Fetched(tuple(records), ())
