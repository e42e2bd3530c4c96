"""Blocking: keys of a record, so that only records that share a key are compared.

Each kind of key is a pure function of one sketch of a record, the same whatever other records there
are: so a new record changes no key of an old one. Several kinds complement each other: a duplicate
that one misses shares another.
"""

from __future__ import annotations

import enum
import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import lru_cache
from types import MappingProxyType
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from medsafe_harvest.dedupe.people import first_families
from medsafe_harvest.dedupe.places import first_number
from medsafe_harvest.dedupe.prepare import NEEDED, identifiers
from medsafe_harvest.dedupe.titles import form_of
from medsafe_harvest.dedupe.words import INFORMATION, RARE
from medsafe_harvest.schema import STRINGS

#: Records a block may have before its keys are refined by first author, then by year.
MAX_BLOCK = 50
#: In a block that is refined, each record meets this many neighbours in title order all the same,
#: so that copies under another author or year are not parted.
NEIGHBOURS_OF_LARGE = 2
#: In a block that stays too large, each record meets this many.
NEIGHBOURS = 10
_RARE_WORDS = 5
_RARE_WITH_AUTHOR = 4
_PREFIX_WORDS = 4
_TEAM = 3

#: What candidate pairs are found by: cheap to make, for most records meet no other.
SKETCH = pa.schema(
    [
        pa.field("record_id", pa.string(), nullable=False),
        pa.field("title", pa.string(), nullable=False),  # comparison form without the marker
        pa.field("sorted_title", pa.string(), nullable=False),  # its words in alphabetical order
        pa.field("compact_title", pa.string(), nullable=False),  # its words run together
        pa.field("families", STRINGS, nullable=False),  # keys of the first three authors
        pa.field("year", pa.int32()),
        pa.field("volume", pa.string()),
        pa.field("first_page", pa.string()),
        pa.field("ids", STRINGS, nullable=False),  # "kind:value", all but DOIs
        pa.field("dois", STRINGS, nullable=False),
    ]
)

KEYS = pa.schema(
    [
        pa.field("row", pa.int32(), nullable=False),  # of the batch of sketches, from 0
        pa.field("key", pa.string(), nullable=False),  # the letter of its kind, and the key
    ]
)


class Key(enum.StrEnum):
    """Kinds of blocking key; the values stand in ``decisions.keys``."""

    IDENTIFIER = "identifier"
    DOI = "doi"
    TITLE = "title"
    TITLE_PREFIX = "title_prefix"
    RARE_WORDS = "rare_words"
    RARE_WORD_AUTHOR = "rare_word_author"
    PLACE = "place"
    TEAM = "team"


class Row(NamedTuple):
    """What the keys of one record are made of; the columns of ``SKETCH``, and its rarest words."""

    title: str
    compact_title: str
    families: Sequence[str]
    year: int | None
    volume: str | None
    first_page: str | None
    ids: Sequence[str]
    dois: Sequence[str]
    #: Up to five, the rarest first.
    rare: Sequence[str]


def rows_of(sketches: pa.RecordBatch) -> Iterator[Row]:
    """The rows of a batch of ``SKETCH``, or of ``prepare.COMPARISON``, which has its columns."""
    columns = [sketches.column(name).to_pylist() for name in Row._fields[:-1]]
    for title, *rest in zip(*columns, strict=True):
        yield Row(title, *rest, _rarest(title))


def sketch(records: pa.RecordBatch) -> pa.RecordBatch:
    """One ``SKETCH`` row for each record, in the same order.

    Args:
        records: rows with the columns ``prepare.NEEDED`` of ``schema.RECORD``.
    """
    given = {name: records.column(name).to_pylist() for name in NEEDED if name != "authors"}
    forms = [form_of(title) for title in given["title"]]
    words = [form.split() for form in forms]
    found: dict[str, Sequence[Any]] = {
        "record_id": given["record_id"],
        "title": forms,
        "sorted_title": [" ".join(sorted(one)) for one in words],
        "compact_title": ["".join(one) for one in words],
        "families": _families(records.column("authors")),
        "year": given["year"],
        "volume": [first_number(volume) for volume in given["volume"]],
        "first_page": [first_number(pages) for pages in given["pages"]],
        **identifiers(given),
    }
    return pa.RecordBatch.from_arrays(
        [pa.array(found[field.name], field.type) for field in SKETCH], schema=SKETCH
    )


def _families(authors: pa.ListArray) -> list[tuple[str, ...]]:
    """Keys of the first three authors of each list."""
    several = pc.fill_null(pc.greater(pc.list_value_length(authors), _FIELDS), False).to_pylist()
    begun = pc.list_slice(authors, 0, _FIELDS).to_pylist()
    found = [
        first_families(first, _TEAM, persons_only=more)
        for first, more in zip(begun, several, strict=True)
    ]
    for row, more in enumerate(several):
        # A field may hold a group, nobody, or a person that stood before.
        if more and len(found[row]) < _TEAM:
            found[row] = first_families(authors[row].as_py(), _TEAM)
    return found


