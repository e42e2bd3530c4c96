"""The way of a paper through the house: read, normalize, match, merge, tag, write.

Nothing here prints; every step returns what it did.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from medsafe_harvest.collect import Collected, Entry, Key
from medsafe_harvest.config import Config
from medsafe_harvest.curated import snapshot
from medsafe_harvest.curated.redirects import Kind
from medsafe_harvest.engines import duckdb as engine
from medsafe_harvest.engines.incremental.again import Commit, Keeper, forget, nothing
from medsafe_harvest.engines.papers import papers as make_papers
from medsafe_harvest.errors import CuratedError, NothingFoundError, StoreError
from medsafe_harvest.fetch.ledger import FULL, united
from medsafe_harvest.fetch.rawindex import WindowRecord
from medsafe_harvest.fetch.rawstore import RawStore
from medsafe_harvest.normalize.records import to_batch
from medsafe_harvest.publish import Steps, publish
from medsafe_harvest.schema import RECORD, RELATION
from medsafe_harvest.sources.base import Window

_FILES = ("papers", "records", "decisions", "relations")


@dataclass(frozen=True, slots=True)
class Curated:
    """What a curation did."""

    folder: Path
    #: Pages read, and pages set aside by the reason for it.
    pages: int
    rejected: Mapping[str, int]
    #: Records by source.
    records: Mapping[str, int]
    papers: int
    #: Papers merged from more than one record.
    merged: int
    #: Pairs by reason of the decision.
    reasons: Mapping[str, int]
    #: Paper ids of the snapshot before that are now in another paper, and in several.
    papers_merged: int = 0
    papers_split: int = 0


def records_table(entries: Mapping[Key, Entry], config: Config) -> pa.Table:
    """The entries as normalized records, in order of their ids."""
    batch = to_batch(
        [entry.record for entry in entries.values()],
        [entry.seen for entry in entries.values()],
        config.venues,
    )
    return pa.Table.from_batches([batch], RECORD).sort_by("record_id")


@dataclass(frozen=True, slots=True)
class Tables:
    """What a curation makes before it is written."""

    papers: pa.Table
    records: pa.Table
    decisions: pa.Table
    relations: pa.Table
    reasons: Mapping[str, int]
    #: To be called when the tables are safe: keeps what matching found for the next run.
    keep: Commit = nothing

    @property
    def files(self) -> dict[str, pa.Table]:
        """By the stem of its file, each table that is written."""
        return {name: getattr(self, name) for name in _FILES}


def build(records: pa.Table, config: Config, steps: Steps, kept: Path | None = None) -> Tables:
    """Match, merge and tag normalized records.

    Args:
        records: rows of ``schema.RECORD``, each record_id once.
        config: how they are matched and tagged.
        steps: told of each step.
        kept: folder of what the last run's matching found, so that only what changed is matched;
            None to match all.
    """
    steps.step("match", records.num_rows)
    limit, threads = config.settings.curate.memory_limit, config.settings.curate.threads
    keep = nothing
    if kept is None:
        matching = engine.match(
            records, config.overrides, memory_limit=limit, threads=threads, tell=steps.step
        )
    else:
        keeper = Keeper(kept, limit, steps.step, threads=threads)
        matching, keep = keeper.match(records, config.overrides)
    steps.step("merge", records.num_rows)
    papers = make_papers(records, matching.clusters, config.topics, threads=threads)
    return Tables(
        papers=papers,
        records=records,
        decisions=matching.decisions,
        relations=_relations(matching.relations, papers),
        reasons=matching.counts,
        keep=keep,
    )


def _relations(found: pa.Table, papers: pa.Table) -> pa.Table:
    """Add to each relation between records the papers that they belong to."""
    lists = papers["record_ids"].combine_chunks()
    wanted = pa.concat_arrays([found[side].combine_chunks() for side in ("left", "right")])
    of_member = pc.list_parent_indices(lists)
    among = pc.is_in(lists.flatten(), value_set=wanted)
    members = lists.flatten().filter(among)
    paper_of_member = papers["paper_id"].take(of_member.filter(among))
    columns = {name: found[name] for name in found.column_names}
    for side in ("left", "right"):
        columns[f"{side}_paper"] = paper_of_member.take(pc.index_in(found[side], value_set=members))
    return pa.table(columns).select(RELATION.names).cast(RELATION)


def curate(  # noqa: PLR0913 - what, how, where, and the moment
    store: RawStore,
    config: Config,
    folder: Path,
    steps: Steps,
    collected: Collected | None = None,
    *,
    now: datetime,
    allow_loss: bool = False,
    anew: bool = False,
) -> Curated:
    """Make the curated snapshot anew from all stored pages.

    Args:
        store: the pages.
        config: how they are read, matched and tagged.
        folder: where snapshots are.
        steps: told of each step.
        collected: what all stored pages say, where they were read already.
        now: the moment, for the redirect ledger; the snapshot does not depend on it.
        allow_loss: also replace a table that has far more records of a source.
        anew: match all records, and forget what the last run found. The result is the same.

    Raises:
        StoreError: a stored page is damaged.
        NothingFoundError: no paper is stored; a snapshot that is there stays.
        CuratedError: the snapshot cannot be written, or would lose most records of a source, or
            the redirect ledger is damaged; the one that is there stays.
    """
    if store.damaged():
        raise StoreError(store.damaged()[0])
    if collected is None:
        steps.step("read", store.count())
        collected = Collected(config)
        collected.add(store, store.seals())
    entries = collected.entries()
    of_source = Counter(source for source, _ in entries)
    if not entries:
        _spare_what_is_there(store, folder)
    if not allow_loss:
        _refuse_loss(folder, of_source)
    steps.step("normalize", len(entries))
    records = records_table(entries, config)
    cache = folder.parent / "cache"
    kept = cache / "matching" if config.settings.curate.incremental and not anew else None
    if kept is None:
        forget(cache / "matching")
    tables = build(records, config, steps, kept)
    about = _about(store, config, entries)
    published = publish(folder, tables.files, config, about, steps, cache=cache, now=now)
    tables.keep()
    kinds = Counter(change.kind for change in published.changes)
    sizes = pc.list_value_length(tables.papers["record_ids"])
    return Curated(
        folder=published.folder,
        pages=collected.pages,
        rejected=dict(collected.rejected),
        records=dict(of_source),
        papers=tables.papers.num_rows,
        merged=pc.sum(pc.greater(sizes, 1)).as_py() or 0,
        reasons=tables.reasons,
        papers_merged=kinds[Kind.MERGED],
        papers_split=kinds[Kind.SPLIT],
    )


def count_papers(folder: Path) -> int | None:
    """Papers in the snapshot that is there now; None where there is none."""
    try:
        return int(snapshot.manifest(snapshot.current(folder))["tables"]["papers"]["rows"])
    except CuratedError:
        return None


def _complete(windows: Iterable[WindowRecord]) -> list[list[str]]:
    """Source, seed query, its digest, and days of all that was received completely, in few rows."""
    full: dict[tuple[str, str, str], list[Window]] = {}
    for window in windows:
        if window.outcome in FULL and not window.query.startswith("_"):
            # A query that was changed is another query.
            key = (window.source, window.query, window.query_digest)
            full.setdefault(key, []).append(window.window)
    return [[*key, str(days)] for key in sorted(full) for days in united(full[key])]


def _spare_what_is_there(store: RawStore, folder: Path) -> None:
    """Nothing found is believed only where a window says so, and never over something found."""
    if (folder / "current").exists():
        raise NothingFoundError(
            f"{store.folder} holds no paper, so the snapshot in {folder} is left as it is: "
            "check --data, or remove the folder to begin anew"
        )
    if not any(window.outcome in FULL for window in store.windows()):
        raise NothingFoundError(
            f"{store.folder} holds no paper and no complete window, so there is nothing to make a "
            "table of: run `medsafe-harvest harvest`"
        )


def _refuse_loss(folder: Path, now: Mapping[str, int]) -> None:
    """A table that suddenly has half the records of a source was made of half the pages.

    Raises:
        CuratedError: it would.
    """
    try:
        sources = snapshot.read(snapshot.current(folder), "records", ["source"])["source"]
    except CuratedError:
        # There is nothing to lose, or it is damaged, and to be replaced for that.
        return
    for source, before in Counter(sources.to_pylist()).items():
        if before >= _MANY and now.get(source, 0) < before / 2:
            raise CuratedError(
                f"the table in {folder} has {before:,} records of {source}, and the stored pages "
                f"give only {now.get(source, 0):,}, so it is left as it is: have pages been moved "
                "away? If so, harvest again first, or run `medsafe-harvest rebuild --allow-loss`"
            )


#: With fewer records a loss of half of them may be the papers'.
_MANY = 20


def _about(store: RawStore, config: Config, entries: Mapping[Key, Entry]) -> dict[str, Any]:
    """The manifest's account of where the snapshot came from; the same raw pages say the same."""
    last = max((entry.seen.last_seen for entry in entries.values()), default=None)
    return {
        "as_of": last.isoformat() if last else None,
        "config_digest": config.digest,
        "windows": _complete(store.windows()),
    }
