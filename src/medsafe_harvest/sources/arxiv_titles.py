"""Papers of lists by their titles, from the arXiv search API: several titles in one request.

Rules taken from the service's published source and from recorded responses:

* ``ti:"..."`` finds titles in which the words stand side by side, by their stems; it finds no title
  in which a word is missing or misspelt, and every longer title that has the phrase in it.
* Operators in capitals and prefixes are read even where they make no sense, so phrases are in
  lower case and without colons. Operators have no precedence; a chain of one operator needs none.
* A valid page without entries is sometimes served although the papers exist.
"""

from __future__ import annotations

import re
from collections.abc import Generator, Sequence
from dataclasses import dataclass
from typing import ClassVar
from urllib.parse import parse_qsl, quote_plus, urlsplit

from medsafe_harvest.errors import UnaskableError
from medsafe_harvest.sources.arxiv import ArxivSource
from medsafe_harvest.sources.base import (
    Completeness,
    Harvested,
    KnownPaper,
    Page,
    PageContent,
    Request,
    Window,
    Wish,
    refuse_unreadable,
)
from medsafe_harvest.sources.lookup import LookupDoor
from medsafe_harvest.sources.service import ServiceSettings
from medsafe_harvest.sources.titles import questions

#: Servers cut addresses at about 2,000 bytes; paging and host need the rest.
_LONGEST = 1_750
#: Papers of one answer. More of them cannot all be meant: fewer titles are asked for at a time.
_PAGE = 50
_PHRASE = re.compile(r'ti:"([^"]*)"')
_LATIN = re.compile(r"[a-z]{2}")


@dataclass(frozen=True, slots=True)
class ArxivTitles(LookupDoor):
    """Papers of arXiv that have one of the titles, as a phrase, in their own."""

    name: ClassVar[str] = "arxiv_titles"
    source: ClassVar[str] = "arxiv"
    service: ClassVar[ServiceSettings] = ArxivSource.service
    batch: ClassVar[int] = 10
    offers: ClassVar[bool] = True

    def wants(self, papers: Sequence[KnownPaper]) -> list[str]:
        """The titles of papers that only a list names; arXiv has none in other scripts."""
        return [
            title
            for title in questions(papers)
            if _LATIN.search(title) and len(quote_plus(_query([title]))) <= _LONGEST
        ]

    def asked(self, url: str, sent: str) -> tuple[str, ...]:  # noqa: ARG002 - the protocol's
        """The titles in the address."""
        asked = dict(parse_qsl(urlsplit(url).query)).get("search_query", "")
        return tuple(_PHRASE.findall(asked))

    def harvest(
        self,
        wish: Wish,
        window: Window,  # noqa: ARG002 - the protocol's signature
    ) -> Generator[Request, PageContent, Harvested]:
        """Ask for the titles, in smaller parts where there are more answers than a page holds.

        Raises:
            UnaskableError: no title is given.
            MalformedPageError: nothing of a page can be read.
        """
        if not wish.ids:
            raise UnaskableError("no titles to ask for")
        waiting = _fitting(wish.ids)
        received: set[str] = set()
        notes: list[str] = []
        rejected, short = 0, False
        while waiting:
            titles = waiting.pop()
            page = yield from _answer(titles)
            refuse_unreadable(page)
            # parse() lets no page without a total through.
            total = page.total or 0
            if total > page.entries and len(titles) > 1:
                middle = len(titles) // 2
                waiting += [titles[middle:], titles[:middle]]
                continue
            if total > page.entries:
                notes.append(f"{titles[0]!r} stands in {total:,} titles; the nearest were read")
            short = short or page.entries < min(total, _PAGE)
            received.update(paper.source_id for paper in page.records)
            rejected += len(page.rejected)
            notes.extend(f"{titles[0]!r}...: {words}" for words in page.rejected)
        if short:
            return Harvested(Completeness.SHORT, len(received), len(received), tuple(notes))
        return Harvested.of(len(received), rejected, len(received), notes)

    def parse(self, page: Page) -> PageContent:
        """Read one Atom feed; raises as :meth:`.ArxivSource.parse`."""
        return ArxivSource().parse(page)


def _answer(titles: Sequence[str]) -> Generator[Request, PageContent, PageContent]:
    """The page for some titles; nothing found is doubted once."""
    request = Request(
        "", (("search_query", _query(titles)), ("start", "0"), ("max_results", str(_PAGE)))
    )
    page = yield request
    if page.entries == 0:
        page = yield request
    return page


def _query(titles: Sequence[str]) -> str:
    return " OR ".join(f'ti:"{title}"' for title in titles)


def _fitting(titles: Sequence[str]) -> list[tuple[str, ...]]:
    """The titles in parts that fit into one address each, the last part first."""
    parts: list[tuple[str, ...]] = []
    for title in titles:
        longer = (*parts[-1], title) if parts else (title,)
        if parts and len(quote_plus(_query(longer))) <= _LONGEST:
            parts[-1] = longer
        else:
            parts.append((title,))
    return parts[::-1]
