"""``import list --dry-run``, as a curator uses it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from medsafe_harvest.cli import app
from medsafe_harvest.errors import ListError

CONFIG = Path(__file__).parents[2] / "config"
LIST = """# Lungs
## Papers
- [MedIA 2021] A Model of Lungs [[pdf]](https://arxiv.org/abs/2101.00001)
- A Map of Hearts, *Nature Medicine* 2022. https://doi.org/10.1038/s41591-022-00001-1
- [Lungtool](https://github.com/doe/lungtool)
"""
KEYS = [
    *("title", "year", "venue", "url", "arxiv_id", "doi", "pmid", "pmcid", "openreview_id"),
    *("code", "headings", "line"),
]


@pytest.fixture
def readme(tmp_path: Path) -> Path:
    path = tmp_path / "README.md"
    path.write_text(LIST, encoding="utf-8")
    return path


def run(*arguments: str | Path, data: Path) -> Result:
    options = ["--config", str(CONFIG), "--data", str(data), "import", "list"]
    return CliRunner().invoke(app, [*options, *map(str, arguments)], env={"COLUMNS": "110"})


def test_json_has_the_documented_keys_and_nothing_is_touched(readme: Path, tmp_path: Path) -> None:
    result = run(readme, "--dry-run", "--json", data=tmp_path / "data")
    assert result.exit_code == 0
    told = json.loads(result.stdout)
    assert list(told) == ["entries"]
    assert [list(one) for one in told["entries"]] == [KEYS, KEYS]
    first, second = told["entries"]
    assert (first["venue"], first["arxiv_id"], first["doi"]) == ("MedIA", "2101.00001", None)
    assert (first["headings"], first["line"], first["code"]) == (["Lungs", "Papers"], 3, [])
    assert (second["title"], second["year"]) == ("A Map of Hearts", 2022)
    assert sorted(tmp_path.iterdir()) == [readme]


def test_the_table_and_what_was_left_out(readme: Path, tmp_path: Path) -> None:
    result = run(readme, "--dry-run", "--left-out", "--limit", "1", data=tmp_path / "data")
    assert "Lungs > Papers" in result.stdout
    assert "arXiv:2101.00001" in result.stdout
    assert "A Map of Hearts" not in result.stdout
    assert "1 more entries" in result.stdout
    assert "https://github.com/doe/lungtool" in result.stdout
    assert "2 entries, 2 with an identifier" in result.stderr
    assert "left out 1: links to code" in result.stderr


@pytest.mark.parametrize("body", [None, b"%PDF-1.7 \x00"])
def test_a_file_that_is_no_list_is_named(body: bytes | None, tmp_path: Path) -> None:
    path = tmp_path / "list.pdf"
    if body is not None:
        path.write_bytes(body)
    result = run(path, "--dry-run", data=tmp_path / "data")
    assert isinstance(result.exception, ListError)
    assert str(path) in str(result.exception)


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("none.md", "there is no none.md: give a file, an address"),
        ("refs.bib", ".bib files are not read; save the references as CSV"),
        (".", ". is a folder"),
        ("https://", "neither a file nor an address"),
        ("http://[::1", "neither a file nor an address"),
        ("", "neither a file nor an address"),
    ],
)
def test_what_cannot_be_a_list_is_refused_before_anything_is_made(
    source: str, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    result = run(source, data=tmp_path / "data")
    assert result.exit_code != 0
    told = " ".join(f"{result.output} {result.exception}".replace("\u2502", " ").split())
    assert said in told
    assert not (tmp_path / "data").exists()
