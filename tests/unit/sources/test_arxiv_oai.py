from __future__ import annotations

import gzip
import re
from collections import Counter
from collections.abc import Callable, Generator
from datetime import date
from pathlib import Path
from typing import Any, TypeAlias
from urllib.parse import urlencode

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
    UnaskableError,
    UnavailableError,
)
from medsafe_harvest.sources.arxiv_oai import ArxivOai, ArxivOaiGet, ArxivOaiRaw
from medsafe_harvest.sources.arxiv_oai_page import split_authors
from medsafe_harvest.sources.base import (
    Completeness,
    Harvested,
    KnownPaper,
    Page,
    PageContent,
    Request,
    SourceAuthor,
    SourceRecord,
    Subject,
    Window,
    Wish,
)
from medsafe_harvest.sources.query import Query, parse_text

WINDOW = Window(date(2024, 1, 1), date(2024, 1, 3))
CS = Subject("_cs", "cs")
LICENCE = "http://creativecommons.org/licenses/by/4.0/"


def answer(inside: str, attributes: str = "") -> str:
    return (
        '<?xml version="1.0" encoding="UTF-8"?><OAI-PMH xmlns="http://www.openarchives.org/OAI/2.0/">'
        f"<responseDate>2024-01-04T05:00:00Z</responseDate><request {attributes}>x</request>"
        f"{inside}</OAI-PMH>"
    )


def listed(*records: str, token: str = "") -> str:
    return answer(f"<ListRecords>{''.join(records)}{token}</ListRecords>")


def error(code: str, attributes: str = "") -> str:
    return answer(f"<error code='{code}'>Some words.</error>", attributes)


def entry(fields: str, *, prefix: str = "arXiv", name: str = "2401.00001") -> str:
    return (
        f"<record><header><identifier>oai:arXiv.org:{name}</identifier>"
        "<datestamp>2024-01-02</datestamp><setSpec>cs:cs:LG</setSpec></header><metadata>"
        f'<{prefix} xmlns="http://arxiv.org/OAI/{prefix}/"><id>{name}</id>{fields}</{prefix}>'
        "</metadata></record>"
    )


def deleted(name: str) -> str:
    return (
        f'<record><header status="deleted"><identifier>oai:arXiv.org:{name}</identifier>'
        "<datestamp>2024-01-02</datestamp></header></record>"
    )


TITLE = "<title>A title</title>"
SHARED = (
    "<categories>cs.LG eess.IV cs.LG</categories><comments>12 pages</comments>"
    "<journal-ref>J. 1</journal-ref><doi>10.1/A\n  10.2/b</doi>"
    f"<license>{LICENCE}</license><abstract>  An abstract\nof two lines. </abstract>"
)


def page(body: bytes | str, status: int = 200, url: str = "", **headers: str) -> Page:
    raw = body.encode() if isinstance(body, str) else body
    return Page(status, {name.replace("_", "-"): text for name, text in headers.items()}, raw, url)


def test_a_record_is_read_whole() -> None:
    fields = (
        "<created>2024-01-02</created><authors>"
        "<author><keyname>Doe</keyname><forenames>Jane A.</forenames><suffix>Jr.</suffix></author>"
        "<author><keyname>The Group</keyname></author><author/></authors>"
    )
    content = ArxivOai().parse(page(listed(entry(fields + TITLE + SHARED))))
    assert (content.entries, content.total, content.token) == (1, None, None)
    assert content.records == (
        SourceRecord(
            source="arxiv",
            source_id="2401.00001",
            title="A title",
            abstract="An abstract\nof two lines.",
            authors=(
                SourceAuthor("Jane A. Doe Jr.", "Jane A.", "Doe", "Jr."),
                SourceAuthor("The Group", None, "The Group"),
            ),
            identifiers=(("arxiv", "2401.00001"), ("doi", "10.1/A"), ("doi", "10.2/b")),
            published="2024-01-02",
            updated="2024-01-02",
            journal_ref="J. 1",
            comment="12 pages",
            primary_category="cs.LG",
            categories=("cs.LG", "eess.IV"),
            licence=LICENCE,
        ),
    )


