"""Batches between Arrow and Spark: names of types, and groups that batches cut apart."""

from __future__ import annotations

from itertools import groupby, pairwise

import pyarrow as pa
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

pytest.importorskip("pyspark", reason="the extra spark is not installed")
from medsafe_harvest.engines.spark.arrow import conform, ddl, simple_name, type_name, whole_groups
from medsafe_harvest.schema import TABLES


@given(
    st.lists(st.integers(0, 5), max_size=40).map(sorted),
    st.lists(st.integers(1, 7), min_size=40, max_size=40),
    st.integers(1, 9),
)
@example([1, 1, 1, 2], [1] * 40, 1)
@example([1, 2, 2, 2], [2] * 40, 2)
def test_groups_come_whole_whatever_the_batches(
    keys: list[int], sizes: list[int], rows: int
) -> None:
    batches, start = [], 0
    for size in sizes:
        part = keys[start : start + size]
        batches.append(pa.RecordBatch.from_pydict({"key": pa.array(part, pa.int64())}))
        start += size
    tables = [table["key"].to_pylist() for table in whole_groups(batches, "key", rows=rows)]
    assert [key for table in tables for key in table] == keys
    assert all(tables)
    ends = [(table[0], table[-1]) for table in tables]
    assert all(before[1] < after[0] for before, after in pairwise(ends))
    # No more than a table needs waits, but for a batch and a group.
    largest = max((len(list(group)) for _, group in groupby(keys)), default=0)
    assert all(len(table) <= rows + max(sizes) + largest for table in tables)


def test_items_under_another_name_and_nullable_become_those_of_the_schema() -> None:
    def kind(item: str, *, nullable: bool) -> pa.DataType:
        inner = pa.struct([pa.field("name", pa.string(), nullable=nullable)])
        return pa.list_(pa.field(item, inner))

    values = [[{"name": "Ann"}, {"name": "Bo"}], None, [], [{"name": "Eva"}]]
    spark = pa.RecordBatch.from_arrays(
        [pa.array(values, kind("element", nullable=True)), pa.array(["a", "b", "c", "d"])],
        names=["authors", "more"],
    )
    ours = pa.schema([pa.field("authors", kind("item", nullable=False))])
    for batch, expected in ((spark, values), (spark.slice(1), values[1:])):
        made = conform(batch, ours)
        made.validate(full=True)
        assert made.schema.equals(ours)
        assert made.column("authors").to_pylist() == expected


def test_a_null_where_none_may_be_is_an_error_and_not_a_row() -> None:
    schema = pa.schema([pa.field("title", pa.string(), nullable=False)])
    with pytest.raises(ValueError, match="title is null in 1 rows"):
        conform(pa.RecordBatch.from_pydict({"title": pa.array(["a", None])}), schema)


def test_types_have_the_names_of_spark() -> None:
    kind = pa.list_(pa.struct([pa.field("n", pa.int32()), pa.field("day", pa.date32())]))
    assert type_name(kind) == "array<struct<`n`: int, `day`: date>>"
    assert simple_name(kind) == "array<struct<n:int,day:date>>"
    assert all(ddl(schema).count("`") >= 2 * len(schema) for schema in TABLES.values())
    with pytest.raises(TypeError, match="timestamp"):
        type_name(pa.timestamp("us"))
