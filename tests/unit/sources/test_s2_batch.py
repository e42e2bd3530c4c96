from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from medsafe_harvest.errors import (
    FetchError,
    ForbiddenError,
    MalformedPageError,
    RefusedError,
    ThrottledError,
    UnaskableError,
    UnavailableError,
)
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
from medsafe_harvest.sources.s2_batch import SemanticScholarBatch

DOOR = SemanticScholarBatch()
TODAY = Window(date(2024, 1, 2), date(2024, 1, 2))
A, B = "a" * 40, "b" * 40


def paper(name: str = A, corpus: int | None = 7, **more: Any) -> dict[str, Any]:
    return {"paperId": name, "corpusId": corpus, "title": "T", **more}


def page(body: Any, *ids: str, status: int = 200) -> Page:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return Page(status, {}, raw, sent=json.dumps({"ids": ids}))


def test_papers_are_read_beside_the_ids_asked_for() -> None:
    summary = {"model": "tldr@v2", "text": "In short."}
    content = DOOR.parse(page([paper(tldr=summary), None], "CorpusId:7", "ARXIV:2401.00001"))
    (record,) = content.records
    assert (record.source, record.source_id, record.tldr) == ("semantic_scholar", "7", "In short.")
    assert (content.entries, content.total, content.rejected) == (1, None, ())
    assert content.replaced == ()


@pytest.mark.parametrize(
    ("asked", "came", "replaced"),
    [
        ("CorpusId:7", None, (("7", None),)),
        (A, None, ((A, None),)),
        ("ARXIV:2401.00001", None, ()),
        ("DOI:10.1/a", None, ()),
        ("CorpusId:7", paper(corpus=7), ()),
        ("CorpusId:7", paper(corpus=9), (("7", "9"),)),
        ("CorpusId:7", paper(corpus=None), ()),
        (A, paper(A, None), ()),
        (A, paper(B, None), ((A, B),)),
        (A, paper(A, 9), ((A, "9"),)),
        ("ARXIV:2401.00001", paper(corpus=9), ()),
    ],
)
def test_what_became_of_a_known_paper_is_told(
    asked: str, came: dict[str, Any] | None, replaced: tuple[tuple[str, str | None], ...]
) -> None:
    assert DOOR.parse(page([came], asked)).replaced == replaced


def test_a_paper_without_a_title_is_counted_and_named() -> None:
    content = DOOR.parse(page([paper(title=None), paper()], "CorpusId:8", "CorpusId:7"))
    assert (content.entries, len(content.records)) == (2, 1)
    assert content.rejected == ("[0]: no title (7)",)
    assert content.replaced == ()


def test_one_odd_paper_does_not_cost_the_others() -> None:
    odd = [{"paperId": B, "corpusId": 8, "title": ["T"]}, "x", paper(corpus=9)]
    content = DOOR.parse(page(odd, "CorpusId:8", "CorpusId:7", "CorpusId:9"))
    assert [record.source_id for record in content.records] == ["9"]
    assert content.rejected == ("[0].title is list, not a string", "[1] is str, not an object")
    # Of a paper that cannot be read nobody knows whether it is gone.
    assert content.replaced == ()


@pytest.mark.parametrize("status", [400, 404])
def test_no_valid_id_means_that_all_are_unknown(status: int) -> None:
    said = {"error": "No valid paper ids given"}
    content = DOOR.parse(page(said, "CorpusId:7", "ARXIV:2401.00001", status=status))
    assert content == PageContent((), 0, None, replaced=(("7", None),))


@pytest.mark.parametrize(
    ("given_page", "wanted"),
    [
        (page([paper()], "CorpusId:7", "CorpusId:8"), MalformedPageError),
        (page([paper(), paper()], "CorpusId:7"), MalformedPageError),
        (page([], "CorpusId:7"), MalformedPageError),
        (page({"data": []}, "CorpusId:7", "CorpusId:8"), MalformedPageError),
        (page(b"<html>", "CorpusId:7"), MalformedPageError),
        (Page(200, {}, b"[null]"), MalformedPageError),
        (Page(200, {}, b"[null]", sent='{"ids": [1]}'), MalformedPageError),
        (page({"error": "Unrecognized or unsupported fields: [x]"}, A, status=400), RefusedError),
        (page({"error": "Paper with id x not found"}, A, status=404), RefusedError),
        (page({"error": "x"}, A), RefusedError),
        (page({"message": "Forbidden"}, A, status=403), ForbiddenError),
        (page({"message": "Too Many Requests.", "code": "429"}, A, status=429), ThrottledError),
        (page({"message": "Too Many Requests.", "code": "429"}, A), ThrottledError),
        (page({"message": "Internal"}, A, status=500), UnavailableError),
    ],
)
def test_an_answer_that_is_no_batch_has_its_own_error(
    given_page: Page, wanted: type[FetchError]
) -> None:
    with pytest.raises(FetchError) as caught:
        DOOR.parse(given_page)
    assert type(caught.value) is wanted


