"""Which candidate pairs are worth a full comparison; most share a rare word by accident.

A match rests on an identifier, a place or a title much alike (see ``evidence.py``). So a pair whose
titles are unlike, and that shares neither identifier nor place, is told apart by its titles alone,
at a fiftieth of the cost. The bounds are below those of every rule that can make a match or a
doubt of a pair that shares an author with a word. For one that shares words alone, an author found
nowhere in its keys, the title must be alike enough to carry a match.
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
from medsafe_harvest.dedupe.columns import Bools
from medsafe_harvest.dedupe.evidence import UNRELATED_TITLE

#: Kinds of key of which one is enough to look at the pair.
TELLING: frozenset[Key] = frozenset({Key.IDENTIFIER, Key.DOI, Key.TITLE, Key.PLACE})
#: Kinds of key that an author is in.
OF_AUTHORS: frozenset[Key] = frozenset({Key.RARE_WORD_AUTHOR, Key.TEAM})

#: Ratio of the titles of a pair that shares words alone.
_ALIKE = 0.8
#: Letters with which both titles of one author begin: a name before a colon.
_A_NAME = 3
#: Letters of a title that the other begins or ends with.
_A_TITLE = 8


def screened(
    left: pa.RecordBatch, right: pa.RecordBatch, kinds: Sequence[Collection[str]]
) -> Bools:
    """As :func:`worth_comparing`, for pairs whose kinds of shared key are known by name."""
    telling, by_author = (
        np.array([not some.isdisjoint(shared) for shared in kinds], dtype=bool)
        for some in (TELLING, OF_AUTHORS)
    )
    return worth_comparing(left, right, telling, by_author)


def worth_comparing(
    left: pa.RecordBatch, right: pa.RecordBatch, telling: Bools, by_author: Bools
) -> Bools:
    """Whether each pair shares something that tells, or has titles alike enough.

    Args:
        left: n rows with ``sorted_title`` and ``compact_title``, as of ``blocking.SKETCH``.
        right: the other n.
        telling: whether the pair shares a key of ``TELLING``.
        by_author: whether it shares a key of ``OF_AUTHORS``.
    """
    unsure = np.flatnonzero(~telling)
    worth = telling.copy()
    sides = [side.take(pa.array(unsure)) for side in (left, right)]
    worth[unsure] = _much_alike(sides[0], sides[1], by_author[unsure])
    return worth


def _much_alike(left: pa.RecordBatch, right: pa.RecordBatch, by_author: Bools) -> Bools:
    least = np.where(by_author, UNRELATED_TITLE, _ALIKE)
    alike = np.zeros(len(by_author), dtype=bool)
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
    extends = (np.maximum(begins, ends) >= shorter) & (shorter >= _A_TITLE)
    return np.asarray(alike | extends | (by_author & (begins >= _A_NAME)), dtype=bool)
