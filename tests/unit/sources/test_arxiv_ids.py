from __future__ import annotations

from collections.abc import Callable, Generator
from datetime import date
from typing import Any, TypeAlias
from urllib.parse import urlencode

import pytest

from medsafe_harvest.errors import MalformedPageError, UnaskableError
from medsafe_harvest.sources.arxiv import ArxivSource
from medsafe_harvest.sources.arxiv_ids import ArxivIds, well_formed
from medsafe_harvest.sources.base import (
    Completeness,
    Harvested,
    KnownPaper,
    Page,
    PageContent,
    Request,
    SourceRecord,
    Window,
    Wish,
)

TODAY = Window(date(2024, 1, 2), date(2024, 1, 2))
WISH = Wish(("2401.00001", "hep-th/9901001"))
Driver: TypeAlias = Callable[
    [Generator[Request, PageContent, Harvested], Callable[[dict[str, str]], PageContent]],
    tuple[Harvested, list[dict[str, str]]],
]


def found(*ids: str, total: int | None = None) -> PageContent:
    records = tuple(SourceRecord(source="arxiv", source_id=name, title="T") for name in ids)
    return PageContent(records, len(ids), len(ids) if total is None else total)


def harvest(
    drive: Driver, wish: Wish, *pages: PageContent
) -> tuple[Harvested, list[dict[str, str]]]:
    waiting = iter(pages)
    return drive(ArxivIds().harvest(wish, TODAY), lambda _: next(waiting))


def test_all_ids_go_into_one_request_that_asks_for_as_many(drive: Driver) -> None:
    verdict, requests = harvest(drive, WISH, found("hep-th/9901001", "2401.00001"))
    assert verdict == Harvested(Completeness.COMPLETE, 2, 2)
    assert requests == [{"id_list": "2401.00001,hep-th/9901001", "start": "0", "max_results": "2"}]


def known(*, revised: bool = False, **fields: Any) -> KnownPaper:
    record = SourceRecord(**{"source": "arxiv", "source_id": "2401.00001", "title": "T"} | fields)
    return KnownPaper(record, revised)


def test_only_revised_papers_of_arxiv_are_wanted() -> None:
    papers = [
        known(revised=True),
        known(source_id="2401.00002"),
        known(revised=True, source="semantic_scholar", source_id="7"),
    ]
    assert ArxivIds().wants(papers) == ["2401.00001"]


def test_a_request_tells_what_it_asked_for(drive: Driver) -> None:
    _, (request,) = harvest(drive, WISH, found("2401.00001"))
    assert ArxivIds().asked(f"https://x/api/query?{urlencode(request)}", "") == WISH.ids


@pytest.mark.parametrize(
    ("pages", "state", "asked"),
    [
        ([found("2401.00001")], Completeness.COMPLETE, 1),
        ([found(), found("2401.00001")], Completeness.COMPLETE, 2),
        ([found(), found()], Completeness.EMPTY, 2),
        ([found("2401.00001", total=2)], Completeness.SHORT, 1),
    ],
)
def test_papers_that_do_not_come_are_named(
    drive: Driver, pages: list[PageContent], state: Completeness, asked: int
) -> None:
    verdict, requests = harvest(drive, WISH, *pages)
    assert (verdict.completeness, len(requests)) == (state, asked)
    assert len(verdict.notes) == 1
    assert verdict.notes[0].startswith("unknown to arXiv: ")
    assert "hep-th/9901001" in verdict.notes[0]


def test_one_odd_id_does_not_fail_the_others(drive: Driver) -> None:
    wish = Wish(("2401.00001", "2401.00001v2", "2413.00001", "2401.00001"))
    verdict, requests = harvest(drive, wish, found("2401.00001"))
    assert requests[0]["id_list"] == "2401.00001"
    assert verdict.notes == ("no arXiv ids, not asked for: 2401.00001v2, 2413.00001",)
    with pytest.raises(UnaskableError):
        well_formed(["2401.00001v2"])


def test_a_page_without_one_readable_paper_is_malformed(drive: Driver) -> None:
    odd = PageContent((), 2, 2, rejected=("entry 0: no id", "entry 1: no id"))
    with pytest.raises(MalformedPageError):
        harvest(drive, WISH, odd)


def test_the_answer_is_a_search_feed() -> None:
    body = (
        b'<feed xmlns="http://www.w3.org/2005/Atom" '
        b'xmlns:o="http://a9.com/-/spec/opensearch/1.1/">'
        b"<title>arXiv Query: search_query=&amp;id_list=2401.00001&amp;start=0</title>"
        b"<o:totalResults>1</o:totalResults><o:startIndex>0</o:startIndex>"
        b"<entry><id>http://arxiv.org/abs/2401.00001v3</id><title>T</title></entry></feed>"
    )
    url = "https://x/api/query?id_list=2401.00001&start=0&max_results=1"
    content = ArxivIds().parse(Page(200, {}, body, url))
    assert content.records[0].identifiers == (("arxiv", "2401.00001v3"),)
    assert ArxivIds.service == ArxivSource.service
