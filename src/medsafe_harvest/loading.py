"""The curated tables for notebooks: ``load_papers`` and its like."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal, TypedDict, Unpack, overload

import duckdb
import pandas as pd
import pyarrow as pa

from medsafe_harvest.curated import frames, manifestations, selection, snapshot
from medsafe_harvest.curated.frames import Form, Frame
from medsafe_harvest.curated.where_columns import check_columns

if TYPE_CHECKING:
    import polars as pl

Data = Path | str | None
RollUp = Literal["work", "manifestation"]


class _Choice(TypedDict, total=False):
    """What :func:`load_papers` can be asked for, but for the form."""

    topics: Sequence[str]
    since: dt.date | str | None
    until: dt.date | str | None
    where: str | None
    query: str | None
    columns: Sequence[str] | None
    roll_up: RollUp


@overload
def load_papers(
    data: Data = None, *, as_: Literal["pandas"] = "pandas", **choice: Unpack[_Choice]
) -> pd.DataFrame: ...
@overload
def load_papers(
    data: Data = None, *, as_: Literal["arrow"], **choice: Unpack[_Choice]
) -> pa.Table: ...
@overload
def load_papers(
    data: Data = None, *, as_: Literal["polars"], **choice: Unpack[_Choice]
) -> pl.DataFrame: ...
@overload
def load_papers(
    data: Data = None, *, as_: Literal["duckdb"], **choice: Unpack[_Choice]
) -> duckdb.DuckDBPyRelation: ...
def load_papers(  # noqa: PLR0913 - each is a choice of its own
    data: Data = None,
    *,
    topics: Sequence[str] = (),
    since: dt.date | str | None = None,
    until: dt.date | str | None = None,
    where: str | None = None,
    query: str | None = None,
    columns: Sequence[str] | None = None,
    roll_up: RollUp = "work",
    as_: Form = "pandas",
) -> Frame:
    """The current snapshot's papers, one merged row a paper; columns as in docs/columns.md.

    Only the columns and the parts of the file that are asked for are read: on a million papers name
    the columns, above all without ``provenance`` and ``tags``.

    Args:
        data: the curated folder, or the one that holds it; None finds ``data/curated`` here or in a
            folder above.
        topics: a paper must have all of these; a topic may name its facet (``trust:fairness``).
        since: only papers published on this day or later: a date, or ``"2024-05-31"``,
            ``"2024-05"``, ``"2024"``. Of a paper of which only the year is known, some day of that
            year must fit; one without a year is left out.
        until: only papers published on this day or earlier (a month or year counts whole).
        where: a condition in the words of the columns, as in docs/how-to/notebooks.md:
            ``"topic = 'fairness' and year >= 2024 and code"``.
        query: the id of a seed query that found the paper.
        columns: the columns wanted, in that order; None for all.
        roll_up: "work" gives a paper one row; "manifestation" gives each preprint, published
            version and deposited copy of the chosen papers a row of its own, merged from the
            records of that manifestation alone, with the further columns ``manifestation_id`` and
            ``manifestation`` (journal, conference, workshop, published, preprint or other).
        as_: "pandas", "arrow" (a ``pyarrow.Table``), "polars" or "duckdb" (a relation).

    Returns:
        The papers, sorted by paper_id. List columns are lists, dates are dates (``datetime64`` in
        pandas), whole numbers and booleans with gaps stay what they are.

    Raises:
        CuratedError: there is no snapshot yet, or it is damaged; the message says what to run.
        SelectionError: there is no such topic, query or column, or ``where`` cannot be read.
        ImportError: polars is not installed.
        ValueError: there is no such ``roll_up`` or ``as_``.
    """
    if roll_up not in {"work", "manifestation"}:
        raise ValueError(f'roll_up is "work" or "manifestation", not {roll_up!r}')
    folder = snapshot.current(frames.folder(data))
    work = roll_up == "work"
    wanted = check_columns(columns, manifestations.MANIFESTATION.names) if not work else columns
    table = selection.select(
        folder,
        topics=topics,
        since=selection.day(since, first=True),
        until=selection.day(until, first=False),
        where=where,
        query=query,
        columns=wanted if work else ["paper_id"],
    )
    if not work:
        table = manifestations.load(folder, table)
        table = table if wanted is None else table.select(wanted)
    return frames.shaped(table, as_)


_Columns = Sequence[str] | None


@overload
def load_records(
    data: Data = None, *, columns: _Columns = None, as_: Literal["pandas"] = "pandas"
) -> pd.DataFrame: ...
@overload
def load_records(
    data: Data = None, *, columns: _Columns = None, as_: Literal["arrow"]
) -> pa.Table: ...
@overload
def load_records(
    data: Data = None, *, columns: _Columns = None, as_: Literal["polars"]
) -> pl.DataFrame: ...
@overload
def load_records(
    data: Data = None, *, columns: _Columns = None, as_: Literal["duckdb"]
) -> duckdb.DuckDBPyRelation: ...
def load_records(data: Data = None, *, columns: _Columns = None, as_: Form = "pandas") -> Frame:
    """What each source says of each paper; arguments as for :func:`load_papers`."""
    return frames.shaped(frames.read("records", data, columns), as_)


@overload
def load_decisions(
    data: Data = None, *, columns: _Columns = None, as_: Literal["pandas"] = "pandas"
) -> pd.DataFrame: ...
@overload
def load_decisions(
    data: Data = None, *, columns: _Columns = None, as_: Literal["arrow"]
) -> pa.Table: ...
@overload
def load_decisions(
    data: Data = None, *, columns: _Columns = None, as_: Literal["polars"]
) -> pl.DataFrame: ...
@overload
def load_decisions(
    data: Data = None, *, columns: _Columns = None, as_: Literal["duckdb"]
) -> duckdb.DuckDBPyRelation: ...
def load_decisions(data: Data = None, *, columns: _Columns = None, as_: Form = "pandas") -> Frame:
    """Why two records were matched or kept apart; arguments as for :func:`load_papers`."""
    return frames.shaped(frames.read("decisions", data, columns), as_)


@overload
def load_relations(
    data: Data = None, *, columns: _Columns = None, as_: Literal["pandas"] = "pandas"
) -> pd.DataFrame: ...
@overload
def load_relations(
    data: Data = None, *, columns: _Columns = None, as_: Literal["arrow"]
) -> pa.Table: ...
@overload
def load_relations(
    data: Data = None, *, columns: _Columns = None, as_: Literal["polars"]
) -> pl.DataFrame: ...
@overload
def load_relations(
    data: Data = None, *, columns: _Columns = None, as_: Literal["duckdb"]
) -> duckdb.DuckDBPyRelation: ...
def load_relations(data: Data = None, *, columns: _Columns = None, as_: Form = "pandas") -> Frame:
    """Preprints, corrections, extensions and so on; arguments as for :func:`load_papers`."""
    return frames.shaped(frames.read("relations", data, columns), as_)
