"""What ``bench.scale`` measures, each in a process of its own: ``python -m bench.scale_work ...``.

The last line on standard output is what was found, as JSON.
"""

from __future__ import annotations

import json
import shutil
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from rapidfuzz import fuzz
from rapidfuzz.process import cdist, cpdist

from bench.timing import median_seconds
from medsafe_harvest import pipeline
from medsafe_harvest.config import load_config
from medsafe_harvest.curated import snapshot
from medsafe_harvest.dedupe.blocking import KINDS
from medsafe_harvest.engines.records import mapped
from medsafe_harvest.normalize.text import comparison_form
from medsafe_harvest.profile import Profile, Stage
from medsafe_harvest.schema import RELATED

ROOT = Path(__file__).parents[1]
#: Titles that rates are measured on, and one side of a square of pairs.
_SAMPLE, _SIDE = 200_000, 3_000


def end_to_end(records: Path, out: Path) -> dict[str, Any]:
    """From records in Parquet to a snapshot in ``out``, as ``curate`` goes; then the clusters.

    Related papers are not looked for, as there are too many in all but the smallest sample.

    Time runs from the first row that is read until the snapshot is in place, after imports.
    ``clusters.parquet`` in ``out`` gets ``record_id`` and ``cluster``.
    """
    config = load_config(ROOT / "config")
    with Profile(time.perf_counter) as profile:
        limit, threads = config.settings.curate.memory_limit, config.settings.curate.threads
        with mapped(records, limit, threads, profile.step) as given:
            tables = pipeline.build(given, config, profile)
            profile.step("write", sum(len(table) for table in tables.files.values()))
            written = snapshot.write(
                out,
                {**tables.files, "related": RELATED.empty_table()},
                {"as_of": None, "config_digest": config.digest, "windows": []},
                keep=1,
            )
            count = len(given)
    members = tables.papers["record_ids"].combine_chunks()
    papers = tables.papers["paper_id"].combine_chunks().take(pc.list_parent_indices(members))
    clusters = pa.table({"record_id": members.flatten(), "cluster": papers})
    pq.write_table(clusters, out / "clusters.parquet")
    stages = {stage.name: stage for stage in profile.stages}
    return {
        "records": count,
        "papers": len(tables.papers),
        "match_seconds": stages["match"].seconds,
        "total_seconds": _seconds(stages),
        "match_peak_gb": stages["match"].peak / 1e9,
        "match_held_gb": stages["match"].held / 1e9,
        "counts": dict(tables.reasons),
        "written_bytes": sum(path.stat().st_size for path in written.iterdir()),
        "profile": profile.as_plain(),
    }


def _seconds(stages: dict[str, Stage]) -> float:
    return sum(stage.seconds for name, stage in stages.items() if ": " not in name)


@dataclass(frozen=True, slots=True)
class Rates:
    """What this machine can do with these titles, nothing else to do."""

    #: Pairs of titles a second, words sorted before: one by one, and all of a square.
    cpdist_pairs: float
    cdist_pairs: float
    #: Bytes in memory a second.
    parquet_read: float
    parquet_write: float
    #: Rows of a column of text a second, all cores.
    grouped_rows: float
    #: Titles a second on one core.
    normalized_titles: float


def limit(records: Path, scratch: Path) -> dict[str, Any]:
    """The rates of this machine, each over enough work to take about a second."""
    table = pq.read_table(records)
    copy = scratch / "copy.parquet"
    writing = median_seconds(lambda: pq.write_table(table, copy, compression="zstd"))
    reading = median_seconds(lambda: pq.read_table(copy))
    titles = table["title"]
    with duckdb.connect() as database:
        database.register("titles", pa.table({"title": titles}))
        grouping = median_seconds(
            lambda: database.execute(
                "select count(*) from (select title, count(*) from titles group by title)"
            ).fetchall()
        )
    some = titles.slice(0, _SAMPLE).to_pylist()
    normalizing = median_seconds(lambda: [comparison_form(title) for title in some])
    words = sorted(" ".join(sorted(comparison_form(title).split())) for title in some)
    pairs = median_seconds(
        lambda: cpdist(words[:-1], words[1:], scorer=fuzz.ratio, workers=-1, dtype=np.uint8)
    )
    side = words[:: max(1, len(words) // _SIDE)]
    square = median_seconds(
        lambda: cdist(side, side, scorer=fuzz.ratio, workers=-1, dtype=np.uint8)
    )
    copy.unlink()
    rates = Rates(
        cpdist_pairs=(len(words) - 1) / pairs,
        cdist_pairs=len(side) ** 2 / square,
        parquet_read=table.nbytes / reading,
        parquet_write=table.nbytes / writing,
        grouped_rows=len(table) / grouping,
        normalized_titles=len(some) / normalizing,
    )
    return {
        "bytes": table.nbytes,
        "records": len(table),
        "kinds_of_key": len(KINDS),
        **{name: getattr(rates, name) for name in Rates.__slots__},
    }


WORK: dict[str, Callable[[Path, Path], dict[str, Any]]] = {
    "end_to_end": end_to_end,
    "limit": limit,
}


def main(name: str, records: Path, folder: Path) -> None:
    """Do one piece of work in a folder of its own."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    print(json.dumps(WORK[name](records, folder)))


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3]))
