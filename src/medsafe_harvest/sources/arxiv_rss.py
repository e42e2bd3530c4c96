"""arXiv's daily announcements.

Rules taken from the service's published source and from recorded responses:

* One feed holds one day, rebuilt at midnight in New York; days gone by cannot be asked for.
* No items is normal on Saturday, Sunday and holidays.
* The type is relative to the categories asked for: a new paper of another category is a cross.
* Replacements from version 6 on and changes of metadata alone are left out.
* The authors are one string with commas in their affiliations, so they are not read.
"""

from __future__ import annotations

import io
import re
from collections.abc import Generator, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import feedparser

from medsafe_harvest.errors import MalformedPageError, RefusedError, ThrottledError
from medsafe_harvest.sources.base import (
    Completeness,
    Harvested,
    Page,
    PageContent,
    Request,
    SourceRecord,
    Subject,
    Window,
    refuse_unreadable,
    too_many_rejected,
)
from medsafe_harvest.sources.http import legible, quoted, raise_for_status, sounds_throttled
from medsafe_harvest.sources.query import Query
from medsafe_harvest.sources.service import ServiceSettings
from medsafe_harvest.sources.xml import read_xml, text

#: Followed for a query that names no category.
_USUAL = ("cs", "eess", "physics.med-ph", "q-bio", "stat")
_ATOM = "{http://www.w3.org/2005/Atom}"
#: Of both formats the root element and the paths of the title, the words below it, and the items.
_FORMATS = {
    "rss": ("channel/title", "channel/description", "channel/item"),
    f"{_ATOM}feed": (f"{_ATOM}title", f"{_ATOM}subtitle", f"{_ATOM}entry"),
}
_ID = re.compile(r"oai:arXiv\.org:(?P<id>\S+?)(?P<version>v[1-9][0-9]*)?")
_TYPE = re.compile(r"Announce Type: *([a-z-]+)")
_ABSTRACT = re.compile(r"(?:\A|\n) *Abstract:\s*(.+)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class ArxivRss:
    """The announcements of one day."""

    #: Items that a feed holds at most; one so full may lack some.
    cap: int = 2_000

    name: ClassVar[str] = "arxiv_rss"
    source: ClassVar[str] = "arxiv"
    gives: ClassVar[tuple[str, ...]] = ("announced",)
    service: ClassVar[ServiceSettings] = ServiceSettings(
        base_url="https://rss.arxiv.org/rss", pace="arxiv", min_interval=3.0, wait_throttled=660.0
    )
    overlap_days: ClassVar[int] = 0
    delay_days: ClassVar[int] = 0
    keeps_history: ClassVar[bool] = False

    def subjects(self, queries: Sequence[Query]) -> tuple[Subject, ...]:
        """One feed of all archives and categories that the queries name."""
        named = {name for query in queries for name in query.categories or _USUAL}
        archives = {name.removesuffix(".*") for name in named if "." not in name.removesuffix(".*")}
        single = {name for name in named if name.partition(".")[0] not in archives}
        asked = sorted(archives | single)
        return (Subject("_announced", "+".join(asked)),) if asked else ()

    def harvest(
        self,
        subject: Subject,
        window: Window,  # noqa: ARG002 - the protocol's signature
    ) -> Generator[Request, PageContent, Harvested]:
        """Ask for today's feed, whatever the window.

        Raises:
            MalformedPageError: nothing of the feed can be read.
        """
        page = yield Request(subject.text, ())
        refuse_unreadable(page)
        received = len({record.source_id for record in page.records})
        notes = page.rejected
        if page.entries >= self.cap:
            # Asking again gives no more; the searches of the night find the rest.
            notes += (f"the feed is full with {page.entries} items: some may be left out",)
        if page.entries == 0:
            state = Completeness.EMPTY
        elif too_many_rejected(len(page.rejected), received):
            state = Completeness.SHORT
        else:
            state = Completeness.COMPLETE
        return Harvested(state, page.entries, received, notes)

    def parse(self, page: Page) -> PageContent:
        """Read one feed, RSS 2.0 or Atom.

        Raises:
            RefusedError: a feed that tells an error, or a 4xx.
            ThrottledError: 406, 429, a 503 that asks to wait, or such words with status 200.
            ForbiddenError: 401 or 403.
            MovedError: 3xx.
            UnavailableError: 5xx.
            MalformedPageError: no feed, a cut or damaged one, or one with a document type.
        """
        root = read_xml(page.body)
        paths = None if root is None else _FORMATS.get(str(root.tag))
        if root is None or paths is None:
            raise_for_status(page)
            said = quoted(page.body)
            if sounds_throttled(said):
                raise ThrottledError(said)
            raise MalformedPageError(f"not a feed: {said!r}")
        title, words, items = paths
        heading = text(root, title)
        message = None
        if heading is not None and heading.startswith("Feed error"):
            message = f"{heading}: {text(root, words) or 'no reason given'}"
        raise_for_status(page, message)
        if message is not None:
            raise RefusedError(legible(message))
        if heading is None:
            raise MalformedPageError("a feed without a title")
        return _content(_parsed(page.body, len(root.findall(items))))


def _parsed(body: bytes, items: int) -> list[Any]:
    """The feed's items as feedparser reads them; it must not fall back on guessing."""
    # As a stream, or the bytes could be taken for the name of a file. An abstract is plain text,
    # and cleaning it as HTML would drop what stands between two inequalities.
    feed = feedparser.parse(io.BytesIO(body), sanitize_html=False, resolve_relative_uris=False)
    entries: list[Any] = feed.entries
    if feed.bozo or len(entries) != items:
        raise MalformedPageError(f"{items} items, of which {len(entries)} can be read")
    return entries


def _content(items: list[Any]) -> PageContent:
    read = [_record(item) for item in items]
    return PageContent(
        records=tuple(record for record in read if not isinstance(record, str)),
        entries=len(read),
        total=None,
        rejected=tuple(
            f"item {position}: {words}"
            for position, words in enumerate(read)
            if isinstance(words, str)
        ),
    )


def _record(item: Any) -> SourceRecord | str:
    """The item as a record, or what it lacks."""
    found = _ID.fullmatch(item.get("id") or "")
    if found is None:
        return f"no arXiv id ({legible(item.get('id') or '')})"
    source_id = found["id"]
    title = item.get("title")
    if not title:
        return f"no title ({source_id})"
    summary = item.get("summary") or ""
    kind = _TYPE.search(summary)
    abstract = _ABSTRACT.search(summary)
    doi = item.get("arxiv_doi")
    return SourceRecord(
        source="arxiv",
        source_id=source_id,
        title=title,
        abstract=abstract[1].strip() or None if abstract else None,
        identifiers=(
            ("arxiv", f"{source_id}{found['version'] or ''}"),
            *((("doi", doi),) if doi else ()),
        ),
        journal_ref=item.get("arxiv_journal_reference") or None,
        categories=tuple(
            dict.fromkeys(tag.term for tag in item.get("tags") or () if tag.get("term"))
        ),
        licence=item.get("rights") or None,
        announced=item.get("arxiv_announce_type") or (kind[1] if kind else None),
        url=item.get("link") or None,
    )
