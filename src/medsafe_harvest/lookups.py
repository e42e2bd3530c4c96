"""Which known papers are looked up tonight: a few each night, in turn."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from medsafe_harvest.collect import Collected
from medsafe_harvest.config import Config
from medsafe_harvest.fetch.harvest import Task
from medsafe_harvest.fetch.ledger import FULL
from medsafe_harvest.fetch.plan import Wanted
from medsafe_harvest.fetch.rawindex import Seal
from medsafe_harvest.fetch.rawstore import RawStore
from medsafe_harvest.lists.door import LIST
from medsafe_harvest.sources.base import KnownPaper, Window, Wish


def wishes(
    config: Config,
    store: RawStore,
    collected: Collected,
    wanted: Wanted,
    now: datetime,
    *,
    only_listed: bool = False,
) -> list[Task]:
    """Known papers to look up tonight: those never tried, then those tried longest ago.

    Args:
        config: the lookups.
        store: what was asked before.
        collected: what is known.
        wanted: names the lookups that may be asked.
        now: the moment.
        only_listed: leave out what would be wanted without imported lists.
    """
    today = Window(now.date(), now.date())
    known = collected.entries()
    complete = {
        (record.source, record.query_digest, record.window)
        for record in store.windows()
        if record.outcome in FULL
    }
    own: dict[str, list[Seal]] = {}
    for seal in store.seals():
        own.setdefault(seal.source, []).append(seal)
    tasks = []
    for name in wanted.sources:
        lookup = config.lookups.get(name)
        if lookup is None:
            continue
        last: dict[str, date] = {}
        tried: dict[str, date] = {}
        for seal in own.get(name, ()):
            days = dict.fromkeys(lookup.asked(seal.url, seal.sent), seal.fetched_at.date())
            tried |= days
            # The same papers are asked for again some weeks later: each time counts for itself.
            if (name, seal.query_digest, seal.window) in complete:
                last |= days
        due = now.date() - timedelta(days=lookup.again_days)
        papers = [
            KnownPaper(
                entry.record,
                is_revised=collected.is_revised(key),
                is_due=(collected.looked_up(key, name) or date.min) <= due,
                is_listed=key[0] == LIST,
            )
            for key, entry in known.items()
        ]
        besides: set[str] = set()
        if only_listed:
            besides.update(lookup.wants([one for one in papers if not one.is_listed]))
        # By the day of the last try, so that a wish that fails night after night holds up no other.
        ids = sorted(
            (tried.get(one, date.min), one)
            for one in lookup.wants(papers)
            if one not in besides and last.get(one, date.min) <= due
        )
        chosen = [one for _, one in ids][: lookup.nightly * lookup.batch]
        tasks += [
            Task(name, Wish(tuple(chosen[start : start + lookup.batch])), today)
            for start in range(0, len(chosen), lookup.batch)
        ]
    return tasks
