"""The style of a list: which patterns its entries have, and how a paper is written in one."""

from __future__ import annotations

import datetime as dt
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

from medsafe_harvest.awesome.dates import Form
from medsafe_harvest.awesome.export import short
from medsafe_harvest.awesome.markdown import in_html, inline, target
from medsafe_harvest.awesome.order import month_of_arxiv
from medsafe_harvest.awesome.papers import Listed
from medsafe_harvest.awesome.pattern import ARXIV, LINKS, Slot, rest_of, slots_of

#: Share of the neighbours that must have a pattern's words for them to be no one paper's own.
_COMMON = 0.5
#: An address that so many have is that of a picture.
_FEW = 2
#: A picture that tells papers apart is in fewer than this share of them.
_EVERYWHERE = 0.9
_PICTURE = re.compile(
    r"[ \t]*(?:\[[^\[\]]*<img\b[^<>]*>[^\[\]]*\]\([^()\s]*\)"
    r"|\[!\[[^\]]*\]\([^()\s]*\)\]\([^()\s]*\)|!\[[^\]]*\]\([^()\s]*\)|<img\b[^<>]*>"
    r"|:[a-z0-9_+-]{2,40}:|[\u2600-\u27bf\u2b00-\u2bff\U0001f000-\U0001faff]\ufe0f?)"
)
_ENDS_A_SENTENCE = (".", "?", "!")
_ET_AL = re.compile(f"{Slot.FIRST_AUTHOR},?\\s+et\\.? al\\b\\.?", re.IGNORECASE)
#: Characters of a summary.
_SUMMARY = 400
#: A link to code, with what is around it; a last line for the summary.
_TO_CODE = re.compile(
    rf"[ \t]*(?:[-|,;·][ \t]*)?\[?\[[^\[\]]*(?:\\\[[^\[\]]*\\\][^\[\]]*)?\]\(<?{Slot.CODE}>?\)\]?"
    rf"|[ \t]*<a\b[^<>]*{Slot.CODE}[^<>]*>.*?</a>"
)
_TO_SUMMARY = re.compile(rf"[ \t]*(?:<br ?/?>|\\)?[ \t]*\r?\n[ \t]*{Slot.SUMMARY}")
_FULL_NAMES = "full"

#: How the first author is named: ``Jane Doe``, ``Doe``, ``Doe J``.
NameForm = Literal["full", "family", "family-initials"]


@dataclass(frozen=True, slots=True)
class Habits:
    """What all entries of a list share.

    Attributes:
        venues: canonical venue -> how the list writes it.
        dates: how it writes days.
        first_author: how it names the first of the authors.
    """

    venues: Mapping[str, str] = field(default_factory=dict)
    dates: Form | None = None
    first_author: NameForm = "full"


class Style(NamedTuple):
    """A pattern, and how many entries have it."""

    pattern: str
    entries: int


def styles_of(patterns: Iterable[str]) -> list[Style]:
    """The patterns that can be followed, the commonest first.

    Left out are those with words that only one of the entries has, for they tell of its paper.
    Pictures that most entries lack are taken out first. Patterns that differ in white space are
    one; it is written as most entries have it.
    """
    every = list(patterns)
    pictures = Counter(
        picture for one in every for picture in {found.strip() for found in _pictures(one)}
    )
    kept = [_without_rare(one, pictures, len(every)) for one in every]
    variants: dict[str, Counter[str]] = {}
    for one in kept:
        variants.setdefault(" ".join(one.split()), Counter())[one] += 1
    spoken = Counter(word for one in kept for word in set(rest_of(one)))
    least = max(_FEW, _COMMON * len(every))
    styles = [
        Style(_commonest(variant), variant.total())
        for variant in variants.values()
        if all(
            spoken[word] >= (_FEW if "://" in word else least)
            for word in rest_of(_commonest(variant))
        )
    ]
    return sorted(styles, key=lambda style: -style.entries)


def _pictures(pattern: str) -> list[str]:
    return [found[0] for found in _PICTURE.finditer(pattern)]


def _without_rare(pattern: str, pictures: Counter[str], entries: int) -> str:
    """The pattern without the pictures that are not in nearly all of the patterns."""

    def replace(found: re.Match[str]) -> str:
        common = pictures[found[0].strip()] >= max(2, _EVERYWHERE * entries)
        about_code = Slot.REPOSITORY in found[0] or Slot.CODE in found[0]
        return found[0] if common or about_code else ""

    bare = _PICTURE.sub(replace, pattern)
    return bare if bare == pattern else re.sub(r"[ \t]+(?=[\r\n]*$)", "", bare)


def _commonest(variants: Counter[str]) -> str:
    return min(variants, key=lambda one: (-variants[one], one))


def written(
    paper: Listed, styles: Sequence[Style], habits: Habits, *, html: bool = False
) -> str | None:
    """The paper in the style that suits it best; None where none does.

    A style suits that asks for nothing that the paper lacks. Better are, in this order, one with a
    place for its code, one whose links lead where they led before, and the commoner one.
    """
    best: tuple[tuple[bool, bool, bool, int], str] | None = None
    for style in _variants(styles, paper):
        values = _values(paper, style.pattern, habits, html=html)
        if values is None:
            continue
        slots = slots_of(style.pattern)
        has_code = bool(slots & {Slot.CODE, Slot.REPOSITORY}) or paper.repository is None
        linked = bool(slots & LINKS) or not slots & {Slot.CODE}
        rank = (linked, has_code, _leads_alike(slots, paper), style.entries)
        if best is None or rank > best[0]:
            alone = len(paper.authors) < 2
            pattern = _ET_AL.sub(Slot.FIRST_AUTHOR, style.pattern) if alone else style.pattern
            best = rank, _fill(pattern, values)
    return best[1] if best else None


