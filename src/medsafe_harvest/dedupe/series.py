"""Papers in several parts: "X, part II" continues "X, part I"."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from medsafe_harvest.dedupe.links import Link, Pair, Relation, Row, tells
from medsafe_harvest.dedupe.markers import words_of

_YEARS_BETWEEN_PARTS = 10

_NAMES = "part|pt|teil|partie|parte"
#: Every title with a part number has a match of this, and few others have.
MAY_BE_PART = rf"\b(?:{_NAMES})\b|[上中下第]"
# In comparison form: "radiomics in oncology part 1 methods".
_PART = re.compile(
    rf"(?P<before>.*?)\b(?:{_NAMES})\s+"
    r"(?P<number>\d{1,2}|[ivx]{1,5}|[a-h]|one|two|three|four|five|six)\b\s*(?P<after>.*)"
)
_CJK_PART = re.compile(
    r"(?P<before>.+?)\s*(?:\s(?P<number>[上中下])|第(?P<ordinal>[一二三四五六七八九])[部章回编編篇卷])"
    r"\s*(?P<after>)"
)
_ROMAN = {
    roman: number
    for number, roman in enumerate(words_of("i ii iii iv v vi vii viii ix x xi xii"), start=1)
}
_WORDS = {word: number for number, word in enumerate(words_of("one two three four five six"), 1)}
_CJK = {sign: number for number, sign in enumerate("一二三四五六七八九", 1)}
_HALVES = {"上": 1, "中": 2, "下": 3}


@dataclass(frozen=True, slots=True)
class _Part:
    """A title with a part number, taken apart."""

    before: str
    after: str
    number: int


def part_of(title: str) -> _Part | None:
    """A title in comparison form that has a part number, taken apart."""
    if found := _PART.fullmatch(title):
        sign = found["number"]
        number = int(sign) if sign.isdigit() else _ROMAN.get(sign) or _WORDS.get(sign)
        if number is None and len(sign) == 1:
            number = ord(sign) - ord("a") + 1
    elif found := _CJK_PART.fullmatch(title):
        number = _HALVES[found["number"]] if found["number"] else _CJK[found["ordinal"]]
    else:
        return None
    return None if number is None else _Part(found["before"].strip(), found["after"], number)


def series(pairs: Iterable[Pair]) -> Iterator[Link]:
    """A later part continues the last part before it that is there."""
    found: dict[str, list[tuple[int, Link]]] = {}
    for pair in pairs:
        ours, theirs = part_of(pair.left["title"]), part_of(pair.right["title"])
        if ours is None or theirs is None or ours.number == theirs.number:
            continue
        later, earlier = pair.left, pair.right
        if ours.number < theirs.number:
            later, earlier, ours, theirs = earlier, later, theirs, ours
        if pair.same_team and _one_series(ours, theirs) and _follows(later, earlier):
            reason = f"part {ours.number} and part {theirs.number} of one title by one team"
            link = Link(
                later["record_id"],
                Relation.CONTINUES,
                earlier["record_id"],
                reason,
                pair.score,
            )
            found.setdefault(link.left, []).append((theirs.number, link))
    for links in found.values():
        last = max(number for number, _ in links)
        yield from (link for number, link in links if number == last)


def _one_series(ours: _Part, theirs: _Part) -> bool:
    """The series is named before the number; or but for the number all is the same."""
    if ours.before != theirs.before:
        return False
    named = ours.before if ours.after != theirs.after else f"{ours.before} {ours.after}"
    return tells(named)


def _follows(later: Row, earlier: Row) -> bool:
    if later["marker"] is not None or earlier["marker"] is not None:
        return False
    if later["year"] is None or earlier["year"] is None:
        return True
    return bool(0 <= later["year"] - earlier["year"] <= _YEARS_BETWEEN_PARTS)
