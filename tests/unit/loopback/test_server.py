from __future__ import annotations

import json
import socket
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.parse import quote
from urllib.request import Request, urlopen

import arxiv
import pyarrow.parquet as pq
import pytest
import werkzeug

from medsafe_harvest.loopback import Corpus, Services, read_corpus, running, serve
from medsafe_harvest.loopback.arxiv_query import Searcher, parse
from medsafe_harvest.loopback.s2_query import find
from medsafe_harvest.loopback.text import stems, words


def read(url: str, **headers: str) -> bytes:
    with urlopen(Request(url, headers=headers), timeout=10) as answer:
        return bytes(answer.read())


def test_all_doors_answer_under_their_own_paths(corpus: Corpus) -> None:
    with running(corpus) as services:
        assert services.arxiv_url == f"{services.root}/api/query"
        assert b"2101.00001v3" in read(f"{services.arxiv_url}?id_list=2101.00001")
        assert b"2101.00001" in read(
            f"{services.arxiv_oai_url}?verb=ListRecords&metadataPrefix=arXiv"
        )
        assert b"cs+eess updates" in read(f"{services.arxiv_rss_url}/cs+eess")
        page = read(f"{services.semantic_scholar_url}/graph/v1/paper/search/bulk?query=proton")
        assert json.loads(page)["total"] == 1
        names = [seen.service for seen in services.requests]
        assert names == ["arxiv", "arxiv", "arxiv", "semantic_scholar"]


def test_the_arxiv_package_reads_all_pages(corpus: Corpus) -> None:
    client = arxiv.Client(page_size=1, delay_seconds=0, num_retries=0)
    search = arxiv.Search("cat:cs.LG", sort_by=arxiv.SortCriterion.SubmittedDate)
    with running(corpus) as services, closing(client._session):
        client.query_url_format = f"{services.arxiv_url}?{{}}"
        results = list(client.results(search))
        assert [seen.args["start"] for seen in services.requests] == ["0", "1"]
    assert [result.get_short_id() for result in results] == ["2102.00002v1", "2101.00001v3"]
    newest, oldest = results
    assert newest.primary_category == "cs.CV"
    assert [author.name for author in oldest.authors] == ["Jürgen Müller", "Ana del Maestro"]
    assert (oldest.doi, oldest.comment) == ("10.1000/ABC.1", "Accepted at a Workshop, 9 pages")
    assert oldest.published.isoformat() == "2021-01-31T23:59:30+00:00"
    assert oldest.updated.isoformat() == "2022-05-01T08:00:00+00:00"


def test_every_request_is_seen_with_its_outcome(corpus: Corpus) -> None:
    lines: list[str] = []
    with running(corpus, log=lines.append) as services:
        read(f"{services.arxiv_url}?id_list=2101.00001", **{"User-Agent": "test/1"})
        with pytest.raises(HTTPError) as error:
            read(f"{services.semantic_scholar_url}/graph/v1/paper/0")
        error.value.close()
        with pytest.raises(HTTPError, match="404") as error:
            read(f"{services.root}/elsewhere")
        error.value.close()
        seen = services.requests
    assert [(s.service, s.path, s.status) for s in seen] == [
        ("arxiv", "/api/query", 200),
        ("semantic_scholar", "/graph/v1/paper/0", 404),
        ("", "/elsewhere", 404),
    ]
    assert (seen[0].args, seen[0].user_agent) == ({"id_list": "2101.00001"}, "test/1")
    assert seen[0].time < seen[1].time < seen[2].time
    assert lines[0] == "200 GET /api/query?id_list=2101.00001"


def test_a_response_of_the_hook_is_sent_instead(corpus: Corpus) -> None:
    answers = [werkzeug.Response("Rate exceeded.", 429, content_type="text/plain"), None]
    with running(corpus, before=lambda _: answers.pop(0)) as services:
        with pytest.raises(HTTPError, match="429") as error:
            read(f"{services.arxiv_url}?id_list=2101.00001")
        assert error.value.read() == b"Rate exceeded."
        error.value.close()
        assert b"2101.00001v3" in read(f"{services.arxiv_url}?id_list=2101.00001")
        assert [seen.status for seen in services.requests] == [429, 200]


