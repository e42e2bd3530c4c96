"""Decide about pairs: guards first, then the sum of weighted evidence, each with a reason.

The evidence is a table of levels (:data:`EVIDENCE`): of each kind the first level whose test holds
counts, and its weight is a log-odds (natural logarithm). The sum starts from :data:`PRIOR`. What
a sum cannot say, a guard does: the first guard that holds decides whatever the sum is.
"""

from __future__ import annotations

import enum
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from medsafe_harvest.dedupe.compare import NO_YEAR, Bools, Features, Floats, compare
from medsafe_harvest.schema import DECISION


class Outcome(enum.StrEnum):
    """What was decided."""

    MATCH = "match"
    NON_MATCH = "non-match"
    REVIEW = "review"


class Reason(enum.StrEnum):
    """Why; docs/matching.md explains each."""

    # Matches
    MUST_LINK = "must_link"
    SHARED_IDENTIFIER = "shared_identifier"
    SHARED_DOI = "shared_doi"
    SAME_TITLE_AND_PLACE = "same_title_and_place"
    SAME_TITLE_AND_AUTHORS = "same_title_and_authors"
    SAME_TITLE_AND_YEAR = "same_title_and_year"
    SIMILAR_TITLE_AND_PLACE = "similar_title_and_place"
    SIMILAR_TITLE_AND_AUTHORS = "similar_title_and_authors"
    # Reviews
    IDENTIFIERS_DISAGREE = "identifiers_disagree"
    IDENTIFIER_CONTRADICTED = "identifier_contradicted"
    DOI_OF_SEVERAL = "doi_of_several"
    OTHER_VENUE_CLASS = "other_venue_class"
    CLUSTER_CONFLICT = "cluster_conflict"
    NOT_ENOUGH_EVIDENCE = "not_enough_evidence"
    # Non-matches
    CANNOT_LINK = "cannot_link"
    CONFLICTING_IDENTIFIERS = "conflicting_identifiers"
    MARKER_DIFFERS = "marker_differs"
    NUMBERS_DIFFER = "numbers_differ"
    DESIGNATORS_DIFFER = "designators_differ"
    GENERIC_TITLE = "generic_title"
    AUTHORS_DIFFER = "authors_differ"
    PLACE_DIFFERS = "place_differs"
    TITLES_DIFFER = "titles_differ"
    TOO_LITTLE_IN_COMMON = "too_little_in_common"


#: Log-odds before any evidence: candidate pairs are mostly different papers.
PRIOR = -4.0
#: Sum from which a pair is a match: odds of about 9 to 1, score 0.9.
MATCH_FROM = 2.2
#: Sum from which it is worth a second look: even odds, score 0.5.
REVIEW_FROM = 0.0
#: Refusals with a lower sum are not kept (score 0.1). A pair that a guard refused is kept by the
#: sum that it would have had.
KEEP_FROM = -2.2

#: Share of the shorter author list that has to be found in the longer.
_AUTHORS_AGREE = 0.8
_UNRELATED_TITLE = 0.6


@dataclass(frozen=True, slots=True)
class Level:
    """One level of one kind of evidence."""

    words: str
    weight: float
    holds: Callable[[Features], Bools]


def _always(features: Features) -> Bools:
    return np.ones(len(features), dtype=bool)


def _alike(features: Features) -> Bools:
    return (features.title_similarity >= 0.9) | features.title_extends


def _placed(features: Features) -> Bools:
    return features.volume_agrees & features.page_agrees


def _misplaced(features: Features) -> Bools:
    return features.volume_conflicts & features.page_conflicts


def _authors_agree(features: Features) -> Bools:
    return features.author_similarity >= _AUTHORS_AGREE


