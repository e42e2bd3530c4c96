"""What imported lists name: their latest versions, and what searches by title found for them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

from medsafe_harvest.collect.paper import Doors, Key, Known, Stamp, stamp_of
from medsafe_harvest.config import Config
from medsafe_harvest.fetch.rawindex import Seal
from medsafe_harvest.lists.door import LIST, list_name, list_of
from medsafe_harvest.offered import Offer
from medsafe_harvest.sources.base import SourceRecord
from medsafe_harvest.title_searches import TitleSearches

_Found = dict[Key, set[tuple[str, str]]]


class Lists:
    """The lists of all pages added so far.

    Args:
        config: the look-ups that search by title, and how what they find is judged.
    """

    def __init__(self, config: Config) -> None:
        searching = {name: lookup for name, lookup in config.lookups.items() if lookup.offers}
        self._searches = TitleSearches(searching, config.venues, config.overrides)
        #: What searches by title are worth, until more is read.
        self._offered: dict[Key, tuple[Offer, ...]] | None = None
        #: By list: its latest version, which supersedes what it said before.
        self._editions: dict[str, Stamp] = {}

    def note(self, page: Seal, keys: Iterable[Key]) -> None:
        """A page was read that is about some papers; of most doors there is nothing to note."""
        self._offered = None
        door, stamp = page.source, stamp_of(page)
        if door == LIST:
            name = list_name(page.query)
            self._editions[name] = max(self._editions.get(name, stamp), stamp)
        elif door in self._searches.doors:
            asked = self._searches.doors[door].asked(page.url, page.sent)
            self._searches.note(door, asked, keys)

    def is_superseded(self, key: Key, known: Known) -> bool:
        """Whether a list named the paper once, and its latest version does not."""
        source, source_id = key
        return source == LIST and known.said[LIST][0] < self._editions[list_of(source_id)]

    def offers(self, known: Mapping[Key, Known], doors: Doors) -> dict[Key, tuple[Offer, ...]]:
        """By record of a list: what searches for its title found, the best first."""

        def described(key: Key) -> SourceRecord | None:
            composed = known[key].composed(doors)
            return None if composed is None else composed.record

        if self._offered is None:
            # What a list said once counts too: papers that were looked up stay.
            listed = {key: one.said[LIST][1] for key, one in known.items() if key[0] == LIST}
            self._offered = self._searches.offers(listed, described)
        return self._offered

    def declined(self, known: Mapping[Key, Known], doors: Doors) -> Collection[Key]:
        """Papers that only searches by title gave, and for no title that is theirs."""
        accepted = {
            offer.record_id
            for offers in self.offers(known, doors).values()
            for offer in offers
            if offer.is_accepted
        }
        return {
            key
            for key in self._searches.found
            if not known[key].found
            and known[key].looked_up.keys() <= self._searches.doors.keys()
            and f"{key[0]}:{key[1]}" not in accepted
        }

    def state(self) -> tuple[dict[str, Stamp], _Found]:
        """All that is known, for :meth:`restore`."""
        return self._editions, self._searches.found

    def restore(self, state: tuple[dict[str, Stamp], _Found]) -> None:
        """Know what :meth:`state` gave."""
        self._editions, self._searches.found = state
        self._offered = None
