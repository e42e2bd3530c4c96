from __future__ import annotations

import json
import re
from collections.abc import Callable, Generator
from datetime import date
from typing import Any, TypeAlias

import pytest
from hypothesis import given
from hypothesis import strategies as st

from medsafe_harvest.errors import (
    EmptyPageError,
    FetchError,
    ForbiddenError,
    MalformedPageError,
    RefusedError,
    ThrottledError,
    UnavailableError,
)
from medsafe_harvest.sources.base import (
    Completeness,
    Harvested,
    Page,
    PageContent,
    Request,
    SourceAuthor,
    SourceRecord,
    Window,
)
from medsafe_harvest.sources.query import parse_text
from medsafe_harvest.sources.semantic_scholar import SemanticScholarSource, parse_papers

SOURCE = SemanticScholarSource()
QUERY = parse_text("unlearning")
WINDOW = Window(date(2024, 1, 1), date(2024, 1, 31))
PAPER = {
    "paperId": "a" * 40,
    "corpusId": 7,
    "externalIds": {
        "ArXiv": "2401.00001",
        "DOI": "10.1007/ABC",
        "PubMed": 12,
        "PubMedCentral": "34",
        "ACL": "P19-1001",
        "DBLP": "conf/x/Y",
        "MAG": "99",
        "CorpusId": 7,
        "Medline": None,
    },
    "url": "https://www.semanticscholar.org/paper/x",
    "title": " A title ",
    "abstract": None,
    "venue": "Med. Image Anal.",
    "publicationVenue": {"id": "v", "name": "Medical Image Analysis", "type": "journal"},
    "year": 2024,
    "referenceCount": 3,
    "citationCount": 2,
    "influentialCitationCount": 1,
    "isOpenAccess": True,
    "openAccessPdf": {"url": "", "status": "GREEN", "license": "CCBY", "disclaimer": "..."},
    "fieldsOfStudy": ["Medicine", None],
    "s2FieldsOfStudy": [
        {"category": "Medicine", "source": "external"},
        {"category": "Computer Science", "source": "s2-fos-model"},
    ],
    "publicationTypes": ["JournalArticle", "Review"],
    "publicationDate": "2024-01-03",
    "journal": {"name": "MedIA", "volume": "12", "pages": "\n 1-9 "},
    "authors": [
        {"authorId": None, "name": "Jane Doe"},
        {"authorId": "1", "name": None},
        None,
        {"authorId": "2", "name": "Li Wei"},
    ],
}


def page(body: Any, status: int = 200) -> Page:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return Page(status, {}, raw)


def bulk(*papers: Any, total: int | None = None, **more: Any) -> Page:
    return page({"total": len(papers) if total is None else total, "data": list(papers), **more})


def test_a_paper_is_read_whole() -> None:
    found = SOURCE.parse(bulk(PAPER, token="t"))
    assert (found.entries, found.total, found.token, found.rejected) == (1, 1, "t", ())
    assert found.records[0] == SourceRecord(
        source="semantic_scholar",
        source_id="7",
        title="A title",
        authors=(SourceAuthor("Jane Doe"), SourceAuthor("Li Wei")),
        identifiers=(
            ("corpus", "7"),
            ("s2", "a" * 40),
            ("arxiv", "2401.00001"),
            ("doi", "10.1007/ABC"),
            ("pmid", "12"),
            ("pmcid", "34"),
            ("acl", "P19-1001"),
            ("dblp", "conf/x/Y"),
            ("mag", "99"),
        ),
        published="2024-01-03",
        year=2024,
        venue="Medical Image Analysis",
        venue_kind="journal",
        volume="12",
        pages="1-9",
        fields_of_study=("Medicine", "Computer Science"),
        publication_types=("JournalArticle", "Review"),
        licence="CCBY",
        url="https://www.semanticscholar.org/paper/x",
        open_access=True,
        open_access_url=None,
        citation_count=2,
        influential_citation_count=1,
        reference_count=3,
    )


def test_a_paper_of_nulls_is_still_a_paper() -> None:
    nulls = dict.fromkeys(PAPER) | {"paperId": "b" * 40, "title": "T", "year": 2024}
    for paper in (nulls, {"paperId": "b" * 40, "title": "T", "year": 2024}):
        assert SOURCE.parse(bulk(paper)).records[0] == SourceRecord(
            source="semantic_scholar",
            source_id="b" * 40,
            title="T",
            identifiers=(("s2", "b" * 40),),
            year=2024,
        )


def test_a_paper_without_id_or_title_is_counted_and_named() -> None:
    found = SOURCE.parse(bulk({"title": "T"}, {"paperId": "b", "title": None}, PAPER))
    assert (found.entries, len(found.records)) == (3, 1)
    assert found.rejected == ("data[0]: no paperId", "data[1]: no title (b)")


