"""What a job leaves: tables in Parquet, partitioned for a lake, and a manifest written last.

Layout::

    papers/year=2024/part-...zstd.parquet    no year known: year=__HIVE_DEFAULT_PARTITION__
    records/source=arxiv/...
    decisions/outcome=match/...
    relations/kind=is_preprint_of/...
    redirects.jsonl                              what became of the ids of a lake before this one
    manifest.json                                there only when all the tables are whole
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

import pyarrow as pa
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql.functions import col

from medsafe_harvest.engines.spark.arrow import conform, ddl, through
from medsafe_harvest.engines.spark.stages import path_of
from medsafe_harvest.schema import SCHEMA_VERSION, TABLES

#: Table -> column that names the folders; it is not in the files.
PARTITIONED_BY: Mapping[str, str] = {
    "papers": "year",
    "records": "source",
    "decisions": "outcome",
    "relations": "kind",
}
#: Table -> columns in whose order rows stand, in a file of the lake and in a snapshot.
ORDER: Mapping[str, tuple[str, ...]] = {
    "papers": ("paper_id",),
    "records": ("record_id",),
    "decisions": ("left", "right"),
    "relations": ("left", "kind", "right"),
}
#: About a gigabyte of papers.
_ROWS_PER_FILE = 500_000
MANIFEST = "manifest.json"
REDIRECTS = "redirects.jsonl"
#: Says which job writes a lake, while it does.
JOB = "_job"


def write_table(folder: str, name: str, frame: DataFrame) -> None:
    """Write one table, replacing what is there."""
    by = PARTITIONED_BY[name]
    ordered = frame.select(*TABLES[name].names)
    ordered = ordered.repartitionByRange(col(by), *map(col, ORDER[name]))
    ordered = ordered.sortWithinPartitions(by, *ORDER[name])
    ordered.write.mode("overwrite").option("maxRecordsPerFile", _ROWS_PER_FILE).partitionBy(
        by
    ).parquet(f"{folder}/{name}")


def write_manifest(spark: SparkSession, folder: str, about: Mapping[str, Any]) -> None:
    """Say that the lake is whole, and what made it."""
    text = json.dumps({**about, "schema_version": SCHEMA_VERSION}, indent=1, sort_keys=True) + "\n"
    write_text(spark, f"{folder}/{MANIFEST}", text)


def write_text(spark: SparkSession, uri: str, text: str) -> None:
    """Write a small file on any storage."""
    path, storage = path_of(spark, uri)
    stream = storage.create(path, True)
    try:
        stream.write(bytearray(text.encode()))
    finally:
        stream.close()


def read_text(spark: SparkSession, uri: str) -> str | None:
    """The text of a small file on any storage; None where there is none."""
    path, storage = path_of(spark, uri)
    if not storage.exists(path):
        return None
    stream = storage.open(path)
    try:
        return bytes(stream.readAllBytes()).decode()
    finally:
        stream.close()


def is_whole(spark: SparkSession, folder: str) -> bool:
    """Whether a folder holds a lake whose job came to its end, with the whole of its manifest."""
    try:
        json.loads(read_text(spark, f"{folder}/{MANIFEST}") or "")
    except ValueError:
        return False
    return True


def read_table(spark: SparkSession, folder: str, name: str) -> DataFrame:
    """A table of a lake, its columns in the order of the schema."""
    schema = TABLES[name]
    return spark.read.schema(ddl(schema)).parquet(f"{folder}/{name}").select(*schema.names)


def stream(frame: DataFrame, name: str) -> pa.RecordBatchReader:
    """The rows of a table in their order, partition by partition: the driver holds two at a time.

    Args:
        frame: the columns of ``schema.TABLES[name]``.
        name: of the table.
    """
    schema = TABLES[name]
    packed = through(frame.orderBy(*ORDER[name]), _pack, schema, _PACKED)
    return pa.RecordBatchReader.from_batches(
        schema,
        (
            conform(batch, schema)
            for row in packed.toLocalIterator(prefetchPartitions=True)
            for batch in pa.ipc.open_stream(pa.py_buffer(bytes(row["batch"])))
        ),
    )


_PACKED = pa.schema([pa.field("batch", pa.binary())])


def _pack(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """Each batch as one value of Arrow's own format."""
    for batch in batches:
        sink = pa.BufferOutputStream()
        with pa.ipc.new_stream(sink, batch.schema) as writer:
            writer.write_batch(batch)
        value = pa.array([sink.getvalue().to_pybytes()], pa.binary())
        yield pa.RecordBatch.from_arrays([value], schema=_PACKED)
