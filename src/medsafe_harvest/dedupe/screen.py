"""Which candidate pairs are worth a full comparison; most share a rare word by accident.

A match rests on an identifier, a place or a title much alike (see ``evidence.py``). So a pair whose
titles are unlike, and that shares neither identifier nor place, is told apart by its titles alone,
at a fiftieth of the cost. The bounds are below those of every rule that can make a match or a
doubt of a pair that shares an author and several words, or three authors. For one that shares words
alone, or an author and a word that this author may use in every title, the titles must be much
alike.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from rapidfuzz import fuzz
from rapidfuzz.distance import Postfix, Prefix
from rapidfuzz.process import cpdist

from medsafe_harvest.dedupe.blocking import Key
from medsafe_harvest.dedupe.columns import Bools, Floats, Ints, bools
from medsafe_harvest.dedupe.evidence import UNRELATED_TITLE
from medsafe_harvest.dedupe.outline import ENDS, Chances, Outlines, chances_of

#: Kinds of key of which one is enough to look at the pair.
TELLING: frozenset[Key] = frozenset({Key.IDENTIFIER, Key.DOI, Key.TITLE, Key.PLACE})
#: Kinds of key that vouch for an author with a word: some authors use a word in every title.
_OF_WORDS: frozenset[Key] = frozenset({Key.RARE_WORDS, Key.TITLE_PREFIX})

#: Ratio of the titles of a pair that shares an author and a word, and of one that shares words.
ALIKE_BY_AUTHOR = 0.7
_ALIKE = 0.8
#: Letters with which both titles of one team begin.
_A_BEGINNING = 3


def least_ratio(kinds: Collection[str]) -> float:
    """The ratio of titles, 0 to 1, from which a pair with some kinds of shared key is compared.

    0 for a pair that is compared in any case; ``UNRELATED_TITLE`` for one that may be of one team.
    """
    if not TELLING.isdisjoint(kinds):
        return 0.0
    author = Key.RARE_WORD_AUTHOR in kinds
    if Key.TEAM in kinds or (author and not _OF_WORDS.isdisjoint(kinds)):
        return UNRELATED_TITLE
    return ALIKE_BY_AUTHOR if author else _ALIKE


def screened(
    left: pa.RecordBatch, right: pa.RecordBatch, kinds: Sequence[Collection[str]]
) -> Bools:
    """As :func:`worth_comparing`, for rows side by side whose kinds of shared key have names."""
    least = np.array([least_ratio(shared) for shared in kinds], dtype=np.float64)
    return worth_comparing(Side.of_all(left), Side.of_all(right), least)


def possible(left: Outlines, right: Outlines, least: Floats) -> Chances:
    """What may make each pair worth comparing, by outlines of its titles: never wrongly no.

    Args:
        left: n outlines.
        right: the other n.
        least: as of :func:`least_ratio`, for each pair.
    """
    found = chances_of(left, right, least)
    # Where less is asked, the letters hardly tell; where more is, a head tells nothing.
    low = least < ALIKE_BY_AUTHOR
    return Chances(
        sorted_alike=found.sorted_alike | low,
        compact_alike=found.compact_alike | low,
        extends=found.extends | low,
        head=low | (found.head & (least <= ALIKE_BY_AUTHOR)),
    )


@dataclass(frozen=True, slots=True)
class Side:
    """One side of n pairs: rows of a batch."""

    #: ``sketch.SKETCH``, or the columns of titles of it.
    batch: pa.RecordBatch
    #: The row of each pair.
    rows: Ints

    @classmethod
    def of_all(cls, batch: pa.RecordBatch) -> Side:
        """Each row once, in order."""
        return cls(batch, np.arange(len(batch)))

    def take(self, column: str, pairs: Ints) -> pa.Array:
        """The values of some pairs."""
        return self.batch.column(column).take(pa.array(self.rows[pairs]))


def worth_comparing(
    left: Side, right: Side, least: Floats, chances: Chances | None = None
) -> Bools:
    """Whether each pair shares something that tells, or has titles alike enough.

    Args:
        left: one side of n pairs.
        right: the other.
        least: as of :func:`least_ratio`, for each pair.
        chances: as of :func:`possible`; None where nothing is known.
    """
    chances = chances or Chances(*np.ones((4, len(least)), dtype=bool))
    worth = least <= 0
    # The cheapest test first, and each on what those before have left open.
    for column, may_be in (
        ("sorted_title", chances.sorted_alike),
        ("compact_title", chances.compact_alike),
    ):
        for enough in np.unique(least[least > 0]):
            asked = np.flatnonzero(may_be & ~worth & (least == enough))
            worth[asked] = _are_alike(left, right, asked, column, enough)
    asked = np.flatnonzero((chances.extends | chances.head) & ~worth)
    worth[asked] = _begin_alike(left, right, asked, least[asked])
    return worth


def _are_alike(left: Side, right: Side, pairs: Ints, column: str, enough: float) -> Bools:
    titles = [side.take(column, pairs).to_pylist() for side in (left, right)]
    # Below the cutoff the ratio is 0, and found out soon.
    cutoff = 100.0 * enough - _ROUNDING
    ratios = cpdist(*titles, scorer=fuzz.ratio, dtype=np.float64, score_cutoff=cutoff)
    return np.asarray(np.asarray(ratios) / 100.0 >= enough, dtype=bool)


def _begin_alike(left: Side, right: Side, pairs: Ints, least: Floats) -> Bools:
    """Whether one title begins or ends with the other, or both begin with one name, or alike."""
    columns = [side.take("compact_title", pairs) for side in (left, right)]
    titles = [column.to_pylist() for column in columns]
    begins = np.asarray(cpdist(*titles, scorer=Prefix.similarity, dtype=np.int64))
    ends = np.asarray(cpdist(*titles, scorer=Postfix.similarity, dtype=np.int64))
    shorter = np.minimum(*(pc.utf8_length(column).to_numpy() for column in columns))
    extends = (np.maximum(begins, ends) >= shorter) & (shorter >= ENDS)
    heads = [side.take("head", pairs) for side in (left, right)]
    both = pc.and_(pc.equal(*heads), pc.not_equal(heads[0], ""))
    alone = pc.or_(pc.equal(heads[0], columns[1]), pc.equal(heads[1], columns[0]))
    named = bools(pc.or_(both, alone)) & (least <= ALIKE_BY_AUTHOR)
    begun = (begins >= _A_BEGINNING) & (least <= UNRELATED_TITLE)
    return np.asarray(extends | named | begun, dtype=bool)


#: What a ratio may lose on its way through percents.
_ROUNDING = 1e-6
