"""Real corpora as records, ready to be matched: ``python -m bench.corpora``.

``titles_1m`` has 1,248,039 rows of lists of papers. What they say goes through the normalization of
a harvest; arXiv ids are withheld, and kept beside the records as the truth that matching is
measured against.
"""

from __future__ import annotations

import multiprocessing
import os
import re
import sys
from concurrent.futures import ProcessPoolExecutor
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from medsafe_harvest.config import load_config
from medsafe_harvest.normalize.records import Seen, to_batch
from medsafe_harvest.schema import RECORD
from medsafe_harvest.sources.base import SourceAuthor, SourceRecord

FOLDER = Path("build/bench/corpora")
_ROWS = 20_000
_SEEN = Seen(queries=("titles",), first_seen=date(2026, 1, 1), last_seen=date(2026, 1, 1))
_CATEGORIES = re.compile(r"[^,\s]+")
_SEPARATOR = re.compile(r"\s*;\s*|\s*,\s+")


def titles_1m() -> tuple[Path, Path]:
    """Records of schema RECORD, and a table of ``record_id`` and ``arxiv_id``; made once.

    Made anew where the schema is another now.
    """
    records, truth = FOLDER / "titles_1m.parquet", FOLDER / "titles_1m.truth.parquet"
    if not truth.exists() or not is_current(records):
        data = Path(os.environ.get("MEDSAFE_SHARED_DATA", "../shared/data"))
        rows = pq.read_table(data / "corpus/titles_1m.parquet")
        FOLDER.mkdir(parents=True, exist_ok=True)
        names = pa.array(_name(source, n) for n, source in enumerate(rows["source"].to_pylist()))
        _write(rows, records)
        pq.write_table(pa.table({"record_id": names, "arxiv_id": rows["arxiv_id"]}), truth)
    return records, truth


def is_current(records: Path) -> bool:
    """Whether a file is there as a whole, and holds records as this version has them."""
    try:
        return bool(pq.read_schema(records).equals(RECORD))
    except (FileNotFoundError, pa.ArrowInvalid):
        return False


def _write(rows: pa.Table, path: Path) -> None:
    starts = range(0, len(rows), _ROWS)
    parts = ((start, rows.slice(start, _ROWS).combine_chunks()) for start in starts)
    context = multiprocessing.get_context("spawn")
    with (
        pq.ParquetWriter(path, RECORD, compression="zstd") as writer,
        ProcessPoolExecutor(os.cpu_count(), mp_context=context) as workers,
    ):
        for batch in workers.map(_normalized, parts):
            writer.write_batch(batch)


def _normalized(part: tuple[int, pa.Table]) -> pa.RecordBatch:
    start, rows = part
    found = [_record(start + n, row) for n, row in enumerate(rows.to_pylist())]
    batch = to_batch(found, [_SEEN] * len(found), load_config(Path("config")).venues)
    place = RECORD.get_field_index("arxiv_id")  # a DOI may have told it
    return batch.set_column(place, RECORD.field(place), pa.nulls(len(batch), pa.string()))


def _record(number: int, row: dict[str, Any]) -> SourceRecord:
    source, day = row["source"], row["date"] or ""
    names = [name for name in _SEPARATOR.split(row["authors"] or "") if name]
    return SourceRecord(
        source=source,
        source_id=_name(source, number).partition(":")[2],
        title=row["title"] or "",
        authors=tuple(SourceAuthor(name) for name in names),
        published=day if len(day) > len("2020") else None,
        year=int(day[:4]) if day[:4].isdigit() else None,
        identifiers=(("doi", row["doi"]),) if row["doi"] else (),
        categories=tuple(_CATEGORIES.findall(row["categories"] or "")),
    )


def _name(source: str, number: int) -> str:
    """The ids of the corpus are not unique."""
    return f"{source}:{number:07d}"


if __name__ == "__main__":
    print(*titles_1m(), file=sys.stdout)
