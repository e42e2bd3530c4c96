"""Papers made part by part are those made at once, in the same order."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from medsafe_harvest.config import load_config
from medsafe_harvest.dedupe.parts import parts
from medsafe_harvest.engines import papers as made
from medsafe_harvest.schema import RECORD

ROOT = Path(__file__).parents[3]


def record(number: int) -> dict[str, Any]:
    blank: dict[str, Any] = {
        field.name: [] if pa.types.is_list(field.type) else None for field in RECORD
    }
    source = ("arxiv", "semantic_scholar")[number % 2]
    title = f"Federated learning for sepsis alerts {number // 2}"
    day = date(2026, 1, 1 + number % 3)
    said = {
        "title": title,
        "title_raw": title,
        "abstract": "We propose a test.",
        "withdrawn": False,
    }
    seen = {"first_seen": day, "last_seen": day}
    names = {"record_id": f"{source}:{number:03}", "source": source, "source_id": f"{number:03}"}
    former = {"former_record_ids": [f"{source}:old{number}"] if number % 7 == 0 else []}
    return blank | said | seen | names | former


@pytest.fixture
def records() -> pa.Table:
    rows = sorted((record(number) for number in range(120)), key=lambda row: row["record_id"])
    return pa.Table.from_pylist(rows, RECORD)


@pytest.fixture
def clusters(records: pa.Table) -> pa.Table:
    """Pairs, some records alone, and one large cluster."""
    ids = records["record_id"].to_pylist()
    numbers = [int(name.split(":")[1]) // 2 for name in ids]
    names = ["large" if 20 <= number < 30 else f"{number}" for number in numbers]
    return pa.table({"record_id": ids, "cluster": names})


def test_the_parts_are_whole_clusters_of_few_records(records: pa.Table, clusters: pa.Table) -> None:
    of, count = parts(records, clusters, 15)
    sizes = [int((of == part).sum()) for part in range(count)]
    assert sum(sizes) == 120
    assert max(sizes) == 20  # the large cluster, alone
    assert sorted(sizes)[-2] <= 15
    owners = dict[str, set[int]]()
    for name, part in zip(clusters["cluster"].to_pylist(), of.tolist(), strict=True):
        owners.setdefault(name, set()).add(part)
    assert {len(found) for found in owners.values()} == {1}


def test_papers_do_not_depend_on_how_they_are_cut(
    records: pa.Table, clusters: pa.Table, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(made, "_DEALT", 50)
    topics = load_config(ROOT / "config").topics
    whole = made.papers(records, clusters, topics)
    assert whole["paper_id"].to_pylist() == sorted(whole["paper_id"].to_pylist())
    for rows in (1, 15, 119):
        assert made.papers(records, clusters, topics, rows=rows).equals(whole)
