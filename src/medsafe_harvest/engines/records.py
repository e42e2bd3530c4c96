"""Records of a Parquet file, for work on more of them than fit into memory.

They are written once to an Arrow file, which is mapped: the system keeps of it in memory what is
used and what there is room for.
"""

from __future__ import annotations

import errno
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from medsafe_harvest.dedupe.columns import ascending
from medsafe_harvest.engines.database import open_database
from medsafe_harvest.engines.duckdb import Tell, quiet
from medsafe_harvest.engines.pool import load, save
from medsafe_harvest.errors import CuratedError
from medsafe_harvest.schema import RECORD, refuse_nulls
from medsafe_harvest.scratch import scratch

#: Rows of a batch of the file.
_BATCH = 10_000


@contextmanager
def mapped(
    path: Path, memory_limit: str, threads: int | None = None, tell: Tell = quiet
) -> Iterator[pa.Table]:
    """Rows of ``schema.RECORD`` in order of their ids; the file they lie in is gone afterwards.

    Args:
        path: Parquet with the columns of ``schema.RECORD``, each record_id once, in any order.
        memory_limit: for bringing them into order, for example "4GB"; beyond it, that spills.
        threads: cores to use for that; all if None.
        tell: told that they are read, and how many they are.

    Raises:
        CuratedError: that is not what it is, or it is not there.
        EngineError: there is no room for the file.
    """
    with scratch() as folder:
        file = folder / "records.arrow"
        try:
            _refuse_what_is_no_file(path)
            with pq.ParquetFile(path) as source:
                _refuse_lack(path, source.schema_arrow)
                tell("read", source.metadata.num_rows)
                _write(source, file, memory_limit, threads)
        except (OSError, ValueError, KeyError, pa.ArrowException, duckdb.Error) as error:
            if isinstance(error, OSError) and error.errno in {errno.ENOSPC, errno.EDQUOT}:
                raise  # of the file that is written
            # DuckDB tells of an error in Python by its traceback, with the error in the last line.
            why = str(error).strip().splitlines()[-1:] or [type(error).__name__]
            raise CuratedError(f"no records can be read from {path}: {why[0]}") from error
        if _repeats(load(file)["record_id"].combine_chunks()):
            raise CuratedError(f"{path} holds a record_id more than once: a record has one row")
        yield load(file)


def _refuse_what_is_no_file(path: Path) -> None:
    if not path.exists():
        raise CuratedError(
            f"there is no {path}: --records is a Parquet file of records, such as "
            "data/curated/records.parquet after a harvest"
        )
    if path.is_dir():
        raise CuratedError(
            f"{path} is a folder: on this machine --records is one file (on Spark, also a folder)"
        )


def _repeats(ordered: pa.Array) -> bool:
    return bool(pc.any(pc.equal(ordered[1:], ordered[:-1])).as_py())


def _refuse_lack(path: Path, there: pa.Schema) -> None:
    if missing := [name for name in RECORD.names if name not in there.names]:
        raise CuratedError(f"{path} holds no records of this version: no {', '.join(missing)}")


def _write(source: pq.ParquetFile, file: Path, memory_limit: str, threads: int | None) -> None:
    """Write an Arrow file of the records, in order."""
    batches = _in_schema(source.iter_batches(_BATCH, columns=RECORD.names))
    if ascending(source.read(["record_id"])["record_id"]):
        save(file, batches, RECORD)
        return
    with open_database(file.parent, memory_limit, threads) as database:
        database.register("records", pa.RecordBatchReader.from_batches(RECORD, batches))
        ordered = database.sql("select * from records order by record_id")
        with ordered.to_arrow_reader(_BATCH) as sorted_batches:
            save(file, _in_schema(sorted_batches), RECORD)


def _in_schema(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    for batch in batches:
        records = batch.select(RECORD.names).cast(RECORD)
        refuse_nulls(records)
        yield records
