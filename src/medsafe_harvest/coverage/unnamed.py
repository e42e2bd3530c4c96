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

from medsafe_harvest.coverage.words import BETWEEN, Flags, Whole, WordIndex, folded, stable_order
from medsafe_harvest.sources.expression import Expression, Not, Term
from medsafe_harvest.sources.query import Query

#: Longest term, words.
WORDS = 3
#: Terms that share so much of the rarer one's papers, one inside the other, are one.
SAME = 0.8
_EXAMPLES = 3
_SPARE = 5
_SHORTEST_WORD = 3
#: A word alone says little unless it is a long one.
_SHORTEST_ALONE = 7
_FUNCTION_WORDS = frozenset(
    folded(
        "a about above across after again against al all allow allowing allows along also although "
        "always among an and another any are as at available be because been before being between "
        "both but by can could datum despite did different do does doing done due during each "
        "effective effectively either end enough et etc even every existing extensive few finally "
        "find first for four from further furthermore given has have having he hence her here high "
        "higher his how however if important improve improved improves improving in including into "
        "is it its itself just key lack large largely latter less like low lower made main mainly "
        "make makes many may might more moreover most much must nor not novel number of off often "
        "on once one only or other our out over overall own paper particular particularly per "
        "perform performance performed performs present presented presents previous previously "
        "propose proposed proposes provide provided provides proposing recent recently remain "
        "respectively result results same several shall she should show showed shown shows "
        "significant significantly since single six so some state study studies such than that the "
        "their them then there therefore these they this those though three through thus to "
        "together too toward towards two under until up upon us use used uses using various very "
        "via was we well were what when where whereas whether which while who whose why will with "
        "within without work would yet you your zero based approach approaches method methods "
        "demonstrate demonstrates demonstrating address addresses addressing achieve achieves "
        "achieving enable enables enabling introduce introduces introducing com github http https"
    )
)


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
class _Held:
    """Which papers hold which names: ``rows[begins[n] : begins[n + 1]]`` are name n's, sorted."""

    rows: Whole
    begins: Whole

    @classmethod
    def of(cls, names: Whole, rows: Whole) -> tuple[_Held, Whole]:
        """From pairs in any order and number, and the distinct names, sorted.

        ``rows`` that ascend stay ascending within a name: the sort is stable.
        """
        order = stable_order(names)
        names, rows = names[order], rows[order]
        is_new = np.ones(len(names), dtype=bool)
        is_new[1:] = (names[1:] != names[:-1]) | (rows[1:] != rows[:-1])
        names, rows = names[is_new], rows[is_new]
        distinct, begins = np.unique(names, return_index=True)
        return cls(rows, np.append(begins, len(rows)).astype(np.int64)), distinct

    def counts(self, flags: Flags) -> Whole:
        """For each name how many of its papers have the flag."""
        sums = np.concatenate([[0], np.cumsum(flags[self.rows])])
        counts: Whole = sums[self.begins[1:]] - sums[self.begins[:-1]]
        return counts

    def papers(self, name: int) -> Whole:
        """Rows of the papers of a name."""
        return self.rows[self.begins[name] : self.begins[name + 1]]


@dataclass(frozen=True, slots=True)
class _Scores:
    """For each name; arrays of one length."""

    papers: Whole
    topic: NDArray[np.int64]
    lift: NDArray[np.float64]

    @classmethod
    def of(cls, held: _Held, subject: Subject) -> _Scores:
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
    named = _named(index, queries)
    found: list[_Term] = []
    for length in range(1, WORDS + 1):
        held, codes = _grams(index, length, subject.least, named)
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
    held, distinct = _Held.of(lower.indices.to_numpy().astype(np.int64), rows)
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


def _named(index: WordIndex, queries: Sequence[Query]) -> Flags:
    """The words of the texts that a phrase of a query covers."""
    covered = np.zeros(len(index.codes), dtype=bool)
    for phrase in _phrases(queries):
        places = index.places(phrase)
        for offset in range(len(phrase)):
            covered[places + offset] = True
    return covered


def _phrases(queries: Sequence[Query]) -> frozenset[tuple[str, ...]]:
    """Every phrase that a query asks for."""
    found: set[tuple[str, ...]] = set()
    left: list[Expression] = [query.expression for query in queries]
    while left:
        one = left.pop()
        if isinstance(one, Term):
            found.add(folded(one.words))
        elif not isinstance(one, Not):
            left += one.items
    return frozenset(found)


def _grams(index: WordIndex, length: int, least: int, named: Flags) -> tuple[_Held, Whole]:
    """Terms of so many words, and the codes of their words, a row for each term."""
    inner, edge = _usable(index, length, least)
    size = max(0, len(index.codes) - length + 1)
    good = edge[index.codes[:size]] & edge[index.codes[length - 1 :]]
    for offset in range(length):
        good &= inner[index.codes[offset : offset + size]] & ~named[offset : offset + size]
    places = np.flatnonzero(good)
    # A mark stands between title and abstract; between papers only the row tells.
    places = places[index.rows[places] == index.rows[places + (length - 1)]]
    keys = np.zeros(len(places), np.int64)
    base = len(index.vocabulary)
    for offset in range(length):
        keys = keys * base + index.codes[places + offset]
    encoded = pa.array(keys).dictionary_encode()
    numbers = encoded.indices.to_numpy().astype(np.int64)
    # Most are too rare; without them there is little to sort.
    frequent = (np.bincount(numbers) >= least)[numbers] if len(numbers) else numbers.astype(bool)
    held, distinct = _Held.of(numbers[frequent], index.rows[places[frequent]].astype(np.int64))
    powers = base ** np.arange(length - 1, -1, -1, dtype=np.int64)
    keys = encoded.dictionary.to_numpy()[distinct]
    return held, (keys[:, None] // powers) % base


def _usable(index: WordIndex, length: int, least: int) -> tuple[Flags, Flags]:
    """By code: words that may stand inside a term, and those that may begin or end it."""
    frequent = np.diff(index.begins) >= least
    shortest = _SHORTEST_ALONE if length == 1 else _SHORTEST_WORD
    inner = frequent & np.array([bool(w) and w != BETWEEN for w in index.vocabulary], dtype=bool)
    edge = inner & np.array(
        [
            len(w) >= shortest and w not in _FUNCTION_WORDS and not w[0].isdigit()
            for w in index.vocabulary
        ],
        dtype=bool,
    )
    return inner, edge
