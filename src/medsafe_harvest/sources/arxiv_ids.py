"""Known papers by their ids, from the arXiv search API.

Rules taken from the service's published source and from recorded responses:

* An id that is well-formed but unknown is dropped without a word.
* One id that is not well-formed fails the whole request, so such ids are not sent.
* ``max_results`` is 10 unless asked for, also for a list of ids.
"""

from __future__ import annotations

import re
from collections.abc import Generator, Sequence
from dataclasses import dataclass
from typing import ClassVar
from urllib.parse import parse_qsl, urlsplit

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

_ID = re.compile(
    r"[0-9]{2}(?:0[1-9]|1[0-2])\.[0-9]{4,5}"
    r"|[a-z]+(?:-[a-z]+)?/[0-9]{2}(?:0[1-9]|1[0-2])[0-9]{3}"
)


@dataclass(frozen=True, slots=True)
class ArxivIds(LookupDoor):
    """arXiv search by ids without version: the current version of each paper."""

    name: ClassVar[str] = "arxiv_ids"
    source: ClassVar[str] = "arxiv"
    service: ClassVar[ServiceSettings] = ArxivSource.service
    batch: ClassVar[int] = 50

    nightly: int = 40
    again_days: int = 1

    def wants(self, papers: Sequence[KnownPaper]) -> list[str]:
        """Papers of which a later version was heard of, and those that only a list names."""
        own = {one.record.source_id for one in papers if one.record.source == self.source}
        listed = dict.fromkeys(
            text
            for one in papers
            if one.is_listed
            for kind, text in one.record.identifiers
            if kind == "arxiv" and text not in own and is_arxiv_id(text)
        )
        return [*listed] + [
            paper.record.source_id
            for paper in papers
            if paper.record.source == self.source
            and paper.is_revised
            and paper.is_due
            and is_arxiv_id(paper.record.source_id)
        ]

    def asked(self, url: str, sent: str) -> tuple[str, ...]:  # noqa: ARG002 - the protocol's
        """The ids in the address."""
        return tuple(dict(parse_qsl(urlsplit(url).query)).get("id_list", "").split(","))

    def harvest(
        self,
        wish: Wish,
        window: Window,  # noqa: ARG002 - the protocol's signature
    ) -> Generator[Request, PageContent, Harvested]:
        """Ask for the papers in one request; the notes name those that did not come.

        Raises:
            UnaskableError: no id is one of arXiv's.
            MalformedPageError: nothing of the page can be read.
        """
        ids, notes = well_formed(wish.ids)
        request = Request(
            "", (("id_list", ",".join(ids)), ("start", "0"), ("max_results", str(len(ids))))
        )
        page = yield request
        if page.entries == 0:
            # A valid page without entries is sometimes served although the papers exist.
            page = yield request
        refuse_unreadable(page)
        received = {record.source_id for record in page.records}
        missing = [paper for paper in ids if paper not in received]
        if missing:
            notes += (f"unknown to arXiv: {', '.join(missing)}",)
        # parse() lets no page without a total through.
        total = page.total or 0
        if page.entries < total:
            state = Completeness.SHORT
        else:
            state = Completeness.COMPLETE if page.entries else Completeness.EMPTY
        return Harvested(state, total, len(received), (*notes, *page.rejected))

    def parse(self, page: Page) -> PageContent:
        """Read one Atom feed; raises as :meth:`.ArxivSource.parse`."""
        return ArxivSource().parse(page)


def is_arxiv_id(text: str) -> bool:
    """Whether it is an arXiv id without version; one that is not fails a whole request."""
    return _ID.fullmatch(text) is not None


def well_formed(ids: Sequence[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The arXiv ids without version, each once, and a note on the rest if any.

    Raises:
        UnaskableError: there is none.
    """
    good = tuple(dict.fromkeys(text for text in ids if is_arxiv_id(text)))
    odd = [text for text in dict.fromkeys(ids) if text not in good]
    if not good:
        raise UnaskableError(f"no arXiv id without version among {', '.join(odd) or 'no ids'}")
    return good, (f"no arXiv ids, not asked for: {', '.join(odd)}",) if odd else ()
