"""``export`` and ``cite`` on harvested papers, and the examples of their how-to."""

from __future__ import annotations

import csv
import functools
import io
import json
import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pyarrow.parquet as pq
import pytest
import rispy
from bibtexparser.entrypoint import parse_string

from medsafe_harvest.config import load_config
from tests.integration.conftest import ROOT, Project

GUIDE = (ROOT / "docs/how-to/references.md").read_text(encoding="utf-8")


@pytest.fixture(scope="module", autouse=True)
def _config_is_read_once() -> Iterator[None]:
    """Reading the configuration takes most of the time of these commands."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("medsafe_harvest.cli.context.load_config", functools.cache(load_config))
        yield


def run(project: Project, *words: str) -> str:
    result = project.run(*words)
    assert result.exit_code == 0, result.output
    return result.stdout


@pytest.mark.parametrize(
    ("given", "condition"),
    [
        (["--since", "2024"], "published >= '2024-01-01'"),
        (["--since", "2024-05", "--until", "2025"], "published between '2024-05' and '2025'"),
        (["--topic", "privacy", "--query", "privacy"], "topic = 'privacy' and query = 'privacy'"),
    ],
)
def test_the_options_say_what_a_condition_says(
    harvested: Project, given: list[str], condition: str
) -> None:
    columns = ("export", "jsonl", "--columns", "paper_id,published")
    chosen = [json.loads(line) for line in run(harvested, *columns, *given).splitlines()]
    dated = [row for row in chosen if row["published"]]
    same = run(harvested, *columns, "--where", f"({condition}) and published").splitlines()
    assert dated == [json.loads(line) for line in same]
    assert dated
    wrong = harvested.run("site", "build", "--since", "20xx")
    assert wrong.exit_code == 2
    assert "a day is a date" in wrong.output


def test_all_formats_hold_the_same_papers(harvested: Project, tmp_path: Path) -> None:
    chosen = ("--topic", "privacy", "--since", "2020-01-01")
    bib = parse_string(run(harvested, "export", "bibtex", *chosen))
    assert bib.failed_blocks == []
    keys = [entry.key for entry in bib.entries]
    assert keys == sorted(set(keys))
    assert len(keys) > 5
    assert [one["id"] for one in rispy.loads(run(harvested, "export", "ris", *chosen))] == keys
    assert [one["id"] for one in json.loads(run(harvested, "export", "csl", *chosen))] == keys
    table = list(csv.DictReader(io.StringIO(run(harvested, "export", "csv", *chosen))))
    assert sorted(row["citation_key"] for row in table) == keys
    lines = run(harvested, "export", "jsonl", *chosen).splitlines()
    out = tmp_path / "some.parquet"
    run(harvested, "export", "parquet", *chosen, "--out", str(out))
    ids = [row["paper_id"] for row in table]
    assert [json.loads(line)["paper_id"] for line in lines] == ids
    assert pq.read_table(out)["paper_id"].to_pylist() == ids == sorted(ids)
    # The same paper has the same key whatever else is there.
    alone = parse_string(run(harvested, "cite", ids[0]))
    assert [entry.key for entry in alone.entries] == [table[0]["citation_key"]]


def test_ascii_and_excel(harvested: Project, tmp_path: Path) -> None:
    plain = run(harvested, "export", "bibtex", "--no-abstract")
    assert not plain.isascii()
    assert "abstract =" not in plain
    assert run(harvested, "export", "bibtex", "--ascii").isascii()
    out = tmp_path / "papers.csv"
    run(harvested, "export", "csv", "--excel", "--out", str(out))
    assert out.read_bytes().startswith(b"\xef\xbb\xbfcitation_key,")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["export", "csv", "--columns", "title,nope"], "there is no column 'nope'"),
        (["export", "parquet", "--out", "-"], "Parquet is no text"),
        (["export", "ris", "--where", "@none.txt"], "the file cannot be read"),
        (["export", "ris", "--where", "nope = 1"], "nope"),
        (["export", "bibtex", "--out", "/none/such/file.bib"], "cannot be written"),
        (["cite", "nope"], "no paper answers to 'nope'"),
    ],
)
def test_a_mistake_is_told(harvested: Project, words: list[str], said: str) -> None:
    result = harvested.run(*words)
    assert result.exit_code != 0
    assert said in " ".join(f"{result.output} {result.exception}".replace("│", " ").split())


def test_nothing_is_written_among_the_stored_pages(harvested: Project) -> None:
    out = harvested.data / "raw" / "papers.csv"
    result = harvested.run("export", "csv", "--out", str(out))
    assert result.exit_code == 2
    assert "only harvests write there" in " ".join(result.output.replace("│", " ").split())
    assert not out.exists()


def test_no_paper_is_told(harvested: Project, tmp_path: Path) -> None:
    out = tmp_path / "none.bib"
    result = harvested.run("export", "bibtex", "--where", "year > 3000", "--out", str(out))
    assert "no paper was selected" in result.stderr
    assert out.read_bytes() == b""


def test_the_examples_of_the_guide(
    harvested: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (condition,) = re.findall(r"```condition\n(.*?)```", GUIDE, re.DOTALL)
    Path("fairness.txt").write_text(condition, encoding="utf-8")
    commands = re.findall(r"^medsafe-harvest (.*)$", GUIDE, re.MULTILINE)
    assert len(commands) == 9
    for command in commands:
        run(harvested, *shlex.split(command, comments=True))
    written = {"privacy.bib", "new.ris", "fl.json", "papers.csv", "recent.parquet", "fairness.bib"}
    assert written <= {path.name for path in tmp_path.iterdir()}
    shown = re.findall(
        r"```console\n\$ medsafe-harvest --data data/demo (.*)\n(?s:(.*?))```", GUIDE
    )
    assert len(shown) == 2
    for command, output in shown:
        assert run(harvested, *shlex.split(command)).strip() == output.strip()
