"""Which pairs a batch of records adds, takes away or changes, and nothing else looked at.

The pairs of a block depend on its members alone. So the blocks to look at are those of the keys of
the records that come or go; in a small one only their own pairs, in one that is or was refined all
pairs, since those in title order have other neighbours now. A pair of two others whose share in
these blocks changed is looked up in all its blocks.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from medsafe_harvest.dedupe.blocking import KEYS, MAX_BLOCK, block, kind_of
from medsafe_harvest.dedupe.columns import Bools, Ints, distinct
from medsafe_harvest.dedupe.sketch import sketch
from medsafe_harvest.engines.database import pair_off
from medsafe_harvest.engines.incremental.layers import KeyIndex, Layers, numbers_in
from medsafe_harvest.engines.incremental.shares import Shares, packed, united, unpacked
from medsafe_harvest.engines.incremental.state import TITLES
from medsafe_harvest.engines.stages import BITS, BY_HAND


@dataclass(frozen=True, slots=True)
class World:
    """All records, those that go and those that come among them."""

    records: Layers
    titles: Layers
    #: Of the records that were there.
    keys: KeyIndex
    #: Of each record: its place in the order of their ids; whether it was there; whether it goes;
    #: whether it comes.
    rank: Ints
    was: Bools
    goes: Bools
    comes: Bools


@dataclass(frozen=True, slots=True)
class Touched:
    """Pairs whose kinds of shared key changed, or what curators say of them."""

    #: Packed, sorted.
    pairs: Ints
    #: Of each, the bits of ``stages.PAIRS.kinds``; 0 where it is no candidate.
    before: Ints
    after: Ints
    #: What is to be added to the counts of blocks.
    counts: Counter[str]


@dataclass(frozen=True, slots=True)
class _Members:
    """Who is in which block: the number of a block, and a record of it."""

    block: Ints
    row: Ints

    def select(self, chosen: Bools) -> _Members:
        return _Members(self.block[chosen], self.row[chosen])

    def and_those(self, other: _Members) -> _Members:
        return _Members(np.append(self.block, other.block), np.append(self.row, other.row))


@dataclass(frozen=True, slots=True)
class _Named:
    """Keys, each once, whose places are the numbers of their blocks."""

    key: Ints
    #: Its bit in ``stages.PAIRS.kinds``.
    kind: Ints
    #: One for each row of ``KEYS``, in that order.
    owners: _Members

    @classmethod
    def of(cls, keys: pa.Table) -> _Named:
        """Number the keys in rows of ``KEYS``."""
        own, which = np.unique(numbers_in(keys, "key"), return_inverse=True)
        bits = np.array([BITS[kind_of(key)] for key in own.tolist()], dtype=np.int64)
        return cls(own, bits, _Members(which, numbers_in(keys, "row").astype(np.int64)))


@dataclass(frozen=True, slots=True)
class ByHand:
    """Pairs, packed, that curators spoke of, where both records are there."""

    before: Ints
    after: Ints
    #: Those of which something else is said than before.
    changed: Ints


def keys_of(records: pa.Table, rows: Ints) -> tuple[pa.Table, pa.Table]:
    """Rows of ``TITLES`` and of ``KEYS`` for n records, which have the n ``rows``."""
    batches = records.combine_chunks().to_batches()
    if not batches:
        return TITLES.empty_table(), KEYS.empty_table()
    sketches = sketch(batches[0])
    keys = block(sketches)
    authors = [names[0] if names else "" for names in sketches.column("families").to_pylist()]
    columns = [
        pa.array(authors, pa.string()),
        pc.fill_null(sketches.column("year"), 0),
        *(sketches.column(name) for name in TITLES.names[2:]),
    ]
    own = pa.array(rows[keys.column("row").to_numpy()], pa.int32())
    return pa.table(columns, schema=TITLES), pa.table([own, keys.column("key")], schema=KEYS)


def touched(
    database: duckdb.DuckDBPyConnection, world: World, keys: pa.Table, by_hand: ByHand
) -> Touched:
    """Find them.

    Args:
        database: for joins; tables in it are replaced.
        world: the records.
        keys: rows of ``KEYS`` of those that come or go.
        by_hand: pairs that curators spoke of.
    """
    named = _Named.of(keys)
    before = _members(world, named, world.was)
    after = before.select(~world.goes[before.row]).and_those(
        named.owners.select(world.comes[named.owners.row])
    )
    sizes = [np.bincount(one.block, minlength=len(named.kind)) for one in (before, after)]
    refined = (sizes[0] > MAX_BLOCK) | (sizes[1] > MAX_BLOCK)
    found = []
    counts: list[Counter[str]] = []
    for members, moved, said in (
        (before, world.goes, by_hand.before),
        (after, world.comes, by_hand.after),
    ):
        inside, counted = _search(database, world, members.select(refined[members.block]), named)
        small = members.select(~refined[members.block])
        own = _meetings(small.select(moved[small.row]), small, named.kind)
        found.append(united([inside, own, Shares(said, np.full(len(said), BY_HAND))]))
        counts.append(counted)
    counts[1].subtract(counts[0])
    searched = named.key[refined]
    return Touched(*_changes(database, world, searched, found, by_hand.changed), counts[1])


def _changes(
    database: duckdb.DuckDBPyConnection,
    world: World,
    searched: Ints,
    found: list[Shares],
    changed: Ints,
) -> tuple[Ints, Ints, Ints]:
    """Pairs that share something else than before, with all kinds of key, before and after."""
    said = changed[(found[0].of(changed) | found[1].of(changed)) != 0]
    unlike = [one.pairs[one.kinds != other.of(one.pairs)] for one, other in (found, found[::-1])]
    pairs = distinct(np.concatenate([said, *unlike]))
    before, after = found[0].of(pairs), found[1].of(pairs)
    one, other = unpacked(pairs)
    moves = world.goes | world.comes
    others = _elsewhere(database, world, searched, pairs[~(moves[one] | moves[other])]).of(pairs)
    return pairs, before | others, after | others


def _elsewhere(
    database: duckdb.DuckDBPyConnection, world: World, searched: Ints, pairs: Ints
) -> Shares:
    """What pairs of records that stay share in blocks that were not searched for all pairs."""
    if not len(pairs):
        return united([])
    rows = distinct(np.concatenate(unpacked(pairs)))
    _, keys = keys_of(world.records.take(rows), rows)
    sides = unpacked(pairs)
    database.register("own", keys)
    database.register("asked", pa.table({"l": sides[0], "r": sides[1]}))
    database.register("known", pa.table({"key": searched}))
    shared = database.sql(_COMMON).to_arrow_table().combine_chunks()
    more = _Named.of(shared.select(["row", "key"]))
    members = _members(world, more, world.was)
    sizes = np.bincount(members.block, minlength=len(more.kind))
    large = sizes > MAX_BLOCK
    inside, _ = _search(database, world, members.select(large[members.block]), more)
    blocks, ours = more.owners.block, more.owners.row
    small = ~large[blocks]
    near = packed(ours[small], shared["other"].to_numpy()[small])
    return united([inside, Shares(near, more.kind[blocks[small]])])


_COMMON = """
select l as "row", r as other, a.key as key
from asked join own a on a."row" = l join own b on b."row" = r and b.key = a.key
where a.key not in (select key from known)
"""


def _members(world: World, named: _Named, there: Bools) -> _Members:
    found = _Members(*world.keys.find(named.key))
    return found.select(there[found.row])


def _search(
    database: duckdb.DuckDBPyConnection, world: World, members: _Members, named: _Named
) -> tuple[Shares, Counter[str]]:
    """The pairs of some blocks, as matching finds them; blocks refined and oversized."""
    if not len(members.row):
        return united([]), Counter()
    rows = distinct(members.row)
    rows = rows[np.argsort(world.rank[rows])]
    place = np.zeros(len(world.rank), dtype=np.int32)
    place[rows] = np.arange(len(rows), dtype=np.int32)
    titles = world.titles.take(rows).append_column(
        "id", pa.array(np.arange(len(rows), dtype=np.int32))
    )
    sizes = np.bincount(members.block)
    database.register("sketches", titles)
    database.register(
        "by_hand", pa.table({"l": pa.array([], pa.int32()), "r": pa.array([], pa.int32())})
    )
    database.register(
        "members",
        pa.table(
            {
                "id": place[members.row],
                "key": members.block,
                "kind": named.kind[members.block].astype(np.int32),
                "size": sizes[members.block],
            }
        ),
    )
    counted = pair_off(database)
    found = database.sql("select l, r, kinds from candidates").to_arrow_table()
    one, other = (rows[found[side].to_numpy()] for side in "lr")
    return united([Shares(packed(one, other), found["kinds"].to_numpy())]), counted


def _meetings(moved: _Members, members: _Members, kinds: Ints) -> Shares:
    """The pairs that each of some members makes with all of its block."""
    order = np.argsort(members.block, kind="stable")
    blocks, rows = members.block[order], members.row[order]
    first = np.searchsorted(blocks, moved.block, side="left")
    counts = np.searchsorted(blocks, moved.block, side="right") - first
    places = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts - first, counts)
    one, other = np.repeat(moved.row, counts), rows[places]
    kinds_of = np.repeat(kinds[moved.block], counts)
    apart = one != other
    return united([Shares(packed(one[apart], other[apart]), kinds_of[apart])])
