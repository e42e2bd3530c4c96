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
from typing import Protocol, Self

from medsafe_harvest import checkpoint, pipeline
from medsafe_harvest.collect import Collected, Entry, Key
from medsafe_harvest.config import Config
from medsafe_harvest.doubts import Announced, clock_warnings, doubts, silences
from medsafe_harvest.errors import FetchError, NothingFoundError, StoreError
from medsafe_harvest.fetch import harvest as fetching
from medsafe_harvest.fetch.compact import compact
from medsafe_harvest.fetch.harvest import (
    Fetched,
    HarvestObserver,
    Network,
    Session,
    Standing,
    Wanted,
)
from medsafe_harvest.fetch.ledger import FULL
from medsafe_harvest.fetch.rawstore import RawStore
from medsafe_harvest.lookups import wishes
from medsafe_harvest.pipeline import Curated, Steps
from medsafe_harvest.sources.base import (
    SourceRecord,
    Window,
)
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
    #: What is known of each question at the end.
    standings: tuple[Standing, ...] = ()


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
    warnings = clock_warnings(store.windows(), began)
    papers_before = pipeline.count_papers(data / "curated")
    reading = _Reading.begun(config, store, data, observer, is_first=papers_before is None)

    fetched = session.fetch(fetching.bulletins(config, store.windows(), wanted, began))
    announced = _announced(config, store, wanted.queries, began.date())
    news = {query: number for one in announced for query, number in one.wanted.items()}
    fetched += session.fetch(fetching.plan(config, store.windows(), wanted, began, news))
    # Of what is damaged no table can be made, but that is no reason to lose a night's papers.
    reading.refuse_damage()
    reading.read_new(store)
    if wanted.is_all_days:
        fetched += session.fetch(wishes(config, store, reading.collected, wanted, began))
        reading.read_new(store)
    reading.read_all_if_needed(config, store, observer)

    after = reading.collected.entries()
    warnings += silences(config, reading.collected, store.windows(), network.clock.now())
    warnings += doubts(config, announced, after.keys() - reading.before.keys())
    made, why_no_table = _curated(
        config, store, data, observer, reading.collected, fetched, now=network.clock.now()
    )
    try:
        checkpoint.save(data / "cache", reading.collected, config, began)
    except StoreError as error:
        warnings.append(f"the next run has to read all pages again: {error}")
    if not fetched.incomplete:
        warnings += _packed(store, config, began.date(), observer)
    lost = reading.collected.lost(fetched.records)
    return Night(
        run=session.run.name,
        began_at=began,
        ended_at=network.clock.now(),
        fetched=fetched,
        doors=tallies.with_skipped(fetched),
        changes=_changes(reading.before, after, reading.touched),
        announced=announced,
        lost=tuple((f"{source}:{name}", query) for (source, name), query in lost),
        warnings=tuple(warnings),
        papers_before=papers_before,
        curated=made,
        why_no_table=why_no_table,
        standings=tuple(fetching.standings(config, store.windows(), wanted, network.clock.now())),
    )


@dataclass(slots=True)
class _Reading:
    """What the stored pages say, read as the run goes on."""

    collected: Collected
    #: What the last run that came to its end knew; one that was killed has told nobody anything.
    before: Mapping[Key, Entry]
    #: Papers that the pages since then are about.
    touched: set[Key]
    damage: list[StoreError]

    @classmethod
    def begun(
        cls, config: Config, store: RawStore, data: Path, steps: Steps, *, is_first: bool
    ) -> Self:
        """Read what no run has read yet."""
        collected = checkpoint.load(data / "cache", store, config)
        reading = cls(collected, collected.entries(), set(), [])
        known = bool(collected.names) or is_first
        reading.damage += [StoreError(words) for words in store.damaged()]
        steps.step("read", store.count() - len(collected.names))
        try:
            reading.read_new(store)
        except StoreError as error:
            reading.damage.append(error)
        if not known:
            # Without what was kept in mind, all that is stored counts as told.
            reading.before, reading.touched = collected.entries(), set()
        return reading

    def read_new(self, store: RawStore) -> None:
        """Read the pages that were not read yet.

        Raises:
            StoreError: one is damaged.
        """
        unread = [seal for seal in store.seals() if seal.name not in self.collected.names]
        self.touched |= self.collected.add(store, unread)

    def refuse_damage(self) -> None:
        """Go no further with a damaged store.

        Raises:
            StoreError: what is damaged first.
        """
        if self.damage:
            raise self.damage[0]

    def read_all_if_needed(self, config: Config, store: RawStore, steps: Steps) -> None:
        """Read everything again if something that was left out is wanted now."""
        if self.collected.lacks_something:
            steps.step("read", store.count())
            self.collected = Collected(config)
            self.collected.add(store, store.seals())


def _curated(  # noqa: PLR0913 - what the table is made of, where, and the moment
    config: Config,
    store: RawStore,
    data: Path,
    steps: Steps,
    collected: Collected,
    fetched: Fetched,
    *,
    now: datetime,
) -> tuple[Curated | None, str]:
    """The table, or why there is none."""
    try:
        return pipeline.curate(store, config, data / "curated", steps, collected, now=now), ""
    except NothingFoundError as error:
        if not fetched.incomplete:
            raise
        return None, str(error)


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


def _packed(store: RawStore, config: Config, today: date, steps: Steps) -> list[str]:
    """Pack old days now and then; warnings where that failed."""
    days = config.settings.harvest.compact_days
    if days is None:
        return []
    before = today - timedelta(days=days)
    # Few packs of many days, rather than one each night.
    if not store.has_days_before(before - timedelta(days=_PACK_EVERY)):
        return []
    steps.step("pack")
    try:
        for _ in compact(store, before):
            pass
    except StoreError as error:
        return [f"old pages could not be packed: {error}"]
    return []


#: Days that come together into one pack.
_PACK_EVERY = 30
