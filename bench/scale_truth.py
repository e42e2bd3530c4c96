"""How good clusters are, against a truth that matching was not told."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from medsafe_harvest.evaluate.figures import PairCounts, both, pairs_within
from medsafe_harvest.evaluate.labels import Ints


@dataclass(frozen=True, slots=True)
class Truth:
    """The records of a corpus whose paper is known, and their papers."""

    record_ids: pa.Array
    papers: pa.Array

    @classmethod
    def read(cls, path: Path, records: pa.Array | None = None) -> Truth:
        """From ``record_id`` and ``arxiv_id`` or ``work``, of some records or all."""
        table = pq.read_table(path)
        table = table.rename_columns(["record_id", "paper", *table.column_names[2:]])
        table = table.filter(pc.is_valid(table["paper"]))
        if records is not None:
            table = table.filter(pc.is_in(table["record_id"], value_set=records))
        ids, papers = (table[name].combine_chunks() for name in ("record_id", "paper"))
        # One list writes "arXiv:1801.03924" for 1801.03924.
        names = pc.replace_substring_regex(papers.cast(pa.string()), "^(?i:arxiv):", "")
        return cls(ids, names)

    def clusters(self, found: pa.Table) -> pa.Array:
        """The cluster of each of these records."""
        places = pc.index_in(self.record_ids, value_set=found["record_id"].combine_chunks())
        return found["cluster"].combine_chunks().take(places)

    def score(self, found: pa.Table) -> PairCounts:
        """Pairs of these records: true, found, and both."""
        true, own = _numbers(self.papers), _numbers(self.clusters(found))
        return PairCounts(pairs_within(true), pairs_within(own), pairs_within(both(true, own)))


def _numbers(values: pa.Array) -> Ints:
    return np.asarray(pc.dictionary_encode(values).indices, dtype=np.int64)


def false_clusters(truth: Truth, found: pa.Table) -> list[tuple[str, list[str]]]:
    """Clusters that hold more than one paper by the truth, with the papers, most papers first."""
    pairs = pa.table({"cluster": truth.clusters(found), "paper": truth.papers})
    distinct = pairs.group_by(["cluster", "paper"]).aggregate([])
    wrong = distinct.group_by("cluster").aggregate([("paper", "count"), ("paper", "list")])
    wrong = wrong.filter(pc.greater(wrong["paper_count"], 1))
    rows = [
        (row["cluster"], sorted(row["paper_list"]))
        for row in wrong.select(["cluster", "paper_list"]).to_pylist()
    ]
    return sorted(rows, key=lambda row: (-len(row[1]), row[0]))


def titles_of(records: Path, truth: Truth, papers: set[str]) -> dict[str, str]:
    """Title, first author and year of some papers, as one of their records has them."""
    wanted = pc.is_in(truth.papers, value_set=pa.array(sorted(papers), pa.string()))
    ids, names = truth.record_ids.filter(wanted), truth.papers.filter(wanted).to_pylist()
    table = pq.read_table(records, columns=["record_id", "title", "authors", "year"])
    rows = table.take(pc.index_in(ids, value_set=table["record_id"].combine_chunks())).to_pylist()
    return {name: _shown(row) for name, row in zip(names, rows, strict=True)}


def _shown(row: dict[str, object]) -> str:
    authors = row["authors"]
    first = authors[0]["name"] if isinstance(authors, list) and authors else "nobody"
    return f"{row['title']} ({first}, {row['year']})"


@dataclass(frozen=True, slots=True)
class Large:
    """A cluster with many records."""

    records: int
    #: Different papers by the truth.
    papers: int
    #: A title, and how many titles there are in all.
    title: str
    titles: int


def largest(truth: Truth, found: pa.Table, records: Path, most: int) -> list[Large]:
    """The clusters with the most records."""
    sizes = Counter(found["cluster"].to_pylist()).most_common(most)
    clusters = pa.array([cluster for cluster, _ in sizes], pa.string())
    rows = found.filter(pc.is_in(found["cluster"], value_set=clusters))
    table = pq.read_table(records, columns=["record_id", "title"])
    places = pc.index_in(rows["record_id"], value_set=table["record_id"].combine_chunks())
    known = pc.index_in(rows["record_id"], value_set=truth.record_ids)
    papers, titles = truth.papers.take(known), table["title"].take(places)
    shown: dict[str, tuple[set[str], Counter[str]]] = {
        cluster: (set(), Counter()) for cluster, _ in sizes
    }
    columns = (rows["cluster"].to_pylist(), papers.to_pylist(), titles.to_pylist())
    for cluster, paper, title in zip(*columns, strict=True):
        shown[cluster][1][title] += 1
        if paper is not None:
            shown[cluster][0].add(paper)
    return [
        Large(size, len(shown[name][0]), shown[name][1].most_common(1)[0][0], len(shown[name][1]))
        for name, size in sizes
    ]
