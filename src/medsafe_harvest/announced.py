"""What the services announced on the day of a run, by their feeds without history."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from medsafe_harvest.config import Config
from medsafe_harvest.errors import FetchError
from medsafe_harvest.fetch.ledger import FULL
from medsafe_harvest.fetch.rawstore import RawStore
from medsafe_harvest.sources.base import SourceRecord, Window
from medsafe_harvest.sources.expression import matches
from medsafe_harvest.sources.query import Query


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
        """Whether nothing was announced, as at weekends and on holidays."""
        return not self.kinds


def announced(
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
