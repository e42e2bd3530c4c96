"""The redirect ledger of a lake: joins run by DuckDB beside the whole tables in memory."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

import duckdb
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from medsafe_harvest.curated import redirects
from medsafe_harvest.curated.redirects import Names
from medsafe_harvest.publish import lake_ledger

pytest.importorskip("pyspark", reason="the extra spark is not installed")
from medsafe_harvest.engines.spark import ledger

_DATABASE = duckdb.connect()
NOW = datetime(2026, 11, 21, tzinfo=UTC)

#: Number of a record -> the paper that has it (called by its smallest record) and, of an earlier
#: name, the number.
Lake = Mapping[int, tuple[int, int | None]]
LAKES = st.dictionaries(
    st.integers(0, 7), st.tuples(st.integers(0, 3), st.none() | st.integers(0, 9)), max_size=8
)


def tables(lake: Lake) -> dict[str, pa.Table]:
    """Papers and records, as far as names go."""
    members: dict[int, list[int]] = {}
    for number in sorted(lake):
        members.setdefault(lake[number][0], []).append(number)
    papers = [
        {
            "paper_id": f"p{own[0]}",
            "record_ids": [f"r{one}" for one in own],
            "former_ids": [f"p{one}" for one in own[1:]],
        }
        for own in members.values()
    ]
    records = [
        {
            "record_id": f"r{number}",
            "former_record_ids": [] if lake[number][1] is None else [f"r{lake[number][1]}"],
        }
        for number in sorted(lake)
    ]
    return {
        name: pa.Table.from_pylist(
            rows,
            pa.schema(
                [
                    (column, pa.string() if column.endswith("_id") else pa.list_(pa.string()))
                    for column in columns
                ]
            ),
        )
        for name, rows, columns in (
            ("papers", papers, ("paper_id", "record_ids", "former_ids")),
            ("records", records, ("record_id", "former_record_ids")),
        )
    }


def asked(statement: str, **views: pa.Table) -> pa.Table:
    with _DATABASE.cursor() as database:
        for name, table in views.items():
            database.register(name, table)
        return database.sql(statement).to_arrow_table()


def by_joins(before: dict[str, pa.Table], after: dict[str, pa.Table]) -> str | None:
    sides = []
    for lake in (before, after):
        present = asked("select unnest(record_ids) as name, paper_id as paper from papers", **lake)
        renamed = asked("select unnest(former_record_ids) as name, record_id from records", **lake)
        sides.append(asked(ledger.PRESENT_AND_FORMER, present=present, renamed=renamed))
    former, former_now = (
        asked("select unnest(former_ids) as name, paper_id as paper from papers", **lake)
        for lake in (before, after)
    )
    names = dict(zip(("before", "after"), sides, strict=True))
    touched = asked(ledger.TOUCHED, moved=asked(ledger.MOVED, **names))
    lost = asked(ledger.LOST, former=former, former_now=former_now, **names)
    ours, theirs = (asked(ledger.OF_TOUCHED, names=side, touched=touched) for side in sides)
    return lake_ledger(NOW)("lake/redirects.jsonl", "", ours, theirs, lost)


@settings(max_examples=60, deadline=None)
@given(before=LAKES, after=LAKES)
def test_the_papers_that_a_join_finds_are_all_that_changed(before: Lake, after: Lake) -> None:
    old, new = tables(before), tables(after)
    whole = (Names.of(lake["papers"], lake["records"]) for lake in (old, new))
    assert by_joins(old, new) == redirects.text_of((), redirects.changes(*whole), NOW)
