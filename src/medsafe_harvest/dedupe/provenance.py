"""Who supplied each field of a paper, by which rule, and who said something else."""

from __future__ import annotations

import json
from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from medsafe_harvest.schema import LOSING_VALUE, PROVENANCE, WORK_FIELDS

#: Row numbers, or cluster numbers of rows.
Rows = npt.NDArray[np.int64]

Flags = npt.NDArray[np.bool_]

#: Row number where no record supplied a field.
NOBODY = -1

_FIELDS = len(WORK_FIELDS)


def provenance(
    records: pa.Table,
    cluster: Rows,
    rules: Mapping[str, str],
    winners: Mapping[str, Rows],
    contributors: Mapping[str, Rows],
    unchosen: Mapping[str, Rows],
) -> pa.Array:
    """One list a cluster, of ``schema.PROVENANCE``, in the order of the fields.

    Args:
        records: rows of ``schema.RECORD``, sorted by cluster and record id.
        cluster: number of the cluster of each row, ascending from 0.
        rules: name of the rule of each field.
        winners: for a field chosen from one record, its row for each cluster, or ``NOBODY``.
        contributors: for a field united from several records, their rows.
        unchosen: for a field, clusters whose records have a value although none was chosen; the
            entry names no record then, and all values as not chosen.
    """
    clusters, fields, rows = _entries(cluster, winners, contributors, unchosen)
    count = int(cluster[-1]) + 1 if len(cluster) else 0
    entries = pa.StructArray.from_arrays(
        [
            pa.array(WORK_FIELDS).take(pa.array(fields)),
            records["record_id"].combine_chunks().take(pa.array(rows, mask=rows == NOBODY)),
            pa.array([rules[field] for field in WORK_FIELDS]).take(pa.array(fields)),
            _losers(records, cluster, winners, (clusters, fields, rows)),
        ],
        fields=list(PROVENANCE),
    )
    offsets = np.r_[0, np.cumsum(np.bincount(clusters, minlength=count))].astype(np.int32)
    return pa.ListArray.from_arrays(pa.array(offsets), entries, type=pa.list_(PROVENANCE))


def _entries(
    cluster: Rows,
    winners: Mapping[str, Rows],
    contributors: Mapping[str, Rows],
    unchosen: Mapping[str, Rows],
) -> tuple[Rows, Rows, Rows]:
    """Cluster, field number and row (or ``NOBODY``) of each entry, sorted."""
    keys = []
    # Row 0 stands for nobody, so that one number holds all three.
    most = len(cluster) + 1
    for number, field in enumerate(WORK_FIELDS):
        if field in winners:
            owners = np.flatnonzero(winners[field] != NOBODY)
            owners = np.concatenate([owners, unchosen.get(field, owners[:0])])
            rows = winners[field][owners]
        else:
            rows = contributors[field]
            owners = cluster[rows]
        keys.append((owners * _FIELDS + number) * most + rows + 1)
    pairs, rows = np.divmod(np.sort(np.concatenate(keys)), most)
    clusters, fields = np.divmod(pairs, _FIELDS)
    return clusters, fields, rows - 1


def _losers(
    records: pa.Table,
    cluster: Rows,
    winners: Mapping[str, Rows],
    entries: tuple[Rows, Rows, Rows],
) -> pa.Array:
    """For each entry, the differing values of the cluster's other records, as JSON."""
    contested = np.bincount(cluster) > 1 if len(cluster) else cluster > 0
    contested[entries[0][entries[2] == NOBODY]] = True
    shared = np.flatnonzero(contested[cluster])
    pairs = entries[0] * _FIELDS + entries[1]
    places: list[Rows] = []
    rows: list[Rows] = []
    values: list[str] = []
    for number, field in enumerate(WORK_FIELDS):
        if field not in winners:
            continue
        column = records[field].combine_chunks()
        lost = shared[_differs(column, shared, winners[field][cluster[shared]])]
        # A field that one record supplies has one entry a cluster.
        places.append(np.searchsorted(pairs, cluster[lost] * _FIELDS + number))
        rows.append(lost)
        values += map(_JSON.encode, column.take(pa.array(lost)).to_pylist())
    place, row = np.concatenate(places), np.concatenate(rows)
    # Rows stand in order of record id.
    order = np.lexsort((row, place))
    structs = pa.StructArray.from_arrays(
        [
            records["record_id"].combine_chunks().take(pa.array(row[order])),
            pa.array(values, pa.string()).take(pa.array(order)),
        ],
        fields=list(LOSING_VALUE),
    )
    counts = np.bincount(place, minlength=len(pairs))
    offsets = pa.array(np.r_[0, np.cumsum(counts)].astype(np.int32))
    return pa.ListArray.from_arrays(offsets, structs, type=pa.list_(LOSING_VALUE))


#: Dates are written as they are told.
_JSON = json.JSONEncoder(ensure_ascii=False, sort_keys=True, default=str)


def _differs(column: pa.Array, rows: Rows, chosen: Rows) -> Flags:
    """Which of the rows have a value other than that of the row chosen for each, if any is."""
    known = column.is_valid()
    if pa.types.is_list(column.type):
        known = pc.fill_null(pc.greater(pc.list_value_length(column), 0), False)
    having: Flags = known.to_numpy(zero_copy_only=False)[rows] & (rows != chosen)
    told = np.flatnonzero(having & (chosen != NOBODY))
    having[told] = ~_same(column, rows[told], chosen[told])
    return having


def _same(values: pa.Array, left: Rows, right: Rows) -> Flags:
    """Whether the values at two rows are equal, nulls and what is inside lists included."""
    valid: Flags = values.is_valid().to_numpy(zero_copy_only=False)
    equal: Flags = valid[left] == valid[right]
    both = np.flatnonzero(valid[left] & valid[right])
    left, right = left[both], right[both]
    if pa.types.is_list(values.type):
        equal[both] = _same_lists(values, left, right)
    elif pa.types.is_struct(values.type):
        for part in values.flatten():
            equal[both] &= _same(part, left, right)
    else:
        found = pc.equal(values.take(pa.array(left)), values.take(pa.array(right)))
        equal[both] = found.to_numpy(zero_copy_only=False)
    return equal


def _same_lists(lists: pa.Array, left: Rows, right: Rows) -> Flags:
    offsets = lists.offsets.to_numpy().astype(np.int64)
    lengths = np.diff(offsets)
    equal: Flags = lengths[left] == lengths[right]
    long = np.flatnonzero(equal & (lengths[left] > 0))
    counts = lengths[left[long]]
    starts = np.cumsum(counts) - counts
    step = np.arange(counts.sum()) - np.repeat(starts, counts)
    inside = [np.repeat(offsets[side[long]], counts) + step for side in (left, right)]
    if len(long):
        equal[long] = np.logical_and.reduceat(_same(lists.values, *inside), starts)
    return equal
