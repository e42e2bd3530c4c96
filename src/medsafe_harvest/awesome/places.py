"""To which section of a list a paper belongs."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import chain
from math import log

from medsafe_harvest.awesome.papers import Listed
from medsafe_harvest.awesome.sections import Section
from medsafe_harvest.awesome.subjects import Subjects
from medsafe_harvest.lists.words import is_resource_heading
from medsafe_harvest.normalize.text import comparison_form
from medsafe_harvest.normalize.venues import VenueTable

#: Share of the titles of a section, or list, that must speak of a topic for it to be its own; and
#: how many titles it takes.
_SHARE, _SHARE_OF_LIST, _LEAST = 0.75, 0.5, 4
#: A list of so many papers without a preprint wants none.
_MANY = 20
#: A heading with a year in it of so many words is of something else.
_FEW = 4
_YEAR = re.compile(r"(?<![0-9])((?:19|20)[0-9]{2})(?![0-9])")
_KINDS = {
    "conference": re.compile(r"conferences?|conference papers?|proceedings", re.IGNORECASE),
    "journal": re.compile(r"journals?|journal (?:papers?|articles?)", re.IGNORECASE),
    "preprint": re.compile(r"(?:arxiv|pre-?prints?)(?: papers?)?", re.IGNORECASE),
}
_GENERAL = re.compile(
    r"(?:all |list of |the |full |more |other |further |latest |recent |new )*"
    r"(?:papers?|articles?|publications?|literature|works?|paper list|reading list|table|list)"
    r"(?: list)?",
    re.IGNORECASE,
)
_SURVEY = "survey"


@dataclass(frozen=True, slots=True)
class Wants:
    """What a section wants of its papers; empty where it does not say.

    Attributes:
        topics: all of them.
        own: those of them that its own headings name, not only the list's title or its papers.
        years: one of them.
        venues: one of them.
        kinds: of venue, one of them.
        named: its headings name its topics; otherwise its papers tell.
        mapped: the reader of the list said so.
        preprints: the list has some.
        says_nothing: its nearest heading names none of these.
    """

    topics: frozenset[str] = frozenset()
    own: frozenset[str] = frozenset()
    years: frozenset[int] = frozenset()
    venues: frozenset[str] = frozenset()
    kinds: frozenset[str] = frozenset()
    named: bool = False
    mapped: bool = False
    preprints: bool = True
    says_nothing: bool = False

    def fits(self, paper: Listed) -> bool:
        """Whether a paper is what the section wants."""
        kind = "conference" if paper.venue_kind == "workshop" else paper.venue_kind
        return (
            self.topics <= paper.topics.keys()
            and (not self.years or paper.year in self.years)
            and (not self.venues or paper.venue in self.venues)
            and (not self.kinds or kind in self.kinds)
            and (self.preprints or paper.url != paper.arxiv_url)
        )


def heading_form(heading: str) -> str:
    """A heading as it is compared: without numbers in front, marks and case."""
    return comparison_form(re.sub(r"^[\W0-9.]+(?=[^\W\d_])", "", heading))


def _kind_of(heading: str) -> str | None:
    """The kind of venue that a heading is for: "Journal papers"."""
    return next((kind for kind, form in _KINDS.items() if form.fullmatch(heading)), None)


def _rare_words(text: str | None) -> set[str]:
    """The words of a title that may tell what it is about."""
    return {word for word in comparison_form(text or "").split() if len(word) > 3}


class Places:
    """Finds the section of each paper.

    A section is for the topics that its headings name; where they name none, for those that most of
    its titles speak of beyond what the whole list is about. A heading that is a year, a venue, or a
    kind of venue is for papers of that. What the list itself is about, by its title, holds
    everywhere.
    """

    def __init__(
        self,
        title: str,
        sections: Sequence[Section],
        subjects: Subjects,
        venues: VenueTable | None,
        mapped: Mapping[str, str | None],
    ) -> None:
        self._title, self._sections = title, sections
        self._subjects, self._venues = subjects, venues
        self._mapped = {heading_form(text): topic for text, topic in mapped.items()}

    @cached_property
    def _scope(self) -> frozenset[str]:
        """Topics of the list as a whole: its title's, or those of most of its papers."""
        return self._subjects.of_heading(self._title) | self._common(self._sections, _SHARE_OF_LIST)

    @cached_property
    def _has_preprints(self) -> bool:
        """Whether some papers are at arXiv, or the list is too short to tell."""
        entries = [spot.entry for section in self._sections for spot in section.spots]
        return len(entries) < _MANY or any(entry.arxiv_id for entry in entries)

    def _common(self, sections: Iterable[Section], share: float = _SHARE) -> frozenset[str]:
        """Topics of most of the papers of sections."""
        titles = [spot.entry.title for one in sections for spot in one.spots if spot.entry.title]
        if len(titles) < _LEAST:
            return frozenset()
        counts = Counter(chain.from_iterable(self._subjects.of_titles(titles)))
        return frozenset(t for t, count in counts.items() if count >= share * len(titles))

    @cached_property
    def wants(self) -> list[Wants | None]:
        """What each section wants; None for one that takes no papers."""
        return [self._wants(section) for section in self._sections]

    def _wants(self, section: Section) -> Wants | None:
        mapped = self._by_map(section)
        if mapped is not None:
            return mapped if mapped.topics else None
        first = self._sections[0].headings[:1]
        common_title = (
            all(one.headings[:1] == first for one in self._sections)
            and len({one.headings for one in self._sections}) > 1
        )
        below = section.headings[1:] if common_title else section.headings
        if any(is_resource_heading((one,)) and _kind_of(one) is None for one in below):
            return None
        years, venues, kinds, own = set[int](), set[str](), set[str](), set[str]()
        says = False
        for heading in below:
            text = re.sub(r"^[\W0-9.]*(?=[^\W\d_])|[\W_]+$", "", heading)
            spoken = self._subjects.of_heading(text)
            says = True
            if (venue := self._venue(_YEAR.sub("", text).strip())) is not None:
                venues.add(venue)
                years |= {int(year) for year in _YEAR.findall(heading)}
            elif (found := _YEAR.findall(heading)) and (spoken or len(text.split()) < _FEW):
                years |= {int(year) for year in found}
                own |= spoken
            elif kind := _kind_of(text):
                kinds.add(kind)
            elif spoken:
                own |= spoken
            else:
                says = _GENERAL.fullmatch(text) is not None
        scope = self._scope
        named = bool(own)
        if not own and not says:
            own = set(self._common([section]) - scope)
        return Wants(
            topics=frozenset(own) | scope, own=frozenset(own), years=frozenset(years),
            venues=frozenset(venues), kinds=frozenset(kinds), named=named,
            says_nothing=not says and not own, preprints=self._has_preprints,
        )  # fmt: skip

    def _by_map(self, section: Section) -> Wants | None:
        """What the map says of the nearest heading that it names."""
        for heading in reversed(section.headings):
            form = heading_form(heading)
            if form in self._mapped:
                topic = self._mapped[form]
                wanted = frozenset([topic] if topic else [])
                return Wants(topics=wanted, own=wanted, mapped=True)
        return None

    def _venue(self, text: str) -> str | None:
        found = self._venues.find(text) if self._venues and text else None
        return found[0] if found else None

    @cached_property
    def _words(self) -> list[Counter[str]]:
        """In how many titles of each section a word stands; those of headings count as much."""
        return [
            Counter(
                word
                for text in (*section.headings, *(spot.entry.title for spot in section.spots))
                for word in _rare_words(text)
            )
            for section in self._sections
        ]

    def _nearness(self, paper: Listed, number: int) -> float:
        """How much the words of a title are those of a section, rare ones above all."""
        own, size = self._words[number], len(self._sections[number].spots)
        total = 0.0
        for word in sorted(_rare_words(paper.title)):
            if own[word]:
                among = sum(word in words for words in self._words)
                total += log(len(self._words) / among) * own[word] / (size + 1)
        return round(total, 6)

    def of(self, paper: Listed) -> int | None:
        """The section of a paper, by its number; None where none fits.

        Of several that fit: one of the map, one for surveys if it is a survey, one that names more
        of its topics, the topics that it is most about, one that asks for its year or venue, one
        whose titles have its words; the first of equals.
        """
        best: tuple[tuple[float, ...], int] | None = None
        for number, wants in enumerate(self.wants):
            if wants is None or wants.says_nothing or not wants.fits(paper):
                continue
            asked = len(wants.years) + len(wants.venues) + len(wants.kinds)
            if not wants.topics and not asked:
                continue
            weight = sum(paper.topics[topic][1] for topic in sorted(wants.own))
            rank = (
                *(wants.mapped, _SURVEY in wants.own, wants.named, len(wants.own)),
                *(round(weight, 6), asked, self._nearness(paper, number)),
            )
            if best is None or rank > best[0]:
                best = rank, number
        return best[1] if best else None