def test_the_answer_to_a_query_that_finds_nothing_is_a_page() -> None:
    bodies: list[dict[str, Any]] = [
        {"total": 0, "offset": 0},
        {"total": 0, "token": None, "data": []},
    ]
    for body in bodies:
        assert SOURCE.parse(page(body)) == PageContent(records=(), entries=0, total=0)


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (page({"error": "Unrecognized or unsupported fields: [x]"}, 400), RefusedError),
        (page({"error": "Paper with id 0 not found"}, 404), RefusedError),
        (page({"error": "Unacceptable query params"}, 200), RefusedError),
        (page({"message": "Forbidden"}, 403), ForbiddenError),
        (page({"message": "Too Many Requests. Please wait", "code": "429"}, 429), ThrottledError),
        (page({"message": "Please wait", "code": "429"}, 200), ThrottledError),
        (page({"message": "Too Many Requests. Please wait"}, 200), ThrottledError),
        (page({"message": "Internal Server Error"}, 200), MalformedPageError),
        (page({"message": "Internal Server Error"}, 500), UnavailableError),
        (page({"message": "Endpoint request timed out"}, 504), UnavailableError),
        (page(b"<html>Bad Gateway</html>", 502), UnavailableError),
        (page(b"<html>Sign in</html>"), MalformedPageError),
        (page(b""), MalformedPageError),
        (page(b"\xff\xfe"), MalformedPageError),
        (page(b'{"total": 1, "data": ['), MalformedPageError),
        (page([]), MalformedPageError),
        (page({}), MalformedPageError),
        (page(b'{"total": 0, "total": 5, "data": []}'), MalformedPageError),
        (page(b'{"total": NaN, "data": []}'), MalformedPageError),
        (page(b"[" * 200_000), MalformedPageError),
        (page(b'{"total": ' + b"1" * 5000 + b"}"), MalformedPageError),
        (page({"total": 5}), EmptyPageError),
        (page({"total": 5, "data": [], "token": "t"}), EmptyPageError),
        (page({"total": 5, "data": None}), EmptyPageError),
    ],
)
def test_an_answer_that_is_no_page_has_its_own_error(answer: Page, error: type[FetchError]) -> None:
    with pytest.raises(FetchError) as caught:
        SOURCE.parse(answer)
    assert type(caught.value) is error


@pytest.mark.parametrize(
    ("change", "place"),
    [
        ({"title": 5}, r"data\[0\]\.title is int"),
        ({"authors": "Jane"}, r"data\[0\]\.authors is str, not a list"),
        ({"authors": ["Jane"]}, r"data\[0\]\.authors\[0\] is str"),
        ({"authors": [{"name": 1}]}, r"data\[0\]\.authors\[0\]\.name is int"),
        ({"year": "2024"}, r"data\[0\]\.year is str"),
        ({"year": True}, r"data\[0\]\.year is bool"),
        ({"citationCount": -1}, r"data\[0\]\.citationCount"),
        ({"citationCount": 2**31}, r"data\[0\]\.citationCount"),
        ({"isOpenAccess": "yes"}, r"data\[0\]\.isOpenAccess is str"),
        ({"externalIds": []}, r"data\[0\]\.externalIds is list"),
        ({"externalIds": {"DOI": 1.5}}, r"data\[0\]\.externalIds\.DOI is float"),
        ({"publicationTypes": ["Review", 3]}, r"data\[0\]\.publicationTypes\.1 is int"),
        ({"journal": "MedIA"}, r"data\[0\]\.journal is str"),
        ({"corpusId": 10**399}, r"data\[0\]\.corpusId is float, not an identifier"),
        ({"corpusId": 2**63}, r"data\[0\]\.corpusId is int, not an identifier"),
        ({"corpusId": -1}, r"data\[0\]\.corpusId is int, not an identifier"),
        ({"paperId": "a\x1b[2J"}, r"data\[0\]\.paperId is no identifier: 'a \[2J'"),
        ({"paperId": "a" * 201}, r"data\[0\]\.paperId is no identifier"),
    ],
)
def test_a_paper_with_an_odd_field_is_named_and_alone_lost(
    change: dict[str, Any], place: str
) -> None:
    found = SOURCE.parse(bulk(PAPER | change, PAPER))
    assert (found.entries, len(found.records)) == (2, 1)
    (words,) = found.rejected
    assert re.match(place, words)


scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5)
anything = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from([*PAPER, "name", "data", "error"]), inner, max_size=3)
    ),
    max_leaves=8,
)


@given(st.sampled_from(sorted(PAPER)), anything)
def test_any_value_of_any_field_gives_a_page_or_a_fetch_error(key: str, value: Any) -> None:
    try:
        found = SOURCE.parse(bulk(PAPER | {key: value}))
    except FetchError:
        return
    assert len(found.records) + len(found.rejected) == 1


