"""The words of a condition: columns of papers, their everyday names, how each is compared."""

from __future__ import annotations

import difflib
import enum
from collections.abc import Collection, Mapping, Sequence

import pyarrow as pa

from medsafe_harvest.errors import SelectionError
from medsafe_harvest.schema import PAPER


class Kind(enum.Enum):
    """How the values of a column are compared."""

    #: Without regard to case and accents.
    TEXT = "text"
    #: Letter by letter.
    EXACT = "text, letter by letter"
    NUMBER = "whole number"
    DATE = "date"
    YES_NO = "yes or no"
    #: One of several texts is meant.
    TEXTS = "texts"
    TOPICS = "topics"
    AUTHORS = "authors"
    #: A list of anything else: can only be there or not.
    OTHER = "there or not"


#: Everyday name -> column.
ALIASES: Mapping[str, str] = {
    "id": "paper_id",
    "topic": "topics",
    "author": "authors",
    "query": "queries",
    "source": "sources",
    "category": "categories",
    "field": "fields_of_study",
    "type": "publication_types",
    "record": "record_ids",
    "journal": "venue",
    "conference": "venue",
    "license": "licence",
    "date": "published",
    "arxiv": "arxiv_id",
    "citations": "citation_count",
}

#: A word of its own: a repository of code that is not said to be others' and does not look dead.
CODE = "code"
CODE_SQL = (
    "len(list_filter(links, lambda one: one.kind = 'repository' and not one.looks_dead "
    "and one.own is distinct from false)) > 0"
)

#: Columns of topics, a facet each.
FACETS = ("trust", "modality", "task")
_EXACT = {"paper_id", "openreview_id", "dblp_key"}
_BY_TYPE: Mapping[pa.DataType, Kind] = {
    pa.string(): Kind.TEXT,
    pa.int32(): Kind.NUMBER,
    pa.int64(): Kind.NUMBER,
    pa.date32(): Kind.DATE,
    pa.bool_(): Kind.YES_NO,
    pa.list_(pa.string()): Kind.TEXTS,
}


def kind_of(column: str) -> Kind:
    """How a column of ``schema.PAPER`` is compared."""
    if column == "authors":
        return Kind.AUTHORS
    if column in ("topics", *FACETS):
        return Kind.TOPICS
    if column in _EXACT:
        return Kind.EXACT
    return _BY_TYPE.get(PAPER.field(column).type, Kind.OTHER)


def known_words() -> list[str]:
    """Every name that may stand in a condition, sorted."""
    return sorted({*PAPER.names, *ALIASES, CODE})


def all_columns() -> str:
    """The words of a condition, for an error message."""
    return f"Columns: {', '.join(PAPER.names)}. Also: {', '.join([*ALIASES, CODE])}."


def did_you_mean(name: str, known: Collection[str]) -> str:
    """The nearest known names as a question, or nothing."""
    near = difflib.get_close_matches(name.lower(), sorted(known), n=3)
    return f"; did you mean {' or '.join(repr(one) for one in near)}?" if near else ""


def check_columns(columns: Sequence[str] | None, there: Sequence[str]) -> list[str] | None:
    """The columns asked for, each once; None stays None.

    Raises:
        SelectionError: there is no such column, or the names are no list.
    """
    if columns is None:
        return None
    if isinstance(columns, str):
        raise SelectionError(f"columns is a list of columns: write [{columns!r}]")
    unknown = [name for name in columns if name not in there]
    if unknown:
        raise SelectionError(
            f"there is no column {unknown[0]!r}{did_you_mean(unknown[0], there)}",
            hint=f"Columns: {', '.join(there)}.",
        )
    return list(dict.fromkeys(columns))
