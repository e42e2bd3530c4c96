"""Matching on one machine: workers apply the rules of ``dedupe``, DuckDB refines large blocks.

Most records meet no other, and most that share a rare word are strangers. So each step looks at
less than the one before: cheap sketches and keys of all records; candidate pairs of blocks; a
screen of their titles; full comparison rows of the records that are left in a pair; decisions;
clusters. What a step makes lies in files, which are mapped; held are the names of all records, the
pairs that the screen leaves, as numbers, and one column at a time of what is written.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from medsafe_harvest.dedupe.cluster import CLUSTERS, cluster, settle
from medsafe_harvest.dedupe.columns import Ints, ascending, distinct
from medsafe_harvest.dedupe.overrides import Overrides
from medsafe_harvest.dedupe.prepare import COMPARISON, NEEDED
from medsafe_harvest.dedupe.reasons import Reason
from medsafe_harvest.dedupe.relations import relations
from medsafe_harvest.engines import stages
from medsafe_harvest.engines.database import bytes_of
from medsafe_harvest.engines.decisions import decide, decided, ends_of
from medsafe_harvest.engines.pairs import blocks_part, met_part, pairs_part, ranges_for
from medsafe_harvest.engines.pool import (
    Pool,
    gather,
    load,
    load_one,
    parts_of,
    pool,
    remove,
    save,
    save_one,
    unite,
    with_arguments,
)
from medsafe_harvest.engines.stages import PAIRS, REFINING, TITLES
from medsafe_harvest.errors import EngineError
from medsafe_harvest.schema import DECISION
from medsafe_harvest.scratch import scratch

#: Told of a step as it begins, and of how many rows it works on.
Tell = Callable[[str, int], None]


def quiet(*_: object) -> None:
    """Nobody wants to know."""


@dataclass(frozen=True, slots=True)
class Matching:
    """What matching found."""

    #: ``schema.DECISION``, sorted by left and right.
    decisions: pa.Table
    #: ``cluster.CLUSTERS``: record_id and cluster (its smallest record_id), sorted.
    clusters: pa.Table
    #: ``relations.LINKS``, sorted.
    relations: pa.Table
    #: Decided pairs by reason (a cluster_conflict or only_partner counts under its first reason
    #: too); records; candidate_pairs, of which titles_unlike were not compared; refined_blocks,
    #: oversized_blocks.
    counts: dict[str, int]


@dataclass(frozen=True, slots=True)
class Made:
    """What matching made on its way, for whoever wants to match a batch against it later."""

    #: ``records``, ``titles``, ``refining`` and the parts of ``keys``: see ``stages``.
    folder: Path
    #: Of all records, sorted.
    record_ids: pa.Array
    #: Decisions kept, as they were before clusters settled them, and the others: sorted likewise.
    unsettled: pa.Table
    against: pa.Table
    matching: Matching


def match(
    records: pa.Table,
    overrides: Overrides,
    *,
    memory_limit: str = "2GB",
    threads: int | None = None,
    tell: Tell = quiet,
    keep: Callable[[Made], None] | None = None,
) -> Matching:
    """Decide which records are the same paper; the order of the rows does not matter.

    Args:
        records: rows of ``schema.RECORD``, each ``record_id`` once.
        overrides: decisions of curators.
        memory_limit: for finding candidate pairs, for example "4GB"; what is beyond it, files hold.
        threads: cores to use; all if None.
        tell: told of each step.
        keep: given what was made on the way, whose files are gone afterwards.

    Raises:
        EngineError: a worker died, or there are too many records for one machine.
    """
    with _candidates(records, overrides, memory_limit, threads, tell) as found:
        tell("match: decide", found.pairs)
        counts = found.counts.copy()
        remove(found.folder, "candidates", parts_of(len(records)))
        counts.update(decide(found.pool, found.folder, found.pairs, found.ends, overrides))
        found.pool.end()
        decisions, against = decided(found.folder, found.ends)
        prepared = pa.Table.from_batches([load_one(found.folder / "prepared.arrow")])
        tell("match: cluster", len(decisions))
        clustering = cluster(prepared, decisions, overrides, against)
        file = found.folder / "settled.arrow"
        save(file, settle(decisions.to_batches(), clustering), DECISION)
        settled = load(file)
        counts[Reason.CLUSTER_CONFLICT] = len(clustering.refused)
        counts[Reason.ONLY_PARTNER] = len(clustering.only_partners)
        tell("match: relate", len(settled))
        matching = Matching(
            decisions=settled,
            clusters=_with_singles(clustering.clusters, found.record_ids),
            relations=relations(prepared, settled, clustering.clusters),
            counts={str(name): counts[name] for name in sorted(counts)},
        )
        if keep is not None:
            keep(Made(found.folder, found.record_ids, decisions, against, matching))
        return matching


def candidate_pairs(records: pa.Table, *, memory_limit: str = "2GB") -> pa.Table:
    """The pairs that share a key in :func:`match`, before the screen of their titles.

    Returns:
        ``left`` and ``right`` (record ids, the smaller first) and ``keys`` (kinds of key, sorted).
    """
    with _candidates(records, Overrides(), memory_limit, None, quiet) as found:
        parts = parts_of(len(records))
        pairs = gather(found.folder, "candidates", parts, PAIRS).combine_chunks()
        left, right = (found.record_ids.take(pairs.column(side)) for side in "lr")
        return pa.table({"left": left, "right": right, "keys": stages.kinds_of(pairs)})


@dataclass(frozen=True, slots=True)
class _Found:
    """The pairs that are worth a decision, in the files of a folder."""

    folder: Path
    pool: Pool
    #: Of all records, sorted.
    record_ids: pa.Array
    pairs: int
    #: Rows of records at which a new range of left ones begins, see ``decisions``.
    ends: Ints
    counts: Counter[str]


@contextmanager
def _candidates(
    records: pa.Table, overrides: Overrides, memory_limit: str, threads: int | None, tell: Tell
) -> Iterator[_Found]:
    """Write ``prepared`` and ``pairs``."""
    with (
        scratch() as folder,
        pool(threads, len(records)) as workers,
    ):
        tell("match: sort", len(records))
        record_ids = _sort(records, folder)
        parts = parts_of(len(records))
        tell("match: sketch", len(records))
        workers.run(stages.sketch_part, folder, parts)
        unite(folder, "titles", parts, TITLES)
        unite(folder, "outlines", parts, stages.OUTLINES)
        unite(folder, "refining", parts, REFINING)
        tell("match: join", len(records))
        cores = threads or os.cpu_count() or 1
        by_hand = _by_hand(overrides, record_ids)
        counts = _join(folder, workers, parts, by_hand, memory_limit, cores)
        counts["records"] = len(records)
        tell("match: screen", counts["candidate_pairs"])
        workers.run(stages.screen_part, folder, parts)
        pairs, active, ends = _activate(folder, counts)
        tell("match: prepare", active)
        workers.run(stages.prepare_part, folder, parts_of(active))
        unite(folder, "prepared", parts_of(active), COMPARISON)
        try:
            yield _Found(folder, workers, record_ids, pairs, ends, counts)
        except pa.ArrowInvalid as error:
            if "offset overflow" not in str(error):
                raise
            raise EngineError(
                f"{len(records):,} records are too many for the embedded engine: what was decided "
                "about them takes more than two gigabytes a column; use the distributed engine"
            ) from error


def _sort(records: pa.Table, folder: Path) -> pa.Array:
    """Write ``records``, in the order of their ids; the ids."""
    needed = records.select(NEEDED)
    # Most are sorted already.
    ordered = needed if ascending(records["record_id"]) else needed.sort_by("record_id")
    save_one(folder / "records.arrow", ordered)
    return ordered["record_id"].combine_chunks()


def _by_hand(overrides: Overrides, record_ids: pa.Array) -> pa.Table:
    """The rows of the pairs that curators have spoken of, where both records are there."""
    links = (*overrides.must_link, *overrides.cannot_link)
    if not links:  # else the ids of all records are hashed for nothing
        return PAIRS.empty_table().select(["l", "r"])
    rows = [
        pc.index_in(pa.array([link.pair[side] for link in links], pa.string()), record_ids)
        for side in range(2)
    ]
    return pa.table(rows, pa.schema([PAIRS.field(side) for side in "lr"])).drop_null()


def _join(
    folder: Path, workers: Pool, parts: int, by_hand: pa.Table, memory_limit: str, threads: int
) -> Counter[str]:
    """Write ``candidates`` from ``keys`` and ``refining``."""
    save_one(folder / "by_hand.arrow", by_hand)
    keys = sum(len(load_one(folder / f"keys-{part}.arrow")) for part in range(parts))
    memory = bytes_of(memory_limit) // threads
    ranges = ranges_for(keys, memory)
    workers.run(with_arguments(blocks_part, ranges=ranges, sketched=parts), folder, ranges)
    counts = Counter[str]()
    for number in range(ranges):
        counts.update(met_part(folder, number, memory_limit=memory_limit, threads=threads))
    found = workers.run(with_arguments(pairs_part, ranges=ranges), folder, parts)
    for stem in ("members", "meets", "large", "met"):
        remove(folder, stem, ranges)
    counts["candidate_pairs"] = sum(found)
    return counts


def _activate(folder: Path, counts: Counter[str]) -> tuple[int, int, Ints]:
    """Write which records are in a pair that is worth comparing, and these pairs.

    ``active`` are their rows, by title, so that copies are prepared one after another. ``pairs``
    has the places that they have there, and stands in the order of these: who decides about a part
    of them then reads few pages of what was prepared. How many there are of both, and ``ends_of``
    these pairs.
    """
    parts = parts_of(counts["records"])
    screened = gather(folder, "screened", parts, PAIRS)
    rows = distinct(np.concatenate([screened[side].to_numpy() for side in "lr"]))
    titles = load_one(folder / "titles.arrow").column("sorted_title").take(pa.array(rows))
    by_title = rows[pc.sort_indices(titles).to_numpy()]
    places = np.zeros(counts["records"], dtype=np.int32)
    places[by_title] = np.arange(len(by_title), dtype=np.int32)
    save_one(folder / "active.arrow", pa.table({"row": pa.array(by_title, pa.int32())}))
    sides = (places[screened[side].to_numpy()] for side in "lr")
    pairs = pa.table([*sides, screened["kinds"]], schema=PAIRS)
    save_one(folder / "pairs.arrow", pairs.sort_by([("l", "ascending"), ("r", "ascending")]))
    remove(folder, "screened", parts)
    counts["titles_unlike"] = counts["candidate_pairs"] - len(pairs)
    return len(pairs), len(by_title), ends_of(screened["l"])


def _with_singles(clusters: pa.Table, record_ids: pa.Array) -> pa.Table:
    """Clusters of the records in pairs, and all others each as its own."""
    place = pc.index_in(record_ids, value_set=clusters["record_id"].combine_chunks())
    own = clusters["cluster"].combine_chunks().take(place)
    return pa.table([record_ids, pc.coalesce(own, record_ids)], schema=CLUSTERS)
