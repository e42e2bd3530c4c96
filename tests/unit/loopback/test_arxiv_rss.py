from __future__ import annotations

import io
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import feedparser
import pytest
from werkzeug.test import Client

from medsafe_harvest.loopback import Corpus

Serve = Callable[..., Client]

# Announced on Tuesday 2021-03-02, but for the last.
ROWS: tuple[dict[str, Any], ...] = (
    {"arxiv_id": "2103.00001", "categories": ["stat.ML", "cs.LG"], "date": "2021-03-01"},
    {"arxiv_id": "2103.00002", "categories": ["cs.CV"], "date": "2021-03-01"},
    *(
        {
            "arxiv_id": arxiv_id,
            "categories": categories,
            "date": "2021-01-04",
            "updated": "2021-03-01T10:00:00Z",
            "version": version,
        }
        for arxiv_id, categories, version in (
            ("2101.00001", ["cs.LG"], 2),
            ("2101.00002", ["stat.ML", "cs.LG"], 5),
            ("2101.00003", ["cs.LG"], 6),  # too many versions
            ("2101.00004", ["cs.LG"], 1),  # a change of its metadata alone
        )
    ),
    {"arxiv_id": "2103.00009", "categories": ["cs.LG"], "date": "2021-03-05"},  # a Friday
)
TUESDAY = datetime(2021, 3, 2, 12, tzinfo=UTC)


@pytest.fixture(scope="module")
def announced() -> Corpus:
    return Corpus.from_rows({"title": "T", "abstract": "One < two.", **row} for row in ROWS)


def items(client: Client, path: str) -> list[tuple[str, str]]:
    """Id and type of each item, in their order."""
    response = client.get(path)
    assert response.status_code == 200
    feed = feedparser.parse(io.BytesIO(response.get_data()))
    assert not feed.bozo
    return [
        (entry.id.removeprefix("oai:arXiv.org:"), entry.arxiv_announce_type)
        for entry in feed.entries
    ]


@pytest.mark.parametrize("kind", ["rss", "atom"])
@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        (
            "cs.LG",
            [
                ("2103.00001v1", "cross"),
                ("2101.00001v2", "replace"),
                ("2101.00002v5", "replace-cross"),
            ],
        ),
        ("STAT", [("2103.00001v1", "new"), ("2101.00002v5", "replace")]),
        (
            "stat.ml+cs",
            [
                ("2103.00001v1", "new"),
                ("2103.00002v1", "new"),
                ("2101.00001v2", "replace"),
                ("2101.00002v5", "replace"),
            ],
        ),
        ("q-bio", []),
    ],
)
def test_types_are_relative_to_what_was_asked_for(
    announced: Corpus, serve: Serve, kind: str, asked: str, expected: list[tuple[str, str]]
) -> None:
    client = serve(announced, now=lambda: TUESDAY)
    assert items(client, f"/{kind}/{asked}") == expected


@pytest.mark.parametrize(
    ("day", "expected"),
    [(3, []), (5, []), (6, []), (7, []), (8, [("2103.00009v1", "new")]), (9, [])],
)
def test_a_feed_holds_one_day_and_weekends_hold_none(
    announced: Corpus, serve: Serve, day: int, expected: list[tuple[str, str]]
) -> None:
    client = serve(announced, now=lambda: datetime(2021, 3, day, tzinfo=UTC))
    assert items(client, "/rss/cs") == expected


def test_a_feed_is_cut_at_its_limit(announced: Corpus, serve: Serve) -> None:
    client = serve(announced, now=lambda: TUESDAY, rss_items=2)
    assert [kind for _, kind in items(client, "/rss/cs")] == ["new", "cross"]


def test_a_known_feed_is_answered_with_304_until_it_changes(
    announced: Corpus, serve: Serve
) -> None:
    clock = [TUESDAY]
    client = serve(announced, now=lambda: clock[0])
    first = client.get("/rss/cs")
    assert first.cache_control.max_age == 12 * 3600
    known = {"If-None-Match": first.headers["ETag"]}
    clock[0] = TUESDAY.replace(hour=20)
    again = client.get("/rss/cs", headers=known)
    assert (again.status_code, again.get_data()) == (304, b"")
    assert client.get("/rss/stat", headers=known).status_code == 200
    clock[0] = TUESDAY.replace(day=3)
    assert client.get("/rss/cs", headers=known).status_code == 200


@pytest.mark.parametrize("kind", ["rss", "atom"])
def test_an_unknown_category_is_refused_with_a_feed(
    announced: Corpus, serve: Serve, kind: str
) -> None:
    response = serve(announced).get(f"/{kind}/cs.LG+cs.XX")
    assert response.status_code == 400
    feed = feedparser.parse(io.BytesIO(response.get_data())).feed
    assert feed.title == "Feed error for query: cs.LG+cs.XX"
    assert "cs.XX" in feed.subtitle


def test_an_item_says_what_the_service_says(serve: Serve) -> None:
    row = {
        **ROWS[0],
        "title": "T",
        "authors": ["A B", "C D"],
        "affiliations": ["", "Place, Town"],
        "abstract": "One < two.",
        "licence": "http://creativecommons.org/licenses/by/4.0/",
        "doi": "10.1000/x",
    }
    text = serve(Corpus.from_rows([row]), now=lambda: TUESDAY).get("/rss/stat.ML").text
    assert "arXiv:2103.00001v1 Announce Type: new \nAbstract: One &lt; two." in text
    for element in (
        '<guid isPermaLink="false">oai:arXiv.org:2103.00001v1</guid>',
        "<pubDate>Tue, 02 Mar 2021 00:00:00 -0500</pubDate>",
        "<dc:creator>A B, C D (Place, Town)</dc:creator>",
        "<dc:rights>http://creativecommons.org/licenses/by/4.0/</dc:rights>",
        "<arxiv:DOI>10.1000/x</arxiv:DOI>",
        "<skipDays><day>Saturday</day><day>Sunday</day></skipDays>",
    ):
        assert element in text
