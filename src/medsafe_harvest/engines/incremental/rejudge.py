"""Decisions about single pairs, by the stages of matching, without its files."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from medsafe_harvest.dedupe.columns import Ints, distinct
from medsafe_harvest.dedupe.decide import AGAINST, judge, worth_keeping
from medsafe_harvest.dedupe.overrides import Overrides, impose
from medsafe_harvest.dedupe.prepare import COMPARISON, prepare
from medsafe_harvest.dedupe.screen import Side
from medsafe_harvest.engines.incremental.layers import Layers
from medsafe_harvest.engines.incremental.shares import unpacked
from medsafe_harvest.engines.incremental.touched import World
from medsafe_harvest.engines.pool import ROWS
from medsafe_harvest.engines.stages import beside, screen
from medsafe_harvest.schema import DECISION


@dataclass(slots=True)
class Prepared:
    """Comparison rows of records, each made when it is first asked for."""

    records: Layers
    _place: dict[int, int] = field(default_factory=dict)
    _rows: pa.Table = field(default_factory=COMPARISON.empty_table)

    def of(self, rows: Ints) -> pa.RecordBatch:
        """``COMPARISON`` for some records, in the order asked for."""
        new = [row for row in dict.fromkeys(rows.tolist()) if row not in self._place]
        made = [self._rows]
        for start in range(0, len(new), ROWS):
            some = self.records.take(np.array(new[start : start + ROWS]))
            made.append(pa.Table.from_batches([prepare(some.combine_chunks().to_batches()[0])]))
        if new:
            self._place |= {row: len(self._place) + n for n, row in enumerate(new)}
            self._rows = pa.concat_tables(made).combine_chunks()
        places = pa.array([self._place[row] for row in rows.tolist()], pa.int64())
        found = self._rows.take(places).combine_chunks().to_batches()
        return found[0] if found else pa.RecordBatch.from_pylist([], COMPARISON)


@dataclass(frozen=True, slots=True)
class Judged:
    """Decisions, and the rows of both records of each."""

    #: ``schema.DECISION``, as clusters have not settled them yet.
    kept: pa.Table
    kept_pairs: Ints
    #: ``decide.AGAINST``
    rest: pa.Table
    rest_pairs: Ints
    reasons: Counter[str]


def rejudge(
    world: World, prepared: Prepared, pairs: Ints, kinds: Ints, overrides: Overrides
) -> Judged:
    """Decide about pairs, packed, whose kinds of shared key are known."""
    kept, rest = [DECISION.empty_table()], [AGAINST.empty_table()]
    kept_pairs, rest_pairs = [pairs[:0]], [pairs[:0]]
    reasons: Counter[str] = Counter()
    chosen = _screened(world, pairs, kinds)
    pairs, kinds = pairs[chosen], kinds[chosen]
    for start in range(0, len(pairs), ROWS):
        some = pairs[start : start + ROWS]
        left, right = (prepared.of(side) for side in sides(world, some))
        own = pa.array(kinds[start : start + ROWS].astype(np.int32))
        [decisions] = impose(judge([beside(left, right, own)]), overrides)
        keep = worth_keeping(decisions)
        reasons.update(decisions.column("reason").to_pylist())
        stays = keep.to_numpy(zero_copy_only=False)
        others = decisions.filter(pc.invert(keep)).select(AGAINST.names)
        kept.append(pa.Table.from_batches([decisions.filter(keep)]))
        rest.append(pa.Table.from_batches([others]).cast(AGAINST))
        kept_pairs.append(some[stays])
        rest_pairs.append(some[~stays])
    return Judged(
        pa.concat_tables(kept).combine_chunks(),
        np.concatenate(kept_pairs),
        pa.concat_tables(rest).combine_chunks(),
        np.concatenate(rest_pairs),
        reasons,
    )


def sides(world: World, pairs: Ints) -> tuple[Ints, Ints]:
    """The rows of both records of each pair, that with the smaller record id first."""
    one, other = unpacked(pairs)
    turned = world.rank[one] > world.rank[other]
    return np.where(turned, other, one), np.where(turned, one, other)


def _screened(world: World, pairs: Ints, kinds: Ints) -> Ints:
    """Which pairs are worth comparing."""
    chosen = [pairs[:0]]
    for start in range(0, len(pairs), ROWS):
        one, other = sides(world, pairs[start : start + ROWS])
        rows = distinct(np.concatenate([one, other]))
        titles = world.titles.take(rows).combine_chunks().to_batches()[0]
        left, right = (Side(titles, np.searchsorted(rows, side)) for side in (one, other))
        worth = screen(left, right, kinds[start : start + ROWS])
        chosen.append(start + np.flatnonzero(worth))
    return np.concatenate(chosen)
