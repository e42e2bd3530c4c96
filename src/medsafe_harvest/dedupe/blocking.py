"""Blocking: keys of a record, so that only records that share a key are compared.

Each kind of key is a pure function of the sketch of a record, the same whatever other records there
are: so a new record changes no key of an old one. Several kinds complement each other: a duplicate
that one misses shares another. Keys are made a column at a time, and are numbers: engines join
numbers several times as fast as texts, in a fraction of the memory.
"""

from __future__ import annotations

import enum
import itertools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
from xxhash import xxh3_64_intdigest

from medsafe_harvest.dedupe.columns import Floats, Ints, distinct
from medsafe_harvest.dedupe.rarer import INFORMATION as RARER
from medsafe_harvest.dedupe.rarer import RAREST
from medsafe_harvest.dedupe.words import INFORMATION

#: Records a block may have before its keys are refined by first author, then by year.
MAX_BLOCK = 50
#: In a block that is refined, each record meets the next so many in title order all the same, so
#: that copies under another author or year are not parted.
NEIGHBOURS_OF_LARGE = 2
#: In a block that stays too large, each record meets the next so many.
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
        pa.field("key", pa.int64(), nullable=False),  # its last bits say the kind
    ]
)
#: Numbers that stand for texts.
Digests = npt.NDArray[np.uint64]


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
    """Digests of a column of lists, flat: item n of row r is at ``starts[r] + n``."""

    items: Digests
    starts: Ints
    counts: Ints

    def at(self, rows: Ints, place: int) -> Digests:
        """The items at one place of the lists of some rows, which all have so many."""
        return self.items[self.starts[rows] + place]

    def having(self, count: int) -> Ints:
        """The rows that have at least so many items."""
        return np.flatnonzero(self.counts >= count)

    @classmethod
    def of(cls, lists: pa.ListArray) -> Lists:
        """From a column without nulls."""
        counts = pc.list_value_length(lists).to_numpy().astype(np.int64)
        return cls(digests(lists.flatten()), np.cumsum(counts) - counts, counts)


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


#: Rows, and the parts of a key of each; a row may come several times.
Found = tuple[Ints, tuple[Digests, ...]]


def digests(texts: pa.Array) -> Digests:
    """A number for each text, the same on every machine: 64 bits of XXH3."""
    encoded = texts.cast(pa.binary()).to_pylist()
    return np.fromiter(map(xxh3_64_intdigest, encoded), np.uint64, len(encoded))


def as_keys(kind: Key, parts: Sequence[Digests]) -> Ints:
    """Keys of n rows from the parts of each, of which there is one or more, in their order.

    The kind is in the last bits, three. That two keys of a kind are one by accident has a chance of
    2**-61; two blocks are one then, in every engine, and their pairs are told apart like others.
    """
    mixed = parts[0]
    for part in parts[1:]:
        mixed = _stirred(mixed) ^ part
    keys = _stirred(mixed) << np.uint64(_KIND_BITS) | np.uint64(KINDS.index(kind))
    return np.asarray(keys.view(np.int64))


def kind_of(key: int) -> Key:
    """The kind of a key."""
    return KINDS[key & KIND_MASK]


def _stirred(numbers: Digests) -> Digests:
    """Other numbers, each bit of which depends on all bits: the finalizer of MurmurHash3."""
    for factor in (0xFF51AFD7ED558CCD, 0xC4CEB9FE1A85EC53):
        numbers = (numbers ^ (numbers >> np.uint64(33))) * np.uint64(factor)
    return numbers ^ (numbers >> np.uint64(33))


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
    found: list[Found] = []
    for one, other in itertools.combinations(range(_RARE_WORDS), 2):
        rows = rare.having(other + 1)
        rows = rows[says[rare.starts[rows] + one] + says[rare.starts[rows] + other] >= _A_PAIR]
        found.append((rows, (rare.at(rows, one), rare.at(rows, other))))
    return found


def rare_word_author(sketches: Sketches) -> list[Found]:
    """Each of the four rarest words with the first or second author: finds new titles."""
    rare, families, says = sketches.rare, sketches.families, sketches.information
    found: list[Found] = []
    for author, word in itertools.product(range(2), range(_RARE_WITH_AUTHOR)):
        rows = _both(families.having(author + 1), rare.having(word + 1))
        rows = rows[says[rare.starts[rows] + word] >= _BESIDE_AUTHOR]
        found.append((rows, (families.at(rows, author), rare.at(rows, word))))
    return found


