"""What papers cite, which no corpus knows: earlier papers that share rare words of the title."""

from __future__ import annotations

import math
from collections import Counter
from datetime import date
from functools import cached_property

from medsafe_harvest.loopback.corpus import Corpus, Paper
from medsafe_harvest.loopback.text import words
from medsafe_harvest.loopback.timeline import Snapshot

#: Papers that one paper cites, at most.
_MOST = 12
#: A word in more titles is not rare.
_RARE = 200
#: The publisher of these DOIs withholds what its papers cite.
_WITHHELD = "10.1016/"


class References:
    """Who cites whom, on the Semantic Scholar side of a corpus.

    Args:
        corpus: what is served.
    """

    def __init__(self, corpus: Corpus) -> None:
        self._papers = corpus.papers
        self._rows: list[int] = corpus.semantic_scholar.tolist()

    @cached_property
    def _titles(self) -> dict[str, list[int]]:
        """By word, the papers that have it in their titles; made when somebody asks first."""
        found: dict[str, list[int]] = {}
        for row in self._rows:
            for word in sorted(set(words(self._papers[row].title))):
                found.setdefault(word, []).append(row)
        return {word: rows for word, rows in found.items() if len(rows) <= _RARE}

    def of(self, paper: Paper, snapshot: Snapshot) -> list[Paper] | None:
        """The papers that one cites, the likeliest first; None where its publisher withholds them.

        Args:
            paper: the paper that cites.
            snapshot: what can be seen; merged papers count as what they became.
        """
        if (paper.doi or "").startswith(_WITHHELD):
            return None
        own = _day(paper)
        scores: Counter[int] = Counter()
        for word in sorted(set(words(paper.title))):
            rows = self._titles.get(word, ())
            for row in rows:
                scores[row] += round(1000 * math.log1p(len(self._rows) / len(rows)))
        order = sorted(scores, key=lambda row: (-scores[row], self._papers[row].s2_id))
        survivors = dict.fromkeys(snapshot.survivor(row) for row in order)
        cited = (self._papers[row] for row in survivors if row is not None)
        earlier = [one for one in cited if (day := _day(one)) and own and day < own]
        return earlier[:_MOST]


def _day(paper: Paper) -> date | None:
    if paper.published is not None:
        return paper.published.date()
    return date(paper.year, 1, 1) if paper.year else None
