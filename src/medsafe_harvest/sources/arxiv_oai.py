"""arXiv's OAI-PMH service: what changed day by day, licences, and the list of versions.

Rules taken from the service's published source and from recorded responses:

* A day is the day of a record's last change, not of submission or announcement.
* A set holds cross-lists and alias partners too, so ``cs`` is enough for cs.IT and math.IT.
* ``resumptionToken`` is opaque and ends at midnight UTC; no total is announced any more, so only
  a chain of pages that came to its end is a whole list.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import ClassVar
from urllib.parse import parse_qsl, urlsplit

from medsafe_harvest.errors import EmptyPageError, MalformedPageError
from medsafe_harvest.sources.arxiv_ids import is_arxiv_id, well_formed
from medsafe_harvest.sources.arxiv_oai_page import (
    NOTHING_CHANGED,
    OAI_ID,
    PARSED,
    RAW,
    read_page,
)
from medsafe_harvest.sources.base import (
    Completeness,
    Harvested,
    KnownPaper,
    Page,
    PageContent,
    Request,
    Subject,
    Window,
    Wish,
    refuse_unreadable,
    too_many_rejected,
)
from medsafe_harvest.sources.lookup import LookupDoor
from medsafe_harvest.sources.query import Query
from medsafe_harvest.sources.service import ServiceSettings

#: An earlier day is refused; records changed last before it carry this one.
_EARLIEST = date(2005, 9, 16)
#: Groups that are one archive; every other archive belongs to physics.
_GROUPS = frozenset(("cs", "econ", "eess", "math", "q-bio", "q-fin", "stat"))
#: Followed for a query that names no category.
_USUAL_SETS = ("cs", "eess", "physics:physics", "q-bio", "stat")
_SERVICE = ServiceSettings(
    base_url="https://oaipmh.arxiv.org/oai",
    pace="arxiv",
    min_interval=3.0,
    wait_throttled=660.0,
    # A page that nobody asked for lately takes up to 90 seconds.
    read_timeout=180.0,
)


@dataclass(frozen=True, slots=True)
class ArxivOai:
    """Changed records with parsed authors and licence, in the format ``arXiv``."""

    name: ClassVar[str] = "arxiv_oai"
    source: ClassVar[str] = "arxiv"
    gives: ClassVar[tuple[str, ...]] = ("authors", "licence")
    service: ClassVar[ServiceSettings] = _SERVICE
    overlap_days: ClassVar[int] = 2
    delay_days: ClassVar[int] = 1
    keeps_history: ClassVar[bool] = True
    prefix: ClassVar[str] = PARSED

    def subjects(self, queries: Sequence[Query]) -> tuple[Subject, ...]:
        """The sets that hold the queries' categories, each once."""
        sets = sorted({text for query in queries for text in _sets(query)})
        return tuple(Subject(f"_{text.replace(':', '-')}", text) for text in sets)

    def harvest(
        self, subject: Subject, window: Window
    ) -> Generator[Request, PageContent, Harvested]:
        """Ask for all records of the set that were changed last in the window, in UTC.

        Raises:
            EmptyPageError: the first page has no records and no reason for it.
            MalformedPageError: a token comes twice, or nothing of a page can be read.
        """
        since = max(window.since, min(_EARLIEST, window.until))
        first = Request(
            "",
            (
                ("verb", "ListRecords"),
                ("metadataPrefix", self.prefix),
                ("from", since.isoformat()),
                ("until", window.until.isoformat()),
                ("set", subject.text),
            ),
        )
        reading = yield from _read(first)
        if reading.code == NOTHING_CHANGED and not reading.tokens:
            return Harvested(Completeness.EMPTY, 0, 0)
        notes: list[str] = []
        received = reading.received
        if reading.code is not None:
            notes.append(f"begun anew: {reading.code} after page {len(reading.tokens)}")
            reading = yield from _read(first)
            received = received | reading.received
        whole = reading.code is None and not reading.short
        return Harvested(
            Completeness.COMPLETE if whole else Completeness.SHORT,
            max(reading.announced, reading.counted),
            len(received),
            (*reading.rejected, *notes),
        )

    def parse(self, page: Page) -> PageContent:
        """Read one page; raises as :func:`~.arxiv_oai_page.read_page`."""
        return read_page(page, self.prefix)


@dataclass(frozen=True, slots=True)
class ArxivOaiRaw(ArxivOai):
    """Changed records with licence, versions and withdrawal, in the format ``arXivRaw``."""

    name: ClassVar[str] = "arxiv_oai_raw"
    gives: ClassVar[tuple[str, ...]] = ("licence", "versions", "withdrawn")
    prefix: ClassVar[str] = RAW


