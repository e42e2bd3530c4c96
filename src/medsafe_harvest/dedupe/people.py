"""Author lists as sets of keys that survive initials, swapped names and diacritics."""

from __future__ import annotations

import functools
import html
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from medsafe_harvest.dedupe.markers import words_of
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
    #: As ``signed``, for names that may be written family first: "Zhang Wei" gives "zhang w".
    reversed: tuple[str, ...]
    #: What the family name may be as well: "perez" of "Juan Pérez García", "vanderzee" of "van der
    #: Zee".
    other_families: tuple[str, ...]
    #: The list ends in "et al.".
    cut: bool
    #: No person is named, only a group; ``families`` are the words of its name.
    group: bool


_NOBODY = frozenset(
    ["", "unknown", "na", "anonymous", "anon", "no author", "no authors listed", "not available"]
)
_PARTICLES = frozenset(
    words_of(
        "de del della der den di da dos du van von la le los las el al ter ten st san jr sr ii iii"
    )
)
_ET_AL = re.compile(r"(?<![\s,;])[\s,;]*\b(?:et\.?\s*al\b\.?|and others)\s*$", re.IGNORECASE)
#: Letters of a name, or of a list of names in one field.
_LONGEST_NAME = 300
# Some exports glue a whole list into one name: "Adeli K.Lewis G. F."
_GLUED = re.compile(r"(?<=\.)(?=[A-Z][a-z'\u2019])")
# Semantic Scholar runs a name and its owner's profile address together.
_URL = re.compile(r"https?://\S*")
_CUT_ENTITY = re.compile(r"&#x?[0-9a-fA-F]+$")
_INITIALS = re.compile(r"(?:[^\W\d_]\.?[\s-]?){1,3}")
_GROUP = re.compile(
    r"^corporate\b|\b(?:collaborat(?:ion|ors|ive)s?|consorti(?:um|a)|groups?|teams?|investigators"
    r"|committee|initiative|network|alliance|task force|trialists|association|society|federation"
    r"|foundation|universit\w*|institut\w*|inc|ltd|gmbh|corporation|corp|company|pharmaceuticals?"
    r"|department|ministry|agency|cent(?:er|re)s?|hospitals?|laborator\w+|council|organi[sz]ation"
    r"|office|commission|college|academy|bureau)\b",
    re.IGNORECASE,
)
_NO_GROUP_WORDS = frozenset(
    words_of(
        "corporate the of and for inc ltd gmbh corp a collaboration collaborators group team "
        "consortium investigators study network"
    )
)
#: Short forms of given names that begin with another letter than the name.
_NICKNAMES: Mapping[str, str] = {
    short: name
    for name, shorts in (
        ("robert", "bob bobby"),
        ("william", "bill billy"),
        ("richard", "dick"),
        ("edward", "ted teddy ned"),
        ("anthony", "tony"),
        ("elizabeth", "liz betty beth lisa"),
        ("margaret", "peggy"),
        ("eugene", "gene"),
        ("andrew", "drew"),
        ("alexander", "sasha sandy"),
        ("catherine", "kate katie kathy"),
        ("henry", "hank"),
        ("lawrence", "larry"),
    )
    for short in words_of(shorts)
    if short[0] != name[0]
}


def people(authors: Iterable[Mapping[str, str | None]]) -> People:
    """Keys of an author list.

    Args:
        authors: values of the ``schema.AUTHOR`` struct; ``family`` and ``given`` may be None, then
            the name is taken apart here.
    """
    families: dict[str, None] = {}
    signed: dict[str, None] = {}
    givens: dict[str, None] = {}
    turned: dict[str, None] = {}
    others: dict[str, None] = {}
    groups: dict[str, None] = {}
    cut = False
    for name, family, given in _mended(authors):
        field = _read(name, family, given)
        cut |= field.cut
        for word in field.group:
            groups[word] = None
        for person in field.persons:
            families[person.family] = None
            if person.signed:
                signed[person.signed] = None
            if person.given:
                givens[person.given] = None
                turned[person.turned] = None
            for word in person.others:
                others[word] = None
    if families or not groups:
        return People(
            families=tuple(families),
            signed=tuple(signed),
            givens=tuple(givens),
            reversed=tuple(turned),
            other_families=tuple(word for word in others if word not in families),
            cut=cut,
            group=False,
        )
    return People(tuple(groups), (), (), (), (), cut, group=True)


def first_families(authors: Iterable[Mapping[str, str | None]], most: int) -> tuple[str, ...]:
    """``people(authors).families[:most]``, without looking at all others."""
    families: dict[str, None] = {}
    groups: dict[str, None] = {}
    for name, family, given in _mended(authors):
        field = _read(name, family, given)
        families.update((person.family, None) for person in field.persons)
        groups.update(dict.fromkeys(field.group))
        if len(families) >= most:
            break
    return tuple(families or groups)[:most]