def _variants(styles: Sequence[Style], paper: Listed) -> Iterator[Style]:
    """The styles without the parts that this paper has not, of those that have them."""
    for style in styles:
        pattern = style.pattern
        if paper.repository is None and Slot.CODE in pattern:
            pattern = _TO_CODE.sub("", pattern)
        if paper.summary is None and Slot.SUMMARY in pattern:
            pattern = _TO_SUMMARY.sub("", pattern)
        yield Style(pattern, style.entries)


def _leads_alike(slots: frozenset[Slot], paper: Listed) -> bool:
    """Whether the links are of the kind that the pattern had: arXiv or elsewhere."""
    if not slots & LINKS:
        return True
    arxiv_alone = paper.url == paper.arxiv_url
    return paper.arxiv_url is not None if slots & ARXIV else not arxiv_alone


def _fill(pattern: str, values: Mapping[Slot, str]) -> str:
    parts: list[str] = []
    for char in pattern:
        value = values.get(Slot(char)) if "\ue000" <= char <= Slot.SUMMARY else None
        parts.append(char if value is None else value)
    # "NeurIPS2025", but "Medical Image Analysis 2025".
    joint = pattern.find(Slot.VENUE + Slot.YEAR)
    if joint >= 0 and " " in parts[joint]:
        parts[joint] += " "
    # A sentence that ends with its own sign needs no full stop behind it.
    for number, char in enumerate(pattern[:-1]):
        if char == Slot.TITLE and values[Slot.TITLE].endswith(_ENDS_A_SENTENCE):
            after = pattern[number + 1]
            if after in ".,":
                parts[number + 1] = "" if after == "." else after
    return "".join(parts)


def _values(paper: Listed, pattern: str, habits: Habits, *, html: bool) -> dict[Slot, str] | None:
    """What goes into each slot of a pattern; None where the paper lacks some of it."""
    escape = in_html if html else inline
    slots = slots_of(pattern)
    text: dict[Slot, str | None] = {
        Slot.TITLE: escape(paper.title),
        Slot.VENUE: escape(habits.venues.get(paper.venue or "", paper.venue or "")) or None,
        Slot.YEAR: str(paper.year) if paper.year else None,
        Slot.SHORT_YEAR: f"{paper.year % 100:02}" if paper.year else None,
        Slot.DATE: _date(paper, habits.dates),
        Slot.AUTHORS: escape(", ".join(paper.authors)) or None,
        Slot.FIRST_AUTHOR: escape(_first(paper, habits.first_author)) or None,
        Slot.NUMBER: Slot.NUMBER,
        Slot.SUMMARY: escape(short(paper.summary, _SUMMARY)) or None,
        **_links(paper, pattern),
    }
    found = {slot: text.get(slot) for slot in slots}
    if any(value is None for value in found.values()):
        return None
    return {slot: value for slot, value in found.items() if value is not None}


def _links(paper: Listed, pattern: str) -> dict[Slot, str | None]:
    """Addresses. A link that says arXiv leads there; one to arXiv may lead elsewhere if it must."""
    arxiv = paper.arxiv_url
    pdf = arxiv.replace("/abs/", "/pdf/") if arxiv else None
    slots = slots_of(pattern)
    elsewhere = paper.url if paper.url != arxiv else None
    says_arxiv = "arxiv" in pattern.lower()
    only = not (slots & LINKS) - {Slot.PAGE} or not slots & {Slot.PAGE}
    other = None if says_arxiv or not only else elsewhere
    page = elsewhere or (
        arxiv if only and not re.search(r"\b(?:doi|pub)\b", pattern, re.IGNORECASE) else None
    )
    repository = paper.repository
    name = repository.partition("github.com/")[2] if repository else ""
    found = {
        Slot.PAGE: page,
        Slot.ABSTRACT: arxiv or other,
        Slot.PDF: pdf or other,
        Slot.PDF_FILE: f"{pdf}.pdf" if pdf else other,
        Slot.CODE: repository,
    }
    addresses = {slot: target(url) if url else None for slot, url in found.items()}
    return {**addresses, Slot.REPOSITORY: name if name.count("/") == 1 else None}


def _date(paper: Listed, form: Form | None) -> str | None:
    if form is None:
        return None
    month = month_of_arxiv(dict(paper.ids).get("arxiv_id"))
    if paper.published is None and month and not form.needs_day:
        return form.write(dt.date((month - 1) // 12, (month - 1) % 12 + 1, 1))
    return form.write(paper.published) if paper.published else None


def _first(paper: Listed, form: NameForm) -> str | None:
    if not paper.authors:
        return None
    if form == _FULL_NAMES or paper.family is None:
        return paper.authors[0]
    if form == "family":
        return paper.family
    given = paper.authors[0].removesuffix(paper.family).split()
    return " ".join(filter(None, (paper.family, "".join(word[0] for word in given))))
