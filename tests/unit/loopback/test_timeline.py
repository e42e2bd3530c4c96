from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from werkzeug.test import Client

from medsafe_harvest.loopback import Corpus
from medsafe_harvest.loopback.timeline import Timeline

Serve = Callable[..., Client]


def noon(day: str) -> datetime:
    return datetime.fromisoformat(f"{day}T12:00:00Z")


def growing(serve: Serve, *rows: dict[str, Any]) -> tuple[Client, list[datetime]]:
    """A client, and its clock to be set."""
    clock = [datetime(2000, 1, 1, tzinfo=UTC)]
    corpus = Corpus.from_rows({"title": "Paper", **row} for row in rows)
    return serve(corpus, now=lambda: clock[0]), clock


def on_arxiv(client: Client, **parameters: Any) -> list[str]:
    """Names with version and ``updated`` of all papers that the search finds."""
    query = parameters or {"search_query": "ti:paper"}
    text = client.get("/api/query", query_string=query).text
    feed = text.split("<entry>")[1:]
    return [
        entry.split("/abs/")[1].split("<")[0] + " " + entry.split("<updated>")[1][:10]
        for entry in feed
    ]


def on_scholar(client: Client) -> list[str]:
    answer = client.get("/graph/v1/paper/search/bulk", query_string={"query": "paper"})
    return [paper["paperId"] for paper in json.loads(answer.text)["data"]]


def batch(client: Client, *ids: str) -> list[str | None]:
    answer = client.post("/graph/v1/paper/batch", json={"ids": list(ids)})
    return [paper and paper["paperId"] for paper in json.loads(answer.text)]


@given(st.dates(date(1995, 1, 1), date(2040, 1, 1)))
def test_a_paper_is_announced_on_the_next_working_day(day: date) -> None:
    announced = day + timedelta(days=1)
    while announced.weekday() > 4:
        announced += timedelta(days=1)
    corpus = Corpus.from_rows([{"title": "T", "arxiv_id": "2101.00001", "date": day}])
    assert Timeline(corpus).announced.tolist() == [announced]


def test_a_paper_appears_and_is_revised_on_its_days(serve: Serve) -> None:
    row = {"arxiv_id": "2103.00001", "date": "2021-03-05", "updated": "2021-06-02", "version": 3}
    client, clock = growing(serve, {**row, "s2_id": "a" * 40, "comment": "withdrawn"})
    seen = {}
    for day in ("03-07", "03-08", "03-09", "06-02", "06-03"):
        clock[0] = noon(f"2021-{day}")
        seen[day] = (on_arxiv(client), len(on_scholar(client)))
    assert seen == {
        "03-07": ([], 0),  # submitted on a Friday
        "03-08": (["2103.00001v1 2021-03-05"], 0),
        "03-09": (["2103.00001v1 2021-03-05"], 1),
        "06-02": (["2103.00001v1 2021-03-05"], 1),
        "06-03": (["2103.00001v3 2021-06-02"], 1),
    }
    clock[0] = noon("2021-06-02")
    assert on_arxiv(client, id_list="2103.00001v2") == []
    assert "withdrawn" not in client.get("/api/query?id_list=2103.00001").text
    clock[0] = noon("2021-06-03")
    assert on_arxiv(client, id_list="2103.00001v2") != []
    assert "withdrawn" in client.get("/api/query?id_list=2103.00001").text


def test_the_order_by_revision_knows_no_revision_to_come(serve: Serve) -> None:
    first = {"arxiv_id": "2103.00001", "date": "2021-03-01", "updated": "2021-06-02", "version": 2}
    client, clock = growing(serve, first, {"arxiv_id": "2103.00002", "date": "2021-03-02"})
    query = {"search_query": "ti:paper", "sortBy": "lastUpdatedDate"}
    clock[0] = noon("2021-06-02")
    assert [name[:10] for name in on_arxiv(client, **query)] == ["2103.00002", "2103.00001"]
    clock[0] = noon("2021-06-03")
    assert [name[:10] for name in on_arxiv(client, **query)] == ["2103.00001", "2103.00002"]


