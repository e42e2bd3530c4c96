"""What the stored pages say of each paper: the latest word of each door, and when it was found.

The result does not depend on the order in which pages are read, so a run adds its own pages to
what was read before, and a rebuild that reads all of them at once comes to the same.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from medsafe_harvest.collect.lists import Lists
from medsafe_harvest.collect.paper import Days, Key, Known, dated, stamp_of
from medsafe_harvest.config import Config
from medsafe_harvest.errors import FetchError
from medsafe_harvest.fetch.ledger import FULL
from medsafe_harvest.fetch.rawindex import Seal, WindowRecord
from medsafe_harvest.fetch.rawstore import RawStore
from medsafe_harvest.lists.door import LIST, assertion, list_name
from medsafe_harvest.normalize.records import Seen
from medsafe_harvest.offered import Offer
from medsafe_harvest.sources.base import PageContent, SourceRecord
from medsafe_harvest.sources.compose import TELLING, Composed

__all__ = ["Collected", "Entry", "Key"]


@dataclass(frozen=True, slots=True)
class Entry:
    """A paper as one source has it."""

    composed: Composed
    seen: Seen

    @property
    def record(self) -> SourceRecord:
        """What the source says."""
        return self.composed.record


class Collected:
    """The papers of all pages added so far.

    Args:
        config: the doors that pages are read with.
    """

    def __init__(self, config: Config) -> None:
        self._doors = config.readers
        self._lookups = frozenset(config.lookups)
        self._lists = Lists(config)
        self._known: dict[Key, Known] = {}
        #: Papers that :meth:`state` left out, since nobody had asked for them.
        self._left_out: set[int] = set()
        #: Names of the pages added.
        self.names: set[str] = set()
        #: Pages added, and pages set aside by the reason for it.
        self.pages = 0
        self.rejected: Counter[str] = Counter()

    def add(self, store: RawStore, seals: Iterable[Seal]) -> set[Key]:
        """Read pages.

        A page that is not what was asked for (an error, half a page) was never believed when it
        came, and is not now: it is counted by its outcome. A page of a door that this version does
        not know is counted as ``unknown_source``.

        Returns:
            The papers that the pages are about.

        Raises:
            StoreError: a page is damaged.
        """
        # The same answer to the same request is read once, however often it came.
        same: dict[tuple[str, str, str, int, str], list[Seal]] = {}
        for seal in seals:
            self.names.add(seal.name)
            key = (seal.source, seal.url, seal.sent, seal.status, seal.sha256)
            same.setdefault(key, []).append(seal)
        groups = {min(group, key=stamp_of).name: group for group in same.values()}
        firsts = [min(group, key=stamp_of) for group in same.values()]
        self.pages += sum(len(group) for group in groups.values())
        touched: set[Key] = set()
        known_doors = [seal for seal in firsts if seal.source in self._doors]
        self.rejected["unknown_source"] += sum(
            len(groups[seal.name]) for seal in firsts if seal.source not in self._doors
        )
        for first, page in store.read_all(known_doors):
            group = groups[first.name]
            try:
                content = self._doors[first.source].parse(page)
            except FetchError as error:
                self.rejected[error.outcome] += len(group)
                continue
            touched |= self._take(content, group)
        self.rejected = +self.rejected
        return touched

    def _take(self, content: PageContent, group: list[Seal]) -> set[Key]:
        """Note what a page says that came once or several times."""
        first, latest = min(group, key=stamp_of), max(group, key=stamp_of)
        stamp, door = stamp_of(latest), latest.source
        touched = set()
        for record in content.records:
            key = (record.source, record.source_id)
            touched.add(key)
            known = self._known.setdefault(key, Known())
            before = known.said.get(door)
            if before is None or before[0] < stamp:
                known.said[door] = (stamp, self._needed(record, door))
            for seal in group:
                self._note_day(known, seal)
        self._lists.note(latest, touched)
        for old, new in content.replaced:
            key = (self._doors[door].source, old)
            touched.add(key)
            self._known.setdefault(key, Known()).replace(new, (stamp_of(first), stamp))
        return touched

    def _needed(self, record: SourceRecord, door: str) -> SourceRecord:
        """A record without what does not count: a feed tells of all papers of an archive."""
        gives = self._doors[door].gives
        if not gives:
            return record
        kept = {name: getattr(record, name) for name in (*gives, *TELLING)}
        return SourceRecord(
            source=record.source,
            source_id=record.source_id,
            title="",
            identifiers=record.identifiers,
            **kept,
        )

    def _note_day(self, known: Known, seal: Seal) -> None:
        day = seal.fetched_at.date()
        if not seal.query.startswith("_"):
            is_list = seal.source == LIST
            query = assertion(list_name(seal.query)) if is_list else seal.query
            days = known.found.get(query)
            known.found[query] = days.with_day(day) if days else Days(day, day)
        elif seal.source in self._lookups:
            days = known.looked_up.get(seal.source)
            known.looked_up[seal.source] = days.with_day(day) if days else Days(day, day)

    def entries(self) -> dict[Key, Entry]:
        """The papers that seed queries found or that were looked up, in order of their keys."""
        inherited: dict[Key, list[Key]] = {}
        declined = self._lists.declined(self._known, self._doors)
        for key, known in self._known.items():
            if (
                known.is_wanted
                and key not in declined
                and not self._lists.is_superseded(key, known)
            ):
                inherited.setdefault(self._heir(key), []).append(key)
        found: dict[Key, Entry] = {}
        for key in sorted(inherited):
            entry = self._entry(key, inherited[key])
            if entry is not None:
                found[key] = entry
        return found

    def offers(self) -> dict[str, tuple[Offer, ...]]:
        """By record id of a list: what searches for its title found, the best first."""
        found = self._lists.offers(self._known, self._doors)
        return {f"{source}:{name}": offers for (source, name), offers in found.items()}

    def state(self, before: datetime) -> object:
        """All that is known, for :meth:`restore`.

        Args:
            before: papers that only feeds told of, the last time before that, are left out.
        """
        kept = {
            key: known
            for key, known in self._known.items()
            if known.is_wanted
            or not known.said
            or max(stamp for stamp, _ in known.said.values())[2] >= before
        }
        left_out = self._left_out | {_short(key) for key in self._known.keys() - kept.keys()}
        return kept, left_out, self._lists.state(), self.names, self.pages, self.rejected

    def restore(self, state: Any) -> None:
        """Know what :meth:`state` gave."""
        self._known, self._left_out, lists, self.names, self.pages, self.rejected = state
        self._lists.restore(lists)

    @property
    def lacks_something(self) -> bool:
        """Whether a paper that was left out is wanted now, so that all pages must be read."""
        return bool(self._left_out) and any(
            known.is_wanted and _short(key) in self._left_out for key, known in self._known.items()
        )

    def _entry(self, key: Key, names: list[Key]) -> Entry | None:
        """A paper under the id that it has now; ``names`` are all under which it was wanted."""
        known = self._known[key]
        wanted = [self._known[name] for name in names]
        composed = known.composed(self._doors)
        if composed is None:
            return None
        days = [one.days for one in wanted]
        return Entry(
            composed,
            Seen(
                queries=tuple(sorted({query for one in wanted for query in one.found})),
                first_seen=min(span.first for span in days),
                last_seen=max(span.last for span in days),
                doors=tuple(f"{name}={door}" for name, door in composed.given),
                gone=known.gone(self._doors),
                former_ids=tuple(f"{source}:{name}" for source, name in self._former(key, names)),
            ),
        )

    def _former(self, key: Key, names: list[Key]) -> list[Key]:
        """The other names of a paper, the oldest first; before them its own, if that is older."""
        ordered = sorted(names, key=lambda name: (self._known[name].days.first, name))
        others = [name for name in ordered if name != key]
        return ordered if others and ordered[0] == key else others

    def _heir(self, key: Key) -> Key:
        """The paper under the id that the source has it under now."""
        met = {key}
        while True:
            known = self._known[key]
            if known.renamed is None:
                return key
            stamp, new = known.renamed
            heir = (key[0], new)
            described = heir in self._known and self._known[heir].is_described(self._doors)
            if known.is_described_after(stamp, self._doors) or not described or heir in met:
                return key
            met.add(heir)
            key = heir

    def looked_up(self, key: Key, lookup: str) -> date | None:
        """The latest day on which a lookup gave the paper, under whatever id it was asked for."""
        days = self._known[key].looked_up.get(lookup)
        return None if days is None else days.last

    def is_revised(self, key: Key) -> bool:
        """Whether a feed has told of something that differs, as :meth:`.Known.is_revised` says."""
        return self._known[key].is_revised(self._doors)

    def new_by_day(self) -> dict[tuple[str, str], Counter[date]]:
        """New records of each day, by source and seed query, and by source and "" for all."""
        found: dict[tuple[str, str], Counter[date]] = {}
        for (source, _), known in self._known.items():
            for query, days in known.found.items():
                found.setdefault((source, query), Counter())[days.first] += 1
            if known.found:
                first = min(days.first for days in known.found.values())
                found.setdefault((source, ""), Counter())[first] += 1
        return found

    def lost(self, windows: Iterable[WindowRecord]) -> list[tuple[Key, str]]:
        """Papers and seed queries that found them once, but not when these windows were read.

        Args:
            windows: attempts; only those that received everything are looked at.
        """
        read: dict[tuple[str, str], list[WindowRecord]] = {}
        for window in windows:
            if window.outcome in FULL:
                read.setdefault((window.source, window.query), []).append(window)
        missed = []
        for key, known in sorted(self._known.items()):
            for door, (_, record) in known.said.items():
                for query, days in known.found.items():
                    again = read.get((door, query))
                    day = dated(record) if again else None
                    if day is not None and any(
                        one.window.since <= day <= one.window.until
                        and days.last < one.began_at.date()
                        for one in again or ()
                    ):
                        missed.append((key, query))
        return missed


def _short(key: Key) -> int:
    """A number for a key; that two share one costs time, and nothing else."""
    digest = hashlib.blake2b("\0".join(key).encode("utf-8", "replace"), digest_size=8).digest()
    return int.from_bytes(digest)
