"""Venues: from a source's words to one canonical name and kind, by a table in configuration.

There is no fuzzy matching. A venue is known by a key: its casefolded words without years,
ordinals, articles and sponsors, the usual abbreviations brought to one form, so that "IEEE Trans.
Med. Imaging" and "IEEE Transactions on Medical Imaging" are one key.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator
from pydantic_core import InitErrorDetails, PydanticCustomError

from medsafe_harvest.normalize.text import comparison_form

Kind = Literal["journal", "conference", "workshop", "preprint"]


class Venue(BaseModel):
    """One venue of the table."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    #: Canonical name, as papers show it: NeurIPS, TMI, Nature Medicine.
    id: str = Field(min_length=1)
    #: Full name.
    name: str = Field(min_length=1)
    kind: Kind
    #: Other names: acronyms, ISO 4 abbreviations, former names, common misspellings.
    aliases: tuple[str, ...] = ()


class VenueConfig(BaseModel):
    """The table of venues, ``config/venues.yaml``."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    venues: tuple[Venue, ...]

    @model_validator(mode="after")
    def _each_name_once(self) -> Self:
        owners: dict[str, str] = {}
        mistakes: list[InitErrorDetails] = []
        for index, venue in enumerate(self.venues):
            for place, name in _names(venue):
                owner = owners.setdefault(venue_key(name), venue.id)
                if owner != venue.id or (place == ("id",) and venue in self.venues[:index]):
                    mistakes.append(_mistake(name, owner, venue.id, ("venues", index, *place)))
        if mistakes:
            raise ValidationError.from_exception_data("VenueConfig", mistakes)
        return self


def _names(venue: Venue) -> Iterator[tuple[tuple[str | int, ...], str]]:
    yield ("id",), venue.id
    yield ("name",), venue.name
    for index, alias in enumerate(venue.aliases):
        yield ("aliases", index), alias


def _mistake(name: str, first: str, second: str, place: tuple[str | int, ...]) -> InitErrorDetails:
    return InitErrorDetails(
        type=PydanticCustomError(
            "ambiguous_venue",
            "{name} names two venues, {first} and {second}; leave it with one of them",
            {"name": repr(name), "first": first, "second": second},
        ),
        loc=place,
        input=name,
    )


_DROPPED = frozenset(
    "the of on in for and a an annual proceedings proc acm ieee cvf rsj "  # noqa: SIM905 - a word list reads best as text
    "first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth thirteenth "
    "fourteenth fifteenth sixteenth seventeenth eighteenth nineteenth twentieth twenty thirtieth "
    "thirty fortieth forty fiftieth fifty sixtieth sixty".split()
)
_YEAR_OR_ORDINAL = re.compile(r"(?:19|20)[0-9]{2}|[0-9]+(?:st|nd|rd|th)")
_WORD_GROUPS = (
    "trans transactions transaction", "j jnl journal", "int intl international",
    "conf conference", "med medical medicine", "comput computing computer computers computational",
    "anal analysis", "lett letters", "rev review reviews", "sci science sciences scientific",
    "eng engineering", "biomed biomedical", "biol biology biological",
    "artif artificial", "intell intelligence intelligent",
    "inform informatics", "inf info information", "syst system systems", "mach machine",
    "learn learning", "netw network networks", "neural neur", "nat natural nature",
    "commun communications communication", "technol technology technologies",
    "radiol radiology", "oncol oncology", "cardiol cardiology", "ophthalmol ophthalmology",
    "dermatol dermatology", "pathol pathology", "neurosci neuroscience", "clin clinical",
    "phys physics", "digit digital", "assoc association", "am american", "br british",
    "eur european", "res research", "methods method", "programs programmes programme",
    "recognit recognition", "process processing", "signal signals", "appl applied applications",
    "symp symposium", "soc society", "electron electronic electronics", "imag imaging",
    "acad academy", "natl national", "dev developmental", "assist assisted",
    "interv intervention interventions", "bioinform bioinformatics", "surg surgery surgical",
    "graph graphics", "princ principles", "knowl knowledge", "secur security", "priv privacy",
    "ann annals", "adv advances", "meas measurement", "instrum instrumentation", "manag management",
    "pharmacol pharmacology", "ther therapeutics", "psychiatr psychiatry", "epidemiol epidemiology",
    "stat statistics statistical", "linguist linguistics", "lang language", "pract practice",
    "exp expert", "theor theory",
)  # fmt: skip
_SHORT = {word: group.split()[0] for group in _WORD_GROUPS for word in group.split()}
#: "Proceedings of the ACM on Human-Computer Interaction" is not "Human-Computer Interaction".
_PACM = re.compile(r"^(?:proceedings of the|proc) acm (?:on )?(?=\w)")
_PARENTHESIS = re.compile(r"[(\[]([^()\[\]]*)[)\]]")
_WORKSHOP = re.compile(r"\bworkshops?\b|@\s*(?=[A-Z])|\bsatellite events?\b", re.IGNORECASE)
_SEGMENT = re.compile(r",\s|\s[-\u2013\u2014]\s|;\s")
#: What follows a name when it tells one edition.
_EDITION = re.compile(
    r"\b(?:19|20)[0-9]{2}\b|\bproceedings\b|\blecture notes\b|\blncs\b|\bpart\b|\bvol",
    re.IGNORECASE,
)
_ARXIV = re.compile(r"arxiv\b", re.IGNORECASE)


def venue_key(text: str) -> str:
    """The words by which a venue's name is known; never empty for a text that is not."""
    words = _PACM.sub("pacm ", comparison_form(text)).split()
    kept = [word for word in words if not _YEAR_OR_ORDINAL.fullmatch(word)]
    telling = [word for word in kept if word not in _DROPPED]
    if len(telling) < 2:
        # "IEEE Access" and "Proceedings of the IEEE" live by their sponsor, and "Sci" is another
        # journal than "Science".
        return " ".join([word for word in kept if word != "the"] or words)
    return " ".join(_SHORT.get(word, word) for word in telling)


