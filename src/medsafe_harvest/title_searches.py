"""PURE: what searches by title found, and for which records of lists it counts."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from medsafe_harvest.dedupe.overrides import Overrides
from medsafe_harvest.normalize.venues import VenueTable
from medsafe_harvest.offered import Offer, judged
from medsafe_harvest.sources.base import KnownPaper, Lookup, SourceRecord

#: Source and the source's own id.
Key = tuple[str, str]
#: A list's record, and what was found for its title.
_Asked = tuple[SourceRecord, tuple[SourceRecord, ...]]


@dataclass(slots=True)
class TitleSearches:
    """What searches by title found.

    Attributes:
        doors: the look-ups that search by title.
        venues: as records are normalized with.
        overrides: decisions of curators.
        found: by paper found, the doors and the titles that they were asked for.
    """

    doors: Mapping[str, Lookup]
    venues: VenueTable
    overrides: Overrides
    found: dict[Key, set[tuple[str, str]]] = field(default_factory=dict)
    #: Judged already: nothing else decides.
    _known: dict[_Asked, tuple[Offer, ...]] = field(default_factory=dict)

    def note(self, door: str, asked: Iterable[str], keys: Iterable[Key]) -> None:
        """Papers came as the answer to titles; nothing is noted of other doors."""
        if door in self.doors:
            titles = {(door, title) for title in asked}
            for key in keys:
                self.found.setdefault(key, set()).update(titles)

    def offers(
        self,
        listed: Mapping[Key, SourceRecord],
        described: Callable[[Key], SourceRecord | None],
    ) -> dict[Key, tuple[Offer, ...]]:
        """What was found for each record of a list, the best first.

        Args:
            listed: the records of lists.
            described: what is known of a paper that was found.
        """
        if not self.found:
            return {}
        of_title: dict[tuple[str, str], list[Key]] = {}
        for key in sorted(self.found):
            for title in self.found[key]:
                of_title.setdefault(title, []).append(key)
        asked: dict[Key, _Asked] = {}
        for own, record in listed.items():
            keys = {key for title in self._titles(record) for key in of_title.get(title, ())}
            records = [described(key) for key in sorted(keys)]
            if records:
                asked[own] = record, tuple(one for one in records if one is not None)
        new = [one for one in dict.fromkeys(asked.values()) if one not in self._known]
        self._known |= zip(new, judged(new, self.venues, self.overrides), strict=True)
        return {own: self._known[one] for own, one in asked.items()}

    def _titles(self, record: SourceRecord) -> list[tuple[str, str]]:
        """What the doors ask for a record of a list."""
        paper = KnownPaper(record, is_listed=True, is_alone=True)
        return [(name, title) for name, door in self.doors.items() for title in door.wants([paper])]
