"""A curator's way through doubtful pairs, from the terminal to the table and beyond."""

from __future__ import annotations

import csv
import datetime as dt
import io
import os
import pty
import select
import subprocess
import termios
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml

from medsafe_harvest import loopback
from medsafe_harvest.cli.context import Workplace
from medsafe_harvest.cli.review_walk import walk
from medsafe_harvest.curated import snapshot
from medsafe_harvest.errors import ConfigError
from medsafe_harvest.overrides_file import OverridesFile
from medsafe_harvest.review import Choice, Papers, pairs
from medsafe_harvest.review_session import Session
from medsafe_harvest.schema import PAPER, RECORD, TABLES

from .conftest import COMMAND, ROOT, Project, make_project

DAY = dt.date(2026, 11, 21)


def row(schema: pa.Schema, **fields: Any) -> dict[str, Any]:
    empty: dict[str, Any] = {
        field.name: [] if pa.types.is_list(field.type) else None for field in schema
    }
    seen = {"first_seen": DAY, "last_seen": DAY, "withdrawn": False}
    return {**empty, **seen, **fields}


def record(record_id: str, title: str, year: int, **fields: Any) -> dict[str, Any]:
    author = {"name": "Jane Doe", "given": "Jane", "family": "Doe", "suffix": None}
    source, _, source_id = record_id.partition(":")
    named = {"record_id": record_id, "source": source, "source_id": source_id}
    return row(RECORD, **named, title=title, title_raw=title, authors=[author], year=year, **fields)


def doubt(left: str, right: str, score: float, outcome: str = "review") -> dict[str, Any]:
    said = {"outcome": outcome, "reason": "not_enough_evidence", "score": score}
    return {**said, "left": left, "right": right, "title_similarity": 0.9, "keys": ["title"]} | {
        "detail": "titles similar"
    }


def store(
    project: Project,
    records: list[dict[str, Any]],
    papers: list[list[str]],
    decisions: list[dict[str, Any]],
) -> None:
    """Put a table in place: these records in these papers."""
    rows = {
        "records": records,
        "papers": [
            row(PAPER, paper_id=ids[0], title=ids[0], medical=True, record_ids=ids)
            for ids in papers
        ],
        "decisions": decisions,
    }
    tables = {
        name: pa.Table.from_pylist(rows.get(name, []), schema=TABLES[name]) for name in TABLES
    }
    snapshot.write(project.data / "curated", tables, {"as_of": "2026-11-21"}, keep=1)


@pytest.fixture
def doubtful(tmp_path: Path) -> Project:
    """A project whose table holds four records in two papers and two single ones; two doubts."""
    project = Project(tmp_path)
    project.config.mkdir()
    (project.config / "overrides.yaml").write_bytes((ROOT / "config/overrides.yaml").read_bytes())
    records = [
        record("arxiv:1", "Fair segmentation of the heart", 2023),
        record("arxiv:2", "Calibrated forecasts of \x1b[31msepsis", 2024),
        record("s2:1", "Fair segmentation of hearts", 2024),
        record("s2:2", "Calibrated forecasts of sepsis, again", 2024),
    ]
    decisions = [doubt("arxiv:1", "s2:1", 0.6), doubt("arxiv:2", "s2:2", 0.7)]
    store(project, records, [[one["record_id"]] for one in records], decisions)
    return project


@pytest.mark.parametrize(
    ("typed", "written"),
    [(("y", "s"), 0), (("y", "y", "Seen."), 1), (("y", "\x03"), 0), (("n", ""), 1)],
)
def test_an_answer_that_takes_a_paper_apart_says_so_and_is_asked_for_twice(
    doubtful: Project,
    typed: Iterable[str],
    written: int,
    capsys: pytest.CaptureFixture[str],
) -> None:
    records = [
        record("arxiv:1", "Fair hearts", 2023, arxiv_id="1"),
        record("arxiv:2", "Fair lungs", 2023, arxiv_id="2"),
        record("s2:1", "Fair hearts", 2023),
    ]
    decisions = [doubt("arxiv:1", "s2:1", 0.95, "match"), doubt("arxiv:2", "s2:1", 0.6)]
    store(doubtful, records, [["arxiv:1", "s2:1"], ["arxiv:2"]], decisions)
    session = review(doubtful, Typist(*typed))
    shown, told = capsys.readouterr()
    assert "y takes s2:1 out of the paper of arxiv:1 (arXiv ids 1 and 2 are two papers)" in shown
    assert "then: arxiv:1 | arxiv:2, s2:1" in shown
    assert "n: two papers, as now" in shown
    assert ("y again to answer so" in told) is ("y" in typed)
    assert len(session.answered) == written


