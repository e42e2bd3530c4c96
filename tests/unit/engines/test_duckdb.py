"""Matching on DuckDB: the same answer whatever the order, and nothing lost on the way."""

from __future__ import annotations

import datetime as dt
import random
import re
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from medsafe_harvest.dedupe.blocking import MAX_BLOCK
from medsafe_harvest.dedupe.explain import explain
from medsafe_harvest.dedupe.overrides import Link, Overrides
from medsafe_harvest.dedupe.prepare import NEEDED
from medsafe_harvest.engines.database import pair_off
from medsafe_harvest.engines.duckdb import Matching, match
from medsafe_harvest.engines.pool import ROWS, shared
from medsafe_harvest.engines.stages import PAIRS
from medsafe_harvest.errors import EngineError
from medsafe_harvest.schema import DECISION, RECORD
from tests.unit.engines.test_pool import large_text

SCHEMA = pa.schema([RECORD.field(name) for name in NEEDED])
NONE = Overrides()
SUBJECTS = ["sepsis", "stroke", "glioma", "asthma", "dementia", "retinopathy"]
METHODS = ["calibrated forecasts", "federated learning", "saliency maps", "causal trees"]
PEOPLE = ["Ann Lee", "Bo Chen", "Eva Holm", "Jan Beck", "Ida Roth"]


def record(number: int, chance: random.Random) -> dict[str, Any]:
    return {
        "record_id": f"s:{number:04d}",
        "source": "semantic_scholar",
        "title": f"{chance.choice(METHODS)} for {chance.choice(SUBJECTS)} in hospitals",
        "authors": [{"name": name} for name in chance.sample(PEOPLE, 2)],
        "year": chance.choice([2020, 2021, None]),
        "doi": chance.choice([None, None, f"10.1/{chance.randrange(9)}"]),
        "arxiv_id": chance.choice([None, f"2301.0000{chance.randrange(9)}"]),
        "other_dois": [],
    }


def records(seed: int, count: int = 60) -> list[dict[str, Any]]:
    chance = random.Random(seed)
    return [record(number, chance) for number in range(count)]


def table(rows: list[dict[str, Any]]) -> pa.Table:
    return pa.Table.from_pylist(rows, schema=SCHEMA)


def same(one: Matching, other: Matching) -> bool:
    return (
        one.decisions.equals(other.decisions)
        and one.clusters.equals(other.clusters)
        and one.relations.equals(other.relations)
        and one.counts == other.counts
    )


@pytest.mark.parametrize("seed", range(5))
def test_the_order_of_rows_and_the_number_of_threads_change_nothing(seed: int) -> None:
    rows = records(seed)
    first = match(table(rows), NONE, threads=1)
    random.Random(seed).shuffle(rows)
    assert same(first, match(table(rows), NONE, threads=2))
    assert len(first.decisions) > 0


def test_decisions_are_sorted_unique_and_follow_the_schema() -> None:
    found = match(table(records(7)), NONE)
    assert found.decisions.schema.equals(DECISION)
    found.decisions.validate(full=True)
    pairs = [(row["left"], row["right"]) for row in found.decisions.to_pylist()]
    assert pairs == sorted(set(pairs))
    assert all(left < right for left, right in pairs)


def test_counts_add_up_to_the_candidate_pairs() -> None:
    counts = dict(match(table(records(3)), NONE).counts)
    pairs = counts.pop("candidate_pairs")
    for other in ("records", "refined_blocks", "oversized_blocks", "cluster_conflict"):
        counts.pop(other)
    assert sum(counts.values()) == pairs > 0


def test_no_records_are_no_clusters() -> None:
    found = match(table([]), NONE)
    assert (len(found.clusters), len(found.decisions), len(found.relations)) == (0, 0, 0)


