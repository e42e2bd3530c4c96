"""arXiv's journal reference, free text by the author, to venue, volume, issue, pages and year."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from medsafe_harvest.normalize.dates import valid_year
from medsafe_harvest.normalize.text import clean_title
from medsafe_harvest.normalize.venues import VenueTable


@dataclass(frozen=True, slots=True)
class JournalRef:
    """What was recognised; ``venue`` is canonical where the table knows it."""

    venue: str
    venue_kind: str | None = None
    volume: str | None = None
    issue: str | None = None
    pages: str | None = None
    year: int | None = None


_PAGES = r"(?P<pages>[A-Za-z]{0,2}[0-9]+(?:\s*(?:-{1,3}|[\u2013\u2014])\s*[A-Za-z]{0,2}[0-9]+)?)"
_YEAR = r"(?P<year>(?:19|20)[0-9]{2})"
_VENUE = r"(?P<venue>[^\d(\"\u201c]*?[^\d\s(,;:\"\u201c])"
_VOLUME = r"(?P<volume>[0-9]{1,5}[A-Z]?)"
_ISSUE = r"(?P<issue>[0-9]+(?:\s*[-\u2013/]+\s*[0-9]+)?)"
_HEAD = rf"{_VENUE},?\s+(?:[Vv]ol(?:ume)?\.?\s*)?{_VOLUME}"
_IN_BRACKETS = rf"(?:\s*\(\s*{_ISSUE}\))?"
_LOCATION = rf"\s*[,:]\s*(?:pp?\.?\s*)?{_PAGES},?"
#: Whole references in the usual styles; anything else is not guessed at.
_STYLES = (
    # Medical Image Analysis 58 (2019) 101552; Ann. Pure Appl. Logic 137, 1--3 (2006) 189--239
    re.compile(
        rf"{_HEAD}(?:\s*\(\s*(?P<issue>[0-9]+)\)|,\s*{_ISSUE.replace('issue', 'number')})?"
        rf",?\s*\({_YEAR}\),?:?\s*(?:pp?\.?\s*)?{_PAGES}\.?"
    ),
    # Nature Machine Intelligence 3, 473-484 (2021)
    re.compile(rf"{_HEAD}{_IN_BRACKETS}{_LOCATION}\s*\({_YEAR}\)\.?"),
    # IEEE Trans. Inform. Theory, 54(5):2210-2219, 2008
    re.compile(rf"{_HEAD}{_IN_BRACKETS}{_LOCATION}\s*{_YEAR}\.?"),
    # Radiology 2020; 295(1): 4-15
    re.compile(rf"{_VENUE},?\s+{_YEAR}\s*[;,]\s*{_VOLUME}{_IN_BRACKETS}{_LOCATION}\.?"),
)
_LABELS = {
    "volume": re.compile(r"\bvol(?:ume)?s?\b\.?\s*:?\s*([0-9]+[A-Z]?)\b", re.IGNORECASE),
    "issue": re.compile(
        r"\b(?:no|num|number|issues?|iss|n°)\b\.?\s*:?\s*([0-9]+(?:\s*[-\u2013/]\s*[0-9]+)?)\b",
        re.IGNORECASE,
    ),
    "pages": re.compile(
        r"\b(?:pp?|pages?(?:\(s\))?)(?:\.|:|\s)*([A-Za-z]?[0-9]+(?:\s*(?:-{1,3}|[\u2013\u2014])\s*[A-Za-z]?[0-9]+)?)",
        re.IGNORECASE,
    ),
}
_LABELLED_START = re.compile(
    r"[\s,(]+(?:v(?:ol(?:ume)?)?s?\b|no\b|issue\b|pp?\b|pages?\b|lncs\b|(?:19|20)[0-9]{2}\b).*",
    re.IGNORECASE,
)
_ANY_YEAR = re.compile(
    r"(?<![0-9.:/])(?<![0-9]-)(?:19|20)[0-9]{2}(?![0-9./]|\s*[-\u2013]{1,2}\s*[0-9])"
)
_DASH = re.compile(r"\s*(?:-{1,3}|[\u2013\u2014])\s*")
_STATUS = re.compile(
    r"\b(?:submitted|accepted|to appear|under review|in press|forthcoming|thesis|arxiv)\b",
    re.IGNORECASE,
)
#: Longer texts are no references, and reading them takes time with the square of their length.
_LONGEST = 1_000
#: More is an author list and a title, not a venue.
_LONGEST_VENUE = 120


def parse_journal_ref(text: str | None, venues: VenueTable) -> JournalRef | None:
    """The parts of a journal reference, or None where it is not surely read.

    Read are whole references in the usual styles, and references with labels (vol., no., pp.)
    or an edition alone ("MICCAI 2021") whose venue the table knows.
    """
    line = clean_title(text) if text else ""
    if not line or len(line) > _LONGEST or _STATUS.search(line):
        return None
    return _in_style(line, venues) or _labelled(line, venues)


def _in_style(line: str, venues: VenueTable) -> JournalRef | None:
    for style in _STYLES:
        found = style.fullmatch(line)
        if found is None:
            continue
        parts = found.groupdict()
        named = parts["venue"]
        known = venues.find(named)
        if known is None and not _reads_like_a_name(named):
            return None
        return JournalRef(
            venue=known[0] if known else named,
            venue_kind=known[1] if known else None,
            volume=parts["volume"],
            issue=_range(parts["issue"] or parts.get("number")),
            pages=_range(parts["pages"]),
            year=valid_year(int(parts["year"])),
        )
    return None


def _labelled(line: str, venues: VenueTable) -> JournalRef | None:
    known = venues.find(_LABELLED_START.sub("", line)) or venues.find(line)
    if known is None:
        return None
    years = {int(year) for year in _ANY_YEAR.findall(line)}
    ref = JournalRef(*known, year=years.pop() if len(years) == 1 else None)
    if known[1] == "journal":
        ref = replace(ref, volume=_label("volume", line), issue=_label("issue", line))
    return replace(ref, pages=_label("pages", line))


def _label(name: str, line: str) -> str | None:
    found = _LABELS[name].search(line)
    return _range(found[1]) if found else None


def _range(text: str | None) -> str | None:
    return _DASH.sub("-", text) if text else None


def _reads_like_a_name(text: str) -> bool:
    """Neither a sentence nor a list of authors: no comma, no full stop but in abbreviations."""
    sentence = re.search(r"\b(?:[a-z][^\W\d_]*|[^\W\d_]{9,})\.\s", text)
    return 3 <= len(text) <= _LONGEST_VENUE and "," not in text and not sentence
