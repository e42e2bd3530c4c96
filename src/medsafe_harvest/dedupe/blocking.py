"""Blocking: keys of a record, so that only records that share a key are compared.

Each kind of key is a pure function of the sketch of a record, the same whatever other records there
are: so a new record changes no key of an old one. Several kinds complement each other: a duplicate
that one misses shares another. Keys are made a column at a time.
"""

from __future__ import annotations

import enum
import itertools
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from medsafe_harvest.dedupe.columns import Floats, Ints, distinct
from medsafe_harvest.dedupe.rarer import INFORMATION as RARER
from medsafe_harvest.dedupe.rarer import RAREST
from medsafe_harvest.dedupe.words import INFORMATION

#: Records a block may have before its keys are refined by first author, then by year.
MAX_BLOCK = 50
#: In a block that is refined, each record meets this many neighbours in title order all the same,
#: so that copies under another author or year are not parted.
NEIGHBOURS_OF_LARGE = 2
#: In a block that stays too large, each record meets this many.
NEIGHBOURS = 10
_RARE_WORDS = 5
_RARE_WITH_AUTHOR = 4
#: Information, in nats, of two words that make a key: by chance, one title in 36,000 has both. A
#: pair of commoner words brings strangers together, the more the larger the corpus.
_A_PAIR = 10.5
#: The same of a word that makes a key with an author.
_BESIDE_AUTHOR = 4.0
_TEAM = 3

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


@dataclass(frozen=True, slots=True)
class Lists:
    """A column of lists, flat: item n of row r is at ``starts[r] + n``."""

    items: pa.Array
    starts: Ints
    counts: Ints

    def at(self, rows: Ints, place: int) -> pa.Array:
        """The items at one place of the lists of some rows, which all have so many."""
        return self.items.take(pa.array(self.starts[rows] + place))

    def having(self, count: int) -> Ints:
        """The rows that have at least so many items."""
        return np.flatnonzero(self.counts >= count)

    @classmethod
    def of(cls, lists: pa.ListArray) -> Lists:
        """From a column without nulls."""
        counts = pc.list_value_length(lists).to_numpy().astype(np.int64)
        return cls(lists.flatten(), np.cumsum(counts) - counts, counts)


@dataclass(frozen=True, slots=True)
class Sketches:
    """A batch of sketches, and their rarest words."""

    #: Columns of ``sketch.SKETCH``, or of ``prepare.COMPARISON``, which has them too.
    rows: pa.RecordBatch
    families: Lists
    #: Up to five words of each title, the rarest first.
    rare: Lists
    #: Of each item of these, how rare it is, in nats.
    information: Floats

    def __getitem__(self, name: str) -> pa.Array:
        return self.rows.column(name)


#: Rows, and a key of each; a row may come several times.
Found = tuple[Ints, pa.Array]


def identifier(sketches: Sketches) -> list[Found]:
    """Every identifier but DOIs, with its kind: "arxiv:2301.00001"."""
    return [_items(sketches["ids"])]


def doi(sketches: Sketches) -> list[Found]:
    """Every DOI without its version suffix."""
    return [_items(sketches["dois"])]


def title(sketches: Sketches) -> list[Found]:
    """The whole title, its words run together: "on-line" and "online" are one."""
    return [_not_empty(sketches["compact_title"])]


def title_prefix(sketches: Sketches) -> list[Found]:
    """The first four words: finds dropped subtitles."""
    first = pc.extract_regex(sketches["title"], r"^(?P<words>[^ ]+(?: [^ ]+){0,3})")
    return [_not_empty(pc.fill_null(pc.struct_field(first, "words"), ""))]


def rare_words(sketches: Sketches) -> list[Found]:
    """Pairs of the five rarest words, rare enough: finds typing errors, reordering."""
    rare, says = sketches.rare, sketches.information
    found = []
    for one, other in itertools.combinations(range(_RARE_WORDS), 2):
        rows = rare.having(other + 1)
        rows = rows[says[rare.starts[rows] + one] + says[rare.starts[rows] + other] >= _A_PAIR]
        found.append((rows, _joined(rare.at(rows, one), rare.at(rows, other))))
    return found


def rare_word_author(sketches: Sketches) -> list[Found]:
    """Each of the four rarest words with the first or second author: finds new titles."""
    rare, families, says = sketches.rare, sketches.families, sketches.information
    found = []
    for author, word in itertools.product(range(2), range(_RARE_WITH_AUTHOR)):
        rows = _both(families.having(author + 1), rare.having(word + 1))
        rows = rows[says[rare.starts[rows] + word] >= _BESIDE_AUTHOR]
        found.append((rows, _joined(families.at(rows, author), rare.at(rows, word))))
    return found


def place(sketches: Sketches) -> list[Found]:
    """Volume and first page with the first author, or with the year: finds translated titles."""
    volume, page, year = (sketches[name] for name in ("volume", "first_page", "year"))
    places = _joined(pc.fill_null(volume, ""), pc.fill_null(page, ""))
    placed = np.flatnonzero(pc.is_valid(page))
    dated = np.flatnonzero(pc.and_(pc.is_valid(volume), pc.is_valid(year)))
    by_author = _both(placed, sketches.families.having(1))
    by_year = _both(placed, dated)
    years = year.take(pa.array(by_year)).cast(pa.string())
    return [
        (by_author, _joined(places.take(pa.array(by_author)), sketches.families.at(by_author, 0))),
        (by_year, _joined(places.take(pa.array(by_year)), years)),
    ]


