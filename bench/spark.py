"""The distributed engine beside the embedded one: ``python -m bench.spark [CORPUS...]``.

Each corpus (medical_ml, titles_100k, both by default) is curated by DuckDB, and by Spark on a
cluster on this machine: a master and two workers of one core, of which one is killed while it
decides about pairs. The snapshots must be the same to the byte. It takes long, and says how long.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from bench.corpora import FOLDER, is_current, titles_1m
from bench.report import write
from medsafe_harvest.config import load_config
from medsafe_harvest.normalize.records import Seen, to_batch
from medsafe_harvest.schema import RECORD
from medsafe_harvest.sources.base import SourceAuthor, SourceRecord
from tests.integration.spark.cluster import running

ROOT = Path(__file__).parents[1]
KILLING = ROOT / "tests/integration/spark/killing.py"
_SEEN = Seen(queries=("corpus",), first_seen=date(2026, 1, 1), last_seen=date(2026, 1, 1))
_ROWS = 20_000


def titles_100k() -> Path:
    """The first 100,000 records of ``titles_1m``, arXiv ids withheld."""
    path = FOLDER / "titles_100k.parquet"
    if not is_current(path):
        first = next(pq.ParquetFile(titles_1m()[0]).iter_batches(batch_size=100_000))
        pq.write_table(pa.Table.from_batches([first]), path, compression="zstd")
    return path


def medical_ml() -> Path:
    """Records of ``medical_ml``, each row one; made once, and anew where the schema is another."""
    path = FOLDER / "medical_ml.parquet"
    if not is_current(path):
        data = Path(os.environ.get("MEDSAFE_SHARED_DATA", ROOT / "../shared/data"))
        rows = pq.read_table(data / "corpus/medical_ml.parquet")
        venues = load_config(ROOT / "config").venues
        FOLDER.mkdir(parents=True, exist_ok=True)
        with pq.ParquetWriter(path, RECORD, compression="zstd") as writer:
            for start in range(0, len(rows), _ROWS):
                part = rows.slice(start, _ROWS).to_pylist()
                found = [_record(start + n, row) for n, row in enumerate(part)]
                writer.write_batch(to_batch(found, [_SEEN] * len(found), venues))
    return path


def _record(number: int, row: dict[str, Any]) -> SourceRecord:
    names = [name for name in (row["authors"] or "").split(", ") if name]
    arxiv = row["record_id"] if row["source"].startswith("arxiv") else None
    return SourceRecord(
        source=row["source"],
        source_id=f"{number:06d}",
        title=row["title"] or "",
        abstract=row["abstract"],
        authors=tuple(SourceAuthor(name) for name in names),
        published=row["date"],
        identifiers=(("arxiv", arxiv),) if arxiv else (),
        categories=tuple((row["categories"] or "").split(",")),
    )


CORPORA = {"medical_ml": medical_ml, "titles_100k": titles_100k}


def compare(records: Path, folder: Path) -> dict[str, Any]:
    """Curate with both engines; what it took, and whether the snapshots are the same."""
    main = [sys.executable, "-c", "from medsafe_harvest.cli import main; main()"]
    alone = _run([*main, *_arguments(records), "--out", str(folder / "alone")])
    with running(folder / "cluster", memory="1g") as cluster:
        settings = {**cluster.settings, "spark.sql.shuffle.partitions": "8"}
        settings = {name: value for name, value in settings.items() if "JavaOptions" not in name}
        together = _run(
            [
                *(sys.executable, str(KILLING), str(folder / "died"), *_arguments(records)),
                *("--engine", "spark", "--master", cluster.master),
                *("--lake", str(folder / "lake"), "--out", str(folder / "together")),
                *(part for pair in settings.items() for part in ("--conf", "=".join(pair))),
            ]
        )
        killed = sum(worker.poll() is not None for worker in cluster.workers)
    contents = [
        {path.name: path.read_bytes() for path in Path(one["snapshot"]).iterdir()}
        for one in (alone, together)
    ]
    return {
        "rows": alone["rows"],
        "workers_killed": killed,
        "same_bytes": contents[0] == contents[1],
        "duckdb_seconds": alone["seconds"],
        "spark_seconds": together["seconds"],
        "largest_component": together["largest_component"],
        "counts": together["counts"],
        "stages": together["stages"],
    }


def _arguments(records: Path) -> list[str]:
    return ["--config", str(ROOT / "config"), "curate", "--json", "--records", str(records)]


def _run(arguments: list[str]) -> dict[str, Any]:
    done = subprocess.run(arguments, stdout=subprocess.PIPE, text=True, check=True)
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


def main(names: list[str]) -> None:
    """Print a table and write build/bench/spark.json."""
    if shutil.which("java") is None:
        sys.exit("no Java for Spark: apt-get install openjdk-17-jre-headless")
    report = {}
    for name in names or list(CORPORA):
        with tempfile.TemporaryDirectory() as folder:
            (Path(folder) / "cluster").mkdir()
            report[name] = compare(CORPORA[name](), Path(folder))
        row = report[name]
        print(
            f"{name:14}{row['rows']['records']:>9,} records{row['rows']['papers']:>9,} papers"
            f"{row['rows']['relations']:>7,} relations  duckdb {row['duckdb_seconds']:>7.1f} s"
            f"  spark {row['spark_seconds']:>7.1f} s  {row['workers_killed']} worker killed"
            f"  {'same bytes' if row['same_bytes'] else 'NOT THE SAME'}",
            flush=True,
        )
    write("spark", report)
    if not all(one["same_bytes"] and one["workers_killed"] == 1 for one in report.values()):
        sys.exit("not the same bytes, or no worker was killed")


if __name__ == "__main__":
    main(sys.argv[1:])
