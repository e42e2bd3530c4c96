from __future__ import annotations

from collections import Counter
from itertools import pairwise

import numpy as np
import pyarrow as pa
import pytest

from bench.chain import Chain
from bench.changes import CHANGES
from bench.generate import ROWS, Order, language_of, make
from bench.scale_truth import Truth, false_clusters
from bench.works import Language
from medsafe_harvest.normalize.venues import VenueConfig, VenueTable
from medsafe_harvest.schema import RECORD

#: Enough that a share of the copies is near the rate asked for.
SIZE = 1_500
TITLES = [
    f"{how} {what} of {whom}: {aim}"
    for how in ("Robust", "Private", "Fair", "Federated")
    for what in ("segmentation", "detection", "forecasting", "ranking")
    for whom in ("chest images", "brain tumours", "clinical notes", "naïve cohorts")
    for aim in ("a study in many hospitals", "how far can we go", "lessons for the ward")
]
NAMES = [("José", "Núñez"), ("Wei", "Li"), ("Wei", "Wang"), ("Anna Maria", "Weiß"), ("Wei", "Li")]


@pytest.fixture(scope="module")
def language() -> Language:
    rows = [
        {
            "title": title,
            "authors": [{"name": "", "given": given, "family": family, "suffix": None}],
        }
        for title, (given, family) in zip(TITLES, NAMES * len(TITLES), strict=False)
    ]
    schema = pa.schema([RECORD.field("title"), RECORD.field("authors")])
    return language_of([pa.RecordBatch.from_pylist(rows, schema)])


def made(language: Language, order: Order, part: int = 0) -> tuple[pa.RecordBatch, pa.RecordBatch]:
    return make(order, language, VenueTable(VenueConfig(venues=())), part)


def test_the_same_seed_gives_the_same_records_and_another_others(language: Language) -> None:
    order = Order(200, seed=5)
    one, again, other = (made(language, one) for one in (order, order, Order(200, seed=6)))
    assert one[0].equals(again[0])
    assert one[1].equals(again[1])
    assert not one[0].equals(other[0])


def test_parts_have_the_rows_asked_for_and_no_id_or_work_twice(language: Language) -> None:
    order = Order(ROWS + 300)
    assert order.parts == 2
    parts = [made(language, Order(300), 0), made(language, order, 1)]
    ids, works = (
        [set(truth.column(name).to_pylist()) for _, truth in parts]
        for name in ("record_id", "work")
    )
    assert [len(records) for records, _ in parts] == [300, 300]
    assert [len(one) for one in ids] == [300, 300]
    assert not ids[0] & ids[1]
    assert not works[0] & works[1]
    for records, truth in parts:
        assert records.schema.equals(RECORD)
        assert records.column("record_id").equals(truth.column("record_id"))


def test_changes_come_as_often_as_asked(language: Language) -> None:
    rates = {"typo": 0.25, "initials": 0.0, "no_year": 0.6, "latex": 1.0, "case": 0.1}
    _, truth = made(language, Order(SIZE, rates=rates))
    seen = Counter(change for row in truth.column("changes").to_pylist() for change in row)
    for name, rate in rates.items():
        # A change may leave a text as it was, such as a swap of two equal letters.
        assert seen[name] / SIZE == pytest.approx(rate, abs=0.04), name


def test_papers_have_as_many_copies_as_asked_each_from_another_source(language: Language) -> None:
    _, truth = made(language, Order(SIZE, copies=(0.5, 0.0, 0.5)))
    sizes = Counter(Counter(truth.column("work").to_pylist()).values())
    assert sizes[1] / (sizes[1] + sizes[3]) == pytest.approx(0.5, abs=0.05)
    assert set(sizes) <= {1, 2, 3}
    assert sizes[2] <= 1  # the last one may be cut
    rows = truth.to_pylist()
    assert len({(row["work"], row["record_id"].partition(":")[0]) for row in rows}) == SIZE


def test_copies_differ_as_the_truth_says(language: Language) -> None:
    rates = {**dict.fromkeys(CHANGES, 0.0), "subtitle": 0.5}
    records, truth = made(language, Order(1_000, rates=rates))
    rows = list(zip(records.to_pylist(), truth.to_pylist(), strict=True))
    for (record, own), (other, of_other) in pairwise(rows):
        if own["work"] != of_other["work"]:
            continue
        titles = {record["title"], other["title"]}
        changes = {*own["changes"], *of_other["changes"]}
        assert (len(titles) == 2) == (own["changes"] != of_other["changes"])
        assert changes <= {"subtitle"}
        assert record["authors"] == other["authors"]
        assert record["doi"] == other["doi"]


def test_a_chain_draws_what_follows_in_its_texts_as_often_as_there() -> None:
    texts = pa.array([["a", "b"], ["a", "c"], ["a", "c"], ["a", "c"], [], ["c"]])
    chain = Chain.of(texts, places=1)
    draws = np.random.Generator(np.random.PCG64(1)).random((4_000, 5))
    found = Counter(map(tuple, chain.draw(draws)))
    assert set(found) == {("a", "b"), ("a", "c"), ("c",)}
    assert found["a", "c"] / 4_000 == pytest.approx(0.6, abs=0.03)


def test_scores_of_clusters_against_a_truth_that_knows_some_records() -> None:
    ids = [f"s:{number}" for number in range(6)]
    truth = Truth(pa.array(ids[:5]), pa.array(["x", "x", "y", "y", "z"]))
    found = pa.table({"record_id": ids[::-1], "cluster": ["k", "m", "m", "m", "n", "n"]})
    pairs = truth.score(found)
    # n: 0 and 1, right. m: 2, 3 and 4, one pair of three right. Nothing is known of 5.
    assert (pairs.gold, pairs.predicted, pairs.hits) == (2, 4, 2)
    assert false_clusters(truth, found) == [("m", ["y", "z"])]
