"""Related papers of a snapshot, from a notebook and the command line."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from typer.testing import CliRunner

import medsafe_harvest as mh
from medsafe_harvest.cli import app
from medsafe_harvest.curated import snapshot
from medsafe_harvest.errors import NotFoundError
from medsafe_harvest.schema import PAPER, RECORD, TABLES
from medsafe_harvest.topics.related import related

TITLES = ("Sepsis alerts on wards", "Sepsis alerts \x1b[31mfor nurses", "Lungs in graphs")
#: What the first two cite: one that the table has, and one that it has not.
KNOWN = "A retrospective study of early warning scores in thirty hospitals: what to expect"


@pytest.fixture
def data(tmp_path: Path) -> Path:
    blank: dict[str, Any] = {
        field.name: [] if pa.types.is_list(field.type) else None for field in PAPER
    }
    day = date(2026, 1, 1)
    blank |= {"withdrawn": False, "medical": True, "first_seen": day, "last_seen": day}
    rows = [
        blank | {"paper_id": f"mh{number}", "title": title, "arxiv_id": f"2401.0001{number}"}
        for number, title in enumerate(TITLES)
    ]
    rows[0]["cites"], rows[1]["cites"] = [11, 12], [11, 12, 13]
    papers = pa.Table.from_pylist(rows, PAPER)
    record: dict[str, Any] = {
        field.name: [] if pa.types.is_list(field.type) else None for field in RECORD
    }
    record |= {"record_id": "semantic_scholar:11", "corpus_id": 11, "title": KNOWN}
    record |= {"source": "semantic_scholar", "source_id": "11", "title_raw": KNOWN}
    record |= {"withdrawn": False, "first_seen": day, "last_seen": day}
    made = {name: schema.empty_table() for name, schema in TABLES.items()}
    made |= {"papers": papers, "related": related(papers)}
    made |= {"records": pa.Table.from_pylist([record], RECORD)}
    snapshot.write(tmp_path / "curated", made, {"as_of": "2026-11-20"}, keep=1)
    return tmp_path


def test_a_notebook_gets_the_nearest_with_their_titles(data: Path) -> None:
    frame = mh.related("arXiv:2401.00010v2", data / "curated")
    assert frame[["related_paper_id", "rank", "title"]].to_numpy().tolist() == [
        ["mh1", 1, TITLES[1]]
    ]
    named = "cites:A retrospective study of early warning scores in thirty\u2026"
    assert set(frame["terms"][0]) == {"sepsis", "alerts", named, "cites:12"}
    assert len(mh.related("mh0", data / "curated", limit=0)) == 0
    with pytest.raises(NotFoundError):
        mh.related("mh9", data / "curated")


def test_the_command_shows_them(data: Path) -> None:
    def run(*words: str) -> str:
        result = CliRunner().invoke(app, ["--data", str(data), "related", *words])
        assert result.exit_code == 0, result.output
        return result.stdout

    [row] = json.loads(run("mh0", "--json"))
    assert row["related_paper_id"] == "mh1"
    assert 0 < row["score"] < 1
    assert "mh1" in run("mh0")
    assert "\x1b" not in run("mh0")
    assert "no paper" in run("mh2")


def test_papers_without_a_table_are_compared_when_somebody_asks(data: Path) -> None:
    curated = data / "curated"
    there = snapshot.current(curated)
    papers, told = snapshot.read(there, "papers"), mh.related("mh0", curated)
    made = {name: schema.empty_table() for name, schema in TABLES.items()}
    made |= {"papers": papers, "records": snapshot.read(there, "records")}
    snapshot.write(curated, made, {"as_of": "2026-11-21"}, keep=2)
    assert snapshot.read(snapshot.current(curated), "related").num_rows == 0

    def run() -> tuple[str, list[dict[str, Any]]]:
        result = CliRunner().invoke(app, ["--data", str(data), "related", "mh0", "--json"])
        assert result.exit_code == 0, result.output
        return result.stderr, json.loads(result.stdout)

    first, rows = run()
    assert "reading 3 papers" in first
    assert rows == json.loads(told.to_json(orient="records"))
    again, rows = run()
    assert (again, rows[0]["related_paper_id"]) == ("", "mh1")
    assert len(mh.related("mh2", curated)) == 0
