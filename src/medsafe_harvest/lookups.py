"""Which known papers are looked up tonight: a few each night, in turn."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from medsafe_harvest.collect import Collected, Entry, Key
from medsafe_harvest.config import Config
from medsafe_harvest.fetch.harvest import Task
from medsafe_harvest.fetch.ledger import FULL
from medsafe_harvest.fetch.plan import Wanted
from medsafe_harvest.fetch.rawstore import RawStore
from medsafe_harvest.lists.door import LIST
from medsafe_harvest.sources.base import KnownPaper, Window, Wish


@dataclass(slots=True)
class Asked:
    """What one look-up was asked for so far.

    Attributes:
        tried: by id, the day of the last request.
        last: by id, the day of the last request that was answered.
    """

    tried: dict[str, date] = field(default_factory=dict)
    last: dict[str, date] = field(default_factory=dict)


def asked(config: Config, store: RawStore) -> dict[str, Asked]:
    """What each look-up was asked for.

    Args:
        config: the look-ups.
        store: the requests and how they ended.
    """
    complete = {
        (record.source, record.query_digest, record.window)
        for record in store.windows()
        if record.outcome in FULL
    }
    lookups = config.lookups
    found = {name: Asked() for name in lookups}
    for seal in store.seals():
        if (own := found.get(seal.source)) is None:
            continue
        ids = lookups[seal.source].asked(seal.url, seal.sent)
        days = dict.fromkeys(ids, seal.fetched_at.date())
        own.tried |= days
        # The same papers are asked for again some weeks later: each time counts for itself.
        if (seal.source, seal.query_digest, seal.window) in complete:
            own.last |= days
    return found


def wishes(  # noqa: PLR0913 - what is known, what is wanted, and the moment
    config: Config,
    store: RawStore,
    collected: Collected,
    wanted: Wanted,
    now: datetime,
    *,
    alone: Collection[str] = (),
    only_listed: bool = False,
    already: Collection[Task] = (),
) -> list[Task]:
    """Known papers to look up tonight: those never tried, then those tried longest ago.

    Args:
        config: the lookups.
        store: what was asked before.
        collected: what is known.
        wanted: names the lookups that may be asked.
        now: the moment.
        alone: record ids of lists beside which the table has no record of a service.
        only_listed: leave out what would be wanted without imported lists, and nothing of these
            for a later night.
        already: what was asked for tonight, however that ended.
    """
    today = Window(now.date(), now.date())
    before, lookups, entries = asked(config, store), config.lookups, collected.entries()
    # What was found for a title is in no table yet.
    lonely = set(alone) - {
        name
        for name, found in collected.offers().items()
        if any(offer.is_accepted for offer in found)
    }
    tasks: list[Task] = []
    searched: set[str] = set()
    for name in wanted.sources:
        lookup = lookups.get(name)
        if lookup is None:
            continue
        own = before[name]
        due = now.date() - timedelta(days=lookup.again_days)
        papers = list(_papers(collected, entries, name, due, lonely))
        besides: set[str] = set()
        if only_listed:
            besides.update(lookup.wants([one for one in papers if not one.is_listed]))
        # What another search is asked for tonight may be found there.
        besides |= searched
        done = {one for task in already if task.source == name for one in _ids(task)}
        besides |= done
        # By the day of the last try, so that a wish that fails night after night holds up no other.
        ids = sorted(
            (own.tried.get(one, date.min), one)
            for one in lookup.wants(papers)
            if one not in besides and own.last.get(one, date.min) <= due
        )
        if not only_listed:
            ids = ids[: max(0, lookup.nightly * lookup.batch - len(done))]
        chosen = [one for _, one in ids]
        if lookup.offers:
            searched.update(one for one in chosen if one not in own.tried)
        tasks += [
            Task(name, Wish(tuple(chosen[start : start + lookup.batch])), today)
            for start in range(0, len(chosen), lookup.batch)
        ]
    return tasks


def _ids(task: Task) -> tuple[str, ...]:
    return task.query.ids if isinstance(task.query, Wish) else ()


def _papers(
    collected: Collected,
    entries: Mapping[Key, Entry],
    lookup: str,
    due: date,
    alone: Collection[str],
) -> Iterator[KnownPaper]:
    """All that is known, as one look-up sees it."""
    for key, entry in entries.items():
        yield KnownPaper(
            entry.record,
            is_revised=collected.is_revised(key),
            is_due=(collected.looked_up(key, lookup) or date.min) <= due,
            is_listed=key[0] == LIST,
            is_alone=f"{key[0]}:{key[1]}" in alone,
        )


def unasked(config: Config, store: RawStore, collected: Collected) -> dict[str, tuple[str, ...]]:
    """By record id of a list, the look-ups that have not answered yet; none where all have.

    A record that is in no dictionary can be asked for nowhere: it has no identifier that a service
    takes, and too short a title.
    """
    before, lookups = asked(config, store), config.lookups
    found = {}
    for (source, name), entry in collected.entries().items():
        if source == LIST:
            paper = KnownPaper(entry.record, is_listed=True, is_alone=True)
            wanted = {door: lookup.wants([paper]) for door, lookup in lookups.items()}
            if any(wanted.values()):
                found[f"{source}:{name}"] = tuple(
                    door for door, ids in wanted.items() if set(ids) - before[door].last.keys()
                )
    return found
