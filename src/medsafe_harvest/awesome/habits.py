"""What all entries of a list share: how it writes venues, days and names."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence

from medsafe_harvest.awesome.dates import form_of
from medsafe_harvest.awesome.pattern import Slot
from medsafe_harvest.awesome.sections import Section, Spot
from medsafe_harvest.awesome.styles import Habits, NameForm
from medsafe_harvest.normalize.venues import VenueTable

_FAMILY_FIRST = re.compile(r"^[^\W\d_]{2,}(?:[ -][^\W\d_]{2,})* [A-Z]{1,3}$")


def habits_of(sections: Sequence[Section], venues: VenueTable | None) -> Habits:
    """The habits of a list, by the entries that could be taken apart."""
    spots = [spot for section in sections for spot in section.spots]
    spelled: dict[str, Counter[str]] = {}
    for spot in spots:
        venue = spot.entry.venue
        found = venues.find(venue) if venues and venue else None
        if found and venue and spot.pattern and Slot.VENUE in spot.pattern:
            spelled.setdefault(found[0], Counter())[venue] += 1
    return Habits(
        venues={canonical: votes.most_common(1)[0][0] for canonical, votes in spelled.items()},
        dates=form_of(text for spot in spots for text in spot.dates),
        first_author=_name_form(spots),
    )


def _name_form(spots: Iterable[Spot]) -> NameForm:
    votes: Counter[NameForm] = Counter()
    for spot in spots:
        for name in re.findall(r"(?:^|[>*\n_])\s*([^\n*<>_·,]{2,40}?),? et\.? al", spot.raw):
            initials = _FAMILY_FIRST.match(name)
            votes["family-initials" if initials else "full" if " " in name else "family"] += 1
    return votes.most_common(1)[0][0] if votes else "full"