class VenueTable:
    """Finds canonical venues."""

    def __init__(self, config: VenueConfig) -> None:
        self._by_key = {
            venue_key(name): venue for venue in config.venues for _, name in _names(venue)
        }
        #: Canonical name -> full name, as a bibliography has it.
        self.full_names = {venue.id: venue.name for venue in config.venues}

    def find(self, text: str | None) -> tuple[str, Kind] | None:
        """Canonical name and kind, or None for a venue that the table does not know.

        A workshop is never its main conference: "MICCAI Workshop on Deep Learning" and
        "CVPR Workshops" give "MICCAI Workshops" and "CVPR Workshops", of kind workshop.
        """
        if not text:
            return None
        for candidate in _candidates(text):
            venue = self._by_key.get(venue_key(candidate))
            if venue:
                is_part = _WORKSHOP.search(text) and not _WORKSHOP.search(candidate)
                if is_part and venue.kind == "conference":
                    return f"{venue.id} Workshops", "workshop"
                return venue.id, venue.kind
        return self._workshop(text) if _WORKSHOP.search(text) else None

    def _workshop(self, text: str) -> tuple[str, Kind] | None:
        """The conference named before or behind the word workshop, where there is one."""
        for part in _WORKSHOP.split(text):
            for candidate in _candidates(part.strip(" ,:-")):
                venue = self._by_key.get(venue_key(candidate))
                if venue and venue.kind == "conference":
                    return f"{venue.id} Workshops", "workshop"
        return None


def is_workshop(text: str | None) -> bool:
    """Whether a venue's words say that it is a workshop."""
    return bool(text) and _WORKSHOP.search(text or "") is not None


def _candidates(text: str) -> Iterator[str]:
    """What of the text may be the name, most telling first."""
    yield text
    bare = _PARENTHESIS.sub(" ", text)
    yield bare
    yield from _PARENTHESIS.findall(text)
    if cut := _SEGMENT.search(bare):
        rest = bare[cut.end() :]
        if _EDITION.search(rest):  # else "Science, Technology & Human Values" would be Science
            yield bare[: cut.start()]
            if not cut[0].startswith((",", ";")):
                yield _SEGMENT.split(rest)[0]  # "Computer Vision - ECCV 2020"
    if _ARXIV.match(text):
        yield "arXiv"  # "arXiv: Learning"
