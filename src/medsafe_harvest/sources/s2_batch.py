"""Known papers by their ids, from Semantic Scholar.

Rules taken from its documentation and from recorded responses:

* The answer has the order and the length of the ids asked for, with null for an unknown one.
* Papers are united now and then: the answer to an id then carries another corpus id.
* An answer is 10 MB at most; a larger one is refused, so the ids are halved.
"""

from __future__ import annotations

import json
import re
from collections.abc import Generator, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import ClassVar

from medsafe_harvest.errors import MalformedPageError, RefusedError, UnaskableError
from medsafe_harvest.sources.base import (
    Harvested,
    KnownPaper,
    Page,
    PageContent,
    Request,
    SourceRecord,
    Window,
    Wish,
    refuse_unreadable,
)
from medsafe_harvest.sources.http import quoted, raise_for_status
from medsafe_harvest.sources.lookup import LookupDoor
from medsafe_harvest.sources.s2_paper import record
from medsafe_harvest.sources.semantic_scholar import FIELDS, SemanticScholarSource, read_list
from medsafe_harvest.sources.service import ServiceSettings

_PATH = "graph/v1/paper/batch"
#: ``PageContent.code`` of an answer that cannot be had whole.
_TOO_LARGE = "too_large"
#: Of 10 MB, or of the citations and references of one answer.
_SAYS_TOO_LARGE = re.compile(r"exceed maximum size|\b9,?999\b")
#: So many papers do not vanish in one night.
_MANY = 10
#: What the service calls the identifiers that lists have.
_KINDS = {"arxiv": "ARXIV", "doi": "DOI", "pmid": "PMID", "pmcid": "PMCID"}
#: Ids that are also a record's own id: a corpus id and a paper id.
_OWN = re.compile(r"CorpusId:(?P<corpus>[0-9]+)|(?P<paper>[0-9a-f]{40})")


