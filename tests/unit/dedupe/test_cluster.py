"""Clusters: constrained agglomeration against a brute-force oracle written here."""

from __future__ import annotations

import datetime as dt
import itertools
import math
import random
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from medsafe_harvest.dedupe.cluster import Clustering, cluster, settle
from medsafe_harvest.dedupe.overrides import Link, Overrides
from medsafe_harvest.dedupe.prepare import COMPARISON
from medsafe_harvest.dedupe.reasons import Outcome, Reason
from medsafe_harvest.schema import DECISION

NONE = Overrides()
EXCLUSIVE = pa.schema(
    [
        COMPARISON.field(name)
        for name in ("record_id", "source", "arxiv_id", "pmid", "pmcid", "journal_dois")
    ]
)


def decision(
    left: str,
    right: str,
    score: float = 0.99,
    outcome: Outcome = Outcome.MATCH,
    reason: Reason = Reason.SAME_TITLE_AND_AUTHORS,
) -> dict[str, object]:
    return {
        "left": min(left, right),
        "right": max(left, right),
        "outcome": outcome.value,
        "reason": reason.value,
        "score": score,
        "title_similarity": 1.0,
        "keys": [],
        "detail": "titles equal",
    }


def table(rows: list[dict[str, object]]) -> pa.Table:
    return pa.Table.from_pylist(rows, schema=DECISION)


def records(*ids: str, **arxiv: str) -> pa.Table:
    return pa.Table.from_pylist(
        [{"record_id": name, "arxiv_id": arxiv.get(name), "journal_dois": []} for name in ids],
        schema=EXCLUSIVE,
    )


def groups(clustering: Clustering) -> set[frozenset[str]]:
    found: dict[str, set[str]] = {}
    for row in clustering.clusters.to_pylist():
        found.setdefault(row["cluster"], set()).add(row["record_id"])
    assert all(name == min(members) for name, members in found.items())
    return {frozenset(members) for members in found.values()}


def link(left: str, right: str) -> Link:
    return Link(left=left, right=right, who="C", when=dt.date(2026, 1, 2), why="seen")


def test_a_chain_of_a_hundred_thousand_is_one_cluster() -> None:
    names = [f"r{number:06d}" for number in range(100_000)]
    pairs = [decision(one, other) for one, other in itertools.pairwise(names)]
    random.Random(1).shuffle(pairs)
    found = cluster(records(*names), table(pairs), NONE).clusters
    assert found["cluster"].unique().to_pylist() == ["r000000"]


def test_every_record_is_in_one_cluster_also_without_decisions() -> None:
    assert groups(cluster(records("b", "a"), table([]), NONE)) == {frozenset("a"), frozenset("b")}


def test_two_arxiv_ids_never_meet_through_a_chain_and_the_weaker_edge_gives_way() -> None:
    pairs = table([decision("a", "b", 0.99), decision("b", "c", 0.95)])
    clustering = cluster(records("a", "b", "c", a="2301.00001", c="2301.00002"), pairs, NONE)
    assert groups(clustering) == {frozenset("ab"), frozenset("c")}
    assert set(clustering.refused) == {("b", "c")}
    row = settled(pairs, clustering)[1]
    assert (row["outcome"], row["reason"]) == ("review", "cluster_conflict")
    assert "arxiv_id 2301.00001 and 2301.00002 are two papers" in row["detail"]


def test_two_journal_dois_never_meet_through_a_chain() -> None:
    rows = [
        {"record_id": name, "journal_dois": dois}
        for name, dois in (("a", ["10.1/a"]), ("b", []), ("c", ["10.1/c"]))
    ]
    pairs = table([decision("a", "b"), decision("b", "c")])
    clustering = cluster(pa.Table.from_pylist(rows, schema=EXCLUSIVE), pairs, NONE)
    assert groups(clustering) == {frozenset("ab"), frozenset("c")}


def test_journals_that_change_hands_have_two_dois() -> None:
    rows = [
        {"record_id": name, "journal_dois": dois}
        for name, dois in (("a", ["10.1016/a"]), ("b", []), ("c", ["10.1111/c"]))
    ]
    pairs = table([decision("a", "b"), decision("b", "c")])
    clustering = cluster(pa.Table.from_pylist(rows, schema=EXCLUSIVE), pairs, NONE)
    assert groups(clustering) == {frozenset("abc")}


def of_sources(**sources: str) -> pa.Table:
    rows = [
        {"record_id": name, "source": source, "journal_dois": []}
        for name, source in sources.items()
    ]
    return pa.Table.from_pylist(rows, schema=EXCLUSIVE)


def promising(left: str, right: str, score: float = 0.4) -> dict[str, object]:
    return decision(left, right, score, Outcome.REVIEW, Reason.PROMISING)


