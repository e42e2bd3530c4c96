from __future__ import annotations

import re
from collections.abc import Callable, Generator
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import TypeAlias
from urllib.parse import urlencode
from xml.sax.saxutils import escape

import pytest
from hypothesis import given
from hypothesis import strategies as st

from medsafe_harvest.errors import (
    EmptyPageError,
    FetchError,
    ForbiddenError,
    MalformedPageError,
    MovedError,
    RefusedError,
    ThrottledError,
    UnavailableError,
)
from medsafe_harvest.sources.arxiv import ArxivSource
from medsafe_harvest.sources.base import (
    Completeness,
    Harvested,
    Page,
    PageContent,
    Request,
    SourceRecord,
    Window,
)
from medsafe_harvest.sources.query import parse_text

SOURCE = ArxivSource()
QUERY = parse_text("unlearning NOT survey")
WINDOW = Window(date(2024, 1, 1), date(2024, 1, 31))


def entry(
    id_: str = "http://arxiv.org/abs/2401.00001v1", title: str = "A title", more: str = ""
) -> str:
    return (
        f"<entry><id>{id_}</id><title>{title}</title>"
        f"<updated>2024-01-02T00:00:00Z</updated>{more}</entry>"
    )


def feed(*entries: str, total: int | str | None = None, start: int = 0, query: str = "") -> str:
    counted = "" if total == "" else f"<o:totalResults>{total or len(entries)}</o:totalResults>"
    return (
        "<?xml version='1.0' encoding='UTF-8'?>"
        '<feed xmlns:o="http://a9.com/-/spec/opensearch/1.1/" '
        'xmlns:arxiv="http://arxiv.org/schemas/atom" xmlns="http://www.w3.org/2005/Atom">'
        f"<title>arXiv Query: search_query={escape(query)}&amp;id_list=&amp;start=0</title>"
        f'<link href="https://arxiv.org/api/query" type="application/atom+xml"/>{counted}'
        f"<o:startIndex>{start}</o:startIndex>{''.join(entries)}</feed>"
    )


def page(body: bytes | str, status: int = 200, **headers: str) -> Page:
    return Page(
        status,
        {name.replace("_", "-"): value for name, value in headers.items()},
        body.encode() if isinstance(body, str) else body,
    )


ERROR = entry("https://arxiv.org/api/errors#x", "Error", "<summary>bad start</summary>")


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (page(feed(ERROR), 200), RefusedError),
        (page(feed(ERROR), 500), UnavailableError),
        (page(feed(ERROR), 403), ForbiddenError),
        (page(feed(ERROR), 400), RefusedError),
        (page(feed(ERROR.replace("https://arxiv", "http://arxiv"))), RefusedError),
        (page(feed(ERROR), 429), ThrottledError),
        (page("Rate exceeded.", 429), ThrottledError),
        (page("Rate exceeded.", 200), ThrottledError),
        (page("<html>Rate exceeded.</html>", 200), ThrottledError),
        (page("Not Acceptable", 406), ThrottledError),
        (page("Rate exceeded.", 503), ThrottledError),
        (page("", 503, retry_after="60"), ThrottledError),
        (page("<html>first byte timeout</html>", 503), UnavailableError),
        (page("", 500), UnavailableError),
        (page("", 504), UnavailableError),
        (page("Access denied", 403), ForbiddenError),
        (page("", 401), ForbiddenError),
        (page("", 301, location="https://elsewhere"), MovedError),
        (page("Bad Request", 400), RefusedError),
        (page("<html><body>Maintenance</body></html>"), MalformedPageError),
        (page("all is well"), MalformedPageError),
        (page(""), MalformedPageError),
        (page(feed(entry(), entry())[:-30]), MalformedPageError),
        (page(feed(entry()).partition("</entry>")[0]), MalformedPageError),
        (page(feed(entry(), total="")), MalformedPageError),
        (page(feed(entry(), total="many")), MalformedPageError),
        (page(feed(entry(), entry(), total=1)), MalformedPageError),
        (page(feed(total=7)), EmptyPageError),
        (page(feed(total=7, start=6)), EmptyPageError),
    ],
)
def test_an_answer_that_is_no_page_has_its_own_error(answer: Page, error: type[FetchError]) -> None:
    with pytest.raises(FetchError) as caught:
        SOURCE.parse(answer)
    assert type(caught.value) is error


