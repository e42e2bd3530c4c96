"""What holds of every door, whatever a service sends."""

from __future__ import annotations

import json
from collections.abc import Generator
from datetime import date
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from medsafe_harvest.errors import FetchError
from medsafe_harvest.normalize.records import Seen, to_batch
from medsafe_harvest.normalize.venues import VenueConfig, VenueTable
from medsafe_harvest.schema import RECORD
from medsafe_harvest.sources import DOORS, FEEDS
from medsafe_harvest.sources.arxiv import ArxivSource
from medsafe_harvest.sources.base import (
    Completeness,
    Harvested,
    Page,
    PageContent,
    Request,
    SourceAuthor,
    SourceRecord,
    Subject,
    Window,
)
from medsafe_harvest.sources.query import parse_text
from tests.unit.sources.valid_pages import PAGES, PAPERS, SENT

WINDOW = Window(date(2024, 1, 1), date(2024, 1, 31))
SEEN = Seen(("q",), date(2024, 1, 1), date(2024, 1, 2))
VENUES = VenueTable(VenueConfig(venues=()))

ALL = sorted(PAGES)


def test_every_door_has_a_valid_page_here() -> None:
    assert set(PAGES) == set(DOORS)
    for name, page in PAGES.items():
        assert len(DOORS[name].parse(page).records) == 3, name


def is_silent(name: str, found: PageContent, page: Page) -> bool:
    """Nothing read, nothing rejected and no error, on a page that does not say that it is empty."""
    if found.entries or found.records or found.rejected or found.replaced or found.code:
        return False
    if name in {"arxiv", "arxiv_ids", "arxiv_titles", "semantic_scholar"}:
        # A count stands beside the entries; its generator holds it against what came.
        return found.total is None and b'"data"' not in page.body
    if name in {"semantic_scholar_batch", "semantic_scholar_references"}:
        # One null for each id, which may be one that the service never had.
        return page.body.count(b"null") < len(json.loads(page.sent)["ids"])
    # A feed of a holiday has no items. A list of OAI-PMH without records is for its generator.
    return found.token is not None


def parse(name: str, page: Page) -> None:
    """The property: records or words for every entry, or an error of ours."""
    try:
        found = DOORS[name].parse(page)
    except FetchError:
        return
    assert 200 <= page.status < 300 or found.code or found.replaced, "a failure became a page"
    assert len(found.records) + len(found.rejected) <= found.entries
    assert all(record.source_id and record.title for record in found.records)
    assert not is_silent(name, found, page)
    to_batch(found.records, [SEEN] * len(found.records), VENUES).validate(full=True)


statuses = st.sampled_from([200, 200, 200, 204, 206]) | st.integers(100, 599)
header_names = st.sampled_from(["retry-after", "location", "content-type", "etag"])


@pytest.mark.parametrize("name", ALL)
@given(
    body=st.binary(max_size=120),
    status=statuses,
    headers=st.dictionaries(header_names, st.text(max_size=10), max_size=2),
    url=st.text(max_size=20),
    sent=st.just(SENT) | st.text(max_size=20),
)
@settings(deadline=None, max_examples=60)
def test_any_answer_gives_a_page_or_an_error_of_ours(
    name: str, body: bytes, status: int, headers: dict[str, str], url: str, sent: str
) -> None:
    parse(name, Page(status, headers, body, url, sent))


@st.composite
def damaged(draw: st.DrawFn, body: bytes) -> bytes:
    """Bytes flipped, cut out, put in or repeated, one to three times."""
    for _ in range(draw(st.integers(1, 3))):
        at = draw(st.integers(0, len(body)))
        end = draw(st.integers(at, min(len(body), at + 80)))
        put = draw(
            st.binary(max_size=4)
            | st.sampled_from([b"", b"null", b"[]", b"{}", b"<entry>", b"<!-- ", b"]]>", b"&#27;"])
            | st.just(body[at:end] * 2)
        )
        body = body[:at] + put + body[end:]
    return body


@pytest.mark.parametrize("name", ALL)
@given(data=st.data(), status=statuses)
@settings(deadline=None, max_examples=100)
def test_a_damaged_page_gives_a_page_or_an_error_of_ours(
    name: str, data: st.DataObject, status: int
) -> None:
    page = PAGES[name]
    body = data.draw(damaged(page.body))
    parse(name, Page(status, {}, body, page.url, page.sent))


anything = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.sampled_from([10**400, 2**63, -1])
    | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=5,
)
fields = st.sampled_from(
    "paperId corpusId title externalIds year authors journal publicationVenue s2FieldsOfStudy "  # noqa: SIM905 - a word list reads best as text
    "citationCount isOpenAccess openAccessPdf publicationTypes tldr references".split()
)


