"""``curate`` on this machine; ``spark/`` has it on a cluster."""

from __future__ import annotations

import json
import re
from contextlib import AbstractContextManager
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

import medsafe_harvest as mh
from medsafe_harvest.cli.curate_engines import as_uri
from medsafe_harvest.curated import redirects
from medsafe_harvest.engines import pool
from medsafe_harvest.errors import EngineError
from medsafe_harvest.schema import TABLES
from tests.integration.conftest import Project


def test_records_alone_give_the_tables_of_the_harvest(harvested: Project, tmp_path: Path) -> None:
    there, out = harvested.data / "curated/current", tmp_path / "again"
    result = harvested.run(
        "curate", "--records", str(there / "records.parquet"), "--out", str(out), "--json"
    )
    assert result.exit_code == 0, result.output
    answer = json.loads(result.stdout)
    made = Path(answer["snapshot"])
    for name in TABLES:
        assert (made / f"{name}.parquet").read_bytes() == (there / f"{name}.parquet").read_bytes()
    assert answer["rows"]["related"] > 0
    assert not (out / redirects.FILE).exists()


def test_a_profile_has_rows_for_each_stage(harvested: Project, tmp_path: Path) -> None:
    records = harvested.data / "curated/records.parquet"
    result = harvested.run(
        "curate", "--records", str(records), "--out", str(tmp_path / "o"), "--profile", "--json"
    )
    answer = json.loads(result.stdout)
    rows = {stage["stage"]: stage["rows"] for stage in answer["profile"]["stages"]}
    assert None not in rows.values()
    assert rows["read"] == pq.read_metadata(records).num_rows
    assert rows["write"] == sum(answer["rows"].values())


def test_blocks_too_large_for_all_their_pairs_are_told(harvested: Project, tmp_path: Path) -> None:
    records = pq.read_table(harvested.data / "curated/records.parquet")
    [one] = records.slice(0, 1).to_pylist()
    copies = [one | {"record_id": f"arxiv:x{n:03d}", "source_id": f"x{n:03d}"} for n in range(80)]
    path = tmp_path / "records.parquet"
    pq.write_table(pa.Table.from_pylist(copies, records.schema), path)
    result = harvested.run("curate", "--records", str(path), "--out", str(tmp_path / "out"))
    assert re.search(r"too large to compare every pair: [1-9]", result.output)


def test_ids_of_the_snapshot_before_lead_to_the_papers_of_today(
    harvested: Project, tmp_path: Path
) -> None:
    records = pq.read_table(harvested.data / "curated/records.parquet")
    papers = pq.read_table(harvested.data / "curated/papers.parquet").to_pylist()
    merged = next(row for row in papers if len(row["record_ids"]) == 2)
    path, out = tmp_path / "records.parquet", tmp_path / "out"
    apart = records.filter(pc.not_equal(records["record_id"], merged["record_ids"][0]))
    for table in (apart, records):
        pq.write_table(table, path)
        result = harvested.run("curate", "--records", str(path), "--out", str(out))
        assert result.exit_code == 0, result.output
    assert "paper ids: 1 changed" in result.output
    (entry,) = redirects.read(out)
    assert entry.change.to == (merged["paper_id"],)
    assert mh.resolve(entry.change.former, out) == merged["paper_id"]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ((), "needs --out"),
        (("--out", "x", "--master", "local[1]"), "need --engine spark"),
        (("--out", "x", "--overwrite"), "need --engine spark"),
        (("--engine", "spark"), "needs --lake"),
        (("--engine", "spark", "--lake", "x", "--conf", "spark.executor.memory"), "KEY=VALUE"),
        (("--engine", "spark", "--lake", "x", "--threads", "2"), "need --engine duckdb"),
        (("--out", "x", "--memory-limit", "much"), "'much' is no number above 0"),
        (("--out", "x", "--memory-limit", "0GB"), "'0GB' is no number above 0"),
        (("--out", "x", "--threads", "0"), "Invalid value"),
    ],
)
def test_options_that_do_not_go_together_are_refused_before_any_work(
    harvested: Project, options: tuple[str, ...], words: str
) -> None:
    result = harvested.run("curate", "--records", "none.parquet", *options)
    assert result.exit_code == 2
    assert words in result.output