#: Kind of evidence -> its levels; the first that holds counts.
EVIDENCE: Mapping[str, tuple[Level, ...]] = MappingProxyType(
    {
        "title": (
            Level("titles equal", 4.0, lambda f: f.title_equal),
            Level("titles nearly equal", 3.5, lambda f: f.title_similarity >= 0.96),
            Level("one title extends the other", 1.5, lambda f: f.title_extends),
            Level("titles similar", 2.5, lambda f: f.title_similarity >= 0.9),
            Level("titles somewhat similar", 0.6, lambda f: f.title_similarity >= 0.8),
            Level("titles little alike", -1.5, lambda f: f.title_similarity >= _UNRELATED_TITLE),
            Level("titles unlike", -5.0, _always),
        ),
        "length": (
            Level("title unlike anyway", 0.0, lambda f: ~_alike(f)),
            Level("one-word title", -2.5, lambda f: f.content_words <= 1),
            Level("two-word title", -1.5, lambda f: f.content_words == 2),
            # "Solitons in quantum vacuum", "Shocks in quantum vacuum": one word is a third of it.
            Level(
                "short title, a word differs",
                -1.5,
                lambda f: (f.content_words <= 5) & (f.title_similarity < 0.96) & ~f.title_extends,
            ),
            Level("long title", 1.3, lambda f: f.content_words >= 6),
            Level("title of some words", 0.0, _always),
        ),
        "numbers": (
            Level("same numbers", 0.0, lambda f: f.numbers_missing == 0),
            Level("numbers missing in one title", -3.5, _always),
        ),
        "authors": (
            Level("authors unknown", 0.0, lambda f: np.isnan(f.author_similarity)),
            Level(
                "three or more authors agree",
                4.0,
                lambda f: _authors_agree(f) & (f.authors_common >= 3),
            ),
            Level("authors agree", 3.0, lambda f: _authors_agree(f) & ~f.authors_extra),
            Level("authors of one among those of the other", 1.0, _authors_agree),
            Level("authors partly agree", 0.5, lambda f: f.author_similarity >= 0.5),
            Level("few authors agree", -2.0, lambda f: f.author_similarity > 0.0),
            # Alone it is decisive (see GUARDS); beside one place it is a misread list of names.
            Level("no author agrees", -3.7, _always),
        ),
        "year": (
            Level("year unknown", 0.0, lambda f: f.year_difference == NO_YEAR),
            Level("same year", 1.0, lambda f: f.year_difference == 0),
            # A preprint appears years before its journal version.
            Level("years apart, preprint", 0.0, lambda f: f.preprint & (f.year_difference <= 3)),
            # A meeting's paper and its journal version, or an abstract shown twice.
            Level("years apart, other venue", -3.5, lambda f: f.venue_differs),
            Level("next year", 0.2, lambda f: f.year_difference == 1),
            Level("two years apart", -2.0, lambda f: f.year_difference == 2),
            Level("years apart", -3.0, _always),
        ),
        "place": (
            Level("volume and first page agree", 4.0, _placed),
            Level("first page agrees", 2.0, lambda f: f.page_agrees & ~f.volume_conflicts),
            Level("volume and first page differ", -4.0, _misplaced),
            Level(
                "volume differs, other venue",
                -4.6,
                lambda f: f.volume_conflicts & f.venue_differs & ~f.preprint,
            ),
            Level("volume differs", -2.5, lambda f: f.volume_conflicts),
            Level(
                "first page differs in one volume",
                -2.8,
                lambda f: f.page_conflicts & f.volume_agrees,
            ),
            Level(
                "first page differs, other venue",
                -3.0,
                lambda f: f.page_conflicts & f.venue_differs & ~f.preprint,
            ),
            Level("first page differs", -1.5, lambda f: f.page_conflicts),
            Level("volume agrees", 0.5, lambda f: f.volume_agrees),
            Level("place unknown", 0.0, _always),
        ),
        "identifiers": (
            Level("identifier shared", 10.0, lambda f: f.id_agrees),
            Level("DOI shared", 7.0, lambda f: f.doi_agrees),
            Level("no identifier shared", 0.0, _always),
        ),
    }
)


@dataclass(frozen=True, slots=True)
class Guard:
    """A rule that decides alone."""

    reason: Reason
    outcome: Outcome
    holds: Callable[[Features], Bools]


def _contradicted(f: Features) -> Bools:
    """Neither title nor authors support it."""
    unsupported = ~(f.author_similarity >= 0.5)  # also where a side names no author
    return (f.title_similarity < _UNRELATED_TITLE) & ~f.title_extends & unsupported


def _any_id(f: Features) -> Bools:
    return f.id_agrees | f.doi_agrees


def _conflicting(f: Features) -> Bools:
    return f.id_conflicts | f.doi_conflicts


def _same_place_and_authors(f: Features) -> Bools:
    return _placed(f) & (_authors_agree(f) | np.isnan(f.author_similarity))


def _same_in_all_else(f: Features) -> Bools:
    """Journals that move to another publisher get new DOIs; repositories give DOIs to copies."""
    same_year = f.title_equal & _authors_agree(f) & (f.year_difference == 0)
    return np.asarray((_alike(f) & _same_place_and_authors(f)) | same_year, dtype=bool)


def _same_team(f: Features) -> Bools:
    """Two or more editors of one year: they write one guest editorial, not several."""
    agree = _authors_agree(f) & ~f.authors_extra & (f.authors_common >= 2)
    one_place = (f.year_difference == 0) & ~f.page_conflicts & ~f.venue_differs
    return np.asarray(agree & one_place, dtype=bool)