def test_a_promising_pair_is_joined_where_nothing_else_fits_either_record() -> None:
    pairs = table([promising("a", "s")])
    clustering = cluster(of_sources(a="arxiv", s="s2"), pairs, NONE)
    assert groups(clustering) == {frozenset("as")}
    (row,) = settled(pairs, clustering)
    assert (row["outcome"], row["reason"]) == ("match", "only_partner")


@pytest.mark.parametrize(
    ("rows", "sources"),
    [
        pytest.param([promising("a", "b")], {"a": "arxiv", "b": "arxiv"}, id="one source"),
        pytest.param(
            [promising("a", "s"), promising("a", "t", 0.35)],
            {"a": "arxiv", "s": "s2", "t": "s2"},
            id="two partners much alike",
        ),
        pytest.param(
            [promising("a", "s"), decision("a", "t")],
            {"a": "arxiv", "s": "s2", "t": "s2"},
            id="a partner already",
        ),
    ],
)
def test_a_promising_pair_that_is_not_the_only_one_stays_a_review(
    rows: list[dict[str, object]], sources: dict[str, str]
) -> None:
    clustering = cluster(of_sources(**sources), table(rows), NONE)
    assert not clustering.only_partners
    assert not any({"a", "s"} <= group or {"a", "b"} <= group for group in groups(clustering))


def test_two_lists_that_name_a_paper_are_no_rivals() -> None:
    pairs = table([promising("a", "x"), promising("a", "y"), promising("x", "y")])
    clustering = cluster(of_sources(a="arxiv", x="list", y="list"), pairs, NONE)
    assert groups(clustering) == {frozenset("axy")}
    assert clustering.only_partners == {("a", "x"), ("a", "y")}


def test_a_list_entry_with_two_partners_in_one_source_stays_a_review() -> None:
    pairs = table([promising("a", "x"), promising("b", "x")])
    clustering = cluster(of_sources(a="arxiv", b="arxiv", x="list"), pairs, NONE)
    assert not clustering.only_partners


def test_the_better_of_two_promising_partners_is_joined_if_it_is_far_ahead() -> None:
    pairs = table([promising("a", "s", 0.6), promising("a", "t", 0.2)])
    clustering = cluster(of_sources(a="arxiv", s="s2", t="s2"), pairs, NONE)
    assert groups(clustering) == {frozenset("as"), frozenset("t")}


def test_a_hard_refusal_holds_for_the_whole_cluster() -> None:
    pairs = [decision("a", "b", 0.99), decision("b", "c", 0.98)]
    refusal = decision("a", "c", 0.9, Outcome.NON_MATCH, Reason.NUMBERS_DIFFER)
    found = cluster(records(*"abc"), table([*pairs, refusal]), NONE)
    assert groups(found) == {frozenset("ab"), frozenset("c")}


def test_one_weak_bridge_does_not_join_two_clusters_that_disagree() -> None:
    inside = [decision("a", "b", 0.999), decision("c", "d", 0.999)]
    bridge = decision("b", "c", 0.92)
    against = [
        decision(*pair, 0.3, Outcome.NON_MATCH, Reason.TOO_LITTLE_IN_COMMON)
        for pair in (("a", "c"), ("a", "d"), ("b", "d"))
    ]
    found = cluster(records(*"abcd"), table([*inside, bridge, *against]), NONE)
    assert groups(found) == {frozenset("ab"), frozenset("cd")}
    assert groups(cluster(records(*"abcd"), table([*inside, bridge]), NONE)) == {frozenset("abcd")}


def test_a_must_link_joins_even_two_arxiv_ids() -> None:
    overrides = Overrides(must_link=(link("c", "a"),))
    known = records("a", "b", "c", a="2301.00001", c="2301.00002")
    found = cluster(known, table([decision("a", "b")]), overrides)
    assert groups(found) == {frozenset("abc")}


def test_a_cannot_link_beats_any_chain() -> None:
    overrides = Overrides(cannot_link=(link("a", "c"),))
    pairs = table([decision("a", "b", 0.99), decision("b", "c", 0.95)])
    assert groups(cluster(records(*"abc"), pairs, overrides)) == {frozenset("ab"), frozenset("c")}


def test_an_override_about_a_record_not_harvested_yet_is_ignored() -> None:
    overrides = Overrides(must_link=(link("a", "later"),))
    assert groups(cluster(records("a"), table([]), overrides)) == {frozenset("a")}


