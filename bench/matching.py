"""Quality of matching on labelled sets: ``python -m bench.matching [FOLDER]``.

The folder holds one folder a set with ``records.parquet`` (record_id, source, title, authors,
year, venue, volume, number, pages, doi, arxiv_id), ``pairs.parquet`` (left, right, match) and
``meta.json`` (``complete``: pairs not listed are non-matches; ``cross_source_only``: only pairs
across sources are labelled). Only pairs in that scope count.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from medsafe_harvest.dedupe.blocking import shared_keys, word_counts
from medsafe_harvest.dedupe.overrides import Overrides
from medsafe_harvest.dedupe.prepare import NEEDED, prepare
from medsafe_harvest.engines.duckdb import Matching, match
from medsafe_harvest.normalize.ids import parse_arxiv
from medsafe_harvest.schema import RECORD

Pair = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Score:
    """Figures of one set; the fields that are counts count pairs in scope."""

    name: str
    records: int
    matches: int
    precision: float
    recall: float
    f1: float
    false_merges: int
    missed: int
    blocking_recall: float
    seconds: float


@dataclass(frozen=True, slots=True)
class LabelledSet:
    """One labelled set."""

    name: str
    records: pa.Table
    truth: dict[Pair, bool]
    complete: bool
    cross_source_only: bool

    def in_scope(self, pairs: Iterator[Pair]) -> set[Pair]:
        """The pairs about which the labels say something."""
        ids = (self.records[name].to_pylist() for name in ("record_id", "source"))
        source = dict(zip(*ids, strict=True))
        return {
            pair
            for pair in pairs
            if (self.complete or pair in self.truth)
            and not (self.cross_source_only and source[pair[0]] == source[pair[1]])
        }


def read(folder: Path) -> LabelledSet:
    """A labelled set, its records in the columns that matching reads."""
    meta = json.loads((folder / "meta.json").read_text())
    raw = pq.read_table(folder / "records.parquet").to_pylist()
    records = pa.Table.from_pylist(
        [_record(row) for row in raw],
        schema=pa.schema([RECORD.field(name) for name in NEEDED]),
    )
    labels = pq.read_table(folder / "pairs.parquet").to_pylist()
    truth = {_pair(row["left"], row["right"]): bool(row["match"]) for row in labels}
    return LabelledSet(meta["name"], records, truth, meta["complete"], meta["cross_source_only"])


def score(labelled: LabelledSet) -> tuple[Score, Matching]:
    """Match one set with the default configuration and count."""
    begun = time.perf_counter()
    matching = match(labelled.records, Overrides())
    seconds = time.perf_counter() - begun
    said = labelled.in_scope(_within_clusters(matching.clusters))
    true = labelled.in_scope(pair for pair, same in labelled.truth.items() if same)
    hits = len(said & true)
    precision = hits / len(said) if said else 1.0
    recall = hits / len(true) if true else 1.0
    return Score(
        name=labelled.name,
        records=len(labelled.records),
        matches=len(true),
        precision=precision,
        recall=recall,
        f1=2 * precision * recall / (precision + recall) if hits else 0.0,
        false_merges=len(said - true),
        missed=len(true - said),
        blocking_recall=_blocking_recall(labelled.records, true),
        seconds=seconds,
    ), matching


def _record(row: dict[str, Any]) -> dict[str, Any]:
    arxiv = parse_arxiv(row["arxiv_id"])
    return {name: row.get(name) for name in NEEDED} | {
        "title": row["title"] or "",
        "authors": [{"name": name} for name in row["authors"] or []],
        "year": None if row["year"] is None else int(row["year"]),
        "doi": row["doi"].lower() if row["doi"] else None,
        "arxiv_id": arxiv[0] if arxiv else None,
        "other_dois": [],
    }


def _pair(left: str, right: str) -> Pair:
    return min(left, right), max(left, right)


def _within_clusters(clusters: pa.Table) -> Iterator[Pair]:
    grouped = clusters.group_by("cluster").aggregate([("record_id", "list")])
    for members in grouped["record_id_list"].to_pylist():
        yield from combinations(sorted(members), 2)


def _blocking_recall(records: pa.Table, true: set[Pair]) -> float:
    """Share of true pairs that share a key, before blocks are cut to size."""
    prepared = [prepare(batch) for batch in records.to_batches(max_chunksize=20_000)]
    frequencies = word_counts(prepared)
    table = pa.Table.from_batches(prepared).combine_chunks()
    row = {record: number for number, record in enumerate(table["record_id"].to_pylist())}
    rows = [table.slice(number, 1).to_batches()[0] for number in range(len(table))]
    met = sum(bool(shared_keys(rows[row[a]], rows[row[b]], frequencies)) for a, b in true)
    return met / len(true) if true else 1.0


def main() -> None:
    """Print the table."""
    default = os.environ.get("MEDSAFE_SHARED_DATA", "../shared/data")
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(default) / "match"
    sets = (
        [folder]
        if (folder / "meta.json").exists()
        else sorted(path.parent for path in folder.glob("*/meta.json"))
    )
    print(
        f"{'set':<22}{'records':>8}{'matches':>8}{'prec':>7}{'recall':>8}{'F1':>7}"
        f"{'false':>7}{'missed':>7}{'blocks':>8}{'s':>6}"
    )
    for path in sets:
        got, _ = score(read(path))
        print(
            f"{got.name:<22}{got.records:>8}{got.matches:>8}{got.precision:>7.4f}{got.recall:>8.4f}"
            f"{got.f1:>7.4f}{got.false_merges:>7}{got.missed:>7}{got.blocking_recall:>8.4f}"
            f"{got.seconds:>6.2f}"
        )


if __name__ == "__main__":
    main()
