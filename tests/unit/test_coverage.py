"""The gap finder, held to brute force on small invented sets."""

from __future__ import annotations

import math
import random
from datetime import date
from itertools import product
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from medsafe_harvest.coverage import Asked, Coverage, Wishes, cover
from medsafe_harvest.coverage.thin import ALL, by_month, poisson_tail
from medsafe_harvest.coverage.words import WordIndex, stable_order
from medsafe_harvest.schema import PAPER
from medsafe_harvest.sources.base import Window
from medsafe_harvest.sources.expression import And, Expression, Field, Not, Or, Term, matches
from medsafe_harvest.sources.query import Query, QueryFile

WORDS = [
    "Scan",
    "scans",
    "of",
    "out-of-distribution",
    "CT",
    "bias",
    "biases",
    "Grüße",
    "a.b",
    "é",
    "x_1",
]
TEXTS = st.lists(st.sampled_from(WORDS), max_size=6).map(" ".join)
TITLE = (Field.TITLE,)
EXPRESSIONS: list[Expression] = [
    Term("scan"),
    Term("out of distribution"),
    Or((Term("Scan-CT"), Term("bias", TITLE))),
    And((Term("scans", TITLE), Term("biases", (Field.ABSTRACT,)))),
    And((Term("ct"), Not(Term("of ct")))),
    Or((Term("GRÜSSE"), Term("a b"))),
]


@given(st.lists(st.tuples(TEXTS, st.none() | TEXTS), max_size=6))
@settings(max_examples=60, deadline=None)
def test_the_index_answers_as_matches_does(papers: list[tuple[str, str | None]]) -> None:
    index = WordIndex.of([title for title, _ in papers], [abstract for _, abstract in papers])
    for expression in EXPRESSIONS:
        expected = [matches(expression, title, abstract or "") for title, abstract in papers]
        assert index.matching(expression).tolist() == expected


def test_the_fast_order_is_the_stable_one() -> None:
    chance = np.random.default_rng(3)
    for top in (5, 70_000, 2**32 - 1):
        numbers = chance.integers(0, top, 5_000, endpoint=True)
        assert (stable_order(numbers) == np.argsort(numbers, kind="stable")).all()


def test_a_phrase_does_not_reach_from_one_text_into_the_next() -> None:
    index = WordIndex.of(["deep", "nets and deep"], ["nets", None])
    assert not index.holding(("deep", "net")).any()
    assert index.holding(("net",), (Field.ABSTRACT,)).tolist() == [True, False]


def query(name: str, *words: str) -> Query:
    return Query.model_validate({"id": name, "description": name, "any_of": list(words)})


QUERIES = (query("one", "privacy"), query("two", "fairness"), query("three", "unlearning"))
TOPICS = ("fairness", "privacy", "model-ip")


def paper(number: int, **changes: Any) -> dict[str, Any]:
    row: dict[str, Any] = {
        field.name: [] if pa.types.is_list(field.type) else None for field in PAPER
    }
    row |= {"paper_id": f"mh{number:03}", "title": "On privacy", "medical": True}
    return row | {"trust": ["privacy"], "queries": ["one"], "published": date(2024, 5, 6)} | changes


def survey(rows: list[dict[str, Any]], **changes: Any) -> Coverage:
    for row in rows:
        row |= {"withdrawn": False, "first_seen": date(2026, 1, 1), "last_seen": date(2026, 1, 1)}
    wanted: dict[str, Any] = {
        "queries": QUERIES, "groups": {"medical": ("medical",)}, "topics": TOPICS, "asked": (),
        "judged_until": date(2024, 12, 31), "wishes": Wishes(),
    }  # fmt: skip
    return cover(pa.Table.from_pylist(rows, PAPER), **(wanted | changes))


