"""Match one labelled set with the one default configuration, and score what came out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from medsafe_harvest.dedupe.overrides import Overrides
from medsafe_harvest.dedupe.reasons import Outcome
from medsafe_harvest.engines.duckdb import Matching, match
from medsafe_harvest.evaluate.figures import (
    BCubed,
    PairCounts,
    Ratio,
    b_cubed,
    components,
    contradictions,
    count_pairs,
    why_no_clusters,
)
from medsafe_harvest.evaluate.labels import Ints, LabelledSet, as_ints
from medsafe_harvest.evaluate.meeting import prepare_meeting
from medsafe_harvest.evaluate.mistakes import Mistake, Mistakes


@dataclass(frozen=True, slots=True)
class Evaluation:
    """Figures of one set; pairs are pairs in the scope of its labels."""

    name: str
    records: int
    pairs: PairCounts
    #: Of the pairs left for a person to decide: how many are matches.
    reviews: Ratio
    #: True pairs that share a blocking key.
    blocking: Ratio
    candidate_pairs: int
    #: Blocks so large that not every pair in them was compared.
    oversized_blocks: int
    b_cubed: BCubed | None
    #: Why there are no B-cubed figures.
    no_b_cubed: str | None
    #: Pairs that are no match by their own label and one by the others.
    contradictions: int
    #: Of matching alone, without reading the set and without scoring.
    seconds: float
    #: The worst errors: false merges first, then missed pairs, each by falling score.
    mistakes: tuple[Mistake, ...]

    def plain(self) -> dict[str, Any]:
        """As values for JSON."""
        precision, recall = self.pairs.precision, self.pairs.recall
        fit = self.b_cubed
        return {
            "name": self.name,
            "records": self.records,
            "precision": precision.value,
            "precision_interval": precision.interval,
            "recall": recall.value,
            "recall_interval": recall.interval,
            "f1": self.pairs.f1,
            "gold_matches": self.pairs.gold,
            "predicted_matches": self.pairs.predicted,
            "true_merges": self.pairs.hits,
            "false_merges": self.pairs.predicted - self.pairs.hits,
            "missed": self.pairs.gold - self.pairs.hits,
            "reviews": self.reviews.of,
            "reviews_gold_matches": self.reviews.hits,
            "reviews_gold_non_matches": self.reviews.of - self.reviews.hits,
            "blocking_recall": self.blocking.value,
            "candidate_pairs": self.candidate_pairs,
            "candidates_per_record": self.candidate_pairs / self.records,
            "oversized_blocks": self.oversized_blocks,
            "b_cubed_precision": fit and fit.precision,
            "b_cubed_recall": fit and fit.recall,
            "b_cubed_f1": fit and fit.f1,
            "b_cubed_missing_because": self.no_b_cubed,
            "label_contradictions": self.contradictions,
            "seconds": self.seconds,
            "records_per_second": self.records_per_second,
            "errors": [asdict(mistake) for mistake in self.mistakes],
        }

    @property
    def note(self) -> str | None:
        """What to know of the labels before one believes the figures, or None."""
        if not self.contradictions:
            return None
        return (
            f"the labels contradict themselves: {self.contradictions:,} pairs are no match by "
            "their own label (or for want of one) and a match by the labels of other pairs"
        )

    @property
    def records_per_second(self) -> float:
        """Speed of matching alone."""
        return self.records / max(self.seconds, 1e-9)


def evaluate(labelled: LabelledSet, timer: Callable[[], float], *, errors: int = 20) -> Evaluation:
    """Match and score one set.

    Args:
        labelled: the set.
        timer: seconds from any fixed moment on.
        errors: how many false merges and how many missed pairs to explain.
    """
    begun = timer()
    matching = match(labelled.records, Overrides())
    seconds = timer() - begun
    clusters = cluster_numbers(labelled, matching.clusters)
    meeting = prepare_meeting(labelled)
    left, right = labelled.gold()
    no_b_cubed = why_no_clusters(labelled)
    mistakes = Mistakes(labelled, clusters, matching, meeting)
    return Evaluation(
        name=labelled.name,
        records=len(labelled),
        pairs=count_pairs(labelled, clusters),
        reviews=_reviews(labelled, matching),
        blocking=Ratio(int(meeting.met(left, right).sum()), len(left)),
        candidate_pairs=matching.counts["candidate_pairs"],
        oversized_blocks=matching.counts["oversized_blocks"],
        b_cubed=None if no_b_cubed else b_cubed(components(len(labelled), left, right), clusters),
        no_b_cubed=no_b_cubed,
        contradictions=contradictions(labelled),
        seconds=seconds,
        mistakes=(*mistakes.false_merges(errors), *mistakes.missed(errors)),
    )


def cluster_numbers(labelled: LabelledSet, clusters: pa.Table) -> Ints:
    """Number of each record's cluster.

    Args:
        labelled: the set.
        clusters: ``record_id`` and ``cluster`` for each of its records, in any order.
    """
    ordered = clusters.sort_by("record_id")["cluster"].combine_chunks()
    if len(ordered) != len(labelled):
        raise ValueError(f"{len(ordered)} records were clustered, not {len(labelled)}")
    return as_ints(ordered.dictionary_encode().indices)


def _reviews(labelled: LabelledSet, matching: Matching) -> Ratio:
    waiting = matching.decisions.filter(
        pc.equal(matching.decisions["outcome"], Outcome.REVIEW.value)
    )
    left, right = (labelled.numbers(waiting[side]) for side in ("left", "right"))
    known = labelled.in_scope(left, right)
    return Ratio(int((labelled.is_gold(left, right) & known).sum()), int(np.sum(known)))
