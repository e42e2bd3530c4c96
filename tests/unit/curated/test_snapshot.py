"""A snapshot appears as a whole, says what it holds, and reads the same everywhere."""

from __future__ import annotations

import json
import shutil
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from filelock import FileLock

import medsafe_harvest as mh
from medsafe_harvest.curated import snapshot
from medsafe_harvest.errors import BusyError, CuratedError
from medsafe_harvest.schema import PAPER, TABLES

ABOUT = {"as_of": "2026-11-20"}


def paper(number: int) -> dict[str, Any]:
    row: dict[str, Any] = {
        field.name: [] if pa.types.is_list(field.type) else None for field in PAPER
    }
    tag = {"facet": "trust", "topic": "fairness", "score": 0.9, "rule": "fairness.phrases"}
    author = {"name": "Jane Doe", "given": "Jane", "family": "Doe", "suffix": None}
    return row | {
        "paper_id": f"mh{number}",
        "title": f"Title {number}",
        "authors": [author],
        "published": date(2024, 1, 2) if number % 2 else None,
        "year": 2024 if number % 2 else None,
        "citation_count": number if number % 2 else None,
        "medical": True,
        "topics": ["fairness", "mri"],
        "tags": [{**tag, "field": "title", "text": "fair", "start": 3}],
        "withdrawn": False,
        "first_seen": date(2026, 1, 1),
        "last_seen": date(2026, 1, 2),
    }


def tables(papers: int) -> dict[str, pa.Table]:
    empty = {name: schema.empty_table() for name, schema in TABLES.items()}
    rows = [paper(number) for number in range(papers)]
    return empty | {"papers": pa.Table.from_pylist(rows, schema=PAPER)}


def test_the_same_tables_give_the_same_folder_and_bytes(tmp_path: Path) -> None:
    one = snapshot.write(tmp_path / "a", tables(3), ABOUT, keep=3)
    two = snapshot.write(tmp_path / "b", tables(3), ABOUT, keep=3)
    assert one.name == two.name
    assert {path.name: path.read_bytes() for path in one.iterdir()} == {
        path.name: path.read_bytes() for path in two.iterdir()
    }


def test_writing_again_moves_the_current_snapshot_and_keeps_as_many_as_asked(
    tmp_path: Path,
) -> None:
    written = [snapshot.write(tmp_path, tables(count), ABOUT, keep=2) for count in (1, 2, 3)]
    assert snapshot.current(tmp_path) == written[-1].resolve()
    assert not written[0].exists()
    assert written[1].exists()
    assert pq.read_table(tmp_path / "papers.parquet").num_rows == 3


def test_going_back_to_older_content_makes_it_current_again(tmp_path: Path) -> None:
    first = snapshot.write(tmp_path, tables(1), ABOUT, keep=3)
    snapshot.write(tmp_path, tables(2), ABOUT, keep=3)
    assert snapshot.write(tmp_path, tables(1), ABOUT, keep=3) == first
    assert snapshot.current(tmp_path) == first.resolve()


