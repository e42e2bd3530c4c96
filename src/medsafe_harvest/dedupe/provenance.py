"""Who supplied each field of a paper, by which rule, and who said something else."""

from __future__ import annotations

import json
from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from medsafe_harvest.schema import LOSING_VALUE, PROVENANCE, WORK_FIELDS

#: Row numbers, or cluster numbers of rows.
Rows = npt.NDArray[np.int64]

#: Row number where no record supplied a field.
NOBODY = -1


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
    clusters, fields, rows = [], [], []
    for number, field in enumerate(WORK_FIELDS):
        if field in winners:
            supplied = np.flatnonzero(winners[field] != NOBODY)
            supplied = np.concatenate([supplied, unchosen.get(field, supplied[:0])])
            clusters.append(supplied)
            rows.append(winners[field][supplied])
        else:
            clusters.append(cluster[contributors[field]])
            rows.append(contributors[field])
        fields.append(np.full(len(rows[-1]), number, dtype=np.int64))
    parts = [np.concatenate(part) for part in (clusters, fields, rows)]
    order = np.lexsort((parts[2], parts[1], parts[0]))
    return parts[0][order], parts[1][order], parts[2][order]


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
    several = np.flatnonzero(contested[entries[0]])
    pairs = zip(entries[0][several].tolist(), entries[1][several].tolist(), strict=True)
    place = dict(zip(pairs, several.tolist(), strict=True))
    some = records.take(pa.array(shared))
    record_ids = some["record_id"].to_pylist()
    said: list[tuple[int, str, str]] = []
    for number, field in enumerate(WORK_FIELDS):
        if field not in winners:
            continue
        chosen = winners[field][cluster[shared]]
        winning = records[field].combine_chunks().take(pa.array(chosen, mask=chosen == NOBODY))
        values = zip(some[field].to_pylist(), winning.to_pylist(), strict=True)
        for position, (value, won) in enumerate(values):
            if value not in (None, []) and value != won:
                at = place[int(cluster[shared[position]]), number]
                said.append((at, record_ids[position], _json(value)))
    said.sort()
    counts = np.bincount(
        np.array([at for at, _, _ in said], dtype=np.int64), minlength=len(entries[0])
    )
    structs = pa.StructArray.from_arrays(
        [pa.array([one[part] for one in said], pa.string()) for part in (1, 2)],
        fields=list(LOSING_VALUE),
    )
    offsets = pa.array(np.r_[0, np.cumsum(counts)].astype(np.int32))
    return pa.ListArray.from_arrays(offsets, structs, type=pa.list_(LOSING_VALUE))


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, sort_keys=True, default=str)
