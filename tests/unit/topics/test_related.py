"""The nearest papers against a plain computation, in any order, and with what else makes near."""

from __future__ import annotations

import math
from collections import Counter
from datetime import date, timedelta
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from medsafe_harvest.schema import RELATED
from medsafe_harvest.topics.known import KNOWN
from medsafe_harvest.topics.related import NEAREST, TERMS, related, text_of, update

SCHEMA = pa.schema(
    [
        ("paper_id", pa.string()),
        ("title", pa.string()),
        ("abstract", pa.string()),
        ("topics", pa.list_(pa.string())),
        ("cites", pa.list_(pa.int64())),
        ("corpus_id", pa.int64()),
        ("first_seen", pa.date32()),
    ]
)
DAY = date(2026, 1, 1)
# Words that are their own stems, so that the plain computation needs none.
WORDS = st.sampled_from(["heart", "mri", "nurs", "sepsi", "graph", "ward", "lung", "audit"])
ROWS = st.lists(
    st.fixed_dictionaries(
        {
            "title": st.lists(WORDS, max_size=3).map(" ".join),
            "abstract": st.none() | st.lists(WORDS, max_size=6).map(" ".join),
            "topics": st.lists(st.sampled_from(["fairness", "privacy"]), unique=True),
            "cites": st.lists(st.integers(1, 6), max_size=4, unique=True),
            "corpus_id": st.none() | st.integers(1, 9),
            "first_seen": st.integers(0, 3).map(lambda days: DAY + timedelta(days)),
        }
    ),
    max_size=14,
)


def table(rows: list[dict[str, Any]]) -> pa.Table:
    named = [{"paper_id": f"mh{number:02}", **row} for number, row in enumerate(rows)]
    return pa.Table.from_pylist(named, schema=SCHEMA)


def titled(*titles: str) -> list[dict[str, Any]]:
    rest: dict[str, Any] = {"abstract": None, "topics": [], "cites": [], "corpus_id": None}
    rest["first_seen"] = DAY
    return [{"title": title, **rest} for title in titles]


def plain(rows: list[dict[str, Any]]) -> dict[tuple[str, str], float]:
    """The formula of the module, word by word."""
    bags = []
    for row in rows:
        bag: Counter[str] = Counter((row["abstract"] or "").split())
        for word in row["title"].split():
            bag[word] += 3
        bag |= Counter({f"topic:{topic}": 3 for topic in row["topics"]})
        bag.update(f"cites:{cited}" for cited in row["cites"])
        bags.append(bag + Counter({f"cites:{row['corpus_id']}": 3 if row["corpus_id"] else 0}))
    half = 2 ** math.floor(math.log2(len(rows))) if rows else 0
    days = sorted(row["first_seen"] for row in rows)[:half]
    early = [bag for bag, row in zip(bags, rows, strict=True) if row["first_seen"] <= days[-1]]
    held = Counter(term for bag in early for term in bag)

    def rare(term: str) -> float:
        return (math.floor(math.log(2 * half / max(held[term], 1)) / 0.5) + 0.5) * 0.5

    weights = []
    for bag in bags:
        own = {t: (1 + math.log(n)) * rare(t) for t, n in bag.items()}
        parts = [
            {t: w for t, w in own.items() if t.startswith("cites:") is is_cited}
            for is_cited in (False, True)
        ]
        shares = [1, 0.03] if len(parts[1]) == 1 else [0.7, 0.3]
        shares = shares if all(parts) else [1, 1]
        weights.append(
            {
                term: weight * math.sqrt(share / sum(each**2 for each in part.values()))
                for part, share in zip(parts, shares, strict=True)
                for term, weight in part.items()
            }
        )
    return {
        (f"mh{a:02}", f"mh{b:02}"): sum(w * weights[b].get(t, 0) for t, w in weights[a].items())
        for a in range(len(rows))
        for b in range(len(rows))
        if a != b
    }


@settings(max_examples=60)
@given(ROWS, st.randoms(use_true_random=False))
def test_the_nearest_are_those_of_the_plain_formula(rows: list[dict[str, Any]], dice: Any) -> None:
    papers = table(rows)
    found = related(papers)
    assert found.schema == RELATED
    expected = plain(rows)
    for paper in papers["paper_id"].to_pylist():
        own = [row for row in found.to_pylist() if row["paper_id"] == paper]
        assert [row["rank"] for row in own] == list(range(1, len(own) + 1))
        order = [(-row["score"], row["related_paper_id"]) for row in own]
        assert order == sorted(order)
        scores = sorted((s for (a, _), s in expected.items() if a == paper), reverse=True)
        near = [score for score in scores[:NEAREST] if score > 1e-4]
        assert [row["score"] for row in own] == pytest.approx(near, abs=2e-4)
        for row in own:
            assert row["score"] == pytest.approx(expected[paper, row["related_paper_id"]], abs=2e-4)
            assert 1 <= len(row["terms"]) <= TERMS
    shuffled = list(range(len(rows)))
    dice.shuffle(shuffled)
    assert related(papers.take(pa.array(shuffled, pa.int64()))).equals(found)


def test_the_terms_are_the_words_that_the_authors_use() -> None:
    papers = table(
        [
            one | {"cites": [], "corpus_id": None, "first_seen": DAY}
            for one in (
                {"title": "Calibrated sepsis alerts", "abstract": None, "topics": ["calibration"]},
                {"title": "Sepsis alert", "abstract": "alert alerts", "topics": ["calibration"]},
                {"title": "Graphs of the lung", "abstract": "The 2020 data", "topics": []},
            )
        ]
    )
    rows = related(papers).to_pylist()
    pairs = {(row["paper_id"], row["related_paper_id"]) for row in rows}
    assert pairs == {("mh00", "mh01"), ("mh01", "mh00")}
    assert set(rows[0]["terms"]) == {"alerts", "sepsis", "topic:calibration"}
    assert set(rows[1]["terms"]) == {"alert", "sepsis", "topic:calibration"}


