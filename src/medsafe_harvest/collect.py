"""What the stored pages say of each paper: the latest word of each door, and when it was found.

The result does not depend on the order in which pages are read, so a run adds its own pages to
what was read before, and a rebuild that reads all of them at once comes to the same.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from medsafe_harvest.config import Config
from medsafe_harvest.errors import FetchError
from medsafe_harvest.fetch.ledger import FULL
from medsafe_harvest.fetch.rawindex import Seal, WindowRecord
from medsafe_harvest.fetch.rawstore import RawStore
from medsafe_harvest.lists.door import LIST, assertion, list_name, list_of
from medsafe_harvest.normalize.records import Seen
from medsafe_harvest.offered import Offer
from medsafe_harvest.sources.base import PageContent, SourceRecord
from medsafe_harvest.sources.compose import TELLING, Composed, compose, differs, version
from medsafe_harvest.title_searches import TitleSearches

#: Source and the source's own id.
Key = tuple[str, str]
#: Running number of a page, its name, and when it was fetched: the larger one counts.
Stamp = tuple[int, str, datetime]


@dataclass(frozen=True, slots=True)
class Days:
    """The first and the latest day (UTC) of something."""

    first: date
    last: date

    def with_day(self, day: date) -> Days:
        """These, and one more."""
        return Days(min(self.first, day), max(self.last, day))


@dataclass(slots=True)
class _Known:
    """All that is known of one paper at one source."""

    #: By door: when it spoke last, and what it said.
    said: dict[str, tuple[Stamp, SourceRecord]] = field(default_factory=dict)
    #: By seed query: the days on which it found the paper.
    found: dict[str, Days] = field(default_factory=dict)
    #: By lookup: the days on which it gave the paper.
    looked_up: dict[str, Days] = field(default_factory=dict)
    #: When the source last said that it has the paper under another id, and under which.
    renamed: tuple[Stamp, str] | None = None
    #: When the source said that it has the paper no longer, the first and the latest time.
    vanished: tuple[Stamp, Stamp] | None = None

    @property
    def is_wanted(self) -> bool:
        """Whether a seed query found it, or it was asked for; feeds tell of everything."""
        return bool(self.found) or bool(self.looked_up)

    @property
    def days(self) -> Days:
        """First and latest day on which it was found or looked up; it must have been."""
        spans = [*self.found.values(), *self.looked_up.values()]
        return Days(min(span.first for span in spans), max(span.last for span in spans))


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
        self._searches = TitleSearches(
            {name: lookup for name, lookup in config.lookups.items() if lookup.offers},
            config.venues,
            config.overrides,
        )
        self._known: dict[Key, _Known] = {}
        #: What searches by title are worth, until more pages are read.
        self._offered: dict[Key, tuple[Offer, ...]] | None = None
        #: By list: its latest version, which supersedes what it said before.
        self._editions: dict[str, Stamp] = {}
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
        self._offered = None
        # The same answer to the same request is read once, however often it came.
        same: dict[tuple[str, str, str, int, str], list[Seal]] = {}
        for seal in seals:
            self.names.add(seal.name)
            key = (seal.source, seal.url, seal.sent, seal.status, seal.sha256)
            same.setdefault(key, []).append(seal)
        groups = {min(group, key=_stamp).name: group for group in same.values()}
        firsts = [min(group, key=_stamp) for group in same.values()]
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
        latest = max(group, key=_stamp)
        stamp, door = _stamp(latest), latest.source
        if door == LIST:
            name = list_name(latest.query)
            self._editions[name] = max(self._editions.get(name, stamp), stamp)
        touched = set()
        for record in content.records:
            key = (record.source, record.source_id)
            touched.add(key)
            known = self._known.setdefault(key, _Known())
            before = known.said.get(door)
            if before is None or before[0] < stamp:
                known.said[door] = (stamp, self._needed(record, door))
            for seal in group:
                self._note_day(known, seal)
        if door in self._searches.doors:
            asked = self._searches.doors[door].asked(latest.url, latest.sent)
            self._searches.note(door, asked, touched)
        for old, new in content.replaced:
            key = (self._doors[door].source, old)
            touched.add(key)
            known = self._known.setdefault(key, _Known())
            if new is None:
                first, last = known.vanished or (stamp, stamp)
                known.vanished = (min(first, *map(_stamp, group)), max(last, stamp))
            elif known.renamed is None or known.renamed[0] < stamp:
                known.renamed = (stamp, new)
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

    def _note_day(self, known: _Known, seal: Seal) -> None:
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
        declined = self._declined()
        for key, known in self._known.items():
            if known.is_wanted and key not in declined and not self._is_superseded(key):
                inherited.setdefault(self._heir(key), []).append(key)
        found: dict[Key, Entry] = {}
        for key in sorted(inherited):
            former = sorted(other for other in inherited[key] if other != key)
            entry = self._entry(key, former)
            if entry is not None:
                found[key] = entry
        return found

    def offers(self) -> dict[str, tuple[Offer, ...]]:
        """By record id of a list: what searches for its title found, the best first."""
        return {f"{source}:{name}": found for (source, name), found in self._offers().items()}

    def _offers(self) -> dict[Key, tuple[Offer, ...]]:
        if self._offered is None:
            # What a list said once counts too: papers that were looked up stay.
            listed = {
                key: known.said[LIST][1] for key, known in self._known.items() if key[0] == LIST
            }
            self._offered = self._searches.offers(listed, self._described)
        return self._offered

    def _described(self, key: Key) -> SourceRecord | None:
        composed = self._composed(self._known[key])
        return None if composed is None else composed.record

    def _declined(self) -> set[Key]:
        """Papers that only searches by title gave, and for no title that is theirs."""
        found = self._searches.found
        accepted = {
            offer.record_id
            for offers in self._offers().values()
            for offer in offers
            if offer.is_accepted
        }
        return {
            key
            for key in found
            if not self._known[key].found
            and self._known[key].looked_up.keys() <= self._searches.doors.keys()
            and f"{key[0]}:{key[1]}" not in accepted
        }

    def _is_superseded(self, key: Key) -> bool:
        """Whether a list named the paper once, and its latest version does not."""
        source, source_id = key
        return (
            source == LIST and self._known[key].said[LIST][0] < self._editions[list_of(source_id)]
        )

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
        found = self._searches.found
        return kept, left_out, self._editions, found, self.names, self.pages, self.rejected

    def restore(self, state: Any) -> None:
        """Know what :meth:`state` gave."""
        self._known, self._left_out, self._editions, self._searches.found, *rest = state
        self.names, self.pages, self.rejected = rest
        self._offered = None

    @property
    def lacks_something(self) -> bool:
        """Whether a paper that was left out is wanted now, so that all pages must be read."""
        return bool(self._left_out) and any(
            known.is_wanted and _short(key) in self._left_out for key, known in self._known.items()
        )

    def _entry(self, key: Key, former: list[Key]) -> Entry | None:
        known = self._known[key]
        wanted = [one for one in (known, *map(self._known.__getitem__, former)) if one.is_wanted]
        if not wanted:
            return None
        composed = self._composed(known)
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
                gone=self._gone(known),
                former_ids=tuple(f"{source}:{name}" for source, name in former),
            ),
        )

    def _composed(self, known: _Known) -> Composed | None:
        newest = sorted(known.said.items(), key=lambda item: (item[1][0], item[0]), reverse=True)
        return compose([(door, record) for door, (_, record) in newest], self._doors)

    def _gone(self, known: _Known) -> date | None:
        """The day from which the source has the paper no longer; None where it may still have it.

        One answer may be a mistake; two on different days, and no word of the paper since the
        first, are not.
        """
        if known.vanished is None or self._spoken_after(known, known.vanished[0]):
            return None
        first, last = (stamp[2].date() for stamp in known.vanished)
        return first if first != last else None

    def _heir(self, key: Key) -> Key:
        """The paper under the id that the source has it under now."""
        met = {key}
        while True:
            known = self._known[key]
            if known.renamed is None:
                return key
            stamp, new = known.renamed
            heir = (key[0], new)
            described = heir in self._known and any(
                not self._doors[door].gives for door in self._known[heir].said
            )
            if self._spoken_after(known, stamp) or not described or heir in met:
                return key
            met.add(heir)
            key = heir

    def _spoken_after(self, known: _Known, stamp: Stamp) -> bool:
        """Whether a door described the paper after that."""
        return any(
            said > stamp and not self._doors[door].gives for door, (said, _) in known.said.items()
        )

    def looked_up(self, key: Key, lookup: str) -> date | None:
        """The latest day on which a lookup gave the paper, under whatever id it was asked for."""
        days = self._known[key].looked_up.get(lookup)
        return None if days is None else days.last

    def is_revised(self, key: Key) -> bool:
        """Whether a feed has told of something since the paper was described that differs.

        That is a later version of an arXiv paper, or a comment, a journal reference or a DOI that
        its authors added without one.
        """
        said = self._known[key].said
        full = [word for door, word in said.items() if not self._doors[door].gives]
        if not full:
            return False
        stamp, described = max(full, key=lambda word: word[0])
        return any(
            version(record) > version(described) > 0
            or (heard > stamp and differs(record, described))
            for door, (heard, record) in said.items()
            if self._doors[door].gives
        )

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
                    day = _dated(record) if again else None
                    if day is not None and any(
                        one.window.since <= day <= one.window.until
                        and days.last < one.began_at.date()
                        for one in again or ()
                    ):
                        missed.append((key, query))
        return missed


def _dated(record: SourceRecord) -> date | None:
    """The day by which services file a paper: 1 January where only the year is known."""
    try:
        if record.published:
            return date.fromisoformat(record.published[:10])
        return date(record.year, 1, 1) if record.year else None
    except ValueError:
        return None


def _short(key: Key) -> int:
    """A number for a key; that two share one costs time, and nothing else."""
    digest = hashlib.blake2b("\0".join(key).encode("utf-8", "replace"), digest_size=8).digest()
    return int.from_bytes(digest)


def _stamp(seal: Seal) -> Stamp:
    return seal.number, seal.name, seal.fetched_at
