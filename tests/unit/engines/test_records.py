"""Records that are mapped from a file: the same rows in the same order, however they lay."""

from __future__ import annotations

import errno
import random
from datetime import date
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from medsafe_harvest.engines import records
from medsafe_harvest.engines.records import mapped
from medsafe_harvest.errors import CuratedError, EngineError
from medsafe_harvest.schema import AUTHOR, RECORD

DAY, LIMIT = date(2026, 1, 2), "200MB"


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
    monkeypatch.setattr(records, "_BATCH", 10)
    table = corpus(97)
    order = list(range(97))
    if seed is not None:
        random.Random(seed).shuffle(order)
    pq.write_table(table.take(pa.array(order)), tmp_path / "r.parquet", row_group_size=25)
    with mapped(tmp_path / "r.parquet", LIMIT) as found:
        assert found.equals(table)


def test_a_folder_is_no_file_of_records(tmp_path: Path) -> None:
    with pytest.raises(CuratedError, match="is a folder: on this machine"), mapped(tmp_path, LIMIT):
        pass


def test_no_records_are_no_rows(tmp_path: Path) -> None:
    pq.write_table(RECORD.empty_table(), tmp_path / "r.parquet")
    with mapped(tmp_path / "r.parquet", LIMIT) as found:
        assert found.equals(RECORD.empty_table())


def lacking(name: str, order: list[int]) -> pa.Table:
    """Records, of which one is without a value where one is needed."""
    fields = [field.with_nullable(True) for field in RECORD]
    rows = corpus(3).to_pylist()
    rows[1] |= {name: None}
    return pa.Table.from_pylist([rows[place] for place in order], schema=pa.schema(fields))


@pytest.mark.parametrize("order", [[0, 1, 2], [2, 1, 0]])
def test_what_holds_no_records_is_told_and_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, order: list[int]
) -> None:
    room, path = tmp_path / "room", tmp_path / "r.parquet"
    room.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(room))
    path.write_bytes(b"PAR1 no")
    with pytest.raises(CuratedError, match="no records can be read"), mapped(path, LIMIT):
        pass
    for name in ("record_id", "title"):
        pq.write_table(lacking(name, order), path)
        told = pytest.raises(CuratedError, match=f"no records can be read.*{name}")
        with told, mapped(path, LIMIT):
            pass
    assert list(room.iterdir()) == []


@pytest.mark.parametrize("order", [[0, 1, 2], [2, 1, 0]])
@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("categories", [None], "an item of categories is null in 1 rows"),
        ("authors", [None], "an item of authors is null in 1 rows"),
        ("authors", [{"name": None}], "'name' of type string has nulls"),
        ("title", None, "title"),
    ],
)
def test_what_is_null_and_may_not_be_is_told_in_a_line(
    tmp_path: Path, order: list[int], name: str, value: object, words: str
) -> None:
    rows = corpus(3).to_pylist()
    rows[1] |= {name: value}
    loose = pa.list_(pa.struct([field.with_nullable(True) for field in AUTHOR]))
    nameless = value == [{"name": None}]
    fields = [
        pa.field(one.name, loose if nameless and one.name == name else one.type) for one in RECORD
    ]
    table = pa.Table.from_pylist([rows[place] for place in order], schema=pa.schema(fields))
    pq.write_table(table, tmp_path / "r.parquet")
    with pytest.raises(CuratedError, match=words) as told, mapped(tmp_path / "r.parquet", LIMIT):
        pass
    assert "\n" not in str(told.value)
    assert "Traceback" not in str(told.value)


def test_a_name_that_no_file_can_have_is_told(tmp_path: Path) -> None:
    path = tmp_path / ("r" * 300)
    with pytest.raises(CuratedError, match="no records can be read"), mapped(path, LIMIT):
        pass


@pytest.mark.parametrize("order", [[0, 1], [1, 0]])
def test_a_full_disk_is_told_as_such(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, order: list[int]
) -> None:
    pq.write_table(corpus(2).take(pa.array(order)), tmp_path / "r.parquet")

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(records, "save", full)
    told = pytest.raises(EngineError, match="let TMPDIR name a folder on a larger disk")
    with told, mapped(tmp_path / "r.parquet", LIMIT):
        pass
