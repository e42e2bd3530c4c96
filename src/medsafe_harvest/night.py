"""One run of the harvester from beginning to end, and its report.

::

    bulletins ─▶ plan ─▶ fetch ─▶ read what is stored ─▶ look known papers up ─▶ curate ─▶ report
    (what was     (news      (every    (new, changed,         (a few each night,
    announced)    first)     door)     gone, silent)          in turn)

Nothing here prints or exits.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Protocol

from medsafe_harvest import checkpoint, pipeline
from medsafe_harvest.collect import Collected, Entry, Key
from medsafe_harvest.config import Config
from medsafe_harvest.errors import FetchError, NothingFoundError, StoreError
from medsafe_harvest.fetch import harvest as fetching
from medsafe_harvest.fetch.harvest import Fetched, HarvestObserver, Network, Session, Task, Wanted
from medsafe_harvest.fetch.ledger import FULL
from medsafe_harvest.fetch.rawstore import RawStore, WindowRecord
from medsafe_harvest.pipeline import Curated, Steps
from medsafe_harvest.silence import Silence, find_silence
from medsafe_harvest.sources.base import KnownPaper, SourceRecord, Window, Wish
from medsafe_harvest.sources.expression import matches
from medsafe_harvest.sources.query import Query
from medsafe_harvest.tally import Tallies, Tally


class NightObserver(HarvestObserver, Steps, Protocol):
    """Told of fetching and of curating."""


@dataclass(frozen=True, slots=True)
class Changes:
    """What the run's pages made of one source's records."""

    new: int
    changed: int
    unchanged: int
    #: Record ids that the source says are gone, or are now another: (before, now or None).
    replaced: tuple[tuple[str, str | None], ...]


@dataclass(frozen=True, slots=True)
class Announced:
    """What was announced on the day of the run, for the categories of the seed queries."""

    door: str
    day: date
    #: Papers by kind: new, cross, replace, replace-cross.
    kinds: Mapping[str, int]
    #: By seed query: new papers that it seems to ask for.
    wanted: Mapping[str, int]

    @property
    def is_quiet(self) -> bool:
        """Whether there was no announcement: a weekend or a holiday."""
        return not self.kinds


@dataclass(frozen=True, slots=True)
class Night:
    """What a run did."""

    run: str
    began_at: datetime
    ended_at: datetime
    fetched: Fetched
    doors: Mapping[str, Tally]
    changes: Mapping[str, Changes]
    announced: tuple[Announced, ...]
    #: (record id, seed query) of papers that a complete window no longer lists.
    lost: tuple[tuple[str, str], ...]
    warnings: tuple[str, ...]
    #: Papers in the snapshot before; None where there was none.
    papers_before: int | None
    #: None where nothing could be fetched and nothing was there before.
    curated: Curated | None
    #: Why there is no table, where there is none.
    why_no_table: str = ""


def harvest(
    config: Config,
    store: RawStore,
    network: Network,
    data: Path,
    wanted: Wanted,
    observer: NightObserver,
) -> Night:
    """Fetch what is missing, and curate.

    Args:
        config: what to ask, and how to curate.
        store: where responses are kept.
        network: how services are reached.
        data: the folder that holds ``curated`` and ``cache``.
        wanted: what to cover.
        observer: told what happens.

    Raises:
        StoreError: the raw store cannot be written, or a page in it is damaged; all that is
            missing was fetched before the latter is said.
        CuratedError: the snapshot cannot be written; the one that is there stays.
        NothingFoundError: everything was asked, and no paper is stored.
    """
    began = network.clock.now()
    tallies = Tallies(observer)
    session = Session(config, store, network, tallies)
    warnings = _clock_warnings(store.windows(), began)
    collected = checkpoint.load(data / "cache", store, config)
    unread = [seal for seal in store.seals() if seal.name not in collected.names]
    observer.step("read", len(unread))
    damage: StoreError | None = None
    try:
        collected.add(store, unread)
    except StoreError as error:
        # No table can be made of it, but that is no reason to lose a night's papers.
        damage = error
    before = collected.entries()
    papers_before = pipeline.count_papers(data / "curated")

    fetched = session.fetch(fetching.bulletins(config, store.windows(), wanted, began))
    announced = _announced(config, store, wanted.queries, began.date())
    news: dict[str, int] = {}
    for bulletin in announced:
        news.update(bulletin.wanted)
    fetched += session.fetch(fetching.plan(config, store.windows(), wanted, began, news))
    if damage is not None:
        raise damage
    touched = _read_new(collected, store)
    if wanted.is_all_days:
        fetched += session.fetch(wishes(config, store, collected, wanted, began))
        touched |= _read_new(collected, store)
    if collected.lacks_something:
        observer.step("read", store.count())
        collected = Collected(config)
        collected.add(store, store.seals())

    after = collected.entries()
    warnings += _silences(collected, store.windows(), network.clock.now())
    came = {source for source, _ in after.keys() - before.keys()}
    warnings += [
        f"{one.door} announced {sum(one.wanted.values())} papers that seed queries seem to ask "
        "for, and no new one came in"
        for one in announced
        if sum(one.wanted.values()) >= _MANY and config.feeds[one.door].source not in came
    ]
    why_no_table = ""
    made: Curated | None
    try:
        made = pipeline.curate(store, config, data / "curated", observer, collected)
    except NothingFoundError as error:
        if not fetched.incomplete:
            raise
        made, why_no_table = None, str(error)
    try:
        checkpoint.save(data / "cache", collected, config, began)
    except StoreError as error:
        warnings.append(f"the next run has to read all pages again: {error}")
    return Night(
        run=session.run.name,
        began_at=began,
        ended_at=network.clock.now(),
        fetched=fetched,
        doors=tallies.with_skipped(fetched),
        changes=_changes(before, after, touched),
        announced=announced,
        lost=tuple(
            (f"{source}:{name}", query) for (source, name), query in collected.lost(fetched.records)
        ),
        warnings=tuple(warnings),
        papers_before=papers_before,
        curated=made,
        why_no_table=why_no_table,
    )


#: So many announced papers and nothing new cannot be an accident.
_MANY = 5


def wishes(
    config: Config, store: RawStore, collected: Collected, wanted: Wanted, now: datetime
) -> list[Task]:
    """Known papers to look up tonight: those never asked for, then those asked longest ago."""
    today = Window(now.date(), now.date())
    known = {key: entry for key, entry in collected.entries().items() if entry.seen.gone is None}
    complete = {
        (record.source, record.query_digest) for record in store.windows() if record.outcome in FULL
    }
    tasks = []
    for name in wanted.sources:
        lookup = config.lookups.get(name)
        if lookup is None:
            continue
        last: dict[str, date] = {}
        for seal in store.seals():
            if seal.source == name and (name, seal.query_digest) in complete:
                day = seal.fetched_at.date()
                last |= dict.fromkeys(lookup.asked(seal.url, seal.sent), day)
        due = now.date() - timedelta(days=lookup.again_days)
        papers = [
            KnownPaper(
                entry.record,
                is_revised=collected.is_revised(key),
                is_due=(collected.looked_up(key, name) or date.min) <= due,
            )
            for key, entry in known.items()
        ]
        ids = sorted(
            (last.get(one, date.min), one)
            for one in lookup.wants(papers)
            if last.get(one, date.min) <= due
        )
        chosen = [one for _, one in ids][: lookup.nightly * lookup.batch]
        tasks += [
            Task(name, Wish(tuple(chosen[start : start + lookup.batch])), today)
            for start in range(0, len(chosen), lookup.batch)
        ]
    return tasks


def _read_new(collected: Collected, store: RawStore) -> set[Key]:
    """Read the pages that were not read yet; the papers that they are about."""
    return collected.add(
        store, [seal for seal in store.seals() if seal.name not in collected.names]
    )


def _announced(
    config: Config, store: RawStore, queries: Sequence[Query], day: date
) -> tuple[Announced, ...]:
    """What the bulletins of that day say, as far as one of them was received completely."""
    found = []
    today = Window(day, day)
    for name, feed in config.feeds.items():
        full = any(
            (record.source, record.window) == (name, today) and record.outcome in FULL
            for record in store.windows()
        )
        if feed.keeps_history or not full:
            continue
        records: dict[str, SourceRecord] = {}
        seals = [seal for seal in store.seals() if (seal.source, seal.window) == (name, today)]
        for _, page in store.read_all(seals):
            try:
                content = feed.parse(page)
            except FetchError:
                # It was not believed when it came; another page of the day was.
                continue
            records |= {record.source_id: record for record in content.records}
        found.append(
            Announced(
                door=name,
                day=day,
                kinds=dict(
                    sorted(Counter(one.announced or "" for one in records.values()).items())
                ),
                wanted=_wanted(queries, [*records.values()]),
            )
        )
    return tuple(found)


def _wanted(queries: Sequence[Query], records: Sequence[SourceRecord]) -> dict[str, int]:
    """By seed query, how many of the new papers seem to be what it asks for."""
    new = [one for one in records if one.announced in {"new", "cross"}]
    found = {}
    for query in queries:
        means = query.expression
        number = sum(matches(means, one.title, one.abstract or "") for one in new)
        if number:
            found[query.id] = number
    return found


def _changes(
    before: Mapping[Key, Entry], after: Mapping[Key, Entry], touched: set[Key]
) -> dict[str, Changes]:
    """New, changed and unchanged records by source, of those that the run's pages are about."""
    found = {}
    for source in sorted({source for source, _ in after}):
        own = [key for key in touched if key[0] == source and key in after]
        new = [key for key in own if key not in before]
        same = [key for key in own if key in before and before[key].record == after[key].record]
        renamed = {
            former: f"{key[0]}:{key[1]}"
            for key, entry in after.items()
            for former in entry.seen.former_ids
            if key[0] == source
        }
        gone = [key for key in own if after[key].seen.gone and not _was_gone(before.get(key))]
        replaced = [
            (name, renamed[name])
            for key in sorted(before.keys() - after.keys())
            if (name := f"{key[0]}:{key[1]}") in renamed
        ]
        found[source] = Changes(
            new=len(new),
            changed=len(own) - len(new) - len(same),
            unchanged=len(same),
            replaced=(*replaced, *((f"{key[0]}:{key[1]}", None) for key in sorted(gone))),
        )
    return found


