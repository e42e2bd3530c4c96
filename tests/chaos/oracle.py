"""What each query means, evaluated by brute force on the rows of a corpus file.

Of the code it tests it shares only the query's tree; of the stand-in servers it shares nothing but
the rule for text that ``docs/loopback.md`` documents.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from fnmatch import fnmatchcase
from pathlib import Path

import pyarrow.parquet as pq
import Stemmer

from medsafe_harvest.sources.expression import And, Expression, Field, Not, Or, Term
from medsafe_harvest.sources.query import Query

#: The corpus names a paper 2406.16143, 2406.16143v1 or http://arxiv.org/abs/2406.16143v1.
_ARXIV_ID = re.compile(
    r"(?:https?://arxiv\.org/abs/)?(?P<id>\d{4}\.\d{4,5}|[a-z-]+(?:\.[A-Z]{2})?/\d{7})(?:v\d+)?"
)
_WORD = re.compile(r"[^\W_]+")
_STEM = Stemmer.Stemmer("english")
_ALIASES = {"cs.SY": "eess.SY", "cs.NA": "math.NA", "cs.IT": "math.IT", "stat.TH": "math.ST"}


def stemmed(text: str | None) -> str:
    """The text's stems, each between two blanks, so that a phrase is a substring."""
    return f" {' '.join(_STEM.stemWords(_WORD.findall((text or '').lower())))} "


@dataclass(frozen=True, slots=True)
class Row:
    """One paper of the corpus as the oracle sees it."""

    arxiv_id: str | None
    title: str
    day: date
    whole_day: bool
    categories: tuple[str, ...]
    stems: dict[Field, str]


def rows_of(file: Path) -> Iterator[Row]:
    for row in pq.read_table(file).to_pylist():
        named = _ARXIV_ID.fullmatch(row["record_id"] or "")
        yield Row(
            arxiv_id=named["id"] if named else None,
            title=row["title"],
            day=date.fromisoformat(row["date"] if len(row["date"]) > 4 else f"{row['date']}-01-01"),
            whole_day=len(row["date"]) > 4,
            categories=tuple(re.split(r"[,\s]+", row["categories"] or "")),
            stems={
                Field.TITLE: stemmed(row["title"]),
                Field.ABSTRACT: stemmed(row["abstract"]),
            },
        )


def holds(expression: Expression, row: Row) -> bool:
    match expression:
        case Term():
            phrase = stemmed(expression.words)
            return any(phrase in row.stems[field] for field in expression.fields)
        case And():
            return all(holds(item, row) for item in expression.items)
        case Or():
            return any(holds(item, row) for item in expression.items)
        case Not():
            return not holds(expression.item, row)


def in_category(query: Query, row: Row) -> bool:
    patterns = {*query.categories, *(_ALIASES.get(name, name) for name in query.categories)}
    return not patterns or any(
        fnmatchcase(category, pattern) for category in row.categories for pattern in patterns
    )


def first_rows(rows: Sequence[Row]) -> list[Row]:
    """One row an arXiv id, the first; every row without one."""
    seen: set[str] = set()
    kept = []
    for row in rows:
        if row.arxiv_id is None or row.arxiv_id not in seen:
            kept.append(row)
        if row.arxiv_id is not None:
            seen.add(row.arxiv_id)
    return kept
