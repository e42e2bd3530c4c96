"""Matching a batch against what is there, at a cost that grows with the batch.

A key, a comparison row and a decision depend on one record or on two, the pairs of a block on its
members, a cluster on the decisions that hang together. So a batch is matched by looking at the
blocks of its keys, deciding about the pairs that changed there, and clustering anew only what hangs
together with them. The result is what :func:`~medsafe_harvest.engines.duckdb.match` finds in all
records: a test holds it to that.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from medsafe_harvest.dedupe.cluster import CLUSTERS
from medsafe_harvest.dedupe.columns import Bools, Ints, among, distinct, one_array
from medsafe_harvest.dedupe.overrides import Link, Overrides
from medsafe_harvest.dedupe.reasons import Reason
from medsafe_harvest.engines.database import open_database
from medsafe_harvest.engines.duckdb import Matching
from medsafe_harvest.engines.incremental.changes import Batch
from medsafe_harvest.engines.incremental.layers import Layers, numbers_in
from medsafe_harvest.engines.incremental.rejudge import Judged, Prepared, rejudge, sides
from medsafe_harvest.engines.incremental.resettle import record_ids, relate, resettle
from medsafe_harvest.engines.incremental.shares import packed, pairs_in
from medsafe_harvest.engines.incremental.state import LIVING, State, kept, rest
from medsafe_harvest.engines.incremental.touched import (
    ByHand,
    Touched,
    World,
    keys_of,
    touched,
)
from medsafe_harvest.schema import DECISION
from medsafe_harvest.scratch import scratch

#: Counts that are told though they be 0; of decisions, only those that there are.
_ALWAYS = ("candidate_pairs", "oversized_blocks", "records", "refined_blocks", "titles_unlike")


def match_batch(
    state: State,
    batch: Batch,
    overrides: Overrides,
    *,
    memory_limit: str = "2GB",
    threads: int | None = None,
) -> tuple[Matching, State]:
    """Match a batch against what is known.

    Args:
        state: what is known.
        batch: what changed.
        overrides: decisions of curators, now.
        memory_limit: for finding candidate pairs, for example "4GB".
        threads: cores to use; all if None.

    Returns:
        What ``match`` finds in all records; and the state that the next batch is matched against.
    """
    with (
        scratch() as folder,
        open_database(folder, memory_limit, threads) as database,
    ):
        world, rows, coming = _world(state, batch)
        _, leaving = keys_of(state.records.take(batch.goes), batch.goes)
        by_hand = _by_hand(state, world, rows, overrides)
        found = touched(database, world, pa.concat_tables([leaving, coming]), by_hand)
    prepared = Prepared(world.records)
    is_pair = found.after != 0
    judged = rejudge(world, prepared, found.pairs[is_pair], found.after[is_pair], overrides)
    known, others, began, reasons = _replaced(state, world, found, judged)
    first = state.first.filter(pa.array(~among(pairs_in(state.first), found.pairs)))
    clusters = np.full(len(world.rank), -1, dtype=np.int64)
    clusters[state.living["row"].to_numpy()] = state.living["cluster"].to_numpy()
    settled = resettle(world, prepared, (known, others, first), clusters, began, overrides)
    alive = np.zeros(len(world.rank), dtype=bool)
    alive[rows] = True
    new = replace(
        state,
        records=world.records,
        titles=world.titles,
        keys=state.keys.add(coming),
        kept=settled.kept,
        rest=others,
        first=settled.first,
        living=pa.table(
            [rows.astype(np.int32), settled.cluster[rows].astype(np.int32)], schema=LIVING
        ),
        relations=relate(world, prepared, settled, state.relations, alive),
        counts=_counts(state, found, judged, reasons, len(rows)),
        overrides=overrides,
    )
    return _matching(new, world.rank), new


@dataclass(frozen=True, slots=True)
class _Living:
    """The records that are there, in order of their ids."""

    ids: Layers
    rows: Ints

    @classmethod
    def of(cls, state: State) -> _Living:
        return cls(state.records.select(["record_id"]), numbers_in(state.living, "row"))

    def name(self, row: int) -> str:
        split = len(self.ids.base)
        layer, at = (self.ids.base, row) if row < split else (self.ids.more, row - split)
        return str(layer["record_id"][int(at)].as_py())

    def place(self, name: str) -> int:
        """Where a record id stands or would stand."""
        return bisect_left(self.rows, name, key=self.name)

    def row(self, name: str) -> int | None:
        place = self.place(name)
        found = int(self.rows[place]) if place < len(self.rows) else None
        return found if found is not None and self.name(found) == name else None


def _world(state: State, batch: Batch) -> tuple[World, Ints, pa.Table]:
    """All records; the rows of those that there are then; the keys of those that come."""
    begin = len(state.records)
    new = np.arange(begin, begin + len(batch.comes))
    titles, keys = keys_of(batch.comes, new)
    none = np.empty(0, dtype=np.int64)
    living = _Living.of(state)
    names = batch.comes["record_id"].to_pylist()
    places = np.array([living.place(name) for name in names], dtype=np.int64)
    order = np.insert(living.rows.astype(np.int64), places, new)
    rank = np.full(begin + len(new), -1, dtype=np.int64)
    rank[order] = np.arange(len(order))
    flags = {name: np.zeros(len(rank), dtype=bool) for name in ("was", "goes", "comes")}
    flags["was"][living.rows] = True
    flags["goes"][batch.goes] = True
    flags["comes"][new] = True
    world = World(
        records=state.records.replace(none, batch.comes),
        titles=state.titles.replace(none, titles),
        keys=state.keys,
        rank=rank,
        **flags,
    )
    return world, order[~flags["goes"][order]], keys


def _by_hand(state: State, world: World, rows: Ints, overrides: Overrides) -> ByHand:
    """The pairs that curators spoke of, before and now."""
    before = _Living.of(state)
    after = _Living(world.records.select(["record_id"]), rows)
    was, now = _said(state.overrides), _said(overrides)
    unlike = [pair for pair in was.keys() | now.keys() if was.get(pair) != now.get(pair)]
    return ByHand(
        _named(before, was),
        _named(after, now),
        distinct(np.r_[_named(before, unlike), _named(after, unlike)]),
    )


def _said(overrides: Overrides) -> dict[tuple[str, str], tuple[str, Link]]:
    """What curators say of each pair: of several entries the last, as ``overrides.impose``."""
    lists = ("must_link", "cannot_link")
    return {link.pair: (name, link) for name in lists for link in getattr(overrides, name)}


def _named(living: _Living, pairs: Iterable[tuple[str, str]]) -> Ints:
    """Pairs of record ids, packed, in order; without those of which a record is not there."""
    rows = [[living.row(name) for name in pair] for pair in pairs]
    there = np.array([pair for pair in rows if None not in pair], dtype=np.int64).reshape(-1, 2)
    return distinct(packed(there[:, 0], there[:, 1]))


def _replaced(
    state: State, world: World, found: Touched, judged: Judged
) -> tuple[Layers, Layers, Bools, Counter[str]]:
    """Decisions with those of the changed pairs replaced; whose changed; what was decided."""
    began = world.comes.copy()
    reasons: Counter[str] = Counter()
    layers = []
    new = (
        kept(judged.kept, _sides(world, judged.kept_pairs)),
        rest(judged.rest, _sides(world, judged.rest_pairs)),
    )
    first_pairs = pairs_in(state.first).tolist()
    first_reason = dict(zip(first_pairs, state.first["reason"].to_pylist(), strict=True))
    for known, more in zip((state.kept, state.rest), new, strict=True):
        left, right = (known.numbers(side) for side in "lr")
        pairs = packed(left, right)
        old = np.flatnonzero(known.standing() & among(pairs, found.pairs))
        began[left[old]] = began[right[old]] = True
        for side in "lr":
            began[numbers_in(more, side)] = True
        was = known.select(["reason"]).take(old)["reason"].to_pylist()
        reasons.update(
            first_reason.get(pair, reason)
            for pair, reason in zip(pairs[old].tolist(), was, strict=True)
        )
        layers.append(known.replace(old, more))
    return layers[0], layers[1], began, reasons


def _sides(world: World, pairs: Ints) -> list[pa.Array]:
    return [pa.array(side.astype(np.int32)) for side in sides(world, pairs)]


def _counts(
    state: State, found: Touched, judged: Judged, were: Counter[str], records: int
) -> dict[str, int]:
    counts = Counter(state.counts)
    counts.update(found.counts)
    counts.update(judged.reasons)
    counts.subtract(were)
    candidates = int((found.after != 0).sum()) - int((found.before != 0).sum())
    counts["candidate_pairs"] += candidates
    counts["titles_unlike"] += candidates - judged.reasons.total() + were.total()
    counts["records"] = records
    return {name: n for name, n in counts.items() if n or name in _ALWAYS}


def _matching(state: State, rank: Ints) -> Matching:
    left, right = (state.kept.numbers(side) for side in "lr")
    decisions = state.kept.select(DECISION.names).sorted_by(rank[left] << 32 | rank[right])
    rows, clusters = (numbers_in(state.living, name) for name in LIVING.names)
    ids = [one_array(record_ids(state.records, some)) for some in (rows, clusters)]
    partners = pc.sum(pc.equal(state.first["reason"], Reason.PROMISING.value)).as_py() or 0
    counts = dict(state.counts)
    counts[Reason.CLUSTER_CONFLICT] = len(state.first) - partners
    counts[Reason.ONLY_PARTNER] = partners
    return Matching(
        decisions=decisions,
        clusters=pa.table(ids, schema=CLUSTERS),
        relations=state.relations,
        counts={str(name): counts[name] for name in sorted(counts)},
    )
