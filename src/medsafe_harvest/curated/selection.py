"""Papers of a snapshot by topic, time, seed query and condition, without reading the others.

DuckDB reads the Parquet file: only the columns and row groups that are needed are unpacked. It may
open that one file and nothing else.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from medsafe_harvest.curated import snapshot
from medsafe_harvest.curated.where import Topic, parse
from medsafe_harvest.curated.where_columns import check_columns, did_you_mean
from medsafe_harvest.curated.where_sql import Unfit, span, topic_column
from medsafe_harvest.errors import SelectionError
from medsafe_harvest.schema import PAPER


@dataclass(frozen=True, slots=True)
class Choice:
    """Which papers, in the arguments of :func:`select`; all that is given must hold."""

    topics: Sequence[str] = ()
    since: dt.date | None = None
    until: dt.date | None = None
    where: str | None = None
    query: str | None = None
    known: Collection[str] = ()

    @property
    def any(self) -> bool:
        """Whether papers are left out at all."""
        return bool(self.topics or self.since or self.until or self.where or self.query)

    def papers(self, folder: Path, columns: Sequence[str] | None = None) -> pa.Table:
        """The papers chosen from a snapshot, as :func:`select` gives them."""
        given = {name: getattr(self, name) for name in self.__slots__}
        return select(folder, columns=columns, **given)


def day(text: dt.date | str | None, *, first: bool) -> dt.date | None:
    """A day, or the first or last one of what a text says: ``2023-05-31``, ``2023-05``, ``2023``.

    Raises:
        SelectionError: the text is no day, month or year.
    """
    if not isinstance(text, str):
        return text.date() if isinstance(text, dt.datetime) else text
    found = span(text)
    if found is None:
        raise SelectionError(f"a day is a date, '2024-05-31', '2024-05' or '2024', not {text!r}")
    return found[0 if first else 1]


def select(  # noqa: PLR0913 - each is a choice of its own
    folder: Path,
    *,
    topics: Sequence[str] = (),
    since: dt.date | None = None,
    until: dt.date | None = None,
    where: str | None = None,
    query: str | None = None,
    columns: Sequence[str] | None = None,
    known: Collection[str] = (),
) -> pa.Table:
    """The papers that all of the given choices let in.

    Args:
        folder: a snapshot, from :func:`snapshot.current`.
        topics: a paper must have all of these. A topic may name its facet (``trust:fairness``).
        since: only papers published on this day or later. Of a paper of which only the year is
            known, some day of that year must fit; one without a year is left out.
        until: only papers published on this day or earlier; likewise.
        where: a condition, in the words of the module ``where``.
        query: the id of a seed query that found the paper.
        columns: of ``schema.PAPER``, in that order; None for all.
        known: topics and seed queries that are no mistake although no paper has them.

    Returns:
        The columns of ``schema.PAPER`` asked for, sorted by paper_id.

    Raises:
        SelectionError: there is no such topic, query or column; the condition cannot be read.
        CuratedError: the snapshot is damaged.
    """
    names = check_columns(columns, PAPER.names) or list(PAPER.names)
    wanted = _filter(topics, since, until, where, query)
    path = snapshot.file(folder, "papers", [*names, "paper_id"])
    schema = pa.schema([PAPER.field(name) for name in names])
    if not wanted.conditions:
        return snapshot.read(folder, "papers", names).cast(schema)
    listed = ", ".join(f'"{name}"' for name in names)
    condition = " and ".join(wanted.conditions)
    sql = f"select {listed} from papers where {condition} order by paper_id"  # noqa: S608 - ours
    with _open(path) as connection:
        try:
            _refuse_unknown(connection, folder, wanted, known)
            table = connection.sql(sql, params=dict(wanted.values)).to_arrow_table()
        except duckdb.Error as error:
            raise snapshot.damaged(path, str(error)) from error
    return table.cast(schema)


@dataclass(frozen=True, slots=True)
class _Filter:
    #: SQL, all of which must be true, and the values of its parameters.
    conditions: Sequence[str]
    values: Mapping[str, Any]
    topics: Sequence[Topic]
    #: The condition in which the topics stand that have a place.
    text: str | None
    query: str | None


def _filter(
    topics: Sequence[str],
    since: dt.date | None,
    until: dt.date | None,
    condition: str | None,
    query: str | None,
) -> _Filter:
    if isinstance(topics, str):
        raise SelectionError(f"topics is a list of topics: write [{topics!r}]")
    conditions: list[str] = []
    values: dict[str, Any] = {}
    named: list[Topic] = []
    for number, topic in enumerate(topics):
        try:
            column, name = topic_column("topics", topic)
        except Unfit as error:
            raise SelectionError(str(error)) from None
        conditions.append(f"list_contains({column}, $topic{number})")
        values[f"topic{number}"] = name
        named.append(Topic(column, name, None))
    if since is not None:
        conditions.append("coalesce(published, make_date(year, 12, 31)) >= $since")
        values["since"] = since
    if until is not None:
        conditions.append("coalesce(published, make_date(year, 1, 1)) <= $until")
        values["until"] = until
    if query is not None:
        conditions.append("list_contains(queries, $query)")
        values["query"] = query
    if condition is not None:
        parsed = parse(condition)
        conditions.append(parsed.sql)
        values |= parsed.values
        named += parsed.topics
    return _Filter(conditions, values, named, condition, query)


@contextmanager
def _open(path: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """A database that has one file of the disk, as ``papers``, and can reach no other."""
    with duckdb.connect(":memory:") as connection:
        name = str(path).replace("'", "''")
        connection.execute(f"set allowed_paths = ['{name}']")
        # On in an interactive session. Off in a notebook without ipywidgets, where even to say so
        # is an error.
        if connection.execute("select current_setting('enable_progress_bar')").fetchone() == (
            True,
        ):
            connection.execute("set enable_progress_bar = false")
        connection.execute("set enable_external_access = false")
        connection.execute("set lock_configuration = true")
        connection.execute(f"create view papers as from read_parquet('{name}')")
        yield connection


def _refuse_unknown(
    connection: duckdb.DuckDBPyConnection, folder: Path, wanted: _Filter, known: Collection[str]
) -> None:
    """Say that a topic or a query has no paper at all: it was hardly meant.

    Raises:
        SelectionError: there is one.
    """
    for column in sorted({topic.column for topic in wanted.topics}):
        there = _members(connection, column)
        for topic in wanted.topics:
            if topic.column == column and topic.name not in there and topic.name not in known:
                which = "topic" if column == "topics" else f"topic of {column}"
                raise SelectionError(
                    f"no paper has the {which} {topic.name!r}{did_you_mean(topic.name, there)}",
                    text=None if topic.at is None else wanted.text,
                    at=topic.at,
                    hint=f"Topics: {', '.join(sorted(there)) or 'none'}.",
                )
    if wanted.query is not None and wanted.query not in known:
        asked = {window[1] for window in snapshot.manifest(folder).get("windows", [])}
        there = asked | _members(connection, "queries")
        if wanted.query not in there:
            raise SelectionError(
                f"no seed query is called {wanted.query!r}{did_you_mean(wanted.query, there)}",
                hint=f"Queries: {', '.join(sorted(there)) or 'none'}.",
            )


def _members(connection: duckdb.DuckDBPyConnection, column: str) -> set[str]:
    rows = connection.execute(f"select distinct unnest({column}) from papers").fetchall()  # noqa: S608 - a column of the schema
    return {row[0] for row in rows}
