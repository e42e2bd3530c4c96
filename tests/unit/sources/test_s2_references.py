"""What papers cite: which are asked for, which answers are believed, and what is read of them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from medsafe_harvest.sources import DOORS
from medsafe_harvest.sources.base import (
    Completeness,
    Harvested,
    KnownPaper,
    Page,
    Request,
    SourceRecord,
    Window,
    Wish,
)
from medsafe_harvest.sources.compose import compose
from medsafe_harvest.sources.s2_references import SemanticScholarReferences

DOOR = SemanticScholarReferences()
TODAY = Window(date(2024, 1, 2), date(2024, 1, 2))


def paper(corpus: int, cited: list[int | None] | None) -> dict[str, Any]:
    references = None
    if cited is not None:
        references = [{"paperId": one and "a" * 40, "corpusId": one} for one in cited]
    return {"paperId": f"{corpus:040}", "corpusId": corpus, "title": "T", "references": references}


def page(answer: list[Any], *ids: str) -> Page:
    return Page(200, {}, json.dumps(answer).encode(), sent=json.dumps({"ids": ids}))


def test_papers_of_the_service_are_wanted_once_in_a_while() -> None:
    def known(source: str, name: str, *, due: bool = True) -> KnownPaper:
        return KnownPaper(SourceRecord(source=source, source_id=name, title="T"), is_due=due)

    papers = [
        known("semantic_scholar", "7"),
        known("semantic_scholar", "a" * 40),
        known("semantic_scholar", "8", due=False),
        known("arxiv", "2401.00001"),
    ]
    assert DOOR.wants(papers) == ["CorpusId:7", "a" * 40]


def test_what_has_no_id_or_is_withheld_is_left_out() -> None:
    answer = [paper(7, [3, None, 2]), paper(8, None), paper(9, []), None]
    content = DOOR.parse(page(answer, *(f"CorpusId:{number}" for number in (7, 8, 9, 10))))
    assert [one.cites for one in content.records] == [(3, 2), (), ()]
    assert content.replaced == (("10", None),)


def test_an_empty_word_takes_nothing_back() -> None:
    def said(*cites: int) -> SourceRecord:
        return SourceRecord(source="semantic_scholar", source_id="7", title="", cites=cites)

    described = SourceRecord(source="semantic_scholar", source_id="7", title="T")
    composed = compose(
        [(DOOR.name, said()), ("semantic_scholar", described), (DOOR.name, said(2, 3))], DOORS
    )
    assert composed is not None
    assert composed.record.cites == (2, 3)
    assert composed.given == (("cites", DOOR.name),)


def ask(ids: tuple[str, ...], lists: Mapping[str, int]) -> tuple[Harvested, list[int]]:
    """Ask a service that cuts an answer after 9,999 references, without a word."""
    generator = DOOR.harvest(Wish(ids), TODAY)
    sizes: list[int] = []
    request: Request = next(generator)
    while True:
        asked = json.loads(request.body)["ids"]
        left, answer = 9_999, []
        for name in asked:
            shown = min(left, lists[name])
            left -= shown
            answer.append(paper(int(name.removeprefix("CorpusId:")), [1] * shown))
        sizes.append(len(asked))
        try:
            request = generator.send(DOOR.parse(page(answer, *asked)))
        except StopIteration as stop:
            verdict: Harvested = stop.value
            return verdict, sizes


@pytest.mark.parametrize(
    ("lists", "sizes"),
    [([10, 20, 30], [3]), ([9_000, 990, 500], [3, 1, 2]), ([12_000, 5, 5], [3, 1, 2])],
)
def test_an_answer_that_may_be_cut_is_asked_for_in_parts(
    lists: list[int], sizes: list[int]
) -> None:
    ids = tuple(f"CorpusId:{number}" for number in range(1, 4))
    verdict, asked = ask(ids, dict(zip(ids, lists, strict=True)))
    assert verdict == Harvested(Completeness.COMPLETE, 3, 3)
    assert asked == sizes


def test_a_recorded_paper_has_its_references(shared_data: Path) -> None:
    body = json.loads((shared_data / "api/s2/danielnsilva_obj__Paper.json").read_text("utf-8"))
    (record,) = DOOR.parse(page([body], f"CorpusId:{body['corpusId']}")).records
    # The service knows no paper for the other six.
    assert (len(body["references"]), len(record.cites)) == (14, 8)
    assert 58879058 in record.cites
