from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from lxml import etree
from werkzeug.test import Client, TestResponse

from medsafe_harvest.loopback import Corpus

Serve = Callable[..., Client]

NS = {
    "a": "http://www.w3.org/2005/Atom",
    "x": "http://arxiv.org/schemas/atom",
    "o": "http://a9.com/-/spec/opensearch/1.1/",
}
Tree = tuple[str, dict[str, str], str, list[Any]]


def get(client: Client, **parameters: Any) -> TestResponse:
    return client.get("/api/query", query_string={k: str(v) for k, v in parameters.items()})


def feed(response: TestResponse) -> etree._Element:
    assert response.content_type == "application/atom+xml; charset=utf-8"
    return etree.fromstring(response.get_data())


def texts(element: etree._Element, path: str) -> list[str]:
    return [node.text or "" for node in element.iterfind(path, NS)]


def ids(response: TestResponse) -> list[str]:
    names = texts(feed(response), "a:entry/a:id")
    return [name.removeprefix("http://arxiv.org/abs/") for name in names]


def tree(element: etree._Element) -> Tree:
    text = (element.text or "").strip() if len(element) == 0 else ""
    attributes = {str(name): str(value) for name, value in element.attrib.items()}
    return (str(element.tag), attributes, text, [tree(child) for child in element])


def many(count: int) -> Corpus:
    return Corpus.from_rows(
        {"title": f"Paper {n}", "arxiv_id": f"2101.{n:05}", "date": f"2021-01-{n:02}"}
        for n in range(1, count + 1)
    )


def row_of(entry: etree._Element) -> dict[str, Any]:
    """The corpus row that a recorded entry must have come from."""
    name = texts(entry, "a:id")[0].removeprefix("http://arxiv.org/abs/")
    arxiv_id, _, version = name.rpartition("v")

    def text(path: str) -> str | None:
        return next(iter(texts(entry, path)), None)

    return {
        "side": "arxiv",
        "arxiv_id": arxiv_id,
        "version": int(version),
        "title": text("a:title"),
        "abstract": text("a:summary"),
        "date": text("a:published"),
        "updated": text("a:updated"),
        "authors": texts(entry, "a:author/a:name"),
        "affiliations": [
            next(iter(texts(author, "x:affiliation")), None)
            for author in entry.iterfind("a:author", NS)
        ],
        "categories": [node.get("term") for node in entry.iterfind("a:category", NS)],
        "comment": text("x:comment"),
        "journal_ref": text("x:journal_ref"),
        "doi": text("x:doi"),
    }


def comparable(root: etree._Element) -> Tree:
    """The tree without the feed's own id and the time of the request."""
    for path in ("a:id", "a:updated"):
        for node in root.iterfind(path, NS):
            node.text = None
    return tree(root)


def test_recorded_id_list_answers_are_given_again(shared_data: Path, serve: Serve) -> None:
    files = sorted((shared_data / "api/arxiv_atom").glob("arxivpy__id_*__200.xml"))
    assert len(files) >= 7
    for file in files:
        recorded = etree.fromstring(file.read_bytes())
        corpus = Corpus.from_rows(row_of(entry) for entry in recorded.iterfind("a:entry", NS))
        asked = texts(recorded, "a:title")[0].partition("id_list=")[2].partition("&")[0]
        answer = feed(get(serve(corpus), id_list=asked, max_results=100))
        assert comparable(answer) == comparable(recorded), file.name


def test_recorded_entries_are_given_again_field_by_field(shared_data: Path, serve: Serve) -> None:
    file = next((shared_data / "api/arxiv_atom").glob("arxivpy__q_testing_s0_m100_*__200.xml"))
    recorded = etree.fromstring(file.read_bytes()).findall("a:entry", NS)
    rows = [row_of(entry) for entry in recorded]
    id_list = ",".join(row["arxiv_id"] for row in rows)
    answer = feed(get(serve(Corpus.from_rows(rows)), id_list=id_list, max_results=100))
    given = {texts(entry, "a:id")[0]: tree(entry) for entry in answer.iterfind("a:entry", NS)}
    assert len(recorded) == 100
    assert given == {texts(entry, "a:id")[0]: tree(entry) for entry in recorded}


def test_a_malformed_id_is_answered_as_recorded(shared_data: Path, client: Client) -> None:
    file = next((shared_data / "api/arxiv_atom").glob("arxivpy__id_abc_*__400.xml"))
    answer = get(client, id_list="abc", max_results=100)
    recorded, ours = etree.fromstring(file.read_bytes()), feed(answer)
    for root in (recorded, ours):
        for node in root.iterfind(".//a:updated", NS):
            node.text = None
    assert answer.status_code == 400
    assert tree(ours) == tree(recorded)
    assert answer.get_data().split(b"\n")[:2] == file.read_bytes().split(b"\n")[:2]


def test_the_title_echoes_the_query_as_executed(client: Client) -> None:
    answer = feed(get(client, search_query="author:wu and ti:x", start=1, max_results=5))
    assert texts(answer, "a:title") == [
        "arXiv Query: search_query=all:author:wu OR all:and OR ti:x&id_list=&start=1&max_results=5"
    ]
    assert texts(answer, "o:itemsPerPage") == ["5"]
    assert texts(answer, "o:startIndex") == ["1"]


def test_a_version_is_shown_on_request_and_an_unknown_one_dropped(client: Client) -> None:
    assert ids(get(client, id_list="2101.00001")) == ["2101.00001v3"]
    assert ids(get(client, id_list="arXiv:2101.00001v1")) == ["2101.00001v1"]
    assert ids(get(client, id_list="2101.00001v4,2102.00002,9912.99999")) == ["2102.00002v1"]
    first = feed(get(client, id_list="2101.00001v1")).find("a:entry", NS)
    assert first is not None
    assert texts(first, "a:updated") == texts(first, "a:published") == ["2021-01-31T23:59:30Z"]