def test_a_day_begins_at_midnight_utc(serve: Serve) -> None:
    client, clock = growing(serve, {"arxiv_id": "2103.00001", "date": "2021-03-01"})
    east = timezone(timedelta(hours=5))
    clock[0] = datetime(2021, 3, 2, 4, 59, tzinfo=east)
    assert on_arxiv(client) == []
    clock[0] = datetime(2021, 3, 2, 5, 0, tzinfo=east)
    assert len(on_arxiv(client)) == 1


def test_a_paper_without_a_day_appears_with_its_year(serve: Serve) -> None:
    client, clock = growing(serve, {"s2_id": "a" * 40, "date": "2021"}, {"s2_id": "b" * 40})
    assert on_scholar(client) == ["b" * 40]
    clock[0] = noon("2021-01-05")
    assert on_scholar(client) == ["a" * 40, "b" * 40]


OLD, NEW = "a" * 40, "b" * 40
MERGED: tuple[dict[str, Any], ...] = (
    {"s2_id": OLD, "corpus_id": 1, "doi": "10.1000/old", "date": "2021-03-01"},
    {"s2_id": NEW, "corpus_id": 2, "arxiv_id": "2103.00001", "date": "2021-03-01"},
)
IDS = (OLD, "CorpusId:1", "DOI:10.1000/OLD", "ARXIV:2103.00001", NEW, "CorpusId:9")


@pytest.mark.parametrize(
    ("day", "shown", "answers"),
    [
        ("2021-03-02", [], [None] * 6),
        ("2021-03-31", [OLD, NEW], [OLD, OLD, OLD, NEW, NEW, None]),
        ("2021-04-01", [NEW], [NEW, NEW, NEW, NEW, NEW, None]),
        (None, [NEW], [NEW, NEW, NEW, NEW, NEW, None]),
    ],
)
def test_a_merged_paper_is_answered_with_what_it_became(
    serve: Serve, day: str | None, shown: list[str], answers: list[str | None]
) -> None:
    rows = ({**MERGED[0], "merged_into": NEW, "merged_from": date(2021, 4, 1)}, MERGED[1])
    client, clock = growing(serve, *rows)
    if day is None:
        client = serve(Corpus.from_rows({"title": "Paper", **row} for row in rows))
    else:
        clock[0] = noon(day)
    assert on_scholar(client) == shown
    assert batch(client, *IDS) == answers


@pytest.mark.parametrize(
    ("day", "shown", "answer"),
    [("2021-03-31", [OLD], OLD), ("2021-04-01", [], None), (None, [], None)],
)
def test_a_deleted_paper_is_gone(
    serve: Serve, day: str | None, shown: list[str], answer: str | None
) -> None:
    row = {**MERGED[0], "deleted_from": "2021-04-01"}
    client, clock = growing(serve, row)
    if day is None:
        client = serve(Corpus.from_rows([{"title": "Paper", **row}]))
    else:
        clock[0] = noon(day)
    assert (on_scholar(client), batch(client, OLD)) == (shown, [answer])
    assert client.get(f"/graph/v1/paper/{OLD}").status_code == (200 if answer else 404)


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ({"merged_into": "c" * 40}, "leads nowhere"),
        ({"merged_into": OLD}, "leads nowhere"),  # itself
        ({"merged_from": "2021-04-01"}, "without merged_into"),
        ({"merged_into": NEW, "deleted_from": "2021-04-01"}, "both merged and deleted"),
        ({"deleted_from": "2021"}, "deleted_from '2021' is no day"),
    ],
)
def test_a_merge_that_makes_no_sense_is_an_error(row: dict[str, Any], message: str) -> None:
    rows = ({**MERGED[0], **row}, MERGED[1])
    with pytest.raises(ValueError, match=f"row 0 of the corpus: .*{message}"):
        Corpus.from_rows({"title": "Paper", **row} for row in rows)


def test_without_a_clock_everything_is_there(corpus: Corpus) -> None:
    snapshot = Timeline(corpus).at(None)
    assert np.flatnonzero(snapshot.arxiv).tolist() == corpus.arxiv.tolist()
    assert np.flatnonzero(snapshot.scholar).tolist() == corpus.semantic_scholar.tolist()
    assert [snapshot.paper(row) for row in corpus.arxiv.tolist()] == [
        corpus.papers[row] for row in corpus.arxiv.tolist()
    ]
