from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from werkzeug.test import Client, TestResponse

from medsafe_harvest.loopback import Corpus

Serve = Callable[..., Client]
GRAPH = "/graph/v1/paper"


def get(client: Client, path: str, **parameters: Any) -> TestResponse:
    return client.get(GRAPH + path, query_string=parameters)


def body(response: TestResponse) -> Any:
    assert response.status_code == 200, response.get_data()
    assert response.content_type == "application/json"
    return json.loads(response.get_data())


def recorded(shared_data: Path, name: str) -> bytes:
    return (shared_data / "api/s2" / f"semanticscholar__{name}.json").read_bytes()


def many(count: int) -> Corpus:
    return Corpus.from_rows({"title": f"Paper {n}", "citation_count": n} for n in range(count))


def everything(client: Client, **parameters: Any) -> list[list[dict[str, Any]]]:
    """All pages of a bulk search."""
    pages: list[list[dict[str, Any]]] = []
    token: dict[str, str] = {}
    while True:
        page = body(get(client, "/search/bulk", **parameters, **token))
        pages.append(page["data"])
        if page["token"] is None:
            return pages
        token = {"token": page["token"]}


@pytest.mark.parametrize("size", [1, 3, 4, 7, 1000])
def test_bulk_pages_put_together_are_the_whole_result(serve: Serve, size: int) -> None:
    pages = everything(serve(many(7), bulk_page=size), query="paper")
    assert [len(page) for page in pages[:-1]] == [size] * (len(pages) - 1)
    papers = [paper["paperId"] for page in pages for paper in page]
    assert len(set(papers)) == 7
    assert papers == sorted(papers)


def test_a_bulk_page_has_the_recorded_keys_in_their_order(shared_data: Path, serve: Serve) -> None:
    first = json.loads(recorded(shared_data, "test_search_paper_bulk_retrieval__0__200"))
    ours = body(get(serve(many(3), bulk_page=2), "/search/bulk", query="paper", fields="title"))
    assert list(ours) == list(first)
    assert list(ours["data"][0]) == list(first["data"][0])
    assert isinstance(ours["token"], str)


def test_nothing_found_in_bulk_is_an_empty_page_without_token(client: Client) -> None:
    assert body(get(client, "/search/bulk", query="zebra")) == {
        "total": 0,
        "token": None,
        "data": [],
    }


def test_a_token_belongs_to_its_query(serve: Serve) -> None:
    client = serve(many(3), bulk_page=2)
    token = body(get(client, "/search/bulk", query="paper"))["token"]
    again = get(client, "/search/bulk", query="paper", token=token, fields="year", limit=5)
    assert len(body(again)["data"]) == 1
    for parameters in ({"query": "other"}, {"query": "paper", "year": "2020-"}):
        assert get(client, "/search/bulk", token=token, **parameters).status_code == 400
    assert get(client, "/search/bulk", query="paper", token="x!").status_code == 400


@pytest.mark.parametrize(
    ("sort", "counts"),
    [("citationCount", [0, 1, 2]), ("citationCount:desc", [2, 1, 0])],
)
def test_bulk_results_are_sorted_by_citations(serve: Serve, sort: str, counts: list[int]) -> None:
    (page,) = everything(serve(many(3)), query="", sort=sort, fields="citationCount")
    assert [paper["citationCount"] for paper in page] == counts


@pytest.mark.parametrize("order", ["asc", "desc"])
def test_papers_without_a_date_are_sorted_last(client: Client, order: str) -> None:
    parameters = {"sort": f"publicationDate:{order}", "fields": "publicationDate"}
    (page,) = everything(client, query="", **parameters)
    dates = ["2021-01-31", "2021-02-01"]
    expected = [*(dates if order == "asc" else dates[::-1]), None]
    assert [paper["publicationDate"] for paper in page] == expected


