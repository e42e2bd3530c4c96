"""Lists of what the records of each cluster say, made of whole columns."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from medsafe_harvest.dedupe.provenance import Rows


def collect(clusters: int, cluster: Rows, values: pa.Array) -> pa.Array:
    """Sorted distinct values as one list a cluster, without nulls.

    Most clusters have one value, which needs neither sorting nor comparing.

    Args:
        clusters: how many there are.
        cluster: number of the cluster of each value, in any order.
        values: strings or numbers.
    """
    if values.null_count:
        cluster = cluster[values.is_valid().to_numpy(zero_copy_only=False)]
        values = values.drop_null()
    alone = np.bincount(cluster, minlength=clusters)[cluster] == 1
    singles, single_values = cluster[alone], values.filter(pa.array(alone))
    others = pa.table({"cluster": cluster[~alone], "value": values.filter(pa.array(~alone))})
    others = others.group_by(["cluster", "value"]).aggregate([])
    others = others.sort_by([("cluster", "ascending"), ("value", "ascending")])
    several = others["cluster"].to_numpy()
    every = np.concatenate([singles, several])
    # Stable, so the values of a cluster stay in their order.
    order = np.argsort(every, kind="stable")
    united = pa.chunked_array([single_values, *others["value"].chunks], values.type)
    counts = np.bincount(every, minlength=clusters)
    flat = united.combine_chunks().take(pa.array(order))
    return pa.ListArray.from_arrays(_offsets(counts), flat, type=pa.list_(values.type))


def union(
    records: pa.Table,
    cluster: Rows,
    clusters: int,
    fields: Sequence[str],
    without: pa.Array | None = None,
) -> pa.Array:
    """Distinct values of columns of one type, or of lists of it, sorted, one list a cluster.

    Args:
        records: the rows.
        cluster: number of the cluster of each row.
        clusters: how many there are.
        fields: the columns.
        without: a value of each cluster to leave out.
    """
    numbers: list[Rows] = []
    values: list[pa.Array] = []
    for field in fields:
        column = records[field].combine_chunks()
        if pa.types.is_list(column.type):
            numbers.append(cluster[pc.list_parent_indices(column).to_numpy()])
            values.append(column.flatten())
        else:
            numbers.append(cluster)
            values.append(column)
    number, value = np.concatenate(numbers), pa.concat_arrays(values)
    if without is not None:
        own = without.take(pa.array(number))
        other = pc.fill_null(pc.not_equal(value, own), True).to_numpy(zero_copy_only=False)
        number, value = number[other], value.filter(pa.array(other))
    return collect(clusters, number, value)


def empty_for_null(lists: pa.Array) -> pa.Array:
    """The same lists, empty where there was none."""
    if not lists.null_count:
        return lists
    lengths = pc.fill_null(pc.list_value_length(lists), 0).to_numpy()
    return pa.ListArray.from_arrays(_offsets(lengths), lists.flatten(), type=lists.type)


def _offsets(counts: Rows) -> pa.Array:
    return pa.array(np.r_[0, np.cumsum(counts)].astype(np.int32))
