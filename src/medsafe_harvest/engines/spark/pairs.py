"""Records to candidate pairs: sketches and keys, joins, and a screen of the titles."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pyspark.sql import DataFrame, SparkSession

from medsafe_harvest.dedupe.blocking import KEYS, block
from medsafe_harvest.dedupe.overrides import Overrides
from medsafe_harvest.dedupe.prepare import NEEDED
from medsafe_harvest.dedupe.screen import Side
from medsafe_harvest.dedupe.sketch import SKETCH, sketch
from medsafe_harvest.engines import sql
from medsafe_harvest.engines.spark.arrow import through
from medsafe_harvest.engines.spark.stages import Stages, number_of, query
from medsafe_harvest.engines.stages import kinds_of, screen
from medsafe_harvest.schema import RECORD, STRINGS

#: What matching reads of a record.
RECORDS = pa.schema([RECORD.field(name) for name in NEEDED])

_SKETCHES = pa.schema(
    [
        pa.field("id", pa.string(), nullable=False),
        pa.field("author", pa.string(), nullable=False),
        pa.field("year", pa.int32(), nullable=False),
        SKETCH.field("sorted_title"),
        SKETCH.field("compact_title"),
        SKETCH.field("head"),
        pa.field("keys", pa.list_(KEYS.field("key")), nullable=False),
    ]
)
_TITLES = pa.struct([SKETCH.field(name) for name in ("sorted_title", "compact_title", "head")])
_SIDES = pa.schema(
    [
        pa.field("l", pa.string(), nullable=False),
        pa.field("r", pa.string(), nullable=False),
        pa.field("kinds", pa.int32(), nullable=False),
        pa.field("left_titles", _TITLES, nullable=False),
        pa.field("right_titles", _TITLES, nullable=False),
    ]
)
#: Pairs worth comparing, and the kinds of key that they share.
PAIRS = pa.schema(
    [
        pa.field("l", pa.string(), nullable=False),
        pa.field("r", pa.string(), nullable=False),
        pa.field("keys", STRINGS, nullable=False),
    ]
)

#: Read more than once by what follows.
_KEPT = {"members", "placed", "candidates"}
_HAND = """
select l, r from spoken
join sketches as one on one.id = l join sketches as other on other.id = r
"""
_WITH_TITLES = """
select l, r, kinds,
    struct(one.sorted_title, one.compact_title, one.head) as left_titles,
    struct(other.sorted_title, other.compact_title, other.head) as right_titles
from candidates join sketches as one on one.id = l join sketches as other on other.id = r
"""


def worthy_pairs(
    spark: SparkSession, records: DataFrame, overrides: Overrides, stages: Stages
) -> tuple[DataFrame, dict[str, int]]:
    """The pairs to decide about, ``PAIRS``, and counts as those of ``engines.duckdb``."""
    sketches = stages.keep("sketches", through(records, _sketch, RECORDS, _SKETCHES))
    links = (*overrides.must_link, *overrides.cannot_link)
    spoken = spark.createDataFrame([link.pair for link in links], "l string, r string")
    views = {
        "sketches": sketches.drop("keys"),
        "keys": sketches.selectExpr("id", "explode(keys) as key"),
        "by_hand": query(spark, _HAND, spoken=spoken, sketches=sketches),
    }
    for name, text in sql.statements():
        views[name] = query(spark, text, **views)
        if name in _KEPT:
            views[name] = stages.keep(name, views[name])
        if name == "placed":
            # It has all columns of what it was made of, and need not be sorted out again.
            views["refined"] = views["placed"].select(*views["refined"].columns)
    counts = {name: number_of(query(spark, text, **views)) for name, text in sql.counts().items()}
    sides = query(spark, _WITH_TITLES, **views)
    pairs = stages.keep("pairs", through(sides, _screen, _SIDES, PAIRS))
    counts["records"] = sketches.count()
    counts["candidate_pairs"] = views["candidates"].count()
    counts["titles_unlike"] = counts["candidate_pairs"] - pairs.count()
    return pairs, counts


def _sketch(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    for batch in batches:
        sketches = sketch(batch)
        keys = block(sketches)
        rows = keys.column("row").to_numpy()
        ends = np.r_[0, np.cumsum(np.bincount(rows, minlength=len(batch)))]
        grouped = keys.column("key").take(pa.array(np.argsort(rows, kind="stable")))
        lists = pa.ListArray.from_arrays(pa.array(ends, pa.int32()), grouped)
        families = sketches.column("families").to_pylist()
        columns = [
            sketches.column("record_id"),
            pa.array([names[0] if names else "" for names in families], pa.string()),
            pc.fill_null(sketches.column("year"), 0),
            sketches.column("sorted_title"),
            sketches.column("compact_title"),
            sketches.column("head"),
            lists,
        ]
        yield pa.RecordBatch.from_arrays(columns, names=_SKETCHES.names)


def _screen(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    for batch in batches:
        left, right = (
            Side.of_all(pa.RecordBatch.from_struct_array(batch.column(side)))
            for side in ("left_titles", "right_titles")
        )
        kept = batch.filter(pa.array(screen(left, right, batch.column("kinds").to_numpy())))
        columns = [kept.column("l"), kept.column("r"), kinds_of(kept)]
        yield pa.RecordBatch.from_arrays(columns, schema=PAIRS)
