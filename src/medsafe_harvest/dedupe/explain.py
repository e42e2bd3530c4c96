"""Why two records are, or are not, one paper: the whole working of one decision."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from medsafe_harvest.dedupe.blocking import shared_keys
from medsafe_harvest.dedupe.compare import compare
from medsafe_harvest.dedupe.decide import decide, weigh
from medsafe_harvest.dedupe.evidence import EVIDENCE, MATCH_FROM, PRIOR, REVIEW_FROM, Level
from medsafe_harvest.dedupe.guards import GUARDS, Guard
from medsafe_harvest.dedupe.prepare import NEEDED, prepare
from medsafe_harvest.dedupe.reasons import Outcome, Reason
from medsafe_harvest.errors import NotFoundError

#: What the prior stands for, in words.
PRIOR_IS = "two records that share a key"


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
    #: Prior and weights, in natural log-odds.
    sum: float
    #: 0 to 1, from the sum of the evidence.
    score: float
    prior: float
    evidence: tuple[Evidence, ...]
    #: The guard that decided whatever the sum, or None.
    guard: str | None
    #: What the sum alone would have decided.
    without_guard: str
    #: From which sum it is a match, and from which a review.
    match_from: float
    review_from: float
    features: dict[str, bool | float | int]
    #: Kinds of blocking key that both have; without one they are never compared in a run.
    shared_keys: tuple[str, ...]
    #: What would have changed the answer, most likely first, in words.
    would_change: tuple[str, ...]


def explain_pair(left: pa.RecordBatch, right: pa.RecordBatch, keys: tuple[str, ...]) -> Explanation:
    """The decision about two comparison rows, whether or not they share a block.

    Args:
        left: one row of ``prepare.COMPARISON``.
        right: one row of it.
        keys: kinds of blocking key that they share.
    """
    features = compare(left, right)
    verdicts = decide(features)
    firing = [guard for guard in GUARDS if bool(guard.holds(features)[0])]
    levels = {kind: EVIDENCE[kind][number[0]] for kind, number in weigh(features).items()}
    total = float(verdicts.sums[0])
    outcome, reason = str(verdicts.outcomes[0]), str(verdicts.reasons[0])
    return Explanation(
        left=left.column("record_id")[0].as_py(),
        right=right.column("record_id")[0].as_py(),
        outcome=outcome,
        reason=reason,
        sum=round(total, 6),
        score=round(float(verdicts.scores[0]), 6),
        prior=PRIOR,
        evidence=tuple(Evidence(kind, level.words, level.weight) for kind, level in levels.items()),
        guard=reason if firing and firing[0].reason == reason else None,
        without_guard=_by_sum(total),
        match_from=MATCH_FROM,
        review_from=REVIEW_FROM,
        features=features.row(0),
        shared_keys=keys,
        would_change=tuple(_would_change(outcome, reason, total, firing, levels)),
    )


def explain(records: pa.Table, left_id: str, right_id: str) -> Explanation:
    """The decision about two of the records; the order of the two does not matter.

    Args and errors as for :func:`explain_all`.
    """
    return explain_all(records, [(left_id, right_id)])[0]


def explain_all(records: pa.Table, pairs: Sequence[tuple[str, str]]) -> list[Explanation]:
    """The decisions about pairs of the records.

    Args:
        records: rows of ``schema.RECORD``.
        pairs: two record_ids each.

    Raises:
        NotFoundError: no record has that id.
    """
    explanations = []
    for pair in pairs:
        left, right = (_one(records, record_id) for record_id in sorted(pair))
        explanations.append(explain_pair(left, right, tuple(shared_keys(left, right))))
    return explanations


@dataclass(frozen=True, slots=True)
class Identifiers:
    """What the identifiers of two records are to each other, each as "kind:value"."""

    shared: tuple[str, ...]
    #: Two of a kind of which one paper has but one.
    conflicting: tuple[tuple[str, str], ...]


def identifiers(records: pa.Table, left_id: str, right_id: str) -> Identifiers:
    """The identifiers that two records share, and those that contradict each other.

    Raises:
        NotFoundError: no record has that id.
    """
    left, right = (_one(records, one).to_pylist()[0] for one in (left_id, right_id))
    ours, theirs = ([*row["ids"], *(f"doi:{doi}" for doi in row["dois"])] for row in (left, right))
    conflicting = [
        (f"{kind}:{left[column]}", f"{kind}:{right[column]}")
        for kind, column in (("arxiv", "arxiv_id"), ("pmid", "pmid"), ("pmcid", "pmcid"))
        if left[column] and right[column] and left[column] != right[column]
    ]
    ours_dois, their_dois = left["journal_dois"], right["journal_dois"]
    if ours_dois and their_dois and not set(ours_dois) & set(their_dois):
        conflicting.append((f"doi:{ours_dois[0]}", f"doi:{their_dois[0]}"))
    return Identifiers(tuple(one for one in ours if one in theirs), tuple(conflicting))


def _one(records: pa.Table, record_id: str) -> pa.RecordBatch:
    found = records.select(NEEDED).filter(pc.equal(records["record_id"], record_id))
    if not len(found):
        raise NotFoundError(f"no record has the id {record_id}")
    return prepare(found.combine_chunks().to_batches()[0])


def _would_change(
    outcome: str,
    reason: str,
    total: float,
    firing: Sequence[Guard],
    levels: Mapping[str, Level],
) -> Iterator[str]:
    """Without the guard; with another guard; with another level of one kind of evidence."""
    if firing and firing[0].reason == reason:
        first = firing[0]
        if len(firing) > 1:
            yield (
                f"Without the rule {first.reason.value}, {firing[1].reason.value} would make it "
                f"a {firing[1].outcome.value}."
            )
        else:
            yield (
                f"Without the rule {first.reason.value}, the sum of {total:+.1f} would make it "
                f"a {_by_sum(total)}."
            )
        return
    if reason == Reason.PROMISING and total >= MATCH_FROM:
        yield (
            f"The sum of {total:+.1f} would be enough for a match, but one title says more, and "
            "teams post companion papers together. Two records of two sources that have no other "
            "partner are joined all the same."
        )
        return
    if reason in _ONE_STEP_SHORT:
        yield f"The sum of {total:+.1f} would be enough for a match, but {_ONE_STEP_SHORT[reason]}."
        return
    is_match = outcome == Outcome.MATCH
    gap = abs(total - MATCH_FROM)
    yield (
        f"Evidence weaker by more than {gap:.1f} would make it a review."
        if is_match
        else f"Evidence stronger by {gap:.1f} would make it a match."
    )
    for kind, level in levels.items():
        turning = [
            other
            for other in EVIDENCE[kind]
            if (total - level.weight + other.weight >= MATCH_FROM - _ROUNDING) != is_match
        ]
        # The least change that suffices, not the greatest that there is.
        if turning:
            least = min(turning, key=lambda other: abs(other.weight - level.weight))
            yield (
                f"{kind}: \u201c{least.words}\u201d ({least.weight:+.1f}) in place of "
                f"\u201c{level.words}\u201d ({level.weight:+.1f})."
            )


_ROUNDING = 1e-9
#: Reviews of pairs whose sum is enough -> what would have to be otherwise.
_ONE_STEP_SHORT: Mapping[str, str] = {
    Reason.OTHER_VENUE_CLASS: "one is of a journal and the other of a meeting",
    Reason.ANOTHER_WORD: (
        "a word stands in one title alone, or the two titles were posted weeks apart"
    ),
    Reason.ANOTHER_ISSUE: "it may be a column or a report that appears again and again",
    Reason.IDENTIFIER_CONTRADICTED: "all but an identifier speaks against it",
}


def _by_sum(total: float) -> str:
    if total >= MATCH_FROM:
        return Outcome.MATCH.value
    return Outcome.REVIEW.value if total >= REVIEW_FROM else Outcome.NON_MATCH.value