def test_an_error_entry_gives_its_own_words() -> None:
    with pytest.raises(RefusedError, match=r"^bad start$"):
        SOURCE.parse(page(feed(ERROR)))


def test_a_page_beyond_the_last_entry_is_empty_without_an_error() -> None:
    assert SOURCE.parse(page(feed(total=7, start=7))).entries == 0


def test_an_entry_is_read_whole() -> None:
    more = (
        "<link href='https://arxiv.org/abs/2401.00001v2' rel='alternate' type='text/html'/>"
        "<link href='https://arxiv.org/pdf/2401.00001v2' rel='related' title='pdf'/>"
        "<summary>  An <!-- odd -->abstract. </summary>"
        "<category term='cs.LG'/><category term='eess.IV'/><category term='cs.LG'/>"
        "<published>2024-01-01T00:00:00Z</published>"
        "<arxiv:comment>12 pages</arxiv:comment><arxiv:primary_category term='cs.LG'/>"
        "<arxiv:journal_ref>J. 1</arxiv:journal_ref>"
        "<author><name>Doe, Jane</name><arxiv:affiliation>CfA</arxiv:affiliation></author>"
        "<author><name>  </name></author><author><name>Li Wei</name></author>"
        "<arxiv:doi>10.1/A</arxiv:doi><arxiv:doi>10.1/B</arxiv:doi>"
        "<link rel='related' href='https://doi.org/10.1/A' title='doi'/>"
    )
    body = feed(entry("http://arxiv.org/abs/2401.00001v2", "A\n  title", more), query="ti:a")
    content = SOURCE.parse(page(body))
    assert content.executed == "ti:a"
    assert (content.entries, content.total, content.rejected) == (1, 1, ())
    record = content.records[0]
    assert record == SourceRecord(
        source="arxiv",
        source_id="2401.00001",
        title="A\n  title",
        abstract="An abstract.",
        authors=record.authors,
        identifiers=(("arxiv", "2401.00001v2"), ("doi", "10.1/A"), ("doi", "10.1/B")),
        published="2024-01-01T00:00:00Z",
        updated="2024-01-02T00:00:00Z",
        journal_ref="J. 1",
        comment="12 pages",
        primary_category="cs.LG",
        categories=("cs.LG", "eess.IV"),
        url="https://arxiv.org/abs/2401.00001v2",
        pdf_url="https://arxiv.org/pdf/2401.00001v2",
    )
    assert [author.name for author in record.authors] == ["Doe, Jane", "Li Wei"]


@pytest.mark.parametrize(
    ("address", "source_id", "identifier"),
    [
        ("http://arxiv.org/abs/hep-th/9901001v3", "hep-th/9901001", "hep-th/9901001v3"),
        ("http://arxiv.org/abs/math.GT/0309136", "math.GT/0309136", "math.GT/0309136"),
        ("https://export.arxiv.org/abs/cmp-lg/9404001v1", "cmp-lg/9404001", "cmp-lg/9404001v1"),
        ("something else", "something else", "something else"),
    ],
)
def test_an_odd_id_is_kept_as_it_is(address: str, source_id: str, identifier: str) -> None:
    record = SOURCE.parse(page(feed(entry(address)))).records[0]
    assert (record.source_id, record.identifiers) == (source_id, (("arxiv", identifier),))


