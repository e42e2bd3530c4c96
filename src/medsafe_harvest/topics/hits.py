"""Every phrase of every rule in some texts."""

from __future__ import annotations

from itertools import chain
from typing import NamedTuple

import numpy as np

from medsafe_harvest.topics.tables import (
    IN_CASED,
    IN_LOWER,
    NONE,
    Bools,
    CompiledRules,
    Ints,
    TermTable,
)
from medsafe_harvest.topics.texts import Texts


class Keys(NamedTuple):
    """Keys of the automaton found: number, position of the last character, and paper."""

    key: Ints
    last: Ints
    paper: Ints

    def take(self, rows: Bools) -> Keys:
        """Some of the rows."""
        return Keys._make(column[rows] for column in self)


class Hits(NamedTuple):
    """Phrases found, a row each, in order of where they end.

    Attributes:
        term: number in the table of terms.
        slot: whose term it is.
        paper, sentence: which one has it; no phrase reaches beyond its sentence.
        start, end: where it stands in the folded text.
    """

    term: Ints
    slot: Ints
    paper: Ints
    sentence: Ints
    start: Ints
    end: Ints

    def take(self, rows: Ints | Bools) -> Hits:
        """Some of the rows."""
        return Hits._make(column[rows] for column in self)


def keys(rules: CompiledRules, texts: Texts) -> Keys:
    """All that the automaton finds."""
    found = np.fromiter(chain.from_iterable(rules.automaton.iter(texts.flat)), np.int64)
    last, key = found[::2].copy(), found[1::2].copy()
    return Keys(key, last, texts.paper(last))


def hits(terms: TermTable, texts: Texts, found: Keys, asked: Bools | None = None) -> Hits:
    """What the keys mean, where the text has it as it must be spelled.

    Args:
        terms: the terms of all keys.
        texts: where the keys were found.
        found: these keys.
        asked: by paper and slot whether its terms are asked for; all of them if None.
    """
    count = terms.count[found.key]
    # The terms of a key stand together: number them from the first on.
    before = np.cumsum(count) - count
    term = np.repeat(terms.first[found.key] - before, count) + np.arange(count.sum())
    paper, last = np.repeat(found.paper, count), np.repeat(found.last, count)
    if asked is not None:
        rows = np.flatnonzero(asked[paper, terms.slot[term]])
        term, paper, last = term[rows], paper[rows], last[rows]
    start, end = last - terms.before[term], last - terms.after[term]
    kept = np.ones(len(term), dtype=bool)
    text = terms.text[term]
    for whole, number in ((texts.lower, IN_LOWER), (texts.cased, IN_CASED)):
        rows = np.flatnonzero(text == number)
        said = map(terms.spelled.__getitem__, term[rows].tolist())
        places = zip(start[rows].tolist(), end[rows].tolist(), said, strict=True)
        kept[rows] = [whole[first:behind] == one for first, behind, one in places]
    term, paper, start, end = term[kept], paper[kept], start[kept], end[kept]
    return Hits(term, terms.slot[term], paper, texts.sentence(start), start, end)


def without_exceptions(rules: CompiledRules, texts: Texts, found: Hits) -> Hits:
    """The hits that no exception of their slot overlaps."""
    owner = rules.excluded_from[found.slot]
    exceptions = np.flatnonzero(owner != NONE)
    owner = owner[exceptions]
    # Few hits have an exception anywhere in their paper, and a table tells which.
    guarded = np.zeros((texts.papers, len(rules.excluded_from)), dtype=bool)
    guarded[found.paper[exceptions], owner] = True
    rows = np.flatnonzero(guarded[found.paper, found.slot])
    # Of the exceptions that begin before a hit ends, those that end before it begins do not
    # overlap it. Slots stand one behind the other, so that one sorted list serves them all.
    starts = np.sort(owner * texts.span + found.start[exceptions])
    ends = np.sort(owner * texts.span + found.end[exceptions])
    shift = found.slot[rows] * texts.span
    begun = np.searchsorted(starts, shift + found.end[rows])
    over = np.searchsorted(ends, shift + found.start[rows], "right")
    kept = np.ones(len(found.slot), dtype=bool)
    kept[rows] = begun == over
    return found.take(kept)


class Spots:
    """Where phrases stand, by slot and in order, to tell the nearest ones.

    Each column is sorted for itself; they fit, as no phrase reaches beyond its sentence.
    """

    def __init__(self, found: Hits, span: int) -> None:
        """``span`` is more than any position."""
        order = np.argsort(found.slot, kind="stable")
        self.slot, self.paper = found.slot[order], found.paper[order]
        self.sentence = found.sentence[order]
        self._span = span
        self._starts = np.sort(found.slot * span + found.start)
        self._ends = np.sort(found.slot * span + found.end)
        self.start, self.end = self._starts - self.slot * span, self._ends - self.slot * span

    def before(self, slot: Ints, start: Ints) -> Ints:
        """Rows of the last of a slot that ends at or before a position, or ``NONE``."""
        row = np.searchsorted(self._ends, slot * self._span + start, "right") - 1
        return self._of_slot(row, slot)

    def behind(self, slot: Ints, end: Ints) -> Ints:
        """Rows of the first of a slot that begins at or behind a position, or ``NONE``."""
        return self._of_slot(np.searchsorted(self._starts, slot * self._span + end), slot)

    def _of_slot(self, row: Ints, slot: Ints) -> Ints:
        there = (row >= 0) & (row < len(self.slot))
        there[there] = self.slot[row[there]] == slot[there]
        return np.where(there, row, NONE)