@dataclass(frozen=True, slots=True)
class SemanticScholarBatch(LookupDoor):
    """Papers by ``CorpusId:123``, paper id, ``ARXIV:2401.00001`` or another id that it knows."""

    name: ClassVar[str] = "semantic_scholar_batch"
    source: ClassVar[str] = "semantic_scholar"
    service: ClassVar[ServiceSettings] = SemanticScholarSource.service
    batch: ClassVar[int] = 500
    #: What is asked for of each paper.
    fields: ClassVar[str] = f"{FIELDS},tldr"

    nightly: int = 20

    def wants(self, papers: Sequence[KnownPaper]) -> list[str]:
        """All papers of Semantic Scholar, and those of arXiv and of lists that none of them is."""
        own = [paper for paper in papers if paper.record.source == self.source]
        linked = {text for one in own for kind, text in one.record.identifiers if kind == "arxiv"}
        due = [one.record.source_id for one in own if one.is_due]
        ids = [f"CorpusId:{name}" if name.isdigit() else name for name in due]
        ids += [
            f"ARXIV:{paper.record.source_id}"
            for paper in papers
            if paper.record.source == "arxiv" and paper.record.source_id not in linked
        ]
        listed = [one.record.identifiers for one in papers if one.is_listed]
        return list(dict.fromkeys([*ids, *_seeds(listed, [one.record for one in own])]))

    def asked(self, url: str, sent: str) -> tuple[str, ...]:  # noqa: ARG002 - the protocol's
        """The ids in the body."""
        return tuple(_asked(sent))

    def harvest(
        self,
        wish: Wish,
        window: Window,  # noqa: ARG002 - the protocol's signature
    ) -> Generator[Request, PageContent, Harvested]:
        """Ask for the papers, in smaller parts where one answer would be too large.

        Raises:
            UnaskableError: no id is given.
            RefusedError: the answer to one single id is too large.
            MalformedPageError: nothing of an answer can be read.
        """
        if not wish.ids:
            raise UnaskableError("no ids to ask for")
        waiting = [wish.ids]
        received: set[str] = set()
        rejected: list[str] = []
        while waiting:
            ids = waiting.pop()
            page = yield Request(_PATH, (("fields", self.fields),), json.dumps({"ids": list(ids)}))
            if page.code == _TOO_LARGE:
                if len(ids) == 1:
                    raise RefusedError(f"the answer to {ids[0]} is too large")
                middle = len(ids) // 2
                waiting += [ids[middle:], ids[:middle]]
                continue
            refuse_unreadable(page)
            received.update(paper.source_id for paper in page.records)
            rejected.extend(f"{ids[0]}...: {words}" for words in page.rejected)
        return Harvested.of(len(received), len(rejected), len(wish.ids), rejected)

    def is_cut(self, papers: Sequence[object]) -> bool:  # noqa: ARG002 - for those that differ
        """Whether the service may have left out some of what the papers of an answer have."""
        return False

    def parse(self, page: Page) -> PageContent:
        """Read one answer, beside the ids that were sent.

        Raises:
            RefusedError: an ``error`` body or a 4xx, unless it is about the answer's size.
            ThrottledError: 429, also where only the body says so.
            ForbiddenError: 401 or 403.
            MovedError: 3xx.
            UnavailableError: 5xx.
            MalformedPageError: not one paper or null for each id asked for.
        """
        asked = _asked(page.sent)
        said = quoted(page.body).casefold()
        if page.status == 400 and _SAYS_TOO_LARGE.search(said):
            return PageContent((), 0, None, code=_TOO_LARGE)
        if page.status in {400, 404} and "no valid paper ids given" in said:
            answer: list[object] = [None] * len(asked)
        else:
            raise_for_status(page)
            answer = read_list(page.body)
        if len(answer) != len(asked):
            raise MalformedPageError(f"{len(answer)} papers for {len(asked)} ids")
        if len(asked) > 1 and self.is_cut(answer):
            return PageContent((), 0, None, code=_TOO_LARGE)
        own = sum(_OWN.fullmatch(name) is not None for name in asked)
        if own >= _MANY and not any(paper is not None for paper in answer):
            raise MalformedPageError(f"none of {own} papers that were known is there")
        records: list[SourceRecord] = []
        rejected: list[str] = []
        replaced: list[tuple[str, str | None]] = []
        for index, (name, paper) in enumerate(zip(asked, answer, strict=True)):
            read = None if paper is None else record(paper, f"[{index}]")
            if isinstance(read, str):
                rejected.append(read)
                continue
            if read is not None:
                records.append(read)
            replaced += _news(name, read)
        return PageContent(
            records=tuple(records),
            entries=len(records) + len(rejected),
            total=None,
            rejected=tuple(rejected),
            replaced=tuple(replaced),
        )


def _seeds(
    listed: Iterable[Sequence[tuple[str, str]]], own: Iterable[SourceRecord]
) -> Iterator[str]:
    """What to ask for papers that lists name, where no record has one of their identifiers."""
    known = {(kind, _bare(text)) for one in own for kind, text in one.identifiers}
    for identifiers in listed:
        askable = [(kind, _bare(text)) for kind, text in identifiers if kind in _KINDS]
        if askable and known.isdisjoint(askable):
            kind, text = askable[0]
            yield f"{_KINDS[kind]}:{text}"


def _bare(identifier: str) -> str:
    """An identifier as it is compared; the service has PMCIDs as digits."""
    return identifier.casefold().removeprefix("pmc")


def _asked(sent: str) -> list[str]:
    """The ids of the request's body.

    Raises:
        MalformedPageError: the page does not say what it answers.
    """
    try:
        ids = json.loads(sent)["ids"]
    except (ValueError, KeyError, TypeError) as error:
        raise MalformedPageError(f"an answer to unknown ids: {sent[:80]!r}") from error
    if not isinstance(ids, list) or not all(isinstance(name, str) for name in ids):
        raise MalformedPageError(f"an answer to unknown ids: {sent[:80]!r}")
    return ids


def _news(asked: str, paper: SourceRecord | None) -> list[tuple[str, str | None]]:
    """What became of a record whose own id was asked for, where it is not there any more."""
    own = _OWN.fullmatch(asked)
    if own is None:
        # An unknown arXiv id or DOI is no news: the service never had the paper.
        return []
    source_id = own["corpus"] or own["paper"]
    if paper is None:
        return [(source_id, None)]
    if own["corpus"] and "corpus" not in dict(paper.identifiers):
        return []
    return [] if paper.source_id == source_id else [(source_id, paper.source_id)]
