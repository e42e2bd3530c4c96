"""Count pairs and clusters. Nothing here lists the pairs of a cluster: it counts them.

Records are numbered 0 to n-1; a clustering is an array of n cluster numbers.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from medsafe_harvest.evaluate.labels import Ints, LabelledSet

#: Quantile of the normal distribution for an interval of 95 %.
_Z = 1.959963984540054


@dataclass(frozen=True, slots=True)
class Ratio:
    """A share with its interval of confidence."""

    hits: int
    of: int

    @property
    def value(self) -> float:
        """Hits by all; 1 of nothing, where the interval says that nothing is known."""
        return self.hits / self.of if self.of else 1.0

    @property
    def interval(self) -> tuple[float, float]:
        """See :func:`wilson`."""
        return wilson(self.hits, self.of)


@dataclass(frozen=True, slots=True)
class PairCounts:
    """Pairs in the scope of the labels."""

    gold: int
    #: Pairs of records that ended in one cluster.
    predicted: int
    #: Both.
    hits: int

    @property
    def precision(self) -> Ratio:
        """Share of the merged pairs that are right."""
        return Ratio(self.hits, self.predicted)

    @property
    def recall(self) -> Ratio:
        """Share of the true pairs that were merged."""
        return Ratio(self.hits, self.gold)

    @property
    def f1(self) -> float:
        """Harmonic mean of the two; 1 where there was nothing to find and nothing was found."""
        both = self.gold + self.predicted
        return 2 * self.hits / both if both else 1.0


@dataclass(frozen=True, slots=True)
class BCubed:
    """B-cubed figures: the mean over records of how well the record's own cluster fits."""

    precision: float
    recall: float

    @property
    def f1(self) -> float:
        """Harmonic mean; neither is ever 0, since a record is in its own cluster."""
        return 2 * self.precision * self.recall / (self.precision + self.recall)


def wilson(hits: int, of: int) -> tuple[float, float]:
    """The 95 % score interval of a share; (0, 1) of nothing.

    E. B. Wilson, "Probable inference, the law of succession, and statistical inference",
    Journal of the American Statistical Association 22 (1927) 209-212, without continuity
    correction: (p + z²/2n ± z √(p(1-p)/n + z²/4n²)) / (1 + z²/n). It takes pairs as independent,
    which pairs of one large cluster are not: there the truth is wider.
    """
    if not of:
        return 0.0, 1.0
    share, square = hits / of, _Z * _Z / of
    middle = share + square / 2
    spread = math.sqrt(square * (share * (1 - share) + square / 4))
    low = 0.0 if hits == 0 else (middle - spread) / (1 + square)
    high = 1.0 if hits == of else (middle + spread) / (1 + square)
    return low, high


def count_pairs(labelled: LabelledSet, clusters: Ints) -> PairCounts:
    """Count the true pairs, the merged pairs, and those that are both."""
    left, right = labelled.gold()
    hits = int((clusters[left] == clusters[right]).sum())
    if not labelled.complete:
        predicted = int((clusters[labelled.left] == clusters[labelled.right]).sum())
    else:
        predicted = pairs_within(clusters)
        if labelled.cross_source_only:
            predicted -= pairs_within(both(clusters, labelled.sources))
    return PairCounts(gold=len(left), predicted=predicted, hits=hits)


def pairs_within(clusters: Ints) -> int:
    """Number of pairs of records of the same cluster."""
    sizes = np.unique(clusters, return_counts=True)[1].astype(np.int64)
    return int((sizes * (sizes - 1) // 2).sum())


def both(one: Ints, other: Ints) -> Ints:
    """The clustering in which records are together that are so in both."""
    first, second = (np.unique(side, return_inverse=True)[1] for side in (one, other))
    return np.asarray(first * (int(second.max(initial=0)) + 1) + second, dtype=np.int64)


def components(size: int, left: Ints, right: Ints) -> Ints:
    """Connected components of a graph: for each node the smallest node that it reaches."""
    lowest = np.arange(size, dtype=np.int64)
    while True:
        before = lowest.copy()
        smaller = np.minimum(lowest[left], lowest[right])
        for side in (left, right):
            # Also at the roots, so that a long chain folds in few rounds.
            np.minimum.at(lowest, before[side], smaller)
            np.minimum.at(lowest, side, smaller)
        lowest = lowest[lowest]
        if (lowest == before).all():
            return lowest


def b_cubed(gold: Ints, clusters: Ints) -> BCubed:
    """B-cubed precision and recall of a clustering.

    A. Bagga and B. Baldwin, "Algorithms for scoring coreference chains", LREC workshop on
    linguistic coreference (1998): of each record, the share of its cluster that is its paper's,
    and the share of its paper's records that are in its cluster.

    Args:
        gold: the true clustering.
        clusters: the clustering to score.
    """
    together = _sizes(both(gold, clusters))
    return BCubed(
        precision=float(np.mean(together / _sizes(clusters))),
        recall=float(np.mean(together / _sizes(gold))),
    )


def why_no_clusters(labelled: LabelledSet) -> str | None:
    """Why the labels do not say which records are one paper, or None if they do."""
    if not labelled.complete:
        return "not every pair is labelled"
    if labelled.cross_source_only:
        return "only pairs of different sources are labelled"
    torn = contradictions(labelled)
    if torn:
        return (
            "the labels contradict themselves: A is B and B is C, but A is not C "
            f"({torn:,} such pairs)"
        )
    return None


def contradictions(labelled: LabelledSet) -> int:
    """Pairs that are no match by their own label, or by none, and one by the other labels.

    A is B and B is C, but A is not C. Only pairs in the scope of the labels count.
    """
    left, right = labelled.gold()
    closed = components(len(labelled), left, right)
    if not labelled.complete:
        apart = ~labelled.match
        return int((closed[labelled.left[apart]] == closed[labelled.right[apart]]).sum())
    implied = pairs_within(closed)
    if labelled.cross_source_only:
        implied -= pairs_within(both(closed, labelled.sources))
    return implied - len(left)


def _sizes(clusters: Ints) -> Ints:
    """Of each record, the size of its cluster."""
    _, numbers, sizes = np.unique(clusters, return_inverse=True, return_counts=True)
    return np.asarray(sizes[numbers], dtype=np.int64)
