"""Curated tables as pandas frames whose list columns are lists."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pyarrow as pa

from medsafe_harvest.curated import snapshot
from medsafe_harvest.errors import CuratedError

#: pandas would make floats of whole numbers with gaps, and objects of booleans with gaps.
_NULLABLE = {
    pa.int32(): pd.Int32Dtype(),
    pa.int64(): pd.Int64Dtype(),
    pa.bool_(): pd.BooleanDtype(),
}


def load(name: str, data: Path | str | None, columns: list[str] | None) -> pd.DataFrame:
    """One curated table as a frame.

    Args:
        name: a name of ``schema.TABLES``.
        data: the curated folder; None looks for ``data/curated`` here and in the folders above,
            so that a notebook in a subfolder finds it.
        columns: the columns wanted, in that order; None for all.

    Raises:
        CuratedError: there is no snapshot.
        KeyError: there is no such column.
    """
    table = snapshot.read(snapshot.current(folder(data)), name)
    if columns is not None:
        table = table.select(columns)
    return to_frame(table)


def folder(data: Path | str | None) -> Path:
    """The curated folder that a reader means; the nearest one for None.

    Raises:
        CuratedError: there is none.
    """
    return find() if data is None else Path(data)


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
