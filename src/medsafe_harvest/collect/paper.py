"""All that is known of one paper at one source: who said what last, and the days."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime

from medsafe_harvest.fetch.rawindex import Seal
from medsafe_harvest.sources.base import Reader, SourceRecord
from medsafe_harvest.sources.compose import Composed, compose, differs, version

#: Source and the source's own id.
Key = tuple[str, str]
#: Running number of a page, its name, and when it was fetched: the larger one counts.
Stamp = tuple[int, str, datetime]
#: Every door by its name.
Doors = Mapping[str, Reader]


def stamp_of(seal: Seal) -> Stamp:
    """When a page came."""
    return seal.number, seal.name, seal.fetched_at


@dataclass(frozen=True, slots=True)
class Days:
    """The first and the latest day (UTC) of something."""

    first: date
    last: date

    def with_day(self, day: date) -> Days:
        """These, and one more."""
        return Days(min(self.first, day), max(self.last, day))


@dataclass(slots=True)
class Known:
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

    def replace(self, new: str | None, stamps: tuple[Stamp, Stamp]) -> None:
        """The source said that it has the paper under another id, or (None) no longer.

        Args:
            new: the other id.
            stamps: the first and the latest time.
        """
        if new is None:
            first, last = self.vanished or stamps
            self.vanished = min(first, stamps[0]), max(last, stamps[1])
        elif self.renamed is None or self.renamed[0] < stamps[1]:
            self.renamed = stamps[1], new

    def composed(self, doors: Doors) -> Composed | None:
        """One record of what all doors said; None where none described the paper."""
        newest = sorted(self.said.items(), key=lambda item: (item[1][0], item[0]), reverse=True)
        return compose([(door, record) for door, (_, record) in newest], doors)

    def is_described(self, doors: Doors) -> bool:
        """Whether a door described the paper fully."""
        return any(not doors[door].gives for door in self.said)

    def is_described_after(self, stamp: Stamp, doors: Doors) -> bool:
        """Whether a door described the paper after that."""
        return any(said > stamp and not doors[door].gives for door, (said, _) in self.said.items())

    def gone(self, doors: Doors) -> date | None:
        """The day from which the source has the paper no longer; None where it may still have it.

        One answer may be a mistake; two on different days, and no word of the paper since the
        first, are not.
        """
        if self.vanished is None or self.is_described_after(self.vanished[0], doors):
            return None
        first, last = (stamp[2].date() for stamp in self.vanished)
        return first if first != last else None

    def is_revised(self, doors: Doors) -> bool:
        """Whether a feed has told of something since the paper was described that differs.

        That is a later version of an arXiv paper, or a comment, a journal reference or a DOI that
        its authors added without one.
        """
        full = [word for door, word in self.said.items() if not doors[door].gives]
        if not full:
            return False
        stamp, described = max(full, key=lambda word: word[0])
        return any(
            version(record) > version(described) > 0
            or (heard > stamp and differs(record, described))
            for door, (heard, record) in self.said.items()
            if doors[door].gives
        )


def dated(record: SourceRecord) -> date | None:
    """The day by which services file a paper: 1 January where only the year is known."""
    try:
        if record.published:
            return date.fromisoformat(record.published[:10])
        return date(record.year, 1, 1) if record.year else None
    except ValueError:
        return None