def test_a_failed_write_leaves_the_current_snapshot(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = snapshot.write(tmp_path, tables(1), ABOUT, keep=3)

    def full_disk(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(pq.ParquetWriter, "write_table", full_disk)
    with pytest.raises(CuratedError, match="snapshot there is unchanged"):
        snapshot.write(tmp_path, tables(2), ABOUT, keep=3)
    assert snapshot.current(tmp_path) == before.resolve()
    assert snapshot.verify(before) == []
    assert names_in(tmp_path / "snapshots") == [".lock", before.name]


def names_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_leftovers_of_a_killed_run_are_removed(tmp_path: Path) -> None:
    (tmp_path / "snapshots/.writing-99999999").mkdir(parents=True)
    written = snapshot.write(tmp_path, tables(1), ABOUT, keep=3)
    assert names_in(tmp_path / "snapshots") == [".lock", written.name]


def test_who_writes_at_the_same_time_waits_and_then_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(snapshot, "_PATIENCE", 0.1)
    before = snapshot.write(tmp_path, tables(1), ABOUT, keep=1)
    other = tmp_path / "snapshots/.writing-99999999"
    with FileLock(tmp_path / "snapshots/.lock"):
        other.mkdir()
        with pytest.raises(BusyError, match="another process writes to"):
            snapshot.write(tmp_path, tables(2), ABOUT, keep=1)
    assert other.exists()
    assert snapshot.current(tmp_path) == before.resolve()


def test_a_folder_copied_with_its_links_followed_can_be_written_again(tmp_path: Path) -> None:
    snapshot.write(tmp_path / "one", tables(1), ABOUT, keep=3)
    shutil.copytree(tmp_path / "one", tmp_path / "two")
    written = snapshot.write(tmp_path / "two", tables(2), ABOUT, keep=3)
    assert snapshot.current(tmp_path / "two") == written.resolve()


def test_damage_is_found_and_rewriting_repairs_it(tmp_path: Path) -> None:
    written = snapshot.write(tmp_path, tables(2), ABOUT, keep=3)
    (written / "records.parquet").write_bytes(b"PAR1")
    (written / "relations.parquet").unlink()
    assert len(snapshot.verify(written)) == 2
    snapshot.write(tmp_path, tables(2), ABOUT, keep=3)
    assert snapshot.verify(written) == []


def test_a_column_of_another_type_is_refused(tmp_path: Path) -> None:
    wrong = tables(1) | {"papers": tables(1)["papers"].drop_columns(["title"])}
    with pytest.raises(ValueError, match="title"):
        snapshot.write(tmp_path, wrong, ABOUT, keep=3)


def test_a_snapshot_of_a_later_schema_is_not_guessed_at(tmp_path: Path) -> None:
    written = snapshot.write(tmp_path, tables(1), ABOUT, keep=3)
    manifest = json.loads((written / "manifest.json").read_text())
    (written / "manifest.json").write_text(json.dumps(manifest | {"schema_version": 99}))
    with pytest.raises(CuratedError, match="upgrade"):
        snapshot.read(written, "papers")


def test_a_column_that_an_earlier_version_did_not_write_is_asked_for_by_name(
    tmp_path: Path,
) -> None:
    written = snapshot.write(tmp_path, tables(1), ABOUT, keep=3)
    manifest = json.loads((written / "manifest.json").read_text())
    (written / "manifest.json").write_text(json.dumps(manifest | {"schema_version": 1}))
    papers = pq.read_table(written / "papers.parquet").drop_columns(["links"])
    pq.write_table(papers, written / "papers.parquet")
    assert snapshot.read(written, "papers", ["paper_id"]).num_rows
    with pytest.raises(CuratedError, match=r"no column links.*medsafe-harvest rebuild"):
        snapshot.read(written, "papers")


def test_a_missing_snapshot_says_what_to_run(tmp_path: Path) -> None:
    with pytest.raises(CuratedError, match="medsafe-harvest harvest"):
        snapshot.current(tmp_path)
    with pytest.raises(CuratedError, match="medsafe-harvest harvest"):
        mh.load_papers(tmp_path)


def test_a_notebook_gets_lists_dates_and_whole_numbers(tmp_path: Path) -> None:
    snapshot.write(tmp_path / "data/curated", tables(4), ABOUT, keep=3)
    frame = mh.load_papers(tmp_path / "data/curated")
    assert frame["topics"][0] == ["fairness", "mri"]
    assert frame["tags"][0][0]["topic"] == "fairness"
    assert frame["authors"][0][0]["family"] == "Doe"
    assert frame["published"][1] == pd.Timestamp("2024-01-02")
    assert pd.isna(frame["published"][0])
    assert str(frame["year"].dtype) == "Int32"
    assert str(frame["open_access"].dtype) == "boolean"
    assert list(frame.columns) == PAPER.names
    assert list(mh.load_papers(tmp_path / "data/curated", columns=["year", "title"])) == [
        "year",
        "title",
    ]


def test_a_notebook_in_a_subfolder_finds_the_data(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    snapshot.write(tmp_path / "data/curated", tables(2), ABOUT, keep=3)
    (tmp_path / "notebooks/deep").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "notebooks/deep")
    assert len(mh.load_papers()) == 2
    assert len(mh.load_records()) == 0


def test_pandas_duckdb_and_polars_open_the_same_file(tmp_path: Path) -> None:
    snapshot.write(tmp_path, tables(5), ABOUT, keep=3)
    file = str(tmp_path / "papers.parquet")
    assert len(pd.read_parquet(file)) == 5
    assert pl.read_parquet(file)["topics"].to_list()[0] == ["fairness", "mri"]
    with duckdb.connect() as database:
        query = f"select count(*) from '{file}' where list_contains(topics, 'mri')"
        assert database.execute(query).fetchall() == [(5,)]
