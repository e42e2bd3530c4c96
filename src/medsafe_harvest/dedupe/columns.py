"""Arithmetic on aligned columns of two batches: row i of one belongs to row i of the other."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
from rapidfuzz import fuzz
from rapidfuzz.process import cpdist

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]


def one_array(column: pa.ChunkedArray) -> pa.Array:
    """A column as one array; not copied where it is one."""
    return column.chunk(0) if column.num_chunks == 1 else column.combine_chunks()


def ascending(column: pa.ChunkedArray) -> bool:
    """Whether no value is less than the one before it."""
    values = column.combine_chunks()
    return pc.all(pc.less_equal(values[:-1], values[1:])).as_py() is not False


def distinct(values: Ints) -> Ints:
    """Each value once, sorted; in a tenth of the time of ``np.unique``, which hashes them first."""
    ordered = np.sort(values)
    return ordered[np.r_[True, ordered[1:] != ordered[:-1]]] if len(ordered) else ordered


def among(values: Ints, others: Ints) -> Bools:
    """Of each value, whether it is one of the others; as ``np.isin``, and faster likewise."""
    if not len(others):
        return np.zeros(len(values), dtype=bool)
    ordered = np.sort(others)
    places = np.minimum(np.searchsorted(ordered, values), len(ordered) - 1)
    return np.asarray(ordered[places] == values, dtype=bool)


def overlap(left: pa.RecordBatch, right: pa.RecordBatch, one: str, other: str = "") -> Ints:
    """Number of list items that both sides have; the lists are distinct."""
    return common(left.column(one), right.column(other or one))


def common(ours: pa.Array, theirs: pa.Array) -> Ints:
    """Number of items of each list that the list beside it has."""
    found, _ = matched(ours, theirs)
    owners = np.asarray(pc.list_parent_indices(ours), dtype=np.int64)
    return np.bincount(owners[found], minlength=len(ours)).astype(np.int64)


def matched(ours: pa.Array, theirs: pa.Array) -> tuple[Bools, Bools]:
    """For each item of two columns of lists, whether the list beside its own has it too."""
    values = pa.chunked_array([pc.list_flatten(ours), pc.list_flatten(theirs)], type=pa.string())
    codes = values.combine_chunks().dictionary_encode()
    numbers = np.asarray(codes.indices.to_numpy(zero_copy_only=False), dtype=np.int64)
    size = len(codes.dictionary)
    owners = [np.asarray(pc.list_parent_indices(side), dtype=np.int64) for side in (ours, theirs)]
    split = len(owners[0])
    mine = owners[0] * size + numbers[:split]
    yours = owners[1] * size + numbers[split:]
    return among(mine, yours), among(yours, mine)


def as_lists(column: pa.Array) -> pa.Array:
    """Each value as a list of one."""
    return pa.ListArray.from_arrays(pa.array(range(len(column) + 1), pa.int32()), column)


def owners(side: pa.RecordBatch, column: str) -> Ints:
    """For each item of a column of lists, the row that it stands in."""
    return np.asarray(pc.list_parent_indices(side.column(column)), dtype=np.int64)


def joined(lists: pa.Array, owners: Ints, chosen: Bools) -> list[str]:
    """The chosen items of each list as one string."""
    counts = np.bincount(owners[chosen], minlength=len(lists))
    offsets = pa.array(np.r_[0, np.cumsum(counts)].astype(np.int32))
    items = pc.list_flatten(lists).filter(pa.array(chosen))
    joined: list[str] = pc.binary_join(pa.ListArray.from_arrays(offsets, items), " ").to_pylist()
    return joined


def known(side: pa.RecordBatch, column: str) -> Bools:
    """Whether there is a value."""
    return bools(pc.is_valid(side.column(column)))


def numbers(side: pa.RecordBatch, column: str) -> Ints:
    """Null is -1."""
    filled = pc.fill_null(side.column(column), -1)
    return np.asarray(filled.to_numpy(zero_copy_only=False), dtype=np.int64)


def equal(left: pa.RecordBatch, right: pa.RecordBatch, column: str) -> Bools:
    """Whether both have one value; null equals nothing."""
    return bools(pc.equal(left.column(column), right.column(column)))


def are_both(left: pa.RecordBatch, right: pa.RecordBatch, column: str, value: str) -> Bools:
    """Whether both have that value."""
    return bools(pc.equal(left.column(column), value)) & bools(
        pc.equal(right.column(column), value)
    )


def conflict(left: pa.RecordBatch, right: pa.RecordBatch, column: str) -> Bools:
    """Whether both have a value, and not one; null conflicts with nothing."""
    return bools(pc.not_equal(left.column(column), right.column(column)))


def strings_differ(left: pa.RecordBatch, right: pa.RecordBatch, column: str) -> Bools:
    """Null counts as a value."""
    one, other = pc.fill_null(left.column(column), ""), pc.fill_null(right.column(column), "")
    return bools(pc.not_equal(one, other))


def bools(values: pa.Array) -> Bools:
    """Null counts as False."""
    filled = pc.fill_null(values, False)
    return np.asarray(filled.to_numpy(zero_copy_only=False), dtype=bool)


def lengths(side: pa.RecordBatch, column: str) -> Ints:
    """Number of items of each list."""
    lengths = pc.list_value_length(side.column(column))
    return np.asarray(lengths.to_numpy(zero_copy_only=False), dtype=np.int64)


def ratio(left: pa.RecordBatch, right: pa.RecordBatch, column: str) -> Floats:
    """Edit ratio of two columns of strings, 0 to 1."""
    return ratios(left.column(column).to_pylist(), right.column(column).to_pylist())


def ratios(one: Sequence[str], other: Sequence[str]) -> Floats:
    """Edit ratio of aligned strings, 0 to 1."""
    scores = cpdist(one, other, scorer=fuzz.ratio, dtype=np.float64)
    return np.asarray(scores, dtype=np.float64) / 100.0
