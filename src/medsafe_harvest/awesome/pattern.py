"""What an entry looks like with the paper taken out: its pattern.

A pattern is text in which one character stands for each part of a paper (:class:`Slot`), such as
``- **[T](U)** (V Y)``. Patterns are compared and counted as text.
"""

from __future__ import annotations

import enum
import re
from collections.abc import Iterator

from medsafe_harvest.awesome.dates import PATTERN as DATE
from medsafe_harvest.lists import Entry
from medsafe_harvest.lists.addresses import locate
from medsafe_harvest.lists.words import is_authors, is_label, words


class Slot(enum.StrEnum):
    """A character of Unicode's private use for each part of a paper."""

    TITLE = "\ue000"
    #: Address of the paper's page, elsewhere than at arXiv.
    PAGE = "\ue001"
    #: Address at arXiv: of the abstract, of the PDF.
    ABSTRACT = "\ue002"
    PDF = "\ue003"
    PDF_FILE = "\ue004"
    CODE = "\ue005"
    #: ``owner/name`` of a repository on GitHub, as badges have it.
    REPOSITORY = "\ue006"
    VENUE = "\ue007"
    YEAR = "\ue008"
    #: ``'21``
    SHORT_YEAR = "\ue009"
    DATE = "\ue00a"
    AUTHORS = "\ue00b"
    FIRST_AUTHOR = "\ue00c"
    #: Of an item or row.
    NUMBER = "\ue00d"
    #: A last line in words.
    SUMMARY = "\ue00e"


LINKS = frozenset({Slot.PAGE, Slot.ABSTRACT, Slot.PDF, Slot.PDF_FILE})
ARXIV = LINKS - {Slot.PAGE}
_SLOTS = re.compile("[\ue000-\ue00e]")
_URL = re.compile(r"https?://(?:[^\s<>\"'\])(|\\^`]|\((?:[^\s()]*)\))+", re.IGNORECASE)
_BADGE_REPOSITORY = re.compile(r"(?<=[/=])[\w.-]+/[\w.-]+(?=[?.&/]|$)")
_NUMBERED = re.compile(r"(\s*)[0-9]{1,9}([.)][ \t]+)")
#: ``- - Title``, a slip that is not to be followed.
_TWICE = re.compile(r"^([ \t]*[-*+][ \t]+)(?:[-*+][ \t]+)+")
_BETWEEN = re.compile(r"<[^<>]*>|[\n\r*_|\[\]·]|\. |[\ue000-\ue00e]")
_FIRST_ONLY = re.compile(r"^(\W*)(.+?),?\s+(et\.? al)", re.IGNORECASE)
_NESTED = re.compile(r"\s+[-*+] ")
_VENUES = frozenset(
    "springer nature ieee acm neurips iclr icml elsevier wiley acl cvf hal ssrn pubmed pmc "  # noqa: SIM905 - a word list reads best as text
    "biorxiv medrxiv sciencedirect openreview pmlr".split()
)
#: Words of a line that is no list of links.
_SENTENCE = 5
#: Two words that are one venue.
_PREPRINT = re.compile(rf"{Slot.VENUE}[ _]pre-?prints?\b", re.IGNORECASE)
#: A link to nowhere, such as ``[[code]()]``.
_EMPTY_LINK = re.compile(r"[ \t]*\[+\w+\]+\(\s*\)\]?")
#: Between two words of a title: spaces, marks, an escape.
_GAP = r"[^\w\ue000-\ue00e]{1,8}?"
_SHORT_GAP = r"[^\w\ue000-\ue00e]{0,3}?"


def has_private_use(text: str) -> bool:
    """Whether a text holds characters that stand for slots; it cannot be taken apart then."""
    return _SLOTS.search(text) is not None


def slots_of(pattern: str) -> frozenset[Slot]:
    """The slots of a pattern."""
    return frozenset(Slot(char) for char in _SLOTS.findall(pattern))


def pattern_of(raw: str, entry: Entry) -> str | None:
    """The pattern of an entry; None where its title does not stand there in one piece.

    Args:
        raw: the lines of the entry, as they are.
        entry: what the reader made of them.
    """
    if not entry.title or has_private_use(raw):
        return None
    found = _NUMBERED.match(raw)
    if found:
        raw = f"{found[1]}{Slot.NUMBER}{found[2]}{raw[found.end() :]}"
    raw = _TWICE.sub(r"\1", raw, count=1)
    raw, repositories = _without_links(raw, entry)
    for name in repositories:
        raw = raw.replace(name, Slot.REPOSITORY)
    title = _title(entry.title, raw)
    if title is None:
        return None
    raw = raw[: title[0]] + Slot.TITLE + raw[title[1] :]
    raw = _without_authors(_without_dates(raw, entry))
    if entry.venue:
        raw = re.sub(
            rf"(?<![^\W\d_]){re.escape(entry.venue)}(?![^\W\d_])", Slot.VENUE, raw, count=1
        )
    raw = _EMPTY_LINK.sub("", _PREPRINT.sub(Slot.VENUE, raw))
    return _without_summary(without_details(raw) if _NESTED.search(raw) else raw)


def _without_summary(raw: str) -> str:
    """The text with a slot for a last line in words: what the paper is about."""
    above, end, last = raw.rpartition("\n")
    if not end or _SLOTS.search(last) or len(words(last)) < _SENTENCE or _NESTED.match(last):
        return raw
    return f"{above}\n{last[: len(last) - len(last.lstrip())]}{Slot.SUMMARY}"


