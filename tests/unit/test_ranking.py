"""The digest's score: the documented formula, part by part."""

from __future__ import annotations

import math
from datetime import date
from typing import Any

import pyarrow as pa
import pytest
from pydantic import ValidationError

from medsafe_harvest.ranking import PARTS, RankingSettings, rank, select_new
from medsafe_harvest.ranking_words import reasons
from medsafe_harvest.schema import PAPER

TODAY = date(2026, 3, 31)
DEFAULTS = RankingSettings()


def tag(topic: str, score: float, facet: str = "trust") -> dict[str, Any]:
    return {
        "facet": facet, "topic": topic, "score": score,
        "rule": "r", "field": "title", "text": topic, "start": 0,
    }  # fmt: skip


def link(
    kind: str = "repository", *, own: bool | None = True, dead: bool = False
) -> dict[str, Any]:
    return {"url": "https://x.org", "kind": kind, "own": own, "said": None, "looks_dead": dead}


def paper(paper_id: str = "mha", **changes: Any) -> dict[str, Any]:
    """A paper of no merit: old, without topic, citation, code and venue."""
    row: dict[str, Any] = {
        field.name: [] if pa.types.is_list(field.type) else None for field in PAPER
    }
    row |= {"paper_id": paper_id, "title": "T", "withdrawn": False, "medical": True}
    return row | {"first_seen": TODAY, "last_seen": TODAY, "published": date(2000, 1, 1)} | changes


def ranked(*rows: dict[str, Any], settings: RankingSettings = DEFAULTS) -> list[dict[str, Any]]:
    table: list[dict[str, Any]] = rank(
        pa.Table.from_pylist(list(rows), PAPER), TODAY, settings
    ).to_pylist()
    return table


def test_the_formula_by_hand() -> None:
    (one,) = ranked(
        paper(
            published=date(2026, 1, 30),  # 60 days: two half-lives, 60 / 30.4375 months
            tags=[
                tag("privacy", 0.9), tag("privacy", 0.9), tag("fairness", 0.6),
                tag("ct", 0.8, "modality"),
            ],
            citation_count=4, influential_citation_count=1,
            links=[link("model"), link()], venue="MICCAI", venue_kind="conference",
        )
    )  # fmt: skip
    rate = (3 * 1 + 1 * 5) / (60 / 30.4375)
    parts = [0.25, 1.5 / 3, math.log1p(rate) / math.log1p(10), 1.0, 1.0]
    assert [one[f"part_{part}"] for part in PARTS] == pytest.approx(parts)
    weights = [1, 2, 1, 0.5, 0.5]
    expected = sum(weight * part for weight, part in zip(weights, parts, strict=True))
    assert one["score"] == pytest.approx(expected, abs=1e-8)
    assert DEFAULTS.highest == sum(weights)


@pytest.mark.parametrize(
    ("part", "changes"),
    [
        ("recency", [{"published": date(2025, 1, 1)}, {"published": date(2026, 3, 1)}]),
        ("recency", [{"published": date(2026, 3, 1)}, {"published": date(2027, 3, 1)}]),
        ("recency", [{"published": None, "year": 2020}, {"published": None, "year": 2025}]),
        ("recency", [{"published": None, "year": 2025}, {"published": None}]),
        ("topic", [{"tags": [tag("privacy", 0.6)]}, {"tags": [tag("privacy", 0.7)]}]),
        ("topic", [{"tags": [tag("a", 0.9)]}, {"tags": [tag("a", 0.9), tag("b", 0.5)]}]),
        ("topic", [{"tags": [tag("a", 0.9, "task")]}, {"tags": [tag("a", 0.9)]}]),
        ("topic", [{"medical": False, "tags": [tag("a", 0.9)]}, {"tags": [tag("a", 0.9)]}]),
        ("citations", [{"citation_count": None}, {"citation_count": 9}]),
        (
            "citations",
            [
                {"citation_count": 9, "influential_citation_count": None},
                {"citation_count": 9, "influential_citation_count": 2},
            ],
        ),
        (
            "citations",
            [
                {"citation_count": 9, "published": date(2024, 1, 1)},
                {"citation_count": 9, "published": date(2025, 1, 1)},
            ],
        ),
        ("code", [{}, {"links": [link(own=None)]}]),
        ("code", [{"links": [link(own=False)]}, {"links": [link("dataset")]}]),
        ("code", [{"links": [link(dead=True)]}, {"links": [link()]}]),
        ("code", [{"links": [link(own=None)]}, {"links": [link(own=None), link()]}]),
        ("venue", [{}, {"venue_kind": "preprint"}]),
        ("venue", [{"venue_kind": "preprint"}, {"venue_kind": "workshop"}]),
        ("venue", [{"venue_kind": "workshop"}, {"venue_kind": "journal"}]),
    ],
)
def test_a_part_grows_with_what_it_is_made_of(part: str, changes: list[dict[str, Any]]) -> None:
    less, more = (ranked(paper(**one))[0] for one in changes)
    assert less[f"part_{part}"] < more[f"part_{part}"] <= 1
    assert less["score"] < more["score"]