@pytest.mark.parametrize(
    ("filters", "titles"),
    [
        ({"publicationDateOrYear": "2021-02-01:"}, "R"),
        ({"publicationDateOrYear": ":2021-01"}, "FP"),
        ({"publicationDateOrYear": "2020-01-01:2020-01-01"}, "P"),  # undated: 1 January
        ({"publicationDateOrYear": "2020-01-02:2020-12-31"}, ""),
        ({"publicationDateOrYear": "2021"}, "FR"),
        ({"publicationDateOrYear": "2021-01"}, "F"),
        ({"year": "2021"}, "FR"),
        ({"year": "2021-"}, "FR"),
        ({"year": "-2020"}, "P"),
        ({"year": "2020-2021"}, "FPR"),
        ({"venue": "medical physics,Nature"}, "P"),
        ({"venue": "ArXiv"}, "FR"),
        ({"publicationTypes": "Review,Book"}, "P"),
        ({"fieldsOfStudy": "Medicine"}, "F"),
        ({"minCitationCount": "8"}, "F"),
        ({"openAccessPdf": ""}, "FR"),
    ],
)
def test_filters_narrow_a_search(client: Client, filters: dict[str, str], titles: str) -> None:
    page = body(get(client, "/search/bulk", query="", **filters))
    assert sorted(paper["title"][0] for paper in page["data"]) == list(titles)
    assert page["total"] == len(titles)


@pytest.mark.parametrize(
    "parameters",
    [
        {"year": "20"}, {"year": "-"}, {"publicationDateOrYear": "2020-13"},
        {"publicationDateOrYear": "last week"}, {"minCitationCount": "many"},
        {"sort": "title"}, {"sort": "citationCount:up"}, {"colour": "red"},
    ],
)  # fmt: skip
def test_a_parameter_that_cannot_be_read_is_named(
    client: Client, parameters: dict[str, str]
) -> None:
    answer = get(client, "/search/bulk", query="x", **parameters)
    ((name, value),) = parameters.items()
    assert answer.status_code == 400
    assert json.loads(answer.get_data()) == {
        "error": f"Unacceptable query params: [{name}={value}]"
    }


@pytest.mark.parametrize(
    "field", ["citations", "references.title", "tldr", "embedding", "authors.hIndex", "colour"]
)
def test_bulk_search_refuses_nested_fields(client: Client, field: str) -> None:
    answer = get(client, "/search/bulk", query="x", fields=f"title,{field}")
    assert answer.status_code == 400
    message = f"Unrecognized or unsupported fields: [{field}]"
    assert json.loads(answer.get_data()) == {"error": message}


def test_an_unencoded_plus_arrives_as_a_blank_and_a_bar_is_refused(client: Client) -> None:
    assert body(client.get(f"{GRAPH}/search/bulk?query=electron+microscopy"))["total"] == 1
    assert body(client.get(f"{GRAPH}/search/bulk?query=zebra%7Celectron"))["total"] == 1
    assert client.get(f"{GRAPH}/search/bulk?query=zebra|electron").status_code == 400
    assert client.get(f"{GRAPH}/search/bulk").status_code == 400


def test_relevance_search_pages_by_offset(serve: Serve) -> None:
    client = serve(many(5))
    first = body(get(client, "/search", query="paper", limit=2))
    assert (first["total"], first["offset"], first["next"]) == (5, 0, 2)
    last = body(get(client, "/search", query="paper", limit=2, offset=4))
    assert list(last) == ["total", "offset", "data"]
    assert [len(first["data"]), len(last["data"])] == [2, 1]


def test_relevance_search_prefers_rare_words_in_the_title(serve: Serve) -> None:
    corpus = Corpus.from_rows(
        {"title": title, "abstract": "deep nets for triage"}
        for title in ("Other", "Deep things", "Triage", "Deep sea", "Deep space")
    )
    page = body(get(serve(corpus), "/search", query="deep triage"))
    assert page["data"][0]["title"] == "Triage"
    assert page["data"][-1]["title"] == "Other"


def test_relevance_search_finds_no_hyphenated_term(client: Client) -> None:
    assert body(get(client, "/search", query="x ray"))["total"] == 1
    assert body(get(client, "/search", query="x-ray")) == {"total": 0, "offset": 0}


def test_relevance_search_finding_nothing_answers_as_recorded(
    shared_data: Path, client: Client
) -> None:
    answer = get(client, "/search", query="n0 r3sult s3arch t3rm", fields="title")
    assert answer.get_data() == recorded(shared_data, "test_empty_paginated_results__0__200")


@pytest.mark.parametrize(
    "parameters", [{"limit": 101}, {"limit": 0}, {"offset": 950, "limit": 51}, {"offset": "-1"}]
)
def test_relevance_search_has_a_window(client: Client, parameters: dict[str, Any]) -> None:
    assert get(client, "/search", query="x", **parameters).status_code == 400


