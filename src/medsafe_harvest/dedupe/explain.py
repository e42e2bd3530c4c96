"""Why two records are, or are not, one paper: the whole working of one decision."""

from __future__ import annotations

from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from medsafe_harvest.dedupe.blocking import shared_keys, word_counts
from medsafe_harvest.dedupe.compare import compare
from medsafe_harvest.dedupe.decide import (
    EVIDENCE,
    GUARDS,
    MATCH_FROM,
    PRIOR,
    REVIEW_FROM,
    Outcome,
    decide,
    weigh,
)
from medsafe_harvest.dedupe.prepare import NEEDED, prepare
from medsafe_harvest.errors import NotFoundError


@dataclass(frozen=True, slots=True)
class Evidence:
    """One kind of evidence, the level that holds, and its weight (log-odds)."""

    kind: str
    words: str
    weight: float


@dataclass(frozen=True, slots=True)
class Explanation:
    """A decision about two records with everything that went into it."""

    left: str
    right: str
    outcome: str
    reason: str
    #: 0 to 1, from the sum of the evidence.
    score: float
    prior: float
    evidence: tuple[Evidence, ...]
    #: Whether a guard decided, whatever the score.
    guarded: bool
    features: dict[str, bool | float | int]
    #: Kinds of blocking key that both have; without one they are never compared in a run.
    shared_keys: tuple[str, ...]
    would_change: str


def explain_pair(left: pa.RecordBatch, right: pa.RecordBatch, keys: tuple[str, ...]) -> Explanation:
    """The decision about two comparison rows, whether or not they share a block.

    Args:
        left: one row of ``prepare.COMPARISON``.
        right: one row of it.
        keys: kinds of blocking key that they share.
    """
    features = compare(left, right)
    verdicts = decide(features)
    guarded = any(bool(guard.holds(features)[0]) for guard in GUARDS)
    levels = {kind: EVIDENCE[kind][number[0]] for kind, number in weigh(features).items()}
    total = float(verdicts.sums[0])
    return Explanation(
        left=left.column("record_id")[0].as_py(),
        right=right.column("record_id")[0].as_py(),
        outcome=str(verdicts.outcomes[0]),
        reason=str(verdicts.reasons[0]),
        score=round(float(verdicts.scores[0]), 6),
        prior=PRIOR,
        evidence=tuple(Evidence(kind, level.words, level.weight) for kind, level in levels.items()),
        guarded=guarded,
        features=features.row(0),
        shared_keys=keys,
        would_change=_would_change(str(verdicts.outcomes[0]), total, guarded=guarded),
    )


def explain(records: pa.Table, left_id: str, right_id: str) -> Explanation:
    """The decision about two of the records.

    Args:
        records: rows of ``schema.RECORD``; all of them, since how rare a word is depends on them.
        left_id: record_id of one.
        right_id: record_id of the other; the order does not matter.

    Raises:
        NotFoundError: no record has that id.
    """
    left, right = (_one(records, record_id) for record_id in sorted((left_id, right_id)))
    batches = records.select(NEEDED).to_batches(max_chunksize=50_000)
    frequencies = word_counts(map(prepare, batches))
    return explain_pair(left, right, tuple(shared_keys(left, right, frequencies)))


def _one(records: pa.Table, record_id: str) -> pa.RecordBatch:
    found = records.select(NEEDED).filter(pc.equal(records["record_id"], record_id))
    if not len(found):
        raise NotFoundError(f"no record has the id {record_id}")
    return prepare(found.combine_chunks().to_batches()[0])


def _would_change(outcome: str, total: float, *, guarded: bool) -> str:
    if guarded:
        return f"A guard decided. By the evidence alone it would be {_by_sum(total)}."
    if outcome == Outcome.MATCH:
        return f"Evidence weaker by {total - MATCH_FROM:.1f} would make it a review."
    return f"Evidence stronger by {max(MATCH_FROM - total, 0.0):.1f} would make it a match."


def _by_sum(total: float) -> str:
    if total >= MATCH_FROM:
        return "a match"
    return "a review" if total >= REVIEW_FROM else "a non-match"
