"""Fetch one window of one question: drive the door's generator, keep every response.

An attempt that was cut short is gone on with: a request that it had sent, and whose answer can be
read, is answered from the raw store. Where that does not lead to the end (the papers moved between
the pages meanwhile, a continuation expired), the window is begun anew.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from typing import Protocol

from medsafe_harvest.errors import (
    BudgetError,
    FetchError,
    ForbiddenError,
    MovedError,
    RetryableError,
    ThrottledError,
    UnavailableError,
)
from medsafe_harvest.fetch.attempt import Attempt, Run
from medsafe_harvest.fetch.client import Client
from medsafe_harvest.fetch.clock import Clock
from medsafe_harvest.fetch.limiter import Limiter
from medsafe_harvest.fetch.rawindex import Seal, WindowRecord
from medsafe_harvest.fetch.rawstore import RawStore
from medsafe_harvest.fetch.retry import Budget, Retry, http_date, retry_after
from medsafe_harvest.sources.base import (
    Completeness,
    Door,
    Harvested,
    PageContent,
    Request,
    Window,
)
from medsafe_harvest.sources.service import ServiceSettings

#: Outcomes that the same question's next days would meet as well.
HOPELESS = frozenset(
    kind.outcome
    for kind in (BudgetError, ForbiddenError, MovedError, ThrottledError, UnavailableError)
)


class Question(Protocol):
    """What a door is asked: a seed query, a feed's subject, a wish for known papers."""

    @property
    def id(self) -> str:
        """Name in the raw store; of seed queries only it does not begin with an underscore."""

    @property
    def digest(self) -> str:
        """What decides on the answer, dates apart."""


class Observer(Protocol):
    """Told what happens while it happens; called from one thread a service."""

    def page(self, source: str, query: str, window: Window, content: PageContent) -> None:
        """A page was accepted."""

    def answered(self, source: str, seconds: float) -> None:
        """A request was answered, well or not, or came to nothing, after so long."""

    def queued(self, source: str, seconds: float) -> None:
        """The fetcher is about to wait longer than usual for its turn."""

    def waiting(self, source: str, seconds: float, why: str) -> None:
        """The fetcher is about to wait before it asks again, since asking failed."""

    def resumed(self, source: str, query: str, window: Window, pages: int) -> None:
        """So many pages of an interrupted attempt did not have to be fetched again."""

    def finished(self, record: WindowRecord) -> None:
        """An attempt at a window ended."""


@dataclass(slots=True)
class Requests:
    """How often a run may still ask at one door."""

    left: int


