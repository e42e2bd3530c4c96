"""Time the loading of a million papers: ``python -m bench.loading``."""

from __future__ import annotations

import datetime as dt
import os
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, get_args

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

import medsafe_harvest as mh
from bench.report import write
from medsafe_harvest.curated import snapshot
from medsafe_harvest.curated.frames import Form
from medsafe_harvest.schema import PAPER, PROVENANCE, TABLES, TAG

ROOT = Path(__file__).parents[1]
PAPERS = 1_000_000
TOPICS = ("fairness", "federated-learning", "privacy", "robustness", "uncertainty", "x-ray")


def papers(data: Path, rows: int = PAPERS) -> pa.Table:
    """Papers with real titles and abstracts, the abstracts one for many; the rest made up.

    Args:
        data: the folder of the real data.
        rows: how many.

    Returns:
        ``schema.PAPER``, sorted by paper_id.
    """
    random = np.random.default_rng(7)
    titles = pq.read_table(data / "corpus/titles_1m.parquet", columns=["title"]).slice(0, rows)
    abstracts = pq.read_table(data / "corpus/medical_ml.parquet", columns=["abstract", "authors"])
    of_other = pa.array(random.integers(0, abstracts.num_rows, rows))
    day = random.integers(16_000, 20_700, rows).astype("int32")
    year = pc.year(pa.array(day, pa.int32()).cast(pa.date32())).cast(pa.int32())
    topics = _lists(random.random((rows, len(TOPICS))) < 0.2)
    none = pa.array(np.zeros(rows + 1, "int32"))
    columns = {
        "paper_id": pa.array([f"mh{number:015d}" for number in range(rows)]),
        "title": titles["title"],
        "abstract": abstracts["abstract"].take(of_other),
        "published": pa.array(day, pa.int32()).cast(pa.date32()),
        "year": year,
        "venue": pa.array(np.array(["MICCAI", "TMI", "Nature Medicine"])[day % 3]),
        "topics": topics,
        "trust": topics,
        "medical": pa.array(random.random(rows) < 0.7),
        "withdrawn": pa.array(np.zeros(rows, bool)),
        "citation_count": pa.array(random.integers(0, 500, rows).astype("int32")),
        "provenance": _provenance(rows),
        "tags": _tags(topics),
    }
    arrays = []
    for field in PAPER:
        if field.name in columns:
            array = columns[field.name]
        elif pa.types.is_list(field.type):
            array = pa.ListArray.from_arrays(none, pa.array([], field.type.value_type))
        elif pa.types.is_date(field.type) and not field.nullable:
            array = pa.array(np.full(rows, 20_700, "int32")).cast(pa.date32())
        else:
            array = pa.nulls(rows, field.type)
        arrays.append(array)
    return pa.table(arrays, PAPER.names)


def _lists(mask: np.ndarray[tuple[int, int], np.dtype[np.bool_]]) -> pa.Array:
    offsets = np.concatenate([[0], np.cumsum(mask.sum(axis=1))]).astype("int32")
    names = pa.array(TOPICS).take(pa.array(np.nonzero(mask)[1]))
    return pa.ListArray.from_arrays(pa.array(offsets), names)


def _tags(topics: pa.Array) -> pa.Array:
    """A tag for each topic."""
    names, size = topics.flatten(), len(topics.flatten())
    values = {
        "facet": pa.repeat("trust", size),
        "topic": names,
        "score": pa.repeat(1.0, size),
        "rule": names,
        "field": pa.repeat("abstract", size),
        "text": names,
        "start": pa.array(np.arange(size, dtype="int32") % 900),
    }
    structs = pa.StructArray.from_arrays([values[field.name] for field in TAG], fields=list(TAG))
    return pa.ListArray.from_arrays(topics.offsets, structs)


def _provenance(rows: int) -> pa.Array:
    """Ten fields of each paper, from two records."""
    size = rows * 10
    names = pa.array(PAPER.names[1:11]).take(pa.array(np.arange(size) % 10))
    records = pa.array([f"arxiv:{number:07d}" for number in range(rows)])
    values = {
        "field": names,
        "record_id": records.take(pa.array(np.arange(size) // 10)),
        "rule": pa.repeat("prefer_published", size),
        "losers": pa.array([[]] * size, PROVENANCE.field("losers").type),
    }
    structs = pa.StructArray.from_arrays(
        [values[field.name] for field in PROVENANCE], fields=list(PROVENANCE)
    )
    return pa.ListArray.from_arrays(pa.array(np.arange(rows + 1, dtype="int32") * 10), structs)


FEW = ["title", "year", "topics"]
_DAY = dt.date(2026, 1, 1)
#: What is asked for, as arguments of ``load_papers``.
ASKED: Mapping[str, Mapping[str, Any]] = {
    "3 columns": {"columns": FEW},
    "3 columns, since 2026": {"columns": FEW, "since": _DAY},
    "3 columns, since 2026, a topic": {"columns": FEW, "since": _DAY, "topics": TOPICS[:1]},
    "3 columns, two topics": {"columns": FEW, "topics": TOPICS[:2]},
    "3 columns, where topic, year, venue": {
        "columns": FEW,
        "where": "topic = 'fairness' and year >= 2024 and venue = 'miccai'",
    },
    "3 columns, where title like": {"columns": FEW, "where": "title like '%federated%'"},
    "all columns, since 2026, a topic": {"since": _DAY, "topics": TOPICS[:1]},
}


def main() -> None:
    """Print how long each way to load takes; write it to loading.json."""
    data = Path(os.environ.get("MEDSAFE_SHARED_DATA", ROOT / "../shared/data"))
    with tempfile.TemporaryDirectory() as folder:
        curated = Path(folder)
        tables = {name: schema.empty_table() for name, schema in TABLES.items()}
        snapshot.write(curated, tables | {"papers": papers(data)}, {"as_of": None}, keep=1)
        size = (curated / "papers.parquet").stat().st_size / 2**20
        print(f"{PAPERS:,} papers, {size:,.0f} MB")
        write("loading", {"papers": PAPERS, "megabytes": size, "loads": measure(curated)})


def measure(curated: Path) -> list[dict[str, Any]]:
    """Print how long each way to load takes from a curated folder; the same as rows."""
    found = []
    for asked, arguments in ASKED.items():
        for form in get_args(Form):
            start = time.perf_counter()
            table = mh.load_papers(curated, as_=form, **arguments)
            rows = table.shape[0]
            seconds = time.perf_counter() - start
            print(f"{asked:36} {form:6} {rows:>9,} rows {seconds:6.2f} s")
            found.append({"asked": asked, "form": form, "rows": rows, "seconds": seconds})
    return found


if __name__ == "__main__":
    main()