def _without_links(raw: str, entry: Entry) -> tuple[str, list[str]]:
    """The text with slots for addresses, and the repositories whose names may be in badges."""
    repositories = [url.partition("github.com/")[2] for url in entry.code if "github.com/" in url]
    parts: list[str] = []
    end = 0
    for found in _URL.finditer(raw):
        parts += [raw[end : found.start()], _slot_of(found[0], entry)]
        end = found.end()
    return "".join([*parts, raw[end:]]), [name for name in repositories if "/" in name]


def _slot_of(url: str, entry: Entry) -> str:
    place = locate(url)
    if place.kind == "paper":
        if place.arxiv_id is None:
            return Slot.PAGE if url == entry.url or place.identified else url
        if "/pdf/" in url:
            return Slot.PDF_FILE if url.endswith(".pdf") else Slot.PDF
        return Slot.ABSTRACT
    if url == entry.url:
        return Slot.PAGE
    return Slot.CODE if place.kind == "code" and place.code in entry.code else url


def _title(title: str, raw: str) -> tuple[int, int] | None:
    """Where the title stands, whatever marks and escapes are between its words.

    Marks are part of it where only their begin or their end is inside: ``**Name**: and more``.
    """
    at = raw.find(title)
    if at >= 0 and raw.find(title, at + 1) < 0:
        return at, at + len(title)
    parts = [re.escape(word) for word in re.findall(r"\w+", title)]
    gaps = [
        _SHORT_GAP if not gap.strip(" ") and not gap else _GAP
        for gap in re.findall(r"\W+", title.strip())
    ]
    if not parts:
        return None
    lead = re.match(r"\W*", title)
    tail = re.search(r"[?!)\]\"'\u2019\u201d]*$", title)
    inner = parts[0] + "".join(
        (gaps[n] if n < len(gaps) else _GAP) + part for n, part in enumerate(parts[1:])
    )
    before = re.escape(lead[0].strip()) if lead else ""
    after = re.escape(tail[0]) if tail else ""
    try:
        found = re.search(rf"(?<!\w)(?:{before}){inner}(?!\w)(?:{after})?", raw)
    except re.error:  # a title of thousands of words
        return None
    if found is None:
        return None
    start, end = found.span()
    for mark in ("**", "__", "`", "*", "_"):
        if raw[start:end].replace("**", "" if mark == "*" else "**").count(mark) % 2:
            size = len(mark)
            if raw[start - size : start] == mark:
                start -= size
            elif raw[end : end + size] == mark:
                end += size
            elif mark != "_":
                return None
    return start, end


def _without_dates(raw: str, entry: Entry) -> str:
    def replace(found: re.Match[str]) -> str:
        right = entry.year is None or str(entry.year) in found[0]
        return Slot.DATE if right else found[0]

    raw = DATE.sub(replace, raw)
    if entry.year is None:
        return raw
    raw = re.sub(rf"(?<![0-9]){entry.year}(?![0-9])", Slot.YEAR, raw)
    return re.sub(rf"(?<=['\u2019]){entry.year % 100:02}(?![0-9])", Slot.SHORT_YEAR, raw)


def dates_in(raw: str, entry: Entry) -> list[str]:
    """The days that :func:`pattern_of` takes out."""
    every = (found[0] for found in DATE.finditer(_URL.sub(" ", raw)))
    return [text for text in every if entry.year is None or str(entry.year) in text]


def _without_authors(raw: str) -> str:
    for start, end in _pieces(raw):
        text = raw[start:end]
        if not is_authors(text):
            continue
        first = _FIRST_ONLY.match(text)
        if first:
            return raw[: start + first.end(1)] + Slot.FIRST_AUTHOR + raw[start + first.end(2) :]
        lead = len(text) - len(text.lstrip(" \t-,:;("))
        tail = len(text.rstrip(" \t.,:;)\\"))
        return raw[: start + lead] + Slot.AUTHORS + raw[start + tail :]
    return raw


def _pieces(raw: str) -> Iterator[tuple[int, int]]:
    end = 0
    for found in _BETWEEN.finditer(raw):
        if found.start() > end:
            yield end, found.start()
        end = found.end()
    if end < len(raw):
        yield end, len(raw)


def rest_of(pattern: str) -> list[str]:
    """What a pattern says of one paper only: words that are no labels, numbers, addresses."""
    addresses = [found[0] for found in _URL.finditer(pattern)]
    text = re.sub(r"</?[a-z][^<>]*>", " ", _URL.sub(" ", pattern), flags=re.IGNORECASE)
    spoken = [
        word for piece in re.split(r"[^\w' ]+|[\ue000-\ue00e]", text) for word in words(piece)
    ]
    told = [word for word in spoken if not is_label(word) or word.isdecimal() or _is_name(word)]
    return [*addresses, *told]


def _is_name(word: str) -> bool:
    """Whether a label may as well be a venue."""
    return word.casefold() in _VENUES


def without_details(pattern: str) -> str:
    """An item without the items nested in it that hold no part of the paper."""
    first, *rest = pattern.split("\n")
    kept = []
    dropping = False
    for line in rest:
        if _NESTED.match(line):
            dropping = not _SLOTS.search(line)
        if not dropping:
            kept.append(line)
    while kept and not kept[-1].strip():
        kept.pop()
    return "\n".join([first, *kept]).rstrip("\r")