def test_what_each_query_brings_is_what_sets_say() -> None:
    chance = random.Random(5)
    names = ["one", "two", "three", "former"]
    rows = [
        paper(
            n,
            queries=sorted(chance.sample(names[:2] + names[3:], chance.randint(0, 3))),
            medical=chance.random() < 0.7,
            published=chance.choice([None, date(2023, 1, 2), date(2024, 5, 6)]),
            year=chance.choice([None, 2022]),
        )
        for n in range(60)
    ]
    found = survey(rows)
    sets = {name: {row["paper_id"] for row in rows if name in row["queries"]} for name in names}
    relevant = {row["paper_id"] for row in rows if row["medical"]}
    assert [one.query for one in found.queries] == names
    for one in found.queries:
        own = sets[one.query]
        alone = own - set().union(*(sets[name] for name in names if name != one.query))
        assert (one.papers, one.alone) == (len(own), len(alone))
        assert (one.relevant, one.relevant_alone) == (len(own & relevant), len(alone & relevant))
        assert one.overlap == {
            name: pytest.approx(len(own & sets[name]) / len(own), abs=1e-4)
            for name in names
            if name != one.query and own & sets[name]
        }
        assert one.is_configured == (one.query != "former")
        mine = [row for row in rows if row["paper_id"] in own]
        assert one.by_month.get("2024-05", 0) == sum(
            row["published"] == date(2024, 5, 6) for row in mine
        )
        assert one.by_year.get("2022", 0) == sum(
            row["published"] is None and row["year"] == 2022 for row in mine
        )
        assert sum(one.by_month.values()) == sum(one.by_year.values()) == len(own)
    assert found.unasked == sum(not row["queries"] for row in rows)


@pytest.mark.parametrize(("papers", "expected"), list(product((0, 1, 7, 40), (0.2, 6.0, 55.5))))
def test_the_tail_is_the_sum_of_its_terms(papers: int, expected: float) -> None:
    terms = [math.exp(-expected) * expected**k / math.factorial(k) for k in range(papers + 1)]
    assert poisson_tail(papers, expected) == pytest.approx(sum(terms))


def months(counts: list[int]) -> np.ndarray[Any, np.dtype[np.datetime64]]:
    """Days in the months of 2024, that many each."""
    days = [f"2024-{n + 1:02}-15" for n, count in enumerate(counts) for _ in range(count)]
    return np.array(days, dtype="datetime64[D]")


def test_a_topic_that_drops_out_of_a_month_is_thin() -> None:
    has = np.concatenate([np.arange(40) < (1 if n == 5 else 20) for n in range(12)])
    found = by_month(months([40] * 12), {"privacy": has}, (), date(2024, 12, 31))
    (one,) = found.thin
    assert (one.topic, one.month, one.papers, one.expected) == ("privacy", "2024-06", 1, 20.0)
    assert one.tail == pytest.approx(21 * math.exp(-20))
    assert found.papers["privacy"][4:7] == (20, 1, 20)


def test_a_month_that_lacks_papers_of_all_topics_is_thin_as_a_whole() -> None:
    counts = [40] * 5 + [4] + [40] * 6
    every = np.ones(sum(counts), dtype=bool)
    found = by_month(months(counts), {"privacy": every}, (), date(2024, 12, 31))
    assert [(one.topic, one.month) for one in found.thin] == [(ALL, "2024-06")]


def test_months_after_the_last_paper_are_judged_until_they_are_too_young() -> None:
    found = by_month(months([40] * 9), {}, (), date(2024, 11, 29))
    assert [(one.month, one.papers) for one in found.thin] == [("2024-10", 0)]
    assert found.months[-1] == "2024-10"


