"""Count what a run asks and receives, door by door."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass, replace

from medsafe_harvest.fetch.harvest import Fetched, HarvestObserver, Task
from medsafe_harvest.fetch.ledger import FULL
from medsafe_harvest.fetch.rawindex import WindowRecord
from medsafe_harvest.sources.base import PageContent, Window


@dataclass(slots=True)
class Tally:
    """What one door was asked, and how it answered."""

    windows: int = 0
    complete: int = 0
    skipped: int = 0
    pages: int = 0
    #: Pages that an interrupted run had fetched.
    resumed: int = 0
    records: int = 0
    requests: int = 0
    #: Requests that were sent again after a failure.
    retries: int = 0
    #: Seconds from request to answer, and seconds of waiting before trying again or for the turn.
    seconds_asking: float = 0.0
    seconds_waiting: float = 0.0


class Tallies:
    """An observer that counts, and passes everything on; safe to call from several threads.

    Args:
        observer: told what this one is told.
    """

    def __init__(self, observer: HarvestObserver) -> None:
        self._observer = observer
        self._lock = threading.Lock()
        self._doors: dict[str, Tally] = {}

    def with_skipped(self, fetched: Fetched) -> dict[str, Tally]:
        """The counts by door, those of windows taken from what became of the tasks."""
        with self._lock:
            counts = {name: replace(tally) for name, tally in self._doors.items()}
        for record in fetched.records:
            tally = counts.setdefault(record.source, Tally())
            tally.windows += 1
            tally.complete += record.outcome in FULL
            tally.records += record.received
        for left in fetched.skipped:
            tally = counts.setdefault(left.task.source, Tally())
            tally.windows += 1
            tally.skipped += 1
        return dict(sorted(counts.items()))

    def planned(self, tasks: Sequence[Task]) -> None:
        """Pass it on."""
        self._observer.planned(tasks)

    def page(self, source: str, query: str, window: Window, content: PageContent) -> None:
        """Count a page."""
        with self._lock:
            self._of(source).pages += 1
        self._observer.page(source, query, window, content)

    def answered(self, source: str, seconds: float) -> None:
        """Count a request and its time."""
        with self._lock:
            self._of(source).requests += 1
            self._of(source).seconds_asking += seconds
        self._observer.answered(source, seconds)

    def queued(self, source: str, seconds: float) -> None:
        """Count a wait for the turn."""
        with self._lock:
            self._of(source).seconds_waiting += seconds
        self._observer.queued(source, seconds)

    def waiting(self, source: str, seconds: float, why: str) -> None:
        """Count a wait."""
        with self._lock:
            self._of(source).retries += 1
            self._of(source).seconds_waiting += seconds
        self._observer.waiting(source, seconds, why)

    def resumed(self, source: str, query: str, window: Window, pages: int) -> None:
        """Count pages that need not be fetched."""
        with self._lock:
            self._of(source).resumed += pages
        self._observer.resumed(source, query, window, pages)

    def finished(self, record: WindowRecord) -> None:
        """Pass it on: a window that is split counts by its parts."""
        self._observer.finished(record)

    def left_alone(self, source: str, windows: int, why: str) -> None:
        """Pass it on."""
        self._observer.left_alone(source, windows, why)

    def _of(self, source: str) -> Tally:
        return self._doors.setdefault(source, Tally())
