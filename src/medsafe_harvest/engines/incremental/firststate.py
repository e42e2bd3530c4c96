"""What a full match found, as the state that later batches are matched against."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from medsafe_harvest.dedupe.blocking import KEYS
from medsafe_harvest.dedupe.overrides import Overrides
from medsafe_harvest.dedupe.reasons import Outcome, Reason
from medsafe_harvest.engines import stages
from medsafe_harvest.engines.duckdb import Made, open_database
from medsafe_harvest.engines.incremental.keyindex import SCHEMA, KeyIndex, digests
from medsafe_harvest.engines.incremental.layers import Layers
from medsafe_harvest.engines.incremental.remembered import (
    FIRST,
    KEPT,
    LIVING,
    REST,
    TITLES,
    State,
    next_folder,
)
from medsafe_harvest.engines.pool import gather, load_one, parts_of, save_one

_BY_PAIR = [("left", "ascending"), ("right", "ascending")]
#: Rows of the left and the right records of pairs.
Sides = Sequence[pa.Array | pa.ChunkedArray]
#: What clusters add to the counts.
SETTLED = frozenset({Reason.CLUSTER_CONFLICT, Reason.ONLY_PARTNER})


def first_state(folder: Path, made: Made, overrides: Overrides, memory_limit: str) -> State:
    """Write what a full match found as a new base; it counts once it is committed."""
    base = next_folder(folder, "base")
    shutil.copyfile(made.folder / "records.arrow", base / "records.arrow")
    parts = parts_of(len(made.record_ids))
    refining = gather(made.folder, "refining", parts, stages.REFINING)
    titles = gather(made.folder, "titles", parts, stages.TITLES)
    for name in ("author", "year"):
        titles = titles.append_column(name, refining[name])
    save_one(base / "titles.arrow", titles.select(TITLES.names).cast(TITLES))
    with open_database(made.folder, memory_limit, None) as database:
        database.register("keys", gather(made.folder, "keys", parts, KEYS))
        save_one(base / "keys.arrow", digests(database))
    settled = made.matching.decisions
    save_one(base / "kept.arrow", kept(settled, sides_of(settled, made.record_ids)))
    against = made.against.sort_by(_BY_PAIR)
    save_one(base / "rest.arrow", rest(against, sides_of(against, made.record_ids)))
    unsettled = made.unsettled.sort_by(_BY_PAIR)
    changed = unsettled.filter(pc.not_equal(unsettled["reason"], settled["reason"]))
    clusters = pc.index_in(made.matching.clusters["cluster"], made.record_ids).combine_chunks()
    living = [pa.array(np.arange(len(clusters), dtype=np.int32)), clusters]
    return State(
        records=_stored(base, "records"),
        titles=_stored(base, "titles"),
        keys=KeyIndex(_stored(base, "keys").base, SCHEMA.empty_table()),
        kept=_stored(base, "kept"),
        rest=_stored(base, "rest"),
        first=first(changed, sides_of(changed, made.record_ids)),
        living=pa.table(living, schema=LIVING),
        relations=made.matching.relations,
        counts={name: n for name, n in made.matching.counts.items() if name not in SETTLED},
        overrides=overrides,
        base=base.name,
    )


def _stored(base: Path, name: str) -> Layers:
    return Layers.of(pa.Table.from_batches([load_one(base / f"{name}.arrow")]))


def kept(settled: pa.Table, sides: Sides) -> pa.Table:
    """Rows of ``KEPT`` for decisions about the records in some rows."""
    return pa.table([*sides, joins(settled), *settled.columns], schema=KEPT)


def first(unsettled: pa.Table, sides: Sides) -> pa.Table:
    """Rows of ``FIRST`` for decisions."""
    return pa.table([*sides, *unsettled.columns], schema=FIRST)


def rest(against: pa.Table, sides: Sides) -> pa.Table:
    """Rows of ``REST`` for rows of ``cluster.AGAINST``."""
    return pa.table([*sides, against["reason"], against["score"]], schema=REST)


def joins(decisions: pa.Table) -> pa.ChunkedArray:
    """Whether each pair is in one cluster, or would be but for another: its clusters depend."""
    open_ended = pa.array([Reason.PROMISING.value, Reason.CLUSTER_CONFLICT.value])
    return pc.or_(
        pc.equal(decisions["outcome"], Outcome.MATCH.value),
        pc.is_in(decisions["reason"], value_set=open_ended),
    )


def sides_of(pairs: pa.Table, record_ids: pa.Array) -> Sides:
    """The places of both records of each pair among some record ids."""
    return [pc.index_in(pairs[side], value_set=record_ids) for side in ("left", "right")]