def test_the_day_of_a_revised_paper_is_not_its_first() -> None:
    fields = f"<created>2024-01-02</created><updated>2024-02-01</updated>{TITLE}"
    record = ArxivOai().parse(page(listed(entry(fields)))).records[0]
    assert (record.published, record.updated) == (None, "2024-02-01")


def version(number: int, day: int | str, kind: str = "D") -> str:
    written = f"Mon, {day:02} Jan 2024 10:00:00 GMT" if isinstance(day, int) else day
    return (
        f'<version version="v{number}"><date>{written}</date><size>12kb</size>'
        f"<source_type>{kind}</source_type></version>"
    )


TEN = version(10, 11) + "".join(version(number, number) for number in range(1, 10))


@pytest.mark.parametrize(
    ("versions", "latest", "days", "updated", "withdrawn"),
    [
        (version(1, 1), 1, [1], 1, False),
        (version(1, 1) + version(2, 8, "I"), 2, [1, 8], 8, True),
        (version(1, 1, "I") + version(2, 8), 2, [1, 8], 8, False),
        (TEN, 10, [*range(1, 10), 11], 11, False),
        # A list with a gap does not say which date is which version's.
        (version(1, 1) + version(3, 8), 3, [], 8, False),
        (version(1, 1) + version(2, "last week"), 2, [], None, False),
        (version(1, "Mon, 01 Jan 2024 10:00:00 -0000"), 1, [1], 1, False),
    ],
)
def test_versions_are_counted_by_their_number(
    versions: str, latest: int, days: list[int], updated: int | None, *, withdrawn: bool
) -> None:
    def moment(day: int | None) -> str | None:
        return None if day is None else f"2024-01-{day:02}T10:00:00Z"

    fields = f"<submitter>x</submitter>{versions}{TITLE}<authors>Jane Doe</authors>{SHARED}"
    record = ArxivOaiRaw().parse(page(listed(entry(fields, prefix="arXivRaw")))).records[0]
    assert record.source_id == "2401.00001"
    assert record.identifiers == (
        ("arxiv", f"2401.00001v{latest}"),
        ("doi", "10.1/A"),
        ("doi", "10.2/b"),
    )
    assert record.versions == tuple(map(moment, days))
    assert (record.published, record.updated) == (moment(1), moment(updated))
    assert (record.withdrawn, record.licence) == (withdrawn, LICENCE)


def test_a_list_without_the_first_version_has_no_first_date() -> None:
    fields = version(2, 8) + TITLE
    record = ArxivOaiRaw().parse(page(listed(entry(fields, prefix="arXivRaw")))).records[0]
    assert (record.published, record.updated) == (None, "2024-01-08T10:00:00Z")


@pytest.mark.parametrize(
    ("raw", "names"),
    [
        ("Jane Doe", ["Jane Doe"]),
        (
            "Jane Doe, Li Wei\n  and \\'Edgar Rold\\'an",
            ["Jane Doe", "Li Wei", "\\'Edgar Rold\\'an"],
        ),
        ("Jane Doe, Li Wei, and A. Anderson", ["Jane Doe", "Li Wei", "A. Anderson"]),
        ("Jane Doe (1 and 2), Li Wei (2) ((1) Here, There, (2) X)", ["Jane Doe", "Li Wei"]),
        ("John Roe, Jr., Li Wei", ["John Roe, Jr.", "Li Wei"]),
        ("Jane Doe & Li Wei, et al.", ["Jane Doe", "Li Wei"]),
        ("Jane Doe (Here, There, Li Wei", []),
        ("", []),
    ],
)
def test_raw_authors_are_split_where_that_is_sure(raw: str, names: list[str]) -> None:
    assert [author.name for author in split_authors(raw)] == names