def test_an_entry_without_id_or_title_is_counted_and_named() -> None:
    entries = [entry(""), entry(title=" "), entry(), entry()]
    content = SOURCE.parse(page(feed(*entries)))
    assert content.entries == 4
    assert [record.source_id for record in content.records] == ["2401.00001"] * 2
    assert content.rejected == (
        "entry 0: no id",
        "entry 1: no title (http://arxiv.org/abs/2401.00001v1)",
    )
    assert content.records[0].published is None


def test_a_page_that_begins_elsewhere_is_not_the_page_asked_for() -> None:
    url = "http://x/api/query?start=500&max_results=500"
    body = feed(entry(), total=900, start=0).encode()
    with pytest.raises(MalformedPageError, match="from 0 on, asked for from 500 on"):
        SOURCE.parse(Page(200, {}, body, url))
    assert SOURCE.parse(Page(200, {}, body, url.replace("=500&", "=0&"))).entries == 1


def test_recorded_pages_begin_where_they_were_asked_to(shared_data: Path) -> None:
    checked = 0
    for path in (shared_data / "api/arxiv_atom").glob("arxivpy__q_*__200.xml"):
        found = re.search(r"_s([0-9]+)_m[0-9]+_", path.name)
        assert found is not None
        address = f"http://x/api/query?start={found[1]}"
        assert SOURCE.parse(Page(200, {}, path.read_bytes(), address)).entries > 0
        checked += found[1] != "0"
    assert checked >= 5


@given(st.binary(max_size=80), st.sampled_from([200, 302, 400, 403, 429, 500, 503]))
def test_any_bytes_give_a_page_or_a_fetch_error(body: bytes, status: int) -> None:
    with pytest.raises(FetchError):
        SOURCE.parse(Page(status, {}, body))


@given(st.integers(0, 3000), st.integers(0, 3000), st.binary(max_size=5))
def test_a_damaged_page_gives_a_page_or_a_fetch_error(at: int, cut: int, put: bytes) -> None:
    body = feed(entry(), entry("http://arxiv.org/abs/2401.00002v1"), query="ti:a").encode()
    at %= len(body)
    try:
        found = SOURCE.parse(Page(200, {}, body[:at] + put + body[at + cut % 40 :]))
    except FetchError:
        return
    assert len(found.records) + len(found.rejected) == found.entries


# --- paging -----------------------------------------------------------------------------------

Answer: TypeAlias = Callable[[dict[str, str]], PageContent]
Driver: TypeAlias = Callable[
    [Generator[Request, PageContent, Harvested], Answer], tuple[Harvested, list[dict[str, str]]]
]


def content(ids: list[int], total: int, **more: str) -> PageContent:
    records = tuple(SourceRecord(source="arxiv", source_id=str(i), title="T") for i in ids)
    return PageContent(
        records=records, entries=len(ids), total=total, executed=more.get("executed")
    )


def serving(papers: list[int]) -> Answer:
    def answer(request: dict[str, str]) -> PageContent:
        start = int(request["start"])
        return content(papers[start : start + int(request["max_results"])], len(papers))

    return answer


def harvest(
    drive: Driver, answer: Answer, **settings: int
) -> tuple[Harvested, list[dict[str, str]]]:
    return drive(ArxivSource(**settings).harvest(QUERY, WINDOW), answer)


def test_a_request_names_dates_in_twelve_digits_and_sorts_by_them(drive: Driver) -> None:
    _, requests = harvest(drive, serving([1]))
    assert requests == [
        {
            "search_query": "(((ti:unlearning OR abs:unlearning) ANDNOT (ti:survey OR abs:survey))"
            " AND submittedDate:[202401010000 TO 202401312359])",
            "start": "0",
            "max_results": "500",
            "sortBy": "submittedDate",
            "sortOrder": "ascending",
        }
    ]