@pytest.mark.parametrize("missing", [(), (Window(date(2024, 6, 1), date(2024, 6, 20)),)])
def test_a_month_that_was_not_harvested_is_marked_and_not_judged(
    missing: tuple[Window, ...],
) -> None:
    asked = [
        Asked("one", "arxiv", Window(date(2020, 1, 1), date(2025, 1, 1)), missing),
        Asked("two", "arxiv", Window(date(2020, 1, 1), date(2025, 1, 1)), ()),
    ]
    counts = [40] * 5 + [4] + [40] * 6
    found = by_month(months(counts), {}, asked, date(2024, 11, 30))
    assert ("2024-06" in {one.month for one in found.thin}) == (not missing)
    assert ("2024-06" in found.unjudged) == bool(missing)
    assert found.unjudged["2024-12"] == "not over for long enough"


def gap_papers() -> list[dict[str, Any]]:
    """Papers on fairness that say "demographic gap" and are by one group, and others."""
    somebody = {"given": None, "family": None, "suffix": None}
    fair = [
        paper(
            n,
            title="Demographic gaps of fairness audits" if n % 2 else "On a demographic gap",
            trust=["fairness"],
            queries=["two"] if n else ["one", "two"],
            authors=[somebody | {"name": "Ada Lovelace" if n < 4 else "ADA LOVELACE"}],
            venue="FAccT",
            venue_kind="conference",
        )
        for n in range(6)
    ]
    others = [
        paper(
            n,
            title=f"Encryption number{n} for privacy",
            abstract="On demographic data" if n == 20 else None,
            authors=[somebody | {"name": f"Author {n}"}],
            venue="arXiv",
            venue_kind="preprint",
        )
        for n in range(10, 30)
    ]
    return fair + others


def test_what_no_query_names_is_found_with_its_lift_and_examples() -> None:
    found = survey(gap_papers())
    by_name = {one.name: one for one in found.terms}
    best = found.terms[0]
    assert (best.name, best.papers, best.topic) == ("demographic gap", 6, "fairness")
    assert best.lift == pytest.approx((6 + 1) / (6 * 6 / 26 + 1), abs=1e-4)
    assert best.examples == ("mh000", "mh001", "mh002")
    assert not {"fairness", "privacy"} & set(by_name)
    assert [(one.name, one.papers) for one in found.authors] == [("Ada Lovelace", 6)]
    assert [(one.name, one.topic) for one in found.venues] == [("FAccT", "fairness")]
    assert found.topics == {"fairness": 6, "privacy": 20, "model-ip": 0}


def test_a_term_counts_only_where_no_phrase_of_a_query_overlaps_it() -> None:
    named = (*QUERIES, query("four", "demographic gap"))
    assert "demographic gap" not in {one.name for one in survey(gap_papers(), queries=named).terms}
    raw = query("five", "privacy").model_copy(update={"raw": {"arxiv": 'au:"ada lovelace"'}})
    assert survey(gap_papers(), queries=(*QUERIES, raw)).authors == ()


def test_a_proposal_counts_what_is_known_here_and_can_be_pasted() -> None:
    found = survey(gap_papers())
    one = found.proposals[0]
    # Three titles say fairness, so a query's words match them; the first was found by two queries.
    assert (one.term, one.papers, one.alone, one.unmatched) == ("demographic gap", 6, 5, 3)
    assert found.unmatched == 3
    file = "groups: {medical: [medical]}\nqueries:\n" + one.yaml
    (pasted,) = QueryFile.model_validate(yaml.safe_load(file)).queries
    assert pasted.id == "term-demographic-gap"
    assert matches(pasted.expression, "Demographic gap", "in medical imaging")
    assert not matches(pasted.expression, "Demographic gap", "in law")
    (without,) = [p for p in survey(gap_papers(), groups={}).proposals if p.term == one.term]
    QueryFile.model_validate(yaml.safe_load("queries:\n" + without.yaml))


def test_neither_the_order_of_rows_nor_an_empty_set_matters() -> None:
    rows = gap_papers()
    assert survey(rows).plain() == survey(rows[::-1]).plain()
    empty = survey([])
    assert (empty.papers, empty.terms, empty.months.months) == (0, (), ())
    assert [one.papers for one in empty.queries] == [0, 0, 0]
