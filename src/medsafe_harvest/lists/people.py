"""People beside a title, where a venue could stand: ``(Miller 2019)``, names before a place."""

from __future__ import annotations

import re
from collections.abc import Callable

from medsafe_harvest.lists.words import is_authors

_SURNAME = (
    r"(?:(?:van|von|de|der|den|di|la|le) )*(?:[A-Z]['\u2019]|Mc|Mac|De|Le|La|Van)?[A-Z][^\W\d_A-Z]+"
)
#: ``Miller``, ``Doe-Roe & Li``, ``Doe, Li and Smith``
_SURNAMES = re.compile(
    rf"{_SURNAME}(?:-{_SURNAME})?(?:(?:,? (?:&|and) |, ){_SURNAME}(?:-{_SURNAME})?)*"
)
#: ``Doe J, Li-Roe WA.`` and what comes behind it.
_VANCOUVER = re.compile(
    rf"\W*((?:{_SURNAME}(?:[ -]{_SURNAME})? [A-Z]{{1,3}},\s+)*{_SURNAME} [A-Z]{{1,3}})\.\s+(?=\S)"
)
#: Parts between commas that a place has, volume and pages with it.
_MOST_BEHIND = 6
#: How words of a field end, and hardly a surname.
_FIELD = re.compile(
    r"(?:tion|sion|ics|ology|ologist|graphy|iatry|ment|ity|metry|nomy|onomics|puters?|puting|ence"
    r"|systems?|sensors?|devices?|communications?|letters?|security|privacy|neering|vision)\b",
    re.IGNORECASE,
)
#: Journals and meetings of one word that no surname is.
_JOURNALS = frozenset(
    "axioms blockchain blood brain cancer chest circulation distill entropy genes gut headache "  # noqa: SIM905 - a word list reads best as text
    "heart hepatology hypertension information medicine neuron nutrients oakland obesity pain "
    "processes queue retina sleep spine stroke surgery symmetry technologies thorax usenix "
    "vaccine machines technometrics biometrika biometrics atmosphere allergy epilepsia oncogene "
    "leukemia neurocase psychometrika cognition automatica elife diabetes diabetologia "
    "interspeech eurographics mathematics preprint unpublished online".split()
)


def are_surnames(text: str) -> bool:
    """Whether words beside a year are the surnames of a paper's authors, not a venue."""
    if not _SURNAMES.fullmatch(text) or _FIELD.search(text):
        return False
    return not any(one in _JOURNALS for one in text.casefold().split())


def behind_people(text: str, known: Callable[[str], bool]) -> tuple[str, str]:
    """The people that a text begins with, and the rest: ``Ann Lee, Wu Li, CCS 2016``.

    Args:
        text: a segment beside a title.
        known: whether words are the name of a venue.

    Returns:
        The first is empty where the text begins with nobody.
    """
    if names := _VANCOUVER.match(text):
        return names[1], text[names.end() :]
    by = re.match(r"\W*by\s+", text)
    bare = text[by.end() :] if by else text.lstrip(" ,.;:")
    parts = re.split(r",\s+", bare)
    for count in range(len(parts) - 1, max(0, len(parts) - 1 - _MOST_BEHIND), -1):
        last, behind = parts[count - 1], ", ".join(parts[count:])
        if " " not in last.strip() or known(last) or not re.search(r"[0-9]{4}", behind):
            continue
        if re.match(r"(?:and|&)\s", behind):
            return "", text
        alone = count == 1 and by is not None and is_authors(f"{last}, {last}")
        before = ", ".join(parts[:count])
        if (alone or is_authors(before)) and not re.search(r"[0-9]{4}", before):
            return before, behind
    return "", text