@given(papers=st.integers(1, 60), size=st.integers(1, 20), short=st.integers(0, 3))
def test_all_papers_arrive_whatever_the_pages_hold(
    drive: Driver, papers: int, size: int, short: int
) -> None:
    def answer(request: dict[str, str]) -> PageContent:
        # The service may hand out fewer entries than asked for.
        start, size = int(request["start"]), max(1, int(request["max_results"]) - short)
        return content(list(range(papers))[start : start + size], papers)

    verdict, requests = harvest(drive, answer, page_size=size, cap=1000)
    assert verdict == Harvested(Completeness.COMPLETE, papers, papers)
    assert all(int(request["max_results"]) >= 1 for request in requests)


def test_too_many_results_end_after_one_page(drive: Driver) -> None:
    verdict, requests = harvest(drive, serving(list(range(10_000))))
    assert (verdict.completeness, verdict.announced) == (Completeness.TOO_LARGE, 10_000)
    assert len(requests) == 1
    assert harvest(drive, serving(list(range(9_999))))[0].completeness is Completeness.COMPLETE


def test_a_total_that_grows_beyond_the_cap_is_too_large(drive: Driver) -> None:
    def answer(request: dict[str, str]) -> PageContent:
        start = int(request["start"])
        return content(list(range(start, start + 10)), 90 if start == 0 else 100)

    verdict, requests = harvest(drive, answer, page_size=10, cap=100)
    assert (verdict.completeness, len(requests)) == (Completeness.TOO_LARGE, 2)


@pytest.mark.parametrize("start", [0, 500, 9000, 9500, 9650, 9700, 9801, 9998])
def test_a_page_is_never_asked_for_deeper_than_the_service_allows(
    drive: Driver, start: int
) -> None:
    def answer(request: dict[str, str]) -> PageContent:
        at, size = int(request["start"]), int(request["max_results"])
        assert 1 + round(at / size) <= 10_000 // size
        # One odd page that ends at `start`, then as asked.
        size = start - at if at < start < at + size else size
        return content(list(range(at, min(at + size, 9_999))), 9_999)

    assert harvest(drive, answer)[0].completeness is Completeness.COMPLETE


def test_an_empty_first_page_is_believed_only_when_it_comes_twice(drive: Driver) -> None:
    verdict, requests = harvest(drive, serving([]))
    assert verdict == Harvested(Completeness.EMPTY, 0, 0)
    assert len(requests) == 2
    assert requests[0] == requests[1]
    assert len(harvest(drive, serving([]), confirm_empty=3)[1]) == 4


def test_papers_behind_a_false_empty_page_are_found(drive: Driver) -> None:
    pages = iter([content([], 0), content([1, 2], 2)])
    verdict, _ = harvest(drive, lambda _: next(pages))
    assert verdict == Harvested(Completeness.COMPLETE, 2, 2)


def test_a_paper_that_swapped_across_a_border_is_found_by_a_second_reading(drive: Driver) -> None:
    def answer(request: dict[str, str]) -> PageContent:
        # 9 and 10 have one time stamp, and change places between the first two pages.
        papers = list(range(20))
        if request["start"] == "10":
            papers[9], papers[10] = 10, 9
        start = int(request["start"])
        return content(papers[start : start + int(request["max_results"])], 20)

    verdict, requests = harvest(drive, answer, page_size=10)
    assert (verdict.completeness, verdict.received) == (Completeness.COMPLETE, 20)
    assert verdict.notes == ("read twice: the first reading was short",)
    assert {request["max_results"] for request in requests} == {"10", "6"}


@pytest.mark.parametrize("told", [10, 15, 20])
def test_a_total_that_is_too_low_does_not_end_the_reading_at_a_full_page(
    drive: Driver, told: int
) -> None:
    def answer(request: dict[str, str]) -> PageContent:
        page = serving(list(range(25)))(request)
        start = int(request["start"])
        return replace(page, total=told if start < told else start + page.entries)

    verdict, _ = harvest(drive, answer, page_size=10)
    assert verdict == Harvested(Completeness.COMPLETE, 25, 25)


