"""Fetch what was planned: a provider's doors in turn, the providers side by side.

A door that fails two windows in succession is left alone for the rest of the run, one that shuts or
moved at once; a provider that had enough is left alone at all its doors. The others go on. A door
that a run had to give up on is not tried again for some time, which doubles with each failure.
"""

from __future__ import annotations

import hashlib
import random
import threading
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Protocol

from medsafe_harvest.config import Config
from medsafe_harvest.errors import (
    BudgetError,
    EmptyPageError,
    ForbiddenError,
    MalformedPageError,
    MovedError,
    RefusedError,
    RetryableError,
    ThrottledError,
    UnavailableError,
)
from medsafe_harvest.fetch.attempt import Run
from medsafe_harvest.fetch.client import Client
from medsafe_harvest.fetch.clock import Clock, StoppableClock, StoppedError
from medsafe_harvest.fetch.ledger import FULL
from medsafe_harvest.fetch.limiter import Limiter
from medsafe_harvest.fetch.rawindex import WindowRecord
from medsafe_harvest.fetch.rawstore import RawStore
from medsafe_harvest.fetch.retry import Budget, Retry
from medsafe_harvest.fetch.window import Fetcher, Observer, Question, Requests
from medsafe_harvest.sources.base import Window
from medsafe_harvest.sources.service import ServiceSettings

#: Outcomes after which a door is left alone for the rest of the run.
_AT_ONCE = frozenset(kind.outcome for kind in (BudgetError, ForbiddenError, MovedError))
#: Outcome after which all doors of the provider are.
_PROVIDER = frozenset((ThrottledError.outcome,))
#: Outcomes that one window may meet and the next not; two in succession are the service's.
_AFTER_TWO = frozenset(
    kind.outcome for kind in (EmptyPageError, MalformedPageError, RefusedError, UnavailableError)
)


@dataclass(frozen=True, slots=True)
class Task:
    """One window of one question to be fetched at one door."""

    source: str
    query: Question
    window: Window


@dataclass(frozen=True, slots=True)
class Skipped:
    """A task that was not begun, since an earlier one showed that it would fail."""

    task: Task
    why: str


@dataclass(frozen=True, slots=True)
class Fetched:
    """What became of the tasks of a run."""

    records: tuple[WindowRecord, ...] = ()
    skipped: tuple[Skipped, ...] = ()

    def __add__(self, other: Fetched) -> Fetched:
        """Both together."""
        return Fetched(self.records + other.records, self.skipped + other.skipped)

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
        """The run knows its next windows; a window may still be split."""

    def left_alone(self, source: str, windows: int, why: str) -> None:
        """A door is not asked any further in this run."""


@dataclass(frozen=True, slots=True)
class Network:
    """How services are reached.

    Attributes:
        state: folder of what all processes of the machine share.
        keys: API keys by door.
        version: of this package.
    """

    clock: Clock
    state: Path
    keys: Mapping[str, str] = field(repr=False)
    version: str

    def service(self, config: Config, door: str) -> ServiceSettings:
        """A door's service, asked as slowly and in as common a turn as its key, or none, demands.

        A pace is a key's; who has none shares the pace of all who have none.
        """
        service = config.services[door]
        pace = service.pace or door
        if service.api_key_env is None:
            return service.model_copy(update={"pace": pace})
        key = self.keys.get(door)
        if key is not None:
            digest = hashlib.sha256(key.encode()).hexdigest()[:8]
            return service.model_copy(update={"pace": f"{pace}_{digest}"})
        interval = service.min_interval
        # No interval at all is a service on this machine.
        if interval > 0 and service.keyless_interval is not None:
            interval = max(interval, service.keyless_interval)
        return service.model_copy(update={"pace": pace, "min_interval": interval})

    def client(self, config: Config, door: str) -> Client:
        """A client for one door's service."""
        return Client(
            config.services[door],
            version=self.version,
            contact=config.settings.contact,
            api_key=self.keys.get(door),
            clock=self.clock,
        )