def test_shared_references_make_near() -> None:
    rows = titled("Heart", "Lung", "Eye")
    assert related(table(rows)).num_rows == 0
    rows[0]["cites"], rows[2]["cites"] = [7, 9], [7]
    found = related(table(rows)).to_pylist()
    assert [(row["paper_id"], row["related_paper_id"], row["terms"]) for row in found] == [
        ("mh00", "mh02", ["cites:7"]),
        ("mh02", "mh00", ["cites:7"]),
    ]


def test_a_paper_is_near_to_those_that_cite_it() -> None:
    rows = [row | {"corpus_id": n} for n, row in enumerate(titled("Heart", "Lung", "Eye", "Ear"))]
    rows[0]["cites"] = [1, 2, 8]
    rows[1]["cites"] = [9]

    def found() -> dict[tuple[str, str], tuple[float, list[str]]]:
        told = related(table(rows)).to_pylist()
        return {(r["paper_id"], r["related_paper_id"]): (r["score"], r["terms"]) for r in told}

    near = found()
    # Also where nobody knows what the one that is cited cites.
    pairs = {("mh00", "mh01"): "cites:1", ("mh00", "mh02"): "cites:2"}
    pairs |= {(there, here): term for (here, there), term in pairs.items()}
    assert {pair: terms for pair, (_, terms) in near.items()} == {k: [v] for k, v in pairs.items()}
    # Being cited is more than sharing one reference.
    rows[3]["cites"] = [8]
    assert 0 < found()["mh00", "mh03"][0] < near["mh00", "mh01"][0]


def test_that_nobody_cites_a_paper_changes_no_score() -> None:
    rows = titled("Sepsis alerts on wards", "Sepsis alerts", "Heart")
    known = [row | {"corpus_id": n} for n, row in enumerate(rows)]
    assert related(table(known)).equals(related(table(rows)))


def test_fifty_references_do_not_drown_the_words() -> None:
    rows = titled("Sepsis alerts", "Sepsis alerts", "Heart")
    rows[0]["cites"], rows[2]["cites"] = list(range(50)), [0]
    first, second = related(table(rows)).slice(0, 2).to_pylist()
    # The same words and nobody knows what the other cites; one reference of fifty.
    assert (first["related_paper_id"], second["related_paper_id"]) == ("mh01", "mh02")
    assert first["score"] == pytest.approx(math.sqrt(0.7), abs=1e-3)
    assert second["score"] < 0.3


def test_vectors_of_a_model_take_the_place_of_the_score() -> None:
    rows = titled("Heart", "Lung", "Eye")
    vectors = np.array([[1, 0], [0.6, 0.8], [0, -2]], np.float32)
    found = related(table(rows), vectors=vectors).to_pylist()
    assert [(row["paper_id"], row["related_paper_id"], row["score"]) for row in found] == [
        ("mh00", "mh01", 0.6),
        ("mh01", "mh00", 0.6),
    ]
    assert found[0]["terms"] == []


def test_what_does_not_fit_the_papers_is_refused() -> None:
    papers = table(titled("Heart"))
    with pytest.raises(ValueError, match="2 vectors for 1 papers"):
        related(papers, vectors=np.ones((2, 2), np.float32))


def test_many_blocks_are_one_table() -> None:
    rows = titled(*(f"part{n // 3} paper{n}" for n in range(1203)))
    named = [{"paper_id": f"mh{n:04}", **row} for n, row in enumerate(rows)]
    found = related(pa.Table.from_pylist(named, schema=SCHEMA))
    keys = list(zip(found["paper_id"].to_pylist(), found["rank"].to_pylist(), strict=True))
    assert keys == sorted(keys)
    assert found.num_rows == 2 * 1203
    assert set(found["terms"].combine_chunks().flatten().to_pylist()) == {
        f"part{n}" for n in range(401)
    }


#: Many papers of few words, so that nearly all are near each other and lists are full.
MANY = st.lists(st.tuples(st.lists(WORDS, min_size=1, max_size=4), st.integers(0, 2)), min_size=30)


@settings(max_examples=20)
@given(MANY, MANY, st.integers(0, 20))
def test_what_was_known_before_saves_time_and_changes_nothing(
    first: list[tuple[list[str], int]], second: list[tuple[list[str], int]], kept: int
) -> None:
    def made(said: list[tuple[list[str], int]]) -> pa.Table:
        return table(
            [
                {**titled(" ".join(words))[0], "first_seen": DAY + timedelta(days)}
                for words, days in said
            ]
        )

    before = update(made(first), KNOWN.empty_table()).known
    # Some papers are gone, some are changed, some are new.
    now = made([*first[: len(first) - kept], *second])
    again = update(now, before)
    assert again.related.equals(related(now))
    # And so on the night after.
    later = made([*second[:5], *first[5:], *second])
    assert update(later, again.known).related.equals(related(later))


def test_a_new_paper_leaves_the_weights_of_others_alone() -> None:
    rows = titled(*(f"heart part{n % 7} audit{n % 5}" for n in range(40)))
    before = update(table(rows), KNOWN.empty_table()).known
    late = {**titled("heart part1")[0], "first_seen": DAY + timedelta(1)}
    after = update(table([*rows, late]), before).known
    assert after["mark"].slice(0, 40).equals(before["mark"])


def test_a_model_is_given_title_and_abstract() -> None:
    assert text_of("Heart", None) == "Heart"
    assert text_of("Heart", "It beats.") == "Heart\nIt beats."
