"""Frequent authors, venues and terms of the relevant papers that no seed query names.

What is frequent is worth asking for only if it belongs to the subject, so each name is held against
the topics: its *lift* for a topic is how much more often it stands in relevant papers of the topic
than in the whole curated set, with one paper added to both sides so that rare names do not win::

    lift = (papers of the topic with it + 1) / (all papers with it * share of the topic + 1)

Names are ranked by their best topic's lift. A term is one to three words of title or abstract,
without function words at its ends, and counts only where no phrase of a query overlaps it: who asks
for "out of distribution" names "out of distribution data" and is not told of "distribution data".
An author or a venue is named where the ``raw`` text of a query holds the name. Authors are names,
not persons: two of one name count as one.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from medsafe_harvest.coverage.grams import Held, grams, named_in
from medsafe_harvest.coverage.words import Flags, Whole, WordIndex
from medsafe_harvest.sources.query import Query

#: Longest term, words.
WORDS = 3
#: Terms that share so much of the rarer one's papers, one inside the other, are one.
SAME = 0.8
_EXAMPLES = 3
_SPARE = 5


@dataclass(frozen=True, slots=True)
class Unnamed:
    """A name that no seed query has."""

    name: str
    #: Relevant papers that have it.
    papers: int
    #: The topic that it belongs to most, and its lift there.
    topic: str
    lift: float
    #: Ids of the first few papers.
    examples: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Subject:
    """The papers that names are looked for in, by row; ids are sorted."""

    ids: Sequence[str]
    #: About medicine and at least one trust topic.
    relevant: Flags
    #: Trust topic -> which papers have it.
    topics: Mapping[str, Flags]
    #: Fewest relevant papers of a name.
    least: int


@dataclass(frozen=True, slots=True)
class _Scores:
    """For each name; arrays of one length."""

    papers: Whole
    topic: NDArray[np.int64]
    lift: NDArray[np.float64]

    @classmethod
    def of(cls, held: Held, subject: Subject) -> _Scores:
        whole = np.diff(held.begins)
        size = len(subject.ids)
        lifts = np.array(
            [
                (held.counts(has & subject.relevant) + 1)
                / (whole * (np.count_nonzero(has & subject.relevant) / size) + 1)
                for has in subject.topics.values()
            ]
        )
        best = lifts.argmax(axis=0)
        lift = np.take_along_axis(lifts, best[None, :], axis=0)[0]
        return cls(held.counts(subject.relevant), best, np.round(lift, 4))


@dataclass(frozen=True, slots=True)
class _Term:
    words: tuple[str, ...]
    papers: int
    #: Place of its best topic.
    topic: int
    lift: float
    rows: Whole

    def is_same_as(self, other: _Term) -> bool:
        """Whether one stands in the other, and in nearly the same papers."""
        short, long = sorted((self.words, other.words), key=len)
        if f" {' '.join(short)} " not in f" {' '.join(long)} ":
            return False
        least = min(len(self.rows), len(other.rows))
        return len(np.intersect1d(self.rows, other.rows)) >= SAME * least


def terms(
    index: WordIndex, subject: Subject, queries: Sequence[Query], limit: int
) -> tuple[Unnamed, ...]:
    """The terms with the highest lift; ``name`` is in the compared form, see ``words.folded``."""
    if not subject.topics or not subject.ids:
        return ()
    named = named_in(index, queries)
    found: list[_Term] = []
    for length in range(1, WORDS + 1):
        held, codes = grams(index, length, subject.least, named)
        scores = _Scores.of(held, subject)
        good = np.flatnonzero(scores.papers >= subject.least)
        best = good[np.lexsort((good, -scores.papers[good], -scores.lift[good]))]
        # More than asked for, since some of them are the same.
        for n in best[: limit * _SPARE].tolist():
            words = tuple(index.vocabulary[code] for code in codes[n])
            found.append(
                _Term(
                    words,
                    int(scores.papers[n]),
                    int(scores.topic[n]),
                    float(scores.lift[n]),
                    held.papers(n),
                )
            )
    found.sort(key=lambda one: (-one.lift, -one.papers, -len(one.words), one.words))
    kept: list[_Term] = []
    for one in found:
        if len(kept) < limit and not any(one.is_same_as(other) for other in kept):
            kept.append(one)
    topics = tuple(subject.topics)
    return tuple(
        Unnamed(
            " ".join(one.words),
            one.papers,
            topics[one.topic],
            one.lift,
            _examples(one.rows, subject),
        )
        for one in kept
    )


def names(
    lists: pa.ListArray, subject: Subject, queries: Sequence[Query], limit: int
) -> tuple[Unnamed, ...]:
    """The authors or venues with the highest lift.

    Args:
        lists: for each paper its names; spellings that differ in case alone are one.
        subject: the papers.
        queries: the seed queries.
        limit: how many.
    """
    if not subject.topics or not subject.ids:
        return ()
    flat = lists.flatten()
    lower = pc.utf8_lower(flat).dictionary_encode()
    rows = pc.list_parent_indices(lists).to_numpy().astype(np.int64)
    held, distinct = Held.of(lower.indices.to_numpy().astype(np.int64), rows)
    scores = _Scores.of(held, subject)
    good = np.flatnonzero(scores.papers >= subject.least)
    keys = lower.dictionary.take(pa.array(distinct[good])).to_pylist()
    raw = " ".join(text.casefold() for query in queries for text in query.raw.values())
    order = sorted(
        (n for n in range(len(good)) if not re.search(rf"(?<!\w){re.escape(keys[n])}(?!\w)", raw)),
        key=lambda n: (-scores.lift[good[n]], -scores.papers[good[n]], keys[n]),
    )[:limit]
    spelt = _spellings(flat, lower, {keys[n] for n in order})
    topics = tuple(subject.topics)
    return tuple(
        Unnamed(
            spelt[keys[n]],
            int(scores.papers[good[n]]),
            topics[int(scores.topic[good[n]])],
            float(scores.lift[good[n]]),
            _examples(held.papers(int(good[n])), subject),
        )
        for n in order
    )


def _spellings(flat: pa.Array, lower: pa.DictionaryArray, wanted: Iterable[str]) -> dict[str, str]:
    """The most frequent spelling of each name."""
    keys = lower.dictionary_decode()
    chosen = pc.is_in(keys, value_set=pa.array(sorted(wanted), pa.string()))
    pairs = zip(keys.filter(chosen).to_pylist(), flat.filter(chosen).to_pylist(), strict=True)
    found: dict[str, str] = {}
    for (key, name), _ in sorted(Counter(pairs).items(), key=lambda one: (-one[1], one[0])):
        found.setdefault(key, name)
    return found


def _examples(rows: Whole, subject: Subject) -> tuple[str, ...]:
    return tuple(subject.ids[row] for row in rows[subject.relevant[rows]][:_EXAMPLES].tolist())