@pytest.mark.parametrize(
    "uri", ["s3a://bucket/x", "hdfs:///x", "hdfs:/x", "dbfs:/Volumes/a/x", "file:/x"]
)
def test_a_uri_stays_as_it_is(uri: str) -> None:
    assert as_uri(uri) == uri


@pytest.mark.parametrize("path", ["x", "./of:/x", "C:/x", "a b", "é 100%"])
def test_a_path_becomes_a_uri(path: str) -> None:
    assert as_uri(path) == f"file://{Path.cwd()}/{path.removeprefix('./')}"


def test_a_path_that_spark_takes_for_a_pattern_is_refused() -> None:
    with pytest.raises(EngineError, match=r"a\[1\]: Spark takes \[ for a pattern"):
        as_uri("a[1]")


def test_no_records_take_the_place_of_no_snapshot(harvested: Project, tmp_path: Path) -> None:
    path, out = tmp_path / "records.parquet", tmp_path / "out"
    there = pq.read_table(harvested.data / "curated/records.parquet")
    for rows in (there, there.slice(0, 0)):
        pq.write_table(rows, path)
        result = harvested.run("curate", "--records", str(path), "--out", str(out))
    assert "records.parquet holds no record, so the snapshot in" in str(result.exception)
    assert pq.read_table(out / "records.parquet").num_rows == len(there)


def test_records_that_are_none_of_this_version_are_an_error(
    harvested: Project, tmp_path: Path
) -> None:
    path = tmp_path / "records.parquet"
    there = pq.read_table(harvested.data / "curated/records.parquet")
    wrong = [
        (there.drop_columns(["doi", "title"]), "no title, doi"),
        (pa.concat_tables([there, there.slice(0, 1)]), "more than once"),
    ]
    missing = harvested.run("curate", "--records", "none.parquet", "--out", str(tmp_path / "out"))
    assert "there is no none.parquet: --records is a Parquet file" in str(missing.exception)
    for table, words in wrong:
        pq.write_table(table, path)
        result = harvested.run("curate", "--records", str(path), "--out", str(tmp_path / "out"))
        assert words in str(result.exception)
        assert not (tmp_path / "out").exists()


def test_records_in_any_order_and_batches_give_the_same_tables(
    harvested: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("medsafe_harvest.engines.records._BATCH", 50)
    there, path = harvested.data / "curated/current", tmp_path / "records.parquet"
    records = pq.read_table(there / "records.parquet")
    pq.write_table(records.take(pa.array(range(len(records) - 1, -1, -1))), path)
    result = harvested.run("curate", "--records", str(path), "--out", str(tmp_path / "o"))
    assert result.exit_code == 0, result.output
    for name in TABLES:
        made = tmp_path / "o" / f"{name}.parquet"
        assert made.read_bytes() == (there / f"{name}.parquet").read_bytes()


def test_a_limit_that_is_too_small_says_what_to_change(
    harvested: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("medsafe_harvest.engines.database._LEAST", 1000)
    path, out = tmp_path / "records.parquet", tmp_path / "out"
    records = pq.read_table(harvested.data / "curated/records.parquet")
    pq.write_table(records.take(pa.array(range(len(records) - 1, -1, -1))), path)
    result = harvested.run(
        "curate", "--records", str(path), "--out", str(out), "--memory-limit", "1KB"
    )
    assert isinstance(result.exception, EngineError)
    assert "memory limit of 1KB (curate.memory_limit" in str(result.exception)
    assert not out.exists()


def test_threads_are_those_that_are_wanted(
    harvested: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wanted: list[int | None] = []
    real = pool.pool

    def seen(workers: int | None, rows: int) -> AbstractContextManager[pool.Pool]:
        wanted.append(workers)
        return real(workers, rows)

    monkeypatch.setattr("medsafe_harvest.engines.duckdb.pool", seen)
    path = harvested.data / "curated/records.parquet"
    harvested.run(
        "curate", "--records", str(path), "--out", str(tmp_path / "out"), "--threads", "3"
    )
    assert wanted == [3]