def test_ids_filter_the_results_of_a_query(client: Client) -> None:
    answer = get(client, search_query="cat:cs.LG", id_list="2102.00002,2103.00003")
    assert ids(answer) == ["2102.00002v1"]


def test_an_old_id_is_found_without_its_subject_class(serve: Serve) -> None:
    row = {"title": "T", "arxiv_id": "math.GT/0309136", "date": "2003-09-08"}
    client = serve(Corpus.from_rows([row]))
    assert ids(get(client, id_list="math/0309136")) == ["math/0309136v1"]
    assert ids(get(client, id_list="math.GT/0309136")) == ["math/0309136v1"]


def test_pages_put_together_are_the_whole_result(serve: Serve) -> None:
    client = serve(many(25))
    order = {"sortBy": "submittedDate", "sortOrder": "ascending", "search_query": "all:paper"}
    pages = [get(client, **order, start=start, max_results=10) for start in (0, 10, 20, 30)]
    assert [len(ids(page)) for page in pages] == [10, 10, 5, 0]
    assert [name for page in pages for name in ids(page)] == [
        f"2101.{n:05}v1" for n in range(1, 26)
    ]
    assert {texts(feed(page), "o:totalResults")[0] for page in pages} == {"25"}


def test_ten_results_are_given_where_no_number_is_asked(serve: Serve) -> None:
    client = serve(many(12))
    assert len(ids(get(client, search_query="all:paper"))) == 10
    every = ",".join(f"2101.{n:05}" for n in range(1, 13))
    assert len(ids(get(client, id_list=every))) == 10


def test_results_are_sorted_by_the_date_asked_for(serve: Serve) -> None:
    rows = [
        {"title": "T", "arxiv_id": "2101.00001", "date": "2021-01-01", "updated": "2023-01-01"},
        {"title": "T", "arxiv_id": "2102.00002", "date": "2021-02-02", "updated": "2022-01-01"},
    ]
    client = serve(Corpus.from_rows({**row, "version": 2} for row in rows))
    one, two = "2101.00001v2", "2102.00002v2"
    assert ids(get(client, search_query="ti:t", sortBy="submittedDate")) == [two, one]
    assert ids(get(client, search_query="ti:t", sortBy="lastUpdatedDate")) == [one, two]
    order = {"sortBy": "submittedDate", "sortOrder": "ascending"}
    assert ids(get(client, search_query="ti:t", **order)) == [one, two]


@pytest.mark.parametrize(
    ("start", "max_results", "status"),
    [
        (0, 10, 200),
        (10, 10, 200),
        (14, 10, 200),  # 1.4 pages are rounded to 1, and 1.6 to 2
        (16, 10, 500),
        (20, 10, 500),
        (0, 20, 200),
        (0, 21, 500),
        (18, 3, 500),  # within the window, but no whole page
    ],
)
def test_results_beyond_the_window_are_refused(
    serve: Serve, start: int, max_results: int, status: int
) -> None:
    client = serve(many(25), arxiv_window=20)
    answer = get(client, search_query="all:paper", start=start, max_results=max_results)
    assert answer.status_code == status
    if status == 500:
        assert texts(feed(answer), "a:entry/a:title") == ["Error"]


@pytest.mark.parametrize(
    ("parameters", "status", "summary"),
    [
        ({"start": "x"}, 400, "start must be an integer"),
        ({"start": -1}, 400, "start must be non-negative"),
        ({"max_results": "1.5"}, 400, "max_results must be an integer"),
        ({"max_results": -1}, 400, "max_results must be non-negative"),
        ({"max_results": 2001}, 400, "max_results must not exceed 2000"),
        ({"max_results": 0}, 500, "integer division or modulo by zero"),
        ({"sortBy": "date"}, 400, "sortBy must be in: relevance, lastUpdatedDate, submittedDate"),
        ({"sortOrder": "up"}, 400, "sortOrder must be in: ascending, descending"),
        ({"search_query": ""}, 400, "either a search_query or id_list must be specified"),
        ({"search_query": "(ti:x"}, 400, "unbalanced parentheses"),
        ({"search_query": "testing", "raw": 1}, 400, "cannot parse testing"),
    ],
)
def test_errors_come_as_a_feed_with_one_entry(
    client: Client, parameters: dict[str, Any], status: int, summary: str
) -> None:
    answer = get(client, **{"search_query": "all:x", **parameters})
    root = feed(answer)
    assert answer.status_code == status
    assert texts(root, "a:entry/a:summary") == [summary]
    (link,) = texts(root, "a:entry/a:id")
    assert link.startswith("https://arxiv.org/api/errors#")
    assert texts(root, "a:entry/a:published") == []


@pytest.mark.parametrize("content_type", ["application/x-www-form-urlencoded", None])
def test_a_form_is_read_like_a_query_string(client: Client, content_type: str | None) -> None:
    body = b"id_list=2101.00001,2102.00002&max_results=1"
    answer = client.post("/api/query", data=body, content_type=content_type)
    assert texts(feed(answer), "o:totalResults") == ["2"]
    assert len(ids(answer)) == 1


def test_characters_that_xml_cannot_hold_are_left_out(serve: Serve) -> None:
    row = {"title": "A\x0cB\x00 <&> \U0001f9e0", "arxiv_id": "2101.00001", "date": "2021-01-01"}
    answer = feed(get(serve(Corpus.from_rows([row])), id_list="2101.00001"))
    assert texts(answer, "a:entry/a:title") == ["AB <&> \U0001f9e0"]
