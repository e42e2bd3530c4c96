"""Searches by title: what is asked for, in how many requests, and which answer is none."""

from __future__ import annotations

import json
from collections.abc import Callable, Generator
from datetime import date
from typing import Any, TypeAlias
from urllib.parse import quote_plus, urlencode

import pytest

from medsafe_harvest.errors import EmptyPageError, FetchError, RefusedError
from medsafe_harvest.sources.arxiv_titles import ArxivTitles
from medsafe_harvest.sources.base import (
    Completeness,
    Harvested,
    KnownPaper,
    Lookup,
    Page,
    PageContent,
    Request,
    SourceRecord,
    Window,
    Wish,
)
from medsafe_harvest.sources.s2_titles import SemanticScholarTitles
from medsafe_harvest.sources.titles import question
from tests.unit.sources.valid_pages import PAPERS

LUNGS = "\u80ba\u90e8\u5f71\u50cf\u7684\u53ef\u4fe1\u6df1\u5ea6\u5b66\u4e60"
TODAY = Window(date(2024, 1, 2), date(2024, 1, 2))
Driver: TypeAlias = Callable[
    [Generator[Request, PageContent, Harvested], Callable[[dict[str, str]], PageContent]],
    tuple[Harvested, list[dict[str, str]]],
]


@pytest.mark.parametrize(
    ("title", "asked"),
    [
        ("TransUNet: Forms AND self-supervision", "transunet forms and self supervision"),
        ('Alzheimer\u2019s "disease" in 2.5-D (MRI)', "alzheimer's disease in 2.5 d mri"),
        ("Über-fair_models", "über fair models"),
        (LUNGS, LUNGS),
        ("U-Net", ""),
        ("word " * 100, ("word " * 48).strip()),
    ],
)  # fmt: skip
def test_what_is_asked_for_has_no_sign_that_a_query_language_knows(title: str, asked: str) -> None:
    assert question(title) == asked


def paper(title: str = "A fair map of lungs", **fields: Any) -> KnownPaper:
    record = SourceRecord(
        source="list", source_id=title, title=title, identifiers=fields.pop("identifiers", ())
    )
    return KnownPaper(record, **{"is_listed": True, "is_alone": True} | fields)


@pytest.mark.parametrize("door", [ArxivTitles(), SemanticScholarTitles()])
def test_only_what_a_list_alone_names_and_by_no_identifier_is_wanted(door: Lookup) -> None:
    papers = [
        paper(),
        paper("A FAIR MAP of lungs"),
        paper("Openreview knows this one", identifiers=(("openreview", "abc"),)),
        paper("The table has this one", is_alone=False),
        paper("No list has this one", is_listed=False),
        paper("A look-up asks for this one", identifiers=(("doi", "10.1/1"),)),
    ]
    assert door.wants(papers) == ["a fair map of lungs", "openreview knows this one"]


def test_arxiv_is_asked_for_no_title_in_another_script() -> None:
    papers = [paper(LUNGS)]
    assert ArxivTitles().wants(papers) == []
    assert len(SemanticScholarTitles().wants(papers)) == 1


def page(entries: int, total: int | None = None) -> PageContent:
    records = tuple(
        SourceRecord(source="arxiv", source_id=str(number), title="T") for number in range(entries)
    )
    return PageContent(records, entries, entries if total is None else total)


def test_arxiv_is_asked_for_several_titles_at_once(drive: Driver) -> None:
    wish = Wish(("a fair map", "alzheimer's lungs"))
    verdict, requests = drive(ArxivTitles().harvest(wish, TODAY), lambda _: page(1))
    assert verdict == Harvested(Completeness.COMPLETE, 1, 1)
    (request,) = requests
    assert request["search_query"] == 'ti:"a fair map" OR ti:"alzheimer\'s lungs"'
    assert ArxivTitles().asked(f"https://x/api/query?{urlencode(request)}", "") == wish.ids


def test_addresses_stay_short(drive: Driver) -> None:
    titles = tuple(f"{number} {'long words ' * 20}".strip() for number in range(10))
    _, requests = drive(ArxivTitles().harvest(Wish(titles), TODAY), lambda _: page(1))
    assert len(requests) == 2
    assert all(len(quote_plus(one["search_query"])) <= 1_750 for one in requests)
    url = "https://x/api/query?"
    asked = [one for each in requests for one in ArxivTitles().asked(url + urlencode(each), "")]
    assert asked == list(titles)


def test_a_common_phrase_does_not_crowd_out_the_other_titles(drive: Driver) -> None:
    def answer(request: dict[str, str]) -> PageContent:
        return page(50, 9_000) if "deep learning" in request["search_query"] else page(1)

    wish = Wish(("one rare title", "deep learning", "another rare title"))
    verdict, requests = drive(ArxivTitles().harvest(wish, TODAY), answer)
    assert [one["search_query"].count("ti:") for one in requests] == [3, 1, 2, 1, 1]
    assert verdict.completeness is Completeness.COMPLETE
    assert verdict.notes == ("'deep learning' stands in 9,000 titles; the nearest were read",)


@pytest.mark.parametrize(
    ("pages", "state"),
    [
        ([page(0), page(1)], Completeness.COMPLETE),
        ([page(0), page(0)], Completeness.EMPTY),
        ([page(3, 4)], Completeness.SHORT),
    ],
)
def test_nothing_found_at_arxiv_is_doubted_once(
    drive: Driver, pages: list[PageContent], state: Completeness
) -> None:
    waiting = iter(pages)
    verdict, _ = drive(ArxivTitles().harvest(Wish(("a fair map",)), TODAY), lambda _: next(waiting))
    assert verdict.completeness is state


NO_MATCH = json.dumps({"error": "Title match not found"}).encode()


def test_no_match_is_an_answer(drive: Driver) -> None:
    door = SemanticScholarTitles()
    content = door.parse(Page(404, {}, NO_MATCH))
    verdict, (request,) = drive(door.harvest(Wish(("a fair map",)), TODAY), lambda _: content)
    assert verdict == Harvested(Completeness.EMPTY, 0, 0)
    assert door.asked(f"https://x/match?{urlencode(request)}", "") == ("a fair map",)
    found = door.parse(Page(200, {}, json.dumps({"data": PAPERS[:1]}).encode()))
    verdict, _ = drive(door.harvest(Wish(("a fair map",)), TODAY), lambda _: found)
    assert verdict == Harvested(Completeness.COMPLETE, 1, 1)


@pytest.mark.parametrize(
    ("status", "body", "error"),
    [
        (404, b'{"error":"Paper with id match not found"}', RefusedError),
        (404, b"<html>Not Found</html>", RefusedError),
        (200, NO_MATCH, RefusedError),
        (200, b'{"data":[]}', EmptyPageError),
        (500, NO_MATCH, FetchError),
    ],
)
def test_a_failure_is_not_taken_for_no_match(
    status: int, body: bytes, error: type[Exception]
) -> None:
    with pytest.raises(error):
        SemanticScholarTitles().parse(Page(status, {}, body))
