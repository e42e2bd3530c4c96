"""The tree of a condition, from DuckDB's own parser."""

from __future__ import annotations

import functools
import json
from typing import Any

import duckdb

from medsafe_harvest.errors import SelectionError

#: A node of the tree.
Node = dict[str, Any]

#: More is no condition that a person wrote.
MOST_LETTERS = 2_000
_BEFORE = "SELECT 1 FROM papers WHERE "
#: What DuckDB gives as the place of what has none is greater than this.
_NOWHERE = 2**63


def read(text: str) -> Node:
    """The condition as DuckDB's parser sees it.

    Raises:
        SelectionError: it is no condition.
    """
    if len(text) > MOST_LETTERS:
        raise SelectionError(f"a condition has at most {MOST_LETTERS} letters, not {len(text)}")
    if not text.strip():
        raise SelectionError("the condition is empty: write for example  year >= 2024")
    at = next((at for at, one in enumerate(text) if "\ud800" <= one <= "\udfff"), None)
    if at is not None:
        raise SelectionError("this is half a character: was it cut?", text=text, at=at)
    found = _serialized(text)
    if found["error"]:
        if "syntax error" not in found["error_message"]:
            raise SelectionError("this is no condition on papers", text=text)
        raise SelectionError(
            f"the condition cannot be read: {found['error_message']}; write it like  topic = "
            "'fairness' and year >= 2024 , text in single quotes",
            text=text,
            at=place(text, int(found["position"]) if "position" in found else None),
        )
    node = found["statements"][0]["node"]
    if len(found["statements"]) != 1 or node | {"where_clause": None} != _plain():
        raise SelectionError(
            "only a condition may stand here, without limit, order, group, union or the like",
            text=text,
        )
    tree: Node = node["where_clause"]
    return tree


@functools.cache
def _plain() -> dict[str, Any]:
    """The tree of a statement without its condition."""
    node: dict[str, Any] = _serialized("true")["statements"][0]["node"]
    return node | {"where_clause": None}


@functools.cache
def _parser() -> duckdb.DuckDBPyConnection:
    """One database for all conditions: to make one takes longer than to parse."""
    return duckdb.connect(":memory:", config={"threads": 1})


def _serialized(text: str) -> dict[str, Any]:
    with _parser().cursor() as cursor:
        row = cursor.execute("select json_serialize_sql($1)", [_BEFORE + text]).fetchone()
    assert row is not None
    found: dict[str, Any] = json.loads(row[0])
    return found


def place(text: str, at: int | None) -> int | None:
    """The character of the condition for a byte of the whole statement."""
    if at is None or at >= _NOWHERE:
        return None
    before = text.encode()[: max(at - len(_BEFORE), 0)]
    return min(len(before.decode(errors="ignore")), len(text))
