"""Fetch one window of one query: drive the source's generator, keep every response."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Protocol

from medsafe_harvest.errors import (
    FetchError,
    ForbiddenError,
    MovedError,
    RetryableError,
    ThrottledError,
    UnavailableError,
)
from medsafe_harvest.fetch.client import Client
from medsafe_harvest.fetch.clock import Clock
from medsafe_harvest.fetch.limiter import Limiter
from medsafe_harvest.fetch.rawstore import Attempt, RawStore, Run, WindowRecord
from medsafe_harvest.fetch.retry import Retry, http_date, retry_after
from medsafe_harvest.sources.base import (
    Completeness,
    Harvested,
    PageContent,
    Request,
    Source,
    Window,
)
from medsafe_harvest.sources.query import Query
from medsafe_harvest.sources.service import ServiceSettings

#: Outcomes that the same query's next days would meet as well.
HOPELESS = frozenset(
    kind.outcome for kind in (ForbiddenError, MovedError, ThrottledError, UnavailableError)
)


class Observer(Protocol):
    """Told what happens while it happens; called from one thread a source."""

    def page(self, source: str, query: str, window: Window, content: PageContent) -> None:
        """A page was accepted."""

    def waiting(self, source: str, seconds: float, why: str) -> None:
        """The fetcher is about to wait before it asks again."""

    def finished(self, record: WindowRecord) -> None:
        """An attempt at a window ended."""


@dataclass(frozen=True, slots=True)
class Fetcher:
    """All that is needed to ask one source.

    Attributes:
        retrying: makes a Retry that tells the given function before it waits.
    """

    source: Source
    service: ServiceSettings
    client: Client
    limiter: Limiter
    retrying: Callable[[Callable[[float, RetryableError], None]], Retry]
    store: RawStore
    clock: Clock
    observer: Observer

    def fetch(self, query: Query, window: Window, run: Run) -> list[WindowRecord]:
        """Fetch a window, in halves where it holds more than the service hands out.

        Every attempt ends with a record in the store. A failure is in the record, not raised.

        Returns:
            One record for the window, or one for each of the parts it was split into that were
            asked for: a service that is down or has had enough is not asked for the rest.

        Raises:
            StoreError: a response cannot be stored; nothing can go on then.
        """
        record = self._attempt(query, window, run)
        if record.outcome != Completeness.TOO_LARGE or window.days == 1:
            return [record]
        first, second = window.halves()
        parts = self.fetch(query, first, run)
        if parts[-1].outcome in HOPELESS:
            # The second half stays missing; asking for it now would only hammer.
            return parts
        return parts + self.fetch(query, second, run)

    def _attempt(self, query: Query, window: Window, run: Run) -> WindowRecord:
        name = self.source.name
        attempt = self.store.attempt(name, query.id, query.digest, window, run)
        conversation = _Conversation(self, query, window, attempt)
        record = WindowRecord(
            source=name,
            query=query.id,
            query_digest=query.digest,
            window=window,
            outcome="",
            finished_at=self.clock.now(),
        )
        try:
            harvested = conversation.hold()
            record = replace(
                record,
                outcome=harvested.completeness.value,
                message=_MESSAGES.get(harvested.completeness, ""),
                announced=harvested.announced,
                received=harvested.received,
                notes=harvested.notes,
            )
        except FetchError as error:
            record = replace(record, outcome=error.outcome, message=str(error))
        record = replace(record, pages=tuple(conversation.accepted), finished_at=self.clock.now())
        attempt.finish(record)
        self.observer.finished(record)
        return record


_MESSAGES = {
    Completeness.SHORT: "fewer papers received than the service announced",
    Completeness.TOO_LARGE: "more papers than the service hands out for one query",
}


class _Conversation:
    """One attempt: requests out of the generator, pages into it."""

    def __init__(self, fetcher: Fetcher, query: Query, window: Window, attempt: Attempt) -> None:
        self._fetcher = fetcher
        self._query = query
        self._window = window
        self._attempt = attempt
        self._retry = fetcher.retrying(self._tell)
        #: Names of the pages that the source could read.
        self.accepted: list[str] = []

    def hold(self) -> Harvested:
        """Go through to the end.

        Raises:
            FetchError: a page could not be had.
        """
        asking = self._fetcher.source.harvest(self._query, self._window)
        try:
            request = next(asking)
            while True:
                content = self._retry.call(partial(self._ask, request))
                self._fetcher.observer.page(
                    self._fetcher.source.name, self._query.id, self._window, content
                )
                request = asking.send(content)
        except StopIteration as end:
            harvested: Harvested = end.value
            return harvested

    def _ask(self, request: Request) -> PageContent:
        """One try: wait for the turn, send, store, and only then read."""
        fetcher = self._fetcher
        fetcher.limiter.wait(
            fetcher.source.name,
            fetcher.service.min_interval,
            self._retry.settings.total,
            self._paced,
        )
        page = fetcher.client.send(request)
        now = fetcher.clock.now()
        name = self._attempt.keep(fetcher.client.url(request), page, now)
        try:
            content = fetcher.source.parse(page)
        except RetryableError as error:
            error.retry_after = retry_after(
                page.headers.get("retry-after"), http_date(page.headers.get("date")) or now
            )
            if isinstance(error, ThrottledError) and fetcher.service.min_interval > 0:
                # Others on this machine, and the next run, would only make it worse.
                asked = max(error.retry_after or 0.0, fetcher.service.wait_throttled)
                fetcher.limiter.hold(fetcher.source.name, asked)
            raise
        self.accepted.append(name)
        return content

    def _paced(self, seconds: float) -> None:
        # The everyday pace is no news; another process's throttle is.
        if seconds > self._fetcher.service.min_interval:
            self._fetcher.observer.waiting(
                self._fetcher.source.name, seconds, "others on this machine ask or were throttled"
            )

    def _tell(self, seconds: float, error: RetryableError) -> None:
        self._fetcher.observer.waiting(
            self._fetcher.source.name, seconds, f"{error.outcome}: {error}"
        )