@pytest.mark.parametrize(
    ("name", "source_id"),
    [
        ("hep-th/9901001", "hep-th/9901001"),
        ("math.GT/0309136", "math/0309136"),
        ("cond-mat.str-el/0309136", "cond-mat/0309136"),
        ("0704.0001", "0704.0001"),
    ],
)
def test_an_id_keeps_its_archive_and_drops_its_class(name: str, source_id: str) -> None:
    content = ArxivOai().parse(page(listed(entry(TITLE, name=name), deleted(name))))
    assert content.records[0].source_id == source_id
    assert content.replaced == ((source_id, None),)
    assert content.entries == 2


def test_what_is_no_paper_is_counted_and_named() -> None:
    bare = "<record><header><identifier>oai:arXiv.org:1</identifier></header></record>"
    content = ArxivOai().parse(page(listed(bare, entry(""), entry(TITLE))))
    assert content.entries == 3
    assert content.rejected == (
        "entry 0: no metadata (oai:arXiv.org:1)",
        "entry 1: no title (2401.00001)",
    )


TOKEN = (
    '<resumptionToken expirationDate="2024-01-05T00:00:00Z">'
    "verb%3DListRecords%26skip%3D2</resumptionToken>"
)


@pytest.mark.parametrize(
    ("body", "token", "total"),
    [
        (listed(entry(TITLE), token=TOKEN), "verb%3DListRecords%26skip%3D2", None),
        (listed(entry(TITLE), token="<resumptionToken/>"), None, None),
        (
            listed(entry(TITLE), token='<resumptionToken completeListSize="7"> </resumptionToken>'),
            None,
            7,
        ),
        (
            listed(entry(TITLE), token='<resumptionToken completeListSize="?">t</resumptionToken>'),
            "t",
            None,
        ),
    ],
)
def test_a_token_is_taken_as_it_is(body: str, token: str | None, total: int | None) -> None:
    content = ArxivOai().parse(page(body))
    assert (content.token, content.total) == (token, total)


def test_codes_that_the_harvest_knows_reach_it() -> None:
    for code in ("noRecordsMatch", "badResumptionToken"):
        assert ArxivOai().parse(page(error(code))) == PageContent((), 0, None, code=code)


def test_an_unknown_paper_is_named_by_what_was_asked_for() -> None:
    url = "https://x/oai?verb=GetRecord&identifier=oai%3AarXiv.org%3Ahep-th%2F9901001"
    echoed = 'verb="GetRecord" identifier="oai:arXiv.org:2401.00001" metadataPrefix="arXivRaw"'
    unknown = error("idDoesNotExist")
    get = ArxivOaiGet()
    assert get.parse(page(unknown, url=url)).replaced == (("hep-th/9901001", None),)
    assert get.parse(page(error("idDoesNotExist", echoed))).replaced == (("2401.00001", None),)
    with pytest.raises(RefusedError, match="idDoesNotExist"):
        get.parse(page(unknown))


RAW = entry(TITLE, prefix="arXivRaw")


@pytest.mark.parametrize(
    ("given_page", "wanted"),
    [
        (page(error("badArgument")), RefusedError),
        (page(error("badVerb")), RefusedError),
        (page(error("cannotDisseminateFormat")), RefusedError),
        (page(error("somethingNew")), RefusedError),
        (page("<html><body>Maintenance</body></html>"), MalformedPageError),
        (page(""), MalformedPageError),
        (page(listed(entry(TITLE))[:-20]), MalformedPageError),
        (page(answer("<Identify/>")), MalformedPageError),
        (page(listed(RAW)), MalformedPageError),
        (page(listed(token="<resumptionToken>t</resumptionToken>")), EmptyPageError),
        (page("Rate exceeded."), ThrottledError),
        (page("Rate exceeded.", 429), ThrottledError),
        (page("", 503, retry_after="60"), ThrottledError),
        (page("first byte timeout", 503), UnavailableError),
        (page(listed(entry(TITLE)), 500), UnavailableError),
        (page("", 403), ForbiddenError),
    ],
)
def test_an_answer_that_is_no_page_has_its_own_error(
    given_page: Page, wanted: type[FetchError]
) -> None:
    with pytest.raises(FetchError) as caught:
        ArxivOai().parse(given_page)
    assert type(caught.value) is wanted


