"""Author names: given, family and suffix parts, and the keys by which authors are compared."""

from __future__ import annotations

import re
from dataclasses import dataclass

from medsafe_harvest.normalize.latex import from_latex
from medsafe_harvest.normalize.text import comparison_form, one_line


@dataclass(frozen=True, slots=True)
class Name:
    """The parts of one author's name. A group or a single name is all family."""

    given: str | None
    family: str | None
    suffix: str | None = None


#: Number by which DBLP tells namesakes apart: "Wei Wang 0001".
_NAMESAKE = re.compile(r"\s+[0-9]{4}$")
#: Academic degrees behind a comma.
_DEGREE_PART = re.compile(
    r"(?:Ph\.?\s?D|M\.?\s?D|M\.?\s?Sc|B\.?\s?Sc|M\.?P\.?H|M\.?B\.?B\.?S|M\.?A|M\.?S|B\.?A|B\.?S|D\.?Sc"
    r"|Dr|Prof|FACS|FRCR|FRCP|FACR|RN|MBA|MBBCh|DPhil|PharmD)\.?",
    re.IGNORECASE,
)
#: Degrees that stand behind a full name without a comma; bare "MD" behind one word is initials.
_DEGREE_TAIL = re.compile(r"(?<=\S)\s+(?:Ph\.?\s?D\.?|M\.D\.|MD|M\.?Sc\.?|MPH)$")
_TITLE = re.compile(r"^(?:Dr|Prof)\.?\s+(?=\S+\s+\S)", re.IGNORECASE)
_SUFFIX = re.compile(r"(?:jr|sr)\.?|II|III|IV|2nd|3rd", re.IGNORECASE)
_GROUP = re.compile(
    r"\b(?:collaborations?|consorti(?:um|a)|(?:study|research|working|trial|writing) group|groups?"
    r"|teams?|investigators|committee|initiative|network|alliance|task force|study|trialists"
    r"|association|society|federation|project|foundation)\b",
    re.IGNORECASE,
)
_CJK = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af\uf900-\ufaff]")
#: Words that belong to the family name when they stand before it.
_PARTICLES = frozenset(
    "van von vom zu zum zur de der den del della delle dell di da das do dos du des la le les lo "  # noqa: SIM905 - a word list reads best as text
    "el al bin bint ibn ben abu ter ten te 't st st. san y e af av dal degli della".split()
)
#: Of these, the ones that are given names or initials more often when capitalised.
_LOWER_ONLY = frozenset("ben te do y e san lo".split())  # noqa: SIM905 - a word list reads best as text
#: Behind "Van", a Vietnamese middle name, not a Dutch particle: "Thi Van Nguyen".
_VIETNAMESE = frozenset(
    "bui dang dinh do duong ho hoang huynh le luong ly mai ngo nguyen pham phan tran trinh truong "  # noqa: SIM905 - a word list reads best as text
    "vo vu".split()
)
#: Family names of two letters, which look like initials in capitals: "Wei XU".
_SHORT_FAMILIES = frozenset(
    "AI AN BO DU FU GE GU HE HO HU JI JU KE KO LE LI LU MA MO NG NI OH OU QI QU SO SU WU XI XU YE "  # noqa: SIM905 - a word list reads best as text
    "YI YU ZU".split()
)
_INITIALS = re.compile(r"(?:[^\W\d_]\.?-?){1,3}")


def split_name(name: str) -> Name:
    """Given, family and suffix of a name in any of the usual orders.

    Read are "Family, Given", "Given Family", "Family JA", "FAMILY Given", particles ("van der
    Berg"), suffixes ("Jr.", "III"), LaTeX accents and East Asian scripts, where the family name
    comes first when a space parts it. Degrees and DBLP's numbers are dropped. A group
    ("The ALICE Collaboration") and a single name are all family.
    """
    text = one_line(from_latex(name)) or ""
    text = _NAMESAKE.sub("", text)
    if _GROUP.search(text) and " " in text:
        return Name(None, text)
    parts = [part.strip() for part in text.split(",")]
    parts = [part for part in parts if part and not _is_degree(part, parts[0])]
    suffix = None
    if len(parts) > 1:
        for index in range(len(parts) - 1, 0, -1):
            if _SUFFIX.fullmatch(parts[index]):
                suffix = parts.pop(index)
                break
    if not parts:
        return Name(None, text or None, suffix)
    if len(parts) > 1:
        return Name(" ".join(parts[1:]), parts[0], suffix)
    return _split_words(parts[0], suffix)


def _is_degree(part: str, first: str) -> bool:
    """In "Jane Smith, M.D." it is a degree; in "Smith, M.D." it is the initials."""
    return part is not first and " " in first and _DEGREE_PART.fullmatch(part) is not None


def _split_words(text: str, suffix: str | None) -> Name:
    text = _TITLE.sub("", text)
    shorter = _DEGREE_TAIL.sub("", text)
    words = (shorter if " " in shorter and not _is_initials(shorter.split()[0]) else text).split()
    if len(words) > 2 and _SUFFIX.fullmatch(words[-1]):
        suffix = suffix or words.pop()
    if len(words) < 2:
        return Name(None, text, suffix)
    if _CJK.search(text) or _family_is_first(words):
        return Name(" ".join(words[1:]), words[0], suffix)
    start = _family_start(words)
    return Name(" ".join(words[:start]) or None, " ".join(words[start:]), suffix)


def _is_initials(word: str) -> bool:
    return _INITIALS.fullmatch(word) is not None and word == word.upper()


def _family_is_first(words: list[str]) -> bool:
    """True of "Smith JA", "SMITH J" and "WANG Wei", not of "JA Smith" or "Wei XU"."""
    first, *rest = words
    if _is_initials(first):
        return first in _SHORT_FAMILIES and not any(map(_is_initials, rest))
    if first == first.upper() and first != first.lower():
        can_be_spoken = any(vowel in first for vowel in "AEIOUY") and "." not in first
        # "WANG Wei", and "SMITH J" of exports that are all in capitals, but not "JOHN XU".
        shown = any(word != word.upper() for word in rest)
        initials = all(map(_is_initials, rest)) and _SHORT_FAMILIES.isdisjoint(rest)
        return can_be_spoken and (shown or initials)
    return all(map(_is_initials, rest)) and rest[-1] not in _SHORT_FAMILIES


def _family_start(words: list[str]) -> int:
    start = len(words) - 1
    while start > 1 and _is_particle(words[start - 1], words[start]):
        start -= 1
    return 0 if start == 1 and words[0] != words[0].title() and _is_particle(*words[:2]) else start


def _is_particle(word: str, following: str) -> bool:
    lower = word.lower()
    if lower not in _PARTICLES:
        return False
    if word == lower:
        return True
    return lower not in _LOWER_ONLY and not (
        lower in {"van", "le", "la"} and comparison_form(following) in _VIETNAMESE
    )


def family_key(name: Name) -> str:
    """The family name in casefolded letters without accents, spaces and hyphens."""
    return comparison_form(name.family or "").replace(" ", "")


def initials(name: Name) -> str:
    """The first letters of the given names, casefolded: "ja" of "Jean-Anne" and of "J. A."."""
    given = name.given or ""
    words = comparison_form(given).split()
    if len(words) == 1 and len(given) <= 3 and given == given.upper() and given.isascii():
        return words[0]  # "JA" is two names
    return "".join(word[0] for word in words)


def name_key(name: Name) -> str:
    """Family name and first initial as one key: "muller j" of Jürgen Müller."""
    return f"{family_key(name)} {initials(name)[:1]}".rstrip()