def families_in(name: str | None, family: str | None, given: str | None) -> tuple[str, ...] | None:
    """Family keys of the persons in one name field.

    Returns:
        None where the field tells by its neighbours alone: a group, or a part of a name.
    """
    if name and family and (key := _key_of_plain(name, family)):
        return (key,)
    if not name or "&" in name or len(name) > _LONGEST_NAME:
        return None
    field = _read(name, family, given)
    return None if field.group else tuple(person.family for person in field.persons)


def keys_of_plain(names: pa.Array, families: pa.Array) -> pa.Array:
    """The family key of each person with a plain name; null of others, and of some of the plain.

    What :func:`families_in` says of the same, a column at a time.
    """
    found = pc.extract_regex(pc.ascii_lower(families), r"(?:^|[ .-])(?P<key>[a-z]{2,})$")
    keys = pc.struct_field(found, "key")
    plain = [
        pc.match_substring_regex(names, r"^[A-Za-z .-]*$"),
        pc.match_substring_regex(families, r"^[A-Za-z .-]*$"),
        pc.invert(pc.match_substring_regex(names, _MORE_THAN_A_NAME, ignore_case=True)),
        pc.invert(pc.is_in(keys, value_set=_NO_KEYS)),
    ]
    return pc.if_else(functools.reduce(pc.and_, plain), keys, pa.scalar(None, pa.string()))


def _key_of_plain(name: str, family: str) -> str | None:
    """The key of one person with a plain name; None of others."""
    if not (family.isascii() and _is_plain(name)):
        return None
    for word in reversed(family.translate(_JOINTS).lower().split()):
        if len(word) > 1 and word not in _PARTICLES:
            return word if word.isalpha() and word not in _NOBODY else None
    return None


def _is_plain(name: str) -> bool:
    """Whether it is the name of one person, in ASCII letters, spaces, hyphens and dots."""
    if not name.isascii():
        return False
    lower = name.translate(_JOINTS).lower()
    words = lower.split()
    return (
        "".join(words).isalpha()
        and _TELLING_WORDS.isdisjoint(words)
        and _TELLING_STEM.search(lower) is None
    )


_JOINTS = str.maketrans("-.", "  ")


# Millions are made of these two, which tuples are in half the time of dataclasses.
class _Person(NamedTuple):
    """One author, as far as the name tells."""

    family: str
    #: See ``People``; "" where no given name is known, or none is written out.
    signed: str
    given: str
    turned: str
    others: tuple[str, ...]


class _Field(NamedTuple):
    """What one name field holds."""

    cut: bool
    persons: tuple[_Person, ...] = ()
    #: Words of the name of a group.
    group: tuple[str, ...] = ()


#: Names come again and again: in the copies of a paper, and in the papers of an author.
@lru_cache(maxsize=1 << 16)
def _read(name: str, family: str | None, given: str | None) -> _Field:
    shortened, cut = name, False
    if not _is_plain(name):
        shortened = _ET_AL.sub("", _URL.sub("", name))
        cut = _ET_AL.search(name) is not None
        # Whoever took apart a name that is more than a name took "et al." or others for a part.
        if shortened != name or len(_listed(name)) != 1:
            family = given = None
        if _GROUP.search(shortened):
            return _Field(cut, group=tuple(_words_of_group(shortened)))
    persons = []
    for family_part, given_part in _parts(shortened, family, given):
        key, rest = _keys(family_part, given_part)
        if not key or (key in _NOBODY and not rest):
            continue
        others = tuple(word for word in _other_families(family_part, rest) if word != key)
        signed = f"{key} {_NICKNAMES.get(rest[0], rest[0])[0]}" if rest else ""
        given_name = rest[0] if rest and len(rest[0]) > 1 else ""
        turned = f"{given_name} {key[0]}" if given_name else ""
        persons.append(_Person(key, signed, given_name, turned, others))
    return _Field(cut, persons=tuple(persons))


#: Words that a name has which is more, or less, than the name of one person.
_TELLING_WORDS = frozenset(
    words_of(
        "al etal others corporate collaboration collaborations collaborative collaboratives "
        "collaborator collaborators consortium consortia group groups team teams "
        "investigators committee "
        "initiative network alliance task trialists association society federation foundation inc "
        "ltd gmbh corporation corp company pharmaceutical pharmaceuticals department ministry "
        "agency center centre centers centres hospital hospitals council organisation organization "
        "office commission college academy bureau"
    )
)
_TELLING_STEM = re.compile("universit|institut|laborator")
_MORE_THAN_A_NAME = rf"\b(?:{'|'.join(sorted(_TELLING_WORDS))})\b|{_TELLING_STEM.pattern}"
_NO_KEYS = pa.array(sorted(_NOBODY | _PARTICLES))


