"""CSV that no spreadsheet runs, and JSON lines and Parquet that say what the table says."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from medsafe_harvest.errors import ExportError
from medsafe_harvest.export import files, tables
from medsafe_harvest.schema import PAPER

Row = dict[str, Any]
few = settings(max_examples=50, deadline=None)
SIGNS = "=+-@\uff1d\uff0b\uff0d\uff20"


@few
@given(st.text() | st.text(alphabet=f"'{SIGNS} \ta1"))
@example("=HYPERLINK(1)")
@example("'=1")
@example("\t@SUM(1)")
def test_a_cell_is_no_formula_and_can_be_read_back(text: str) -> None:
    cell = tables.safe(text)
    assert not cell.lstrip().startswith(tuple(SIGNS))
    assert tables.unsafe(cell) == text


@few
@given(title=st.text(st.characters(exclude_categories=["Cs"])))
def test_csv_reads_back(make_row: Callable[..., Row], title: str) -> None:
    row = make_row(title=title, topics=["a", "b"], year=2024, withdrawn=False)
    columns = ["citation_key", "title", "topics", "year", "withdrawn", "doi", "links"]
    text = "".join(tables.csv_lines([row], columns, {row["paper_id"]: "key"}))
    header, cells = csv.reader(io.StringIO(text, newline=""))
    assert header == columns
    assert tables.unsafe(cells[1]) == title
    assert [cells[0], *cells[2:]] == ["key", "a; b", "2024", "false", "", ""]


def test_no_item_of_a_list_is_a_formula_either(make_row: Callable[..., Row]) -> None:
    """Where semicolons part cells, as in much of Europe, each item becomes a cell."""
    names = [{"name": name, "family": None} for name in ("=cmd|' /C calc'!A0", "A. B", "@SUM(1)")]
    row = make_row(authors=names, topics=["-1"])
    _, line = tables.csv_lines([row], ["authors", "topics"], {})
    [cells] = csv.reader([line])
    assert cells == ["'=cmd|' /C calc'!A0; A. B; '@SUM(1)", "'-1"]


def test_json_lines_say_what_the_table_says(papers: pa.Table) -> None:
    read = [json.loads(line) for line in tables.json_lines(tables.rows(papers))]
    assert read == [json.loads(json.dumps(row, default=str)) for row in papers.to_pylist()]


def test_parquet_is_as_the_curated_one(papers: pa.Table, tmp_path: Path) -> None:
    tables.write_parquet(papers, tmp_path / "some.parquet")
    read = pq.read_table(tmp_path / "some.parquet")
    assert read.equals(papers)
    assert read.schema.equals(PAPER)
    assert [field.metadata for field in read.schema] == [field.metadata for field in PAPER]


def test_a_file_is_whole_or_as_before(tmp_path: Path) -> None:
    file = tmp_path / "refs.bib"
    files.write_text(file, ["a", "ü\n"])
    assert file.read_bytes() == "aü\n".encode()

    def fail() -> Any:
        yield "b"
        raise OSError(28, "No space left on device")

    with pytest.raises(ExportError, match=r"refs\.bib cannot be written \(No space left"):
        files.write_text(file, fail())
    assert file.read_bytes() == "aü\n".encode()
    assert list(tmp_path.iterdir()) == [file]
    with pytest.raises(ExportError, match="No such file or directory"):
        files.write_text(tmp_path / "none/refs.bib", ["a"])
