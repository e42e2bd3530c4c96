"""Which records are new, changed or gone, by what matching reads of them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from medsafe_harvest.dedupe.columns import Bools, Ints, one_array
from medsafe_harvest.dedupe.prepare import NEEDED
from medsafe_harvest.engines.incremental.state import State


@dataclass(frozen=True, slots=True)
class Batch:
    """What changed: a record that changed both goes and comes."""

    #: Columns ``prepare.NEEDED`` of ``schema.RECORD``, sorted by record_id, each once.
    comes: pa.Table
    #: Rows of the state, each once.
    goes: Ints


def changes(state: State, records: pa.Table) -> Batch:
    """What changed.

    Args:
        state: what is known.
        records: all rows of ``schema.RECORD`` that there are now, each record_id once.
    """
    rows = state.living["row"].to_numpy().astype(np.int64)
    known = one_array(state.records.select(["record_id"]).take(rows)["record_id"])
    ids = one_array(records["record_id"])
    places = pc.index_in(ids, value_set=known)
    there = np.flatnonzero(pc.is_valid(places))
    before = rows[places.drop_null().to_numpy()]
    unlike = np.zeros(len(there), dtype=bool)
    for name in NEEDED:
        old = one_array(state.records.select([name]).take(before)[name])
        unlike |= differ(old, one_array(records[name]).take(pa.array(there)))
    comes = np.sort(np.append(there[unlike], np.flatnonzero(pc.is_null(places))))
    gone = np.ones(len(rows), dtype=bool)
    gone[places.drop_null().to_numpy()] = False
    found = records.select(NEEDED).take(pa.array(comes)).sort_by("record_id")
    return Batch(found.combine_chunks(), np.append(before[unlike], rows[gone]))


def differ(one: pa.Array, other: pa.Array) -> Bools:
    """Where two columns say something else; a null is like a null, and like nothing else."""
    blocks = [
        _differ(one.slice(start, _BLOCK), other.slice(start, _BLOCK))
        for start in range(0, len(one), _BLOCK)
    ]
    return np.concatenate([np.zeros(0, dtype=bool), *blocks])


#: Values that are compared as a whole first: from one night to the next most are as they were.
_BLOCK = 2_000


def _differ(one: pa.Array, other: pa.Array) -> Bools:
    if one.equals(other):
        return np.zeros(len(one), dtype=bool)
    apart = _flags(pc.not_equal(pc.is_valid(one), pc.is_valid(other)))
    if pa.types.is_struct(one.type):
        for ours, theirs in zip(one.flatten(), other.flatten(), strict=True):
            apart |= _differ(ours, theirs)
        return apart
    if not pa.types.is_list(one.type):
        return apart | _flags(pc.fill_null(pc.not_equal(one, other), False))
    lengths = (pc.fill_null(pc.list_value_length(side), 0) for side in (one, other))
    apart |= _flags(pc.not_equal(*lengths))
    alike = np.flatnonzero(~apart)
    ours, theirs = (side.take(pa.array(alike)) for side in (one, other))
    items = _differ(pc.list_flatten(ours), pc.list_flatten(theirs))
    apart[alike[np.asarray(pc.list_parent_indices(ours))[items]]] = True
    return apart


def _flags(flags: pa.BooleanArray) -> Bools:
    return np.array(flags.to_numpy(zero_copy_only=False), dtype=bool)
