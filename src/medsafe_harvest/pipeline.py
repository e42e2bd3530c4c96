"""The way of a paper through the house: read, normalize, match, merge, tag, write.

Nothing here prints; every step returns what it did.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import Any, Protocol

import pyarrow as pa
import pyarrow.compute as pc

from medsafe_harvest.config import Config
from medsafe_harvest.curated import snapshot
from medsafe_harvest.dedupe.merge import merge
from medsafe_harvest.engines import duckdb as engine
from medsafe_harvest.errors import FetchError, NothingFoundError
from medsafe_harvest.fetch.harvest import Fetched, HarvestObserver, Network, Task, fetch
from medsafe_harvest.fetch.ledger import FULL, united
from medsafe_harvest.fetch.rawstore import RawStore, StoredPage, WindowRecord
from medsafe_harvest.fetch.window import HOPELESS
from medsafe_harvest.normalize.records import Seen, to_batch
from medsafe_harvest.schema import PAPER, RECORD, RELATION
from medsafe_harvest.sources.base import Source, SourceRecord, Window
from medsafe_harvest.sources.query import Query
from medsafe_harvest.topics.tag import Tagger

#: Days that a query asked once looks back at first.
_FIRST_STRETCH = 90


class Steps(Protocol):
    """Told of each step of :func:`curate` as it begins."""

    def step(self, name: str, total: int | None = None) -> None:
        """A step begins; ``total`` counts what it works on, where that is known."""


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


@dataclass(slots=True)
class Collected:
    """The latest word of each source on each paper, from all stored pages."""

    records: dict[tuple[str, str], SourceRecord] = field(default_factory=dict)
    seen: dict[tuple[str, str], Seen] = field(default_factory=dict)
    pages: int = 0
    rejected: Counter[str] = field(default_factory=Counter)


def collect(pages: Iterable[StoredPage], sources: Mapping[str, Source]) -> Collected:
    """Read stored pages, given in the order they were fetched; the latest wins.

    A page that is not what was asked for (an error, half a page) was never believed when it came,
    and is not now: it is counted by its outcome. A page of a source that this version does not
    know is counted as ``unknown_source``.
    """
    collected = Collected()
    for stored in pages:
        collected.pages += 1
        source = sources.get(stored.source)
        if source is None:
            collected.rejected["unknown_source"] += 1
            continue
        try:
            content = source.parse(stored.page)
        except FetchError as error:
            collected.rejected[error.outcome] += 1
            continue
        day = stored.fetched_at.date()
        for record in content.records:
            key = (record.source, record.source_id)
            collected.records[key] = record
            collected.seen[key] = _seen_again(collected.seen.get(key), stored.query, day)
    return collected


def _seen_again(before: Seen | None, query: str, day: date) -> Seen:
    if before is None:
        return Seen((query,), day, day)
    queries = before.queries if query in before.queries else (*before.queries, query)
    return Seen(queries, min(before.first_seen, day), max(before.last_seen, day))


def records_table(collected: Collected, config: Config) -> pa.Table:
    """The collected records, normalized, in order of their ids."""
    keys = sorted(collected.records)
    batch = to_batch(
        [collected.records[key] for key in keys],
        [collected.seen[key] for key in keys],
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


def build(records: pa.Table, config: Config, steps: Steps) -> Tables:
    """Match, merge and tag normalized records."""
    steps.step("match", records.num_rows)
    matching = engine.match(
        records, config.overrides, memory_limit=config.settings.curate.memory_limit
    )
    steps.step("merge", records.num_rows)
    papers = merge(records, matching.clusters)
    steps.step("tag", papers.num_rows)
    read = (papers[name].to_pylist() for name in ("title", "abstract", "categories"))
    tags = Tagger(config.topics).tag(*read)
    for name in tags.schema.names:
        papers = papers.append_column(name, tags[name])
    return Tables(
        papers=papers.select(PAPER.names).cast(PAPER),
        records=records,
        decisions=matching.decisions,
        relations=_relations(matching.relations, papers),
        reasons=matching.counts,
    )


def _relations(found: pa.Table, papers: pa.Table) -> pa.Table:
    """Add to each relation between records the papers that they belong to."""
    lists = papers["record_ids"].combine_chunks()
    members = lists.flatten()
    paper_of_member = papers["paper_id"].take(pc.list_parent_indices(lists))
    columns = {name: found[name] for name in found.column_names}
    for side in ("left", "right"):
        columns[f"{side}_paper"] = paper_of_member.take(pc.index_in(found[side], value_set=members))
    return pa.table(columns).select(RELATION.names).cast(RELATION)


def curate(store: RawStore, config: Config, folder: Path, steps: Steps) -> Curated:
    """Make the curated snapshot anew from all stored pages.

    Raises:
        StoreError: a stored page is damaged.
        NothingFoundError: no paper is stored; a snapshot that is there stays.
        CuratedError: the snapshot cannot be written; the one that is there stays.
    """
    steps.step("read", store.count())
    collected = collect(store.pages(), config.sources)
    if not collected.records:
        _spare_what_is_there(store, folder)
    steps.step("normalize", len(collected.records))
    records = records_table(collected, config)
    tables = build(records, config, steps)
    steps.step("write")
    written = snapshot.write(
        folder,
        {
            "papers": tables.papers,
            "records": tables.records,
            "decisions": tables.decisions,
            "relations": tables.relations,
        },
        _about(store, config, collected),
        keep=config.settings.curate.keep_snapshots,
    )
    return Curated(
        folder=written,
        pages=collected.pages,
        rejected=dict(collected.rejected),
        records=dict(Counter(source for source, _ in collected.records)),
        papers=tables.papers.num_rows,
        merged=pc.sum(pc.greater(pc.list_value_length(tables.papers["record_ids"]), 1)).as_py()
        or 0,
        reasons=tables.reasons,
    )


@dataclass(frozen=True, slots=True)
class Found:
    """The answer to a query asked once."""

    fetched: Fetched
    papers: pa.Table


class SearchObserver(HarvestObserver, Steps, Protocol):
    """Told of fetching and of curating."""


def search(  # noqa: PLR0913 - the question, the means and the bounds
    query: Query,
    config: Config,
    store: RawStore,
    network: Network,
    observer: SearchObserver,
    *,
    since: date,
    limit: int,
) -> Found:
    """Ask all sources once, the newest papers first.

    The stretches of time asked for double, until there are enough papers or ``since`` is reached.
    """
    began = network.clock.now()
    until, days = began.date(), _FIRST_STRETCH
    asked = set(config.sources)
    fetched = Fetched((), ())
    while True:
        window = Window(max(since, until - timedelta(days=days - 1)), until)
        tasks = [Task(source, query, window) for source in sorted(asked)]
        more = fetch(tasks, config, store, network, observer)
        fetched = Fetched(more.records + fetched.records, more.skipped + fetched.skipped)
        # Who is down or has had enough is not asked for the next stretch.
        asked -= {record.source for record in more.records if record.outcome in HOPELESS}
        # The store may hold what the same question found on another day.
        now = (page for page in store.pages(query.id) if page.fetched_at >= began)
        collected = collect(now, config.sources)
        enough = len(collected.records) >= limit * len(asked)
        if not asked or enough or window.since <= since:
            break
        until, days = window.since - timedelta(days=1), days * 2
    return Found(fetched, build(records_table(collected, config), config, observer).papers)


def _complete(windows: Iterable[WindowRecord]) -> list[list[str]]:
    """Source, query, its digest, and days of all that was received completely, in few rows."""
    full: dict[tuple[str, str, str], list[Window]] = {}
    for window in windows:
        if window.outcome in FULL:
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


def _about(store: RawStore, config: Config, collected: Collected) -> dict[str, Any]:
    """The manifest's account of where the snapshot came from; the same raw pages say the same."""
    last = max((seen.last_seen for seen in collected.seen.values()), default=None)
    return {
        "as_of": last.isoformat() if last else None,
        "config_digest": config.digest,
        "rejected_pages": dict(sorted(collected.rejected.items())),
        "windows": _complete(store.windows()),
    }