@dataclass(frozen=True, slots=True)
class ArxivOaiGet(LookupDoor):
    """Known papers one by one, in the format ``arXivRaw``; ids are arXiv's, without version."""

    name: ClassVar[str] = "arxiv_oai_get"
    source: ClassVar[str] = "arxiv"
    gives: ClassVar[tuple[str, ...]] = ("licence", "versions", "withdrawn")
    service: ClassVar[ServiceSettings] = _SERVICE
    batch: ClassVar[int] = 20

    again_days: int = 180

    def wants(self, papers: Sequence[KnownPaper]) -> list[str]:
        """Papers of which neither licence nor versions are known."""
        return [
            record.source_id
            for record in (paper.record for paper in papers if paper.is_due)
            if record.source == self.source
            and not record.licence
            and not record.versions
            and is_arxiv_id(record.source_id)
        ]

    def asked(self, url: str, sent: str) -> tuple[str, ...]:  # noqa: ARG002 - the protocol's
        """The id in the address."""
        identifier = dict(parse_qsl(urlsplit(url).query)).get("identifier", "")
        return (identifier.removeprefix(OAI_ID),)

    def harvest(
        self,
        wish: Wish,
        window: Window,  # noqa: ARG002 - the protocol's signature
    ) -> Generator[Request, PageContent, Harvested]:
        """Ask for each paper; one that arXiv does not know is on its page as ``replaced``.

        Raises:
            UnaskableError: no id is one of arXiv's.
        """
        ids, notes = well_formed(wish.ids)
        received: set[str] = set()
        for paper in ids:
            page = yield Request(
                "",
                (
                    ("verb", "GetRecord"),
                    ("identifier", f"{OAI_ID}{paper}"),
                    ("metadataPrefix", RAW),
                ),
            )
            received.update(record.source_id for record in page.records)
            notes += tuple(f"{paper}: {words}" for words in page.rejected)
            notes += tuple(f"unknown to arXiv: {old}" for old, _ in page.replaced)
        state = Completeness.COMPLETE if received else Completeness.EMPTY
        return Harvested(state, len(ids), len(received), notes)

    def parse(self, page: Page) -> PageContent:
        """Read one record.

        Raises:
            MalformedPageError: another paper came than the one asked for.
            FetchError: as :func:`~.arxiv_oai_page.read_page`.
        """
        content = read_page(page, RAW)
        (asked,) = self.asked(page.url, page.sent)
        came = {record.source_id for record in content.records}
        came.update(old for old, _ in content.replaced)
        if asked and came != {asked} and not content.rejected:
            raise MalformedPageError(f"asked for {asked}, got {sorted(came)}")
        return content


def _sets(query: Query) -> tuple[str, ...]:
    archives = (category.partition(".")[0] for category in query.categories)
    named = (archive if archive in _GROUPS else f"physics:{archive}" for archive in archives)
    return tuple(named) or _USUAL_SETS


@dataclass(slots=True)
class _Reading:
    """One walk along the chain of pages."""

    received: set[str] = field(default_factory=set)
    tokens: set[str] = field(default_factory=set)
    rejected: tuple[str, ...] = ()
    #: Largest total announced; 0 where none is.
    announced: int = 0
    #: Why the chain broke off, in the service's word; None where it came to its end.
    code: str | None = None

    @property
    def counted(self) -> int:
        """Entries received; one that names no paper was received all the same."""
        return len(self.received) + len(self.rejected)

    @property
    def short(self) -> bool:
        return self.counted < self.announced or too_many_rejected(
            len(self.rejected), len(self.received)
        )


def _read(first: Request) -> Generator[Request, PageContent, _Reading]:
    reading = _Reading()
    request = first
    while True:
        page = yield request
        if page.code is not None:
            reading.code = page.code
            return reading
        if not page.replaced:
            refuse_unreadable(page)
        if page.entries == 0 and not reading.tokens:
            raise EmptyPageError("a list without records and without a reason")
        number = len(reading.tokens) + 1
        reading.announced = max(reading.announced, page.total or 0)
        reading.received.update(record.source_id for record in page.records)
        reading.received.update(old for old, _ in page.replaced)
        reading.rejected += tuple(f"page {number}: {words}" for words in page.rejected)
        if page.token is None:
            return reading
        if page.token in reading.tokens:
            raise MalformedPageError("the token of an earlier page came again")
        reading.tokens.add(page.token)
        request = Request("", (("verb", "ListRecords"), ("resumptionToken", page.token)))