def oracle(
    names: list[str], pairs: list[dict[str, object]], arxiv: dict[str, str]
) -> set[frozenset[str]]:
    """Agglomeration over sets, every condition looked up pair by pair."""
    value = {
        frozenset((str(pair["left"]), str(pair["right"]))): (
            -math.inf
            if pair["reason"] == Reason.NUMBERS_DIFFER
            else math.log(pair["score"] / (1 - pair["score"])) - 2.2  # type: ignore[operator]  # a float
        )
        for pair in pairs
    }
    clusters = [{name} for name in names]
    matches = [pair for pair in pairs if pair["outcome"] == Outcome.MATCH]
    for pair in sorted(matches, key=lambda row: (-row["score"], row["left"], row["right"])):  # type: ignore[operator]  # a float
        one = next(members for members in clusters if pair["left"] in members)
        other = next(members for members in clusters if pair["right"] in members)
        if one is other:
            continue
        ids = [{arxiv[name] for name in members if name in arxiv} for members in (one, other)]
        support = sum(value.get(frozenset((a, b)), 0.0) for a in one for b in other)
        if support >= -1e-9 and not (ids[0] and ids[1] and ids[0].isdisjoint(ids[1])):
            clusters.remove(other)
            one |= other
    return {frozenset(members) for members in clusters}


@st.composite
def graphs(draw: st.DrawFn) -> tuple[list[str], list[dict[str, object]], dict[str, str]]:
    names = [f"r{number}" for number in range(draw(st.integers(2, 9)))]
    edges = draw(
        st.lists(
            st.tuples(st.sampled_from(names), st.sampled_from(names)).filter(
                lambda pair: pair[0] < pair[1]
            ),
            unique=True,
            max_size=25,
        )
    )
    pairs = []
    for left, right in edges:
        # Scores far enough apart that the order of additions cannot matter.
        score = draw(st.sampled_from([0.2, 0.4, 0.92, 0.95, 0.99]))
        if score > 0.9:
            hard = draw(st.integers(0, 9)) == 0
            outcome = Outcome.NON_MATCH if hard else Outcome.MATCH
            reason = Reason.NUMBERS_DIFFER if hard else Reason.SAME_TITLE_AND_AUTHORS
        else:
            outcome, reason = Outcome.NON_MATCH, Reason.TOO_LITTLE_IN_COMMON
        pairs.append(decision(left, right, score, outcome, reason))
    ids = draw(st.dictionaries(st.sampled_from(names), st.sampled_from(["1", "2", "3"])))
    return names, pairs, ids


@given(graphs())
def test_clusters_equal_those_of_a_brute_force_oracle(
    graph: tuple[list[str], list[dict[str, object]], dict[str, str]],
) -> None:
    names, pairs, arxiv = graph
    assert groups(cluster(records(*names, **arxiv), table(pairs), NONE)) == oracle(
        names, pairs, arxiv
    )


@given(graphs(), st.randoms(use_true_random=False))
def test_the_order_of_decisions_and_records_changes_nothing(
    graph: tuple[list[str], list[dict[str, object]], dict[str, str]], chance: random.Random
) -> None:
    names, pairs, arxiv = graph
    first = cluster(records(*names, **arxiv), table(pairs), NONE)
    chance.shuffle(pairs)
    chance.shuffle(names)
    second = cluster(records(*names, **arxiv), table(pairs), NONE)
    assert first.clusters.equals(second.clusters)
    assert first.refused == second.refused


@given(graphs())
def test_no_cluster_holds_two_arxiv_ids(
    graph: tuple[list[str], list[dict[str, object]], dict[str, str]],
) -> None:
    names, pairs, arxiv = graph
    for members in groups(cluster(records(*names, **arxiv), table(pairs), NONE)):
        assert len({arxiv[name] for name in members if name in arxiv}) <= 1


def settled(pairs: pa.Table, clustering: Clustering) -> list[dict[str, Any]]:
    """What becomes of pairs that come one at a time."""
    batches = pairs.to_batches(max_chunksize=1)
    return [row for batch in settle(batches, clustering) for row in batch.to_pylist()]


def test_settled_decisions_keep_every_pair_once_and_where_it_stood() -> None:
    pairs = table([decision("b", "c"), decision("a", "b"), decision("a", "d")])
    found = settled(pairs, Clustering(pairs, {("a", "b"): "because", ("b", "c"): "of that"}))
    assert [row["left"] for row in found] == ["b", "a", "a"]
    said = ["titles equal; but of that", "titles equal; but because", "titles equal"]
    assert [row["detail"] for row in found] == said
    assert [row["outcome"] for row in found] == ["review", "review", "match"]


@pytest.mark.parametrize("size", [2, 5])
def test_a_cluster_carries_the_name_of_its_smallest_record(size: int) -> None:
    names = [f"r{number}" for number in range(size)]
    pairs = table([decision(names[-1], name) for name in names[:-1]])
    assert set(cluster(records(*names), pairs, NONE).clusters["cluster"].to_pylist()) == {"r0"}