WHOLE = listed(entry(TITLE + SHARED), entry(TITLE, name="2401.00002"), deleted("2401.00003"))


@given(st.integers(0, 2000), st.integers(0, 40), st.binary(max_size=5))
def test_a_damaged_page_gives_a_page_or_a_fetch_error(at: int, cut: int, put: bytes) -> None:
    body = WHOLE.encode()
    at %= len(body)
    try:
        found = ArxivOai().parse(page(body[:at] + put + body[at + cut :]))
    except FetchError:
        return
    if found.code is None:
        assert len(found.records) + len(found.rejected) + len(found.replaced) == found.entries


def test_a_page_cut_anywhere_is_no_page() -> None:
    body = WHOLE.encode()
    for end in range(len(body)):
        with pytest.raises(MalformedPageError):
            ArxivOai().parse(page(body[:end]))


# --- what is followed -------------------------------------------------------------------------


def query(*categories: str) -> Query:
    return parse_text("unlearning").model_copy(update={"categories": categories})


@pytest.mark.parametrize(
    ("queries", "sets"),
    [
        ([query("cs.*", "cs.LG", "stat.ML")], ["cs", "stat"]),
        (
            [query("physics.med-ph", "quant-ph", "math-ph")],
            ["physics:math-ph", "physics:physics", "physics:quant-ph"],
        ),
        ([query("cond-mat.*", "q-bio.*"), query("eess.IV")], ["eess", "physics:cond-mat", "q-bio"]),
        ([query("math.ST"), query()], ["cs", "eess", "math", "physics:physics", "q-bio", "stat"]),
        ([], []),
    ],
)
def test_every_set_that_a_category_needs_is_followed_once(
    queries: list[Query], sets: list[str]
) -> None:
    subjects = ArxivOai().subjects(queries)
    assert [subject.text for subject in subjects] == sets
    assert [subject.id for subject in subjects] == [f"_{text.replace(':', '-')}" for text in sets]


# --- paging -----------------------------------------------------------------------------------

Driver: TypeAlias = Callable[
    [Generator[Request, PageContent, Harvested], Callable[[dict[str, str]], PageContent]],
    tuple[Harvested, list[dict[str, str]]],
]


def papers(*ids: int, token: str | None = None, total: int | None = None) -> PageContent:
    records = tuple(SourceRecord(source="arxiv", source_id=str(i), title="T") for i in ids)
    return PageContent(records, len(ids), total, token)


def code(word: str) -> PageContent:
    return PageContent((), 0, None, code=word)


def harvest(drive: Driver, *pages: PageContent) -> tuple[Harvested, list[dict[str, str]]]:
    waiting = iter(pages)
    verdict, requests = drive(ArxivOai().harvest(CS, WINDOW), lambda _: next(waiting))
    assert next(waiting, None) is None
    return verdict, requests


def test_a_chain_is_followed_to_its_end(drive: Driver) -> None:
    verdict, requests = harvest(
        drive, papers(1, 2, token="a%3D"), papers(2, 3, token="b"), papers(4)
    )
    assert verdict == Harvested(Completeness.COMPLETE, 4, 4)
    assert requests == [
        {
            "verb": "ListRecords",
            "metadataPrefix": "arXiv",
            "from": "2024-01-01",
            "until": "2024-01-03",
            "set": "cs",
        },
        {"verb": "ListRecords", "resumptionToken": "a%3D"},
        {"verb": "ListRecords", "resumptionToken": "b"},
    ]


NOTHING, EXPIRED = code("noRecordsMatch"), code("badResumptionToken")


