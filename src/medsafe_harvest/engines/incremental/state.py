"""What matching found, as the next batch is matched against it: tables whose rows are numbers.

A record is known by its row in ``State.records``, which it keeps; one that changes gets another.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from medsafe_harvest.dedupe.decide import AGAINST
from medsafe_harvest.dedupe.overrides import Overrides
from medsafe_harvest.dedupe.reasons import Outcome, Reason
from medsafe_harvest.engines.incremental.layers import KeyIndex, Layers
from medsafe_harvest.schema import DECISION

_SIDES = [pa.field(side, pa.int32(), nullable=False) for side in "lr"]
#: Decisions as they were settled; ``l`` and ``r`` are the rows of the records, that with the
#: smaller record id first; ``joins`` says whether the two are in one cluster, or would be but for
#: another record.
KEPT = pa.schema([*_SIDES, pa.field("joins", pa.bool_(), nullable=False), *DECISION])
#: Decisions that are not kept, see ``decide.AGAINST``.
REST = pa.schema([*_SIDES, *(AGAINST.field(name) for name in ("reason", "score"))])
#: Decisions as they were before the clusters settled them, where that changed them.
FIRST = pa.schema([*_SIDES, *DECISION])
#: What the search for pairs needs of each record.
TITLES = pa.schema(
    [
        pa.field("author", pa.string(), nullable=False),  # "" for none
        pa.field("year", pa.int32(), nullable=False),  # 0 for none
        pa.field("sorted_title", pa.string(), nullable=False),
        pa.field("compact_title", pa.string(), nullable=False),
        pa.field("head", pa.string(), nullable=False),
    ]
)
#: The living, in order of their ids, and for each the row of the first record of its cluster.
LIVING = pa.schema(
    [pa.field("row", pa.int32(), nullable=False), pa.field("cluster", pa.int32(), nullable=False)]
)
#: What clusters add to the counts.
SETTLED = frozenset({Reason.CLUSTER_CONFLICT, Reason.ONLY_PARTNER})

#: Rows of the left and of the right records of pairs.
Sides = Sequence[pa.Array | pa.ChunkedArray]


@dataclass(frozen=True, slots=True)
class State:
    """Everything that a batch is matched against."""

    #: ``prepare.NEEDED`` of ``schema.RECORD``.
    records: Layers
    titles: Layers
    keys: KeyIndex
    kept: Layers
    rest: Layers
    first: pa.Table
    living: pa.Table
    #: ``relations.LINKS``, sorted.
    relations: pa.Table
    #: As of :class:`~medsafe_harvest.engines.duckdb.Matching`, but for ``SETTLED``.
    counts: Mapping[str, int]
    overrides: Overrides
    #: Folder of the layers that do not change.
    base: str


def kept(settled: pa.Table, sides: Sides) -> pa.Table:
    """Rows of ``KEPT`` for decisions about the records in some rows."""
    return pa.table([*sides, _joins(settled), *settled.columns], schema=KEPT)


def first(unsettled: pa.Table, sides: Sides) -> pa.Table:
    """Rows of ``FIRST`` for decisions."""
    return pa.table([*sides, *unsettled.columns], schema=FIRST)


def rest(against: pa.Table, sides: Sides) -> pa.Table:
    """Rows of ``REST`` for rows of ``decide.AGAINST``."""
    return pa.table([*sides, against["reason"], against["score"]], schema=REST)


def _joins(decisions: pa.Table) -> pa.ChunkedArray:
    """Whether each pair is in one cluster, or would be but for another: its clusters depend."""
    open_ended = pa.array([Reason.PROMISING.value, Reason.CLUSTER_CONFLICT.value])
    return pc.or_(
        pc.equal(decisions["outcome"], Outcome.MATCH.value),
        pc.is_in(decisions["reason"], value_set=open_ended),
    )