def place(sketches: Sketches) -> list[Found]:
    """Volume and first page with the first author, or with the year: finds translated titles."""
    volume, page, year = (sketches[name] for name in ("volume", "first_page", "year"))
    placed = np.flatnonzero(pc.is_valid(page))
    dated = np.flatnonzero(pc.and_(pc.is_valid(volume), pc.is_valid(year)))
    by_author = _both(placed, sketches.families.having(1))
    by_year = _both(placed, dated)
    volumes, pages = (
        [digests(pc.fill_null(column.take(pa.array(rows)), "")) for rows in (by_author, by_year)]
        for column in (volume, page)
    )
    return [
        (by_author, (volumes[0], pages[0], sketches.families.at(by_author, 0))),
        (by_year, (volumes[1], pages[1], _years(year, by_year))),
    ]


def team(sketches: Sketches) -> list[Found]:
    """The first three authors, in any order, and the year: finds papers with another title."""
    families, year = sketches.families, sketches["year"]
    rows = _both(families.having(_TEAM), np.flatnonzero(pc.is_valid(year)))
    names = np.sort([families.at(rows, author) for author in range(_TEAM)], axis=0)
    return [(rows, (*names, _years(year, rows)))]


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

#: By number; the numbers are in the keys.
KINDS: tuple[Key, ...] = tuple(BLOCKERS)
_KIND_BITS = (len(KINDS) - 1).bit_length()
#: The bits of a key that are the number of its kind.
KIND_MASK = (1 << _KIND_BITS) - 1


def block(sketches: pa.RecordBatch) -> pa.RecordBatch:
    """Rows of ``KEYS`` for rows of ``sketch.SKETCH``, kind by kind."""
    families = Lists.of(sketches.column("families"))
    read = Sketches(sketches, families, *_rarest(sketches.column("title")))
    rows, keys = [np.empty(0, np.int64)], [np.empty(0, np.int64)]
    for kind, blocker in BLOCKERS.items():
        for own, parts in blocker(read):
            rows.append(own)
            keys.append(as_keys(kind, parts))
    columns = [pa.array(np.concatenate(rows), pa.int32()), pa.array(np.concatenate(keys))]
    return pa.RecordBatch.from_arrays(columns, schema=KEYS)


def keys_of(sketches: pa.RecordBatch) -> list[frozenset[int]]:
    """All keys of each row of ``sketch.SKETCH``, or of ``prepare.COMPARISON``."""
    found: list[set[int]] = [set() for _ in range(len(sketches))]
    keys = block(sketches)
    for row, key in zip(
        keys.column("row").to_pylist(), keys.column("key").to_pylist(), strict=True
    ):
        found[row].add(key)
    return [frozenset(own) for own in found]


def kinds_shared(ours: frozenset[int], theirs: frozenset[int]) -> list[str]:
    """Kinds of key that two sets of keys share, sorted."""
    return sorted({kind_of(key).value for key in ours & theirs})


def shared_keys(left: pa.RecordBatch, right: pa.RecordBatch) -> list[str]:
    """Kinds of key that two single rows share, sorted."""
    [ours], [theirs] = keys_of(left), keys_of(right)
    return kinds_shared(ours, theirs)


def _both(rows: Ints, others: Ints) -> Ints:
    """The rows that are in both of two sets of rows, each sorted."""
    return np.intersect1d(rows, others, assume_unique=True)


def _items(lists: pa.ListArray) -> Found:
    rows = np.asarray(pc.list_parent_indices(lists), dtype=np.int64)
    return rows, (digests(lists.flatten()),)


def _not_empty(keys: pa.Array) -> Found:
    rows = np.flatnonzero(pc.not_equal(keys, ""))
    return rows, (digests(keys.take(pa.array(rows))),)


def _years(year: pa.Array, rows: Ints) -> Digests:
    years = year.take(pa.array(rows)).to_numpy(zero_copy_only=False)
    return np.asarray(years, dtype=np.uint64)


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
    items = digests(words.dictionary)[chosen]
    return Lists(items, np.cumsum(counts) - counts, counts), says[chosen]


@lru_cache(maxsize=1 << 16)
def _how_common(word: str) -> tuple[float, int, str]:
    information = INFORMATION.get(word) or RARER.get(word, RAREST)
    return -information, -len(word), word
