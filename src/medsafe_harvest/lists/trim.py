"""A title out of a text: without the venue, date, authors and labels that stand around it."""

from __future__ import annotations

import re

from medsafe_harvest.lists.people import are_surnames
from medsafe_harvest.lists.places import IN_LOWER_CASE, Known, is_place, venue_of, year_of
from medsafe_harvest.lists.runs import HARD, SOFT
from medsafe_harvest.lists.words import is_authors, is_label, is_title_like, tidy, words

LEADING = re.compile(
    r"^\s*(?:[\[(\u3010]([^\[\]()\u3010\u3011]{0,90})[\])\u3011]\s*[-:.,]?"
    r"|((?:19|20)[0-9]{2}(?:[-/.][0-9]{1,2}){0,2})(?![0-9])\s*[-:,.|]\s"
    r"|([A-Z][\w&/. ]{1,38}?[\s']?(?:19|20)[0-9]{2})\s*[-:|\u2013]\s"
    r"|()(?:paper\s+)?title\s*[:\uff1a])\s*",
    re.IGNORECASE,
)
_TRAILING = re.compile(
    r"[\s.,]*[\[({\u3010]{1,2}([^\[\](){}\u3010\u3011]{0,160})[\])}\u3011]{1,2}[\s.,:(\[-]*$"
)
_TRAILING_DATE = re.compile(r"[\s.,(\[]+((?:19|20)[0-9]{2}(?:[-/.][0-9]{1,2}){1,2})[\s.,)\]]*$")
_TRAILING_YEAR = re.compile(r"(?:[.,]\s*|\s\(|(?<=[?!])\s+)((?:19|20)[0-9]{2})[\s.,)\]]*$")
#: "... understanding 2020" gives its year; "... Challenge 2020" is called so.
_BARE_YEAR = re.compile(
    r"(?<=[a-z]{3})(?<!challenge)(?<!task)(?<!track)(?<!edition)(?<!dataset)(?<!since)(?<!before)"
    r"(?<!until)\s+((?:19|20)[0-9]{2})[\s.]*$"
)
_LAST_WORD = re.compile(r"\s[a-z-]+$")
_TRAILING_PLACE = re.compile(
    r"(?:[,.]\s+|\uff0c\s*)((?:(?:[A-Z@]|[0-9]D)[^,]{0,70}?,?\s*)?(?:19|20)[0-9]{2})[\s.,\uff0c\u3002]*$"
)
#: ``, Pattern Recognition 110 (2021) 107332``
_TRAILING_VOLUME = re.compile(
    r"[,.]\s+((?:npj|[A-Z])[^,]{2,70}\s[0-9]{1,4}(?:\s?\([0-9-]{1,6}\))?(?:[,:]\s?[0-9e-]+)?"
    r"\s\((?:19|20)[0-9]{2}\)"
    r"(?:[\s,:]+[0-9]+(?:\s?[-\u2013]\s?[0-9]+)?)?)[\s.,]*$"
)
_TRAILING_KEY = re.compile(
    r"(?:(?:(?:\s+-+|\s*[,|:(\[/]+)\s*(?:paper|code|link|pdf|arxiv|github)\b\s*:?)"
    r"|(?:[.\s]\s*(?:paper|code|link|pdf|arxiv|github|doi|url)\s*:))+\s*$",
    re.IGNORECASE,
)
#: ``Smith J, Doe A.`` before a title.
_VANCOUVER = re.compile(
    r"^\s*((?:[^\W\d_a-z][\w'\u2019-]+(?:[ -][^\W\d_a-z][\w'\u2019-]+)?"
    r" (?:[A-Z]\.?-?){1,3}[,;.]\s+){2,}"
    r"(?:et al[.,]\s+)?|[^\W\d_a-z][\w'\u2019-]+ [A-Z]{1,3},? et al[.,]+\s+)(?=\S)"
)
#: ``. Smith J, Doe A. CHIL 2020`` behind a title.
_VANCOUVER_BEHIND = re.compile(
    r"[.?!]\s+((?:[^\W\d_a-z][\w'\u2019-]+(?:[ -][^\W\d_a-z][\w'\u2019-]+)? [A-Z]{1,3},\s+)+"
    r"(?:[^\W\d_a-z][\w'\u2019-]+(?:[ -][^\W\d_a-z][\w'\u2019-]+)? [A-Z]{1,3}|et al))\.(?:\s+|$)"
)
#: ``Topol EJ.`` before a title, in a reference with its year.
_ONE_AUTHOR = re.compile(r"^\s*([^\W\d_a-z][\w'\u2019-]+ [A-Z]{1,3}\.)\s+(?=[A-Z][\w-]*\s)")
#: ``, Jane Doe et al.`` behind a title.
_SOME = re.compile(r"[,.]\s+((?:[^\W\d_a-z][\w'\u2019.-]*\s+){1,4}et\.? al)[\s.]*$")
#: A part of a title although it stands in brackets.
_VERSION = re.compile(r"(?:extended|long|short) (?:version|abstract|paper)", re.IGNORECASE)
#: How words end that are no names: "by Reinforcing Impressions and Enforcing Findings".
_NOUN = re.compile(
    r"(?:ing|tion|sion|ment|ity|ance|ence|ic|ness|logy|graph|model|rule|al)s?\b|-|[A-Z]{2}"
)
_BY = re.compile(r"[\s,.]+by\s+([A-Z].{3,600})$")
#: Between a title and what is said of it.
DASH = re.compile(r"\s+(?:[-\u2013\u2014]+|\||/{1,2})\s+")
_SENTENCE = re.compile(
    rf"(?<=[^\W\d_][^\W_][.?!])[\"\u201d]?\s+(?=[^\sa-z]|{IN_LOWER_CASE})|(?<=\bal\.)\s+"
)
_APA = re.compile(r"^(.{4,900}?)[\s,.]*\(((?:19|20)[0-9]{2})[a-z]?\)\s*[.,:]?\s+(.{8,})$")
_HARVARD = re.compile(r"^(.{4,900}?)[\s,]+((?:19|20)[0-9]{2})[a-z]?\.\s+(.{8,})$")
_SEMICOLON = re.compile(r"\s*;\s+")
#: Names before a colon: with initials, or more than a comma between them.
_SEVERAL = re.compile(r",.*,|,.*\b[A-Z]\.|\b[A-Z]\..*,|,.*\bet\.? al\b", re.DOTALL)
_PAIR = re.compile(r"\s(?:and|&)\s")
#: "Our Team at MEDIQA 2019: ..." is no venue.
_AT = re.compile(r"\s(?:at|for|in|on|with)\s")
#: What a page's title has besides the paper's.
_SITE = re.compile(
    r"^\W*paper page\s*[-:|]\s+|\s+[-|\u2013\u2014\u00b7]\s+(?:science ?direct"
    r"|pubmed(?: central)?|pmc"
    r"|springer(?:link| nature link)?|openreview|ieee xplore|arxiv(?:\.org)?|semantic scholar"
    r"|(?:the )?acl anthology|papers with code|research ?gate|wiley online library|hugging face"
    r"|europe pmc"
    r"|acm digital library|taylor & francis online|frontiers|mdpi|oxford academic)\s*$",
    re.IGNORECASE,
)
_COMMA = re.compile(r",\s+")
_MOST_PARTS = 60