def _other_families(family: str, given: list[str]) -> list[str]:
    words = _words_of_name(family)
    middle = [word for word in given[1:] if len(word) > _INITIALS_OF_A_NAME]
    several = [word for word in words if len(word) > _INITIALS_OF_A_NAME and word not in _PARTICLES]
    return [*middle, *several, *(["".join(words)] if len(words) > 1 else [])]


#: Longest run of initials, as in "Smith JAB".
_INITIALS_OF_A_NAME = 3


def _words_of_group(name: str) -> list[str]:
    words = comparison_form(name).split()
    return [word for word in words if word not in _NO_GROUP_WORDS] or words


def _mended(
    authors: Iterable[Mapping[str, str | None]],
) -> Iterator[tuple[str, str | None, str | None]]:
    """Name, family and given name of each author; a name cut in a character entity is whole again.

    A bibliography that splits lists at semicolons makes two authors of "Mar&#237;n".
    """
    started = ""
    for author in authors:
        name = (author["name"] or "")[:_LONGEST_NAME]
        if not started and "&" not in name:
            yield name, author.get("family"), author.get("given")
            continue
        if started and name[:1].isupper() and len(name.split()) > 1:
            # The entity was the end of a name; this is the next one.
            yield html.unescape(started), None, None
            started = ""
        glue = " " if started and name[:1].isupper() else ""
        whole = f"{started}{glue}{name}"
        if _CUT_ENTITY.search(whole):
            started = f"{whole};"
            continue
        parts = (None, None) if started else (author.get("family"), author.get("given"))
        started = ""
        yield html.unescape(whole), *parts
    if started:
        yield html.unescape(started), None, None


def _parts(name: str, family: str | None, given: str | None) -> list[tuple[str, str]]:
    """(family, given) of each person in one name field."""
    if family:
        return [(family, given or "")]
    people_in_it = [
        part
        for listed in _listed(name)
        for part in (_GLUED.split(listed) if "," not in listed else [listed])
        if part.strip() and not _INITIALS.fullmatch(part.strip())
    ] or [name]
    names = [split_name(person) for person in people_in_it]
    return [(name.family or "", name.given or "") for name in names]


def _listed(name: str) -> list[str]:
    """The people of one field: parted by semicolons, or full names by commas."""
    if ";" not in name and name.count(",") > 1:
        parts = [part.strip() for part in name.split(",")]
        if all(len(part.split()) > 1 for part in parts):
            return parts
    return name.split(";")


def _keys(family: str, given: str) -> tuple[str, list[str]]:
    """The last word of the family name that is not a particle, and the words of the given name."""
    if not family.isascii() and _UNSPACED.search(family):
        # "王 强" and "王强"
        return "".join(f"{family}{given}".split()), []
    family_words, given_words = _in_latin(family), _in_latin(given)
    names = [word for word in family_words if word not in _PARTICLES and len(word) > 1]
    if not names:
        # "Le, Quintrec M.": the particle was taken for the family name.
        names = [word for word in given_words if word not in _PARTICLES and len(word) > 2][:1]
        given_words = [word for word in given_words if word not in names]
    if not names:
        names = [word for word in family_words[:1] if not word.isascii()]
    key = names[-1] if names else ""
    given_words = [word for word in given_words if word not in _PARTICLES]
    if " ".join(family_words) in _NOBODY and not given_words:
        key = ""
    return key, given_words


_UNSPACED = re.compile("[\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff\uac00-\ud7af]")
#: Cyrillic as English journals write it; signs without a sound go.
_LETTERS = zip(map(ord, "абвгдезийклмнопрстуфыіэёъь"), "abvgdeziyklmnoprstufyiee  ", strict=True)
_CYRILLIC: dict[int, str] = {code: latin.strip() for code, latin in _LETTERS} | {
    ord(sign): latin
    for sign, latin in zip(
        "жцчшщюяїєґ", ("zh", "ts", "ch", "sh", "shch", "yu", "ya", "i", "e", "g"), strict=True
    )
}
_CYRILLIC[0x445] = "kh"


def _words_of_name(name: str) -> list[str]:
    """The words of the comparison form of a family or given name."""
    words = name.translate(_JOINTS).lower().split()
    if name.isascii() and "".join(words).isalpha():
        return words
    return comparison_form(name).split() if name.strip() else []


def _in_latin(name: str) -> list[str]:
    words = _words_of_name(name)
    return words if name.isascii() else " ".join(words).translate(_CYRILLIC).split()
