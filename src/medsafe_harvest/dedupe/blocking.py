"""Blocking: keys of a record, so that only records that share a key are compared.

Each kind of key is a pure function of one comparison row (and of the document frequencies of
title words in the corpus at hand) that returns a set of strings. Several kinds complement each
other: a duplicate that one misses shares another.
"""

from __future__ import annotations

import enum
import itertools
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import Any

import pyarrow as pa

Row = Mapping[str, Any]
Frequencies = Mapping[str, int]

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

KEYS = pa.schema(
    [
        pa.field("record_id", pa.string(), nullable=False),
        pa.field("kind", pa.string(), nullable=False),
        pa.field("key", pa.string(), nullable=False),
        pa.field("author", pa.string(), nullable=False),  # for refinement: first family key or ""
        pa.field("year", pa.int32(), nullable=False),  # for refinement: year or 0
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


def identifier(row: Row, _: Frequencies) -> frozenset[str]:
    """Every identifier but DOIs, with its kind: "arxiv:2301.00001"."""
    return frozenset(row["ids"])


def doi(row: Row, _: Frequencies) -> frozenset[str]:
    """Every DOI without its version suffix."""
    return frozenset(row["dois"])


def title(row: Row, _: Frequencies) -> frozenset[str]:
    """The whole title, its words run together: "on-line" and "online" are one."""
    return frozenset({row["compact_title"]}) - {""}


def title_prefix(row: Row, _: Frequencies) -> frozenset[str]:
    """The first four words: finds dropped subtitles."""
    words = row["title"].split()
    if len(words) <= _PREFIX_WORDS:
        return frozenset({" ".join(words)}) - {""}
    return frozenset({" ".join(words[:_PREFIX_WORDS])})


def rare_words(row: Row, frequencies: Frequencies) -> frozenset[str]:
    """Pairs of the five rarest words that occur elsewhere: finds typing errors, reordering."""
    rare = _rarest(row, frequencies, _RARE_WORDS)
    return frozenset(" ".join(sorted(pair)) for pair in itertools.combinations(rare, 2))


def rare_word_author(row: Row, frequencies: Frequencies) -> frozenset[str]:
    """Each of the four rarest words with the first or second author: finds new titles."""
    rare = _rarest(row, frequencies, _RARE_WITH_AUTHOR)
    return frozenset(
        f"{family} {word}" for family, word in itertools.product(row["families"][:2], rare)
    )


def place(row: Row, _: Frequencies) -> frozenset[str]:
    """Volume and first page with the first author, or with the year: finds translated titles."""
    if row["first_page"] is None:
        return frozenset()
    volume = row["volume"] or ""
    keys = {f"{volume} {row['first_page']} {family}" for family in row["families"][:1]}
    if row["volume"] is not None and row["year"] is not None:
        keys.add(f"{volume} {row['first_page']} {row['year']}")
    return frozenset(keys)


def team(row: Row, _: Frequencies) -> frozenset[str]:
    """The first three authors and the year: finds papers with another title."""
    if len(row["families"]) < _TEAM or row["year"] is None:
        return frozenset()
    return frozenset({" ".join([*sorted(row["families"][:_TEAM]), str(row["year"])])})


BLOCKERS: Mapping[Key, Callable[[Row, Frequencies], frozenset[str]]] = MappingProxyType(
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


def word_counts(batches: Iterable[pa.RecordBatch]) -> Counter[str]:
    """Document frequency of each title word.

    Args:
        batches: rows of ``prepare.COMPARISON``.
    """
    counts: Counter[str] = Counter()
    for batch in batches:
        for text in batch.column("title").to_pylist():
            counts.update(set(text.split()))
    return counts


def keys_of(row: Row, frequencies: Frequencies) -> dict[Key, frozenset[str]]:
    """All keys of one comparison row."""
    return {kind: blocker(row, frequencies) for kind, blocker in BLOCKERS.items()}


def block(batches: Iterable[pa.RecordBatch], frequencies: Frequencies) -> Iterator[pa.RecordBatch]:
    """Rows of ``KEYS`` for rows of ``prepare.COMPARISON``."""
    for batch in batches:
        rows = batch.to_pylist()
        found = [
            (row["record_id"], kind.value, key, *_refinement(row))
            for row in rows
            for kind, keys in keys_of(row, frequencies).items()
            for key in sorted(keys)
        ]
        columns = zip(*found, strict=True) if found else [[] for _ in KEYS]
        yield pa.RecordBatch.from_arrays(
            [
                pa.array(values, type=field.type)
                for values, field in zip(columns, KEYS, strict=True)
            ],
            schema=KEYS,
        )


def shared_keys(left: pa.RecordBatch, right: pa.RecordBatch, frequencies: Frequencies) -> list[str]:
    """Kinds of key that two single comparison rows share, sorted."""
    ours = keys_of(left.to_pylist()[0], frequencies)
    theirs = keys_of(right.to_pylist()[0], frequencies)
    return sorted(kind.value for kind in BLOCKERS if ours[kind] & theirs[kind])


def _refinement(row: Row) -> tuple[str, int]:
    return row["families"][0] if row["families"] else "", row["year"] or 0


def _rarest(row: Row, frequencies: Frequencies, count: int) -> list[str]:
    """A word that occurs once in the corpus is a typing error or a new name: it pairs nothing."""
    words = {word for word in row["title"].split() if frequencies.get(word, 0) > 1}
    return sorted(words, key=lambda word: (frequencies[word], word))[:count]