# --- asking -----------------------------------------------------------------------------------


def harvest(ids: tuple[str, ...], largest: int) -> tuple[Harvested, list[Request]]:
    """Ask a service that knows all corpus ids and refuses answers of more papers than that."""
    generator = DOOR.harvest(Wish(ids), TODAY)
    requests: list[Request] = []
    request = next(generator)
    while True:
        requests.append(request)
        asked = json.loads(request.body)["ids"]
        answer: Any = [paper(corpus=int(name.removeprefix("CorpusId:"))) for name in asked]
        status = 200
        if len(asked) > largest:
            answer, status = {"error": "Response would exceed maximum size (10 MB)"}, 400
        try:
            request = generator.send(DOOR.parse(page(answer, *asked, status=status)))
        except StopIteration as stop:
            verdict: Harvested = stop.value
            return verdict, requests


IDS = tuple(f"CorpusId:{number}" for number in range(1, 8))


def test_a_wish_is_one_post() -> None:
    verdict, (request,) = harvest(IDS, 500)
    assert verdict == Harvested(Completeness.COMPLETE, 7, 7)
    assert request.path == "graph/v1/paper/batch"
    assert json.loads(request.body) == {"ids": list(IDS)}
    ((key, fields),) = request.params
    assert key == "fields"
    assert {"paperId", "corpusId", "externalIds", "title", "tldr"} <= set(fields.split(","))


@pytest.mark.parametrize("largest", [6, 3, 1])
def test_ids_are_halved_until_the_answer_fits(largest: int) -> None:
    verdict, requests = harvest(IDS, largest)
    assert verdict == Harvested(Completeness.COMPLETE, 7, 7)
    answered = [json.loads(request.body)["ids"] for request in requests]
    assert [name for ids in answered if len(ids) <= largest for name in ids] == list(IDS)


def test_one_paper_too_large_is_refused() -> None:
    with pytest.raises(RefusedError, match="CorpusId:1 is too large"):
        harvest(IDS, 0)
    with pytest.raises(UnaskableError):
        next(DOOR.harvest(Wish(()), TODAY))


def test_papers_that_are_all_unknown_leave_the_wish_empty() -> None:
    generator = DOOR.harvest(Wish(("CorpusId:7",)), TODAY)
    next(generator)
    with pytest.raises(StopIteration) as finished:
        generator.send(DOOR.parse(page([None], "CorpusId:7")))
    assert finished.value.value == Harvested(Completeness.EMPTY, 1, 0)


def known(*, revised: bool = False, **fields: Any) -> KnownPaper:
    record = SourceRecord(**{"source": "semantic_scholar", "source_id": "7", "title": "T"} | fields)
    return KnownPaper(record, revised)


def test_all_papers_are_wanted_by_the_steadiest_id() -> None:
    papers = [
        known(identifiers=(("corpus", "7"), ("arxiv", "2401.00001"))),
        known(source_id=A),
        known(source="arxiv", source_id="2401.00001"),
        known(source="arxiv", source_id="2401.00002"),
    ]
    assert DOOR.wants(papers) == ["CorpusId:7", A, "ARXIV:2401.00002"]


def test_a_request_tells_what_it_asked_for() -> None:
    _, requests = harvest(IDS, 4)
    assert [DOOR.asked("", request.body) for request in requests] == [IDS, IDS[:3], IDS[3:]]


# --- recordings -------------------------------------------------------------------------------


def test_recorded_batches_are_read_beside_their_ids(shared_data: Path) -> None:
    lines = (shared_data / "api/INDEX.jsonl").read_text(encoding="utf-8").splitlines()
    recorded = [one for one in map(json.loads, lines) if "/paper/batch?" in (one.get("url") or "")]
    nulls = 0
    for one in recorded:
        body = (shared_data / "api" / one["file"]).read_bytes()
        sent = Page(one["status"], {}, body, one["url"], one["request_body"])
        answer = json.loads(body)
        if one["status"] == 403:
            with pytest.raises(ForbiddenError):
                DOOR.parse(sent)
            continue
        content = DOOR.parse(sent)
        assert content.entries == len([paper for paper in answer if paper is not None])
        if "title" not in one["url"]:
            assert len(content.rejected) == content.entries
            continue
        assert [record.source_id for record in content.records] == [
            str(paper["corpusId"]) for paper in answer if paper is not None
        ]
        nulls += answer.count(None)
        # The first id is gone; the last is a paper id of a paper that has a corpus id as well.
        assert content.replaced == (
            ("211530585", None),
            ("0f40b1f08821e22e859c6050916cec3667778613", "255313304"),
        )
    assert (len(recorded), nulls) == (4, 2)
