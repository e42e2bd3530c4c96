"""Papers of lists by their titles, from Semantic Scholar's title match.

Rules taken from its documentation and from recorded responses:

* The answer is the one paper with the closest title; it nearly always finds something, so whether
  it is the paper asked for is not this door's to say.
* No match is status 404 with ``{"error": "Title match not found"}``; another 404 is a refusal.
* Hyphenated words match nothing; a blank in place of the hyphen does.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import dataclass
from typing import ClassVar
from urllib.parse import parse_qsl, urlsplit

from medsafe_harvest.errors import EmptyPageError, UnaskableError
from medsafe_harvest.sources.base import (
    Harvested,
    KnownPaper,
    Page,
    PageContent,
    Request,
    Window,
    Wish,
)
from medsafe_harvest.sources.http import quoted
from medsafe_harvest.sources.lookup import LookupDoor
from medsafe_harvest.sources.semantic_scholar import FIELDS, SemanticScholarSource
from medsafe_harvest.sources.service import ServiceSettings
from medsafe_harvest.sources.titles import questions

_PATH = "graph/v1/paper/search/match"
_NO_MATCH = "no_match"
_SAYS_NO_MATCH = "title match not found"


@dataclass(frozen=True, slots=True)
class SemanticScholarTitles(LookupDoor):
    """The paper with the closest title, one request a title."""

    name: ClassVar[str] = "semantic_scholar_titles"
    source: ClassVar[str] = "semantic_scholar"
    service: ClassVar[ServiceSettings] = SemanticScholarSource.service
    # One title a wish, so that an answer is kept whatever becomes of the next title.
    batch: ClassVar[int] = 1
    offers: ClassVar[bool] = True

    nightly: int = 30

    def wants(self, papers: Sequence[KnownPaper]) -> list[str]:
        """The titles of papers that only a list names, and by no identifier."""
        return questions(papers)

    def asked(self, url: str, sent: str) -> tuple[str, ...]:  # noqa: ARG002 - the protocol's
        """The title in the address."""
        return tuple(text for name, text in parse_qsl(urlsplit(url).query) if name == "query")

    def harvest(
        self,
        wish: Wish,
        window: Window,  # noqa: ARG002 - the protocol's signature
    ) -> Generator[Request, PageContent, Harvested]:
        """Ask for each title.

        Raises:
            UnaskableError: no title is given.
        """
        if not wish.ids:
            raise UnaskableError("no titles to ask for")
        received: set[str] = set()
        rejected: list[str] = []
        for title in wish.ids:
            page = yield Request(_PATH, (("query", title), ("fields", FIELDS)))
            received.update(paper.source_id for paper in page.records)
            rejected.extend(f"{title!r}: {words}" for words in page.rejected)
        return Harvested.of(len(received), len(rejected), len(received), rejected)

    def parse(self, page: Page) -> PageContent:
        """Read one answer; raises as :meth:`.SemanticScholarSource.parse`.

        Raises:
            EmptyPageError: no paper, and no word that none was found.
        """
        if page.status == 404 and _SAYS_NO_MATCH in quoted(page.body).casefold():
            return PageContent((), 0, None, code=_NO_MATCH)
        content = SemanticScholarSource().parse(page)
        if not content.entries:
            raise EmptyPageError("a title match without a paper, where 404 says that none matches")
        return content
