"""Records that are mapped from a file: the same rows in the same order, however they lay."""

from __future__ import annotations

import random
from datetime import date
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from medsafe_harvest.engines import records
from medsafe_harvest.engines.records import mapped, rows_at
from medsafe_harvest.errors import CuratedError
from medsafe_harvest.schema import RECORD
from medsafe_harvest.scratch import scratch

DAY = date(2026, 1, 2)


def corpus(count: int) -> pa.Table:
    rows = [
        {
            **{field.name: empty(field.type) for field in RECORD if not field.nullable},
            "record_id": f"s:{number:05d}",
            "title": f"Title {number}",
        }
        for number in range(count)
    ]
    return pa.Table.from_pylist(rows, schema=RECORD)


def empty(kind: pa.DataType) -> object:
    if pa.types.is_list(kind):
        return []
    if pa.types.is_date(kind):
        return DAY
    return False if pa.types.is_boolean(kind) else ""


@pytest.mark.parametrize("seed", [None, 1, 2])
def test_records_come_in_order_of_their_ids(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seed: int | None
) -> None:
    monkeypatch.setattr(records, "BATCH", 10)
    monkeypatch.setattr(records, "_ORDERED", 40)
    table = corpus(97)
    order = list(range(97))
    if seed is not None:
        random.Random(seed).shuffle(order)
    pq.write_table(table.take(pa.array(order)), tmp_path / "r.parquet", row_group_size=25)
    with mapped(tmp_path / "r.parquet") as found:
        assert found.table.equals(table)
        wanted = pa.array([0, 9, 10, 55, 96])
        assert rows_at(found.file, wanted.to_numpy()).equals(table.take(wanted))
    assert not found.file.exists()


def test_no_records_are_no_rows(tmp_path: Path) -> None:
    pq.write_table(RECORD.empty_table(), tmp_path / "r.parquet")
    with mapped(tmp_path / "r.parquet") as found:
        assert found.table.equals(RECORD.empty_table())


def test_what_is_no_parquet_is_told_and_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "r.parquet").write_bytes(b"PAR1 no")
    room = tmp_path / "room"
    room.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(room))
    with (
        pytest.raises(CuratedError, match="no records can be read"),
        mapped(tmp_path / "r.parquet"),
    ):
        pass
    with scratch() as folder:
        assert [path.stem for path in room.iterdir()] == [folder.name, folder.name]