def test_a_title_match_is_one_paper_or_404(client: Client) -> None:
    page = body(get(client, "/search/match", query="robust electron microscope", offset=0, limit=9))
    (paper,) = page["data"]
    assert list(paper) == ["paperId", "title", "matchScore"]
    assert paper["title"] == "Robust electron microscopy"
    missing = get(client, "/search/match", query="zebra")
    assert missing.status_code == 404
    assert json.loads(missing.get_data()) == {"error": "Title match not found"}


def test_a_batch_keeps_order_and_length_with_null_for_unknown(client: Client) -> None:
    ids = [
        "ARXIV:2102.00002",
        "CorpusId:1",
        "10.1000/XYZ",
        "arxiv:2101.00001",
        "ARXIV:2101.00001v1",
    ]
    answer = client.post(f"{GRAPH}/batch?fields=year,title", json={"ids": ids})
    papers = [paper and paper["title"][0] for paper in body(answer)]
    assert papers == ["R", None, "P", "F", None]


@pytest.mark.parametrize("data", [b"", b"[]", b'{"ids": []}', b'{"ids": [1]}', b"{"])
def test_a_batch_without_ids_is_refused(client: Client, data: bytes) -> None:
    assert client.post(f"{GRAPH}/batch", data=data).status_code == 400


def test_papers_cite_earlier_ones_with_like_titles(serve: Serve) -> None:
    rows: list[dict[str, Any]] = [
        {"title": f"Machine unlearning of {what}", "date": f"20{number}-01-01", "corpus_id": number}
        for number, what in ((20, "x-rays"), (21, "notes"), (22, "notes"))
    ]
    rows.append({"title": "Proton therapy", "date": "2019", "corpus_id": 19})
    rows.append({**rows[2], "doi": "10.1016/j.x", "corpus_id": 23})
    ids = {"ids": [f"CorpusId:{row['corpus_id']}" for row in rows]}
    fields = "fields=references.corpusId"

    def cited(**limits: int) -> list[list[int] | None]:
        answer = serve(Corpus.from_rows(rows), **limits).post(f"{GRAPH}/batch?{fields}", json=ids)
        lists = [paper["references"] for paper in body(answer)]
        return [one and [paper["corpusId"] for paper in one] for one in lists]

    assert cited() == [[], [20], [21, 20], [], None]
    # An answer holds so many; what comes after them is left out without a word.
    assert cited(batch_references=2) == [[], [20], [21], [], None]


def test_a_batch_takes_so_many_ids(serve: Serve, corpus: Corpus) -> None:
    client = serve(corpus, batch_ids=2)
    assert client.post(f"{GRAPH}/batch", json={"ids": ["a", "b"]}).status_code == 200
    assert client.post(f"{GRAPH}/batch", json={"ids": ["a", "b", "c"]}).status_code == 400


@pytest.mark.parametrize(
    "paper_id",
    [
        "DOI:10.1000/abc.1", "10.1000/ABC.1", "ARXIV:2101.00001",
        "URL:https://arxiv.org/abs/2101.00001", "URL:https://arxiv.org/pdf/2101.00001.pdf",
    ],
)  # fmt: skip
def test_one_paper_is_found_by_any_identifier(client: Client, paper_id: str) -> None:
    paper = body(get(client, f"/{paper_id}"))
    assert paper["title"].startswith("Federated")
    by_url = f"URL:https://www.semanticscholar.org/paper/{paper['paperId']}"
    assert body(get(client, f"/{paper['paperId']}")) == body(get(client, f"/{by_url}")) == paper


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("test_not_found__0__404", "/0?fields=t%2Ci%2Ct%2Cl%2Ce"),
        ("test_bad_query_parameters__0__400", "/10.1000/XYZ?fields=unknown"),
    ],
)
def test_errors_of_one_paper_are_answered_as_recorded(
    shared_data: Path, client: Client, name: str, path: str
) -> None:
    answer = client.get(GRAPH + path)
    assert answer.status_code == int(name[-3:])
    assert answer.get_data() == recorded(shared_data, name)


def test_without_the_key_that_is_required_the_answer_is_the_recorded_403(
    shared_data: Path, serve: Serve, corpus: Corpus
) -> None:
    client = serve(corpus, api_key="right")
    for headers in ({}, {"x-api-key": "wrong"}):
        answer = client.get(f"{GRAPH}/search/bulk?query=", headers=headers)
        assert answer.status_code == 403
        assert answer.get_data() == recorded(shared_data, "test_debug__0__403")
    assert (
        client.get(f"{GRAPH}/search/bulk?query=", headers={"x-api-key": "right"}).status_code == 200
    )


