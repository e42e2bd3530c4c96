"""Papers made up for what bibliographies find hard, as rows of the curated table."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from medsafe_harvest.schema import PAPER

GOLDEN = Path(__file__).parents[2] / "golden/export"
Row = dict[str, Any]


def _row(given: Row) -> Row:
    row: Row = {field.name: [] if pa.types.is_list(field.type) else None for field in PAPER}
    row |= {"title": "A title", "withdrawn": False, "medical": True, "paper_id": "mh" + 16 * "a"}
    row |= {"first_seen": "2026-01-01", "last_seen": "2026-01-01"} | given
    days = ("published", "first_seen", "last_seen")
    return row | {name: date.fromisoformat(row[name]) for name in days if row[name]}


@pytest.fixture(scope="session")
def make_row() -> Callable[..., Row]:
    """A row with the columns given, and nothing in the others."""
    return lambda **given: _row(given)


@pytest.fixture(scope="session")
def rows() -> list[Row]:
    lines = (GOLDEN / "papers.jsonl").read_text(encoding="utf-8").splitlines()
    return [_row(json.loads(line)) for line in lines]


@pytest.fixture(scope="session")
def papers(rows: list[Row]) -> pa.Table:
    return pa.Table.from_pylist(rows, schema=PAPER)


@pytest.fixture(scope="session")
def venues() -> dict[str, str]:
    return {
        "TMI": "IEEE Transactions on Medical Imaging",
        "NeurIPS": "Conference on Neural Information Processing Systems",
        "MICCAI": "Medical Image Computing and Computer Assisted Intervention",
    }
