"""One run of the harvester from beginning to end, and its report.

::

    bulletins ─▶ plan ─▶ fetch ─▶ read what is stored ─▶ look known papers up ─▶ curate ─▶ report
    (what was     (news      (every    (new, changed,         (a few each night,
    announced)    first)     door)     gone, silent)          in turn)

Nothing here prints or exits.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Protocol

from medsafe_harvest import checkpoint, pipeline
from medsafe_harvest.announced import Announced, announced
from medsafe_harvest.collect import Collected
from medsafe_harvest.config import Config
from medsafe_harvest.doubts import clock_warnings, doubts, silences
from medsafe_harvest.errors import NothingFoundError, StoreError
from medsafe_harvest.fetch.compact import compact, has_days_before
from medsafe_harvest.fetch.harvest import Fetched, HarvestObserver, Network, Session, Task
from medsafe_harvest.fetch.plan import Standing, Wanted, bulletins, plan, standings
from medsafe_harvest.fetch.rawstore import RawStore
from medsafe_harvest.listed_known import alone
from medsafe_harvest.lookups import wishes
from medsafe_harvest.pipeline import Curated
from medsafe_harvest.publish import Steps
from medsafe_harvest.reading import Changes, Reading, changes
from medsafe_harvest.tally import Tallies, Tally

#: Days that come together into one pack.
_PACK_EVERY = 30


class NightObserver(HarvestObserver, Steps, Protocol):
    """Told of fetching and of curating."""


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
    reading = Reading.begun(config, store, data, observer, is_first=papers_before is None)

    fetched, told = _fetched(
        config, store, session, reading, wanted, began, only_listed=alone(data / "curated")
    )
    reading.read_all_if_needed(config, store, observer)

    after = reading.collected.entries()
    warnings += silences(config, reading.collected, store.windows(), network.clock.now())
    warnings += doubts(config, told, after.keys() - reading.before.keys())
    made, why_no_table = _curated(
        config, store, data, observer, reading.collected, fetched, now=network.clock.now()
    )
    warnings += _remembered(data, config, reading.collected, began)
    if not fetched.incomplete:
        warnings += _packed(store, config, began.date(), observer)
    lost = reading.collected.lost(fetched.records)
    return Night(
        run=session.run.name,
        began_at=began,
        ended_at=network.clock.now(),
        fetched=fetched,
        doors=tallies.with_skipped(fetched),
        changes=changes(reading.before, after, reading.touched),
        announced=told,
        lost=tuple((f"{source}:{name}", query) for (source, name), query in lost),
        warnings=tuple(warnings),
        papers_before=papers_before,
        curated=made,
        why_no_table=why_no_table,
        standings=tuple(standings(config, store.windows(), wanted, network.clock.now())),
    )


def _fetched(  # noqa: PLR0913 - what is known, what is wanted, and the moment
    config: Config,
    store: RawStore,
    session: Session,
    reading: Reading,
    wanted: Wanted,
    began: datetime,
    *,
    only_listed: Collection[str],
) -> tuple[Fetched, tuple[Announced, ...]]:
    """Fetch what was announced today, what is missing, and known papers that are due.

    ``only_listed`` are record ids of lists beside which the table has no record of a service.

    Raises:
        StoreError: as :func:`harvest`.
    """
    fetched = session.fetch(bulletins(config, store.windows(), wanted, began))
    told = announced(config, store, wanted.queries, began.date())
    news = {query: number for one in told for query, number in one.wanted.items()}
    fetched += session.fetch(plan(config, store.windows(), wanted, began, news))
    # Of what is damaged no table can be made, but that is no reason to lose a night's papers.
    reading.refuse_damage()
    reading.read_new(store)
    if wanted.is_all_days:
        asked: list[Task] = []
        # A look-up finds papers that the others are asked for then: tonight, as after a restart.
        while tasks := wishes(
            config, store, reading.collected, wanted, began, alone=only_listed, already=asked
        ):
            asked += tasks
            fetched += session.fetch(tasks)
            reading.read_new(store)
    return fetched, told


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


def _remembered(data: Path, config: Config, collected: Collected, began: datetime) -> list[str]:
    """Keep what was read for the next run; warnings where that failed."""
    try:
        checkpoint.save(data / "cache", collected, config, began)
    except StoreError as error:
        return [f"the next run has to read all pages again: {error}"]
    return []


def _packed(store: RawStore, config: Config, today: date, steps: Steps) -> list[str]:
    """Pack old days now and then; warnings where that failed."""
    days = config.settings.harvest.compact_days
    if days is None:
        return []
    before = today - timedelta(days=days)
    # Few packs of many days, rather than one each night.
    if not has_days_before(store, before - timedelta(days=_PACK_EVERY)):
        return []
    steps.step("pack")
    try:
        for _ in compact(store, before):
            pass
    except StoreError as error:
        return [f"old pages could not be packed: {error}"]
    return []
