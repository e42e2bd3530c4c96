"""What each format makes of the golden papers, byte by byte.

``MEDSAFE_WRITE_GOLDEN=1 pytest tests/unit/export`` writes the files anew; read the difference.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from medsafe_harvest.export import Format, Style, citation_keys, many, one, tables

GOLDEN = Path(__file__).parents[2] / "golden/export"


def reference(format_: Format, *, ascii_only: bool = False) -> Callable[..., str]:
    def write(papers: pa.Table, venues: dict[str, str]) -> str:
        style = Style(format_, citation_keys(papers), venues, ascii_only=ascii_only)
        return "".join(many(papers.to_pylist(), style))

    return write


def as_csv(papers: pa.Table, venues: dict[str, str]) -> str:  # noqa: ARG001
    keys = citation_keys(papers)
    return "".join(tables.csv_lines(tables.rows(papers), tables.CSV_COLUMNS, keys))


def as_jsonl(papers: pa.Table, venues: dict[str, str]) -> str:  # noqa: ARG001
    kept = papers.select(["paper_id", "title", "authors", "published", "links", "withdrawn"])
    return "".join(tables.json_lines(tables.rows(kept)))


@pytest.mark.parametrize(
    ("name", "write"),
    [
        ("references.bib", reference(Format.BIBTEX)),
        ("references.ascii.bib", reference(Format.BIBTEX, ascii_only=True)),
        ("references.ris", reference(Format.RIS)),
        ("references.json", reference(Format.CSL)),
        ("papers.csv", as_csv),
        ("some-columns.jsonl", as_jsonl),
    ],
)
def test_a_format_is_as_it_was(
    name: str, write: Callable[..., str], papers: pa.Table, venues: dict[str, str]
) -> None:
    written, file = write(papers, venues), GOLDEN / name
    if os.environ.get("MEDSAFE_WRITE_GOLDEN"):
        file.write_text(written, encoding="utf-8")
    assert written == file.read_text(encoding="utf-8")
    assert written == write(papers, venues)


def test_one_paper_is_written_as_among_others(
    rows: list[dict[str, Any]], papers: pa.Table, venues: dict[str, str]
) -> None:
    keys = citation_keys(papers)
    for format_ in ("bibtex", "ris"):
        style = Style(Format(format_), keys, venues)
        together = "".join(many(rows, style))
        for row in rows:
            key = keys[row["paper_id"]]
            alone = one(row, format_, key=key, venues=venues, abstract=True)
            assert alone.endswith(("}\n", "ER  - \n"))
            assert alone in together
    assert "abstract" not in one(rows[0], "csl")
    with pytest.raises(ValueError, match="endnote"):
        one(rows[0], "endnote")


def test_no_paper_is_a_file_too() -> None:
    assert "".join(many([], Style(Format.CSL))) == "[]\n"
    assert "".join(many([], Style(Format.BIBTEX))) == ""
