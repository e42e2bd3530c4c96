"""Errors found and explained, on clusters that the test makes itself."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pyarrow as pa
import pytest

from medsafe_harvest.dedupe.prepare import NEEDED
from medsafe_harvest.engines.duckdb import Matching
from medsafe_harvest.evaluate import scoring
from medsafe_harvest.evaluate.labels import LabelledSet
from medsafe_harvest.evaluate.meeting import prepare_meeting
from medsafe_harvest.evaluate.mistakes import Mistakes
from medsafe_harvest.schema import DECISION, RECORD

TITLES = {
    "a": "Calibration of deep networks for chest radiographs",
    "b": "Calibration of deep networks for chest radiographs",
    "c": "Calibration of deep nets for chest radiographs in children",
    "d": "Prices of hay in Flanders",
    "e": "Calibration of deep networks for chest radiographs",
}


def five_records(gold: list[tuple[int, int]]) -> LabelledSet:
    rows = [
        {
            "record_id": name,
            "source": "library",
            "title": title,
            "authors": [{"name": "Ada Lovelace"}],
            "year": 2020,
            "other_dois": [],
        }
        for name, title in TITLES.items()
    ]
    sides = np.array(gold, dtype=np.int64)
    return LabelledSet(
        name="five",
        records=pa.Table.from_pylist(rows, schema=pa.schema([RECORD.field(n) for n in NEEDED])),
        sources=np.zeros(5, dtype=np.int64),
        left=sides[:, 0],
        right=sides[:, 1],
        match=np.ones(len(gold), dtype=bool),
        complete=True,
        cross_source_only=False,
    )


def matching(clusters: str, *decided: tuple[str, str, float]) -> Matching:
    """Clusters as a letter for each record, and decisions as pair, outcome, score."""
    rows = [
        {
            "left": pair[0],
            "right": pair[1],
            "outcome": outcome,
            "reason": "same_title_and_year",
            "score": score,
            "title_similarity": 1.0,
            "keys": [],
            "detail": "",
        }
        for pair, outcome, score in decided
    ]
    return Matching(
        decisions=pa.Table.from_pylist(rows, schema=DECISION),
        clusters=pa.table({"record_id": list(TITLES), "cluster": list(clusters)}),
        relations=pa.table({}),
        counts={"candidate_pairs": 10, "oversized_blocks": 0},
    )


def mistakes_of(labelled: LabelledSet, made: Matching) -> Mistakes:
    clusters = scoring.cluster_numbers(labelled, made.clusters)
    return Mistakes(labelled, clusters, made, prepare_meeting(labelled))


def test_false_merges_name_their_chain_and_come_by_score() -> None:
    made = matching("aaaax", ("ab", "match", 0.99), ("bc", "match", 0.95), ("cd", "match", 0.91))
    mistakes = mistakes_of(five_records([(0, 1), (0, 4)]), made)
    false = mistakes.false_merges(20)
    pairs = {(one.left["record_id"], one.right["record_id"]): one for one in false}
    assert pairs.keys() == set(combinations("abcd", 2)) - {("a", "b")}
    scores = [one.explanation.score for one in false]
    assert scores == sorted(scores, reverse=True)
    assert pairs["b", "c"].chain == ()
    assert "decided as match" in pairs["b", "c"].course
    steps = [(step.left, step.right, step.score) for step in pairs["a", "d"].chain]
    assert steps == [("a", "b", 0.99), ("b", "c", 0.95), ("c", "d", 0.91)]
    assert "a chain of 3 matches" in pairs["a", "d"].course
    assert mistakes.false_merges(2) == false[:2]


def test_missed_pairs_say_what_became_of_them() -> None:
    made = matching("abcde", ("ab", "review", 0.7), ("ae", "match", 0.99))
    missed = mistakes_of(five_records([(0, 1), (0, 3), (0, 4), (1, 4)]), made).missed(20)
    course = {one.left["record_id"] + one.right["record_id"]: one.course for one in missed}
    assert course.keys() == {"ab", "ad", "ae", "be"}
    assert "review (same_title_and_year, score 0.700)" in course["ab"]
    assert "kept out of one cluster" in course["ae"]
    assert course["ad"] == "never compared: no blocking key is shared"
    assert course["be"].startswith("refused with little evidence")
    assert missed[-1].right["title"] == TITLES["d"]
    assert missed[0].explanation.evidence


def test_a_cluster_that_no_match_explains_is_said_so() -> None:
    [mistake] = mistakes_of(five_records([(0, 1), (0, 4)]), matching("abbde")).false_merges(20)
    assert mistake.chain == ()
    assert mistake.course.startswith("united through other records of its cluster")


def test_figures_of_a_set(monkeypatch: pytest.MonkeyPatch) -> None:
    made = matching("aaade", ("ab", "match", 0.99), ("ac", "match", 0.95), ("ae", "review", 0.7))
    monkeypatch.setattr(scoring, "match", lambda *_: made)
    ticks = iter([10.0, 12.5])
    got = scoring.evaluate(five_records([(0, 1), (0, 3)]), lambda: next(ticks), errors=1).plain()
    expected = {
        "records": 5,
        "gold_matches": 2,
        "predicted_matches": 3,
        "false_merges": 2,
        "missed": 1,
        "precision": 1 / 3,
        "recall": 0.5,
        "f1": 0.4,
        "reviews": 1,
        "reviews_gold_matches": 0,
        "reviews_gold_non_matches": 1,
        "blocking_recall": 0.5,
        "candidates_per_record": 2.0,
        "b_cubed_f1": None,
        "seconds": 2.5,
        "records_per_second": 2.0,
    }
    assert {name: got[name] for name in expected} == pytest.approx(expected)
    assert [error["kind"] for error in got["errors"]] == ["false_merge", "missed"]
    assert "contradict" in got["b_cubed_missing_because"]
