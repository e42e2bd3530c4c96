"""From words to queries of tantivy; what counts how much stands here.

A word counts where it counts most, and a little (``_ELSEWHERE``) in the other places: in title and
abstract by BM25, the title ``_TITLE`` times; among authors, in venue and year, and in topics by how
rare it is in all papers. Words that stand side by side as they were typed add to that.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import pairwise

import tantivy
from tantivy import Occur, Query

from medsafe_harvest.finder.asked import Asked, Unit
from medsafe_harvest.finder.index import Index
from medsafe_harvest.finder.words import stem, tidy
from medsafe_harvest.normalize.text import comparison_form

_TITLE = 4.0
_FIXED = {"authors": 3.0, "topics": 2.0, "venue": 1.5}
_ELSEWHERE = 0.1
_WHOLE_TITLE = 100.0
#: A word in the form in which it was typed, not only by its stem.
_UNSTEMMED = 0.3
#: Of all words in their order, in the title; of two neighbours.
_LINE, _PAIR = 2.0, 0.5
#: In the abstract these count so much less.
_IN_ABSTRACT = 0.5
#: What a misspelt word counts, against one that is right.
_MISSPELT = 0.5
#: For each word that a paper has, where no paper has all.
_PRESENT = 5.0

_Terms = Sequence[str]


class Maker:
    """Makes queries for one index."""

    def __init__(self, index: Index) -> None:
        self._schema = index.schema
        self._searcher = index.searcher

    def known(self, unit: Unit) -> bool:
        """Whether any paper has all words of the unit."""
        return self._searcher.search(self.unit(unit), limit=1, count=False).hits != []

    def anywhere(self, unit: Unit) -> Query:
        """Papers that have a word, or words side by side, whatever it counts."""
        return _quiet(self.unit(unit, others=()))

    def unit(self, unit: Unit, *, others: Iterable[Unit] = ()) -> Query:
        """Papers that have a word however it is spelt, or what else is as good.

        Args:
            unit: a word, or the parts of one with a hyphen.
            others: the same in other spellings: two words for one, or one for two.
        """
        spellings = list(others)
        if len(unit) > 1:
            spellings.append(("".join(unit),))
        elif self._frequency("joined", unit[0]):
            spellings += self._splits(unit[0])
        parts = list(self._places(unit))
        for other in dict.fromkeys(spellings):
            # A spelling that few use is not worth more for that.
            factor = min(1.0, self._rarity(unit) / self._rarity(other))
            parts += [Query.boost_query(part, factor) for part in self._places(other)]
        return Query.disjunction_max_query(parts, _ELSEWHERE)

    def spellings(self, asked: Asked) -> Mapping[Unit, tuple[Unit, ...]]:
        """For two words that stand side by side, one word where papers have that: "x ray"."""
        found: dict[Unit, tuple[Unit, ...]] = {}
        for left, right in pairwise(asked.units):
            both = ("".join((*left, *right)),)
            if len(left) == len(right) == 1 and self._frequency("all", both[0]):
                for unit in (left, right):
                    found[unit] = (*found.get(unit, ()), both)
        return found

    def misspelt(self, exact: Query, meant: Iterable[str]) -> Query:
        """A word, or what it may be a misspelling of."""
        others = [Query.boost_query(self.unit((word,)), _MISSPELT) for word in meant]
        return Query.disjunction_max_query([exact, *others])

    def bonus(self, asked: Asked, text: str) -> list[Query]:
        """What papers get on top for words as they were typed, and in that order."""
        stems = [stem(word) for word in asked.line]
        whole = Query.term_query(self._schema, "whole", comparison_form(tidy(text)))
        found = [Query.const_score_query(whole, _WHOLE_TITLE)]
        for unit in asked.units:
            exact = Query.term_query(self._schema, "all", unit[0])
            found.append(Query.const_score_query(exact, _UNSTEMMED * self._rarity(unit)))
        lines = [(stems, _LINE)] if len(stems) > 2 else []
        for terms, points in [*lines, *((pair, _PAIR) for pair in pairwise(stems))]:
            for name, factor in (("title", 1.0), ("abstract", _IN_ABSTRACT)):
                query = self._phrase(name, terms)
                found.append(Query.boost_query(query, points * factor))
        return found

    def present(self, query: Query) -> Query:
        """The query, with points for a paper that answers it at all."""
        extra = Query.const_score_query(query, _PRESENT)
        return Query.boolean_query([(Occur.Must, query), (Occur.Must, extra)])

    def rows(self, rows: Sequence[int]) -> Query:
        """Papers of these rows; it gives no points."""
        return _quiet(Query.term_set_query(self._schema, "row", rows))

    def named(self, names: Sequence[str]) -> Query:
        """Papers of these ids."""
        return Query.term_set_query(self._schema, "ids", names)

    def _frequency(self, field: str, word: str) -> int:
        return self._searcher.doc_freq(field, word)

    def _splits(self, word: str) -> Iterator[Unit]:
        """Two words that papers have, for one: "xray"."""
        for cut in range(1, len(word)):
            both = word[:cut], word[cut:]
            if all(self._frequency("all", part) for part in both):
                yield both

    def _places(self, unit: Unit) -> Iterator[Query]:
        """Where a word can stand, or words side by side."""
        stems = [stem(word) for word in unit]
        yield Query.boost_query(self._phrase("title", stems), _TITLE)
        yield self._phrase("abstract", stems)
        rare = self._rarity(unit)
        for name, points in _FIXED.items():
            terms = unit if name == "authors" else stems
            yield Query.const_score_query(self._phrase(name, terms), points * rare)

    def _phrase(self, field: str, terms: _Terms) -> Query:
        if len(terms) == 1:
            return Query.term_query(self._schema, field, terms[0])
        return Query.phrase_query(self._schema, field, list(terms))

    def _rarity(self, unit: Unit) -> float:
        """Of its rarest word, as in BM25: ln(1 + (N - n + 0.5) / (n + 0.5)), in n of N papers."""
        papers = self._searcher.num_docs
        having = min(self._frequency("all", word) for word in unit)
        return math.log1p((papers - having + 0.5) / (having + 0.5))


def _quiet(query: Query) -> Query:
    return Query.const_score_query(query, 0.0)


def all_of(
    queries: Iterable[Query], without: Iterable[Query] = (), bonus: Iterable[Query] = ()
) -> Query:
    """Papers that answer all, and none of some others; a bonus is optional."""
    return tantivy.Query.boolean_query(
        [
            *((Occur.Must, query) for query in queries),
            *((Occur.MustNot, query) for query in without),
            *((Occur.Should, query) for query in bonus),
        ]
    )


def some_of(queries: Sequence[Query], least: int) -> Query:
    """Papers that answer at least so many."""
    return tantivy.Query.boolean_query([(Occur.Should, query) for query in queries], least)
