"""Cut clusters into parts that can be merged one by one, their papers in order all the same."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from medsafe_harvest.dedupe.merge import anchors, group
from medsafe_harvest.dedupe.provenance import Rows

#: What :func:`parts` reads of each record.
READ = ("record_id", "source", "former_record_ids", "first_seen")


def parts(records: pa.Table, clusters: pa.Table, rows: int) -> tuple[Rows, int]:
    """The part of each record: whole clusters, and the papers of one all before those of the next.

    Args:
        records: rows of ``schema.RECORD``, or of the columns ``READ``.
        clusters: ``record_id`` and ``cluster`` of every record.
        rows: that a part should have at most; a larger cluster is a part of its own.

    Returns:
        Numbers from 0, in the order of the records, and how many parts there are.
    """
    grouped = group(records.select(READ), clusters)
    order = pc.sort_indices(anchors(grouped)).to_numpy()
    sizes = np.bincount(grouped.cluster, minlength=grouped.clusters)[order]
    part_of = np.empty(grouped.clusters, dtype=np.int64)
    part_of[order] = filled(sizes, rows)
    found = part_of[grouped.cluster]
    names = grouped.records["record_id"].combine_chunks()
    place = pc.index_in(records["record_id"], value_set=names)
    return found[place.to_numpy()], int(part_of.max(initial=-1)) + 1


def filled(sizes: Rows, rows: int) -> Rows:
    """The part of each cluster, where a part ends before it would have more than so many rows."""
    ends = np.cumsum(sizes)
    found = np.empty(len(sizes), dtype=np.int64)
    first = part = 0
    while first < len(sizes):
        before = ends[first - 1] if first else 0
        last = max(int(np.searchsorted(ends, before + rows, side="right")), first + 1)
        found[first:last] = part
        first, part = last, part + 1
    return found
