"""Read a labelled set: records, labelled pairs, and what a missing label means.

A set is a folder of three files:

``records.parquet``
    ``record_id`` and ``title``; where known ``source``, ``authors`` (a list of names, or one text
    with names between semicolons), ``year``, ``published`` (a day), ``venue``, ``volume``,
    ``number``, ``pages``, ``doi``, ``arxiv_id`` and further identifiers by the names that
    ``schema.RECORD`` has.
``pairs.parquet``
    ``left``, ``right`` (record_ids) and ``match``; without ``match`` every pair is one.
``meta.json``
    ``complete``: every pair not listed is a non-match, otherwise nothing is known of it.
    ``cross_source_only`` (false if missing): only pairs of different sources are labelled.
    ``name`` (the folder's if missing).
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from medsafe_harvest.dedupe.prepare import NEEDED
from medsafe_harvest.errors import EvaluateError
from medsafe_harvest.evaluate.labels import Bools, Ints, LabelledSet, as_ints
from medsafe_harvest.normalize import ids
from medsafe_harvest.normalize.dates import parse_date
from medsafe_harvest.schema import RECORD

RECORDS, PAIRS, META = "records.parquet", "pairs.parquet", "meta.json"
_SHAPE = (
    f"a set is a folder of {RECORDS}, {PAIRS} and {META} (docs/how-to/evaluate.md), and a folder "
    "of such folders will do"
)
_REQUIRED = ("record_id", "title")
_VENUE_KINDS = frozenset({"journal", "conference", "workshop", "preprint"})


def find_sets(folder: Path) -> list[Path]:
    """The folder itself if it is a set, otherwise the sets in it, by name.

    Raises:
        EvaluateError: it does not exist, or holds no set.
    """
    if not folder.is_dir():
        what = "this is a file" if folder.exists() else "there is no such folder"
        raise EvaluateError(f"{folder}: {what}; {_SHAPE}")
    if any((folder / name).exists() for name in (RECORDS, PAIRS, META)):
        return [folder]
    found = sorted(
        path
        for path in folder.iterdir()
        if any((path / name).exists() for name in (RECORDS, PAIRS, META))
    )
    if not found:
        raise EvaluateError(f"{folder}: no labelled set here; {_SHAPE}")
    return found


def read_set(folder: Path) -> LabelledSet:
    """Read a labelled set.

    Raises:
        EvaluateError: a file is missing or not of the documented shape; it is named.
    """
    name, complete, cross_source_only = _meta(folder)
    needed = (*_REQUIRED, "source") if cross_source_only else _REQUIRED
    records = _records(folder / RECORDS, needed)
    sources = as_ints(records["source"].combine_chunks().dictionary_encode().indices)
    left, right, match = _pairs(folder / PAIRS, records["record_id"])
    inside = (sources[left] != sources[right]) | (not cross_source_only)
    return LabelledSet(
        name=name,
        records=records,
        sources=sources,
        left=left[inside],
        right=right[inside],
        match=match[inside],
        complete=complete,
        cross_source_only=cross_source_only,
        unmarked="match" not in pq.read_schema(folder / PAIRS).names,
    )


def name_of(folder: Path) -> str:
    """The name that a set gives itself, or else its folder's.

    Raises:
        EvaluateError: ``meta.json`` is missing or not of the documented shape.
    """
    return _meta(folder)[0]


def _meta(folder: Path) -> tuple[str, bool, bool]:
    file = folder / META
    try:
        meta = json.loads(_there(file).read_text(encoding="utf-8"))
    except ValueError as error:
        raise EvaluateError(f"{file}: not a JSON file: {error}") from error
    if not isinstance(meta, dict):
        raise EvaluateError(f'{file}: expected an object such as {{"complete": true}}')
    flags = {"cross_source_only": False} | meta
    for key in ("complete", "cross_source_only"):
        if not isinstance(flags.get(key), bool):
            raise EvaluateError(f'{file}: expected "{key}": true or false')
    return (
        str(meta.get("name") or folder.resolve().name),
        meta["complete"],
        flags["cross_source_only"],
    )


def _there(file: Path) -> Path:
    if not file.is_file():
        raise EvaluateError(f"{file}: missing; a labelled set has {RECORDS}, {PAIRS} and {META}")
    return file


def _table(file: Path, required: Sequence[str]) -> pa.Table:
    try:
        table = pq.read_table(_there(file))
    except pa.ArrowInvalid as error:
        raise EvaluateError(f"{file}: not a Parquet file: {error}") from error
    missing = [name for name in required if name not in table.column_names]
    if missing:
        raise EvaluateError(
            f"{file}: no column {', '.join(missing)}; it has {', '.join(table.column_names)}"
        )
    return table


def _records(file: Path, required: Sequence[str]) -> pa.Table:
    rows = []
    for row in _table(file, required).to_pylist():
        record_id = _text(row["record_id"])
        if record_id is None:
            raise EvaluateError(f"{file}: a row has no record_id")
        try:
            rows.append(_record(record_id, row))
        except (TypeError, ValueError) as error:
            raise EvaluateError(f"{file}: record {record_id}: {error}") from error
    if not rows:
        raise EvaluateError(f"{file}: no records")
    schema = pa.schema([RECORD.field(name) for name in NEEDED])
    records = pa.Table.from_pylist(rows, schema=schema).sort_by("record_id").combine_chunks()
    known = records["record_id"]
    if pc.count_distinct(known).as_py() != len(known):
        twice = pc.value_counts(known).to_pylist()
        double = next(one["values"] for one in twice if one["counts"] > 1)
        raise EvaluateError(f"{file}: record_id {double} occurs more than once")
    return records


def _record(record_id: str, row: Mapping[str, Any]) -> dict[str, Any]:
    """One row of ``RECORD``; columns that the set does not have are null or empty."""
    plain = {
        name: _number(name, row.get(name))
        if RECORD.field(name).type == pa.int32()
        else _text(row.get(name))
        for name in NEEDED
        if name not in _CLEANERS and not pa.types.is_list(RECORD.field(name).type)
    }
    kind = plain.get("venue_kind")
    if kind is not None and kind not in _VENUE_KINDS:
        raise ValueError(f"venue_kind {kind!r} is none of {', '.join(sorted(_VENUE_KINDS))}")
    cleaned: dict[str, Any] = {
        name: clean(_text(row.get(name))) for name, clean in _CLEANERS.items()
    }
    # Some sets give the arXiv id as its DOI, which names no other copy of the paper.
    cleaned["arxiv_id"] = cleaned["arxiv_id"] or ids.clean_arxiv(_text(row.get("doi")))
    return (
        plain
        | {"issue": plain.get("issue") or _text(row.get("number"))}
        | cleaned
        | {
            "record_id": record_id,
            "published": parse_date(_text(row.get("published")))[0],
            "title": plain["title"] or "",
            "source": plain["source"] or "unknown",
            "authors": [{"name": name} for name in _names(row.get("authors"))],
            "corpus_id": None if cleaned["corpus_id"] is None else int(cleaned["corpus_id"]),
        }
        | {
            name: [text for text in map(_text, row.get(name) or ()) if text]
            for name in NEEDED
            if RECORD.field(name).type == pa.list_(pa.string())
        }
    )


def _text(value: Any) -> str | None:
    """A value as text; "2.0" of a number column that had gaps is 2."""
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return None
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return str(value).strip() or None


def _number(name: str, value: Any) -> int | None:
    text = _text(value)
    if text is None:
        return None
    try:
        number = int(text)
    except ValueError:
        raise ValueError(f"{name} is {text!r}, expected a whole number") from None
    if not -(2**31) <= number < 2**31:
        raise ValueError(f"{name} is {number}, which no {name} is")
    return number


def _names(value: Any) -> list[str]:
    """Names of a list of texts, of a list of structs with ``name``, or of one text."""
    if value is None or isinstance(value, float):
        return []
    if isinstance(value, str):
        value = value.split(";")
    names = [one["name"] if isinstance(one, Mapping) and "name" in one else one for one in value]
    if not all(isinstance(name, str | None) for name in names):
        raise ValueError(f"authors are {value!r}, expected a list of names")
    return [name for name in map(_text, names) if name]


_CLEANERS: Mapping[str, Callable[[str | None], str | None]] = MappingProxyType(
    {
        "doi": ids.clean_doi,
        "arxiv_id": ids.clean_arxiv,
        "pmid": ids.clean_pmid,
        "pmcid": ids.clean_pmcid,
        "corpus_id": ids.clean_corpus_id,
        "acl_id": ids.clean_acl,
        "dblp_key": ids.clean_dblp,
        "openreview_id": ids.clean_openreview,
    }
)


def _pairs(file: Path, record_ids: pa.ChunkedArray) -> tuple[Ints, Ints, Bools]:
    """Labelled pairs, each once, the smaller number first."""
    table = _table(file, ("left", "right"))
    sides = [_side(file, table[name], record_ids) for name in ("left", "right")]
    left, right = np.minimum(*sides), np.maximum(*sides)
    if (itself := np.flatnonzero(left == right)).size:
        raise EvaluateError(
            f"{file}: record {record_ids[int(left[itself[0]])]} is paired with itself"
        )
    match = _labels(file, table)
    codes, first, inverse = np.unique(
        left * len(record_ids) + right, return_index=True, return_inverse=True
    )
    votes = np.bincount(inverse, weights=match, minlength=len(codes))
    torn = np.flatnonzero((votes > 0) & (votes < np.bincount(inverse, minlength=len(codes))))
    if torn.size:
        row = first[torn[0]]
        raise EvaluateError(
            f"{file}: {record_ids[int(left[row])]} and {record_ids[int(right[row])]} are "
            "labelled both as a match and as none"
        )
    return left[first], right[first], match[first]


def _labels(file: Path, table: pa.Table) -> Bools:
    if "match" not in table.column_names:
        return np.ones(len(table), dtype=bool)
    column = table["match"]
    boolean = pa.types.is_boolean(column.type)
    if column.null_count or not (boolean or pa.types.is_integer(column.type)):
        raise EvaluateError(f"{file}: expected true or false (or 1 or 0) in every row of match")
    values = column.to_numpy()
    if not np.isin(values, (0, 1)).all():
        raise EvaluateError(f"{file}: expected true or false (or 1 or 0) in every row of match")
    return np.asarray(values, dtype=bool)


def _side(file: Path, column: pa.ChunkedArray, record_ids: pa.ChunkedArray) -> Ints:
    """Numbers of the records that one side of the pairs names."""
    names = column.combine_chunks().dictionary_encode()
    words = pa.array([_text(value) for value in names.dictionary.to_pylist()], pa.string())
    found = pc.index_in(words.take(names.indices), record_ids.combine_chunks())
    if found.null_count:
        row = pc.index(pc.is_null(found), True).as_py()
        raise EvaluateError(
            f"{file}: {column[row].as_py()!r} in row {row + 1} is no record_id of {RECORDS}"
        )
    return as_ints(found)
