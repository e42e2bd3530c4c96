"""Records of a Parquet file, for work on more of them than fit into memory.

They are written once to an Arrow file, which is mapped: the system keeps of it in memory what is
used and what there is room for.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from medsafe_harvest.dedupe.columns import Ints, ascending
from medsafe_harvest.engines.pool import load, save
from medsafe_harvest.errors import CuratedError
from medsafe_harvest.schema import RECORD
from medsafe_harvest.scratch import scratch

#: Rows of a batch of the file.
BATCH = 10_000
#: Rows that are brought into order at a time: all batches are looked at for them.
_ORDERED = 200_000


@dataclass(frozen=True, slots=True)
class Mapped:
    """Records in an Arrow file."""

    #: Rows of ``schema.RECORD``; mapped, not read.
    table: pa.Table
    #: The file that they lie in, in batches.
    file: Path


@contextmanager
def mapped(path: Path) -> Iterator[Mapped]:
    """Records in order of their ids; the file is gone afterwards.

    Args:
        path: Parquet with the columns of ``schema.RECORD``, each record_id once.

    Raises:
        CuratedError: that is not what it is, or it is not there.
    """
    if not path.exists():
        raise CuratedError(
            f"there is no {path}: --records is a Parquet file of records, such as "
            "data/curated/records.parquet after a harvest"
        )
    with scratch() as folder:
        file = folder / "records.arrow"
        try:
            with pq.ParquetFile(path) as source:
                _refuse_lack(path, source.schema_arrow)
                save(file, _batches(source), RECORD)
        except (OSError, pa.ArrowException) as error:
            raise CuratedError(f"no records can be read from {path}: {error}") from error
        ids = load(file)["record_id"]
        if len(ids.unique()) < len(ids):
            raise CuratedError(f"{path} holds a record_id more than once: a record has one row")
        if not ascending(ids):
            file = _sorted(file, pc.sort_indices(ids).to_numpy())
        yield Mapped(load(file), file)


def _refuse_lack(path: Path, there: pa.Schema) -> None:
    if missing := [name for name in RECORD.names if name not in there.names]:
        raise CuratedError(f"{path} holds no records of this version: no {', '.join(missing)}")


def _batches(source: pq.ParquetFile) -> Iterator[pa.RecordBatch]:
    for batch in source.iter_batches(BATCH, columns=RECORD.names):
        yield batch.select(RECORD.names).cast(RECORD)


def _sorted(file: Path, order: Ints) -> Path:
    """The same rows in another order, in another file."""
    new = file.with_name("sorted.arrow")
    parts = (order[start : start + _ORDERED] for start in range(0, len(order), _ORDERED))
    save(new, (batch for part in parts for batch in _in_order(file, part)), RECORD)
    file.unlink()
    return new


def _in_order(file: Path, rows: Ints) -> list[pa.RecordBatch]:
    """Some rows of a file, in any order."""
    up = np.argsort(rows)
    found = rows_at(file, rows[up]).take(pa.array(np.argsort(up)))
    return list(found.to_batches(max_chunksize=BATCH))


def rows_at(file: Path, rows: Ints) -> pa.Table:
    """Some rows of an Arrow file, which ascend; it is looked at a batch at a time."""
    taken: list[pa.RecordBatch] = []
    with pa.memory_map(str(file)) as source:
        reader = pa.ipc.open_file(source)
        start = 0
        for number in range(reader.num_record_batches):
            batch = reader.get_batch(number)
            first, last = np.searchsorted(rows, [start, start + len(batch)])
            if first < last:
                taken.append(batch.take(pa.array(rows[first:last] - start)))
            start += len(batch)
        return pa.Table.from_batches(taken, reader.schema).combine_chunks()