def test_matching_again_finds_the_same_and_an_unrelated_record_changes_nothing() -> None:
    rows = records(11)
    before = match(table(rows), NONE)
    assert same(before, match(table(rows), NONE))
    stranger = {
        "record_id": "z:1",
        "source": "arxiv",
        "title": "Topological superconductivity beneath neutron stars",
        "authors": [{"name": "Zora Quist"}],
        "arxiv_id": "1111.11111",
        "other_dois": [],
    }
    after = match(table([*rows, stranger]), NONE)
    assert after.decisions.equals(before.decisions)
    alone = [row for row in after.clusters.to_pylist() if row["record_id"] != "z:1"]
    assert alone == before.clusters.to_pylist()


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 10_000))
def test_no_cluster_holds_two_arxiv_ids_or_two_journal_dois(seed: int) -> None:
    rows = {row["record_id"]: row for row in records(seed, 40)}
    found: dict[str, set[tuple[str, str]]] = {}
    for row in match(table(list(rows.values())), NONE).clusters.to_pylist():
        for kind in ("arxiv_id", "doi"):
            if value := rows[row["record_id"]][kind]:
                found.setdefault(f"{row['cluster']} {kind}", set()).add((kind, value))
    assert all(len(values) == 1 for values in found.values())


def double(number: int, **changes: Any) -> dict[str, Any]:
    return {
        "record_id": f"d:{number:04d}",
        "source": "semantic_scholar",
        "title": "Uncertainty of sepsis alerts across four hospitals",
        "authors": [{"name": "Ann Lee"}, {"name": "Bo Chen"}],
        "year": 2020,
        "other_dois": [],
        **changes,
    }


def test_an_oversized_block_is_counted_and_its_doubles_are_still_found() -> None:
    rows = [double(number) for number in range(2 * MAX_BLOCK)]
    found = match(table(rows), NONE)
    assert found.counts["refined_blocks"] > 0
    assert found.counts["oversized_blocks"] > 0
    assert found.clusters["cluster"].unique().to_pylist() == ["d:0000"]
    assert found.counts["candidate_pairs"] <= len(rows) * 20


@pytest.mark.parametrize(("limit", "threads"), [("1GB", 128), ("10MB", 4)])
def test_a_large_block_has_the_whole_limit_however_many_cores_there_are(
    limit: str, threads: int
) -> None:
    rows = [
        double(number, authors=[{"name": f"Eva F{number % 90}"}], year=2000 + number % 7)
        for number in range(300)
    ]
    found = match(table(rows), NONE, memory_limit=limit, threads=threads)
    assert found.counts == match(table(rows), NONE).counts
    assert found.counts["refined_blocks"] > 0


def test_a_large_block_is_refined_by_first_author_before_it_is_cut() -> None:
    letters = "abcdefghij"
    strangers = [f"Eva {3 * one}{3 * other}" for one in letters for other in letters]
    rows = [double(number, authors=[{"name": name}]) for number, name in enumerate(strangers)]
    rows += [double(1000), double(1001)]
    found = match(table(rows), NONE)
    assert found.counts["oversized_blocks"] == 0 < found.counts["refined_blocks"]
    assert found.clusters.to_pylist()[-1] == {"record_id": "d:1001", "cluster": "d:1000"}
    assert found.clusters["cluster"].to_pylist()[:-1] == [row["record_id"] for row in rows[:-1]]


def test_curators_win_even_over_records_that_share_no_key() -> None:
    one, other = double(1), double(2, title="Étude", authors=[{"name": "X. Y."}], year=1999)
    third = double(3)
    kept = {"who": "C", "when": dt.date(2026, 1, 2), "why": "read both"}
    overrides = Overrides(
        must_link=(Link(left="d:0001", right="d:0002", **kept),),
        cannot_link=(Link(left="d:0003", right="d:0001", **kept),),
    )
    found = match(table([one, other, third]), overrides)
    assert [row["cluster"] for row in found.clusters.to_pylist()] == ["d:0001", "d:0001", "d:0003"]
    reasons = {(row["left"], row["right"]): row["reason"] for row in found.decisions.to_pylist()}
    assert reasons["d:0001", "d:0002"] == "must_link"
    assert reasons["d:0001", "d:0003"] == "cannot_link"