def trimmed(text: str, known: Known) -> tuple[str | None, list[str]]:
    """A title out of a text with what stands around it: venue, date, authors."""
    around: list[str] = []
    text = _SITE.sub("", text.replace(SOFT, " ").replace(HARD, " ")[:3000])
    while (lead := LEADING.match(text)) and text[lead.end() :].strip():
        telling = lead[1] and is_title_like(lead[1], 5) and year_of(lead[1]) is None
        place = lead[3] or ""
        place = "" if known(venue_of(place) or "") else place
        if (telling and not is_place(lead[1], known)) or _AT.search(place):
            break
        around.append(next((group for group in lead.groups() if group), ""))
        text = text[lead.end() :]
    text = _TRAILING_KEY.sub("", text)
    if (volume := _TRAILING_VOLUME.search(text)) and is_title_like(text[: volume.start()]):
        around.append(volume[1])
        text = text[: volume.start()]
    before = None
    while text != before:
        before = text
        if ((tail := _TRAILING.search(text)) and _goes(tail[1], known)) or (
            tail := _TRAILING_DATE.search(text)
        ):
            around.append(tail[1])
            text = text[: tail.start()]
    text = _without_reference(text, known, around)
    tail = _TRAILING_YEAR.search(text)
    bare = None if tail else _BARE_YEAR.search(text)
    if bare and _LAST_WORD.search(text[: bare.start()]):
        tail = bare
    if tail and is_title_like(text[: tail.start()]):
        around.append(tail[1])
        text = text[: tail.start()]
    return tidy(text), around


def _goes(text: str, known: Known) -> bool:
    if _VERSION.fullmatch(text.strip()):
        return False
    return is_label(text) or year_of(text) is not None or known(text) or is_authors(text)


