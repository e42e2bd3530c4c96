"""Search in four steps, each of which fills up what the one before left open.

1. ``id``: the paper that has this identifier. 2. ``all``: papers with all words. 3. ``typos``: with
all words, some of them taken for misspellings of others. 4. ``some``: with at least half of the
words. Within a step the score decides, then the paper_id.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

import pyarrow.parquet as pq
from tantivy import Query

from medsafe_harvest.curated.readings import readings
from medsafe_harvest.finder.asked import Asked, Unit, read
from medsafe_harvest.finder.index import Index
from medsafe_harvest.finder.near import Vocabulary
from medsafe_harvest.finder.queries import Maker, all_of, some_of
from medsafe_harvest.finder.words import LITTLE, stem
from medsafe_harvest.normalize.text import one_line

Match = Literal["id", "all", "typos", "some"]

#: Scores are compared to so many digits, since their last bits depend on how an index was built.
_DIGITS = 3
#: What is fetched beyond the limit, to see ties.
_MARGIN = 16


@dataclass(frozen=True, slots=True)
class Hit:
    """A paper that was found."""

    #: Its row in papers.parquet.
    row: int
    #: Points; to be compared within one search only. None for an identifier.
    score: float | None
    match: Match


@dataclass(slots=True)
class Found:
    """What a search found."""

    hits: list[Hit] = field(default_factory=list)
    #: How many papers there are, listed or not; a step that was not needed is not there.
    counts: dict[Match, int] = field(default_factory=dict)
    #: A word -> what it may be a misspelling of.
    meant: dict[str, tuple[str, ...]] = field(default_factory=dict)
    #: A word that no paper has -> words to try instead.
    unknown: dict[str, tuple[str, ...]] = field(default_factory=dict)
    #: Stems to highlight.
    stems: set[str] = field(default_factory=set)


def search(index: Index, text: str, limit: int, rows: Sequence[int] | None = None) -> Found:
    """The papers that a text asks for, the best first.

    Args:
        index: an open index.
        text: anything.
        limit: how many papers at most.
        rows: only these rows of papers.parquet; None for all.
    """
    return _Search(index, text, limit, rows).run()


class _Search:
    def __init__(self, index: Index, text: str, limit: int, rows: Sequence[int] | None) -> None:
        self._index, self._text, self._limit = index, text, limit
        self._make = Maker(index)
        self._asked: Asked = read(text)
        self._within = [] if rows is None else [self._make.rows(rows)]
        self._without = [self._make.anywhere(unit) for unit in self._asked.unwanted]
        self._found = Found()

    def run(self) -> Found:
        found, asked, make = self._found, self._asked, self._make
        names = _names(self._text)
        self._take("id", all_of([make.named(names), *self._within]))
        if asked.empty or (found.hits and not self._text.strip().isdigit()):
            return found
        self._without.append(make.named(names))
        spelt = make.spellings(asked)
        exact = {unit: make.unit(unit, others=spelt.get(unit, ())) for unit in asked.units}
        self._phrases = [make.unit(phrase) for phrase in asked.phrases]
        found.stems |= {stem(word) for unit in (*asked.units, *asked.phrases) for word in unit}
        found.stems |= {stem(one) for units in spelt.values() for unit in units for one in unit}
        found.stems |= {stem("".join(unit)) for unit in asked.units}
        found.stems -= LITTLE
        self._bonus = make.bonus(asked, self._text)
        self._step("all", list(exact.values()))
        if self._open and not _is_identifier(names):
            wide = self._with_typos(exact)
            if found.meant:
                self._step("typos", list(wide.values()))
            if len(wide) > 1 and self._open:
                self._some(wide)
        return found

    @property
    def _open(self) -> int:
        """How many papers are wanted yet."""
        return self._limit - len(self._found.hits)

    def _with_typos(self, exact: Mapping[Unit, Query]) -> dict[Unit, Query]:
        wide = dict(exact)
        vocabulary = Vocabulary(pq.read_table(self._index.words))
        for unit, query in exact.items():
            meant = vocabulary.meant(unit[0]) if len(unit) == 1 else ()
            if meant:
                self._found.meant[unit[0]] = meant
                self._found.stems |= {stem(word) for word in meant}
                wide[unit] = self._make.misspelt(query, meant)
            elif len(unit) == 1 and not self._make.known(unit):
                self._found.unknown[unit[0]] = vocabulary.offered(unit[0])
        return wide

    def _some(self, wide: Mapping[Unit, Query]) -> None:
        least = (len(wide) + 1) // 2
        some = some_of([self._make.present(query) for query in wide.values()], least)
        self._step("some", [some])

    def _step(self, match: Match, queries: Sequence[Query]) -> None:
        self._take(
            match, all_of([*queries, *self._phrases, *self._within], self._without, self._bonus)
        )
        # Later steps leave out what this one found, listed or not.
        self._without.append(all_of([*queries, *self._phrases]))

    def _take(self, match: Match, query: Query) -> None:
        """Add the best papers of a query, as many as are wanted yet."""
        searcher, wanted = self._index.searcher, self._open
        most = max(searcher.num_docs, 1)
        size = min(wanted + _MARGIN, most)
        while True:
            result = searcher.search(query, limit=size, weight_by_field="recency")
            scores = [round(score, _DIGITS) for score, _ in result.hits]
            if size == most or len(scores) < size or scores[-1] < scores[wanted - 1]:
                break
            size = min(size * 4, most)  # what comes after may be as good as the last one wanted
        rows = searcher.fast_field_values("row", [place for _, place in result.hits])
        best = sorted(zip(scores, rows, strict=True), key=lambda pair: (-pair[0], pair[1] or 0))
        self._found.counts[match] = result.count  # type: ignore[attr-defined] # not in its stubs
        self._found.hits += [
            Hit(int(row or 0), None if match == "id" else score, match)
            for score, row in best[:wanted]
        ]


def _names(text: str) -> list[str]:
    """What is in the field of ids if the text is one."""
    name = one_line(text) or ""
    found = [f"{column}:{value}" for column, value in readings(name)]
    return [name.lower(), *found]


def _is_identifier(names: Sequence[str]) -> bool:
    """Whether the text can hardly be anything but an identifier of a paper."""
    return any(name.startswith(("arxiv_id:", "doi:", "pmcid:")) for name in names[1:])