def test_nothing_is_left_in_the_folder_of_the_caller(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    match(table(records(2)), NONE, memory_limit="200MB")
    assert list(tmp_path.iterdir()) == []


def test_too_many_decisions_for_one_machine_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        large_text().combine_chunks()

    monkeypatch.setattr("medsafe_harvest.engines.duckdb.settle", full)
    with pytest.raises(EngineError, match=r"60 records are too many .* use the distributed engine"):
        match(table(records(2)), NONE)


def test_workers_find_what_one_process_finds(monkeypatch: pytest.MonkeyPatch) -> None:
    chance = random.Random(3)
    words = [f"{one}{two}" for one in ("al", "be", "co", "du") for two in ("ran", "sol", "tix")]
    rows = [
        {
            **record(number, chance),
            "record_id": f"s:{number:06d}",
            "title": " ".join(chance.choices(words, k=4)) + f" x{number // 2}",
            "doi": None,
            "arxiv_id": None,
        }
        for number in range(ROWS + 1_000)
    ]
    monkeypatch.setattr("medsafe_harvest.engines.pool._SMALL", 1)
    alone = match(table(rows), NONE, threads=1)
    assert same(alone, match(table(rows), NONE, threads=2))
    assert len(alone.decisions) > 0
    assert shared.cache_info().currsize == 0, "files that are gone are not mapped any more"


def test_the_time_of_a_large_block_grows_with_its_records() -> None:
    size = 2_000
    rows = pa.array(range(size), pa.int32())
    same_block = {"key": pa.array([8] * size), "kind": pa.array([1] * size, pa.int32())}
    with duckdb.connect() as database:
        database.register(
            "members", pa.table({"id": rows, **same_block, "size": pa.array([size] * size)})
        )
        titles = [f"{number * 7919 % size}" for number in range(size)]
        sketches = {"author": ["lee"] * size, "year": [2020] * size, "sorted_title": titles}
        database.register("sketches", pa.table({"id": rows, **sketches}))
        database.register("by_hand", PAIRS.empty_table())
        pair_off(database)
        [(_, plan)] = database.execute(
            "explain (analyze, format json) select * from candidates"
        ).fetchall()
    seen = [
        int(number)
        for number in re.findall(r'"(?:operator_cardinality|intermediate_rows)": (\d+)', plan)
    ]
    assert size < max(seen) < 50 * size, "no step puts all records of a block together"


@pytest.mark.parametrize("ordered", [100, 999])
def test_decisions_are_the_same_in_however_many_ranges_they_are_ordered(
    monkeypatch: pytest.MonkeyPatch, ordered: int
) -> None:
    rows = table(records(12, 120))
    whole = match(rows, NONE)
    monkeypatch.setattr("medsafe_harvest.engines.decisions._ORDERED", ordered)
    monkeypatch.setattr("medsafe_harvest.engines.pool.ROWS", 500)
    in_parts = match(rows, NONE)
    assert same(whole, in_parts)
    assert in_parts.decisions["left"].num_chunks > whole.decisions["left"].num_chunks


def test_explain_says_what_the_run_decided() -> None:
    rows = table(records(5))
    for row in match(rows, NONE).decisions.to_pylist()[:40]:
        explanation = explain(rows, row["right"], row["left"])
        if row["reason"] != "cluster_conflict":
            assert (explanation.outcome, explanation.reason) == (row["outcome"], row["reason"])
        assert explanation.score == row["score"]
        # A key whose block was refined may no longer bring the two together.
        assert set(row["keys"]) <= set(explanation.shared_keys)


@pytest.mark.parametrize("name", ["hand_cases", "arxiv_s2"])
def test_real_labelled_pairs_give_no_false_merge(shared_data: Path, name: str) -> None:
    folder = shared_data / "match" / name
    rows = [
        {
            **{key: row.get(key) for key in NEEDED},
            "authors": [{"name": author} for author in row["authors"]],
            "year": None if row["year"] is None else int(row["year"]),
            "other_dois": [],
        }
        for row in pq.read_table(folder / "records.parquet").to_pylist()
    ]
    clusters = match(table(rows), NONE).clusters.to_pylist()
    cluster_of = {row["record_id"]: row["cluster"] for row in clusters}
    labels = pq.read_table(folder / "pairs.parquet").to_pylist()
    merged = {
        (row["left"], row["right"])
        for row in labels
        if cluster_of[row["left"]] == cluster_of[row["right"]]
    }
    right = {(row["left"], row["right"]) for row in labels if row["match"]}
    assert merged <= right
    assert len(merged) >= 0.9 * len(right)
