"""Tables: CSV that no spreadsheet runs, JSON lines, and a Parquet file of some papers."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

#: The column of a CSV file that no curated table has.
KEY = "citation_key"

#: What a spreadsheet shows when nothing else is asked for.
CSV_COLUMNS = (
    *(KEY, "title", "authors", "year", "published", "venue", "venue_kind", "topics", "doi"),
    *("arxiv_id", "pmid", "url", "code_links", "citation_count", "licence", "withdrawn"),
    *("summary", "paper_id"),
)

#: A cell that spreadsheets take for a formula, also in full-width signs, or one of ours made safe.
_FORMULA = re.compile(r"'*(?:\s*[=+\-@\uff1d\uff0b\uff0d\uff20]|[\t\r\n])")
_BETWEEN = "; "
_ROWS = 1_000


def safe(cell: str) -> str:
    """The text as a cell that is no formula: an apostrophe goes before one that would be.

    To have the text back take one apostrophe away where :func:`unsafe` says so.
    """
    return f"'{cell}" if _FORMULA.match(cell) else cell


def unsafe(cell: str) -> str:
    """The text that :func:`safe` made the cell from."""
    return cell[1:] if cell.startswith("'") and _FORMULA.match(cell) else cell


def rows(papers: pa.Table) -> Iterator[dict[str, Any]]:
    """The rows of a table, a few at a time in memory."""
    for batch in papers.to_batches(max_chunksize=_ROWS):
        yield from batch.to_pylist()


def csv_lines(
    papers: Iterable[Mapping[str, Any]], columns: Sequence[str], keys: Mapping[str, str]
) -> Iterator[str]:
    """CSV (RFC 4180, but for line ends of one character), with a line of names first.

    Lists are joined by semicolons, authors are their names, other nested values are JSON; what is
    not known is empty.

    Args:
        papers: rows of ``schema.PAPER`` with ``columns``, and ``paper_id`` where ``KEY`` is there.
        columns: in this order.
        keys: ``paper_id`` -> citation key.
    """
    yield _csv_line(columns)
    for row in papers:
        values = (keys[row["paper_id"]] if name == KEY else row[name] for name in columns)
        yield _csv_line([_cell(value) for value in values])


def _csv_line(cells: Iterable[str]) -> str:
    line = io.StringIO()
    csv.writer(line).writerow(cells)  # with its own line end it quotes a lone carriage return, too
    return line.getvalue().removesuffix("\r\n") + "\n"


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return _joined(value)
    return safe(value) if isinstance(value, str) else str(value)


def _joined(values: Sequence[Any]) -> str:
    if values and isinstance(values[0], dict):
        if "name" not in values[0]:
            return safe(_json(values))
        values = [one["name"] for one in values]
    # A spreadsheet for which semicolons part cells takes each for a cell of its own.
    return _BETWEEN.join(safe(str(one)) for one in values)


def json_lines(papers: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    """One JSON object a line, with the columns as they are; dates as ``2024-01-31``."""
    for row in papers:
        yield _json(row) + "\n"


def _json(value: Any) -> str:
    # default=str is for dates alone: the schema has no other type that JSON lacks.
    return json.dumps(value, ensure_ascii=False, default=str, separators=(",", ":"))


def write_parquet(papers: pa.Table, path: Path) -> None:
    """A Parquet file with the columns as they are, readable like the curated one.

    Raises:
        OSError: it cannot be written.
    """
    pq.write_table(papers, path, compression="zstd", store_schema=True)
