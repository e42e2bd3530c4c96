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

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from rapidfuzz import fuzz
from rapidfuzz.distance import Postfix, Prefix
from rapidfuzz.process import cpdist

from medsafe_harvest.dedupe.blocking import Key
from medsafe_harvest.dedupe.columns import Bools, Floats, bools
from medsafe_harvest.dedupe.evidence import UNRELATED_TITLE
from medsafe_harvest.dedupe.outline import ENDS, Outlines, may_be_alike, may_share_head

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
    """As :func:`worth_comparing`, for pairs whose kinds of shared key are known by name."""
    least = np.array([least_ratio(shared) for shared in kinds], dtype=np.float64)
    return worth_comparing(left, right, least)


def may_be_worth(left: Outlines, right: Outlines, least: Floats) -> Bools:
    """Whether pairs may be worth comparing, by outlines of their titles: never wrongly no.

    Args:
        left: n outlines.
        right: the other n.
        least: as of :func:`least_ratio`, for each pair.
    """
    # Where less is asked, the letters hardly tell.
    return np.asarray(
        (least < ALIKE_BY_AUTHOR)
        | may_be_alike(left, right, least)
        | ((least <= ALIKE_BY_AUTHOR) & may_share_head(left, right)),
        dtype=bool,
    )


def worth_comparing(left: pa.RecordBatch, right: pa.RecordBatch, least: Floats) -> Bools:
    """Whether each pair shares something that tells, or has titles alike enough.

    Args:
        left: n rows of ``sketch.SKETCH``, or the columns of titles of it.
        right: the other n.
        least: as of :func:`least_ratio`, for each pair.
    """
    unsure = np.flatnonzero(least > 0)
    worth = np.ones(len(least), dtype=bool)
    sides = [side.take(pa.array(unsure)) for side in (left, right)]
    worth[unsure] = _much_alike(sides[0], sides[1], least[unsure])
    return worth


def _much_alike(left: pa.RecordBatch, right: pa.RecordBatch, least: Floats) -> Bools:
    alike = np.zeros(len(least), dtype=bool)
    for column in ("sorted_title", "compact_title"):
        titles = [side.column(column).to_pylist() for side in (left, right)]
        # Below the cutoff the ratio is 0, and found out soon.
        ratios = cpdist(
            *titles, scorer=fuzz.ratio, dtype=np.float64, score_cutoff=100 * UNRELATED_TITLE
        )
        alike |= np.asarray(ratios) / 100.0 >= least
    lengths = [pc.utf8_length(side.column("compact_title")).to_numpy() for side in (left, right)]
    begins = np.asarray(cpdist(*titles, scorer=Prefix.similarity, dtype=np.int64))
    ends = np.asarray(cpdist(*titles, scorer=Postfix.similarity, dtype=np.int64))
    shorter = np.minimum(*lengths)
    extends = (np.maximum(begins, ends) >= shorter) & (shorter >= ENDS)
    named = _one_name(left, right) & (least <= ALIKE_BY_AUTHOR)
    begun = (begins >= _A_BEGINNING) & (least <= UNRELATED_TITLE)
    return np.asarray(alike | extends | named | begun, dtype=bool)


def _one_name(left: pa.RecordBatch, right: pa.RecordBatch) -> Bools:
    """Both titles begin with one name, or one is nothing else."""
    heads, whole = (
        [side.column(column) for side in (left, right)] for column in ("head", "compact_title")
    )
    both = pc.and_(pc.equal(*heads), pc.not_equal(heads[0], ""))
    alone = pc.or_(pc.equal(heads[0], whole[1]), pc.equal(heads[1], whole[0]))
    return bools(pc.or_(both, alone))