def test_requests_at_the_same_time_get_their_own_answers(corpus: Corpus) -> None:
    both = threading.Barrier(2, timeout=10)

    def meet(_: werkzeug.Request) -> None:
        both.wait()

    with running(corpus, before=meet) as services, ThreadPoolExecutor(2) as pool:
        ids = ("2101.00001", "2102.00002")
        answers = list(pool.map(lambda i: read(f"{services.arxiv_url}?id_list={i}"), ids))
    assert all(i.encode() in answer for i, answer in zip(ids, answers, strict=True))


def test_the_port_is_free_again_afterwards(corpus: Corpus) -> None:
    with running(corpus) as services:
        port = int(services.root.rpartition(":")[2])
    with socket.socket() as probe, pytest.raises(ConnectionRefusedError):
        probe.connect(("127.0.0.1", port))
    with running(corpus, port=port) as services:
        assert read(f"{services.arxiv_url}?id_list=2101.00001")


def test_serving_ends_with_the_users_interrupt(corpus: Corpus) -> None:
    started: list[Services] = []

    def interrupt(services: Services) -> None:
        started.append(services)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        serve(corpus, port=0, ready=interrupt)
    with pytest.raises(OSError, match="refused"):
        read(started[0].root)


@dataclass(frozen=True)
class Real:
    """The real corpus, as served and as it stands in its file."""

    corpus: Corpus
    rows: list[dict[str, Any]]
    #: Stemmed words of each row, with blanks around and between.
    titles: list[str]
    abstracts: list[str]


def stemmed(text: str | None) -> str:
    return f" {' '.join(stems(words(text or '')))} "


@pytest.fixture(scope="module")
def real(shared_data: Path) -> Real:
    path = shared_data / "corpus/medical_ml.parquet"
    rows: list[dict[str, Any]] = pq.read_table(path).to_pylist()
    return Real(
        read_corpus(path),
        rows,
        [stemmed(row["title"]) for row in rows],
        [stemmed(row["abstract"]) for row in rows],
    )


def test_the_real_corpus_is_split_by_the_rules(real: Real) -> None:
    papers = real.corpus.papers
    assert len(papers) == len(real.rows) == 25_197
    on_arxiv = [papers[row] for row in real.corpus.arxiv.tolist()]
    scholar = [papers[row] for row in real.corpus.semantic_scholar.tolist()]
    with_id = {p.arxiv_id for p in papers if p.arxiv_id is not None}
    dated = {p.arxiv_id for p in papers if p.arxiv_id is not None and p.published}
    assert {p.arxiv_id for p in on_arxiv} == dated
    assert len(on_arxiv) == len(dated)
    assert len(scholar) == len(with_id) + sum(p.arxiv_id is None for p in papers)
    assert len({p.s2_id for p in scholar}) == len({p.corpus_id for p in scholar}) == len(scholar)
    pairs = zip(real.rows, papers, strict=True)
    assert {row["source"] for row, p in pairs if p.arxiv_id is None} == {"paperlists"}


@pytest.mark.parametrize("phrase", ["federated learning", "x-ray", "black box", "models"])
def test_phrases_of_the_real_corpus_are_found_by_a_naive_scan_too(real: Real, phrase: str) -> None:
    wanted = stemmed(phrase)
    in_title = [wanted in text for text in real.titles]
    in_abstract = [wanted in text for text in real.abstracts]
    arxiv = set(real.corpus.arxiv.tolist())
    found = Searcher(real.corpus).find(parse(f'ti:"{phrase}" ANDNOT abs:"{phrase}"'))
    assert found.any()
    assert found.tolist() == [
        title and not abstract and row in arxiv
        for row, (title, abstract) in enumerate(zip(in_title, in_abstract, strict=True))
    ]
    either = [title or abstract for title, abstract in zip(in_title, in_abstract, strict=True)]
    assert find(real.corpus, f'"{phrase}"').tolist() == either


def test_a_query_of_a_hundred_phrases_finds_what_a_naive_scan_finds(real: Real) -> None:
    phrases = sorted({" ".join(words(row["title"])[:2]) for row in real.rows[:150]})[:100]
    wanted = [stemmed(phrase) for phrase in phrases]
    arxiv = real.corpus.arxiv.tolist()
    expected = sum(any(phrase in real.titles[row] for phrase in wanted) for row in arxiv)
    query = " OR ".join(f'ti:"{phrase}"' for phrase in phrases)
    with running(real.corpus) as services:
        answer = read(f"{services.arxiv_url}?search_query={quote(query)}&max_results=5")
    assert f"totalResults>{expected}<".encode() in answer
    assert expected > 100