@pytest.mark.parametrize(
    ("pages", "state", "received"),
    [
        ([NOTHING], Completeness.EMPTY, 0),
        (
            [papers(1, token="a"), EXPIRED, papers(1, token="b"), papers(2)],
            Completeness.COMPLETE,
            2,
        ),
        ([papers(1, token="a"), EXPIRED, papers(2, token="b"), EXPIRED], Completeness.SHORT, 2),
        ([papers(1, token="a"), NOTHING, papers(1, 2)], Completeness.COMPLETE, 2),
        ([papers(1, token="a"), EXPIRED, NOTHING], Completeness.SHORT, 1),
        ([EXPIRED, EXPIRED], Completeness.SHORT, 0),
        ([papers(1, token="a", total=3), papers(2, total=3)], Completeness.SHORT, 2),
        ([papers(1, token="a", total=2), papers(2, total=2)], Completeness.COMPLETE, 2),
    ],
)
def test_only_a_chain_that_came_to_its_end_is_complete(
    drive: Driver, pages: list[PageContent], state: Completeness, received: int
) -> None:
    verdict, _ = harvest(drive, *pages)
    assert (verdict.completeness, verdict.received) == (state, received)


def test_a_circle_of_tokens_is_malformed(drive: Driver) -> None:
    with pytest.raises(MalformedPageError, match="came again"):
        harvest(drive, papers(1, token="a"), papers(2, token="b"), papers(3, token="a"))


def test_an_empty_list_without_a_reason_is_not_believed(drive: Driver) -> None:
    with pytest.raises(EmptyPageError):
        harvest(drive, papers())


def test_deleted_papers_count_as_received(drive: Driver) -> None:
    gone = PageContent((), 2, 2, replaced=(("1", None), ("2", None)))
    assert harvest(drive, gone)[0] == Harvested(Completeness.COMPLETE, 2, 2)


def test_days_before_the_first_are_not_asked_for(drive: Driver) -> None:
    generator = ArxivOaiRaw().harvest(CS, Window(date(1991, 1, 1), date(2006, 1, 1)))
    _, requests = drive(generator, lambda _: NOTHING)
    assert (requests[0]["from"], requests[0]["metadataPrefix"]) == ("2005-09-16", "arXivRaw")


def test_each_paper_is_got_by_itself(drive: Driver) -> None:
    def reply(request: dict[str, str]) -> PageContent:
        name = request["identifier"].removeprefix("oai:arXiv.org:")
        if name == "hep-th/9901001":
            return PageContent((), 0, None, replaced=((name, None),))
        record = SourceRecord(source="arxiv", source_id=name, title="T")
        return PageContent((record,), 1, None)

    wish = Wish(("2401.00001", "hep-th/9901001", "nonsense"))
    verdict, requests = drive(ArxivOaiGet().harvest(wish, WINDOW), reply)
    assert verdict == Harvested(
        Completeness.COMPLETE,
        2,
        1,
        ("no arXiv ids, not asked for: nonsense", "unknown to arXiv: hep-th/9901001"),
    )
    assert requests[0] == {
        "verb": "GetRecord",
        "identifier": "oai:arXiv.org:2401.00001",
        "metadataPrefix": "arXivRaw",
    }
    odd = PageContent((), 1, None, rejected=("entry 0: no title",))
    verdict, _ = drive(ArxivOaiGet().harvest(Wish(("2401.00001",)), WINDOW), lambda _: odd)
    assert verdict == Harvested(Completeness.EMPTY, 1, 0, ("2401.00001: entry 0: no title",))
    with pytest.raises(UnaskableError):
        next(ArxivOaiGet().harvest(Wish(("nonsense",)), WINDOW))


def test_another_paper_than_the_one_asked_for_is_not_believed() -> None:
    fields = (
        "<id>2401.00001</id>" + version(1, 2) + "<title>T</title><authors>A. B</authors>"
        "<categories>cs.LG</categories>"
    )
    body = answer(f"<GetRecord>{entry(fields, prefix='arXivRaw')}</GetRecord>")
    asked = "http://x/oai?verb=GetRecord&identifier=oai:arXiv.org:2401.0000"
    assert len(ArxivOaiGet().parse(page(body, url=f"{asked}1")).records) == 1
    with pytest.raises(MalformedPageError, match=r"asked for 2401\.00009"):
        ArxivOaiGet().parse(page(body, url=f"{asked}9"))


