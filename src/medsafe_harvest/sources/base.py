"""What a source is: the words that every source file and the fetcher share.

A source is pure. It turns a query and a window into requests, and page bytes into records::

    ┌ source.harvest(query, window) ┐   Request ─▶   ┌ fetch ┐
    │ a generator                   │                │       │ ─▶ network, raw store
    └───────────────────────────────┘  ◀─ PageContent└───────┘     source.parse(page)

The generator yields a :class:`Request`, is sent the :class:`PageContent` that the source's own
``parse`` made of the answer, and returns a :class:`Harvested`. It knows no network, so paging is
tested by sending it pages.
"""

from __future__ import annotations

import enum
import hashlib
from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any, ClassVar, Protocol, Self

from medsafe_harvest.errors import MalformedPageError
from medsafe_harvest.sources.query import Query
from medsafe_harvest.sources.service import ServiceSettings


@dataclass(frozen=True, slots=True, order=True)
class Window:
    """The closed date range, both days included, that one query is asked for."""

    since: date
    until: date

    def __post_init__(self) -> None:
        if self.since > self.until:
            raise ValueError(f"a window ends before it begins: {self}")

    def __str__(self) -> str:
        return f"{self.since.isoformat()}..{self.until.isoformat()}"

    @property
    def days(self) -> int:
        """Number of days, at least 1."""
        return (self.until - self.since).days + 1

    def halves(self) -> tuple[Window, Window]:
        """Two windows that together cover this one.

        Raises:
            ValueError: the window is a single day.
        """
        if self.days == 1:
            raise ValueError(f"a single day cannot be split: {self}")
        middle = self.since + timedelta(days=self.days // 2 - 1)
        return Window(self.since, middle), Window(middle + timedelta(days=1), self.until)


@dataclass(frozen=True, slots=True)
class Request:
    """One request, relative to the source's base URL; never holds a secret."""

    path: str
    params: tuple[tuple[str, str], ...]
    #: JSON that is sent with POST; an empty text makes it a GET.
    body: str = ""


@dataclass(frozen=True, slots=True)
class Page:
    """One response as it came."""

    status: int
    #: Names in lower case.
    headers: Mapping[str, str]
    body: bytes
    #: Address that was asked, with its parameters.
    url: str = ""
    #: JSON that was sent with POST; empty for a GET.
    sent: str = ""


@dataclass(frozen=True, slots=True)
class SourceAuthor:
    """An author as the source gives it; parts only where the source itself splits the name."""

    name: str
    given: str | None = None
    family: str | None = None
    suffix: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceRecord:
    """One entry of a page, verbatim: no clean-up but the page format's own decoding.

    ``identifiers`` are (kind, text) pairs; kinds: arxiv, doi, pmid, pmcid, corpus, s2, acl, dblp,
    mag, openreview, openalex. Dates are the source's text (``2024-01-31T10:00:00Z``,
    ``2024-01-31``).
    """

    source: str
    source_id: str
    title: str
    abstract: str | None = None
    authors: tuple[SourceAuthor, ...] = ()
    identifiers: tuple[tuple[str, str], ...] = ()
    published: str | None = None
    updated: str | None = None
    year: int | None = None
    venue: str | None = None
    venue_kind: str | None = None
    volume: str | None = None
    issue: str | None = None
    pages: str | None = None
    journal_ref: str | None = None
    comment: str | None = None
    primary_category: str | None = None
    categories: tuple[str, ...] = ()
    fields_of_study: tuple[str, ...] = ()
    publication_types: tuple[str, ...] = ()
    licence: str | None = None
    withdrawn: bool = False
    #: Times of the versions, first to latest, in ISO 8601.
    versions: tuple[str, ...] = ()
    #: How arXiv announced it: new, cross, replace or replace-cross.
    announced: str | None = None
    url: str | None = None
    pdf_url: str | None = None
    open_access: bool | None = None
    open_access_url: str | None = None
    citation_count: int | None = None
    influential_citation_count: int | None = None
    reference_count: int | None = None
    #: Corpus ids of what it cites, at Semantic Scholar.
    cites: tuple[int, ...] = ()
    tldr: str | None = None


@dataclass(frozen=True, slots=True)
class PageContent:
    """What a source's ``parse`` read from one page."""

    records: tuple[SourceRecord, ...]
    #: Raw entries that the page held, usable or not: what paging counts by.
    entries: int
    #: Total that the service announces for the whole request, or None where it announces none.
    total: int | None
    #: Opaque continuation, or None at the end.
    token: str | None = None
    #: The query as the service says it ran it, or None.
    executed: str | None = None
    #: Entries without an id or a title, in words: (position on the page, what is wrong).
    rejected: tuple[str, ...] = ()
    #: Papers that the service has no longer under the id asked for: (source_id, the id that it has
    #: the paper under now, or None where the paper is gone).
    replaced: tuple[tuple[str, str | None], ...] = ()
    #: What the service says in place of entries, in one word that the door's generator knows.
    code: str | None = None


def refuse_unreadable(page: PageContent) -> None:
    """Let one odd entry pass, but not a page of which nothing can be read: the format changed.

    Raises:
        MalformedPageError: the page has entries, and none is a paper.
    """
    if page.entries > 1 and not page.records:
        raise MalformedPageError(f"none of {page.entries} entries is a paper: {page.rejected[0]}")


def too_many_rejected(rejected: int, received: int) -> bool:
    """Whether so many entries could not be read that the window cannot be called complete.

    One odd entry in a small window, or one in twenty, is the service's own trouble; asking again
    would not mend it.
    """
    return rejected > max(1, (rejected + received) // 20)


class Completeness(enum.StrEnum):
    """How a finished generator judges its window."""

    COMPLETE = "complete"
    #: Complete, with a confirmed total of 0.
    EMPTY = "empty"
    #: Rows received do not add up to the total announced: to be fetched again.
    SHORT = "short"
    #: More than the service hands out for one query: to be split by date.
    TOO_LARGE = "too_large"


@dataclass(frozen=True, slots=True)
class Harvested:
    """Return value of a source's generator."""

    completeness: Completeness
    #: Total that the service announced last.
    announced: int
    #: Distinct source ids received.
    received: int
    notes: tuple[str, ...] = field(default=())

    @classmethod
    def of(cls, received: int, rejected: int, announced: int, notes: Sequence[str]) -> Self:
        """The verdict where all that was asked for was answered.

        Args:
            received: distinct source ids.
            rejected: entries that could not be read.
            announced: the total.
            notes: what to tell of it.
        """
        if too_many_rejected(rejected, received):
            state = Completeness.SHORT
        else:
            state = Completeness.COMPLETE if received or rejected else Completeness.EMPTY
        return cls(state, announced, received, tuple(notes))


class Reader(Protocol):
    """Reads the pages of one kind that the raw store may hold."""

    #: How folders and settings call it.
    name: ClassVar[str]
    #: The source that its records belong to.
    source: ClassVar[str]
    #: Fields of a record that it knows better than the source's other doors; it then counts for
    #: nothing else. Empty: it describes a paper fully.
    gives: ClassVar[tuple[str, ...]]

    def parse(self, page: Page) -> PageContent:
        """Read one page.

        Raises:
            FetchError: the subclass says what the answer is instead of the page asked for.
        """


class Door(Reader, Protocol):
    """What every file under ``sources/`` provides: one way into a service, a frozen dataclass.

    Its fields, if any, are whole numbers that ``config/settings.yaml`` may change, beside the
    settings of its service. It is a :class:`Source`, a :class:`Feed` or a :class:`Lookup`.
    """

    #: The service as it is to be asked where the configuration says nothing else.
    service: ClassVar[ServiceSettings]

    def harvest(
        self, question: Any, window: Window, /
    ) -> Generator[Request, PageContent, Harvested]:
        """Ask; what a question is, is up to the kind of door."""


class Source(Door, Protocol):
    """A door that is asked the seed queries, by date."""

    def compile(self, query: Query) -> str:
        """The query in the service's own language, without dates.

        Raises:
            UnaskableError: the service cannot be asked this.
        """

    def widened(self, query: Query) -> tuple[str, ...]:
        """What of the query this service cannot express, in words; it then returns more."""

    def slow_days(self, window: Window) -> Mapping[date, int]:
        """Days of the window that papers reach especially late, and how many days later."""

    def harvest(
        self, query: Query, window: Window, /
    ) -> Generator[Request, PageContent, Harvested]:
        """Ask for everything that the query finds in the window."""


@dataclass(frozen=True, slots=True)
class Subject:
    """What a feed is followed for, for example one of arXiv's sets."""

    #: Name in the raw store; begins with an underscore, as no seed query does.
    id: str
    #: What the service is asked for, in its own words.
    text: str

    @property
    def digest(self) -> str:
        """SHA-256, in hex, of what is asked for."""
        return hashlib.sha256(self.text.encode()).hexdigest()


class Feed(Door, Protocol):
    """A door that tells what changed day by day, whatever the seed queries ask.

    What it says of a paper counts only where a seed query found the paper.
    """

    #: Days after which a day that was read is not read again.
    overlap_days: ClassVar[int]
    #: How many days ago the latest day is that can be asked for; 0 is today.
    delay_days: ClassVar[int]
    #: Whether days that have gone by can still be asked for.
    keeps_history: ClassVar[bool]

    def subjects(self, queries: Sequence[Query]) -> tuple[Subject, ...]:
        """What to follow for these seed queries."""

    def harvest(
        self, subject: Subject, window: Window, /
    ) -> Generator[Request, PageContent, Harvested]:
        """Ask for everything that changed in the window."""


@dataclass(frozen=True, slots=True)
class Wish:
    """Known papers to be looked up."""

    #: Ids in the words of the lookup's service.
    ids: tuple[str, ...]

    @property
    def id(self) -> str:
        """Name in the raw store."""
        return f"_ids-{self.digest[:12]}"

    @property
    def digest(self) -> str:
        """SHA-256, in hex, of the ids."""
        return hashlib.sha256("\n".join(self.ids).encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class KnownPaper:
    """A paper as one source has it, for a lookup to decide whether it wants to ask."""

    record: SourceRecord
    #: A feed told of a later version than the record describes.
    is_revised: bool = False
    #: The lookup has not given it for long enough, under whatever id.
    is_due: bool = True
    #: It is a list's word for a paper that a service may know.
    is_listed: bool = False
    #: The table has it, and no record of a service beside it.
    is_alone: bool = False


class Lookup(Door, Protocol):
    """A door that is asked for known papers by their ids, a few each night in turn."""

    #: Ids in one wish: one request, or as many as are kept or lost together.
    batch: ClassVar[int]
    #: Whether it searches by title: an answer then counts only where matching says that it is the
    #: paper of a list that was asked for.
    offers: ClassVar[bool]

    @property
    def nightly(self) -> int:
        """Wishes in one run, at most."""

    @property
    def again_days(self) -> int:
        """Days after which a paper may be asked for again."""

    def wants(self, papers: Sequence[KnownPaper]) -> list[str]:
        """Ids to ask for, of those papers that are due, each once.

        Args:
            papers: all that are known, for a lookup may have to know what it has already.
        """

    def asked(self, url: str, sent: str) -> tuple[str, ...]:
        """The ids that a request of its own asked for.

        Args:
            url: address of the request.
            sent: body of the request.
        """

    def harvest(self, wish: Wish, window: Window, /) -> Generator[Request, PageContent, Harvested]:
        """Ask for the papers; the window is the day of asking."""