@given(anything | st.dictionaries(st.sampled_from(["total", "token", "data", "message"]), anything))
def test_any_json_gives_a_page_or_a_fetch_error(body: Any) -> None:
    try:
        found = SOURCE.parse(page(body))
    except FetchError:
        return
    assert len(found.records) + len(found.rejected) == found.entries


@given(st.binary(max_size=60), st.integers(100, 599))
def test_any_bytes_give_a_page_or_a_fetch_error(body: bytes, status: int) -> None:
    with pytest.raises(FetchError):
        SOURCE.parse(Page(status, {}, body))


def test_a_batch_a_recommendation_and_one_paper_are_read_alike() -> None:
    one = SOURCE.parse(bulk(PAPER)).records
    assert parse_papers(json.dumps([None, PAPER]).encode()).records == one
    assert parse_papers(json.dumps({"recommendedPapers": [PAPER]}).encode()).records == one
    assert parse_papers(json.dumps(PAPER).encode()).records == one
    with pytest.raises(RefusedError, match="not found"):
        parse_papers(b'{"error": "Paper with id 0 not found"}')
    with pytest.raises(MalformedPageError, match="not a list"):
        parse_papers(b"5")


# --- paging -----------------------------------------------------------------------------------

Answer: TypeAlias = Callable[[dict[str, str]], PageContent]
Driver: TypeAlias = Callable[
    [Generator[Request, PageContent, Harvested], Answer], tuple[Harvested, list[dict[str, str]]]
]


def content(ids: list[int], total: int, token: str | None = None) -> PageContent:
    records = tuple(
        SourceRecord(source="semantic_scholar", source_id=str(i), title="T") for i in ids
    )
    return PageContent(records=records, entries=len(ids), total=total, token=token)


def chain(*pages: PageContent) -> Answer:
    return lambda request: pages[int(request.get("token", "0"))]


def harvest(drive: Driver, answer: Answer) -> tuple[Harvested, list[dict[str, str]]]:
    return drive(SOURCE.harvest(QUERY, WINDOW), answer)


def test_each_page_is_asked_for_with_the_token_of_the_one_before(drive: Driver) -> None:
    verdict, requests = harvest(drive, chain(content([1, 2], 3, "1"), content([3], 3)))
    assert verdict == Harvested(Completeness.COMPLETE, 3, 3)
    assert requests[1] == requests[0] | {"token": "1"}
    assert requests[0]["query"] == "unlearning"
    assert requests[0]["publicationDateOrYear"] == "2024-01-01:2024-01-31"
    assert requests[0]["sort"] == "paperId:asc"
    assert not {"tldr", "embedding", "citations"} & set(requests[0]["fields"].split(","))


def test_a_total_of_nothing_is_an_empty_window(drive: Driver) -> None:
    assert harvest(drive, chain(content([], 0)))[0] == Harvested(Completeness.EMPTY, 0, 0)


def test_a_last_page_without_papers_ends_the_chain(drive: Driver) -> None:
    verdict, _ = harvest(drive, chain(content([1, 2], 2, "1"), content([], 2)))
    assert verdict.completeness is Completeness.COMPLETE


@pytest.mark.parametrize(
    "pages",
    [
        [content([1], 2)],
        [content([1], 2, "1"), content([1], 2)],
        [content([1], 3, "1"), content([2], 2)],
        [content([1], 2, "1"), content([], 2)],
    ],
    ids=["too few", "the same paper twice", "the total falls", "the end comes early"],
)
def test_papers_that_do_not_add_up_leave_the_window_short(
    drive: Driver, pages: list[PageContent]
) -> None:
    assert harvest(drive, chain(*pages))[0].completeness is Completeness.SHORT


def test_a_first_page_without_the_papers_that_it_announces_is_an_error(drive: Driver) -> None:
    with pytest.raises(EmptyPageError):
        harvest(drive, chain(content([], 9)))


def test_a_token_that_comes_again_is_an_error(drive: Driver) -> None:
    with pytest.raises(MalformedPageError, match="came again"):
        harvest(drive, chain(content([1], 9, "1"), content([2], 9, "1")))


def test_more_than_the_service_hands_out_is_too_large(drive: Driver) -> None:
    verdict, requests = harvest(drive, chain(content([1], 10_000_001, "0")))
    assert (verdict.completeness, len(requests)) == (Completeness.TOO_LARGE, 1)


def test_a_paper_without_a_name_is_noted_and_does_not_keep_the_window_open(drive: Driver) -> None:
    odd = PageContent(records=(), entries=1, total=1, rejected=("data[0]: no paperId",))
    verdict, _ = harvest(drive, lambda _: odd)
    assert verdict == Harvested(Completeness.COMPLETE, 1, 0, ("page 1: data[0]: no paperId",))


def test_the_first_of_january_is_read_again_for_a_year_and_a_half() -> None:
    slow = SemanticScholarSource().slow_days(Window(date(2024, 1, 2), date(2026, 11, 21)))
    assert slow == {date(2025, 1, 1): 545, date(2026, 1, 1): 545}
