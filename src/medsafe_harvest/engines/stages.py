"""The stages of matching that workers run: files of a folder in, files of it out.

``records``, ``titles``, ``outlines``, ``active``, ``prepared`` and ``pairs`` are written by the
engine; a number behind a name is that of the part. Rows stand for records: row n of ``records`` is
record n. In ``pairs`` they are rows of ``prepared``, whose row n is record ``active[n]``.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from medsafe_harvest.dedupe.blocking import KEYS, KINDS, Key, block
from medsafe_harvest.dedupe.columns import Bools, Ints
from medsafe_harvest.dedupe.outline import WIDTH, Outlines, outlines, packed, unpacked
from medsafe_harvest.dedupe.prepare import COMPARISON, prepare
from medsafe_harvest.dedupe.screen import Side, least_ratio, possible, worth_comparing
from medsafe_harvest.dedupe.sketch import SKETCH, sketch
from medsafe_harvest.engines.pool import load, load_one, rows_of, save, shared

#: What the screen and the search in title order need of each sketch.
TITLES = pa.schema([SKETCH.field(name) for name in ("sorted_title", "compact_title", "head")])
#: What tells most strangers apart before their titles are read.
OUTLINES = pa.schema([pa.field("outline", pa.binary(WIDTH), nullable=False)])
#: First author ("" for none) and year (0 for none), by which large blocks are refined.
REFINING = pa.schema(
    [
        pa.field("id", pa.int32(), nullable=False),  # the row
        pa.field("author", pa.string(), nullable=False),
        pa.field("year", pa.int32(), nullable=False),
        SKETCH.field("sorted_title"),
    ]
)
#: Pairs of rows, the lesser first, and the kinds of key that they share, a bit each.
PAIRS = pa.schema(
    [
        pa.field("l", pa.int32(), nullable=False),
        pa.field("r", pa.int32(), nullable=False),
        pa.field("kinds", pa.int32(), nullable=False),
    ]
)

#: Kind of key -> its bit in ``PAIRS.kinds``.
BITS: dict[Key, int] = {kind: 1 << number for number, kind in enumerate(KINDS)}
#: The bit of a pair that a curator has spoken of.
BY_HAND = 1 << len(KINDS)
_NAMES = [
    sorted(kind.value for kind, bit in BITS.items() if kinds & bit) for kinds in range(2 * BY_HAND)
]
#: For each sum of bits: the names of the kinds, and how much alike the screen wants the titles.
_KINDS = pa.array(_NAMES, pa.list_(pa.string()))
_LEAST = np.array(
    [0.0 if kinds & BY_HAND else least_ratio(names) for kinds, names in enumerate(_NAMES)]
)


def sketch_part(folder: Path, part: int) -> None:
    """Sketches and keys of the records of one part."""
    first, _ = rows_of(part)
    sketches = sketch(load_one(folder / "records.arrow").slice(*rows_of(part)))
    keys = block(sketches)
    rows = pc.add(keys.column("row"), pa.scalar(first, pa.int32()))
    order = np.lexsort([column.to_numpy() for column in keys.columns])  # by key, then by row
    keys = pa.RecordBatch.from_arrays([rows, keys.column("key")], schema=KEYS).take(order)
    save(folder / f"keys-{part}.arrow", [keys], KEYS)
    authors = [names[0] if names else "" for names in sketches.column("families").to_pylist()]
    refining = [
        pa.array(range(first, first + len(sketches)), pa.int32()),
        pa.array(authors, pa.string()),
        pc.fill_null(sketches.column("year"), 0),
        sketches.column("sorted_title"),
    ]
    save(
        folder / f"refining-{part}.arrow",
        [pa.RecordBatch.from_arrays(refining, schema=REFINING)],
        REFINING,
    )
    titles = sketches.select(TITLES.names)
    save(folder / f"titles-{part}.arrow", [titles], TITLES)
    outline = pa.RecordBatch.from_arrays([packed(outlines(*titles.columns))], schema=OUTLINES)
    save(folder / f"outlines-{part}.arrow", [outline], OUTLINES)


def screen_part(folder: Path, part: int) -> None:
    """Of the candidate pairs of one part, those that are worth comparing."""
    titles = shared(folder / "titles.arrow")
    outline = unpacked(shared(folder / "outlines.arrow").column("outline"))
    candidates = load(folder / f"candidates-{part}.arrow").to_batches()
    worth = (pairs.take(_worth(pairs, titles, outline)) for pairs in candidates)
    save(folder / f"screened-{part}.arrow", worth, PAIRS)


def _worth(pairs: pa.RecordBatch, titles: pa.RecordBatch, outline: Outlines) -> pa.Array:
    """The rows of the pairs that are worth comparing."""
    rows = [pairs.column(side).to_numpy() for side in "lr"]
    least = _LEAST[pairs.column("kinds").to_numpy()]
    # No row is out of bounds, and to look for one would take longer than the rest.
    ours, theirs = (np.take(outline, side, axis=0, mode="clip") for side in rows)
    chances = possible(ours, theirs, least)
    some = np.flatnonzero(chances.some)
    left, right = (Side(titles, side[some]) for side in rows)
    return pa.array(some[worth_comparing(left, right, least[some], chances.of(some))])


def screen(left: Side, right: Side, kinds: Ints) -> Bools:
    """Whether pairs of ``TITLES`` with ``PAIRS.kinds`` are worth comparing."""
    return worth_comparing(left, right, _LEAST[kinds])


def prepare_part(folder: Path, part: int) -> None:
    """Comparison rows of the records of one part of ``active``."""
    rows = shared(folder / "active.arrow").slice(*rows_of(part)).column("row")
    prepared = prepare(shared(folder / "records.arrow").take(rows))
    save(folder / f"prepared-{part}.arrow", [prepared], COMPARISON)


def sides(folder: Path, part: int) -> pa.RecordBatch:
    """The pairs of one part: ``left`` and ``right`` (structs of ``COMPARISON``), and ``keys``."""
    pairs = shared(folder / "pairs.arrow").slice(*rows_of(part))
    prepared = shared(folder / "prepared.arrow")
    left, right = (prepared.take(pairs.column(side)) for side in "lr")
    return beside(left, right, pairs.column("kinds"))


def beside(left: pa.RecordBatch, right: pa.RecordBatch, kinds: pa.Array) -> pa.RecordBatch:
    """Pairs as ``decide.judge`` takes them."""
    columns = [left.to_struct_array(), right.to_struct_array(), _KINDS.take(kinds)]
    return pa.RecordBatch.from_arrays(columns, names=["left", "right", "keys"])


def kinds_of(pairs: pa.Table) -> pa.ChunkedArray:
    """The kinds of key that each pair of ``PAIRS`` shares, sorted."""
    return _KINDS.take(pairs.column("kinds"))