@pytest.mark.parametrize("name", ["semantic_scholar", "semantic_scholar_batch"])
@given(field=fields, value=anything)
@settings(deadline=None, max_examples=150)
def test_one_odd_field_costs_one_paper_at_most(name: str, field: str, value: Any) -> None:
    papers: list[Any] = [PAPERS[0], {**PAPERS[1], field: value}, PAPERS[2]]
    if value is not None and value != value:  # noqa: PLR0124 - NaN
        return
    whole: Any = papers if name.endswith("batch") else {"total": 3, "data": papers}
    body = json.dumps(whole)
    if "NaN" in body or "Infinity" in body:
        return
    found = DOORS[name].parse(Page(200, {}, body.encode(), sent=SENT))
    assert len(found.records) + len(found.rejected) == 3
    assert {"1", "3"} <= {record.source_id for record in found.records}


# --- records ----------------------------------------------------------------------------------

words = st.text(max_size=12) | st.sampled_from(
    ["\ud800", "\0", "$\\frac$", "{" * 9, "\\'", "10.1000/x\u202e", "9" * 30, "2024-13-45"]
)
maybe = st.none() | words
numbers = st.none() | st.integers()
tuples = st.lists(words, max_size=3).map(tuple)
kinds = st.sampled_from("arxiv doi pmid pmcid corpus s2 acl dblp mag openreview openalex x".split())  # noqa: SIM905 - a word list reads best as text
records = st.builds(
    SourceRecord,
    source=st.sampled_from(["arxiv", "semantic_scholar"]),
    source_id=words,
    title=words,
    abstract=maybe,
    authors=st.lists(
        st.builds(SourceAuthor, name=words, given=maybe, family=maybe, suffix=maybe), max_size=2
    ).map(tuple),
    identifiers=st.lists(st.tuples(kinds, words), max_size=4).map(tuple),
    published=maybe,
    updated=maybe,
    year=numbers,
    venue=maybe,
    venue_kind=maybe,
    volume=maybe,
    issue=maybe,
    pages=maybe,
    journal_ref=maybe,
    comment=maybe,
    primary_category=maybe,
    categories=tuples,
    fields_of_study=tuples,
    publication_types=tuples,
    licence=maybe,
    versions=tuples,
    url=maybe,
    pdf_url=maybe,
    open_access=st.none() | st.booleans(),
    open_access_url=maybe,
    citation_count=numbers,
    influential_citation_count=numbers,
    reference_count=numbers,
    tldr=maybe,
)


@given(st.lists(records, max_size=3))
@settings(deadline=None, max_examples=200)
def test_any_record_becomes_a_valid_row(found: list[SourceRecord]) -> None:
    batch = to_batch(found, [SEEN] * len(found), VENUES)
    batch.validate(full=True)
    assert batch.schema.equals(RECORD)
    assert batch.num_rows == len(found)
    for row in batch.to_pylist():
        shown = [row["title"], row["abstract"] or "", *(one["name"] for one in row["authors"])]
        assert not any(ord(char) < 32 or 127 <= ord(char) < 160 for text in shown for char in text)


# --- harvests ---------------------------------------------------------------------------------


@st.composite
def contents(draw: st.DrawFn) -> PageContent:
    """A page of whatever papers, that announces whatever total, and more pages or none."""
    ids = draw(st.lists(st.integers(1, 9), max_size=4))
    rejected = draw(st.sampled_from([0, 0, 0, 1]))
    return PageContent(
        records=tuple(SourceRecord(source="s", source_id=str(one), title="T") for one in ids),
        entries=len(ids) + rejected,
        total=max(len(ids) + rejected, draw(st.integers(0, 9))),
        token=draw(st.none() | st.uuids().map(str)),
        rejected=("entry 0: no id",) * rejected,
    )


def harvests(name: str) -> Generator[Request, PageContent, Harvested]:
    """A harvest of small pages by the door."""
    if name == "arxiv":
        return ArxivSource(page_size=4).harvest(parse_text("x"), WINDOW)
    question = Subject("_cs", "cs") if name in FEEDS else parse_text("x")
    return DOORS[name].harvest(question, WINDOW)


#: Doors that announce totals, or did.
@pytest.mark.parametrize("name", ["arxiv", "semantic_scholar", "arxiv_oai"])
@given(pages=st.lists(contents(), min_size=1, max_size=12))
@settings(deadline=None, max_examples=300)
def test_a_window_is_complete_only_with_as_many_papers_as_were_ever_announced(
    name: str, pages: list[PageContent]
) -> None:
    harvest = harvests(name)
    next(harvest)
    received: set[str] = set()
    largest = rejected = 0
    for page in pages:
        received |= {record.source_id for record in page.records}
        rejected += len(page.rejected)
        largest = max(largest, page.total or 0)
        try:
            harvest.send(page)
        except StopIteration as stop:
            verdict: Harvested = stop.value
            break
        except FetchError:
            return
    else:
        return
    assert verdict.received == len(received) or verdict.completeness is not Completeness.COMPLETE
    if verdict.completeness is Completeness.COMPLETE:
        assert len(received) + rejected >= largest
    if verdict.completeness is Completeness.EMPTY:
        assert not received
        assert largest == 0
