"""Terms of a few words that texts hold, less those that a query asks for already."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from medsafe_harvest.coverage.words import BETWEEN, Flags, Whole, WordIndex, folded, stable_order
from medsafe_harvest.sources.expression import Expression, Not, Term
from medsafe_harvest.sources.query import Query

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
class Held:
    """Which papers hold which names: ``rows[begins[n] : begins[n + 1]]`` are name n's, sorted."""

    rows: Whole
    begins: Whole

    @classmethod
    def of(cls, names: Whole, rows: Whole) -> tuple[Held, Whole]:
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


def named_in(index: WordIndex, queries: Sequence[Query]) -> Flags:
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


def grams(index: WordIndex, length: int, least: int, named: Flags) -> tuple[Held, Whole]:
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
    held, distinct = Held.of(numbers[frequent], index.rows[places[frequent]].astype(np.int64))
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
