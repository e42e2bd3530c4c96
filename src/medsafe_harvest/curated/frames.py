"""Curated tables for notebooks, whose list columns are lists and whose dates are dates."""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal, TypeAlias, get_args

import duckdb
import pandas as pd
import pyarrow as pa

from medsafe_harvest.curated import snapshot
from medsafe_harvest.curated.where_columns import check_columns
from medsafe_harvest.errors import CuratedError
from medsafe_harvest.schema import TABLES

if TYPE_CHECKING:
    import polars as pl

Form = Literal["pandas", "arrow", "polars", "duckdb"]
Frame: TypeAlias = "pd.DataFrame | pa.Table | pl.DataFrame | duckdb.DuckDBPyRelation"

#: pandas would make floats of whole numbers with gaps, and objects of booleans with gaps.
_NULLABLE = {
    pa.int32(): pd.Int32Dtype(),
    pa.int64(): pd.Int64Dtype(),
    pa.bool_(): pd.BooleanDtype(),
}


def shaped(table: pa.Table, as_: Form) -> Frame:
    """A table in the form that a reader wants; none of them copies more than it must.

    Args:
        table: any table.
        as_: "pandas" as :func:`to_frame`; "arrow" the table itself; "polars" a ``DataFrame``;
            "duckdb" a relation, ready for ``.filter()``, ``.aggregate()`` or ``.query()``.

    Raises:
        ImportError: polars is not installed.
        ValueError: there is no such form.
    """
    if as_ == "pandas":
        return to_frame(table)
    if as_ == "arrow":
        return table
    if as_ == "duckdb":
        return duckdb.from_arrow(table)
    if as_ == "polars":
        return _polars(table)
    raise ValueError(f"as_ is {', '.join(get_args(Form))}, not {as_!r}")


def _polars(table: pa.Table) -> Frame:
    try:
        polars = importlib.import_module("polars")
    except ModuleNotFoundError as error:
        raise ImportError(
            'as_="polars" needs polars, which is not installed: pip install polars', name="polars"
        ) from error
    frame: Frame = polars.from_arrow(table)
    return frame


def read(name: str, data: Path | str | None, columns: Sequence[str] | None) -> pa.Table:
    """One curated table, or some columns of it.

    Args:
        name: a name of ``schema.TABLES``.
        data: the curated folder; None as for :func:`find`.
        columns: the columns wanted, in that order; None for all.

    Raises:
        CuratedError: there is no snapshot, or it is damaged.
        SelectionError: there is no such column.
    """
    checked = check_columns(columns, TABLES[name].names)
    return snapshot.read(snapshot.current(folder(data)), name, checked)


def folder(data: Path | str | None) -> Path:
    """The curated folder that a reader means; the nearest one for None.

    The folder that holds ``raw`` and ``curated`` will do as well.

    Raises:
        CuratedError: there is none.
    """
    if data is None:
        return find()
    inner = Path(data) / "curated"
    return inner if inner.is_dir() else Path(data)


def to_frame(table: pa.Table) -> pd.DataFrame:
    """A table as a frame: lists stay lists, dates become ``datetime64``, integers stay integers."""
    nested = [field.name for field in table.schema if pa.types.is_list(field.type)]
    frame = table.drop_columns(nested).to_pandas(types_mapper=_NULLABLE.get, date_as_object=False)
    lists = {name: pd.Series(table[name].to_pylist(), dtype=object) for name in nested}
    ordered: pd.DataFrame = frame.assign(**lists)[table.column_names]
    return ordered


def find(start: Path | None = None) -> Path:
    """The nearest ``data/curated`` with a snapshot, from a folder upwards.

    Raises:
        CuratedError: there is none.
    """
    here = (start or Path.cwd()).resolve()
    for parent in (here, *here.parents):
        if (parent / "data/curated/current").exists():
            return parent / "data/curated"
    raise CuratedError(
        f"no data/curated with a snapshot in {here} or above it: pass its path as `data`, "
        "or run `medsafe-harvest harvest` there"
    )
