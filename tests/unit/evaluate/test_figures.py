"""Counting, held against an oracle that lists every pair."""

from __future__ import annotations

from itertools import combinations
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from medsafe_harvest.evaluate.figures import (
    b_cubed,
    components,
    contradictions,
    count_pairs,
    why_no_clusters,
    wilson,
)
from medsafe_harvest.evaluate.labels import Ints, LabelledSet

SIZE = 7
PAIRS = list(combinations(range(SIZE), 2))


def ints(values: Any) -> Ints:
    return np.array(values, dtype=np.int64)


def labelled_set(
    labels: dict[tuple[int, int], bool],
    *,
    complete: bool,
    cross: bool = False,
    sources: list[int] | None = None,
    size: int = SIZE,
) -> LabelledSet:
    origin = ints(sources or [0] * size)
    inside = {
        pair: m for pair, m in labels.items() if not cross or origin[pair[0]] != origin[pair[1]]
    }
    return LabelledSet(
        name="set",
        records=pa.table({"record_id": [str(number) for number in range(size)]}),
        sources=origin,
        left=ints([left for left, _ in inside]),
        right=ints([right for _, right in inside]),
        match=np.array(list(inside.values()), dtype=bool),
        complete=complete,
        cross_source_only=cross,
    )


@given(
    labels=st.dictionaries(st.sampled_from(PAIRS), st.booleans()),
    clusters=st.lists(st.integers(0, 3), min_size=SIZE, max_size=SIZE),
    sources=st.lists(st.integers(0, 1), min_size=SIZE, max_size=SIZE),
    complete=st.booleans(),
    cross=st.booleans(),
)
def test_pairs_are_counted_as_if_listed(
    *,
    labels: dict[tuple[int, int], bool],
    clusters: list[int],
    sources: list[int],
    complete: bool,
    cross: bool,
) -> None:
    scope = {
        pair
        for pair in PAIRS
        if (complete or pair in labels) and not (cross and sources[pair[0]] == sources[pair[1]])
    }
    gold = {pair for pair in scope if labels.get(pair)}
    merged = {(a, b) for a, b in scope if clusters[a] == clusters[b]}
    labelled = labelled_set(labels, complete=complete, cross=cross, sources=sources)
    counts = count_pairs(labelled, ints(clusters))
    assert (counts.gold, counts.predicted, counts.hits) == (
        len(gold),
        len(merged),
        len(gold & merged),
    )
    left, right = (ints(side) for side in zip(*PAIRS, strict=True))
    assert labelled.in_scope(left, right).tolist() == [pair in scope for pair in PAIRS]
    if gold and merged:
        assert counts.precision.value == len(gold & merged) / len(merged)
        assert counts.recall.value == len(gold & merged) / len(gold)


@given(st.lists(st.integers(0, 3), min_size=SIZE, max_size=SIZE), st.data())
def test_b_cubed_is_the_mean_over_records(gold: list[int], data: st.DataObject) -> None:
    clusters = data.draw(st.lists(st.integers(0, 3), min_size=SIZE, max_size=SIZE))
    precision = recall = 0.0
    for record in range(SIZE):
        ours = {other for other in range(SIZE) if clusters[other] == clusters[record]}
        true = {other for other in range(SIZE) if gold[other] == gold[record]}
        precision += len(ours & true) / len(ours) / SIZE
        recall += len(ours & true) / len(true) / SIZE
    got = b_cubed(ints(gold), ints(clusters))
    assert (got.precision, got.recall) == pytest.approx((precision, recall))


def test_b_cubed_by_hand() -> None:
    # Papers {0 1 2} {3 4}; clusters {0 1} {2 3 4}.
    got = b_cubed(ints([0, 0, 0, 1, 1]), ints([0, 0, 1, 1, 1]))
    assert got.precision == pytest.approx((1 + 1 + 1 / 3 + 2 / 3 + 2 / 3) / 5)
    assert got.recall == pytest.approx((2 / 3 + 2 / 3 + 1 / 3 + 1 + 1) / 5)
    assert got.f1 == pytest.approx(11 / 15)


@given(st.lists(st.sampled_from(PAIRS), max_size=12))
def test_components_are_those_of_a_walk(edges: list[tuple[int, int]]) -> None:
    group = list(range(SIZE))
    for a, b in edges:
        low, high = sorted((group[a], group[b]))
        group = [low if one == high else one for one in group]
    sides = ints(edges).reshape(-1, 2)
    assert components(SIZE, sides[:, 0], sides[:, 1]).tolist() == group


def test_a_long_chain_is_one_component() -> None:
    order = np.random.default_rng(1).permutation(20_000)
    assert not components(20_000, order[:-1], order[1:]).any()


@pytest.mark.parametrize(
    ("hits", "of", "low", "high"),
    [
        # Newcombe, Statistics in Medicine 17 (1998) 857-872, table I, method 3.
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0, 0.1611),
        (1, 29, 0.0061, 0.1718),
        (20, 20, 0.8389, 1.0),
        (0, 0, 0.0, 1.0),
    ],
)
def test_wilson_intervals_as_published(hits: int, of: int, low: float, high: float) -> None:
    assert wilson(hits, of) == pytest.approx((low, high), abs=5e-5)


@pytest.mark.parametrize(
    ("labels", "complete", "cross", "why"),
    [
        ({(0, 1): True}, True, False, None),
        ({(0, 1): True}, False, False, "not every pair is labelled"),
        ({(0, 1): True}, True, True, "only pairs of different sources"),
        ({(0, 1): True, (1, 2): True}, True, False, r"contradict themselves.*\(1 such"),
    ],
)
def test_clusters_are_scored_only_where_the_labels_say_them(
    *, labels: dict[tuple[int, int], bool], complete: bool, cross: bool, why: str | None
) -> None:
    labelled = labelled_set(labels, complete=complete, cross=cross, sources=[0, 1] * 3 + [0])
    told = why_no_clusters(labelled)
    if why is None:
        assert told is None
    else:
        with pytest.raises(AssertionError, match=why):
            raise AssertionError(told)


@given(
    labels=st.dictionaries(st.sampled_from(PAIRS), st.booleans()),
    sources=st.lists(st.integers(0, 1), min_size=SIZE, max_size=SIZE),
    complete=st.booleans(),
    cross=st.booleans(),
)
def test_contradictions_are_pairs_that_other_labels_make_a_match(
    *, labels: dict[tuple[int, int], bool], sources: list[int], complete: bool, cross: bool
) -> None:
    scope = {pair for pair in PAIRS if not cross or sources[pair[0]] != sources[pair[1]]}
    gold = {pair for pair in scope if labels.get(pair)}
    reached = list(range(SIZE))
    for _ in PAIRS:
        for left, right in gold:
            reached[left] = reached[right] = min(reached[left], reached[right])
    apart = {pair for pair in scope - gold if complete or pair in labels}
    labelled = labelled_set(labels, complete=complete, cross=cross, sources=sources)
    assert contradictions(labelled) == sum(reached[left] == reached[right] for left, right in apart)


def test_large_clusters_are_counted_without_listing_their_pairs() -> None:
    """Three hundred million pairs: listing them would take minutes and gigabytes."""
    clusters = np.repeat(np.arange(8), 8_000)
    sources = np.tile([0, 1], 32_000).tolist()
    labelled = labelled_set({(0, 1): True}, complete=True, cross=True, sources=sources, size=64_000)
    assert count_pairs(labelled, clusters).predicted == 8 * 4_000 * 4_000