def team(sketches: Sketches) -> list[Found]:
    """The first three authors and the year: finds papers with another title."""
    families, year = sketches.families, sketches["year"]
    rows = _both(families.having(_TEAM), np.flatnonzero(pc.is_valid(year)))
    names = (families.at(rows, author).to_pylist() for author in range(_TEAM))
    teams = [" ".join(sorted(three)) for three in zip(*names, strict=True)]
    years = year.take(pa.array(rows)).cast(pa.string())
    return [(rows, _joined(pa.array(teams, pa.string()), years))]


#: Kind of key -> the distinct keys of that kind that each row has.
BLOCKERS: Mapping[Key, Callable[[Sketches], list[Found]]] = MappingProxyType(
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
    """Rows of ``KEYS`` for rows of ``sketch.SKETCH``, kind by kind."""
    families = Lists.of(sketches.column("families"))
    read = Sketches(sketches, families, *_rarest(sketches.column("title")))
    rows, keys = [np.empty(0, np.int64)], [pa.array([], pa.string())]
    for kind, blocker in BLOCKERS.items():
        for own, found in blocker(read):
            rows.append(own)
            keys.append(pc.binary_join_element_wise(LETTERS[kind], found, ""))
    return pa.RecordBatch.from_arrays(
        [pa.array(np.concatenate(rows), pa.int32()), pa.concat_arrays(keys)], schema=KEYS
    )


def kinds_in(letters: str) -> list[str]:
    """Kinds of key, sorted, for the letters of some."""
    return sorted(kind.value for kind, letter in LETTERS.items() if letter in letters)


def keys_of(sketches: pa.RecordBatch) -> list[frozenset[str]]:
    """All keys of each row of ``sketch.SKETCH``, or of ``prepare.COMPARISON``."""
    found: list[set[str]] = [set() for _ in range(len(sketches))]
    keys = block(sketches)
    for row, key in zip(
        keys.column("row").to_pylist(), keys.column("key").to_pylist(), strict=True
    ):
        found[row].add(key)
    return [frozenset(own) for own in found]


def kinds_shared(ours: frozenset[str], theirs: frozenset[str]) -> list[str]:
    """Kinds of key that two sets of keys share, sorted."""
    return kinds_in("".join(key[0] for key in ours & theirs))


def shared_keys(left: pa.RecordBatch, right: pa.RecordBatch) -> list[str]:
    """Kinds of key that two single rows share, sorted."""
    [ours], [theirs] = keys_of(left), keys_of(right)
    return kinds_shared(ours, theirs)


def _both(rows: Ints, others: Ints) -> Ints:
    """The rows that are in both of two sets of rows, each sorted."""
    return np.intersect1d(rows, others, assume_unique=True)


def _items(lists: pa.ListArray) -> Found:
    return np.asarray(pc.list_parent_indices(lists), dtype=np.int64), lists.flatten()


def _not_empty(keys: pa.Array) -> Found:
    rows = np.flatnonzero(pc.not_equal(keys, ""))
    return rows, keys.take(pa.array(rows))


def _joined(*parts: pa.Array) -> pa.Array:
    return pc.binary_join_element_wise(*parts, " ")


def _rarest(titles: pa.Array) -> tuple[Lists, Floats]:
    """The five words that fewest titles have, the longest first, and how rare each is."""
    lists = pc.split_pattern(titles, " ")
    words = lists.flatten().dictionary_encode()
    known = words.dictionary.to_pylist()
    order = sorted(range(len(known)), key=lambda number: _how_common(known[number]))
    rank = np.empty(len(known), dtype=np.int64)
    rank[order] = np.arange(len(known))
    numbers = rank[words.indices.to_numpy()]
    owners = np.asarray(pc.list_parent_indices(lists), dtype=np.int64)
    # Distinct words of each title, the rarest first.
    packed = distinct(owners * max(len(known), 1) + numbers)
    owners, numbers = np.divmod(packed, max(len(known), 1))
    first = np.searchsorted(owners, owners)
    kept = np.arange(len(owners)) - first < _RARE_WORDS
    if "" in known:  # the only word of a title without words
        kept &= numbers != rank[known.index("")]
    counts = np.bincount(owners[kept], minlength=len(titles)).astype(np.int64)
    chosen = np.asarray(order, dtype=np.int64)[numbers[kept]]
    says = np.array([-_how_common(word)[0] for word in known], dtype=np.float64)
    items = words.dictionary.take(pa.array(chosen))
    return Lists(items, np.cumsum(counts) - counts, counts), says[chosen]


@lru_cache(maxsize=1 << 16)
def _how_common(word: str) -> tuple[float, int, str]:
    information = INFORMATION.get(word) or RARER.get(word, RAREST)
    return -information, -len(word), word