def test_a_table_with_answers_is_not_written_over(doubtful: Project) -> None:
    table = doubtful.folder / "pairs.csv"
    filled = "left,right,answer\narxiv:1,s2:1,y\narxiv:2,s2:2,\n"
    table.write_text(filled, encoding="utf-8")
    refused = str(doubtful.run("review", "--export", str(table)).exception)
    assert f"{table}: holds 1 answer not imported" in refused
    assert "import it first, or name another file" in refused
    assert table.read_text(encoding="utf-8") == filled
    assert doubtful.run("review", "--import", str(table), "--who", "Me").exit_code == 0
    assert doubtful.run("review", "--export", str(table)).exit_code == 0
    notes = doubtful.folder / "notes.txt"
    notes.write_text("not a table\n", encoding="utf-8")
    assert "name another file" in str(doubtful.run("review", "--export", str(notes)).exception)
    assert notes.read_text(encoding="utf-8") == "not a table\n"


def test_a_file_that_is_not_there_is_told_in_plain_words(doubtful: Project) -> None:
    missing = doubtful.run("review", "--import", "nowhere.csv", "--who", "Me")
    assert str(missing.exception) == "nowhere.csv: there is no such file"


class Typist:
    """Types keys; a line is what follows a key that asks for one."""

    def __init__(self, *typed: str) -> None:
        self._typed: Iterator[str] = iter(typed)
        self.prompts: list[str] = []

    def key(self) -> str:
        try:
            return next(self._typed)
        except StopIteration:
            raise EOFError from None

    def line(self, prompt: str) -> str:
        self.prompts.append(prompt)
        typed = self.key()
        if typed == "\x03":
            raise KeyboardInterrupt
        return typed


def review(project: Project, typist: Typist) -> Session:
    place = Workplace(project.config, project.data)
    folder = snapshot.current(place.curated)
    file = OverridesFile(project.config / "overrides.yaml")
    papers = Papers(snapshot.read(folder, "papers")["record_ids"].to_pylist())
    session = Session(pairs(snapshot.read(folder, "decisions"), Choice()), file, papers)
    memory = project.data / "skipped"
    walk(folder, session, typist, memory=memory, who="A. Curator", today=lambda: DAY)
    return session


def overrides(project: Project) -> dict[str, list[dict[str, Any]]]:
    read: dict[str, Any] = yaml.safe_load((project.config / "overrides.yaml").read_text("utf-8"))
    return read


