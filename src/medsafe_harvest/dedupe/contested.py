"""Which records hang together by matches, and where something speaks against their union.

Most groups are undisputed: no pair of theirs was refused, no two identifiers exclude each other.
Each is a cluster as it stands, found by arithmetic on whole columns; only the others need to be
agglomerated pair by pair.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import scipy.sparse as sp
from scipy.sparse.csgraph import connected_components

from medsafe_harvest.dedupe.columns import Bools, Ints, distinct, one_array
from medsafe_harvest.dedupe.overrides import Link, Overrides
from medsafe_harvest.dedupe.reasons import Outcome, Reason

#: Columns of ``prepare.COMPARISON`` that hold identifiers of which one paper has but one.
EXCLUSIVE: tuple[str, ...] = ("arxiv_id", "pmid", "pmcid", "journal_dois")


@dataclass(frozen=True, slots=True)
class Hanging:
    """Records by the group that they hang together in."""

    #: Sorted.
    record_ids: pa.Array
    #: Of each, the place of the first record of its group.
    first: Ints
    #: Of each, whether its group is disputed.
    contested: Bools

    def disputed(self, pairs: pa.Table) -> pa.Table:
        """Of pairs, ``left`` and ``right``, those of two records of one disputed group."""
        left, right = _places(pairs, self.record_ids)
        inside = (left >= 0) & (right >= 0)
        left, right = left[inside], right[inside]
        inside[inside] = (self.first[left] == self.first[right]) & self.contested[left]
        return pairs.filter(pa.array(inside))


def hanging(
    records: pa.Table,
    decisions: pa.Table,
    overrides: Overrides,
    against: pa.Table | None = None,
) -> Hanging:
    """How records hang together by matches, promising pairs and must-links.

    Args:
        records: every record once; ``record_id`` and ``EXCLUSIVE`` of ``prepare.COMPARISON``.
        decisions: rows of ``schema.DECISION``.
        overrides: of curators.
        against: rows of ``decide.AGAINST``.
    """
    ordered = records.select(["record_id", *EXCLUSIVE]).sort_by("record_id")
    ids = one_array(ordered["record_id"])
    matched = np.asarray(pc.equal(decisions["outcome"], Outcome.MATCH.value))
    promising = np.asarray(pc.equal(decisions["reason"], Reason.PROMISING.value))
    decided = _places(decisions, ids)
    by_hand = _known(_places(_table_of(overrides.must_link), ids))
    joined = [_known(decided[:, matched | promising]), by_hand]
    first = first_connected(len(ids), np.concatenate(joined, axis=1))
    # All that agglomeration weighs: promising pairs, links by hand, and what is no match.
    weighed = [_known(decided[:, ~matched]), by_hand]
    weighed += [_known(_places(_table_of(overrides.cannot_link), ids))]
    weighed += [] if against is None else [_known(_places(against, ids))]
    left, right = first[np.concatenate(weighed, axis=1)]
    contested = np.zeros(len(ids), dtype=bool)
    contested[left[left == right]] = True
    for kind in EXCLUSIVE:
        contested[_having_several(first, one_array(ordered[kind]))] = True
    return Hanging(ids, first, contested[first])


def _table_of(links: Iterable[Link]) -> pa.Table:
    pairs = [link.pair for link in links]
    sides = (pa.array([pair[side] for pair in pairs], pa.string()) for side in range(2))
    return pa.table(dict(zip(("left", "right"), sides, strict=True)))


def _places(pairs: pa.Table, record_ids: pa.Array) -> Ints:
    """Places of the left and the right records of n pairs: 2 x n; -1 for one that is not there."""
    both = pa.chunked_array([*pairs["left"].chunks, *pairs["right"].chunks], pa.string())
    places = pc.fill_null(pc.index_in(both, value_set=record_ids), -1)
    return np.asarray(places, dtype=np.int64).reshape(2, len(pairs))


def _known(places: Ints) -> Ints:
    """The pairs of which both records are there."""
    return places[:, (places >= 0).all(axis=0)]


def first_connected(count: int, edges: Ints) -> Ints:
    """Of each of so many nodes, the least that it is connected with by edges, 2 x n."""
    ones = np.ones(edges.shape[1], dtype=np.int8)
    _, labels = connected_components(sp.coo_array((ones, (edges[0], edges[1])), (count, count)))
    _, first, group = np.unique(labels, return_index=True, return_inverse=True)
    return np.asarray(first[group], dtype=np.int64)


def _having_several(first: Ints, column: pa.Array) -> Ints:
    """The groups that have more than one value in a column of strings or of lists of them."""
    if pa.types.is_list(column.type):
        owners, values = np.asarray(pc.list_parent_indices(column)), pc.list_flatten(column)
    else:
        owners, values = np.flatnonzero(pc.is_valid(column)), pc.drop_null(column)
    codes = np.asarray(values.dictionary_encode().indices, dtype=np.int64)
    # Group and value as one number: sorted, each once.
    groups = distinct(first[owners] * (codes.max(initial=0) + 1) + codes) // (
        codes.max(initial=0) + 1
    )
    return np.asarray(groups[1:][groups[1:] == groups[:-1]], dtype=np.int64)