class Session:
    """One run's way out into the world: it remembers who is to be left alone, and what was spent.

    Args:
        config: doors, services and patience.
        store: where every response goes.
        network: how services are reached.
        observer: told what happens.
    """

    def __init__(
        self, config: Config, store: RawStore, network: Network, observer: HarvestObserver
    ) -> None:
        self._settings = config.settings
        self._doors = config.doors
        self._services = {door: network.service(config, door) for door in config.doors}
        self._client = partial(network.client, config)
        self._store = store
        self._observer = observer
        self._stop = threading.Event()
        self._clock = StoppableClock(network.clock, self._stop)
        self._limiter = Limiter(network.state, self._clock)
        self._began = network.clock.monotonic()
        self._budgets: dict[str, Budget] = {}
        self._requests = {
            door: Requests(service.requests_per_run) for door, service in self._services.items()
        }
        #: Doors that are not asked any more in this run, and why.
        self._alone: dict[str, str] = {}
        self._tried: set[str] = set()
        self.run = Run.starting(network.clock.now())

    def fetch(self, tasks: Sequence[Task]) -> Fetched:
        """Fetch all tasks; those of one provider in order, the providers side by side.

        Raises:
            StoreError: a response cannot be stored.
        """
        self._observer.planned(tasks)
        by_pace: dict[str, list[Task]] = {}
        for task in tasks:
            by_pace.setdefault(self._pace(task.source), []).append(task)
        pool = ThreadPoolExecutor(max_workers=max(len(by_pace), 1))
        working = []
        try:
            working = [pool.submit(self._provider, pace, own) for pace, own in by_pace.items()]
            wait(working, return_when=FIRST_EXCEPTION)
        finally:
            if not all(work.done() and work.exception() is None for work in working):
                # After an error or an interrupt nobody goes on waiting for a service.
                self._stop.set()
            pool.shutdown(wait=False, cancel_futures=True)
        errors = [error for work in working if (error := work.exception()) is not None]
        for error in sorted(errors, key=lambda error: isinstance(error, StoppedError)):
            raise error
        return sum((work.result() for work in working), Fetched())

    def _pace(self, door: str) -> str:
        return self._services[door].pace or door

    def _provider(self, pace: str, tasks: Sequence[Task]) -> Fetched:
        """Fetch the tasks of one provider."""
        retry = self._settings.retry
        budget = self._budgets.setdefault(pace, Budget(retry.night))
        fetchers: dict[str, Fetcher] = {}
        failures: dict[str, int] = {}
        records: list[WindowRecord] = []
        skipped: list[Skipped] = []
        with ExitStack() as stack:
            for task in tasks:
                door = task.source
                if self._stop.is_set():
                    raise StoppedError
                if self._is_left_alone(door):
                    skipped.append(Skipped(task, self._alone[door]))
                    continue
                if door not in fetchers:
                    fetchers[door] = self._fetcher(door, budget, stack)
                own = fetchers[door].fetch(task.query, task.window, self.run)
                records += own
                outcome = own[-1].outcome
                failures[door] = failures.get(door, 0) + 1 if outcome in _AFTER_TWO else 0
                if outcome in FULL:
                    self._limiter.worked(door)
                self._give_up(door, own, failures[door])
        self._tell(skipped)
        return Fetched(tuple(records), tuple(skipped))

    def _give_up(self, door: str, records: Sequence[WindowRecord], failures: int) -> None:
        """Leave a door, or all doors of its provider, alone if these records say so."""
        last = next(
            (one for one in records if one.outcome in _AT_ONCE | _PROVIDER),
            records[-1] if failures == 2 else None,
        )
        if last is None:
            return
        why = f"{last.outcome}: {last.message}"
        doors = [door]
        if last.outcome in _PROVIDER:
            pace = self._pace(door)
            doors = [name for name in self._doors if self._pace(name) == pace]
        self._alone |= dict.fromkeys(doors, why)
        # A throttle is held by the pace itself, and a budget ends with the run.
        if last.outcome not in _PROVIDER | {BudgetError.outcome}:
            retry = self._settings.retry
            self._limiter.failed(door, retry.breaker, retry.breaker_max)

    def _is_left_alone(self, door: str) -> bool:
        minutes = self._settings.harvest.max_minutes
        if door not in self._alone and self._clock.monotonic() - self._began > minutes * 60:
            self._alone[door] = f"the run has taken the {minutes:g} minutes that it may take"
        if door not in self._alone and door not in self._tried:
            # Without a breaker nobody's failures are kept in mind, another configuration's neither.
            seconds = self._limiter.left_alone(door) if self._settings.retry.breaker else 0.0
            if seconds > 0:
                until = self._clock.now() + timedelta(seconds=seconds)
                self._alone[door] = (
                    f"earlier runs had to give up on it, so it is left alone until "
                    f"{until:%Y-%m-%d %H:%M} UTC"
                )
        self._tried.add(door)
        return door in self._alone

    def _tell(self, skipped: Sequence[Skipped]) -> None:
        counts = Counter((one.task.source, one.why) for one in skipped)
        for (door, why), number in counts.items():
            self._observer.left_alone(door, number, why)

    def _fetcher(self, door: str, budget: Budget, stack: ExitStack) -> Fetcher:
        settings = self._settings
        service = self._services[door]
        clock = self._clock

        def retrying(tell: Callable[[float, RetryableError], None]) -> Retry:
            jitter = random.Random()  # noqa: S311 - spreads waits, guards nothing
            return Retry(settings.retry, service.wait_throttled, budget, clock, jitter, tell)

        return Fetcher(
            door=self._doors[door],
            service=service,
            client=stack.enter_context(self._client(door)),
            limiter=self._limiter,
            retrying=retrying,
            budget=budget,
            requests=self._requests[door],
            store=self._store,
            clock=clock,
            observer=self._observer,
            resume_hours=settings.harvest.resume_hours,
        )