@dataclass(frozen=True, slots=True)
class Fetcher:
    """All that is needed to ask at one door.

    Attributes:
        retrying: makes a Retry that tells the given function before it waits.
        budget: of the run, for this door's provider.
        requests: of the run, for this door.
        resume_hours: how old a page may be that is used again.
    """

    door: Door
    service: ServiceSettings
    client: Client
    limiter: Limiter
    retrying: Callable[[Callable[[float, RetryableError], None]], Retry]
    budget: Budget
    requests: Requests
    store: RawStore
    clock: Clock
    observer: Observer
    resume_hours: float

    @property
    def pace(self) -> str:
        """Name of the pace that the door's requests keep to."""
        return self.service.pace or self.door.name

    def fetch(self, question: Question, window: Window, run: Run) -> list[WindowRecord]:
        """Fetch a window, in halves where it holds more than the service hands out.

        Every attempt ends with a record in the store. A failure is in the record, not raised.

        Returns:
            One record for the window, or one for each of the parts it was split into that were
            asked for: a service that is down or has had enough is not asked for the rest.

        Raises:
            StoreError: a response cannot be stored; nothing can go on then.
        """
        record, resumed = self._attempt(question, window, run, self._left_over(question, window))
        if resumed and record.outcome not in _SETTLED and record.outcome not in HOPELESS:
            record, _ = self._attempt(question, window, run, {})
        if record.outcome != Completeness.TOO_LARGE or window.days == 1:
            return [record]
        first, second = window.halves()
        parts = self.fetch(question, first, run)
        if parts[-1].outcome in HOPELESS:
            # The second half stays missing; asking for it now would only hammer.
            return parts
        return parts + self.fetch(question, second, run)

    def _left_over(self, question: Question, window: Window) -> dict[tuple[str, str], Seal]:
        """Pages of an interrupted attempt, the latest of each request."""
        now = self.clock.now()
        after = now - timedelta(hours=self.resume_hours)
        seals = self.store.unfinished(self.door.name, question.digest, window, after, now)
        return {(seal.url, seal.sent): seal for seal in seals}

    def _attempt(
        self,
        question: Question,
        window: Window,
        run: Run,
        left_over: dict[tuple[str, str], Seal],
    ) -> tuple[WindowRecord, int]:
        """One attempt, and how many pages it did not have to fetch."""
        name = self.door.name
        attempt = self.store.attempt(name, question.id, question.digest, window, run)
        conversation = _Conversation(self, question, window, attempt, left_over)
        record = WindowRecord(
            source=name,
            query=question.id,
            query_digest=question.digest,
            window=window,
            outcome="",
            began_at=self.clock.now(),
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
        record = replace(
            record,
            pages=tuple(conversation.accepted),
            began_at=min([record.began_at, *conversation.replayed]),
            finished_at=self.clock.now(),
        )
        attempt.finish(record)
        resumed = len(conversation.replayed)
        if resumed:
            self.observer.resumed(name, question.id, window, resumed)
        self.observer.finished(record)
        return record, resumed


#: Outcomes that a window begun anew would only repeat.
_SETTLED = frozenset(
    kind.value for kind in (Completeness.COMPLETE, Completeness.EMPTY, Completeness.TOO_LARGE)
)
_MESSAGES = {
    Completeness.SHORT: "fewer papers received than the service announced",
    Completeness.TOO_LARGE: "more papers than the service hands out for one query",
}


class _Conversation:
    """One attempt: requests out of the generator, pages into it."""

    def __init__(
        self,
        fetcher: Fetcher,
        question: Question,
        window: Window,
        attempt: Attempt,
        left_over: dict[tuple[str, str], Seal],
    ) -> None:
        self._fetcher = fetcher
        self._question = question
        self._window = window
        self._attempt = attempt
        self._left_over = left_over
        self._retry = fetcher.retrying(self._tell)
        #: The pages that the door could read: numbers, or names where an earlier attempt has them.
        self.accepted: list[str] = []
        #: When the pages of an earlier attempt were fetched.
        self.replayed: list[datetime] = []

    def hold(self) -> Harvested:
        """Go through to the end.

        Raises:
            FetchError: a page could not be had.
        """
        fetcher = self._fetcher
        asking = fetcher.door.harvest(self._question, self._window)
        try:
            request = next(asking)
            while True:
                content = self._again(request)
                if content is None:
                    content = self._retry.call(partial(self._ask, request))
                fetcher.observer.page(fetcher.door.name, self._question.id, self._window, content)
                request = asking.send(content)
        except StopIteration as end:
            harvested: Harvested = end.value
            return harvested

    def _again(self, request: Request) -> PageContent | None:
        """What an interrupted attempt was answered to the same request, if it can be read."""
        fetcher = self._fetcher
        # Each answer once: who asks twice doubts the first answer.
        seal = self._left_over.pop((fetcher.client.url(request), request.body), None)
        if seal is None:
            return None
        try:
            content = fetcher.door.parse(fetcher.store.read(seal))
        except FetchError:
            # It was no good then either; it is asked for now.
            return None
        self.accepted.append(seal.name)
        self.replayed.append(seal.fetched_at)
        return content

    def _ask(self, request: Request) -> PageContent:
        """One try: wait for the turn, send, store, and only then read."""
        fetcher = self._fetcher
        if fetcher.requests.left <= 0:
            raise BudgetError(
                f"{fetcher.service.requests_per_run} requests were sent in this run, which is all "
                "that requests_per_run allows"
            )
        with fetcher.limiter.turn(
            fetcher.pace, fetcher.service.min_interval, self._retry.settings.total, self._paced
        ):
            fetcher.requests.left -= 1
            began = fetcher.clock.monotonic()
            try:
                page = fetcher.client.send(request)
            finally:
                fetcher.observer.answered(fetcher.door.name, fetcher.clock.monotonic() - began)
        now = fetcher.clock.now()
        number = self._attempt.keep(fetcher.client.url(request), page, now)
        try:
            content = fetcher.door.parse(page)
        except RetryableError as error:
            error.retry_after = retry_after(
                page.headers.get("retry-after"), http_date(page.headers.get("date")) or now
            )
            if isinstance(error, ThrottledError) and fetcher.service.min_interval > 0:
                # Others on this machine, and the next run, would only make it worse.
                asked = max(error.retry_after or 0.0, fetcher.service.wait_throttled)
                fetcher.limiter.hold(fetcher.pace, asked)
            raise
        self.accepted.append(number)
        return content

    def _paced(self, seconds: float) -> None:
        # The everyday pace is no news; another process's throttle is.
        if seconds > self._fetcher.service.min_interval:
            self._fetcher.budget.waiting -= seconds
            self._fetcher.observer.queued(self._fetcher.door.name, seconds)

    def _tell(self, seconds: float, error: RetryableError) -> None:
        self._fetcher.observer.waiting(
            self._fetcher.door.name, seconds, f"{error.outcome}: {error}"
        )