#: Fields of a list of authors that are read first; most hold one person each.
_FIELDS = 3


def identifier(row: Row) -> Sequence[str]:
    """Every identifier but DOIs, with its kind: "arxiv:2301.00001"."""
    return row.ids


def doi(row: Row) -> Sequence[str]:
    """Every DOI without its version suffix."""
    return row.dois


def title(row: Row) -> Sequence[str]:
    """The whole title, its words run together: "on-line" and "online" are one."""
    return [row.compact_title] if row.compact_title else ()


def title_prefix(row: Row) -> Sequence[str]:
    """The first four words: finds dropped subtitles."""
    return [" ".join(row.title.split(maxsplit=_PREFIX_WORDS)[:_PREFIX_WORDS])] if row.title else ()


def rare_words(row: Row) -> Sequence[str]:
    """Pairs of the five rarest words: finds typing errors, reordering."""
    return [f"{one} {other}" for one, other in itertools.combinations(sorted(row.rare), 2)]


def rare_word_author(row: Row) -> Sequence[str]:
    """Each of the four rarest words with the first or second author: finds new titles."""
    rare = row.rare[:_RARE_WITH_AUTHOR]
    return [f"{family} {word}" for family in row.families[:2] for word in rare]


def place(row: Row) -> Sequence[str]:
    """Volume and first page with the first author, or with the year: finds translated titles."""
    if row.first_page is None:
        return ()
    keys = [f"{row.volume or ''} {row.first_page} {family}" for family in row.families[:1]]
    if row.volume is not None and row.year is not None:
        keys.append(f"{row.volume} {row.first_page} {row.year}")
    return keys


def team(row: Row) -> Sequence[str]:
    """The first three authors and the year: finds papers with another title."""
    if len(row.families) < _TEAM or row.year is None:
        return ()
    return [" ".join([*sorted(row.families[:_TEAM]), str(row.year)])]


#: Kind of key -> the distinct keys of that kind that a row has.
BLOCKERS: Mapping[Key, Callable[[Row], Sequence[str]]] = MappingProxyType(
    {
        Key.IDENTIFIER: identifier,
        Key.DOI: doi,
        Key.TITLE: title,
        Key.TITLE_PREFIX: title_prefix,
        Key.RARE_WORDS: rare_words,
        Key.RARE_WORD_AUTHOR: rare_word_author,
        Key.PLACE: place,
        Key.TEAM: team,
    }
)

#: Kind of key -> the letter that a key of it begins with.
LETTERS: Mapping[Key, str] = MappingProxyType(dict(zip(BLOCKERS, "idtpwafm", strict=True)))


def block(sketches: pa.RecordBatch) -> pa.RecordBatch:
    """Rows of ``KEYS`` for rows of ``SKETCH``, in the order of the rows."""
    rows: list[int] = []
    keys: list[str] = []
    blockers = [(LETTERS[kind], blocker) for kind, blocker in BLOCKERS.items()]
    for number, row in enumerate(rows_of(sketches)):
        before = len(keys)
        for letter, blocker in blockers:
            keys += [letter + key for key in blocker(row)]
        rows += [number] * (len(keys) - before)
    return pa.RecordBatch.from_arrays(
        [pa.array(rows, pa.int32()), pa.array(keys, pa.string())], schema=KEYS
    )


def kinds_in(letters: str) -> list[str]:
    """Kinds of key, sorted, for the letters of some."""
    return sorted(kind.value for kind, letter in LETTERS.items() if letter in letters)


def keys_of(row: Row) -> dict[Key, frozenset[str]]:
    """All keys of one row."""
    return {kind: frozenset(blocker(row)) for kind, blocker in BLOCKERS.items()}


def shared_keys(left: pa.RecordBatch, right: pa.RecordBatch) -> list[str]:
    """Kinds of key that two single rows of ``SKETCH`` share, sorted."""
    [ours], [theirs] = (map(keys_of, rows_of(side)) for side in (left, right))
    return sorted(kind.value for kind in BLOCKERS if ours[kind] & theirs[kind])


def _rarest(title: str) -> Sequence[str]:
    """The five words that fewest titles have, see ``words.py``; of those, the longest."""
    return sorted(set(title.split()), key=_how_common)[:_RARE_WORDS]


@lru_cache(maxsize=1 << 16)
def _how_common(word: str) -> tuple[float, int, str]:
    return -INFORMATION.get(word, RARE), -len(word), word
