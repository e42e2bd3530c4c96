"""A query asked once, of all sources: its papers are matched and tagged, and not kept."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Protocol

import pyarrow as pa

from medsafe_harvest.collect import Collected
from medsafe_harvest.config import Config
from medsafe_harvest.fetch.harvest import Fetched, HarvestObserver, Network, Session, Task
from medsafe_harvest.fetch.rawstore import RawStore
from medsafe_harvest.fetch.window import HOPELESS
from medsafe_harvest.pipeline import build, records_table
from medsafe_harvest.publish import Steps
from medsafe_harvest.sources.base import Window
from medsafe_harvest.sources.query import Query

#: Days that it looks back at first.
_FIRST_STRETCH = 90


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
    session = Session(config, store, network, observer)
    fetched = Fetched()
    while True:
        window = Window(max(since, until - timedelta(days=days - 1)), until)
        more = session.fetch([Task(source, query, window) for source in sorted(asked)])
        fetched = more + fetched
        # Who is down or has had enough is not asked for the next stretch.
        asked -= {record.source for record in more.records if record.outcome in HOPELESS}
        # The store may hold what the same question found on another day.
        now = [
            seal for seal in store.seals() if seal.query == query.id and seal.fetched_at >= began
        ]
        collected = Collected(config)
        collected.add(store, now)
        entries = collected.entries()
        enough = len(entries) >= limit * len(asked)
        if not asked or enough or window.since <= since:
            break
        until, days = window.since - timedelta(days=1), days * 2
    return Found(fetched, build(records_table(entries, config), config, observer).papers)
