"""Candidate pairs from keys, in bounded memory: stages that workers run, as those of ``stages``.

A key is a number without order or sense, so a range of them is a fair share of the blocks, and all
records of a block are in one. Pairs are made for some records at a time: each looks up who stands
behind it in its blocks. Blocks that are too large, which are few, are refined by the database.
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from medsafe_harvest.dedupe.blocking import KEYS, KIND_MASK, MAX_BLOCK
from medsafe_harvest.dedupe.columns import Ints, distinct
from medsafe_harvest.engines.database import open_database, pair_off
from medsafe_harvest.engines.pool import load, load_one, rows_of, save, save_one
from medsafe_harvest.engines.stages import BY_HAND, PAIRS

#: The records of blocks, block after block, each in order of the rows.
MEMBERS = pa.schema([pa.field("row", pa.int32(), nullable=False)])
#: For each member that others stand behind: its row, by which these are sorted, its place among the
#: members, how many stand behind it, and the bit of the kind of key.
MEETS = pa.schema(
    [
        pa.field("row", pa.int32(), nullable=False),
        pa.field("place", pa.int32(), nullable=False),
        pa.field("behind", pa.int32(), nullable=False),
        pa.field("kind", pa.int32(), nullable=False),
    ]
)
#: The members of blocks that are too large, as the statements of ``sql`` take them.
LARGE = pa.schema(
    [
        pa.field("id", pa.int32(), nullable=False),
        pa.field("key", pa.int64(), nullable=False),
        pa.field("kind", pa.int32(), nullable=False),
        pa.field("size", pa.int32(), nullable=False),
    ]
)
#: Bytes that a worker needs for each key of a range, and those that it may have in any case.
_BYTES, _LEAST = 100, 20_000_000
#: A pair as one number has in its last bits the kinds, before them the right row, and before that
#: the left row, counted from the first of its part.
_KIND_BITS, _ROW_BITS = (2 * BY_HAND - 1).bit_length(), 31


def ranges_for(keys: int, memory: int) -> int:
    """Into how many ranges so many keys are cut, for one of them to fit into so many bytes."""
    return max(1, -(-keys * _BYTES // max(memory, _LEAST)))


def blocks_part(folder: Path, part: int, *, ranges: int, sketched: int) -> None:
    """Write ``members``, ``meets`` and ``large`` of the blocks whose keys are in one range.

    Args:
        folder: has ``keys``, in order of the keys and then of the rows.
        part: the number of the range.
        ranges: how many there are.
        sketched: parts of ``keys``.
    """
    row, key = _in_range(folder, part, ranges, sketched)
    begins = np.flatnonzero(np.r_[True, key[1:] != key[:-1]]) if len(key) else np.zeros(0, np.int64)
    sizes = np.diff(np.r_[begins, len(key)])
    size, begin = np.repeat(sizes, sizes), np.repeat(begins, sizes)
    behind = size - 1 - (np.arange(len(key)) - begin)
    kind = np.left_shift(1, key & KIND_MASK)
    large = np.flatnonzero(size > MAX_BLOCK)
    columns = (row[large], key[large], kind[large], size[large])
    _save(folder / f"large-{part}.arrow", LARGE, *columns)
    own = np.flatnonzero((size > 1) & (size <= MAX_BLOCK))
    _save(folder / f"members-{part}.arrow", MEMBERS, row[own])
    first = np.flatnonzero(behind[own])
    first = first[np.argsort(row[own][first], kind="stable")]
    meets = (row[own][first], first, behind[own][first], kind[own][first])
    _save(folder / f"meets-{part}.arrow", MEETS, *meets)


def _in_range(folder: Path, part: int, ranges: int, sketched: int) -> tuple[Ints, Ints]:
    """Rows and keys of one range, by key and then by row."""
    least, width = np.iinfo(np.int64).min, 2**64 // ranges
    low = least + part * width
    rows, keys = [np.zeros(0, np.int32)], [np.zeros(0, np.int64)]
    for number in range(sketched):
        there = load_one(folder / f"keys-{number}.arrow")
        row, key = (there.column(name).to_numpy() for name in KEYS.names)
        first = np.searchsorted(key, low)
        last = len(key) if part + 1 == ranges else np.searchsorted(key, low + width)
        rows.append(row[first:last])
        keys.append(key[first:last])
    row, key = np.concatenate(rows), np.concatenate(keys)
    order = np.argsort(key, kind="stable")
    return row[order], key[order]


def _save(path: Path, schema: pa.Schema, *columns: Ints) -> None:
    arrays = [pa.array(one, field.type) for one, field in zip(columns, schema, strict=True)]
    save(path, [pa.RecordBatch.from_arrays(arrays, schema=schema)], schema)


def met_part(folder: Path, part: int, *, memory_limit: str, threads: int) -> Counter[str]:
    """Write ``met``: pairs of the large blocks of one range; how many blocks were large.

    With those that curators have spoken of, in the first. They are ``PAIRS``, by left row. No stage
    for workers: a single block may need all the memory that there is.

    Args:
        folder: has ``large``, ``refining`` and ``by_hand``.
        part: the number of the range.
        memory_limit: what the database may take, for example "4GB".
        threads: cores that it may use.

    Raises:
        EngineError: a block does not fit into the limit.
    """
    members = load(folder / f"large-{part}.arrow")
    by_hand = load(folder / "by_hand.arrow").slice(0, None if part == 0 else 0)
    with open_database(folder, memory_limit, threads) as database:
        database.register("members", members)
        database.register("sketches", _as_numbers(folder, members))
        database.register("by_hand", by_hand)
        counts = pair_off(database)
        met = database.sql("select l, r, kinds from candidates order by l, r").to_arrow_table()
    save_one(folder / f"met-{part}.arrow", met.cast(PAIRS))
    return counts


def _as_numbers(folder: Path, members: pa.Table) -> pa.Table:
    """What refines blocks, of some records; numbers that sort as the texts do stand for these."""
    rows = pa.array(distinct(members["id"].to_numpy()))
    own = load_one(folder / "refining.arrow").take(rows)
    columns = {name: own.column(name) for name in own.schema.names}
    for name in ("author", "sorted_title"):
        columns[name] = pc.rank(columns[name], tiebreaker="dense")
    return pa.table(columns)


def pairs_part(folder: Path, part: int, *, ranges: int) -> int:
    """Write ``candidates``: the pairs whose left record is in one part; how many there are.

    They are ``PAIRS``, sorted, in batches of as many as a stage takes at a time.

    Args:
        folder: has what :func:`blocks_part` and :func:`met_part` write.
        part: of the records.
        ranges: of keys.
    """
    first, rows = rows_of(part)
    found = [_of_range(folder, number, first, rows) for number in range(ranges)]
    found += [_of_met(folder, number, first, rows) for number in range(ranges)]
    packed = np.sort(np.concatenate(found))
    pair = packed >> _KIND_BITS
    begins = np.flatnonzero(np.r_[True, pair[1:] != pair[:-1]]) if len(pair) else pair
    kinds = packed & ((1 << _KIND_BITS) - 1)
    kinds = np.bitwise_or.reduceat(kinds, begins) if len(pair) else kinds
    pair = pair[begins]
    columns = ((pair >> _ROW_BITS) + first, pair & ((1 << _ROW_BITS) - 1), kinds)
    arrays = [pa.array(one, field.type) for one, field in zip(columns, PAIRS, strict=True)]
    table = pa.Table.from_arrays(arrays, schema=PAIRS)
    save(folder / f"candidates-{part}.arrow", table.to_batches(max_chunksize=rows), PAIRS)
    return len(pair)


def _of_range(folder: Path, number: int, first: int, rows: int) -> Ints:
    """The pairs that blocks of one range of keys make of some records, packed."""
    meets = load_one(folder / f"meets-{number}.arrow")
    own = _of_rows(meets, "row", first, rows)
    row, place, behind, kind = (own.column(name).to_numpy() for name in MEETS.names)
    members = load_one(folder / f"members-{number}.arrow").column("row").to_numpy()
    behind = behind.astype(np.int64)
    # To each record its places behind it: place + 1, place + 2, ...
    step = np.arange(behind.sum()) - np.repeat(np.cumsum(behind) - behind, behind)
    others = members[np.repeat(place, behind) + 1 + step]
    return _packed(np.repeat(row, behind), others, np.repeat(kind, behind), first)


def _of_met(folder: Path, number: int, first: int, rows: int) -> Ints:
    """Those of its large blocks."""
    met = load_one(folder / f"met-{number}.arrow")
    left, right, kinds = (one.to_numpy() for one in _of_rows(met, "l", first, rows).columns)
    return _packed(left, right, kinds, first)


def _of_rows(batch: pa.RecordBatch, by: str, first: int, rows: int) -> pa.RecordBatch:
    """The rows of a batch, which is sorted by a column of rows, about some records."""
    column = batch.column(by).to_numpy()
    # Numbers of another type would have numpy copy the whole column.
    begin, end = np.searchsorted(column, np.array([first, first + rows], column.dtype))
    return batch.slice(begin, end - begin)


def _packed(left: Ints, right: Ints, kinds: Ints, first: int) -> Ints:
    """Pairs as numbers that sort as these do; a record that has a key twice is no pair."""
    apart = left < right
    own = (left[apart] - first).astype(np.int64)
    packed: Ints = ((own << _ROW_BITS | right[apart]) << _KIND_BITS) | kinds[apart]
    return packed