def test_only_the_fields_asked_for_are_shown(client: Client) -> None:
    assert list(body(get(client, "/ARXIV:2101.00001"))) == ["paperId", "title"]
    shown = body(get(client, "/ARXIV:2101.00001", fields="authors.affiliations,year"))
    assert list(shown) == ["paperId", "year", "authors"]
    assert list(shown["authors"][1]) == ["authorId", "name", "affiliations"]
    assert shown["authors"][1]["affiliations"] == ["Example Hospital"]


def kinds(value: Any) -> Any:
    """The shape of a JSON value: keys and types."""
    if isinstance(value, dict):
        return {key: kinds(item) for key, item in value.items()}
    return [kinds(item) for item in value[:1]] if isinstance(value, list) else type(value).__name__


def test_a_recorded_paper_is_given_again(shared_data: Path, serve: Serve) -> None:
    name = "test_get_papers_not_found_warning__0__200"
    theirs = json.loads(recorded(shared_data, name))[1]
    lines = (shared_data / "api/INDEX.jsonl").read_text(encoding="utf-8").splitlines()
    (url,) = (e["url"] for e in map(json.loads, lines) if e["file"].endswith(f"{name}.json"))
    fields = dict(parse_qsl(urlsplit(url).query))["fields"]
    row = {
        "title": theirs["title"],
        "abstract": theirs["abstract"],
        "authors": [author["name"] for author in theirs["authors"]],
        "date": theirs["publicationDate"],
        "s2_id": theirs["paperId"],
        "corpus_id": theirs["corpusId"],
        "doi": theirs["externalIds"]["DOI"],
        "mag": theirs["externalIds"]["MAG"],
        "journal": theirs["journal"]["name"],
        "citation_count": theirs["citationCount"],
        "influential_citation_count": theirs["influentialCitationCount"],
        "reference_count": theirs["referenceCount"],
        "fields_of_study": theirs["fieldsOfStudy"],
        "publication_types": theirs["publicationTypes"],
        "open_access_url": theirs["openAccessPdf"]["url"],
    }
    ids = {"ids": ["CorpusId:1", theirs["paperId"]]}
    answer = serve(Corpus.from_rows([row])).post(f"{GRAPH}/batch?fields={fields}", json=ids)
    unknown, ours = body(answer)
    assert unknown is None
    assert list(ours) == list(theirs)
    assert kinds(ours["authors"]) == kinds(theirs["authors"])
    # What the corpus does not hold: author ids, BibTeX, a second classifier's fields of study,
    # and the licence part that the service added to openAccessPdf after this recording.
    derived = {"authors", "citationStyles", "s2FieldsOfStudy", "openAccessPdf"}
    assert {k: v for k, v in ours.items() if k not in derived} == {
        k: v for k, v in theirs.items() if k not in derived
    }


def test_a_corpus_without_papers_is_served(serve: Serve) -> None:
    client = serve(Corpus.from_rows([]))
    assert body(get(client, "/search/bulk", query='"a b" | c* -d~'))["total"] == 0
    assert body(get(client, "/search", query="x")) == {"total": 0, "offset": 0}
    assert get(client, "/search/match", query="x").status_code == 404
    for query in ("x", "doi:1", "cat:cs.*", "submittedDate:[2020 TO 2021]", 'au:"a b"'):
        answer = client.get("/api/query", query_string={"search_query": query})
        assert b"totalResults>0<" in answer.get_data()


def test_a_paper_of_the_other_service_is_not_found(serve: Serve) -> None:
    row = {"title": "Triage", "arxiv_id": "2101.00001", "date": "2021-01-01", "side": "arxiv"}
    client = serve(Corpus.from_rows([row]))
    assert body(get(client, "/search/bulk", query=""))["total"] == 0
    assert body(get(client, "/search", query="triage"))["total"] == 0
    assert get(client, "/search/match", query="triage").status_code == 404
    assert get(client, "/ARXIV:2101.00001").status_code == 404
    answer = client.get("/api/query?id_list=2101.00001")
    assert b"totalResults>1<" in answer.get_data()
