"""Venue, volume and pages of a record in the forms that are compared."""

from __future__ import annotations

import re
from datetime import date
from functools import lru_cache

from medsafe_harvest.dedupe.markers import words_of
from medsafe_harvest.normalize.text import comparison_form

_MEETING = re.compile(
    r"\b(?:proc|proceedings|conf|conference|symp|symposium|workshops?|congress|meeting|minitrack)\b"
)
_JOURNAL = re.compile(
    r"\b(?:j|jour|journal|trans|transactions|lett|letters|ann|annals|arch|archives|bull|bulletin"
    r"|acta|rev|revista|zeitschrift|annales|giornale|tidsskrift)\b"
)
# Journals that are called after proceedings.
_PROCEEDINGS_JOURNAL = re.compile(
    r"\b(?:national academy|natl acad|royal society|vldb endowment|transplantation proceedings"
    r"|mayo clinic|acm on)\b"
)
_PREPRINT = re.compile(r"\b(?:arxiv|corr|biorxiv|medrxiv|ssrn|chemrxiv|preprints?)\b")
_KINDS = {
    "journal": "journal",
    "conference": "meeting",
    "workshop": "meeting",
    "preprint": "preprint",
}
_FIRST_NUMBER = re.compile(r"(?<![a-z])([a-z]{0,8})(\d+)")
_COUNTED = re.compile(r"\b(?:pp?|pages?|vol|volume|no|issue)\b\.?|\b(?:pp|vol)(?=\d)")
#: Letters of a volume, an issue or pages that are looked at, and of a venue.
_LONGEST = 100
_LONGEST_VENUE = 500


def venue_class(venue: str | None, kind: str | None) -> str | None:
    """Journal, meeting or preprint: from a kind that is known, else from the venue's words."""
    if kind in _KINDS:
        return _KINDS[kind]
    return _class_of(venue) if venue else None


@lru_cache(maxsize=1 << 12)
def _class_of(venue: str) -> str | None:
    words = " ".join(re.split(r"\W+", _without_meeting(venue).lower()))
    if _PREPRINT.search(words):
        return "preprint"
    if _PROCEEDINGS_JOURNAL.search(words):
        return "journal"
    if _MEETING.search(words):
        return "meeting"
    return "journal" if _JOURNAL.search(words) else None


def day_posted(
    published: date | None, source: str, venue: str | None, venue_class: str | None
) -> int | None:
    """The day on which a preprint was first posted, as an ordinal.

    arXiv gives that day always. Elsewhere, a journal's or a meeting's day is another day of the
    same paper, so it says nothing; and the first of a month is what a source says that knows the
    month or the year alone.
    """
    if published is None:
        return None
    printed = venue is not None and venue_class != "preprint"
    unsure = source != "arxiv" and (printed or published.day == 1)
    return None if unsure else published.toordinal()


def first_number(text: str | None) -> str | None:
    """First page or volume number: "pp. S600-S601" gives s600, "4 (1)" gives 4."""
    if not text:
        return None
    found = _FIRST_NUMBER.search(_COUNTED.sub("", text[:_LONGEST].lower()))
    return found[1] + (found[2].lstrip("0") or "0") if found else None


_SEVERAL = re.compile(r"[,;+]")
_RANGES = re.compile(r"([a-z]*)(\d+)\s*[-\u2010-\u2015]+\s*[a-z]*\d+")


def first_range(pages: str | None) -> str | None:
    """Of several ranges of pages that which begins first: "233-8, 230-5" gives "230-5".

    A paper printed in two languages has two, and each index its own order of them.
    """
    if not pages or not _SEVERAL.search(pages):
        return pages
    ranges = list(_RANGES.finditer(pages[:_LONGEST].lower()))
    alike = [one for one in ranges if one[1] == ranges[0][1]]
    return min(alike, key=lambda one: int(one[2]))[0] if len(alike) > 1 else pages


# "123-9" is 123-129, "S12-S15" 12-15.
_PAGES = re.compile(r"(\d+)(?:\s*[-\u2010-\u2015]+\s*[a-z]*(\d+))?")


def page_range(text: str | None) -> tuple[int | None, int | None]:
    """First and last page as numbers; the first twice where there is no other."""
    found = _PAGES.search(text[:_LONGEST].lower()) if text else None
    if found is None:
        return None, None
    first, last = found[1], found[2] or found[1]
    if len(last) < len(first):
        last = first[: len(first) - len(last)] + last
    if len(first) > _LONGEST_PAGE or len(last) > _LONGEST_PAGE:
        return None, None
    return int(first), max(int(first), int(last))


_LONGEST_PAGE = 12
#: Letters of a word that abbreviations of it keep: "Nephrol", "Pediatr".
_STEM = 3
# Words that say nothing of which venue it is.
_VENUE_WORDS = frozenset(
    words_of(
        "a an and of the in on for de la et und der die das fur j journal jour proc proceedings "
        "procs int intl international conference conf annual ann symposium symp workshop workshops "
        "meeting congress acm ieee transactions trans letters lett papers series vol volume no "
        "suppl supplement pp press first second third fourth fifth sixth seventh eighth ninth "
        "tenth th st nd rd official publication mdash amp online edition"
    )
)
# Embase names the meeting behind the journal that printed its abstracts.
_THEN_MEETING = re.compile(r"(?<=\w)[.,;]?\s*conference\s*:.*$", re.IGNORECASE)
_WORD_WITH_DIGIT = re.compile(r"\d")


def _without_meeting(venue: str) -> str:
    return _THEN_MEETING.sub("", venue[:_LONGEST_VENUE])


@lru_cache(maxsize=1 << 12)
def _venue_words(venue: str | None) -> tuple[str, ...]:
    form = comparison_form(_without_meeting(venue)) if venue and venue.strip() else ""
    words = [word for word in form.split() if not _WORD_WITH_DIGIT.search(word)]
    return tuple(word for word in words if word not in _VENUE_WORDS) or tuple(words)


def venue_stems(venue: str | None) -> str | None:
    """Beginnings of the words that name the venue: "J. Thromb. Haemost." gives "thr hae"."""
    return " ".join(word[:_STEM] for word in _venue_words(venue)) or None


def venue_initials(venue: str | None) -> str | None:
    """Initials of its words, or its only word: "Very Large Data Bases" and "VLDB" give "vldb"."""
    words = _venue_words(venue)
    if len(words) == 1:
        return words[0]
    return "".join(word[0] for word in words) or None
