"""Every recorded response goes through the parsers; entries are counted without them."""

from __future__ import annotations

import json
import re
from collections import Counter
from datetime import date, datetime
from pathlib import Path
from typing import Any

import arxiv
import feedparser
import pytest
from arxiv import _feed as peer
from hypothesis import given, settings
from hypothesis import strategies as st

from medsafe_harvest.errors import FetchError, ForbiddenError, MalformedPageError, RefusedError
from medsafe_harvest.sources import SOURCES
from medsafe_harvest.sources.base import (
    Completeness,
    Harvested,
    Page,
    PageContent,
    SourceRecord,
    Window,
)
from medsafe_harvest.sources.query import parse_text
from medsafe_harvest.sources.semantic_scholar import parse_papers


def index(shared_data: Path, kind: str) -> list[dict[str, Any]]:
    lines = (shared_data / "api/INDEX.jsonl").read_text(encoding="utf-8").splitlines()
    found = [entry for entry in map(json.loads, lines) if entry["kind"] == kind]
    assert {entry["file"] for entry in found} == {
        path.relative_to(shared_data / "api").as_posix()
        for path in (shared_data / "api" / kind).iterdir()
    }
    return found


def test_every_recorded_atom_page_gives_all_its_entries(shared_data: Path) -> None:
    pages = 0
    for entry in index(shared_data, "arxiv_atom"):
        body = (shared_data / "api" / entry["file"]).read_bytes()
        page = Page(entry["status"] or 200, {}, body)
        if b"/api/errors#" in body:
            with pytest.raises(RefusedError, match="incorrect id format for abc"):
                SOURCES["arxiv"].parse(page)
            continue
        content = SOURCES["arxiv"].parse(page)
        assert content.entries == len(content.records) == len(re.findall(rb"<entry[ >]", body))
        assert content.rejected == ()
        same_as_the_arxiv_package(content, peer.parse(body))
        third = [(entry.id.partition("/abs/")[2], entry.published) for entry in feed_of(body)]
        ours = [(dict(one.identifiers)["arxiv"], one.published) for one in content.records]
        assert ours == third
        pages += 1
    assert pages == 22


def feed_of(body: bytes) -> list[Any]:
    entries: list[Any] = feedparser.parse(body).entries
    return entries


def same_as_the_arxiv_package(content: PageContent, theirs: Any) -> None:
    assert not theirs.malformed
    assert content.total == theirs.header.total_results
    assert len(content.records) == len(theirs.results)
    for record, result in zip(content.records, theirs.results, strict=True):
        assert seen(record) == seen_by_peer(result)


def seen(record: SourceRecord) -> dict[str, Any]:
    dates = [record.published, record.updated]
    return {
        "id": dict(record.identifiers)["arxiv"],
        "title": " ".join(record.title.split()),
        "abstract": record.abstract,
        "authors": [author.name for author in record.authors],
        "dates": [text and datetime.fromisoformat(text) for text in dates],
        "comment": record.comment,
        "journal_ref": record.journal_ref,
        "doi": next((text for kind, text in record.identifiers if kind == "doi"), None),
        "primary": record.primary_category,
        "categories": list(record.categories),
        "pdf": record.pdf_url,
    }


def seen_by_peer(result: arxiv.Result) -> dict[str, Any]:
    return {
        "id": result.get_short_id(),
        "title": result.title.strip(),
        "abstract": result.summary.strip(),
        "authors": [author.name for author in result.authors],
        "dates": [result.published, result.updated],
        "comment": result.comment and result.comment.strip(),
        "journal_ref": result.journal_ref and result.journal_ref.strip(),
        "doi": result.doi,
        "primary": result.primary_category,
        "categories": list(dict.fromkeys(result.categories)),
        "pdf": result.pdf_url,
    }


def test_overlapping_recorded_pages_hold_the_same_papers(shared_data: Path) -> None:
    def ids(name: str) -> list[str]:
        (path,) = (shared_data / "api/arxiv_atom").glob(f"arxivpy__q_testing_{name}_*")
        content = SOURCES["arxiv"].parse(Page(200, {}, path.read_bytes()))
        return [record.source_id for record in content.records]

    whole = ids("s0_m100")
    assert ids("s0_m10") == whole[:10]
    assert ids("s20_m10") == whole[20:30]