def _without_names(text: str, around: list[str]) -> str:
    """A reference without the authors that it begins or ends with."""
    if names := _VANCOUVER.match(text):
        around.append(names[1])
        text = text[names.end() :]
    if (apa := _APA.match(text) or _HARVARD.match(text)) and is_authors(apa[1]):
        around.append(apa[2])
        text = apa[3]
    if (some := _SOME.search(text)) and is_title_like(text[: some.start()]):
        around.append(some[1])
        text = text[: some.start()]
    if (names := _VANCOUVER_BEHIND.search(text)) and is_title_like(text[: names.start()]):
        around += [names[1], text[names.end() :]]
        text = text[: names.start()]
    if (one := _ONE_AUTHOR.match(text)) and year_of(text) is not None:
        around.append(one[1])
        text = text[one.end() :]
    before, colon, behind = text.partition(": ")
    if colon and is_title_like(behind) and _SEVERAL.search(before) and is_authors(before):
        around.append(before)
        text = behind
    if (by := _BY.search(text)) and _are_named(by[1]):
        around.append(by[1])
        text = text[: by.start()]
    return text


def _are_named(text: str) -> bool:
    """Whether the words behind "by" are people, for a title may say by what means."""
    if "," not in text and "." not in text and _NOUN.search(text):
        return False
    return is_authors(text)


def _without_reference(text: str, known: Known, around: list[str]) -> str:
    """The title of a reference such as ``Authors. Title. Venue, 2020`` or ``Title - Authors``."""
    text = _without_names(text, around)
    for splitter in (_SENTENCE, DASH, _SEMICOLON):
        parts = [part for part in splitter.split(text) if part.strip()]
        if 1 < len(parts) <= _MOST_PARTS:
            text = _title_among(parts, text, known, around, dashed=splitter is not _SENTENCE)
    tail = _TRAILING_PLACE.search(text)
    if tail and is_title_like(text[: tail.start()], 3) and len(words(tail[1])) <= 9:
        around.append(tail[1])
        text = text[: tail.start()]
        text = _without_people(text, around)
    return text


def _without_people(text: str, around: list[str]) -> str:
    """A title without the people who stand between it and its place."""
    if (some := _SOME.search(text)) and is_title_like(text[: some.start()]):
        around.append(some[1])
        return text[: some.start()]
    parts = _COMMA.split(text)
    for count in range(1, min(len(parts) - 1, _MOST_PARTS)):
        names = ", ".join(parts[count:])
        whole = all(" " in part.strip() for part in parts[count:])
        if whole and is_authors(names) and is_title_like(", ".join(parts[:count])):
            around.append(names)
            return ", ".join(parts[:count])
    return text


def _title_among(
    parts: list[str], text: str, known: Known, around: list[str], *, dashed: bool
) -> str:
    sorts = [is_authors(part) or is_place(part, known) for part in parts]
    if dashed:
        # "Jain and Wallace" tells no people by itself.
        for n in range(1, len(parts)):
            sorts[n] |= bool(_PAIR.search(parts[n])) and are_surnames(parts[n].strip())
        sorts = [sort and not _goes_on(parts, n, sorts) for n, sort in enumerate(sorts)]
    if not any(sorts):
        return text
    first = next(
        (n for n, other in enumerate(sorts) if not other and is_title_like(parts[n])), None
    )
    if first is None and dashed and sorts.count(False) == 1 and len(parts) > 1:
        first = sorts.index(False)  # "2022 | arXiv | Lungs"
    if first == 1 and not sorts[0] and is_title_like(parts[0], 1) and dashed:
        first = 0  # "Name - What It Is - ICML 2020"
    if first is None:
        return text
    end = next((n for n in range(first + 1, len(parts)) if sorts[n]), len(parts))
    dated = end < len(parts) and venue_of(parts[end]) is None
    dated = dated and (bool(around) or known(parts[end - 1]))
    if (first or dated) and end - first > 1:
        # "Authors. Title. Venue. 2020;12:34." has its venue before the year.
        end = first + 1 if first else end - 1
    around += [*parts[:first], (" | " if dashed else " ").join(parts[end:])]
    start = text.find(parts[first])
    return text[start : text.find(parts[end - 1], start) + len(parts[end - 1])]


def _goes_on(parts: list[str], number: int, sorts: list[bool]) -> bool:
    """Whether a title goes on behind what looks like a venue or names between hyphens."""
    if not 0 < number < len(parts) - 1 or sorts[number - 1] or sorts[number + 1]:
        return False
    more = parts[number + 1].lstrip()
    return more[:1].islower() and year_of(parts[number]) is None and is_title_like(more)