def test_a_part_is_at_most_one() -> None:
    (one,) = ranked(
        paper(
            tags=[tag(name, 1.0) for name in "abcde"],
            published=date(2026, 3, 30),
            citation_count=2_000_000_000,
        )
    )
    assert one["part_topic"] == one["part_citations"] == 1


def test_equal_papers_stand_by_their_ids_whatever_the_order_of_rows() -> None:
    rows = [paper(name, year=2020, published=None) for name in ("mhc", "mha", "mhb")]
    rows.append(paper("mhz", venue_kind="journal"))
    assert [one["paper_id"] for one in ranked(*rows)] == ["mhz", "mha", "mhb", "mhc"]
    assert ranked(*rows) == ranked(*reversed(rows))


def test_an_empty_table_gives_an_empty_ranking() -> None:
    assert ranked() == []


def test_weights_come_from_the_settings() -> None:
    settings = RankingSettings.model_validate({"weights": {"venue": 3}})
    (one,) = ranked(paper(venue_kind="journal"), settings=settings)
    assert one["score"] == pytest.approx(3, abs=1e-6)
    with pytest.raises(ValidationError, match="extra"):
        RankingSettings.model_validate({"weights": {"beauty": 1}})


def test_new_are_papers_first_seen_since_and_not_withdrawn() -> None:
    rows = [
        paper("mha", first_seen=date(2026, 3, 1), topics=["privacy"]),
        paper("mhb", first_seen=date(2026, 3, 2), topics=["ct", "fairness"]),
        paper("mhc", first_seen=date(2026, 3, 3), topics=[]),
        paper("mhd", first_seen=date(2026, 3, 3), topics=["privacy"], withdrawn=True),
    ]
    table = pa.Table.from_pylist(rows, PAPER)

    def ids(since: date | None, *topics: str) -> list[str]:
        found: list[str] = select_new(table, since, topics)["paper_id"].to_pylist()
        return found

    assert ids(None) == ["mha", "mhb", "mhc"]
    assert ids(date(2026, 3, 2)) == ["mhb", "mhc"]
    assert ids(None, "privacy", "fairness") == ["mha", "mhb"]
    assert ids(date(2026, 3, 2), "privacy") == []


def test_the_reasons_say_what_each_part_was_made_of() -> None:
    row = paper(
        published=None, year=2025, medical=False, tags=[tag("anomaly-detection", 0.9)],
        venue="MICCAI", venue_kind="conference", citation_count=3,
    )  # fmt: skip
    words = reasons(ranked(row)[0], row, DEFAULTS)
    assert list(words) == list(PARTS)
    assert words["recency"] == (
        "published some day of 2025, taken for 273 days ago; halves every 30 days"
    )
    assert words["topic"] == "anomaly detection 0.90; not about medicine, so times 0.25"
    assert words["citations"].startswith("3 citations, 0 of them influential: 0.33 a month")
    assert words["venue"] == "MICCAI (conference)"