def test_every_recorded_semantic_scholar_answer_is_read_or_named(shared_data: Path) -> None:
    outcomes: Counter[str] = Counter()
    for entry in index(shared_data, "s2"):
        body = (shared_data / "api" / entry["file"]).read_bytes()
        answer = json.loads(body)
        try:
            content = SOURCES["semantic_scholar"].parse(Page(entry["status"] or 200, {}, body))
        except FetchError as error:
            outcomes[error.outcome] += 1
            expect_no_page(entry["status"], answer, error)
            continue
        outcomes["page"] += 1
        assert content.entries == len(answer.get("data") or [])
        assert content.total == answer.get("total")
        assert content.token == answer.get("token")
        papers = [paper for paper in answer.get("data") or [] if "title" in paper]
        if all("paperId" in paper for paper in papers):
            assert [record.title for record in content.records] == [
                paper["title"].strip() for paper in papers
            ]
    assert outcomes["page"] > 80
    assert outcomes["refused"] >= 8
    assert outcomes["forbidden"] == 1


def expect_no_page(status: int | None, answer: Any, error: FetchError) -> None:
    if status in {400, 404} or (isinstance(answer, dict) and set(answer) == {"error"}):
        assert type(error) is RefusedError
    elif status == 403:
        assert type(error) is ForbiddenError
    else:
        # Single papers, authors, batches, data sets and recommendations are no search pages.
        assert type(error) is MalformedPageError
        assert not (isinstance(answer, dict) and "data" in answer), str(error)


def test_recorded_lists_of_papers_are_read_whole(shared_data: Path) -> None:
    lists = 0
    for path in sorted((shared_data / "api/s2").glob("*.json")):
        answer = json.loads(path.read_bytes())
        papers = answer.get("recommendedPapers") if isinstance(answer, dict) else answer
        known = [paper for paper in papers or [] if paper is not None]
        if not isinstance(papers, list) or not known or "paperId" not in known[0]:
            continue
        content = parse_papers(path.read_bytes())
        lists += 1
        assert content.entries == len(known)
        assert [record.title for record in content.records] == [
            paper["title"].strip() for paper in known if paper.get("title")
        ]
    assert lists >= 5


def test_the_recorded_chain_of_bulk_pages_is_a_complete_window(shared_data: Path) -> None:
    folder = shared_data / "api/s2"
    source = SOURCES["semantic_scholar"]
    harvest = source.harvest(parse_text("kubernetes"), Window(date(2000, 1, 1), date(2024, 1, 1)))
    next(harvest)
    asked = None
    for number in range(3):
        name = (
            f"semanticscholar__test_search_paper_bulk_retrieval_traversing_results__{number}__200"
        )
        page = source.parse(Page(200, {}, (folder / f"{name}.json").read_bytes()))
        if page.token is None:
            with pytest.raises(StopIteration) as finished:
                harvest.send(page)
            assert finished.value.value == Harvested(Completeness.COMPLETE, 2674, 2674)
        else:
            asked = dict(harvest.send(page).params)
            assert asked["token"] == page.token
    assert asked is not None


@given(st.data())
@settings(max_examples=150)
def test_a_damaged_real_page_gives_a_page_or_a_fetch_error(
    shared_data: Path, data: st.DataObject
) -> None:
    source, name = data.draw(
        st.sampled_from(
            [
                ("arxiv", "arxiv_atom/arxivpy__q_testing_s0_m10_bc5a6c384fe9__200.xml"),
                ("arxiv", "arxiv_atom/xiv__arxiv_response.xml"),
                (
                    "semantic_scholar",
                    "s2/paper-qa__test_title_search_paper_attributes0___2__200.json",
                ),
                ("semantic_scholar", "s2/semanticscholar__test_search_paper_year__0__200.json"),
            ]
        )
    )
    body = (shared_data / "api" / name).read_bytes()
    start = data.draw(st.integers(0, len(body)))
    end = data.draw(st.integers(start, min(len(body), start + 60)))
    put = data.draw(st.binary(max_size=8) | st.sampled_from([b"null", b"[", b'"x"', b"</entry>"]))
    try:
        found = SOURCES[source].parse(Page(200, {}, body[:start] + put + body[end:]))
    except FetchError:
        return
    assert len(found.records) + len(found.rejected) == found.entries


def test_a_real_page_cut_anywhere_is_never_a_shorter_page(shared_data: Path) -> None:
    path = shared_data / "api/arxiv_atom/arxivpy__q_testing_s0_m10_bc5a6c384fe9__200.xml"
    body = path.read_bytes().rstrip()
    for end in range(0, len(body), 97):
        with pytest.raises(MalformedPageError):
            SOURCES["arxiv"].parse(Page(200, {}, body[:end]))