def test_one_page_more_is_asked_for_only_behind_a_full_page(drive: Driver) -> None:
    for papers, pages in ((19, 2), (20, 3), (21, 3)):
        verdict, requests = harvest(drive, serving(list(range(papers))), page_size=10)
        assert verdict == Harvested(Completeness.COMPLETE, papers, papers)
        assert [request["start"] for request in requests] == ["0", "10", "20"][:pages]


def test_a_total_that_is_too_low_does_not_lead_beyond_the_cap(drive: Driver) -> None:
    def answer(request: dict[str, str]) -> PageContent:
        start, size = int(request["start"]), int(request["max_results"])
        assert start + size <= 100
        return content(list(range(start, start + size)), 10)

    verdict, requests = harvest(drive, answer, page_size=10, cap=100)
    assert (verdict.completeness, verdict.received) == (Completeness.TOO_LARGE, 100)
    assert len(requests) == 10


def test_a_second_reading_is_held_to_the_larger_total_of_the_first(drive: Driver) -> None:
    def answer(request: dict[str, str]) -> PageContent:
        return content([1, 2], 3 if request["max_results"] == "10" else 2)

    verdict, _ = harvest(drive, answer, page_size=10)
    assert (verdict.completeness, verdict.received) == (Completeness.SHORT, 2)


@pytest.mark.parametrize("later", [5, 0], ids=["always the same paper", "the total falls to zero"])
def test_papers_that_never_come_leave_the_window_short(drive: Driver, later: int) -> None:
    def answer(request: dict[str, str]) -> PageContent:
        return content([1], 5 if request["start"] == "0" else later)

    verdict, _ = harvest(drive, answer, page_size=1)
    assert (verdict.completeness, verdict.received) == (Completeness.SHORT, 1)


def test_a_second_reading_that_finds_nothing_does_not_complete_a_short_first(drive: Driver) -> None:
    def answer(request: dict[str, str]) -> PageContent:
        return content([1], 5) if request["max_results"] == "10" else content([], 0)

    verdict, _ = harvest(drive, answer, page_size=10)
    assert verdict.completeness is Completeness.SHORT


def test_a_total_that_grows_while_reading_is_reconciled_against_the_largest(drive: Driver) -> None:
    def answer(request: dict[str, str]) -> PageContent:
        start = int(request["start"])
        total = 4 if start else 5
        return content(list(range(4))[start : start + 2], total)

    verdict, _ = harvest(drive, answer, page_size=2)
    assert verdict.completeness is Completeness.SHORT


def test_an_entry_without_a_name_is_noted_and_does_not_keep_the_window_open(drive: Driver) -> None:
    odd = PageContent(records=(), entries=1, total=1, rejected=("entry 0: no id",))
    verdict, requests = harvest(drive, lambda _: odd)
    assert verdict == Harvested(Completeness.COMPLETE, 1, 0, ("start 0: entry 0: no id",))
    assert len(requests) == 1


def asked(sent: str, executed: str) -> Page:
    url = f"http://x/api/query?{urlencode({'search_query': sent, 'start': 0})}"
    return Page(200, {}, feed(query=executed).encode(), url)


def test_another_query_than_the_one_sent_is_refused() -> None:
    with pytest.raises(RefusedError, match="another query"):
        ArxivSource().parse(asked("author:smith", "all:author:smith"))


def test_other_blanks_and_dates_in_the_echo_are_let_pass() -> None:
    sent = "(ti:a ANDNOT ti:b) AND submittedDate:[202401010000 TO 202401312359]"
    echo = "ti:a ANDNOT  ti:b AND submittedDate:[20240101 TO 20240131]"
    assert ArxivSource().parse(asked(sent, echo)).executed == echo


@pytest.mark.parametrize("size", [0, 2001])
def test_a_page_size_that_the_service_refuses_is_a_mistake(size: int) -> None:
    with pytest.raises(ValueError, match="page_size"):
        ArxivSource(page_size=size)
