"""``curate`` on this machine; ``spark/`` has it on a cluster."""

from __future__ import annotations

import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.integration.conftest import Project


def test_records_alone_give_the_tables_of_the_harvest(harvested: Project, tmp_path: Path) -> None:
    there = harvested.data / "curated/current"
    result = harvested.run(
        "curate", "--records", str(there / "records.parquet"), "--out", str(tmp_path), "--json"
    )
    assert result.exit_code == 0, result.output
    made = Path(json.loads(result.stdout)["snapshot"])
    for name in ("papers", "records", "decisions", "relations"):
        assert (made / f"{name}.parquet").read_bytes() == (there / f"{name}.parquet").read_bytes()


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ((), "needs --out"),
        (("--out", "x", "--master", "local[1]"), "need --engine spark"),
        (("--engine", "spark"), "needs --lake"),
        (("--engine", "spark", "--lake", "x", "--conf", "spark.executor.memory"), "KEY=VALUE"),
    ],
)
def test_options_that_do_not_go_together_are_refused_before_any_work(
    harvested: Project, options: tuple[str, ...], words: str
) -> None:
    result = harvested.run("curate", "--records", "none.parquet", *options)
    assert result.exit_code == 2
    assert words in result.output


def test_records_that_are_none_of_this_version_are_an_error(
    harvested: Project, tmp_path: Path
) -> None:
    path = tmp_path / "records.parquet"
    there = pq.read_table(harvested.data / "curated/records.parquet")
    wrong = [
        (there.drop_columns(["doi", "title"]), "no title, doi"),
        (pa.concat_tables([there, there.slice(0, 1)]), "more than once"),
    ]
    for table, words in wrong:
        pq.write_table(table, path)
        result = harvested.run("curate", "--records", str(path), "--out", str(tmp_path / "out"))
        assert words in str(result.exception)
        assert not (tmp_path / "out").exists()