def test_a_walk_shows_both_sides_and_writes_who_when_and_why(
    doubtful: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    typist = Typist("x", "?", "y", "", "n", "Another trial.", "s")
    review(doubtful, typist)
    shown, told = capsys.readouterr()
    assert "1 of 2" in shown
    assert "Fair segmentation of hearts" in shown
    assert "titles" in shown
    assert "y: one paper of 2 records" in shown
    assert "two records that share a key" in shown
    assert "\x1b[31m" not in shown
    assert "2 answered (1 same, 1 different)" in told
    [must], [cannot] = overrides(doubtful)["must_link"], overrides(doubtful)["cannot_link"]
    assert must["why"] in typist.prompts[0]
    assert must["why"].startswith("Same paper")
    assert cannot == {
        "left": "arxiv:2",
        "right": "s2:2",
        "who": "A. Curator",
        "when": DAY,
        "why": "Another trial.",
    }
    assert (doubtful.config / "overrides.yaml").read_text("utf-8").startswith("# Decisions of")


@pytest.mark.parametrize(
    ("typed", "must", "skipped"),
    [
        (("y", "", "u", "q"), 0, 0),
        (("y", "", "s", "u", "u", "u", "y", "", "q", "y", ""), 1, 0),
        (("y", "\x03", "s", "y", "ok"), 1, 1),
        (("s",), 0, 1),
        (("y",), 0, 0),
    ],
    ids=["undone", "undone-twice", "why-cancelled", "end-of-input", "end-at-why"],
)
def test_a_walk_can_be_undone_and_left_anywhere(
    doubtful: Project, typed: Iterable[str], must: int, skipped: int
) -> None:
    session = review(doubtful, Typist(*typed))
    assert len(overrides(doubtful)["must_link"]) == must == len(session.answered)
    assert len(session.skipped) == skipped


def test_without_a_terminal_the_way_through_csv_is_named(doubtful: Project) -> None:
    result = doubtful.run("review")
    assert result.exit_code == 2
    assert "--export" in result.output


def test_pairs_go_out_as_csv_and_answers_come_back(doubtful: Project) -> None:
    table = doubtful.folder / "pairs.csv"
    assert doubtful.run("review", "--export", str(table)).exit_code == 0
    assert table.read_bytes().startswith(b"\xef\xbb\xbfleft,right,")
    printed = doubtful.run("review", "--export", "-").stdout
    assert printed == table.read_bytes().decode("utf-8-sig")
    rows = list(csv.DictReader(io.StringIO(printed, newline="")))
    rows[0]["answer"], rows[1]["answer"] = "y", "maybe"
    before = (doubtful.config / "overrides.yaml").read_bytes()

    def bring_back(*options: str) -> Any:
        with table.open("w", encoding="utf-8", newline="") as out:
            writer = csv.DictWriter(out, rows[0])
            writer.writeheader()
            writer.writerows(rows)
        return doubtful.run("review", "--import", str(table), "--who", "Me", *options)

    refused = bring_back()
    assert isinstance(refused.exception, ConfigError)
    assert f"{table}:3: the answer 'maybe'" in str(refused.exception)
    rows[1]["answer"] = "n"
    assert "would write: 2 (1 same, 1 different)" in bring_back("--dry-run").output
    assert (doubtful.config / "overrides.yaml").read_bytes() == before
    assert "written: 2 (1 same, 1 different)" in bring_back().output
    written = (doubtful.config / "overrides.yaml").read_bytes()
    assert overrides(doubtful)["must_link"][0]["who"] == "Me"
    assert "written: 0 (0 same, 0 different); 2 were there" in bring_back().output
    assert (doubtful.config / "overrides.yaml").read_bytes() == written
    rows[0]["answer"] = "n"
    assert "contradicts must_link arxiv:1 and s2:1" in str(bring_back().exception)
    assert doubtful.run("review", "--export", "-").stdout.count("\n") == 1


def test_unknown_reasons_and_unknown_records_are_told(doubtful: Project) -> None:
    wrong = doubtful.run("review", "--export", "-", "--reason", "doubt")
    assert wrong.exit_code == 2
    assert "not_enough_evidence" in wrong.output
    table = doubtful.folder / "pairs.csv"
    table.write_text("left,right,answer\narxiv:1,s2:77,y\n", encoding="utf-8")
    before = (doubtful.config / "overrides.yaml").read_bytes()
    for dry_run in (["--dry-run"], []):
        told = doubtful.run("review", "--import", str(table), "--who", "Me", *dry_run).output
        warned, line = told.index(f"{table}:2: the table lacks s2:77"), told.index("must_link")
        assert warned < line
        assert ((doubtful.config / "overrides.yaml").read_bytes() == before) is bool(dry_run)


def test_answers_that_disagree_about_two_papers_are_told(doubtful: Project) -> None:
    records = [record(one, "Fair hearts", 2023) for one in ("arxiv:1", "s2:1", "s2:2")]
    store(doubtful, records, [["arxiv:1"], ["s2:1", "s2:2"]], [])
    table = doubtful.folder / "pairs.csv"
    table.write_text("left,right,answer\narxiv:1,s2:1,n\narxiv:1,s2:2,y\n", encoding="utf-8")
    told = doubtful.run("review", "--import", str(table), "--who", "Me", "--dry-run").output
    assert f"{table}:3: says the opposite of arxiv:1 and s2:1 (Me, " in told
    assert f"{table}:2: " not in told


@pytest.mark.parametrize("keys", [b"y", b"y\r"], ids=["key", "key and Enter at once"])
def test_a_key_on_a_real_terminal_is_an_answer(doubtful: Project, keys: bytes) -> None:
    ours, theirs = pty.openpty()
    command = [*COMMAND, "--config", str(doubtful.config), "--data", str(doubtful.data), "review"]
    environment = {**os.environ, "COLUMNS": "100", "TERM": "xterm"}
    with subprocess.Popen(
        [*command, "--who", "Me"], stdin=theirs, stdout=theirs, stderr=theirs, env=environment
    ) as process:
        os.close(theirs)
        press(ours, keys)
        read_until(ours, b"why?")
        os.write(ours, b"Seen.\r")
        press(ours, b"q")
        shown = read_until(ours, b"to apply")
        assert process.wait() == 0
    os.close(ours)
    assert b"1 answered (1 same, 0 different)" in shown
    assert overrides(doubtful)["must_link"][0]["why"] == "Seen."


def press(terminal: int, key: bytes) -> None:
    """Press a key when it is awaited: what is typed before is dropped."""
    read_until(terminal, b"? help")
    while termios.tcgetattr(terminal)[3] & termios.ICANON:
        os.sched_yield()
    os.write(terminal, key)


def read_until(terminal: int, words: bytes) -> bytes:
    shown = b""
    while words not in shown:
        ready, _, _ = select.select([terminal], [], [], 60)
        assert ready, shown
        shown += os.read(terminal, 4096)
    return shown


def clusters(project: Project) -> list[set[str]]:
    papers = pq.read_table(project.data / "curated/papers.parquet")
    return [set(ids) for ids in papers["record_ids"].to_pylist()]


def test_an_answer_holds_from_the_next_rebuild_on(
    services: loopback.Services, tmp_path: Path
) -> None:
    project = make_project(tmp_path, services, queries=["federated-learning"])
    assert project.run("harvest").exit_code == 0
    exported = project.run("review", "--matches", "--export", "-").stdout
    first = next(csv.DictReader(io.StringIO(exported, newline="")))
    pair = {first["left"], first["right"]}
    assert any(pair <= cluster for cluster in clusters(project))
    table = tmp_path / "pairs.csv"
    table.write_text(f"left,right,answer\n{first['left']},{first['right']},n\n", encoding="utf-8")
    applied = project.run("review", "--import", str(table), "--who", "Me", "--rebuild")
    assert applied.exit_code == 0, applied.output
    parted = clusters(project)
    assert not any(pair <= cluster for cluster in parted)
    assert project.run("rebuild").exit_code == 0
    assert clusters(project) == parted
    asked = project.run("review", "--matches", "--near", "--export", "-").stdout
    assert f"{first['left']},{first['right']}," not in asked
