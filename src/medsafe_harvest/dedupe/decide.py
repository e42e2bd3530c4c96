"""Decide about pairs: guards first, then the sum of the evidence."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from medsafe_harvest.dedupe.columns import Bools, Floats
from medsafe_harvest.dedupe.compare import NO_DAY, NO_YEAR, Features, compare
from medsafe_harvest.dedupe.evidence import (
    EVIDENCE,
    MATCH_FROM,
    PRIOR,
    REVIEW_FROM,
    UNRELATED_TITLE,
    always,
    one_wording,
    placed,
    posted_apart,
    same_days,
    sequel,
    word_more,
)
from medsafe_harvest.dedupe.guards import GUARDS, PROMISING_FROM, promising
from medsafe_harvest.dedupe.reasons import Outcome, Reason
from medsafe_harvest.schema import DECISION

#: Refusals whose sum is not above it (score 0.1) are not kept. A pair that a guard refused is kept
#: by the sum that it would have had.
KEEP_FROM = -2.2


@dataclass(frozen=True, slots=True)
class Verdicts:
    """Decisions about n pairs."""

    outcomes: npt.NDArray[np.str_]
    reasons: npt.NDArray[np.str_]
    #: Log-odds.
    sums: Floats
    #: Kind of evidence -> number of the level that held.
    levels: Mapping[str, npt.NDArray[np.intp]]

    @property
    def scores(self) -> Floats:
        """The sums as probabilities, 0 to 1; without regard to guards."""
        return np.asarray(1.0 / (1.0 + np.exp(-self.sums)), dtype=np.float64)


def weigh(features: Features) -> dict[str, npt.NDArray[np.intp]]:
    """For each kind of evidence, the number of the first level that holds."""
    return {
        kind: np.argmax(np.stack([level.holds(features) for level in levels]), axis=0)
        for kind, levels in EVIDENCE.items()
    }


def decide(features: Features) -> Verdicts:
    """Outcome, reason and sum for each pair."""
    levels = weigh(features)
    sums = np.full(len(features), PRIOR)
    for kind, numbers in levels.items():
        sums += np.array([level.weight for level in EVIDENCE[kind]])[numbers]
    sums = np.round(sums, 6)  # 0.1 + 0.2 is not 0.3
    rules = [(guard.holds(features), guard.outcome, guard.reason) for guard in GUARDS]
    rules += _by_sum(features, sums)
    fired = np.argmax(np.stack([test for test, _, _ in rules]), axis=0)
    outcomes = np.array([outcome.value for _, outcome, _ in rules])[fired]
    # An identifier that all else speaks against.
    weak = (outcomes == Outcome.MATCH.value) & (sums < MATCH_FROM)
    reasons = np.array([reason.value for _, _, reason in rules])[fired]
    return Verdicts(
        outcomes=np.where(weak, Outcome.REVIEW.value, outcomes),
        reasons=np.where(weak, Reason.IDENTIFIER_CONTRADICTED.value, reasons),
        sums=sums,
        levels=levels,
    )


def _by_sum(f: Features, sums: Floats) -> list[tuple[Bools, Outcome, Reason]]:
    enough = sums >= MATCH_FROM
    same = f.title_equal
    return [
        (
            enough & ~f.same_class & f.venue_differs & ~f.volume_agrees,
            Outcome.REVIEW,
            Reason.OTHER_VENUE_CLASS,
        ),
        (enough & _another_word(f) & same_days(f) & promising(f), Outcome.REVIEW, Reason.PROMISING),
        (enough & _another_word(f), Outcome.REVIEW, Reason.ANOTHER_WORD),
        (enough & _companion(f) & promising(f), Outcome.REVIEW, Reason.PROMISING),
        (enough & _companion(f), Outcome.REVIEW, Reason.ANOTHER_WORD),
        (enough & _another_issue(f), Outcome.REVIEW, Reason.ANOTHER_ISSUE),
        (enough & same & placed(f), Outcome.MATCH, Reason.SAME_TITLE_AND_PLACE),
        (
            enough & same & (f.author_similarity >= 0.5),
            Outcome.MATCH,
            Reason.SAME_TITLE_AND_AUTHORS,
        ),
        (enough & same, Outcome.MATCH, Reason.SAME_TITLE_AND_YEAR),
        (enough & placed(f), Outcome.MATCH, Reason.SIMILAR_TITLE_AND_PLACE),
        (enough, Outcome.MATCH, Reason.SIMILAR_TITLE_AND_AUTHORS),
        (promising(f) & (sums >= PROMISING_FROM), Outcome.REVIEW, Reason.PROMISING),
        (sums >= REVIEW_FROM, Outcome.REVIEW, Reason.NOT_ENOUGH_EVIDENCE),
        (f.title_similarity < UNRELATED_TITLE, Outcome.NON_MATCH, Reason.TITLES_DIFFER),
        (always(f), Outcome.NON_MATCH, Reason.TOO_LITTLE_IN_COMMON),
    ]


def _another_word(f: Features) -> Bools:
    """One drug for another, one country for another, a second part: a companion of one team."""
    longer = f.title_part | f.title_extends
    other = ~f.title_equal & ~one_wording(f) & ~longer & ~(f.name_agrees & same_days(f))
    later = posted_apart(f) & ~f.title_equal
    return np.asarray(
        ((other | later) & ~placed(f)) | (sequel(f) & ~f.title_equal & ~f.page_agrees), dtype=bool
    )


def _companion(f: Features) -> Bools:
    """By one whole team, of one week, where one title says more: likelier two papers than one."""
    one_week = (f.days_apart != NO_DAY) & ~posted_apart(f)
    return np.asarray(
        one_week & ~f.title_equal & word_more(f) & ~f.authors_one_known & ~placed(f), dtype=bool
    )


def _another_issue(f: Features) -> Bools:
    """A column of few words in two issues, or a report of two years."""
    issue = f.issue_conflicts & ~f.page_agrees
    return np.asarray(
        (f.information_shared < _A_COLUMN) & issue | (f.serial & (f.year_difference > 0)),
        dtype=bool,
    )


#: Information, in nats, of a title that a journal may print again and again.
_A_COLUMN = 24.0


def judge(pairs: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """Rows of ``schema.DECISION`` for candidate pairs, in the same order.

    Args:
        pairs: batches of ``left`` and ``right`` (structs of ``prepare.COMPARISON``; the left
            record_id is the smaller) and ``keys`` (kinds of blocking key shared, sorted).
    """
    for batch in pairs:
        left = pa.RecordBatch.from_struct_array(batch.column("left"))
        right = pa.RecordBatch.from_struct_array(batch.column("right"))
        features = compare(left, right)
        yield rows(left, right, batch.column("keys"), features, decide(features))


#: Of decisions that are not worth keeping, what counts where two clusters meet.
AGAINST = pa.schema([DECISION.field(name) for name in ("left", "right", "reason", "score")])


def worth_keeping(decisions: pa.RecordBatch) -> pa.BooleanArray:
    """Which decisions a person may want to see.

    Matches, reviews, curators' refusals, refusals with a score above that of ``KEEP_FROM``, and
    refusals of two titles much alike that may be by the same authors: parts, corrections, replies.
    """
    refused = pc.equal(decisions.column("outcome"), Outcome.NON_MATCH.value)
    by_hand = pc.equal(decisions.column("reason"), Reason.CANNOT_LINK.value)
    near = pc.greater_equal(decisions.column("score"), 1.0 / (1.0 + np.exp(-KEEP_FROM)))
    alike = pc.greater_equal(decisions.column("title_similarity"), _MUCH_ALIKE)
    by_same = pc.greater_equal(pc.fill_null(decisions.column("author_similarity"), 1.0), 0.5)
    related = pc.and_(alike, by_same)
    return pc.or_(pc.or_(pc.or_(near, by_hand), related), pc.invert(refused))


_MUCH_ALIKE = 0.9


def rows(
    left: pa.RecordBatch,
    right: pa.RecordBatch,
    keys: pa.Array,
    features: Features,
    verdicts: Verdicts,
) -> pa.RecordBatch:
    """Verdicts as rows of ``schema.DECISION``."""
    authors, years = features.author_similarity, features.year_difference
    return pa.RecordBatch.from_arrays(
        [
            left.column("record_id"),
            right.column("record_id"),
            pa.array(verdicts.outcomes, pa.string()),
            pa.array(verdicts.reasons, pa.string()),
            pa.array(np.round(verdicts.scores, 6)),
            pa.array(np.round(features.title_similarity, 6)),
            pa.array(np.round(authors, 6), mask=np.isnan(authors)),
            pa.array(years.astype(np.int32), mask=years == NO_YEAR),
            keys.cast(DECISION.field("keys").type),
            _in_words(verdicts),
        ],
        schema=DECISION,
    )


def _in_words(verdicts: Verdicts) -> pa.Array:
    parts = [
        pa.array([level.words for level in EVIDENCE[kind]]).take(pa.array(numbers))
        for kind, numbers in verdicts.levels.items()
        if kind != "length"
    ]
    return pc.binary_join_element_wise(*parts, "; ")
