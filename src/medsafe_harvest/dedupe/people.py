"""Author lists as sets of keys that survive initials, swapped names and diacritics."""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from medsafe_harvest.dedupe.titles import words_of
from medsafe_harvest.normalize.names import split_name
from medsafe_harvest.normalize.text import comparison_form


@dataclass(frozen=True, slots=True)
class People:
    """The authors of a record, ready to be intersected with another's."""

    #: Family keys in order, distinct.
    families: tuple[str, ...]
    #: Family key and first initial, for authors whose given name is known.
    signed: tuple[str, ...]
    #: First written-out given name of each author that has one: families of swapped names.
    givens: tuple[str, ...]
    #: The list ends in "et al.".
    cut: bool


_NOBODY = frozenset(
    ["", "unknown", "na", "anonymous", "anon", "no author", "no authors listed", "not available"]
)
_PARTICLES = frozenset(
    words_of(
        "de del della der den di da dos du van von la le los las el al ter ten st san jr sr ii iii"
    )
)
_ET_AL = re.compile(r"[\s,;]*\b(?:et\.?\s*al\b\.?|and others)\s*$", re.IGNORECASE)
# Some exports glue a whole list into one name: "Adeli K.Lewis G. F."
_GLUED = re.compile(r"(?<=\.)(?=[A-Z][a-z'\u2019])")
# Semantic Scholar runs a name and its owner's profile address together.
_URL = re.compile(r"https?://\S*")
_CUT_ENTITY = re.compile(r"&#x?[0-9a-fA-F]+$")
_INITIALS = re.compile(r"(?:[^\W\d_]\.?[\s-]?){1,3}")


def people(authors: Iterable[Mapping[str, str | None]]) -> People:
    """Keys of an author list.

    Args:
        authors: values of the ``schema.AUTHOR`` struct; ``family`` and ``given`` may be None, then
            the name is taken apart here.
    """
    families: dict[str, None] = {}
    signed: dict[str, None] = {}
    givens: dict[str, None] = {}
    cut = False
    for name, family_part, given_part in _mended(authors):
        shortened = _ET_AL.sub("", _URL.sub("", name))
        cut |= _ET_AL.search(name) is not None
        for family, given in _parts(shortened, family_part, given_part):
            key, rest = _keys(family, given)
            if key in _NOBODY:
                continue
            families[key] = None
            if rest:
                signed[f"{key} {rest[0][0]}"] = None
                givens.update((word, None) for word in rest[:1] if len(word) > 1)
    return People(tuple(families), tuple(signed), tuple(givens), cut)


def _mended(
    authors: Iterable[Mapping[str, str | None]],
) -> Iterator[tuple[str, str | None, str | None]]:
    """Name, family and given name of each author; a name cut in a character entity is whole again.

    A bibliography that splits lists at semicolons makes two authors of "Mar&#237;n".
    """
    started = ""
    for author in authors:
        name = started + (author["name"] or "")
        if _CUT_ENTITY.search(name):
            started = f"{name};"
            continue
        whole = bool(started)
        started = ""
        parts = (None, None) if whole else (author.get("family"), author.get("given"))
        yield html.unescape(name), *parts
    if started:
        yield html.unescape(started), None, None


def _parts(name: str, family: str | None, given: str | None) -> list[tuple[str, str]]:
    """(family, given) of each person in one name field."""
    if family:
        return [(family, given or "")]
    people_in_it = [
        part
        for listed in name.split(";")
        for part in (_GLUED.split(listed) if "," not in listed else [listed])
        if part.strip() and not _INITIALS.fullmatch(part.strip())
    ] or [name]
    names = [split_name(person) for person in people_in_it]
    return [(name.family or "", name.given or "") for name in names]


def _keys(family: str, given: str) -> tuple[str, list[str]]:
    """The last word of the family name that is not a particle, and the words of the given name."""
    family_words = comparison_form(family).split() if family.strip() else []
    given_words = comparison_form(given).split() if given.strip() else []
    names = [word for word in family_words if word not in _PARTICLES and len(word) > 1]
    if not names:
        # "Le, Quintrec M.": the particle was taken for the family name.
        names = [word for word in given_words if word not in _PARTICLES and len(word) > 2][:1]
        given_words = [word for word in given_words if word not in names]
    if not names:
        names = [word for word in family_words[:1] if not word.isascii()]
    key = names[-1] if names else ""
    given_words = [word for word in given_words if word not in _PARTICLES]
    if " ".join(family_words) in _NOBODY:
        key = ""
    return key, given_words