#: In order: the first that holds decides.
GUARDS: tuple[Guard, ...] = (
    Guard(
        Reason.IDENTIFIERS_DISAGREE,
        Outcome.REVIEW,
        lambda f: _conflicting(f) & (_any_id(f) | (_same_in_all_else(f) & ~f.id_conflicts)),
    ),
    Guard(Reason.CONFLICTING_IDENTIFIERS, Outcome.NON_MATCH, _conflicting),
    Guard(Reason.IDENTIFIER_CONTRADICTED, Outcome.REVIEW, lambda f: _any_id(f) & _contradicted(f)),
    Guard(
        # One DOI over the abstracts of a supplement, or over a whole issue.
        Reason.DOI_OF_SEVERAL,
        Outcome.REVIEW,
        lambda f: (
            f.doi_agrees
            & ~f.id_agrees
            & ((_misplaced(f) & ~_alike(f)) | (f.numbers_conflict > 0) | (f.generic & ~_placed(f)))
        ),
    ),
    Guard(Reason.MARKER_DIFFERS, Outcome.NON_MATCH, lambda f: f.marker_differs),
    Guard(Reason.SHARED_IDENTIFIER, Outcome.MATCH, lambda f: f.id_agrees),
    Guard(Reason.SHARED_DOI, Outcome.MATCH, lambda f: f.doi_agrees),
    Guard(
        Reason.NUMBERS_DIFFER,
        Outcome.NON_MATCH,
        lambda f: (f.numbers_conflict > 0) & ~_same_place_and_authors(f),
    ),
    Guard(
        Reason.DESIGNATORS_DIFFER,
        Outcome.NON_MATCH,
        lambda f: f.designators_conflict & ~_same_place_and_authors(f),
    ),
    Guard(
        Reason.GENERIC_TITLE,
        Outcome.NON_MATCH,
        lambda f: f.generic & ~(_placed(f) & ~(f.author_similarity < 0.5)) & ~_same_team(f),
    ),
    Guard(
        Reason.AUTHORS_DIFFER,
        Outcome.NON_MATCH,
        lambda f: (f.author_similarity == 0.0) & ~(_placed(f) & _alike(f)),
    ),
    Guard(Reason.PLACE_DIFFERS, Outcome.NON_MATCH, _misplaced),
)


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
    rules = [(guard.holds(features), guard.outcome, guard.reason) for guard in GUARDS]
    rules += _by_sum(features, sums)
    fired = np.argmax(np.stack([test for test, _, _ in rules]), axis=0)
    return Verdicts(
        outcomes=np.array([outcome.value for _, outcome, _ in rules])[fired],
        reasons=np.array([reason.value for _, _, reason in rules])[fired],
        sums=sums,
        levels=levels,
    )


def _by_sum(f: Features, sums: Floats) -> list[tuple[Bools, Outcome, Reason]]:
    enough = sums >= MATCH_FROM
    same = f.title_equal
    return [
        (enough & ~f.same_class & ~_placed(f), Outcome.REVIEW, Reason.OTHER_VENUE_CLASS),
        (enough & same & _placed(f), Outcome.MATCH, Reason.SAME_TITLE_AND_PLACE),
        (
            enough & same & (f.author_similarity >= 0.5),
            Outcome.MATCH,
            Reason.SAME_TITLE_AND_AUTHORS,
        ),
        (enough & same, Outcome.MATCH, Reason.SAME_TITLE_AND_YEAR),
        (enough & _placed(f), Outcome.MATCH, Reason.SIMILAR_TITLE_AND_PLACE),
        (enough, Outcome.MATCH, Reason.SIMILAR_TITLE_AND_AUTHORS),
        (sums >= REVIEW_FROM, Outcome.REVIEW, Reason.NOT_ENOUGH_EVIDENCE),
        (f.title_similarity < _UNRELATED_TITLE, Outcome.NON_MATCH, Reason.TITLES_DIFFER),
        (_always(f), Outcome.NON_MATCH, Reason.TOO_LITTLE_IN_COMMON),
    ]


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


def worth_keeping(decisions: pa.RecordBatch) -> pa.RecordBatch:
    """Matches, reviews, curators' refusals, and refusals with the score of ``KEEP_FROM``."""
    near = pc.greater_equal(decisions.column("score"), 1.0 / (1.0 + np.exp(-KEEP_FROM)))
    refused = pc.equal(decisions.column("outcome"), Outcome.NON_MATCH.value)
    by_hand = pc.equal(decisions.column("reason"), Reason.CANNOT_LINK.value)
    return decisions.filter(pc.or_(pc.or_(near, by_hand), pc.invert(refused)))


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
