"""Clusters and relations again, where decisions changed, and only there."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from medsafe_harvest.dedupe.cluster import CLUSTERS, cluster, settle
from medsafe_harvest.dedupe.columns import Bools, Ints, distinct
from medsafe_harvest.dedupe.decide import AGAINST
from medsafe_harvest.dedupe.overrides import Overrides
from medsafe_harvest.dedupe.relations import relations
from medsafe_harvest.dedupe.series import part_of
from medsafe_harvest.dedupe.titles import take_apart
from medsafe_harvest.engines.incremental.layers import Layers, numbers_in
from medsafe_harvest.engines.incremental.rejudge import Prepared
from medsafe_harvest.engines.incremental.shares import packed, pairs_in
from medsafe_harvest.engines.incremental.state import first, kept
from medsafe_harvest.engines.incremental.touched import World
from medsafe_harvest.schema import DECISION


@dataclass(frozen=True, slots=True)
class Settled:
    """What clustering some records anew changed."""

    kept: Layers
    first: pa.Table
    #: Of each record, the row of the first of its cluster.
    cluster: Ints
    #: The records that were clustered.
    inside: Bools


def resettle(
    world: World,
    prepared: Prepared,
    decisions: tuple[Layers, Layers, pa.Table],
    clusters: Ints,
    began: Bools,
    overrides: Overrides,
) -> Settled:
    """Cluster the records whose decisions changed, and all that hang together with them.

    Args:
        world: the records.
        prepared: their comparison rows.
        decisions: ``KEPT``, as settled before or not settled yet, ``REST`` and ``FIRST``.
        clusters: of each record, the row of the first of its cluster before.
        began: whether a decision about a record changed.
        overrides: of the curators.
    """
    known, rest, before = decisions
    left, right = (known.numbers(side) for side in "lr")
    standing = known.standing()
    joins = standing & known.numbers("joins").astype(bool)
    inside = _grown(began & ~world.goes, left[joins], right[joins])
    at = np.flatnonzero(standing & inside[left] & inside[right])
    at = at[np.lexsort((world.rank[right[at]], world.rank[left[at]]))]
    current = known.take(at).select(DECISION.names)
    unsettled = _with_first(current, packed(left[at], right[at]), before)
    linked = distinct(np.concatenate([side[at][joins[at]] for side in (left, right)]))
    linked = linked[np.argsort(world.rank[linked])]
    comparison = prepared.of(linked)
    clustering = cluster(comparison, unsettled, overrides, _against(world, rest, inside))
    settled = pa.Table.from_batches(settle(unsettled.to_batches(), clustering), DECISION)
    sides = [pa.array(side[at].astype(np.int32)) for side in (left, right)]
    new, other = (pa.array(_differ(settled, one)) for one in (current, unsettled))
    now = clusters.copy()
    now[inside] = np.flatnonzero(inside)
    smallest = pc.index_in(clustering.clusters["cluster"], comparison.column("record_id"))
    now[linked] = linked[smallest.to_numpy()]
    # Such a pair joins its records, so they are inside both or neither.
    elsewhere = before.filter(pa.array(~inside[numbers_in(before, "l")]))
    here = first(unsettled.filter(other), [side.filter(other) for side in sides])
    return Settled(
        kept=known.replace(
            at[np.asarray(new)], kept(settled.filter(new), [side.filter(new) for side in sides])
        ),
        first=pa.concat_tables([elsewhere, here]).combine_chunks(),
        cluster=now,
        inside=inside,
    )


def _grown(inside: Bools, left: Ints, right: Ints) -> Bools:
    """All records that hang together with some."""
    inside = inside.copy()
    while len(half := np.flatnonzero(inside[left] != inside[right])):
        inside[left[half]] = inside[right[half]] = True
    return inside


def _with_first(current: pa.Table, pairs: Ints, before: pa.Table) -> pa.Table:
    """Decisions about pairs, packed, as they were before clusters settled them."""
    places = pc.index_in(pa.array(pairs), value_set=pa.array(pairs_in(before))).cast(pa.int64())
    rows = pc.coalesce(pc.add(places, len(pairs)), pa.array(np.arange(len(pairs))))
    return pa.concat_tables([current, before.select(DECISION.names)]).take(rows).combine_chunks()


def _against(world: World, rest: Layers, inside: Bools) -> pa.Table:
    left, right = (rest.numbers(side) for side in "lr")
    rows = np.flatnonzero(rest.standing() & inside[left] & inside[right])
    said = rest.take(rows)
    ids = [record_ids(world.records, side[rows]) for side in (left, right)]
    return pa.table([*ids, said["reason"], said["score"]], schema=AGAINST)


def record_ids(records: Layers, rows: Ints) -> pa.ChunkedArray:
    """Of some records."""
    return records.select(["record_id"]).take(rows)["record_id"]


def _differ(one: pa.Table, other: pa.Table) -> Bools:
    unlike = [pc.not_equal(one[name], other[name]) for name in ("outcome", "reason", "detail")]
    return np.asarray(pc.or_(pc.or_(*unlike[:2]), unlike[2]).to_numpy())


def relate(
    world: World, prepared: Prepared, settled: Settled, old: pa.Table, living: Bools
) -> pa.Table:
    """Relations, where those of records that were clustered anew are found anew.

    A link from a title with a marker, or with a part number, depends on all decisions about its
    record. So such neighbours are looked at again, with all their decisions, and with such
    neighbours of theirs, since two records have but one link.
    """
    left, right = (settled.kept.numbers(side) for side in "lr")
    standing = settled.kept.standing()
    pairs = (left, right, standing)
    asked = _with_groups(world, pairs, settled.inside)
    at = np.flatnonzero(_touching(pairs, _with_groups(world, pairs, asked)))
    at = at[np.lexsort((world.rank[right[at]], world.rank[left[at]]))]
    papers = np.zeros(len(asked), dtype=bool)
    papers[settled.cluster[asked]] = True
    members = living & papers[np.maximum(settled.cluster, 0)]
    members[left[at]] = members[right[at]] = True
    rows = np.flatnonzero(members)
    rows = rows[np.argsort(world.rank[rows])]
    clusters = [record_ids(world.records, some) for some in (rows, settled.cluster[rows])]
    found = relations(
        pa.Table.from_batches([prepared.of(rows)]),
        settled.kept.take(at).select(DECISION.names),
        pa.table(clusters, schema=CLUSTERS),
    )
    gone = np.flatnonzero(asked | world.goes)
    ids = record_ids(world.records, gone).combine_chunks()
    links = [
        old.filter(pc.invert(_of(old, ids))),
        found.filter(_of(found, ids)),
    ]
    by = [(name, "ascending") for name in ("left", "kind", "right")]
    return pa.concat_tables(links).sort_by(by).combine_chunks()


_Pairs = tuple[Ints, Ints, Bools]


def _touching(pairs: _Pairs, some: Bools) -> Bools:
    left, right, standing = pairs
    return np.asarray(standing & (some[left] | some[right]), dtype=bool)


def _with_groups(world: World, pairs: _Pairs, some: Bools) -> Bools:
    """Some records, and their neighbours whose links depend on one another."""
    at = _touching(pairs, some)
    near = np.zeros(len(some), dtype=bool)
    near[pairs[0][at]] = near[pairs[1][at]] = True
    rows = np.flatnonzero(near & ~some)
    titles = world.records.select(["title"]).take(rows)["title"].to_pylist()
    found = some.copy()
    found[rows[[_groups(title) for title in titles]]] = True
    return found


def _groups(title: str) -> bool:
    taken_apart = take_apart(title)
    return taken_apart.marker is not None or part_of(taken_apart.form) is not None


def _of(links: pa.Table, ids: pa.Array) -> pa.ChunkedArray:
    return pc.or_(*(pc.is_in(links[side], value_set=ids) for side in ("left", "right")))