def _was_gone(entry: Entry | None) -> bool:
    return entry is not None and entry.seen.gone is not None


def _silences(collected: Collected, windows: Sequence[WindowRecord], now: datetime) -> list[str]:
    """Warnings about sources and seed queries that have not brought anything new for too long."""
    asked: dict[tuple[str, str], set[date]] = {}
    for record in windows:
        if record.outcome in FULL and not record.query.startswith("_"):
            day = record.finished_at.date()
            asked.setdefault((record.source, ""), set()).add(day)
            asked.setdefault((record.source, record.query), set()).add(day)
    new = collected.new_by_day()
    silent: dict[tuple[str, str], Silence] = {}
    for key, days in sorted(asked.items()):
        silence = find_silence(new.get(key, {}), days, now.date())
        # A source that is silent altogether is said once.
        if silence is not None and (key[0], "") not in silent:
            silent[key] = silence
    return [
        f"{door}{f', query {query}' if query else ''}: no new record in {silence.nights} nights, "
        f"where {silence.expected:.0f} were to be expected from the nights before"
        for (door, query), silence in silent.items()
    ]


def _clock_warnings(windows: Sequence[WindowRecord], now: datetime) -> list[str]:
    """Warnings about a clock that was not always right."""
    latest = max((record.finished_at for record in windows), default=now)
    if latest <= now:
        return []
    words = (
        f"the clock stands at {now:%Y-%m-%d %H:%M} UTC, but the store was written at "
        f"{latest:%Y-%m-%d %H:%M}: set it; what comes from the future is asked for again"
    )
    return [words]