def known(*, revised: bool = False, **fields: Any) -> KnownPaper:
    record = SourceRecord(**{"source": "arxiv", "source_id": "2401.00001", "title": "T"} | fields)
    return KnownPaper(record, revised)


def test_papers_without_licence_and_versions_are_wanted() -> None:
    papers = [
        known(),
        known(source_id="2401.00002", licence=LICENCE),
        known(source_id="2401.00003", versions=("2024-01-01T10:00:00Z",)),
        known(source="semantic_scholar", source_id="7"),
    ]
    assert ArxivOaiGet().wants(papers) == ["2401.00001"]


def test_a_request_tells_what_it_asked_for() -> None:
    request = next(ArxivOaiGet().harvest(Wish(("hep-th/9901001",)), WINDOW))
    url = f"https://x/oai?{urlencode(request.params)}"
    assert ArxivOaiGet().asked(url, "") == ("hep-th/9901001",)


# --- recordings -------------------------------------------------------------------------------


def test_recorded_pages_are_read_whole_and_chained(shared_data: Path, drive: Driver) -> None:
    paths = sorted((shared_data / "api/arxiv_oai_cs_2016").glob("*.xml.gz"))
    assert len(paths) == 15
    contents = []
    for path in paths:
        body = gzip.decompress(path.read_bytes())
        content = ArxivOai().parse(page(body))
        named = re.findall(rb"<id>(.*?)</id>", body)
        assert [record.source_id.encode() for record in content.records] == named
        assert content.entries == len(re.findall(rb"<record>", body)) == len(named)
        assert (content.rejected, content.replaced) == ((), ())
        assert content.total == 102_538
        holders = [len(record.authors) for record in content.records]
        assert sum(holders) == len(re.findall(rb"<keyname>", body))
        licensed = [record for record in content.records if record.licence]
        assert len(licensed) == len(re.findall(rb"<license>", body))
        contents.append(content)
    tokens = [content.token for content in contents]
    assert tokens == [f"1122234|{n}001" for n in (*range(1, 13), 101, 102)] + [None]
    # The pages in between were not kept, so the list is short of what it announced.
    verdict, requests = harvest(drive, *contents)
    assert [request.get("resumptionToken") for request in requests] == [None, *tokens[:-1]]
    assert verdict == Harvested(Completeness.SHORT, 102_538, 14_538)


def test_every_recorded_answer_is_read_in_its_format_alone(shared_data: Path) -> None:
    outcomes: Counter[str] = Counter()
    for path in sorted((shared_data / "api/arxiv_oai").iterdir()):
        body = path.read_bytes()
        entries = len(re.findall(rb"<record\b", body))
        read = []
        for door in (ArxivOai(), ArxivOaiRaw()):
            space = f'xmlns="http://arxiv.org/OAI/{door.prefix}/"'.encode()
            if body.count(space) == entries and b"<OAI-PMH" in body:
                content = door.parse(page(body))
                assert len(content.records) == content.entries == entries
                read.append(door.prefix)
            else:
                with pytest.raises(MalformedPageError):
                    door.parse(page(body))
        outcomes.update(read or ["neither"])
    # Neither: five in Dublin Core, and two with a namespace lost by those who kept them.
    assert outcomes == {"arXiv": 13, "arXivRaw": 1, "neither": 7}


def test_a_recorded_history_of_versions_is_read(shared_data: Path) -> None:
    path = shared_data / "api/arxiv_oai/fatcat__arxivraw_1810.09584.xml"
    record = ArxivOaiGet().parse(page(path.read_bytes())).records[0]
    assert record.identifiers == (
        ("arxiv", "1810.09584v2"),
        ("doi", "10.1209/0295-5075/124/60006"),
    )
    assert record.versions == ("2018-10-22T22:41:50Z", "2019-01-13T11:17:09Z")
    assert (record.published, record.updated) == record.versions
    assert len(record.authors) == 4
    assert not record.withdrawn
