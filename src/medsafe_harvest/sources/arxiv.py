"""The arXiv search API, as it answers since November 2025.

Rules taken from the service's published source and from recorded responses; ``arxiv_language.py``
and ``arxiv_page.py`` have more of them:

* It hands out 10,000 results a query at most; a larger window has to be split by date.
* A valid page without entries is sometimes served although results exist.
* Results of equal submission time may swap across a page boundary, so papers are counted by id.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import ClassVar
from urllib.parse import quote_plus

from medsafe_harvest.errors import UnaskableError
from medsafe_harvest.sources.arxiv_language import translated
from medsafe_harvest.sources.arxiv_page import read_page
from medsafe_harvest.sources.base import (
    Completeness,
    Harvested,
    Page,
    PageContent,
    Request,
    Window,
    refuse_unreadable,
    too_many_rejected,
)
from medsafe_harvest.sources.query import Query
from medsafe_harvest.sources.service import ServiceSettings

#: Servers cut addresses at about 2,000 bytes; dates, paging and host need the rest.
_LONGEST = 1_750


@dataclass(slots=True)
class _Pass:
    """One reading of all pages of a window."""

    received: set[str]
    #: Largest total announced on any page; the last one announced.
    largest: int = 0
    last: int = 0
    rejected: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ArxivSource:
    """arXiv search; the fields are the service's limits and how hard an answer is doubted."""

    page_size: int = 500
    #: Results that the service hands out for one query.
    cap: int = 10_000
    #: How often an empty first page is asked for again before it is believed.
    confirm_empty: int = 1

    name: ClassVar[str] = "arxiv"
    source: ClassVar[str] = "arxiv"
    gives: ClassVar[tuple[str, ...]] = ()
    service: ClassVar[ServiceSettings] = ServiceSettings(
        base_url="https://export.arxiv.org/api/query",
        pace="arxiv",
        # Terms of use: one request in three seconds over all doors of arXiv.
        min_interval=3.0,
        # Seen in October 2026: healthy again after eleven minutes of silence.
        wait_throttled=660.0,
    )

    def __post_init__(self) -> None:
        if not 1 <= self.page_size <= min(2000, self.cap):
            raise ValueError(f"page_size must be 1 to {min(2000, self.cap)}, not {self.page_size}")

    def compile(self, query: Query) -> str:
        """The query in arXiv's language, without dates.

        Raises:
            UnaskableError: it is longer than the address of a request may be.
        """
        text = query.raw.get(self.name) or translated(query)
        length = len(quote_plus(text))
        if length > _LONGEST:
            raise UnaskableError(
                f"query {query.id} takes {length:,} bytes in arXiv's language, and a request has "
                f"room for {_LONGEST:,}: make two queries of it, or use fewer words"
            )
        return text

    def widened(self, query: Query) -> tuple[str, ...]:  # noqa: ARG002 - the protocol's signature
        """Nothing: arXiv's language expresses all of the neutral form."""
        return ()

    def slow_days(self, window: Window) -> Mapping[date, int]:  # noqa: ARG002 - the protocol's signature
        """None: all papers appear within days of their submission."""
        return {}

    def harvest(self, query: Query, window: Window) -> Generator[Request, PageContent, Harvested]:
        """Ask for everything that the query finds in the window, by first submission in UTC.

        Raises:
            UnaskableError: as :meth:`compile`.
            MalformedPageError: nothing of a page can be read.
        """
        days = f"[{window.since:%Y%m%d}0000 TO {window.until:%Y%m%d}2359]"
        sent = f"({self.compile(query)} AND submittedDate:{days})"
        first = yield from self._read(sent, self.page_size)
        if first.largest >= self.cap:
            return Harvested(Completeness.TOO_LARGE, first.last, len(first.received))
        if first.largest == 0:
            return Harvested(Completeness.EMPTY, 0, 0)
        last, notes = first, list(first.rejected)
        received = set(first.received)
        if _missing(received, first):
            # Other page borders, so that papers of one time stamp do not swap at the same place.
            last = yield from self._read(sent, self.page_size * 3 // 5 or 2)
            last.largest = max(first.largest, last.largest)
            received |= last.received
            notes = [*last.rejected, "read twice: the first reading was short"]
        if last.largest >= self.cap:
            state = Completeness.TOO_LARGE
        elif _missing(received, last):
            state = Completeness.SHORT
        else:
            state = Completeness.COMPLETE
        return Harvested(state, last.last, len(received), tuple(notes))

    def _read(self, sent: str, size: int) -> Generator[Request, PageContent, _Pass]:
        reading = _Pass(received=set())
        start = 0
        doubts = self.confirm_empty
        while True:
            asked = _allowed_size(start, size, self.cap)
            page = yield self._request(sent, start, asked)
            refuse_unreadable(page)
            # parse() lets no page without a total through.
            total = page.total or 0
            if start == 0 and page.entries == 0 and total == 0 and doubts > 0:
                doubts -= 1
                continue
            reading.last = total or reading.last
            known = len(reading.received)
            reading.received.update(record.source_id for record in page.records)
            reading.rejected += tuple(f"start {start}: {text}" for text in page.rejected)
            start += page.entries
            # Entries beyond a total that is too low count against the cap as well.
            reading.largest = max(reading.largest, total, start)
            # A total is not believed against a full page of news: what comes next is asked for.
            goes_on = page.entries >= asked and len(reading.received) > known
            ended = page.entries == 0 or (start >= total and not goes_on)
            if ended or reading.largest >= self.cap:
                return reading

    def _request(self, sent: str, start: int, size: int) -> Request:
        return Request(
            path="",
            params=(
                ("search_query", sent),
                ("start", str(start)),
                ("max_results", str(size)),
                ("sortBy", "submittedDate"),
                ("sortOrder", "ascending"),
            ),
        )

    def parse(self, page: Page) -> PageContent:
        """Read one Atom feed; raises as :func:`~.arxiv_page.read_page`."""
        return read_page(page)


def _allowed_size(start: int, size: int, cap: int) -> int:
    """Largest page size that the service's own test of depth lets pass at this start."""
    return next(
        (fit for fit in range(size, 0, -1) if 1 + round(start / fit) <= cap // fit),
        1,
    )


def _missing(received: set[str], reading: _Pass) -> bool:
    # An entry that names no paper was received all the same; asking again would not mend it.
    return len(received) + len(reading.rejected) < reading.largest or too_many_rejected(
        len(reading.rejected), len(received)
    )
